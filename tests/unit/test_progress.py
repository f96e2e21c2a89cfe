"""A run says how far it is and, at its end, what it did: from files that were laid out by hand."""

import io
import logging
import os
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from nanostitch import progress

BEGAN = 1_000_000.0


def lay(path: Path, text: str, age_s: float) -> None:
    """Write a file that was modified ``age_s`` after the run began (before it, if negative)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (BEGAN + age_s, BEGAN + age_s))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results" / "series"


def benchmark(seconds: float) -> str:
    return f"s\tmax_rss\n{seconds}\t1.0\n"


def test_summary__counts_what_ran_and_what_was_kept(folder):
    lay(folder / "benchmarks" / "particles" / "a.tsv", benchmark(90), age_s=5)
    lay(folder / "benchmarks" / "particles" / "b.tsv", benchmark(60), age_s=6)
    lay(folder / "benchmarks" / "methods.tsv", benchmark(2), age_s=7)
    lay(folder / "benchmarks" / "ingest" / "adf" / "a.tsv", benchmark(9), age_s=-50)
    said = progress.summary(folder, BEGAN).splitlines()
    assert said[0].endswith("results/series: 3 jobs ran, 1 kept from earlier runs, 0 failed")
    assert said[1].strip() == "slowest: particles 2 min (2), methods 2 s (1)"
    assert len(said) == 2


def test_summary__a_failure_tells_its_reason_once_for_all_that_share_it(folder):
    for name in ("a", "b"):
        lay(folder / "logs" / "ingest" / "pl" / f"{name}.log", "ERROR: no unit\n", age_s=3)
    defect = "CRITICAL: defect in nanostitch\nTraceback\n  File x\nKeyError: 'q'\n"
    lay(folder / "logs" / "edge" / "c.log", defect, age_s=3)
    lay(folder / "logs" / "edge" / "killed.log", "INFO: began\n", age_s=3)
    said = progress.summary(folder, BEGAN)
    assert "0 jobs ran, 0 kept from earlier runs, 4 failed" in said
    assert "failed: ingest of a, b: no unit" in said
    assert "failed: edge of c: KeyError: 'q'" in said
    assert "failed: edge of killed: ended without a word; see" in said


def test_summary__a_job_that_succeeded_in_the_end_or_failed_in_another_run_has_not_failed(folder):
    lay(folder / "logs" / "edge" / "retried.log", "ERROR: disk\n", age_s=3)
    lay(folder / "benchmarks" / "edge" / "retried.tsv", benchmark(1), age_s=4)
    lay(folder / "logs" / "edge" / "old.log", "ERROR: no unit\n", age_s=-3)
    assert "failed:" not in progress.summary(folder, BEGAN)


def test_summary__an_acquisition_counts_once_by_its_worst_verdict(folder):
    rows = ["a\tgood", "a\tdoubtful", "b\tbad", "b\tgood", "c\tgood"]
    lay(folder / "tables" / "edge.tsv", "\n".join(["acquisition\tverdict", *rows]), age_s=3)
    lay(folder / "tables" / "emission.tsv", "acquisition\tverdict\nd\tgood\n", age_s=3)
    lay(folder / "tables" / "claims.tsv", "claim\toutcome\nx\tnot testable\n", age_s=3)
    said = progress.summary(folder, BEGAN)
    assert "quality of edge: 1 good, 1 doubtful, 1 bad" in said
    assert said.count("quality") == 1


def test_summary__names_what_is_missing_and_where_the_report_is(folder):
    lay(folder / "report.html", "", age_s=3)
    there, absent = str(folder / "report.html"), str(folder / "claims.nc")
    said = progress.summary(folder, BEGAN, targets=[there, absent])
    assert f"missing: 1 files, such as {absent}" in said
    assert "report: " in said


def record(**facts: object) -> logging.LogRecord:
    return logging.makeLogRecord({"event": LogEvent.PROGRESS, **facts})


def test_progress__tells_the_time_left_now_and_then():
    now, stream = [0.0], io.StringIO()
    handler = progress.Progress(stream, clock=lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        handler.handle(record(done=second, total=400))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[-1] == "22 % of 400 jobs done in 90 s, about 5 min left"


def test_progress__keeps_to_records_of_progress_and_is_silent_at_the_end():
    now, stream = [0.0], io.StringIO()
    handler = progress.Progress(stream, clock=lambda: now[0])
    now[0] = 1000.0
    handler.handle(logging.makeLogRecord({"msg": "Select jobs to execute..."}))
    handler.handle(record(done=0, total=10))
    handler.handle(record(done=10, total=10))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("seconds", "words"), [(3.4, "3 s"), (600, "10 min"), (7260, "2 h 1 min")])
def test_duration__is_told_in_the_unit_a_person_would_use(seconds, words):
    assert progress._duration(seconds) == words
