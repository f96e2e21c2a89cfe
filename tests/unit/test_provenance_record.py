"""A job leaves a record however it ends, and refuses what is not what was recorded."""

import hashlib
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from recorded_jobs import BATCH, WRITES, prepare, record_of, run, start, written

from nanostitch.errors import BatchError
from nanostitch.provenance import derivation, execution, identity, operators, records

OUTPUT = "results/b/eels/a/aligned.nc2"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_completed_job__records_what_it_read_made_and_was_decided_by(tmp_path):
    found = record_of(tmp_path, WRITES, NANOSTITCH_RUN="r1", SLURM_JOB_ID="42")
    assert (found["status"], found["error"], found["run"]) == ("completed", None, "r1")
    assert found["inputs"] == [
        {
            "role": "raw",
            "path": "results/b/eels/a/raw.nc2",
            "sha256": sha256(b"counts"),
            "size": 6,
            "record": None,
        }
    ]
    assert found["outputs"][0]["sha256"] == sha256(b"values")
    assert found["derivation_id"] == identity.identity(found["derivation"])
    assert found["derivation"]["plan"]["step"]["settings"] == {"width_ev": 1.0}
    assert found["execution"]["scheduler"] == {"name": "slurm", "job": "42"}
    assert found["execution"]["max_rss_kib"] > 1000
    assert found["started"] <= found["ended"]
    kept = json.loads(
        (tmp_path / BATCH / f"provenance/outputs/eels/a/{Path(OUTPUT).name}.json").read_text()
    )
    assert (kept["record"], kept["sha256"]) == (found["uuid"], sha256(b"values"))
    assert kept["derivation_id"] == found["derivation_id"]


def test_records__hold_no_path_of_the_machine(tmp_path):
    assert str(tmp_path) not in json.dumps(record_of(tmp_path, WRITES))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            WRITES + "raise FormatError('a.dm4: is damaged; copy it again')",
            "a.dm4: is damaged; copy it again",
        ),
        (WRITES + "raise FormatError('')", ""),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("pass", f"{OUTPUT}: was not written"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
    ],
    ids=["mendable", "without a word", "defect", "no output", "interrupted"],
)
def test_failed_job__records_why_and_leaves_the_state_of_outputs_alone(tmp_path, body, error):
    found = record_of(tmp_path, body)
    assert (found["status"], found["error"], found["outputs"]) == ("failed", error, [])
    assert not (tmp_path / BATCH / "provenance/outputs").exists()


def test_job_ended_by_its_scheduler__cleans_up_and_has_a_failed_record(tmp_path):
    prepare(tmp_path)
    body = "try:\n print('on', flush=True); time.sleep(60)\nfinally:\n Path('cleaned').touch()"
    process = start(tmp_path, body)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    (found,) = written(tmp_path)
    assert (found["status"], found["error"]) == ("failed", "ended by SIGTERM")
    assert (tmp_path / "cleaned").exists()


def test_job_whose_record_cannot_be_written__fails(tmp_path):
    prepare(tmp_path)
    (tmp_path / BATCH / "provenance").write_text("in the way")
    code, printed = run(tmp_path, WRITES)
    assert code != 0
    assert "record of this job could not be written" in printed


def test_history__is_never_overwritten(tmp_path, monkeypatch):
    first = record_of(tmp_path, WRITES)
    run(tmp_path, "made.write_bytes(b'others')\n")
    assert written(tmp_path)[0] == first
    monkeypatch.chdir(tmp_path)
    found = records.newest(records.read(BATCH))
    kept = records.pointer(OUTPUT)
    assert kept is not None
    assert found[OUTPUT]["uuid"] == kept["record"] != first["uuid"]
    assert kept["sha256"] == sha256(b"others")


NEXT = """
after = SimpleNamespace(**vars(job))
after.input = Named(raw=job.output.nc)
after.output = Named(nc="results/b/eels/a/loss.nc2")
record.Recorder(after, lambda path: "").check_inputs()
"""


def test_input_that_was_altered_under_its_old_date__is_refused(tmp_path):
    made = record_of(tmp_path, WRITES)
    path = tmp_path / OUTPUT
    before = path.stat()
    path.write_bytes(b"valuEs")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    code, printed = run(tmp_path, NEXT)
    assert code != 0
    for said in (OUTPUT, sha256(b"values"), sha256(b"valuEs"), made["uuid"], "delete it"):
        assert said in printed
    assert "Traceback" not in printed
    assert written(tmp_path)[-1]["status"] == "failed"


def test_input_that_is_what_was_recorded__is_taken_and_names_its_record(tmp_path):
    record_of(tmp_path, WRITES)
    assert run(tmp_path, NEXT + WRITES)[0] == 0


