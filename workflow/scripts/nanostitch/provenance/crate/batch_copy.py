"""The batch folder as its crate holds it: with its raw files inside, wherever they lie now.

Products hold names and digests of raw files, never their folder, so that a batch whose raw
files moved gives the same bytes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from nanostitch import raw
from nanostitch.batch import Acquisition, Batch

RAW = "raw"
SHEETS = ("conditions.tsv", "samples.tsv")
PARTS = ("comparisons", "claims", "figures")


@dataclass(frozen=True)
class RawFile:
    """One raw file: where it lies, its name below the crate's raw folder, what names it."""

    path: Path
    name: str
    acquisition: Acquisition


def folder(batch: Batch) -> str:
    """Folder of the batch in its crate."""
    return f"config/batches/{batch.id}"


def texts(batch: Batch) -> dict[str, str]:
    """Every file of the batch folder that decides something, by its name, as the crate has it."""
    about = (batch.folder / "batch.yaml").read_text("utf-8-sig")
    document = yaml.safe_load(about)
    parts = [document[part] for part in PARTS if isinstance(document.get(part), str)]
    if document.pop("raw_dir", RAW) != RAW:
        about = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    files = {name: (batch.folder / name).read_text("utf-8-sig") for name in (*SHEETS, *parts)}
    return {"batch.yaml": about, "acquisitions.tsv": _acquisitions(batch), **files}


def raw_files(batch: Batch) -> Iterator[RawFile]:
    """Raw files of a measured batch, each once, with those that their formats need beside them."""
    if batch.simulate is not None:
        return
    places, seen = _places(batch), set[str]()
    for a in _at_hand(batch):
        files = [a.path, *raw.companions(a.path)]
        for path in files:
            if path.is_file() and (name := _name(path, a, places)) not in seen:
                seen.add(name)
                yield RawFile(path, name, a)


def _acquisitions(batch: Batch) -> str:
    """The sheet with each file named where the crate holds it."""
    text = (batch.folder / "acquisitions.tsv").read_text("utf-8-sig")
    if batch.simulate is not None:
        return text
    places = _places(batch)
    lines, columns = [], list[str]()
    for line in text.splitlines():
        cells = line.split("\t")
        if line.strip() and not line.lstrip().startswith("#"):
            if columns:
                a = batch.acquisitions[cells[columns.index("acquisition")].strip()]
                if a.url is None:
                    cells[columns.index("file")] = _name(a.path, a, places)
            else:
                columns = [cell.strip() for cell in cells]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _places(batch: Batch) -> dict[str, str]:
    """Folder below the crate's raw folder for each folder of raw files.

    A file that the sheet names by a plain relative path keeps it; one elsewhere goes with its
    neighbours, which its format may need, to a folder of its own.
    """
    places, names = dict[str, str](), set[str]()
    for a in _at_hand(batch):
        told = os.path.normpath(str(a.row["file"]))
        if not (os.path.isabs(told) or told.startswith("..")):
            place = PurePosixPath(Path(told).as_posix()).parent.as_posix()
            places[_home(a)] = place
            names.add(place.split("/")[0])
    outside = sorted({_home(a) for a in _at_hand(batch)} - set(places))
    numbers = (n for n in range(1, 10**6) if f"elsewhere_{n}" not in names)
    return places | {home: f"elsewhere_{next(numbers)}" for home in outside}


def _at_hand(batch: Batch) -> list[Acquisition]:
    """Acquisitions whose raw file is not fetched from elsewhere."""
    return [a for a in batch.acquisitions.values() if a.url is None]


def _home(a: Acquisition) -> str:
    return os.path.abspath(a.path.parent)


def _name(path: Path, a: Acquisition, places: dict[str, str]) -> str:
    below = path.relative_to(a.path.parent).as_posix()
    return os.path.normpath(PurePosixPath(places[_home(a)], below)).replace(os.sep, "/")
