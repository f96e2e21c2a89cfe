"""Composition as a distribution: draws, log-ratios, intervals, and equivalence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nanostitch.edx import elements
from nanostitch.edx.kfactor import Factors
from nanostitch.intervals import NORMAL_95

Array = NDArray[np.float64]

_LEAST_SHARE = 1e-3
"""Of its own uncertainty: draws of an area that are not positive are set to that, for amounts of
nothing have no logarithm."""
_BOUNDS = (2.5, 97.5)
_ONE_SIDED_95 = 1.6448536


@dataclass(frozen=True)
class Composition:
    """Draws of atomic fractions, dims (draw, element), and what they come to."""

    elements: tuple[str, ...]
    draws: Array
    mass_draws: Array

    def percent(self, of_mass: bool) -> tuple[Array, Array, Array]:
        """Median and bounds of the 95 % interval [percent], dims (element,)."""
        draws = 100 * (self.mass_draws if of_mass else self.draws)
        low, middle, high = np.percentile(draws, [_BOUNDS[0], 50, _BOUNDS[1]], axis=0)
        return middle, low, high

    def mass_fractions(self) -> dict[str, float]:
        """Mean mass fractions, which add up to one."""
        means = self.mass_draws.mean(axis=0)
        return dict(zip(self.elements, (means / means.sum()).tolist(), strict=True))

    def log_ratios(self) -> Array:
        """Centred log-ratios, dims (draw, element): Aitchison, J. R. Stat. Soc. B 44 (1982) 139."""
        logs = np.log(self.draws)
        return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def compose(
    areas: Array,
    covariance: Array,
    factors: Factors,
    bound: Mapping[str, Mapping[str, float]],
    random: np.random.Generator,
    number: int,
    is_absolute: bool,
) -> Composition:
    """Draw compositions from the counts and the factors.

    Parameters
    ----------
    areas, covariance
        Counts of each line and their covariance, dims (line,), in the order of the factors.
    factors
        Mass per count, up to a factor, and the covariance of its logarithm.
    bound
        Atoms of other elements per atom of each measured one.
    number
        How many draws.
    is_absolute
        Whether factors are mass fractions per count and not known but for a common factor; mass
        fractions are then not normalised, for that would hide what was forgotten.

    Notes
    -----
    Areas are drawn from a normal, factors from a log-normal distribution. Lines must come in an
    order that does not depend on the user's, for the draws to be the same.
    """
    size = len(factors.lines)
    counts = areas + random.standard_normal((number, size)) @ _root(covariance).T
    spread = np.sqrt(np.diag(covariance))
    counts = np.maximum(counts, np.maximum(_LEAST_SHARE * spread, 1e-12))
    logs = random.standard_normal((number, size)) @ _root(factors.log_covariance).T
    mass = counts * factors.values * np.exp(logs)
    symbols = [line.split("_")[0] for line in factors.lines]
    weights = np.array([elements.atomic_weight(symbol) for symbol in symbols])
    moles = dict(zip(symbols, (mass / weights).T, strict=True))
    for symbol in symbols:
        for other, count in bound.get(symbol, {}).items():
            moles[other] = moles.get(other, np.zeros(number)) + count * moles[symbol]
    names = tuple(moles)
    atoms = np.stack(list(moles.values()), axis=1)
    grams = atoms * np.array([elements.atomic_weight(name) for name in names])
    if not is_absolute:
        grams = grams / grams.sum(axis=1, keepdims=True)
    return Composition(names, atoms / atoms.sum(axis=1, keepdims=True), grams)


def _root(covariance: Array) -> Array:
    """Matrix whose product with its transpose is the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    # The sign of an eigenvector is arbitrary, and would choose between mirrored draws.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
    return np.asarray(vectors * signs * np.sqrt(np.maximum(values, 0)))


@dataclass(frozen=True)
class Ratio:
    """Amount of one element over another here, over the same elsewhere; free of k-factors."""

    value: float
    lower: float
    upper: float
    p_different: float
    is_equivalent: bool


def ratio_of_ratios(here: tuple[Array, Array], there: tuple[Array, Array], margin: float) -> Ratio:
    """Compare the ratio of two areas between two spectra taken alike.

    Parameters
    ----------
    here, there
        Two areas and their covariance, of each spectrum.
    margin
        Relative change that counts as none.

    Returns
    -------
    Ratio
        With its 95 % interval, the larger p-value of two one-sided tests (Schuirmann, J.
        Pharmacokinet. Biopharm. 15 (1987) 657) for the ratio to lie outside the margin, and
        whether both reject at 5 %.
    """
    log, variance = 0.0, 0.0
    for sign, (areas, covariance) in ((1, here), (-1, there)):
        if not (areas > 0).all():
            return Ratio(np.nan, np.nan, np.nan, np.nan, False)
        slope = np.array([1, -1]) / areas
        log += sign * float(np.log(areas[0] / areas[1]))
        variance += float(slope @ covariance @ slope)
    spread, edge = np.sqrt(variance), np.log1p(margin)
    p = float(max(ndtr((log - edge) / spread), ndtr((-edge - log) / spread)))
    low, high = np.exp(log - NORMAL_95 * spread), np.exp(log + NORMAL_95 * spread)
    inside = abs(log) + _ONE_SIDED_95 * spread < edge
    return Ratio(float(np.exp(log)), float(low), float(high), p, bool(inside))


def pairs(symbols: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair of elements once, in the order given."""
    return [(a, b) for i, a in enumerate(symbols) for b in symbols[i + 1 :]]
