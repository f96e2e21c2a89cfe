"""Intervals of a circuit's parameters, by profiles of the likelihood, and of derived numbers."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from nanostitch.eis import fit
from nanostitch.eis.fit import Data, Fitted
from nanostitch.iv.intervals import Interval

Values = NDArray[np.float64]

LEVEL = 0.975
_CLOSE = 0.02
"""Relative distance from the threshold at which the search of a bound ends."""
_MOST_TRIALS = 14
_MOST_STEPS = 50
"""Evaluations of one refit; it begins where the last one ended."""
_FARTHEST = 40.0
"""Change of the logarithm of a parameter at which it counts as unbounded: a resistance that fell to
nothing in the fit may have to rise by many powers of ten before the data feel it."""
_WIDEST_START, _LONGEST = 2.0, 1.0
"""Longest first step of a parameter, and of those that follow it, in their logarithm."""
_TRUSTED = 0.8
"""Share of the linear interval that a bound keeps at least: a profile much narrower than it means
that the others were not fitted to their minimum."""
_DIFFERENCE = 1e-5
_UNFELT = 1e-9
"""Relative slope below which a parameter moves nothing."""


class Bounded(NamedTuple):
    """Fit of a spectrum with the value and bounds of each parameter."""

    found: Fitted
    data: Data
    intervals: tuple[Interval, ...]


def bounded(found: Fitted, data: Data) -> Bounded:
    """Fit with the profile of each of its parameters."""
    intervals = tuple(profile(found, data, at) for at in range(found.values.size))
    return Bounded(found, data, intervals)


def threshold(found: Fitted, data: Data) -> float:
    """Student's 97.5 % quantile for the degrees of freedom of a fit."""
    return float(t.ppf(LEVEL, freedom(found, data)))


def freedom(found: Fitted, data: Data) -> float:
    """Real numbers measured less parameters fitted, at least 1."""
    return max(2.0 * data.frequency.size - found.values.size, 1.0)


def profile(found: Fitted, data: Data, at: int) -> Interval:
    """Value of one parameter and its bounds (95 %) by the profile of the likelihood.

    Parameters
    ----------
    found
        Best fit.
    data
        Spectrum.
    at
        Position of the parameter.

    Returns
    -------
    tuple
        A bound is 0, infinite, or the end of an exponent's range where the data give none.

    Notes
    -----
    The parameter is held while the others are fitted again, until the sum of squares has risen by
    the square of Student's quantile times the variance of the fit (Venzon & Moolgavkar, Appl.
    Statist. 37 (1988) 87; scale of the noise from the fit).
    """
    covariance = _covariance(found, data)
    spread = float(np.sqrt(covariance[at, at]))
    direction = np.eye(found.logs.size)[at]
    if spread > 0:
        direction = covariance[:, at] / covariance[at, at]
    wide = threshold(found, data) * spread
    # Where a parameter is hardly felt at its best value, the linear interval says nothing.
    linear = 0 < wide <= _WIDEST_START
    start = wide if linear else _WIDEST_START
    ends = []
    for side in (-1.0, 1.0):
        logs = _crossing(found, data, at, side * start, direction)
        away = max(abs(logs[at] - found.logs[at]), _TRUSTED * wide * linear)
        end = found.logs.copy()
        end[at] += side * away
        ends.append(float(fit.unpacked(found.circuit, end)[at]))
    return float(found.values[at]), ends[0], ends[1]


def _crossing(found: Fitted, data: Data, at: int, step: float, direction: Values) -> Values:
    """Logarithms at which the sum of squares has risen to the threshold, on one side.

    The others are fitted from where they were, or from along ``direction``, the valley of the
    minimum, whichever is lower. Where the search does not end, the nearest step at which the sum is
    known to be higher counts.
    """
    aim, variance = threshold(found, data), found.squares / freedom(found, data)
    free = np.arange(found.logs.size) != at
    inner, outer, bound, logs = 0.0, np.inf, found.logs, found.logs
    for _ in range(_MOST_TRIALS):
        along = found.logs + np.clip(step * direction, -_LONGEST, _LONGEST)
        starts = np.stack([logs, along])
        starts[:, at] = found.logs[at] + step
        trial = starts[int(np.argmin(fit.squares(found.circuit, starts, data)))]
        logs, squares = fit.refine(found.circuit, data, trial, free, _MOST_STEPS)
        height = float(np.sqrt(max(squares - found.squares, 0.0) / variance))
        if abs(height / aim - 1) <= _CLOSE:
            return logs
        if height < aim:
            inner = step
        else:
            outer, bound = step, logs
        if abs(inner) >= _FARTHEST:
            break
        grown = step * min(aim / height, 3.0) if height > 0 else 3.0 * step
        between = abs(inner) < abs(grown) < abs(outer)
        step = grown if between else (inner + outer) / 2
    if not np.isfinite(outer):
        bound = found.logs.copy()
        bound[at] = np.copysign(np.inf, step)
    return bound


def derived(found: Fitted, data: Data, function: Callable[[Values], float]) -> Interval:
    """Positive number derived from the parameters, with bounds linear in its logarithm.

    Parameters
    ----------
    found, data
        Best fit and spectrum.
    function
        From parameters in SI units to the number.

    Returns
    -------
    tuple
        Bounds are NaN where the number vanishes or is infinite.
    """
    centre = function(found.values)
    gradient = np.zeros(found.logs.size)
    for at in range(gradient.size):
        step = _DIFFERENCE * (np.arange(gradient.size) == at)
        ends = [function(fit.unpacked(found.circuit, found.logs + s * step)) for s in (1, -1)]
        if not min(ends) > 0 or not np.isfinite(ends).all():
            return centre, np.nan, np.nan
        gradient[at] = np.log(ends[0] / ends[1]) / (2 * _DIFFERENCE)
    half = threshold(found, data) * float(np.sqrt(gradient @ _covariance(found, data) @ gradient))
    return centre, centre * np.exp(-half), centre * np.exp(half)


def _covariance(found: Fitted, data: Data) -> Values:
    """Covariance of what the optimiser moves."""
    slopes = fit.slopes(found.circuit, data, found.logs)
    scale = np.linalg.norm(slopes, axis=0)
    # A parameter at the end of its range, such as a vanishing resistance, moves nothing.
    moving = scale > _UNFELT * scale.max(initial=0.0)
    unit = slopes[:, moving] / scale[moving]
    covariance = np.zeros((scale.size, scale.size))
    inverse = np.linalg.pinv(unit.T @ unit) / np.outer(scale[moving], scale[moving])
    covariance[np.ix_(moving, moving)] = inverse * found.squares / freedom(found, data)
    return covariance
