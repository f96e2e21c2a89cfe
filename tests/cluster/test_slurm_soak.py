"""Long versions of the tests on a real Slurm; ``make soak`` runs them."""

import os
import random
import shutil
import signal
import time

import pytest
from projects import digests
from workflows import PATIENCE_S, jobs_in, local_copy, make, outage, runs_of, wait

pytestmark = pytest.mark.soak

KILLS = 10
LONGEST_S = 60
OUTAGE_S = 90


@pytest.fixture(scope="module")
def reference(batch):
    """Digests of the same batch, run without a cluster."""
    local = local_copy(batch)
    local.snakemake()
    return digests(local)


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
    assert digests(batch) == reference
    assert not jobs_in(cluster, batch.folder)


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_a_long_outage_of_the_controller__loses_nothing(cluster, batch, reference, profile):
    shutil.rmtree(batch.folder / "results", ignore_errors=True)  # of the profile before
    run = make(batch, cluster, "figures", profile)
    wait("a job", lambda: jobs_in(cluster, batch.folder), run)
    outage(cluster, OUTAGE_S)
    assert run.wait(PATIENCE_S) == 0, (batch.folder / "make.log").read_text("utf-8")
    assert digests(batch) == reference
