"""Inner loops of the square fit in machine code: model, normal equations, one step of each."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from nanostitch.adf import cholesky
from nanostitch.adf.squares import profile
from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]

REACH = profile.REACH
PARAMETERS = 7
"""Centre y and x, sides along and across [nm], angle [rad], height, blur [nm]."""
_FINENESS = 128
_END = 4.0
_GRID = np.arange(-int(_END) * _FINENESS, int(_END) * _FINENESS + 2) / _FINENESS
_TABLE = special.ndtr(_GRID)
_TABLE[0], _TABLE[-2:] = 0.0, 1.0


@compiled
def step(t: float) -> float:
    """Normal distribution function, from a table (to 1e-5, the ends to 3e-5)."""
    at = (min(max(t, -_END), _END) + _END) * _FINENESS
    left = np.uint32(at)
    part = at - np.int64(left)
    low = _TABLE[left]
    return float(low + part * (_TABLE[left + np.uint32(1)] - low))


@compiled
def window(
    one: Array, spacing: Array, shape: tuple[int, int], reach: float
) -> tuple[int, int, int, int]:
    """First and last-but-one row and column [pixel] that a rectangle reaches with its blur."""
    cosine, sine = abs(np.cos(one[4])), abs(np.sin(one[4]))
    tall = 0.5 * (one[2] * sine + one[3] * cosine) + reach
    wide = 0.5 * (one[2] * cosine + one[3] * sine) + reach
    top = max(int(np.floor((one[0] - tall) / spacing[0])), 0)
    bottom = min(int(np.ceil((one[0] + tall) / spacing[0])) + 1, shape[0])
    left = max(int(np.floor((one[1] - wide) / spacing[1])), 0)
    right = min(int(np.ceil((one[1] + wide) / spacing[1])) + 1, shape[1])
    return top, max(bottom, top), left, max(right, left)


@compiled
def height(one: Array, u: float, v: float) -> float:
    """Signal of a blurred rectangle at a point along and across its own axes."""
    blur = one[6]
    along = step((u + one[2] / 2) / blur) - step((u - one[2] / 2) / blur)
    across = step((v + one[3] / 2) / blur) - step((v - one[3] / 2) / blur)
    return float(one[5] * along * across)


@compiled
def room(all_of: Array, spacing: Array, shape: tuple[int, int], grown: float) -> profile.Room:
    """Room for the largest of some rectangles and a margin [nm]."""
    most, tallest = 1, 1
    for one in all_of:
        top, bottom, left, right = window(one, spacing, shape, REACH * one[6] + grown)
        most = max(most, (bottom - top) * (right - left))
        tallest = max(tallest, bottom - top)
    return profile.room(most, tallest)


@compiled
def _add(plane: Single, one: Array, spacing: Array, sign: float, within: profile.Room) -> None:
    box = window(one, spacing, plane.shape, REACH * one[6])
    count = profile.gather(one, spacing, box, REACH * one[6], within)
    profile.model(one, within.lines, count)
    profile.write(plane, box[0], within, count, sign)


@compiled
def add(plane: Single, one: Array, spacing: Array, sign: float) -> None:
    """Add a blurred rectangle, times a sign, to an image in place."""
    _add(plane, one, spacing, sign, room(np.expand_dims(one, 0), spacing, plane.shape, 0.0))


@compiled
def normal_equations(
    residual: Single,
    variance: Single,
    one: Array,
    spacing: Array,
    free: int,
    matrix: Array,
    vector: Array,
    within: profile.Room,
) -> tuple[float, int]:
    """Fill matrix and vector of the weighted normal equations of one rectangle.

    ``residual`` is the image less all models; pixels of variance 0 are left out. ``within`` comes
    from :func:`room` and is left with the rectangle's own signal. Returns the weighted sum of
    squares and the number of pixels.
    """
    matrix[:] = 0.0
    box = window(one, spacing, residual.shape, REACH * one[6])
    count = profile.gather(one, spacing, box, REACH * one[6], within)
    profile.read(residual, box[0], profile.REST, within, count)
    profile.read(variance, box[0], profile.ROOT, within, count)
    lines = within.lines
    profile.slopes(one, lines, count)
    rest = lines[profile.REST]
    for i in range(free):
        vector[i] = profile.dot(lines[i], rest, count)
        for j in range(i + 1):
            matrix[i, j] = matrix[j, i] = profile.dot(lines[i], lines[j], count)
    return profile.dot(rest, rest, count), count


@compiled
def _moved(one: Array, step: Array, free: int, most: float, least: float) -> float:
    """Move a rectangle by a step or the part of it that is allowed; returns how far [nm]."""
    arm = 0.5 * max(one[2], one[3])
    longest = max(abs(step[0]), abs(step[1]), abs(step[2]), abs(step[3]), abs(step[4]) * arm)
    if free > 6:
        longest = max(longest, 2.0 * abs(step[6]))
    scale = min(1.0, most / longest) if longest > 0.0 else 1.0
    for i in range(free):
        one[i] += scale * step[i]
    one[2], one[3] = max(one[2], 0.5 * one[6]), max(one[3], 0.5 * one[6])
    one[6] = max(one[6], least)
    return float(scale * longest)


@compiled
def sweep(
    residual: Single,
    variance: Single,
    all_of: Array,
    active: Mask,
    spacing: Array,
    free: int,
    most: float,
) -> Array:
    """One Gauss-Newton step of every active rectangle in turn, the others held.

    ``residual`` and ``all_of`` change in place. ``free`` parameters move (7: the blur too), each
    length by at most ``most`` [nm]. Returns how far each moved [nm].
    """
    moved = np.zeros(all_of.shape[0])
    matrix, vector = np.empty((PARAMETERS, PARAMETERS)), np.empty(PARAMETERS)
    within = room(all_of[active], spacing, residual.shape, 2.0 * most)
    least = 0.2 * min(spacing[0], spacing[1])
    for index in range(all_of.shape[0]):
        if not active[index]:
            continue
        one = all_of[index]
        _, count = normal_equations(residual, variance, one, spacing, free, matrix, vector, within)
        for i in range(free):
            matrix[i, i] = matrix[i, i] * 1.001 + 1e-12
        if not cholesky.solve(matrix[:free, :free], vector[:free]):
            continue
        top = window(one, spacing, residual.shape, REACH * one[6])[0]
        profile.write(residual, top, within, count, 1.0)
        moved[index] = _moved(one, vector, free, most, least)
        _add(residual, one, spacing, -1.0, within)
    return moved


@compiled
def shared(variance: Single, first: Array, second: Array, spacing: Array, cross: Array) -> None:
    """Fill the block of the normal matrix that two rectangles share, (6, 6)."""
    cross[:] = 0.0
    one = window(first, spacing, variance.shape, REACH * first[6])
    other = window(second, spacing, variance.shape, REACH * second[6])
    top, bottom = max(one[0], other[0]), min(one[1], other[1])
    left, right = max(one[2], other[2]), min(one[3], other[3])
    if bottom <= top or right <= left:
        return
    mine = profile.room((bottom - top) * (right - left), bottom - top)
    others = profile.room((bottom - top) * (right - left), bottom - top)
    count = 0
    for own, within in ((first, mine), (second, others)):
        count = profile.gather(own, spacing, (top, bottom, left, right), np.inf, within)
        profile.read(variance, top, profile.REST, within, count)
        profile.read(variance, top, profile.ROOT, within, count)
        profile.slopes(own, within.lines, count)
    for i in range(6):
        for j in range(6):
            cross[i, j] = profile.dot(mine.lines[i], others.lines[j], count)
