"""What a killed run left is ended, what lives or belongs to others is not, and bytes never mix."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nanostitch.cluster import runs
from nanostitch.errors import ClusterError
from nanostitch.provenance.record import RUN

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
WRITER = """\
import sys
from pathlib import Path
from nanostitch.atomic import replacing
for _ in range(150):
    with replacing(Path(sys.argv[1])) as partial:
        with partial.open("w") as file:
            for _ in range(40):
                file.write(sys.argv[2] * 1000)
                file.flush()
"""


def started(run: str) -> subprocess.Popen[bytes]:
    """A process that belongs to a run, in no relation to this one's name."""
    return subprocess.Popen(SLEEP, env=os.environ | {RUN: run})


def recorded(folder: Path, run: str, **changes: object) -> Path:
    """The record of a run whose process is gone."""
    path = folder / runs.RECORDS / f"{run}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"run": run, "host": os.uname().nodename, "pid": 1, "started": 1, "executor": "local"}
    path.write_text(json.dumps(record | changes))
    return path


def test_begin_and_end__leave_no_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RUN, "here")
    runs.begin("local")
    (record,) = runs.RECORDS.glob("*.json")
    assert json.loads(record.read_text())["pid"] == os.getpid()
    runs.end()
    assert not list(runs.RECORDS.glob("*"))


def test_orphans_of_a_dead_run__are_ended_and_those_of_others_live(tmp_path):
    path = recorded(tmp_path, "dead")
    orphan, other = started("dead"), started("another")
    said: list[str] = []
    try:
        time.sleep(0.5)  # until both have their environment
        assert runs.end_orphans(tmp_path, said.append) == 1
        assert orphan.wait(10) != 0
        assert other.poll() is None
        assert said == ["ending 1 processes of run dead"]
        assert not path.exists()
        assert runs.end_orphans(tmp_path, said.append) == 0
    finally:
        for process in (orphan, other):
            process.kill()
            process.wait()


def test_a_living_run__is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RUN, "alive")
    runs.begin("local")
    with pytest.raises(ClusterError, match=f"alive as process {os.getpid()}"):
        runs.end_orphans(tmp_path, print)
    assert list(runs.RECORDS.glob("*.json"))


def test_a_run_of_another_computer__is_left_to_it(tmp_path):
    path = recorded(tmp_path, "away", host="login9")
    with pytest.raises(ClusterError, match="resume it there"):
        runs.end_orphans(tmp_path, print)
    assert path.exists()


def test_a_process_number_that_came_again__is_not_taken_for_the_run(tmp_path):
    path = recorded(tmp_path, "old", pid=os.getpid(), started=1)
    assert runs.end_orphans(tmp_path, print) == 0
    assert not path.exists()


def test_jobs_of_a_cluster_that_cannot_be_asked__are_named(tmp_path, monkeypatch):
    recorded(tmp_path, "far", executor="cluster-generic")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match="end the jobs whose names begin with nanostitch"):
        runs.end_orphans(tmp_path, print)


def test_two_writers_of_one_file__never_mix_their_bytes(tmp_path):
    path = tmp_path / "product.nc"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, letter]) for letter in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            text = path.read_text()
            assert len(text) == 40_000
            seen.add("".join(sorted(set(text))))
    assert [writer.wait() for writer in writers] == [0, 0]
    assert seen <= {"a", "b"}
    assert [p.name for p in tmp_path.iterdir()] == ["product.nc"]


def test_partial_files__differ_within_one_process_and_number_between_hosts(tmp_path, monkeypatch):
    from nanostitch.atomic import replacing

    with replacing(tmp_path / "a.nc") as first, replacing(tmp_path / "a.nc") as second:
        assert first != second
        assert os.uname().nodename in first.name
        assert first.suffix == second.suffix == ".nc"
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "a.nc").read_text() == "1"  # the one renamed last
