"""Band gap by a fit of the onset: likelihood of every gap, over an ensemble of defensible fits.

A member of the ensemble is a fit window and a model of the zero-loss tail. It describes the
counts n(E) of the aligned spectrum by

    tail(E) (a + b r(E)) + [ (c + d (E - Eg)) (E - Eg)^1/2 above Eg ] convolved with the
    measured zero-loss peak,

which is linear in all but Eg, so that the likelihood of each Eg on a grid has a closed form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.interpolate import Akima1DInterpolator
from scipy.ndimage import uniform_filter1d

from nanostitch.eels import tail
from nanostitch.eels.channels import Array, within
from nanostitch.eels.onset_shape import Templates

EnsembleTail = Literal["power_law", "exponential", "vacuum"]

_REFINED = 10
_SHORTEST_ABOVE_FWHM = 4.0
_REWEIGHTINGS = 1
_SMOOTHED_CHANNELS = 5
# Excess of chi-square beyond which a gap is ruled out, however far beyond.
_IMPOSSIBLE = 1000.0
_TINY = 1e-30


@dataclass(frozen=True)
class Ensemble:
    """Which fits are made; see the schema for the meaning of each field."""

    gap_range_ev: tuple[float, float]
    tail_models: Sequence[EnsembleTail]
    fit_start_fractions: Sequence[float]
    fit_end_fractions: Sequence[float]
    onset_curvature_per_ev: float

    @property
    def starts_ev(self) -> list[float]:
        """Where fits begin [eV]."""
        return [share * self.gap_range_ev[0] for share in self.fit_start_fractions]


@dataclass(frozen=True)
class Member:
    """One fit: chi-square of every gap, without an onset, and the best model."""

    energy: Array
    chi_square: Array
    without_onset: float
    dispersion: float
    model: Array

    @property
    def best(self) -> float:
        """Smallest chi-square over all gaps."""
        return float(self.chi_square.min())


@dataclass(frozen=True)
class Posterior:
    """Probability of each gap [eV], how far the onset stands out, and the best member."""

    gap: float
    lower: float
    upper: float
    significance: float
    dispersion: float
    best: Member


def fit(
    counts: Array, vacuum: Array | None, shapes: Templates, fwhm: float, ensemble: Ensemble
) -> Posterior | None:
    """Probability of the gap, given one aligned spectrum.

    In each window the tail models share the probability by their likelihood, tempered by the
    over-dispersion of the best of them; the windows weigh the same, for they fit different
    channels and cannot be compared. The interval is cut from this mixture, so it holds the
    statistical and the systematic part. Windows end at shares of the way from a first fit's
    gap to the end of the range.

    Parameters
    ----------
    counts
        Counts in the channels of ``shapes``.
    vacuum
        Scaled vacuum reference there, for the tail model ``vacuum``; None where there is none.
    shapes
        From :func:`nanostitch.eels.onset_shape.templates`.
    fwhm
        Full width of the zero-loss peak at half maximum [eV].
    ensemble
        Which fits are made.

    Returns
    -------
    Posterior | None
        None where no window holds a tail that can be fitted: its channels are empty.
    """
    high, starts = ensemble.gap_range_ev[1], ensemble.starts_ev
    first = _window(counts, vacuum, shapes, (starts[0], high), ensemble)
    around = _median(shapes.gaps, first)
    ends = [
        min(high, around + max(share * (high - around), _SHORTEST_ABOVE_FWHM * fwhm))
        for share in ensemble.fit_end_fractions
    ]
    windows = [
        _window(counts, vacuum, shapes, (start, end), ensemble) for start in starts for end in ends
    ]
    possible = [window for window in windows if window]
    return _mixture(shapes.gaps, possible) if possible else None


def _window(
    counts: Array,
    vacuum: Array | None,
    shapes: Templates,
    window: tuple[float, float],
    ensemble: Ensemble,
) -> list[Member]:
    used = within(shapes.energy, window)
    pure = within(shapes.energy, (window[0], ensemble.gap_range_ev[0]))
    onsets = shapes.within(window)
    energy = onsets.energy
    members = []
    for model in ensemble.tail_models:
        if model == "vacuum":
            if vacuum is None:
                continue
            shape, along = vacuum[used], tail.regressor("power_law", energy)
        else:
            fitted = tail.fit(counts[None, pure], shapes.energy[pure], model)
            shape, along = fitted.at(energy)[0], tail.regressor(model, energy)
        if np.isfinite(shape).all() and shape.any():
            # A small change of the exponent adds the tail times the regressor.
            tails = np.stack([shape, shape * (along - along.mean())])
            members.append(_member(counts[used], tails, onsets, ensemble))
    return members


def _member(counts: Array, tails: Array, onsets: Templates, ensemble: Ensemble) -> Member:
    electron = float(tail.one_electron(counts)[0])
    mean = uniform_filter1d(counts, _SMOOTHED_CHANNELS)
    for _ in range(1 + _REWEIGHTINGS):
        weight = 1 / (np.maximum(mean, 0.0) + electron)
        chi_square, coefficients, without = _profile(
            counts, weight, tails, onsets, ensemble.onset_curvature_per_ev, electron
        )
        best = int(chi_square.argmin())
        shape = np.stack([*tails, onsets.root[best], onsets.curved[best]])
        mean = coefficients[best] @ shape
    scatter = float(tail.dispersion(counts, mean, len(shape) + 1))
    return Member(onsets.energy, chi_square, without, scatter, mean)


def _profile(
    counts: Array,
    weight: Array,
    tails: Array,
    onsets: Templates,
    curvature: float,
    noise: float,
) -> tuple[Array, Array, float]:
    """Least chi-square and its coefficients for each gap, and chi-square without an onset.

    The onset's curvature over its amplitude has a Gaussian prior about 0, in units of the noise
    (variance of the counts over that of electrons); an onset of negative amplitude is none.
    """
    number = len(onsets.gaps)
    weighed = np.stack([*(weight * tails), weight * counts], axis=1)
    normal, right = np.empty((number, 4, 4)), np.empty((number, 4))
    normal[:, :2, :2] = tails @ weighed[:, :2]
    right[:, :2] = tails @ weighed[:, 2]
    for k, onset in ((2, onsets.root), (3, onsets.curved)):
        seen = onset @ weighed
        normal[:, k, :2] = normal[:, :2, k] = seen[:, :2]
        right[:, k] = seen[:, 2]
    normal[:, 2, 2], mixed, normal[:, 3, 3] = (part @ weight for part in onsets.squares)
    normal[:, 2, 3] = normal[:, 3, 2] = mixed
    total = float(weight @ counts**2)
    tail_chi, tail_only = _solved(normal[:, :2, :2], right[:, :2], total)
    root_chi, root = _solved(normal[:, :3, :3], right[:, :3], total)
    best = int(root_chi.argmin())
    # Where there is no onset, its prior is as wide as the noise would let one be.
    amplitude = max(root[best, 2], np.sqrt(noise / max(normal[best, 2, 2], _TINY)))
    normal[:, 3, 3] += noise / (curvature * amplitude) ** 2
    chi, coefficients = _solved(normal, right, total)
    none = ~(coefficients[:, 2] > 0)
    coefficients[none, :2], coefficients[none, 2:] = tail_only[none], 0.0
    return np.where(none, tail_chi, chi), coefficients, float(tail_chi[0])


def _solved(normal: Array, right: Array, total: float) -> tuple[Array, Array]:
    """Weighted least squares with columns scaled to one; a vanishing column gets 0."""
    scale = np.sqrt(np.einsum("gkk->gk", normal))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = normal / scale[:, :, None] / scale[:, None, :]
    scaled = scaled + 1e-12 * np.eye(normal.shape[1])
    found = np.linalg.solve(scaled, (right / scale)[..., None])[..., 0]
    return total - np.einsum("gk,gk->g", right / scale, found), found / scale


def _fine(gaps: Array, window: list[Member]) -> tuple[Array, Array]:
    """Probability of a window on a finer grid: around its minimum a chi-square is a parabola.

    Akima's local curve keeps parabolas and does not carry the jump to fits without an onset far.
    """
    fine = np.linspace(gaps[0], gaps[-1], (gaps.size - 1) * _REFINED + 1)
    best = min(window, key=lambda member: member.best)
    scaled = [(m.chi_square - best.best) / max(best.dispersion, _TINY) for m in window]
    curves = [Akima1DInterpolator(gaps, np.minimum(c, _IMPOSSIBLE))(fine) for c in scaled]
    lowest = min(float(curve.min()) for curve in curves)
    probability = np.sum([np.exp(-0.5 * (curve - lowest)) for curve in curves], axis=0)
    return fine, probability / probability.sum()


def _quantile(gaps: Array, probability: Array, level: float) -> float:
    running = np.cumsum(probability)
    return float(np.interp(level, running - 0.5 * probability, gaps))


def _median(gaps: Array, window: list[Member]) -> float:
    if not window:
        return float(gaps.mean())
    return _quantile(*_fine(gaps, window), 0.5)


def _mixture(gaps: Array, windows: list[list[Member]]) -> Posterior:
    fine = np.array([_fine(gaps, window)[1] for window in windows]).mean(axis=0)
    at = np.linspace(gaps[0], gaps[-1], fine.size)
    best = [min(window, key=lambda member: member.best) for window in windows]
    gain = [(m.without_onset - m.best) / max(m.dispersion, _TINY) for m in best]
    widest = max(best, key=lambda member: member.energy.size)
    gap, lower, upper = (_quantile(at, fine, level) for level in (0.5, 0.025, 0.975))
    significance = float(np.sqrt(max(0.0, float(np.median(gain)))))
    return Posterior(gap, lower, upper, significance, widest.dispersion, widest)
