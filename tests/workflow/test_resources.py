"""What rules ask of a cluster is what their jobs use, with room, and no waste."""

import csv
from pathlib import Path

from nanostitch.cluster.requests import Request, parse
from nanostitch.resources import OVERHEAD_MB

LARGEST_RATIO = 8
SHORT_QUEUE_MIN = 15
"""Clusters give jobs of some minutes their own, fast queues."""


def measured(folder: Path, column: str) -> dict[str, float]:
    """Largest value in the benchmarks of each rule."""
    found: dict[str, float] = {}
    for path in folder.rglob("*.tsv"):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        (row,) = csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="\t")
        if row[column] != "NA":  # too short to be looked at
            found[rule] = max(found.get(rule, 0.0), float(row[column]))
    return found


def asked(printed: str) -> dict[str, Request]:
    """The smallest request of each rule."""
    return {r.name: r for r in sorted(parse(printed), key=lambda r: -r.memory_mb)}


def test_memory_and_minutes__are_what_jobs_use_with_room_and_no_waste(finished):
    requests = asked(finished.snakemake("--dry-run", "--forceall", "--quiet", "reason"))
    benchmarks = finished.result("benchmarks")
    peaks, times = measured(benchmarks, "max_rss"), measured(benchmarks, "s")
    assert len(peaks) >= 10
    for rule, peak in peaks.items():
        request = requests[rule]
        assert peak + OVERHEAD_MB <= request.memory_mb, rule
        assert request.memory_mb <= LARGEST_RATIO * peak, rule
        assert times[rule] <= 60 * request.minutes, rule
        assert request.minutes <= SHORT_QUEUE_MIN, rule
