"""Tables of curves: every dialect, sign and unit gives the same Dataset, or is refused."""

import contextlib
import json
import random
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import constants

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import CalibrationError, FormatError, NanostitchError

RNG = np.random.default_rng(11)
WAVELENGTH = np.linspace(400, 700, 31)
COUNTS = np.round(1e4 * np.exp(-(((WAVELENGTH - 520) / 15) ** 2)) + RNG.uniform(1, 9, 31), 4)
FREQUENCY = np.round(np.geomspace(0.1, 1e5, 31), 6)
R0, R1, C1 = 50.0, 1e3, 1e-6
Z = R0 + R1 / (1 + 2j * np.pi * FREQUENCY * R1 * C1)
VOLTAGE = np.round(np.concatenate([np.linspace(-1, 1, 21), np.linspace(0.9, -1, 20)]), 6)
CURRENT = VOLTAGE * 2e-6 + 1e-7

COLUMNS: dict[str, dict[str, np.ndarray]] = {
    "absorption": {"Wavelength (nm)": WAVELENGTH, "Absorbance": COUNTS / 1e4},
    "pl": {"Wavelength (nm)": WAVELENGTH, "Intensity (counts)": COUNTS},
    "plqy": {"Wavelength [nm]": WAVELENGTH, "Counts": COUNTS},
    "iv": {"Index": 1.0 + np.arange(41), "Voltage (V)": VOLTAGE, "Current (A)": CURRENT},
    "eis": {"Frequency (Hz)": FREQUENCY, "Z' (ohm)": Z.real, "-Z'' (ohm)": -Z.imag},
}
DIALECTS = [(d, p) for d in ("\t", ";", ",", ", ") for p in ".," if (d[0], p) != (",", ",")]


def table(
    columns: Mapping[str, np.ndarray], delimiter: str = "\t", decimal: str = ".", above: str = ""
) -> str:
    rows = zip(*columns.values(), strict=True)
    cells = [[f"{x:.12e}".replace(".", decimal) for x in row] for row in rows]
    lines = [delimiter.join(row) for row in cells]
    return above + "\n".join([delimiter.join(columns), *lines]) + "\n"


