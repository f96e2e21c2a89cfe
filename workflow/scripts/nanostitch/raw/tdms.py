"""LabVIEW TDMS files: segments of metadata and raw numbers, channels in groups.

Own parser after NI's description of the format (National Instruments, "TDMS File Format Internal
Structure", tutorial 5696). Numbers, texts and times are read, and nothing is unpickled; raw data of
DAQmx, which need scales of the device, are refused.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nanostitch.errors import FormatError

from . import columns, lines
from .columns import Heading
from .rows import MAX_CELLS
from .tables import Table

MAGIC = b"TDSm"
_MAX_BYTES = 256 * 2**20
_LEAD_IN = 28
_METADATA, _NEW_LIST, _RAW, _INTERLEAVED, _BIG_ENDIAN, _DAQMX = (1 << n for n in (1, 2, 3, 5, 6, 7))
_SAME, _NO_DATA, _DAQMX_INDICES = 0, 0xFFFFFFFF, (0x1269, 0x126A)
_UNFINISHED = 0xFFFFFFFFFFFFFFFF
_NUMBERS = {
    **dict(zip(range(1, 9), ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"), strict=True)),
    **{9: "f4", 10: "f8", 0x19: "f4", 0x1A: "f8"},
}
_STRING, _BOOLEAN, _TIME = 0x20, 0x21, 0x44
_TIME_BYTES = 16
_UNIT, _STEP, _SCALES, _SCALED = (
    "unit_string",
    "wf_increment",
    "NI_Number_Of_Scales",
    "NI_Scaling_Status",
)
_LONGEST = 1_000_000  # bytes of a text
_MOST_OBJECTS = 10_000
_OF_DAQMX = (
    "holds raw numbers of a DAQmx device without the measured values; save scaled data, or export "
    "it as .lvm"
)

Property = str | float


@dataclass
class _Channel:
    """One object of a file: properties, where its numbers lie in a chunk, and those found."""

    properties: dict[str, Property] = field(default_factory=dict)
    kind: str = ""
    count: int = 0
    parts: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def add(self, numbers: npt.NDArray[Any]) -> None:
        """Append numbers of any type."""
        self.parts.append(np.array(numbers, np.float64))

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """All numbers."""
        return np.concatenate(self.parts) if self.parts else np.zeros(0)


class _Cursor:
    """Position in the bytes of a file, with the byte order of the present segment."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data, self.at, self.order = path, data, 0, "<"

    def take(self, size: int) -> bytes:
        """Next bytes.

        Raises
        ------
        FormatError
            If the file has not so many.
        """
        if size < 0 or self.at + size > len(self.data):
            raise self.damaged(f"ends at byte {len(self.data)} within a segment")
        found = self.data[self.at : self.at + size]
        self.at += size
        return found

    def number(self, code: str) -> int:
        """Next whole number, of a struct code."""
        return int(struct.unpack(self.order + code, self.take(struct.calcsize(code)))[0])

    def text(self) -> str:
        """Next text."""
        size = self.number("I")
        if size > _LONGEST:
            raise self.damaged(f"has a text of {size} bytes")
        return self.take(size).decode("utf-8", errors="replace")

    def damaged(self, problem: str) -> FormatError:
        """Error for a file that is not what the format says."""
        return FormatError(f"{self.path}: {problem}; is it truncated? Save it again from LabVIEW")


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Tables of a TDMS file, one for each group of channels of equal length.

    Parameters
    ----------
    path
        File that begins with ``TDSm``.
    told
        Headings that a person tells for the channels of each group, in order.

    Raises
    ------
    FormatError
        If the structure is not that of the format.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise FormatError(f"{path}: has more than {_MAX_BYTES} bytes; export the curve alone")
    channels = _channels(_Cursor(path, path.read_bytes()))
    groups: dict[str, dict[str, _Channel]] = {}
    for name, channel in channels.items():
        parts = name.split("'/'")
        if len(parts) == 2 and channel.parts:
            groups.setdefault(parts[0].strip("/'"), {})[parts[1].strip("'")] = channel
    tables = []
    for group, members in groups.items():
        for size in dict.fromkeys(one.values.size for one in members.values()):
            same = {name: one for name, one in members.items() if one.values.size == size}
            tables.append(_table(path, group, same, told))
    if not tables:
        raise FormatError(f"{path}: has no channel of numbers")
    return tables


def _channels(cursor: _Cursor) -> dict[str, _Channel]:
    """Every object of the file with its numbers."""
    objects: dict[str, _Channel] = {}
    active: list[str] = []
    while cursor.at < len(cursor.data):
        active = _segment(cursor, objects, active)
        if len(objects) > _MOST_OBJECTS:
            raise cursor.damaged(f"has more than {_MOST_OBJECTS} objects")
    return objects


