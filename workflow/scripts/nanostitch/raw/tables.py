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

from . import columns, lines, rows
from .columns import Heading
from .formats import Format
from .lines import Layout
from .metadata import count
from .preamble import LONGEST
from .sniff import decoded

_MAX_BYTES = 64 * 2**20
MAX_TABLES = 1_000
"""Tables, and curves, that a file may have."""
_MAX_LINES = 1_000_000
_MOST_BETWEEN = 6  # lines between headings and rows: units, comments, an end mark
_MAX_LETTERS = 1_000_000  # characters of words between all tables: a header for each of them
_SHOWN = 20  # digits of a stated number that a message shows
_MINUS = "\u2212"


@dataclass(frozen=True)
class Table:
    """One table of a file: its headings, and the numbers of the columns that are known.

    ``values`` has one array for each known column, by its index, in the units of the file.
    ``preamble`` are the lines above it, up to the table before, those too long for metadata cut.
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


def read_text(path: Path, markup: bool = False) -> str:
    """Whole text of a file, with newlines as line ends and ASCII minus signs.

    ``markup`` says that it may begin as JSON and XML do.

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
    if not markup and text.lstrip()[:1] in ("{", "<"):
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
    end, words = 0, 0
    while (found := _layout(path, form, text, end, told, energies)) is not None:
        words += sum(map(len, text[end : found[1]])) if tables else 0
        if len(tables) == MAX_TABLES or words > _MAX_LETTERS:
            raise FormatError(
                f"{path}: has more than {MAX_TABLES} tables, or {_MAX_LETTERS} characters between "
                "them; part it into several files"
            )
        table, end = _table(path, form, text, end, *found)
        tables.append(table)
    if form.columns is not None or told is not None:
        below = (number for number in rows.filled(text, end) if lines.is_numbers(text[number]))
        if next(below, None) is not None:
            note = f"numbers below line {end} left out: the headings hold for the first table alone"
            return [replace(tables[0], note="; ".join(filter(None, (tables[0].note, note))))]
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
        return Layout(tuple(told or heads), lines.DELIMITERS), begin, rows.MAX_WORDS
    for number in rows.filled(text, start):
        layout = lines.name_columns(text[number], energies)
        if layout is not None:
            return layout, number + 1, _MOST_BETWEEN
    return None


def _above(text: list[str], start: int, stop: int) -> str:
    """Lines from ``start`` to ``stop``, those too long for metadata cut."""
    return "\n".join(
        line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in text[start:stop]
    )


def _declared(path: Path, form: Format, text: list[str]) -> tuple[int, list[Heading]]:
    """Line where the rows may begin, and the headings, as the format declares them."""
    begin = 0
    if form.rows_after is not None:
        marks = (i for i, line in enumerate(text[: rows.MAX_WORDS]) if form.rows_after.search(line))
        begin = next(marks, -1) + 1
        if not begin:
            raise FormatError(
                f"{path}: {form.vendor} without the line before its rows "
                f"({form.rows_after.pattern}); is it truncated?"
            )
    preamble = _above(text, 0, begin or rows.MAX_WORDS)
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
    path: Path, form: Format, text: list[str], end: int, layout: Layout, begin: int, reach: int
) -> tuple[Table, int]:
    """Table of a layout below line ``end``, and the line where the search for the next begins."""
    first, delimiter = rows.first(path, text, layout, begin, reach)
    between = filter(str.strip, text[begin:first] if reach == _MOST_BETWEEN else [])
    stated = (lines.with_units(layout, line, delimiter) for line in between)
    layout = next((one for one in stated if one is not None), layout)
    found, after = rows.read(path, text, layout, first, delimiter)
    preamble = _above(text, end, first)
    points = form.points.search(preamble) if form.points is not None else None
    gap = ""
    if points is not None and count(points[1]) != len(found.cells):
        stated_points = points[1][:_SHOWN]
        gap = f"says that it has {stated_points} points, but {len(found.cells)} are there"
    decimal = rows.decimal(path, found, delimiter)
    values = {
        index: rows.numbers(path, found, at, layout.headings[index], decimal)
        for at, index in enumerate(layout.wanted)
    }
    return Table(
        title=path.stem,
        headings=layout.headings,
        values=values,
        preamble=preamble,
        rows=len(found.cells),
        damage="" if form.planned else gap,
        note=gap if form.planned else "",
    ), after


def above_numbers(path: Path) -> str:
    """Line above the first row of numbers, for a message; empty where there is none."""
    last, text = "", read_text(path).split("\n")
    for number in rows.filled(text, 0):
        if lines.is_numbers(text[number]):
            return last
        last = text[number]
    return ""
