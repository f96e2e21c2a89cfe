"""Spectra as plain text: one column, one row, or two columns with the axis in the file."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from .lines import THOUSANDS
from .model import Axis, Signal
from .sniff import SUPPORTED, decoded
from .units import ev_per, nm_per

_COMMENT = re.compile(r"^\s*([#%;!]|//)")
_MAX_BYTES = 256 * 2**20
_WORD = re.compile(r"(?<![\d.])[^\W\d_]")  # a letter that is no exponent
_MINUS = "\u2212"
_FEWEST_POINTS = 3
_UNIFORM = 1e-3  # of a step: the rounding of printed positions stays below it
_EXPECTED = "one column, one row or two columns (energy, counts) of numbers"
# Delimiter and decimal mark, the less ambiguous first.
_DIALECTS = (
    (r"\t", "."),
    (r"\t", ","),
    (";", "."),
    (";", ","),
    (",", "."),
    (r"\s+", "."),
    (r"\s+", ","),
)


def read(path: Path) -> list[Signal]:
    """Spectrum of a text file.

    Raises
    ------
    FormatError
        If the file holds words among its numbers, rows that cannot be read, more than two
        columns, a ragged table, too few points, positions that turn back, or commas that could
        be decimal marks as well as delimiters of columns or of thousands.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise FormatError(f"{path}: too large for a text spectrum; supported: {SUPPORTED}")
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(f"{path}: binary content in a text file; is it damaged?")
    header, lines, commented = _split_header(path, text.replace(_MINUS, "-"))
    table = _table(path, lines)
    values, positions = _columns(path, table)
    if commented and positions is None:
        raise FormatError(
            f"{path}: {commented.strip()[:60]!r} lies between the rows of a single column; it may "
            "stand for a channel, and those after it would be shifted: remove it or give a column "
            "of energies"
        )
    if values.size < _FEWEST_POINTS:
        raise FormatError(f"{path}: {values.size} points are no spectrum; expected {_EXPECTED}")
    if positions is None:
        nothing = float("nan")
        axis = Axis("", values.size, nothing, nothing, "", False)
    else:
        values, axis = _with_axis(path, values, positions, header)
    return [Signal(values, (axis,), path.stem, "", {}, {"header": header})]


def _split_header(path: Path, text: str) -> tuple[str, list[str], str]:
    """Leading lines of words, the lines of numbers, and a comment between these."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_data = [_is_numbers(line) for line in lines]
    if True not in is_data:
        raise FormatError(f"{path}: no numbers in this text; expected {_EXPECTED}")
    first = is_data.index(True)
    last = len(lines) - is_data[::-1].index(True)
    for line in lines[:first]:
        if not _COMMENT.match(line) and not _WORD.search(line):
            raise FormatError(
                f"{path}: {line.strip()[:60]!r} is neither a heading nor a row of numbers; mend "
                "or remove it"
            )
    for line, numeric in zip(lines[first:], is_data[first:], strict=True):
        if not numeric and not _COMMENT.match(line):
            raise FormatError(f"{path}: words among the numbers: {line.strip()[:60]!r}")
    body = list(zip(lines[first:last], is_data[first:last], strict=True))
    data = [line.strip(" \r\n") for line, numeric in body if numeric]
    commented = next((line for line, numeric in body if not numeric), "")
    return "\n".join(lines[:first]), data, commented


def _is_numbers(line: str) -> bool:
    words = [word for word in re.split(r"[\s;,]+", line.strip()) if word]
    return bool(words) and not _COMMENT.match(line) and all(map(_is_number, words))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word


def _table(path: Path, lines: list[str]) -> npt.NDArray[np.float64]:
    commas = [line.count(",") for line in lines]
    separated = any(re.search(r"[\t;.]|,\s|\d\s+\S", line) for line in lines)
    if max(commas) == 1 and not separated:
        raise FormatError(
            f"{path}: each comma could be a decimal mark or a delimiter ({lines[0][:40]!r}); "
            "save it with tabs or semicolons between the columns"
        )
    for delimiter, decimal in _DIALECTS:
        table = _parse(lines, delimiter, decimal)
        if table is not None:
            if decimal == ",":
                _refuse_thousands(path, lines)
            return table
    raise FormatError(f"{path}: the lines differ in their number of columns; is it truncated?")


def _refuse_thousands(path: Path, lines: list[str]) -> None:
    """Refuse 10,500 beside another delimiter, unless one number can be no group of thousands."""
    words = (word for line in lines for word in re.split(r"[\s;]+", line) if "," in word)
    groups = [THOUSANDS.fullmatch(word.strip(",")) for word in words]
    if groups and all(groups):
        raise FormatError(
            f"{path}: each comma could be a decimal mark or a delimiter of thousands "
            f"({lines[0][:40]!r}); save it with decimal points"
        )


def _parse(lines: list[str], delimiter: str, decimal: str) -> npt.NDArray[np.float64] | None:
    """Rows of numbers, or None where this dialect does not give a full table."""
    rows: list[list[float]] = []
    for line in lines:
        words = [word.strip() for word in re.split(delimiter, line.strip(" ,;\t"))]
        if decimal == ",":
            words = [word.replace(",", ".", 1) for word in words if "." not in word] or [""]
        if not all(map(_is_number, words)) or (rows and len(words) != len(rows[0])):
            return None
        rows.append([float(word) for word in words])
    return np.array(rows)


def _columns(
    path: Path, table: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """Values, and their positions where the file has them."""
    rows, columns = table.shape
    if columns == 1 or (rows == 1 and columns > 2):
        return table.ravel(), None
    if columns == 2:
        return table[:, 1], table[:, 0]
    raise FormatError(f"{path}: {columns} columns; expected {_EXPECTED}")


def _with_axis(
    path: Path,
    values: npt.NDArray[np.float64],
    positions: npt.NDArray[np.float64],
    header: str,
) -> tuple[npt.NDArray[np.float64], Axis]:
    if positions[0] > positions[-1]:
        values, positions = values[::-1], positions[::-1]
    if not (np.isfinite(positions).all() and (np.diff(positions) > 0).all()):
        raise FormatError(
            f"{path}: the first column, the axis, does not rise (or fall) throughout; "
            "one spectrum a file is expected"
        )
    scale = float((positions[-1] - positions[0]) / (positions.size - 1))
    even = positions[0] + scale * np.arange(positions.size)
    uniform = bool(np.abs(positions - even).max() <= _UNIFORM * scale)
    axis = Axis(
        name=_label(header),
        size=values.size,
        scale=scale,
        offset=float(positions[0]),
        units=_unit(header),
        navigate=False,
        values=None if uniform else positions,
    )
    return values, axis


def _label(header: str) -> str:
    """Heading of the first column."""
    last = header.splitlines()[-1] if header else ""
    return re.split(r"[\t;,]", last.lstrip("#% "))[0].strip()


def _unit(header: str) -> str:
    """Find the unit in the heading of the first column; empty where there is none."""
    for word in re.findall(r"[\wµÅ]+", _label(header)):
        if ev_per(word) is not None or nm_per(word) is not None:
            return str(word)
    return ""
