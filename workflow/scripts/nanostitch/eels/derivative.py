"""Band gap from the inflection of the loss: the maximum of its smoothed first derivative.

Smoothing and the spectrometer put the inflection above the gap by as much as the shifts that are
looked for. How far follows from the measured zero-loss peak, the window and the shape of the
onset, so that the raw inflection and the gap that it stands for are both given.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from nanostitch.eels import steepest as loops
from nanostitch.eels.channels import Array, within
from nanostitch.eels.estimator import Estimator, Range, Reading
from nanostitch.eels.smoothing import Smoothing
from nanostitch.intervals import NORMAL_95

Index = NDArray[np.intp]

_ERROR_RATE = 0.05
# The derivative of a step, smoothed, is a parabola over about two fifths of the window.
_REACH_SHARE = 5


@dataclass(frozen=True)
class Steepest:
    """Steepest place of each spectrum within a range and its 95 % interval [eV].

    ``loss`` and ``slope`` [1/eV] are smoothed, on the channels ``energy`` [eV] of the range;
    ``top`` is the channel next to the place, ``noise`` the standard deviation of its counts.
    """

    energy: Array
    loss: Array
    slope: Array
    top: Index
    place: Array
    lower: Array
    upper: Array
    noise: Array


def read(
    loss: Array, variance: Array, energy: Array, smooth: Smoothing, gap_range_ev: Range
) -> Reading:
    """Inflection of spectra with its interval; arguments as in :func:`steepest`."""
    return reading(steepest(loss, variance, energy, smooth, gap_range_ev))


def reading(found: Steepest) -> Reading:
    """Inflection with its interval."""
    return found.place, found.lower, found.upper


ESTIMATOR = Estimator(read)
offset, pixels, region = ESTIMATOR.offset, ESTIMATOR.pixels, ESTIMATOR.region


def inflection(slope: Array, energy: Array, gap_range_ev: Range, reach: int = 1) -> Array:
    """Energy of the largest slope in a range, between channels by a parabola [eV].

    Parameters
    ----------
    slope
        First derivative, one spectrum a row.
    energy
        Centres of the channels [eV].
    gap_range_ev
        Where the largest slope is looked for [eV].
    reach
        Channels on each side of the largest that a parabola is fitted to.

    Returns
    -------
    numpy.ndarray
        One energy a spectrum; the first or last channel of the range where the slope is
        largest there, NaN where the slope is not known throughout the range.
    """
    used = within(energy, gap_range_ev)
    at = energy[used]
    top, shift, _, _ = loops.vertices(slope[:, used], _parabola(reach))
    return np.asarray(at[top] + shift * (at[1] - at[0]))


def steepest(
    loss: Array,
    variance: Array,
    energy: Array,
    smooth: Smoothing,
    gap_range_ev: Range,
) -> Steepest:
    """Steepest place of each spectrum with its 95 % interval.

    The interval is the set of energies whose slope is not significantly below the largest one.
    Close by, that is what error propagation gives, z sd(f'') / |f'''|. Far away it compares two
    bumps of the noise, of which as many as there are windows in the range had a chance to be the
    larger one (Bonferroni). A maximum that noise has made thus has a wide interval.

    Parameters
    ----------
    loss
        Counts without the tail of the zero-loss peak, one spectrum a row.
    variance
        Expected variance of the counts, one row or one a spectrum.
    energy
        Centres of the channels [eV].
    smooth
        Smoothing of the loss.
    gap_range_ev
        Where the steepest place is looked for [eV].

    Returns
    -------
    Steepest
        NaN where the loss is not known throughout the range and half a window around it.
    """
    used = np.flatnonzero(within(energy, gap_range_ev))
    half, at, reach = smooth.points // 2, energy[used], _reach(smooth)
    cut = loss[:, max(int(used[0]) - half, 0) : int(used[-1]) + half + 1]
    if cut.shape[1] != at.size + smooth.points - 1:
        cut = np.full((len(loss), at.size + smooth.points - 1), np.nan)
    smoothed, slope = loops.filtered(cut, np.stack([smooth.weights(0), smooth.weights(1)]))
    found = loops.vertices(slope, _parabola(reach))
    limits = _limits(smooth, at.size + 1)
    spread = np.broadcast_to(variance, (len(variance), loss.shape[1]))[:, used]
    ends = loops.bounds(slope, found, spread, limits, _scatter(smooth, reach), reach)
    place = at[found[0]] + found[1] * smooth.step_ev
    lower, upper = at[0] + ends[:2] * smooth.step_ev
    return Steepest(at, smoothed, slope, found[0], place, lower, upper, ends[2])


def _reach(smooth: Smoothing) -> int:
    """Channels on each side of the largest slope that the parabola is fitted to."""
    return max(1, smooth.points // _REACH_SHARE)


@cache
def _parabola(reach: int) -> Array:
    """Weights of 2 reach + 1 values for the coefficients of their parabola about the middle."""
    return np.asarray(np.linalg.pinv(np.vander(np.arange(-reach, reach + 1.0), 3, increasing=True)))


def _limits(smooth: Smoothing, number: int) -> Array:
    """Significant difference of slopes by their distance in channels, for unit noise [1/eV]."""
    weights = smooth.weights(1)
    overlap = np.correlate(weights, weights, "full")[smooth.points - 1 :]
    alike = np.zeros(number)
    alike[: min(number, smooth.points)] = overlap[:number] / overlap[0]
    places = max(number / smooth.points, 1.0)
    # Of two neighbours the larger lies above the smaller by half of what separates their tops.
    near, far = NORMAL_95 / 2, float(ndtri(1 - _ERROR_RATE / places))
    level = near + max(far - near, 0.0) * np.clip(1 - alike, 0, 1)
    return np.asarray(level * np.sqrt(2 * (1 - alike) * overlap[0]))


def _scatter(smooth: Smoothing, reach: int) -> tuple[float, float]:
    """Standard deviations of the parabola's tilt and bend, for unit noise."""
    tilt, bend = (
        float(np.sqrt((np.convolve(smooth.weights(1), part[::-1]) ** 2).sum()))
        for part in _parabola(reach)[1:]
    )
    return tilt, bend
