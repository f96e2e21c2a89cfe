"""Intervals of bounded quantities stay within their bounds and still hold the truth."""

import numpy as np
import pytest
from scipy import stats

from nanostitch import intervals
from nanostitch.contracts.measured import CONTRACTS


def test_bounded__is_the_straight_interval_where_it_is_narrow_and_far_from_the_bounds():
    value, low, high = intervals.bounded(0.5, 0.001, 0.001, 0.0, 1.0)
    assert (value, low, high) == pytest.approx((0.5, 0.499, 0.501), abs=1e-6)
    assert intervals.bounded(3.0, 1.0, 2.0, -np.inf, np.inf) == (3.0, 2.0, 5.0)


@pytest.mark.parametrize("value", [1e-4, 0.03, 0.5, 0.97, 1 - 1e-4])
def test_bounded__never_leaves_the_bounds_however_wide_the_interval(value):
    _, low, high = intervals.bounded(value, 10.0, 10.0, 0.0, 1.0)
    assert 0 <= low < value < high <= 1
    _, low, high = intervals.bounded(value, 10.0, 10.0, 0.0, np.inf)
    assert 0 <= low < value < high


def test_bounded__mirrors_and_scales_with_its_quantity():
    _, low, high = intervals.bounded(0.9, 0.2, 0.1, 0.0, 1.0)
    _, mirrored_low, mirrored_high = intervals.bounded(0.1, 0.1, 0.2, 0.0, 1.0)
    assert (1 - high, 1 - low) == pytest.approx((mirrored_low, mirrored_high))
    _, *percent = intervals.bounded(90.0, 20.0, 10.0, 0.0, 100.0)
    assert percent == pytest.approx([100 * low, 100 * high])


def test_bounded__of_a_value_at_its_bound_ends_there():
    assert intervals.bounded(1.0, 0.2, 0.3, 0.0, 1.0) == (1.0, 0.8, 1.0)


@pytest.mark.parametrize(("mean", "spread"), [(0.5, 0.15), (0.9, 0.05), (0.95, 0.04), (0.1, 0.08)])
@pytest.mark.parametrize("samples", [2, 3, 5])
def test_bounded__holds_the_mean_of_shares_as_often_as_it_says(mean, spread, samples):
    """Shares of samples from a beta distribution of known mean; 95 ± 2 % of 4000 campaigns."""
    rng = np.random.default_rng(samples)
    size = mean * (1 - mean) / spread**2 - 1
    each = rng.beta(mean * size, (1 - mean) * size, (4000, samples))
    away = stats.t.ppf(0.975, samples - 1) * each.std(axis=1, ddof=1) / np.sqrt(samples)
    ends = np.array(
        [
            intervals.bounded(value, half, half, 0.0, 1.0)
            for value, half in zip(each.mean(axis=1), away, strict=True)
        ]
    )
    held = np.mean((ends[:, 1] <= mean) & (mean <= ends[:, 2]))
    assert 0.93 <= held <= 0.97
    assert ends[:, 1:].min() >= 0
    assert ends[:, 1:].max() <= 1


def test_bounds__are_of_measures_that_products_have():
    known = {name for contract in CONTRACTS.values() for name in contract}
    assert set(intervals.BOUNDED) <= known
    assert intervals.bounds("merged_fraction") == intervals.bounds("region_merged_fraction")
    assert intervals.bounds("merged_fraction") == (0.0, 1.0)
    assert intervals.bounds("conductance") == (0.0, np.inf)
    assert intervals.bounds("gap_difference") == (-np.inf, np.inf)
