"""Where the raw file of a row lies, and what can be wrong with what the row names."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nanostitch import remote
from nanostitch.schema import Problem

if TYPE_CHECKING:
    from nanostitch.batch import Acquisition


def path_of(raw_dir: Path, batch: str, acquisition: str, file: str) -> Path:
    """Where a raw file lies, or will lie once it is fetched.

    Parameters
    ----------
    raw_dir
        Folder of the raw files of the batch.
    batch, acquisition
        Their ids.
    file
        What the sheet names: a path, relative to that folder or absolute, or a URL.
    """
    if remote.is_url(file) and not remote.problem(file):
        return Path("results", batch, "fetched", acquisition, remote.name_of(file))
    return raw_dir / file


def problems(
    a: "Acquisition", is_simulated: bool, must_exist: bool, sheet: str
) -> Iterator[Problem]:
    """What is wrong with the raw file that a row names.

    Parameters
    ----------
    a
        Acquisition of the row.
    is_simulated
        Whether the run writes the file itself.
    must_exist
        Whether a missing file is a problem.
    sheet
        Path of the sheet, for the messages.
    """
    field, named = f"{a.id}, column file", str(a.row.get("file", ""))
    if set("{}") & set(str(a.path)):
        remedy = "the workflow reads braces as wildcards; rename the file or folder"
        yield Problem(sheet, field, str(a.path), remedy)
    if is_simulated:
        if a.url or Path(named).is_absolute() or ".." in Path(named).parts:
            yield Problem(sheet, field, named, "a simulated file is a name: it lies in results/")
    elif a.url:
        if reason := remote.problem(a.url):
            yield Problem(sheet, field, a.url, reason)
        if "sha256" not in a.row:
            remedy = "a URL needs the checksum of its file: what a server sends may change"
            yield Problem(sheet, f"{a.id}, column sha256", None, remedy)
    elif must_exist and not _exists(a.path):
        remedy = "no such file; correct it or raw_dir in batch.yaml"
        yield Problem(sheet, field, str(a.path), remedy)


def _exists(path: Path) -> bool:
    """Whether a raw file is there; a zspy store is a folder."""
    try:
        return path.is_file() or (path.suffix == ".zspy" and path.is_dir())
    except OSError:  # such as a name that is too long
        return False
