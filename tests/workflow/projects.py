"""Copies of the project in which a batch can be planned and run."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import rawfiles

PROJECT = Path(__file__).parents[2]
BYTES = {".md", ".nc", ".pdf", ".png", ".svg", ".tsv"}
TIMED = {"benchmarks", "provenance"}
"""Folders of what a run says of itself, which differs from run to run."""
DEVICES = {
    "eels": ("spectrum", {"channels": 512}),
    "adf": ("overview", {"pixel_size_nm": 0.4, "pixels": 192}),
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

    def __init__(self, folder: Path, batch: str = "batches/series") -> None:
        self.folder = folder
        self.batch = batch

    def snakemake(self, *arguments: str, snakefile: str = "Snakefile") -> str:
        """Run snakemake in the clone and return what it printed; fails the test if it fails."""
        done = self.try_snakemake(*arguments, snakefile=snakefile)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_snakemake(
        self, *arguments: str, snakefile: str = "Snakefile"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments, snakefile=snakefile),
            cwd=self.folder,
            env=os.environ | self.package,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start snakemake in the clone, in a process group of its own."""
        return subprocess.Popen(
            self._command(*arguments),
            cwd=self.folder,
            env=os.environ | self.package,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _command(self, *arguments: str, snakefile: str = "Snakefile") -> list[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "2"]
        command += ["--workflow-profile", "workflow/profiles/default", *arguments]
        return [*command, "--config", f"batches={self.batch}"]

    @property
    def package(self) -> dict[str, str]:
        """What a process needs in its environment to import the clone's own package."""
        return {"PYTHONPATH": str(self.folder / "workflow" / "scripts")}

    def planned(self, *arguments: str, snakefile: str = "Snakefile") -> dict[str, int]:
        """Jobs that a run would do now, by rule, without the target rule."""
        printed = self.snakemake("--dry-run", *arguments, snakefile=snakefile)
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total", printed, re.DOTALL | re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in printed
            return {}
        rows = [line.split() for line in table[1].splitlines()]
        return {rule: int(count) for rule, count in rows if rule != "all"}

    def nanostitch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command of the clone, with the clone's own code."""
        program = "import sys; from nanostitch.cli import main; sys.exit(main())"
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self.folder,
            env=os.environ | self.package,
            capture_output=True,
            text=True,
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there in one file of the clone."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def result(self, name: str) -> Path:
        return self.folder / "results" / Path(self.batch).name / name


def digests(project: Project) -> dict[str, str]:
    """SHA-256 of each product, table and figure, and of each page in words."""
    root = project.folder / "results"
    files = [path for path in root.rglob("*") if path.suffix in BYTES and path.is_file()]
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not TIMED & set(path.relative_to(root).parts)
    }


def clone(folder: Path, batch: str = "batches/series") -> Project:
    """Copy what a user gets: the workflow, its configuration and its lock."""
    folder.mkdir(parents=True)
    shutil.copy2(PROJECT / "Snakefile", folder)
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("workflow", "config", "envs"):
        shutil.copytree(PROJECT / name, folder / name, ignore=skip)
    return Project(folder, batch)


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
    for technique, count in (("eels", spectra), ("adf", images)):
        for number in range(1, count + 1):
            name = f"{technique}_{number}"
            path = raw / f"{name} [µ].dm4"
            instrument, settings = DEVICES[technique]
            rawfiles.write(path, instrument, name, **settings)
            rows.append(f"{name}\tgrid{number}\tfresh\t{technique}\t{path.name}")
    (folder / "acquisitions.tsv").write_text("\n".join(rows) + "\n", "utf-8")
