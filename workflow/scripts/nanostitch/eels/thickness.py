"""Thickness in mean free paths of inelastic scattering: the log-ratio method."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanostitch.intervals import NORMAL_95

Real = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

SHORT = "the energy axis ends before the losses do: no thickness in mean free paths"
"""Why there is no relative thickness."""
REACH_EV = 40.0
"""Least end of an axis that holds most losses [eV]: the plasmons of solids lie at 5 to 35 eV."""
MOST_BEYOND = 0.25
"""Largest share of the losses that may lie beyond the end of the axis, by extrapolation."""
STEEPEST, USUAL, FLATTEST = 6.0, 3.0, 2.0
"""Exponents r of a loss that falls like E^-r beyond the axis: 3 for free electrons far above
their plasmon; from 2 to 6 in measured spectra (Egerton 2011, section 4.4)."""
END_SHARE = 0.05
"""Share of the channels, at the end of the axis, whose mean is extrapolated."""
SMOOTHED_EV = 0.15
"""Width over which a spectrum is averaged before its minimum is looked for [eV], so that a
chance dip of few counts is none."""
HIGHEST_SEPARATION_EV = 12.0
"""Where a minimum between zero-loss peak and losses is looked for at most [eV]: the gaps of
solids lie below."""


@dataclass(frozen=True)
class Separation:
    """Where the zero-loss peak ends, and how its tail goes on under the losses.

    ``tail_channels`` hold the tail alone. ``tails`` are an exponential and a power law through
    them (2, channel), each zero up to their end, in counts of the spectrum that was parted;
    ``continued`` what of both lies above ``energy_ev``, as a share of the counts in
    ``tail_channels``.
    """

    energy_ev: float
    tail_channels: Mask
    tails: Real
    continued: tuple[float, float]


@dataclass(frozen=True)
class Thickness:
    """t/lambda of each spectrum with its 95 % interval; ``short`` where the axis forbids it."""

    value: Real
    lower: Real
    upper: Real
    short: Mask


def separation(pooled: Real, energy: Real, tail_window_ev: Sequence[float]) -> Separation:
    """Where zero-loss peak and losses part in a spectrum of many counts.

    Parameters
    ----------
    pooled
        Sum of spectra (channel,).
    energy
        Energy loss (channel,) [eV].
    tail_window_ev
        Low edge: above the core of the peak. High edge: where the losses begin if the spectrum
        has no minimum above the low edge.

    Notes
    -----
    The first minimum, as Malis et al. (1988) take it. The tail above it lies between an
    exponential and a power law through the same counts below it.
    """
    low, high = (float(edge) for edge in tail_window_ev)
    step = float((energy[-1] - energy[0]) / (energy.size - 1))
    wide = max(1, round(SMOOTHED_EV / step))
    smooth = np.convolve(pooled, np.full(wide, 1 / wide), "same")
    sought = np.flatnonzero((energy >= low) & (energy <= HIGHEST_SEPARATION_EV))
    sought = sought[sought < energy.size - wide]
    if sought.size:
        lowest = sought[np.argmin(smooth[sought])]
        falls = lowest in (sought[0], sought[-1])
        high = high if falls else float(energy[lowest])
    # Near the minimum losses level the tail: it is taken from the lower half.
    half = (energy >= low) & (energy <= 0.5 * (low + high))
    tails = _tails(pooled, energy, half)
    above = tails[:, energy > high].sum(axis=1) / max(float(pooled[half].sum()), 1.0)
    return Separation(high, half, tails, (float(above.min()), float(above.max())))


def _tails(pooled: Real, energy: Real, tail: Mask) -> Real:
    """Exponential and power law through both halves of a tail, above it; zero if it rises."""
    found = np.zeros((2, energy.size))
    if tail.sum() < 4:
        return found
    parts = np.array_split(np.flatnonzero(tail), 2)
    counts = [float(pooled[part].mean()) for part in parts]
    places = [float(energy[part].mean()) for part in parts]
    if not counts[0] > counts[1] > 0:
        return found
    slope = np.log(counts[0] / counts[1])
    above = energy > energy[tail][-1]
    away = energy[above] - places[1]
    found[0, above] = counts[1] * np.exp(-away * slope / (places[1] - places[0]))
    exponent = slope / np.log(places[1] / places[0])
    found[1, above] = counts[1] * (energy[above] / places[1]) ** -exponent
    return found


def relative_thickness(
    counts: Real,
    energy: Real,
    pooled: Real | None = None,
    tail_window_ev: Sequence[float] = (),
    gain: float | Real = 1.0,
    *,
    parts: Separation | None = None,
) -> Thickness:
    """Thickness over the mean free path of inelastic scattering: ln(all counts / zero-loss).

    Parameters
    ----------
    counts
        Spectra (n, channel) with their zero-loss peak at 0 eV.
    energy
        Energy loss (channel,) [eV].
    pooled, tail_window_ev
        What :func:`separation` needs; or its result as ``parts``.
    gain
        Variance of the counts over that of electrons, of all or of each spectrum.

    Returns
    -------
    Thickness
        NaN where the axis is short, or a spectrum holds no zero-loss counts. The interval holds
        counting noise, how the zero-loss tail goes on under the losses, and what lies beyond the
        axis. Losses below the separation count as zero-loss: nothing tells them apart.

    Notes
    -----
    Malis, Cheng & Egerton, J. Electron Microsc. Tech. 8 (1988) 193,
    doi:10.1002/jemt.1060080206. Elastic scattering cancels; what the aperture cuts off does not.
    """
    if parts is None:
        assert pooled is not None
        parts = separation(pooled, energy, tail_window_ev)
    ranges = stretches(energy, parts)
    sums = np.array([counts[:, part].sum(axis=1, dtype=float) for part in ranges])
    return of_sums(sums, energy, parts, gain)


def stretches(energy: Real, parts: Separation) -> list[slice]:
    """Channels of the zero-loss peak, of the losses, of the tail alone and at the axis' end."""
    end_of_zero = int(np.searchsorted(energy, parts.energy_ev, "right"))
    tail, last = np.flatnonzero(parts.tail_channels), max(1, round(END_SHARE * energy.size))
    of_tail = slice(int(tail[0]), int(tail[-1]) + 1) if tail.size else slice(0, 0)
    end = slice(energy.size - last, energy.size)
    return [slice(0, end_of_zero), slice(end_of_zero, energy.size), of_tail, end]