def save(folder: Path, text: str, name: str = "curve.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, technique: str, name: str = "curve.txt", **told) -> xr.Dataset:
    dataset = raw.read(save(folder, text, name), technique, told, None)
    return contracts.check(dataset, RAW[technique], name)


def values(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    return {str(name): array.values for name, array in dataset.variables.items()}


TRUTH = {
    "absorption": {"wavelength": WAVELENGTH, "absorbance": COUNTS / 1e4},
    "pl": {"wavelength": WAVELENGTH, "intensity": COUNTS},
    "plqy": {"wavelength": WAVELENGTH, "intensity": COUNTS},
    "iv": {"voltage": VOLTAGE, "current": CURRENT},
    "eis": {"frequency": FREQUENCY, "impedance_real": Z.real, "impedance_imag": Z.imag},
}


def same(dataset: xr.Dataset, truth: Mapping[str, np.ndarray], rtol: float = 1e-9) -> None:
    assert set(dataset.variables) == set(truth)
    for name, array in truth.items():
        np.testing.assert_allclose(dataset[name], array, rtol=rtol, err_msg=name)


@pytest.mark.parametrize("technique", TRUTH)
@pytest.mark.parametrize(("delimiter", "decimal"), DIALECTS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_table__reads_the_same_in_every_dialect(
    tmp_path: Path, technique: str, delimiter: str, decimal: str, newline: str, encoding: str
) -> None:
    above = "# sample 5 µm\nOperator: A, B\n"
    text = table(COLUMNS[technique], delimiter, decimal, above).replace("\n", newline)
    dataset = raw.read(save(tmp_path, text, encoding=encoding), technique, {}, None)

    same(contracts.check(dataset, RAW[technique], technique), TRUTH[technique])


@st.composite
def dialects(draw: st.DrawFn) -> tuple[str, bool]:
    """One table of the circuit's impedance, and whether it is one that must be readable."""
    delimiter, decimal = draw(st.sampled_from(DIALECTS))
    prefix, scale = draw(st.sampled_from([("", 1.0), ("k", 1e-3), ("m", 1e3), ("M", 1e-6)]))
    ohm = draw(st.sampled_from(["ohm", "Ohm", "Ω", "\u2126"]))
    sign = draw(st.sampled_from([1, -1]))
    hertz, per_hertz = draw(st.sampled_from([("Hz", 1.0), ("kHz", 1e-3), ("mHz", 1e3)]))
    name = draw(st.sampled_from(["Z''", "Zim", "Im(Z)", "Z″"]))
    columns = {
        f"Frequency ({hertz})": FREQUENCY * per_hertz,
        f"Z' ({prefix}{ohm})": Z.real * scale,
        f"{'-' if sign < 0 else ''}{name}/{prefix}{ohm}": sign * Z.imag * scale,
    }
    if draw(st.booleans()):
        columns |= {"Modulus (ohm)": abs(Z), "-Phase (°)": -np.angle(Z, deg=True)}
    order = draw(st.permutations(list(columns)))
    step = draw(st.sampled_from([1, -1]))
    return table({key: columns[key][::step] for key in order}, delimiter, decimal), step > 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=dialects())
def test_impedance__signs_units_and_orders_are_equivalent(tmp_path: Path, case) -> None:
    same(read(tmp_path, case[0], "eis"), TRUTH["eis"])


@pytest.mark.parametrize(
    "columns",
    [
        {"f (Hz)": FREQUENCY, "|Z| (ohm)": abs(Z), "phase (deg)": np.angle(Z, deg=True)},
        {"f (Hz)": FREQUENCY, "|Z| (ohm)": abs(Z), "-phase (deg)": -np.angle(Z, deg=True)},
        {"freq/Hz": FREQUENCY, "|Z|/kOhm": abs(Z) / 1e3, "Phase(Z)/rad": np.angle(Z)},
        {"f (Hz)": FREQUENCY, "-Z' (ohm)": -Z.real, "-Z'' (ohm)": -Z.imag},
    ],
)
def test_impedance__polar_and_cartesian_are_equivalent(tmp_path: Path, columns: dict) -> None:
    same(read(tmp_path, table(columns), "eis"), TRUTH["eis"])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Phase (°)": -np.angle(Z, deg=True)}, "opposite sign"),
        ({"Z (Ω)": abs(Z) / 1e3}, "modulus and phase"),
        ({"Z (Ω)": np.where(np.arange(31) == 7, 2, 1) * abs(Z)}, "point 8"),
    ],
)
def test_impedance__that_contradicts_itself_is_refused(
    tmp_path: Path, changed: dict, says: str
) -> None:
    columns = {"Frequency (Hz)": FREQUENCY, "Z' (Ω)": Z.real, "Z'' (Ω)": Z.imag}
    columns |= {"Z (Ω)": abs(Z), "Phase (°)": np.angle(Z, deg=True)} | changed
    with pytest.raises(FormatError, match=f"curve.txt.*{says}.*headings"):
        read(tmp_path, table(columns), "eis")


def test_impedance__of_a_resistor_with_noise_about_zero_phase_is_no_contradiction(
    tmp_path: Path,
) -> None:
    z = 100 + 1j * RNG.normal(0, 0.05, 31)
    columns = {"Frequency (Hz)": FREQUENCY, "Z' (Ω)": z.real, "Z'' (Ω)": z.imag}
    phase = np.round(np.angle(z, deg=True), 1)
    dataset = read(tmp_path, table(columns | {"Phase (°)": phase}), "eis")
    np.testing.assert_allclose(dataset["impedance_imag"], z.imag, rtol=1e-9)


def nova(delimiter: str, decimal: str, ohm: str) -> str:
    columns = {
        "Index": 1.0 + np.arange(31),
        "Frequency (Hz)": FREQUENCY[::-1],
        f"Z' ({ohm})": Z.real[::-1],
        f"-Z'' ({ohm})": -Z.imag[::-1],
        f"Z ({ohm})": abs(Z)[::-1],
        "-Phase (°)": -np.angle(Z, deg=True)[::-1],
        "Time (s)": 1.0 * np.arange(31),
    }
    return table(columns, delimiter, decimal)


