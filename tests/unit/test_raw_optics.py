"""Files of optical instruments that are no text tables: each reads as what it says it is."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from nanostitch import raw
from nanostitch.errors import CalibrationError, FormatError, NanostitchError

HC = 1239.8419843
ORIGIN = b"CPYA 4.2673 552#\n"


def block(number: int, content: bytes) -> bytes:
    return struct.pack("<hi", number, len(content)) + content


def sp_text(number: int, text: str) -> bytes:
    return block(number, struct.pack("<2h", 29987, len(text)) + text.encode("latin-1"))


def sp(axis: str = "nm", ordinate: str = "A", points: int = 11, last: float = 400.0) -> bytes:
    """PerkinElmer block file from 500 nm down by 10 nm, values 0, 0.1, 0.2, …."""
    values = 0.1 * np.arange(points)
    members = block(-29838, struct.pack("<h2d", 29981, 500.0, last))
    members += block(-29836, struct.pack("<hd", 29979, -10.0))
    members += block(-29835, struct.pack("<hi", 29995, 11))
    members += sp_text(-29833, axis) + sp_text(-29832, ordinate) + sp_text(-29823, "cell 1")
    members += block(-29828, struct.pack("<hi", 29974, 8 * points) + values.astype("<f8").tobytes())
    return b"PEPE" + b"2D constant interval DataSet file".ljust(40, b"\0") + block(120, members)


def spc(flags: int, exponent: int, data: bytes, axes: tuple[int, int] = (3, 4), spectra: int = 1):
    """Galactic file of 5 points from 500 to 540 nm."""
    head = struct.pack("<BBBbIddI3B", flags, 0x4B, 0, exponent, 5, 500.0, 540.0, spectra, *axes, 0)
    return head.ljust(512, b"\0") + data


def sub(exponent: int = 0) -> bytes:
    return struct.pack("<Bb", 0, exponent).ljust(32, b"\0")


REALS = np.array([1.0, 2.0, 4.0, 2.0, 1.0])
CURVE = sub() + REALS.astype("<f4").tobytes()


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_perkin_elmer_block_file__has_the_curve_that_was_put_in(tmp_path):
    found = raw.read(saved(tmp_path, "a.sp", sp()), "absorption", {}, None)
    np.testing.assert_allclose(found["wavelength"], np.arange(400, 501, 10.0))
    np.testing.assert_allclose(found["absorbance"], np.arange(10, -1, -1) / 10)
    assert found.attrs["sample_name"] == "cell 1"


def test_perkin_elmer_block_file__tells_transmittance_from_absorbance(tmp_path):
    found = raw.read(saved(tmp_path, "a.sp", sp(ordinate="%T")), "absorption", {}, None)
    assert set(found.data_vars) == {"transmittance"}
    assert float(found["transmittance"].max()) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (sp(ordinate="%R"), "reflectance"),
        (sp(points=9), "11 points, but 9"),
        (sp(last=300.0), "do not end at 300"),
        (sp()[:-20], "promises"),
        (sp()[:60], "promises"),
        (b"PEPE" + bytes(100), "without member"),
        (sp(axis="furlong"), "furlong"),
    ],
)
def test_perkin_elmer_block_file__that_is_damaged_or_no_absorption_is_refused(
    tmp_path, content, says
):
    path = saved(tmp_path, "a.sp", content)
    with pytest.raises(NanostitchError, match=f"(?s)a.sp.*{says}"):
        raw.read(path, "absorption", {}, None)


@pytest.mark.parametrize("ordinate", ["A", "%T", "%R"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_perkin_elmer_csv__is_what_its_second_column_says(tmp_path, ordinate, delimiter):
    decimal = "," if delimiter == ";" else "."
    rows = [
        f"{w:.1f}{delimiter}{0.5 + w / 1e4:.4f}".replace(".", decimal) for w in range(800, 700, -5)
    ]
    text = "\r\n".join([f"nm{delimiter}{ordinate}", *rows])
    path = saved(tmp_path, "a.csv", text.encode())
    if ordinate == "%R":
        with pytest.raises(FormatError, match="reflectance"):
            raw.read(path, "absorption", {}, None)
        return
    found = raw.read(path, "absorption", {}, None)
    name, scale = {"A": ("absorbance", 1.0), "%T": ("transmittance", 0.01)}[ordinate]
    assert set(found.data_vars) == {name}
    assert float(found[name].sel(wavelength=800)) == pytest.approx(0.58 * scale)


@pytest.mark.parametrize(
    "content",
    [
        spc(0x80, -128, np.linspace(500, 540, 5).astype("<f4").tobytes() + CURVE),
        spc(0, -128, CURVE),
        spc(0, 4, sub() + (REALS * 2**28).astype("<i4").tobytes()),
        spc(1, 4, sub() + (REALS * 2**12).astype("<i2").tobytes()),
    ],
    ids=["uneven reals", "reals", "long", "short"],
)  # fmt: skip
def test_galactic__values_mean_the_same_however_they_are_stored(tmp_path, content):
    found = raw.read(saved(tmp_path, "a.spc", content), "pl", {}, None)
    np.testing.assert_allclose(found["wavelength"], np.linspace(500, 540, 5))
    np.testing.assert_allclose(found["intensity"], REALS)


def test_galactic__of_lab_calc_swaps_the_halves_of_its_numbers(tmp_path):
    head = struct.pack("<BBh3f2B", 0, 0x4D, 4, 5.0, 500.0, 540.0, 3, 4).ljust(256, b"\0")
    whole = (REALS * 2**28).astype("<u4")
    halves = np.stack([whole >> 16, whole & 0xFFFF], axis=1).astype("<u2")
    found = raw.read(saved(tmp_path, "a.spc", head + halves.tobytes()), "pl", {}, None)
    np.testing.assert_allclose(found["intensity"], REALS)


def test_galactic__of_several_spectra_asks_which(tmp_path):
    each = [sub(-128) + (n * REALS).astype("<f4").tobytes() for n in (1, 2)]
    path = saved(tmp_path, "a.spc", spc(4, 0, b"".join(each), spectra=2))
    with pytest.raises(FormatError, match="2 datasets could be pl"):
        raw.read(path, "pl", {}, None)
    found = raw.read(path, "pl", {}, "1")
    np.testing.assert_allclose(found["intensity"], 2 * REALS)


@pytest.mark.parametrize(
    ("content", "technique", "says"),
    [
        (spc(0, -128, CURVE, axes=(3, 129)), "absorption", "no dataset"),
        (spc(0, -128, CURVE, axes=(3, 10)), "absorption", "no dataset"),
        (spc(0, -128, CURVE, axes=(3, 128)), "absorption", "no unit"),
        (spc(0, -128, CURVE, axes=(13, 4)), "pl", "no dataset"),
        (spc(0, -128, sub() + b"12345"), "pl", "truncated"),
        (spc(0x40, -128, bytes(100)), "pl", "positions of its own"),
        (spc(0, -128, sub(), spectra=5000), "pl", "5000 spectra"),
    ],
)  # fmt: skip
def test_galactic__reflectance_raman_and_damage_are_refused(tmp_path, content, technique, says):
    path = saved(tmp_path, "a.spc", content)
    with pytest.raises(NanostitchError, match=f"(?s)a.spc.*{says}"):
        raw.read(path, technique, {}, None)


@pytest.mark.parametrize("name", ["a.opj", "a.opju", "renamed.dat"])
def test_origin_project__is_refused_with_the_way_to_export(tmp_path, name):
    path = saved(tmp_path, name, ORIGIN + bytes(200))
    with pytest.raises(FormatError, match=r"(?s)Origin.*Export.*ASCII"):
        raw.contents(path)


def test_wavenumber__is_a_photon_energy_and_raman_shift_none(tmp_path):
    text = "Wavenumber (cm-1)\tIntensity (counts)\n" + "".join(
        f"{n}\t{n / 100}\n" for n in range(18000, 20001, 500)
    )
    found = raw.read(saved(tmp_path, "a.txt", text.encode()), "pl", {}, None)
    np.testing.assert_allclose(found["wavelength"], 1e7 / np.arange(20000, 17999, -500.0))
    other = text.replace("Wavenumber", "Raman shift")
    with pytest.raises(NanostitchError):
        raw.read(saved(tmp_path, "b.txt", other.encode()), "pl", {}, None)


def test_real_block_file__is_absorbance_from_4000_to_700_per_cm(realdata):
    found = raw.read(realdata / "uvvis/perkinelmer_sp/spectra.sp", "absorption", {}, None)
    assert found.sizes["wavelength"] == 3301
    assert set(found.data_vars) == {"absorbance"}
    ends = 1e7 / found["wavelength"].to_numpy()[[0, -1]]
    np.testing.assert_allclose(ends, [4000, 700])


def test_real_scintillator__emits_at_423_nm(realdata):
    found = raw.read(realdata / "pl/spc_lamps/BC408_5mmHorizontal.spc", "pl", {}, None)
    assert found.sizes["wavelength"] == 1024
    peak = float(found["wavelength"][int(found["intensity"].to_numpy().argmax())])
    assert peak == pytest.approx(423.5, abs=0.05)


def test_real_labspec_files__agree_on_one_spectrum_in_three_axes(realdata):
    folder = realdata / "pl/jobinyvon"
    names = ("counts", "eV", "abs-cm-1")
    found = [raw.read(folder / f"jobinyvon_test_spec_3s_{n}.xml", "pl", {}, None) for n in names]
    for one in found:
        assert one.sizes["wavelength"] == 34
        # The instrument converts by the index of air; we count wavelengths as those in vacuum.
        np.testing.assert_allclose(one["wavelength"], found[0]["wavelength"], rtol=3e-4)
        assert one.attrs["excitation_wavelength_nm"] == pytest.approx(632.817)
    assert found[0].attrs["intensity_unit"] == "counts"
    # Three seconds of counts against counts per second.
    np.testing.assert_allclose(found[0]["intensity"], 3 * found[1]["intensity"], rtol=0.02)


def test_real_labspec_map__offers_every_pixel_and_raman_shift_is_no_emission(realdata, tmp_path):
    folder = realdata / "pl/jobinyvon"
    with pytest.raises(FormatError, match="6 datasets could be pl"):
        raw.read(folder / "jobinyvon_test_map_x3-y2.xml", "pl", {}, None)
    with pytest.raises((FormatError, CalibrationError)):
        raw.read(folder / "jobinyvon_test_spec_3s_cm-1.xml", "pl", {}, None)
    entity = shutil.copy(folder / "jobinyvon_test_spec.xml", tmp_path / "b.xml")
    text = Path(entity).read_text("utf-8")
    Path(entity).write_text(text.replace("<LSX_Data>", "<!DOCTYPE a><LSX_Data>", 1), "utf-8")
    with pytest.raises(FormatError, match="document type"):
        raw.read(Path(entity), "pl", {}, None)


def test_real_empty_beam__lets_everything_through(realdata):
    path = realdata / "uvvis/perkinelmer_asc/3DM_test01.Probe.Raw.asc"
    found = raw.read(path, "absorption", {}, None)
    assert set(found.data_vars) == {"transmittance"}
    assert float(abs(found["transmittance"] - 1).max()) < 0.003


def test_real_perovskite__emits_at_773_nm(realdata):
    from nanostitch import schema
    from nanostitch.pl import emission

    (path,) = (realdata / "pl/hzb_edinburgh").glob("*.csv")
    found = raw.read(path, "pl", {}, None)
    assert found.attrs["excitation_wavelength_nm"] == pytest.approx(367)
    settings = schema.with_defaults({}, schema.load("pl"))["emission"]
    measured = emission.measure(found, None, **settings | {"draws": 200})
    assert float(measured["highest_point"]) == 773
    # The top is flat from 764 to 776 nm within the noise of 3 %: 773 nm is its highest point.
    low, high = (float(measured[f"peak_wavelength{end}"]) for end in ("_lower", "_upper"))
    assert 764 < low < high < 776
    assert HC / float(measured["peak_wavelength"]) > float(measured["peak_energy"])
