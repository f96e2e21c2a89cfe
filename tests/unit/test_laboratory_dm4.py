"""DM4 files of the laboratory, as RosettaSciIO and our own door read them."""

import numpy as np
import pytest
from rsciio.digitalmicrograph import file_reader

from nanostitch import raw
from nanostitch.simulate.files import dm4
from nanostitch.simulate.recording import Axis, Recording

Y = Axis("y", 10.0, 0.5, "nm")
X = Axis("x", -3.0, 0.25, "nm")
ENERGY = Axis("energy", -1.5, 0.01, "eV")
SETTINGS = {"beam_energy_kev": 60.0, "convergence_mrad": 18.0, "dwell_us": 8.0}
SPECTROMETER = {
    "beam_energy_kev": 60.0,
    "convergence_mrad": 30.0,
    "collection_mrad": 20.0,
    "exposure_s": 0.05,
    "frames": 2,
}
KINDS = {
    "image": ((6, 9), (Y, X), "HAADF"),
    "spectrum": ((50,), (ENERGY,), "EELS"),
    "line scan": ((7, 50), (X, ENERGY), "EELS Line Scan"),
    "spectrum image": ((4, 5, 50), (Y, X, ENERGY), "EELS Spectrum Image"),
}
TYPES = ("int16", "uint16", "int32", "float32")


def recording(kind, dtype="int32", survey=None):
    shape, axes, signal = KINDS[kind]
    size = int(np.prod(shape))
    data = np.arange(size).reshape(shape).astype(dtype)
    return Recording(data, axes, signal, SETTINGS if kind == "image" else SPECTROMETER, survey)


SURVEY = Recording(
    np.arange(600, dtype=np.uint16).reshape(20, 30),
    (Axis("y", 0.0, 1.0, "nm"), Axis("x", 0.0, 1.0, "nm")),
    "HAADF Survey",
    SETTINGS,
)


def navigation_first(item):
    """Array with its energy axis last, as HyperSpy would order it, and its axes."""
    axes = list(item["axes"])
    data = item["data"]
    if data.ndim == 3:
        data, axes = np.moveaxis(data, 0, -1), [*axes[1:], axes[0]]
    return data, axes


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_rosettasciio__reads_the_data_and_every_calibration(kind, dtype, tmp_path):
    made = recording(kind, dtype)
    dm4.write(tmp_path / "a.dm4", made)
    (item,) = file_reader(str(tmp_path / "a.dm4"))
    data, axes = navigation_first(item)
    assert data.dtype == dtype
    np.testing.assert_array_equal(data, made.data)
    for axis, read in zip(made.axes, axes, strict=True):
        assert (read["scale"], read["units"]) == (pytest.approx(axis.step), axis.units)
        assert read["offset"] == pytest.approx(axis.start)
    names = [axis["name"] for axis in axes]
    assert names == ["Energy loss" if a.name == "energy" else a.name for a in made.axes]
    assert item["metadata"]["Signal"]["signal_type"] == ("" if kind == "image" else "EELS")
    assert item["metadata"]["General"]["title"] == made.signal


@pytest.mark.parametrize("kind", ["spectrum", "line scan", "spectrum image"])
def test_door__finds_the_spectrum_beside_its_survey(kind, tmp_path):
    made = recording(kind, survey=SURVEY)
    dm4.write(tmp_path / "a.dm4", made)
    found = raw.read(tmp_path / "a.dm4", "eels", {}, None)
    assert found["counts"].dims == tuple(axis.name for axis in made.axes)
    np.testing.assert_array_equal(found["counts"], made.data)
    for axis in made.axes:
        expected = axis.start + axis.step * np.arange(found.sizes[axis.name])
        np.testing.assert_allclose(found[axis.name], expected, atol=1e-9)
    told = {name: found.attrs[name] for name in ("beam_energy_kev", "convergence_mrad")}
    assert told == {"beam_energy_kev": 60.0, "convergence_mrad": 30.0}
    assert found.attrs["collection_mrad"] == 20.0
    assert found.attrs["exposure_s"] == pytest.approx(2 * 0.05)
    survey = raw.read(tmp_path / "a.dm4", "adf", {}, None)
    np.testing.assert_array_equal(survey["intensity"], SURVEY.data)
    assert survey.attrs["title"] == "HAADF Survey"


def test_door__reads_an_image_with_its_settings_and_no_complaint(tmp_path):
    dm4.write(tmp_path / "a.dm4", recording("image", "uint16"))
    found = raw.read(tmp_path / "a.dm4", "adf", {}, None)
    assert (found["y"][0], found["x"][0]) == (Y.start, X.start)
    assert found.attrs["beam_energy_kev"] == 60.0
    assert found.attrs["dwell_time_s"] == pytest.approx(8e-6)
    assert found.attrs["acquisition_mode"] == "STEM"
    assert found.attrs["acquisition_date"] == "2018-06-15T12:00:00"
    assert found.attrs["reader_warnings"] == ""


def test_bytes__are_the_same_for_the_same_recording(tmp_path):
    for name in ("a.dm4", "b.dm4"):
        dm4.write(tmp_path / name, recording("spectrum image", survey=SURVEY))
    assert (tmp_path / "a.dm4").read_bytes() == (tmp_path / "b.dm4").read_bytes()


def test_settings_without_a_tag__are_kept_under_our_names(tmp_path):
    made = Recording(np.zeros((4, 4), np.float32), (Y, X), "HAADF", {"dose_e_per_nm2": 15e3})
    dm4.write(tmp_path / "a.dm4", made)
    (item,) = file_reader(str(tmp_path / "a.dm4"))
    tags = item["original_metadata"]["ImageList"]["TagGroup0"]["ImageTags"]
    assert tags["Acquisition Settings"]["dose_e_per_nm2"] == 15e3


def test_counts__are_calibrated_where_electrons_per_count_are_known(tmp_path):
    made = recording("spectrum")
    known = Recording(made.data, made.axes, made.signal, SPECTROMETER | {"electrons_per_count": 2})
    dm4.write(tmp_path / "a.dm4", known)
    (item,) = file_reader(str(tmp_path / "a.dm4"))
    image = item["original_metadata"]["ImageList"]["TagGroup0"]["ImageData"]
    brightness = image["Calibrations"]["Brightness"]
    assert (brightness["Scale"], brightness["Units"]) == (2.0, "e-")


@pytest.mark.parametrize("broken", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.int16)])
def test_write__refuses_what_a_dm4_file_would_not_keep(broken, tmp_path):
    with pytest.raises(ValueError, match="a DM4 file takes int16"):
        dm4.write(tmp_path / "a.dm4", Recording(broken, (Y, X), "HAADF", SETTINGS))
    assert not list(tmp_path.iterdir())
