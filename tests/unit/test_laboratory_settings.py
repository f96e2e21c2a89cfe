"""What ``simulate:`` asks of the laboratory: own settings win, every problem is named."""

from pathlib import Path

import pytest

from nanostitch import batch, laboratory, plan_files, schema
from nanostitch.errors import BatchError
from nanostitch.provenance import identity
from nanostitch.provenance.digests import Digests

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


def drawn(folder: Path) -> dict[str, object]:
    """Plans of what the laboratory draws: specimens and recordings."""
    plans = dict(plan_files.simulation(batch.load(folder)))
    return {name: plan for name, plan in plans.items() if "/" in name}


def test_what_only_readers_see__draws_nothing_anew(folder):
    before = drawn(folder)
    edit(folder / "batch.yaml", "title: Simulated", "title: Another title")
    edit(folder / "conditions.tsv", "1 week", "7 days")
    edit(folder / "samples.tsv", "grid1\tCsPbBr3", "grid1\tCsPbBr3 nanocrystals")
    assert drawn(folder) == before


def test_an_atmosphere__draws_its_specimens_anew_alone(folder):
    before = drawn(folder)
    edit(folder / "conditions.tsv", "storage_time_h", "storage_time_h\tatmosphere")
    edit(folder / "conditions.tsv", "168", "168\tnitrogen")
    after = drawn(folder)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"specimens/grid2.week"}
    condition = after["specimens/grid2.week"]["condition"]
    assert condition == {"storage_time_h": 168, "atmosphere": "nitrogen"}


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
        ("batch.yaml", "pixels: 256", "pixels: 256.0", ["overview.pixels", "256.0"]),
        ("batch.yaml", "pixels: 256", "pixel_size_nm: .nan", ["overview.pixel_size_nm", "nan"]),
        ("batch.yaml", "{pixels: 128}", "{1: 2}", ["acquisitions.b", "unknown key"]),
        ("batch.yaml", "{pixels: 128}", "{inner_mrad: 160}", ["inner_mrad", "below outer_mrad"]),
        ("batch.yaml", "{pixels: 128}", "{place_y_nm: 9}", ["place_x_nm", "give both"]),
        ("conditions.tsv", "fresh\tFresh\t0", "fresh\tFresh\t-1", ["storage_time_h", "-1"]),
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


@pytest.mark.parametrize(
    ("column", "word", "known"),
    [("atmosphere", "Air", "nitrogen"), ("illumination", "bright", "ambient")],
)
def test_words_that_mean_nothing_to_the_laboratory__are_refused(folder, column, word, known):
    edit(folder / "conditions.tsv", "storage_time_h", f"storage_time_h\t{column}")
    edit(folder / "conditions.tsv", "168", f"168\t{word}")
    with pytest.raises(BatchError) as caught:
        batch.load(folder)
    for text in ("conditions.tsv", column, word, known):
        assert text in str(caught.value)


def test_a_told_checksum__is_refused_where_the_laboratory_writes_the_file(folder):
    edit(folder / "acquisitions.tsv", "\tfile\n", "\tfile\tsha256\n")
    edit(folder / "acquisitions.tsv", "a.dm4", f"a.dm4\t{'0' * 64}")
    with pytest.raises(BatchError, match="clear the cell"):
        batch.load(folder)


def test_measured_batches__have_no_plans_of_the_laboratory(folder):
    (folder / "batch.yaml").write_text(ABOUT.partition("simulate:")[0])
    edit(folder / "acquisitions.tsv", "d\tgrid2\tweek\tiv\td.csv\n", "")
    (folder / "raw").mkdir()
    for name in "abc":
        (folder / "raw" / f"{name}.dm4").write_bytes(b"raw")
    loaded = batch.load(folder)
    assert loaded.simulate is None
    digests = Digests(folder / "digests.json")
    found = plan_files.acquisition(loaded, loaded.acquisitions["a"], digests)
    assert found["raw"] == {"a.dm4": identity.sha256(folder / "raw" / "a.dm4")}
    assert not schema.problems(loaded.parameters, schema.load("config"), "x")
