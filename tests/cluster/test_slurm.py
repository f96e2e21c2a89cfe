"""Runs on a real Slurm: what goes wrong is reported, repeated or cleaned up; no number changes.

The workflows of ``shell:`` jobs that wait run side by side, as each waits more than it works.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest
from projects import digests
from workflows import PATIENCE_S, Workflow, jobs_in, local_copy, make, outage, runs_of, wait

QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")
OUTAGE_S = 25
FAULTS = """\
rule all:
    input: "out/hungry", "out/slow", "out/fails", "out/fine"

rule hungry:
    output: "out/hungry"
    resources: mem_mb=lambda wildcards, attempt: 400 if attempt == 1 else 1600, runtime=5
    shell: "python3 -c 'import time; a = bytearray(600_000_000); time.sleep(5)'; echo > {output}"

rule slow:
    output: "out/slow"
    resources:
        mem_mb=500, runtime=1,
        nap=lambda wildcards, attempt: 600 if attempt == 1 else 0,
    shell: "echo half > {output}; sleep {resources.nap}; echo slept > {output}"

rule fails:
    output: "out/fails"
    log: "fails.log"
    resources: mem_mb=500, runtime=5
    shell: "echo half > {output}; echo no beam current > {log}; exit 7"

rule fine:
    output: "out/fine"
    resources: mem_mb=500, runtime=5
    shell: "echo fine > {output}"
"""
SLEEPERS = """\
rule all:
    input: expand("out/{n}", n=range(2))

rule sleep:
    output: "out/{n}"
    resources: mem_mb=500, runtime=5
    shell: "echo begun > {output}; sleep NAP; echo done {wildcards.n} >> {output}"
"""
SLEPT = {"0": "begun\ndone 0\n", "1": "begun\ndone 1\n"}


@pytest.fixture(scope="module")
def faults(workflow: Callable[..., Workflow]) -> Iterator[tuple[Workflow, subprocess.Popen[str]]]:
    """A workflow of faults, which runs while other tests do."""
    made = workflow("faults")
    run = made.start(FAULTS, "--retries", "1", *QUICK)
    yield made, run
    run.kill()


def test_batch__survives_a_kill_and_a_controller_that_is_away_with_equal_bytes(
    cluster, faults, batch
):
    local = local_copy(batch)
    killed = make(batch, cluster, "figures")
    wait("a running job", lambda: any("RUNNING" in job for job in jobs_in(cluster, batch.folder)))
    ((name, process),) = runs_of(batch).items()
    os.kill(process, signal.SIGKILL)
    killed.wait(PATIENCE_S)
    refused = make(batch, cluster, "figures")
    assert refused.wait(PATIENCE_S) != 0
    assert "make resume PROFILE=slurm" in (batch.folder / "make.log").read_text("utf-8")

    resumed = make(batch, cluster, "resume")
    wait("the next run", lambda: runs_of(batch) and name not in runs_of(batch), resumed)
    wait("its jobs", lambda: jobs_in(cluster, batch.folder), resumed)
    reference = local.start()  # while this waits for the controller
    outage(cluster, OUTAGE_S)
    printed, _ = reference.communicate()
    assert reference.returncode == 0, printed
    assert resumed.wait(PATIENCE_S) == 0, (batch.folder / "make.log").read_text("utf-8")
    assert "cancelling" in (batch.folder / "make.log").read_text("utf-8")
    assert digests(batch) == digests(local)
    assert not runs_of(batch)
    assert not jobs_in(cluster, batch.folder)


def test_interrupt__leaves_no_job_and_no_half_file(cluster, faults, workflow):
    made = workflow("interrupted")
    run = made.start(SLEEPERS.replace("NAP", "300"), *QUICK)
    wait("both jobs", lambda: len(made.made()) == 2, run)
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE_S) != 0
    wait("the jobs to leave", lambda: not jobs_in(cluster, made.folder))
    assert made.made() == {}


def test_node_that_dies__costs_time_alone(cluster, faults, workflow):
    made = workflow("node")
    run = made.start(SLEEPERS.replace("NAP", "8"), "--retries", "1", *QUICK)
    wait("both jobs", lambda: len(made.made()) == 2, run)
    rows = cluster.run("squeue", "-h", "-o", "%N %Z").stdout.splitlines()
    node = next(row.split()[0] for row in rows if row.endswith(f" {made.folder}"))
    cluster.crash(node)
    assert run.wait(PATIENCE_S) == 0, made.printed
    cluster.start_node(node)
    assert made.made() == SLEPT


def test_cluster_generic__runs_the_same_through_sbatch(cluster, faults, workflow):
    made = workflow("generic", profile="cluster-generic")
    status = made.profile / "status.sh"
    run = made.start(
        SLEEPERS.replace("NAP", "1"),
        *("--cluster-generic-status-cmd", str(status)),
        *("--seconds-between-status-checks", "2"),
    )
    assert run.wait(PATIENCE_S) == 0, made.printed
    assert made.made() == SLEPT


def test_faults__are_reported_with_their_logs_and_retried_with_more(cluster, faults):
    made, run = faults
    assert run.wait(PATIENCE_S) == 1
    assert made.made() == {"hungry": "\n", "slow": "slept\n", "fine": "fine\n"}
    assert "no beam current" in made.printed
    states = cluster.run("squeue", "-h", "--states=all", "-o", "%T %k %m %l").stdout.split("\n")
    assert len([s for s in states if s.startswith("FAILED rule_fails")]) == 2
    assert len([s for s in states if s.startswith("TIMEOUT rule_slow")]) == 1
    hungry = [s.split()[0::2] for s in states if "rule_hungry" in s]
    assert sorted(hungry) == [["COMPLETED", "1600M"], ["FAILED", "400M"]]
