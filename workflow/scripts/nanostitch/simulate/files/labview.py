"""LabVIEW measurement files (.lvm): tab-separated text with two headers, times in one column."""

from pathlib import Path

import numpy as np

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_DATE, _TIME = "2018/06/15", "12:00:00.0000000000000000000"
"""A constant, so that bytes repeat."""
_CHANNELS = {"voltage_v": ("Voltage", "Volts"), "current_a": ("Current", "Amperes")}
"""Column of ours: name and unit in the file."""
_FIRST = {
    "Writer_Version": "2",
    "Reader_Version": "2",
    "Separator": "Tab",
    "Decimal_Separator": ".",
    "Multi_Headings": "No",
    "X_Columns": "One",
    "Time_Pref": "Absolute",
    "Operator": "laboratory",
    "Description": "",
    "Project": "",
    "Date": _DATE,
    "Time": _TIME,
}
"""The file's header, in LabVIEW's order."""
_FIXED_FROM = 1e-3
"""LabVIEW prints six decimals, and smaller numbers with an exponent."""
_MARKS = {"point": ".", "comma": ","}


def write(path: Path, recording: Columns) -> None:
    """Write a sweep; ``decimal_separator`` in its metadata is ``point`` or ``comma``.

    Parameters
    ----------
    path
        File to write.
    recording
        Columns ``voltage_v``, ``current_a`` and ``time_s``.
    """
    mark = _MARKS[str(recording.metadata.get("decimal_separator", "point"))]
    values = recording.values
    rows = zip(values["time_s"], *(values[name] for name in _CHANNELS), strict=True)
    body = ["\t".join(map(_number, row)).replace(".", mark) for row in rows]
    lines = [*_header(recording, mark), *body]
    with replacing(path) as partial:
        partial.write_bytes("".join(line + "\r\n" for line in lines).encode("latin-1"))


def _header(recording: Columns, mark: str) -> list[str]:
    """Header of the file, and that of its channels with the names of their columns."""
    about, count = recording.metadata, len(_CHANNELS)
    rate = f"{float(about.get('scan_rate_v_per_s', np.nan)):g}".replace(".", mark)
    first = _FIRST | {
        "Decimal_Separator": mark,
        "Description": f"{about.get('instrument', '')}, {rate} V/s",
        "Project": str(about.get("sample", "")),
        "Time": _TIME.replace(".", mark),
    }
    names, units = zip(*_CHANNELS.values(), strict=True)
    second = {
        "Samples": [str(recording.values["time_s"].size)] * count,
        "Date": [_DATE] * count,
        "Time": [_TIME.replace(".", mark)] * count,
        "Y_Unit_Label": units,
        "X_Dimension": ["Time"] * count,
        "X0": [f"0{mark}0000000000000000E+0"] * count,
        "Delta_X": [f"1{mark}000000"] * count,
    }
    return [
        "LabVIEW Measurement\t",
        *(f"{key}\t{value}" for key, value in first.items()),
        "***End_of_Header***\t",
        "\t",
        "\t".join(["Channels", str(count), *[""] * count]),
        *("\t".join([key, *values, ""]) for key, values in second.items()),
        "***End_of_Header***" + "\t" * (count + 1),
        "\t".join(["X_Value", *names, "Comment"]),
    ]


def _number(value: float) -> str:
    """A number as LabVIEW prints it: ``1.234568E-9``, not ``E-09``."""
    if value == 0 or abs(value) >= _FIXED_FROM:
        return f"{value:.6f}"
    digits, exponent = f"{value:.6E}".split("E")
    return f"{digits}E{int(exponent):+d}"
