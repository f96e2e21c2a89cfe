"""Workflows that the tests run through the project's profiles on a test cluster."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from projects import Project, clone, write_batch
from slurm import Slurm

PROJECT = Path(__file__).parents[2]
PROFILES = PROJECT / "workflow" / "profiles"
SIZES = "      - {kind: size_histogram, select: {sample: [grid1, grid2]}}\n"
PATIENCE_S = 600
SAVED_S = 8
"""The controller saves its jobs every 5 s. One killed before gives their numbers away again, and
Slurm then drains the nodes on which they run ("Duplicate jobid"), for an administrator to mend."""


class Workflow:
    """A Snakefile of its own folder, run through one of the project's profiles."""

    def __init__(self, folder: Path, cluster: Slurm, profile: str) -> None:
        self.folder = folder
        self.environment = _environment(cluster, profile)
        self.profile = PROFILES / profile

    def start(self, snakefile: str, *options: str) -> subprocess.Popen[str]:
        """Start the workflow, what it prints going to ``run.log``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "Snakefile").write_text(snakefile)
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", str(self.profile)]
        with (self.folder / "run.log").open("w") as log:
            return subprocess.Popen(
                [*command, *options],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return (self.folder / "run.log").read_text("utf-8")

    def made(self) -> dict[str, str]:
        """Content of each output."""
        outputs = sorted((self.folder / "out").glob("*"))
        return {path.name: path.read_text("utf-8") for path in outputs}


def _environment(cluster: Slurm, profile: str) -> dict[str, str]:
    """What ``make PROFILE=…`` sets for a run, of the given cluster."""
    found = cluster.environment
    before = [str(PROFILES / profile / "bin"), str(Path(sys.executable).parent)]
    path = os.pathsep.join([*before, found["PATH"]])
    return found | {"PATH": path, "NANOSTITCH_SLURM_CONF": found["SLURM_CONF"]}


def one_spectrum(folder: Path) -> Project:
    """A project with a batch of one spectrum, not yet run, and the Makefile."""
    made = clone(folder)
    write_batch(made.folder / "batches" / "series", spectra=1, images=0)
    made.edit("batches/series/batch.yaml", SIZES, "")
    made.edit("batches/series/samples.tsv", "grid2\tCsPbBr3\tC\n", "")
    first = "slurm-init-seconds-before-status-checks: {}\n"
    made.edit("workflow/profiles/slurm/config.yaml", first.format(10), first.format(2))
    shutil.copy2(PROJECT / "Makefile", made.folder)
    (made.folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    return made


def make(
    project: Project, cluster: Slurm, goal: str, profile: str = "slurm"
) -> subprocess.Popen[str]:
    """Start a goal of the Makefile with a profile, what it prints going to ``make.log``."""
    with (project.folder / "make.log").open("w") as log:
        return subprocess.Popen(
            ["make", "-o", ".venv/ready", goal, f"PROFILE={profile}", f"BATCH={project.batch}"],
            cwd=project.folder,
            env=cluster.environment | project.package,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def local_copy(batch: Project) -> Project:
    """A project with the same batch, not yet run, for a run without a cluster."""
    local = clone(batch.folder.parent / "local")
    shutil.copytree(batch.folder / "batches", local.folder / "batches")
    return local


def outage(cluster: Slurm, seconds: float) -> None:
    """Kill the controller once it has saved its jobs, and start it again some time later."""
    time.sleep(SAVED_S)
    cluster.kill("slurmctld")
    time.sleep(seconds)
    cluster.start_controller()


def wait(what: str, ready: Callable[[], object], run: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is so, which a run that ended would not bring about."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end, f"waited for {what}"
        assert run is None or run.poll() is None, f"the run ended before {what}"
        time.sleep(0.3)


def runs_of(project: Project) -> dict[str, int]:
    """Process number of each run that has a record."""
    records = (project.folder / ".snakemake" / "nanostitch" / "runs").glob("*.json")
    return {
        record["run"]: record["pid"] for record in map(json.loads, map(Path.read_text, records))
    }


def jobs_in(cluster: Slurm, folder: Path) -> list[str]:
    """Jobs in the queue that work in a folder."""
    rows = cluster.run("squeue", "-h", "-o", "%T %Z").stdout.splitlines()
    return [row for row in rows if row.endswith(f" {folder}")]
