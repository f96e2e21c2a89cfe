"""What a batch folder holds: its plan, its records, and what is missing and why."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nanostitch.errors import BatchError, NanostitchError
from nanostitch.provenance import ledger, records
from nanostitch.targets import FIGURE_SUFFIXES

Json = dict[str, Any]
_GROUPS = {
    "acquisition": "acquisitions",
    "comparison": "comparisons",
    "figure": "figures",
    "table": "tables",
}
"""Folder of the plan files of what a wildcard names."""


@dataclass(frozen=True)
class Failure:
    """A job whose newest record says that it failed; ``values`` are those of its wildcards."""

    job: str
    error: str
    log: str
    values: frozenset[str]


@dataclass(frozen=True)
class Missing:
    """A file that the plan asks for and that does not exist, with the reason."""

    path: str
    why: str


@dataclass(frozen=True)
class Contents:
    """A batch as its folder shows it after a run.

    Attributes
    ----------
    folder
        ``results/{batch}``.
    plan
        Content of every plan file by its name, such as ``figures/figure_1``.
    records
        Records of jobs, oldest first; empty where the run wrote none.
    run, ending
        Newest record of a run and its line in the ledger; empty where there are none.
    environment
        Versions with which the newest run was made.
    altered
        In what ledger and records are not as they were written.
    problems
        What could not be read while the report was made; grows until the page is written.
    """

    folder: Path
    plan: Mapping[str, Json]
    records: list[Json]
    run: Json
    ending: Json
    environment: Json
    altered: list[str]
    problems: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Folder in which snakemake ran: paths in records and plans start there."""
        return self.folder.parent.parent

    @property
    def prefix(self) -> str:
        """Folder of the batch as plans and records name it, with a final slash."""
        return f"results/{self.folder.name}/"

    @cached_property
    def acquisitions(self) -> dict[str, Json]:
        """What the sheets say of each acquisition, by its id."""
        return {
            name.partition("/")[2]: plan["about"]
            for name, plan in self.plan.items()
            if name.startswith("acquisitions/")
        }

    @cached_property
    def jobs(self) -> dict[str, Json]:
        """Newest record of each job that is planned now, by :func:`job_name`."""
        return {job_name(record): record for record in self.records if self._is_planned(record)}

    def _is_planned(self, record: Json) -> bool:
        told = record["wildcards"]
        return all(
            f"{group}/{told[name]}" in self.plan for name, group in _GROUPS.items() if name in told
        )

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Turn an error with what a product holds into a problem of the page."""
        with _noting(self.problems):
            yield

    def named(self, group: str) -> list[str]:
        """Names of the plan files of one group, such as ``figures``, in a reader's order."""
        names = [name.partition("/")[2] for name in self.plan if name.startswith(f"{group}/")]
        return sorted(names, key=_reading_order)


def read(folder: Path) -> Contents:
    """Read the plan and the records of a batch folder.

    Raises
    ------
    BatchError
        If the folder holds no plan: no run was begun there.
    """
    folder = folder.resolve()
    plan_folder, problems = folder / "plan", list[str]()
    plan = {
        path.relative_to(plan_folder).with_suffix("").as_posix(): document
        for path in sorted(plan_folder.rglob("[!.]*.json"))
        if (document := _document(path, problems))
    }
    if not plan:
        raise BatchError(f"{folder}: holds no plan, so no run was begun; name results/BATCH")
    provenance = folder / records.FOLDER
    found, runs = (
        [
            one
            for path in sorted(provenance.glob(f"{kind}/[!.]*.json"))
            if (one := _document(path, problems))
        ]
        for kind in ("records", "runs")
    )
    run = max(runs, key=lambda one: (one["started"], one["run"]), default={})
    lines, altered = _ledger(folder, problems)
    endings = [line for line in lines if run and line["run"] == run["run"]]
    environment = provenance / "environments" / f"{run.get('environment')}.json"
    return Contents(
        folder=folder,
        plan=plan,
        records=sorted(found, key=lambda one: (one["ended"], one["uuid"])),
        run=run,
        ending=endings[-1] if endings else {},
        environment=_document(environment, problems) if environment.is_file() else {},
        altered=altered,
        problems=problems,
    )


def failures(contents: Contents) -> list[Failure]:
    """Jobs that failed and were not done since."""
    failed = {n: one for n, one in sorted(contents.jobs.items()) if one["status"] == "failed"}
    logs = _logs(contents) if failed else {}
    return [
        Failure(
            job=name,
            error=record["error"] or "no message",
            log=logs.get((record["rule"], _parts(values := _values(record))), ""),
            values=frozenset(values),
        )
        for name, record in failed.items()
    ]


