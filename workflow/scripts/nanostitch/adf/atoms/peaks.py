"""Where columns are looked for: noise of the image, width of its spots, and their maxima."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MAD_TO_SD = 1.4826
_SECOND = np.array([1.0, -2.0, 1.0])
_LEVELS = 24
"""Levels of the signal at which its noise is read."""
_RATIO = 2**0.25
"""From one width that is tried to the next."""
_CROP = 384
"""Side of the part of the image that the width of spots is read from [pixels]."""
_NOISE_CROP = 512
"""The same for its noise: enough pixels to know the gain to some percent."""
_LEAST_VARIANCE = 0.3
"""Of the variance in the darkest parts, below which the line is not believed."""
_NARROWEST = 0.9
"""Of a spot [pixels], below which it is not sampled."""


class Noise(NamedTuple):
    """Variance of a pixel: ``offset + gain I``, but not below ``least``.

    Of electrons counted with a gain, readout noise and a pedestal P: gain is the gain and offset
    the square of the readout noise less gain P [squared detector units].
    """

    offset: float
    gain: float
    least: float

    def variance(self, level: float) -> float:
        """Variance at a level of the signal."""
        return max(self.offset + self.gain * level, self.least)


def noise(image: Array) -> Noise:
    """How the variance of a pixel grows with its signal.

    The second difference along both axes keeps what changes from pixel to pixel only, which no
    sampled spot does; its median square at each level of the smoothed signal is fitted with a line.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``.
    """
    image = _liveliest(image, _NOISE_CROP)
    fine = ndimage.correlate1d(ndimage.correlate1d(image, _SECOND, axis=0), _SECOND, axis=1)
    norm = float((_SECOND**2).sum())
    level = ndimage.uniform_filter(image, 3)[1:-1, 1:-1].ravel()
    rough = np.abs(fine[1:-1, 1:-1]).ravel() / norm
    order = np.argsort(level, kind="stable")
    parts = np.array_split(order, _LEVELS)
    middle = np.array([level[part].mean() for part in parts])
    variance = np.array([(_MAD_TO_SD * np.median(rough[part])) ** 2 for part in parts])
    floor = max(1e-6 * float(np.var(image)), 1e-12)
    weight = 1.0 / np.maximum(variance, floor)
    slope, offset = np.polyfit(middle, variance, 1, w=weight)
    slope = max(float(slope), 0.0)
    if slope == 0.0:
        offset = float(np.average(variance, weights=weight))
    least = max(_LEAST_VARIANCE * float(variance.min()), floor)
    return Noise(float(offset), slope, least)


def spot_width(image: Array, pixel_variance: float, widest_px: float) -> float:
    """Standard deviation of the spots of an image [pixels].

    A Laplacian of a Gaussian of width s, times s^2, leaves of spots of width w a power that goes
    as s^4 / (s^2 + w^2)^3, so that it is most at root 2 w (scale selection of Lindeberg,
    Int. J. Comput. Vis. 30 (1998) 79); the power of noise is taken away.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``.
    pixel_variance
        Mean variance of the noise of a pixel.
    widest_px
        Widest spot that is tried [pixels].
    """
    part = _liveliest(image, _CROP)
    widths = [_NARROWEST]
    while widths[-1] * _RATIO < max(np.sqrt(2) * widest_px, _NARROWEST * _RATIO**2):
        widths.append(widths[-1] * _RATIO)
    answers = []
    for width in widths:
        seen = width**2 * ndimage.gaussian_laplace(part, width)
        # Of white noise: the integral of the square of the filter is 1 / (2 pi width^2).
        answers.append(float(np.var(seen)) - pixel_variance / (2 * np.pi * width**2))
    best = int(np.argmax(answers))
    if not 0 < best < len(widths) - 1:
        return float(widths[best] / np.sqrt(2))
    low, middle, high = (answers[best + k] for k in (-1, 0, 1))
    shift = 0.5 * (low - high) / (low - 2 * middle + high)
    return float(widths[best] * _RATIO**shift / np.sqrt(2))


def _liveliest(image: Array, most: int) -> Array:
    """Part of the image that varies most."""
    side = [min(most, size) for size in image.shape]
    starts = [
        range(0, max(size - s, 0) + 1, max(s // 2, 1))
        for size, s in zip(image.shape, side, strict=True)
    ]
    places = [(i, j) for i in starts[0] for j in starts[1]]
    spread = [np.std(image[i : i + side[0] : 4, j : j + side[1] : 4]) for i, j in places]
    i, j = places[int(np.argmax(spread))]
    return image[i : i + side[0], j : j + side[1]]


def maxima(
    image: Array,
    searched: Mask,
    *,
    noise: Noise,
    width_px: float,
    significance: float,
) -> Array:
    """Spots that stand out of the noise.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``.
    searched
        Where spots may be.
    noise
        As :func:`noise` gives it.
    width_px
        Standard deviation of the spots [pixels].
    significance
        Least answer of the matched filter, in standard deviations of its noise.

    Returns
    -------
    numpy.ndarray
        Start values as :func:`nanostitch.adf.atoms.refine.refine` takes them, sorted by rows.
    """
    fine = ndimage.gaussian_filter(image, 0.7 * width_px, truncate=3.0)
    broad = ndimage.gaussian_filter(image, 1.6 * width_px, truncate=3.0)
    answer = fine - broad
    # Squares of both kernels and of their product, each a Gaussian density.
    a, b = (0.7 * width_px) ** 2, (1.6 * width_px) ** 2
    norm = (1 / (4 * np.pi * a)) + (1 / (4 * np.pi * b)) - 2 / (2 * np.pi * (a + b))
    places = _maxima(
        answer, broad, searched, noise.offset, noise.gain, noise.least, significance**2 * norm
    )
    rows, columns = places[:, 0], places[:, 1]
    y, x = (_vertex(answer, rows, columns, axis) for axis in (0, 1))
    # What the filter leaves of a Gaussian of this width.
    left = 1 / (1 + 0.49) - 1 / (1 + 2.56)
    height = answer[rows, columns] / left
    background = np.maximum(fine[rows, columns] - height / 1.49, 0.0)
    width = np.full(rows.size, np.log(width_px))
    return np.stack([height, y, x, width, background])


def _vertex(answer: Array, rows: Ints, columns: Ints, axis: int) -> Array:
    """Top of the parabola through three pixels along an axis."""
    step = (1, 0) if axis == 0 else (0, 1)
    low = answer[rows - step[0], columns - step[1]]
    high = answer[rows + step[0], columns + step[1]]
    bend = low - 2 * answer[rows, columns] + high
    shift = 0.5 * (low - high) / np.where(bend < 0, bend, -1.0)
    top: Array = (rows, columns)[axis].astype(float) + np.clip(shift, -0.5, 0.5)
    return top


@compiled
def _maxima(
    answer: Array,
    level: Array,
    searched: Mask,
    offset: float,
    gain: float,
    least: float,
    factor: float,
) -> Ints:
    """Pixels above all eight neighbours, inside the border, whose square exceeds the noise."""
    found = []
    for i in range(1, answer.shape[0] - 1):
        for j in range(1, answer.shape[1] - 1):
            v = answer[i, j]
            if v <= 0 or not searched[i, j] or v <= max(answer[i, j - 1], answer[i - 1, j]):
                continue
            if v * v < factor * max(offset + gain * level[i, j], least):
                continue
            before = max(answer[i - 1, j - 1], answer[i - 1, j + 1])
            below = max(answer[i + 1, j + 1], answer[i + 1, j - 1])
            if v > before and v >= max(below, max(answer[i + 1, j], answer[i, j + 1])):
                found.append((i, j))
    places = np.empty((len(found), 2), np.int64)
    for k in range(len(found)):
        places[k, 0], places[k, 1] = found[k]
    return places
