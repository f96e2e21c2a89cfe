"""Between two runs: which claims moved, by how much, because of what, and what else changed."""

import math
import shutil
from pathlib import Path

import pytest
import recorded_batches
from recorded_batches import FOLDER

from nanostitch import cli
from nanostitch.errors import ContractError
from nanostitch.provenance.checks import difference, history

WIDTH = 0.1
"""Half of the 95 % interval of the claim in both runs [eV]."""


@pytest.fixture
def batch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return recorded_batches.make()


def between(before="previous", after="latest"):
    return difference.between(history.find(before, None), history.find(after, None))


def move(batch, shift=0.15):
    value = 2.40 + shift
    batch.claim = value, value - WIDTH, value + WIDTH


def rerun(batch, *acquisitions):
    for name in acquisitions:
        batch.measure(name)
    batch.answer()
    batch.close("22222222-run")


def test_nothing_changed__nothing_differs(batch, capsys):
    rerun(batch, "a", "b")
    found = between()
    assert [*found.moved, *found.others, *found.added, *found.removed] == []
    assert found.same == 14
    assert cli.main(["diff", "1111", "2222"]) == 0
    assert "made again with the same data: 14 files" in capsys.readouterr().out


def test_claim_that_moved__is_told_in_standard_errors_with_its_cause(batch):
    move(batch)
    batch.window = 2.5
    rerun(batch, "a", "b")
    (moved,) = between().moved
    assert moved.claim == "shift"
    # Two independent errors of 0.1/1.96 each: 0.15/(sqrt 2 x 0.051) = 2.08.
    assert moved.sigma == pytest.approx(0.15 / (math.sqrt(2) * WIDTH / 1.959964))
    assert moved.causes == (
        f"band_gap: parameter window_ev: 2.0 → 2.5 ({FOLDER}/eels/a/band_gap.nc and 1 more)",
    )


def test_changed_code__is_named_by_its_step(batch):
    batch.code = "d" * 64
    move(batch)
    rerun(batch, "a")  # b was not made again
    (moved,) = between().moved
    assert f"code of step align ({FOLDER}/eels/a/aligned.nc)" in moved.causes
    assert not any("eels/b" in cause for cause in moved.causes)


def test_changed_raw_file__is_named(batch):
    Path("raw/b.dm4").write_bytes(b"other")
    move(batch)
    rerun(batch, "b")
    (moved,) = between().moved
    assert moved.causes == (f"raw file raw/b.dm4 has other bytes ({FOLDER}/eels/b/raw.nc)",)


def test_product_that_changed_without_a_claim__is_listed_with_its_cause(batch, capsys):
    batch.window = 2.5
    rerun(batch, "a", "b")
    found = between()
    assert not found.moved
    changed = {path for paths in found.others.values() for path in paths}
    assert changed == {f"{FOLDER}/eels/{name}/band_gap.nc" for name in "ab"}
    cli.main(["diff", "previous", "latest"])
    printed = capsys.readouterr().out
    assert "changed, but no claim moved with it: results/demo/eels/a/band_gap.nc" in printed
    assert "because band_gap: parameter window_ev: 2.0 → 2.5" in printed


def test_claim_whose_outcome_changes__has_moved(batch, capsys):
    move(batch, shift=-0.3)
    rerun(batch, "a", "b")
    cli.main(["diff", "previous", "latest"])
    printed = capsys.readouterr().out
    assert "claim shift: 2.4 [2.3, 2.5] → 2.1 [2, 2.2] eV: -4.2 sigma" in printed


def test_another_copy__is_compared_by_its_folder(batch, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(FOLDER, copy / FOLDER)
    move(batch)
    rerun(batch, "a", "b")
    assert [one.claim for one in between(str(copy / FOLDER), str(FOLDER)).moved] == ["shift"]
    assert not between(str(FOLDER), "latest").moved


@pytest.mark.parametrize("run", ["3333", "previous"])
def test_unknown_run__says_which_there_are(batch, run):
    with pytest.raises(ContractError, match="no such run; there are 11111111 of demo"):
        history.find(run, None)


def test_ambiguous_run__asks_for_more(batch):
    rerun(batch, "a", "b")
    batch.measure("a")
    batch.close("11223344-run")
    with pytest.raises(ContractError, match="more than one"):
        history.find("11", None)
    assert history.find("111", "demo").line["n"] == 1


def test_new_and_gone_files__are_listed(batch):
    batch.job(
        "align",
        {"raw": [f"{FOLDER}/eels/a/raw.nc"]},
        {f"{FOLDER}/eels/c/aligned.nc": recorded_batches.product([1.0])},
        {},
        {},
    )
    batch.close("22222222-run")
    assert between().added == (f"{FOLDER}/eels/c/aligned.nc",)
    assert between("latest", "1111").removed == (f"{FOLDER}/eels/c/aligned.nc",)
