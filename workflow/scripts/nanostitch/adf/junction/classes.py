"""Class of a seam: probabilities by what is measured, its errors and the limits of each class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nanostitch.adf.junction.lean import Leans
from nanostitch.adf.junction.meeting import Meeting
from nanostitch.intervals import NORMAL_95

Floats = NDArray[np.float64]

CLASSES = ("seamless", "tilt", "boundary")
_OTHER_LATTICE = 0.97
"""Probability of a boundary where the projections of both sides differ: assumed, since a third
crystal or a fault may lead the fit of a side astray."""
_SURPRISE = 0.01
"""Probability left to each class whatever is measured."""
_FINDING = 1.644854
"""Standard deviations that 19 of 20 normal draws exceed from below."""
_TAILS = np.array([0.025, 0.5, 0.975])


@dataclass(frozen=True)
class Limits:
    """Where classes part: ``turn`` [rad], ``miss`` [nm], ``lean`` [nm] and its relative spread."""

    turn: float
    miss: float
    lean: float
    lean_spread: float


def limits(
    basis: Floats, *, unit_edge_nm: float, miss_share: float, thickness_spread: float
) -> Limits:
    """Limits of the classes for a lattice.

    Parameters
    ----------
    basis
        g1 and g2 as rows (y, x) [nm-1].
    unit_edge_nm
        Edge of one original crystal [nm].
    miss_share
        Translation, as a share of the lattice period, above which a seam is a boundary.
    thickness_spread
        Relative standard deviation of the thickness of crystals about ``unit_edge_nm``.

    Notes
    -----
    Above a turn of one period over the edge of a crystal, the spacing b / theta of Read & Shockley
    (Phys. Rev. 78 (1950) 275), a seam along a facet must hold a dislocation: a boundary. Above half
    of that angle between the zone axes a crystal as thick as wide leans by half a period, which is
    the half width of its second-order reflection: a tilt.
    """
    period = float(np.sqrt(abs(np.linalg.det(np.linalg.inv(basis)))))
    return Limits(period / unit_edge_nm, miss_share * period, period / 2, thickness_spread)


def probabilities(
    meeting: Meeting, leans: Leans | None, at: Limits, turn_error: float, miss_error: float
) -> Floats:
    """Probability of each of :data:`CLASSES`.

    Parameters
    ----------
    meeting, leans
        What the lattices do at the seam; ``leans`` is None for different projections.
    at
        Limits of the classes.
    turn_error, miss_error
        Standard uncertainties of turn [rad] and translation [nm], with all that adds to noise.

    Notes
    -----
    Turn and translation are normal about what is measured (the length of the latter follows
    Rice), leans as in :mod:`nanostitch.adf.junction.lean`, and the thickness that turns lean into
    angle is normal. A seam is no boundary if turn and translation are both below their limits.
    """
    if leans is None or not meeting.alike:
        share = (1 - _OTHER_LATTICE) / 2
        return np.array([share, share, _OTHER_LATTICE])
    turned = (np.array([-at.turn, at.turn]) - meeting.turn) / turn_error
    whole = float(np.diff(stats.norm.cdf(turned))[0])
    whole *= float(
        stats.rice.cdf(at.miss / miss_error, float(np.hypot(*meeting.miss)) / miss_error)
    )
    tilted = stats.norm.cdf((leans.difference / at.lean - 1) / at.lean_spread)
    tilt = float((leans.weight * tilted).sum() / leans.weight.sum())
    exact = np.array([whole * (1 - tilt), whole * tilt, 1 - whole])
    return exact * (1 - len(CLASSES) * _SURPRISE) + _SURPRISE


def turn_interval(turn: float, error: float) -> Floats:
    """Size of a turn with its 95 % interval: lower bound, value, upper bound."""
    size = abs(turn)
    return np.array([max(0.0, size - NORMAL_95 * error), size, size + NORMAL_95 * error])


def miss_interval(miss: Floats, error: float) -> Floats:
    """Length of a translation with its 95 % interval: lower bound, value, upper bound."""
    size = float(np.hypot(*miss))
    low, _, high = stats.rice.ppf(_TAILS, size / error) * error
    # A length this close to 0 may be 0: the quantile of its noise never is.
    return np.array([low if size > 2 * error else 0.0, size, high])


def lean_interval(leans: Leans) -> Floats:
    """Difference in lean with its 95 % interval: lower bound, median, upper bound."""
    return leans.quantiles(_TAILS)


def detection_limit(error: float) -> float:
    """Smallest value told from 0 at 95 % confidence, 19 times in 20 (Currie 1968)."""
    return (NORMAL_95 + _FINDING) * error


def counted(probability: Floats) -> Floats:
    """Number of seams of each class with 95 % intervals, dims (class, [value, lower, upper]).

    Parameters
    ----------
    probability
        Of each class, dims ``(seam, class)``.

    Notes
    -----
    The sum of independent draws of unequal probability (Poisson's binomial), by convolution.
    """
    found = np.zeros((len(CLASSES), 3))
    for column in range(len(CLASSES)):
        share = np.array([1.0])
        for p in probability[:, column]:
            share = np.convolve(share, [1 - p, p])
        low, high = np.searchsorted(np.cumsum(share), _TAILS[[0, 2]])
        value = float(probability[:, column].sum())
        found[column] = value, min(float(low), value), max(float(min(high, share.size - 1)), value)
    return found
