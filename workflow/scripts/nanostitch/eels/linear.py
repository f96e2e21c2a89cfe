"""Band gap where the steepest tangent of the onset meets the base line.

The tangent touches where spectrometer and smoothing have put the inflection. What they do to its
foot is found as for the derivative, and stated; the number itself is left as the method has it.
"""

import numpy as np

from nanostitch.eels import derivative
from nanostitch.eels import steepest as loops
from nanostitch.eels.channels import Array
from nanostitch.eels.estimator import Estimates, Estimator, Range, Reading
from nanostitch.eels.smoothing import Smoothing


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
    ends, scatter = np.stack([found.lower, found.upper]), _scatter(smooth)
    value, lower, upper = loops.feet(
        found.energy, found.loss, found.slope, found.top, ends, found.noise, scatter
    )
    return value, lower, upper


ESTIMATOR = Estimator(read)
offset, pixels, region = ESTIMATOR.offset, ESTIMATOR.pixels, ESTIMATOR.region


def stated(found: Estimates) -> tuple[Array, Array, Array]:
    """The number as the method has it, and an interval that holds it with and without its bias."""
    lower = np.minimum(found.value_lower, found.gap_lower)
    return found.value, lower, np.maximum(found.value_upper, found.gap_upper)


def _scatter(smooth: Smoothing) -> tuple[float, float]:
    """Standard deviations of a smoothed channel and of a slope, which see independent noise."""
    level, rise = (float(np.sqrt((smooth.weights(k) ** 2).sum())) for k in (0, 1))
    return level, rise
