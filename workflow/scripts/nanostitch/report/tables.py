"""Tables of numbers as a page shows them: a number and its interval in one cell, with a trace."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nanostitch import products, run_files
from nanostitch.draw.captions import rounded
from nanostitch.report.collect import Contents

ENDS = {
    "value": ("lower_95", "upper_95"),
    "effect": ("lower_95", "upper_95"),
    "band_gap_ev": ("lower_95_ev", "upper_95_ev"),
    "recovered": ("lower", "upper"),
}
"""Columns of the ends of an interval, where they are not named like their number."""
_HIDDEN = {"simulated", "use", "note", "reasons", "says", "why"}
"""Columns that stand elsewhere on the page."""


@dataclass(frozen=True)
class Cell:
    """Text of a cell; ``traced`` where it is a number that a click traces."""

    text: str
    traced: bool = False


@dataclass(frozen=True)
class Row:
    """Cells of a row and the node that its numbers come from."""

    cells: list[Cell]
    trace: str


@dataclass(frozen=True)
class Table:
    """A table with its columns; ``path`` is the file that holds all digits."""

    name: str
    path: str
    columns: list[str]
    rows: list[Row]


def of_batch(contents: Contents) -> list[Table]:
    """Every table that exists, but that of claims, which has its own place."""
    names = [*products_tables(contents), "comparisons", "recovery"]
    found = []
    for name in names:
        path = contents.folder / "tables" / f"{name}.tsv"
        if path.is_file() and (rows := run_files.rows(path)):
            found.append(_table(contents, name, rows))
    return found


def products_tables(contents: Contents) -> list[str]:
    """Tables of measured numbers that the plan asks for, in the order of their techniques."""
    asked = set(contents.named("tables"))
    return [name for names in products.MEASURED.values() for name in names if name in asked]


def _table(contents: Contents, name: str, rows: list[dict[str, str]]) -> Table:
    columns = [c for c in rows[0] if c not in _HIDDEN]
    whole = {c: ends for c in columns if (ends := _ends(c))[0] in columns}
    merged = {end for ends in whole.values() for end in ends}
    shown = [c for c in columns if c not in merged]
    node = _tracer(contents, name)
    return Table(
        name=name,
        path=f"tables/{name}.tsv",
        columns=[c.replace("_", " ") + (" [95 %]" if c in whole else "") for c in shown],
        rows=[Row([_cell(row, c, whole) for c in shown], node(row)) for row in rows],
    )


def _ends(column: str) -> tuple[str, str]:
    """Columns that would hold the ends of the interval of a number."""
    return ENDS.get(column, (f"{column}_lower_95", f"{column}_upper_95"))


def _tracer(contents: Contents, name: str) -> Callable[[Mapping[str, str]], str]:
    """Which node the numbers of a row come from."""
    prefix = contents.prefix
    if name == "comparisons":
        return lambda row: f"{prefix}comparisons/{row['comparison']}.nc"
    if name == "recovery":
        return lambda row: f"{prefix}score/score.nc"
    technique = products.technique(name)
    return lambda row: f"{prefix}{technique}/{row['acquisition']}/{name}.nc"


def _cell(row: Mapping[str, str], column: str, whole: Mapping[str, tuple[str, str]]) -> Cell:
    text = row[column]
    value = _number(text)
    if value is None:
        return Cell(text.replace("_", " ") if column in ("measure", "answer") else text)
    if not math.isfinite(value):
        return Cell("–")
    if column in whole:
        low, high = (_number(row[end]) for end in whole[column])
        if low is not None and high is not None:
            return Cell(rounded(value, low, high), traced=True)
    return Cell(f"{value:.4g}", traced=True)


def _number(text: str) -> float | None:
    """A float as the tables write them; ids and words are none."""
    try:
        return float(text)
    except ValueError:
        return None
