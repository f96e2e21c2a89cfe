"""Claims against measurements whose relation to them is known."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from groups import SETTINGS, TWO, product, products, values_of

from nanostitch import claims_page, contracts, quality
from nanostitch.comparison import compare, ledger
from nanostitch.contracts.claims import CLAIMS

GAP = {
    "product": "band_gap",
    "variable": "band_gap",
    "where": {},
    "objects": "mean",
    "select": {"technique": "eels"},
}


def gap(value: float, half: float, sample: str, simulated: int = 0) -> xr.Dataset:
    found = product(value, sample, f"{sample}_eels")
    for end, bound in (("_lower", value - half), ("_upper", value + half)):
        found[f"band_gap{end}"] = ((), bound, {"units": "eV"})
    return found.assign_attrs(simulated=simulated)


def judged(expected: dict, made: list[xr.Dataset], measure: dict = GAP, **claim) -> xr.Dataset:
    one = {"id": "one", "says": "It is so.", "source": "Figure 3c", "measure": measure}
    one |= {"expected": expected, "inputs": list(range(len(made))), **claim}
    found = contracts.check(ledger.ledger([one], made), CLAIMS, "test")
    return found.isel(claim=0)


def outcome(found: xr.Dataset) -> str:
    return ledger.OUTCOMES[int(found["outcome"])]


@pytest.mark.parametrize(
    ("value", "half", "wanted"),
    [
        (2.45, 0.01, "reproduced"),
        (2.46, 0.02, "compatible"),
        (2.45, 0.50, "compatible"),
        (2.60, 0.02, "contradicted"),
        (2.30, 0.02, "contradicted"),
        (np.nan, np.nan, "not_testable"),
    ],
)
def test_number__is_held_against_what_is_claimed(value, half, wanted):
    assert (
        outcome(judged({"value": 2.45, "tolerance": 0.02}, [gap(value, half, "grid1")])) == wanted
    )


@pytest.mark.parametrize(("least", "wanted"), [(2.3, "reproduced"), (2.5, "contradicted")])
def test_one_sided_claim__has_no_other_end(least, wanted):
    assert outcome(judged({"at_least": least}, [gap(2.45, 0.01, "grid1")])) == wanted


def test_simulated_input__can_only_recover():
    found = judged({"value": 2.45, "tolerance": 0.02}, [gap(2.45, 0.01, "grid1", simulated=1)])
    assert outcome(found) == "recovered_simulated"
    far = judged({"value": 2.45, "tolerance": 0.02}, [gap(2.60, 0.01, "grid1", simulated=1)])
    assert outcome(far) == "not_recovered_simulated"


def test_several_samples__scatter_counts_and_not_each_interval():
    made = [gap(value, 0.001, f"grid{n}") for n, value in enumerate([2.35, 2.45, 2.55])]
    found = judged({"value": 2.45, "tolerance": 0.02}, made)
    assert outcome(found) == "compatible"
    assert float(found["value_upper"] - found["value"]) > 0.1
    assert int(found["samples"]) == 3


def test_error_that_samples_share__does_not_average_out():
    made = [gap(2.45, 0.1, f"grid{n}") for n in range(3)]  # of one calibration: no scatter at all
    found = judged({"value": 2.45, "tolerance": 0.02}, made)
    assert float(found["value_upper"] - found["value"]) == pytest.approx(0.1)
    assert outcome(found) == "compatible"


def test_largest__of_the_objects_may_be_what_is_claimed():
    one = gap(2.0, 0.1, "grid1").drop_vars(["band_gap_lower", "band_gap_upper"])
    one["band_gap"] = ("wire", [10.0, 120.0, 30.0], {"units": "1"})
    other = one.assign_attrs(sample="grid2", acquisition="grid2")
    for objects, mean in (("mean", 160 / 3), ("largest", 120.0)):
        found = judged({"at_least": 100}, [one, other], {**GAP, "objects": objects})
        assert float(found["value"]) == pytest.approx(mean)


def test_acquisitions_of_one_sample__do_not_narrow_what_they_share():
    made = [gap(2.45, 0.02, "grid1") for _ in range(9)]
    found = judged({"value": 2.45, "tolerance": 0.03}, made)
    assert float(found["value_upper"] - found["value"]) == pytest.approx(0.02)


def answered(first: list[float], second: list[float], **changed) -> xr.Dataset:
    made, member = products(values_of(first, second))
    found = compare.compare(made, member, TWO, **{**SETTINGS, **changed})
    return found.assign_attrs(simulated=0)


def test_answer_of_a_comparison__contradicts_only_where_it_is_sure():
    measure = {"comparison": "storage", "contrast": 0}
    up = answered([1.0, 1.1, 0.9], [2.0, 2.1, 1.9])
    unsure = answered([1.0, 1.5, 0.5], [1.1, 1.4, 0.7])
    alone = answered([1.0], [2.0])
    assert outcome(judged({"answer": "higher"}, [up], measure)) == "reproduced"
    assert outcome(judged({"answer": "lower"}, [up], measure)) == "contradicted"
    assert outcome(judged({"answer": "lower"}, [unsure], measure)) == "compatible"
    assert outcome(judged({"answer": "lower"}, [alone], measure)) == "not_testable"


def test_mean_of_a_group__can_speak_as_well():
    measure = {"comparison": "storage", "contrast": 0, "group": "week"}
    made = answered([1.0, 1.1, 0.9], [2.0, 2.1, 1.9])
    found = judged({"value": 2.0, "tolerance": 0.3}, [made], measure)
    assert outcome(found) == "reproduced"
    assert int(found["samples"]) == 3


def test_claim_without_a_measure__says_why():
    one = {"id": "cold", "says": "Cooled.", "source": "Methods", "inputs": []}
    found = ledger.ledger([one | {"not_tested": "no figure shows it"}], []).isel(claim=0)
    assert outcome(found) == "not_testable"
    assert str(found["why"].values) == "no figure shows it"


def test_page__escapes_what_is_said_and_shows_every_claim():
    one = {"id": "a", "says": "x < y & <script>", "source": "Figure 1", "inputs": []}
    rows = claims_page.table(ledger.ledger([one, {**one, "id": "b"}], []))
    html = claims_page.page(rows, {"batch_title": "A <batch>", "simulated": 1})
    assert html.count('<th scope="row">') == 2
    assert "<script>" not in html
    assert "x &lt; y &amp; &lt;script&gt;" in html
    assert "2 claims: 2 not testable" in html


def domains(labels: list[int], probability: list[float], sample: str) -> xr.Dataset:
    found = product(0.0, sample, f"image_{sample}").drop_vars("band_gap")
    found["zone_axis"] = ("domain", np.array(labels, "i1"), {"units": "1"})
    found["index_score"] = ("domain", np.array(probability), {"units": "1"})
    found["size"] = ("domain", np.arange(3.0, 3.0 + len(labels)), {"units": "nm"})
    found["size_uncertainty"] = ("domain", np.full(len(labels), 0.1), {"units": "nm"})
    return found


def of_objects(variable: str, objects: str, **more: Any) -> dict[str, Any]:
    measure = {"variable": variable, "where": {}, "objects": objects, **more}
    return {"id": "c", "says": "s", "source": "f", "measure": measure, "inputs": [0]}


@pytest.mark.parametrize(
    ("objects", "value", "half"),
    [("largest", 5.0, 0.196), ("smallest", 3.0, 0.196), ("sum", 12.0, np.nan)],
)
def test_objects__the_largest_and_the_smallest_have_their_own_interval(objects, value, half):
    claim = {**of_objects("size", objects), "expected": {"at_least": 1.0}}
    row = ledger.ledger([claim], [domains([0, 0, 1], [1, 1, 1], "a")]).isel(claim=0)
    assert float(row["value"]) == value
    assert float(row["value_upper"]) - value == pytest.approx(half, abs=1e-3, nan_ok=True)


def test_objects__distinct_labels_count_where_they_are_sure_and_widen_where_not():
    claim = {**of_objects("zone_axis", "distinct", sure="index_score")}
    claim["expected"] = {"at_least": 1.5}
    row = ledger.ledger([claim], [domains([0, 1, 2, -1], [1, 0.99, 0.5, 1], "a")]).isel(claim=0)
    ends = [float(row[f"value{end}"]) for end in ("", "_lower", "_upper")]
    assert ends == [2.0, 2.0, 3.0]  # one of no known axis is none of them


def test_objects__distinct_of_particles_are_of_those_that_count():
    found = domains([], [], "a").drop_dims("domain")
    for name, values in (("kind", [0, 1, 2, 3]), ("sure", [1.0, 1.0, 0.5, 1.0])):
        found[name] = ("particle", np.array(values), {"units": "1"})
    found["touches_border"] = ("particle", np.array([0, 0, 0, 1]), {"units": "1"})
    small = xr.DataArray(np.zeros(4, bool), dims="particle")
    found["quality"] = quality.flags({"too_small": small})
    claim = {**of_objects("kind", "distinct", sure="sure"), "expected": {"at_least": 1.5}}
    row = ledger.ledger([claim], [found]).isel(claim=0)
    assert [float(row[f"value{end}"]) for end in ("", "_lower", "_upper")] == [2.0, 2.0, 3.0]


def test_expected_answer__is_shown_with_the_margin_that_it_was_asked_within():
    made = compare.compare(
        *products({"a": [[1.0], [1.02]], "b": [[1.1], [1.1]], "c": [[1.0], [1.01]]}),
        TWO,
        **{**SETTINGS, "question": "equivalence", "margin": 0.1},
    ).assign_attrs(margin=0.1, scale="linear")
    claim = {"id": "c", "says": "s", "source": "f", "inputs": [0]}
    claim |= {"measure": {"comparison": "x", "contrast": 0}, "expected": {"answer": "equivalent"}}
    rows = claims_page.table(ledger.ledger([claim], [made]))
    assert rows["expected_answer"].tolist() == ["equivalent within ± 0.1 eV"]
    page = claims_page.page(rows, {"batch_title": "t", "simulated": 0})
    assert "equivalent within ± 0.1 eV" in page
