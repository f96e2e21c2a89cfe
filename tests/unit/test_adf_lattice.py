"""Lattices in made images: domains, orientations, zone axes, scale; and what is refused."""

import lattice_images as made
import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality
from nanostitch.adf import lattice
from nanostitch.contracts.adf_lattice import LATTICE

EDGE_NM = 0.587
PIXEL_NM = 0.04


def measured(raw: xr.Dataset, **changed) -> xr.Dataset:
    return contracts.check(lattice.measure(raw, **made.settings(**changed)), LATTICE, "made image")


def crystal(zone, angle, *, lattice_nm=EDGE_NM, at=(4.5, 4.5), inside=made.everywhere):
    places = made.columns(zone, angle, lattice_nm=lattice_nm, reach_nm=8, offset=at)
    return (inside, *places)


def single(zone=0, angle=20.0, *, side=220, **options) -> xr.Dataset:
    lattice_nm = options.pop("lattice_nm", EDGE_NM)
    region = crystal(zone, angle, lattice_nm=lattice_nm)
    return made.image([region], shape=(side, side), pixel_nm=PIXEL_NM, **options)


@pytest.fixture(scope="module")
def pair() -> xr.Dataset:
    """Two crystals turned by 5 degrees against each other, the seam at 5 nm."""
    regions = [
        crystal(0, 12.0, inside=made.left_of(5.0)),
        crystal(0, 17.0, inside=made.right_of(5.0)),
    ]
    return made.image(regions, shape=(250, 250), pixel_nm=PIXEL_NM, jitter_nm=0.01, seed=2)


@pytest.mark.parametrize("zone", [0, 1, 2])
@pytest.mark.parametrize("angle", [7.0, 33.0, 58.0])
def test_measure__one_crystal_is_one_domain_of_its_zone_and_direction(zone, angle):
    found = measured(single(zone, angle, seed=zone))
    assert quality.level(found) == "good"
    assert found.sizes["domain"] == 1
    assert found["zone_axis"].item() == zone
    names = found["phase"].attrs["flag_meanings"].split()
    assert names[found["phase"].item() + 1] == "CsPbBr3_cubic"
    period = made.PERIOD[zone]
    assert found["orientation_period"].item() == period
    away = made.wrapped(found["domain_orientation"].item() - angle, period)
    assert abs(away) < 0.1
    assert found["lattice_parameter"].item() == pytest.approx(EDGE_NM, rel=1e-3)
    assert found["explained_power"].item() > 0.97
    assert float((found["domain_label"] == 1).mean()) > 0.97


def test_measure__reflections_are_sums_of_the_basis(pair):
    found = measured(pair)
    for row in range(found.sizes["reflection"]):
        one = found.isel(reflection=row)
        domain = found.isel(domain=int(one["reflection_domain"]) - 1)
        for axis in ("y", "x"):
            wanted = float(
                one["reflection_first"] * domain[f"g1_{axis}"]
                + one["reflection_second"] * domain[f"g2_{axis}"]
            )
            away = abs(float(one[f"reflection_{axis}"]) - wanted)
            assert away < 5 * float(one["reflection_uncertainty"]) + 0.01


def test_measure__two_crystals_are_parted_at_the_seam_and_their_turn_is_known(pair):
    found = measured(pair)
    assert found.sizes["domain"] == 2
    left, right = (found["domain_label"].sel(x=x, y=5, method="nearest").item() for x in (2, 8))
    assert {left, right} == {1, 2}
    row = found.isel(pair=0)
    assert float(row["misorientation"]) == pytest.approx(5.0, abs=0.3)
    assert row["misorientation_lower"] < 5.0 < row["misorientation_upper"]
    assert float(row["pair_length"]) == pytest.approx(10, rel=0.35)
    seam = (found["domain_label"] == left).sum("x") * PIXEL_NM
    assert abs(float(seam.median()) - 5.0) < 0.6
    area = found["domain_area"].sum().item()
    assert area == pytest.approx(float((found["domain_label"] > 0).sum()) * PIXEL_NM**2)


def test_measure__local_orientation_is_that_of_the_domain_around(pair):
    found = measured(pair)
    near = found["local_orientation"].sel(window_x=2.0, method="nearest").median()
    assert float(near) == pytest.approx(12.0, abs=0.5)


def test_measure__mirrored_image_turns_the_other_way(pair):
    # Mirrored about the fast axis what turned from x towards y turns back.
    mirrored = pair.assign(intensity=pair["intensity"].copy(data=pair["intensity"].values[::-1]))
    plain, other = (np.sort(measured(one)["domain_orientation"]) for one in (pair, mirrored))
    np.testing.assert_allclose(np.sort((-other) % 90), plain, atol=0.15)


def test_measure__two_zone_axes_have_no_misorientation():
    regions = [
        crystal(0, 10.0, inside=made.left_of(5.0)),
        crystal(1, 10.0, inside=made.right_of(5.0)),
    ]
    found = measured(made.image(regions, shape=(250, 250), pixel_nm=PIXEL_NM))
    assert sorted(found["zone_axis"].values) == [0, 1]
    assert np.isnan(found["misorientation"].values).all()


