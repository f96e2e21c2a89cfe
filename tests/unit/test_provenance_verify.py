"""What verify says of results that were touched: the kind of change, the file, nothing else."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import netCDF4
import pytest
import recorded
import recorded_batches
from recorded_batches import FOLDER

from nanostitch import cli
from nanostitch.errors import ContractError
from nanostitch.provenance.checks import replanned, signature, verify
from nanostitch.provenance.checks.recorded import Recorded

GAP = Path(f"{FOLDER}/eels/a/band_gap.nc")
RECORDS = FOLDER / "provenance" / "records"
LEDGER = FOLDER / "provenance" / "ledger.jsonl"
KEYGEN = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


pytestmark = pytest.mark.usefixtures("recorded_batch")


def found(*paths):
    verdict = verify.verify(Recorded(Path(), "demo"), [Path(path) for path in paths])
    return [(one.what, Path(one.file).name) for one in verdict.problems]


def with_old_date(path, change):
    """Change a file and set its modification time back."""
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename(name, text):
    def change(path):
        with netCDF4.Dataset(path, "a") as file:
            file.setncattr(name, text)

    return change


def set_value(path):
    with netCDF4.Dataset(path, "a") as file:
        file["value"][0] = 2.0001


def test_untouched_results__are_fine(capsys):
    assert found() == []
    assert cli.main(["verify"]) == 0
    assert capsys.readouterr().out.endswith("demo: 14 files, 11 records, 2 raw files: fine\n")


def test_value_edited_with_its_date_kept__is_altered_data():
    with_old_date(GAP, set_value)
    assert found() == [("altered data", "band_gap.nc")]


def test_attribute_edited__is_metadata_unless_it_says_what_values_mean():
    with_old_date(GAP, rename("history", "made by hand"))
    assert found() == [("altered metadata", "band_gap.nc")]
    with_old_date(GAP, rename("beam_energy_kev", 300.0))
    assert found() == [("altered data", "band_gap.nc")]


def test_damaged_and_other_files__are_altered():
    GAP.write_bytes(b"no netCDF")
    (FOLDER / "figures/figure_1.png").write_bytes(b"another picture")
    assert found() == [("altered data", "band_gap.nc"), ("altered", "figure_1.png")]


def test_missing_and_unrecorded_files__are_named():
    shutil.move(GAP, GAP.with_name("copy.nc"))
    assert sorted(found()) == [("missing", "band_gap.nc"), ("unrecorded", "copy.nc")]


def test_raw_files_swapped__are_named_with_what_they_hold():
    with_old_date(Path("raw/a.dm4"), lambda path: path.write_bytes(b"b" * 100))
    with_old_date(Path("raw/b.dm4"), lambda path: path.write_bytes(b"a" * 100))
    assert found() == [("swapped", "a.dm4"), ("swapped", "b.dm4")]


def test_raw_file_altered_or_gone__is_named():
    Path("raw/a.dm4").write_bytes(b"c")
    Path("raw/b.dm4").unlink()
    assert found() == [("altered", "a.dm4"), ("missing", "b.dm4")]


def test_path__is_checked_with_all_that_it_stands_on_alone():
    Path("raw/a.dm4").write_bytes(b"c")
    assert found(f"{FOLDER}/eels/b") == []
    assert found(f"{FOLDER}/figures/figure_1.pdf") == [("altered", "a.dm4")]
    assert found(GAP) == [("altered", "a.dm4")]


def test_record_edited__is_forged_though_file_and_pointer_agree():
    path = sorted(RECORDS.glob("*.json"))[2]
    record = json.loads(path.read_text())
    set_value(GAP)
    state = recorded.state(GAP)
    record["outputs"][0] |= state
    path.write_text(json.dumps(record))
    pointer = FOLDER / "provenance" / "outputs" / "eels" / "a" / "band_gap.nc.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | state))
    assert ("forged", path.name) in found()


def test_record_of_another_derivation__is_forged():
    path = sorted(RECORDS.glob("*.json"))[2]
    record = json.loads(path.read_text())
    record["derivation"]["plan"]["step"]["settings"]["window_ev"] = 9.0
    path.write_text(json.dumps(record))
    assert found().count(("forged", path.name)) == 2  # by the ledger and by its own id


def test_record_deleted_or_added__is_named():
    first, second, *_ = sorted(RECORDS.glob("*.json"))
    record = json.loads(second.read_text()) | {"uuid": "stranger"}
    (RECORDS / "stranger.json").write_text(json.dumps(record))
    first.unlink()
    said = found()
    assert ("missing", first.name) in said
    assert ("unlisted record", "stranger.json") in said


def test_record_that_a_killed_job_left_unnamed__is_none():
    first, *_ = sorted(RECORDS.glob("*.json"))
    record = json.loads(first.read_text()) | {"uuid": "killed"}
    (RECORDS / ".killed.host.1.0a1b2c3d.partial.json").write_text(json.dumps(record))
    assert found() == []


def test_last_line_edited__is_forged_without_a_signature():
    LEDGER.write_text(LEDGER.read_text().replace("completed", "imagined"))
    assert found() == [("forged", "ledger.jsonl")]


def test_broken_json__is_forged_and_the_rest_is_still_checked():
    LEDGER.write_text("{" + LEDGER.read_text())
    pointer = FOLDER / "provenance" / "outputs" / "eels" / "a" / "band_gap.nc.json"
    pointer.write_text("{")
    GAP.unlink()
    kinds = [("forged", "ledger.jsonl"), ("missing", "band_gap.nc"), ("forged", pointer.name)]
    assert found() == kinds


def test_pointer_edited_or_gone__is_named():
    kept = FOLDER / "provenance" / "outputs" / "eels" / "a"
    pointer = kept / "band_gap.nc.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"sha256": "0" * 64}))
    (kept / "raw.nc.json").unlink()
    assert sorted(found()) == [("forged", "band_gap.nc.json"), ("missing", "raw.nc.json")]


def test_input_made_anew__leaves_its_users_stale(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    made = recorded_batches.make()
    made.window = 3.0
    made.measure("a")
    made.close("22222222-run")
    said = found()
    assert {what for what, _ in said} == {"stale"}
    assert {"shift.nc", "figure_1.nc", "band_gap.tsv"} <= {file for _, file in said}


def test_problem__is_one_line_and_exit_code_1(capsys):
    GAP.unlink()
    assert cli.main(["verify", str(FOLDER)]) == 1
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert "run the workflow again" in printed.err
    assert printed.out.endswith("2 raw files: 1 problems\n")
    assert cli.main(["verify", "raw"]) == 1
    assert "lies in no results folder" in capsys.readouterr().err


def key(name):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name]
    subprocess.run(command, check=True)
    return Path(name).with_suffix(".pub").read_text()


@KEYGEN
def test_signature__names_signer_and_finds_ledger_and_head_edited_together(capsys):
    Path("allowed").write_text(f"lab@example.org {key('mine')}")
    assert cli.main(["sign", "demo", "--key", "mine"]) == 0
    trusting = ["verify", "--allowed-signers", "allowed"]
    assert cli.main(trusting) == 0
    assert signature.signer(FOLDER, Path("allowed")) == ("lab@example.org", 1)
    edited = LEDGER.read_text().replace("completed", "imagined")
    LEDGER.write_text(edited)
    recorded_batches.records.write(
        FOLDER / "provenance" / "ledger.head",
        {"n": 1, "sha256": recorded_batches.identity.sha256(LEDGER)},
    )
    capsys.readouterr()
    assert cli.main(trusting) == 1
    assert "forged: results/demo/provenance/ledger.jsonl.sig" in capsys.readouterr().err


@KEYGEN
def test_signature_of_a_stranger__is_refused(capsys):
    key("mine")
    Path("allowed").write_text(f"lab@example.org {key('other')}")
    signature.sign(FOLDER, Path("mine"))
    assert cli.main(["verify", "--allowed-signers", "allowed"]) == 1
    assert "by no allowed signer" in capsys.readouterr().err
    assert cli.main(["verify"]) == 0
    assert "key that was not checked" in capsys.readouterr().out


@KEYGEN
def test_signature__covers_the_lines_that_it_was_made_for(capsys):
    key("mine")
    signature.sign(FOLDER, Path("mine"))
    made = recorded_batches.Batch()
    made.clock = 50
    made.measure("a")
    made.answer()
    made.close("22222222-run")
    assert signature.signer(FOLDER, None) == ("", 1)
    assert cli.main(["verify"]) == 0
    assert "signed up to line 1 of 2" in capsys.readouterr().out


def test_without_ssh_keygen__the_error_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ContractError, match="ssh-keygen: not found; install OpenSSH"):
        signature.sign(FOLDER, Path("mine"))


def test_arguments_of_a_run__that_decide_its_configuration():
    given = ["--cores", "2", "--config", "batches=a", "figure=3", "--configfile", "x.yaml", "-n"]
    kept = ["--config", "batches=a", "figure=3", "--configfile", "x.yaml"]
    assert replanned.configuration_arguments(given) == kept
    assert replanned.configuration_arguments(["--cores", "2", "all"]) == []


def test_differences__are_named_as_a_user_knows_them():
    then = {
        "settings": {"gap": {"range_ev": [2, 3]}},
        "code_sha256": "a",
        "told": {},
        "raw": {"a.dm4": "1"},
    }
    now = {
        "settings": {"gap": {"range_ev": [2, 4]}},
        "code_sha256": "b",
        "told": {"pixel_size_nm": 0.5},
        "raw": {"a.dm4": "2"},
    }
    assert replanned.differences(then, now) == [
        "code",
        "parameter gap.range_ev: [2, 3] → [2, 4]",
        "sheet or batch.yaml, pixel_size_nm: none → 0.5",
    ]
    assert replanned.differences(then, then) == []


def test_every_plan_file_of_a_rule__is_known_to_the_check():
    rules = Path(__file__).parents[2] / "workflow" / "rules"
    inputs = re.compile(r"^rule (\w+):\n    input:\n(.*?)    output:", re.M | re.S)
    for file in sorted(rules.glob("*.smk")):
        for rule, text in inputs.findall(file.read_text("utf-8")):
            for role, name in re.findall(r'(\w+)="results/\{batch\}/plan/(.*?)\.json"', text):
                names = dict.fromkeys(re.findall(r"\{(\w+)\}", name), "x")
                record = {"rule": rule, "wildcards": names}
                assert replanned.plan_file(record, role) == name.format(**names), (rule, role)


def test_unpacked_crate__is_held_against_its_metadata():
    digest = hashlib.sha256(GAP.read_bytes()).hexdigest()
    told = {"@id": GAP.as_posix(), "@type": "File", "sha256": digest}
    gone = {"@id": "raw/gone.dm4", "@type": ["File"], "sha256": digest}
    report = {"@id": f"{FOLDER}/report.html", "@type": "File", "sha256": digest}
    metadata = Path("ro-crate-metadata.json")
    metadata.write_text(json.dumps({"@graph": [told, gone, report]}))
    assert found() == [("missing", "gone.dm4")]
    metadata.write_text(json.dumps({"@graph": [told | {"sha256": 64 * "0"}]}))
    assert found() == [("altered", "band_gap.nc")]
