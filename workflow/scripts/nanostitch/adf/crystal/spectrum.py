"""Spectrum of one domain: the reflections in it that stand out of the noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from nanostitch.adf.crystal import waves
from nanostitch.adf.crystal.waves import Grid
from nanostitch.adf.crystal.windows import LONGEST_NM, SHORTEST_NM, Picture

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_EDGE_NM = 0.5
"""Standard deviation of the Gaussian that softens the outline of a domain [nm]."""
_MOST = 12
"""Reflections kept of a domain: the strongest, half of the spectrum."""
_FAINTEST = 3e-3
"""Power of a reflection over that of the strongest below which it may be a ripple of that."""
_RIPPLE = 2.5
"""Distance from a stronger reflection, over the width of a reflection, within which ripples of it
and of a bent lattice lie."""
_RIPPLE_NM = 0.8
"""The same at most [nm-1]: half the shortest reflection of the perovskite."""
_RIPPLE_POWER = 0.3
"""Power of a ripple over that of its reflection, at most."""
_RING = 1.5
"""Width of the rings over which noise is compared, over the width of a reflection."""


def found(
    image: Picture, on: Grid, region: Mask, *, false_alarm: float
) -> tuple[Floats, Floats, Floats]:
    """Maxima of the spectrum of a region that exceed its noise.

    Parameters
    ----------
    image, on, region, false_alarm
        See :func:`lattice`.

    Returns
    -------
    tuple
        Places (y, x) [nm-1]; strengths [1], power over the noise; weights in the search for a
        basis [1], the root of the strength, but 0 of what lies straight above or below a stronger
        reflection, as its streak by the jitter of the scan does.
    """
    rows, columns = (
        slice(max(0, (part.start - 2) * every), (part.stop + 2) * every)
        for part, every in zip(ndimage.find_objects(region.astype(int))[0], on.every, strict=True)
    )
    patch = image.values[rows, columns]
    weight = _soft(region, on, image.values.shape, rows, columns)
    sizes = [fft.next_fast_len(2 * n) for n in patch.shape]
    mean = float((patch * weight).sum() / weight.sum())
    spectrum = fft.fftshift(fft.rfft2((patch - mean) * weight, s=sizes), axes=0)
    ky, kx = (
        fft.fftshift(fft.fftfreq(sizes[0], image.spacing[0])),
        fft.rfftfreq(sizes[1], image.spacing[1]),
    )
    power = (spectrum.real**2 + spectrum.imag**2).astype(float)
    radius = np.hypot(ky[:, None], kx[None, :])
    width = 1 / np.sqrt(float(weight.sum()) * image.spacing[0] * image.spacing[1])
    strength = power / noise(power, radius, _RING * width)
    inside = (radius > 1 / LONGEST_NM) & (radius < 1 / SHORTEST_NM)
    inside &= (radius < 0.48 / max(image.spacing)) & ((kx[None, :] > 0) | (ky[:, None] > 0))
    cell = float(ky[1] - ky[0]) * float(kx[1])
    trials = inside.sum() * cell / width**2
    threshold = max(np.log2(trials / false_alarm), 1.0)
    reach = [max(1, round(width / step)) for step in (ky[1] - ky[0], kx[1])]
    sides = [2 * n + 1 for n in reach]
    top = power == ndimage.maximum_filter(power, size=sides, mode="nearest")
    strong = power > _FAINTEST * power[inside].max(initial=0.0)
    index = np.argwhere(top & inside & strong & (strength > threshold))
    index = index[np.argsort(-power[tuple(index.T)], kind="stable")]
    places = np.stack([ky[index[:, 0]], kx[index[:, 1]]], axis=1)
    kept = _without_ripples(places, power[tuple(index.T)], min(_RIPPLE * width, _RIPPLE_NM))
    places, power = places[kept], power[tuple(index[kept].T)]
    strengths = strength[tuple(index[kept].T)]
    above = np.abs(places[:, None, 1] - places[None, :, 1]) < width
    streak = (above & (power[:, None] < _RIPPLE_POWER * power[None, :])).any(axis=1)
    return places, strengths, np.where(streak, 0.0, np.sqrt(strengths))


def _without_ripples(places: Floats, power: Floats, reach: float) -> list[int]:
    """Indices of the reflections, sorted by power, that are no ripple of a stronger one."""
    kept: list[int] = []
    for i, (place, strong) in enumerate(zip(places, power, strict=True)):
        near = (
            min(np.hypot(*(place - places[j])), np.hypot(*(place + places[j]))) < reach
            and strong < _RIPPLE_POWER * power[j]
            for j in kept
        )
        if len(kept) < _MOST and not any(near):
            kept.append(i)
    return kept


def _soft(region: Mask, on: Grid, shape: tuple[int, ...], rows: slice, columns: slice) -> Floats:
    """Weight of each pixel of a part of the image: the region with a soft outline."""
    soft = ndimage.gaussian_filter(
        region.astype(float), _EDGE_NM / np.array(on.step), mode="nearest"
    )
    y, x = (
        zero + np.arange(part.start, min(part.stop, n)) * step / every
        for part, n, every, step, zero in zip(
            (rows, columns), shape, on.every, on.step, on.origin, strict=True
        )
    )
    return waves.at_pixels(soft, on, y, x)


def noise(power: Floats, radius: Floats, width: float) -> Floats:
    """Median of the power at each distance from 0, over rings of a width.

    Parameters
    ----------
    power
        Power spectrum.
    radius
        Distance of each of its bins from 0 [nm-1].
    width
        Width of the rings [nm-1].
    """
    ring = (radius / width).astype(int)
    order = np.argsort(ring, axis=None, kind="stable")
    bounds = np.searchsorted(ring.ravel()[order], np.arange(ring.max() + 2))
    flat = power.ravel()[order]
    medians = np.array(
        [
            np.median(flat[a:b]) if b > a else 0.0
            for a, b in zip(bounds[:-1], bounds[1:], strict=True)
        ]
    )
    level = np.interp(radius / width, np.arange(medians.size) + 0.5, medians)
    return np.asarray(np.maximum(level, np.finfo(float).tiny))
