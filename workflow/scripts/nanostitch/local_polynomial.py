"""Smoothing and derivatives on uneven axes, as matrices that act on any number of spectra."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def operator(
    positions: Values, at: Values, half_width: float, order: int, derivative: int = 0
) -> Values:
    """Matrix of the local polynomial regression of a curve.

    Parameters
    ----------
    positions
        Where the curve is known, any order.
    at
        Where its smoothed value or derivative is wanted.
    half_width
        Distance within which points count, with tricube weights; where fewer than ``order`` + 2
        points lie so near, it grows to hold them.
    order
        Of the polynomial.
    derivative
        0 for the value, 1 for the first derivative, and so on, up to ``order``.

    Returns
    -------
    numpy.ndarray
        (at, position); its product with a curve is what is wanted. Exact for polynomials of the
        order, whatever the spacing.

    Raises
    ------
    ValueError
        If there are fewer than ``order`` + 2 positions.

    Notes
    -----
    Cleveland, J. Am. Stat. Assoc. 74 (1979) 829; on even axes without weights it is the filter of
    Savitzky and Golay, Anal. Chem. 36 (1964) 1627, doi:10.1021/ac60214a047.
    """
    fewest = order + 2
    if positions.size < fewest:
        raise ValueError(f"{positions.size} points, but order {order} needs {fewest}")
    rows = np.zeros((at.size, positions.size))
    factorial = float(np.prod(np.arange(1, derivative + 1)))
    for row, centre in zip(rows, at, strict=True):
        away = positions - centre
        distance = np.abs(away)
        # A hair wider, because the farthest point of a tricube has no weight.
        reach = max(half_width, 1.01 * np.partition(distance, fewest - 1)[fewest - 1])
        near = np.flatnonzero(distance < reach)
        weight = np.sqrt((1 - (distance[near] / reach) ** 3) ** 3)
        scaled = away[near] / reach
        design = weight[:, None] * np.vander(scaled, order + 1, increasing=True)
        row[near] = factorial * np.linalg.pinv(design)[derivative] * weight / reach**derivative
    return rows


def summits(curves: Values, at: Values) -> Values:
    """Position of the highest point of each curve, between points by a parabola.

    Parameters
    ----------
    curves
        One a row.
    at
        Evenly spaced positions of their points.
    """
    top = np.clip(curves.argmax(axis=1), 1, at.size - 2)
    left, middle, right = (
        np.take_along_axis(curves, (top + k)[:, None], 1)[:, 0] for k in (-1, 0, 1)
    )
    bend = left - 2 * middle + right
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(bend < 0, (left - right) / (2 * bend), 0.0)
    found: Values = at[top] + np.clip(shift, -1, 1) * (at[1] - at[0])
    return found
