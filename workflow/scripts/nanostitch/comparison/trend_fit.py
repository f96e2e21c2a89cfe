"""The line of a trend with its interval, from the observations of a comparison."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from nanostitch.comparison import cells, product, trend

Values = NDArray[np.float64]

_LEVEL = 0.975


def line(comparison: xr.Dataset, at: Values, *, in_ratio: bool) -> tuple[Values, Values, Values]:
    """Line through the samples with the slope that the comparison found.

    Parameters
    ----------
    comparison
        A product of the step ``comparison`` whose question is ``trend``.
    at
        Where the line is wanted, in the column that the trend goes along, dims (place,).
    in_ratio
        Whether the slope is one of logarithms.

    Returns
    -------
    tuple
        Line and both ends of its 95 % interval for the mean of samples, dims (place,). The slope's
        own interval, and how samples scatter about the line, count; NaN without an interval.
    """
    used, one = product.used(comparison), comparison.isel(contrast=0)
    value, group = used["seen_value"].values, used["seen_group"].values.astype(int)
    scaled = np.log(value) if in_ratio else value
    sample = used["seen_sample"].values.tolist()
    mean = cells.means(scaled, sample, group, comparison.sizes["group"]).mean
    place, height = trend.centres(mean, comparison["group_at"].values)
    ends = np.array([float(one[f"effect{end}"]) for end in product.ENDS])
    slope, low, high = np.log(ends) if in_ratio else ends
    away = at - place.mean()
    fitted = height.mean() + slope * away
    freedom = float(one["degrees_of_freedom"])
    quantile = float(stats.t.ppf(_LEVEL, freedom))
    left = height - height.mean() - slope * (place - place.mean())
    scatter = float(np.sqrt(left @ left / freedom / place.size)) if freedom > 0 else np.nan
    half = np.hypot(quantile * scatter, 0.5 * (high - low) * away)
    found = fitted, fitted - half, fitted + half
    return tuple(np.exp(part) for part in found) if in_ratio else found
