"""Up to which voltage a film is ohmic: the slope of log I against log V in narrowing windows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f

from nanostitch.iv import response
from nanostitch.iv.response import Fit
from nanostitch.iv.sweep import Sweep

Values = NDArray[np.float64]

POWERS = (2, 3)
"""What a current that is not ohmic adds first: a square where electrodes differ (rectification), a
cube where both directions are alike (hopping in a field, space charge)."""


class Window(NamedTuple):
    """Windows tried, from the widest on, and the response in the one chosen.

    ``limits`` [V], ``log_slope`` of the lasting current at the edge (the end further from 1), and
    ``p_value`` that an ohmic film deviates as much; NaN where a window was not tried. ``chosen`` is
    its index and ``ohmic`` whether it passed.
    """

    limits: Values
    log_slope: Values
    p_value: Values
    chosen: int
    ohmic: bool
    fit: Fit


def window(
    sweep: Sweep, *, narrowest: float, steps: int, level: float, slowest: float, tolerance: float
) -> Window:
    """Widest window in which square and cube of the voltage add nothing to a linear response.

    Parameters
    ----------
    sweep
        Usable points with both signs of the voltage, or one.
    narrowest, steps
        Narrowest window over the largest voltage, and how many are tried.
    level
        Significance of the deviation at which a window is left for the next.
    slowest
        See :func:`nanostitch.iv.response.relaxation_times`.
    tolerance
        Deviation of the slope from 1 that still counts as ohmic in the narrowest window.

    Notes
    -----
    The response keeps square and cube, so that what the test cannot see does not bias the
    conductance at 0 V, which is their tangent. F test of nested models. Beyond the window both
    directions may differ as the response inside says; where they do not (Chow, Econometrica 28
    (1960) 591), the window is sought again without what lies beyond.
    """
    limits = _reach(sweep.voltage) * np.linspace(1.0, narrowest, steps)
    times = response.relaxation_times(sweep, slowest)
    found = _narrowed(sweep, limits, times, level, True)
    inside = _inside(sweep, limits[found.chosen])
    alone = response.fit(sweep, inside, times, POWERS, False)
    if _p_beyond(alone, found.fit) < _NOT_ALIKE:
        found = _narrowed(sweep, limits, times, level, False)
    near = bool(abs(found.log_slope[found.chosen] - 1) <= tolerance)
    return found._replace(ohmic=found.ohmic or near)


_NOT_ALIKE = 0.01
"""Probability below which what lies beyond a window does not follow the response inside; an ohmic
film loses what it tells, and no more, that often."""


def _narrowed(sweep: Sweep, limits: Values, times: Values, level: float, whole: bool) -> Window:
    """Window by window until square and cube add nothing."""
    slopes, p_values = np.full(limits.size, np.nan), np.full(limits.size, np.nan)
    for at, limit in enumerate(limits):
        inside = _inside(sweep, limit)
        plain, curved = (response.fit(sweep, inside, times, more, whole) for more in ((), POWERS))
        slopes[at], p_values[at] = _log_slope(curved, limit), _p_value(plain, curved)
        if p_values[at] > level:
            break
    return Window(limits, slopes, p_values, at, bool(p_values[at] > level), curved)


def _inside(sweep: Sweep, limit: float) -> NDArray[np.bool_]:
    return np.asarray(np.abs(sweep.voltage) <= limit * (1 + 1e-6), bool)


def _p_beyond(alone: Fit, whole: Fit) -> float:
    """Probability that noise alone makes the points beyond the window deviate as much."""
    more = whole.freedom * whole.stretch - alone.freedom * alone.stretch
    if more < 1 or alone.unit <= 0:
        return 1.0
    excess = whole.dispersion(alone.limit) - alone.dispersion(alone.limit)
    return float(f.sf(excess / (more * alone.unit), more / whole.stretch, alone.freedom))


def _reach(voltage: Values) -> float:
    """Largest voltage reached in both directions, or in the only one."""
    low, high = -float(voltage.min()), float(voltage.max())
    return min(low, high) if min(low, high) > _ONE_SIDED * max(low, high) else max(low, high)


_ONE_SIDED = 0.2
"""Share of the longer side below which the shorter side of a sweep is no direction of its own."""


def _p_value(plain: Fit, curved: Fit) -> float:
    """Probability that noise alone improves the fit as much as the powers do.

    Both are held against one loss (Schrader & Hettmansperger, Biometrika 67 (1980) 93): with
    weights of its own, a line that misses a sharp bend calls it outliers and looks the better.
    """
    limit, unit = curved.limit, curved.unit * curved.stretch
    if unit <= 0:
        return 1.0
    gain = (plain.dispersion(limit) - curved.dispersion(limit)) / (len(POWERS) * unit)
    return float(f.sf(max(gain, 0.0), len(POWERS), curved.freedom))


def _log_slope(curved: Fit, limit: float) -> float:
    """Slope of log I against log V at the edge of the window, at the end further from 1."""
    linear, square, cube = (
        float(curved.weight @ curved.value[:, curved.names.index(name)])
        for name in ("conductance", *(f"power_{power}" for power in POWERS))
    )
    ends = []
    for v in (-limit, limit):
        chord = linear + square * v + cube * v**2
        ends.append((linear + 2 * square * v + 3 * cube * v**2) / chord if chord else np.nan)
    return max(ends, key=lambda slope: abs(slope - 1))
