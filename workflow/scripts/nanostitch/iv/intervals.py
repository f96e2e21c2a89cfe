"""Arithmetic with 95 % intervals of independent numbers."""

import numpy as np

Interval = tuple[float, float, float]
"""Value, lower and upper bound."""


def scaled(interval: Interval, factor: float) -> Interval:
    """Interval of a multiple; a negative factor swaps the bounds."""
    value, low, high = (factor * one for one in interval)
    return (value, low, high) if factor >= 0 else (value, high, low)


def ratio(above: Interval, below: Interval) -> Interval:
    """Ratio of two independent numbers.

    Parameters
    ----------
    above, below
        Value, lower and upper bound of each.

    Returns
    -------
    tuple
        NaN where the denominator may be 0.

    Notes
    -----
    Method of variance estimates recovery (Donner & Zou, Stat. Methods Med. Res. 21 (2012) 347): it
    keeps skewed intervals skewed and gives Fieller's for normal ones.
    """
    (a, a_low, a_high), (b, b_low, b_high) = above, below
    if not b_low > 0:
        return np.nan, np.nan, np.nan
    product = a * b
    lower = product**2 - a_low * b_high * (2 * a - a_low) * (2 * b - b_high)
    upper = product**2 - a_high * b_low * (2 * a - a_high) * (2 * b - b_low)
    return (
        a / b,
        float(product - np.sqrt(max(lower, 0.0))) / (b_high * (2 * b - b_high))
        if b_high < 2 * b
        else a_low / b_high,
        float(product + np.sqrt(max(upper, 0.0))) / (b_low * (2 * b - b_low)),
    )
