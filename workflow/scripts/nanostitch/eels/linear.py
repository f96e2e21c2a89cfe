"""Band gap where the steepest tangent of the onset meets the base line.

The tangent touches where spectrometer and smoothing have put the inflection. What they do to its
foot is found as for the derivative, and stated; the number itself is left as the method has it.
"""

import numpy as np

from nanostitch.eels import derivative
from nanostitch.eels.channels import Array
from nanostitch.eels.derivative import at_channel
from nanostitch.eels.estimator import Estimates, Estimator, Range, Reading
from nanostitch.eels.smoothing import Smoothing
from nanostitch.intervals import NORMAL_95


def read(
    loss: Array, variance: Array, energy: Array, smooth: Smoothing, gap_range_ev: Range
) -> Reading:
    """Foot of the steepest tangent of spectra; arguments as in :func:`derivative.steepest`."""
    return reading(derivative.steepest(loss, variance, energy, smooth, gap_range_ev), smooth)


def reading(found: derivative.Steepest, smooth: Smoothing) -> Reading:
    """Foot of the steepest tangent, with its 95 % interval by counting [eV].

    Where the slope is largest, the foot E - f/f' does not depend on E in first order. Its
    interval follows from the noise of f and f'; it holds the feet of the tangents in the whole
    interval of the steepest place, and reaches to the ends of the range where one of them does
    not rise.

    Parameters
    ----------
    found
        Steepest place of each spectrum.
    smooth
        Smoothing with which it was found.

    Notes
    -----
    Park, Heo, Ahn et al., Ultramicroscopy 109 (2009) 1183.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        feet = np.where(found.slope > 0, found.energy - found.loss / found.slope, np.nan)
    inside = (found.energy >= found.lower[:, None]) & (found.energy <= found.upper[:, None])
    rises = ~(inside & np.isnan(feet)).any(axis=1)
    known = np.isfinite(found.place)
    value = at_channel(feet, found.top)
    side = NORMAL_95 * _deviation(found, smooth)
    lowest = np.where(inside, feet, np.inf).min(axis=1)
    highest = np.where(inside, feet, -np.inf).max(axis=1)
    lower = np.where(rises, np.minimum(value - side, lowest), found.energy[0])
    upper = np.where(rises, np.maximum(value + side, highest), found.energy[-1])
    known &= np.isfinite(value)
    value, lower, upper = (np.where(known, part, np.nan) for part in (value, lower, upper))
    return value, lower, upper


ESTIMATOR = Estimator(read)
offset, pixels, region = ESTIMATOR.offset, ESTIMATOR.pixels, ESTIMATOR.region


def stated(found: Estimates) -> tuple[Array, Array, Array]:
    """The number as the method has it, and an interval that holds it with and without its bias."""
    lower = np.minimum(found.value_lower, found.gap_lower)
    return found.value, lower, np.maximum(found.value_upper, found.gap_upper)


def _deviation(found: derivative.Steepest, smooth: Smoothing) -> Array:
    """Standard deviation of the foot: even and odd weights see independent noise [eV]."""
    height, slope = at_channel(found.loss, found.top), at_channel(found.slope, found.top)
    level, rise = (np.sqrt((smooth.weights(k) ** 2).sum()) * found.noise for k in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.hypot(level / slope, height * rise / slope**2))
