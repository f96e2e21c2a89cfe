"""The recorded state of one batch's results, read once: records, ledger, newest of each file."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from nanostitch.errors import ContractError
from nanostitch.provenance import ledger, records
from nanostitch.provenance.identity import sha256
from nanostitch.provenance.records import Record

KEPT_FOR_RUNS = ("plan", "logs", "benchmarks", records.FOLDER)
"""Folders of a batch that hold no results."""
UNRECORDED = ("report.html", "ro-crate-*", "crate", "*.picture.*")
"""What commands write into a batch's folder, outside any job."""


class Recorded:
    """Results of a batch as its jobs recorded them.

    Parameters
    ----------
    root
        Folder in which snakemake ran.
    batch
        Id of the batch.
    """

    def __init__(self, root: Path, batch: str) -> None:
        self.root, self.batch = root, batch
        self.path = Path("results", batch)
        self.folder = root / self.path

    @cached_property
    def records(self) -> dict[str, Record]:
        """Every record that can be read, by its uuid, in the order in which jobs ended."""
        found = []
        for path in (self.folder / records.FOLDER / "records").glob("*.json"):
            try:
                found.append(records.load(path))
            except ContractError:
                continue  # the ledger tells that it was altered
        return {one["uuid"]: one for one in sorted(found, key=lambda one: one.get("ended", ""))}

    @cached_property
    def newest(self) -> dict[str, Record]:
        """The record of the newest state of each file, by path."""
        return records.newest(self.records.values())

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """Lines of the ledger; none where it cannot be read."""
        try:
            return ledger.lines(self.folder)
        except ContractError:
            return []

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of each recorded file that exists, as it is now."""
        files = {path: self.root / path for path in self.newest}
        return {path: sha256(file) for path, file in files.items() if file.is_file()}

    def output(self, path: str) -> Mapping[str, Any]:
        """What was recorded of a file."""
        return next(o for o in self.newest[path]["outputs"] if o["path"] == path)

    def ancestors(self, paths: Collection[str]) -> list[str]:
        """Recorded files that some stand on, these themselves included."""
        found, waiting = dict[str, None](), [path for path in paths if path in self.newest]
        while waiting:
            path = waiting.pop()
            if path not in found:
                found[path] = None
                inputs = (one["path"] for one in self.newest[path]["inputs"])
                waiting += [one for one in inputs if one in self.newest]
        return list(found)

    def results(self) -> Iterator[str]:
        """Every file in the batch's folder that a job should have made."""
        for file in sorted(self.folder.rglob("*")):
            below = file.relative_to(self.folder)
            is_kept = below.parts[0] in KEPT_FOR_RUNS or any(p.startswith(".") for p in below.parts)
            if (
                file.is_file()
                and not is_kept
                and not any(map(Path(below.parts[0]).match, UNRECORDED))
            ):
                yield (self.path / below).as_posix()
