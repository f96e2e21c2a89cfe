"""Band gap as the inflection of the loss: the maximum of its smoothed first derivative."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_filter

from nanostitch.eels import tail
from nanostitch.eels.channels import Array, within

# Keeps the number of simulated electrons within what a random generator can draw.
_LEAST_DISPERSION = 1e-9


@dataclass(frozen=True)
class Smoothing:
    """Savitzky-Golay smoothing: points of the window, order of the polynomial, channel [eV]."""

    points: int
    order: int
    step_ev: float

    def first_derivative(self, loss: Array) -> Array:
        """First derivative [1/eV] of spectra, one a row; NaN where they are not known.

        Notes
        -----
        Savitzky & Golay, Anal. Chem. 36 (1964) 1627, doi:10.1021/ac60214a047.
        """
        slope = np.full(loss.shape, np.nan)
        for row, spectrum in enumerate(loss):
            known = np.flatnonzero(np.isfinite(spectrum))
            if known.size >= self.points and known.size == known[-1] - known[0] + 1:
                slope[row, known] = savgol_filter(
                    spectrum[known], self.points, self.order, deriv=1, delta=self.step_ev
                )
        return slope


def smoothing(window_ev: float, order: int, step_ev: float) -> Smoothing:
    """Nearest odd number of channels to a window that is wide enough for its polynomial."""
    points = 2 * round((window_ev / step_ev - 1) / 2) + 1
    fewest = order + 1 + order % 2
    return Smoothing(max(points, fewest), order, step_ev)


def inflection(slope: Array, energy: Array, gap_range_ev: tuple[float, float]) -> Array:
    """Energy of the largest slope in a range, between channels by a parabola [eV].

    Parameters
    ----------
    slope
        First derivative, one spectrum a row.
    energy
        Centres of the channels [eV].
    gap_range_ev
        Where the largest slope is looked for [eV].

    Returns
    -------
    numpy.ndarray
        One energy a spectrum; the first or last channel of the range where the slope is
        largest there, NaN where the slope is not known throughout the range.
    """
    used = within(energy, gap_range_ev)
    inside, at = slope[:, used], energy[used]
    known = np.asarray(np.isfinite(inside).all(axis=1))
    top = np.where(known[:, None], inside, 0.0).argmax(axis=1)
    middle = np.clip(top, 1, at.size - 2)
    left, centre, right = (
        np.take_along_axis(inside, (middle + k)[:, None], 1)[:, 0] for k in (-1, 0, 1)
    )
    curvature = left - 2 * centre + right
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where((top == middle) & (curvature < 0), (left - right) / (2 * curvature), 0.0)
    return np.where(known, at[top] + shift * (at[1] - at[0]), np.nan)


def above_gap(onset: Array, energy: Array, gap: float, smooth: Smoothing) -> float:
    """How far above its gap smoothing puts the inflection of an onset, which rises there [eV].

    Parameters
    ----------
    onset, energy
        The onset as the spectrometer shows it, and the channels' centres [eV].
    gap
        Where it begins [eV].
    smooth
        Smoothing of the loss.
    """
    slope = smooth.first_derivative(onset[None])
    shift = float(inflection(slope, energy, (energy[0], energy[-1]))[0]) - gap
    return shift if shift > 0 else 0.0


def interval(
    counts: Array,
    energy: Array,
    dispersion: float,
    smooth: Smoothing,
    gap_range_ev: tuple[float, float],
    fit_starts_ev: list[float],
    draws: int,
    seed: tuple[int, int],
) -> tuple[float, float]:
    """95 % interval of the inflection: parametric bootstrap, spread over the removal of the tail.

    Counts are drawn about the smoothed ones with a given over-dispersion, their tail is fitted
    and removed again, and the inflection's departure from that of the smoothed counts is added
    to the inflections that the measured counts give by each tail model and each start of the
    fit. No form of the onset is assumed. The interval is of the inflection; it does not hold its
    distance from the band gap.

    Parameters
    ----------
    counts, energy
        Measured counts, and the channels' centres [eV].
    dispersion
        Variance of the counts over that of electrons.
    smooth
        Smoothing of the loss.
    gap_range_ev
        Where the inflection is looked for [eV].
    fit_starts_ev
        Where fits of the tail begin; they end where the gap range begins [eV].
    draws, seed
        Number and seed of the simulated spectra.
    """
    margin = smooth.points * smooth.step_ev
    near = within(energy, (min(fit_starts_ev), gap_range_ev[1] + margin))
    counts, energy = counts[near], energy[near]
    model = savgol_filter(counts, smooth.points, smooth.order)
    electrons = np.maximum(model, 0.0) / max(dispersion, _LEAST_DISPERSION)
    random = np.random.default_rng(seed)
    drawn = dispersion * random.poisson(electrons, (draws, model.size))
    simulated = np.concatenate([model[None], drawn])
    removals = [(kind, start) for kind in tail.MODELS for start in fit_starts_ev]

    def found(spectra: Array, kind: tail.TailModel, start: float) -> Array:
        pure = within(energy, (start, gap_range_ev[0]))
        removed = tail.fit(spectra[:, pure], energy[pure], kind).at(energy)
        return inflection(smooth.first_derivative(spectra - removed), energy, gap_range_ev)

    noise = found(simulated, *removals[0])
    systematic = np.concatenate([found(counts[None], *removal) for removal in removals])
    spread = (systematic[:, None] + (noise[1:] - noise[0])[None, :]).ravel()
    spread = np.clip(spread[np.isfinite(spread)], *gap_range_ev)
    if not spread.size:
        return np.nan, np.nan
    low, high = np.quantile(spread, [0.025, 0.975])
    return float(low), float(high)
