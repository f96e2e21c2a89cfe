"""Horiba LabSpec spectra (xml), by RosettaSciIO's reader of Jobin-Yvon files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.errors import FormatError

from . import columns, microscope
from .columns import Heading
from .model import Signal
from .tables import MAX_TABLES, Table

FORMAT = "labspec"
"""Name under which :mod:`microscope` knows the reader."""
_COUNTS = {"Cnt": "intensity (counts)", "Cnt/sec": "intensity (counts/s)"}
_FACTS = {
    "Excitation wavelength": ("Laser (nm)", "nm"),
    "Exposure time": ("Acq. time (s)", "s"),
}
"""Lines above the table, with the name and unit of what the file's set-up states."""


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Spectra of a file, each pixel of a map as a table of two columns.

    An axis that is a Raman shift is no wavelength: it stays a column that nobody knows.

    Parameters
    ----------
    path
        File that holds ``<LSX_Data``.
    told
        Headings that a person tells instead of the file's own.

    Raises
    ------
    FormatError
        If the file cannot be read, or has more spectra than one can name.
    """
    signals, _ = microscope.read(path, FORMAT)
    return [table for signal in signals for table in _tables(path, signal, told)]


def _tables(path: Path, signal: Signal, told: Sequence[Heading] | None) -> list[Table]:
    axis = signal.axes[-1]
    spectra = signal.data.reshape(-1, axis.size)
    if len(spectra) > MAX_TABLES:
        raise FormatError(f"{path}: a map of {len(spectra)} spectra; at most {MAX_TABLES} are read")
    unit = str(_setup(signal).get("signal units", "not stated"))
    name = "wavelength" if axis.name != "Raman Shift" else axis.name
    heads = (
        columns.heading(f"{name} ({axis.units})"),
        columns.heading(_COUNTS.get(unit, f"intensity ({unit})")),
    )
    places = [str(place) for place in np.ndindex(signal.data.shape[:-1])]
    title = signal.title or path.stem
    return [
        Table(
            title=f"{title} {place}" if len(spectra) > 1 else title,
            headings=tuple(told or heads),
            values={0: axis.positions(), 1: values.astype(float)},
            preamble="\n".join(_facts(signal)),
            rows=axis.size,
        )
        for place, values in zip(places, spectra, strict=True)
    ]


def _facts(signal: Signal) -> list[str]:
    """What the file states of its measurement, as lines above a table."""
    setup = _setup(signal)
    return [f"{name}: {setup[at]} {unit}" for name, (at, unit) in _FACTS.items() if at in setup]


def _setup(signal: Signal) -> Mapping[str, Any]:
    found: Mapping[str, Any] = signal.original.get("experimental_setup") or {}
    return found
