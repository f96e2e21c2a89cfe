"""Where the excitation line and the emission lie in the curves of an integrating sphere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Window = tuple[float, float]

NEAR_EXCITATION_NM = 15.0
"""How far from the told wavelength the excitation line may lie [nm]: monochromators and their
operators agree to a few nm, and within this the neighbouring lines of a lamp do not."""
SMOOTHED_SHARE = 50
"""The emission is looked for in running means over this part of the channels: short against any
emission that fills a tenth of a spectrum, long enough to bury the noise of single channels."""
BASE_PERCENTILE = 25.0
"""Percentile of a spectrum taken for its foot while widths are found: lines fill less than three
quarters of what is recorded."""


@dataclass(frozen=True)
class Part:
    """One recorded spectrum: wavelength [nm], rising, and signal above nothing, as recorded."""

    wavelength: Values
    signal: Values


@dataclass(frozen=True)
class Line:
    """A maximum with its full width at half maximum, both in nm."""

    centre: float
    fwhm: float

    def window(self, half_widths: float) -> Window:
        """From so many full widths below the centre to as many above it [nm]."""
        reach = half_widths * self.fwhm
        return self.centre - reach, self.centre + reach


def excitation(parts: Sequence[Part], told_nm: float | None) -> Line | None:
    """Excitation line: the highest maximum, near the told wavelength where one is told.

    None where no channel lies there, or the line has no flank within the range.
    """
    near = (0.0, np.inf)
    if told_nm is not None:
        near = (told_nm - NEAR_EXCITATION_NM, told_nm + NEAR_EXCITATION_NM)
    return _highest(parts, near, smooth=False)


def emission(parts: Sequence[Part], above_nm: float) -> Line | None:
    """Emission: the highest maximum of running means above a wavelength [nm], None without one."""
    return _highest(parts, (above_nm, np.inf), smooth=True)


def inside(wavelength: Values, window: Window) -> NDArray[np.bool_]:
    """Channels within a window, its ends included."""
    low, high = window
    return np.asarray((wavelength >= low) & (wavelength <= high))


def running_mean(signal: Values) -> Values:
    """Mean over neighbouring channels, over fewer of them towards the ends."""
    reach = max(signal.size // SMOOTHED_SHARE, 1) // 2
    if reach == 0:
        return signal
    kernel = np.ones(2 * reach + 1)
    total = np.convolve(signal, kernel, mode="same")
    return np.asarray(total / np.convolve(np.ones(signal.size), kernel, mode="same"))


def _highest(parts: Sequence[Part], near: Window, smooth: bool) -> Line | None:
    found: list[tuple[float, Line]] = []
    for part in parts:
        here = inside(part.wavelength, near)
        if here.sum() < 3:
            continue
        position, signal = part.wavelength[here], part.signal[here]
        signal = running_mean(signal) if smooth else signal
        top = int(signal.argmax())
        height = float(signal[top] - np.percentile(signal, BASE_PERCENTILE))
        width = _full_width(position, signal, top, height)
        if width is not None:
            found.append((height, Line(float(position[top]), width)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _full_width(position: Values, signal: Values, top: int, height: float) -> float | None:
    """Full width at half maximum [nm]; a flank outside the range counts like the other one."""
    half = float(signal[top]) - height / 2
    flanks = []
    for side in (slice(top, None, -1), slice(top, None)):
        x, y = position[side], signal[side]
        below = np.flatnonzero(y < half)
        if below.size:
            at = int(below[0])
            share = (y[at - 1] - half) / (y[at - 1] - y[at])
            flanks.append(abs(float(x[at - 1] + share * (x[at] - x[at - 1])) - position[top]))
    return 2 * float(np.mean(flanks)) if flanks else None
