"""Loops behind the steepest place of smoothed spectra and the foot of its tangent, compiled."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled
from nanostitch.eels.channels import Array
from nanostitch.intervals import NORMAL_95

Index = NDArray[np.intp]

_RECENTRED = 2
"""How often the parabola is moved: the largest slope is where noise helped, and the parabola's top
says better where its middle belongs."""
_TINY = 1e-300
"""Keeps a flat top's interval finite; it is cut at the range."""
_HOPELESS = 1e6
"""Ratio of the noise of a bend to itself beyond which it is none; the interval is the range."""


@compiled
def filtered(spectra: Array, weights: Array) -> tuple[Array, Array]:
    """Smoothed spectra and their slope, where whole windows fit; weights of both (2, point)."""
    points = weights.shape[1]
    number = spectra.shape[1] - points + 1
    smooth, slope = np.zeros((len(spectra), number)), np.zeros((len(spectra), number))
    for row in range(len(spectra)):
        for j in range(points):
            level, rise = weights[0, j], weights[1, j]
            for k in range(number):
                smooth[row, k] += level * spectra[row, j + k]
                slope[row, k] += rise * spectra[row, j + k]
    return smooth, slope


@compiled
def _vertex(slope: Array, parabola: Array) -> tuple[int, float, float, float]:
    """Channel of the largest slope; top of the parabola from there, its height and bend."""
    number, reach = slope.size, parabola.shape[1] // 2
    top = 0
    for k in range(number):
        if not np.isfinite(slope[k]):
            return 0, np.nan, np.nan, np.nan
        if slope[k] > slope[top]:
            top = k
    middle, shift, height, bend = top, 0.0, 0.0, 0.0
    for _ in range(1 + _RECENTRED):
        level = tilt = bend = 0.0
        for j in range(-reach, reach + 1):
            value = slope[min(max(top + j, 0), number - 1)]
            level += parabola[0, j + reach] * value
            tilt += parabola[1, j + reach] * value
            bend += parabola[2, j + reach] * value
        shift = 0.0
        if reach <= top < number - reach and bend < 0:
            shift = min(max(-tilt / (2 * bend), -1.0 * reach), 1.0 * reach)
        height = level + shift * (tilt + shift * bend)
        middle, top = top, top + int(np.rint(shift))
    return middle, shift, height, bend


@compiled
def vertices(slope: Array, parabola: Array) -> tuple[Index, Array, Array, Array]:
    """Largest slope of each spectrum.

    Parameters
    ----------
    slope
        One spectrum a row.
    parabola
        Weights of neighbouring channels for the three coefficients of a parabola.

    Returns
    -------
    tuple
        The channel; distance of the parabola's top from it in channels, NaN for a spectrum that
        is not known everywhere; its height; half its second derivative, in channels.
    """
    rows = len(slope)
    top, shift = np.zeros(rows, np.intp), np.empty(rows)
    height, bend = np.empty(rows), np.empty(rows)
    for row in range(rows):
        top[row], shift[row], height[row], bend[row] = _vertex(slope[row], parabola)
    return top, shift, height, bend


@compiled
def _end(
    slope: Array, place: float, height: float, noise: float, limits: Array, reach: int, turned: bool
) -> float:
    """Channel from an end of the range on which slopes are not significantly lower; NaN if none."""
    before = 0.0
    for j in range(slope.size):
        k = slope.size - 1 - j if turned else j
        away = abs(k - place)
        low = min(int(away), limits.size - 2)
        limit = limits[low] + min(away - low, 1.0) * (limits[low + 1] - limits[low])
        spare = noise * limit - (height - slope[k])
        if away < reach:  # as far as the parabola goes it decides, not the channels
            spare = -np.inf
        if spare >= 0:
            return j - (spare / (spare - before) if before < 0 else 0.0)
        before = spare
    return np.nan


@compiled
def bounds(
    slope: Array,
    found: tuple[Index, Array, Array, Array],
    variance: Array,
    limits: Array,
    scatter: tuple[float, float],
    reach: int,
) -> Array:
    """Ends of the 95 % interval of the largest slope, in channels, and the noise of a channel.

    Parameters
    ----------
    slope, found
        From :func:`filtered` and :func:`vertices`.
    variance
        Of the counts in the channels of ``slope``, one row or one a spectrum.
    limits
        Significant difference of two slopes by their distance in channels, for unit noise.
    scatter
        Standard deviations of the parabola's tilt and bend, for unit noise.
    reach
        Channels on each side of the largest that the parabola is fitted to.

    Returns
    -------
    numpy.ndarray
        Lower and upper end, noise; one column a spectrum.
    """
    rows, number = slope.shape
    ends = np.full((3, rows), np.nan)
    for row in range(rows):
        top, shift, height, bend = found[0][row], found[1][row], found[2][row], found[3][row]
        noise = np.sqrt(max(variance[min(row, len(variance) - 1), top], 0.0))
        ends[2, row] = noise
        if not np.isfinite(shift):
            continue
        place, curved = top + shift, max(-bend, _TINY)
        noisy = min(scatter[1] * noise / curved, _HOPELESS)
        # A ratio, -tilt / (2 bend), of independent noise; that of the bend is of second order.
        side = NORMAL_95 * scatter[0] * noise / (2 * curved) * np.sqrt(1 + 3 * noisy**2)
        low = _end(slope[row], place, height, noise, limits, reach, False)
        high = number - 1 - _end(slope[row], place, height, noise, limits, reach, True)
        low = place - side if np.isnan(low) else min(low, place - side)
        high = place + side if np.isnan(high) else max(high, place + side)
        ends[0, row] = min(max(low, 0.0), number - 1.0)
        ends[1, row] = min(max(high, 0.0), number - 1.0)
    return ends


@compiled
def feet(
    energy: Array,
    smooth: Array,
    slope: Array,
    top: Index,
    ends: Array,
    noise: Array,
    scatter: tuple[float, float],
) -> Array:
    """Foot of the steepest tangent and its 95 % interval; one column a spectrum.

    Parameters
    ----------
    energy
        Centres of the channels.
    smooth, slope, top
        From :func:`filtered` and :func:`vertices`.
    ends
        Interval of the steepest place, on the axis of ``energy`` (2, spectrum).
    noise
        Standard deviation of the counts of a channel, of each spectrum.
    scatter
        Standard deviations of a smoothed channel and of a slope, for unit noise.
    """
    found = np.full((3, len(slope)), np.nan)
    for row in range(len(slope)):
        at, rise = top[row], slope[row, top[row]]
        if not (rise > 0 and np.isfinite(ends[0, row])):
            continue
        height, sd = smooth[row, at], noise[row]
        value = energy[at] - height / rise
        side = NORMAL_95 * np.hypot(sd * scatter[0] / rise, height * sd * scatter[1] / rise**2)
        lowest, highest = value - side, value + side
        for k in range(energy.size):
            if ends[0, row] <= energy[k] <= ends[1, row]:
                if not slope[row, k] > 0:
                    lowest, highest = energy[0], energy[-1]
                    break
                foot = energy[k] - smooth[row, k] / slope[row, k]
                lowest, highest = min(lowest, foot), max(highest, foot)
        found[0, row], found[1, row], found[2, row] = value, lowest, highest
    return found
