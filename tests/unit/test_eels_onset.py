"""Onset shapes and the fit of sets of spectra against limits, inverses and symmetries."""

import numpy as np
import pytest
from eels_onset import DEFAULTS, ENERGY, GAP, expected, peak

from nanostitch.eels import ensemble, mixture, onset, onset_each, onset_shape
from nanostitch.eels.choices import Choices, Evidence, evidence, setting
from nanostitch.eels.noise import Noise
from nanostitch.eels.onset_model import GAP as GAP_COLUMN
from nanostitch.eels.onset_model import Start, State, whole

FAMILIES = onset_shape.families((0.02, 0.06), (0.008, 0.045))
SPECTRUM = 1e6 * 0.01 * peak(ENERGY, 0.05)


def choices(**shapes: float) -> Choices:
    block = DEFAULTS["band_gap"]
    names = ("tail_models", "fit_start_fractions", "fit_end_fractions", "onset_curvature_per_ev")
    told = {name: block[name] for name in names}
    ranges = {name: tuple(block[name]) for name in ("exciton_binding_ev", "broadening_ev")}
    return Choices(gap_range_ev=(2.1, 3.0), onset_shapes=shapes, **told, **ranges)


def seen(counts: np.ndarray, told: Choices) -> Evidence:
    pooled = counts.sum(axis=0)
    return evidence(counts, ENERGY, None, (pooled, ENERGY, 0.05), Noise(), told)


@pytest.fixture(scope="module")
def grid() -> onset_shape.Grid:
    return onset_shape.grid(SPECTRUM, ENERGY, 0.05, (2.1, 3.0), 1.365)


def test_elliott__is_the_square_root_without_binding(grid):
    sharp = FAMILIES["excitonic"].sharp(grid.above, grid.step, np.array([1e-9, 0.01, 0.01]))
    root = FAMILIES["square_root"].sharp(grid.above, grid.step, np.zeros(0))
    far = grid.above > 0.01
    np.testing.assert_allclose(sharp[far], root[far], rtol=2e-3)


def test_elliott__has_its_first_line_where_and_as_strong_as_it_must_be(grid):
    binding = 0.035
    sharp = FAMILIES["excitonic"].sharp(grid.above, grid.step, np.array([binding, 0.01, 0.01]))
    near = np.abs(grid.above + binding) < 0.005
    area = sharp[near].sum() * grid.step
    assert area == pytest.approx(4 * np.pi * binding**1.5, rel=1e-6)
    assert (sharp * grid.above)[near].sum() / sharp[near].sum() == pytest.approx(-binding)


@pytest.mark.parametrize("name", onset_shape.NAMES)
def test_curves__know_their_derivatives(grid, name):
    family = FAMILIES[name]
    at = np.array([-0.3, 0.1, *(p.mean for p in family.parameters)])
    found, inside = onset_shape.curves(family, at, grid), slice(200, -400)
    slope = np.gradient(found.values, grid.step)[inside]
    scale = np.abs(slope).max()
    np.testing.assert_allclose(found.slope[inside], slope, atol=2e-3 * scale)
    for k in range(at.size):
        little = np.zeros(at.size)
        little[k] = 1e-3
        up, down = (onset_shape.curves(family, at + s * little, grid).values for s in (1, -1))
        numeric = ((up - down) / 2e-3)[inside]
        tolerance = 1e-2 * np.abs(numeric).max()
        np.testing.assert_allclose(found.partial[k][inside], numeric, atol=tolerance)


def test_square_root__is_steepest_at_the_gap_and_an_exciton_below_it(grid):
    root = onset_shape.steepest(FAMILIES["square_root"], np.zeros(2), grid)
    assert root == pytest.approx(0.0, abs=grid.step)
    bound = np.array([0.0, 0.0, np.log(0.04), np.log(0.012), np.log(0.002)])
    assert -0.07 < onset_shape.steepest(FAMILIES["excitonic"], bound, grid) < -0.04


def test_spectra_one_by_one__are_fitted_as_in_a_set():
    told = choices(square_root=1.0)
    gaps = np.linspace(2.35, 2.5, 6)
    mean = 1e7 * np.array([expected(0.05, gap, 4e-3) for gap in gaps])
    one = seen(np.random.default_rng(1).poisson(mean).astype(float), told)
    how = setting(one, told, told.families[0], "power_law")
    first = Start(how, one.counts.mean(axis=0), how.prior.mean).of(one.counts)
    each = onset_each.fit(one.counts, first, how, 20)
    together = onset.converge(one.counts, first, how, 20, common=False)
    last = onset.solve(whole(one.counts, together, how, False), together, how)
    np.testing.assert_allclose(each.state.gap, together.gap, atol=2e-4)
    np.testing.assert_allclose(each.alone, last.alone, rtol=0.02)
    np.testing.assert_allclose(each.onset_variance, last.onset_variance, rtol=0.02)
    assert (np.abs(each.state.gap - gaps) < 4 * np.sqrt(each.alone)).all()


def test_variances__are_those_of_the_curvature_with_the_gaps_kept():
    told = choices(square_root=1.0)
    gaps = np.linspace(2.35, 2.5, 6)
    mean = 1e7 * np.array([expected(0.05, gap, 4e-3) for gap in gaps])
    one = seen(np.random.default_rng(5).poisson(mean).astype(float), told)
    how = setting(one, told, told.families[0], "power_law")
    near = Start(how, one.counts.mean(axis=0), how.prior.mean).of(one.counts)
    moved = State(gaps + 0.01, near.own, near.common)
    found = onset_each.variances(one.counts, moved, how, 3)
    for _ in range(3):
        step = onset.solve(whole(one.counts, moved, how, False), moved, how, (GAP_COLUMN,))
        moved = State(moved.gap, onset.stepped(moved, step, how).own, moved.common)
    last = onset.solve(whole(one.counts, moved, how, False), moved, how)
    np.testing.assert_allclose(found, last.alone, rtol=1e-6)


