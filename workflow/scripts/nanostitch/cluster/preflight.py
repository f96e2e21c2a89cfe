"""Whether a run on Slurm would end well here, asked before it begins.

Each check looks for one thing that was seen to lose jobs, hang or be refused; docs/clusters.md
tells what happened.
"""

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanostitch.cluster import slurm
from nanostitch.cluster.requests import Request
from nanostitch.errors import ClusterError

FINE, WARN, PROBLEM = "fine", "warn", "problem"

FLOOR_MB = 300
"""Below this not even Snakemake's own processes fit into a job: they take 260 MB."""

LONGEST_POLL_S = 240
"""The plugin asks for states at least every 180 s, and waits up to 60 s for the answer."""

SHARED_TYPES = {"nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "cifs", "9p", "afs", "orangefs"}
"""File systems that several computers can see; ``fuse.*`` may be one too."""

_RULE_RETRIES = re.compile(r"^\s+retries:", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """What one check found: how bad, of what, and what to do about it."""

    level: str
    subject: str
    says: str

    def __str__(self) -> str:
        return f"{self.level:8}{self.subject}: {self.says}"


@dataclass(frozen=True)
class Site:
    """What the checks look at."""

    project: Path
    """Where rules and profiles lie, and the run is started."""
    profile: Mapping[str, Any]
    configuration: Mapping[str, str]
    """What the controller says of itself."""
    partitions: list[slurm.Partition]
    hosts: set[str]
    """Hosts behind the nodes."""
    host: str
    """This host."""
    requests: list[Request]


def check(site: Site) -> list[Finding]:
    """Everything that was found, in the order of the checks."""
    checks = (
        _limits,
        _memory_floor,
        _accounting,
        _forgetting,
        _refusal,
        _arrays,
        _retries,
        _srun,
        _shared,
        _start,
    )
    return [finding for look in checks for finding in look(site)]


def _limits(site: Site) -> Iterator[Finding]:
    name = site.profile.get("default-resources", {}).get("slurm_partition")
    known = {each.name: each for each in site.partitions}
    chosen = known.get(name) if name else next((p for p in known.values() if p.is_default), None)
    if chosen is None:
        said = f"{name} is none of {', '.join(known)}" if name else "the cluster has no default"
        yield Finding(PROBLEM, "partition", f"{said}; set slurm_partition in the profile")
        return
    if not chosen.is_up:
        yield Finding(PROBLEM, "partition", f"{chosen.name} is down; choose another")
    beyond = [request for request in site.requests if _too_large(request, chosen)]
    for request in beyond:
        yield Finding(
            PROBLEM,
            f"rule {request.name}",
            f"asks for {request.memory_mb} MB, {request.minutes} min and {request.processors} "
            f"processors, and {chosen.name} has {chosen.memory_mb} MB, "
            f"{chosen.minutes or 'unlimited'} min and {chosen.processors}; choose another",
        )
    if not beyond:
        jobs = len(site.requests)
        yield Finding(FINE, "partition", f"{chosen.name} has room for each of {jobs} steps")


def _too_large(request: Request, partition: slurm.Partition) -> bool:
    is_long = partition.minutes is not None and request.minutes > partition.minutes
    is_large = request.memory_mb > partition.memory_mb
    return is_long or is_large or request.processors > partition.processors


def _memory_floor(site: Site) -> Iterator[Finding]:
    small = [request for request in site.requests if request.memory_mb < FLOOR_MB]
    for request in small:
        says = f"asks for {request.memory_mb} MB, less than the {FLOOR_MB} MB of Snakemake alone; "
        yield Finding(PROBLEM, f"rule {request.name}", says + "raise its mem_mb")
    if not small:
        yield Finding(FINE, "memory", f"no step asks for less than {FLOOR_MB} MB")


def _accounting(site: Site) -> Iterator[Finding]:
    status = site.profile.get("slurm-status-command", "sacct")
    kind = site.configuration.get("AccountingStorageType", "")
    if kind.endswith("slurmdbd"):
        yield Finding(FINE, "accounting", "slurmdbd")
    elif _is_ours("sacct", site):
        yield Finding(FINE, "accounting", "none here; states come from squeue")
    elif status == "squeue":
        says = "a controller that is away for one round makes the plugin forget its jobs; "
        yield Finding(WARN, "accounting", says + "start with make, which guards against it")
    else:
        says = "none here, and the plugin would wait for ever; start with make PROFILE=slurm, "
        yield Finding(PROBLEM, "accounting", says + "or set slurm-status-command: squeue")


def _forgetting(site: Site) -> Iterator[Finding]:
    if site.configuration.get("AccountingStorageType", "").endswith("slurmdbd"):
        return
    age = slurm.seconds(site.configuration.get("MinJobAge", "300 sec"))
    first = int(site.profile.get("slurm-init-seconds-before-status-checks", 40))
    needed = max(3 * first, LONGEST_POLL_S)
    if age >= needed:
        yield Finding(FINE, "MinJobAge", f"finished jobs are remembered for {age} s")
        return
    ours = _is_ours("sacct", site)
    level, cost = (WARN, "jobs may run twice") if ours else (PROBLEM, "the plugin waits for ever")
    says = f"the controller forgets a finished job after {age} s, and may be asked only after "
    says += f"{needed} s: {cost}; ask your administrators for MinJobAge={needed}"
    yield Finding(level, "MinJobAge", says)


def _refusal(site: Site) -> Iterator[Finding]:
    if site.configuration.get("EnforcePartLimits", "NO") == "NO":
        says = "an impossible request would wait for ever; the rules were checked above, check "
        yield Finding(WARN, "EnforcePartLimits", says + "what you change by hand")
    else:
        yield Finding(FINE, "EnforcePartLimits", "an impossible request is refused at once")


def _arrays(site: Site) -> Iterator[Finding]:
    if site.profile.get("slurm-array-jobs"):
        says = "array jobs delete good outputs and end well on half-written ones (plugin 2.8.0); "
        yield Finding(PROBLEM, "slurm-array-jobs", says + "take the line out of the profile")
    else:
        yield Finding(FINE, "slurm-array-jobs", "off")


def _retries(site: Site) -> Iterator[Finding]:
    files = sorted((site.project / "workflow" / "rules").glob("*.smk"))
    wrong = [path.name for path in files if _RULE_RETRIES.search(path.read_text("utf-8"))]
    for name in wrong:
        says = "the directive retries: repeats inside the old allocation as well, 10 times for 2; "
        yield Finding(PROBLEM, name, says + "set retries in the profile")
    if not wrong:
        yield Finding(FINE, "retries", "set by the profile, not by a rule")


def _srun(site: Site) -> Iterator[Finding]:
    conf = os.environ.get("SLURM_CONF")
    if conf is None or Path("/etc/slurm/slurm.conf").is_file():
        yield Finding(FINE, "srun", "finds the configuration of the cluster")
    elif _is_ours("srun", site) and os.environ.get("NANOSTITCH_SLURM_CONF"):
        yield Finding(FINE, "srun", f"is given {conf}")
    else:
        says = "jobs would not find SLURM_CONF, which the plugin takes away; start with make "
        yield Finding(PROBLEM, "srun", says + "PROFILE=slurm")


def _shared(site: Site) -> Iterator[Finding]:
    kind = _file_system(site.project)
    if site.hosts <= {site.host}:
        yield Finding(FINE, "folder", "all nodes are this host")
    elif kind in SHARED_TYPES or kind.startswith("fuse"):
        yield Finding(FINE, "folder", f"{site.project} lies on {kind}")
    else:
        says = f"{site.project} lies on {kind}, which other hosts may not see; try --probe, "
        yield Finding(WARN, "folder", says + "and move to a shared folder if that fails")


def _start(site: Site) -> Iterator[Finding]:
    found = importlib.util.find_spec("snakemake")
    source = found.origin if found is not None else None
    if source and not Path(importlib.util.cache_from_source(source)).is_file():
        says = "is not compiled, and each job starts three times more slowly; "
        yield Finding(WARN, "Python", says + "python -m compileall .venv")
    else:
        yield Finding(FINE, "Python", "is compiled")


def _is_ours(command: str, site: Site) -> bool:
    """Whether a command is the one that lies beside the profile."""
    found = shutil.which(command)
    bin_folder = site.project / "workflow" / "profiles" / "slurm" / "bin"
    return found is not None and Path(found).resolve().parent == bin_folder.resolve()


def _file_system(folder: Path) -> str:
    """Type of the file system that holds a folder."""
    place, kind = folder.resolve(), "an unknown file system"
    longest = -1
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, mount, name = line.split()[:3]
        point = Path(mount.replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), name
    return kind


def left_behind(folder: Path) -> Finding:
    """Whether jobs of a run still work in the folder."""
    left = slurm.jobs(folder)
    if not left:
        return Finding(FINE, "queue", "no job of another run works in this folder")
    says = f"{len(left)} jobs of {left[0].name} still work in this folder; wait for that run, or, "
    return Finding(PROBLEM, "queue", says + "if it was killed, make resume PROFILE=slurm")


def probe(folder: Path, python: str) -> Finding:
    """Submit a job that must see the folder and the package, and whose file must be seen here."""
    mark = folder / ".snakemake" / f"probe-{os.getpid()}"
    mark.parent.mkdir(exist_ok=True)
    command = f"'{python}' -c 'import nanostitch' && echo seen > '{mark}'"
    submit = ["sbatch", "--wait", f"--job-name={slurm.JOB_PREFIX}-probe", "--mem=500", "--time=2"]
    try:
        slurm.ask(*submit, "--output=/dev/null", f"--wrap={command}", patience=300)
        seen = mark.is_file()
    except ClusterError as error:
        return Finding(PROBLEM, "probe", f"a job cannot use {folder} and {python}: {error}")
    finally:
        mark.unlink(missing_ok=True)
    if seen:
        return Finding(FINE, "probe", "a job saw the folder, and its file was seen here")
    return Finding(PROBLEM, "probe", f"the file that a job wrote in {folder} is not seen here")
