"""Sheets: tab-separated tables with one header line, typed and checked against their schema."""

import re
from pathlib import Path
from typing import Any

from nanostitch import schema
from nanostitch.schema import Problem, shortened, unprinted

LONGEST_ID = 64
LONGEST_CELL = 4096
LARGEST_BYTES = 2**25
"""A sheet of 100 000 acquisitions takes half of it."""
ID_RULE = f"must be lower-case letters, digits, _ and -, at most {LONGEST_ID} characters."

Row = dict[str, Any]

ID_PATTERN = "[a-z0-9][a-z0-9_-]*"
_LINE_ENDS = re.compile("\r\n|\r|\n")
"""Those that editors write; Python knows more, which may stand within a cell."""
_FORMULA = re.compile(r"[=@]|[+-][^;]*[|!]")
"""Beginnings of a cell that a spreadsheet program would compute, or ask another program for."""
_ID = re.compile(ID_PATTERN)
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
        text = self._text()
        lines = [[cell.strip() for cell in line.split("\t")] for line in _LINE_ENDS.split(text)]
        numbered = enumerate(lines, start=1)
        return [(n, line) for n, line in numbered if any(line) and not line[0].startswith("#")]

    def _text(self) -> str:
        """Content of the file; empty where it is none that can be read."""
        try:
            if (size := self.path.stat().st_size) > LARGEST_BYTES:
                self._report("size", size, f"a sheet has at most {LARGEST_BYTES} bytes")
                return ""
            text = self.path.read_text("utf-8-sig")
        except OSError as error:
            self._report("file", error.strerror, "create it")
            return ""
        except UnicodeDecodeError as error:
            self._report("encoding", str(error), "save the sheet as UTF-8")
            return ""
        if "\0" in text:
            self._report("encoding", "\0", "is no text in UTF-8; save the sheet as UTF-8")
            return ""
        return text

    def _header_fits(self, header: list[str]) -> bool:
        known = self._schema["properties"]
        for column in header:
            if column not in known:
                name = shortened(column)
                self._report(f"column {name}", name, f"known columns: {', '.join(known)}")
            elif header.count(column) > 1:
                self._report(f"column {column}", column, "must stand only once")
        for column in self._schema["required"]:
            if column not in header:
                what = known[column]["description"]
                self._report(f"column {column}", None, f"add the column (tab-separated): {what}")
        return not self.problems

    def _add(self, number: int, header: list[str], cells: list[str]) -> None:
        if len(cells) > len(header):
            extra = shortened("\t".join(cells[len(header) :]))
            self._report(f"row {number}", extra, f"has more cells than the {len(header)} columns")
            return
        row: Row = {}
        for column, cell in zip(header, cells, strict=False):
            value = self._typed(column, cell)
            if reason := _refusal(value):
                self._report(f"row {number}, column {column}", f"{cell[:20]}…", reason)
            elif cell:
                row[column] = value
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


def _refusal(value: object) -> str:
    """Why no cell may hold a value, whatever its column; empty where it may."""
    if not isinstance(value, str):
        return ""
    if len(value) > LONGEST_CELL:
        return f"is too long: a cell has at most {LONGEST_CELL} characters"
    if unprinted(value):
        return f"holds {unprinted(value)[:20]!a}, which is not printed; type the cell anew"
    if _FORMULA.match(value):
        return "begins like a formula, which a spreadsheet would run; begin it with a letter"
    return ""
