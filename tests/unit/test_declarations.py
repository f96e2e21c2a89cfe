"""Questions and claims that a batch declares are held against its sheets before anything runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nanostitch import batch, targets
from nanostitch.errors import BatchError

ABOUT = {"title": "A batch", "creator": {"name": "N. N."}, "licence": "CC0-1.0"}
ROWS = """acquisition\tsample\tcondition\ttechnique\tfile
a\tgrid1\tfresh\teels\ta.dm4
b\tgrid2\tfresh\teels\tb.dm4
c\tgrid1\tweek\teels\tc.dm4
d\tgrid2\tweek\teels\td.dm4
"""
QUESTION = {
    "title": "Does the gap fall?",
    "measure": {"product": "band_gap", "variable": "band_gap", "where": {"estimator": "onset_fit"}},
    "groups": {
        "fresh": {"select": {"condition": "fresh"}},
        "week": {"select": {"condition": "week"}},
    },
    "question": "difference",
}
CLAIM = {
    "says": "It falls.",
    "source": "Figure 1",
    "measure": {"comparison": "gap"},
    "expected": {"answer": "lower"},
}
GAP_OF = {"product": "band_gap", "variable": "band_gap", "select": {"condition": "fresh"}}


def loaded(folder: Path, **declared: Any) -> batch.Batch:
    folder.mkdir(exist_ok=True)
    (folder / "batch.yaml").write_text(yaml.safe_dump({**ABOUT, **declared}))
    (folder / "conditions.tsv").write_text(
        "condition\tlabel\tstorage_time_h\tatmosphere\nfresh\tFresh\t0\tair\nweek\tWeek\t168\tair\n"
    )
    (folder / "samples.tsv").write_text(
        "sample\tmaterial\tsubstrate\ngrid1\tCsPbBr3\tcarbon\ngrid2\tCsPbBr3\tcarbon\n"
    )
    (folder / "acquisitions.tsv").write_text(ROWS)
    return batch.load(folder, raw_files_exist=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "batch"


def test_sound_declarations__are_targets_with_their_defaults(folder):
    found = loaded(folder, comparisons={"gap": QUESTION}, claims={"falls": CLAIM})
    assert found.comparisons["gap"]["use"] == ["good", "doubtful"]
    assert found.claims["falls"]["measure"]["contrast"] == 0
    wanted = set(targets.of_batch(found))
    assert {"results/batch/comparisons/gap.nc", "results/batch/claims.nc"} <= wanted


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"measure": {"product": "band_gap", "variable": "gap"}}, "band_gap has band_gap"),
        ({"measure": {"product": "gaps", "variable": "gap"}}, "must be one of"),
        ({"groups": {"fresh": QUESTION["groups"]["fresh"]}}, "needs two groups"),
        (
            {"groups": {**QUESTION["groups"], "x": {"select": {"sample": "grid9"}}}},
            "has that value",
        ),
        ({"question": "equivalence"}, "an equivalence needs the margin"),
        ({"question": "ratio", "margin": 0.5}, "must be above 1"),
        ({"question": "trend"}, "a trend names its column"),
        ({"question": "trend", "along": "atmosphere"}, "one number in each group"),
        ({"along": "storage_time_h"}, "only a trend goes along"),
        ({"quesiton": "ratio"}, "did you mean 'question'"),
    ],
)
def test_unsound_comparison__is_refused_with_its_field_and_the_remedy(folder, changed, said):
    with pytest.raises(BatchError, match=r"batch\.yaml: comparisons\.gap") as refused:
        loaded(folder, comparisons={"gap": {**QUESTION, **changed}})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"measure": {"comparison": "size"}}, "must be one of ['gap']"),
        ({"measure": {"comparison": "gap", "contrast": 1}}, "gap has 1, counted from 0"),
        ({"measure": {"comparison": "gap", "group": "month"}}, "must be one of ['fresh', 'week']"),
        ({"measure": {"product": "band_gap"}}, "add it, or name a comparison"),
        ({"not_tested": "too dull"}, "give either measure or not_tested"),
        ({"expected": {"value": 2.4}}, "value and tolerance go together"),
        ({"figure": "figure_7"}, "must be one of"),
        ({"measure": {**GAP_OF, "sure": "certainty"}}, "band_gap has band_gap"),
        ({"measure": {**GAP_OF, "sure": "band_gap"}}, "only distinct objects have it"),
    ],
)
def test_unsound_claim__is_refused_likewise(folder, changed, said):
    with pytest.raises(BatchError, match=r"batch\.yaml: claims\.falls") as refused:
        loaded(folder, comparisons={"gap": QUESTION}, claims={"falls": {**CLAIM, **changed}})
    assert said in str(refused.value)


def test_parts_in_files_of_their_own__are_named_by_problems(folder):
    folder.mkdir()
    wrong = {"gap": {**QUESTION, "question": "why"}}
    (folder / "questions.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(BatchError, match=r"questions\.yaml: comparisons\.gap\.question"):
        loaded(folder, comparisons="questions.yaml")
    (folder / "questions.yaml").write_text(yaml.safe_dump({"gap": QUESTION}))
    assert loaded(folder, comparisons="questions.yaml").comparisons["gap"]["scale"] == "linear"
    with pytest.raises(BatchError, match=r"nowhere\.yaml: cannot be read"):
        loaded(folder, claims="nowhere.yaml")


def test_figure_alone__is_found_by_id_or_number(folder):
    panel = {"kind": "band_gap", "select": {"technique": "eels"}}
    figures = {"figure_3": {"title": "Gaps", "panels": [panel]}}
    found = loaded(folder, figures=figures)
    assert len(targets.of_figure([found], 3)) == len(targets.FIGURE_SUFFIXES)
    assert targets.of_figure([found], "3") == targets.of_figure([found], "figure_3")
    with pytest.raises(BatchError, match="no batch has it; there are figure_3"):
        targets.of_figure([found], 4)
