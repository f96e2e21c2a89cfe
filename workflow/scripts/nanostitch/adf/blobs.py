"""Round particles on a rough support: found by their curvature at their own scale."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

BINS_ACROSS = 9.0
"""Bins across a usual particle: the smallest still measures four."""
_SMALLEST, _LARGEST, _SCALES = 0.43, 3.0, 6
"""Diameters looked for, over the usual one, and how many: each 1.5 times the one before, by which
the response to a disc falls off its peak by less than a tenth."""
_DIAMETER_PER_SIGMA = 2.0 * np.sqrt(2.0)
"""Of the disc that answers most to the Laplacian of a Gaussian, over the latter's sigma."""
_AROUND = 5.0
"""Side of the square over which noise is averaged, over the usual diameter."""
_SUSPECT = 0.5
"""Share of the least response from which something is kept out of the noise: it may be a particle,
and what is left out in vain costs nothing."""
_COVERED = (0.01, 0.4)
"""Share of the image that particles are credited with at least and at most, whatever is found."""
_GUESSED = 0.25
_ROUNDS = 5
_NEAREST = 0.45
"""Least distance of two particles over the larger diameter; nearer ones are one."""
_PRIOR = 0.1
"""Weight of the whole image in the noise around, where little bare support is."""
REACH = 0.75
"""Radius within which the outline of a particle lies, over its diameter."""


class Blobs(NamedTuple):
    """Round particles; positions in bins from the centre of the first."""

    at: Array
    """(blob, 2): y, x."""
    diameter: Array
    """In bins."""
    response: Array
    """Over the noise at that scale [1]."""


def find(values: Single, seen: Mask, usual: float) -> Blobs:
    """Particles of about a usual diameter, whatever support they lie on.

    The response is the smaller principal curvature of the signal, smoothed to and normalised by
    the scale: an edge or ridge of the support bends in one direction only and gives none. Noise
    is the root mean square of the Laplacian at the same scale, outside particles, around each
    place and in the whole image, both summed; particles are found anew with it, and so on.

    Parameters
    ----------
    values
        Signal in bins, particles bright, dims (y, x).
    seen
        Which bins were seen.
    usual
        Usual diameter [bin].

    Notes
    -----
    Normalised scales: Lindeberg, Int. J. Comput. Vis. 30 (1998) 79. The least response is that at
    which the odds of normal noise, exp(-r**2 / 2), fall to those of being on a particle at all:
    the share of the image that particles cover, learned from the image, over the rest.
    """
    diameters = usual * np.geomspace(_SMALLEST, _LARGEST, _SCALES)
    bent, laplacian = _curvatures(values, diameters)
    bent[:, ~seen] = 0.0
    side = max(int(_AROUND * usual), 1)
    bare, least = seen, _least(_GUESSED)
    for _ in range(_ROUNDS):
        response = bent / _noise(laplacian, bare, side)
        suspects = _summits(response, diameters, _SUSPECT * least)
        bare = seen & (owners(suspects, values.shape) == 0)
        sure = suspects.response > least
        found = Blobs(suspects.at[sure], suspects.diameter[sure], suspects.response[sure])
        least = _least(float((owners(found, values.shape) > 0).mean()))
    return found


def _least(covered: float) -> float:
    """Response at which noise and particle are equally probable, over the noise."""
    share = float(np.clip(covered, *_COVERED))
    return float(np.sqrt(2.0 * np.log((1.0 - share) / share)))


def _curvatures(values: Single, diameters: Array) -> tuple[Single, Single]:
    """Twice the smaller downward curvature, and the Laplacian, of each scale and times it."""
    bent = np.empty((len(diameters), *values.shape), np.float32)
    laplacian = np.empty_like(bent)
    for index, sigma in enumerate(diameters / _DIAMETER_PER_SIGMA):
        smooth = ndimage.gaussian_filter(values, sigma, mode="mirror", truncate=3.0)
        vertical, horizontal = (
            ndimage.convolve1d(smooth, [1.0, -2.0, 1.0], axis=axis, mode="mirror")
            for axis in (0, 1)
        )
        slope = ndimage.convolve1d(smooth, [0.5, 0.0, -0.5], axis=0, mode="mirror")
        mixed = ndimage.convolve1d(slope, [0.5, 0.0, -0.5], axis=1, mode="mirror")
        laplacian[index] = -(sigma**2) * (vertical + horizontal)
        bent[index] = laplacian[index] - sigma**2 * np.hypot(vertical - horizontal, 2 * mixed)
    return bent, laplacian


