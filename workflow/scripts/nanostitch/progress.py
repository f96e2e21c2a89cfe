"""What a run says of itself: how far it is, and at its end what ran, what failed and why.

The end is read from what jobs leave behind: a benchmark file where one ended well, a log where
one began. Both lie under the same name, so nothing has to be kept while the run goes on.
"""

import logging
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from nanostitch import run_files
from nanostitch.quality import LEVELS

INTERVAL_S = 30.0
"""Seconds between two lines of progress: often enough to see that a run is alive."""
_SHOWN = 5
"""Slowest rules, and failures of one kind, that a summary names; it is to fit on a screen."""
_ENDS = ("CRITICAL: ", "ERROR: ")
"""How the line of a job's log begins that says why it failed (see ``logs``)."""


class Progress(logging.Handler):
    """Listens to Snakemake's log and now and then writes how far the run is.

    Parameters
    ----------
    stream
        Where lines go.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._stream = stream
        self._clock = clock
        self._began = self._said = clock()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line if the record tells of progress and the last line was a while ago."""
        if getattr(record, "event", None) != LogEvent.PROGRESS:
            return
        done, total = record.__dict__["done"], record.__dict__["total"]
        now = self._clock()
        if now - self._said < INTERVAL_S or not 0 < done < total:
            return
        self._said = now
        spent = now - self._began
        left = spent * (total - done) / done
        self._stream.write(
            f"{100 * done // total} % of {total} jobs done in {_duration(spent)},"
            f" about {_duration(left)} left\n"
        )
        self._stream.flush()


def summary(folder: Path, since: float, targets: Iterable[str] = ()) -> str:
    """What a run did to one batch, in a few lines to read.

    Parameters
    ----------
    folder
        Results of the batch, such as ``results/paper``.
    since
        When the run began: the modification time of a file that was written then [s since 1970].
        The clock of the machine would not do where files lie on another.
    targets
        Every file that the run was to make; those that are absent are counted.

    Returns
    -------
    str
        Jobs that ran and those kept from earlier runs, slowest rules, verdicts by table, failed
        jobs with their reasons, missing files, where the report lies; no line about what there
        is nothing to say of.
    """
    done = run_files.benchmarks(folder)
    ran = [path for path in done if path.stat().st_mtime >= since]
    failed = list(_failures(folder, since))
    counts = f"{len(ran)} jobs ran, {len(done) - len(ran)} kept from earlier runs"
    lines = [f"{folder.as_posix()}: {counts}, {len(failed)} failed"]
    lines += _slowest(folder, ran)
    lines += _verdicts(folder / "tables")
    lines += _grouped(failed)
    missing = [target for target in targets if not Path(target).exists()]
    if missing:
        lines.append(f"missing: {len(missing)} files, such as {missing[0]}")
    report = folder / "report.html"
    if report.is_file():
        lines.append(f"report: {report.as_posix()}")
    return "\n  ".join(lines)


def _slowest(folder: Path, ran: list[Path]) -> Iterator[str]:
    spent: dict[str, list[float]] = defaultdict(list)
    for path in ran:
        rule = run_files.rule(path, folder / "benchmarks")
        spent[rule] += [wall for wall, _ in run_files.times(path)]
    most = sorted(spent, key=lambda rule: -sum(spent[rule]))[:_SHOWN]
    if most:
        told = (f"{rule} {_duration(sum(spent[rule]))} ({len(spent[rule])})" for rule in most)
        yield f"slowest: {', '.join(told)}"


def _verdicts(tables: Path) -> Iterator[str]:
    """Tables with acquisitions that are not good, each with the number of each verdict."""
    for path in sorted(tables.glob("*.tsv")):
        number = Counter(verdict for verdict, _ in run_files.verdicts(path).values())
        if set(number) - {LEVELS[0]}:
            told = (f"{number[level]} {level}" for level in LEVELS if number[level])
            yield f"quality of {path.stem}: {', '.join(told)}"


def _failures(folder: Path, since: float) -> Iterator[tuple[str, str, str]]:
    """Rule, what it worked on and the reason of each job that began in this run and failed."""
    logs, benchmarks = folder / "logs", folder / "benchmarks"
    for path in sorted(logs.rglob("*.log")):
        began = path.stat().st_mtime
        benchmark = benchmarks / path.relative_to(logs).with_suffix(".tsv")
        has_ended = benchmark.is_file() and benchmark.stat().st_mtime >= since
        if began >= since and not has_ended:
            yield run_files.rule(path, logs), path.stem, _reason(path)


def _reason(log: Path) -> str:
    """The error of a log; for a defect, which is logged with a traceback, its last line."""
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    ends = [line for line in lines if line.startswith(_ENDS)]
    if not ends:
        return f"ended without a word; see {log.as_posix()}"
    return lines[-1] if ends[-1].startswith(_ENDS[0]) else ends[-1].removeprefix(_ENDS[1])


def _grouped(failed: list[tuple[str, str, str]]) -> Iterator[str]:
    """Failures of one rule for one reason on one line."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule, name, reason in failed:
        alike[rule, reason].append(name)
    for (rule, reason), names in alike.items():
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"failed: {rule} of {', '.join(names[:_SHOWN])}{more}: {reason}"


def _duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
