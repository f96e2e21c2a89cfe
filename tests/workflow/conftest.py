"""A copy of the project with a small measured batch, run once and copied for each test."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nanostitch import simulate

PROJECT = Path(__file__).parents[2]
FRESH = {"band_gap_ev": 2.45, "edge_mean_nm": 8.1, "edge_sd_nm": 0.8, "merged_fraction": 0.0}
SPECTROMETER = {
    "beam_energy_kev": 60,
    "zero_loss_fwhm_ev": 0.05,
    "zero_loss_counts": 2e8,
    "dispersion_ev": 0.01,
    "channels": 512,
    "drift_ev": 0.05,
}
MICROSCOPE = {
    "beam_energy_kev": 60,
    "pixel_size_nm": 0.4,
    "pixels": 192,
    "ligand_gap_nm": 2.5,
    "probe_nm": 0.5,
    "dose_e_per_nm2": 1000,
}
BATCH = """\
title: Two spectra and two images
creator: {name: N. N.}
licence: CC0-1.0
figures:
  figure_1:
    title: Gaps and sizes
    panels:
      - {kind: spectra, select: {}}
      - {kind: size_histogram, select: {sample: [grid1, grid2]}}
"""


class Project:
    """A clone in which a batch can be planned and run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def snakemake(self, *arguments: str, snakefile: str = "Snakefile") -> str:
        """Run snakemake in the clone and return what it printed; fails the test if it fails."""
        done = self.try_snakemake(*arguments, snakefile=snakefile)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_snakemake(
        self, *arguments: str, snakefile: str = "Snakefile"
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "2"]
        command += ["--workflow-profile", "workflow/profiles/default", *arguments]
        environment = os.environ | {"PYTHONPATH": str(self.folder / "workflow" / "scripts")}
        return subprocess.run(
            [*command, "--config", "batches=batches/series"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def planned(self, *arguments: str, snakefile: str = "Snakefile") -> dict[str, int]:
        """Jobs that a run would do now, by rule, without the target rule."""
        printed = self.snakemake("--dry-run", *arguments, snakefile=snakefile)
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total", printed, re.DOTALL | re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in printed
            return {}
        rows = [line.split() for line in table[1].splitlines()]
        return {rule: int(count) for rule, count in rows if rule != "all"}

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there in one file of the clone."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def result(self, name: str) -> Path:
        return self.folder / "results" / "series" / name


def clone(folder: Path) -> Project:
    """Copy what a user gets: the workflow, its configuration and its lock."""
    folder.mkdir(parents=True)
    shutil.copy2(PROJECT / "Snakefile", folder)
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("workflow", "config", "envs"):
        shutil.copytree(PROJECT / name, folder / name, ignore=skip)
    return Project(folder)


def write_batch(folder: Path, spectra: int = 2, images: int = 2) -> None:
    """Write a batch whose raw files were 'measured' beforehand."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    (folder / "batch.yaml").write_text(BATCH)
    (folder / "conditions.tsv").write_text("condition\tlabel\nfresh\tfresh\n")
    (folder / "samples.tsv").write_text(
        "sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tC\ngrid2\tCsPbBr3\tC\n"
    )
    rows = ["acquisition\tsample\tcondition\ttechnique\tfile"]
    for technique, count, device in (("eels", spectra, SPECTROMETER), ("adf", images, MICROSCOPE)):
        for number in range(1, count + 1):
            name = f"{technique}_{number}"
            about = {"technique": technique, "acquisition": name}
            path = raw / f"{name} [µ].dm4"
            simulate.write(path, about, seed=7, condition=FRESH, instrument=device)
            rows.append(f"{name}\tgrid{number}\tfresh\t{technique}\t{path.name}")
    (folder / "acquisitions.tsv").write_text("\n".join(rows) + "\n", "utf-8")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small batch, run from nothing. Not to be changed: tests take ``project``."""
    made = clone(tmp_path_factory.mktemp("finished") / "clone with spaces µ")
    write_batch(made.folder / "batches" / "series")
    made.snakemake()
    return made


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run, dates kept, that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """Makes a clone with the small batch, not yet run, in a folder of the given name."""

    def make(name: str) -> Project:
        made = clone(tmp_path / name)
        write_batch(made.folder / "batches" / "series")
        return made

    return make
