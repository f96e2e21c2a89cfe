"""Comparisons of groups against what is known: textbook tests, symmetries, simulated truths."""

import numpy as np
import pytest
import xarray as xr
from groups import SETTINGS, TWO, product, products, values_of
from scipy import stats

from nanostitch import contracts, quality
from nanostitch.comparison import bootstrap, cells, compare, effect, family, mixed, trend
from nanostitch.comparison.observations import Group
from nanostitch.contracts.comparison import COMPARISON
from nanostitch.errors import ContractError


def compared(table: dict[str, list[list[float]]], groups=TWO, **changed) -> xr.Dataset:
    found, member = products(table)
    made = compare.compare(found, member, groups, **{**SETTINGS, **changed})
    return contracts.check(made, COMPARISON, "test").isel(contrast=0)


def test_difference__of_separate_samples_is_the_test_of_welch():
    one, other = [2.44, 2.46, 2.45, 2.47], [2.40, 2.37, 2.39]
    found = compared(values_of(one, other))
    known = stats.ttest_ind(other, one, equal_var=False)
    assert float(found["p_value"]) == pytest.approx(known.pvalue, rel=1e-9)
    low, high = known.confidence_interval()
    np.testing.assert_allclose([found["effect_lower"], found["effect_upper"]], [low, high])
    assert found["answer"] == 1  # lower


def test_difference__of_the_same_samples_is_the_paired_test():
    fresh, week = [2.40, 2.50, 2.45], [2.35, 2.43, 2.39]
    table = {f"grid{k}": [[a], [b]] for k, (a, b) in enumerate(zip(fresh, week, strict=True))}
    found = compared(table)
    assert float(found["p_value"]) == pytest.approx(stats.ttest_rel(week, fresh).pvalue, rel=1e-9)


def test_difference__acquisitions_of_one_sample_are_no_replicates():
    few = compared({"a": [[1.0], [2.0]], "b": [[1.2], [2.1]], "c": [[0.9], [2.0]]})
    many = compared({"a": [[1.0] * 50, [2.0]], "b": [[1.2], [2.1] * 9], "c": [[0.9], [2.0]]})
    for name in ("effect", "effect_lower", "effect_upper", "p_value"):
        assert float(few[name]) == pytest.approx(float(many[name]))


def test_partly_shared_samples__lie_between_the_two_textbook_tests():
    random = np.random.default_rng(1)
    both = random.normal(0, 1, 6)[:, None] + random.normal([0, 1], 0.2, (6, 2))
    alone = random.normal(0, 1, 4)
    mean = np.concatenate([both, np.stack([alone, np.full(4, np.nan)], axis=1)])
    found = effect.difference(cells.Cells(mean, tuple("abcdefghij")), 0, 1)
    paired = effect.difference(cells.Cells(both, tuple("abcdef")), 0, 1)
    apart = np.concatenate(
        [np.stack([mean[:, 0], np.full(10, np.nan)], 1), [[np.nan, b] for b in both[:, 1]]]
    )
    welch = effect.difference(cells.Cells(apart, tuple("abcdefghijklmnop")), 0, 1)
    assert paired.error < found.error < welch.error
    assert found.value == pytest.approx(welch.value)


def test_swap_of_groups__turns_the_sign_and_nothing_else():
    table = values_of([1.0, 1.3, 0.8], [2.0, 2.2])
    there, back = compared(table), compared({k: v[::-1] for k, v in table.items()})
    assert float(there["effect"]) == pytest.approx(-float(back["effect"]))
    assert float(there["effect_lower"]) == pytest.approx(-float(back["effect_upper"]))
    assert float(there["hedges_g"]) == pytest.approx(-float(back["hedges_g"]))
    assert float(there["cliff_delta"]) == -float(back["cliff_delta"]) == 1


def test_ratio__is_free_of_the_unit_and_the_inverse_of_its_inverse():
    table = values_of([1.0, 1.3, 0.8], [6.0, 7.2, 5.0])
    found = compared(table, question="ratio")
    other = compared(
        {k: [[9 * v for v in one] for one in groups] for k, groups in table.items()},
        question="ratio",
    )
    back = compared({k: v[::-1] for k, v in table.items()}, question="ratio")
    for name in ("effect", "effect_lower", "effect_upper"):
        assert float(found[name]) == pytest.approx(float(other[name]))
    assert float(found["effect_lower"]) == pytest.approx(1 / float(back["effect_upper"]))
    assert found["effect"].attrs["units"] == "1"


def test_ratio__of_what_is_not_positive_is_refused():
    with pytest.raises(ContractError, match="no ratio with -1"):
        compared(values_of([1.0, -1.0], [2.0, 2.0]), question="ratio")


def test_one_sample_a_group__is_described_not_tested():
    found = compared(values_of([2.45], [2.39]))
    assert float(found["effect"]) == pytest.approx(-0.06)
    assert np.isnan(found[["p_value", "effect_lower", "effect_upper"]].to_array()).all()
    assert found["answer"] == 0
    assert "describes, it does not test" in found["verdict"].attrs["reasons"]


def test_equivalence__needs_both_one_sided_tests():
    near = values_of([2.45, 2.452, 2.449, 2.451], [2.450, 2.4515, 2.4505, 2.4485])
    assert compared(near, question="equivalence", margin=0.03)["answer"] == 4
    assert compared(near, question="equivalence", margin=0.0005)["answer"] == 5
    far = {k: [[v + 0.1 for v in groups[0]], groups[1]] for k, groups in near.items()}
    assert compared(far, question="equivalence", margin=0.03)["answer"] == 6


