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
"""Degrees of freedom and width of the t distribution from which parameters are drawn."""
_TRIES = 24
"""Sets of parameters tried for each that is drawn: with fewer, one set is drawn many times."""


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
    (sampling-importance resampling, Rubin 1987): they hardly change where data change by rounding.
    """
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
