"""The processes and jobs of runs in a folder: who they are, and how those of a killed one end.

A run leaves a record of its process when it begins and takes it away when it ends; all its
local processes carry its name in their environment, its jobs on Slurm in their work folder. So a
record without a living process belongs to a run that was killed, and whatever still carries its
name or works in its folder is an orphan that may still write.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from nanostitch import atomic
from nanostitch.cluster import slurm
from nanostitch.errors import ClusterError
from nanostitch.provenance.record import RUN

RECORDS = Path(".snakemake", "nanostitch", "runs")
POLITE_S = 10.0
"""Time that an orphan gets to clean up before it is killed."""
GONE_S = 120.0
"""Longest wait for a job to leave Slurm's queue; nodes that died take about that long."""
_STARTED, _STATE = 19, 0  # fields of /proc/PID/stat from the state on


def begin(executor: str) -> None:
    """Record that this process is a run in this folder.

    Parameters
    ----------
    executor
        Name of Snakemake's executor, such as ``local`` or ``slurm``.
    """
    record = {
        "run": os.environ[RUN],
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "executor": executor,
    }
    atomic.write_text(_record(), json.dumps(record, indent=1) + "\n")


def end() -> None:
    """Take the record of this run away."""
    _record().unlink(missing_ok=True)


def end_orphans(folder: Path, say: Callable[[str], None]) -> int:
    """End what killed runs in a folder left behind, and return how many processes and jobs.

    Raises
    ------
    ClusterError
        If a run in the folder is alive, was started on another computer, or left jobs that
        cannot be ended from here.
    """
    files = sorted((folder / RECORDS).glob("[!.]*.json"))
    records = {file: json.loads(file.read_text("utf-8")) for file in files}
    for file, record in records.items():
        _refuse_living(file, record)
    is_on_cluster = any(record["executor"] != "local" for record in records.values())
    ended = _end_jobs(folder, say) if is_on_cluster else 0
    for record in records.values():
        found = _processes(record["run"])
        if found:
            say(f"ending {len(found)} processes of run {record['run']}")
            _end_processes(found)
        ended += len(found)
    for file in files:
        file.unlink(missing_ok=True)
    return ended


def _refuse_living(file: Path, record: dict[str, str | int]) -> None:
    """Raise unless a run is known to be dead and its jobs can be ended from here."""
    if record["host"] != socket.gethostname():
        raise ClusterError(
            f"{file}: the run was started on {record['host']}; resume it there, or, if it and its "
            "processes are gone, remove this file"
        )
    if record["started"] and _started(int(record["pid"])) == record["started"]:
        raise ClusterError(
            f"{file}: the run is alive as process {record['pid']}; wait for it or interrupt it"
        )
    if record["executor"] != "local" and not slurm.is_here():
        raise ClusterError(
            f"{file}: the run gave its jobs to {record['executor']}, which cannot be asked from "
            f"here; end the jobs whose names begin with {slurm.JOB_PREFIX}, then remove this file"
        )


def _end_jobs(folder: Path, say: Callable[[str], None]) -> int:
    if not (left := slurm.jobs(folder)):
        return 0
    count = len(left)
    say(f"cancelling {count} jobs of {', '.join(sorted({job.name for job in left}))}")
    slurm.cancel(left)
    give_up = time.monotonic() + GONE_S
    while left := slurm.jobs(folder):
        if time.monotonic() > give_up:
            raise ClusterError(
                f"Slurm: jobs {', '.join(job.id for job in left)} are still there after "
                f"{GONE_S:.0f} s; look at them with squeue, then resume again"
            )
        time.sleep(1)
    return count


def _end_processes(found: dict[int, int]) -> None:
    """End processes, given with their start, politely and then not."""
    for patience, sign in ((POLITE_S, signal.SIGTERM), (POLITE_S, signal.SIGKILL)):
        for pid, started in found.items():
            if _started(pid) == started:
                os.kill(pid, sign)
        give_up = time.monotonic() + patience
        while alive := [pid for pid, started in found.items() if _started(pid) == started]:
            if time.monotonic() > give_up:
                break
            time.sleep(0.1)
        if not alive:
            return
    raise ClusterError(f"processes {', '.join(map(str, alive))} cannot be ended")


def _processes(run: str) -> dict[int, int]:
    """Living processes of this user that belong to a run, with their start."""
    mark, own = f"{RUN}={run}".encode(), os.getpid()
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        pid = int(path.parent.name)
        try:
            belongs = pid != own and mark in path.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or belongs to another user
            continue
        if belongs and (started := _started(pid)):
            found[pid] = started
    return found


def _started(pid: int) -> int:
    """When a process started, in the kernel's ticks; 0 if it is gone or only awaits its parent."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[_STATE] == "Z" else int(fields[_STARTED])


def _record() -> Path:
    return RECORDS / f"{os.environ[RUN]}.json"
