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
    reference = float(np.median(offset[known]))
    typical = float(np.median(uncertainty[known]))
    weight = np.zeros(offset.shape)
    weight[known] = 1 / (uncertainty[known] ** 2 + typical**2) if typical > 0 else 1.0
    away = np.where(known, offset - reference, 0.0)
    widths = [max(_SMOOTH_FRACTION * size, _LEAST_PIXELS) for size in offset.shape]
    total = gaussian_filter(weight * away, widths, mode="nearest")
    whole = gaussian_filter(weight, widths, mode="nearest")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, reference + total / whole, np.nan))
