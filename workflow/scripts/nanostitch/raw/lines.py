"""What one line of a text table is: its cells, a row of numbers, or the names of the columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import columns
from .columns import Heading

TAB, SPACES, WIDE_SPACES = "\t", r"\s+(?![(\[])", r"\s{2,}"
DELIMITERS = (TAB, ";", ",", WIDE_SPACES, SPACES)
"""The less ambiguous first."""

THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
"""Numbers whose comma may be a decimal mark or part thousands."""

_COMMENT = re.compile(r"\s*([#%;!]|//|--|\*\*)")
# A # that is a cell of its own is no comment but the heading of a column of point numbers.
_COMMENT_MARK = re.compile(r" *+(?:#++ *+(?![\t;,])|(?:%++(?=\s)|//)\s*+)")
LONGEST = 20_000
"""Characters of a line that may be part of a table."""
MOST_COLUMNS = 500
"""Columns that a table may have."""
_QUOTED = 60  # characters of a line that a message shows
_LISTED = 12  # headings that a message shows


@dataclass(frozen=True)
class Layout:
    """How the rows of a table look: their columns and what may part them."""

    headings: tuple[Heading, ...]
    delimiters: tuple[str, ...]

    @property
    def wanted(self) -> tuple[int, ...]:
        """Indices of the columns whose heading is known."""
        return tuple(i for i, head in enumerate(self.headings) if head.quantity is not None)

    def __str__(self) -> str:
        """Number and names of the columns, for messages."""
        return f"{len(self.headings)} columns ({listed(self.headings)})"


def cells(line: str, delimiter: str) -> list[str]:
    """Cells of a line, without quotes and without the empty ones that trailing delimiters make."""
    parted = _parted(line, delimiter)
    while parted and not parted[-1]:
        parted.pop()
    return parted


def _parted(line: str, delimiter: str) -> list[str]:
    line = line.strip(" ")
    if line.count('"') == 2 and line[0] == line[-1] == '"':
        line = line[1:-1].strip(" ")
    parted = line.split(delimiter) if len(delimiter) == 1 else re.split(delimiter, line.strip())
    parted = [cell.strip() for cell in parted]
    return [c[1:-1].strip() if len(c) > 1 and c[0] == c[-1] == '"' else c for c in parted]


def is_number(cell: str) -> bool:
    """Whether a cell is one number, with decimal point or comma."""
    if "," in cell and "." not in cell:
        cell = cell.replace(",", ".", 1)
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def is_numbers(line: str) -> bool:
    """Whether all words of a line, however they are parted, are numbers."""
    words = re.split(r"[\s;,]+", line.strip(" \t;,")) if len(line) <= LONGEST else []
    return bool(words) and all(map(is_number, words))


def is_comment(line: str) -> bool:
    """Whether a line is marked as a comment or a rule."""
    return bool(_COMMENT.match(line))


def row(line: str, delimiter: str, layout: Layout) -> list[str] | None:
    """Cells of a line in the known columns; None where the line is no row of the table."""
    found = _parted(line, delimiter) if len(line) <= LONGEST else []
    if len(found) < len(layout.headings) or any(found[len(layout.headings) :]):
        return None
    wanted = [found[index] for index in layout.wanted]
    return wanted if all(map(is_number, wanted)) else None


def name_columns(line: str, energies: bool = True) -> Layout | None:
    """Layout of the table whose columns a line names; None where they suffice for no technique.

    ``energies`` as for :func:`nanostitch.raw.columns.techniques`.
    """
    if len(line) > LONGEST:
        return None
    mark = _COMMENT_MARK.match(line)
    line = line[mark.end() :] if mark else line
    best, known = None, 0
    strong = [delimiter for delimiter in (TAB, ";") if delimiter in line]
    for delimiter in strong or DELIMITERS[2:]:
        named = cells(line, delimiter)
        if not 1 < len(named) <= MOST_COLUMNS:
            continue
        heads = tuple(columns.heading(cell) for cell in named)
        count = sum(head.quantity is not None for head in heads)
        if count > known and columns.techniques(heads, energies):
            loose = delimiter in (SPACES, WIDE_SPACES)
            best, known = Layout(heads, DELIMITERS if loose else (delimiter,)), count
    return best


def with_units(layout: Layout, line: str, delimiter: str) -> Layout | None:
    """Layout with the units that a line below the headings states; None where it states none.

    The line counts where it has a unit of the right kind in every known column that needs one.
    """
    found = [cell.strip("()[] ") for cell in cells(line, delimiter)]
    found += [""] * (len(layout.headings) - len(found))
    if len(found) > len(layout.headings):
        return None
    pairs = list(zip(layout.headings, found, strict=True))
    kinds = [
        (columns.QUANTITIES[head.quantity].kind, cell)
        for head, cell in pairs
        if head.quantity is not None
    ]
    stated = [columns.is_unit(kind, cell) for kind, cell in kinds if kind is not None]
    if not stated or not all(stated):
        return None
    heads = tuple(columns.with_unit(head, cell) for head, cell in pairs)
    return Layout(heads, layout.delimiters)


def listed(headings: Sequence[Heading]) -> str:
    """Headings as a message shows them."""
    shown = ", ".join(repr(head.text) for head in headings[:_LISTED])
    return shown + (", …" if len(headings) > _LISTED else "")


def quoted(line: str) -> str:
    """A line as a message shows it."""
    return repr(line.strip()[:_QUOTED])
