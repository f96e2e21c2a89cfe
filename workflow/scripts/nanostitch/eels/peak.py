"""One peak in a spectrum of counts: its centre, its uncertainty, its widths, what surrounds it.

All in channels; a spectrum is searched around its brightest channel only.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.noise import Noise

FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))

_RADIUS_SIGMA = 3.5
"""Radius of the biweight over the standard deviation of the peak. The scatter of the centre is
then 1.08 times the least possible for a Gaussian, and 1.02 with a Lorentzian part of 30 %."""
CLEAR_FWHM = 1.5
"""Distance from the centre beyond which the gain side must be low, so that a slope is not taken
for a peak [FWHM]."""
_SHOULDER_FWHM, _FLAT = 0.3, 0.92
"""Distance from the centre at which a peak is lower than this share of its height unless its top is
cut off [FWHM]: there a Gaussian is 0.78, a Lorentzian 0.74, a Gaussian cut at a half 0.98."""
_CORE_FWHM = 0.4
"""Half-width of the part whose parabola gives the height [FWHM]."""
_SETTLED = 1e-3
"""Relative change of the biweight's radius from which on it is kept."""
_WIDTH_TURNS, _TURNS = 12, 60
"""Most turns until the radius is kept, and until the centre is found."""
_CONVERGED = 1e-8
"""Last step of the centre [channel]."""
_WHOLE_FWHM = 3.0
"""Half-width of what counts as the peak, for its counts and its width at a tenth [FWHM]."""


def _gaussian_moment() -> float:
    """Second moment of a Gaussian peak under that biweight, over its variance."""
    x = np.linspace(-_RADIUS_SIGMA, _RADIUS_SIGMA, 2001)
    weighed = (1 - (x / _RADIUS_SIGMA) ** 2) ** 2 * np.exp(-0.5 * x**2)
    return float((weighed * x**2).sum() / weighed.sum())


_MOMENT = _gaussian_moment()


@dataclass(frozen=True)
class Peaks:
    """Peaks of several spectra, one entry each; in channels from the first, NaN where unknown.

    Attributes
    ----------
    top
        Brightest channel.
    centre, uncertainty
        Centre and its standard uncertainty by noise.
    fwhm, fwtm
        Full width at half the maximum and at a tenth of it.
    height
        Counts in a channel at the maximum.
    core, counts
        Counts within one and within three times ``fwhm`` of the centre.
    gain_level
        Mean level on the gain side, next to 1.5 times ``fwhm`` from the centre, over ``height``.
    flat
        Whether the two channels beside the brightest are as bright, or both shoulders nearly as
        high as the summit: a camera saturates, perhaps below a correction of its gain.
    """

    top: NDArray[np.int64]
    centre: Array
    uncertainty: Array
    fwhm: Array
    fwtm: Array
    height: Array
    core: Array
    counts: Array
    gain_level: Array
    flat: Mask


def measure(spectra: Array, noise: Noise) -> Peaks:
    """Measure the peak at the brightest channel of each spectrum.

    The centre is where the electrons under Tukey's biweight balance; the biweight is centred on
    it and 3.5 times as wide as the standard deviation of the peak's core. It follows the core,
    not the tails, and is nearly as sharp as the noise allows. An asymmetric peak has no unique
    centre: this one lies between its maximum and its centroid.

    Parameters
    ----------
    spectra
        Counts, one spectrum a row; float32 or float64.
    noise
        Variance of the counts.

    Notes
    -----
    Biweight: Beaton & Tukey, Technometrics 16 (1974) 147.
    Each electron is an observation of the location; the uncertainty is that of an M-estimator.
    """
    top = spectra.argmax(axis=1)
    found = _measure(spectra, top, noise.read_variance, noise.factor, noise.gain_spread)
    beside = np.minimum(top[:, None] + np.arange(3), spectra.shape[1] - 1)
    flat = np.ptp(np.take_along_axis(spectra, beside, axis=1), axis=1) == 0
    flat |= found[:, -1] > _FLAT
    names = [field.name for field in fields(Peaks)][1:-1]
    return Peaks(top, **dict(zip(names, found[:, :-1].T, strict=True)), flat=np.asarray(flat))


@compiled
def _moments(
    c: Array, centre: float, radius: float, read: float, factor: float, spread: float
) -> tuple[float, float, float, float, float]:
    """Sums under the biweight: counts, first and second moment, slope of the first, variance."""
    low, high = max(int(np.ceil(centre - radius)), 0), min(int(centre + radius), c.size - 1)
    total = first = second = slope = variance = 0.0
    for j in range(low, high + 1):
        x = j - centre
        share = (x / radius) ** 2
        weight = (1 - share) ** 2
        total += weight * c[j]
        first += weight * x * c[j]
        second += weight * x * x * c[j]
        slope += (1 - share) * (1 - 5 * share) * c[j]
        level = max(c[j], 0.0)
        variance += (weight * x) ** 2 * (read + factor * level + (spread * level) ** 2)
    return total, first, second, slope, variance


@compiled
def _crossing(c: Array, top: int, step: int) -> float:
    """Distance from the brightest channel to where half of it is reached."""
    level, j = 0.5 * c[top], top
    while 0 <= j + step < c.size and c[j + step] >= level:
        j += step
    return abs(j - top) + 0.5


