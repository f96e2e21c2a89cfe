"""One number out of repeats of a measurement, each with its own 95 % interval."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from nanostitch.intervals import NORMAL_95

Values = NDArray[np.float64]

SDS_IN_INTERVAL = 2 * NORMAL_95
"""Standard deviations of a normal distribution in its 95 % interval."""


def weighted_mean(value: Values, lower: Values, upper: Values) -> tuple[float, float, float]:
    """Weighted mean of repeats with its 95 % interval.

    Parameters
    ----------
    value, lower, upper
        Repeats and the bounds of their 95 % intervals, any unit; NaN ones are left out.

    Returns
    -------
    tuple of float
        Mean, lower and upper bound; the repeat itself where there is one, NaN without any.

    Notes
    -----
    Weights are one over the variance of each repeat plus that between repeats, which is chosen so
    that the weighted squares are what they should be (Paule and Mandel 1982, J. Res. Natl. Bur.
    Stand. 87, 377): repeats that agree are weighted by their own intervals, repeats that do not
    count alike. The interval is that of Hartung and Knapp (2001, Stat. Med. 20, 3875), by Student's
    t, never narrower than the weights say.
    """
    known = np.isfinite(value) & np.isfinite(lower) & np.isfinite(upper)
    value, variance = value[known], ((upper - lower)[known] / SDS_IN_INTERVAL) ** 2
    if not value.size:
        return np.nan, np.nan, np.nan
    if value.size == 1:
        return float(value[0]), float(lower[known][0]), float(upper[known][0])
    weight = 1 / (variance + _between(value, variance))
    mean = float(weight @ value / weight.sum())
    scale = max(1.0, float(weight @ (value - mean) ** 2) / (value.size - 1))
    half = float(stats.t.ppf(0.975, value.size - 1) * np.sqrt(scale / weight.sum()))
    return mean, mean - half, mean + half


def _between(value: Values, variance: Values) -> float:
    """Variance between repeats beyond their own."""

    def surplus(between: float) -> float:
        weight = 1 / (variance + between)
        mean = weight @ value / weight.sum()
        return float(weight @ (value - mean) ** 2) - (value.size - 1)

    if surplus(0.0) <= 0:
        return 0.0
    highest = float(((value - value.mean()) ** 2).sum())
    return float(optimize.brentq(surplus, 0.0, highest))
