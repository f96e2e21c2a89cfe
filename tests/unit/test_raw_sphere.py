"""Files of integrating spheres: LuQY Pro text, images of Hamamatsu cameras, bare columns."""

import struct
from pathlib import Path

import numpy as np
import pytest

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import CalibrationError, FormatError
from nanostitch.raw import sniff

HEADS = ("Raw spectrum (counts)", "Dark spectrum (counts)")
WAVELENGTH = np.linspace(550, 900, 40)


def luqy(path: Path, columns: int = 4, first: str = "Wavelength (nm)") -> Path:
    """A file like a LuQY Pro's; its flux density is 1000 times the number of the row."""
    lines = [
        "1/20/2025 9:46:09 PM",
        "LuQY (%)\t0.9693",
        "QFLS (eV)\t1.094",
        "QFLS Confidence\t1",
        "Laser intensity (suns)\t0.98",
        "Integration Time (ms)\t14",
        "Bandgap (eV)\t1.424",
        "Jsc (mA/cm2)\t26.46",
        "EQE @ laser wavelength\t0.90",
        "Laser spot size (cm²)\t1.0",
        "----------------------------",
        "\t".join(
            [first, "Luminescence flux density (photons/(s cm² nm))", *HEADS][:columns],
        ),
    ]
    for number, position in enumerate(WAVELENGTH):
        cells = [f"{position:.6E}", f"{1000 * number:.6E}", "1.5E+3", "1.4E+3"]
        lines.append("\t".join(cells[:columns]))
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("utf-8"))
    return path


@pytest.mark.parametrize("columns", [3, 4])
@pytest.mark.parametrize("technique", ["plqy", "pl"])
def test_luqy__is_known_by_its_content_and_has_flux_and_facts(tmp_path, columns, technique):
    dataset = raw.read(luqy(tmp_path / "any.name", columns), technique, {}, None)
    contracts.check(dataset, RAW[technique], "luqy")
    np.testing.assert_allclose(dataset["wavelength"], WAVELENGTH, rtol=1e-6)
    np.testing.assert_allclose(dataset["intensity"], 1000 * np.arange(40), rtol=1e-6)
    told = {
        "intensity_unit": "photons/(s cm² nm)",
        "stated_quantum_yield_percent": 0.9693,
        "stated_confidence": 1.0,
        "stated_laser_suns": 0.98,
        "stated_band_gap_ev": 1.424,
        "stated_photocurrent_ma_per_cm2": 26.46,
        "stated_laser_external_quantum_efficiency": 0.90,
        "integration_time_s": 0.014,
    }
    assert {name: dataset.attrs[name] for name in told} == told
    assert dataset.attrs["columns_left"] == "; ".join(HEADS[: columns - 2])


def test_luqy__without_its_heading_is_no_luqy(tmp_path):
    path = luqy(tmp_path / "other.txt", first="Wave number (1/cm)")
    with pytest.raises((FormatError, CalibrationError), match=r"other\.txt"):
        raw.read(path, "plqy", {}, None)


def test_luqy__cut_within_a_row_is_refused(tmp_path):
    path = luqy(tmp_path / "cut.txt")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FormatError, match=r"cut\.txt"):
        raw.read(path, "plqy", {}, None)


@pytest.mark.parametrize(
    ("start", "points", "stated", "gap"),
    [
        ("GaAs5", 1510, 0.9693, 1.424),
        ("0_1_0", 1477, 0.0677, 2.095),
        ("100_40", 1024, 0.0400, 1.671),
        ("AA142", 1024, 1.5194, 1.677),
    ],
)
def test_luqy__real_files_state_what_their_manifest_says(realdata, start, points, stated, gap):
    (path,) = (realdata / "pl" / "hzb_abspl").glob(f"{start}*.txt")
    dataset = raw.read(path, "plqy", {}, None)
    assert dataset.sizes == {"wavelength": points}
    assert dataset.attrs["stated_quantum_yield_percent"] == stated
    assert dataset.attrs["stated_band_gap_ev"] == gap


