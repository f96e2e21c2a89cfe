"""Where a product comes from: its derivation, a pure function of what decides its bytes.

A derivation names the rule, its wildcards, the plan (parameters, code and lock digests) and
every input by content. It holds no clock, host or absolute path, so that the same raw bytes and
parameters give the same product bytes anywhere. Its id is the SHA-256 of its canonical JSON.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanostitch.atomic import write_text

FORMAT = 1
"""Raised by hand when what ``store`` writes changes; part of every plan."""

Stat = tuple[int, int, int, int]


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes (hexadecimal)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(document: object) -> str:
    """JSON with sorted keys and no spaces; NaN and types that JSON lacks are refused."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def identity(derivation: Mapping[str, Any]) -> str:
    """Id of a derivation: ``sha256:`` and the digest of its canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(derivation).encode()).hexdigest()


def fingerprint(path: Path) -> Stat:
    """What the file system says of a file without reading it: size, times and inode.

    The change time cannot be set by a user, so that a file swapped with its old modification
    time restored still gets another fingerprint.
    """
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


class Digests:
    """SHA-256 of raw files, read again only where the fingerprint differs from the last time."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, Any] = _read_json(cache)
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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
