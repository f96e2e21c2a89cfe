"""Digests of files, read again only where the file system says that a file changed."""

import json
import os
from pathlib import Path
from typing import Any

from nanostitch.atomic import write_text
from nanostitch.provenance.identity import canonical, sha256

Stat = tuple[int, int, int, int]


def fingerprint(path: Path) -> Stat:
    """What the file system says of a file without reading it: size, times and inode.

    The change time cannot be set by a user, so that a file swapped with its old modification
    time restored still gets another fingerprint.
    """
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


_hashed: dict[tuple[str, Stat], str] = {}


def once(path: Path) -> str:
    """SHA-256 of a file, read once a process for as long as its fingerprint stays the same.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    key = os.path.abspath(path), fingerprint(path)
    if key not in _hashed:
        _hashed[key] = sha256(path)
    return _hashed[key]


class Digests:
    """SHA-256 of raw files, read again only where the fingerprint differs from the last time."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, Any] = read_json(cache)
        self._changed = False

    def of(self, path: Path) -> str:
        """Digest of one file.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        key, stat = os.path.abspath(path), list(fingerprint(path))
        known = self._known.get(key)
        if not (isinstance(known, dict) and known.get("stat") == stat):
            known = self._known[key] = {"stat": stat, "sha256": sha256(path)}
            self._changed = True
        return str(known["sha256"])

    def save(self) -> None:
        """Keep what was learnt for the next run."""
        if self._changed:
            write_text(self._cache, canonical(self._known))


def read_json(path: Path) -> dict[str, Any]:
    """A cache that was kept; empty where there is none, or none that can be read."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
