"""What ``simulate:`` asks of the laboratory: own settings win, every problem is named."""

from pathlib import Path

import pytest

from nanostitch import batch, laboratory, plan_files, provenance, schema
from nanostitch.errors import BatchError

ABOUT = """\
title: Simulated
creator: {name: N. N.}
licence: CC0-1.0
simulate:
  seed: 3
  specimen: {field_nm: 150}
  samples:
    grid2: {edge_mean_nm: 11}
  instruments:
    overview: {pixels: 256}
  acquisitions:
    b: {pixels: 128}
    c: {instrument: atomic}
"""
SHEETS = {
    "conditions": "condition\tlabel\tstorage_time_h\nfresh\tFresh\t0\nweek\t1 week\t168\n",
    "samples": "sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tC\ngrid2\tCsPbBr3\tC\n",
    "acquisitions": "acquisition\tsample\tcondition\ttechnique\tfile\n"
    "a\tgrid1\tfresh\tadf\ta.dm4\n"
    "b\tgrid2\tfresh\tadf\tb.dm4\n"
    "c\tgrid2\tweek\tadf\tc.dm4\n"
    "d\tgrid2\tweek\tiv\td.csv\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid simulated batch."""
    made = tmp_path / "simulated"
    made.mkdir()
    (made / "batch.yaml").write_text(ABOUT)
    for name, text in SHEETS.items():
        (made / f"{name}.tsv").write_text(text)
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_settings__are_the_acquisitions_own_else_the_instruments_else_the_defaults(folder):
    lab = batch.load(folder).simulate
    default = laboratory.schema_of("overview")["properties"]["pixel_size_nm"]["default"]
    assert laboratory.settings(lab, "a", "adf")["pixels"] == 256
    assert laboratory.settings(lab, "b", "adf")["pixels"] == 128
    assert laboratory.settings(lab, "b", "adf")["pixel_size_nm"] == default
    assert set(laboratory.settings(lab, "c", "adf")) == set(
        laboratory.schema_of("atomic")["properties"]
    )
    assert laboratory.specimen(lab, "grid1")["edge_mean_nm"] != 11
    assert laboratory.specimen(lab, "grid2")["edge_mean_nm"] == 11
    assert laboratory.specimen(lab, "grid2")["field_nm"] == 150


def test_simulation_plans__share_a_specimen_per_sample_and_condition(folder):
    loaded = batch.load(folder)
    plans = dict(plan_files.simulation(loaded))
    specimens = {name for name in plans if name.startswith("specimens/")}
    assert specimens == {f"specimens/{n}" for n in ("grid1.fresh", "grid2.fresh", "grid2.week")}
    assert plans["specimens/grid2.week"]["condition"] == {"storage_time_h": 168}
    assert plans["simulated/c"]["instrument"] == "atomic"
    assert plans["simulated/d"]["instrument"] == "source_meter"


def test_simulation_plans__tell_the_code_of_instruments_apart(folder):
    plans = dict(plan_files.simulation(batch.load(folder)))
    digests = [plans[f"simulated/{name}"]["code_sha256"] for name in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_label__is_not_part_of_the_specimen(folder):
    before = dict(plan_files.simulation(batch.load(folder)))["specimens/grid2.week"]
    edit(folder / "conditions.tsv", "storage_time_h", "storage_time_h\tatmosphere")
    edit(folder / "conditions.tsv", "168", "168\tnitrogen")
    after = dict(plan_files.simulation(batch.load(folder)))["specimens/grid2.week"]
    assert after["condition"] == {"storage_time_h": 168, "atmosphere": "nitrogen"}
    assert {**before, "condition": 0} == {**after, "condition": 0}


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("batch.yaml", "edge_mean_nm: 11", "edge_mean: 11", ["samples.grid2", "edge_mean_nm"]),
        ("batch.yaml", "grid2: {", "grid9: {", ["simulate.samples", "grid9", "grid1"]),
        ("batch.yaml", "overview: {", "telescope: {", ["telescope", "overview"]),
        ("batch.yaml", "pixels: 256", "pixels: many", ["instruments.overview.pixels", "many"]),
        ("batch.yaml", "b: {pixels: 128}", "b: {dose: 3}", ["acquisitions.b", "dose_e_per_nm2"]),
        ("batch.yaml", "instrument: atomic", "instrument: xray", ["acquisitions.c", "overview"]),
        ("batch.yaml", "    c: {", "    z: {", ["simulate.acquisitions", "'z'"]),
        ("batch.yaml", "seed: 3", "seed: -3", ["simulate.seed", "-3"]),
        ("acquisitions.tsv", "d.csv", "d.dm4", ["column file", "d.lvm or d.csv"]),
        ("acquisitions.tsv", "a.dm4", "other.dm4", ["column file", "a.dm4"]),
    ],
)
def test_problems__name_file_field_value_and_remedy(folder, file, old, new, words):
    edit(folder / file, old, new)
    with pytest.raises(BatchError) as caught:
        batch.load(folder)
    for word in [file, *words]:
        assert word in str(caught.value)


def test_measured_batches__have_no_plans_of_the_laboratory(folder):
    (folder / "batch.yaml").write_text(ABOUT.partition("simulate:")[0])
    edit(folder / "acquisitions.tsv", "d\tgrid2\tweek\tiv\td.csv\n", "")
    (folder / "raw").mkdir()
    for name in "abc":
        (folder / "raw" / f"{name}.dm4").write_bytes(b"raw")
    loaded = batch.load(folder)
    assert loaded.simulate is None
    digests = provenance.Digests(folder / "digests.json")
    found = plan_files.acquisition(loaded, loaded.acquisitions["a"], digests)
    assert found["raw"] == {"a.dm4": provenance.sha256(folder / "raw" / "a.dm4")}
    assert not schema.problems(loaded.parameters, schema.load("config"), "x")
