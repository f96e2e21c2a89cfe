"""What a sweep beyond its ohmic window tells: how both directions differ, not how it bends."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

DEGREE = 3
"""Cubic splines: they hold straight line, square and cube, so that those say nothing out there."""
POINTS = 8
"""Points for each spline: four voltages, each passed in both directions."""
MOST = 24
"""Most splines on one side: enough for a current that rises e-fold in a twentieth of the side to
be followed to 0.05 % of its largest value; a quieter meter sees more, and the window stands alone
then (see :func:`nanostitch.iv.ohmic.window`)."""


def static(voltage: Values, inside: Flags) -> tuple[Flags, Values]:
    """Points that may be fitted besides those of a window, and the freedom that they need.

    Parameters
    ----------
    voltage
        Of each point [V].
    inside
        Which points lie in the window, about 0 V.

    Returns
    -------
    tuple
        Which points are fitted, and splines, dims (fitted point, spline), that follow any static
        current beyond the window on either side and vanish inside. A side with too few points for
        one cubic is left out.
    """
    fitted = inside.copy()
    sides: list[tuple[Flags, Values]] = []
    for sign in (-1.0, 1.0):
        outside = np.asarray(~inside & (sign * voltage > 0), bool)
        number = min(int(outside.sum()) // POINTS, MOST)
        if number > DEGREE and np.ptp(voltage[outside]) > 0:
            fitted |= outside
            sides.append((outside, _splines(voltage[outside], number)))
    found = np.zeros((voltage.size, sum(splines.shape[1] for _, splines in sides)))
    begin = 0
    for outside, splines in sides:
        found[outside, begin : begin + splines.shape[1]] = splines
        begin += splines.shape[1]
    return fitted, found[fitted]


def without(splines: Values, columns: Values) -> Values:
    """What is left of columns when everything that splines can follow is taken from them.

    Parameters
    ----------
    splines
        Dims (point, spline), linearly independent.
    columns
        Dims (point, ...).
    """
    base = np.linalg.qr(splines)[0]
    return np.asarray(columns - base @ (base.T @ columns))


def _splines(voltage: Values, number: int) -> Values:
    """Cubic splines between quantiles of the voltages, so that each has its points."""
    inner = np.unique(np.quantile(voltage, np.linspace(0, 1, number - DEGREE + 1)))
    knots = np.concatenate([np.repeat(inner[0], DEGREE), inner, np.repeat(inner[-1], DEGREE)])
    return np.asarray(BSpline.design_matrix(voltage, knots, DEGREE).toarray(), np.float64)
