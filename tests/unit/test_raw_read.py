"""Files written by the formats' own writers come back with values, axes and units intact."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray as xr
from PIL import Image
from written_signals import KV, axis, image_signal, map_signal, signal, write

from nanostitch import raw
from nanostitch.contracts.raw import RAW_EDX, RAW_EELS, RAW_IMAGE
from nanostitch.errors import FormatError


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


def test_picture__in_colours_is_no_signal(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (5, 5, 3)).astype("u1")
    Image.fromarray(values).save(tmp_path / "map.png")

    with pytest.raises(FormatError, match="colour"):
        raw.read(tmp_path / "map.png", "adf", {"pixel_size_nm": 1.0}, None)


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
