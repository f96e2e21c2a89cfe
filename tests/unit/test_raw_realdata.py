"""Real instrument files: each reads as its manifest says, or ends in one clear error."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from nanostitch import raw
from nanostitch.errors import CalibrationError, FormatError, NanostitchError

KV = {"beam_energy_kev": 200.0}
# The library loses this spectrum to a missing blank in its header; its NPOINTS is 4096.
LOST_BY_LIBRARY = "edx/K412_SRM470/Al2O3 std.msa"
STATED = re.compile(r"\w+\((?P<shape>[\d, ]*)\) (?P<dtype>\w+) \[(?P<axes>.*)\]")
SIZE_SCALE = re.compile(r"=(\d+)@(-?[\d.e+-]+)")
# Files of techniques that have no reader yet, notes, tables and archives: refused, never guessed.
REFUSED = re.compile(
    r"\.(json|gz|mpt|ASW)$|(?<!eis_variants)/[^/]*\.csv$|readme\.txt|report\.txt|image_credit"
    r"|strain_info|labels/|eps[12]\.dat|Nope\.bcf|trainingmask"
)


def rows(realdata: Path, *kinds: str) -> list[dict[str, str]]:
    with (realdata / "MANIFEST.tsv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file, delimiter="\t"))
    return [row for row in found if row["file"].split("/")[0] in kinds]


def instrument_rows(realdata: Path) -> list[dict[str, str]]:
    kinds = ("eels_lowloss", "stem_image", "segmentation", "edx", "malformed")
    return rows(realdata, *kinds)


def same_dataset(content: raw.Content, stated: re.Match[str]) -> bool:
    """Whether shape, type and scales of a dataset are those that the manifest states."""
    shape = tuple(int(n) for n in stated["shape"].split(",") if n.strip())
    axes = [(int(size), float(scale)) for size, scale in SIZE_SCALE.findall(stated["axes"])]
    kept = [axis for axis in content.axes if axis["size"] > 1 or len(content.shape) == 1]
    ours = [(axis["size"], axis["scale"]) for axis in kept]
    return (
        tuple(axis["size"] for axis in kept) == shape
        and content.dtype == stated["dtype"]
        and len(axes) == len(ours)
        and all(
            a[0] == b[0] and np.isclose(a[1], b[1], rtol=1e-5)
            for a, b in zip(axes, ours, strict=True)
        )
        and all(axis["units"] in stated["axes"] for axis in kept)
    )


def test_manifest__shape_type_scale_and_unit_of_each_file_hold(realdata: Path) -> None:
    checked, wrong = 0, []
    for row in instrument_rows(realdata):
        statements = [STATED.match(part) for part in row["shape"].split(" || ")]
        apart = row["file"] == LOST_BY_LIBRARY or ".pts" in row["file"] or "stack" in row["file"]
        if apart or None in statements:
            continue
        contents = raw.contents(realdata / row["file"])
        pairs = zip(contents, statements, strict=True)
        if not all(same_dataset(content, stated) for content, stated in pairs if stated):
            wrong.append((row["file"], row["shape"], [str(content) for content in contents]))
        checked += 1
    assert not wrong
    assert checked > 60


def test_manifest__files_without_reader_are_refused(realdata: Path) -> None:
    refused = [row["file"] for row in instrument_rows(realdata) if REFUSED.search(row["file"])]
    assert len(refused) > 20
    for name in refused:
        with pytest.raises(FormatError) as caught:
            raw.contents(realdata / name)
        assert Path(name).name in str(caught.value)


def test_manifest__no_file_ends_in_anything_but_data_or_one_clear_error(realdata: Path) -> None:
    for row in instrument_rows(realdata):
        for technique in raw.TECHNIQUES:
            try:
                dataset = raw.read(realdata / row["file"], technique, {}, None)
            except NanostitchError:
                continue
            assert all(size > 0 for size in dataset.sizes.values()), row["file"]
            assert str(realdata) not in json.dumps(dataset.attrs, default=str), row["file"]


def test_k412__spectrum_lost_by_the_library_is_read_whole(realdata: Path) -> None:
    dataset = raw.read(realdata / LOST_BY_LIBRARY, "edx", {}, None)

    counts = dataset["counts"].sel(energy=1.4867, method="nearest")  # Al Ka
    assert dataset.sizes["energy"] == 4096
    assert int(dataset["counts"].values.argmax()) in range(145, 152)
    assert float(counts) > 1e3
    assert dataset.attrs["beam_energy_kev"] == 20.0
    assert dataset.attrs["live_time_s"] == pytest.approx(1172.19288)


def test_k412__brackets_in_a_name_are_no_pattern(realdata: Path) -> None:
    dataset = raw.read(realdata / "edx/K412_SRM470/III-E K412[0][4].msa", "edx", {}, None)

    assert dataset.attrs["title"] == "III-E K412[0][all]"
    assert dataset["energy"].attrs["units"] == "keV"
    assert float(dataset["energy"][-1]) == pytest.approx((1.63032 + 4095 * 9.99856) / 1e3)


def test_edax__msa_and_spc_are_the_same_spectrum(realdata: Path) -> None:
    folder = realdata / "edx/edax_pair"
    msa = raw.read(folder / "647_leo_edax_test.msa", "edx", {}, None)
    spc = raw.read(folder / "647_leo_edax_test.spc", "edx", {}, None)

    np.testing.assert_array_equal(msa["counts"], spc["counts"])
    np.testing.assert_allclose(msa["energy"], spc["energy"], atol=1e-9)
    assert int(msa["counts"].max()) == 497
    assert msa.attrs["beam_energy_kev"] == spc.attrs["beam_energy_kev"] == 10.0


@pytest.mark.parametrize("name", ["ll", "hl"])
def test_srtio3__dm3_and_msa_are_the_same_up_to_a_factor(realdata: Path, name: str) -> None:
    folder = realdata / "eels_lowloss/srtio3"
    dm3 = raw.read(folder / f"{name}.dm3", "eels", {}, None)
    msa = raw.read(folder / f"{name}.msa", "eels", KV, None)

    np.testing.assert_allclose(dm3["energy"], msa["energy"], atol=1e-3)
    correlation = np.corrcoef(dm3["counts"], msa["counts"])[0, 1]
    assert correlation > 0.999999
    assert dm3.attrs["beam_energy_kev"] == 300.0


def test_tiff__three_formats_hold_the_same_image_at_the_same_scale(realdata: Path) -> None:
    folder = realdata / "malformed/rsciio_tiff"
    dm3, dm_tif, imagej = (
        raw.read(folder / name, "adf", {}, None)
        for name in (
            "test_dm_image_um_unit.dm3",
            "test_loading_image_saved_with_DM.tif",
            "test_loading_image_saved_with_imageJ.tif",
        )
    )
    for other in (dm_tif, imagej):
        np.testing.assert_array_equal(dm3["intensity"], other["intensity"])
        for dim in ("y", "x"):
            np.testing.assert_allclose(np.diff(dm3[dim]), np.diff(other[dim]), rtol=1e-6)
    np.testing.assert_allclose(dm3["x"], dm_tif["x"], rtol=1e-6)


def test_locale__four_locales_agree(realdata: Path) -> None:
    folder = realdata / "malformed/rsciio_locale"
    read = [
        raw.read(folder / f"Fei HAADF-{place}_location.dm3", "adf", {}, None)
        for place in ("DE", "FR", "MX", "UK")
    ]
    for dataset in read:
        assert dataset.sizes == {"y": 4, "x": 16}
        np.testing.assert_allclose(dataset["x"], read[0]["x"])
        assert dataset.attrs["beam_energy_kev"] == 200.0
        assert dataset.attrs["acquisition_date"].startswith("2016-08-27")


def test_nonsquare__pixels_keep_their_two_sizes(realdata: Path) -> None:
    folder = realdata / "stem_image/dm_nonsquare"
    for suffix in ("dm3", "dm4"):
        path = folder / f"dmTest_float32_nonSquare_diffPixelSize.{suffix}"
        dataset = raw.read(path, "adf", {}, None)
        np.testing.assert_allclose(np.diff(dataset["y"]), 0.2)
        np.testing.assert_allclose(np.diff(dataset["x"]), 1.0)


def test_berkeley__unit_is_nm_and_order_is_y_x(realdata: Path) -> None:
    dataset = raw.read(realdata / "stem_image/berkeley_emd/Acquisition_18.emd", "adf", {}, None)

    np.testing.assert_allclose(np.diff(dataset["x"]), 0.0122465, rtol=1e-4)
    assert dataset.attrs["beam_energy_kev"] == 200.0
    assert dataset.attrs["convergence_mrad"] == pytest.approx(24.979, abs=1e-3)


def test_emi__is_read_with_its_ser_and_scan_against_the_stage(realdata: Path) -> None:
    folder = realdata / "malformed/rsciio_tia"
    path = folder / "16x16-spectrum_image_5x5x4000-not_square.emi"
    dataset = raw.read(path, "edx", {}, None)

    assert dataset["counts"].dims == ("y", "x", "energy")
    np.testing.assert_allclose(np.diff(dataset["y"]), 4.25819, rtol=1e-5)
    np.testing.assert_allclose(np.diff(dataset["x"]), 1.98591, rtol=1e-5)
    assert dataset.attrs["beam_energy_kev"] == 200.0
    assert [file.name for file in raw.companions(path)] == [
        "16x16-spectrum_image_5x5x4000-not_square_1.ser"
    ]


def test_emi__with_brackets_in_its_name_finds_its_ser(realdata: Path, tmp_path: Path) -> None:
    folder = realdata / "stem_image/perovskite_sto"
    shutil.copy(folder / "16_STOimage.emi", tmp_path / "a [1] µ.emi")
    shutil.copy(folder / "16_STOimage_1.ser", tmp_path / "a [1] µ_1.ser")

    dataset = raw.read(tmp_path / "a [1] µ.emi", "adf", {}, None)

    assert dataset.attrs["beam_energy_kev"] == 80.0
    assert dataset.attrs["title"] == "a [1] µ"
    np.testing.assert_allclose(np.diff(dataset["x"]), 0.0100127, rtol=1e-5)


def test_emi__without_its_ser_is_refused(realdata: Path, tmp_path: Path) -> None:
    shutil.copy(realdata / "stem_image/perovskite_sto/16_STOimage.emi", tmp_path)

    with pytest.raises(FormatError, match=r"16_STOimage_1\.ser"):
        raw.contents(tmp_path / "16_STOimage.emi")


def test_ser__alone_lacks_the_beam_energy(realdata: Path) -> None:
    path = realdata / "malformed/rsciio_tia/X - Au NP EELS_2.ser"

    with pytest.raises(CalibrationError, match="beam_energy_kev"):
        raw.read(path, "eels", {}, None)
    energy = raw.read(path, "eels", KV, None)["energy"]
    assert (float(energy[0]), float(energy[1])) == (2160.0, pytest.approx(2160.2))


def test_dataset__the_only_image_is_picked_and_several_are_asked_for(realdata: Path) -> None:
    one = raw.read(realdata / "malformed/rsciio/multi_signal.dm3", "adf", {}, None)
    assert one.sizes == {"y": 512, "x": 512}

    four = realdata / "stem_image/velox_emd/STEM HAADF-DF4-DF2-BF Diffraction Micro.emd"
    with pytest.raises(FormatError, match=r"(?s)dataset.*HAADF.*DF2.*BF.*DF4"):
        raw.read(four, "adf", {}, None)
    picked = raw.read(four, "adf", {}, "BF")
    np.testing.assert_array_equal(picked["intensity"], raw.read(four, "adf", {}, "2")["intensity"])


def test_bcf__holds_an_image_and_a_map_on_the_same_pixels(realdata: Path) -> None:
    path = realdata / "edx/rsciio/test_TEM.bcf"
    image, spectra = raw.read(path, "adf", {}, None), raw.read(path, "edx", {}, None)

    np.testing.assert_array_equal(image["x"], spectra["x"])
    assert spectra.sizes == {"y": 64, "x": 64, "energy": 2048}


def test_bcf__damage_that_crashes_the_library_is_refused(realdata: Path, tmp_path: Path) -> None:
    content = (realdata / "edx/rsciio/test_TEM.bcf").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.bcf"
    for _ in range(6):
        damaged = bytearray(content)
        for at in rng.integers(0, len(content), 20):
            damaged[at] ^= 255
        path.write_bytes(damaged)
        try:
            raw.contents(path)
        except FormatError as error:
            assert "damaged.bcf" in str(error)  # noqa: PT017 - some damage goes unnoticed


def test_diffraction_pattern__is_no_image(realdata: Path) -> None:
    path = realdata / "malformed/rsciio/test_diffraction_pattern_tags_removed.dm3"

    with pytest.raises(FormatError, match="diffraction"):
        raw.read(path, "adf", {}, None)


@pytest.mark.parametrize("name", ["SI_LL", "SI_LL_cal"])
def test_line_scan__with_a_step_without_unit_keeps_its_dim(realdata: Path, name: str) -> None:
    dataset = raw.read(realdata / f"eels_lowloss/rr_tio2/{name}.dm3", "eels", KV, None)

    assert dataset["counts"].dims == ("x", "energy")
    assert dataset.sizes == {"x": 100, "energy": 1024}
    assert "x" not in dataset.coords
    assert "2.39" in dataset.attrs["x_note"]


def test_calibrated_pair__energy_axes_differ_by_the_shift_of_the_authors(realdata: Path) -> None:
    folder = realdata / "eels_lowloss/rr_tio2"
    raw_ll, calibrated = (
        raw.read(folder / f"{n}.dm3", "eels", KV, None) for n in ("SI_LL", "SI_LL_cal")
    )
    zero_loss = [
        float(dataset["energy"][int(dataset["counts"].sum("x").values.argmax())])
        for dataset in (raw_ll, calibrated)
    ]
    assert zero_loss == [pytest.approx(-4.794, abs=0.3), pytest.approx(0.025, abs=0.3)]


def test_ws2__one_row_without_axis_is_read_with_a_told_one(realdata: Path) -> None:
    told = {"dispersion_ev": 0.005, "energy_offset_ev": -0.93, "beam_energy_kev": 60.0}
    for path in sorted((realdata / "eels_lowloss/ws2_specimen3").glob("*.txt")):
        dataset = raw.read(path, "eels", told, None)
        assert dataset.sizes == {"energy": 2000}
        zero_loss = float(dataset["energy"][int(dataset["counts"].values.argmax())])
        assert abs(zero_loss) < 0.1, path.name
        assert float(dataset["energy"][-1]) == pytest.approx(9.065, abs=0.006)


def test_pictures__have_the_size_of_the_hand_labelled_set(realdata: Path) -> None:
    for name, size in (("PtCo", 640), ("PtC3", 2048), ("Pt_carbon2", 2048)):
        path = realdata / f"segmentation/ardagen_stem/images/{name}.jpg"
        with pytest.raises(CalibrationError, match="pixel_size_nm"):
            raw.read(path, "adf", {}, None)
        dataset = raw.read(path, "adf", {"pixel_size_nm": 0.1}, None)
        assert dataset.sizes == {"y": size, "x": size}


def test_jeol__interrupted_maps_are_read(realdata: Path) -> None:
    folder = realdata / "malformed/rsciio_jeol/Sample/00_Dummy-Data"
    for path in sorted(folder.glob("*.pts")):
        dataset = raw.read(path, "edx", {}, None)
        assert dataset.sizes == {"y": 64, "x": 64, "energy": 4096}
        np.testing.assert_allclose(np.diff(dataset["x"]), 7.73437, rtol=1e-5)


def test_jeol__missing_folder_is_named(realdata: Path) -> None:
    with pytest.raises(FormatError, match=r"181019-BN\.ASW.*img"):
        raw.contents(realdata / "malformed/rsciio_jeol/181019-BN.ASW")


@pytest.mark.parametrize(
    "name",
    [
        "malformed/rsciio/test_STEM_image.dm3",
        "edx/edax_pair/647_leo_edax_test.spc",
        "edx/rsciio/met03.EDS",
        "edx/rsciio/bruker_nano.spx",
        "malformed/rsciio_tia/X - Au NP EELS_2.ser",
        "malformed/rsciio_tiff/test_loading_image_saved_with_DM.tif",
        "edx/rsciio/test_TEM.bcf",
        "stem_image/velox_emd/fei_emd_image.emd",
        "edx/fept/EDS_SEM_TM002.hspy",
    ],
)
def test_truncation__of_a_real_file_is_refused(realdata: Path, tmp_path: Path, name: str) -> None:
    content = (realdata / name).read_bytes()
    path = tmp_path / Path(name).name
    for share in (0.02, 0.2, 0.5, 0.9):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(FormatError):
            raw.contents(path)


def test_tia__the_origin_is_the_middle_of_the_scan(realdata):
    image = raw.read(realdata / "stem_image/perovskite_sto/16_STOimage.emi", "adf", {}, None)
    for axis in ("y", "x"):
        first, step = float(image[axis][0]), float(image[axis][1] - image[axis][0])
        assert first == pytest.approx(-step * image.sizes[axis] / 2, rel=1e-6)