def reaches(energy: Real) -> bool:
    """Whether an axis is long enough for a thickness."""
    return bool(energy[-1] >= REACH_EV)


def of_sums(sums: Real, energy: Real, parts: Separation, gain: float | Real = 1.0) -> Thickness:
    """The same from the counts in :func:`stretches`, dims (stretch, n)."""
    zero, lost, tail, end = sums
    end = np.maximum(end / max(1, round(END_SHARE * energy.size)), 0)
    beyond = end * energy[-1] / (energy[1] - energy[0])
    least, most = parts.continued
    with np.errstate(divide="ignore", invalid="ignore"):
        value, lower, upper = (
            np.log1p((lost - under * tail + beyond / (r - 1)) / (zero + under * tail))
            for under, r in (
                (0.5 * (least + most), USUAL),
                (most, STEEPEST),
                (least, FLATTEST),
            )
        )
        noise = NORMAL_95 * np.sqrt(gain * lost / zero / (zero + lost))
        share = beyond / (FLATTEST - 1) / lost
    short = ~(share <= MOST_BEYOND) if reaches(energy) else np.ones(len(zero), bool)
    known = ~short & (zero > 0) & np.isfinite(value)
    low_end = value - np.hypot(value - lower, noise)
    high_end = value + np.hypot(upper - value, noise)
    value, low_end, high_end = (np.where(known, v, np.nan) for v in (value, low_end, high_end))
    return Thickness(value, low_end, high_end, short)
