"""Domains that meet, and along which length."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.crystal.waves import Grid

Ints = NDArray[np.int32]

MEET_NM = 1.5
"""Widest gap between two domains that still meet [nm]: a seam dims lattices over twice FINE_NM,
two shells of ligands are wider."""
_LEAST_NM = 1.0
"""Length below which two domains only come near at their corners [nm]."""
_CROFTON = np.pi / 4
"""Length of a line over that of its steps along the axes, mean of all directions."""


def meeting(number: Ints, on: Grid, gap_nm: float) -> list[tuple[int, int, float]]:
    """Pairs of domains that meet: numbers, the lower first, and length [nm].

    Parameters
    ----------
    number
        Number of the domain at each place of the grid, 0 outside.
    on
        The grid.
    gap_nm
        Widest gap between two domains that still meet [nm].
    """
    away, (rows, columns) = ndimage.distance_transform_edt(
        number == 0, sampling=on.step, return_indices=True
    )
    near = np.where(away <= gap_nm / 2, number[rows, columns], 0)
    total: dict[tuple[int, int], float] = {}
    for one, other, step in (
        (near[1:], near[:-1], on.step[1]),
        (near[:, 1:], near[:, :-1], on.step[0]),
    ):
        differ = (one != other) & (one > 0) & (other > 0)
        pairs = np.sort(np.stack([one[differ], other[differ]], axis=1), axis=1)
        unique, counts = np.unique(pairs, axis=0, return_counts=True)
        for (first, second), count in zip(unique.tolist(), counts.tolist(), strict=True):
            key = (first, second)
            total[key] = total.get(key, 0.0) + count * step * _CROFTON
    return [(*pair, length) for pair, length in sorted(total.items()) if length >= _LEAST_NM]
