"""Search for the shift, rotation and scale at which two images are most alike."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Array = NDArray[np.float64]

_TOLERANCE_PIXELS = 2.0
"""By how much a rotation or scale between two that are tried displaces a third of the field."""
_LEAST_OVERLAP, _LEAST_POWER = 0.5, 0.25
"""Share of the smaller image that both must show, and share of the contrast of either that the
overlap is taken to hold at least: where only bare support overlaps, noise correlates with noise."""


def tried(bounds: tuple[float, float], side: int) -> Iterator[tuple[float, float]]:
    """Rotations [rad] and logarithms of scales within bounds, for images of so many pixels."""
    spread = 2 * _TOLERANCE_PIXELS / (side / 3)
    counts = [2 * int(np.ceil(bound / spread)) + 1 for bound in bounds]
    for angle in np.linspace(-bounds[0], bounds[0], counts[0]):
        for scale in np.linspace(-bounds[1], bounds[1], counts[1]):
            yield float(angle), float(scale)


def images(moving: Array) -> Iterator[Array]:
    """The image itself, then its quarter turns and their mirror images."""
    for image in (moving, moving[:, ::-1]):
        for turns in range(4):
            yield np.rot90(image, turns)


def best(fixed: Array, moving: Array, tries: list[tuple[float, float]]) -> tuple[float, Array]:
    """Highest normalised correlation, and its shift [pixel], rotation and logarithm of the scale.

    Parameters
    ----------
    fixed, moving
        Images (y, x) without slow variation, with pixels of one size.
    tries
        Rotations and scales; see :func:`tried`.

    Notes
    -----
    Overlap-normalised by Fourier transforms: Padfield, IEEE Trans. Image Process. 21 (2012) 2706.
    """
    shape = [fft.next_fast_len(a + b) for a, b in zip(fixed.shape, moving.shape, strict=True)]
    ones = np.ones(fixed.shape)
    spectra = [fft.rfft2(one, shape) for one in (fixed, fixed**2, ones)]
    results = [_correlated(spectra, fixed.shape, moving, shape, one) for one in tries]
    return max(results, key=lambda result: result[0])


def _correlated(
    spectra: list[Array],
    fixed: tuple[int, ...],
    moving: Array,
    shape: list[int],
    one: tuple[float, float],
) -> tuple[float, Array]:
    turned, seen = (_turned(image, *one) for image in (moving, np.ones(moving.shape)))
    parts = [fft.rfft2(image, shape).conj() for image in (turned, turned**2, seen)]
    cross, power, own, overlap = (
        fft.irfft2(a * b, shape)
        for a, b in (
            (spectra[0], parts[0]),
            (spectra[1], parts[2]),
            (spectra[2], parts[1]),
            (spectra[2], parts[2]),
        )
    )
    least = _LEAST_OVERLAP * min(fixed[0] * fixed[1], moving.size)
    power = np.maximum(power, _LEAST_POWER * power.max())
    own = np.maximum(own, _LEAST_POWER * own.max())
    height = np.where(overlap >= least, cross / np.sqrt(power * own), -1.0)
    at = np.array(np.unravel_index(int(np.argmax(height)), height.shape), dtype=float)
    at -= np.where(at >= np.array(fixed), shape, 0)
    middle = (np.array(moving.shape) - np.array(fixed)) / 2
    return float(height.max()), np.array([*(at + middle), *one])


def _turned(image: Array, angle: float, scale: float) -> Array:
    """Image turned from x towards y and magnified about its middle, 0 beyond."""
    inverse = matrix(-angle, -scale)
    middle = (np.array(image.shape) - 1) / 2
    return np.asarray(ndimage.affine_transform(image, inverse, middle - inverse @ middle, order=1))


def matrix(angle: float, scale: float) -> Array:
    """Rotation from x towards y, times the exponential of ``scale``; of columns (y, x)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(np.exp(scale) * np.array([[c, s], [-s, c]]))
