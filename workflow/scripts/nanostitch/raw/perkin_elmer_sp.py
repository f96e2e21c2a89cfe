"""PerkinElmer block files (sp): one spectrum at constant intervals, as typed blocks.

After the description that PerkinElmer published with its own readers (S. Westlake, 2007): a mark
and a comment, then blocks of a number, a length and a content. The content of the first holds
the members of the data set; each begins with the number of its type.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nanostitch.errors import FormatError

from . import columns, lines
from .columns import Heading
from .tables import Table

_COMMENT_ENDS = 44  # bytes: mark and comment
_BLOCK, _TYPE = struct.Struct("<hi"), struct.Struct("<h")
_DATA_SET = 120
_RANGE, _INTERVAL, _POINTS, _X_LABEL, _Y_LABEL, _NAME, _DATA = (
    -29838,
    -29836,
    -29835,
    -29833,
    -29832,
    -29823,
    -29828,
)
_TEXT, _PAIR, _REAL, _COUNT, _REALS = 29987, 29981, 29979, 29995, 29974
_SPELLING = {"A": "absorbance", "T": "transmittance (1)", "NM": "nm"}
_STEP = 1e-6  # share of an interval by which range and number of points may disagree


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """The spectrum of a block file as a table of two columns.

    Parameters
    ----------
    path
        File that begins with ``PEPE``.
    told
        Headings that a person tells instead of the file's own.

    Raises
    ------
    FormatError
        If blocks end beyond the file, members are absent or contradict each other, or the
        ordinate is a reflectance.
    """
    content = path.read_bytes()
    outer = dict(_blocks(path, content[_COMMENT_ENDS:]))
    members = dict(_blocks(path, outer.get(_DATA_SET, b"")))
    first, last = struct.unpack("<2d", _member(path, members, _RANGE, _PAIR, 16))
    (step,) = struct.unpack("<d", _member(path, members, _INTERVAL, _REAL, 8))
    (points,) = struct.unpack("<i", _member(path, members, _POINTS, _COUNT, 4))
    values = _reals(path, members)
    if values.size != points:
        raise FormatError(
            f"{path}: says that it has {points} points, but {values.size} are there; truncated?"
        )
    positions = first + step * np.arange(points)
    if not (points and abs(positions[-1] - last) <= _STEP * abs(step) * points):
        raise FormatError(
            f"{path}: {points} points from {first:g} by {step:g} do not end at {last:g}; damaged?"
        )
    axis, ordinate = (_text(path, members, label) for label in (_X_LABEL, _Y_LABEL))
    if ordinate.strip("% ").upper() == "R":
        raise FormatError(
            f"{path}: its ordinate is {lines.quoted(ordinate)}, a reflectance, which is no "
            "measure of what is absorbed without the transmittance; export absorbance or %T"
        )
    heads = (
        columns.heading(f"wavelength ({_SPELLING.get(axis, axis)})"),
        columns.heading(_SPELLING.get(ordinate, ordinate)),
    )
    title = _text(path, members, _NAME) if _NAME in members else path.stem
    data = {0: np.asarray(positions, dtype=float), 1: values}
    return [Table(title or path.stem, tuple(told or heads), data, f"Sample: {title}", points)]


def _blocks(path: Path, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each block; of those with one number the last counts."""
    at = 0
    while at + _BLOCK.size <= len(content):
        number, length = _BLOCK.unpack_from(content, at)
        at += _BLOCK.size
        if not 0 <= length <= len(content) - at:
            raise FormatError(
                f"{path}: block {number} promises {length} bytes, {len(content) - at} are there; "
                "is it truncated?"
            )
        yield number, content[at : at + length]
        at += length


def _member(path: Path, members: dict[int, bytes], number: int, kind: int, size: int) -> bytes:
    """Content of a member of a fixed size, behind the number of its type."""
    found = members.get(number, b"")
    if len(found) != _TYPE.size + size or _TYPE.unpack_from(found)[0] != kind:
        raise FormatError(
            f"{path}: PerkinElmer block file without member {number}; is it another kind of block "
            "file? Export the spectrum as ASCII (.asc) or csv"
        )
    return found[_TYPE.size :]


def _text(path: Path, members: dict[int, bytes], number: int) -> str:
    found = members.get(number, b"")
    if len(found) < 4 or struct.unpack_from("<2h", found) != (_TEXT, len(found) - 4):
        raise FormatError(f"{path}: PerkinElmer block file without text {number}; is it damaged?")
    return found[4:].decode("latin-1").strip("\0 ")


def _reals(path: Path, members: dict[int, bytes]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = members.get(_DATA, b"")
    size = _TYPE.size + 4
    stated = struct.unpack_from("<hi", found) if len(found) >= size else (0, 0)
    if stated != (_REALS, len(found) - size) or stated[1] % 8:
        raise FormatError(f"{path}: PerkinElmer block file without its data; is it truncated?")
    return np.frombuffer(found, "<f8", offset=size).astype(float)
