"""Difference of two groups of samples with its standard error, and how large that is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from nanostitch import intervals
from nanostitch.comparison.cells import Cells

Values = NDArray[np.float64]

POWER = 0.8
"""Chance to see an effect that counts as one that could have been seen (Cohen 1988)."""
_FEWEST = 2
"""Samples of a group without which nothing is known of their scatter."""
_MOST_SAMPLES = 1000


class Effect(NamedTuple):
    """An estimate with its standard error and degrees of freedom; NaN where nothing is known."""

    value: float
    error: float
    freedom: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends of the two-sided confidence interval."""
        away = float(stats.t.ppf((1 + level) / 2, self.freedom)) * self.error
        return self.value - away, self.value + away

    def p_value(self) -> float:
        """Two-sided p value of no effect."""
        if not self.error > 0:
            return np.nan if np.isnan(self.error) or self.value == 0 else 0.0
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom))

    def smallest(self) -> float:
        """Smallest effect that would have been seen with the chance :data:`POWER`."""
        return float(stats.t.ppf([0.975, POWER], self.freedom).sum()) * self.error


NOTHING = Effect(np.nan, np.nan, np.nan)


def mean(each: Values) -> Effect:
    """Mean of samples, dims (sample,); of one alone the scatter is not known."""
    if not each.size:
        return NOTHING
    if each.size < _FEWEST:
        return Effect(float(each.mean()), np.nan, np.nan)
    error = float(each.std(ddof=1) / np.sqrt(each.size))
    return Effect(float(each.mean()), error, each.size - 1.0)


def absolute(
    each: Values,
    below: Values,
    above: Values,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float, float]:
    """Mean of samples as a number by itself, with its 95 % interval.

    Samples are measured in one way, so that what each says of its own uncertainty (a calibration, a
    factor, a model) may be the same error in all: it is added to their scatter and does not
    average out. In a difference between groups it cancels.

    Parameters
    ----------
    each
        Means of samples, dims (sample,).
    below, above
        Reach of their own intervals to either side, dims (observation,); NaN where there is none.
    bounds
        Least and most that the number can be; its interval stays within. The scatter of samples
        knows no bounds, so that its part leans away from them
        (:func:`nanostitch.intervals.bounded`); what products say of themselves does.

    Returns
    -------
    tuple
        Mean with the ends of its interval; of one sample its own interval.
    """
    found = mean(each)
    low, high = found.value, found.value
    if each.size >= _FEWEST:
        low, high = found.interval()
        _, low, high = intervals.bounded(
            found.value, found.value - low, high - found.value, *bounds
        )
    known = [one[np.isfinite(one)] for one in (below, above)]
    if each.size < _FEWEST and not all(one.size for one in known):
        return found.value, np.nan, np.nan
    shared = [float(np.sqrt(np.mean(one**2))) if one.size else 0.0 for one in known]
    return (
        found.value,
        max(found.value - float(np.hypot(found.value - low, shared[0])), bounds[0]),
        min(found.value + float(np.hypot(high - found.value, shared[1])), bounds[1]),
    )


def difference(cells: Cells, first: int, second: int) -> Effect:
    """Mean of the second group less that of the first, over samples.

    Parameters
    ----------
    cells
        Means of samples.
    first, second
        Numbers of the groups.

    Returns
    -------
    Effect
        Samples that both groups have are paired; without any it is Welch's test, with all it is
        the paired one. With fewer than two samples a group only the value is known.

    Notes
    -----
    Partially overlapping samples: Derrick, Russ, Toher & White, J. Mod. Appl. Stat. Methods 16
    (2017) 137, unequal variances.
    """
    paired_a, paired_b, only_a, only_b = cells.pair(first, second)
    a, b = np.concatenate([paired_a, only_a]), np.concatenate([paired_b, only_b])
    if not (a.size and b.size):
        return NOTHING
    value = float(b.mean() - a.mean())
    if min(a.size, b.size) < _FEWEST:
        return Effect(value, np.nan, np.nan)
    if a.size == b.size == paired_a.size:
        return mean(paired_b - paired_a)
    share = np.array([a.var(ddof=1) / a.size, b.var(ddof=1) / b.size])
    alike = _correlation(paired_a, paired_b) * paired_a.size
    variance = share.sum() - 2 * alike * np.sqrt(share.prod() / (a.size * b.size))
    welch = share.sum() ** 2 / (share**2 / [a.size - 1, b.size - 1]).sum() if share.any() else 1.0
    alone = only_a.size + only_b.size
    freedom = welch
    if paired_a.size:
        known = paired_a.size - 1
        freedom = known + (welch - known) / (alone + 2 * paired_a.size) * alone
    return Effect(value, float(np.sqrt(max(variance, 0.0))), float(max(freedom, 1.0)))


def _correlation(one: Values, other: Values) -> float:
    """Correlation of paired samples; 0 where too few or equal ones tell none."""
    if one.size <= _FEWEST or not (np.ptp(one) > 0 and np.ptp(other) > 0):
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def hedges_g(cells: Cells, first: int, second: int) -> float:
    """Difference over the pooled standard deviation of samples, corrected for few of them.

    Hedges, J. Educ. Stat. 6 (1981) 107. NaN with fewer than two samples a group.
    """
    a, b = (column[np.isfinite(column)] for column in cells.mean[:, [first, second]].T)
    freedom = a.size + b.size - 2
    if min(a.size, b.size) < _FEWEST:
        return np.nan
    pooled = np.sqrt(((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / freedom)
    if not pooled > 0:
        return np.nan
    return float((b.mean() - a.mean()) / pooled * (1 - 3 / (4 * freedom - 1)))


def cliff_delta(cells: Cells, first: int, second: int) -> float:
    """Share of pairs of samples where the second is larger, less that where it is smaller.

    Cliff, Psychol. Bull. 114 (1993) 494.
    """
    a, b = (column[np.isfinite(column)] for column in cells.mean[:, [first, second]].T)
    return float(np.sign(b[:, None] - a).mean()) if a.size and b.size else np.nan


def samples_needed(found: Effect, samples: int, wanted: float) -> float:
    """Samples a group with which an effect would be seen with the chance :data:`POWER`.

    Parameters
    ----------
    found
        Effect that was measured; samples are taken to scatter as they did.
    samples
        Mean number of samples a group that it stands on.
    wanted
        Size of the effect that matters.

    Returns
    -------
    float
        Whole number; NaN where the scatter is not known, infinity beyond a thousand.
    """
    if not (found.error > 0 and wanted > 0):
        return np.nan
    each = found.freedom / max(samples, 1)

    def lacking(number: float) -> float:
        freedom = max(each * number, 1.0)
        seen = stats.t.ppf([0.975, POWER], freedom).sum() * found.error * np.sqrt(samples / number)
        return float(seen) - wanted

    if lacking(_FEWEST) <= 0:
        return float(_FEWEST)
    if lacking(_MOST_SAMPLES) > 0:
        return np.inf
    return float(np.ceil(brentq(lacking, _FEWEST, _MOST_SAMPLES)))