@compiled
def _length_above(c: Array, level: float, low: float, high: float) -> float:
    """Length of axis on which a peak exceeds a level; NaN if it does so where the range ends.

    The root of the counts, of even noise, is interpolated: its error is the least for both a half
    and a tenth of the maximum.
    """
    first, last = max(int(np.ceil(low)), 0), min(int(high), c.size - 1)
    if last - first < 2 or c[first] > level or c[last] > level:
        return np.nan
    root, length = np.sqrt(level), 0.0
    left = np.sqrt(max(c[first], 0.0))
    for j in range(first + 1, last + 1):
        right = np.sqrt(max(c[j], 0.0))
        if left > root and right > root:
            length += 1.0
        elif left > root or right > root:
            length += (max(left, right) - root) / abs(right - left)
        left = right
    return length


@compiled
def _height(c: Array, centre: float, radius: float) -> float:
    """Maximum of a parabola through the logarithm of the counts, symmetric about the centre."""
    s0 = s1 = s2 = t0 = t1 = 0.0
    for j in range(
        max(int(np.ceil(centre - radius)), 0), min(int(centre + radius), c.size - 1) + 1
    ):
        if c[j] > 0:
            x, y = (j - centre) ** 2, np.log(c[j])
            s0, s1, s2 = s0 + c[j], s1 + c[j] * x, s2 + c[j] * x * x
            t0, t1 = t0 + c[j] * y, t1 + c[j] * x * y
    determinant = s0 * s2 - s1 * s1
    return np.exp((t0 * s2 - t1 * s1) / determinant) if determinant > 0 else np.nan


@compiled
def _sum(c: Array, low: float, high: float) -> float:
    total = 0.0
    for j in range(max(int(np.ceil(low)), 0), min(int(high), c.size - 1) + 1):
        total += c[j]
    return total


@compiled
def _shoulder(c: Array, centre: float, away: float) -> float:
    """Counts on the lower side of a peak at a distance from its centre; NaN beyond the axis."""
    lowest = np.inf
    for side in (-1.0, 1.0):
        at = centre + side * away
        if not 0 <= at < c.size - 1:
            return np.nan
        low = int(at)
        lowest = min(lowest, c[low] + (at - low) * (c[low + 1] - c[low]))
    return lowest


@compiled
def _centre(
    c: Array, top: int, read: float, factor: float, spread: float
) -> tuple[float, float, float]:
    """Centre, its uncertainty, and the standard deviation of the core; NaN without a peak."""
    fwhm = _crossing(c, top, -1) + _crossing(c, top, 1)
    centre, sigma, settled = float(top), max(fwhm, 1.5) / FWHM_PER_SIGMA, False
    for turn in range(_TURNS):
        radius = max(_RADIUS_SIGMA * sigma, 1.5)
        total, first, second, slope, variance = _moments(c, centre, radius, read, factor, spread)
        if not (total > 0 and second > 0) or abs(centre - top) > fwhm + radius:
            return np.nan, np.nan, np.nan
        step = first / slope if slope > 0.2 * total else first / total
        step = min(max(step, -0.5 * radius), 0.5 * radius)
        centre += step
        wider = min(max(np.sqrt(second / total / _MOMENT) / sigma, 0.5), 2.0)
        if settled:
            if abs(step) < _CONVERGED:
                return centre, np.sqrt(variance) / slope if slope > 0 else np.nan, sigma
        else:
            sigma *= wider
            settled = abs(wider - 1) < _SETTLED or turn > _WIDTH_TURNS
    return np.nan, np.nan, np.nan


@compiled
def _measure(
    spectra: Array, tops: NDArray[np.int64], read: float, factor: float, spread: float
) -> Array:
    found = np.full((len(spectra), 9), np.nan)
    for row in range(len(spectra)):
        c, top = spectra[row], tops[row]
        if not c[top] > 0:
            continue
        centre, uncertainty, sigma = _centre(c, top, read, factor, spread)
        if not np.isfinite(centre):
            continue
        width = FWHM_PER_SIGMA * sigma
        height = _height(c, centre, max(_CORE_FWHM * width, 1.5))
        reach = max(1.5 * width, 3.0)
        fwhm = _length_above(c, 0.5 * height, centre - reach, centre + reach)
        whole = _WHOLE_FWHM * fwhm
        fwtm = np.nan
        level = np.inf
        if np.isfinite(fwhm):
            fwtm = _length_above(c, 0.1 * height, centre - whole, centre + whole)
            edge = centre - CLEAR_FWHM * fwhm
            first = max(int(np.ceil(edge - max(fwhm, 1.0))), 0)
            if int(np.floor(edge)) >= first:
                level = _sum(c, first, edge) / (int(np.floor(edge)) - first + 1) / height
        core = _sum(c, centre - fwhm, centre + fwhm)
        counts = _sum(c, centre - whole, centre + whole)
        shoulder = _shoulder(c, centre, _SHOULDER_FWHM * fwhm) / height
        found[row] = (centre, uncertainty, fwhm, fwtm, height, core, counts, level, shoulder)
    return found
