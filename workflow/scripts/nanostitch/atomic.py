"""Files that appear under their final name whole or not at all."""

import errno
import glob
import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from nanostitch.errors import DiskError, NanostitchError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_PROTECTED = {errno.EROFS, errno.EACCES, errno.EPERM}
_LEAST_BYTES = 2**14
"""A disk with less is full for the libraries that do not say why they failed."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Path of a partial file to write, renamed to ``path`` when the block ends without error.

    The partial file is hidden, lies in the same folder and keeps the suffix, by which libraries
    choose a format. A killed process leaves at most that hidden file.
    """
    with disk_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
    # Nodes that share the folder may write at once, so the process number is not enough.
    writer = f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
    partial = path.with_name(f".{path.stem}.{writer}.partial{path.suffix}")
    try:
        with disk_named(path):
            yield partial
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def disk_named(path: Path) -> Iterator[None]:
    """Turn what a full or write-protected disk makes libraries raise into one clear error.

    Raises
    ------
    DiskError
        If the block fails and the disk of ``path`` has no space left, or refuses to be written.
    """
    try:
        yield
    except NanostitchError:
        raise
    except Exception as error:
        code = error.errno if isinstance(error, OSError) else None
        if code in _FULL or _free_bytes(path) < _LEAST_BYTES:
            remedy = "no space is left on its disk; free some and run again"
        elif code in _PROTECTED:
            remedy = f"its disk or folder cannot be written ({error}); allow it and run again"
        else:
            raise
        raise DiskError(f"{path}: {remedy}") from error


def _free_bytes(path: Path) -> int:
    folder = next((one for one in path.absolute().parents if one.is_dir()), Path("/"))
    return shutil.disk_usage(folder).free


def _remove_left(path: Path) -> None:
    """Remove what writers of this file left that were killed on this computer."""
    host = socket.gethostname()
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*.partial{path.suffix}"):
        *name, process, _ = left.name.removesuffix(f".partial{path.suffix}").split(".")
        if ".".join(name) == f".{path.stem}.{host}" and not _is_running(process):
            with suppress(OSError):
                left.unlink()


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        pass  # of another user
    return True


@contextmanager
def replacing_all(paths: Iterable[str]) -> Iterator[dict[str, Path]]:
    """Partial files by suffix, such as ``pdf``, of several outputs; renamed at the end."""
    with ExitStack() as stack:
        yield {Path(path).suffix[1:]: stack.enter_context(replacing(Path(path))) for path in paths}


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")
