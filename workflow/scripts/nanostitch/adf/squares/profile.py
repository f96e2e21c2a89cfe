"""A blurred rectangle along stretches of an image's rows, many pixels at a time.

A crystal is a rectangle of even height, blurred by a Gaussian. Turned into its own axes it is a
product of two differences of normal distribution functions, exactly. Single precision and no
branches: machine code then takes eight pixels at a time.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled, compiled_sums

Array = NDArray[np.float64]
Single = NDArray[np.float32]

REACH = 3.5
"""Beyond this many standard deviations of the blur, an edge is no longer felt (2e-4)."""
_LINES = 11
_V, _BELLS_U, _ENDS_U, _ENDS_V, _U, _ALONG, _ACROSS, REST, ROOT, _BELLS_V, MODEL = range(_LINES)
"""Lines of the room; in the end the first seven hold the derivatives."""
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_FARTHEST = np.float32(5)
"""Beyond it, all is 0 or 1 to single precision."""
_ROOT = np.float32(-1 / 64)
"""Times the square of a value: the logarithm of the 32nd root of a bell."""
_SERIES = tuple(np.float32(1 / math.factorial(n)) for n in range(2, 6))
_PEAK = np.float32(1 / math.sqrt(2 * math.pi))
_HASTINGS = tuple(np.float32(one) for one in (0.33267, 0.4361836, -0.1201676, 0.9372980))


class Room(NamedTuple):
    """What is known of the pixels that a rectangle reaches, one after another."""

    lines: Single
    """(line, pixel)."""
    spans: NDArray[np.int64]
    """(row, 2): first and last-but-one column."""


@compiled_sums
def edge(t: np.float32) -> tuple[np.float32, np.float32]:
    """Normal distribution function (to 1e-5) and density of a value, many at a time.

    Hastings' sum of three powers (Abramowitz & Stegun 1964, 26.2.16) times the density; that is
    the 32nd power of its 32nd root, whose series is short.
    """
    far = -t if t < _ZERO else t
    far = far if far < _FARTHEST else _FARTHEST
    root = far * far * _ROOT
    high = root * (_SERIES[0] + root * (_SERIES[1] + root * (_SERIES[2] + root * _SERIES[3])))
    bell = _ONE + root * (_ONE + high)
    bell *= bell
    bell *= bell
    bell *= bell
    bell *= bell
    bell *= bell
    bell *= _PEAK
    part = _ONE / (_ONE + _HASTINGS[0] * far)
    above = bell * part * (_HASTINGS[1] + part * (_HASTINGS[2] + part * _HASTINGS[3]))
    return (above if t < _ZERO else _ONE - above), bell


@compiled
def _span(
    one: Array, spacing: Array, row: int, columns: tuple[int, int], reach: float
) -> tuple[int, int]:
    """First and last-but-one column of a row [pixel] that lies within reach [nm]."""
    cosine, sine, dy = np.cos(one[4]), np.sin(one[4]), row * spacing[0] - one[0]
    low, high = -np.inf, np.inf
    far_along, far_across = one[2] / 2 + reach, one[3] / 2 + reach
    for slope, middle, far in (
        (cosine, dy * sine, far_along),
        (sine, -dy * cosine, far_across),
    ):
        if abs(slope) > 1e-9:
            low = max(low, middle / slope - far / abs(slope))
            high = min(high, middle / slope + far / abs(slope))
        elif abs(middle) > far:
            return columns[0], columns[0]
    first = int(max(np.ceil((low + one[1]) / spacing[1]), columns[0]))
    last = int(min(np.floor((high + one[1]) / spacing[1]) + 1.0, columns[1]))
    return first, max(last, first)


@compiled
def room(most: int, tallest: int) -> Room:
    """Room for so many pixels in so many rows."""
    return Room(np.empty((_LINES, most), np.float32), np.empty((tallest, 2), np.int64))


@compiled
def gather(
    one: Array, spacing: Array, box: tuple[int, int, int, int], reach: float, room: Room
) -> int:
    """Fill where the pixels of a box lie that are within reach of a rectangle; returns how many.

    The box is the first and last-but-one row and column, the reach is in nm. Places are along
    and across the rectangle's own axes, over the blur.
    """
    cosine, sine = np.cos(one[4]) / one[6], np.sin(one[4]) / one[6]
    du, dv = np.float32(spacing[1] * cosine), np.float32(spacing[1] * sine)
    count = 0
    for row in range(box[0], box[1]):
        first, last = _span(one, spacing, row, (box[2], box[3]), reach)
        room.spans[row - box[0], 0], room.spans[row - box[0], 1] = first, last
        dy, dx = row * spacing[0] - one[0], first * spacing[1] - one[1]
        u, v = np.float32(dx * cosine - dy * sine), np.float32(dx * sine + dy * cosine)
        for k in range(last - first):
            room.lines[_U, count + k] = u + np.float32(np.int32(k)) * du
            room.lines[_V, count + k] = v + np.float32(np.int32(k)) * dv
        count += last - first
    return count


@compiled
def read(image: Single, top: int, line: int, room: Room, count: int) -> None:
    """Copy the gathered pixels of an image to a line of the room."""
    at, row = 0, top
    while at < count:
        first, last = room.spans[row - top]
        for k in range(last - first):
            room.lines[line, at + k] = image[row, first + k]
        at, row = at + last - first, row + 1


@compiled
def write(image: Single, top: int, room: Room, count: int, sign: float) -> None:
    """Add the rectangle's signal, times a sign, to the gathered pixels of an image."""
    at, row, factor = 0, top, np.float32(sign)
    while at < count:
        first, last = room.spans[row - top]
        for k in range(last - first):
            image[row, first + k] += factor * room.lines[MODEL, at + k]
        at, row = at + last - first, row + 1


