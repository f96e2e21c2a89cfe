"""Absorption: draws of a posterior, and the broadened edge that it is of."""

import numpy as np
import pytest

from nanostitch.absorption import elliott, sampling


def test_draws__of_a_bent_density_have_its_moments():
    def density(at):
        return -0.5 * (at[:, 0] ** 2 + ((at[:, 1] - 0.5 * at[:, 0] ** 2) / 0.5) ** 2)

    random = np.random.default_rng(4)
    mode = (np.zeros(2), np.diag([1.0, 0.5]))
    drawn = sampling.draw([mode], density, 2000, random)
    # x is normal, y half its square with an error of 0.5: means 0 and 1/2, variances 1 and 3/4.
    assert drawn.mean(axis=0) == pytest.approx([0, 0.5], abs=0.1)
    assert drawn.var(axis=0) == pytest.approx([1, 0.75], rel=0.2)


def test_draws__of_two_modes_share_them_by_their_weight():
    def density(at):
        first, second = (-0.5 * ((at[:, 0] - centre) ** 2) for centre in (-6, 6))
        return np.logaddexp(np.log(0.3) + first, np.log(0.7) + second)

    modes = [(np.array([centre]), np.eye(1)) for centre in (-6.0, 6.0, 6.0)]
    drawn = sampling.draw(modes, density, 2000, np.random.default_rng(5))
    assert (drawn > 0).mean() == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("tail", [-1.0, 1.0])
def test_continuum__is_the_step_that_grows_convolved_with_the_line(tail):
    energy = np.arange(-0.4, 0.4, 1e-4)
    growth, width = 2.0, 0.04
    binding = 100.0  # so large that Sommerfeld's factor is 1
    free = elliott.parts(energy, [-binding, *np.log([binding, 1, width, 1]), growth, tail])[1]
    share = elliott._LEAST_TAIL + (elliott._MOST_TAIL - elliott._LEAST_TAIL) / (1 + np.exp(-tail))
    line = elliott._line(energy / width, np.array(share)) / width * 1e-4
    grown = np.where(energy > 0, 1 + growth * energy, 0.0)
    inside = np.abs(energy) < 0.1
    expected = np.convolve(grown, line, "same")
    assert free[inside] == pytest.approx(expected[inside], abs=3e-3)


def test_weak_exciton__below_its_continuum_is_found_though_the_step_is_steeper():
    energy = np.arange(2.25, 2.67, 0.005)
    true = np.array([2.416, *np.log([0.064, 0.2, 0.036, 0.45]), 0.3, 0.0])
    noise = 1e-4 * np.random.default_rng(6).standard_normal(energy.size)
    absorbance = np.add(*elliott.parts(energy, true)) + noise
    spread = elliott.covariance(energy, np.full(energy.size, 1e-4), 0.0, 0.45, 0.03, 0.05)
    prior = elliott.Prior(0.035, 2.0, 1.8)
    found = elliott.fit(
        energy, absorbance, spread, (2.485, 0.04), prior, 200, np.random.default_rng(7)
    )
    low, high = np.quantile(found.draws[:, 0], [0.025, 0.975])
    assert low <= 2.416 <= high
    assert high - low < 0.05
