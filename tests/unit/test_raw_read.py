"""Files written by the formats' own writers come back with values, axes and units intact."""

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import xarray as xr
from PIL import Image

from nanostitch import raw
from nanostitch.contracts.raw import RAW_EDX, RAW_EELS, RAW_IMAGE
from nanostitch.errors import CalibrationError, FormatError

KV = {"beam_energy_kev": 200.0}


def axis(name: str, size: int, scale: float, offset: float, units: str, navigate: bool) -> dict:
    return {
        "_type": "UniformDataAxis",
        "name": name,
        "size": size,
        "scale": scale,
        "offset": offset,
        "units": units,
        "navigate": navigate,
        "is_binned": False,
    }


def signal(data: np.ndarray, axes: list[dict], title: str = "", kind: str = "") -> dict[str, Any]:
    instrument = {"TEM": {"beam_energy": 200.0, "convergence_angle": 10.0}}
    return {
        "data": data,
        "axes": axes,
        "metadata": {
            "General": {"title": title},
            "Signal": {"signal_type": kind},
            "Acquisition_instrument": instrument,
        },
        "original_metadata": {"Instrument": {"spot": 5, "blob": list(range(1000))}},
        "attributes": {"_lazy": False, "ragged": False},
        "tmp_parameters": {},
        "learning_results": {},
        "models": {},
        "package_info": {"package": "hyperspy", "package_version": "2.5"},
    }


def image_signal() -> dict[str, Any]:
    values = np.arange(12 * 9, dtype="u2").reshape(12, 9)
    axes = [axis("y", 12, 0.2, 1.0, "nm", False), axis("x", 9, 0.1, 0.0, "nm", False)]
    return signal(values, axes, "HAADF")


def map_signal() -> dict[str, Any]:
    values = np.random.default_rng(1).integers(0, 900, (3, 4, 25)).astype("i4")
    axes = [
        axis("y", 3, 2.0, 0.0, "nm", True),
        axis("x", 4, 1.0, 0.0, "nm", True),
        axis("Energy loss", 25, 0.05, -0.4, "eV", False),
    ]
    return signal(values, axes, "map", "EELS")


def write(folder: Path, suffix: str, content: dict[str, Any]) -> Path:
    import importlib

    plugin = {
        "hspy": "hspy",
        "zspy": "zspy",
        "tif": "tiff",
        "rpl": "ripple",
        "emd": "emd",
        "nxs": "nexus",
        "msa": "msa",
    }[suffix]
    path = folder / f"file µ [0].{suffix}"
    importlib.import_module(f"rsciio.{plugin}").file_writer(str(path), content)
    return path


def check_contract(dataset: xr.Dataset, contract: dict) -> None:
    for name, variable in contract.items():
        if name in dataset.variables or not variable.optional:
            assert dataset[name].attrs["units"] == variable.units
            if "..." not in variable.dims:
                assert dataset[name].dims == variable.dims


@pytest.mark.parametrize("suffix", ["hspy", "zspy", "tif", "emd"])
def test_image__comes_back_from_each_format(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, image_signal())

    dataset = raw.read(path, "adf", {}, None)

    check_contract(dataset, RAW_IMAGE)
    np.testing.assert_array_equal(dataset["intensity"], image_signal()["data"])
    assert dataset["intensity"].dtype == np.dtype("u2")
    np.testing.assert_allclose(np.diff(dataset["y"]), 0.2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(dataset["x"]), 0.1, rtol=1e-6)
    assert dataset.attrs["source_file"] == path.name


@pytest.mark.parametrize("suffix", ["hspy", "zspy", "rpl", "emd", "nxs"])
def test_map__comes_back_from_each_format(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix, map_signal())

    dataset = raw.read(path, "eels", KV, None)

    check_contract(dataset, RAW_EELS)
    assert dataset["counts"].dims == ("y", "x", "energy")
    np.testing.assert_array_equal(dataset["counts"], map_signal()["data"])
    np.testing.assert_allclose(dataset["energy"], -0.4 + 0.05 * np.arange(25), atol=1e-9)
    np.testing.assert_allclose(dataset["y"], [0, 2, 4], atol=1e-9)


