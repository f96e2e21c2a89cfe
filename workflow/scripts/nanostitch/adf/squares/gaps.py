"""Gaps between fitted neighbours, and whether each is one: merged facets or a ligand gap."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from nanostitch.adf.squares import kernels
from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Labels = NDArray[np.int32]

_WIDEST_NM_PER_GAP = 8.0
"""Widest gap at which two crystals still touch, over the narrowest: two ligand shells of
oleylamine part crystals by about 2 nm, interdigitated ones by a quarter nm and more."""
_RAREST = 0.01
"""Least share of merged, and of parted, pairs that an image is credited with."""
_REGISTRY_NM = 0.05
"""To what merged facets coincide, a fraction of a lattice plane of 0.58 nm."""
_ROUNDS = 30
_STEP_NM = 1e-4


class Gaps(NamedTuple):
    """Pairs of rectangles that touch, and the gap between them."""

    pairs: Labels
    """(pair, 2): indices of the rectangles from 0."""
    width: Array
    """Gap [nm], negative where they overlap."""
    uncertainty: Array
    """Its standard uncertainty [nm]."""


@compiled
def separation(first: Array, second: Array) -> float:
    """Largest separation along a side of either rectangle [nm], negative where they overlap."""
    dy, dx = second[0] - first[0], second[1] - first[1]
    turn = second[4] - first[4]
    cosine, sine = abs(np.cos(turn)), abs(np.sin(turn))
    widest = -np.inf
    for own, other in ((first, second), (second, first)):
        along = abs(dx * np.cos(own[4]) - dy * np.sin(own[4]))
        across = abs(dx * np.sin(own[4]) + dy * np.cos(own[4]))
        reach_along = 0.5 * (other[2] * cosine + other[3] * sine)
        reach_across = 0.5 * (other[2] * sine + other[3] * cosine)
        widest = max(
            widest, along - 0.5 * own[2] - reach_along, across - 0.5 * own[3] - reach_across
        )
    return widest


@compiled
def _uncertainty(one: Array, other: Array, own: Array, others: Array, cross: Array) -> float:
    """Of the gap [nm], from the normal matrices of two rectangles and their shared block."""
    matrix = np.zeros((12, 12))
    matrix[:6, :6], matrix[6:, 6:] = own[:6, :6], others[:6, :6]
    matrix[:6, 6:], matrix[6:, :6] = cross, cross.T
    for i in range(12):
        matrix[i, i] = matrix[i, i] * (1.0 + 1e-6) + 1e-12
    slope = np.zeros(12)
    gap = separation(one, other)
    for i in range(5):
        moved = one.copy()
        moved[i] += _STEP_NM
        slope[i] = (separation(moved, other) - gap) / _STEP_NM
        moved = other.copy()
        moved[i] += _STEP_NM
        slope[6 + i] = (separation(one, moved) - gap) / _STEP_NM
    variance = float(slope @ np.linalg.solve(matrix, slope))
    return float(np.sqrt(variance)) if variance > 0.0 else np.inf


@compiled
def _measured(
    parameters: Array, normal: Array, variance: Single, pairs: Labels, spacing: Array
) -> Array:
    found = np.empty((pairs.shape[0], 2))
    cross = np.empty((6, 6))
    for index in range(pairs.shape[0]):
        i, j = pairs[index, 0], pairs[index, 1]
        kernels.shared(variance, parameters[i], parameters[j], spacing, cross)
        found[index, 0] = separation(parameters[i], parameters[j])
        found[index, 1] = _uncertainty(parameters[i], parameters[j], normal[i], normal[j], cross)
    return found


def measure(
    parameters: Array, normal: Array, variance: Single, pairs: Labels, spacing: Array
) -> Gaps:
    """Gap of each pair and its uncertainty by the joint fit.

    Parameters
    ----------
    parameters, normal
        Fitted rectangles and the normal matrix of each; see :class:`fit.Fit`.
    variance
        Variance of each pixel.
    pairs
        (pair, 2): indices of the rectangles.
    spacing
        Sides of a pixel [nm].
    """
    found = _measured(parameters, normal, variance, pairs, spacing)
    return Gaps(pairs, found[:, 0], found[:, 1])


def merged_probability(gaps: Gaps, smallest_gap_nm: float) -> Array:
    """Probability of each pair that no gap parts it.

    Without a gap the facets coincide; with one it is anything from the narrowest to several
    times that, evenly. How many pairs are merged is learned from the image itself (expectation
    and maximisation), so that pairs which the noise leaves open go with the others.

    Parameters
    ----------
    gaps
        Gaps with their uncertainties.
    smallest_gap_nm
        Narrowest gap between crystals that are not merged [nm].
    """
    spread = np.hypot(gaps.uncertainty, _REGISTRY_NM)
    known = np.isfinite(spread)
    z = np.divide(gaps.width, spread, out=np.zeros_like(spread), where=known)
    spread = np.where(known, spread, 1.0)
    closed = np.exp(-0.5 * z**2) / (np.sqrt(2 * np.pi) * spread)
    narrow, wide = smallest_gap_nm, _WIDEST_NM_PER_GAP * smallest_gap_nm
    edges = (np.array([[narrow], [wide]]) - gaps.width) / spread
    inside = np.diff(special.ndtr(edges), axis=0)[0]
    open_ = np.maximum(inside / (wide - narrow), 1e-300)
    share = 0.5
    probability = np.zeros_like(z)
    for _ in range(_ROUNDS):
        probability = share * closed / (share * closed + (1 - share) * open_)
        if not known.any():
            break
        share = float(np.clip(probability[known].mean(), _RAREST, 1 - _RAREST))
    overlapping = gaps.width < -np.maximum(4 * spread, 2 * smallest_gap_nm)
    return np.where(overlapping | (gaps.width > wide), 0.0, probability)
