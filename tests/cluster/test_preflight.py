"""The preflight sees each thing that was seen to lose jobs, and says nothing of a sound cluster."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from slurm import Slurm

from nanostitch.cluster import preflight, slurm
from nanostitch.cluster.preflight import FINE, PROBLEM, WARN, Site
from nanostitch.cluster.requests import Request, parse

PROJECT = Path(__file__).parents[2]
BIN = PROJECT / "workflow" / "profiles" / "slurm" / "bin"
PRINTED = """\
[Tue Nov 24 20:36:38 2026]
rule band_gap:
    input: results/a/raw.nc
    output: results/a/band_gap.nc
    threads: 2
    resources: tmpdir=/tmp, mem_mb=900, mem=900 MB, mem_mib=859, disk_mb=<TBD>, runtime=7

    rule methods:
        output: results/a/methods.md
        resources: tmpdir=<TBD>, mem_mb=500, mem=500 MB, runtime=6
rule all:
    resources: tmpdir=/tmp, mem_mb=1000, runtime=10
"""


@pytest.fixture
def site(monkeypatch):
    """A cluster without accounting on which everything is fine, started as make does."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_CONF", raising=False)
    main = slurm.Partition("main", True, True, 120, 9000, 2)
    return Site(
        project=PROJECT,
        profile={"slurm-status-command": "sacct", "slurm-init-seconds-before-status-checks": 10},
        configuration={
            "AccountingStorageType": "accounting_storage/none",
            "MinJobAge": "300 sec",
            "EnforcePartLimits": "ALL",
        },
        partitions=[main],
        hosts={"login"},
        host="login",
        requests=[Request("band_gap", 900, 7, 2)],
    )


def found(site: Site, subject: str) -> tuple[str, str]:
    """Level and text of the one finding on a subject."""
    (finding,) = [f for f in preflight.check(site) if f.subject == subject]
    return finding.level, finding.says


def test_a_sound_cluster__is_fine(site):
    assert {finding.level for finding in preflight.check(site)} == {FINE}


def test_requests__are_read_from_a_dry_run():
    assert parse(PRINTED) == [Request("band_gap", 900, 7, 2), Request("methods", 500, 6, 1)]


@pytest.mark.parametrize(
    "request_", [Request("big", 9001, 1, 1), Request("big", 500, 121, 1), Request("big", 500, 1, 3)]
)
def test_a_rule_larger_than_the_partition__is_a_problem(site, request_):
    level, says = found(replace(site, requests=[request_]), "rule big")
    assert level == PROBLEM
    assert "9000 MB, 120 min and 2" in says


def test_a_partition_that_is_not_there__is_a_problem(site):
    profile = {"default-resources": {"slurm_partition": "fast"}}
    assert found(replace(site, profile=profile), "partition")[0] == PROBLEM


def test_memory_below_the_floor__is_a_problem(site):
    tiny = replace(site, requests=[Request("tiny", 60, 1, 1)])
    assert found(tiny, "rule tiny")[0] == PROBLEM


def test_no_accounting__is_a_problem_unless_our_sacct_answers(site, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    assert found(site, "accounting")[0] == PROBLEM
    by_squeue = site.profile | {"slurm-status-command": "squeue"}
    assert found(replace(site, profile=by_squeue), "accounting")[0] == WARN
    slurmdbd = site.configuration | {"AccountingStorageType": "accounting_storage/slurmdbd"}
    assert found(replace(site, configuration=slurmdbd), "accounting")[0] == FINE


@pytest.mark.parametrize(
    ("age", "first", "level"), [(300, 10, FINE), (60, 10, WARN), (300, 120, WARN)]
)
def test_a_controller_that_forgets_early__is_seen(site, monkeypatch, age, first, level):
    configuration = site.configuration | {"MinJobAge": f"{age} sec"}
    profile = site.profile | {"slurm-init-seconds-before-status-checks": first}
    changed = replace(site, configuration=configuration, profile=profile)
    assert found(changed, "MinJobAge")[0] == level
    monkeypatch.setenv("PATH", "/usr/bin")  # where no sacct of ours says that such a job failed
    assert found(changed, "MinJobAge")[0] == (FINE if level == FINE else PROBLEM)


def test_impossible_requests_that_would_wait__are_warned_of(site):
    lax = replace(site, configuration=site.configuration | {"EnforcePartLimits": "NO"})
    assert found(lax, "EnforcePartLimits")[0] == WARN


def test_array_jobs__are_a_problem(site):
    arrays = replace(site, profile=site.profile | {"slurm-array-jobs": "all"})
    assert found(arrays, "slurm-array-jobs")[0] == PROBLEM


def test_retries_of_a_rule__are_a_problem(site, tmp_path):
    rules = tmp_path / "workflow" / "rules"
    shutil.copytree(PROJECT / "workflow" / "rules", rules)
    with (rules / "ingest.smk").open("a") as file:
        file.write("    retries: 2\n")
    assert found(replace(site, project=tmp_path), "ingest.smk")[0] == PROBLEM


def test_a_configuration_that_srun_would_not_find__is_a_problem(site, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", "/nowhere/slurm.conf")
    monkeypatch.delenv("NANOSTITCH_SLURM_CONF", raising=False)
    assert found(site, "srun")[0] == PROBLEM
    monkeypatch.setenv("NANOSTITCH_SLURM_CONF", "/nowhere/slurm.conf")
    assert found(site, "srun")[0] == FINE


def test_a_folder_that_other_hosts_may_not_see__is_warned_of(site, monkeypatch):
    away = replace(site, hosts={"node1", "node2"})
    monkeypatch.setattr(preflight, "_file_system", lambda folder: "ext4")
    assert found(away, "folder")[0] == WARN
    monkeypatch.setattr(preflight, "_file_system", lambda folder: "nfs4")
    assert found(away, "folder")[0] == FINE


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("2:00:00", 120), ("infinite", None), ("1-00:00:00", 1440), ("30:00", 30), ("2-06", 3240)],
)
def test_time_limits__are_read_in_every_form_of_slurm(limit, expected):
    assert slurm.minutes(limit) == expected


def test_a_real_cluster__is_asked_and_runs_the_probe(cluster: Slurm, monkeypatch, tmp_path):
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, cluster.environment[name])
    (main,) = slurm.partitions()
    assert (main.name, main.is_default, main.is_up) == ("main", True, True)
    assert (main.minutes, main.memory_mb, main.processors) == (120, 6000, 2)
    assert slurm.configuration()["AccountingStorageType"] == "accounting_storage/none"
    assert len(slurm.node_hosts()) == 1
    assert preflight.left_behind(tmp_path).level == FINE
    assert preflight.probe(tmp_path, sys.executable).level == FINE
    assert preflight.probe(tmp_path, "/nowhere/python").level == PROBLEM