@pytest.mark.parametrize(
    ("delimiter", "decimal"), [("\t", "."), ("\t", ","), (";", ","), (",", ".")]
)
@pytest.mark.parametrize(
    ("encoding", "ohm"),
    [
        ("utf-8", "Ω"),
        ("utf-8-sig", "\u2126"),
        ("latin-1", "?"),
        ("utf-16", "Ω"),
        ("utf-8", "\ufffd"),
    ],
)
def test_nova__unit_lost_in_encoding_is_that_of_its_format(
    tmp_path: Path, delimiter: str, decimal: str, encoding: str, ohm: str
) -> None:
    path = save(tmp_path, nova(delimiter, decimal, ohm), encoding=encoding)
    dataset = raw.read(path, "eis", {}, None)
    same(dataset, TRUTH["eis"] | {"time": 1.0 * np.arange(31)[::-1]})
    assert dataset.attrs["source_format"] == "nova-ascii"


def test_unit__lost_elsewhere_must_be_told(tmp_path: Path) -> None:
    text = table({"f (Hz)": FREQUENCY, "Z' (?)": Z.real, "Z'' (?)": Z.imag})
    with pytest.raises(CalibrationError, match=r"curve.txt.*Z' \(\?\).*headings"):
        read(tmp_path, text, "eis")


def test_unit__that_is_missing_is_asked_for_with_what_to_tell(tmp_path: Path) -> None:
    text = table({"f": FREQUENCY, "Zre": Z.real, "-Zim": -Z.imag})
    with pytest.raises(CalibrationError, match="'f' states no unit") as caught:
        read(tmp_path, text, "eis")

    told = str(caught.value).rpartition("such as: ")[2]
    dataset = read(tmp_path, text, "eis", headings=told)
    same(dataset, TRUTH["eis"])
    assert json.loads(dataset.attrs["told"]) == {"headings": {"told": told, "file": "f; Zre; -Zim"}}


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("V", 1.0), ("mV", 1e3), ("µV", 1e6), ("\u03bcV", 1e6), ("uV", 1e6), ("Volts", 1.0)],
)
@pytest.mark.parametrize(("ampere", "per"), [("A", 1.0), ("mA", 1e3), ("µA", 1e6), ("nA", 1e9)])
def test_iv__units_are_converted(
    tmp_path: Path, unit: str, factor: float, ampere: str, per: float
) -> None:
    columns = {f"V [{unit}]": VOLTAGE * factor, f"I [{ampere}]": CURRENT * per}
    same(read(tmp_path, table(columns), "iv"), TRUTH["iv"])


@pytest.mark.parametrize("unit", ["MA", "mA/cm2", "W", ""])
def test_iv__current_in_no_sure_unit_is_refused(tmp_path: Path, unit: str) -> None:
    columns = {"Voltage (V)": VOLTAGE, f"Current ({unit})": CURRENT}
    with pytest.raises(CalibrationError, match="curve.txt.*Current.*headings"):
        read(tmp_path, table(columns), "iv")


def test_iv__keeps_the_order_of_the_sweep_its_time_and_what_the_header_says(
    tmp_path: Path,
) -> None:
    above = "Instrument: Keithley 2400\nSweep rate: 47 mV/s\nCompliance [A]:\t1.0E-3\nSweep: 3\n"
    seconds = np.arange(41) / 4
    text = table(COLUMNS["iv"] | {"Time (s)": seconds}, above=above)
    dataset = read(tmp_path, text, "iv", "curve.csv")

    same(dataset, TRUTH["iv"] | {"time": seconds})
    assert dataset.attrs["sweep_rate_v_per_s"] == pytest.approx(0.047)
    assert dataset.attrs["compliance_a"] == pytest.approx(1e-3)
    assert dataset.attrs["instrument"] == "Keithley 2400"
    assert dataset.attrs["columns_left"] == "Index"


