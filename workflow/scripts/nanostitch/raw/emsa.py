"""EMSA/MAS spectra (ISO 22029), with the checks that a wrong number of channels calls for.

The parser is our own because a spectrum must not be lost to a missing blank after
``#SPECTRUM:`` (as in the files of NIST DTSA-II), nor a truncated one pass for whole.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from .metadata import plausible
from .model import Axis, Signal
from .sniff import decoded
from .units import tidy

_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_MAYBE_COMMA = re.compile(r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$")
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2},\d{3}$")
_SIGNAL_TYPES = {"ELS": "EELS", "EDS": "EDS", "EDX": "EDS", "CLS": "CL"}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_AXIS_TOLERANCE = 0.01  # of a channel: rounding of printed positions stays below it


def read(path: Path) -> tuple[list[Signal], list[str]]:
    """Spectrum of an EMSA/MAS file, and what is odd about the file.

    Raises
    ------
    FormatError
        If a number cannot be read, fewer channels are there than the header promises, the
        file holds several spectra, or its commas could be decimal marks as well as delimiters.
    """
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(f"{path}: EMSA/MAS header, but binary content; is it damaged?")
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if _is_start(line)), None)
    if start is None:
        raise FormatError(f"{path}: EMSA/MAS file without #SPECTRUM line; is it truncated?")
    _refuse_second(path, lines)
    header = _header(lines[:start])
    warnings = _check_end(path, header, lines[start:])
    rows = _rows(lines, start + 1)
    if any(_DECIMAL_COMMA.match(header.get(key, "")) for key in ("XPERCHAN", "OFFSET")):
        rows = [(number, re.sub(r"(?<=\d),(?=\d)", ".", row)) for number, row in rows]
    values = _values(path, rows)
    if _overfull(path, header, rows):
        values = _values(path, _with_decimal_commas(path, header, rows))
    positions, counts = _split(path, values, _datatype(header))
    warnings += _check_number(path, header, counts.size)
    axis = _axis(path, header, counts.size)
    axis, differences = _check_axis(axis, positions)
    return [_signal(header, counts, axis)], warnings + differences


def _key(line: str) -> tuple[str, str]:
    """Keyword and value of a header line; the unit after a dash is kept with the value."""
    match = re.match(r"#(#?[^:#][^:]*):?(.*)", line.strip())
    if match is None:
        return "", ""
    name, value = match.group(1).strip(), match.group(2).strip()
    return name if name.startswith("#") else name.upper(), value


def _is_start(line: str) -> bool:
    """Whether the data begin after this line; Oxford INCA writes ``##SPECTRUM``."""
    return _key(line)[0].lstrip("#") == "SPECTRUM"


def _header(lines: list[str]) -> dict[str, str]:
    header: dict[str, str] = {}
    for line in lines:
        key, value = _key(line)
        plain = re.split(r"\s*-\s*|\s+", key)[0] if not key.startswith("#") else key
        if not key:
            continue
        joined = plain in ("TITLE", "COMMENT") and header.get(plain)
        header[plain] = f"{header[plain]} {value}" if joined else value
    return header


def _is_end(line: str) -> bool:
    return _key(line)[0].lstrip("#").upper() == "ENDOFDATA"


def _refuse_second(path: Path, lines: list[str]) -> None:
    """Refuse a file of several spectra, whose channels would be run together or lost."""
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        keyword = _key(line)[0].lstrip("#").upper()
        if keyword in ("FORMAT", "SPECTRUM") and keyword in seen:
            raise FormatError(
                f"{path}: line {number}: a second #{keyword}; one spectrum a file is expected: "
                "save each into a file of its own"
            )
        seen.add(keyword)


def _check_end(path: Path, header: dict[str, str], lines: list[str]) -> list[str]:
    if any(map(_is_end, lines)):
        return []
    if not header.get("NPOINTS"):
        raise FormatError(
            f"{path}: neither NPOINTS nor #ENDOFDATA says how many channels there are; is it "
            "truncated? Export it again"
        )
    return ["no #ENDOFDATA: that the data are whole rests on NPOINTS alone"]


