"""Loops of the fits of an onset to spectra, each on its own, compiled.

A spectrum has four parameters: tail, its slope, onset, gap. ``tail`` (2, channel) is the form of
the tail and the variable of its slope; ``curves`` (part, 2, channel) the onset and its slope from
each point of the first channel of a fine grid; ``place`` the gap that the first point stands for,
and the grid's step; ``noise`` as for :func:`nanostitch.eels.onset_sums.accumulate`; ``limits`` the
lowest and highest gap, the longest stride of it, the least tail and the prior of its slope.
"""

import numpy as np
from scipy.special import gammaln, xlogy

from nanostitch.compiled import compiled, compiled_sums
from nanostitch.eels.channels import Array
from nanostitch.eels.onset_model import GAP, LEAST, ONSET, OWN, SLOPE
from nanostitch.eels.onset_sums import variance

# Change of a gap, over its error, after which it is not changed any more.
_CONVERGED = 0.03
# Least share that is left of an onset by one step; rise of the cost that is no failure of one.
_LEFT = 0.1
_LITTLE = 1e-3
_RIDGE = 1e-10
# By what the gap's weight is multiplied to keep it.
_PIN = 1e8
_COLUMNS = OWN
_NODES = 256


def _mean_costs() -> Array:
    """Mean of a channel's part of the cost (:func:`_sums`) by m / (1 + m), m the mean electrons."""
    share = np.arange(_NODES) / _NODES
    mean = (share / (1 - share))[:, None]
    number = np.arange(2.0 * _NODES)
    probability = np.exp(xlogy(number, mean) - mean - gammaln(number + 1))
    roots = (probability * (np.sqrt(number) - np.sqrt(mean)) ** 2).sum(axis=1)
    return np.append((1 + 8 * roots) / 3, 1.0)


MEANS = _mean_costs()