def test_iv__overflow_of_the_meter_is_no_number(tmp_path: Path) -> None:
    current = CURRENT.copy()
    current[5], current[9] = 9.9e37, 9.91e37
    dataset = read(tmp_path, table({"Voltage (V)": VOLTAGE, "Current (A)": current}), "iv")

    assert np.flatnonzero(np.isnan(dataset["current"])).tolist() == [5, 9]
    assert dataset.attrs["non_finite_count"] == 2
    assert "overflow" in dataset.attrs["reader_warnings"]


def test_iv__several_curves_side_by_side_are_refused(tmp_path: Path) -> None:
    columns = {"Voltage (V)": VOLTAGE, "Current (A)": CURRENT, "Current (mA)": CURRENT}
    with pytest.raises(FormatError, match=r"'Current \(A\)' and 'Current \(mA\)'.*headings"):
        read(tmp_path, table(columns), "iv")

    told = {"headings": "Voltage (V); Current (A); -"}
    same(read(tmp_path, table(columns), "iv", **told), TRUTH["iv"])


@pytest.mark.parametrize(
    ("heading", "stored", "name"),
    [
        ("%T", 100.0, "transmittance"),
        ("Transmittance (%)", 100.0, "transmittance"),
        ("transmission (1)", 1.0, "transmittance"),
        ("Abs", 1.0, "absorbance"),
        ("OD", 1.0, "absorbance"),
        ("Absorbance (mOD)", 1e3, "absorbance"),
        ("Optical density", 1.0, "absorbance"),
    ],
)
def test_absorption__is_absorbance_or_transmittance_of_one(
    tmp_path: Path, heading: str, stored: float, name: str
) -> None:
    text = table({"nm": WAVELENGTH[::-1], heading: stored * COUNTS[::-1] / 2e4})
    same(read(tmp_path, text, "absorption"), {"wavelength": WAVELENGTH, name: COUNTS / 2e4})


@pytest.mark.parametrize("heading", ["Transmittance", "Absorption", "Absorptance (%)", "%R", "T"])
def test_absorption__that_says_neither_is_refused_and_told_how(
    tmp_path: Path, heading: str
) -> None:
    text = table({"Wavelength (nm)": WAVELENGTH, heading: COUNTS / 1e4})
    with pytest.raises(NanostitchError, match="curve.txt.*headings of acquisitions.tsv"):
        read(tmp_path, text, "absorption")

    dataset = read(tmp_path, text, "absorption", headings="Wavelength (nm); Absorbance")
    same(dataset, TRUTH["absorption"])


def perkin_elmer(flag: str = "A", **changes: str) -> str:
    lines = ["PE UV       SUBTECH     SPECTRUM    ASCII       PEDS        4.00        ", "   -1"]
    lines += ["cspbbr3.Sample.Raw.asc", "24/02/27", "16:45:12.00", "24/02/27", "16:45:12.00"]
    lines += ["Ada", "", "400.000000", "1", "Lambda 950", *["0"] * 62, "#HDR", "-1", "-1", "#GR"]
    block = {"unit": "nm", "flag": flag, "factor": "1.0", "offset": "0.0", "first": "700.0"}
    block |= {"step": "-10.0", "points": "31", "digits": "8", "most": "1", "least": "0"}
    lines += [*(block | changes).values(), "#DATA"]
    rows = [f"{x:.6f}\t{y:.6f}" for x, y in zip(WAVELENGTH[::-1], COUNTS[::-1] / 1e4, strict=True)]
    return "\r\n".join(lines + rows) + "\r\n"


