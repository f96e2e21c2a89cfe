"""Statistics of told regions and of both sides of a told boundary."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality
from nanostitch.adf import region_statistics, summary
from nanostitch.contracts.adf import PARTICLES
from nanostitch.errors import CalibrationError

STEP = 0.5
SIDE = 160
SCALES = summary.Scales(
    smallest_edge_nm=3.0,
    unit_edge_nm=8.0,
    layer_gap_nm=1.5,
    least_wire_aspect_ratio=5.0,
    least_lattice_order=0.6,
)
SUMMED = ("region", "wire", "void", "psi4", "pair", "superlattice", "ligand", "largest", "fusing")


def half_merged():
    """Squares of 8 nm every 10 nm; in the right half each upper one of two has grown down."""
    label = np.zeros((int(SIDE / STEP),) * 2, np.int32)
    units, number = [], 0
    for i, j in np.ndindex(16, 16):
        if j >= 8 and i % 2:
            continue
        merged = j >= 8
        number += 1
        top, left = 20 * i + 2, 20 * j + 2
        label[top : top + (36 if merged else 16), left : left + 16] = number
        units.append(2 if merged else 1)
    return label, np.array(units)


def table(label, units):
    row = ("particle",)
    numbers = np.arange(1, units.size + 1, dtype="i4")
    area = np.bincount(label.ravel(), minlength=units.size + 1)[1:] * STEP**2
    edge = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    along = np.arange(label.shape[0]) * STEP
    y, x = np.indices(label.shape) * STEP
    count = np.bincount(label.ravel(), minlength=units.size + 1)
    centres = [(np.bincount(label.ravel(), at.ravel()) / count)[1:] for at in (y, x)]
    axis = {"units": "nm"}
    found = xr.Dataset(
        {
            "particle_label": (("y", "x"), label),
            "area": (row, area),
            "edge_length": (row, np.sqrt(area)),
            "centroid_y": (row, centres[0]),
            "centroid_x": (row, centres[1]),
            "units": (row, units),
            "touches_border": (row, np.isin(numbers, edge).astype("i1")),
        },
        coords={"particle": numbers, "y": ("y", along, axis), "x": ("x", along, axis)},
    )
    return found.assign(quality=quality.flags({"too_small": found["area"] < 0}))


def summed(facts=None):
    found = table(*half_merged())
    seen = xr.ones_like(found["particle_label"], dtype=bool)
    return summary.sum_up(found, seen, facts or {}, SCALES).numbers


def test_regions__are_summed_up_apart():
    found = summed({"regions": "pristine=80:160; irradiated=0:79.5"}).set_xindex("region")
    pristine, irradiated = (found.sel(region=name) for name in ("pristine", "irradiated"))
    assert float(pristine["region_merged_fraction"]) == 1.0
    assert float(irradiated["region_merged_fraction"]) == 0.0
    assert float(pristine["region_fusing_index"]) == pytest.approx(0.5)
    assert float(irradiated["region_fusing_index"]) == 0.0
    assert float(pristine["region_size_mean"]) == pytest.approx(np.sqrt(8 * 18))
    assert float(irradiated["region_size_mean"]) == pytest.approx(8.0)
    assert float(irradiated["region_coverage"]) == pytest.approx(0.64)
    assert float(pristine["region_coverage"]) == pytest.approx(0.72)
    assert int(irradiated["region_count"]) == 128


def test_both_sides_of_a_boundary__are_the_regions_beside_it():
    named = summed({"regions": "one=0:79.5; other=80:160"})
    sides = summed({"boundary_nm": "79.75"})
    assert sides["region"].values.tolist() == [region_statistics.LEFT, region_statistics.RIGHT]
    for name in named:
        if str(name).startswith("region_"):
            np.testing.assert_allclose(named[name], sides[name])


def test_a_region_of_the_whole_field__says_what_the_image_says():
    found = summed({"regions": "everything=0:160,0:160"}).squeeze("region")
    for name in region_statistics.NAMES:
        for end in ("", "_lower", "_upper"):
            assert float(found[f"region_{name}{end}"]) == float(found[f"{name}{end}"])


def test_a_summary__keeps_the_contract():
    found = summed()
    assert found.sizes["region"] == 0
    contract = {name: var for name, var in PARTICLES.items() if name in found.variables}
    assert all(any(name.startswith(stem) for name in contract) for stem in SUMMED)
    for name, var in contract.items():
        found[name].attrs["units"] = var.units
    contracts.check(found, contract, "summary")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"boundary_nm": "500"}, "outside the image"),
        ({"regions": "far=500:600"}, "holds no pixel"),
        ({"regions": "left=10"}, "left=10"),
    ],
)
def test_what_does_not_fit_the_image__is_refused(facts, word):
    with pytest.raises(CalibrationError, match=word):
        summed(facts)


def test_the_reason_for_no_lattice__stands_beside_the_number():
    found = table(np.zeros((60, 60), np.int32), np.zeros(0, int))
    seen = xr.ones_like(found["particle_label"], dtype=bool)
    numbers = summary.sum_up(found, seen, {}, SCALES).numbers
    assert "only 0 crystals" in numbers["superlattice_spacing"].attrs["comment"]
    assert np.isnan(float(numbers["psi4"]))
    assert float(numbers["coverage"]) == 0.0


def test_a_film__is_said_to_leave_lower_bounds():
    label = np.ones((320, 320), np.int32)
    label[100:140, 100:140] = 0
    label[110:126, 110:126] = 2
    found = table(label, np.array([380, 1]))
    seen = xr.ones_like(found["particle_label"], dtype=bool)
    numbers, reasons = summary.sum_up(found, seen, {}, SCALES)
    assert reasons
    assert "take a larger field" in next(iter(reasons))
    assert np.isnan(float(numbers["size_mean"]))
    assert float(numbers["merged_fraction_upper"]) > 0.5
    assert float(numbers["fusing_index"]) > 0.98
    assert int(numbers["body_spans_y"]) == int(numbers["body_spans_x"]) == 1
