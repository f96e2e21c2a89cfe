"""Statistics of the particles on one image, each with a 95 % interval.

Particles are taken as independent of each other. Clustering within an image and the scatter
between the images of one sample are left to the comparison, which knows them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from nanostitch import quality

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TAIL = 0.025
_BATCH = 100


class Estimate(NamedTuple):
    """A number with the bounds of its 95 % interval; NaN where nothing is known of it."""

    value: float
    lower: float
    upper: float


UNKNOWN = Estimate(np.nan, np.nan, np.nan)


def counted(found: xr.Dataset) -> Mask:
    """For each particle, whether sizes and density are of it: whole and not too small.

    Parameters
    ----------
    found
        Particles with ``touches_border`` and ``quality``.
    """
    small = quality.raised(found["quality"], "too_small").to_numpy()
    return np.asarray(~small & (found["touches_border"].to_numpy() == 0))


def border_weight(
    height_nm: Array, width_nm: Array, *, field_height_nm: float, field_width_nm: float
) -> Array:
    """Inverse of the chance that a particle which meets the field lies wholly in it.

    Whole particles counted with this weight stand for all, the large ones that the border cuts
    more often included (Miles and Lantuéjoul, as in ISO 13322-1).

    Parameters
    ----------
    height_nm, width_nm
        Sides of each particle's bounding box along y and x [nm].
    field_height_nm, field_width_nm
        Sides of the image [nm].
    """
    room = (field_height_nm - height_nm) * (field_width_nm - width_nm)
    area = field_height_nm * field_width_nm
    return np.divide(area, room, out=np.ones_like(room), where=room > 0)


def density(weight: Array, *, field_area_nm2: float) -> Estimate:
    """Particles per nm²; the interval is that of a Poisson count.

    Parameters
    ----------
    weight
        Border weights of the whole particles.
    field_area_nm2
        Area of the image that could be seen [nm²].

    Notes
    -----
    Garwood, Biometrika 28 (1936) 437, doi:10.1093/biomet/28.3-4.437.
    """
    count = weight.size
    scale = (weight.sum() / count if count else 1.0) / field_area_nm2
    lower = float(stats.chi2.ppf(_TAIL, 2 * count)) / 2 if count else 0.0
    upper = float(stats.chi2.ppf(1 - _TAIL, 2 * count + 2)) / 2
    return Estimate(count * scale, lower * scale, upper * scale)


def coverage(
    area_nm2: Array, *, field_area_nm2: float, smallest_edge_nm: float, draws: int, seed: int
) -> Estimate:
    """Share of the image that particles cover.

    Each draw takes every particle a Poisson number of times, mean 1, so that number and area
    both scatter. Crystals that keep their distance scatter less; the interval is then too wide.
    Without particles the upper bound is that of a Poisson count of the smallest ones.

    Parameters
    ----------
    area_nm2
        Areas of all particles, those at the border included [nm²].
    field_area_nm2
        Area of the image that could be seen [nm²].
    smallest_edge_nm
        Edge of the smallest particle that would have been found [nm].
    draws, seed
        Number of draws and seed of their generator.
    """
    if not area_nm2.size:
        upper = float(stats.chi2.ppf(1 - _TAIL, 2)) / 2 * smallest_edge_nm**2 / field_area_nm2
        return Estimate(0.0, 0.0, min(upper, 1.0))
    generator = np.random.default_rng(seed)
    drawn = np.array([generator.poisson(size=area_nm2.size) @ area_nm2 for _ in range(draws)])
    lower, upper = np.quantile(drawn, [_TAIL, 1 - _TAIL]) / field_area_nm2
    share = float(area_nm2.sum() / field_area_nm2)
    return Estimate(share, float(lower), min(float(upper), 1.0))


def fraction(true: Mask, weight: Array) -> Estimate:
    """Weighted share of particles for which something is true; Wilson's interval.

    Unequal weights count as fewer particles: the squared sum over the sum of squares (Kish).

    Parameters
    ----------
    true
        For each particle, whether it is so.
    weight
        Border weight of each particle.

    Notes
    -----
    Wilson, J. Am. Stat. Assoc. 22 (1927) 209, doi:10.1080/01621459.1927.10502953.
    """
    if not true.size:
        return Estimate(np.nan, 0.0, 1.0)
    count = float(weight.sum() ** 2 / (weight**2).sum())
    share = float(weight[true].sum() / weight.sum())
    z = float(stats.norm.ppf(1 - _TAIL))
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Estimate(share, max(float(centre - half), 0.0), min(float(centre + half), 1.0))


def mean(size: Array, weight: Array, *, draws: int, seed: int) -> Estimate:
    """Weighted mean with its bootstrap interval; see :func:`standard_deviation`."""
    return _bootstrapped(_mean, size, weight, draws, seed)


def standard_deviation(size: Array, weight: Array, *, draws: int, seed: int) -> Estimate:
    """Weighted standard deviation of the sizes, with its bootstrap interval.

    The scatter of the measurement is part of it.

    Parameters
    ----------
    size
        A length of each whole particle.
    weight
        Border weight of each particle.
    draws, seed
        Number of bootstrap draws and seed of their generator.

    Notes
    -----
    Bias-corrected and accelerated bootstrap over particles: Efron, J. Am. Stat. Assoc. 82
    (1987) 171, doi:10.1080/01621459.1987.10478410. Below three particles, or where all are
    equal, the interval is not known (NaN).
    """
    return _bootstrapped(_standard_deviation, size, weight, draws, seed)


def _mean(size: Array, weight: Array, axis: int = -1) -> Array:
    return np.asarray((weight * size).sum(axis) / weight.sum(axis))


def _standard_deviation(size: Array, weight: Array, axis: int = -1) -> Array:
    total = weight.sum(axis, keepdims=True)
    deviation = size - (weight * size).sum(axis, keepdims=True) / total
    free = total - (weight**2).sum(axis, keepdims=True) / total
    variance = (weight * deviation**2).sum(axis, keepdims=True) / free
    return np.asarray(np.sqrt(variance).squeeze(axis))


def _bootstrapped(
    statistic: Callable[..., Array], size: Array, weight: Array, draws: int, seed: int
) -> Estimate:
    if size.size < 2:
        value = float(size[0]) if size.size and statistic is _mean else np.nan
        return Estimate(value, np.nan, np.nan)
    value = float(statistic(size, weight))
    if size.size < 3 or np.ptp(size) == 0:
        return Estimate(value, np.nan, np.nan)
    interval = stats.bootstrap(
        (size, weight),
        statistic,
        paired=True,
        n_resamples=draws,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high))
