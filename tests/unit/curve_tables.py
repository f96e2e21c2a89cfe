"""Tables of curves as spreadsheets and instruments write them, and what they must be read as."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW

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


def perkin_elmer(flag: str = "A", **changes: str) -> str:
    lines = ["PE UV       SUBTECH     SPECTRUM    ASCII       PEDS        4.00        ", "   -1"]
    lines += ["cspbbr3.Sample.Raw.asc", "24/02/27", "16:45:12.00", "24/02/27", "16:45:12.00"]
    lines += ["Ada", "", "400.000000", "1", "Lambda 950", *["0"] * 62, "#HDR", "-1", "-1", "#GR"]
    block = {"unit": "nm", "flag": flag, "factor": "1.0", "offset": "0.0", "first": "700.0"}
    block |= {"step": "-10.0", "points": "31", "digits": "8", "most": "1", "least": "0"}
    lines += [*(block | changes).values(), "#DATA"]
    rows = [f"{x:.6f}\t{y:.6f}" for x, y in zip(WAVELENGTH[::-1], COUNTS[::-1] / 1e4, strict=True)]
    return "\r\n".join(lines + rows) + "\r\n"


def headless(technique: str) -> str:
    return table(COLUMNS[technique]).partition("\n")[2]


PL = table(COLUMNS["pl"])


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
