"""Runs leave a history that is never overwritten, and jobs refuse what is not what was recorded.

With ``test_tracking`` this is the table of events that Snakemake itself does not notice.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import Project, clone

from nanostitch.provenance import identity, ledger, records


def folder(project: Project) -> Path:
    return project.result("")


def newest(project: Project) -> dict[str, Any]:
    """Record of the job that ended last."""
    return records.read(folder(project))[-1]


def ledger_bytes(project: Project) -> bytes:
    return ledger.path_of(folder(project)).read_bytes()


def swap_under_old_date(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes of a file so that nothing but its content tells."""
    before, content = path.stat(), path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def test_run__leaves_a_record_of_each_job_and_one_line(finished):
    kept = records.read(folder(finished))
    (line,) = ledger.lines(folder(finished))
    assert line["outcome"] == "completed"
    assert {one["run"] for one in kept} == {line["run"]}
    assert {one["uuid"] for one in kept} == set(line["records"])
    assert {one["environment"] for one in kept} == {line["environment"]}
    assert {one["status"] for one in kept} == {"completed"}
    assert sum(one["rule"] == "ingest" for one in kept) == 4
    assert set(line["raw"]) == {"eels_1", "eels_2", "adf_1", "adf_2"}
    assert ledger.problems(folder(finished)) == []
    assert not any(noted for one in kept for noted in one["hygiene"].values())


def test_records__lead_from_every_output_to_what_it_was_made_from(finished):
    made = records.newest(records.read(folder(finished)))
    by_uuid = {one["uuid"]: one for one in made.values()}
    for name, record in made.items():
        (output,) = [one for one in record["outputs"] if one["path"] == name]
        assert output["sha256"] == identity.sha256(finished.folder / name)
        for given in record["inputs"]:
            if given["record"] is None:
                assert given["path"].startswith("batches/series/raw/")
            else:
                states = {one["path"]: one for one in by_uuid[given["record"]]["outputs"]}
                assert states[given["path"]]["sha256"] == given["sha256"]


def test_what_a_run_keeps__holds_no_path_of_the_machine(finished):
    for path in (folder(finished) / "provenance").rglob("*.json*"):
        assert str(finished.folder) not in path.read_text("utf-8"), path


def test_altered_intermediate_under_its_old_date__is_refused_and_the_failure_recorded(project):
    aligned, loss = (project.result(f"eels/eels_1/{name}.nc") for name in ("aligned", "loss"))
    swap_under_old_date(aligned, b"Two spectra", b"Two Spectra")
    before = ledger_bytes(project)
    loss.unlink()
    done = project.try_snakemake("results/series/eels/eels_1/loss.nc")
    assert done.returncode != 0
    record = newest(project)
    assert (record["rule"], record["status"], record["outputs"]) == (
        "remove_zero_loss",
        "failed",
        [],
    )
    assert "results/series/eels/eels_1/aligned.nc: its sha256 is" in record["error"]
    assert "delete it to make it anew" in record["error"]
    assert ledger_bytes(project).startswith(before)
    line = ledger.lines(folder(project))[1]
    assert (line["outcome"], list(line["records"])) == ("failed", [record["uuid"]])
    aligned.unlink()
    project.snakemake("results/series/eels/eels_1/loss.nc")
    assert ledger.lines(folder(project))[2]["outcome"] == "completed"
    assert ledger.problems(folder(project)) == []


def test_touching__leaves_the_history_alone(project):
    before = ledger_bytes(project), sorted((folder(project) / "provenance").rglob("*"))
    project.snakemake("--touch", "--forceall")
    project.snakemake()
    assert (ledger_bytes(project), sorted((folder(project) / "provenance").rglob("*"))) == before


def test_history__survives_the_loss_of_snakemakes_records(project):
    before = ledger_bytes(project)
    shutil.rmtree(project.folder / ".snakemake")
    project.result("methods.md").unlink()
    project.snakemake()
    assert ledger_bytes(project).startswith(before)
    assert [line["n"] for line in ledger.lines(folder(project))] == [1, 2]
    assert ledger.problems(folder(project)) == []


def test_what_a_script_does_behind_the_back_of_its_rule__is_noted(project):
    project.edit(
        "workflow/scripts/methods.py",
        "batch = ",
        "import importlib, socket\n"
        "importlib.import_module('nanostitch.noise')\n"
        "open('batches/series/samples.tsv').close()\n"
        "socket.socket().connect_ex(('127.0.0.1', 9))\n"
        "batch = ",
    )
    project.snakemake("results/series/methods.md")
    assert newest(project)["hygiene"] == {
        "undeclared_reads": ["batches/series/samples.tsv"],
        "network": ["127.0.0.1:9"],
        "modules_outside_closure": ["nanostitch.noise"],
    }


def test_jobs_of_a_cluster_with_an_empty_environment__belong_to_one_run(project):
    path = f"PYTHONPATH={project.folder}/workflow/scripts"
    submit = f"env -i PATH={Path(sys.executable).parent}:/usr/bin:/bin {path} bash"
    for name in ("methods.md", "tables/particles.tsv"):
        project.result(name).unlink()
    project.snakemake(
        *("--executor", "cluster-generic", "--jobs", "1"),
        *("--cluster-generic-submit-cmd", submit),
    )
    line = ledger.lines(folder(project))[1]
    made = [
        json.loads((folder(project) / f"provenance/records/{one}.json").read_text())
        for one in line["records"]
    ]
    assert {one["rule"] for one in made} == {"methods", "table"}
    assert {one["run"] for one in made} == {line["run"]}


@pytest.fixture
def simulated(tmp_path: Path) -> Project:
    """One simulated raw file of the smallest example, read."""
    made = clone(tmp_path / "clone", "config/batches/tiny")
    made.snakemake("results/tiny/absorption/absorption/raw.nc")
    return made


def test_simulated_raw_file_swapped_under_its_old_date__is_refused(simulated):
    assert not any(
        noted for one in records.read(folder(simulated)) for noted in one["hygiene"].values()
    )
    raw = simulated.result("simulated/absorption.asc")
    swap_under_old_date(raw, b"0.1", b"0.2")
    simulated.result("absorption/absorption/raw.nc").unlink()
    done = simulated.try_snakemake("results/tiny/absorption/absorption/raw.nc")
    assert done.returncode != 0
    assert "results/tiny/simulated/absorption.asc: its sha256 is" in newest(simulated)["error"]
