"""Lean of columns on both sides of a seam, by how it damps the waves along it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.junction.sides import MULTIPLES, Side

Floats = NDArray[np.float64]

_STEP_NM = 0.04
"""Spacing of the trial leans [nm], a third of a probe."""
_LONGEST_NM = 0.9
"""Longest lean looked at [nm]: 6 degree in 8.1 nm, where columns no longer show."""
_SQUARE = 0.04
"""Difference of lengths, and cosine of the angle, up to which a basis is that of a square."""
_ORBITS = ((0, 1), (2, 3), (4, 5))
"""Reflections that the four-fold axis of a square lattice makes equally strong."""
_FORM_SPREAD = 2.0
"""Spread of the logarithm of a wave's strength that is not told by symmetry: any."""
_LEAST = 0.02
"""Least of the damping by a lean: what diffuse scattering leaves."""


@dataclass(frozen=True)
class Leans:
    """Distribution of how much the lean differs across a seam: values [nm] and their weights."""

    difference: Floats
    weight: Floats

    def quantiles(self, shares: Floats) -> Floats:
        """Quantiles of the difference [nm]."""
        order = np.argsort(self.difference, kind="stable")
        total = np.cumsum(self.weight[order])
        return np.interp(shares, total / total[-1], self.difference[order])


def difference(
    first: Side,
    log_ratio: Floats,
    log_error: Floats,
    *,
    spread_nm: float,
    model_error: float,
) -> Leans:
    """Distribution of the difference in lean between both sides of a seam.

    Parameters
    ----------
    first
        The first side.
    log_ratio, log_error
        Logarithm of the amplitude of each wave of the second over that of the first, and its
        standard uncertainty.
    spread_nm
        Prior standard deviation of each component of a lean [nm].
    model_error
        Standard uncertainty of a logarithm of an amplitude beside the noise.

    Notes
    -----
    A column that leans by the vector l is seen as a line: its wave g is damped by
    sinc(g l) = sin(pi g l) / (pi g l). Waves of both sides share the strength of their atoms, of
    which a square lattice ties pairs, and differ by thickness and channelling, a common factor.
    The posterior over both leans is exact on a grid, with strengths and factor integrated out; a
    sinc has no sign, so that of the relative direction stays open.
    """
    step = np.arange(-_LONGEST_NM, _LONGEST_NM + _STEP_NM / 2, _STEP_NM)
    grid = np.stack(np.meshgrid(step, step, indexing="ij"), axis=-1).reshape(-1, 2)
    grid = grid[(np.hypot(*grid.T) <= _LONGEST_NM) & (grid[:, 0] >= 0)]
    usable = np.isfinite(log_error)
    vectors = (MULTIPLES @ first.basis)[usable]
    damping = np.log(np.maximum(np.abs(np.sinc(grid @ vectors.T)), _LEAST))
    one = np.log(np.maximum(np.abs(first.waves[usable]), 1e-12))
    seen = np.concatenate([one, one + log_ratio[usable]])
    error = np.concatenate([first.log_error[usable], log_error[usable]])
    noise = np.diag(error**2 + model_error**2)
    shared = _shared(first.basis)[usable]
    count = len(vectors)
    nuisance = np.vstack([shared, shared])
    covariance = noise + _FORM_SPREAD**2 * nuisance @ nuisance.T
    covariance[count:, count:] += _FORM_SPREAD**2
    covariance += 1e2
    inverse = np.linalg.inv(covariance)
    left, right = seen[:count] - damping, seen[count:] - damping
    own = [
        np.einsum("ni,ij,nj->n", part, inverse[block, block], part)
        for part, block in ((left, slice(0, count)), (right, slice(count, None)))
    ]
    misfit = own[0][:, None] + own[1][None, :] + 2 * left @ inverse[:count, count:] @ right.T
    prior = (grid**2).sum(axis=1) / spread_nm**2
    misfit += prior[:, None] + prior[None, :]
    weight = np.exp(-(misfit - misfit.min()) / 2)
    kept = np.nonzero(weight > 1e-5)
    a, b = grid[kept[0]], grid[kept[1]]
    apart = np.concatenate([np.hypot(*(a - b).T), np.hypot(*(a + b).T)])
    return Leans(apart, np.tile(weight[kept], 2) / 2 / weight[kept].sum())


def _shared(basis: Floats) -> Floats:
    """Which unknown strength each wave has, one a column: tied by symmetry in a square lattice."""
    lengths = np.hypot(*basis.T)
    cosine = float(basis[0] @ basis[1]) / float(np.prod(lengths))
    if abs(lengths[1] / lengths[0] - 1) > _SQUARE or abs(cosine) > _SQUARE:
        return np.eye(len(MULTIPLES))
    shared = np.zeros((len(MULTIPLES), len(_ORBITS)))
    for column, pair in enumerate(_ORBITS):
        shared[list(pair), column] = 1.0
    return shared
