"""How long each rule took, from the records of its jobs or else from its benchmark files."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from nanostitch.report.collect import Contents, job_name

Times = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class RuleTime:
    """Jobs of one rule with their times [s]; ``failed`` counts those not done since."""

    rule: str
    jobs: int
    median_wall_s: float
    wall_s: float
    cpu_s: float
    failed: int


def of_rules(contents: Contents) -> list[RuleTime]:
    """One entry for each rule that ran, the longest in total first."""
    failed: dict[str, int] = defaultdict(int)
    found = _from_benchmarks(contents)
    newest = {job_name(record): record for record in contents.records}
    recorded: Times = defaultdict(list)
    for record in newest.values():
        run = record["execution"]
        recorded[record["rule"]].append((run["wall_s"], run["user_s"] + run["system_s"]))
        failed[record["rule"]] += record["status"] == "failed"
    found |= recorded
    times = [
        RuleTime(
            rule=rule,
            jobs=len(jobs),
            median_wall_s=median(wall for wall, _ in jobs),
            wall_s=sum(wall for wall, _ in jobs),
            cpu_s=sum(cpu for _, cpu in jobs),
            failed=failed[rule],
        )
        for rule, jobs in found.items()
    ]
    return sorted(times, key=lambda one: (-one.wall_s, one.rule))


def _from_benchmarks(contents: Contents) -> Times:
    found: Times = defaultdict(list)
    folder = contents.folder / "benchmarks"
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).with_suffix("").parts[0]
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                found[rule].append((_number(row.get("s")), _number(row.get("cpu_time"))))
    return found


def _number(text: str | None) -> float:
    """A time that Snakemake could take; short jobs have none."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
