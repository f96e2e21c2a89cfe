"""Which files a crate holds, under which names."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import yaml

from nanostitch.batch import Batch
from nanostitch.plan_files import PROJECT
from nanostitch.provenance.crate import batch_copy
from nanostitch.provenance.crate.archive import Item
from nanostitch.provenance.crate.batch_copy import RawFile
from nanostitch.provenance.crate.state import State, moment

PROJECT_FILES = ("Snakefile", "Makefile", "pyproject.toml", "LICENSE", "CITATION.cff")
PROJECT_FOLDERS = ("workflow", "envs")
SITE_PROFILES = "workflow/profiles/"
"""Profiles of a site may name accounts and hosts; a rerun needs the default one alone."""
OWN_PROFILE = "workflow/profiles/default/"
FETCHED = "fetched"
"""Folder below ``results/{batch}`` of raw files that the sheet names by a URL."""
LEFT_OUT = ("logs", "benchmarks", "simulated")
"""Folders below ``results/{batch}`` that are left out: traces of the machine, and raw files
that a rerun simulates again."""

LOCK = ".lock"

_BLOCK = r"^{}:.*\n(?:(?:[ \t-].*)?\n)*"
"""A key of config.yaml with what stands below it, to the next key."""


def project(batch: Batch, date: datetime) -> Iterator[Item]:
    """The workflow, its environment and its configuration, which names this batch."""
    for name in PROJECT_FILES:
        yield Item(name, PROJECT / name, date)
    for folder in PROJECT_FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*")):
            name = path.relative_to(PROJECT).as_posix()
            if path.is_file() and _is_source(name):
                yield Item(name, path, date)
    yield Item("config/config.yaml", _config(batch).encode(), date)


def of_batch(batch: Batch, date: datetime) -> Iterator[Item]:
    """The batch folder without its raw files."""
    for name, text in batch_copy.texts(batch).items():
        yield Item(f"{batch_copy.folder(batch)}/{name}", text.encode(), date)


def of_raw(batch: Batch, file: RawFile, date: datetime) -> Item:
    """One raw file of a measured batch."""
    return Item(raw_name(batch, file), file.path, date)


def raw_name(batch: Batch, file: RawFile) -> str:
    """Name of a raw file in the crate."""
    return f"{batch_copy.folder(batch)}/{batch_copy.RAW}/{file.name}"


def results(folder: Path, state: State, with_raw: bool) -> Iterator[Item]:
    """Everything that the runs made, dated by the end of the jobs that made it.

    What was asked of them, the plan, has the date of the first job, and what no job made, such
    as the ledger, that of the last.
    """
    began, ended = state.began, state.ended
    left_out = LEFT_OUT if with_raw else (*LEFT_OUT, FETCHED)
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in below.parts)
        if path.is_file() and not (hidden or path.suffix == LOCK or below.parts[0] in left_out):
            name = path.as_posix()
            maker = state.makers.get(name)
            date = moment(maker["ended"]) if maker else ended
            yield Item(name, path, began if below.parts[0] == "plan" else date)


def _is_source(name: str) -> bool:
    parts = name.split("/")
    generated = any(p.startswith(".") or p == "__pycache__" or "egg-info" in p for p in parts)
    foreign = name.startswith(SITE_PROFILES) and not name.startswith(OWN_PROFILE)
    return not (generated or foreign)


def _config(batch: Batch) -> str:
    text = (PROJECT / "config" / "config.yaml").read_text("utf-8") + "\n"
    wanted = yaml.safe_load(text) | {"batches": [batch_copy.folder(batch)]}
    wanted.pop("operator", None)  # who runs it here is not who runs it there
    mine = f"batches:\n  - {batch_copy.folder(batch)}\n\n"
    edited = re.sub(_BLOCK.format("batches"), mine, text, flags=re.MULTILINE)
    edited = re.sub(_BLOCK.format("operator"), "", edited, flags=re.MULTILINE).rstrip("\n") + "\n"
    if yaml.safe_load(edited) == wanted:
        return edited
    return yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)
