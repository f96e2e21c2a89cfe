"""Numbers with the two ends of their 95 % interval, and how shares of uncertainty add up."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Values = NDArray[np.float64]
Number = tuple[float, float, float]
"""Value, lower and upper end of its 95 % interval."""

NONE: Number = (np.nan, np.nan, np.nan)
NORMAL_95 = 1.959964
"""Standard deviations of a normal distribution within which 95 % lie."""


def summary(drawn: Values, value: float | None = None) -> Number:
    """Interval of random draws, about their median or about a value of its own."""
    known = drawn[np.isfinite(drawn)]
    if not known.size:
        return NONE
    low, middle, high = np.quantile(known, [0.025, 0.5, 0.975])
    return float(middle) if value is None else value, float(low), float(high)


def widened(number: Number, standard: float) -> Number:
    """Number whose interval also holds an independent error of a standard uncertainty."""
    value, low, high = number
    more = NORMAL_95 * standard
    return (
        value,
        value - float(np.hypot(value - low, more)),
        value + float(np.hypot(high - value, more)),
    )


def variables(numbers: Mapping[str, Number], units: Mapping[str, str]) -> dict[str, xr.DataArray]:
    """Scalars of a product: each number with its ends, in the unit of its name."""
    return {
        f"{name}{end}": xr.DataArray(value, attrs={"units": units[name]})
        for name, number in numbers.items()
        for end, value in zip(("", "_lower", "_upper"), number, strict=True)
    }
