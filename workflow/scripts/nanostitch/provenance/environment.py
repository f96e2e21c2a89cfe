"""What a run stands on: every installed package, native libraries, the state of the code."""

import hashlib
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nanostitch.provenance import identity

_PIN = re.compile(r"^[A-Za-z0-9].*?(?= \\$|$)", re.MULTILINE)
_GIT_S = 60
"""Longest wait for git [s]; a status over a slow file system takes some."""


def describe(lock: Path, native: Mapping[str, str]) -> dict[str, Any]:
    """The environment of this process.

    Parameters
    ----------
    lock
        Pinned requirements that it should hold.
    native
        Versions of the libraries that write products.
    """
    installed = metadata.distributions()
    found = {str(canonicalize_name(one.name)): one.version for one in installed}
    differs = _differs(found, lock.read_text("utf-8"))
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "lock_sha256": identity.sha256(lock),
        "distributions": dict(sorted(found.items())),
        "matches_lock": not differs,
        "differs": differs,
        "native": {**native, "blas": _blas()},
    }


def identifier(environment: Mapping[str, Any]) -> str:
    """Id of an environment: SHA-256 of its canonical JSON (hexadecimal)."""
    return identity.digest(environment)


def _differs(found: Mapping[str, str], lock: str) -> list[str]:
    """Every pinned package that is absent or of another version."""
    wrong = []
    for line in _PIN.findall(lock):
        try:
            pin = Requirement(line)
        except InvalidRequirement:
            wrong.append(f"{line!r} in the lock is no requirement")
            continue
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        version = found.get(canonicalize_name(pin.name))
        if version is None:
            wrong.append(f"{pin.name} is absent instead of {pin.specifier}")
        elif version not in pin.specifier:
            wrong.append(f"{pin.name} is {version} instead of {pin.specifier}")
    return wrong


def _blas() -> list[str]:
    """Libraries of linear algebra that NumPy was built with: name, version, way of building."""
    built: Any = np.show_config(mode="dicts")
    parts = built.get("Build Dependencies", {}).values() if isinstance(built, dict) else []
    names = ("name", "version", "openblas configuration")
    return sorted({" ".join(str(part.get(key, "")) for key in names).strip() for part in parts})


def git_state(project: Path) -> dict[str, Any] | None:
    """Commit of the project, and whether its files are those of the commit.

    Returns
    -------
    dict or None
        ``commit``, ``dirty`` and ``diff_sha256``: over what differs from the commit and the names
        of files that git does not know; None where the project is no checkout.
    """
    if _git(project, "ls-files", "--error-unmatch", "Snakefile") is None:
        return None  # a copy that lies inside some other repository
    commit = _git(project, "rev-parse", "HEAD")
    status = _git(project, "status", "--porcelain", "--", ".")
    if commit is None or status is None:
        return None
    changed = (_git(project, "diff", "HEAD", "--binary", "--", ".") or b"") + status
    return {
        "commit": commit.decode().strip(),
        "dirty": bool(status),
        "diff_sha256": hashlib.sha256(changed).hexdigest() if status else None,
    }


def _git(project: Path, *arguments: str) -> bytes | None:
    """What git answers; None if it is absent, fails or takes too long."""
    command = ["git", "--no-optional-locks", "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
