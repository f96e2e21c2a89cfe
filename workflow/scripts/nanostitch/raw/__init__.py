"""The raw door: vendor files in, labelled Datasets out. No other module knows vendor formats.

A file is read as what its content is. What it lacks is told by a person or refused; nothing is
assumed, nothing is unpickled or evaluated, and what is told is recorded as told.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from nanostitch.errors import CalibrationError, FormatError

from . import (
    choose,
    columns,
    curve_label,
    curves,
    emsa,
    formats,
    hamamatsu,
    images,
    label,
    lines,
    microscope,
    rows,
    sniff,
    tables,
    text,
)
from .choose import TECHNIQUES, Content
from .columns import Heading
from .companions import companions, needs_companions
from .curves import Curve
from .formats import Format
from .model import RawFile, Signal
from .told import Ledger

__all__ = ["TECHNIQUES", "Content", "companions", "contents", "needs_companions", "preview", "read"]


def read(
    path: Path, technique: str, told: Mapping[str, float | str], dataset: str | None
) -> xr.Dataset:
    """Read one dataset of a raw file.

    Parameters
    ----------
    path
        Raw file.
    technique
        ``adf``, ``eels``, ``edx``, ``absorption``, ``pl``, ``plqy``, ``iv`` or ``eis``.
    told
        Told calibrations by their column in acquisitions.tsv; a told value wins over the
        file's, and both are recorded in the attribute ``told``.
    dataset
        Index or title of the dataset, where the file holds several that fit.

    Returns
    -------
    xarray.Dataset
        ``intensity`` (adf; y, x), ``counts`` (eels, edx; [y,] [x,] energy), ``absorbance`` or
        ``transmittance`` (absorption; wavelength), ``intensity`` (pl, plqy; wavelength),
        ``voltage`` and ``current`` (iv; point), ``impedance_real`` and ``impedance_imag`` (eis;
        frequency). Coordinates in nm, eV (edx: keV) and Hz, flat metadata as attributes with the
        unit in the name.

    Raises
    ------
    FormatError
        If the file is damaged, of no known format, or holds not one dataset that fits.
    CalibrationError
        If a scale, a unit or a beam energy is neither in the file nor told.
    """
    if technique not in TECHNIQUES:
        raise FormatError(
            f"{path}: no reader for technique {technique!r}; supported: {', '.join(TECHNIQUES)}"
        )
    ledger = Ledger(path, told)
    facts, headings = ledger.facts(technique), ledger.headings(technique)
    file = _open(path, technique, headings)
    signal = choose.pick(file, technique, dataset)
    if isinstance(signal, Curve):
        if headings is not None:
            ledger.use_headings(
                curves.stated(path, formats.by_name(file.format) or formats.GENERIC)
            )
        labelled = curve_label.dataset(file, signal, technique, ledger)
    elif technique == "adf":
        labelled = label.image(file, signal, ledger)
    else:
        labelled = label.spectrum(file, signal, technique, ledger)
    return labelled.assign_attrs(facts)


def contents(path: Path) -> list[Content]:
    """Describe every dataset of a raw file; needs neither technique nor calibration.

    Raises
    ------
    FormatError
        If the file is damaged or of no known format.
    """
    return choose.describe(_open(path))


def preview(path: Path, index: int) -> xr.DataArray:
    """One dataset of a raw file with the axes and units that it states, for a quick look.

    Raises
    ------
    FormatError
        If the file is damaged or of no known format.
    """
    signal = _open(path).signals[index]
    dims = [f"{axis.name or 'axis'} [{number}]" for number, axis in enumerate(signal.axes)]
    array = xr.DataArray(signal.data, dims=dims, name=signal.title or path.name)
    for dim, axis in zip(dims, signal.axes, strict=True):
        if axis.values is not None or np.isfinite(axis.scale):
            array = array.assign_coords({dim: (dim, axis.positions(), {"units": axis.units})})
    return array


def _open(
    path: Path, technique: str | None = None, headings: list[Heading] | None = None
) -> RawFile:
    """All datasets of a file; text is read as a table where it is one, or must be."""
    name = sniff.format_of(path)
    warnings: list[str] = []
    signals: list[Signal]
    form = formats.GENERIC if name == "text" else formats.by_name(name)
    if form is not None:
        name, signals = _text(path, form, technique, headings)
    elif name == "msa":
        signals, warnings = emsa.read(path)
    elif name == hamamatsu.NAME:
        signals, warnings = hamamatsu.read(path)
    elif name == "image":
        signals = images.read(path)
    else:
        signals, warnings = microscope.read(path, name)
    signals = [signal for signal in signals if signal.data.size]
    if not signals:
        raise FormatError(f"{path}: holds no data; is it truncated?")
    return RawFile(path, name, tuple(signals), tuple(warnings))


def _text(
    path: Path, form: Format, technique: str | None, headings: list[Heading] | None
) -> tuple[str, list[Signal]]:
    """Curves of a text file, or else the one spectrum that its numbers are."""
    is_table = technique in columns.TECHNIQUES
    found = curves.read(path, form, headings, energies=is_table or form is not formats.GENERIC)
    if found:
        return form.name, list(found)
    if is_table:
        above = tables.above_numbers(path)
        stands = f" ({lines.quoted(above)} stands above the numbers)" if above else ""
        raise CalibrationError(
            f"{path}: no line of the first {rows.MAX_WORDS} names the columns of one {technique} "
            f"curve{stands}; tell all columns in order in column headings of acquisitions.tsv, "
            f"'-' for those to leave out, such as: {columns.TECHNIQUES[str(technique)].example}"
        )
    return "text", text.read(path)