def seen(folder: Path, body: str) -> dict[str, list[str]]:
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "extra.yaml").write_text("x: 1")
    (folder / "config" / "plugin.py").write_text("Y = 1\n")
    (folder / "results/b/provenance/runs").mkdir(parents=True)
    modules = [
        f"nanostitch{name}"
        for name in ("", ".atomic", ".errors", ".logs", ".planned", ".provenance")
    ]
    parts = ("audit", "derivation", "digests", "execution", "identity", "record", "records")
    modules += [f"nanostitch.provenance.{name}" for name in parts]
    (folder / "results/b/provenance/runs/r1.json").write_text(
        json.dumps({"modules": {"align": modules}, "environment": "e1"})
    )
    found: dict[str, list[str]] = record_of(folder, body + "\n" + WRITES, NANOSTITCH_RUN="r1")[
        "hygiene"
    ]
    return found


def test_what_a_rule_declares_and_what_belongs_to_python__is_nothing_to_note(tmp_path):
    body = "import tempfile, csv; Path(job.input.raw).read_bytes(); made.write_bytes(b'');"
    body += "made.read_bytes(); t = tempfile.TemporaryFile(); Path('/etc/hostname').read_bytes()"
    assert not any(seen(tmp_path / "w", body).values())


@pytest.mark.parametrize(
    ("body", "key", "noted"),
    [
        ("open('config/extra.yaml').read()", "undeclared_reads", ["config/extra.yaml"]),
        ("os.close(os.open('config/extra.yaml', 0))", "undeclared_reads", ["config/extra.yaml"]),
        (
            "sys.dont_write_bytecode = True; sys.path.append('config'); import plugin",
            "undeclared_reads",
            ["config/plugin.py"],
        ),
        (
            "import importlib; importlib.import_module('nanostitch.intervals')",
            "modules_outside_closure",
            ["nanostitch.intervals"],
        ),
        (
            "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
            "network",
            ["127.0.0.1:9"],
        ),
        (
            "import socket\ntry: socket.getaddrinfo('nowhere.invalid', 80)\nexcept OSError: pass",
            "network",
            ["nowhere.invalid:80"],
        ),
    ],
    ids=["read", "low level", "code beside", "dynamic import", "network", "name"],
)
def test_what_happens_behind_the_back_of_the_workflow__is_noted(tmp_path, body, key, noted):
    assert seen(tmp_path / "w", body)[key] == noted


def test_local_sockets__are_no_network(tmp_path):
    folder = tmp_path / "w"
    body = "import socket\ntry: socket.socket(socket.AF_UNIX).connect('s')\nexcept OSError: pass"
    assert seen(folder, body)["network"] == []


def test_scheduler__is_none_on_a_plain_machine(monkeypatch):
    for variable in execution.SCHEDULERS.values():
        monkeypatch.delenv(variable, raising=False)
    assert execution.scheduler() is None
    monkeypatch.setenv("PBS_JOBID", "7.host")
    assert execution.scheduler() == {"name": "pbs", "job": "7.host"}


def test_operator__is_kept_only_if_told_and_its_orcid_is_checked():
    assert operators.checked(None) is None
    assert operators.checked({"name": "N. N."}) == {"name": "N. N.", "orcid": None}
    for orcid in ("0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"):
        assert operators.checked({"name": "N. N.", "orcid": orcid})["orcid"] == orcid
    with pytest.raises(BatchError, match=r"operator\.orcid.*0098.*check digit would be 7"):
        operators.checked({"name": "N. N.", "orcid": "0000-0002-1825-0098"})


@pytest.mark.parametrize("value", [Path("a"), float("nan"), {1, 2}], ids=["path", "nan", "set"])
def test_parameter_of_a_type_that_has_no_one_text__is_refused_and_not_dropped(value):
    with pytest.raises((TypeError, ValueError)):
        identity.canonical({"settings": {"width_ev": value}})


def test_raw_folder__is_recorded_by_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        path = tmp_path / "cube.zarr" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    given = {"raw": ["cube.zarr", "cube.zarr/a", "cube.zarr/b"]}
    job = SimpleNamespace(rule="ingest", input=given, output={}, wildcards={"batch": "b"})
    before = derivation.of(job, lambda path: "")
    assert [one["name"] for one in before["inputs"]] == ["a", "b"]
    (tmp_path / "cube.zarr" / "b").write_text("other")
    assert derivation.of(job, lambda path: "") != before


def test_record__knows_inputs_that_are_gone(tmp_path):
    record_of(tmp_path, WRITES)
    code, _ = run(tmp_path, "Path(job.input.raw).unlink()\n" + WRITES)
    assert code == 0
    assert written(tmp_path)[-1]["inputs"][0]["sha256"] == sha256(b"counts")