@pytest.mark.parametrize("order", ["<", ">"])
def test_mrc__comes_back_in_native_byte_order(tmp_path: Path, order: str) -> None:
    values = np.arange(20, dtype="f4").reshape(4, 5)
    header = bytearray(1024)
    struct.pack_into("<10I", header, 0, 5, 4, 1, 2, 0, 0, 0, 5, 4, 1)
    struct.pack_into("<6f", header, 40, 5 * 3.0, 4 * 3.0, 3.0, 90, 90, 90)
    header[208:212] = b"MAP "
    path = tmp_path / "image.mrc"
    path.write_bytes(bytes(header) + values.astype("<f4").tobytes())

    dataset = raw.read(path, "adf", {"pixel_size_nm": 0.3}, None)

    np.testing.assert_array_equal(dataset["intensity"], values)
    assert dataset["intensity"].dtype.isnative


def test_spectrum__comes_back_from_msa(tmp_path: Path) -> None:
    counts = np.arange(30.0)
    content = signal(counts, [axis("Energy", 30, 10.0, -200.0, "eV", False)], "std", "EDS_TEM")
    path = write(tmp_path, "msa", content)

    dataset = raw.read(path, "edx", KV, None)

    check_contract(dataset, RAW_EDX)
    np.testing.assert_array_equal(dataset["counts"], counts)
    np.testing.assert_allclose(dataset["energy"], -0.2 + 0.01 * np.arange(30), atol=1e-12)


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


def test_picture__in_colours_is_no_signal(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (5, 5, 3)).astype("u1")
    Image.fromarray(values).save(tmp_path / "map.png")

    with pytest.raises(FormatError, match="colour"):
        raw.read(tmp_path / "map.png", "adf", {"pixel_size_nm": 1.0}, None)


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


def test_tiff__shown_bright_for_small_keeps_its_stored_values_with_a_warning(
    tmp_path: Path,
) -> None:
    values = np.arange(48, dtype="u1").reshape(6, 8)
    for photometric, warned in (("miniswhite", True), ("minisblack", False)):
        path = tmp_path / f"{photometric}.tif"
        tifffile.imwrite(path, values, photometric=photometric)

        dataset = raw.read(path, "adf", {"pixel_size_nm": 1.0}, None)

        np.testing.assert_array_equal(dataset["intensity"], values)
        assert ("MINISWHITE" in dataset.attrs["reader_warnings"]) is warned


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


def two_images(tmp_path: Path) -> Path:
    import h5py
    from rsciio.hspy import file_writer

    path = tmp_path / "two.hspy"
    file_writer(str(path), image_signal())
    other = tmp_path / "other.hspy"
    content = image_signal() | {"data": image_signal()["data"] + 1}
    content["metadata"]["General"]["title"] = "BF"
    file_writer(str(other), content)
    with h5py.File(other) as source, h5py.File(path, "a") as target:
        source.copy("Experiments/BF", target["Experiments"])
    return path


def test_dataset__is_asked_for_where_several_fit(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"(?s)dataset.*'BF'.*'HAADF'"):
        raw.read(two_images(tmp_path), "adf", {}, None)


@pytest.mark.parametrize(("dataset", "shift"), [("BF", 1), ("HAADF", 0), ("0", 1), ("1", 0)])
def test_dataset__is_picked_by_title_or_index(tmp_path: Path, dataset: str, shift: int) -> None:
    picked = raw.read(two_images(tmp_path), "adf", {}, dataset)

    np.testing.assert_array_equal(picked["intensity"], image_signal()["data"] + shift)


