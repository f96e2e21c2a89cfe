"""The profiles explain every line, and what stands before Slurm's commands answers for them."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from nanostitch.cluster import requests

PROFILES = Path(__file__).parents[2] / "workflow" / "profiles"
POLL = "-X --parsable2 --clusters all --noheader --format=JobIdRaw,State --name run"


@pytest.fixture
def commands(tmp_path):
    """Makes commands of Slurm that print what they are told, and runs one of the profile."""

    def make(profile: str, **texts: str):
        for name, text in texts.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)

        def run(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
            own = PROFILES / profile
            path = os.pathsep.join([str(own / "bin"), str(tmp_path), os.environ["PATH"]])
            place = own / command if (own / command).is_file() else own / "bin" / command
            return subprocess.run(
                [place, *arguments],
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )

        return run

    return make


@pytest.mark.parametrize("name", ["default", "slurm", "cluster-generic"])
def test_every_setting_of_a_profile__follows_a_comment(name):
    text = (PROFILES / name / "config.yaml").read_text("utf-8")
    blocks = re.split(r"\n\n+", text.strip())
    settings = [block for block in blocks if re.search(r"^[a-z]", block, re.MULTILINE)]
    for block in settings:
        assert block.startswith("#") or block.startswith("default-resources:\n  #"), block
    assert set(yaml.safe_load(text)) >= {"keep-going", "rerun-incomplete", "scheduler"}


def test_profiles_of_clusters__change_nothing_that_decides_what_is_made():
    keys = ("rerun-triggers", "keep-going", "rerun-incomplete", "scheduler", "quiet")
    read = [yaml.safe_load((path / "config.yaml").read_text()) for path in PROFILES.iterdir()]
    first = {key: read[0][key] for key in keys}
    assert all({key: each[key] for key in keys} == first for each in read)


def test_the_profile_of_slurm__has_no_hole_of_the_plugin_open():
    profile = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text())
    assert "slurm-array-jobs" not in profile
    assert profile["slurm-no-requeue"] is True
    assert profile["slurm-jobname-prefix"] == "nanostitch"
    assert profile["retries"] >= 1


def rules() -> dict[str, str]:
    """What each rule says, by its name."""
    texts = [path.read_text("utf-8") for path in (PROFILES.parent / "rules").glob("*.smk")]
    pattern = re.compile(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", re.MULTILINE | re.DOTALL)
    return dict(found for text in texts for found in pattern.findall(text))


def test_local_rules__are_those_that_the_preflight_leaves_out():
    local = {name for name, text in rules().items() if "localrule: True" in text}
    assert local | {"all"} == requests.NOT_SUBMITTED


def test_every_rule_of_an_acquisition__is_in_its_group():
    profile = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text())
    grouped = {entry.partition("=")[0] for entry in profile["groups"]}
    submitted = {n: text for n, text in rules().items() if n not in requests.NOT_SUBMITTED}
    single = {name for name, text in submitted.items() if "/{acquisition}" in text.split("log:")[0]}
    assert single <= grouped
    assert grouped <= set(submitted)


def test_sacct__passes_on_what_accounting_says_with_plain_states(commands):
    run = commands("slurm", sacct="echo '7|COMPLETED'; echo '8|CANCELLED by 1000'")
    assert run("sacct", *POLL.split()).stdout == "7|COMPLETED\n8|CANCELLED\n"


def test_sacct__answers_from_squeue_where_accounting_is_off(commands):
    off = "echo 'Slurm accounting storage is disabled' >&2; exit 1"
    run = commands("slurm", sacct=off, squeue="echo \"$*\" >&2; echo '7|RUNNING'")
    assert run("sacct", *POLL.split()).stdout == "7|RUNNING\n"
    squeue = 'case "$*" in *"--jobs 7"*%N*) echo n1 ;; *) exit 1 ;; esac'
    run = commands("slurm", sacct=off, squeue=squeue)
    assert run("sacct", "-j", "7", "--format=nodelist", "-n").stdout == "n1\n"


def test_sacct__asks_again_while_the_controller_is_away(commands, tmp_path):
    back = f"[ -e {tmp_path}/asked ] && echo '7|COMPLETED' && exit; touch {tmp_path}/asked; exit 1"
    run = commands("slurm", sacct="exit 1", squeue=back)
    assert run("sacct", *POLL.split()).stdout == "7|COMPLETED\n"


def test_sacct__says_that_a_job_failed_which_the_controller_forgot(commands, tmp_path, monkeypatch):
    logs = tmp_path / ".snakemake" / "log"
    logs.mkdir(parents=True)
    noted = "Job 3 has been submitted with SLURM jobid {} (log: a.log).\n"
    (logs / "1.log").write_text("SLURM run ID: earlier\n" + noted.format(5))
    (logs / "2.log").write_text("SLURM run ID: run\n" + noted.format(7) + noted.format(77))
    monkeypatch.chdir(tmp_path)
    run = commands("slurm", sacct="exit 1", squeue="echo '77|RUNNING'")
    assert run("sacct", *POLL.split()).stdout == "77|RUNNING\n7|FAILED\n"


def test_srun__gets_the_configuration_back(commands, monkeypatch):
    monkeypatch.setenv("NANOSTITCH_SLURM_CONF", "/somewhere/slurm.conf")
    monkeypatch.delenv("SLURM_CONF", raising=False)
    run = commands("slurm", srun='echo "$SLURM_CONF" "$@"', scontrol="echo controller is UP")
    assert run("srun", "-n1", "true").stdout == "/somewhere/slurm.conf -n1 true\n"


def test_srun__waits_for_a_controller_that_is_away(commands, tmp_path):
    back = f"[ -e {tmp_path}/asked ] && echo controller is UP; touch {tmp_path}/asked"
    run = commands("slurm", srun=f"[ -e {tmp_path}/asked ] && echo begun", scontrol=back)
    assert run("srun", "true").stdout == "begun\n"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("COMPLETED", "success"),
        ("PENDING", "running"),
        ("COMPLETING", "running"),
        ("TIMEOUT", "failed"),
        ("CANCELLED", "failed"),
        ("NODE_FAIL", "failed"),
        ("", "failed"),
    ],
)
def test_status__knows_every_end(commands, state, said):
    run = commands("cluster-generic", squeue=f"echo {state}")
    assert run("status.sh", "7").stdout == f"{said}\n"


def test_status__of_a_job_that_a_live_controller_does_not_know__is_failed(commands):
    run = commands("cluster-generic", squeue="exit 1", scontrol="echo controller is UP")
    assert run("status.sh", "7").stdout == "failed\n"
