"""Images of Hamamatsu cameras (``.img``) behind a spectrograph: the spectrum that they add up to.

RosettaSciIO reads the image, whose columns are wavelengths; its rows are height on the detector,
or time in a streak camera. Their sum is the spectrum over the whole slit and the whole time.
"""

import struct
from pathlib import Path

import numpy as np

from nanostitch.errors import CalibrationError, FormatError

from . import columns, microscope
from .curves import Curve
from .formats import GENERIC
from .model import Axis, Signal
from .tables import Table
from .units import nm_per

NAME = "hamamatsu"
_HEADER = struct.Struct("<2s6hihhd4s30s")  # mark, comment, width, height, offsets, type, …
_PIXEL_BYTES = {0: 1, 2: 2, 3: 4}  # by type
_HEADINGS = "wavelength (nm); counts"


def read(path: Path) -> tuple[list[Signal], list[str]]:
    """Spectrum of an image, and what the library complained of.

    Raises
    ------
    FormatError
        If the file is damaged, or of a type that is not documented.
    CalibrationError
        If its columns are no wavelengths.
    """
    _refuse_truncated(path)
    signals, warnings = microscope.read(path, NAME)
    return [_curve(path, signal) for signal in signals], warnings


def _refuse_truncated(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise FormatError(f"{path}: ends within its header; is it truncated?")
    _, comment, width, height, _, _, kind, *_ = _HEADER.unpack(head)
    if kind not in _PIXEL_BYTES or min(comment, width, height) <= 0:
        raise FormatError(
            f"{path}: Hamamatsu image of type {kind} with {width} by {height} pixels; save it "
            "uncompressed with 8, 16 or 32 bits"
        )
    promised = _HEADER.size + comment + width * height * _PIXEL_BYTES[kind]
    if promised > path.stat().st_size:
        raise FormatError(
            f"{path}: its header promises {promised} bytes, {path.stat().st_size} are there; is it "
            "truncated?"
        )


def _curve(path: Path, signal: Signal) -> Curve:
    axis = signal.axes[-1]
    factor = nm_per(axis.units)
    if factor is None:
        raise CalibrationError(
            f"{path}: the columns of the image have no wavelength (unit {axis.units!r}); export "
            "the spectrum as text and tell headings in acquisitions.tsv"
        )
    wavelength = factor * axis.positions()
    counts = np.asarray(signal.data, dtype=float).sum(axis=0)
    heads = tuple(columns.told_headings(_HEADINGS))
    table = Table(
        title=path.stem,
        headings=heads,
        values={0: wavelength, 1: counts},
        preamble="",
        rows=counts.size,
        note=f"sum of the {signal.data.shape[0]} rows of the image",
    )
    along = Axis("wavelength", counts.size, np.nan, float(wavelength[0]), "nm", False, wavelength)
    return Curve(
        data=counts,
        axes=(along,),
        title=signal.title or path.stem,
        signal_type="",
        metadata=signal.metadata,
        original={**signal.original, "columns": [head.text for head in heads]},
        techniques=columns.techniques(heads),
        form=GENERIC,
        table=table,
        rows=slice(0, counts.size),
    )