def _segment(cursor: _Cursor, objects: dict[str, _Channel], active: list[str]) -> list[str]:
    """Read one segment; the channels whose numbers it and the next one hold."""
    begin = cursor.at
    if cursor.take(4) != MAGIC:
        raise cursor.damaged(f"has no segment at byte {begin}")
    cursor.order = "<"
    contents = cursor.number("I")
    cursor.order = ">" if contents & _BIG_ENDIAN else "<"
    cursor.number("I")  # version: 4712 and 4713 do not differ in what is read here
    following, raw = cursor.number("Q"), cursor.number("Q")
    if following == _UNFINISHED:
        raise cursor.damaged("was not closed by the program that wrote it")
    end, start = begin + _LEAD_IN + following, begin + _LEAD_IN + raw
    if contents & _METADATA:
        active = [] if contents & _NEW_LIST else list(active)
        for _ in range(cursor.number("I")):
            _object(cursor, objects, active)
    if contents & _RAW:
        if contents & _DAQMX:
            raise FormatError(f"{cursor.path}: {_OF_DAQMX}")
        cursor.at = min(start, end)
        held = [objects[name] for name in active if objects[name].count]
        _numbers(cursor, held, end, bool(contents & _INTERLEAVED))
    cursor.at = end
    if end > len(cursor.data):
        raise cursor.damaged(f"ends at byte {len(cursor.data)}, its last segment at {end}")
    return active


def _object(cursor: _Cursor, objects: dict[str, _Channel], active: list[str]) -> None:
    """Read what a segment says about one object."""
    name = cursor.text()
    one = objects.setdefault(name, _Channel())
    index = cursor.number("I")
    if index in _DAQMX_INDICES:
        raise FormatError(f"{cursor.path}: {_OF_DAQMX}")
    if index not in (_SAME, _NO_DATA):
        code, dimension, one.count = cursor.number("I"), cursor.number("I"), cursor.number("Q")
        if code not in _NUMBERS and code not in (_STRING, _BOOLEAN, _TIME):
            raise cursor.damaged(f"has channel {lines.quoted(name)} of unknown type {code}")
        if dimension != 1:
            raise cursor.damaged(f"has channel {lines.quoted(name)} of {dimension} dimensions")
        one.kind = {_BOOLEAN: "u1", _TIME: "V16", _STRING: ""}.get(code) or _NUMBERS.get(code, "")
        one.kind = one.kind or f"V{cursor.number('Q') // max(one.count, 1)}"
    if index != _NO_DATA and name not in active:
        active.append(name)
    for _ in range(cursor.number("I")):
        key = cursor.text()
        one.properties[key] = _property(cursor)


def _property(cursor: _Cursor) -> Property:
    code = cursor.number("I")
    if code == _STRING:
        return cursor.text()
    if code == _TIME:
        cursor.take(_TIME_BYTES)
        return ""
    kind = "u1" if code == _BOOLEAN else _NUMBERS.get(code)
    if kind is None:
        raise cursor.damaged(f"has a property of unknown type {code}")
    dtype = np.dtype(cursor.order + kind)
    return float(np.frombuffer(cursor.take(dtype.itemsize), dtype)[0])


def _numbers(cursor: _Cursor, held: list[_Channel], end: int, interleaved: bool) -> None:
    """Append the numbers of one segment, which repeats its chunk as often as it fits."""
    dtypes = [np.dtype(cursor.order + one.kind) for one in held]
    size = sum(one.count * dtype.itemsize for one, dtype in zip(held, dtypes, strict=True))
    if cursor.at == end:
        return
    if size <= 0 or (end - cursor.at) % size:
        raise cursor.damaged("has a segment whose numbers do not fill it")
    for _ in range((end - cursor.at) // size):
        block = cursor.take(size)
        offset = 0
        width = sum(dtype.itemsize for dtype in dtypes)
        for one, dtype in zip(held, dtypes, strict=True):
            stride = width if interleaved else dtype.itemsize
            found = np.ndarray((one.count,), dtype, block, offset, (stride,))
            offset += dtype.itemsize if interleaved else one.count * dtype.itemsize
            if dtype.kind in "iuf":
                one.add(found)
        if sum(map(len, held[0].parts)) * len(held) > MAX_CELLS:
            raise FormatError(f"{cursor.path}: has more than {MAX_CELLS} numbers; part it")


def _table(
    path: Path, group: str, members: dict[str, _Channel], told: Sequence[Heading] | None
) -> Table:
    """Table of the channels of one group; times from the step of its waveforms."""
    heads: list[Heading] = []
    arrays: list[npt.NDArray[np.float64]] = []
    for name, one in members.items():
        unit = str(one.properties.get(_UNIT, ""))
        head = columns.heading(name)
        heads.append(columns.heading(f"{name} ({unit})") if unit and not head.unit else head)
        arrays.append(one.values)
    step = next((float(one.properties.get(_STEP, 0.0) or 0.0) for one in members.values()), 0.0)
    if told is None and step > 0 and all(head.quantity != "time" for head in heads):
        heads.append(columns.heading("time (s)"))
        arrays.append(np.asarray(step * np.arange(arrays[0].size), np.float64))
    if told is not None:
        if len(told) != len(heads):
            raise FormatError(
                f"{path}: column headings of acquisitions.tsv tells {len(told)} columns, group "
                f"{lines.quoted(group)} has {len(heads)} ({lines.quoted(', '.join(members))})"
            )
        heads = list(told)
    values = {at: one for at, one in enumerate(arrays) if heads[at].quantity is not None}
    return Table(group or path.stem, tuple(heads), values, "", arrays[0].size, _unscaled(members))


def _unscaled(members: dict[str, _Channel]) -> str:
    """Why the numbers are not in the units of their channels; empty where they are."""
    for name, one in members.items():
        scales = float(one.properties.get(_SCALES, 0.0) or 0.0)
        if scales > 0 and one.properties.get(_SCALED) == "unscaled":
            return f"stores channel {name!r} unscaled; save scaled data, or export it as .lvm"
    return ""