def _rows(lines: list[str], start: int) -> list[tuple[int, str]]:
    """Lines of data, with their numbers in the file."""
    end = next((i for i, line in enumerate(lines) if i >= start and _is_end(line)), len(lines))
    return [
        (number, line.strip(" \t,;"))
        for number, line in enumerate(lines[start:end], start + 1)
        if not line.lstrip().startswith("#") and line.strip(" \t,;")
    ]


def _words(row: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", row) if word]


def _values(path: Path, rows: list[tuple[int, str]]) -> npt.NDArray[np.float64]:
    values: list[float] = []
    for number, row in rows:
        for word in _words(row):
            try:
                values.append(float(word))
            except ValueError as error:
                raise FormatError(f"{path}: line {number}: {word!r} is no number") from error
    return np.array(values, dtype=float)


def _datatype(header: dict[str, str]) -> str:
    return header.get("DATATYPE", "Y").upper()


def _per_channel(header: dict[str, str]) -> int:
    return 2 if _datatype(header).startswith("XY") else 1


def _overfull(path: Path, header: dict[str, str], rows: list[tuple[int, str]]) -> bool:
    """Whether the lines hold more numbers than NCOLUMNS and NPOINTS leave room for."""
    columns = _number(path, header, "NCOLUMNS")
    promised = _number(path, header, "NPOINTS")
    if columns not in (None, 1) or len(rows) < 2 or (columns is None and promised is None):
        return False
    found = [len(_words(row)) for _, row in rows]
    room = _per_channel(header) * (len(rows) if promised is None else promised)
    return max(found) > _per_channel(header) and sum(found) > room


def _with_decimal_commas(
    path: Path, header: dict[str, str], rows: list[tuple[int, str]]
) -> list[tuple[int, str]]:
    """Rows with points for the commas that can be nothing but decimal marks.

    They can be where one number is no pair of whole numbers, of which the first would be the
    position of the channel, and no group of thousands.
    """
    words = [re.split(r"[;\s]+", row) for _, row in rows]
    fitting = all(
        len(row) == _per_channel(header) and all(map(_MAYBE_COMMA.match, row)) for row in words
    )
    split = [word for row in words for word in row if "," in word]
    grouped = all(map(_THOUSANDS.match, split))
    if not fitting or grouped or _leads_with_positions(path, header, words):
        raise FormatError(
            f"{path}: line {rows[0][0]}: {rows[0][1][:40]!r} holds more numbers than NCOLUMNS "
            "and NPOINTS promise, or decimal commas; export it with decimal points"
        )
    return [(number, row.replace(",", ".")) for number, row in rows]


def _leads_with_positions(path: Path, header: dict[str, str], words: list[list[str]]) -> bool:
    """Whether the numbers before the commas could be positions that the header does not name."""
    if _per_channel(header) > 1:
        return False
    first = np.array([float(row[0].partition(",")[0]) for row in words])
    axis = _axis(path, header, first.size)
    return not (np.abs(first - axis.positions()) > max(1.0, abs(axis.scale))).any()


def _split(
    path: Path, values: npt.NDArray[np.float64], datatype: str
) -> tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64]]:
    if not datatype.startswith("XY"):
        return None, values
    if values.size % 2:
        raise FormatError(f"{path}: DATATYPE XY, but an odd number of values ({values.size})")
    return values[0::2], values[1::2]


def _number(path: Path, header: dict[str, str], key: str) -> float | None:
    text = header.get(key, "")
    if not text:
        return None
    if _DECIMAL_COMMA.match(text):
        text = text.replace(",", ".")
    for form in (text, text.replace(" ", ""), text.split()[0]):
        try:
            return float(form)
        except ValueError:
            continue
    raise FormatError(f"{path}: #{key} is {text!r}, not a number")


