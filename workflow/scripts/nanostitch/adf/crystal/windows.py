"""Power spectra of overlapping windows, and the lattice that each of them shows."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import fft, ndimage

from nanostitch.adf.flatten import pixel_size_nm

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Pair = tuple[float, float]

FINEST_NM = 0.05
"""Pixel to which finer images are brought [nm]: planes down to 0.12 nm keep their contrast, and
what lies beyond is noise to this step."""
SHORTEST_NM = 0.12
"""Shortest spacing of planes that is looked for [nm]; probes of 60 kV end there."""
LONGEST_NM = 1.3
"""Longest spacing [nm]; the longest of the phases is 1.19 nm, outlines of crystals lie beyond."""
_SLOW_NM = 1.0
"""Standard deviation of the Gaussian whose smooth image is taken away [nm]."""
_LEAST_SINE = 0.25
"""Sine of the angle between two reflections below which they count as of one row of planes."""
_RING_BINS = 2.0
"""Width of the rings over which noise is compared, in bins of the spectrum."""
_CHUNK = 256
"""Windows transformed at a time: their spectra stay in the cache."""


@dataclass(frozen=True)
class Picture:
    """Image without its slow part, on pixels no finer than needed.

    ``values`` has a mean of 0 and is 0 where nothing was seen, ``spacing`` are its pixels (y, x)
    [nm]; pixel 0 lies at ``origin`` (y, x) [nm].
    """

    values: Singles
    seen: NDArray[np.bool_]
    spacing: Pair
    origin: Pair

    def coordinates(self) -> xr.DataArray:
        """Values with the coordinates ``y`` and ``x`` of their pixels [nm]."""
        coords = {
            dim: zero + step * np.arange(n)
            for dim, zero, step, n in zip(
                ("y", "x"), self.origin, self.spacing, self.values.shape, strict=True
            )
        }
        return xr.DataArray(self.values, dims=("y", "x"), coords=coords)


@dataclass(frozen=True)
class Windows:
    """The lattice in each window, dims (window_y, window_x).

    ``y`` and ``x`` are their middles [nm]; ``strength`` of the strongest and of the strongest
    other reflection, over the median at their distance from 0; ``first`` and ``second`` their
    places (y, x) [nm-1] in a third dim; ``threshold`` the strength that noise reaches in one
    image out of ``1 / false_alarm``.
    """

    y: Floats
    x: Floats
    strength: Floats
    second_strength: Floats
    first: Floats
    second: Floats
    threshold: float


def picture(intensity: xr.DataArray) -> Picture:
    """Take the slow part of an image away and bring it to pixels of about ``FINEST_NM``.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``; coordinates ``y`` and ``x`` in nm.
    """
    spacing = pixel_size_nm(intensity)
    values = intensity.to_numpy().astype(np.float32)
    seen = np.isfinite(values)
    if not seen.all():
        values = np.where(seen, values, np.float32(values[seen].mean() if seen.any() else 0.0))
    sizes = [
        min(n, int(np.ceil(n * step / FINEST_NM)))
        for n, step in zip(values.shape, spacing, strict=True)
    ]
    finer = [n * step / m for n, step, m in zip(values.shape, spacing, sizes, strict=True)]
    origin = [
        float(intensity[dim][0]) + (new - old) / 2
        for dim, new, old in zip(("y", "x"), finer, spacing, strict=True)
    ]
    if tuple(sizes) != values.shape:
        values, seen = _resampled(values, sizes), _nearest(seen, sizes)
    smooth = ndimage.gaussian_filter(values, _SLOW_NM / np.array(finer), mode="nearest", truncate=3)
    fast = np.where(ndimage.binary_erosion(seen, border_value=1), values - smooth, np.float32(0.0))
    return Picture(fast, seen, (finer[0], finer[1]), (origin[0], origin[1]))


def _resampled(values: Singles, sizes: list[int]) -> Singles:
    """Band-limited image on fewer pixels over the same field, mirrored so that its ends fit."""
    height, width = values.shape
    kept = fft.dctn(values, norm="ortho")[: sizes[0], : sizes[1]]
    scale = np.float32(np.sqrt(sizes[0] * sizes[1] / (height * width)))
    return np.asarray(fft.idctn(kept, norm="ortho") * scale, np.float32)


def _nearest(seen: NDArray[np.bool_], sizes: list[int]) -> NDArray[np.bool_]:
    rows, columns = (
        np.minimum(np.arange(size) * n // size, n - 1)
        for size, n in zip(sizes, seen.shape, strict=True)
    )
    return seen[np.ix_(rows, columns)]


def spectra(image: Picture, *, window_nm: float, false_alarm: float) -> Windows:
    """The two strongest reflections of each window that are not of one row of planes.

    Parameters
    ----------
    image
        Result of :func:`picture`.
    window_nm
        Side of the windows [nm]; they overlap by three quarters and reach beyond the image by
        one.
    false_alarm
        Share of images of noise in which a window may exceed the threshold.

    Notes
    -----
    The power of noise, amorphous films included, is exponentially distributed about a mean that
    depends on the distance from 0 alone; the median is the mean times ln 2, so that n bins reach
    log2(n / false_alarm) medians in one image out of 1 / false_alarm. Medians of a ring pay no
    heed to the few bins that reflections take.
    """
    sides = [
        min(n, round(window_nm / s)) for n, s in zip(image.values.shape, image.spacing, strict=True)
    ]
    # Beyond the ends by a quarter, so that what the border cuts has windows of its own.
    beyond = [side // 4 for side in sides]
    values = np.pad(image.values, [(n, n) for n in beyond])
    starts = [
        np.unique(np.linspace(0, n - side, 1 + int(np.ceil(4 * (n - side) / side))).astype(int))
        for n, side in zip(values.shape, sides, strict=True)
    ]
    band = Band(sides, image.spacing)
    taper = np.outer(*(np.hanning(side + 2)[1:-1] for side in sides)).astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(values, tuple(sides))
    places = [(row, column) for row in starts[0] for column in starts[1]]
    found = np.concatenate(
        [
            band.reflections(np.stack([view[place] for place in places[at : at + _CHUNK]]) * taper)
            for at in range(0, len(places), _CHUNK)
        ]
    ).reshape(starts[0].size, starts[1].size, 6)
    y, x = (
        zero + step * (start - more + (side - 1) / 2)
        for zero, step, start, side, more in zip(
            image.origin, image.spacing, starts, sides, beyond, strict=True
        )
    )
    threshold = float(np.log2(band.size * len(places) / false_alarm))
    strengths = (found[..., 0], found[..., 3])
    return Windows(y, x, *strengths, found[..., 1:3], found[..., 4:6], threshold)


class Band:
    """Part of the spectrum of a window in which reflections may lie: half of it, by symmetry.

    Parameters
    ----------
    sides
        Pixels of a window (y, x).
    spacing
        Pixel size (y, x) [nm].
    """

    def __init__(self, sides: list[int], spacing: Pair) -> None:
        """Lay out bins, rings and their distance from 0."""
        self.bin = [1 / (side * step) for side, step in zip(sides, spacing, strict=True)]
        reach = [
            min((side - 1) // 2, int(1 / (SHORTEST_NM * b)))
            for side, b in zip(sides, self.bin, strict=True)
        ]
        self._rows = np.arange(-reach[0], reach[0] + 1)
        self._columns = np.arange(0, reach[1] + 1)
        self._sides = sides
        self._y = (self._rows * self.bin[0])[:, None]
        self._x = (self._columns * self.bin[1])[None, :]
        radius = np.hypot(self._y, self._x)
        half = (self._x > 0) | (self._y > 0)
        self.inside = (radius > 1 / LONGEST_NM) & (radius < 1 / SHORTEST_NM) & half
        self.size = int(self.inside.sum())
        width = _RING_BINS * max(self.bin)
        ring = np.where(half, radius / width, -1).astype(int)
        self._ring = np.where(half & (radius > 0.5 * min(self.bin)), ring, -1)
        self._radius, self._width = radius, width

    def power(self, patches: Singles) -> Singles:
        """Power of patches (n, y, x) in the band (n, y, x)."""
        transformed = fft.rfft2(patches)
        part = transformed[:, self._rows % self._sides[0]][:, :, : self._columns.size]
        return np.asarray(part.real**2 + part.imag**2)

    def whitened(self, power: Singles) -> Singles:
        """Power over its median at each distance from 0."""
        count = int(self._ring.max()) + 1
        centre = np.array([self._radius[self._ring == i].mean() for i in range(count)])
        medians = np.stack(
            [np.median(power[:, self._ring == i], axis=1) for i in range(count)], axis=1
        )
        place = np.clip(np.interp(self._radius, centre, np.arange(count)), 0, count - 1)
        low = np.minimum(place.astype(int), count - 2)
        share = (place - low).astype(np.float32)
        log = np.log(np.maximum(medians, np.finfo(np.float32).tiny))
        noise = log[:, low] * (1 - share) + log[:, low + 1] * share
        return np.asarray(power / np.exp(noise))

    def reflections(self, patches: Singles) -> Floats:
        """Strength and place (y, x) [nm-1] of two reflections for each patch: six numbers."""
        power = self.power(patches)
        ratio = np.where(self.inside, self.whitened(power), np.float32(0.0))
        first = ratio.reshape(len(ratio), -1).argmax(axis=1)
        rows, columns = np.unravel_index(first, ratio.shape[1:])
        y, x = self._y[rows, 0], self._x[0, columns]
        sine = np.abs(y[:, None, None] * self._x - x[:, None, None] * self._y)
        across = sine > _LEAST_SINE * np.hypot(y, x)[:, None, None] * self._radius
        other = np.where(across, ratio, 0).reshape(len(ratio), -1).argmax(axis=1)
        found = [self._refined(power, ratio, index) for index in (first, other)]
        return np.concatenate(found, axis=1)

    def _refined(self, power: Singles, ratio: Singles, index: NDArray[np.intp]) -> Floats:
        """Strength and place of a maximum, by parabolas through the log of its neighbours."""
        each = np.arange(len(power))
        rows, columns = np.unravel_index(index, ratio.shape[1:])
        power = np.maximum(power, np.finfo(np.float32).tiny)
        last = power.shape[1] - 1
        log = np.log(power[each, rows, columns])
        above = np.log(power[each, np.minimum(rows + 1, last), columns])
        below = np.log(power[each, np.maximum(rows - 1, 0), columns])
        right = np.log(power[each, rows, np.minimum(columns + 1, power.shape[2] - 1)])
        # Left of column 0 lies the mirror image of column 1.
        mirrored = np.where(columns > 0, rows, last - rows)
        left = np.log(power[each, mirrored, np.abs(columns - 1)])
        shift_y, shift_x = _vertex(below, log, above), _vertex(left, log, right)
        strength = ratio[each, rows, columns]
        return np.stack(
            [
                strength,
                (self._rows[rows] + shift_y) * self.bin[0],
                (columns + shift_x) * self.bin[1],
            ],
            axis=1,
        ).astype(float)


def _vertex(before: Singles, at: Singles, after: Singles) -> Floats:
    """Place of the vertex of a parabola through three points, half a bin away at most."""
    bend = before - 2 * at + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros_like(bend), where=bend < 0)
    return np.asarray(np.clip(shift, -0.5, 0.5), float)