def test_perkin_elmer__reads_the_same_with_decimal_commas(tmp_path: Path) -> None:
    point = read(tmp_path, perkin_elmer(), "absorption", "a.asc")
    comma = read(tmp_path, perkin_elmer().replace(".", ","), "absorption", "b.asc")

    truth = {"wavelength": WAVELENGTH, "absorbance": np.round(COUNTS / 1e4, 6)}
    same(point, truth)
    same(comma, truth)
    assert point.attrs["acquisition_date"] == "2024-02-27"
    assert point.attrs["instrument"] == "Lambda 950"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (perkin_elmer("%R"), "%R"),
        (perkin_elmer("") + "", "headings"),
        (perkin_elmer(points="32"), "32 points, but 31"),
        (perkin_elmer(factor="2.0"), "factor 1 and offset 0"),
        (perkin_elmer(unit="furlong"), "furlong"),
        (perkin_elmer().replace("#DATA", ""), "DATA"),
        (perkin_elmer().replace("#GR", ""), "PerkinElmer"),
        (perkin_elmer().replace("650.000000\t", "650.00x000\t"), "line 95"),
    ],
)
def test_perkin_elmer__that_is_unclear_or_damaged_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)a.asc.*{says}"):
        read(tmp_path, text, "absorption", "a.asc")


def fluorolog(labels: bool, channels: Mapping[str, np.ndarray]) -> str:
    units = {"S1": "CPS", "S1c": "CPS", "R1c": "µA", "S1c / R1c": "CPS / µA"}
    rows = [["Wavelength", *channels], ["nm", *(units[name] for name in channels)]]
    rows += [["", *[""] * len(channels)]]
    rows += [[f"{x}" for x in row] for row in zip(WAVELENGTH, *channels.values(), strict=True)]
    if labels:
        marks = ["Long Name", "Units", "Comments", *map(str, range(1, 32))]
        rows = [[mark, *row] for mark, row in zip(marks, rows, strict=True)]
    return "\r\n".join("\t".join(row) for row in rows) + "\r\n"


@pytest.mark.parametrize("labels", [False, True])
def test_fluorolog__corrected_signal_with_its_reference(tmp_path: Path, labels: bool) -> None:
    lamp = 1 + WAVELENGTH / 1e4
    channels = {"S1": COUNTS * 2, "R1c": lamp, "S1c / R1c": COUNTS / lamp, "S1c": COUNTS}
    dataset = read(tmp_path, fluorolog(labels, channels), "pl", "scan.dat")

    same(dataset, TRUTH["pl"] | {"reference": lamp})
    assert dataset.attrs["intensity_unit"] == "CPS"
    assert dataset.attrs["reference_unit"] == "µA"
    assert "S1c (CPS) is intensity" in dataset.attrs["columns_read"]
    assert "S1 (CPS)" in dataset.attrs["columns_left"]


def test_fluorolog__only_uncorrected_signal_is_said_to_be_so(tmp_path: Path) -> None:
    dataset = read(tmp_path, fluorolog(False, {"S1": COUNTS}), "pl", "scan.dat")

    same(dataset, TRUTH["pl"])
    assert "S1 (CPS) is intensity" in dataset.attrs["columns_read"]


@pytest.mark.parametrize(
    ("heading", "positions"),
    [
        ("Wavelength (µm)", WAVELENGTH / 1e3),
        ("Wavelength (Å)", WAVELENGTH * 10),
        ("Photon energy (eV)", 1e9 * constants.h * constants.c / constants.e / WAVELENGTH),
        ("Energy (meV)", 1e12 * constants.h * constants.c / constants.e / WAVELENGTH),
    ],
)
def test_wavelength__is_converted_and_rises(tmp_path: Path, heading: str, positions) -> None:
    dataset = read(tmp_path, table({heading: positions, "Counts": COUNTS}), "pl")

    same(dataset, TRUTH["pl"])
    energy = "nergy" in heading
    assert ("Jacobian" in dataset["wavelength"].attrs.get("comment", "")) == energy


def test_energy__alone_stays_an_energy_loss_unless_light_is_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path, table({"Energy (eV)": WAVELENGTH, "Counts": COUNTS}))

    assert raw.contents(path)[0].techniques == ("eels", "edx")
    loss = raw.read(path, "eels", {"beam_energy_kev": 60.0}, None)
    np.testing.assert_allclose(loss["energy"], WAVELENGTH)
    assert raw.read(path, "pl", {}, None)["wavelength"].attrs["units"] == "nm"


