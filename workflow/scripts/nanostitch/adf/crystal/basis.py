"""Basis of a plane lattice from the reflections of one domain."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TRIED = 6
"""Strongest reflections whose sums and differences are tried as basis vectors."""
_INTEGER = 0.06
"""Largest distance of a multiple of a basis vector from a whole number."""
_EXPLAINED = 0.7
"""Share of the weight of the reflections that a basis must explain."""
_SINE = 0.25
"""Sine of the angle between two basis vectors below which they are no basis."""
_SAME_AREA = 0.8
"""Ratio of areas above which two bases are read of the same lattice, one of them askew."""
_CLEAR = 0.01
"""Strength over that of the strongest above which a reflection may prove a finer lattice."""
NEAR = 0.1
"""Distance from a point of the lattice, over the size of its cell, up to which a reflection is
taken for it: small domains have broad reflections, bent scans move them."""
_NEW_POINTS, _FEWEST_BETWEEN = 3, 2
"""Of the shortest points that a finer lattice adds, how many are asked for, and how many of them
must be reflections."""


def spanning(places: Floats, strengths: Floats, weights: Floats) -> Floats | None:
    """Reduced basis (rows, shorter first) of the coarsest lattice that holds the reflections.

    None if no two reflections span a lattice that holds most of the weight.

    Notes
    -----
    Where two weaker reflections or more lie half-way between its points, they belong to a finer
    lattice; ripples and noise do so by chance about once in a hundred.
    """
    top = places[:_TRIED]
    one, other = np.triu_indices(len(top), 1)
    trial = np.concatenate([top, top[one] - top[other], top[one] + top[other]])
    one, other = np.triu_indices(len(trial), 1)
    pairs = np.stack([trial[one], trial[other]], axis=1)
    area = np.abs(np.linalg.det(pairs))
    wide = area > _SINE * np.prod(np.linalg.norm(pairs, axis=2), axis=1)
    pairs, area = pairs[wide], area[wide]
    held = _held(places, pairs) @ weights / weights.sum()
    able = held >= _EXPLAINED
    if not able.any():
        return None
    coarsest = area > _SAME_AREA * area[able].max()
    best = pairs[np.argmax(np.where(able & coarsest, held, -1.0))]
    clear = places[strengths > _CLEAR * strengths.max()]
    return reduced(_halved(clear, _halved(clear, best)))


def _held(places: Floats, pairs: Floats) -> Mask:
    """Which reflections are sums of multiples of two vectors; dims of the pairs, reflection."""
    multiples = np.einsum("rk,...ki->...ri", places, np.linalg.inv(pairs))
    return np.asarray(np.abs(multiples - np.round(multiples)).max(axis=-1) < _INTEGER)


def _halved(places: Floats, pair: Floats) -> Floats:
    """The lattice, or the one of half its cell whose shortest new points are reflections too."""
    one, other = reduced(pair)
    finer = (
        np.stack([(one + other) / 2, (one - other) / 2]),
        np.stack([one / 2, other]),
        np.stack([one, other / 2]),
    )
    steps = np.array([[i, j] for i in range(-2, 3) for j in range(3) if (j, i) > (0, 0)])
    for trial in finer:
        points = steps @ trial
        new = points[~_held(points, pair)]
        new = new[np.argsort(np.hypot(*new.T), kind="stable")][:_NEW_POINTS]
        size = np.sqrt(abs(np.linalg.det(trial)))
        away = [
            min(np.hypot(*(sign * point - place)) for place in places for sign in (1, -1))
            for point in new
        ]
        if (np.array(away) < NEAR * size).sum() >= _FEWEST_BETWEEN:
            return trial
    return pair


def reduced(vectors: Floats) -> Floats:
    """Shortest basis of a plane lattice (Lagrange and Gauss), shorter first, x not negative."""
    one, other = vectors
    while True:
        if other @ other < one @ one:
            one, other = other, one
        times = np.round((one @ other) / (one @ one))
        if times == 0:
            break
        other = other - times * one
    pair = np.stack([one, other])
    flip = (pair[:, 1] < 0) | ((pair[:, 1] == 0) & (pair[:, 0] < 0))
    return np.where(flip[:, None], -pair, pair)
