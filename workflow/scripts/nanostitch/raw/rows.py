"""Rows of a text table: where they begin and end, and the numbers of their columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import lines
from .columns import Heading
from .lines import THOUSANDS, Layout

MAX_ROWS = 500_000
"""Rows that a table may have."""
MAX_CELLS = 5_000_000
"""Numbers that a table may have in the columns that are read: ten in each of the most rows."""
MAX_WORDS = 5_000
"""Lines without numbers in a row; the longest real preamble has a few hundred."""
MAX_LETTERS = 500_000
"""Characters of such lines."""


@dataclass
class Rows:
    """Cells of the known columns row by row, each with the number of its line from 0."""

    numbers: list[int]
    cells: list[list[str]]


def filled(text: list[str], start: int, most: int = MAX_WORDS) -> Iterator[int]:
    """Numbers of the next lines that are not blank, as many as words may stand in a row."""
    letters = 0
    for number in range(start, len(text)):
        if text[number].strip():
            letters += len(text[number]) if len(text[number]) <= lines.LONGEST else 0
            most -= 1
            if most < 0 or letters > MAX_LETTERS:
                return
            yield number


def first(path: Path, text: list[str], layout: Layout, begin: int, reach: int) -> tuple[int, str]:
    """First line with a number in every known column, and its delimiter."""
    below = ""
    for number in filled(text, begin, reach + 1):
        below = below or text[number]
        for delimiter in layout.delimiters:
            if lines.row(text[number], delimiter, layout) is not None:
                return number, delimiter
    raise FormatError(
        f"{path}: no row of numbers for {layout} below line {begin}, where "
        f"{lines.quoted(below)} stands; is the file truncated, or are commas both decimal marks "
        "and delimiters? Save it whole, with tabs between the columns"
    )


def read(
    path: Path, text: list[str], layout: Layout, begin: int, delimiter: str
) -> tuple[Rows, int]:
    """Rows of a table, and the line after them."""
    rows = Rows([], [])
    for number in range(begin, len(text)):
        line = text[number]
        found = lines.row(line, delimiter, layout)
        if found is not None:
            rows.numbers.append(number)
            rows.cells.append(found)
        elif line.strip() and not lines.is_comment(line):
            _refuse_damage(path, text, layout, number, delimiter)
            return rows, number
        refuse_too_many(path, len(rows.cells), len(layout.wanted))
    return rows, len(text)


def refuse_too_many(path: Path, rows: int, width: int) -> None:
    """Refuse a table with more rows, or numbers in its columns, than are read."""
    if rows > MAX_ROWS:
        raise FormatError(f"{path}: has more than {MAX_ROWS} rows; export the curve alone")
    if rows * width > MAX_CELLS:
        raise FormatError(f"{path}: has more than {MAX_CELLS} numbers; export the curve alone")


def _refuse_damage(
    path: Path, text: list[str], layout: Layout, number: int, delimiter: str
) -> None:
    """Refuse a line that ends the rows unless it is a heading, or words with no row after them."""
    if lines.name_columns(text[number]) is not None:
        return
    line = text[number]
    cells = lines.cells(line, delimiter)
    damaged = lines.is_numbers(line) or any(map(lines.is_number, cells))
    last = number
    for last in filled(text, number + 1):
        if damaged or lines.name_columns(text[last]) is not None:
            break
        damaged = lines.row(text[last], delimiter, layout) is not None
    else:  # what lies beyond so many words cannot be known
        damaged = damaged or any(map(str.strip, text[last + 1 :]))
    if damaged:
        raise FormatError(
            f"{path}: line {number + 1}, {lines.quoted(line)}, ends the rows and is none "
            f"of {layout}; mend or remove it"
        )


def decimal(path: Path, rows: Rows, delimiter: str) -> str:
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


def numbers(path: Path, rows: Rows, at: int, head: Heading, mark: str) -> npt.NDArray[np.float64]:
    """Numbers of one known column."""
    cells = [row[at] for row in rows.cells]
    pointed = next((i for i, cell in enumerate(cells) if mark == "," and "." in cell), None)
    if pointed is not None:
        raise FormatError(
            f"{path}: line {rows.numbers[pointed] + 1} has {lines.quoted(cells[pointed])} in "
            f"column {head.text!r}, with a decimal point where other rows have commas; save it "
            "with one decimal mark"
        )
    return np.array([float(cell.replace(",", ".", 1)) for cell in cells])