@pytest.mark.parametrize("dataset", ["2", "DF"])
def test_dataset__that_is_not_there_lists_what_is(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(FormatError, match=r"(?s)not there.*'BF'"):
        raw.read(two_images(tmp_path), "adf", {}, dataset)


def test_dataset__of_another_technique_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "hspy", image_signal())

    with pytest.raises(FormatError, match="energy-loss"):
        raw.read(path, "eels", KV, "0")


def test_stack__each_frame_is_a_dataset(tmp_path: Path) -> None:
    content = image_signal()
    content["data"] = np.stack([content["data"], content["data"] + 7])
    content["axes"].insert(0, axis("time", 2, 1.0, 0.0, "s", True))
    path = write(tmp_path, "hspy", content)

    assert len(raw.contents(path)) == 2
    picked = raw.read(path, "adf", {}, "1")
    np.testing.assert_array_equal(picked["intensity"], image_signal()["data"] + 7)


def test_contents__says_what_a_file_could_be(tmp_path: Path) -> None:
    (content,) = raw.contents(write(tmp_path, "hspy", map_signal()))

    assert content.techniques == ("eels",)
    assert content.shape == (3, 4, 25)
    assert content.metadata["beam_energy_kev"] == 200.0
    assert "Energy loss=25@0.05 eV" in str(content)


def test_values__not_finite_are_counted_and_all_of_them_refused(tmp_path: Path) -> None:
    content = image_signal()
    content["data"] = content["data"].astype("f4")
    content["data"][0, 0] = np.nan
    dataset = raw.read(write(tmp_path, "hspy", content), "adf", {}, None)
    assert dataset.attrs["non_finite_count"] == 1

    content["data"][:] = np.inf
    with pytest.raises(FormatError, match="finite"):
        raw.read(write(tmp_path, "hspy", content), "adf", {}, None)


def test_attributes__survive_a_netcdf_file(tmp_path: Path) -> None:
    dataset = raw.read(write(tmp_path, "hspy", map_signal()), "eels", {}, None)
    dataset.to_netcdf(tmp_path / "raw.nc", engine="netcdf4")

    with xr.open_dataset(tmp_path / "raw.nc") as again:
        xr.testing.assert_identical(again.load(), dataset)


def test_original_metadata__is_kept_without_long_arrays(tmp_path: Path) -> None:
    dataset = raw.read(write(tmp_path, "hspy", map_signal()), "eels", {}, None)

    original = json.loads(dataset.attrs["original_metadata"])
    assert original["Instrument"]["spot"] == 5
    assert original["Instrument"]["blob"] == "(1000 values)"


def test_companions__names_the_bytes_that_a_format_needs(tmp_path: Path) -> None:
    for name in ("a [1].emi", "a [1]_1.ser", "a [1]_12.ser", "a_1.ser", "b.rpl", "b.raw", "c.dm3"):
        (tmp_path / name).touch()
    zspy = write(tmp_path, "zspy", image_signal())

    def names(name: str) -> list[str]:
        return [path.name for path in raw.companions(tmp_path / name)]

    assert names("a [1].emi") == ["a [1]_1.ser", "a [1]_12.ser"]
    assert names("b.rpl") == ["b.raw"]
    assert names("c.dm3") == []
    assert names("absent.emi") == []
    assert ".zgroup" in [path.name for path in raw.companions(zspy)]


def test_suffix__is_overruled_by_the_content(tmp_path: Path) -> None:
    path = write(tmp_path, "hspy", image_signal()).rename(tmp_path / "misnamed.dm3")

    dataset = raw.read(path, "adf", {}, None)

    assert dataset.attrs["source_format"] == "hspy"


def test_import__brings_no_format_library() -> None:
    heavy = ["rsciio", "h5py", "PIL", "tifffile", "zarr", "hyperspy", "exspy", "dask"]
    code = f"import sys, nanostitch.raw; print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_readers__print_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw.read(write(tmp_path, "hspy", image_signal()), "adf", {}, None)

    assert capsys.readouterr() == ("", "")
