"""Sheets: tab-separated tables with one header line, typed and checked against their schema."""

import re
from pathlib import Path
from typing import Any

from nanostitch import schema
from nanostitch.schema import Problem

LONGEST_ID = 64
LONGEST_CELL = 4096
ID_RULE = f"must be lower-case letters, digits, _ and -, at most {LONGEST_ID} characters."

Row = dict[str, Any]

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")


def is_id(text: str) -> bool:
    """Whether a text may name a batch, sample, condition, acquisition or figure."""
    return bool(_ID.fullmatch(text)) and len(text) <= LONGEST_ID


class Sheet:
    """One table as typed rows by id, with every problem found on the way.

    Attributes
    ----------
    rows
        Cells by column for each id; numbers as float, empty cells left out.
    problems
        Everything that breaks the schema, each with file, row, column, value and remedy.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.key = key
        self.rows: dict[str, Row] = {}
        self.problems: list[Problem] = []
        self._schema = schema.load(f"{key}s")
        lines = self._lines()
        header = lines[0][1] if lines else []
        if self._header_fits(header):
            for number, cells in lines[1:]:
                self._add(number, header, cells)

    def _lines(self) -> list[tuple[int, list[str]]]:
        """Cells of each line that holds any, with its number in the file; no comment lines."""
        try:
            text = self.path.read_text("utf-8-sig")
        except OSError as error:
            self._report("file", error.strerror, "create it")
            return []
        except UnicodeDecodeError as error:
            self._report("encoding", str(error), "save the sheet as UTF-8")
            return []
        lines = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines()]
        numbered = enumerate(lines, start=1)
        return [(n, line) for n, line in numbered if any(line) and not line[0].startswith("#")]

    def _header_fits(self, header: list[str]) -> bool:
        known = self._schema["properties"]
        for column in header:
            if column not in known:
                self._report(f"column {column}", column, f"known columns: {', '.join(known)}")
            elif header.count(column) > 1:
                self._report(f"column {column}", column, "must stand only once")
        for column in self._schema["required"]:
            if column not in header:
                what = known[column]["description"]
                self._report(f"column {column}", None, f"add the column (tab-separated): {what}")
        return not self.problems

    def _add(self, number: int, header: list[str], cells: list[str]) -> None:
        if len(cells) > len(header):
            extra = cells[len(header) :]
            self._report(f"row {number}", extra, f"has more cells than the {len(header)} columns")
            return
        row: Row = {}
        for column, cell in zip(header, cells, strict=False):
            if len(cell) > LONGEST_CELL:
                self._report(f"row {number}, column {column}", f"{cell[:20]}…", "is too long")
            elif cell:
                row[column] = self._typed(column, cell)
        for problem in schema.problems(row, self._schema, str(self.path)):
            column = problem.field.removeprefix("(top level).")
            self._report(f"row {number}, column {column}", problem.value, problem.remedy)
        name = str(row.get(self.key, ""))
        if len(name) > LONGEST_ID:
            self._report(f"row {number}, column {self.key}", f"{name[:20]}…", ID_RULE)
        if name in self.rows:
            self._report(f"row {number}, column {self.key}", name, "stands in another row too")
        self.rows[name] = row

    def _typed(self, column: str, cell: str) -> object:
        """Give the number of a cell of a numeric column; leave the rest to the schema."""
        if self._schema["properties"][column]["type"] != "number":
            return cell
        return float(cell) if _NUMBER.fullmatch(cell) else cell

    def _report(self, field: str, value: object, remedy: str) -> None:
        self.problems.append(Problem(str(self.path), field, value, remedy))
