"""LabVIEW Measurement files (lvm): tagged headers, then segments of channels with their own X.

Own parser after NI's specification of the format (National Instruments, "Specification for the
LabVIEW Measurement File (.lvm)", tutorial 4139, 2010): the known libraries keep pickles beside
the data and trust them. Numbers and nothing else are read here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import columns, lines, units
from .columns import Heading
from .tables import MAX_ROWS, Table, read_text

_END_OF_HEADER = "***End_of_Header***"
_SPECIAL = ("***Start_Special***", "***End_Special***")
_SEPARATORS = {"tab": "\t", "comma": ",", "": "\t"}
_X, _COMMENT = "X_Value", "Comment"
_BY_UNIT = ("voltage", "current")  # a channel that nobody named is known by its unit

Tags = dict[str, list[str]]


@dataclass(frozen=True)
class _Segment:
    """One block of channels: its tags, names of its columns, and cells with their line numbers."""

    tags: Tags
    names: list[str]
    rows: list[tuple[int, list[str]]]

    def tag(self, name: str, column: int) -> str:
        """Value of a tag for the channel in a column; empty where there is none."""
        values = self.tags.get(name, [])
        return values[column] if column < len(values) else ""


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Tables of an lvm file, one a segment.

    Channels are known by their names, or by their units where just one could be meant.

    Parameters
    ----------
    path
        File that begins with ``LabVIEW Measurement``.
    told
        Headings that a person tells for the columns, X included, instead of the channels' names.

    Raises
    ------
    FormatError
        If the structure is not that of the format, or a cell is no number.
    """
    text = _without_special(read_text(path).split("\n"))
    try:
        end = text.index(_END_OF_HEADER)
    except ValueError:
        raise FormatError(f"{path}: no line {_END_OF_HEADER}; is the file truncated?") from None
    parted = (re.split(r"[\t,]", line, maxsplit=1) for line in text[:end])
    header = {pair[0]: pair[1] for pair in parted if len(pair) == 2}
    separator = _SEPARATORS.get(header.get("Separator", "").strip().lower())
    if separator is None:
        raise FormatError(f"{path}: Separator is {header['Separator']!r}; Tab or Comma is known")
    # Version 1 has no such tag and always a point.
    decimal = header.get("Decimal_Separator", ".").strip() or "."
    preamble = "\n".join(text[:end])
    segments = _segments(path, text, end + 1, separator)
    tables = [_table(path, segment, decimal, preamble, told) for segment in segments]
    if not tables:
        raise FormatError(f"{path}: a header without channels; is the file truncated?")
    if len(tables) == 1:
        return tables
    return [replace(table, title=f"{table.title} {i}") for i, table in enumerate(tables)]


def _without_special(text: list[str]) -> list[str]:
    """Lines, marks without their trailing separators, special blocks blank to keep the count."""
    inside, kept = False, []
    for line in text:
        bare = line.rstrip("\t, ")
        inside = inside or bare == _SPECIAL[0]
        kept.append("" if inside else (bare if bare.startswith("***") else line))
        inside = inside and bare != _SPECIAL[1]
    return kept


def _segments(path: Path, text: list[str], start: int, separator: str) -> list[_Segment]:
    segments: list[_Segment] = []
    tags: Tags = {}
    number = start
    while number < len(text):
        parted = [cell.strip() for cell in text[number].split(separator)]
        number += 1
        if parted[0] == _END_OF_HEADER:
            names = [cell.strip() for cell in "".join(text[number : number + 1]).split(separator)]
            while names and names[-1] in ("", _COMMENT):
                names.pop()
            segments.append(_Segment(tags, names, []))
            tags, number = {}, number + 1
        elif parted[0] and not lines.is_number(parted[0]):
            tags[parted[0]] = parted
        elif any(parted) and segments and not tags:
            segments[-1].rows.append((number, parted))
            if len(segments[-1].rows) > MAX_ROWS:
                raise FormatError(f"{path}: has more than {MAX_ROWS} rows; export the curve alone")
        elif any(parted):
            raise FormatError(f"{path}: line {number}: a row of numbers outside every segment")
    if tags and segments:
        raise FormatError(
            f"{path}: {lines.quoted(next(iter(tags)))} at its end begins neither a row nor a "
            "segment; is the file truncated?"
        )
    return segments


