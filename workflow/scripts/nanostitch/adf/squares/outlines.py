"""Extent of labelled regions: area, minimal rectangle and moments, region by region."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Labels = NDArray[np.int32]
Index = NDArray[np.int64]

_DIRECTIONS = 30
"""Directions tried over a right angle: 3 degree apart, the start of a fit."""


class Members(NamedTuple):
    """Positions of all labelled bins, sorted by label: those of n from start[n] to start[n+1]."""

    y: Array
    x: Array
    start: Index


def members(labels: Labels, spacing: Array) -> Members:
    """Positions [nm] of the bins of each label, from the centre of the first bin."""
    flat = labels.ravel()
    inside = np.flatnonzero(flat)
    order = inside[np.argsort(flat[inside], kind="stable")]
    rows, columns = np.divmod(order, labels.shape[1])
    counts = np.bincount(flat, minlength=int(flat.max(initial=0)) + 1)
    counts[0] = 0
    start = np.concatenate([[0], np.cumsum(counts)])
    return Members(rows * spacing[0], columns * spacing[1], start)


@compiled
def _enclosing(y: Array, x: Array, spacing: Array) -> Array:
    """Of one region: centre y, x, sides by second moments, angle, long side by extent."""
    middle_y, middle_x = y.mean(), x.mean()
    best = np.array([middle_y, middle_x, 0.0, 0.0, 0.0, 0.0])
    least = np.inf
    for direction in range(_DIRECTIONS):
        angle = 0.5 * np.pi * direction / _DIRECTIONS
        cosine, sine = np.cos(angle), np.sin(angle)
        low_u, high_u, low_v, high_v = np.inf, -np.inf, np.inf, -np.inf
        for k in range(y.size):
            dy, dx = y[k] - middle_y, x[k] - middle_x
            u, v = dx * cosine - dy * sine, dx * sine + dy * cosine
            low_u, high_u = min(low_u, u), max(high_u, u)
            low_v, high_v = min(low_v, v), max(high_v, v)
        thick_u = abs(cosine) * spacing[1] + abs(sine) * spacing[0]
        thick_v = abs(sine) * spacing[1] + abs(cosine) * spacing[0]
        along, across = high_u - low_u + thick_u, high_v - low_v + thick_v
        if along * across < least:
            least = along * across
            best[4], best[5] = angle, max(along, across)
    cosine, sine = np.cos(best[4]), np.sin(best[4])
    square_u, square_v = 0.0, 0.0
    for k in range(y.size):
        dy, dx = y[k] - middle_y, x[k] - middle_x
        square_u += (dx * cosine - dy * sine) ** 2
        square_v += (dx * sine + dy * cosine) ** 2
    pixel = spacing[0] * spacing[1]
    best[2] = np.sqrt(12.0 * square_u / y.size + pixel)
    best[3] = np.sqrt(12.0 * square_v / y.size + pixel)
    return best


@compiled
def rectangles(y: Array, x: Array, start: Index, spacing: Array) -> Array:
    """Rectangle of each label from 1: centre y, x, sides, angle, long side by extent [nm, rad]."""
    found = np.zeros((start.size - 2, 6))
    for number in range(1, start.size - 1):
        first, last = start[number], start[number + 1]
        if last > first:
            found[number - 1] = _enclosing(y[first:last], x[first:last], spacing)
    return found


@compiled
def union_fill(y: Array, x: Array, start: Index, labels: Index, spacing: Array) -> float:
    """Area of some labels over that of the square on the long side of what encloses them."""
    total = 0
    for label in labels:
        total += start[label + 1] - start[label]
    all_y, all_x = np.empty(total), np.empty(total)
    at = 0
    for label in labels:
        first, last = start[label], start[label + 1]
        all_y[at : at + last - first] = y[first:last]
        all_x[at : at + last - first] = x[first:last]
        at += last - first
    long = _enclosing(all_y, all_x, spacing)[5]
    return float(total * spacing[0] * spacing[1] / long**2)
