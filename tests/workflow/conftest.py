"""A copy of the project with a small measured batch, run once and copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import Project, clone, write_batch


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
