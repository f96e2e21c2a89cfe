"""How much the film's resistance drifted while the spectrum was taken."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import t

from nanostitch.eis import elements, fit
from nanostitch.eis.bounds import LEVEL
from nanostitch.eis.fit import Data, Fitted
from nanostitch.iv.intervals import Interval

Values = NDArray[np.float64]

_MOST_STEPS = 400


def fraction(found: Fitted, data: Data, time: Values, resistance: str) -> Interval:
    """Change of one resistance from start to end over its value at the start.

    Parameters
    ----------
    found
        Best fit of a steady circuit.
    data
        Spectrum.
    time
        Time at the end of the measurement at each frequency [s], since the start.
    resistance
        Name of the element that drifts, linearly in time.
    """
    order = np.argsort(time)
    ends = time[order]
    middle = np.empty(time.size)
    middle[order] = ends - np.diff(ends, prepend=0.0) / 2
    share = middle / ends[-1]
    at = found.circuit.index(resistance, "resistance")

    def residual(moved: Values) -> Values:
        values = np.tile(fit.unpacked(found.circuit, moved[:-1]), (time.size, 1))
        values[:, at] *= np.maximum(1 + moved[-1] * share, _LEAST)
        model = np.diagonal(elements.impedance(found.circuit, values, data.frequency))
        return fit.weighted(model, data)

    begin = np.append(found.logs, 0.0)
    solved = least_squares(residual, begin, method="lm", max_nfev=_MOST_STEPS * begin.size)
    freedom = max(2 * time.size - begin.size, 1)
    scale = np.maximum(np.linalg.norm(solved.jac, axis=0), _LEAST)
    unit = solved.jac / scale
    variance = np.linalg.pinv(unit.T @ unit)[-1, -1] / scale[-1] ** 2
    half = t.ppf(LEVEL, freedom) * np.sqrt(variance * 2 * solved.cost / freedom)
    drift = float(solved.x[-1])
    return drift, drift - float(half), drift + float(half)


_LEAST = 1e-6
"""Least resistance over that at the start, and least slope: both stay positive."""
