"""Files that a format needs beside the one that is named, found without reading any of them."""

from collections.abc import Callable
from pathlib import Path

_JEOL = {".img", ".map", ".pts", ".eds"}


def companions(path: Path) -> list[Path]:
    """Other files whose bytes decide what ``path`` reads as, sorted.

    TIA ``emi``: its ``_1.ser`` …; Ripple ``rpl``: its ``raw``; EDAX ``spd``: its ``spc`` and
    ``ipr``; JEOL ``asw``: the data files of the folders beside it; a ``zspy`` folder: all
    files within. Empty for all other formats.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    find = _RULES.get(path.suffix.lower())
    return sorted(find(path)) if find is not None and path.parent.is_dir() else []


def needs_companions(path: Path) -> bool:
    """Whether a file of such a name may need others beside it."""
    return path.suffix.lower() in (*_RULES, ".zspy")


def _numbered_ser(path: Path) -> list[Path]:
    start = f"{path.stem}_"
    return [
        file
        for file in _siblings(path)
        if file.suffix.lower() == ".ser" and _digits_after(file.stem, start)
    ]


def _digits_after(stem: str, start: str) -> bool:
    return stem.startswith(start) and stem.removeprefix(start).isdigit()


def _ripple_data(path: Path) -> list[Path]:
    return [f for f in _siblings(path) if f.stem == path.stem and f.suffix.lower() == ".raw"]


def _edax_calibrations(path: Path) -> list[Path]:
    return [
        file
        for file in _siblings(path)
        if file.suffix.lower() in {".spc", ".ipr"} and file.stem.startswith(path.stem)
    ]


def _jeol_data(path: Path) -> list[Path]:
    folders = [entry for entry in _siblings(path) if entry.is_dir()]
    return [f for folder in folders for f in folder.rglob("*") if f.suffix.lower() in _JEOL]


def _siblings(path: Path) -> list[Path]:
    return list(path.parent.iterdir())


_RULES: dict[str, Callable[[Path], list[Path]]] = {
    ".emi": _numbered_ser,
    ".rpl": _ripple_data,
    ".spd": _edax_calibrations,
    ".asw": _jeol_data,
}
