"""A zip file whose bytes depend on its content alone."""

import hashlib
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_CHUNK = 1 << 20  # bytes read at once
_FIRST_YEAR = 1980  # of the zip format
_REGULAR, _PROGRAM = 0o100644, 0o100755  # a file that its owner may write, and all may run
_UNIX = 3  # system whose permissions an entry states, by the zip format
TEXTS = frozenset({".html", ".json", ".jsonl", ".md", ".py", ".svg", ".tsv", ".txt", ".yaml"})
"""Files worth compressing; netCDF, PNG and PDF files are compressed inside."""


@dataclass(frozen=True)
class Item:
    """A file of an archive: its name there, what it holds, the date that it gets."""

    name: str
    content: Path | bytes
    date: datetime


@dataclass(frozen=True)
class Digest:
    """Size in bytes and SHA-256 (hexadecimal) of the bytes that an archive holds."""

    size: int
    sha256: str


class Archive:
    """Writes files into a zip, with their own dates and no trace of the machine."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", strict_timestamps=True)
        self.digests: dict[str, Digest] = {}

    def add(self, item: Item) -> None:
        """Write one file and note the digest of what was written."""
        entry = zipfile.ZipInfo(item.name, _stamp(item.date))
        entry.create_system, entry.external_attr = _UNIX, _mode(item.content) << 16
        is_text = Path(item.name).suffix in TEXTS
        entry.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
        entry.file_size = _size(item.content)
        size, digest = 0, hashlib.sha256()
        with self._zip.open(entry, "w") as target:
            for chunk in _chunks(item.content):
                size += len(chunk)
                digest.update(chunk)
                target.write(chunk)
        self.digests[item.name] = Digest(size, digest.hexdigest())

    def close(self) -> None:
        """Write the list of files, without which the zip cannot be read."""
        self._zip.close()


def in_order(items: Iterable[Item]) -> list[Item]:
    """Files from the oldest to the newest: unpacked one by one, they keep that order."""
    return sorted(items, key=lambda item: (item.date, item.name))


def _mode(content: Path | bytes) -> int:
    """Only whether a file is a program: other permissions are the machine's own."""
    is_program = isinstance(content, Path) and bool(content.stat().st_mode & stat.S_IXUSR)
    return _PROGRAM if is_program else _REGULAR


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _chunks(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _stamp(date: datetime) -> tuple[int, int, int, int, int, int]:
    year = max(date.year, _FIRST_YEAR)
    return (year, date.month, date.day, date.hour, date.minute, date.second)
