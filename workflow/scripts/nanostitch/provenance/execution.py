"""Where, when and with how much a job ran: what may differ between two runs of one derivation."""

import os
import platform
import resource
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

SCHEDULERS = {
    "slurm": "SLURM_JOB_ID",
    "pbs": "PBS_JOBID",
    "lsf": "LSB_JOBID",
    "oar": "OAR_JOB_ID",
    "flux": "FLUX_JOB_ID",
    "grid engine": "JOB_ID",
}
"""Variable in which each scheduler tells a job its number."""


def now() -> str:
    """Time of the wall clock, UTC, to the millisecond: ``2026-11-24T20:00:00.000+00:00``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def scheduler() -> dict[str, str] | None:
    """Scheduler that started this process and its number there; None where none did."""
    for name, variable in SCHEDULERS.items():
        if number := os.environ.get(variable):
            return {"name": name, "job": number}
    return None


def facts(threads: int, wall_s: float) -> dict[str, Any]:
    """Host, engine and use of resources of this process.

    Parameters
    ----------
    threads
        Threads that the job was given.
    wall_s
        Time since the job began [s].
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    system = os.uname()
    in_kib = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes
    return {
        "host": system.nodename,
        "os": f"{system.sysname} {system.release}",
        "machine": system.machine,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "threads": threads,
        "engine": f"snakemake {metadata.version('snakemake')}",
        "scheduler": scheduler(),
        "wall_s": round(wall_s, 3),
        "user_s": round(used.ru_utime, 3),
        "system_s": round(used.ru_stime, 3),
        "max_rss_kib": used.ru_maxrss // in_kib,
    }
