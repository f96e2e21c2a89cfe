"""Draws from a posterior of a few modes that are no ellipses."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Values = NDArray[np.float64]
Mode = tuple[Values, Values]
"""Centre of a mode, and root of the covariance about it (lower triangle)."""
Density = Callable[[Values], Values]
"""Logarithm of the density of sets of parameters (set, parameter), but for a constant."""

_TAILS, _WIDER = 5.0, 1.3
"""Degrees of freedom and width of the t distribution from which parameters are first drawn."""
_TRIES = 8
"""Sets of parameters tried for each that is drawn first."""
_MOVES = 20
"""Steps by which draws move after that: enough that few remain where they were drawn twice."""
_LEAP, _WHOLE_LEAP = 2.38, 0.1
"""Length of a step in units of (2 parameters)^-1/2, and share of steps as long as the distance of
two draws, which lead from mode to mode (ter Braak 2006)."""
_SHAKEN = 1e-5
"""Share of a mode's width by which steps are shaken, so that every place can be reached."""


def draw(
    modes: Sequence[Mode], density: Density, draws: int, random: np.random.Generator
) -> Values:
    """Draw sets of parameters in proportion to a density.

    Parameters
    ----------
    modes
        About where it is high; a mode may stand there more than once.
    density
        Its logarithm.
    draws, random
        How many sets to draw, and with what.

    Returns
    -------
    numpy.ndarray
        Parameters (draw, parameter).

    Notes
    -----
    Drawn from t distributions about the modes and kept in proportion to the density
    (sampling-importance resampling, Rubin 1987). Where the density is bent, few sets are kept many
    times, and its ends are not reached: all then move by Metropolis' rule along differences of one
    another (differential evolution, ter Braak, Stat. Comput. 16 (2006) 239).
    """
    drawn = _resampled(modes, density, draws, random)
    if draws < 2 * (drawn.shape[1] + 1):
        return drawn
    height = density(drawn)
    shaken = _SHAKEN * np.abs(modes[0][1]).sum(axis=1)
    order = random.permutation(draws)
    one, other = order[: draws // 2], order[draws // 2 :]
    for _ in range(_MOVES):
        for moving, still in ((one, other), (other, one)):
            step = _steps(drawn[still], moving.size, random)
            step += shaken * random.standard_normal(step.shape)
            tried = drawn[moving] + step
            reached = density(tried)
            taken = np.log(random.uniform(size=moving.size)) < reached - height[moving]
            drawn[moving[taken]], height[moving[taken]] = tried[taken], reached[taken]
    return drawn


def _steps(others: Values, count: int, random: np.random.Generator) -> Values:
    """Steps along differences of two other draws."""
    first = random.integers(len(others), size=count)
    second = (first + random.integers(1, len(others), size=count)) % len(others)
    leap = np.where(
        random.uniform(size=count) < _WHOLE_LEAP, 1.0, _LEAP / np.sqrt(2 * others.shape[1])
    )
    return np.asarray(leap[:, None] * (others[first] - others[second]))


def _resampled(
    modes: Sequence[Mode], density: Density, draws: int, random: np.random.Generator
) -> Values:
    size = modes[0][0].size
    each = -(-_TRIES * draws // len(modes))
    wide = [(centre, _WIDER * root) for centre, root in modes]
    tried = np.concatenate(
        [
            centre
            + (random.standard_normal((each, size)) @ root.T)
            * np.sqrt(_TAILS / random.chisquare(_TAILS, (each, 1)))
            for centre, root in wide
        ]
    )
    proposed = np.stack([_log_density(tried - centre, root) for centre, root in wide])
    log_weight = density(tried) - np.logaddexp.reduce(proposed, axis=0)
    weight = np.exp(log_weight - log_weight.max())
    places = (np.arange(draws) + random.uniform()) / draws
    chosen = np.searchsorted(np.cumsum(weight) / weight.sum(), places)
    return np.asarray(tried[np.minimum(chosen, tried.shape[0] - 1)])


def _log_density(away: Values, root: Values) -> Values:
    """Logarithm of a t density, but for what all modes share."""
    z = solve_triangular(root, away.T, lower=True)
    tail = -0.5 * (_TAILS + len(root)) * np.log1p((z**2).sum(axis=0) / _TAILS)
    return np.asarray(tail - np.log(root.diagonal()).sum())
