"""A copy of the project with a small measured batch, run once and copied for each test."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from projects import Project, clone, write_batch


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small batch, run from nothing. Not to be changed: tests take ``project``.

    Processes that run tests side by side share it: the first makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "finished" / "clone with spaces µ"
    done = shared / "finished.done"
    with FileLock(shared / "finished.lock"):
        if not done.exists():
            made = clone(folder)
            write_batch(folder / "batches" / "series")
            made.snakemake()
            done.touch()
    return Project(folder)


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
