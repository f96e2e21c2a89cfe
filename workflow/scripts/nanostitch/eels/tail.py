"""Tail of the zero-loss peak: Poisson fits of the forms that are linear in their logarithm."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nanostitch.eels.channels import Array

TailModel = Literal["power_law", "exponential"]

_ITERATIONS = 30
_FEWEST_CHANNELS = 4
# Correlations are followed to this share (one over it) of the window.
_LARGEST_LAG_SHARE = 3


@dataclass(frozen=True)
class Tails:
    """Fitted tails, one a spectrum: ``log(counts) = level + slope * (regressor - origin)``."""

    model: TailModel
    origin: float
    coefficients: Array
    covariance: Array

    def at(self, energy: Array) -> Array:
        """Counts of the tail, one spectrum a row; NaN where nothing could be fitted."""
        return np.asarray(np.exp(self.coefficients @ self._design(energy).T))

    def variance(self, energy: Array) -> Array:
        """Variance of :meth:`at` that comes from the noise in the fit window."""
        design = self._design(energy)
        relative = np.einsum("ek,skl,el->se", design, self.covariance, design)
        return np.asarray(self.at(energy) ** 2 * relative)

    def _design(self, energy: Array) -> Array:
        return np.stack([np.ones_like(energy), regressor(self.model, energy) - self.origin], axis=1)


def regressor(model: TailModel, energy: Array) -> Array:
    """In what the logarithm of a tail is linear; NaN where the tail is not defined (E <= 0)."""
    positive = np.where(energy > 0, energy, np.nan)
    return np.log(positive) if model == "power_law" else positive


def fit(counts: Array, energy: Array, model: TailModel) -> Tails:
    """Fit tails to spectra that hold nothing else, by Poisson likelihood.

    The start is a weighted line through the logarithms; iteratively reweighted least squares
    then reach the maximum of the likelihood, which is not biased where counts are few.

    Parameters
    ----------
    counts
        Counts in the fit window, one spectrum a row.
    energy
        Energy loss of the window's channels, above 0 [eV].
    model
        ``power_law``, A E^-r, or ``exponential``, A exp(-E / e).

    Returns
    -------
    Tails
        NaN for a spectrum whose window is too short, not finite, or without counts. The
        covariance is scaled by the over-dispersion of the residuals; see :func:`dispersion`.

    Notes
    -----
    Power law: Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope (2011),
    doi:10.1007/978-1-4419-9583-4. Reweighting: Nelder & Wedderburn, J. R. Stat. Soc. A 135
    (1972) 370, doi:10.2307/2344614.
    """
    along = regressor(model, energy)
    origin = float(along.mean()) if along.size else np.nan
    number = len(counts)
    coefficients, covariance = np.full((number, 2), np.nan), np.full((number, 2, 2), np.nan)
    usable = np.isfinite(counts).all(axis=1) & (counts.sum(axis=1) > 0)
    if energy.size >= _FEWEST_CHANNELS and usable.any():
        design = np.stack([np.ones_like(along), along - origin], axis=1)
        coefficients[usable], covariance[usable] = _reweighted(counts[usable], design)
    return Tails(model, origin, coefficients, covariance)


def _reweighted(counts: Array, design: Array) -> tuple[Array, Array]:
    floor = np.maximum(0.5, 0.05 * counts.mean(axis=1, keepdims=True))
    mean = np.maximum(counts, floor)
    target = np.log(mean)
    for _ in range(_ITERATIONS):
        normal = np.einsum("ek,se,el->skl", design, mean, design)
        found = np.linalg.solve(normal, np.einsum("ek,se->sk", design, mean * target)[..., None])
        logarithm = np.clip(found[..., 0] @ design.T, -50, 700)
        change = np.abs(logarithm - np.log(mean)).max()
        mean = np.exp(logarithm)
        target = logarithm + (counts - mean) / mean
        if change < 1e-10:
            break
    covariance = np.linalg.inv(np.einsum("ek,se,el->skl", design, mean, design))
    scale = dispersion(counts, mean, design.shape[1])
    return found[..., 0], covariance * scale[:, None, None]


def dispersion(counts: Array, model: Array, parameters: int) -> Array:
    """Variance of the counts over that of electrons, as slow fits feel it.

    The mean square of the residuals over what the model expects of electrons, times what the
    correlation of near channels adds to the variance of a sum over channels: a detector's gain
    and point spread, resampling, and structure that the model lacks all enter. Correlations are
    added up to the first lag at which they do not exceed their standard error, because beyond
    it they are noise.

    Parameters
    ----------
    counts, model
        Measured and fitted counts, one spectrum a row.
    parameters
        Fitted to each spectrum.

    Notes
    -----
    Truncated sum: after the initial sequences of Geyer, Stat. Sci. 7 (1992) 473,
    doi:10.1214/ss/1177011137.
    """
    expected = np.maximum(model, 0.0)
    variance = expected + one_electron(counts)
    residuals = (counts - model) / np.sqrt(variance)
    square = (residuals**2).sum(axis=-1)
    serial, correlated = np.ones_like(square), np.ones(square.shape, dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        for lag in range(1, counts.shape[-1] // _LARGEST_LAG_SHARE + 1):
            share = (residuals[..., lag:] * residuals[..., :-lag]).sum(axis=-1) / square
            correlated &= share > counts.shape[-1] ** -0.5
            if not correlated.any():
                break
            serial += np.where(correlated, 2 * share, 0.0)
        of_electrons = (expected / variance).sum(axis=-1)
        freedom = 1 - parameters / max(parameters + 1, counts.shape[-1])
        return np.asarray(square / of_electrons / freedom * serial)


def one_electron(counts: Array) -> Array:
    """Counts of one electron, one a row; added to a variance, it keeps empty channels harmless.

    Pearson's weight of a channel that expects next to nothing is next to infinite; a chance
    electron there would outweigh all others.
    """
    gain = local_dispersion(counts, counts, 1)[..., None]
    return np.asarray(np.where(gain > 0, gain, 1.0))


def local_dispersion(noisy: Array, level: Array, apart: int) -> Array:
    """Variance of the counts over that of electrons, from one channel to the next.

    Second differences see counting noise and hardly any structure that is much wider than the
    distance of the channels compared.

    Parameters
    ----------
    noisy
        Counts, or their residuals, one spectrum a row.
    level
        Counts whose noise that is.
    apart
        Distance of the channels compared.
    """
    differences = noisy[..., 2 * apart :] - 2 * noisy[..., apart:-apart] + noisy[..., : -2 * apart]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_square = (differences**2).sum(axis=-1) / 6
        return np.asarray(mean_square / level[..., apart:-apart].sum(axis=-1))


@dataclass(frozen=True)
class Shape:
    """Tail in the channels of a fit, as ``reference * exp(-slope L - bend L^2)``.

    ``along`` is L: ln(E/Em) of a power law, E/Em - 1 of an exponential, Em the middle of the
    channels. So the slope of either is the local exponent of the tail there.
    """

    along: Array
    reference: Array

    def values(self, common: Array) -> Array:
        """Tail with a slope and a bend."""
        slope, bend = common
        return np.asarray(self.reference * np.exp(-slope * self.along - bend * self.along**2))

    def within(self, used: slice) -> "Shape":
        """The same in some of the channels."""
        return Shape(self.along[used], self.reference[used])


def shape(model: TailModel, energy: Array, middle: float, reference: Array | None = None) -> Shape:
    """Tail of a form in the channels of a fit.

    Parameters
    ----------
    model
        ``power_law`` or ``exponential``.
    energy
        Centres of the channels, above 0 [eV].
    middle
        Energy at which slope and bend hold [eV].
    reference
        Measured tail that slope and bend modify; none for the form itself.
    """
    along = np.log(energy / middle) if model == "power_law" else energy / middle - 1
    return Shape(along, np.ones_like(energy) if reference is None else reference)
