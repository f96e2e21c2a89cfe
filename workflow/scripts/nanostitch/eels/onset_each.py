"""Fit of onsets of a known shape to many spectra, each on its own, compiled.

The same model and steps as :mod:`nanostitch.eels.onset` takes, without common parameters: for
maps, where that loop is all the time that there is.
"""

from dataclasses import dataclass

import numpy as np

from nanostitch.compiled import compiled
from nanostitch.eels import onset_shape
from nanostitch.eels.channels import Array
from nanostitch.eels.onset_model import GAP, LEAST, ONSET, OWN, SLOPE, Setting, State
from nanostitch.eels.onset_sums import DEVIANCES, lost, mean_lost, variance

ITERATIONS = 5
"""Enough: after them, 99 of 100 gaps of 1e6 electrons move by less than a tenth of their error."""
# Change of a gap, over its error, after which it is not changed any more.
_CONVERGED = 0.03
_STRIDE_FWHM = 1.0
_LEFT = 0.1
_LITTLE = 1e-3
_RIDGE = 1e-10
_COLUMNS = OWN


@dataclass(frozen=True)
class Each:
    """Result of :func:`fit`: states, variances of gap [eV2] and onset, goodness of each.

    ``goodness`` is the deviance over its mean under a true model.
    """

    state: State
    alone: Array
    onset_variance: Array
    goodness: Array


def fit(counts: Array, state: State, setting: Setting, iterations: int = ITERATIONS) -> Each:
    """Most likely gap and amplitudes of each spectrum, the common parameters of a state given.

    Parameters
    ----------
    counts
        One spectrum a row.
    state
        Where to begin.
    setting
        Energies, grid, shape and priors.
    iterations
        Steps at most.
    """
    curves = onset_shape.curves(setting.family, state.common[2:], setting.grid, False)
    shape = setting.tail.values(state.common[:2])
    limits = np.array(
        [
            *setting.gap_range_ev,
            _STRIDE_FWHM * setting.fwhm,
            setting.floor / shape.mean(),
            setting.slope_deviation,
        ]
    )
    found = _fit_each(
        np.ascontiguousarray(counts),
        np.column_stack([state.own, state.gap]),
        np.stack([shape, setting.tail.along]),
        np.stack([curves.values, curves.slope]),
        np.array([setting.energy[0] - setting.grid.above[0], setting.grid.step]),
        setting.grid.parts,
        setting.noise_terms,
        limits,
        iterations,
        DEVIANCES,
    )
    own, alone, onset_variance, goodness = found
    return Each(State(own[:, GAP], own[:, :GAP], state.common), alone, onset_variance, goodness)


@compiled
def _sums(
    counts: Array,
    own: Array,
    tail: Array,
    curves: Array,
    place: Array,
    parts: int,
    noise: Array,
    normal: Array,
    right: Array,
) -> float:
    """Fill the normal matrix and right side of one spectrum; its deviance."""
    a, b, c = own[0], own[1], own[2]
    index = max(int(np.rint((place[0] - own[3]) / place[1])), 0)
    away = c * (own[3] - (place[0] - index * place[1]))
    last, deviance = curves.shape[1] - 1, 0.0
    n00 = n01 = n02 = n03 = n11 = n12 = n13 = n22 = n23 = n33 = 0.0
    r0 = r1 = r2 = r3 = 0.0
    for e in range(counts.size):
        at = min(index + e * parts, last)
        x0, x2, x3 = tail[0, e], curves[0, at], -curves[1, at]
        x1 = -x0 * tail[1, e]
        expected = a * x0 + b * x1 + c * x2
        predicted = expected + away * x3
        weight = 1.0 / variance(max(expected, noise[3]), noise)
        residual = weight * (counts[e] - predicted)
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
        predicted = max(predicted, noise[3])
        deviance += lost(counts[e], predicted, noise)
    normal[0, 0], normal[1, 0], normal[2, 0], normal[3, 0] = n00, n01, n02, n03
    normal[1, 1], normal[2, 1], normal[3, 1] = n11, n12, n13
    normal[2, 2], normal[3, 2], normal[3, 3] = n22, n23, n33
    right[0], right[1], right[2], right[3] = r0, r1, r2, r3
    return deviance


@compiled
def _mean(
    own: Array, tail: Array, curves: Array, place: Array, parts: int, noise: Array, deviances: Array
) -> float:
    """Mean deviance of a spectrum if the model is true."""
    index = max(int(np.rint((place[0] - own[3]) / place[1])), 0)
    last, total = curves.shape[1] - 1, 0.0
    for e in range(tail.shape[1]):
        at = min(index + e * parts, last)
        expected = tail[0, e] * (own[0] - own[1] * tail[1, e]) + own[2] * curves[0, at]
        expected = max(expected, noise[3])
        total += mean_lost(expected * expected / variance(expected, noise), deviances)
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
def _fit_each(
    counts: Array,
    first: Array,
    tail: Array,
    curves: Array,
    place: Array,
    parts: int,
    noise: Array,
    limits: Array,
    iterations: int,
    deviances: Array,
) -> tuple[Array, Array, Array, Array]:
    number = counts.shape[0]
    found = first.copy()
    alone, onset_variance, goodness = np.empty(number), np.empty(number), np.empty(number)
    normal, right = np.empty((_COLUMNS, _COLUMNS)), np.empty(_COLUMNS)
    scale, step = np.empty(_COLUMNS), np.empty(_COLUMNS)
    for i in range(number):
        own, best, lowest = first[i].copy(), first[i].copy(), np.inf
        for _ in range(iterations):
            cost = _sums(counts[i], own, tail, curves, place, parts, noise, normal, right)
            if cost > lowest + _LITTLE:
                for k in range(_COLUMNS):
                    own[k] = (own[k] + best[k]) / 2
                continue
            lowest = cost
            best[:] = own
            precision = 1 / (limits[4] * max(own[0], LEAST)) ** 2
            normal[SLOPE, SLOPE] += precision
            right[SLOPE] -= precision * own[SLOPE]
            _factorise(normal, scale)
            _step(normal, scale, right, step)
            alone[i] = (normal[GAP, GAP] * scale[GAP] * max(own[ONSET], LEAST)) ** -2
            mixed = normal[GAP, ONSET] / normal[GAP, GAP]
            onset_variance[i] = (1 + mixed**2) / (normal[ONSET, ONSET] * scale[ONSET]) ** 2
            _move(own, step, limits)
            if abs(own[GAP] - best[GAP]) < _CONVERGED * np.sqrt(alone[i]):
                break
        found[i] = best
        goodness[i] = lowest / _mean(best, tail, curves, place, parts, noise, deviances)
    return found, alone, onset_variance, goodness
