"""Galactic spectra (spc), as GRAMS and many instruments write them.

After Galactic's own description of the format (Galactic Industries, "A brief guide to SPC file
format", 1997): a header, positions where they are not even, then for each spectrum a header of
its own and values as numbers with a common exponent of two, or as reals.
"""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import columns, marks
from .columns import Heading
from .tables import MAX_TABLES, Table

Numbers = npt.NDArray[np.float64]

_HEADER_BYTES, _OLD_HEADER_BYTES, _SUB_BYTES = 512, 224, 32
_SUB = struct.Struct("<Bb")
_COMMENT, _LABELS, _OLD_COMMENT = slice(88, 218), slice(218, 248), slice(64, 194)
_SHORT, _MULTIPLE, _OWN_LABELS, _PAIRS, _UNEVEN = 1, 4, 32, 64, 128
_REALS = -128
"""Exponent that stands for values stored as reals."""
_AXES = {
    1: "wavenumber (cm-1)",
    2: "wavelength (um)",
    3: "wavelength (nm)",
    13: "Raman shift (cm-1)",
    14: "photon energy (eV)",
}
_ORDINATES = {
    0: "intensity",
    2: "absorbance",
    4: "intensity (counts)",
    10: "log(1/R)",
    11: "percent",
    12: "intensity",
    13: "intensity",
    128: "transmittance",
    129: "reflectance",
    131: "emission intensity",
}
"""What axes and ordinates mean by their numbers; others are none of a spectrum of light."""


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Spectra of a file, each as a table of two columns.

    Parameters
    ----------
    path
        File whose second byte is 0x4B or 0x4D.
    told
        Headings that a person tells instead of the file's own.

    Raises
    ------
    FormatError
        If the file ends before its data do, or holds what is not read: pairs of X and Y for each
        spectrum, or more spectra than one can name.
    """
    content = path.read_bytes()
    reader = _old if content[1:2] == bytes([marks.OLD]) else _new
    positions, spectra, heads, comment = reader(path, content)
    heads = tuple(told) if told is not None else heads
    titles = [path.stem] if len(spectra) == 1 else [f"{path.stem} {i}" for i in range(len(spectra))]
    return [
        Table(title, heads, {0: positions, 1: values}, comment, values.size)
        for title, values in zip(titles, spectra, strict=True)
    ]


_Read = tuple[Numbers, list[Numbers], tuple[Heading, ...], str]


def _new(path: Path, content: bytes) -> _Read:
    _need(path, content, _HEADER_BYTES)
    flags, _, _, exponent, points, first, last, number, x, y, _ = marks.HEADER.unpack_from(content)
    if flags & _PAIRS:
        raise FormatError(
            f"{path}: Galactic file in which every spectrum has positions of its own; export the "
            "spectrum alone, or as text"
        )
    if not 1 <= number <= MAX_TABLES:
        raise FormatError(f"{path}: states {number} spectra; 1 to {MAX_TABLES} are read")
    at, positions = _HEADER_BYTES, np.linspace(first, last, points)
    if flags & _UNEVEN:
        positions, at = _array(path, content, at, points, "<f4"), at + 4 * points
    spectra = []
    for _ in range(number):
        _need(path, content, at + _SUB_BYTES)
        own = _SUB.unpack_from(content, at)[1]
        at += _SUB_BYTES
        power = own if flags & _MULTIPLE else exponent
        width = 2 if flags & _SHORT and power != _REALS else 4
        kind = "<f4" if power == _REALS else f"<i{width}"
        values = _array(path, content, at, points, kind)
        spectra.append(values if power == _REALS else values * 2.0 ** (power - 8 * width))
        at += width * points
    labels = _words(content[_LABELS]) if flags & _OWN_LABELS else []
    return positions, spectra, _headings(x, y, labels), f"Sample: {_text(content[_COMMENT])}"


def _old(path: Path, content: bytes) -> _Read:
    """Lab Calc: one spectrum, values with their halves of 16 bits swapped."""
    _need(path, content, _OLD_HEADER_BYTES + _SUB_BYTES)
    flags, _, exponent, count, first, last, x, y = marks.OLD_HEADER.unpack_from(content)
    points, at = int(count), _OLD_HEADER_BYTES + _SUB_BYTES
    if flags & _MULTIPLE:
        raise FormatError(
            f"{path}: Lab Calc file of several spectra; export the spectrum alone, or as text"
        )
    if flags & _SHORT:
        values = _array(path, content, at, points, "<i2") * 2.0 ** (exponent - 16)
    else:
        halves = _array(path, content, at, 2 * points, "<u2").astype(np.uint32)
        whole = (halves[::2] * 2**16 + halves[1::2]).astype(np.uint32).view(np.int32)
        values = whole * 2.0 ** (exponent - 32)
    comment = f"Sample: {_text(content[_OLD_COMMENT])}"
    return np.linspace(first, last, points), [values], _headings(x & 31, y, []), comment


def _headings(x: int, y: int, labels: list[str]) -> tuple[Heading, ...]:
    """Headings by the codes of the axes, or by labels of the file's own where codes say nothing."""
    names = [_AXES.get(x, ""), _ORDINATES.get(y, "")]
    own = [*labels, "", ""]
    return tuple(
        columns.heading(name or label or "unknown") for name, label in zip(names, own, strict=False)
    )


def _array(path: Path, content: bytes, at: int, number: int, kind: str) -> Numbers:
    _need(path, content, at + number * np.dtype(kind).itemsize)
    return np.frombuffer(content, kind, number, at).astype(float)


def _need(path: Path, content: bytes, end: int) -> None:
    if len(content) < end:
        raise FormatError(
            f"{path}: Galactic file of {len(content)} bytes that promises {end}; is it truncated?"
        )


def _text(field: bytes) -> str:
    return " ".join(field.split(b"\0")[0].decode("latin-1").split())


def _words(field: bytes) -> list[str]:
    return [part.decode("latin-1").strip() for part in field.split(b"\0")]
