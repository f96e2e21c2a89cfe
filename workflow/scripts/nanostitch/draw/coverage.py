"""How often intervals hold the truth, and by how much values miss it on average."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

QUANTILE_95 = 1.959963984540054
"""97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class Share:
    """How many intervals hold the truth, with the share and its 95 % interval [percent].

    ``groups`` is the number of acquisitions that the intervals come from. The share of no
    interval at all is NaN.
    """

    held: int
    intervals: int
    groups: int
    share: float
    lower: float
    upper: float


def share_held(held: NDArray[np.bool_], group: NDArray[np.int_]) -> Share:
    """Share of intervals that hold the truth.

    Its interval is Wilson's (J. Am. Stat. Assoc. 22, 209, 1927), recommended for small numbers by
    Brown, Cai and DasGupta (2001, doi:10.1214/ss/1009213286). Intervals of one acquisition, such
    as those of the pixels of a map, err together; their number is then reduced to that of
    independent ones by the design effect (Rao and Scott, Biometrics 48, 577, 1992). Where that
    is not known, because there is one acquisition or all intervals agree, each acquisition
    counts once.

    Parameters
    ----------
    held
        Whether each interval holds the truth, shape (interval,).
    group
        Number of the acquisition of each interval.
    """
    number, groups = held.size, np.unique(group).size
    if not number:
        return Share(0, 0, 0, math.nan, math.nan, math.nan)
    share = float(held.mean())
    effective = float(number)
    if groups < number:
        variance = mean_variance(held.astype("f8"), group)
        known = math.isfinite(variance) and variance > 0 and 0 < share < 1
        effective = min(number, share * (1 - share) / variance) if known else float(groups)
    lower, upper = wilson(share, effective)
    return Share(int(held.sum()), number, groups, 100 * share, 100 * lower, 100 * upper)


def wilson(share: float, number: float) -> tuple[float, float]:
    """95 % interval of a binomial share among a number of trials, which need not be whole."""
    square = QUANTILE_95**2 / number
    middle = (share + 0.5 * square) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + 0.25 * square)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_variance(values: Values, group: NDArray[np.int_]) -> float:
    """Variance of a mean over values that may err together within their groups.

    The ratio estimator of cluster sampling (Cochran, Sampling Techniques, 1977); with one value
    a group it is that of independent values. NaN for a single group.
    """
    _, where = np.unique(group, return_inverse=True)
    groups = int(where.max()) + 1 if where.size else 0
    if groups < 2:
        return math.nan
    sums = np.bincount(where, weights=values - values.mean())
    return float(groups / (groups - 1) * np.sum(sums**2) / values.size**2)
