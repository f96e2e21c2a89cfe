"""Where a product comes from: its derivation, a pure function of what decides its bytes.

A derivation names the rule, its wildcards, the plan (parameters, code and lock digests) and
every input by content. It holds no clock, host or absolute path, so that the same raw bytes and
parameters give the same product bytes anywhere. Its id is the SHA-256 of its canonical JSON.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 2
"""Raised by hand when what ``store`` writes changes; part of every plan."""


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes (hexadecimal)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(document: object) -> str:
    """JSON with sorted keys and no spaces; NaN and types that JSON lacks are refused."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(document: object) -> str:
    """SHA-256 of the canonical JSON of a document (hexadecimal)."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def identity(derivation: Mapping[str, Any]) -> str:
    """Id of a derivation: ``sha256:`` and its digest."""
    return f"sha256:{digest(derivation)}"