def headless(technique: str) -> str:
    return table(COLUMNS[technique]).partition("\n")[2]


@pytest.mark.parametrize("technique", TRUTH)
def test_table_without_headings__is_read_as_told_or_not_at_all(
    tmp_path: Path, technique: str
) -> None:
    with pytest.raises(CalibrationError, match="curve.txt.*headings of acquisitions.tsv"):
        read(tmp_path, headless(technique), technique)

    told = "; ".join(COLUMNS[technique]).replace("Index", "-")
    dataset = read(tmp_path, headless(technique), technique, headings=told)
    same(dataset, TRUTH[technique])
    assert json.loads(dataset.attrs["told"])["headings"] == {"told": told, "file": None}


@pytest.mark.parametrize(
    ("technique", "told", "says"),
    [
        ("pl", {"headings": "wavelength (nm)"}, "names no pl"),
        ("pl", {"headings": "wavelength (nm); intensity; -"}, "no row of numbers for 3 columns"),
        ("pl", {"headings": "wavelength (furlong); intensity"}, "'furlong'"),
        ("pl", {"beam_energy_kev": 60.0}, "beam_energy_kev.*clear the cell"),
        ("iv", {"energy_unit": "eV"}, "energy_unit.*clear the cell"),
        ("eels", {"headings": "energy (eV); counts"}, "headings.*clear the cell"),
    ],
)
def test_told__that_cannot_hold_is_refused(
    tmp_path: Path, technique: str, told: dict, says: str
) -> None:
    with pytest.raises(NanostitchError, match=f"curve.txt.*{says}"):
        raw.read(save(tmp_path, headless("pl")), technique, told, None)


SWEEPS = table({"Frequency (Hz)": FREQUENCY, "Z' (ohm)": Z.real, "Z'' (ohm)": Z.imag})


@pytest.mark.parametrize("headings_again", [False, True])
def test_several_sweeps__are_refused_unless_one_is_named(
    tmp_path: Path, headings_again: bool
) -> None:
    second = table({"Frequency (Hz)": FREQUENCY, "Z' (ohm)": 2 * Z.real, "Z'' (ohm)": 2 * Z.imag})
    path = save(tmp_path, SWEEPS + (second if headings_again else second.partition("\n")[2]))

    with pytest.raises(FormatError, match="2 datasets could be eis; name one in column dataset"):
        raw.read(path, "eis", {}, None)
    for index, factor in enumerate((1, 2)):
        dataset = raw.read(path, "eis", {}, str(index))
        np.testing.assert_allclose(dataset["impedance_real"], factor * Z.real, rtol=1e-9)
    titles = [content.title for content in raw.contents(path)]
    assert len(set(titles)) == 2
    assert raw.read(path, "eis", {}, titles[1]).attrs["title"] == titles[1]


PL = table(COLUMNS["pl"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PL + "700,5;3\n", "line 33"),
        (PL.replace("5.200000000000e+02", "x"), "line 14"),
        (PL.replace("5.200000000000e+02\t", "5.200000000000e+02\t\t"), "line 14"),
        (PL.replace("5.200000000000e+02", "5.100000000000e+02"), "neither rises nor falls|sweep"),
        (PL.replace("4.000000000000e+02", "0.000000000000e+00"), "must be positive"),
        (PL.replace("4.000000000000e+02", "nan"), "must be positive"),
        ("\n".join(PL.split("\n")[:3]), "3 points or more"),
        (PL.split("\n")[0] + "\n", "no row of numbers"),
        (PL + "\n\n" + PL.split("\n")[0], "no row of numbers"),
        (table(COLUMNS["pl"], ";", ",").replace(";", ","), "both decimal marks and delimiters"),
        ("Wavelength (nm);Counts\n400;1,500\n410;2,500\n420;3,500\n", "thousands"),
        ("Wavelength (nm);Counts\n400;1,5\n410;2.5\n420;3,5\n", "line 3.*one decimal mark"),
        ("Wavelength (nm);Counts\n400;1_0\n410;2_5\n420;3_5\n", "no row of numbers"),
        ('{"Wavelength (nm)": [1, 2, 3], "Counts": [1, 2, 3]}', "JSON"),
        ("<a>\nWavelength (nm);Counts\n400;1\n410;2\n420;3\n", "XML"),
    ],
)
def test_table__that_could_be_misread_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)curve.txt.*({says})"):
        read(tmp_path, text, "pl")


