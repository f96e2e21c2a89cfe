"""Ostwald ripening against the equations of Lifshitz, Slyozov and Wagner."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nanostitch.simulate.specimen import ripening


def test_ripening__keeps_the_volume_and_dissolves_the_small():
    edge = np.random.default_rng(0).normal(8.1, 1.2, 2000)
    for growth in (1.0, 30.0, 300.0):
        cube = ripening.ripen(edge, growth)
        assert float((cube**3).sum()) == pytest.approx(float((edge**3).sum()), rel=1e-9)
    alive = cube[cube > 0]
    assert (alive**3).mean() > 2 * (edge**3).mean()
    assert edge[cube == 0].max() < edge[cube > 0].min() + 1e-9  # the order is kept


def test_ripening__of_equal_crystals_ends_at_once_and_of_any_in_one():
    np.testing.assert_array_equal(ripening.ripen(np.full(50, 8.1), 1e12), np.full(50, 8.1))
    edge = np.random.default_rng(0).normal(8.1, 1.2, 200)
    cube = ripening.ripen(edge, 1e12)
    assert np.flatnonzero(cube).tolist() == [int(edge.argmax())]
    assert cube.max() ** 3 == pytest.approx(float((edge**3).sum()))


def test_ripening__of_two_follows_its_equation():
    edge = np.array([8.0, 9.0])

    def rate(_, size):
        return (size**1).sum() / (size**2).sum() - 1 / size

    exact = solve_ivp(rate, (0, 40.0), edge, rtol=1e-10).y[:, -1]
    np.testing.assert_allclose(ripening.ripen(edge, 40.0), exact, rtol=5e-3)


def test_ripening__keeps_wagners_distribution():
    """Attachment-limited: scaled edges u < 2 have the density u (2 - u)^-5 exp(-3 u / (2 - u)).

    The square of the critical edge grows as half the ripening constant times time.
    """
    u = np.linspace(0, 2, 200001)[1:-1]
    share = np.cumsum(u * (2 - u) ** -5.0 * np.exp(-3 * u / (2 - u)))
    share /= share[-1]
    rank = (np.arange(40000) + 0.5) / 40000
    edge = 10 * np.interp(rank, share, u)

    def critical(size):
        return (size**2).sum() / (size**1).sum()

    assert critical(edge) == pytest.approx(10, rel=1e-3)
    for growth in (50.0, 200.0):
        cube = ripening.ripen(edge, growth)
        alive = cube[cube > 0]
        assert critical(alive) ** 2 - critical(edge) ** 2 == pytest.approx(growth / 2, rel=0.05)
        scaled = np.sort(alive / critical(alive))
        expected = np.interp(scaled, u, share)
        assert np.abs(expected - (np.arange(alive.size) + 0.5) / alive.size).max() < 0.02
        assert 1.6 < scaled.max() < 2.0


def test_ripening__narrow_edges_spread_towards_the_cut_off():
    edge = np.random.default_rng(0).normal(8.1, 1.2, 20000)
    spreads, largest = [], []
    for growth in (0.0, 90.0, 400.0):
        cube = ripening.ripen(edge, growth)
        alive = cube[cube > 0]
        spreads.append(alive.std() / alive.mean())
        largest.append(alive.max() * alive.sum() / (alive**2).sum())
    assert spreads[0] < spreads[1]
    assert max(largest) < 2.0  # the cut-off of the law
