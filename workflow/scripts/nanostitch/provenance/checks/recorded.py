"""The recorded state of one batch's results, read once: records, ledger, newest of each file.

What is checked of results, and against what, starts from this one object.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from nanostitch.errors import ContractError
from nanostitch.provenance import digests, ledger, records
from nanostitch.provenance.identity import identity
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
        for path in records.files(self.folder):
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
    def forged(self) -> list[str]:
        """Uuids of records whose derivation is not the one that their id stands for."""
        return [uuid for uuid, record in self.records.items() if not _has_its_id(record)]

    @property
    def arguments(self) -> list[str]:
        """Arguments of snakemake in the last run; none where they are not known."""
        return list(self.lines[-1].get("arguments") or ()) if self.lines else []

    def digest(self, path: str) -> str | None:
        """SHA-256 of a file as it is now; None where it is gone."""
        file = self.root / path
        return digests.once(file) if file.is_file() else None

    def output(self, path: str) -> Record:
        """What was recorded of a file."""
        return records.outputs(self.newest[path])[path]

    def ancestors(self, paths: Iterable[str]) -> list[str]:
        """Recorded files that some stand on, these themselves included."""
        return [path for path in records.ancestors(self.newest, paths) if path in self.newest]

    def below(self, paths: Collection[Path]) -> list[str]:
        """Recorded files and other results in any of some files or folders; all for none."""
        tops = [path.absolute() for path in paths] or [self.folder.absolute()]
        root = self.root.absolute()
        known = dict.fromkeys([*self.newest, *self.results()])
        return [one for one in known if any((root / one).is_relative_to(top) for top in tops)]

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


def _has_its_id(record: Record) -> bool:
    """Whether a record's derivation, where it has one, has the id that the record names."""
    decided = record["derivation"]
    return decided is None or identity(decided) == record["derivation_id"]
