"""Spikes: channels struck by an X-ray or a cosmic ray, found because nothing else is so narrow."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled, compiled_sums
from nanostitch.eels.channels import Array
from nanostitch.eels.noise import STENCIL, Noise

Indices = NDArray[np.int32]

_SPILL_SIGMA = 3.0
"""Excess from which a neighbour of a spike is taken to hold a part of it [standard deviations]."""
_NARROW_SIGMA = 3.5
"""Standard deviations by which a spike exceeds what its neighbours allow."""
_MARGIN = 0.8
"""Share of the excess beside the maximum of a Gaussian that peaks of any other form have."""
_REACH = max(STENCIL)
_EXCESS_VARIANCE = 1 + 1 / (2 * len(STENCIL))
"""Variance of a channel less the mean of its neighbours, over the variance of a channel. Of the
greater of two means it is less, but so is their difference."""
_NEAR, _NEXT, _FAR = STENCIL
_STRETCH = 256
"""Channels that are passed over at once if none of them stands out."""
_ANSCOMBE = 3 / 8
"""What makes the root of a Poisson number of constant variance (Anscombe, Biometrika 35 (1948)
246)."""


@dataclass(frozen=True)
class Spikes:
    """Struck channels of several spectra, in order: row, channel, what stands in for the counts."""

    row: Indices
    channel: Indices
    replacement: Array


def replace(spectra: Array, noise: Noise, fwhm: float, min_sigma: float) -> Spikes:
    """Find the spikes of each spectrum and replace them, in place, by what surrounds them.

    A spike exceeds the mean of the channels at a distance of two to four on either side by
    ``min_sigma``, so that it is no step. And it is narrower than the spectrometer allows: whatever
    an electron writes is at least as wide as the zero-loss peak, so that a channel that stands
    out has neighbours that do. That holds of the zero-loss peak itself, of plasmons and edges.

    Parameters
    ----------
    spectra
        Counts, one spectrum a row; float32 or float64, changed.
    noise
        Variance of the counts.
    fwhm
        Full width of the zero-loss peak at half its maximum [channel].
    min_sigma
        Fewest standard deviations of the excess.

    Returns
    -------
    Spikes
        A spike that spills into a neighbour is several channels. The ends of the axis, four
        channels, are not looked at.
    """
    model = (noise.read_variance, noise.factor, noise.gain_spread)
    share = _neighbours(fwhm)
    room = 2 * len(spectra) + 16
    while True:
        found = np.zeros((room, 2), np.int32)
        values = np.zeros(room)
        count = _find(spectra, model, share, min_sigma, found, values)
        if count <= room:
            break
        room = count
    found, values = found[:count], values[:count]
    spectra[found[:, 0], found[:, 1]] = values
    return Spikes(found[:, 0], found[:, 1], values)


@cache
def _neighbours(fwhm: float) -> float:
    """Excess of both neighbours over that of the brightest channel, at least, in any real peak.

    Each neighbour's is taken over its own side, the brightest channel's over the higher side. It
    is that of a Gaussian peak, wherever it lies between channels, less a margin.
    """
    away = np.arange(-_FAR, _FAR + 1.0) - np.linspace(-0.5, 0.5, 101)[:, None]
    peak = 2.0 ** (-4 * (away / max(fwhm, 1.0)) ** 2)
    sides = [peak[:, [_FAR + sign * d for d in STENCIL]].mean(axis=1) for sign in (-1, 1)]
    excess = peak[:, _FAR] - np.maximum(*sides)
    beside = peak[:, _FAR - 1] + peak[:, _FAR + 1] - sides[0] - sides[1]
    return _MARGIN * float((beside / excess).min())


@compiled_sums
def _means_of_three(c: Array, side: Array, third: float) -> None:
    """Mean of each channel and its two neighbours."""
    inner = c.size - 2
    before, here, after, mean = c[:inner], c[1 : inner + 1], c[2:], side[1 : inner + 1]
    for i in range(inner):
        mean[i] = (before[i] + here[i] + after[i]) * third


@compiled_sums
def _stand_out(middle: Array, below: Array, above: Array, limits: Array, excess: Array) -> bool:
    """Whether any channel exceeds both sides; ``excess`` is then positive, squares of counts."""
    constant, linear, square, threshold = limits[0], limits[1], limits[2], limits[3]
    zero = limits[5]
    most = zero
    for i in range(middle.size):
        mean = max(max(below[i], above[i]), zero)
        more = max(middle[i] - mean - threshold, zero)
        excess[i] = more * more - (constant + mean * (linear + mean * square))
        most += max(excess[i], zero)
    return bool(most > zero)


@compiled_sums
def _find(
    spectra: Array,
    noise: tuple[float, float, float],
    share: float,
    min_sigma: float,
    found: Indices,
    values: Array,
) -> int:
    """Number of struck channels; as many as there is room for are written down."""
    read, factor, spread = noise
    # The root of a number of electrons, plus 3/8, has variance 1/4: an excess in it of ``half``
    # is one of ``least + 2 half sqrt(variance)`` in counts.
    half = 0.5 * min_sigma * np.sqrt(_EXCESS_VARIANCE)
    least = factor * half**2
    floor = read + _ANSCOMBE * factor**2
    surely = _NARROW_SIGMA * np.sqrt(1 + 2 / share**2)
    count, channels = 0, spectra.shape[1]
    # In the precision of the counts, which the machine works on several at a time.
    limits = np.zeros(6, spectra.dtype)
    limits[0], limits[1] = 4 * half**2 * floor, 4 * half**2 * factor
    limits[2], limits[3], limits[4] = 4 * half**2 * spread**2, least, 1.0 / 3.0
    zero = limits[5]
    inner = channels - 2 * _REACH
    side, beyond = np.zeros(channels, spectra.dtype), np.zeros(max(inner, 0), spectra.dtype)
    # Views, so that several channels are worked on at a time.
    lefts, rights = side[_REACH - _NEXT :], side[_REACH + _NEXT :]
    for row in range(len(spectra) if inner > 0 else 0):
        c = spectra[row]
        _means_of_three(c, side, limits[4])
        for low in range(0, inner, _STRETCH):
            high = min(low + _STRETCH, inner)
            middle, excess = c[low + _REACH : high + _REACH], beyond[low:high]
            if not _stand_out(middle, lefts[low:high], rights[low:high], limits, excess):
                continue
            for i in range(low + _REACH, high + _REACH):
                if not (beyond[i - _REACH] > zero and c[i] >= c[i - 1] and c[i] > c[i + 1]):
                    continue
                left, right = side[i - _NEXT], side[i + _NEXT]
                mean = max(left, right, 0.0)
                beside = c[i - 1] + c[i + 1]
                narrow = c[i] - mean - (beside - left - right) / share
                level = max(0.5 * beside, mean)
                sigma = np.sqrt(floor + factor * level + (spread * level) ** 2)
                if narrow > surely * sigma:
                    count = _note(c, row, i, left, right, sigma, found, values, count)
    return count


@compiled
def _note(
    c: Array,
    row: int,
    i: int,
    left: float,
    right: float,
    sigma: float,
    found: Indices,
    values: Array,
    count: int,
) -> int:
    """Write down a spike and the neighbours into which it spills; struck channels so far."""
    for away in range(-1, 2):
        expected = max(0.5 * (left + right) + away * (right - left) / (2 * _NEXT), 0.0)
        if away == 0 or c[i + away] - expected > _SPILL_SIGMA * sigma:
            if count < len(values):
                found[count, 0], found[count, 1] = row, i + away
                values[count] = expected
            count += 1
    return count