@compiled
def _place(curves: Array, place: Array, gap: float, channels: int) -> tuple[int, int, float]:
    """Part and first channel of the point of the grid next to a gap, and the distance to it."""
    parts = curves.shape[0]
    index = max(int(np.rint((place[0] - gap) / place[1])), 0)
    first = min(index // parts, curves.shape[2] - channels)
    return index % parts, first, gap - place[0] + index * place[1]


@compiled_sums
def _sums(
    counts: Array,
    own: Array,
    tail: Array,
    onset: Array,
    slope: Array,
    away: float,
    noise: Array,
    normal: Array,
    right: Array,
) -> float:
    """Fill the normal matrix and right side of one spectrum; about its deviance.

    That is, of the family of Cressie and Read (J. R. Stat. Soc. B 46 (1984) 440), Pearson's
    chi-squared and twice Freeman and Tukey's, over three: it agrees with the deviance up to the
    third power of the residuals, and needs no logarithm.
    """
    a, b, c = own[0], own[1], own[2]
    read, factor, square, least = noise[0], noise[1], noise[2], noise[3]
    t, along = tail[0], tail[1]
    away, cost = -c * away, 0.0
    n00 = n01 = n02 = n03 = n11 = n12 = n13 = n22 = n23 = n33 = 0.0
    r0 = r1 = r2 = r3 = 0.0
    for e in range(counts.size):
        x0, x2, x3 = t[e], onset[e], slope[e]
        x1 = x0 * along[e]
        expected = a * x0 - b * x1 + c * x2
        predicted = expected + away * x3
        level = max(expected, least)
        weight = 1.0 / (read + level * (factor + square * level))
        missed = counts[e] - predicted
        residual = weight * missed
        w0, w1, w2 = weight * x0, weight * x1, weight * x2
        n00 += w0 * x0
        n01 += w0 * x1
        n02 += w0 * x2
        n03 += w0 * x3
        n11 += w1 * x1
        n12 += w1 * x2
        n13 += w1 * x3
        n22 += w2 * x2
        n23 += w2 * x3
        n33 += weight * x3 * x3
        r0 += residual * x0
        r1 += residual * x1
        r2 += residual * x2
        r3 += residual * x3
        predicted = max(predicted, least)
        roots = np.sqrt(max(counts[e], 0.0)) - np.sqrt(predicted)
        of_channel = read + predicted * (factor + square * predicted)
        cost += (missed * missed + 8.0 * predicted * roots * roots) / of_channel
    normal[0, 0], normal[1, 0], normal[2, 0], normal[3, 0] = n00, -n01, n02, -n03
    normal[1, 1], normal[2, 1], normal[3, 1] = n11, -n12, n13
    normal[2, 2], normal[3, 2], normal[3, 3] = n22, -n23, n33
    right[0], right[1], right[2], right[3] = r0, -r1, r2, -r3
    return cost / 3.0


@compiled_sums
def _mean(own: Array, tail: Array, onset: Array, noise: Array, means: Array) -> float:
    """What the cost of :func:`_sums` is on average if the model is true."""
    total = 0.0
    for e in range(onset.size):
        expected = tail[0, e] * (own[0] - own[1] * tail[1, e]) + own[2] * onset[e]
        expected = max(expected, noise[3])
        share = expected * expected / (expected * expected + variance(expected, noise))
        node = share * (means.size - 1)
        low = min(int(node), means.size - 2)
        total += means[low] + (node - low) * (means[low + 1] - means[low])
    return total


@compiled
def _factorise(normal: Array, scale: Array) -> None:
    """Cholesky's factor of a matrix scaled to a unit diagonal, in place of its lower triangle."""
    for k in range(_COLUMNS):
        scale[k] = np.sqrt(max(normal[k, k], LEAST))
    for k in range(_COLUMNS):
        for m in range(k + 1):
            value = normal[k, m] / (scale[k] * scale[m])
            for j in range(m):
                value -= normal[k, j] * normal[m, j]
            normal[k, m] = value / normal[m, m] if m < k else np.sqrt(max(value, 0.0) + _RIDGE)


@compiled
def _step(factor: Array, scale: Array, right: Array, step: Array) -> None:
    """Solution of the scaled equations."""
    for k in range(_COLUMNS):
        value = right[k] / scale[k]
        for j in range(k):
            value -= factor[k, j] * step[j]
        step[k] = value / factor[k, k]
    for k in range(_COLUMNS - 1, -1, -1):
        value = step[k]
        for j in range(k + 1, _COLUMNS):
            value -= factor[j, k] * step[j]
        step[k] = value / factor[k, k]
    for k in range(_COLUMNS):
        step[k] /= scale[k]


@compiled
def _move(own: Array, step: Array, limits: Array) -> None:
    """Take a step as far as is possible and as linear steps bear."""
    before = max(own[ONSET], LEAST)
    change = min(max(step[GAP] / before, -limits[2]), limits[2])
    own[GAP] = min(max(own[GAP] + change, limits[0]), limits[1])
    own[0] = max(own[0] + step[0], limits[3])
    own[ONSET] = max(own[ONSET] + step[ONSET], _LEFT * own[ONSET])
    own[SLOPE] = min(max(own[SLOPE] + step[SLOPE], -own[0]), own[0])


@compiled
def _linear(
    counts: Array,
    own: Array,
    tail: Array,
    curves: Array,
    place: Array,
    noise: Array,
    limits: Array,
    normal: Array,
    right: Array,
) -> float:
    """Sums of one spectrum at its own parameters, with the prior of its slope; the cost."""
    channels = counts.size
    part, low, away = _place(curves, place, own[GAP], channels)
    onset, slope = curves[part, 0, low : low + channels], curves[part, 1, low : low + channels]
    cost = _sums(counts, own, tail, onset, slope, away, noise, normal, right)
    precision = 1 / (limits[4] * max(own[0], LEAST)) ** 2
    normal[SLOPE, SLOPE] += precision
    right[SLOPE] -= precision * own[SLOPE]
    return cost


@compiled
def _variance(normal: Array, scale: Array, own: Array) -> float:
    """Variance of the gap, from the factor of the scaled matrix."""
    return float((normal[GAP, GAP] * scale[GAP] * max(own[ONSET], LEAST)) ** -2)


@compiled
def pinned(
    counts: Array,
    first: Array,
    tail: Array,
    curves: Array,
    place: Array,
    noise: Array,
    limits: Array,
    steps: int,
) -> Array:
    """Variance of each gap that is kept, after some steps of the amplitudes."""
    found = np.empty(len(counts))
    normal, right = np.empty((_COLUMNS, _COLUMNS)), np.empty(_COLUMNS)
    scale, step = np.empty(_COLUMNS), np.empty(_COLUMNS)
    for i in range(len(counts)):
        own = first[i].copy()
        for _ in range(steps):
            _linear(counts[i], own, tail, curves, place, noise, limits, normal, right)
            normal[GAP, GAP] *= _PIN
            right[GAP] = 0.0
            _factorise(normal, scale)
            _step(normal, scale, right, step)
            step[GAP] = 0.0
            _move(own, step, limits)
        _linear(counts[i], own, tail, curves, place, noise, limits, normal, right)
        _factorise(normal, scale)
        found[i] = _variance(normal, scale, own)
    return found


@compiled
def fit_each(
    counts: Array,
    first: Array,
    tail: Array,
    curves: Array,
    place: Array,
    noise: Array,
    limits: Array,
    iterations: int,
    means: Array,
) -> tuple[Array, Array, Array, Array]:
    """Parameters of each spectrum, variances of gap and onset, cost over its mean if true."""
    number = len(counts)
    found = first.copy()
    alone, onset_variance, goodness = np.empty(number), np.empty(number), np.empty(number)
    normal, right = np.empty((_COLUMNS, _COLUMNS)), np.empty(_COLUMNS)
    scale, step = np.empty(_COLUMNS), np.empty(_COLUMNS)
    for i in range(number):
        own, best, lowest = first[i].copy(), first[i].copy(), np.inf
        for _ in range(iterations):
            cost = _linear(counts[i], own, tail, curves, place, noise, limits, normal, right)
            if cost > lowest + _LITTLE:
                for k in range(_COLUMNS):
                    own[k] = (own[k] + best[k]) / 2
                continue
            lowest = cost
            best[:] = own
            _factorise(normal, scale)
            _step(normal, scale, right, step)
            alone[i] = _variance(normal, scale, own)
            mixed = normal[GAP, ONSET] / normal[GAP, GAP]
            onset_variance[i] = (1 + mixed**2) / (normal[ONSET, ONSET] * scale[ONSET]) ** 2
            _move(own, step, limits)
            if abs(own[GAP] - best[GAP]) < _CONVERGED * np.sqrt(alone[i]):
                break
        found[i] = best
        part, low, _ = _place(curves, place, best[GAP], counts.shape[1])
        onset = curves[part, 0, low : low + counts.shape[1]]
        goodness[i] = lowest / _mean(best, tail, onset, noise, means)
    return found, alone, onset_variance, goodness
