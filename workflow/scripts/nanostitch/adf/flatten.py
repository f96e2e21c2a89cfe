"""Flatten a micrograph: particles bright and positive, support at zero, its noise known."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.blocks import block_sum, enlarged
from nanostitch.errors import CalibrationError

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Beyond three standard deviations a pixel is no longer taken for support (sigma clipping).
_CLIP = 3.0
_EFFECTIVE = 3.5449
"""Side of the square that averages as much noise as a Gaussian filter, over its standard
deviation: the root of 4 pi."""
_ITERATIONS = 6
_MAD_TO_SD = 1.4826
# Of a normal distribution, in standard deviations: from the fifth percentile up to the mean, and
# down to the median of what lies below it.
_LOW_PERCENTILE = 5.0
_MEAN_TO_LOW = 1.645
_LOW_TO_MEDIAN_BELOW = 0.315


def pixel_size_nm(intensity: xr.DataArray) -> tuple[float, float]:
    """Pixel size along y and x [nm], from the coordinates of the image.

    Raises
    ------
    CalibrationError
        If a coordinate is missing, not finite or not evenly spaced.
    """
    return _spacing_nm(intensity, "y"), _spacing_nm(intensity, "x")


def _spacing_nm(intensity: xr.DataArray, dim: str) -> float:
    if dim not in intensity.coords or intensity.sizes[dim] < 2:
        raise CalibrationError(
            f"image: coordinate {dim}: absent or shorter than 2 pixels; "
            "tell pixel_size_nm in acquisitions.tsv"
        )
    steps = np.diff(intensity[dim].to_numpy().astype(float))
    spacing = float(steps.mean())
    if not (np.isfinite(spacing) and spacing > 0 and np.allclose(steps, spacing, rtol=1e-3)):
        raise CalibrationError(
            f"image: coordinate {dim}: steps of {steps.min()} to {steps.max()} nm are not one "
            "positive pixel size; tell pixel_size_nm in acquisitions.tsv"
        )
    return spacing


def flatten(
    intensity: xr.DataArray,
    *,
    particles_are: Literal["bright", "dark"],
    denoise_nm: float,
    background_length_nm: float,
) -> xr.Dataset:
    """Take the support's slow variation away and smooth the noise.

    The support is found by sigma clipping from below: pixels within three standard deviations
    of the background are averaged (a quadratic surface, then a normalised convolution of what
    it leaves), and this is repeated. It starts from the fifth percentile of tiles, through
    which another quadratic surface takes a slope of the whole image away beforehand; so a
    twentieth of each tile must be free of particles. Where most of the image is particles, gaps
    are too few for that and the fifth percentile itself is the background.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``; coordinates ``y`` and ``x`` in nm.
    particles_are
        Whether particles are brighter (dark field) or darker (bright field) than the support.
    denoise_nm
        Standard deviation of the Gaussian that smooths the noise [nm].
    background_length_nm
        Side of the tiles; structures of the support longer than this are removed [nm].

    Returns
    -------
    xarray.Dataset
        ``signal`` (y, x), positive on particles, 0 where the image is not finite;
        ``unsmoothed`` (y, x), the same with all its noise; ``finite`` (y, x); ``noise`` (),
        standard deviation of ``signal`` on the support.

    Raises
    ------
    CalibrationError
        If the coordinates do not give one pixel size along each axis.

    Notes
    -----
    Normalised convolution: Knutsson & Westin, Proc. IEEE CVPR (1993) 515,
    doi:10.1109/CVPR.1993.341081. Clipped background: Bertin & Arnouts, Astron. Astrophys.
    Suppl. 117 (1996) 393, doi:10.1051/aas:1996164.
    """
    spacing = np.array(pixel_size_nm(intensity))
    values, finite = _values(intensity, particles_are)
    block = np.clip(_EFFECTIVE * denoise_nm / spacing, 1, np.array(values.shape)).astype(int)
    weight = block_sum(finite, block)
    coarse = np.divide(
        block_sum(values, block), weight, out=np.zeros(weight.shape), where=weight > 0
    )
    background, noise = np.zeros_like(coarse), 0.0
    if weight.any() and np.ptp(coarse[weight > 0]) > 0:
        background, found = _background(
            coarse, weight > 0, background_length_nm / (block * spacing)
        )
        noise = _fine_scatter(values, finite, block) if found is None else found
    values -= enlarged(background, values.shape, block)
    values[~finite] = 0.0
    sigma = denoise_nm / spacing
    signal = _weighted_mean(values, finite, sigma) if noise > 0 else np.zeros_like(values)
    planes = {"signal": signal, "unsmoothed": values, "finite": finite}
    return xr.Dataset(
        {name: (("y", "x"), plane) for name, plane in planes.items()}
        | {"noise": ((), noise * float(np.prod(block)) ** 0.5 * _passed(sigma))},
        coords={"y": intensity["y"], "x": intensity["x"]},
    )


def _values(
    intensity: xr.DataArray, particles_are: Literal["bright", "dark"]
) -> tuple[Single, Mask]:
    """Positive on particles, in single precision about the middle; 0 where not finite."""
    given = intensity.transpose("y", "x").to_numpy()
    finite = np.isfinite(given)
    middle = float(np.median(given[finite][:: max(given.size // 10000, 1)])) if finite.any() else 0
    values = np.subtract(given, middle, dtype=np.float64).astype(np.float32)
    if particles_are == "dark":
        np.negative(values, out=values)
    values[~finite] = 0.0
    return values, finite


def _background(coarse: Array, finite: Mask, length: Array) -> tuple[Array, float | None]:
    """Background of block means and their standard deviation about it; length in blocks.

    The latter is None where most of the image is particles.
    """
    tiles = _tile_percentile(coarse, finite, length)
    slope = _quadratic(tiles, np.ones_like(tiles), coarse.shape)
    coarse = coarse - slope
    low = enlarged(_tile_percentile(coarse, finite, length), coarse.shape).astype(float)
    if _mostly_particles(coarse - low, finite):
        return low + slope, None
    background, noise = _support(coarse, finite, length, low)
    return background + slope, noise


def _passed(sigma: Array) -> float:
    """Standard deviation that a Gaussian filter leaves of white noise of 1."""
    power = 1.0
    for one in sigma:
        kernel = np.exp(-0.5 * (np.arange(-int(4 * one + 0.5), int(4 * one + 0.5) + 1) / one) ** 2)
        power *= float((kernel**2).sum() / kernel.sum() ** 2)
    return float(power**0.5)


def _weighted_mean(values: Single, finite: Mask, sigma: Array) -> Single:
    """Normalised convolution with a Gaussian; 0 where no weight is in reach."""
    mean: Single = ndimage.gaussian_filter(values, sigma, mode="nearest")
    if finite.all():
        return mean
    total = ndimage.gaussian_filter(finite.astype(np.float32), sigma, mode="nearest")
    local = np.divide(mean, total, out=np.zeros_like(mean), where=total > 1e-6)
    return np.where(finite, local, np.float32(0.0))


def _mostly_particles(height: Array, finite: Mask) -> bool:
    """Whether the usual pixel is near the top of the range: a dense layer with narrow gaps.

    Noise and texture are symmetric about the median, sparse particles lie above it.
    """
    low, middle, high = np.percentile(height[finite], [5.0, 50.0, 95.0])
    return bool(high - middle < 0.5 * (middle - low))


def _fine_scatter(values: Single, finite: Mask, block: NDArray[np.int_]) -> float:
    """Noise of a block by second differences of pixels; the median leaves edges out."""
    lines = values[:: int(block[0])]
    seen = finite[:: int(block[0])]
    bends = np.abs(lines[:, 2:] + lines[:, :-2] - 2 * lines[:, 1:-1])
    bends = bends[seen[:, 2:] & seen[:, :-2] & seen[:, 1:-1]]
    scatter = _MAD_TO_SD * float(np.median(bends)) / np.sqrt(6.0) if bends.size else 0.0
    return float(scatter / np.sqrt(np.prod(block)))


def _support(smooth: Array, finite: Mask, length: Array, low: Array) -> tuple[Array, float]:
    """Background surface and the standard deviation around it; ``length`` in pixels.

    The scatter below a low percentile says where the mean of the support must be. The
    iteration stays near it, lest it climb from the gaps of a dense layer onto the crystals.
    """
    below = (low - smooth)[finite & (smooth < low)]
    scatter = float(np.median(below)) / _LOW_TO_MEDIAN_BELOW if below.size else 0.0
    noise = max(scatter, 1e-6 * float(np.ptp(smooth[finite])))
    centre, reach, most = low + _MEAN_TO_LOW * scatter, noise, 1.25 * noise
    background = centre
    for _ in range(_ITERATIONS):
        support = finite & (np.abs(smooth - background) <= _CLIP * noise)
        background = np.clip(
            _surface(smooth, support, length, background), centre - reach, centre + reach
        )
        noise = min(_lower_spread((smooth - background)[finite]), most)
    return background, noise


def _lower_spread(residual: Array) -> float:
    """Standard deviation from the side of the distribution where no particles are."""
    below = residual[residual <= 0]
    floor = 1e-6 * float(np.ptp(residual))
    return max(_MAD_TO_SD * float(np.median(-below)) if below.size else 0.0, floor)


def _tile_percentile(smooth: Array, finite: Mask, length: Array) -> Array:
    """Low percentile of each tile; of the whole image where a tile has no finite pixel."""
    shape = np.array(smooth.shape)
    tiles = np.maximum(np.round(shape / length), 1).astype(int)
    rows, columns = (
        np.linspace(0, n, t + 1).astype(int) for n, t in zip(shape, tiles, strict=True)
    )
    low = np.full(tuple(tiles), np.percentile(smooth[finite], _LOW_PERCENTILE))
    for row, column in np.ndindex(low.shape):
        tile = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
        if finite[tile].any():
            low[row, column] = np.percentile(smooth[tile][finite[tile]], _LOW_PERCENTILE)
    return low


def _surface(smooth: Array, support: Mask, length: Array, fallback: Array) -> Array:
    """Quadratic through the support plus the local mean of what the quadratic leaves."""
    block = np.maximum(np.floor(length / 8), 1).astype(int)
    weight = block_sum(support.astype(float), block)
    total = block_sum(np.where(support, smooth, 0.0), block)
    if not weight.any():
        return fallback
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    trend = _quadratic(mean, weight, mean.shape)
    local = trend + _local_mean(mean - trend, weight, length / (2 * block))
    return enlarged(local, smooth.shape, block).astype(float)


def _local_mean(values: Array, weight: Array, sigma: Array | float) -> Array:
    total = ndimage.gaussian_filter(weight, sigma, mode="nearest")
    mean = ndimage.gaussian_filter(values * weight, sigma, mode="nearest")
    local: Array = np.divide(mean, total, out=np.zeros_like(mean), where=total > 1e-9)
    return local


def _quadratic(mean: Array, weight: Array, shape: tuple[int, ...]) -> Array:
    """Second-order polynomial by weighted least squares, on a grid of another shape.

    Along an axis of two or one values it is linear or constant: more would not be determined.
    """
    height, width = mean.shape
    powers = [(a, b) for a, b in np.ndindex(3, 3) if a + b <= 2 and a < height and b < width]
    root = np.sqrt(weight).ravel()
    weighted = _terms(mean.shape, powers) * root[:, None]
    fit, *_ = np.linalg.lstsq(weighted, mean.ravel() * root, rcond=None)
    surface: Array = (_terms(shape, powers) @ fit).reshape(shape)
    return surface


def _terms(shape: tuple[int, ...], powers: Sequence[tuple[int, int]]) -> Array:
    """Products of powers of y and x at the centres of a grid from -1 to 1, one column each."""
    y, x = ((np.arange(size) + 0.5) / size * 2 - 1 for size in shape)
    yy, xx = (axis.ravel() for axis in np.meshgrid(y, x, indexing="ij"))
    return np.stack([yy**a * xx**b for a, b in powers], axis=1)
