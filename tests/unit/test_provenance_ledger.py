"""A ledger only grows, and shows whatever was changed behind its back."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from recorded_jobs import SCRIPTS

from nanostitch.errors import ContractError
from nanostitch.provenance import environment, identity, ledger, records

LOCK = SCRIPTS.parents[1] / "envs" / "lock.txt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of a batch with a plan, one raw file, claims and two records of a run."""
    made = tmp_path / "results" / "b"
    (made / "plan/acquisitions").mkdir(parents=True)
    (made / "plan/align.json").write_text('{"settings": {}}')
    (made / "plan/acquisitions/a.json").write_text('{"raw": {"a.dm4": "00ff"}}')
    (made / "plan/acquisitions/s.json").write_text('{"raw": {}}')
    (made / "tables").mkdir()
    (made / "tables/claims.tsv").write_text("claim\tverdict\n")
    leave(made, 2)
    run = {
        "started": "then",
        "arguments": ["-n"],
        "git": None,
        "environment": "e",
        "operator": None,
    }
    records.write(made / "provenance/runs/r1.json", run)
    return made


def leave(folder: Path, count: int = 1) -> list[Path]:
    """Leave records of finished jobs."""
    paths = [folder / "provenance/records" / f"{uuid.uuid4()}.json" for _ in range(count)]
    for number, path in enumerate(paths):
        made = {"path": "results/b/x.nc", "sha256": str(number)}
        record = {"uuid": path.stem, "status": "completed", "ended": path.stem, "outputs": [made]}
        records.write(path, record)
    return paths


def line_of(folder: Path, number: int) -> str:
    return ledger.path_of(folder).read_text().splitlines()[number]


def rewrite(folder: Path, number: int, **changed: object) -> None:
    lines = ledger.path_of(folder).read_text().splitlines()
    lines[number] = identity.canonical(json.loads(lines[number]) | changed)
    ledger.path_of(folder).write_text("".join(f"{line}\n" for line in lines))


def test_line__says_what_was_run_on_what_and_what_it_left(folder):
    assert ledger.close(folder, "completed", "r1")
    (line,) = ledger.lines(folder)
    assert (line["n"], line["prev"], line["run"]) == (1, "0" * 64, "r1")
    assert (line["started"], line["arguments"], line["environment"]) == ("then", ["-n"], "e")
    assert line["plan"]["align.json"] == identity.sha256(folder / "plan/align.json")
    assert line["raw"] == {"a": {"a.dm4": "00ff"}}
    kept = folder / "provenance/records"
    assert line["records"] == {path.stem: identity.sha256(path) for path in kept.iterdir()}
    history = folder / "provenance/history" / f"{line['claims']}.tsv"
    assert history.read_text() == "claim\tverdict\n"
    assert ledger.problems(folder) == []


def test_lines__are_chained_and_hold_each_record_once(folder):
    for run in ("r1", "r2", "r3"):
        ledger.close(folder, "completed", run)
        leave(folder)
    first, second, third = ledger.lines(folder)
    assert second["prev"] == ledger._sha256(line_of(folder, 0))
    assert third["prev"] == ledger._sha256(line_of(folder, 1))
    assert len(first["records"]) == 2
    assert len(second["records"]) == len(third["records"]) == 1
    assert not set(first["records"]) & set(second["records"])
    assert ledger.problems(folder) == []


def test_closing_again__adds_nothing_whatever_the_outcome(folder):
    assert ledger.close(folder, "failed", "r1")
    before = ledger.path_of(folder).read_bytes()
    assert not ledger.close(folder, "failed", "r1")
    assert not ledger.close(folder, "completed", "r1")
    assert not ledger.close(folder, "completed", "r2")
    assert ledger.path_of(folder).read_bytes() == before


def test_failed_run__has_a_line_though_no_job_left_a_record(folder):
    ledger.close(folder, "completed", "r1")
    assert ledger.close(folder, "failed", "r2")
    assert ledger.lines(folder)[1] | {"records": {}, "outcome": "failed"} == ledger.lines(folder)[1]


def test_records_of_a_killed_run__are_taken_by_the_next(folder):
    ledger.close(folder, "completed", "r1")
    (orphan,) = leave(folder)
    ledger.close(folder, "completed", "r3")
    assert list(ledger.lines(folder)[1]["records"]) == [orphan.stem]


