"""Sizes of particles as they ripen: mean-field growth at a constant total volume."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Limit = Literal["attachment", "diffusion"]

LIMITS: tuple[Limit, ...] = ("attachment", "diffusion")
_POINTS = 300
_STEP = 0.01
"""Largest relative change of the mean square (or cube) of the edge in a step."""
_MOST_STEPS = 5000
"""A hundred steps are an e-fold of the square: 5000 outlast any specimen."""
_GONE = 0.02
"""Edge over the mean one below which a particle has dissolved: less than a unit cell of 8 nm."""


def representative(edges: Array, width: float) -> Array:
    """Edges that stand for the distribution behind a sample, smallest first.

    Parameters
    ----------
    edges
        The sample [nm].
    width
        Bandwidth of its kernel density in the logarithm of the edge [1].
    """
    logs = np.sort(np.log(edges))
    axis = np.linspace(logs[0] - 4 * width, logs[-1] + 4 * width, 4 * _POINTS)
    below = special.ndtr((axis[:, None] - logs[None, :]) / width).mean(axis=1)
    return np.asarray(np.exp(np.interp((np.arange(_POINTS) + 0.5) / _POINTS, below, axis)))


def stages(edges: Array, left: Array, limit: Limit) -> Iterator[Array]:
    """Edges of those that are left when the number has fallen to each of some shares.

    Parameters
    ----------
    edges
        At the start [nm].
    left
        Shares of the number, falling [1].
    limit
        What limits the exchange: attachment to the facets, da/dt ~ 1/c - 1/a, or diffusion
        between particles, da/dt ~ (1/c - 1/a)/a. The critical edge c keeps the volume.

    Notes
    -----
    Wagner, Z. Elektrochem. 65 (1961) 581; Lifshitz & Slyozov, J. Phys. Chem. Solids 19 (1961) 35.
    From any start the sizes tend to the distributions found there.
    """
    power = 2.0 if limit == "attachment" else 3.0
    unit = float(edges.mean())
    alive, volume = edges / unit, float(((edges / unit) ** 3).sum())
    waiting = list(left)
    for _ in range(_MOST_STEPS):
        if not waiting or alive.size < 2:
            return
        critical = _critical(alive, limit)
        grown = alive**power + _STEP * critical**power * (alive / critical - 1)
        alive = grown[grown > (_GONE * critical) ** power] ** (1 / power)
        alive = alive * (volume / float((alive**3).sum())) ** (1 / 3)
        while waiting and alive.size <= waiting[0] * edges.size:
            waiting.pop(0)
            yield alive * unit


def _critical(alive: Array, limit: Limit) -> float:
    return float((alive**2).sum() / alive.sum() if limit == "attachment" else alive.mean())