def test_words__around_a_table_lose_nothing(tmp_path: Path) -> None:
    lines = PL.strip().split("\n")
    text = "\n".join(["Wavelength scan", *lines[:9], "# paused", "", *lines[9:], "end of data"])
    same(read(tmp_path, text, "pl"), TRUTH["pl"])


def test_hostile_sizes__end_soon_and_clearly(tmp_path: Path, monkeypatch) -> None:
    many = "Wavelength (nm)\tCounts\n" + "400\t1\n" * 20_001
    wide = "\t".join(["Wavelength (nm)", "Counts"] * 200_000) + "\n" + PL
    deep = "(" * 100_000 + "Wavelength (nm)\tCounts\n" + PL
    lines = "x\n" * 1_000_001
    monkeypatch.setattr("nanostitch.raw.rows.MAX_ROWS", 20_000)
    for text, says in ((many, "20000 rows"), (wide, None), (deep, None), (lines, "lines")):
        start = time.monotonic()
        if says is None:
            same(read(tmp_path, text, "pl"), TRUTH["pl"])
        else:
            with pytest.raises(FormatError, match=f"curve.txt.*{says}"):
                read(tmp_path, text, "pl")
        assert time.monotonic() - start < 5
    monkeypatch.setattr("nanostitch.raw.tables._MAX_BYTES", 100)
    with pytest.raises(FormatError, match="curve.txt.*100"):
        read(tmp_path, PL, "pl")


def lvm(x_columns: str, decimal: str = ".", separator: str = "\t", **changes: str) -> str:
    """I-V as LabVIEW writes it, one point every quarter of a second."""
    names = {"first": "Voltage", "second": "Current", "v": "Volts", "i": "Amps", "n": "41"}
    names |= changes
    multi = x_columns == "Multi"
    gap = [""] if multi else []
    head = [["LabVIEW Measurement"], ["Writer_Version", "2"], ["Reader_Version", "2"]]
    head += [["Separator", "Tab" if separator == "\t" else "Comma"]]
    head += [["Decimal_Separator", decimal], ["Multi_Headings", "No"], ["X_Columns", x_columns]]
    head += [["***End_of_Header***"], [""], ["Channels", "2"]]
    head += [["Samples", names["n"], *gap, names["n"]]]
    head += [["Y_Unit_Label", names["v"], *gap, names["i"]], ["X_Dimension", "Time", *gap, "Time"]]
    head += [["X0", "0.0", *gap, "0.0"], ["Delta_X", "0.25", *gap, "0.25"]]
    head += [["***End_of_Header***"]]
    x = ["X_Value"] if multi else []
    head += [["X_Value", names["first"], *x, names["second"], "Comment"]]
    rows = []
    for k, (v, i) in enumerate(zip(VOLTAGE, CURRENT, strict=True)):
        at = "" if x_columns == "No" else f"{k / 4:.6f}"
        rows.append([at, f"{v:.12e}", *([at] if multi else []), f"{i:.12e}"])
    cells = [[cell.replace(".", decimal) for cell in row] for row in head[10:] + rows]
    return "\n".join(separator.join(row) for row in head[:10] + cells) + "\n"


TIMED = TRUTH["iv"] | {"time": np.arange(41) / 4}


@pytest.mark.parametrize("x_columns", ["No", "One", "Multi"])
@pytest.mark.parametrize(("separator", "decimal"), [("\t", "."), ("\t", ","), (",", ".")])
def test_lvm__reads_the_same_with_every_kind_of_x(
    tmp_path: Path, x_columns: str, separator: str, decimal: str
) -> None:
    dataset = read(tmp_path, lvm(x_columns, decimal, separator), "iv", "sweep.lvm")

    same(dataset, TIMED)
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.lvm"]