def hamamatsu(path: Path, image: np.ndarray, wavelength: np.ndarray, calibrated: bool = True):
    """An image as HPD-TA writes it: header, comment in sections, pixels, then the axes."""
    height, width = image.shape

    def comment(at: int) -> bytes:
        x = f'2,ScalingXScalingFile="#{at},{width}"' if calibrated else '1,ScalingXScalingFile=""'
        text = (
            '[Application],Date="11/24/2026",Time="12:00:00.000"\r\n'
            '[Acquisition],NrExposure=1,ExposureTime="10 ms",AcqMode=1,pntBinning="1,1"\r\n'
            '[Spectrograph],Wavelength="520",Grating="150 g/mm",Ruling="150",Blaze="500"\r\n'
            f'[Scaling],ScalingXType={x},ScalingXUnit="nm",ScalingYType=1,'
            'ScalingYScalingFile="",ScalingYUnit="No unit"'
        )
        return text.encode("ascii")

    size = len(comment(0)) + len(str(10**5)) - 1
    at = 64 + size + image.size * 2
    words = comment(at)
    words += b" " * (size - len(words))
    head = struct.pack(
        "<2s6hihhd4s30s", b"IM", size, width, height, 0, 0, 2, 1, 0, 0, 0.0, b"", b""
    )
    axis = np.asarray(wavelength, "<f4").tobytes()
    path.write_bytes(head + words + np.asarray(image, "<u2").tobytes() + axis)
    return path


IMAGE = np.arange(12 * 30).reshape(12, 30)


def test_hamamatsu__rows_add_up_to_a_spectrum_along_wavelength(tmp_path):
    wavelength = np.linspace(400, 690, 30)
    path = hamamatsu(tmp_path / "sphere.img", IMAGE, wavelength)
    dataset = raw.read(path, "plqy", {}, None)
    contracts.check(dataset, RAW["plqy"], "img")
    np.testing.assert_allclose(dataset["wavelength"], wavelength, rtol=1e-6)
    np.testing.assert_array_equal(dataset["intensity"], IMAGE.sum(axis=0))
    assert "sum of the 12 rows" in dataset.attrs["reader_warnings"]
    assert dataset.attrs["source_format"] == "hamamatsu"
    assert [one.techniques for one in raw.contents(path)] == [("pl", "plqy")]


def test_hamamatsu__axis_that_falls_is_turned(tmp_path):
    wavelength = np.linspace(690, 400, 30)
    dataset = raw.read(hamamatsu(tmp_path / "a.img", IMAGE, wavelength), "pl", {}, None)
    np.testing.assert_allclose(dataset["wavelength"], wavelength[::-1], rtol=1e-6)
    np.testing.assert_array_equal(dataset["intensity"], IMAGE.sum(axis=0)[::-1])


def test_hamamatsu__without_wavelengths_is_refused(tmp_path):
    path = hamamatsu(tmp_path / "a.img", IMAGE, np.zeros(30), calibrated=False)
    with pytest.raises(CalibrationError, match=r"a\.img.*no wavelength"):
        raw.read(path, "plqy", {}, None)


@pytest.mark.parametrize("size", [20, 300, 900])
def test_hamamatsu__truncated_is_refused(tmp_path, size):
    path = hamamatsu(tmp_path / "a.img", IMAGE, np.linspace(400, 690, 30))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FormatError, match=r"a\.img"):
        raw.read(path, "plqy", {}, None)


def test_text_that_begins_like_a_hamamatsu_image__is_text(tmp_path):
    path = tmp_path / "impedance.txt"
    rows = "".join(f"{400 + n}\t{n * n}\n" for n in range(30))
    path.write_text(f"IM 1\nWavelength (nm)\tIntensity (counts)\n{rows}")
    assert raw.read(path, "plqy", {}, None).sizes == {"wavelength": 30}


def test_image_of_jeol__is_not_taken_for_one_of_hamamatsu(tmp_path):
    theirs = tmp_path / "view.img"
    theirs.write_bytes(b"\x34\x00\x00\x00" + bytes(200))
    ours = hamamatsu(tmp_path / "sphere.img", IMAGE, np.linspace(400, 690, 30))
    assert [sniff.format_of(path) for path in (theirs, ours)] == ["img", "hamamatsu"]
