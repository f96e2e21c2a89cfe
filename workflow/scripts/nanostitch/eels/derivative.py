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

from nanostitch.eels.channels import Array, within
from nanostitch.eels.estimator import Estimator, Range, Reading
from nanostitch.eels.smoothing import Smoothing
from nanostitch.intervals import NORMAL_95

Index = NDArray[np.intp]

_ERROR_RATE = 0.05
# The derivative of a step, smoothed, is a parabola over about two fifths of the window.
_REACH_SHARE = 5
# The largest slope is where noise helped; the parabola's top says better where its middle belongs.
_RECENTRED = 2
# Keeps a flat top's interval finite; it is cut at the range.
_TINY = 1e-300
# Beyond this ratio of its noise to itself, a bend is none; the interval then is the range.
_HOPELESS = 1e6


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
    inside, at = slope[:, used], energy[used]
    top, shift, _, _ = _vertex(inside, reach)
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
    half, at = smooth.points // 2, energy[used]
    cut = loss[:, max(int(used[0]) - half, 0) : int(used[-1]) + half + 1]
    slope, smoothed = (_through(cut, smooth, k, at.size) for k in (1, 0))
    reach = _reach(smooth)
    top, shift, height, bend = _vertex(slope, reach)
    place, known = at[top] + shift * smooth.step_ev, np.isfinite(shift)
    spread = np.broadcast_to(variance, loss.shape)[:, used]
    noise = np.sqrt(np.maximum(at_channel(spread, top), 0.0))
    away = np.abs(np.arange(at.size) - np.where(known, top + shift, 0.0)[:, None])
    limit = np.interp(away, np.arange(at.size + 1), _limits(smooth, at.size + 1))
    spare = noise[:, None] * limit - (height[:, None] - slope)
    side = _by_propagation(bend, noise, smooth, reach)
    # As far as the parabola goes it decides, not the channels.
    spare = np.where(away < reach, -np.inf, spare)
    lower = np.fmin(place - side, at[0] + smooth.step_ev * _first(spare))
    upper = np.fmax(place + side, at[-1] - smooth.step_ev * _first(spare[:, ::-1]))
    lower, upper = (np.clip(bound, at[0], at[-1]) for bound in (lower, upper))
    lower, upper = (np.where(known, bound, np.nan) for bound in (lower, upper))
    return Steepest(at, smoothed, slope, top, place, lower, upper, noise)


def _reach(smooth: Smoothing) -> int:
    """Channels on each side of the largest slope that the parabola is fitted to."""
    return max(1, smooth.points // _REACH_SHARE)


def _through(loss: Array, smooth: Smoothing, derivative: int, number: int) -> Array:
    """Filtered spectra on the ``number`` channels that whole windows allow."""
    if loss.shape[1] != number + smooth.points - 1:
        return np.full((len(loss), number), np.nan)
    half = smooth.points // 2
    return smooth.filtered(loss, derivative)[:, half : half + number]


def _vertex(slope: Array, reach: int) -> tuple[Index, Array, Array, Array]:
    """Channel of the largest slope, and the parabola around it.

    Returns
    -------
    tuple
        The channel; distance of the parabola's top from it in channels, NaN for a spectrum that
        is not known everywhere; its height; half its second derivative, in channels.
    """
    known = np.asarray(np.isfinite(slope).all(axis=1))
    top = np.where(known[:, None], slope, 0.0).argmax(axis=1)
    for _ in range(1 + _RECENTRED):
        columns = np.clip(top[:, None] + np.arange(-reach, reach + 1), 0, slope.shape[1] - 1)
        level, tilt, bend = _parabola(reach) @ np.take_along_axis(slope, columns, 1).T
        with np.errstate(invalid="ignore", divide="ignore"):
            ends = (top < reach) | (top >= slope.shape[1] - reach) | ~(bend < 0)
            shift = np.where(ends, 0.0, np.clip(-tilt / (2 * bend), -reach, reach))
        height = level + shift * (tilt + shift * bend)
        middle, top = top, top + np.rint(shift).astype(np.intp)
    return middle, np.where(known, shift, np.nan), height, bend


@cache
def _parabola(reach: int) -> Array:
    """Weights of 2 reach + 1 values for the coefficients of their parabola about the middle."""
    return np.asarray(np.linalg.pinv(np.vander(np.arange(-reach, reach + 1.0), 3, increasing=True)))


def at_channel(values: Array, column: Index) -> Array:
    """Value of each spectrum (a row) in a channel of its own."""
    return np.asarray(np.take_along_axis(values, column[:, None], 1)[:, 0])


def _first(spare: Array) -> Array:
    """Column, between columns by a line, from which on each row first reaches 0; NaN if never."""
    column = (spare >= 0).argmax(axis=1)
    after, before = at_channel(spare, column), at_channel(spare, np.maximum(column - 1, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(before < 0, after / (after - before), 0.0)
    return np.where(after >= 0, column - share, np.nan)


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


def _by_propagation(bend: Array, noise: Array, smooth: Smoothing, reach: int) -> Array:
    """Half of the 95 % interval of the parabola's top by error propagation [eV].

    The top is a ratio, -tilt / (2 bend), whose parts have independent noise; that of the bend
    enters in second order.
    """
    tilt, bends = (
        np.sqrt((np.convolve(smooth.weights(1), part[::-1]) ** 2).sum()) * noise
        for part in _parabola(reach)[1:]
    )
    curved = np.maximum(-bend, _TINY)
    noisy = np.minimum(bends / curved, _HOPELESS)
    with np.errstate(over="ignore"):
        deviation = tilt / (2 * curved) * np.sqrt(1 + 3 * noisy**2)
        return np.asarray(NORMAL_95 * smooth.step_ev * deviation)