def test_two_runs_that_close_at_once__wait_for_each_other(folder):
    program = (
        "import sys; from pathlib import Path; from nanostitch.provenance import ledger\n"
        "print(ledger.close(Path(sys.argv[1]), 'completed', sys.argv[2]))"
    )
    closers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder), f"r{number}"],
            env={"PYTHONPATH": str(SCRIPTS)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = sorted(closer.communicate(timeout=60)[0] for closer in closers)
    assert said == ["False\n"] * 3 + ["True\n"]
    assert len(ledger.lines(folder)) == 1
    assert ledger.problems(folder) == []


def test_ledger_that_stays_held__is_a_clear_error(folder, monkeypatch):
    monkeypatch.setattr(ledger, "WAIT_S", 0.2)
    held = pytest.raises(ContractError, match=r"ledger\.lock: another run")
    with ledger._alone(folder), held:
        ledger.close(folder, "completed", "r1")


@pytest.fixture
def closed(folder: Path) -> Path:
    """A ledger of three lines."""
    for run in ("r1", "r2", "r3"):
        ledger.close(folder, "completed", run)
        leave(folder)
    return folder


@pytest.mark.parametrize("number", [0, 1])
def test_edited_line__breaks_the_chain_at_the_next(closed, number):
    rewrite(closed, number, outcome="failed")
    (problem,) = ledger.problems(closed)
    assert f"line {number + 2} does not follow" in problem


def test_edited_last_line__is_noticed_without_a_signature_and_for_good(closed):
    rewrite(closed, 2, outcome="failed")
    (problem,) = ledger.problems(closed)
    assert "the last line is not the one that ledger.head names" in problem
    ledger.close(closed, "completed", "r4")
    (problem,) = ledger.problems(closed)
    assert "line 4 does not follow" in problem


def test_removed_line__is_noticed(closed):
    lines = ledger.path_of(closed).read_text().splitlines(keepends=True)
    ledger.path_of(closed).write_text("".join(lines[:-1]))
    assert "last line" in ledger.problems(closed)[0]
    ledger.path_of(closed).write_text(lines[0] + lines[2])
    assert "line 2 does not follow" in ledger.problems(closed)[0]
    ledger.path_of(closed).unlink()
    assert "is absent" in ledger.problems(closed)[0]


def test_edited_and_deleted_records__are_named(closed):
    first, second = (closed / f"provenance/records/{name}.json" for name in _names(closed))
    text = first.read_text()
    first.write_text(text.replace("completed", "failed"))
    second.unlink()
    said = ledger.problems(closed)
    assert any(f"{first}: was altered; line 1" in one for one in said)
    assert any(f"{second}: is absent, but line 1" in one for one in said)
    assert len(said) == 2


def _names(folder: Path) -> list[str]:
    return sorted(ledger.lines(folder)[0]["records"])


def test_process_killed_between_line_and_head__is_noticed_and_mended_by_the_next_run(closed):
    head = closed / "provenance/ledger.head"
    before = head.read_text()
    ledger.close(closed, "completed", "r4")
    head.write_text(before)
    assert "ledger.head" in ledger.problems(closed)[0]
    leave(closed)
    ledger.close(closed, "completed", "r5")
    assert ledger.problems(closed) == []


def test_line_that_is_no_json__is_a_clear_error(closed):
    with ledger.path_of(closed).open("a") as file:
        file.write("half a li")
    with pytest.raises(ContractError, match=r"ledger\.jsonl: line 4 is no JSON"):
        ledger.close(closed, "completed", "r5")


def test_newest_record__is_that_of_the_job_that_ended_last(folder):
    found = records.newest(records.read(folder))
    last = max(path.stem for path in (folder / "provenance/records").iterdir())
    assert found["results/b/x.nc"]["uuid"] == last


def test_environment__is_named_by_its_content_and_held_against_the_lock(tmp_path):
    found = environment.describe(LOCK, {"hdf5": "1", "netcdf": "2"})
    assert environment.identifier(found) == environment.identifier(json.loads(json.dumps(found)))
    assert found["native"]["hdf5"] == "1"
    assert any("blas" in name.lower() or "accelerate" in name for name in found["native"]["blas"])
    numpy = found["distributions"]["numpy"]
    lock = tmp_path / "lock.txt"
    lock.write_text(f"numpy=={numpy} \\\n    --hash=sha256:00\nabsent==1 ; python_version < '3'\n")
    assert environment.describe(lock, {})["matches_lock"]
    lock.write_text("numpy==0.1 \\\n    --hash=sha256:00\nnot-there==2\n")
    other = environment.describe(lock, {})
    assert other["differs"] == [
        f"numpy is {numpy} instead of ==0.1",
        "not-there is absent instead of ==2",
    ]
    assert environment.identifier(other) != environment.identifier(found)


def git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


def test_state_of_the_code__is_commit_and_digest_of_what_differs(tmp_path):
    assert environment.git_state(tmp_path) is None
    git(tmp_path, "init")
    (tmp_path / "Snakefile").write_text("1")
    assert environment.git_state(tmp_path) is None
    git(tmp_path, "add", "Snakefile")
    git(tmp_path, "commit", "-m", "first")
    clean = environment.git_state(tmp_path)
    assert clean is not None
    assert (len(clean["commit"]), clean["dirty"], clean["diff_sha256"]) == (40, False, None)
    digests = []
    for text in ("2", "3"):
        (tmp_path / "Snakefile").write_text(text)
        state = environment.git_state(tmp_path)
        assert state is not None
        assert state["dirty"]
        digests.append(state["diff_sha256"])
    assert len({*digests, None}) == 3
