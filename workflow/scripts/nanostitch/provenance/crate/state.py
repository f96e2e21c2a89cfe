"""The newest record of every file of a batch, and the runs that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nanostitch.errors import BatchError
from nanostitch.provenance import ledger, records
from nanostitch.provenance.records import Record


@dataclass(frozen=True)
class State:
    """What made the present files of a batch.

    Attributes
    ----------
    jobs
        Records of completed jobs with at least one output that no later job made anew, in the
        order in which they ended.
    makers
        The newest of them by the path of each output.
    runs
        What was written when each of their runs began, by its id.
    closed
        Line of the ledger of each run that has ended, by its id.
    """

    jobs: list[Record]
    makers: dict[str, Record]
    runs: dict[str, Record]
    closed: dict[str, Record]

    @property
    def began(self) -> datetime:
        """Start of the first job."""
        return min(moment(job["started"]) for job in self.jobs)

    @property
    def ended(self) -> datetime:
        """End of the last job."""
        return moment(self.jobs[-1]["ended"])

    def output(self, path: str) -> Mapping[str, Any] | None:
        """What the newest record says of one output."""
        maker = self.makers.get(path)
        return records.outputs(maker)[path] if maker is not None else None

    def operator(self, run: str) -> Mapping[str, Any] | None:
        """Who started a run, where they chose to be named."""
        return (self.runs.get(run) or {}).get("operator")


def read(results: Path) -> State:
    """Read the records below ``results/{batch}/provenance``.

    Raises
    ------
    BatchError
        If there are none.
    """
    folder = results / records.FOLDER
    done = [r for r in records.read(results) if r["status"] == "completed"]
    if not done:
        raise BatchError(
            f"{folder}: holds no record of a completed job; run the batch, then make its crate"
        )
    makers = records.newest(done)
    current = {record["uuid"] for record in makers.values()}
    jobs = [record for record in done if record["uuid"] in current]
    wanted = {str(record["run"]) for record in jobs}
    begun = [records.load(path) for path in sorted((folder / "runs").glob("*.json"))]
    runs = {r["run"]: r for r in begun if r["run"] in wanted}
    closed = {line["run"]: line for line in ledger.lines(results) if line["run"] in wanted}
    return State(jobs, makers, runs, closed)


def moment(text: str) -> datetime:
    """Time of a record, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def iso(text: str) -> str:
    """Time of a record as a crate states it: milliseconds, UTC as ``+00:00``."""
    return moment(text).isoformat(timespec="milliseconds")
