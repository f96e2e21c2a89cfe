"""Fewer or more rectangles: models with one and with two held against each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.squares import fit, kernels, profile

Array = NDArray[np.float64]
Single = NDArray[np.float32]

_FREE = 6
_SWEEPS = 10
_OBLONG = 1.4
"""Sides of a rectangle in this ratio may be two squares."""


class Trial(NamedTuple):
    """Another set of rectangles in place of some, and by how much it is better."""

    parameters: Array
    gain: float
    """Fall of the Bayesian information criterion [1]; positive where the trial is better."""


def trial(found: fit.Fit, noise: fit.Noise, spacing: Array, old: list[int], start: Array) -> Trial:
    """Fit other rectangles in place of some of a joint fit, all others held.

    Parameters
    ----------
    found
        Joint fit.
    noise
        Noise of the image.
    spacing
        Sides of a pixel [nm].
    old
        Indices of the rectangles to take out.
    start
        Rectangles to put in their place.

    Notes
    -----
    Schwarz, Ann. Stat. 6 (1978) 461, doi:10.1214/aos/1176344136.
    """
    window = _window(found, spacing, old)
    corner = np.array([window[0].start, window[1].start]) * spacing
    local = np.ascontiguousarray(found.residual[window])
    before = found.parameters[old].copy()
    before[:, :2] -= corner
    moved = start.copy()
    moved[:, :2] -= corner
    plane = local.copy()
    for one in before:
        kernels.add(plane, one, spacing, 1.0)
    variance = np.ascontiguousarray(found.variance[window])
    after = fit.joint(plane, noise, moved, spacing, sweeps=_SWEEPS, variance=variance)
    count = int((variance > 0).sum())
    weight = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
    worse, better = (
        float((weight * one.astype(float) ** 2).sum()) for one in (local, after.residual)
    )
    unit = max(min(worse, better) / max(count, 1), 1.0)
    penalty = _FREE * (len(start) - len(old)) * np.log(max(count, 2))
    result = after.parameters
    result[:, :2] += corner
    return Trial(result, (worse - better) / unit - penalty)


def _window(found: fit.Fit, spacing: Array, old: list[int]) -> tuple[slice, slice]:
    corners = np.array(
        [
            kernels.window(one, spacing, found.residual.shape, profile.REACH * one[6])
            for one in found.parameters[old]
        ]
    )
    return (
        slice(int(corners[:, 0].min()), int(corners[:, 1].max())),
        slice(int(corners[:, 2].min()), int(corners[:, 3].max())),
    )


def halves(one: Array) -> Array:
    """Two rectangles that fill one, side by side along its long side."""
    both = np.stack([one, one])
    side = 2 if one[2] >= one[3] else 3
    angle = one[4] + (0.0 if side == 2 else -0.5 * np.pi)
    along = np.array([-np.sin(angle), np.cos(angle)])
    both[0, :2] -= 0.25 * one[side] * along
    both[1, :2] += 0.25 * one[side] * along
    both[:, side] *= 0.5
    return both


def whole(pair: Array) -> Array:
    """One rectangle in place of two, along the sides of the larger, by their second moments."""
    area = pair[:, 2] * pair[:, 3]
    share = area / area.sum()
    one = pair[int(np.argmax(area))].copy()
    one[:2] = share @ pair[:, :2]
    axes = np.array([[-np.sin(one[4]), np.cos(one[4])], [np.cos(one[4]), np.sin(one[4])]])
    apart = (pair[:, :2] - one[:2]) @ axes.T
    turn = pair[:, 4] - one[4]
    own = np.stack(
        [
            (pair[:, 2] * np.cos(turn)) ** 2 + (pair[:, 3] * np.sin(turn)) ** 2,
            (pair[:, 2] * np.sin(turn)) ** 2 + (pair[:, 3] * np.cos(turn)) ** 2,
        ],
        axis=1,
    )
    one[2:4] = np.sqrt(share @ (own + 12 * apart**2))
    one[5] = share @ pair[:, 5]
    return np.asarray(one[None])


def oblong(parameters: Array, longest: float) -> NDArray[np.int64]:
    """Indices of rectangles that may be two squares, none longer than so much [nm]."""
    long, short = parameters[:, 2:4].max(axis=1), parameters[:, 2:4].min(axis=1)
    return np.asarray(np.flatnonzero((long > _OBLONG * short) & (long < longest)), np.int64)
