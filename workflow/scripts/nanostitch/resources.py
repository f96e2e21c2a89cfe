"""Memory and time that the jobs of a rule ask a cluster for, from what they were measured to use.

Rules name the largest peak that benchmarks of finished runs show, and how it grows with the size
of the files it depends on. What Snakemake itself needs inside a job, a margin, and more with
each attempt come on top.
"""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

OVERHEAD_MB = 300
"""Snakemake's own processes in a job: 136 MB in the batch step and 124 MB in the job step."""

MARGIN = 1.5
"""Data of another kind, or another version of a library, may take half as much again."""

STEP_MB = 100
"""Memory is asked for in whole steps, so that similar jobs look alike to the scheduler."""

START_MINUTES = 5
"""Start of Python and Snakemake from a shared disk that is slow."""

SLOWDOWN = 4
"""An old node, or one whose processors others share, may be so much slower than ours."""

Needed = Callable[..., int]
"""What Snakemake evaluates for a job: ``needed(wildcards, input, attempt)``."""


class Needs:
    """What jobs need, by the sizes of the raw files that they come from.

    Parameters
    ----------
    raw_files
        The raw files of the acquisition that the wildcards of a job name. Their sizes are known
        before any product exists, and so when a group of jobs is submitted.
    """

    def __init__(self, raw_files: Callable[[Any], Iterable[str]]) -> None:
        self._raw_files = raw_files

    def memory_mb(self, peak: float, *, per_raw_mb: float = 0, per_input_mb: float = 0) -> Needed:
        """Memory to ask for [MB], more with each attempt.

        Parameters
        ----------
        peak
            Measured peak of the resident set on small files [MB].
        per_raw_mb, per_input_mb
            Growth of the peak [MB] for each MB of raw files, and of input files.
        """

        def needed(wildcards: Any, input: Any, attempt: int) -> int:
            grown = peak + self._growth(wildcards, input, per_raw_mb, per_input_mb)
            asked = attempt * (OVERHEAD_MB + MARGIN * grown)
            return math.ceil(asked / STEP_MB) * STEP_MB

        return needed

    def minutes(self, longest: float, *, per_raw_mb: float = 0, per_input_mb: float = 0) -> Needed:
        """Wall time to ask for [min], more with each attempt.

        Parameters
        ----------
        longest
            Measured wall time on small files [s].
        per_raw_mb, per_input_mb
            Growth of the time [s] for each MB of raw files, and of input files.
        """

        def needed(wildcards: Any, input: Any, attempt: int) -> int:
            seconds = longest + self._growth(wildcards, input, per_raw_mb, per_input_mb)
            return attempt * (START_MINUTES + math.ceil(SLOWDOWN * seconds / 60))

        return needed

    def _growth(self, wildcards: Any, input: Any, per_raw_mb: float, per_input_mb: float) -> float:
        grown = per_input_mb * _size_mb(input) if per_input_mb else 0.0
        return grown + (per_raw_mb * _size_mb(self._raw_files(wildcards)) if per_raw_mb else 0.0)


def _size_mb(files: Iterable[str]) -> float:
    """Size of those files that exist already [MB]."""
    return sum(path.stat().st_size for path in map(Path, files) if path.is_file()) / 1e6
