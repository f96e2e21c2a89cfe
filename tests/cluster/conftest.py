"""A real Slurm for the tests of this folder, and small workflows whose jobs only wait or fail."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import Project
from slurm import Slurm, missing
from workflows import Workflow, one_spectrum, runs_of


@pytest.fixture(scope="session")
def cluster() -> Iterator[Slurm]:
    """Two nodes of two processors each."""
    if reason := missing():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    made = Slurm(folder)
    try:
        made.start()
    except (OSError, TimeoutError) as error:
        made.stop()
        pytest.skip(f"Slurm does not start here: {error}")
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def workflow(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workflow]:
    """Makes a workflow on the cluster, through a profile."""

    def make(name: str, profile: str = "slurm") -> Workflow:
        return Workflow(tmp_path_factory.mktemp("workflow") / name, cluster, profile)

    return make


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A batch of one spectrum, not yet run, in a folder with a space and a letter of its own."""
    made = one_spectrum(tmp_path_factory.mktemp("batch") / "µ on a cluster")
    yield made
    for process in runs_of(made).values():  # of a test that failed
        os.kill(process, signal.SIGKILL)
