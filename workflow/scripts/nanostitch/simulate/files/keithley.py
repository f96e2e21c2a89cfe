"""Comma-separated export of a source meter: a few lines about the sweep, then its columns."""

from pathlib import Path

from nanostitch.atomic import replacing
from nanostitch.simulate.recording import Columns

_DATE = "2018-06-15 12:00:00"
"""A constant, so that bytes repeat."""
_ABOUT = {
    "instrument": "Instrument",
    "sample": "Sample",
    "scan_rate_v_per_s": "Scan rate (V/s)",
    "compliance_a": "Compliance (A)",
    "electrode_gap_um": "Electrode gap (um)",
}
_COLUMNS = {"voltage_v": "Voltage (V)", "current_a": "Current (A)", "time_s": "Time (s)"}
_FORMATS = {"voltage_v": "{:.5f}", "current_a": "{:.6E}", "time_s": "{:.3f}"}
_MARKS = {"point": (".", ","), "comma": (",", ";")}
"""Decimal mark and delimiter: where the mark is a comma, a spreadsheet takes semicolons."""


def write(path: Path, recording: Columns) -> None:
    """Write a sweep; ``decimal_separator`` in its metadata is ``point`` or ``comma``.

    Parameters
    ----------
    path
        File to write.
    recording
        Columns ``voltage_v``, ``current_a`` and ``time_s``.
    """
    about = recording.metadata
    mark, delimiter = _MARKS[str(about.get("decimal_separator", "point"))]
    head = [("Date", _DATE)]
    head += [(name, _text(about[key], mark)) for key, name in _ABOUT.items() if key in about]
    columns = [
        [_FORMATS[name].format(value).replace(".", mark) for value in recording.values[name]]
        for name in _COLUMNS
    ]
    rows = [(str(number), *row) for number, row in enumerate(zip(*columns, strict=True), 1)]
    table = [*head, (), ("Index", *_COLUMNS.values()), *rows]
    with replacing(path) as partial:
        partial.write_bytes("".join(delimiter.join(row) + "\r\n" for row in table).encode("ascii"))


def _text(value: float | str, mark: str) -> str:
    return value if isinstance(value, str) else f"{value:g}".replace(".", mark)
