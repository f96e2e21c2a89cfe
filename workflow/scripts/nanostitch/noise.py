"""Noise of a curve, read from the curve itself."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_FIFTH_DIFFERENCE = np.array([1.0, -5.0, 10.0, -10.0, 5.0, -1.0])
FEWEST_POINTS = _FIFTH_DIFFERENCE.size
"""Points below which there is no noise to read."""
_OUTLIER = 4.0
"""Standard deviations beyond which a value is none of the noise."""
_MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of a normal distribution."""


def changes(values: Values) -> Values:
    """Fifth differences, of the standard deviation of the noise where the curve is smooth.

    A line that is ten points wide at half maximum changes by a thousandth of its height in them.

    Parameters
    ----------
    values
        Curve at even steps, six points or more.

    Returns
    -------
    numpy.ndarray
        Five elements shorter: element i belongs to the points from i to i + 5.
    """
    scaled = _FIFTH_DIFFERENCE / np.linalg.norm(_FIFTH_DIFFERENCE)
    return np.convolve(values, scaled, mode="valid")


def rounding(values: Values) -> float:
    """Standard deviation of what the digits of a file leave out: their step over root 12.

    The step is the smallest between two values that differ. A curve that is printed with few
    digits may be flat over many points, which is no proof that it has no noise.
    """
    steps = np.diff(np.unique(values))
    return float(steps.min() / np.sqrt(12)) if steps.size else 0.0


def spread(values: Values) -> float:
    """Standard deviation about zero, without outliers and steep parts.

    The median of magnitudes, which these hardly move, says what they are; the mean square of the
    rest, which is steadier, is the result; nothing where there are no values.
    """
    if not values.size:
        return 0.0
    first = _MAD_TO_SD * float(np.median(np.abs(values)))
    rest = values[np.abs(values) <= _OUTLIER * first]
    return float(np.sqrt(np.mean(rest**2)))
