"""Folders of raw files before a run: draft a batch for them, check that a batch can be read."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from nanostitch import batch, raw, sheets
from nanostitch.errors import BatchError, NanostitchError
from nanostitch.provenance import identity

BATCH_YAML = """\
title: {title}
creator: {{name: your name}}
licence: CC-BY-4.0
raw_dir: {raw_dir}
"""
FIGURES = {
    "eels": """\
  band_gaps:
    title: Low-loss spectra and band gaps
    panels:
      - {kind: spectra, select: {}}
      - {kind: band_gap, select: {}}
""",
    "adf": """\
  sizes:
    title: Sizes of the particles
    panels:
      - {kind: size_histogram, select: {}}
""",
}
"""Figures of a drafted batch, by technique."""

_DOCUMENTS = {".md", ".json", ".yaml", ".yml", ".pdf", ".docx", ".xlsx"}


def check(folder: Path, open_raw_files: bool) -> list[str]:
    """Every problem of a batch: of its sheets, else of its raw files as the run would read them.

    Raises
    ------
    BatchError
        If the sheets or batch.yaml are not valid.
    """
    loaded = batch.load(folder)
    if loaded.simulate is not None or not open_raw_files:
        return []
    problems = []
    for a in loaded.acquisitions.values():
        if a.url and not a.path.exists():
            continue  # not fetched yet: a run fetches it, and holds it against its sha256
        try:
            raw.read(a.path, a.technique, a.told, a.row.get("dataset"))
        except NanostitchError as error:
            problems.append(f"{a.id}: {error}")
        if "sha256" in a.row and (reason := batch.checksum_problem(a, identity.sha256(a.path))):
            problems.append(reason)
    return problems


def draft(raw_dir: Path, folder: Path) -> list[str]:
    """Write a batch folder whose acquisitions are the readable files below ``raw_dir``.

    Returns the files that were left out, each with its reason.

    Raises
    ------
    BatchError
        If ``raw_dir`` is no folder, holds nothing readable, or ``folder`` exists already.
    """
    if not raw_dir.is_dir():
        raise BatchError(f"{raw_dir}: no such folder; give the folder of the raw files")
    if folder.exists():
        raise BatchError(f"{folder}: exists already; name another with --output")
    if not sheets.is_id(folder.resolve().name):
        raise BatchError(
            f"{folder}: a batch is named like its folder, which {sheets.ID_RULE} Choose another"
            " with --output"
        )
    rows, left_out = _rows(raw_dir)
    if not rows:
        reasons = "\n  ".join(left_out)
        raise BatchError(f"{raw_dir}: holds no file that can be read\n  {reasons}")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _write(partial, raw_dir, folder, rows)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return left_out


def _write(partial: Path, raw_dir: Path, folder: Path, rows: list[list[str]]) -> None:
    partial.mkdir(parents=True)
    title = raw_dir.resolve().name
    where = os.path.relpath(raw_dir.resolve(), folder.resolve())
    text = BATCH_YAML.format(title=_quoted(title), raw_dir=_quoted(where))
    techniques = {row[3] for row in rows}
    drafted = [FIGURES[technique] for technique in FIGURES if technique in techniques]
    text += "figures:\n" + "".join(drafted) if drafted else ""
    (partial / "batch.yaml").write_text(text, "utf-8")
    header = ["acquisition", "sample", "condition", "technique", "file", "dataset"]
    header += ["pixel_size_nm", "beam_energy_kev", "headings"]
    _sheet(partial / "acquisitions.tsv", [header, *rows])
    _sheet(
        partial / "samples.tsv",
        [["sample", "material", "substrate"], ["sample1", "material of sample1", "substrate"]],
    )
    _sheet(partial / "conditions.tsv", [["condition", "label"], ["condition1", "condition 1"]])


def _sheet(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _rows(raw_dir: Path) -> tuple[list[list[str]], list[str]]:
    rows: list[list[str]] = []
    left_out: list[str] = []
    paths = sorted(_raw_files(raw_dir))
    beside = {companion.resolve() for path in paths for companion in raw.companions(path)}
    for path in paths:
        if path.resolve() in beside:
            continue
        file = str(path.relative_to(raw_dir))
        if file != " ".join(file.split()) or set("{}") & set(file):
            left_out.append(f"{path}: rename it: tabs, line ends, outer spaces or braces")
            continue
        try:
            found = [content for content in raw.contents(path) if content.techniques]
        except NanostitchError as error:
            if not _is_for_people(path):
                left_out.append(str(error))
            continue
        if not found:
            left_out.append(f"{path}: holds no image, spectrum or curve")
        for content in found:
            taken = {row[0] for row in rows}
            several = str(content.index) if len(found) > 1 else ""
            name = _id(path.stem + (f"-{several}" if several else ""), taken)
            row = [name, "sample1", "condition1", content.techniques[0], file, several, "", "", ""]
            rows.append(row)
    return rows, left_out


def _raw_files(folder: Path) -> Iterator[Path]:
    """Every file below a folder that could be raw data; a zspy folder counts as one file."""
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and path.suffix != ".zspy":
            if not path.is_symlink():
                yield from _raw_files(path)
        elif path.is_dir() or (path.is_file() and path.suffix.lower() not in _DOCUMENTS):
            yield path


def _is_for_people(path: Path) -> bool:
    """Whether a text that no reader takes is a note instead of numbers."""
    if path.suffix.lower() != ".txt":
        return False
    words = path.read_bytes()[:4096].split()
    numbers = [word for word in words if re.fullmatch(rb"[-+\d.,eE;]+", word)]
    return len(numbers) < 0.5 * len(words)


def _id(text: str, taken: set[str]) -> str:
    """Id made of a file name, unlike those taken."""
    base = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[: sheets.LONGEST_ID - 4] or "file"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
