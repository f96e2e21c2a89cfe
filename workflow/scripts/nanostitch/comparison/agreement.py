"""Whether several ways to one number agree: their common value, pulls and chi squared."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]


class Agreement(NamedTuple):
    """Common value with its standard uncertainty, pull of each, and chi squared of them all."""

    value: float
    error: float
    pull: Values
    chi_squared: float
    freedom: int
    p_value: float


def common(values: Values, covariance: Values) -> Agreement:
    """Best common value of numbers with known errors, and how far each lies from it.

    Parameters
    ----------
    values
        One number a way, dims (way,); NaN where a way has none, which then says nothing.
    covariance
        Of their errors, dims (way, way); what two ways share stands beside the diagonal.

    Returns
    -------
    Agreement
        By generalised least squares. A pull is the distance from the common value over the
        standard deviation of that distance: normal with a deviation of 1 where all measure the
        same thing. With fewer than two numbers nothing can disagree, and pulls are NaN.

    Notes
    -----
    Best linear unbiased estimate: Lyons, Gibaut & Clifford, Nucl. Instrum. Methods A 270 (1988)
    110.
    """
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(np.diag(covariance)))
    pull = np.full(values.shape, np.nan)
    if known.size == 0:
        return Agreement(np.nan, np.nan, pull, np.nan, 0, np.nan)
    inverse = np.linalg.inv(covariance[np.ix_(known, known)])
    variance = 1 / float(inverse.sum())
    value = variance * float(inverse.sum(axis=0) @ values[known])
    left, freedom = values[known] - value, known.size - 1
    if not freedom:
        return Agreement(value, float(np.sqrt(variance)), pull, np.nan, 0, np.nan)
    away = np.sqrt(np.maximum(np.diag(covariance)[known] - variance, 0.0))
    pull[known] = np.divide(left, away, out=np.zeros_like(left), where=away > 0)
    squared = float(left @ inverse @ left)
    p_value = float(stats.chi2.sf(squared, freedom))
    return Agreement(value, float(np.sqrt(variance)), pull, squared, freedom, p_value)


def covariance(
    errors: Values, shared: Sequence[tuple[float, Sequence[int]]] = ()
) -> NDArray[np.float64]:
    """Covariance of numbers with errors of their own and errors that several share.

    Parameters
    ----------
    errors
        Standard uncertainty of each alone, dims (way,).
    shared
        Standard uncertainty of each shared error with the numbers of the ways that have it.
    """
    found: Values = np.diag(errors**2)
    for error, ways in shared:
        found[np.ix_(list(ways), list(ways))] += error**2
    return found
