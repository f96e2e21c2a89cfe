"""Bright dots: small round particles that scatter more, nm for nm, than the crystals around.

Metallic lead is left where crystals of CsPbBr3 are destroyed; it melts before it grows facets and
so stands as a dome beside or on cubes, whose tops are flat.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, stats
from skimage.feature import peak_local_max

from nanostitch import quality
from nanostitch.adf import dome
from nanostitch.adf.flatten import pixel_size_nm

Array = NDArray[np.float64]
Labels = NDArray[np.int32]
Found = tuple[dome.Dome, int]
"""A fitted dot and the number of the particle that it lies in."""

_SIGNIFICANCE = 5.0
"""Standard deviations that the height of a dot must be from 0, and its maximum from the support: a
million pixels are looked at."""
_RISE = 0.15
"""Least rise over the particle that a candidate sits on, as a share of its level: half of that of
a sphere, whose middle lies 0.29 of its height above its median."""
_MISFIT = 0.12
"""Largest root mean square of what a fit leaves, over the height of the dot; steps between
crystals, strips and corners leave more."""
_LEAST_DOME = 0.6
"""Least share of the height that must be the dome and not a flat top, where no crystals tell."""
_FALL = 0.07
_RING = 0.2
_RING_POINTS = 16
"""A candidate falls by this share at this part of the largest diameter from its middle, on the mean
of so many points; a sphere of that diameter falls by 0.08, and by noise alone few flat tops do."""
_BLURRED = 0.25
"""Least share of its height that a blurred dot of the smallest diameter shows: that of 1.5 nm keeps
0.4 at a blur of 0.5 nm."""
_AWAY_NM = 1.5
_FEWEST_PIXELS = 200
"""Distance from particles from which the support is bare of their blur, and pixels of it by which
its scatter is known to 5 %."""
_FEWEST_CRYSTALS = 3
"""Crystals from which the signal of one per nm is known."""
_SHAPE_DOUBT = 0.015
"""Relative uncertainty of a diameter by what the model leaves out: facets, and the signal that
falls behind the path where electrons scatter twice."""
_SAMPLING = 0.75
"""Pixels in a fit over the standard deviation of the smoothing: finer ones are alike."""
_KEPT = 0.5
_TAIL = 0.025
_COLUMNS = (
    ("y", "nm", "f8"),
    ("x", "nm", "f8"),
    ("diameter", "nm", "f8"),
    ("diameter_uncertainty", "nm", "f8"),
    ("contrast", "1", "f8"),
    ("probability", "1", "f8"),
    ("particle", "1", "i4"),
)


def find(
    flat: xr.Dataset,
    labels: xr.DataArray,
    table: xr.Dataset,
    *,
    denoise_nm: float,
    bright_excess: float,
    smallest_dot_nm: float,
    largest_dot_nm: float,
) -> xr.Dataset:
    """Find dots that are denser than the crystals, by the fit of a blurred sphere to each.

    Candidates are maxima that rise above the middle level of the particle they lie in. To each the
    projection of a sphere is fitted, together with a flat top of the outline of that particle, so
    that a dot on a crystal and a dot alone are one case. It is a bright dot where its signal per
    nm of diameter exceeds that of the crystals per nm of their edge (which are taken to be as
    high as wide), and by its shape alone where there are no crystals.

    Parameters
    ----------
    flat
        Result of :func:`nanostitch.adf.flatten.flatten`.
    labels
        ``particle_label`` (y, x).
    table
        Particles with ``edge_length`` [nm], ``units``, ``touches_border`` and ``quality``
        (particle), in the order of their numbers.
    denoise_nm
        Standard deviation of the smoothing of ``flat`` [nm].
    bright_excess
        Least ratio of scattering per nm, dot over crystal [1].
    smallest_dot_nm, largest_dot_nm
        Bounds of the diameter [nm].

    Returns
    -------
    xarray.Dataset
        The variables ``bright_*`` of ``contracts.adf.PARTICLES``. The interval of the count is
        that of a sum of events of known probability (Poisson binomial); what is too small or too
        faint to be a candidate is not part of it. Where pixels are wider than half of the
        smallest dot, or nothing has any contrast, the count is not known (NaN).

    Notes
    -----
    The Fourier transform of a ball is that of its form factor (Rayleigh, Proc. R. Soc. London A 90
    (1914) 219); its projection has the same on the plane through the origin.
    """
    spacing = np.array(pixel_size_nm(flat["signal"]))
    noise = float(flat["noise"])
    if spacing.max() > smallest_dot_nm / 2 or not noise > 0:
        return _product([], known=False)
    signal, label = flat["signal"].to_numpy(), labels.to_numpy()
    level = _levels(signal, label)
    crystal = _crystal_per_nm(table, level, set())
    faintest = _BLURRED * bright_excess * np.nan_to_num(crystal[0]) * smallest_dot_nm
    least = max(_SIGNIFICANCE * _scatter(signal, label, spacing, noise), faintest)
    apart, ring = smallest_dot_nm / spacing, _RING * largest_dot_nm / spacing
    found = []
    for place in _candidates(signal, level[label], least, apart, ring):
        around, first = _around(signal, label, place, spacing, denoise_nm, largest_dot_nm)
        start = (place - first) * spacing
        fit = dome.fitted(around, start, smallest_dot_nm, largest_dot_nm, misfit=_MISFIT)
        if fit is not None:
            fit = fit._replace(y=fit.y + first[0] * spacing[0], x=fit.x + first[1] * spacing[1])
            found.append((fit, int(label[tuple(place)])))
    sides = np.array(signal.shape) * spacing
    found = [one for one in found if _is_dot(one[0], sides, smallest_dot_nm, largest_dot_nm)]
    found = _distinct(found)
    crystal = _crystal_per_nm(table, level, {number for _, number in found})
    origin = np.array([float(flat["y"][0]), float(flat["x"][0])])
    return _product([_rated(*one, crystal, bright_excess, origin) for one in found], known=True)


def _levels(signal: Array, label: Labels) -> Array:
    """Median signal of each particle, 0 for the support, as an array over labels."""
    numbers = np.arange(1, label.max() + 1)
    return np.concatenate([[0.0], np.atleast_1d(ndimage.median(signal, label, numbers))])


def _candidates(
    signal: Array, base: Array, least: float, smallest: Array, ring: Array
) -> NDArray[np.int64]:
    """Maxima (row, column) that rise over what they lie in and fall all around; sizes in pixels."""
    smooth = ndimage.gaussian_filter(signal, smallest / 4, mode="nearest")
    apart = max(round(float(smallest.min()) / 2), 1)
    found = peak_local_max(smooth, min_distance=apart, exclude_border=False).astype(np.int64)
    height, under = smooth[tuple(found.T)], base[tuple(found.T)]
    rises = height - under > np.maximum(least, _RISE * under)
    found, height = found[rises], height[rises]
    falls: NDArray[np.bool_] = 1 - _around_mean(smooth, found, ring) / height > _FALL
    return np.asarray(found[falls], dtype=np.int64)


def _around_mean(smooth: Array, places: NDArray[np.int64], ring: Array) -> Array:
    """Mean on a ring around each place; ``ring`` is its radius along y and x in pixels."""
    angle = np.arange(_RING_POINTS) * 2 * np.pi / _RING_POINTS
    offsets = np.stack([np.sin(angle), np.cos(angle)]) * ring[:, None]
    at = places.T[:, :, None] + offsets[:, None, :]
    mean: Array = ndimage.map_coordinates(smooth, at, order=1, mode="nearest").mean(axis=1)
    return mean


def _scatter(signal: Array, label: Labels, spacing: Array, noise: float) -> float:
    """Standard deviation of the support where no particle is near, not above that of the image.

    In a dense layer the noise of the image is that of its crystals, too.
    """
    away = ndimage.distance_transform_edt(label == 0, sampling=spacing) > _AWAY_NM
    if away.sum() < _FEWEST_PIXELS:
        return noise
    return min(noise, float(stats.median_abs_deviation(signal[away], scale="normal")))


def _around(
    signal: Array,
    label: Labels,
    place: NDArray[np.int64],
    spacing: Array,
    denoise_nm: float,
    largest_nm: float,
) -> tuple[dome.Surroundings, NDArray[np.int64]]:
    """Part of the image around a candidate, and the pixel at which it starts."""
    reach = np.ceil((0.75 * largest_nm + 3 * denoise_nm) / spacing).astype(int)
    first = np.maximum(place - reach, 0)
    last = np.minimum(place + reach + 1, signal.shape)
    window = (slice(first[0], last[0]), slice(first[1], last[1]))
    number = label[tuple(place)]
    own = (label[window] == number) & (number > 0)
    other = (label[window] > 0) & ~own
    near = ndimage.binary_dilation(other, iterations=int(np.ceil(denoise_nm / spacing.min())))
    cut = own[[0, -1]].any() | own[:, [0, -1]].any()
    top = ndimage.gaussian_filter(own * float(not cut), denoise_nm / spacing)
    thin = tuple(slice(None, None, max(int(_SAMPLING * denoise_nm / step), 1)) for step in spacing)
    around = dome.Surroundings(
        signal[window][thin],
        top[thin],
        ~(near & ~own)[thin],
        spacing * [part.step for part in thin],
        denoise_nm,
    )
    return around, first


def _is_dot(fit: dome.Dome, sides: Array, smallest_nm: float, largest_nm: float) -> bool:
    """Whether a fit is that of a dot in the image, of the sizes looked for, and clear of noise."""
    return (
        smallest_nm <= fit.diameter <= largest_nm
        and fit.significance > _SIGNIFICANCE
        and smallest_nm / 2 <= fit.y <= sides[0] - smallest_nm / 2
        and smallest_nm / 2 <= fit.x <= sides[1] - smallest_nm / 2
    )


def _distinct(found: Sequence[Found]) -> list[Found]:
    """Without those whose centre lies in a dot that is fitted better."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: each[0].misfit):
        fit = one[0]
        if all(np.hypot(fit.y - o.y, fit.x - o.x) > o.diameter / 2 for o, _ in kept):
            kept.append(one)
    return sorted(kept, key=lambda each: (each[0].y, each[0].x))