def _table(
    path: Path, segment: _Segment, decimal: str, preamble: str, told: Sequence[Heading] | None
) -> Table:
    heads = list(told) if told is not None else _known_by_unit(_channels(path, segment))
    if len(heads) != len(segment.names):
        raise FormatError(
            f"{path}: column headings of acquisitions.tsv tells {len(heads)} columns, the file has "
            f"{len(segment.names)} ({', '.join(segment.names)})"
        )
    values = {index: _column(path, segment, index, decimal) for index in range(len(heads))}
    most = max((int(n) for n in segment.tags.get("Samples", []) if n.isdigit()), default=0)
    damage = ""
    if len(segment.rows) < most:
        damage = f"says that it has {most} samples, but {len(segment.rows)} are there"
    damage = damage or _two_clocks(heads, segment, values)
    return Table(path.stem, tuple(heads), values, preamble, len(segment.rows), damage)


def _channels(path: Path, segment: _Segment) -> list[Heading]:
    """Headings of the columns; the first X is the time, where it is one."""
    heads = []
    for index, name in enumerate(segment.names):
        if name == _X:
            dimension = segment.tag("X_Dimension", index + 1) or "Time"
            heads.append(columns.heading(f"{dimension} (s)" if dimension == "Time" else dimension))
            continue
        head, unit = columns.heading(name), segment.tag("Y_Unit_Label", index)
        if unit and head.quantity and head.unit and not _same_unit(head, unit):
            raise FormatError(
                f"{path}: channel {name!r} has unit {head.unit} by its name and {unit} by its "
                "Y_Unit_Label; tell the right one in column headings of acquisitions.tsv"
            )
        text = f"{name} ({unit})" if unit and not head.unit else name
        heads.append(replace(head, text=text, unit=unit or head.unit))
    return heads


def _same_unit(head: Heading, unit: str) -> bool:
    kind = columns.QUANTITIES[str(head.quantity)].kind
    return kind is None or units.factor(head.unit, kind) == units.factor(unit, kind)


def _known_by_unit(heads: list[Heading]) -> list[Heading]:
    known = list(heads)
    for quantity in _BY_UNIT:
        kind = columns.QUANTITIES[quantity].kind
        candidates = [
            i
            for i, head in enumerate(known)
            if head.quantity is None and head.unit and columns.is_unit(kind, head.unit)
        ]
        if len(candidates) == 1 and all(head.quantity != quantity for head in known):
            known[candidates[0]] = replace(known[candidates[0]], quantity=quantity)
    return known


def _column(path: Path, segment: _Segment, index: int, decimal: str) -> npt.NDArray[np.float64]:
    """Numbers of one column, NaN where its cell is empty; an X without cells is computed."""
    numbers = np.full(len(segment.rows), np.nan)
    for at, (line, row) in enumerate(segment.rows):
        cell = row[index] if index < len(row) else ""
        if not cell:
            continue
        other = "," if decimal == "." else "."
        if other in cell or not lines.is_number(cell):
            raise FormatError(
                f"{path}: line {line} has {cell!r} in column {segment.names[index]!r}, no number "
                f"with decimal mark {decimal!r}"
            )
        numbers[at] = float(cell.replace(decimal, "."))
    if segment.names[index] == _X and np.isnan(numbers).all():
        first, step = (
            segment.tag(tag, index + 1).replace(decimal, ".") for tag in ("X0", "Delta_X")
        )
        if lines.is_number(first) and lines.is_number(step):
            return np.asarray(float(first) + float(step) * np.arange(numbers.size), dtype=float)
    return numbers


def _two_clocks(
    heads: list[Heading], segment: _Segment, values: dict[int, npt.NDArray[np.float64]]
) -> str:
    """Why voltage and current were not sampled together; empty where they were."""
    clocks = [
        max((i for i, name in enumerate(segment.names[:at]) if name == _X), default=None)
        for at, head in enumerate(heads)
        if head.quantity in _BY_UNIT
    ]
    sampled = [values[clock] for clock in clocks if clock is not None and clock in values]
    if any(not np.array_equal(sampled[0], other, equal_nan=True) for other in sampled[1:]):
        return "has channels that were sampled at different times"
    return ""