def _noise(laplacian: Single, bare: Mask, side: int) -> Single:
    """Root mean square of each scale around each place and in the whole image, both summed."""
    weight = ndimage.uniform_filter(bare.astype(np.float32), side, mode="mirror") + _PRIOR
    noise = np.empty_like(laplacian)
    for index, plane in enumerate(laplacian):
        square = np.where(bare, plane**2, np.float32(0))
        whole = float(square.sum(dtype=np.float64) / max(bare.sum(), 1))
        around = ndimage.uniform_filter(square, side, mode="mirror") + _PRIOR * whole
        noise[index] = np.sqrt(np.maximum(around, 0) / weight + max(whole, 1e-20))
    return noise


def _summits(response: Single, diameters: Array, least: float) -> Blobs:
    """Maxima over place and scale, the stronger first; without those too near to a stronger one."""
    highest = response == ndimage.maximum_filter(response, size=3, mode="constant", cval=-np.inf)
    scale, row, column = np.nonzero(highest & (response > least))
    height = response[scale, row, column].astype(float)
    order = np.argsort(-height, kind="stable")
    at, size = np.stack([row, column], axis=1)[order].astype(float), diameters[scale[order]]
    kept: list[int] = []
    for index in range(len(order)):
        near = np.hypot(*(at[kept] - at[index]).T)
        if not (near < _NEAREST * np.maximum(size[kept], size[index])).any():
            kept.append(index)
    return Blobs(at[kept], size[kept], height[order][kept])


def owners(blobs: Blobs, shape: tuple[int, ...], bins: Array | float = 1.0) -> Labels:
    """Number of the blob that each pixel may belong to, 0 outside all of them.

    Parameters
    ----------
    blobs
        Result of :func:`find`.
    shape
        Of the image [pixel].
    bins
        Sides of a bin [pixel].
    """
    owner = np.zeros(shape, np.int32)
    nearest = np.full(shape, REACH)
    sides = np.broadcast_to(np.asarray(bins, float), 2)
    for number, (place, diameter) in enumerate(zip(blobs.at, blobs.diameter, strict=True), 1):
        middle, reach = (place + 0.5) * sides - 0.5, REACH * diameter * sides
        low = np.maximum(np.floor(middle - reach), 0).astype(int)
        high = np.minimum(np.ceil(middle + reach) + 1, shape).astype(int)
        window = np.s_[low[0] : high[0], low[1] : high[1]]
        dy = (np.arange(low[0], high[0]) - middle[0]) / sides[0]
        dx = (np.arange(low[1], high[1]) - middle[1]) / sides[1]
        share = np.hypot(dy[:, None], dx) / diameter
        nearer = share < nearest[window]
        owner[window][nearer] = number
        nearest[window][nearer] = share[nearer]
    return owner


def support(values: Single, bare: Mask, usual: float) -> Single:
    """Support beneath particles: the mean of what is bare around, the nearest weighing most.

    Parameters
    ----------
    values
        Signal in bins.
    bare
        Bins that no particle covers.
    usual
        Usual diameter [bin]; the mean is a Gaussian of half of it, wider where nothing is near.
    """
    weight, total = bare.astype(np.float32), np.where(bare, values, np.float32(0))
    filled = np.full(values.shape, total.sum() / max(weight.sum(), 1.0), np.float32)
    for width in (4.0, 2.0, 1.0, 0.5):
        sigma = width * usual
        share, mean = (
            ndimage.gaussian_filter(one, sigma, mode="mirror", truncate=3.0)
            for one in (weight, total)
        )
        filled = (mean + np.float32(0.01) * filled) / (share + np.float32(0.01))
    return filled
