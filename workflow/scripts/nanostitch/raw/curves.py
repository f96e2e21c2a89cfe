"""Curves of a text file, before their technique is known: one for each sweep of each table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import (
    columns,
    galactic,
    labspec,
    labview,
    perkin_elmer_sp,
    potentiostats,
    preamble,
    solar_simulator,
    tables,
    tdms,
)
from .columns import TECHNIQUES, Heading
from .formats import GENERIC, Format
from .model import Axis, Signal
from .tables import MAX_TABLES, Table

Numbers = npt.NDArray[np.float64]
_Part = tuple[Numbers, tuple[Axis, ...], tuple[str, ...], slice, str]

_PARSERS = {
    "lvm": labview.parse,
    "tdms": tdms.parse,
    "fra-dfr": potentiostats.parse_dfr,
    "versastudio-par": potentiostats.parse_par,
    "solar-simulator": solar_simulator.parse,
    "perkin-elmer-sp": perkin_elmer_sp.parse,
    "galactic-spc": galactic.parse,
    "labspec-xml": labspec.parse,
}
"""Formats with a parser of their own, by name."""
FEWEST_POINTS = 3
"""Points below which there is no curve."""
_UNIFORM = 1e-3  # of a step: the rounding of printed positions stays below it


@dataclass(frozen=True, kw_only=True)
class Curve(Signal):
    """One curve of a table: those rows in which the axis rises or falls throughout."""

    form: Format
    table: Table
    rows: slice


def read(
    path: Path, form: Format, told: Sequence[Heading] | None = None, energies: bool = True
) -> list[Curve]:
    """Curves of a text file; none where no line names columns that are known.

    Parameters
    ----------
    path
        Text file.
    form
        Its format.
    told
        Headings that a person tells instead of the file's own.
    energies
        Whether an axis that is called energy alone may be that of photons.

    Raises
    ------
    FormatError
        If the file is damaged, or an axis turns back again and again, or it has too many curves.
    """
    if form.name in _PARSERS:
        found = _PARSERS[form.name](path, told)
    else:
        found = tables.parse(path, form, told, energies)
    if not found and form is not GENERIC:
        raise FormatError(f"{path}: {form.vendor} without a line that names columns that are known")
    texts = dict.fromkeys(table.preamble for table in found)
    fields = {text: preamble.fields(text, form) for text in texts}
    # What the head of the file says holds where a table's own lines do not say otherwise.
    head = fields[found[0].preamble] if found else {}
    curves = (
        curve
        for table in found
        for curve in _curves(path, table, form, head | fields[table.preamble])
    )
    kept = list(islice(curves, MAX_TABLES + 1))
    if len(kept) > MAX_TABLES:
        raise FormatError(f"{path}: has more than {MAX_TABLES} curves; part it into several files")
    return kept


def stated(path: Path, form: Format) -> str:
    """Headings that a file has itself, for the record; empty where they cannot be read."""
    try:
        found = read(path, form)
    except FormatError:
        return ""
    return "; ".join(head.text for head in found[0].table.headings) if found else ""


def _curves(path: Path, table: Table, form: Format, fields: Mapping[str, Any]) -> Iterator[Curve]:
    """Curves of one table, for each axis along which it can be read."""
    original = {"header": table.preamble, "columns": [head.text for head in table.headings]}
    for data, axis, names, rows, title in _parts(path, table, form):
        yield Curve(
            data=data,
            axes=axis,
            title=title,
            signal_type="",
            metadata=fields,
            original=original,
            techniques=names,
            form=form,
            table=table,
            rows=rows,
        )


def _parts(path: Path, table: Table, form: Format) -> Iterator[_Part]:
    """What a table holds: numbers, axes, techniques, rows and title of each curve."""
    names = columns.techniques(table.headings) if table.rows else ()
    if not names:
        nothing = np.full(table.rows, np.nan)
        data = [table.values.get(index, nothing) for index in range(len(table.headings))]
        plane = (_unnamed_axis(table.rows), _unnamed_axis(len(data)))
        yield np.stack(data, axis=1), plane, (), slice(None), table.title
    for axis in dict.fromkeys(TECHNIQUES[name].axis for name in names):
        along = tuple(name for name in names if TECHNIQUES[name].axis == axis)
        first, second, *_ = columns.needed(along[0], {head.quantity for head in table.headings})
        at = table.of(first)[0]
        positions, values = table.values[at], table.values[table.of(second)[0]]
        whole = [slice(0, table.rows)]
        runs = whole if axis is None else _runs(path, positions, table.headings[at])
        for number, rows in enumerate(runs):
            title = table.title + (f" sweep {number}" if len(runs) > 1 else "")
            unit = table.headings[at].unit or form.units.get(first, "")
            yield values[rows], (_axis(first, unit, positions[rows]),), along, rows, title


def _unnamed_axis(size: int) -> Axis:
    return Axis("", size, np.nan, np.nan, "", False)


def _axis(name: str, unit: str, positions: Numbers) -> Axis:
    with np.errstate(over="ignore", invalid="ignore"):  # whatever a sweep's voltages are
        step = (positions[-1] - positions[0]) / max(positions.size - 1, 1)
        even = positions[0] + step * np.arange(positions.size)
        uniform = bool(np.abs(positions - even).max() <= _UNIFORM * abs(step))
    return Axis(
        name=name,
        size=positions.size,
        scale=float(step) if uniform else np.nan,
        offset=float(positions[0]),
        units=unit,
        navigate=False,
        values=positions,
    )


def _runs(path: Path, positions: Numbers, head: Heading) -> list[slice]:
    """Parts in which positions rise or fall throughout: one for each sweep of a file.

    Rows of frequency 0 before the first are those of a direct current and no part of a spectrum.
    """
    rest = 0
    if head.quantity == "frequency" and positions.any():
        rest = int(np.flatnonzero(positions)[0])
        positions = positions[rest:]
    if not (np.isfinite(positions) & (positions > 0)).all():
        wrong = positions[~(np.isfinite(positions) & (positions > 0))][0]
        raise FormatError(
            f"{path}: column {head.text!r} has {wrong:g} among its {head.quantity} values, which "
            "must be positive; remove the row"
        )
    cuts, direction = [0], 0.0
    for number, step in enumerate(np.sign(np.diff(positions)), 1):
        if direction == 0 and number > cuts[-1] and step != 0:
            direction = step
        elif step != direction or step == 0:
            cuts.append(number)
            direction = 0.0
    parts = [slice(a, b) for a, b in zip(cuts, [*cuts[1:], positions.size], strict=True)]
    short = next((part for part in parts if part.stop - part.start < FEWEST_POINTS), None)
    if short is not None:
        raise FormatError(
            f"{path}: column {head.text!r} neither rises nor falls through row "
            f"{rest + short.start + 1} ({positions[short.start]:g}): each curve needs "
            f"{FEWEST_POINTS} points or more, in order and none of them twice"
        )
    return [slice(rest + part.start, rest + part.stop) for part in parts]
