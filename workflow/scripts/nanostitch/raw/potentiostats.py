"""Impedance as two potentiostats' programs write it, in no table that names its columns above it.

Eco Chemie's FRA (``.dfr``): a version, the number of points, a line of its own, then nine lines a
point. Princeton Applied Research's VersaStudio (``.par``): sections of tags, one of which holds
the rows of a segment below a line that defines their columns.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanostitch.errors import FormatError

from . import columns, lines
from .columns import Heading
from .metadata import count
from .rows import refuse_too_many
from .tables import MAX_TABLES, Table, read_text

_DFR_POINT = ("frequency (Hz)", "Z' (ohm)", "-Z'' (ohm)", "-", "-", "time (s)", "-", "-", "-")
"""Lines of a point: after both parts of the impedance potential, current and time."""
_DFR_HEAD = 3
_SEGMENT = re.compile(r"^<Segment(\d+)>\n(.*?)^</Segment\1>$", re.MULTILINE | re.DOTALL)
_DEFINITION, _NO_NAME = "Definition=", ", 0"


def parse_dfr(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Table of an FRA file; see :func:`nanostitch.raw.tables.parse`.

    Raises
    ------
    FormatError
        If the file has not the points that it states, or a line is no number.
    """
    _refuse_told(path, told)
    stated = [line.strip() for line in read_text(path).split("\n") if line.strip()]
    points = count(stated[1]) if len(stated) > 1 else None
    body, width = stated[_DFR_HEAD:], len(_DFR_POINT)
    if not points or len(body) < width * points:
        raise FormatError(
            f"{path}: says that it has {stated[1][:20] if len(stated) > 1 else 'no'} points, but "
            f"{len(body) // width} are there; is it truncated?"
        )
    body = body[: width * points]
    heads = columns.told_headings(";".join(_DFR_POINT))
    values = {
        at: _numbers(path, body[at::width], head)
        for at, head in enumerate(heads)
        if head.quantity is not None
    }
    return [Table(path.stem, tuple(heads), values, "\n".join(stated[:_DFR_HEAD]), points)]


def parse_par(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Tables of a VersaStudio file, one a segment; see :func:`nanostitch.raw.tables.parse`.

    Raises
    ------
    FormatError
        If a segment does not define its columns, or a row has not as many.
    """
    _refuse_told(path, told)
    text = read_text(path, markup=True)
    segments = _SEGMENT.findall(text)
    if not segments or len(segments) > MAX_TABLES:
        raise FormatError(f"{path}: has {len(segments)} whole segments, 1 to {MAX_TABLES} are read")
    head = text[: text.index("<Segment1>")] if "<Segment1>" in text else ""
    return [_segment(path, f"{path.stem} segment {name}", body, head) for name, body in segments]


def _segment(path: Path, title: str, body: str, head: str) -> Table:
    stated = body.split("\n")
    at = next((i for i, line in enumerate(stated) if line.startswith(_DEFINITION)), None)
    if at is None:
        raise FormatError(f"{path}: {title} has no line {_DEFINITION}; is it truncated?")
    named = stated[at].removeprefix(_DEFINITION).removesuffix(_NO_NAME).split(",")
    heads = tuple(columns.heading(cell) for cell in named)
    rows = [line.split(",") for line in stated[at + 1 :] if line.strip()]
    refuse_too_many(path, len(rows), sum(head.quantity is not None for head in heads))
    wrong = next((row for row in rows if len(row) != len(heads)), None)
    if wrong is not None:
        raise FormatError(
            f"{path}: {title} has {len(heads)} columns, but a row of {len(wrong)} "
            f"({lines.quoted(','.join(wrong))}); mend or remove it"
        )
    values = {
        index: _numbers(path, [row[index] for row in rows], one)
        for index, one in enumerate(heads)
        if one.quantity is not None
    }
    return Table(title, tuple(map(_plain, heads)), values, head, len(rows))


def _plain(head: Heading) -> Heading:
    """Heading without the blanks that part it from the one before."""
    return replace(head, text=head.text.strip())


def _numbers(
    path: Path, cells: list[str], head: Heading
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    wrong = next((cell for cell in cells if not lines.is_number(cell.strip())), None)
    if wrong is not None:
        raise FormatError(f"{path}: {lines.quoted(wrong)} in column {head.text!r} is no number")
    return np.array([float(cell.strip().replace(",", ".")) for cell in cells])


def _refuse_told(path: Path, told: Sequence[Heading] | None) -> None:
    if told is not None:
        raise FormatError(f"{path}: its columns are known; clear column headings")