@compiled_sums
def model(one: Array, lines: Single, count: int) -> None:
    """Fill the rectangle's signal on the gathered pixels."""
    height = np.float32(one[5])
    half_u, half_v = np.float32(0.5 * one[2] / one[6]), np.float32(0.5 * one[3] / one[6])
    for k in range(count):
        u, v = lines[_U, k], lines[_V, k]
        along = edge(u + half_u)[0] - edge(u - half_u)[0]
        across = edge(v + half_v)[0] - edge(v - half_v)[0]
        lines[MODEL, k] = height * along * across


@compiled_sums
def _sides(lines: Single, place: int, into: tuple[int, int, int], half: float, count: int) -> None:
    """Fill the profile along one axis, the difference of the bells of its ends, half their sum."""
    far = np.float32(half)
    for k in range(count):
        step_a, bell_a = edge(lines[place, k] + far)
        step_b, bell_b = edge(lines[place, k] - far)
        lines[into[0], k] = step_a - step_b
        lines[into[1], k] = bell_a - bell_b
        lines[into[2], k] = _HALF * (bell_a + bell_b)


@compiled_sums
def _weigh(lines: Single, profile: int, bells: tuple[int, int], scale: float, count: int) -> None:
    """Multiply the bells of one axis by the profile along the other and the weight's root."""
    height = np.float32(scale)
    for k in range(count):
        factor = height * lines[ROOT, k] * lines[profile, k]
        lines[bells[0], k] *= factor
        lines[bells[1], k] *= factor


@compiled_sums
def _roots(lines: Single, count: int) -> None:
    """Roots of the weights in place of variances, 0 for those that are 0; weigh the residual."""
    for k in range(count):
        seen = lines[ROOT, k] > _ZERO
        root = _ONE / np.sqrt(lines[ROOT, k] if seen else _ONE)
        lines[ROOT, k] = root if seen else _ZERO
    for k in range(count):
        lines[REST, k] *= lines[ROOT, k]


@compiled_sums
def slopes(one: Array, lines: Single, count: int) -> None:
    """Turn gathered places, residual and variance into weighted derivatives and residual.

    Lines 0 to 6 become the derivatives by the seven parameters, each over the standard deviation;
    ``MODEL`` becomes the rectangle's signal. Few lines a loop, else they are not taken together.
    """
    half_u, half_v = 0.5 * one[2] / one[6], 0.5 * one[3] / one[6]
    _roots(lines, count)
    _sides(lines, _U, (_ALONG, _BELLS_U, _ENDS_U), half_u, count)
    _sides(lines, _V, (_ACROSS, _BELLS_V, _ENDS_V), half_v, count)
    _weigh(lines, _ACROSS, (_BELLS_U, _ENDS_U), one[5] / one[6], count)
    _weigh(lines, _ALONG, (_BELLS_V, _ENDS_V), one[5] / one[6], count)
    cosine, sine = np.float32(np.cos(one[4])), np.float32(np.sin(one[4]))
    height, blur = np.float32(one[5]), np.float32(one[6])
    wide_u, wide_v = np.float32(2.0 * half_u), np.float32(2.0 * half_v)
    for k in range(count):
        both = lines[_ALONG, k] * lines[_ACROSS, k]
        lines[MODEL, k] = height * both
        lines[_ALONG, k] = lines[ROOT, k] * both
    for k in range(count):
        by_u, by_v = lines[_BELLS_U, k], lines[_BELLS_V, k]
        along = lines[_U, k] * by_u + wide_u * lines[_ENDS_U, k]
        across = lines[_V, k] * by_v + wide_v * lines[_ENDS_V, k]
        lines[_ACROSS, k] = -along - across
    for k in range(count):
        turned = lines[_BELLS_V, k] * lines[_U, k] - lines[_BELLS_U, k] * lines[_V, k]
        lines[_U, k] = blur * turned
    for k in range(count):
        by_u, by_v = lines[_BELLS_U, k], lines[_BELLS_V, k]
        lines[_V, k] = by_u * sine - by_v * cosine
        lines[_BELLS_U, k] = -by_u * cosine - by_v * sine


@compiled_sums
def dot(one: Single, other: Single, count: int) -> float:
    """Sum of products of the first values of two lines."""
    total = _ZERO
    for k in range(count):
        total += one[k] * other[k]
    return float(total)
