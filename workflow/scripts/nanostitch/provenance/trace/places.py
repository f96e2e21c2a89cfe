"""What a user names: a file of some results folder, and perhaps one part of it."""

from dataclasses import dataclass
from pathlib import Path

from nanostitch.errors import ContractError


@dataclass(frozen=True)
class Place:
    """A file below the folder in which snakemake ran.

    ``root`` is that folder, ``path`` the file relative to it (``results/paper/claims.nc``) and
    ``part`` what follows ``#``: a panel, a claim, an acquisition; empty for the whole file. A
    file that lies in no results folder, such as a copied figure, has its own path.
    """

    root: Path
    path: str
    part: str = ""

    @property
    def file(self) -> Path:
        """Where the file is."""
        return self.root / self.path

    @property
    def is_result(self) -> bool:
        """Whether the file lies in a results folder."""
        return Path(self.path).parts[0] == "results"

    @property
    def name(self) -> str:
        """Path and part as a user writes them."""
        return f"{self.path}#{self.part}" if self.part else self.path


def find(target: str) -> Place:
    """Where a target lies, given as ``PATH`` or ``PATH#PART``.

    Raises
    ------
    ContractError
        If there is no such file.
    """
    path, part = (target, "") if Path(target).exists() else _split(target)
    if not Path(path).is_file():
        raise ContractError(f"{path}: no such file; give a product, a table or a figure")
    return _placed(Path(path), part)


def batch_of(path: Path) -> tuple[Path, str]:
    """Folder in which snakemake ran and id of the batch, of a path in ``results/BATCH``.

    Raises
    ------
    ContractError
        If the path lies in no results folder.
    """
    parts = path.absolute().parts
    for place in range(len(parts) - 2, 0, -1):
        root = Path(*parts[:place])
        if parts[place] == "results" and _is_batch(root / "results" / parts[place + 1]):
            return _short(root), parts[place + 1]
    raise ContractError(f"{path}: lies in no results folder; give a path below results/BATCH")


def _split(target: str) -> tuple[str, str]:
    path, _, part = target.rpartition("#")
    return (path, part) if path else (target, "")


def _placed(path: Path, part: str) -> Place:
    try:
        root, _ = batch_of(path)
    except ContractError:
        return Place(Path(), str(path), part)
    return Place(root, path.absolute().relative_to(root.absolute()).as_posix(), part)


def _is_batch(folder: Path) -> bool:
    return (folder / "plan").is_dir() or (folder / "provenance").is_dir()


def _short(root: Path) -> Path:
    return Path() if root == Path.cwd() else root
