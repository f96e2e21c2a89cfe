"""Which mixtures of known phases a composition allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from nanostitch.edx import formula
from nanostitch.edx.statistics import Composition

Array = NDArray[np.float64]

_STEPS = {2: 2000, 3: 200, 4: 100, 5: 40}
"""Steps of the fractions between 0 and 1, by number of phases: at most 180 000 mixtures."""
_TRACE = 1e-4
"""Atomic fraction of an element that a phase has not: below any detection limit, and with a
logarithm."""
_CONFIDENCE = 0.95
_NO_MIXTURE = 0.999
"""Level beyond which no mixture explains the composition."""


@dataclass(frozen=True)
class Fractions:
    """Mean share of each phase in the atoms, its interval, and whether any mixture fits.

    ``upper_alone`` is the upper limit of a phase if there is no other beside the first one.
    """

    mean: Array
    lower: Array
    upper: Array
    upper_alone: Array
    is_mixture: bool


def fractions(
    composition: Composition, formulas: Sequence[str], stoichiometry_uncertainty: float
) -> Fractions | None:
    """Share of the atoms that each phase may hold.

    Parameters
    ----------
    composition
        Measured.
    formulas
        Phases that may be there; all of their elements must be those measured.
    stoichiometry_uncertainty
        Relative standard deviation of the amount of an element in a real phase from that of its
        formula.

    Returns
    -------
    Fractions or None
        None where the phases are not of the elements measured, or not two to five.

    Notes
    -----
    Profile likelihood over all mixtures, in additive log-ratios, in which the measured
    composition is normal. Bounds are those of all mixtures whose deviance exceeds the least by up
    to the 95 % quantile for as many degrees of freedom as log-ratios: at the corners of what is
    possible, where pure phases are, one degree of freedom would hold too seldom. The value is the
    mean weighted by likelihood. Shares cannot be negative, so that a phase that need not be there
    has 0 as its lower bound and an upper limit. CsPbBr3 lies between Cs4PbBr6 and CsPb2Br5: both
    together look like it, and the limits that hold for any mixture are wide.
    """
    content = [formula.atoms(text) for text in formulas]
    symbols = composition.elements
    present = {symbol for atoms in content for symbol in atoms}
    if present != set(symbols) or len(formulas) not in _STEPS:
        return None
    table = np.array([[atoms.get(symbol, 0.0) for symbol in symbols] for atoms in content])
    table = table / table.sum(axis=1, keepdims=True)
    mixtures = _mixtures(len(formulas), _STEPS[len(formulas)])
    logs = np.log(np.maximum(mixtures @ table, _TRACE))
    measured = np.log(composition.draws)
    alr = measured[:, 1:] - measured[:, :1]
    covariance = np.atleast_2d(np.cov(alr, rowvar=False))
    freedom = alr.shape[1]
    covariance = covariance + stoichiometry_uncertainty**2 * (np.eye(freedom) + 1)
    away = logs[:, 1:] - logs[:, :1] - np.median(alr, axis=0)
    deviance = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away)
    least = float(deviance.min())
    allowed = mixtures[deviance <= least + chi2.ppf(_CONFIDENCE, freedom)]
    lowest, highest = allowed.min(axis=0), allowed.max(axis=0)
    weight = np.exp(-0.5 * (deviance - least))
    # A bound lies anywhere between two mixtures of the grid.
    half = 0.5 / _STEPS[len(formulas)]
    return Fractions(
        weight @ mixtures / weight.sum(),
        np.where(lowest > 0, lowest - half, 0.0),
        np.where(highest < 1, highest + half, 1.0),
        _alone(allowed, half),
        bool(least <= chi2.ppf(_NO_MIXTURE, freedom)),
    )


def _alone(allowed: Array, half: float) -> Array:
    """Largest share of each phase but the first, in mixtures of it with the first alone."""
    limits = np.full(allowed.shape[1], np.nan)
    for phase in range(1, allowed.shape[1]):
        pairs = allowed[np.isclose(allowed[:, 0] + allowed[:, phase], 1)]
        if len(pairs):
            limits[phase] = min(float(pairs[:, phase].max()) + half, 1.0)
    return limits


@cache
def _mixtures(number: int, steps: int) -> Array:
    """All shares of phases that add up to one, in equal steps, dims (mixture, phase)."""
    bars = np.array(list(combinations(range(steps + number - 1), number - 1)), dtype=np.int32)
    ends = np.full((len(bars), 1), steps + number - 1, dtype=np.int32)
    both = np.hstack([np.full_like(ends, -1), bars, ends])
    return np.asarray((np.diff(both, axis=1) - 1) / steps)
