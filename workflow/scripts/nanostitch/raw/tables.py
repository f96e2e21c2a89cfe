"""Text tables: which line names the columns, which lines are rows, and their numbers.

Whatever could be read in two ways is refused: commas that may be decimal marks or delimiters,
words where numbers belong, rows unlike the headings, fewer rows than the file says it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import columns, lines
from .columns import Heading
from .formats import Format
from .lines import THOUSANDS, Layout
from .sniff import decoded

_MAX_BYTES = 64 * 2**20
MAX_ROWS = 500_000
"""Rows that a table may have."""
_MAX_LINES = 1_000_000
_MAX_WORDS = 5_000  # lines without numbers; the longest real preamble has a few hundred
_MOST_BETWEEN = 6  # lines between headings and rows: units, comments, an end mark
_MINUS = "\u2212"


@dataclass(frozen=True)
class Table:
    """One table of a file: its headings, and the numbers of the columns that are known.

    ``values`` has one array for each known column, by its index, in the units of the file.
    ``damage`` says why its rows must not be used, empty where they may; ``note`` what their user
    should know.
    """

    title: str
    headings: tuple[Heading, ...]
    values: dict[int, npt.NDArray[np.float64]]
    preamble: str
    rows: int
    damage: str = ""
    note: str = ""

    def of(self, quantity: str) -> list[int]:
        """Indices of the columns that hold a quantity."""
        return [i for i, head in enumerate(self.headings) if head.quantity == quantity]


@dataclass
class _Rows:
    """Cells of the known columns row by row, each with the number of its line from 0."""

    numbers: list[int]
    cells: list[list[str]]


def read_text(path: Path) -> str:
    """Whole text of a file, with newlines as line ends and ASCII minus signs.

    Raises
    ------
    FormatError
        If the file is too large for a table, or no plain text.
    """
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise FormatError(
            f"{path}: has {size} bytes, a text table at most {_MAX_BYTES}; export the curve alone"
        )
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(f"{path}: binary content in a text file; is it damaged?")
    if max(text.count("\n"), text.count("\r")) > _MAX_LINES:
        raise FormatError(f"{path}: has more than {_MAX_LINES} lines; export the curve alone")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_MINUS, "-").lstrip("\ufeff")
    if text.lstrip()[:1] in ("{", "<"):
        raise FormatError(f"{path}: is JSON or XML, not a table; export the curve as text")
    return text


def parse(
    path: Path, form: Format, told: Sequence[Heading] | None = None, energies: bool = True
) -> list[Table]:
    """Tables of a text file; none where no line names columns that are known.

    Parameters
    ----------
    path
        Text file.
    form
        Declared format of the file.
    told
        Headings that a person tells instead of the file's own.
    energies
        Whether an axis that is called energy alone may be that of photons.

    Raises
    ------
    FormatError
        If headings are there, but not the rows that they promise.
    """
    text = read_text(path).split("\n")
    tables: list[Table] = []
    found = _layout(path, form, text, 0, told, energies)
    while found is not None:
        table, end = _table(path, form, text, *found)
        tables.append(table)
        found = _layout(path, form, text, end, told, energies)
    if len(tables) == 1:
        return tables
    return [replace(table, title=f"{table.title} {i}") for i, table in enumerate(tables)]


def _layout(
    path: Path,
    form: Format,
    text: list[str],
    start: int,
    told: Sequence[Heading] | None,
    energies: bool,
) -> tuple[Layout, int, int] | None:
    """Layout of the next table, the line where its rows may begin, and how far from there."""
    if form.columns is not None or told is not None:
        if start > 0:
            return None
        begin, heads = _declared(path, form, text) if form.columns is not None else (0, [])
        return Layout(tuple(told or heads), lines.DELIMITERS), begin, len(text)
    for number in range(start, min(len(text), start + _MAX_WORDS)):
        layout = lines.name_columns(text[number], energies)
        if layout is not None:
            return layout, number + 1, _MOST_BETWEEN
    return None


def _declared(path: Path, form: Format, text: list[str]) -> tuple[int, list[Heading]]:
    """Line where the rows may begin, and the headings, as the format declares them."""
    begin = 0
    if form.rows_after is not None:
        marks = (i for i, line in enumerate(text[:_MAX_WORDS]) if form.rows_after.search(line))
        begin = next(marks, -1) + 1
        if not begin:
            raise FormatError(
                f"{path}: {form.vendor} without the line before its rows "
                f"({form.rows_after.pattern}); is it truncated?"
            )
    preamble = "\n".join(text[: begin or _MAX_WORDS])
    for demand, why in form.demands:
        if not demand.search(preamble):
            raise FormatError(f"{path}: {form.vendor}: {why}")
    stated = form.columns.search(preamble) if form.columns is not None else None
    if stated is None:
        raise FormatError(f"{path}: {form.vendor} that does not say what its columns are")
    pairs = zip(form.headings, stated.groups(), strict=True)
    spelled = [(name, form.spelling.get(found.strip(), found.strip())) for name, found in pairs]
    return begin, [columns.heading(name.format(found)) for name, found in spelled]


def _table(
    path: Path, form: Format, text: list[str], layout: Layout, begin: int, reach: int
) -> tuple[Table, int]:
    """Table of a layout, and the line where the search for the next begins."""
    first, delimiter = _first_row(path, text, layout, begin, reach)
    between = text[begin:first] if reach == _MOST_BETWEEN else []
    stated = (lines.with_units(layout, line, delimiter) for line in between)
    layout = next((one for one in stated if one is not None), layout)
    rows, end = _rows(path, text, layout, first, delimiter)
    preamble = "\n".join(text[:first])
    points = form.points.search(preamble) if form.points is not None else None
    gap = ""
    if points is not None and int(points[1]) != len(rows.cells):
        gap = f"says that it has {points[1]} points, but {len(rows.cells)} are there"
    decimal = _decimal(path, rows, delimiter)
    values = {
        index: _numbers(path, rows, at, layout.headings[index], decimal)
        for at, index in enumerate(layout.wanted)
    }
    return Table(
        title=path.stem,
        headings=layout.headings,
        values=values,
        preamble=preamble,
        rows=len(rows.cells),
        damage="" if form.planned else gap,
        note=gap if form.planned else "",
    ), end


def _first_row(
    path: Path, text: list[str], layout: Layout, begin: int, reach: int
) -> tuple[int, str]:
    """First line with a number in every known column, and its delimiter."""
    filled = [number for number in range(begin, len(text)) if text[number].strip()]
    for number in filled[: reach + 1]:
        for delimiter in layout.delimiters:
            if lines.row(text[number], delimiter, layout) is not None:
                return number, delimiter
    below = text[filled[0]] if filled else ""
    raise FormatError(
        f"{path}: no row of numbers for {layout} below line {begin}, where "
        f"{lines.quoted(below)} stands; is the file truncated, or are commas both decimal marks "
        "and delimiters? Save it whole, with tabs between the columns"
    )


def _rows(
    path: Path, text: list[str], layout: Layout, first: int, delimiter: str
) -> tuple[_Rows, int]:
    """Rows of a table, and the line after them."""
    rows = _Rows([], [])
    for number in range(first, len(text)):
        line = text[number]
        found = lines.row(line, delimiter, layout)
        if found is not None:
            rows.numbers.append(number)
            rows.cells.append(found)
        elif line.strip() and not lines.is_comment(line):
            _refuse_damage(path, text, layout, number, delimiter)
            return rows, number
        if len(rows.cells) > MAX_ROWS:
            raise FormatError(f"{path}: has more than {MAX_ROWS} rows; export the curve alone")
    return rows, len(text)


def _refuse_damage(
    path: Path, text: list[str], layout: Layout, number: int, delimiter: str
) -> None:
    """Refuse a line that ends the rows unless it is a heading, or words with no row after them."""
    if lines.name_columns(text[number]) is not None:
        return
    line = text[number]
    cells = lines.cells(line, delimiter)
    damaged = lines.is_numbers(line) or any(map(lines.is_number, cells))
    for words, later in enumerate(text[number + 1 :]):
        if damaged or lines.name_columns(later) is not None:
            break
        damaged = lines.row(later, delimiter, layout) is not None or words > _MAX_WORDS
    if damaged:
        raise FormatError(
            f"{path}: line {number + 1}, {lines.quoted(line)}, ends the rows and is none "
            f"of {layout}; mend or remove it"
        )


def _decimal(path: Path, rows: _Rows, delimiter: str) -> str:
    """Decimal mark of the rows; commas that may part thousands are refused."""
    if delimiter == ",":
        return "."
    marked = [cell for row in rows.cells for cell in row if "," in cell]
    if marked and all(map(THOUSANDS.fullmatch, marked)):
        raise FormatError(
            f"{path}: each comma could be a decimal mark or a delimiter of thousands "
            f"({marked[0]!r}); save it with decimal points"
        )
    return "," if marked else "."


def _numbers(
    path: Path, rows: _Rows, at: int, head: Heading, decimal: str
) -> npt.NDArray[np.float64]:
    """Numbers of one known column."""
    cells = [row[at] for row in rows.cells]
    pointed = next((i for i, cell in enumerate(cells) if decimal == "," and "." in cell), None)
    if pointed is not None:
        raise FormatError(
            f"{path}: line {rows.numbers[pointed] + 1} has {cells[pointed]!r} in column "
            f"{head.text!r}, with a decimal point where other rows have commas; save it with one "
            "decimal mark"
        )
    return np.array([float(cell.replace(",", ".", 1)) for cell in cells])


def above_numbers(path: Path) -> str:
    """Line above the first row of numbers, for a message; empty where there is none."""
    last = ""
    for line in read_text(path).split("\n"):
        if lines.is_numbers(line):
            return last
        last = line if line.strip() else last
    return ""
