"""How long each rule took, from the records of its jobs or else from its benchmark files."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from nanostitch import run_files
from nanostitch.report.collect import Contents

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
    recorded: Times = defaultdict(list)
    for record in contents.jobs.values():
        run = record["execution"]
        recorded[record["rule"]].append((run["wall_s"], run["user_s"] + run["system_s"]))
        failed[record["rule"]] += record["status"] == "failed"
    times = [
        RuleTime(
            rule=rule,
            jobs=len(jobs),
            median_wall_s=median(wall for wall, _ in jobs),
            wall_s=sum(wall for wall, _ in jobs),
            cpu_s=sum(cpu for _, cpu in jobs),
            failed=failed[rule],
        )
        for rule, jobs in (_from_benchmarks(contents) | recorded).items()
    ]
    return sorted(times, key=lambda one: (-one.wall_s, one.rule))


def _from_benchmarks(contents: Contents) -> Times:
    found: Times = defaultdict(list)
    for path in run_files.benchmarks(contents.folder):
        found[run_files.rule(path, contents.folder / "benchmarks")] += run_files.times(path)
    return found
