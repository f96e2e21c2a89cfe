"""Cut the foreground of a flattened image into fragments, each within one crystal."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from nanostitch.adf.flatten import pixel_size_nm

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_BINS_ACROSS = 13.0
"""Bins across a crystal: enough for its shape, and few enough to be quick."""
_FAINTEST = 0.25
"""Of the level of the crystals around: below it a pixel is support or the blur of a neighbour.
Half of that level is the edge of those of the same thickness; some are half as thick."""
_DEEPEST_SADDLE = 0.9
"""A summit counts where the way to a deeper one leads below this share of its own depth."""
_VALLEY_LENGTH = 0.1
"""Standard deviation at which valleys are sought, over the edge of a crystal: some neighbours of a
line stand in for its length without rounding the crystal off."""
_CERTAIN = 3.5
"""Least curvature of a valley over its noise; more fragments than crystals are mended later."""
_MAD_TO_SD = 1.4826
_FEWEST = 100


class Binned(NamedTuple):
    """The image in bins of about a thirteenth of a crystal, and what is known of its noise."""

    values: Single
    smooth: Single
    level: Single
    """Signal of the crystals around."""
    foreground: Mask
    spacing: Array
    """Sides of a bin [nm]."""
    bins: NDArray[np.int_]
    """Sides of a bin [pixel]."""
    inner_noise: float
    """Standard deviation of a bin within crystals."""


def binned(
    flat: xr.Dataset, *, detection_contrast: float, unit_edge_nm: float, denoise_nm: float
) -> Binned:
    """Bin the image and tell crystals from support.

    Parameters
    ----------
    flat
        Result of :func:`nanostitch.adf.flatten.flatten`.
    detection_contrast
        Lowest signal of a particle over the noise of the support [1].
    unit_edge_nm
        Edge of an original crystal [nm].
    denoise_nm
        Standard deviation of the Gaussian that smooths the noise [nm].

    Notes
    -----
    The contraharmonic mean (of squares over mean) is the level of the crystals around, however
    many there are: support counts for nothing in it.
    """
    pixel = np.array(pixel_size_nm(flat["signal"]))
    bins = np.maximum(np.round(unit_edge_nm / _BINS_ACROSS / pixel), 1).astype(int)
    spacing = pixel * bins
    values = block_mean(flat["unsmoothed"].to_numpy(), bins)
    seen = block_mean(flat["finite"].to_numpy().astype(np.float32), bins) > 0.5
    smooth = ndimage.gaussian_filter(values, denoise_nm / spacing, mode="nearest")
    bright = np.where(smooth > detection_contrast * float(flat["noise"]), smooth, np.float32(0))
    level = _level(bright, 0.5 * unit_edge_nm / spacing)
    foreground = seen & (bright > _FAINTEST * level) & (bright > 0)
    return Binned(
        values,
        smooth,
        level,
        ndimage.binary_opening(foreground),
        spacing,
        bins,
        _inner_noise(values, foreground),
    )


def block_mean(values: Single, bins: NDArray[np.int_]) -> Single:
    """Mean of blocks; the last ones are filled up with what is next to them."""
    if (bins == 1).all():
        return values
    padding = [(0, -size % step) for size, step in zip(values.shape, bins, strict=True)]
    padded = np.pad(values, padding, mode="edge") if np.any(padding) else values
    rows, columns = (size // step for size, step in zip(padded.shape, bins, strict=True))
    mean: Single = padded.reshape(rows, bins[0], columns, bins[1]).mean(axis=(1, 3))
    return mean


def _level(bright: Single, sigma: Array) -> Single:
    mean = ndimage.gaussian_filter(bright, sigma, mode="nearest", truncate=3.0)
    square = ndimage.gaussian_filter(bright**2, sigma, mode="nearest", truncate=3.0)
    level: Single = np.divide(square, mean, out=np.zeros_like(mean), where=mean > 0)
    return level


def _inner_noise(values: Single, foreground: Mask) -> float:
    """Noise of a bin inside crystals, from second differences away from edges."""
    inner = ndimage.binary_erosion(foreground, iterations=3)[:, 1:-1]
    bends = values[:, 2:] + values[:, :-2] - 2 * values[:, 1:-1]
    bends = np.abs(bends[inner if inner.sum() > _FEWEST else foreground[:, 1:-1]])
    return float(_MAD_TO_SD * np.median(bends) / np.sqrt(6)) if bends.size else 0.0


def fragments(image: Binned, *, unit_edge_nm: float, gap_curvature_nm: float) -> Labels:
    """Number the fragments, 0 outside; every crystal consists of one or a few.

    Parameters
    ----------
    image
        Result of :func:`binned`.
    unit_edge_nm
        Edge of an original crystal [nm].
    gap_curvature_nm
        Width of the narrowest gap that parts two crystals [nm]; half of it makes a valley.

    Notes
    -----
    Valleys: the larger curvature of the smoothed signal (Hessian). Watershed: Vincent & Soille,
    IEEE Trans. Pattern Anal. Mach. Intell. 13 (1991) 583, doi:10.1109/34.87344. Maxima are kept
    by the ratio of saddle to summit instead of their difference (h-maxima), so that one setting
    serves crystals of all sizes.
    """
    if not image.foreground.any():
        return np.zeros(image.foreground.shape, np.int32)
    scale = _VALLEY_LENGTH * unit_edge_nm / image.spacing
    curvature, passed = _curvature(image.values, scale)
    noise = passed * image.inner_noise
    # a gap far narrower than the filter leaves gap / width of a bell's second derivative
    width = float(np.sqrt(np.prod(scale)))
    narrowest = 0.5 * gap_curvature_nm / float(np.sqrt(np.prod(image.spacing)))
    least = narrowest * image.level / (np.sqrt(2 * np.pi) * (1.5 * width) ** 3)
    valley = curvature > np.maximum(_CERTAIN * noise, least)
    cores = image.foreground & ~valley
    depth = _depth(cores, image.spacing)
    marked = watershed(-depth, _summits(depth), mask=image.foreground)
    return np.asarray(marked, dtype=np.int32)


def _curvature(values: Single, scale: Array) -> tuple[Single, float]:
    """Larger eigenvalue of the Hessian [per bin squared], and the noise of one of white noise 1."""
    vertical, horizontal, mixed = (
        ndimage.gaussian_filter(values, scale, order=order, mode="nearest")
        for order in ((2, 0), (0, 2), (1, 1))
    )
    half = 0.5 * (vertical - horizontal)
    largest = 0.5 * (vertical + horizontal) + np.sqrt(half**2 + mixed**2)
    # of g'' g: the root of 3 / (16 pi s^6)
    return largest, float(np.sqrt(3 / (16 * np.pi)) / np.prod(scale) ** 1.5)


def _depth(cores: Mask, spacing: Array) -> Array:
    """Distance to the nearest bin outside [nm]; the border of the image is not an outside."""
    if cores.all():
        return np.ones(cores.shape)
    depth: Array = ndimage.distance_transform_edt(cores, sampling=spacing)
    return depth


def _summits(depth: Array) -> Labels:
    """Number the maxima of depth whose saddle to a deeper one is below a share of their own."""
    lifted = reconstruction(_DEEPEST_SADDLE * depth, depth)
    return np.asarray(label(local_maxima(lifted) & (depth > 0), connectivity=2), dtype=np.int32)