def test_measure__crystals_apart_are_found_each_on_carbon():
    places = {(3.5, 3.5): 5.0, (3.5, 11.0): 40.0, (11.0, 7.0): 71.0}
    regions = [
        crystal(0, angle, at=at, inside=made.square(*at, 5.5, angle))
        for at, angle in places.items()
    ]
    found = measured(made.image(regions, shape=(370, 370), pixel_nm=PIXEL_NM, seed=4))
    assert found.sizes["domain"] == len(places)
    for (y, x), angle in places.items():
        number = int(found["domain_label"].sel(y=y, x=x, method="nearest"))
        one = found.isel(domain=number - 1)
        assert float(one["domain_area"]) == pytest.approx(5.5**2, rel=0.12)
        assert abs(made.wrapped(float(one["domain_orientation"]) - angle, 90)) < 0.3
        assert float(one["domain_y"]) == pytest.approx(y, abs=0.25)
        assert float(one["domain_x"]) == pytest.approx(x, abs=0.25)


@pytest.mark.parametrize("wrong", [-0.03, 0.03])
def test_scale_error__is_recovered_where_the_material_is_told(wrong):
    found = measured(single(lattice_nm=EDGE_NM / (1 + wrong)))
    assert found["scale_error"].item() == pytest.approx(wrong, abs=0.002)
    assert found["scale_error_lower"] < wrong < found["scale_error_upper"]
    for axis in "yx":
        assert found[f"scale_error_{axis}"].item() == pytest.approx(wrong, abs=0.002)
    corrected = found["lattice_parameter"].item() * (1 + found["scale_error"].item())
    assert corrected == pytest.approx(EDGE_NM, rel=1e-3)


def test_scale_error__needs_a_told_material():
    found = measured(single(material=""))
    assert np.isnan(found["scale_error"].item())
    assert np.isfinite(found["lattice_parameter"].item())


def test_scale_shear__is_that_of_the_drift_and_leaves_orientation_alone():
    # Drift along x moves lines to the left: places (x, y) are drawn at (x - drift y, y).
    drift = 0.02
    found = measured(single(angle=30.0, drift=(0.0, drift)))
    assert found["scale_shear"].item() == pytest.approx(-np.degrees(drift), abs=0.1)
    assert found["domain_orientation"].item() == pytest.approx(30.0, abs=0.15)


def test_measure__pixels_too_coarse_for_planes_end_at_once():
    raw = made.dataset(np.ones((64, 64)), 0.3)
    found = measured(raw)
    assert quality.level(found) == "bad"
    assert "do not resolve" in found["verdict"].attrs["reasons"]
    assert found["domain_label"].size == found["domain"].size == found["pair_first"].size == 0
    assert np.isnan(found["lattice_parameter"].item())


@pytest.mark.parametrize("seed", range(3))
def test_measure__an_amorphous_film_shows_no_lattice(seed):
    found = measured(made.amorphous((256, 256), PIXEL_NM, seed=seed))
    assert quality.level(found) == "bad"
    assert found.sizes["domain"] == 0


def test_measure__a_constant_image_shows_no_lattice():
    assert measured(made.dataset(np.full((128, 128), 7.0), PIXEL_NM)).sizes["domain"] == 0


def test_measure__one_row_of_planes_is_no_lattice():
    _, x = np.mgrid[:200, :200] * PIXEL_NM
    rng = np.random.default_rng(0)
    fringes = rng.poisson(50 * (1 + 0.5 * np.cos(2 * np.pi * x / EDGE_NM)))
    assert measured(made.dataset(fringes.astype(float), PIXEL_NM)).sizes["domain"] == 0


def test_measure__lost_pixels_are_no_lattice_and_do_no_harm():
    raw = single()
    values = raw["intensity"].values.copy()
    values[80:120, 60:150] = np.nan
    found = measured(raw.assign(intensity=raw["intensity"].copy(data=values)))
    assert abs(found["domain_orientation"].item() - 20.0) < 0.1


def test_measure__pixels_need_not_be_square_nor_start_at_0():
    raw = single(angle=25.0, side=240)
    thinned = raw.isel(x=slice(None, None, 2)).assign_coords(
        y=raw["y"] + 100.0, x=raw["x"][::2] - 7.0
    )
    found = measured(thinned)
    assert abs(found["domain_orientation"].item() - 25.0) < 0.15
    assert 100.0 < found["domain_y"].item() < 110.0
    assert -7.0 < found["domain_x"].item() < 3.0


def test_measure__same_input_gives_the_same_bytes(pair):
    xr.testing.assert_identical(measured(pair), measured(pair))


def test_measure__a_lattice_of_no_phase_is_unknown_and_the_image_doubtful():
    cell = ([[1, 0], [0.4, 1.13]], [(0, 0, 1.0)])
    places = made.columns(0, 15.0, lattice_nm=0.5, reach_nm=8, offset=(4.5, 4.5), cell=cell)
    raw = made.image([(made.everywhere, *places)], shape=(220, 220), pixel_nm=PIXEL_NM)
    found = measured(raw)
    assert quality.level(found) == "doubtful"
    assert found["phase"].item() == found["zone_axis"].item() == -1
    assert found["index_score"].item() < 0.5
    assert np.isnan(found["lattice_parameter"].item())