@pytest.mark.parametrize(
    "names",
    [
        {"first": "Untitled", "second": "Untitled 1"},
        {"first": "Dev0/Ai0", "second": "Current"},
        {"first": "Voltage (V)", "second": "Current (A)", "v": "", "i": ""},
        {"first": "Voltage (mV)", "v": "mV"},
    ],
)
def test_lvm__channels_are_known_by_name_or_unit(tmp_path: Path, names: dict) -> None:
    text = lvm("One", **names)
    milli = 1e-3 if names.get("v") == "mV" else 1.0
    same(read(tmp_path, text, "iv", "a.lvm"), TIMED | {"voltage": milli * VOLTAGE})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (lvm("One", second="Force", i="N"), r"Force \(N\)"),
        (lvm("One", i="Volts"), "Volts"),
        (lvm("One", second="Current (mA)"), "by its name and Amps by its"),
        (lvm("One", n="42"), "42 samples, but 41"),
        (lvm("One").rpartition("***End")[0], "channels"),
        (lvm("One").partition("***End")[0], "End_of_Header"),
        (lvm("One").replace("0.250000\t", "0.25x\t"), "line 20|outside"),
        (lvm("One").replace("Separator\tTab", "Separator\tPipe"), "Pipe"),
        (lvm("One", first="Untitled", second="Untitled 1", i="Volts"), "Untitled 1"),
        (lvm("Multi").replace("\t0.500000\t", "\t0.600000\t"), "different times"),
        (lvm("One") + "garbage\t1\t2\n", "garbage"),
        (lvm("One").replace("-1.000000000000e+00", "-1,000000000000e+00"), "decimal mark"),
    ],
)
def test_lvm__without_two_sure_channels_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(NanostitchError, match=f"(?s)a.lvm.*({says})"):
        read(tmp_path, text, "iv", "a.lvm")


def test_lvm__empty_rows_at_the_end_are_left_out_and_gaps_are_counted(tmp_path: Path) -> None:
    lines = lvm("One", n="44").rstrip().split("\n")
    lines += [f"{k}\t\t" for k in (11, 12, 13)]
    cells = lines[20].split("\t")
    lines[20] = "\t".join([cells[0], cells[1], ""])
    dataset = read(tmp_path, "\n".join(lines), "iv", "a.lvm")

    assert dataset.sizes == {"point": 41}
    assert dataset.attrs["non_finite_count"] == 1
    assert "3 rows" in dataset.attrs["reader_warnings"]


@pytest.mark.parametrize(
    ("technique", "techniques"),
    [
        ("absorption", ("absorption",)),
        ("pl", ("pl", "plqy")),
        ("iv", ("iv",)),
        ("eis", ("eis",)),
    ],
)
def test_contents_and_preview__know_what_a_table_could_be(
    tmp_path: Path, technique: str, techniques: tuple[str, ...]
) -> None:
    path = save(tmp_path, table(COLUMNS[technique]))
    (content,) = raw.contents(path)

    assert content.techniques == techniques
    assert list(COLUMNS[technique])[-1] in str(content)
    array = raw.preview(path, 0)
    assert array.ndim == 1
    assert array.size == len(next(iter(COLUMNS[technique].values())))


@pytest.mark.parametrize("seed", range(8))
def test_mutation__ends_in_an_error_or_a_dataset(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    texts = [*map(table, COLUMNS.values()), perkin_elmer(), lvm("Multi"), nova("\t", ",", "Ω")]
    for text in texts:
        content = bytearray(text.encode())
        for _ in range(rng.randrange(1, 12)):
            content[rng.randrange(len(content))] = rng.choice(b"\t;,.-\n\x000e9xZ\xff")
        path = tmp_path / "a.txt"
        path.write_bytes(bytes(content[: rng.randrange(len(content))]) if seed % 2 else content)
        for technique in raw.TECHNIQUES:
            with contextlib.suppress(NanostitchError):
                dataset = raw.read(path, technique, {}, None)
                contracts.check(dataset, RAW[technique], technique)