def test_null__says_what_could_have_been_seen_and_how_many_samples_would_settle_it():
    random = np.random.default_rng(5)
    table = values_of(list(random.normal(0, 1, 6)), list(random.normal(0, 1, 6)))
    found = compared(table, margin=0.5)
    error = float(found["effect_upper"] - found["effect"]) / stats.t.ppf(
        0.975, found["degrees_of_freedom"]
    )
    seen = 0
    for _ in range(2000):  # the smallest effect, seen with the scatter that was measured
        spread = error * np.sqrt(6 / 2)
        one, other = random.normal([[0.0], [float(found["smallest_effect"])]], spread, (2, 6))
        seen += stats.ttest_ind(one, other).pvalue < 0.05
    assert seen / 2000 == pytest.approx(0.8, abs=0.06)
    needed = float(found["samples_needed"])
    assert needed > 6
    assert needed == pytest.approx(6 * (float(found["smallest_effect"]) / 0.5) ** 2, rel=0.3)


def test_left_out__is_listed_with_its_reason():
    found, member = products(values_of([1.0, 1.1, 1.2], [2.0, 2.1]))
    found += [product(9.0, "x", "worst", "bad"), product(9.0, "y", "unused", use="no")]
    found += [product(np.nan, "z", "refused", "doubtful")]
    made = compare.compare(found, [*member, 1, 1, 1], TWO, **SETTINGS)
    why = dict(zip(made["seen_acquisition"].values, made["seen_why_not"].values, strict=True))
    assert why["worst"] == "bad: a reason"
    assert why["unused"] == "left out by the sheet: was dropped"
    assert why["refused"] == "no number: a reason"
    assert float(made["effect"][0]) == pytest.approx(2.05 - 1.1)
    assert "left out: worst, unused, refused" in made["verdict"].attrs["reasons"]


def test_empty_group__is_bad_and_says_so():
    found, member = products(values_of([1.0, 1.1], []))
    made = compare.compare([*found, product(1.0, "x", "x", "bad")], [*member, 1], TWO, **SETTINGS)
    assert quality.level(made) == "bad"
    assert "nothing to use in the group week" in made["verdict"].attrs["reasons"]
    assert np.isnan(made["effect"]).all()


def test_unknown_names__are_said_with_those_that_are_known():
    found, member = products(values_of([1.0], [2.0]))
    with pytest.raises(ContractError, match=r"no variable gap; it has band_gap"):
        compare.compare(found, member, TWO, **{**SETTINGS, "variable": "gap"})
    wrong = [Group("fresh", {"estimator": "linear"}), TWO[1]]
    with pytest.raises(ContractError, match="no labelled dim estimator"):
        compare.compare(found, member, wrong, **SETTINGS)


def test_where__parts_one_image_into_groups():
    one = product(0.0, "half1", "half1")
    at = {"region": ["irradiated", "pristine"]}
    one["band_gap"] = xr.DataArray([0.1, 0.6], at, ("region",), attrs={"units": "1"})
    other = one.assign(band_gap=one["band_gap"] + 0.1)
    other.attrs |= {"acquisition": "half2", "sample": "half2"}
    other["band_gap"].attrs["units"] = "1"
    groups = [Group(name, {"region": name}) for name in at["region"]]
    made = compare.compare([one, other] * 2, [0, 0, 1, 1], groups, **SETTINGS)
    assert float(made["effect"][0]) == pytest.approx(0.5)
    assert made["samples"].values.tolist() == [2, 2]


def test_trend__of_followed_samples_ignores_their_levels():
    at = np.array([1.0, 24.0, 216.0])
    offsets, slopes = np.array([0.0, 50.0, -20.0]), np.array([0.10, 0.12, 0.11])
    found = trend.slope(offsets[:, None] + slopes[:, None] * at, at)
    assert found.value == pytest.approx(slopes.mean())
    assert found.error == pytest.approx(slopes.std(ddof=1) / np.sqrt(3))


def test_trend__of_samples_seen_once_is_the_line_through_them():
    at = np.array([0.0, 1.0, 2.0, 3.0])
    mean = np.full((8, 4), np.nan)
    y = np.random.default_rng(3).normal(2 * at.repeat(2), 1)
    mean[np.arange(8), np.arange(4).repeat(2)] = y
    found, known = trend.slope(mean, at), stats.linregress(at.repeat(2), y)
    assert found.value == pytest.approx(known.slope)
    assert found.error == pytest.approx(known.stderr)
    assert found.p_value() == pytest.approx(known.pvalue)


def test_bootstrap__of_few_samples_has_their_error_without_bias():
    ratio = []
    for seed in range(300):
        mean = np.full((7, 2), np.nan)
        mean[:3, 0], mean[3:, 1] = np.split(np.random.default_rng(seed).normal(0, 1, 7), [3])
        ratio.append(
            bootstrap.error(cells.Cells(mean, tuple("abcdefg")), 0, 1, draws=400, seed=seed) ** 2
        )
    assert np.mean(ratio) == pytest.approx(1 / 3 + 1 / 4, rel=0.12)


def test_mixed_model__of_balanced_data_is_the_test_by_sample_means():
    random = np.random.default_rng(2)
    sample, second, value = [], [], []
    for name in range(8):
        own = random.normal()
        for group in (False, True):
            inner = random.normal(0, 0.5)
            value += list(own + inner + group + random.normal(0, 0.3, 4))
            sample += [str(name)] * 4
            second += [group] * 4
    data = np.array(value)
    means = cells.means(data, sample, np.array(second, int), 2)
    known = effect.difference(means, 0, 1)
    found = mixed.difference(data, sample, np.array(second))
    np.testing.assert_allclose(found, [known.value, known.error], rtol=2e-3)


def test_holm__keeps_the_order_and_costs_what_was_asked():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(family.holm(p), [0.03, np.nan, 0.06, 0.06])
