"""How fitted rectangles explain what is seen: misfit, free sides, labels of their pixels."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.squares import kernels, profile
from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Labels = NDArray[np.int32]

_BEYOND = 1.5
"""Standard deviations of the blur beyond a side at which its surroundings are looked at."""
_MOST_MISFIT = 0.3
"""What a rectangle may leave of its own signal: corners cut by a tenth of the area leave 0.25."""
_LONGEST = 1.6
"""Sides of one crystal in a ratio above this: it is measured by its outline."""
_ALONG = 8
"""Places looked at along each side."""


@compiled
def judge(
    signal: Single, residual: Single, variance: Single, parameters: Array, spacing: Array
) -> Array:
    """How well each rectangle explains what is seen.

    Returns
    -------
    (rectangle, 3): weighted squares left by the rectangle over those left by the ellipse of the
    same area and second moments; what is left beyond noise over the rectangle's signal, root of
    both squared and summed; share of its sides beyond which the signal falls below half.
    """
    found = np.zeros((parameters.shape[0], 3))
    for index in range(parameters.shape[0]):
        one = parameters[index]
        top, bottom, left, right = kernels.window(
            one, spacing, signal.shape, profile.REACH * one[6]
        )
        cosine, sine = np.cos(one[4]), np.sin(one[4])
        axis_u, axis_v = one[2] / np.sqrt(3.0), one[3] / np.sqrt(3.0)
        mean = np.sqrt(axis_u * axis_v)
        square, data, mixed, round_, beyond = 0.0, 0.0, 0.0, 0.0, 0.0
        for row in range(top, bottom):
            dy = row * spacing[0] - one[0]
            for column in range(left, right):
                if variance[row, column] <= 0.0:
                    continue
                dx = column * spacing[1] - one[1]
                u, v = dx * cosine - dy * sine, dx * sine + dy * cosine
                weight, rest = 1.0 / variance[row, column], residual[row, column]
                value = rest + kernels.height(one, u, v)
                radius = np.sqrt((u / axis_u) ** 2 + (v / axis_v) ** 2)
                ellipse = kernels.step((1.0 - radius) * mean / one[6])
                square += weight * rest * rest
                data += weight * value * value
                mixed += weight * value * ellipse
                round_ += weight * ellipse * ellipse
                beyond += rest * rest - variance[row, column]
        left_by_ellipse = data - mixed * mixed / max(round_, 1e-12)
        found[index, 0] = square / max(left_by_ellipse, 1e-12)
        whole = one[5] ** 2 * one[2] * one[3] / (spacing[0] * spacing[1])
        found[index, 1] = np.sqrt(max(beyond, 0.0) / max(whole, 1e-12))
        found[index, 2] = _free(signal, one, spacing, 0.5 * one[5])
    return found


def is_square(judged: Array, parameters: Array) -> NDArray[np.bool_]:
    """Whether a rectangle explains what is seen, better than an ellipse, and is no oblong.

    Parameters
    ----------
    judged
        Result of :func:`judge`.
    parameters
        The rectangles.
    """
    sides = parameters[:, 2:4]
    close = (judged[:, 0] < 1) & (judged[:, 1] < _MOST_MISFIT)
    return np.asarray(close & (sides.max(axis=1) < _LONGEST * sides.min(axis=1)))


@compiled
def _free(signal: Single, one: Array, spacing: Array, level: float) -> float:
    """Share of places just beyond the sides at which the signal is below a level."""
    cosine, sine = np.cos(one[4]), np.sin(one[4])
    beyond = _BEYOND * one[6]
    below, looked = 0, 0
    for side in range(4):
        for place in range(_ALONG):
            along = (place + 0.5) / _ALONG - 0.5
            sign = 1.0 if side < 2 else -1.0
            if side % 2 == 0:
                u, v = sign * (0.5 * one[2] + beyond), along * one[3]
            else:
                u, v = along * one[2], sign * (0.5 * one[3] + beyond)
            row = int(round((one[0] - u * sine + v * cosine) / spacing[0]))
            column = int(round((one[1] + u * cosine + v * sine) / spacing[1]))
            if 0 <= row < signal.shape[0] and 0 <= column < signal.shape[1]:
                looked += 1
                below += signal[row, column] < level
    return below / looked if looked else 0.0


@compiled
def paint(labels: Labels, parameters: Array, numbers: Labels, spacing: Array) -> None:
    """Write the number of each rectangle on the pixels whose centres it covers, 0 leaves it out."""
    for index in range(parameters.shape[0]):
        if numbers[index] == 0:
            continue
        one = parameters[index]
        top, bottom, left, right = kernels.window(one, spacing, labels.shape, 0.0)
        cosine, sine = np.cos(one[4]), np.sin(one[4])
        for row in range(top, bottom):
            dy = row * spacing[0] - one[0]
            for column in range(left, right):
                dx = column * spacing[1] - one[1]
                u, v = dx * cosine - dy * sine, dx * sine + dy * cosine
                if abs(u) <= 0.5 * one[2] and abs(v) <= 0.5 * one[3]:
                    labels[row, column] = numbers[index]