def job_name(record: Mapping[str, Any]) -> str:
    """Rule and wildcards of a record, the batch left out."""
    return " ".join([record["rule"], *_values(record)])


def _values(record: Mapping[str, Any]) -> list[str]:
    return [str(v) for name, v in sorted(record["wildcards"].items()) if name != "batch"]


def missing(contents: Contents) -> list[Missing]:
    """Files that the plan asks for and that do not exist, in the order of the run."""
    failed = failures(contents)
    absent = [p for p in expected(contents) if not (contents.root / p).is_file()]
    gone = set(absent)
    return [Missing(path, _why(contents, path, failed, gone)) for path in absent]


def expected(contents: Contents) -> list[str]:
    """Every file that the plan asks for, made first first."""
    prefix = contents.prefix
    products = dict.fromkeys(
        path
        for group in ("tables", "figures")
        for name in contents.named(group)
        for path in contents.plan[f"{group}/{name}"]["products"]
    )
    found = [*products]
    found += [f"{prefix}tables/{name}.tsv" for name in contents.named("tables")]
    comparisons = contents.named("comparisons")
    found += [f"{prefix}comparisons/{name}.nc" for name in comparisons]
    found += [f"{prefix}tables/comparisons.tsv"] * bool(comparisons)
    if "ledger" in contents.plan:
        found += [f"{prefix}{name}" for name in ("claims.nc", "tables/claims.tsv")]
    for name in contents.named("figures"):
        found += [f"{prefix}figures/{name}.{suffix}" for suffix in FIGURE_SUFFIXES]
    return list(dict.fromkeys(found))  # figures show comparisons too


def _why(contents: Contents, path: str, failed: list[Failure], gone: set[str]) -> str:
    parts = set(Path(path).with_suffix("").parts)
    for failure in failed:
        if failure.values and failure.values <= parts:
            return f"the job {failure.job} failed"
    needed = [p for p in _needed(contents, path) if p in gone and p != path]
    if needed:
        others = f" and {len(needed) - 1} more" if len(needed) > 1 else ""
        return f"needs {needed[0].removeprefix(contents.prefix)}{others}, which is missing too"
    if failed:
        return "the run stopped before it was made"
    return "no job made it yet, and none is recorded to have failed"


def _needed(contents: Contents, path: str) -> list[str]:
    """Files that one target is made from, as the plan says."""
    name = Path(path)
    group = name.parent.name
    if group in ("tables", "figures") and f"{group}/{name.stem}" in contents.plan:
        return list(contents.plan[f"{group}/{name.stem}"]["products"])
    if group == "comparisons":
        about = contents.plan[f"comparisons/{name.stem}"]["acquisitions"]
        return [p for p in expected(contents) if set(Path(p).parts) & set(about)]
    if name.stem in ("claims", "comparisons"):
        return [p for p in expected(contents) if "/comparisons/" in p]
    return []


def _logs(contents: Contents) -> dict[tuple[str, frozenset[str]], str]:
    """Every log by its rule and the parts of its name, which are those of the job's wildcards."""
    folder = contents.folder / "logs"
    found = {}
    for path in sorted(folder.rglob("*.log")):
        rule, *names = path.relative_to(folder).with_suffix("").parts
        found[rule, _parts(names)] = path.relative_to(contents.root).as_posix()
    return found


def _parts(names: list[str]) -> frozenset[str]:
    return frozenset(part for name in names for part in name.split("."))


def _reading_order(name: str) -> tuple[bool, str, int, str]:
    """Figures of the paper before others, numbers by value: figure_2, figure_10, figure_s1."""
    head = name.rstrip("0123456789")
    number = int(name[len(head) :] or 0)
    return not name.startswith("figure_"), head, number, name


def _ledger(folder: Path, problems: list[str]) -> tuple[list[Json], list[str]]:
    """Lines of the ledger, and in what it and the records are not as they were written."""
    lines, altered = list[Json](), list[str]()
    if ledger.path_of(folder).is_file():  # the first run, while it goes on, has none
        with _noting(problems):
            lines = ledger.lines(folder)
            altered = ledger.problems(folder)
    return lines, altered


def _document(path: Path, problems: list[str]) -> Json:
    """One document; of one that cannot be read, nothing but a problem."""
    with _noting(problems):
        return records.load(path)
    return {}


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except NanostitchError as error:
        problems.append(str(error))
