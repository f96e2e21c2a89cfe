"""Drift of the zero-loss peak over a scan: the smooth part of its position."""

import numpy as np
from scipy.ndimage import gaussian_filter

from nanostitch.eels.channels import Array

_SMOOTH_FRACTION = 0.05
"""Standard deviation of the smoothing, as a share of the scan along each axis: what varies faster
is jitter."""
_LEAST_PIXELS = 1.0


def surface(offset: Array, uncertainty: Array) -> Array:
    """Mean of the offsets of neighbouring pixels, weighed by their certainty and their nearness.

    Parameters
    ----------
    offset, uncertainty
        Position of the zero-loss peak and its standard uncertainty; dims ``([y,] [x])``, NaN where
        unknown.

    Returns
    -------
    numpy.ndarray
        Of the same shape and unit; NaN where no neighbour is known.
    """
    known = np.isfinite(offset) & np.isfinite(uncertainty)
    if not offset.ndim or not known.any():
        return offset.copy()
    reference, typical = (
        float(np.median(values[known], overwrite_input=True)) for values in (offset, uncertainty)
    )
    # In place from here on: of a large map each copy counts.
    weight = np.ones(offset.shape)
    if typical > 0:
        np.square(uncertainty, out=weight)
        weight += typical**2
        np.divide(1, weight, out=weight)
    weight[~known] = 0.0
    away = offset - reference
    away[~known] = 0.0
    widths = [max(_SMOOTH_FRACTION * size, _LEAST_PIXELS) for size in offset.shape]
    away *= weight
    for values in (away, weight):
        gaussian_filter(values, widths, mode="nearest", output=values)
    near = weight > 0
    np.divide(away, weight, out=away, where=near)
    away += reference
    away[~near] = np.nan
    return away
