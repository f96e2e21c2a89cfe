"""The curves of an integrating sphere: dark level, noise, and photons under line and emission."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.plqy import windows
from nanostitch.plqy.photons import FOURTH_DIFFERENCE, Weighting, scatter
from nanostitch.plqy.windows import Part, Values, Window

FEWEST_DARK = 8
"""Channels without light below which their mean is no dark level."""
FEWEST_IN_WINDOW = 3
"""Channels below which a part of a spectrum does not cover a window."""
SAME_RANGE = 0.95
"""Share of the longest range in a window, of all curves, that a spectrum must have to count there.
Shorter ones are other ranges, or lack channels that others have: the saturated top of a line that
the instrument writes as no number."""
GAP = 1.5
"""Steps between channels, of the median one, from which on some are lacking."""
FLAT_TOP = 3
"""Neighbouring channels that share the highest value of a saturated detector."""
ABOVE_NOISE = 10.0
"""Height of a top that is no noise, in standard deviations by the median."""
_CLIP = 4.0  # standard deviations, by the median, beyond which a channel is not dark
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Recorded:
    """One spectrum less its dark level, with what its noise is made of.

    ``noise_variance`` is that of a channel without light, ``dark_sd`` the standard uncertainty of
    the level that was subtracted; ``key`` tells spectra apart by their content.
    """

    wavelength: Values
    signal: Values
    dark: float
    dark_sd: float
    noise_variance: float
    key: int
    is_flat_topped: bool

    def smooth(self) -> Values:
        """Expected signal of each channel, for its noise: running mean, none below 0."""
        return np.asarray(np.maximum(windows.running_mean(self.signal), 0.0))


@dataclass(frozen=True)
class Amount:
    """Photons of one curve in one window: one entry for each spectrum that covers it.

    ``value`` and ``sd`` (additive noise) are in the units of the weighting, ``keys`` those of the
    spectra, ``response_sd`` the relative uncertainty that all share through the response.
    """

    value: tuple[float, ...]
    sd: tuple[float, ...]
    keys: tuple[int, ...]
    response_sd: float

    @property
    def total(self) -> float:
        """Mean over the spectra; NaN without any."""
        return float(np.mean(self.value)) if self.value else np.nan

    @property
    def total_sd(self) -> float:
        """Standard uncertainty of the mean by counting and read-out; NaN without any."""
        return float(np.hypot.reduce(self.sd) / len(self.sd)) if self.sd else np.nan


def parts(curve: Sequence[xr.Dataset]) -> list[Part]:
    """Spectra of one curve, without channels that are no number, and without empty ones."""
    found = []
    for raw in curve:
        wavelength = raw["wavelength"].to_numpy().astype(float)
        signal = raw["intensity"].to_numpy().astype(float)
        known = np.isfinite(signal)
        if known.sum() >= FEWEST_IN_WINDOW:
            found.append(Part(wavelength[known], signal[known]))
    return found


def recorded(part: Part, lit: Sequence[Window], dark_level: str) -> Recorded:
    """Subtract the level of the channels that no light reaches.

    Parameters
    ----------
    part
        Spectrum as recorded.
    lit
        Windows of excitation and emission [nm]; the dark is what lies outside.
    dark_level
        ``estimated``, or ``subtracted`` where the instrument has done it. ``dark_sd`` is NaN where
        it should be estimated and no channel is dark.
    """
    free = np.ones(part.wavelength.size, bool)
    for window in lit:
        free &= ~windows.inside(part.wavelength, window)
    rough = scatter(part.signal)
    rough = rough[_whole(free)[2:-2]] if rough.size else rough
    variance = float(np.mean(rough**2)) if rough.size >= FEWEST_DARK else 0.0
    values = part.signal[free]
    if values.size:
        middle = np.median(values)
        spread = _MAD_TO_SD * np.median(np.abs(values - middle))
        values = values[np.abs(values - middle) <= _CLIP * spread]
    level, sd = 0.0, np.nan
    if values.size >= FEWEST_DARK:
        level, sd = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    if dark_level == "subtracted":
        level, sd = 0.0, 0.0
    return Recorded(
        wavelength=part.wavelength,
        signal=part.signal - level,
        dark=level,
        dark_sd=sd,
        noise_variance=variance,
        key=zlib.crc32(np.ascontiguousarray(part.signal).tobytes()),
        is_flat_topped=_is_flat_topped(part.signal),
    )


def counting_gain(spectra: Sequence[Recorded], window: Window) -> float:
    """Variance of counting over signal, from the scatter within a window.

    1 for single photons, less for a detector that needs several electrons a count.
    """
    excess, signal = 0.0, 0.0
    for one in spectra:
        here = windows.inside(one.wavelength, window)
        noise = scatter(one.signal[here])
        if noise.size:
            excess += float((noise**2 - one.noise_variance).sum())
            signal += float(one.smooth()[here][2:-2].sum())
    return max(excess / signal, 0.0) if signal > 0 else 0.0


def amount(
    spectra: Sequence[Recorded],
    window: Window,
    weighting: Weighting,
    gain: float,
    widest: float,
) -> Amount:
    """Photons within a window, by the trapezoidal rule.

    Parameters
    ----------
    spectra
        Spectra of one curve; those that cover the window count, their mean where several do.
    window
        From where to where [nm].
    weighting
        Photons per signal.
    gain
        Variance of counting over signal.
    widest
        Longest range that any curve has in the window [nm].
    """
    values, sds, keys, response = [], [], [], [0.0]
    for one in _covering(spectra, window, widest):
        here = windows.inside(one.wavelength, window)
        position, signal = one.wavelength[here], one.signal[here]
        weight = steps(position) * weighting.at(position)
        variance = one.noise_variance + gain * one.smooth()[here]
        level = 0.0 if np.isnan(one.dark_sd) else one.dark_sd
        values.append(float(weight @ signal))
        sds.append(float(np.sqrt(weight**2 @ variance + (weight.sum() * level) ** 2)))
        keys.append(one.key)
        share = np.maximum(weight * signal, 0.0)
        response.append(weighting.relative_error(position, share))
    return Amount(tuple(values), tuple(sds), tuple(keys), max(response))


def spectrum(spectra: Sequence[Recorded], weighting: Weighting, at: Values) -> Values:
    """Photons per nm at given wavelengths [nm]: NaN where none was recorded."""
    found = np.full(at.size, np.nan)
    for one in spectra:
        where = np.isin(at, one.wavelength)
        known = np.isin(one.wavelength, at)
        found[where] = (one.signal * weighting.at(one.wavelength))[known]
    return found


def steps(position: Values) -> Values:
    """Widths of the channels under the trapezoidal rule [nm]."""
    gaps: NDArray[np.float64] = np.diff(position)
    return np.asarray((np.append(gaps, 0.0) + np.insert(gaps, 0, 0.0)) / 2)


def span(one: Recorded, window: Window) -> float:
    """Range that a spectrum has in a window, without gaps [nm]."""
    position = one.wavelength[windows.inside(one.wavelength, window)]
    if position.size < FEWEST_IN_WINDOW:
        return 0.0
    gaps = np.diff(position)
    return float(gaps[gaps <= GAP * np.median(gaps)].sum())


def _covering(spectra: Sequence[Recorded], window: Window, widest: float) -> list[Recorded]:
    """Spectra that cover a window as far as the one of all curves that covers most of it."""
    least = SAME_RANGE * widest
    return [one for one in spectra if widest > 0 and span(one, window) >= least]


def _whole(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Channels whose neighbours, as far as the scatter reaches, are dark like themselves."""
    return np.asarray(np.convolve(free, np.ones(FOURTH_DIFFERENCE.size), "same") > 4.5)


def _is_flat_topped(signal: Values) -> bool:
    """Whether the highest value stands in several neighbouring channels, far above the rest."""
    height = signal - np.median(signal)
    spread = _MAD_TO_SD * np.median(np.abs(height))
    top = (height == height.max()) & (height > ABOVE_NOISE * spread)
    longest = run = 0
    for one in top:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return longest >= FLAT_TOP
