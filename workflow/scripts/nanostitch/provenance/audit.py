"""What a job touches behind the back of the workflow: files that no rule declares, the network.

Python tells of every file that it opens and of every connection. Files that a C library opens
itself are not told; ``store``, which alone opens netCDF, tells of those.
"""

import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

SCRIPTS = Path(__file__).parents[2]
TEMPLATES = SCRIPTS.with_name("report")
"""Pages that steps fill in; their digests are in the plan."""
_WRITES = os.O_WRONLY | os.O_CREAT


class Audit:
    """Reads and connections of this process, from the moment it is installed."""

    def __init__(self) -> None:
        self._opened: set[str] = set()
        self._connected: set[str] = set()

    def install(self) -> None:
        """Begin to listen; Python offers no way to stop."""
        sys.addaudithook(self._hear)

    def saw(self, path: str) -> None:
        """Note a file that a C library reads."""
        self._opened.add(path)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes) and not (isinstance(flags, int) and flags & _WRITES):
                self._opened.add(os.fsdecode(path))
        elif event == "socket.connect":
            self._note(arguments[1])
        elif event == "socket.getaddrinfo":
            self._note(arguments[:2])

    def _note(self, address: object) -> None:
        if isinstance(address, tuple) and len(address) > 1:  # a plain text is a local socket
            host = address[0].decode() if isinstance(address[0], bytes) else address[0]
            self._connected.add(f"{host}:{address[1]}")

    @property
    def network(self) -> list[str]:
        """Hosts and ports that were asked for, whether or not they answered."""
        return sorted(self._connected)

    def undeclared(self, declared: Iterable[str], roots: Iterable[Path]) -> list[str]:
        """Files below the roots that were read and are not declared.

        Parameters
        ----------
        declared
            Inputs, outputs and logs of the job: files, or folders with all that is in them.
        roots
            Working folder, batch folders. What lies elsewhere belongs to the machine; folders
            whose name begins with a point are caches.
        """
        here = Path.cwd().resolve()
        known = {(here / path).resolve() for path in declared} | _of_python()
        below = [root.resolve() for root in roots]
        found = set()
        for path in {(here / name).resolve() for name in self._opened}:
            root = next((root for root in below if path.is_relative_to(root)), None)
            if root is not None and path.is_file() and not _is_known(path, root, known):
                found.add(_shown(path, here))
        return sorted(found)


def _is_known(path: Path, root: Path, known: set[Path]) -> bool:
    """Whether a file below a root, or a folder between them, is declared, Python's or a cache."""
    between = {path, *path.parents} - {root, *root.parents}  # the root itself may lie in /tmp
    is_cached = any(part.startswith(".") for part in path.relative_to(root).parts)
    return is_cached or bool(known & between)


def _of_python() -> set[Path]:
    """Folders of the interpreter, its packages, this package, its templates, temporary files."""
    names = [*sysconfig.get_paths().values(), *site.getsitepackages(), tempfile.gettempdir()]
    return {Path(name).resolve() for name in names} | {SCRIPTS.resolve(), TEMPLATES.resolve()}


def _shown(path: Path, here: Path) -> str:
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