def _crystal_per_nm(table: xr.Dataset, level: Array, dots: set[int]) -> tuple[float, float]:
    """Signal of whole single crystals per nm of their edge, and its relative uncertainty."""
    number = np.arange(1, level.size)
    small = quality.raised(table["quality"], "too_small").to_numpy()
    whole = (table["touches_border"].to_numpy() == 0) & ~small
    crystals = whole & (table["units"].to_numpy() == 1) & ~np.isin(number, sorted(dots))
    if crystals.sum() < _FEWEST_CRYSTALS:
        return np.nan, np.nan
    per_nm = level[1:][crystals] / table["edge_length"].to_numpy()[crystals]
    middle = float(np.median(per_nm))
    spread = float(stats.median_abs_deviation(per_nm, scale="normal")) / middle
    return middle, spread / np.sqrt(crystals.sum())


def _rated(
    fit: dome.Dome, number: int, crystal: tuple[float, float], excess: float, origin: Array
) -> dict[str, float]:
    """Row of one dot; the probability is that its contrast is above the least excess."""
    doubt = np.hypot(fit.per_nm_uncertainty / fit.per_nm, crystal[1])
    contrast = fit.per_nm / crystal[0]
    is_dome = fit.height > _LEAST_DOME * (fit.height + fit.base)
    by_contrast = float(stats.norm.cdf(np.log(contrast / excess) / doubt))
    return {
        "y": fit.y + origin[0],
        "x": fit.x + origin[1],
        "diameter": fit.diameter,
        "diameter_uncertainty": float(
            np.hypot(fit.diameter_uncertainty, _SHAPE_DOUBT * fit.diameter)
        ),
        "contrast": contrast,
        "probability": by_contrast if np.isfinite(contrast) else float(is_dome),
        "particle": number,
    }


def _product(rows: Sequence[dict[str, float]], *, known: bool) -> xr.Dataset:
    """Dots that are likelier than not, and their number."""
    kept = [row for row in rows if row["probability"] >= _KEPT]
    product = xr.Dataset(
        {
            f"bright_{name}": ("bright", np.array([row[name] for row in kept], dtype), {"units": u})
            for name, u, dtype in _COLUMNS
        }
    )
    count = _count_interval(np.array([row["probability"] for row in rows]))
    for end, value in zip(("", "_lower", "_upper"), (float(len(kept)), *count), strict=True):
        product[f"bright_count{end}"] = (
            (),
            value if known else np.nan,
            {"units": "1"},
        )
    return product


def _count_interval(probability: Array) -> tuple[float, float]:
    """95 % interval of the number of events of these probabilities (Poisson binomial)."""
    chance = np.ones(1)
    for p in probability:
        chance = np.convolve(chance, [1 - p, p])
    below = np.cumsum(chance)
    lower, upper = np.searchsorted(below, [_TAIL, 1 - _TAIL])
    return float(lower), float(min(upper, probability.size))