@pytest.mark.parametrize("electrons", [1e5, 1e6, 1e8])
def test_goodness__is_one_under_the_right_model_and_more_under_a_wrong_one(electrons):
    told = choices(square_root=1.0)
    mean = electrons * np.tile(expected(0.05, GAP, 4e-3), (200, 1))
    random, found = np.random.default_rng(6), []
    for stretch in (1, 4):  # counts in packs are four times as noisy
        counts = stretch * random.poisson(mean / stretch).astype(float)
        one = seen(counts, told)
        how = setting(one, told, told.families[0], "power_law")
        first = Start(how, one.counts.mean(axis=0), how.prior.mean).of(one.counts)
        found.append(float(onset_each.fit(one.counts, first, how, 20).goodness.mean()))
    assert found[0] == pytest.approx(1.0, abs=0.06)
    assert found[1] > 1.8


def test_longer_fit__is_never_less_likely():
    told = choices(smeared=1.0)
    mean = 1e6 * np.array([expected(0.05, gap, 4e-3) for gap in np.linspace(2.35, 2.5, 24)])
    one = seen(np.random.default_rng(7).poisson(mean).astype(float), told)
    how = setting(one, told, told.families[0], "power_law")
    first = Start(how, one.counts.mean(axis=0), how.prior.mean).of(one.counts)
    costs = []
    for iterations in (1, 2, 4, 8, 16, 40):
        state = onset.converge(one.counts, first, how, iterations)
        lost = whole(one.counts, state, how).deviance.sum() + how.prior.penalty(state.common)
        costs.append(float(lost))
    assert (np.diff(costs) <= 1e-9).all()
    assert costs[0] - costs[-1] > 1.0


def test_set__learns_the_shape_that_its_spectra_share():
    told = choices(square_root=0.5, smeared=0.5)
    gaps = np.random.default_rng(2).uniform(2.35, 2.5, 24)
    mean = 1e7 * np.array([expected(0.05, gap, 4e-3) for gap in gaps])
    learned = ensemble.learn(seen(np.random.default_rng(3).poisson(mean).astype(float), told), told)
    assert learned.shape_weights()["square_root"] > 0.6  # from even odds
    assert learned.misfit < 1.5
    error = learned.best.state.gap - gaps
    assert np.sqrt((error**2 / learned.best.step.variance).mean()) == pytest.approx(1, abs=0.45)
    assert (learned.significance > 20).all()


def test_sides__of_many_electrons_are_equal_and_of_few_wider_below():
    told = choices(square_root=1.0)
    widths = {}
    for electrons in (1e8, 1e5):
        counts = np.random.default_rng(4).poisson(
            electrons * np.tile(expected(0.05, GAP, 4e-3), (40, 1))
        )
        one = seen(counts.astype(float), told)
        how = setting(one, told, told.families[0], "power_law")
        first = Start(how, one.counts.mean(axis=0), how.prior.mean).of(one.counts)
        each = onset_each.fit(one.counts, first, how, 20)
        widths[electrons] = onset.sides(one.counts, each.state, each.alone, how, False)
    below, above = widths[1e8]
    assert np.median(below / above) == pytest.approx(1, abs=0.05)
    below, above = widths[1e5]
    assert np.median(below / above) > 1.1


def test_fit__does_not_read_beyond_the_fine_grid(grid):
    told = choices(square_root=1.0)
    one = seen(np.tile(1e7 * expected(0.05, GAP, 4e-3), (2, 1)), told)
    how = setting(one, told, told.families[0], "power_law")
    for gap in (0.5, 6.0):
        state = State(np.full(2, gap), np.ones((2, 3)), how.prior.mean)
        assert np.isfinite(whole(one.counts, state, how).deviance).all()
        assert np.isfinite(onset_each.variances(one.counts, state, how, 2)).all()


def test_quantiles__of_one_gaussian_and_of_two():
    one = mixture.quantiles(np.array([2.0]), np.array([0.1]), np.ones(1), (0.5, 0.025, 0.975))
    np.testing.assert_allclose(one, [2.0, 2 - 0.1959964, 2 + 0.1959964], atol=1e-6)
    two = np.array([1.9, 2.1]), np.array([0.2, 0.2]), np.array([0.5, 0.5])
    assert mixture.quantiles(*two, (0.5,))[0] == pytest.approx(2.0, abs=1e-6)


def test_split_quantile__is_normal_where_both_sides_are_equal_and_else_has_its_probability():
    same = onset.split_quantile(np.ones(1), np.ones(1), 0.975)
    assert same[0] == pytest.approx(1.959964, abs=1e-6)
    below, above = np.array([2.0]), np.array([1.0])
    summit = onset.split_quantile(below, above, 2 / 3)
    assert summit[0] == pytest.approx(0.0, abs=1e-9)
    assert onset.split_quantile(below, above, 0.5)[0] < 0


def test_slow_variance__is_one_for_white_noise_and_counts_what_neighbours_share():
    white = np.random.default_rng(5).standard_normal((400, 202))
    assert ensemble.slow_variance(white) == pytest.approx(1, rel=0.03)
    shared = (white[:, :-2] + white[:, 1:-1] + white[:, 2:]) / 3
    assert ensemble.slow_variance(shared) == pytest.approx(1, rel=0.05)
