"""Which product an acquisition ends in follows from who names it as a reference."""

from pathlib import Path

import pytest

from nanostitch import batch, products
from nanostitch.errors import BatchError

SHEETS = {
    "batch.yaml": "title: A batch\ncreator: {name: N. N.}\nlicence: CC0-1.0\n",
    "conditions.tsv": "condition\tlabel\nfresh\tFresh\n",
    "samples.tsv": "sample\tmaterial\tsubstrate\nfilm\tCsPbBr3\tquartz\n",
}
ROWS = {
    "direct": ("plqy", "blank=empty; indirect=beside"),
    "empty": ("plqy", ""),
    "beside": ("plqy", ""),
    "alone": ("plqy", ""),
    "spectrum": ("eels", "vacuum=hole"),
    "hole": ("eels", ""),
    "oxide": ("edx", "standards=quartz,glass"),
    "quartz": ("edx", ""),
    "glass": ("edx", ""),
    "later": ("iv", "compared_with=first"),
    "first": ("iv", ""),
}


def load(folder: Path, **references: str) -> batch.Batch:
    for name, text in SHEETS.items():
        (folder / name).write_text(text)
    lines = ["acquisition\tsample\tcondition\ttechnique\tfile\treferences"]
    for name, (technique, named) in ROWS.items():
        named = references.get(name, named)
        lines.append(f"{name}\tfilm\tfresh\t{technique}\t{name}.txt\t{named}")
    (folder / "acquisitions.tsv").write_text("\n".join(lines) + "\n")
    return batch.load(folder, raw_files_exist=False)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


def test_ends__auxiliary_curves_have_no_numbers_of_their_own(folder):
    ends = products.ends(load(folder))
    assert ends["direct"] == ends["alone"] == ("quantum_yield",)
    assert ends["empty"] == ends["beside"] == ("raw",)
    assert ends["spectrum"] == ("band_gap",)
    assert ends["hole"] == ("aligned",)


def test_ends__standards_and_what_others_are_compared_with_are_measured_too(folder):
    loaded = load(folder)
    ends = products.ends(loaded)
    assert ends["oxide"] == ends["quartz"] == ends["glass"] == ("composition",)
    assert ends["first"] == ends["later"] == ("conductance",)
    assert [a.id for a in products.measured(loaded, "quantum_yield")] == ["direct", "alone"]


def test_references__several_only_where_the_role_takes_several(folder):
    assert load(folder).acquisitions["oxide"].references == {"standards": ["quartz", "glass"]}
    with pytest.raises(BatchError, match="one vacuum at most"):
        load(folder, spectrum="vacuum=hole,hole")


def test_references__no_chain_of_one_role_so_that_no_circle_can_be(folder):
    with pytest.raises(BatchError, match="has a reference compared_with itself"):
        load(folder, first="compared_with=later")
