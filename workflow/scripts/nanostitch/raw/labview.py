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

from . import columns, lines, rows, units
from .columns import Heading
from .metadata import count
from .tables import MAX_TABLES, Table, read_text

_END_OF_HEADER = "***End_of_Header***"
_SPECIAL = ("***Start_Special***", "***End_Special***")
_SEPARATORS = {"tab": "\t", "comma": ",", "": "\t"}
_DECIMALS = (".", ",")
_X, _COMMENT = "X_Value", "Comment"
_SHOWN = 20  # characters of a stated number that a message shows
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
        return values[column] if 0 < column < len(values) else ""  # the first is its name


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
        stated = lines.quoted(header["Separator"])
        raise FormatError(f"{path}: Separator is {stated}; Tab or Comma is known")
    # Version 1 has no such tag and always a point.
    decimal = header.get("Decimal_Separator", ".").strip() or "."
    if decimal not in _DECIMALS or decimal == separator:
        raise FormatError(
            f"{path}: Decimal_Separator is {lines.quoted(decimal)}; a point or a comma is known, "
            "and not the separator of the cells"
        )
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
        parted = _cells(path, text[number], number, separator)
        number += 1
        if parted[0] == _END_OF_HEADER:
            names = _cells(path, "".join(text[number : number + 1]), number, separator)
            segments.append(_Segment(tags, _named(path, names, number), []))
            tags, number = {}, number + 1
            if len(segments) > MAX_TABLES:
                raise FormatError(f"{path}: has more than {MAX_TABLES} segments; part it")
        elif parted[0] and not lines.is_number(parted[0]):
            tags[parted[0]] = parted
        elif any(parted) and segments and not tags:
            _add_row(path, segments[-1], number, parted)
        elif any(parted):
            raise FormatError(f"{path}: line {number}: a row of numbers outside every segment")
    if tags and segments:
        raise FormatError(
            f"{path}: {lines.quoted(next(iter(tags)))} at its end begins neither a row nor a "
            "segment; is the file truncated?"
        )
    return segments


def _cells(path: Path, line: str, number: int, separator: str) -> list[str]:
    if len(line) > lines.LONGEST:
        raise FormatError(
            f"{path}: line {number + 1} has {len(line)} characters, at most {lines.LONGEST} are "
            "read; export fewer channels"
        )
    return [cell.strip() for cell in line.split(separator)]


def _named(path: Path, cells: list[str], number: int) -> list[str]:
    """Names of a segment's columns, without the comment at their end."""
    names = list(cells)
    while names and names[-1] in ("", _COMMENT):
        names.pop()
    if not 0 < len(names) <= lines.MOST_COLUMNS:
        raise FormatError(
            f"{path}: line {number + 1} names {len(names)} channels of a segment, where 1 to "
            f"{lines.MOST_COLUMNS} are read; is the file truncated?"
        )
    return names


def _add_row(path: Path, segment: _Segment, number: int, cells: list[str]) -> None:
    """Append a row, which has no cells but those of the named columns and a comment."""
    width = len(segment.names)
    if any(cells[width + 1 :]):
        raise FormatError(
            f"{path}: line {number} has more cells than the {width} channels of its segment; are "
            "commas both decimal marks and separators?"
        )
    segment.rows.append((number, cells[:width]))
    rows.refuse_too_many(path, len(segment.rows), width)


def _table(
    path: Path, segment: _Segment, decimal: str, preamble: str, told: Sequence[Heading] | None
) -> Table:
    heads = list(told) if told is not None else _known_by_unit(_channels(path, segment))
    if len(heads) != len(segment.names):
        raise FormatError(
            f"{path}: column headings of acquisitions.tsv tells {len(heads)} columns, the file has "
            f"{len(segment.names)} ({lines.quoted(', '.join(segment.names))})"
        )
    values = {index: _column(path, segment, index, decimal) for index in range(len(heads))}
    damage = _missing(segment) or _two_clocks(heads, segment, values)
    return Table(path.stem, tuple(heads), values, preamble, len(segment.rows), damage)


def _missing(segment: _Segment) -> str:
    """Which number of samples a segment states without having them; empty where it has them."""
    for stated in filter(None, segment.tags.get("Samples", [])[1:]):
        samples = count(stated)
        if samples is None or samples > len(segment.rows):
            return f"says that it has {stated[:_SHOWN]} samples, but {len(segment.rows)} are there"
    return ""


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
        number = _number(cell, decimal)
        if number is None:
            raise FormatError(
                f"{path}: line {line} has {lines.quoted(cell)} in column "
                f"{lines.quoted(segment.names[index])}, no number with decimal mark {decimal!r}"
            )
        numbers[at] = number
    if segment.names[index] == _X and np.isnan(numbers).all():
        first, step = (_number(segment.tag(tag, index + 1), decimal) for tag in ("X0", "Delta_X"))
        if first is not None and step is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                return np.asarray(first + step * np.arange(numbers.size), dtype=float)
    return numbers


def _number(cell: str, decimal: str) -> float | None:
    other = "," if decimal == "." else "."
    if other in cell or not lines.is_number(cell):
        return None
    return float(cell.replace(decimal, "."))


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
