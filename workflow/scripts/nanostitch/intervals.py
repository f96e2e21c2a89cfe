"""Numbers with the two ends of their 95 % interval: how uncertainties add up, what bounds them."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit, logit

Values = NDArray[np.float64]
Number = tuple[float, float, float]
"""Value, lower and upper end of its 95 % interval."""

NONE: Number = (np.nan, np.nan, np.nan)
NORMAL_95 = 1.959964
"""Standard deviations of a normal distribution within which 95 % lie."""

_LARGEST = 600.0
"""Exponent beyond which a number ends."""


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


def bounded(value: float, below: float, above: float, least: float, most: float) -> Number:
    """Value whose interval stays between what the quantity can be.

    Parameters
    ----------
    value, below, above
        Mean, and how far its interval would reach to either side on a straight scale.
    least, most
        What the quantity cannot leave; infinite where it can.

    Returns
    -------
    tuple
        Value and interval. The interval is taken of the logit between two bounds, of the logarithm
        above one, with the same slope at the value, and transformed back: where the interval is
        narrow nothing changes, and near a bound it leans away from it. A value at a bound has none
        beyond it.

    Notes
    -----
    Korn & Graubard, Survey Methodology 24 (1998) 193, for shares of few clusters.
    """
    if not (np.isfinite(value) and np.isfinite(least)) or below != below or above != above:
        return value, value - below, value + above
    if not least < value < most:
        return value, max(value - below, least), min(value + above, most)
    if not np.isfinite(most):
        height = value - least
        ends = (least + height * np.exp(min(away / height, _LARGEST)) for away in (-below, above))
    else:
        share = (value - least) / (most - least)
        slope = (most - least) * share * (1 - share)
        ends = (
            least + (most - least) * expit(logit(share) + away / slope) for away in (-below, above)
        )
    low, high = map(float, ends)
    return value, low, high


_SHARES = (
    *("merged_fraction", "fusing_index", "coverage", "void_fraction", "wire_share", "psi4"),
    *("largest_layer_share", "largest_body_share", "psi4_global", "vanished_fraction"),
    *("quantum_yield", "quantum_yield_apparent", "quantum_yield_incident", "absorptance"),
    "phase_fraction",
)
_POSITIVE = (
    *("number_density", "size_mean", "size_sd", "superlattice_spacing", "fwhm"),
    *("conductance", "sheet_conductance", "conductance_ratio", "shell_thickness"),
    *("misorientation", "edge_length", "wire_aspect_ratio", "defect_density", "stokes_shift"),
)
BOUNDED = (*_SHARES, *_POSITIVE)
"""Measures that are held within bounds, by name."""
_REGION = "region_"


def bounds(name: str) -> tuple[float, float]:
    """Least and most that a measure of the products can be, by its name."""
    bare = name.removeprefix(_REGION)
    if bare in _SHARES:
        return 0.0, 1.0
    return (0.0 if bare in _POSITIVE else -np.inf), np.inf


def variables(numbers: Mapping[str, Number], units: Mapping[str, str]) -> dict[str, xr.DataArray]:
    """Scalars of a product: each number with its ends, in the unit of its name."""
    return {
        f"{name}{end}": xr.DataArray(value, attrs={"units": units[name]})
        for name, number in numbers.items()
        for end, value in zip(("", "_lower", "_upper"), number, strict=True)
    }
