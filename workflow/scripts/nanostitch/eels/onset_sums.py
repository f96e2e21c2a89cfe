"""Sums over channels that a fit of an onset needs, compiled: the one loop that costs time."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from nanostitch.compiled import compiled, compiled_sums
from nanostitch.eels.channels import Array

LOWEST, HIGHEST, NODES = math.log(1e-4), math.log(50.0), 128
"""Logarithms of numbers of electrons between which the mean deviance is tabulated."""

_WIDEST = 12
"""Columns that are worked on together: no shape of an onset has more parameters."""


def _mean_deviance() -> Array:
    """What the deviance of a channel is on average, given the true mean number of electrons."""
    mean, number = np.exp(np.linspace(LOWEST, HIGHEST, NODES))[:, None], np.arange(200.0)
    probability = np.exp(xlogy(number, mean) - mean - gammaln(number + 1))
    deviance = 2 * (xlogy(number, np.maximum(number, 1) / mean) - (number - mean))
    return np.asarray((probability * deviance).sum(axis=1))


DEVIANCES = _mean_deviance()


@compiled
def variance(expected: float, noise: Array) -> float:
    """Variance of a channel: read noise, counting, fixed pattern (as of :func:`accumulate`)."""
    return float(noise[0] + expected * (noise[1] + noise[2] * expected))


@compiled
def lost(seen: float, expected: float, noise: Array) -> float:
    """Twice the logarithm of the likelihood that a model loses in a channel, over its noise."""
    missed = expected - seen
    if seen > 0:
        missed += seen * math.log(seen / expected)
    return 2 * missed * expected / variance(expected, noise)


@compiled
def mean_lost(electrons: float, deviances: Array) -> float:
    """What :func:`lost` is on average under a true model."""
    last = deviances.size - 1
    node = (math.log(electrons) - LOWEST) * last / (HIGHEST - LOWEST)
    node = min(max(node, 0.0), last - 1e-6)
    low = int(node)
    return float(deviances[low] + (node - low) * (deviances[low + 1] - deviances[low]))


@compiled
def mean_deviances(expected: Array, noise: Array, deviances: Array) -> Array:
    """Mean of :func:`lost` in each channel of some expected counts (spectrum, channel)."""
    found = np.empty(expected.shape)
    for i in range(expected.shape[0]):
        for e in range(expected.shape[1]):
            mean = max(expected[i, e], noise[3])
            found[i, e] = mean_lost(mean * mean / variance(mean, noise), deviances)
    return found


@compiled
def scan(counts: Array, onsets: NDArray[np.float32]) -> tuple[NDArray[np.intp], Array]:
    """Best of some onsets for each spectrum, and its product with the counts.

    Parameters
    ----------
    counts
        (spectrum, channel).
    onsets
        (channel, onset); of unit length in units of the noise, and nothing of the tail.
    """
    best, value = np.empty(counts.shape[0], np.intp), np.empty(counts.shape[0])
    product = np.empty(onsets.shape[1], np.float32)
    for i in range(counts.shape[0]):
        product[:] = 0
        for e in range(counts.shape[1]):
            seen = np.float32(counts[i, e])
            for k in range(product.size):
                product[k] += seen * onsets[e, k]
        best[i] = product.argmax()
        value[i] = product[best[i]]
    return best, value


@compiled_sums
def accumulate(
    counts: Array,
    shape: Array,
    along: Array,
    own: Array,
    index: NDArray[np.intp],
    curves: Array,
    parts: int,
    noise: Array,
    edges: NDArray[np.intp],
    columns: int,
) -> tuple[Array, Array, Array]:
    """Normal matrices, right sides and deviances of spectra, in parts of their channels.

    Parameters
    ----------
    counts
        (spectrum, channel).
    shape, along
        Tail, and the variable of its slope (channel,).
    own
        Tail, slope, onset, and distance of the gap from that of the grid (spectrum, 4).
    index
        Point of the fine grid in the first channel (spectrum,).
    curves
        Onset, its slope, its derivatives by common parameters (curve, point).
    parts
        Points of the fine grid in a channel.
    noise
        Variance without counts, variance over counts, square of the fixed pattern's relative
        deviation, least counts expected of a channel.
    edges
        First channels of the parts, and the end of the last.
    columns
        Four of each spectrum, then those of the common parameters.

    Returns
    -------
    tuple
        ``normal`` (part, spectrum, column, column), ``right`` (part, spectrum, column),
        ``deviance`` (part, spectrum).
    """
    number, segments, last = counts.shape[0], edges.size - 1, curves.shape[1] - 1
    normal = np.empty((segments, number, columns, columns))
    right = np.empty((segments, number, columns))
    deviance = np.zeros((segments, number))
    column, slant = np.zeros(_WIDEST), np.empty(_WIDEST)
    square = np.empty((_WIDEST, _WIDEST))
    for i in range(number):
        a, b, c, away = own[i, 0], own[i, 1], own[i, 2], own[i, 3]
        for s in range(segments):
            slant[:], square[:] = 0.0, 0.0
            for e in range(edges[s], edges[s + 1]):
                at = min(index[i] + e * parts, last)
                tail = shape[e] * (a - b * along[e])
                column[0], column[1] = shape[e], -shape[e] * along[e]
                column[2], column[3] = curves[0, at], -curves[1, at]
                if columns > 4:
                    column[4], column[5] = -tail * along[e], -tail * along[e] * along[e]
                for k in range(6, columns):
                    column[k] = c * curves[k - 4, at]
                expected = tail + c * column[2]
                weight = 1.0 / variance(max(expected, noise[3]), noise)
                predicted = expected + c * away * column[3]
                residual = counts[i, e] - predicted
                for k in range(columns):
                    weighed, line = weight * column[k], square[k]
                    slant[k] += weighed * residual
                    for m in range(_WIDEST):
                        line[m] += weighed * column[m]
                predicted = max(predicted, noise[3])
                deviance[s, i] += lost(counts[i, e], predicted, noise)
            right[s, i] = slant[:columns]
            for k in range(columns):
                for m in range(k + 1):
                    normal[s, i, k, m] = normal[s, i, m, k] = square[k, m]
    return normal, right, deviance
