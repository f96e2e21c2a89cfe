"""Noise of a camera's channels, from how much neighbours differ."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.optimize import nnls

from nanostitch.eels.channels import Array, Mask

STENCIL = (2, 3, 4)
"""Distance of the channels on both sides whose mean is the local expectation. The nearest are left
out, because a spike spills into them."""

CURVED_FWHM = 3.0
"""Distance from the zero-loss peak from which its neighbours tell what to expect of a channel
[FWHM]."""

_BINS = 12
_CLIP = 4.0
"""Distance beyond which a channel is no noise, in standard deviations."""
_CLIPS = 10
_MEAN_CHANNELS = 33
"""Channels over which the mean is taken that the noise is described against."""
_GAIN = 12.0
"""Fall of chi-squared by which a term must better the description of the noise: that of a chance
of 0.0005."""


@dataclass(frozen=True)
class Noise:
    """Variance of a channel whose mean is ``m``: ``read_variance + factor m + (gain_spread m)^2``.

    ``factor`` is one where a count is an electron; ``gain_spread`` is the fixed pattern of the
    camera.
    """

    read_variance: float = 0.0
    factor: float = 1.0
    gain_spread: float = 0.0

    def variance(self, mean: Array) -> Array:
        """Variance of counts whose mean is given."""
        level = np.maximum(mean, 0.0)
        return np.asarray(
            self.read_variance + self.factor * level + (self.gain_spread * level) ** 2
        )

    def summed(self, spectra: int) -> "Noise":
        """Noise of a channel of the sum of some spectra, whose fixed pattern adds up."""
        return replace(self, read_variance=spectra * self.read_variance)


def _weights() -> Array:
    """Weights of both channels at each distance, such that a parabola is expected exactly."""
    away = np.array(STENCIL, float)
    s0, s2, s4 = 2.0 * away.size, 2 * (away**2).sum(), 2 * (away**4).sum()
    return np.asarray((s4 - s2 * away**2) / (s0 * s4 - s2**2))


def _expected(spectra: Array) -> Array:
    """What the neighbours of each channel let expect, NaN at the ends; one spectrum a row."""
    found = np.full(spectra.shape, np.nan)
    reach, channels = max(STENCIL), spectra.shape[1]
    inner = found[:, reach:-reach]
    inner[:] = 0.0
    for away, weight in zip(STENCIL, _weights(), strict=True):
        for start in (reach - away, reach + away):
            inner += weight * spectra[:, start : start + channels - 2 * reach]
    return found


_EXCESS_VARIANCE = 1 + 2 * float((_weights() ** 2).sum())
"""Variance of a channel less what is expected of it, over the variance of a channel."""


def measure(spectra: Array, peaks: Mask, gain_spread: float) -> Noise:
    """Describe the noise of spectra.

    Parameters
    ----------
    spectra
        Counts, one spectrum a row, taken with one camera.
    peaks
        Channels, of the same shape, that are too curved to be expected from their neighbours.
    gain_spread
        The least fixed pattern: dim channels cannot tell it, and it rules the bright ones.

    Notes
    -----
    A fixed pattern adds up over spectra while their noise averages out: so the sum of all is
    looked at, too. A term that the data do not call for is zero.
    """
    parts = [_binned(spectra.astype(float), peaks, 1)]
    if len(spectra) > 1:
        total = spectra.sum(axis=0, keepdims=True, dtype=float)
        parts.append(_binned(total, np.asarray(peaks.any(axis=0, keepdims=True)), len(spectra)))
    mean, variance, spectra_in, members = np.concatenate(parts, axis=1)
    terms = np.stack([spectra_in, mean, mean**2], axis=1)
    accuracy = np.sqrt(members / 2)
    known = mean + (gain_spread * mean) ** 2
    variance = np.maximum(variance, known)
    left = 1 - known / variance
    best, least = np.zeros(3), np.inf
    for used in product((False, True), repeat=3):
        share = terms * used / variance[:, None] * accuracy[:, None]
        excess, residual = nnls(share, left * accuracy)
        if residual**2 + _GAIN * sum(used) < least:
            best, least = excess, residual**2 + _GAIN * sum(used)
    return Noise(float(best[0]), 1.0 + float(best[1]), float(np.sqrt(gain_spread**2 + best[2])))


def _binned(spectra: Array, hidden: Mask, added: int) -> Array:
    """Mean, variance, spectra added up and channels (rows) of channels of like mean (columns)."""
    residual = spectra - _expected(spectra)
    # This mean holds all that the residual is made of, with equal weights: neither tells the other.
    mean = uniform_filter1d(spectra, _MEAN_CHANNELS, axis=1, mode="nearest")
    near = maximum_filter1d(hidden, _MEAN_CHANNELS, axis=1, mode="nearest")
    good = np.isfinite(residual) & ~near
    mean, square = np.maximum(mean[good], 0.0), residual[good] ** 2
    parts = np.array_split(np.argsort(mean, kind="stable"), min(_BINS, max(mean.size // 32, 1)))
    found: list[tuple[float, ...]] = []
    for part in parts:
        inside, variance = square[part], 0.0
        for _ in range(_CLIPS):
            variance = float(inside.mean()) if inside.size else 0.0
            inside = inside[inside <= _CLIP**2 * variance]
        if variance > 0:
            level, count = float(mean[part].mean()), float(inside.size)
            found.append((level, variance / _EXCESS_VARIANCE, float(added), count))
    return np.array(found or [(1.0, 1.0, 1.0, 1.0)]).T
