"""Several ways to one number: common value, pulls, and errors that ways share."""

import numpy as np
import pytest
from scipy import stats

from nanostitch.comparison import agreement, effect


def test_common__of_equal_errors_is_the_mean_with_its_standard_error():
    found = agreement.common(np.array([1.0, 2.0, 3.0]), agreement.covariance(np.full(3, 0.5)))
    assert found.value == pytest.approx(2.0)
    assert found.error == pytest.approx(0.5 / np.sqrt(3))
    assert found.chi_squared == pytest.approx(2 / 0.5**2)
    assert found.p_value == pytest.approx(stats.chi2.sf(8.0, 2))
    # A pull divides by the spread of the residual: sqrt(1 - 1/3) of the error.
    assert found.pull == pytest.approx(np.array([-1, 0, 1]) / (0.5 * np.sqrt(2 / 3)))


def test_common__an_error_that_all_share_moves_them_together_and_makes_no_pull():
    own = np.array([0.1, 0.2, 0.3])
    values = np.array([2.4, 2.5, 2.3])
    alone = agreement.common(values, agreement.covariance(own))
    shared = agreement.common(values, agreement.covariance(own, [(1.0, [0, 1, 2])]))
    assert shared.chi_squared == pytest.approx(alone.chi_squared)
    assert shared.pull == pytest.approx(alone.pull)
    assert shared.error == pytest.approx(np.hypot(alone.error, 1.0))


def test_common__chi_squared_and_pulls_are_calibrated_with_shared_errors():
    rng = np.random.default_rng(1)
    covariance = agreement.covariance(np.array([0.02, 0.03, 0.01, 0.04]), [(0.02, [1, 2])])
    drawn = rng.multivariate_normal(np.full(4, 2.45), covariance, 4000)
    found = [agreement.common(one, covariance) for one in drawn]
    assert np.mean([one.chi_squared for one in found]) == pytest.approx(3, abs=0.15)
    assert np.std([one.pull for one in found], axis=0) == pytest.approx(np.ones(4), abs=0.05)
    assert np.mean([one.p_value < 0.05 for one in found]) == pytest.approx(0.05, abs=0.015)
    held = [abs(one.value - 2.45) < 1.96 * one.error for one in found]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_mean_of_shares__whose_own_interval_reaches_zero_keeps_zero():
    """A limit such as that of a phase that is not there must not be moved off its bound."""
    each = np.array([0.27, 0.28, 0.28])
    _, low, high = effect.absolute(each, each, np.full(3, 0.45), (0.0, 1.0))
    assert low == 0.0
    assert 0.7 < high < 1.0


def test_common__a_way_without_a_number_says_nothing():
    covariance = agreement.covariance(np.array([0.1, 0.1, np.nan]))
    found = agreement.common(np.array([1.0, 2.0, np.nan]), covariance)
    assert found.value == pytest.approx(1.5)
    assert found.freedom == 1
    assert np.isnan(found.pull[2])
    alone = agreement.common(np.array([1.0, np.nan, np.nan]), covariance)
    assert alone.value == pytest.approx(1.0)
    assert np.isnan(alone.p_value)
    assert np.isnan(agreement.common(np.full(3, np.nan), covariance).value)
