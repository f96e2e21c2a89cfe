"""Statistics of particles against closed forms and exact counts."""

import numpy as np
import pytest

from nanostitch.adf import population

Z = 1.959964


def test_border_weight__counts_what_the_border_cuts():
    rng = np.random.default_rng(0)
    field, total = 100.0, []
    for _ in range(300):
        y, x = rng.uniform(-20, field + 20, (2, 196))
        size = rng.uniform(4, 30, y.size)
        whole = (np.minimum(y, x) > size / 2) & (np.maximum(y, x) < field - size / 2)
        weight = population.border_weight(
            size[whole], size[whole], field_height_nm=field, field_width_nm=field
        )
        total.append(weight.sum())
    expected = 196 * (field / (field + 40)) ** 2
    assert np.mean(total) == pytest.approx(expected, abs=4 * np.std(total) / np.sqrt(300))


def test_density__of_nothing_is_bounded_by_the_poisson_law():
    found = population.density(np.empty(0), field_area_nm2=10.0)
    assert found.value == 0.0
    assert found.upper == pytest.approx(-np.log(0.025) / 10.0)


def test_density__tends_to_the_normal_interval_of_a_count():
    found = population.density(np.ones(10_000), field_area_nm2=1.0)
    assert found.lower == pytest.approx(10_000 - Z * 100, abs=5)
    assert found.upper == pytest.approx(10_000 + Z * 100, abs=5)


def test_fraction__of_none_has_the_upper_bound_of_wilson():
    found = population.fraction(np.zeros(30, bool), np.ones(30))
    assert found.lower == pytest.approx(0.0, abs=1e-12)
    assert found.upper == pytest.approx(Z**2 / (30 + Z**2))


def test_fraction__equal_weights_do_not_matter_and_unequal_ones_widen():
    true = np.arange(40) % 4 == 0
    one = population.fraction(true, np.ones(40))
    np.testing.assert_allclose(population.fraction(true, np.full(40, 3.0)), one)
    uneven = population.fraction(true, np.tile([1.0] * 4 + [5.0] * 4, 5))
    assert uneven.upper - uneven.lower > one.upper - one.lower


def test_fraction__of_nobody_is_unknown():
    found = population.fraction(np.empty(0, bool), np.empty(0))
    assert np.isnan(found.value)
    assert (found.lower, found.upper) == (0.0, 1.0)


def test_mean_and_standard_deviation__have_the_intervals_of_normal_theory():
    size = np.random.default_rng(3).normal(8.1, 1.2, 2000)
    mean = population.mean(size, np.ones(2000), draws=2000, seed=0)
    sd = population.standard_deviation(size, np.ones(2000), draws=2000, seed=0)
    assert mean.value == pytest.approx(size.mean())
    assert sd.value == pytest.approx(size.std(ddof=1))
    assert (mean.upper - mean.lower) / 2 == pytest.approx(Z * sd.value / np.sqrt(2000), rel=0.1)
    assert (sd.upper - sd.lower) / 2 == pytest.approx(Z * sd.value / np.sqrt(4000), rel=0.1)


@pytest.mark.parametrize(("size", "mean"), [([], np.nan), ([8.0], 8.0), ([8.0, 8.0, 8.0], 8.0)])
def test_mean__of_too_few_or_equal_has_no_interval(size, mean):
    size = np.array(size, float)
    found = population.mean(size, np.ones(size.size), draws=100, seed=0)
    np.testing.assert_equal(found, (mean, np.nan, np.nan))


def test_coverage__scatters_as_a_compound_poisson_sum():
    area = np.random.default_rng(1).uniform(30, 90, 400)
    found = population.coverage(area, field_area_nm2=1e5, smallest_edge_nm=3.0, draws=4000, seed=0)
    assert found.value == pytest.approx(area.sum() / 1e5)
    half = Z * np.sqrt((area**2).sum()) / 1e5
    assert (found.upper - found.lower) / 2 == pytest.approx(half, rel=0.1)
