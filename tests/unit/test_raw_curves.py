"""Tables of curves: every dialect, sign and unit gives the same Dataset, or is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from curve_tables import (
    COLUMNS,
    COUNTS,
    CURRENT,
    DIALECTS,
    TRUTH,
    VOLTAGE,
    WAVELENGTH,
    headless,
    read,
    same,
    save,
    table,
)
from scipy import constants

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import CalibrationError, FormatError, NanostitchError


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
