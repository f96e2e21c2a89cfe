"""States of a batch after each of its runs, as its ledger and records tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nanostitch.errors import ContractError
from nanostitch.provenance import ledger, records
from nanostitch.provenance.checks.recorded import Recorded
from nanostitch.provenance.records import Record
from nanostitch.provenance.trace import places

LATEST, PREVIOUS = "latest", "previous"


@dataclass(frozen=True, eq=False)
class State:
    """What a batch's results were after a run.

    ``line`` is the run's line of the ledger, ``newest`` the record of each file by its path.
    """

    recorded: Recorded
    line: dict[str, Any]

    @property
    def name(self) -> str:
        """The run and when it ended, for a reader."""
        return f"run {str(self.line['run'])[:8]} ({self.line['ended'][:19].replace('T', ' ')})"

    @cached_property
    def newest(self) -> dict[str, Record]:
        """The record of each file as it was then, by path."""
        until = [line for line in self.recorded.lines if line["n"] <= self.line["n"]]
        known = self.recorded.records
        found = [known[uuid] for line in until for uuid in line["records"] if uuid in known]
        return records.newest(found)

    @cached_property
    def claims(self) -> dict[str, dict[str, str]]:
        """Rows of the table of claims as it was then, by claim."""
        digest = self.line["claims"]
        kept = self.recorded.folder / records.FOLDER / "history"
        rows = records.claims(kept / f"{digest}.tsv") if digest is not None else []
        return {row["claim"]: row for row in rows}

    @cached_property
    def environment(self) -> dict[str, str]:
        """Version of each library that was installed."""
        kept = self.recorded.folder / records.FOLDER / "environments"
        file = kept / f"{self.line['environment']}.json"
        return dict(records.load(file)["distributions"]) if file.is_file() else {}

    def behind(self, claim: str) -> set[str]:
        """Every file that a claim stood on."""
        record = self.newest.get(f"{self.recorded.path.as_posix()}/claims.nc")
        if record is None:
            return set()
        asked = {one["id"]: one for one in record["derivation"]["plan"]["claims"]["claims"]}
        products = [one["path"] for one in record["inputs"] if one["role"] == "products"]
        numbers = asked.get(claim, {"inputs": []})["inputs"]
        return self.ancestors(products[number] for number in numbers)

    def ancestors(self, paths: Iterable[str]) -> set[str]:
        """Every file that some stood on, these included; raw files too."""
        return set(records.ancestors(self.newest, paths))


def find(run: str, batch: str | None) -> State:
    """State of a batch after a run.

    Parameters
    ----------
    run
        Id of the run or its unique beginning; ``latest`` or ``previous``; or the results folder
        of a batch, perhaps in another copy, for what was its latest run.
    batch
        Id of the batch; may be left out where only one has such a run.

    Raises
    ------
    ContractError
        If there is no such run, or more than one.
    """
    if Path(run).is_dir():
        root, name = places.batch_of(Path(run))
        return _chosen(LATEST, [Recorded(root, name)])
    folders = [Path("results", batch)] if batch else sorted(Path("results").glob("*"))
    kept = [folder for folder in folders if ledger.path_of(folder).is_file()]
    if not kept:
        raise ContractError(f"{folders or 'results'}: no ledger of runs; run the workflow first")
    return _chosen(run, [Recorded(Path(), folder.name) for folder in kept])


def _chosen(run: str, batches: list[Recorded]) -> State:
    found = [State(one, line) for one in batches for line in _lines(one, run)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(
        f"{str(line['run'])[:8]} of {one.batch}" for one in batches for line in one.lines
    )
    if not found:
        raise ContractError(f"run {run}: no such run; there are {known or 'none'}")
    raise ContractError(f"run {run}: more than one; name --batch or more of the id: {known}")


def _lines(batch: Recorded, run: str) -> list[dict[str, Any]]:
    if run == LATEST:
        return batch.lines[-1:]
    if run == PREVIOUS:
        return batch.lines[-2:-1]
    return [line for line in batch.lines if str(line["run"]).startswith(run)]
