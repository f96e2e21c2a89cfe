"""EMSA/MAS spectra (ISO 22029), with the checks that a wrong number of channels calls for.

The parser is our own because a spectrum must not be lost to a missing blank after
``#SPECTRUM:`` (as in the files of NIST DTSA-II), nor a truncated one pass for whole.
"""

import re
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
_SIGNAL_TYPES = {"ELS": "EELS", "EDS": "EDS", "EDX": "EDS", "CLS": "CL"}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_AXIS_TOLERANCE = 0.01  # of a channel: rounding of printed positions stays below it


def read(path: Path) -> tuple[list[Signal], list[str]]:
    """Spectrum of an EMSA/MAS file, and what is odd about the file.

    Raises
    ------
    FormatError
        If a number cannot be read, or fewer channels are there than the header promises.
    """
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(f"{path}: EMSA/MAS header, but binary content; is it damaged?")
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if _is_start(line)), None)
    if start is None:
        raise FormatError(f"{path}: EMSA/MAS file without #SPECTRUM line; is it truncated?")
    header = _header(lines[:start])
    comma = any(_DECIMAL_COMMA.match(str(header.get(k, ""))) for k in ("XPERCHAN", "OFFSET"))
    values = _values(path, lines[start + 1 :], start + 2, decimal_comma=comma)
    positions, counts = _split(path, values, str(header.get("DATATYPE", "Y")).upper())
    warnings = _check_number(path, header, counts.size)
    axis = _axis(path, header, counts.size)
    warnings += _check_axis(axis, positions)
    return [_signal(header, counts, axis)], warnings


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


def _values(
    path: Path, lines: list[str], first_line: int, *, decimal_comma: bool
) -> npt.NDArray[np.float64]:
    values: list[float] = []
    for number, line in enumerate(lines, first_line):
        if line.lstrip().startswith("#"):
            if _key(line)[0] == "ENDOFDATA":
                break
            continue
        clean = re.sub(r"(?<=\d),(?=\d)", ".", line) if decimal_comma else line
        for word in re.split(r"[,;\s]+", clean.strip(" \t,;")):
            if not word:
                continue
            try:
                values.append(float(word))
            except ValueError as error:
                raise FormatError(f"{path}: line {number}: {word!r} is no number") from error
    return np.array(values, dtype=float)


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
    name = header.get("XLABEL", "")
    missing = float("nan")
    return Axis(
        name,
        size,
        missing if scale is None else scale,
        missing if offset is None else offset,
        units,
        False,
    )


def _check_axis(axis: Axis, positions: npt.NDArray[np.float64] | None) -> list[str]:
    if positions is None or axis.size < 2:
        return []
    off = float(np.abs(positions - axis.positions()).max())
    if not off > _AXIS_TOLERANCE * abs(axis.scale):
        return []
    return [
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
