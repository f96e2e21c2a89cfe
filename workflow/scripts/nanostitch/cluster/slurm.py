"""What Slurm says of itself, of its partitions and of the jobs in its queue."""

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from nanostitch.errors import ClusterError

JOB_PREFIX = "nanostitch"
"""Beginning of the names of our jobs, as the profiles set it."""

PATIENCE_S = 30
"""A controller that takes longer to answer a question is taken for one that is away."""

_UNITS_S = {"": 1, "sec": 1, "min": 60, "hour": 3600}
_UNLIMITED = {"UNLIMITED", "infinite", "n/a"}


@dataclass(frozen=True)
class Partition:
    """The limits of a partition; none where there is no limit."""

    name: str
    is_default: bool
    is_up: bool
    minutes: int | None
    """Longest job [min]."""
    memory_mb: int
    """Memory of the largest node [MB]."""
    processors: int
    """Processors of the largest node."""


@dataclass(frozen=True)
class Job:
    """A job that waits or runs."""

    id: str
    name: str
    folder: Path
    """Where it works: the folder that the run was started in."""


def is_here() -> bool:
    """Whether the commands of Slurm are installed."""
    return shutil.which("squeue") is not None and shutil.which("sbatch") is not None


def ask(*command: str, patience: float = PATIENCE_S) -> str:
    """Answer of a command of Slurm.

    Raises
    ------
    ClusterError
        If it is not installed, fails or does not answer in time.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience)
    except FileNotFoundError:
        raise ClusterError(f"{command[0]}: not installed here; log in to the cluster") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{command[0]}: no answer within {patience:.0f} s") from None
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def configuration() -> dict[str, str]:
    """The settings of the controller, by name."""
    lines = ask("scontrol", "show", "config").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def seconds(value: str) -> int:
    """Seconds of a setting such as ``300 sec``."""
    found = re.match(r"(\d+)\s*(sec|min|hour)?", value)
    if found is None:
        raise ClusterError(f"scontrol show config: {value!r} is no time")
    return int(found[1]) * _UNITS_S[found[2] or ""]


def partitions() -> list[Partition]:
    """All partitions that this user sees."""
    found: dict[str, Partition] = {}
    rows = ask("sinfo", "--noheader", "--exact", "--format=%P|%a|%l|%m|%c").splitlines()
    for marked, up, limit, memory, processors in (row.split("|") for row in rows):
        name = marked.strip("*")
        row = Partition(
            name,
            is_default=marked.endswith("*"),
            is_up=up == "up",
            minutes=minutes(limit),
            memory_mb=int(memory.strip("+ ")),
            processors=int(processors.strip("+ ")),
        )
        other = found.get(name, row)
        found[name] = replace(
            row,
            memory_mb=max(row.memory_mb, other.memory_mb),
            processors=max(row.processors, other.processors),
        )
    return list(found.values())


def minutes(limit: str) -> int | None:
    """Minutes of ``days-hours:minutes:seconds``, or none if unlimited."""
    if limit in _UNLIMITED:
        return None
    days, _, clock = limit.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if days:
        hours, mins = (*parts, 0)[:2]
    else:
        hours, mins = (0, *parts)[-3:-1] if len(parts) > 1 else (0, parts[0])
    return (int(days or 0) * 24 + hours) * 60 + mins


def node_hosts() -> set[str]:
    """Names of the hosts behind all nodes."""
    found = ask("scontrol", "show", "node", "--oneliner")
    return set(re.findall(r"NodeHostName=(\S+)", found))


def jobs(folder: Path) -> list[Job]:
    """Our jobs of this user that wait, run or end, and work in a folder."""
    rows = ask("squeue", "--me", "--noheader", "--format=%A|%j|%Z").splitlines()
    split = (row.split("|", 2) for row in rows)
    found = (Job(number, name, Path(place)) for number, name, place in split)
    here = folder.resolve()
    return [j for j in found if j.name.startswith(JOB_PREFIX) and j.folder.resolve() == here]


def cancel(jobs: list[Job]) -> None:
    """Ask Slurm to end jobs."""
    ask("scancel", *(job.id for job in jobs))
