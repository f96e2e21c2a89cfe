"""What is checked before a format's library sees a file.

Nothing in the file may be code (pickles), name other files, or promise far more data than the
file has: the libraries would run the first, follow the second and allocate the third.
"""

import math
import re
import struct
from collections.abc import Callable
from pathlib import Path

from nanostitch.errors import FormatError

from . import containers, lines
from .companions import companions
from .metadata import count

_MRC_BYTES = {0: 1, 1: 2, 2: 4, 3: 4, 4: 8, 6: 2, 12: 2}
_MRC_HEADER = struct.Struct("<4I")
_MRC_EXTENDED_AT = 92
_MRC_HEADER_BYTES = 1024
_SPD_HEADER = struct.Struct("<16sii5I")
_SER_HEADER = struct.Struct("<3H4I")
_SER_SHORT_VERSION = 528
_SFS_CHUNK_SIZE_AT, _SFS_CHUNKS_AT, _SFS_HEADER_BYTES = 0x128, 0x148, 0x118
_XML_CHUNK_BYTES = 2**20
_XML_DECLARATIONS = tuple(
    mark.encode(encoding)
    for mark in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)


def check(path: Path, format_name: str) -> None:
    """Refuse a file that must not be handed to the library of its format.

    Raises
    ------
    FormatError
        If it holds pickled objects, links elsewhere, or promises more data than it has.
    """
    checker = _CHECKS.get(format_name)
    if checker is not None:
        checker(path)


def _promise(path: Path, promised: int, available: int) -> None:
    if promised > available:
        raise FormatError(
            f"{path}: its header promises {promised} bytes of data, {max(available, 0)} are "
            "there; is it truncated?"
        )


def _head(path: Path, layout: struct.Struct, at: int = 0) -> tuple[int, ...]:
    with path.open("rb") as file:
        file.seek(at)
        head = file.read(layout.size)
    if len(head) < layout.size:
        raise FormatError(f"{path}: ends within its header; is it truncated?")
    return layout.unpack(head)


def _mrc(path: Path) -> None:
    *shape, mode = _head(path, _MRC_HEADER)
    (extended,) = _head(path, struct.Struct("<I"), _MRC_EXTENDED_AT)
    if mode not in _MRC_BYTES or 0 in shape:
        raise FormatError(f"{path}: MRC header states mode {mode} and shape {shape}")
    available = path.stat().st_size - _MRC_HEADER_BYTES - extended
    _promise(path, math.prod(shape) * _MRC_BYTES[mode], available)


def _spd(path: Path) -> None:
    _, _, _, points, lines, channels, count_bytes, offset = _head(path, _SPD_HEADER)
    _promise(path, points * lines * channels * count_bytes, path.stat().st_size - offset)


def _ser(path: Path) -> None:
    _, _, version, _, _, total, valid = _head(path, _SER_HEADER)
    offset_bytes = 4 if version <= _SER_SHORT_VERSION else 8
    _promise(path, valid * offset_bytes, path.stat().st_size)
    if valid > total:
        raise FormatError(f"{path}: states {valid} valid elements of {total}")


def _bcf(path: Path) -> None:
    """Compare the chunks of Bruker's container with the file: lost ones would read as zeros."""
    (chunk_size,) = _head(path, struct.Struct("<I"), _SFS_CHUNK_SIZE_AT)
    (chunks,) = _head(path, struct.Struct("<I"), _SFS_CHUNKS_AT)
    _promise(path, chunks * chunk_size, path.stat().st_size - _SFS_HEADER_BYTES)


def _emi(path: Path) -> None:
    _xml(path)
    found = companions(path)
    if not found:
        raise FormatError(
            f"{path}: its data lie in {path.stem}_1.ser, which is not beside it; copy it there"
        )
    for companion in found:
        _ser(companion)


def _asw(path: Path) -> None:
    """Refuse a JEOL analysis that names data files elsewhere than in the folders beside it."""
    for text in _CONTROL.split(path.read_bytes()):
        if _JEOL_NAME.search(text) and (_ELSEWHERE & set(text) or b".." in text):
            raise FormatError(f"{path}: names a file outside its folder: {lines.quoted(str(text))}")


def _rpl(path: Path) -> None:
    data = companions(path)
    if not data:
        raise FormatError(f"{path}: its data lie in {path.stem}.raw, which is not beside it")
    fields = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        key, _, value = line.partition("\t")
        fields[key.strip().lower()] = value.split(";")[0].strip()
    sizes = []
    for key in ("width", "height", "depth", "data-length"):
        text = fields.get(key, "")
        size = count(text)
        if not size:
            raise FormatError(f"{path}: {key} is {lines.quoted(text)}, no positive whole number")
        sizes.append(size)
    skipped = count(fields.get("offset", "0")) or 0
    _promise(path, math.prod(sizes), data[0].stat().st_size - skipped)


def _xml(path: Path) -> None:
    """Refuse declarations of a document type: their entities name files or expand without end."""
    overlap = max(map(len, _XML_DECLARATIONS)) - 1
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(_XML_CHUNK_BYTES):
            searched = tail + chunk
            if any(mark in searched for mark in _XML_DECLARATIONS):
                raise FormatError(
                    f"{path}: declares a document type or XML entities, which no instrument writes"
                )
            tail = searched[-overlap:]


_CONTROL = re.compile(rb"[\x00-\x1f]+")
_JEOL_NAME = re.compile(rb"\.(?:img|map|pts|eds|asw)\b", re.IGNORECASE)
_ELSEWHERE = set(b"/:")
_CHECKS: dict[str, Callable[[Path], None]] = {
    "asw": _asw,
    "bcf": _bcf,
    "emi": _emi,
    "hspy": containers.check_hdf5,
    "labspec": _xml,
    "emd": containers.check_hdf5,
    "nexus": containers.check_hdf5,
    "mrc": _mrc,
    "rpl": _rpl,
    "ser": _ser,
    "spd": _spd,
    "spx": _xml,
    "tiff": containers.check_tiff,
    "zspy": containers.check_zarr,
}
