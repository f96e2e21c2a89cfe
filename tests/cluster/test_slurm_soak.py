"""Long versions of the tests on a real Slurm; ``make soak`` runs them."""

import os
import random
import shutil
import signal
import time

import pytest
from projects import clone
from workflows import PATIENCE_S, hashes, jobs_in, make, runs_of, wait

pytestmark = pytest.mark.soak

KILLS = 10
LONGEST_S = 60
OUTAGE_S = 90
SAVED_S = 8  # until the controller has saved its jobs


@pytest.fixture(scope="module")
def reference(batch):
    """Digests of the same batch, run without a cluster."""
    local = clone(batch.folder.parent / "local")
    shutil.copytree(batch.folder / "batches", local.folder / "batches")
    local.snakemake()
    return hashes(local.folder / "results")


def test_kills_at_random_moments__lose_nothing(cluster, batch, reference):
    draw = random.Random(1)
    run = make(batch, cluster, "figures")
    for _ in range(KILLS):
        time.sleep(draw.uniform(0, LONGEST_S))
        for process in runs_of(batch).values():
            os.kill(process, signal.SIGKILL)
        run.wait(PATIENCE_S)
        run = make(batch, cluster, "resume")
    assert run.wait(PATIENCE_S) == 0, (batch.folder / "make.log").read_text("utf-8")
    assert hashes(batch.folder / "results") == reference
    assert not jobs_in(cluster, batch.folder)


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_a_long_outage_of_the_controller__loses_nothing(cluster, batch, reference, profile):
    shutil.rmtree(batch.folder / "results", ignore_errors=True)  # of the profile before
    run = make(batch, cluster, "figures", profile)
    wait("a job", lambda: jobs_in(cluster, batch.folder), run)
    time.sleep(SAVED_S)
    cluster.kill("slurmctld")
    time.sleep(OUTAGE_S)
    cluster.start_controller()
    assert run.wait(PATIENCE_S) == 0, (batch.folder / "make.log").read_text("utf-8")
    assert hashes(batch.folder / "results") == reference