def _check_number(path: Path, header: dict[str, str], found: int) -> list[str]:
    promised = _number(path, header, "NPOINTS")
    if found == 0 or (promised is not None and found < promised):
        raise FormatError(
            f"{path}: NPOINTS promises {promised} channels, {found} are there; is it truncated?"
        )
    if promised is None or found == promised:
        return []
    return [f"NPOINTS promises {promised:g} channels, {found} are there: all were read"]


def _axis(path: Path, header: dict[str, str], size: int) -> Axis:
    units = tidy(header.get("XUNITS", ""))
    scale = _number(path, header, "XPERCHAN")
    offset = _number(path, header, "OFFSET")
    missing = float("nan")
    scale = missing if scale is None else scale
    offset = missing if offset is None else offset
    return Axis(header.get("XLABEL", ""), size, scale, offset, units, False)


def _check_axis(axis: Axis, positions: npt.NDArray[np.float64] | None) -> tuple[Axis, list[str]]:
    """Axis, in doubt where the data column puts a channel elsewhere, and smaller differences."""
    if positions is None or axis.size < 2:
        return axis, []
    stated = axis.positions()
    off = float(np.abs(positions - stated).max())
    if off > abs(axis.scale):
        doubt = (
            f"OFFSET and XPERCHAN put the channels at {stated[0]:g} to {stated[-1]:g} "
            f"{axis.units}, the data column at {positions[0]:g} to {positions[-1]:g} "
            f"(they differ by up to {off:g}, more than one channel)"
        )
        return replace(axis, doubt=doubt), []
    if not off > _AXIS_TOLERANCE * abs(axis.scale):
        return axis, []
    return axis, [
        f"positions in the data column differ by up to {off:g} {axis.units} from "
        "OFFSET + n XPERCHAN: the header's axis is used"
    ]


def _signal(header: dict[str, str], counts: npt.NDArray[np.float64], axis: Axis) -> Signal:
    kind = _SIGNAL_TYPES.get(header.get("SIGNALTYPE", "").upper()[:3], "")
    return Signal(counts, (axis,), header.get("TITLE", ""), kind, _metadata(header), header)


def _metadata(header: dict[str, str]) -> dict[str, Any]:
    """Header keywords as the flat fields that all formats share."""
    numbers = {
        "beam_energy_kev": ("BEAMKV", 1.0),
        "convergence_mrad": ("CONVANGLE", 1.0),
        "collection_mrad": ("COLLANGLE", 1.0),
        "dwell_time_s": ("DWELLTIME", 1e-3),
        "exposure_s": ("INTEGTIME", 1e-3),
        "live_time_s": ("LIVETIME", 1.0),
        "real_time_s": ("REALTIME", 1.0),
        "beam_current_na": ("PROBECUR", 1.0),
        "elevation_angle_degree": ("ELEVANGLE", 1.0),
        "azimuth_angle_degree": ("AZIMANGLE", 1.0),
        "magnification": ("MAGCAM", 1.0),
    }
    fields: dict[str, Any] = {}
    for name, (key, factor) in numbers.items():
        try:
            value = _number(Path(), header, key)
        except FormatError:
            continue
        if value is not None:
            fields[name] = value * factor
    return plausible(fields | {"acquisition_date": _date(header)})


def _date(header: dict[str, str]) -> str:
    """ISO date of ``07-MAY-2019``; any other writing is ambiguous and left out."""
    match = re.match(r"(\d{1,2})-([A-Z]{3})-(\d{4})", header.get("DATE", "").upper())
    if match is None or match.group(2) not in _MONTHS:
        return ""
    month = _MONTHS.index(match.group(2)) + 1
    clock = re.match(r"(\d{1,2}):(\d{2})(:\d{2})?\s*$", header.get("TIME", ""))
    time = f"T{int(clock.group(1)):02d}:{clock.group(2)}{clock.group(3) or ''}" if clock else ""
    return f"{match.group(3)}-{month:02d}-{int(match.group(1)):02d}{time}"
