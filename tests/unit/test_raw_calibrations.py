"""Scales, units and energies: those of the file, those told, or one clear error."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from written_signals import KV, image_signal, map_signal, write

from nanostitch import raw
from nanostitch.errors import CalibrationError, FormatError


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_picture__needs_a_told_pixel_size(tmp_path: Path, suffix: str) -> None:
    values = np.arange(48, dtype="u1").reshape(6, 8)
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(values).save(path)

    with pytest.raises(CalibrationError, match=r"picture.*pixel size.*pixel_size_nm"):
        raw.read(path, "adf", {}, None)
    dataset = raw.read(path, "adf", {"pixel_size_nm": 0.5}, None)

    np.testing.assert_array_equal(dataset["intensity"], values)
    np.testing.assert_allclose(dataset["x"], 0.5 * np.arange(8))
    assert json.loads(dataset.attrs["told"])["pixel_size_nm"]["told"] == 0.5
    assert json.loads(dataset.attrs["told"])["pixel_size_nm"]["file"] is None


def test_told__wins_and_both_are_recorded(tmp_path: Path) -> None:
    path = write(tmp_path, "hspy", map_signal())

    told = {"dispersion_ev": 0.1, "energy_offset_ev": -1.0, "beam_energy_kev": 80.0}
    dataset = raw.read(path, "eels", told, None)

    np.testing.assert_allclose(dataset["energy"], -1 + 0.1 * np.arange(25))
    assert dataset.attrs["beam_energy_kev"] == 80.0
    assert dataset.attrs["convergence_mrad"] == 10.0
    recorded = json.loads(dataset.attrs["told"])
    assert recorded["beam_energy_kev"] == {"told": 80.0, "file": 200.0}
    assert recorded["dispersion_ev"] == {"told": 0.1, "file": pytest.approx(0.05)}


def test_told__nothing_told_is_recorded_as_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "hspy", map_signal())

    assert json.loads(raw.read(path, "eels", {"dispersion_ev": ""}, None).attrs["told"]) == {}


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"pixel_size_nm": -1.0}, "pixel_size_nm"),
        ({"pixel_size_nm": "many"}, "pixel_size_nm"),
        ({"energy_unit": "J"}, "energy_unit"),
        ({"pixel_size": 1.0}, "pixel_size"),
    ],
)
def test_told__nonsense_is_refused(tmp_path: Path, told: dict, named: str) -> None:
    path = write(tmp_path, "hspy", image_signal())

    with pytest.raises(CalibrationError, match=named):
        raw.read(path, "adf", told, None)


@pytest.mark.parametrize(
    ("units", "in_nm"),
    [("nm", 1.0), ("n_m", 1.0), ("um", 1e3), ("µm", 1e3), ("\u03bcm", 1e3), ("A", 0.1), ("Å", 0.1)],
)
def test_units__of_length_are_normalised(tmp_path: Path, units: str, in_nm: float) -> None:
    content = image_signal()
    for one in content["axes"]:
        one["units"] = units

    dataset = raw.read(write(tmp_path, "hspy", content), "adf", {}, None)

    np.testing.assert_allclose(np.diff(dataset["x"]), 0.1 * in_nm)
    assert dataset["x"].attrs["units"] == "nm"


@pytest.mark.parametrize("units", ["1/nm", "1/Å", "mrad", "nm^-1"])
def test_units__a_diffraction_pattern_is_no_image(tmp_path: Path, units: str) -> None:
    content = image_signal()
    for one in content["axes"]:
        one["units"] = units

    with pytest.raises(FormatError, match="diffraction"):
        raw.read(write(tmp_path, "hspy", content), "adf", {}, None)


@pytest.mark.parametrize(
    ("units", "in_kev"), [("keV", 1.0), ("eV", 1e-3), ("Energy (EV)", 1e-3), ("X-ray [keV]", 1.0)]
)
def test_units__of_energy_are_normalised(tmp_path: Path, units: str, in_kev: float) -> None:
    content = map_signal()
    content["axes"][2] |= {"units": units, "scale": 5.0, "offset": 10.0}
    content["metadata"]["Signal"]["signal_type"] = "EDS_TEM"

    dataset = raw.read(write(tmp_path, "hspy", content), "edx", {}, None)

    np.testing.assert_allclose(np.diff(dataset["energy"]), 5 * in_kev, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"scale": 1.0, "offset": 0.0, "units": ""}, "dispersion_ev"),
        ({"units": ""}, "energy_unit"),
    ],
)
def test_energy__missing_calibration_names_its_column(
    tmp_path: Path, change: dict, column: str
) -> None:
    content = map_signal()
    content["axes"][2] |= change
    path = write(tmp_path, "hspy", content)

    with pytest.raises(CalibrationError, match=rf"file µ.*{column}"):
        raw.read(path, "eels", {}, None)


def test_energy__a_scale_without_offset_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("\n".join(map(str, range(50))))

    with pytest.raises(CalibrationError, match="energy_offset_ev"):
        raw.read(tmp_path / "one.txt", "eels", KV | {"dispersion_ev": 0.1}, None)


def test_beam_energy__missing_is_refused_for_spectra(tmp_path: Path) -> None:
    content = map_signal()
    content["metadata"]["Acquisition_instrument"]["TEM"]["beam_energy"] = 0.0

    with pytest.raises(CalibrationError, match="beam_energy_kev"):
        raw.read(write(tmp_path, "hspy", content), "eels", {}, None)


@pytest.mark.parametrize("value", [200e3, 0.2, 3001.0])
def test_beam_energy__in_another_unit_is_refused(tmp_path: Path, value: float) -> None:
    path = write(tmp_path, "hspy", map_signal())
    message = rf"beam_energy_kev of {{}} is {value:g}.*column beam_energy_kev"

    with pytest.raises(CalibrationError, match=message.format("acquisitions.tsv")):
        raw.read(path, "eels", {"beam_energy_kev": value}, None)
    for technique, content in (("eels", map_signal()), ("adf", image_signal())):
        content["metadata"]["Acquisition_instrument"]["TEM"]["beam_energy"] = value
        path = write(tmp_path, "hspy", content)
        with pytest.raises(CalibrationError, match=message.format("the file")):
            raw.read(path, technique, {}, None)
        assert raw.read(path, technique, KV, None).attrs["beam_energy_kev"] == 200.0


def test_pixel_size__told_for_a_single_spectrum_is_not_ignored(tmp_path: Path) -> None:
    content = map_signal()
    content["data"], content["axes"] = content["data"][0, 0], content["axes"][2:]
    path = write(tmp_path, "hspy", content)

    with pytest.raises(CalibrationError, match=r"pixel_size_nm.*0\.5.*single spectrum"):
        raw.read(path, "eels", {"pixel_size_nm": 0.5}, None)


@pytest.mark.parametrize(("technique", "sizes"), [("adf", "0.2 by 0.1"), ("eels", "2 by 1")])
def test_pixel_size__one_told_does_not_make_oblong_pixels_square(
    tmp_path: Path, technique: str, sizes: str
) -> None:
    content = image_signal() if technique == "adf" else map_signal()
    path = write(tmp_path, "hspy", content)
    with pytest.raises(CalibrationError, match=f"pixel_size_nm.*0.5.*{sizes} nm"):
        raw.read(path, technique, {"pixel_size_nm": 0.5}, None)

    for one in content["axes"][:2]:
        one["scale"] = 0.3
    dataset = raw.read(write(tmp_path, "hspy", content), technique, {"pixel_size_nm": 0.5}, None)
    np.testing.assert_allclose(np.diff(dataset["y"]), 0.5)


def test_axes__named_x_y_are_put_in_order(tmp_path: Path) -> None:
    content = image_signal()
    content["axes"][0]["name"], content["axes"][1]["name"] = "X", "Y"

    dataset = raw.read(write(tmp_path, "hspy", content), "adf", {}, None)

    np.testing.assert_array_equal(dataset["intensity"], content["data"].T)
    np.testing.assert_allclose(np.diff(dataset["x"]), 0.2)


def test_axes__a_scan_against_the_stage_counts_distance_from_its_start(tmp_path: Path) -> None:
    content = map_signal()
    content["axes"][0] |= {"scale": -2.0, "offset": 7.0}

    dataset = raw.read(write(tmp_path, "hspy", content), "eels", {}, None)

    np.testing.assert_array_equal(dataset["counts"], content["data"])
    np.testing.assert_allclose(dataset["y"], [0, 2, 4])
    assert "stage" in dataset["y"].attrs["comment"]


def test_axes__a_falling_energy_is_turned_round_with_its_counts(tmp_path: Path) -> None:
    content = map_signal()
    content["axes"][2] |= {"scale": -0.05, "offset": 0.8}

    dataset = raw.read(write(tmp_path, "hspy", content), "eels", {}, None)

    assert (np.diff(dataset["energy"]) > 0).all()
    np.testing.assert_array_equal(dataset["counts"], content["data"][..., ::-1])


def test_axes__a_line_scan_without_unit_keeps_its_dim_but_has_no_coordinate(
    tmp_path: Path,
) -> None:
    content = map_signal()
    content["data"], content["axes"] = content["data"][0], content["axes"][1:]
    content["axes"][0]["units"] = ""

    dataset = raw.read(write(tmp_path, "hspy", content), "eels", {}, None)

    assert dataset["counts"].dims == ("x", "energy")
    assert "x" not in dataset.coords
    assert "pixel_size_nm" in dataset.attrs["x_note"]
    told = raw.read(tmp_path / "file µ [0].hspy", "eels", {"pixel_size_nm": 3.0}, None)
    np.testing.assert_allclose(told["x"], [0, 3, 6, 9])
