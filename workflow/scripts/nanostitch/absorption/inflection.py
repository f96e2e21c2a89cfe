"""Edge as the steepest rise of absorbance, over several smoothing windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from nanostitch import local_polynomial
from nanostitch.absorption.baseline import Baseline
from nanostitch.absorption.spectrum import Spectrum

Values = NDArray[np.float64]

ORDER = 3
"""Of the local polynomial; a cubic keeps the position of an inflection to second order."""
_STEP_EV = 1e-3
_AROUND_EV = 0.1
"""Distance from the first guess within which the steepest rise is looked for again: inside it
a line as broad as those at room temperature has one inflection."""


@dataclass(frozen=True)
class Guess:
    """First guess of an edge.

    ``energy`` of the inflection, ``half_width``: distance below it at which the slope has fallen
    to its half [eV], ``significance``: standard deviations by which the slope stands out, 0 where
    it has no maximum, ``rival``: share of it by which the next maximum stands out.
    """

    energy: float
    half_width: float
    significance: float
    rival: float


def guess(
    spectrum: Spectrum, range_ev: tuple[float, float], window_ev: float, min_sigma: float
) -> Guess | None:
    """Steepest rise within a range of energies, without regard to the baseline.

    Rises that stand out below the first saturated point come before those in the dark.

    Returns
    -------
    Guess or None
        None where the spectrum does not cover the range.

    Notes
    -----
    The noise of the slope is that of the smoothed absorbance. Scatter and absorption in the
    ultraviolet rise, too, but ever more: a slope counts by its prominence, which is how far it
    falls on both sides before it rises higher, and a rise up to the end of the range is no edge.
    """
    low, high = range_ev
    energy = spectrum.energy
    if energy.size < ORDER + 2 or energy[0] > low or energy[-1] < high:
        return None
    at = np.arange(low, high, _STEP_EV)
    operator = local_polynomial.operator(energy, at, window_ev / 2, ORDER, 1)
    slope = operator @ spectrum.absorbance
    tops, about = find_peaks(slope, prominence=0.0)
    if not tops.size:
        return Guess(np.nan, np.nan, 0.0, 0.0)
    excesses = about["prominences"]
    noises = np.linalg.norm(operator[tops] * spectrum.noise, axis=1)
    dark = energy[spectrum.saturated & (energy >= low)].min(initial=np.inf)
    lit = (at[tops] < dark - window_ev / 2) & (excesses >= min_sigma * noises)
    if lit.any():
        tops, excesses, noises = tops[lit], excesses[lit], noises[lit]
    order = np.argsort(excesses)
    top, excess, noise = (one[order[-1]] for one in (tops, excesses, noises))
    lower = np.flatnonzero(slope[: top + 1] < slope[top] - excess / 2)
    half = float(at[top] - at[lower[-1]]) if lower.size else window_ev / 2
    rival = excesses[order[-2]] / excess if tops.size > 1 else 0.0
    return Guess(float(at[top]), half, float(excess / noise), float(rival))


def draws(
    spectrum: Spectrum,
    baselines: Sequence[Baseline],
    first: Guess,
    windows: Sequence[float],
    number: int,
    random: np.random.Generator,
) -> tuple[float, Values]:
    """Inflection of the edge above its baseline, and draws of what it could as well be [eV].

    Each draw takes one window and one baseline, and adds noise anew: departures from the value
    without added noise are what noise does. The value is the mean over windows and baselines.

    Parameters
    ----------
    first
        First guess.
    windows
        Full widths of the smoothing windows, in half widths of the rise.
    number, random
        How many draws, and with what.
    """
    at = first.energy + np.arange(-_AROUND_EV, _AROUND_EV + _STEP_EV / 2, _STEP_EV)
    values, drawn = [], []
    each = -(-number // (len(windows) * len(baselines)))
    for window in windows:
        operator = local_polynomial.operator(
            spectrum.energy, at, window * first.half_width / 2, ORDER, 1
        )
        for baseline in baselines:
            under = baseline.at(spectrum.wavelength)
            slope = (spectrum.absorbance - under) @ operator.T
            value = float(local_polynomial.summits(slope[None], at)[0])
            noise = spectrum.noise * random.standard_normal((each, spectrum.noise.size))
            moved = baseline.draws(spectrum.wavelength, random.standard_normal((each, 3)))
            tried = slope + (noise - (moved - under)) @ operator.T
            values.append(value)
            drawn.append(local_polynomial.summits(tried, at))
    return float(np.mean(values)), np.concatenate(drawn)
