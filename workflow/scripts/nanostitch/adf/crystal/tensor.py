"""Structure tensor of an image: where there is a lattice of two directions to look for."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.crystal.waves import FINE_NM, Grid
from nanostitch.adf.crystal.windows import Picture

Floats = NDArray[np.float64]

_LEAST_ENERGY = 0.1
"""Share of the largest energy around, below which what a window shows lies beside its middle: a
crystal half as thick keeps a quarter."""
_AROUND_NM = 4.0
"""Side of the square in which the largest energy is looked for [nm]."""
_ONE_ROW = 0.95
"""Coherence above which only one family of planes is resolved."""


def promising(image: Picture, on: Grid) -> NDArray[np.bool_]:
    """Places of the grid from which a lattice may be grown.

    Parameters
    ----------
    image
        Result of :func:`nanostitch.adf.crystal.windows.picture`.
    on
        Its grid.

    Notes
    -----
    The structure tensor is the average of the outer product of the gradient with itself (Bigun
    and Granlund, Proc. ICCV 1987, 433; Puspoki et al., Adv. Anat. Embryol. Cell Biol. 219 (2016)
    69). Its trace is the energy of the lattice, its coherence (difference over sum of the
    eigenvalues) is 1 where only one direction is seen.
    """
    down, right = (
        np.asarray(slope, np.float32) for slope in np.gradient(image.values, *image.spacing)
    )
    yy, xx, yx = (
        ndimage.gaussian_filter(_block_mean(a * b, on), FINE_NM / np.array(on.step), mode="nearest")
        for a, b in ((down, down), (right, right), (down, right))
    )
    energy = yy + xx
    sides = [max(1, round(_AROUND_NM / step)) for step in on.step]
    around = ndimage.maximum_filter(energy, size=sides, mode="nearest")
    split = np.hypot(yy - xx, 2 * yx)
    return np.asarray((energy > _LEAST_ENERGY * around) & (split < _ONE_ROW * energy))


def _block_mean(values: NDArray[np.floating], on: Grid) -> Floats:
    """Mean over the block of pixels of each place of the grid."""
    mean = ndimage.uniform_filter(values, on.every, mode="nearest")
    return np.asarray(mean[:: on.every[0], :: on.every[1]], float)
