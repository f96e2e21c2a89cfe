"""Real atomic-resolution images: tilt boundaries of known angle, a scan of known error."""

from pathlib import Path

import lattice_images as made
import pytest
import xarray as xr

from nanostitch import contracts, quality, raw
from nanostitch.adf import lattice
from nanostitch.contracts.adf_lattice import LATTICE

PHASES = ["CsPbBr3_cubic", "Pb", "CsBr", "Si", "CdTe", "SrTiO3"]


def measured(path: Path, material: str, **changed) -> xr.Dataset:
    image = raw.read(path, "adf", {}, None).assign_attrs(material=material)
    found = lattice.measure(image, **made.settings(phases=PHASES, **changed))
    return contracts.check(found, LATTICE, path.name)


def test_cdte__the_tilt_boundary_of_8_degrees_is_recovered(realdata: Path):
    # One grain shows [-110] upwards, turned by 8 degrees, the other [001]: 90 - 8 apart.
    folder = realdata / "stem_image" / "gb_CdTe_110_CdTe_110_tilt"
    found = measured(folder / "HAADF149.dm3", "CdTe")
    assert found.sizes["domain"] == 2
    assert list(found["zone_axis"].values) == [1, 1]
    assert found["misorientation"].item() == pytest.approx(90 - 8, abs=1.0)
    assert quality.level(found) == "good"


def test_si__the_tilt_boundary_of_10_degrees_is_recovered(realdata: Path):
    # The scan of this image is bent: by 4 % in length, and by 2 degrees within one grain, which
    # the defaults would part in two; both are told.
    path = realdata / "stem_image" / "gb_Si_01-1_Si_0-11_tilt" / "HAADF85.dm3"
    found = measured(path, "Si", distortion_tolerance=0.02, tolerance_degree=1.5)
    assert found.sizes["domain"] == 2
    assert found["misorientation"].item() == pytest.approx(10, abs=1.0)
    assert found["misorientation_lower"] < 10 < found["misorientation_upper"]


def test_srtio3__the_scan_error_of_both_axes_is_recovered(realdata: Path):
    # 0.402 nm along x and 0.406 nm along y by its spectrum, against 0.3905 nm.
    path = realdata / "stem_image" / "perovskite_sto" / "16_STOimage_1.ser"
    found = measured(path, "SrTiO3")
    assert found.sizes["domain"] == 1
    assert found["zone_axis"].item() == 0
    assert found["scale_error_x"].item() == pytest.approx(0.3905 / 0.402 - 1, abs=0.005)
    assert found["scale_error_y"].item() == pytest.approx(0.3905 / 0.406 - 1, abs=0.005)
    assert found["scale_error_upper"] < -0.02
    assert found["explained_power"].item() > 0.95


def test_unknown_perovskite__its_lattice_is_that_of_its_spectrum(realdata: Path):
    # 0.409 and 0.413 nm, turned by 16 degrees, by the spectrum of the whole image.
    path = realdata / "stem_image" / "berkeley_emd" / "Acquisition_18.emd"
    found = measured(path, "")
    one = found.isel(domain=0)
    sizes = sorted(
        1 / float((one[f"{g}_y"] ** 2 + one[f"{g}_x"] ** 2) ** 0.5) for g in ("g1", "g2")
    )
    assert sizes == pytest.approx([0.409, 0.413], abs=0.003)
    assert abs(made.wrapped(float(one["domain_orientation"]), 90)) == pytest.approx(16, abs=1.5)
