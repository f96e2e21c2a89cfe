"""A crate unpacked in an empty folder runs to the same bytes, and other programs read it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from projects import PROJECT, Project, digests

CRATE = "series.crate.zip"
OF_A_USER = ("Makefile", "pyproject.toml", "LICENSE", "CITATION.cff")
RUNCRATE = "runcrate==0.6.2"
"""Needs other versions of prov and networkx than the project, so a venv of its own."""


@pytest.fixture(scope="module")
def unpacked(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The crate of the finished run, whose raw files were moved elsewhere after it."""
    folder = tmp_path_factory.mktemp("crate")
    made = Project(folder / "source")
    shutil.copytree(finished.folder, made.folder, symlinks=True)
    for name in OF_A_USER:
        shutil.copy2(PROJECT / name, made.folder)
    shutil.move(made.folder / "batches/series/raw", folder / "measured elsewhere")
    with (made.folder / "batches/series/batch.yaml").open("a") as file:
        file.write(f"raw_dir: {folder / 'measured elsewhere'}\n")
    done = made.nanostitch("crate", "batches/series")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(made.folder / CRATE) as file:
        file.extractall(folder / "unpacked")
    return Project(folder / "unpacked", "config/batches/series")


def test_unpacked_crate__is_up_to_date_and_runs_to_the_same_bytes(
    finished: Project, unpacked: Project
) -> None:
    before = digests(finished)
    assert len(before) > 15
    assert digests(unpacked) == before
    assert unpacked.planned() == {}
    shutil.rmtree(unpacked.folder / "results")
    unpacked.snakemake()
    assert digests(unpacked) == before


@pytest.mark.slow
def test_runcrate__reports_every_job(unpacked: Project, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("needs uv, to make a venv for runcrate")
    made = subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, "venv"], cwd=tmp_path)
    command = [uv, "pip", "install", "--quiet", "--python", "venv/bin/python", RUNCRATE]
    done = subprocess.run(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    if made.returncode or done.returncode:
        reason = f"runcrate cannot be installed: {done.stderr[:200]}"
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    report = subprocess.run(
        [tmp_path / "venv/bin/runcrate", "report", unpacked.folder],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    jobs = list((unpacked.folder / "results/series/provenance/records").glob("*.json"))
    assert report.count("action: urn:uuid:") == len(jobs) + 1  # and the run
    assert "<- #parameter/band_gap/gap_range_ev" in report
