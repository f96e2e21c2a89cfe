"""What the steps of a run would ask of a cluster, read from what Snakemake plans."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nanostitch.errors import ClusterError

NOT_SUBMITTED = {"all", "fetch"}
"""Rules that run where the run was started. A dry run does not tell: it calls every rule local."""

_RULE = re.compile(r"^\s*(?:local)?rule (\w+):$")
_THREADS = re.compile(r"^\s+threads: (\d+)")
_RESOURCES = re.compile(r"^\s+resources: (.*)$")


@dataclass(frozen=True)
class Request:
    """What one step asks for at its first attempt."""

    name: str
    memory_mb: int
    minutes: int
    processors: int


def planned(project: Path, profile: Path, config: list[str]) -> list[Request]:
    """The requests of all jobs that a run would submit now.

    Parameters
    ----------
    project
        Folder in which the run would be started.
    profile
        Folder of the workflow profile.
    config
        Settings as given to ``snakemake --config``.

    Raises
    ------
    ClusterError
        If the run cannot be planned.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--workflow-profile", str(profile)]
    command += ["--config", *config] if config else []
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"the run cannot be planned:\n{done.stdout}{done.stderr}".strip())
    return parse(done.stdout + done.stderr)


def parse(printed: str) -> list[Request]:
    """The requests in the output of a dry run; rules that run where it was started are left out."""
    found, name, threads = [], "", 1
    for line in printed.splitlines():
        if rule := _RULE.match(line):
            name, threads = rule[1], 1
        elif count := _THREADS.match(line):
            threads = int(count[1])
        elif asked := _RESOURCES.match(line):
            values = dict(pair.split("=", 1) for pair in asked[1].split(", ") if "=" in pair)
            if name not in NOT_SUBMITTED and values.get("mem_mb", "").isdigit():
                minutes = values.get("runtime", "0")
                found.append(Request(name, int(values["mem_mb"]), int(minutes), threads))
    return found
