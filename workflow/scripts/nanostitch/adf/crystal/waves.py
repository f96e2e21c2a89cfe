"""Lattice waves: local amplitude and phase of one reflection, on a coarse grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from nanostitch.adf.crystal.windows import Pair, Picture

Floats = NDArray[np.float64]
Waves = NDArray[np.complexfloating]

GRID_NM = 0.4
"""Spacing of the grid on which waves are known [nm]: below the reach of FINE_NM, so that nothing
is lost."""
FINE_NM = 0.45
"""Standard deviation of the Gaussian over which amplitudes are averaged [nm]: three quarters of
the longest spacing of the perovskite, less lets neighbouring reflections through."""
WIDE_NM = 1.2
"""The same for local spacing and direction [nm]: over 8 planes of the perovskite."""
_LEAST_WEIGHT = 0.1
"""Share of the Gaussian that must lie on the image."""


@dataclass(frozen=True)
class Grid:
    """Spectrum of a whole image, zeros around, from which waves are cut.

    ``shape`` is that of the grid, ``step`` its spacing (y, x) [nm].
    """

    spectrum: NDArray[np.complex64]
    ky: Floats
    kx: Floats
    padded: tuple[int, int]
    every: tuple[int, int]
    shape: tuple[int, int]
    step: Pair
    origin: Pair

    def wave(self, place: Pair, reach_nm: float) -> Waves:
        """Amplitude and phase of a reflection, relative to a plane wave of phase 0 at pixel 0.

        Parameters
        ----------
        place
            Reflection (y, x) [nm-1]; the wave is that of its nearest bin, see :meth:`nearest`.
        reach_nm
            Standard deviation of the Gaussian that averages [nm].

        Notes
        -----
        The filter of geometric phase analysis (Hytch, Snoeck & Kilaas, Ultramicroscopy 74 (1998)
        131, doi:10.1016/S0304-3991(98)00035-7), cut from the spectrum and thus known at every
        ``every``-th pixel alone.
        """
        bins = self._bins(place)
        sizes = [n // e for n, e in zip(self.padded, self.every, strict=True)]
        offsets = [fft.fftfreq(size, 1 / size).astype(int) for size in sizes]
        rows = (bins[0] + offsets[0]) % self.padded[0]
        columns = bins[1] + offsets[1]
        part = self._cut(rows, columns)
        for axis, (offset, total) in enumerate(zip(offsets, self.padded, strict=True)):
            away = offset / (total * self.step[axis] / self.every[axis])
            damp = np.exp(-2 * (np.pi * reach_nm * away) ** 2).astype(np.float32)
            part = part * (damp[:, None] if axis == 0 else damp[None, :])
        whole = fft.ifft2(part) / np.float32(self.every[0] * self.every[1])
        return np.asarray(whole[: self.shape[0], : self.shape[1]], np.complex64)

    def nearest(self, place: Pair) -> Pair:
        """Reflection (y, x) [nm-1] at the bin that :meth:`wave` takes."""
        bins = self._bins(place)
        return bins[0] * float(self.ky[1]), bins[1] * float(self.kx[1])

    def _bins(self, place: Pair) -> tuple[int, int]:
        return round(place[0] / float(self.ky[1])), round(place[1] / float(self.kx[1]))

    def _cut(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.complex64]:
        """Part of the whole spectrum, of which the half of positive columns is kept."""
        height, width = self.padded
        columns = (columns + width // 2) % width - width // 2
        positive = columns >= 0
        part = np.empty((rows.size, columns.size), np.complex64)
        part[:, positive] = self.spectrum[np.ix_(rows, columns[positive])]
        mirrored = self.spectrum[np.ix_(-rows % height, -columns[~positive])]
        part[:, ~positive] = mirrored.conj()
        return part


def grid(image: Picture) -> Grid:
    """Transform an image once, with zeros around it over which the Gaussians fade."""
    every = [max(1, round(GRID_NM / step)) for step in image.spacing]
    padded = [
        e * fft.next_fast_len(int(np.ceil((n + 4 * WIDE_NM / step) / e)))
        for n, step, e in zip(image.values.shape, image.spacing, every, strict=True)
    ]
    shape = [(n - 1) // e + 1 for n, e in zip(image.values.shape, every, strict=True)]
    ky, kx = (
        np.arange(n // 2 + 1) / (n * step) for n, step in zip(padded, image.spacing, strict=True)
    )
    step = [e * s for e, s in zip(every, image.spacing, strict=True)]
    return Grid(
        np.asarray(fft.rfft2(image.values, s=padded), np.complex64),
        ky,
        kx,
        (padded[0], padded[1]),
        (every[0], every[1]),
        (shape[0], shape[1]),
        (step[0], step[1]),
        image.origin,
    )


def coverage(on: Grid, reach_nm: float) -> Floats:
    """Share of the Gaussian of each point of the grid that lies on the image."""
    sides = []
    for n, step in zip(on.shape, on.step, strict=True):
        away = step * np.arange(n)
        ends = np.stack([away, away[-1] - away]) / (np.sqrt(2) * reach_nm)
        sides.append(0.5 * special.erf(ends).sum(axis=0))
    return np.asarray(np.maximum(np.outer(*sides), _LEAST_WEIGHT))


def at_pixels(values: Floats, on: Grid, y: Floats, x: Floats) -> Floats:
    """Values on the grid, interpolated linearly at rows y and columns x [nm]."""
    low, high, part = [], [], []
    for at, zero, step, n in zip((y, x), on.origin, on.step, on.shape, strict=True):
        place = np.clip((at - zero) / step, 0, n - 1)
        low.append(place.astype(int))
        high.append(np.minimum(low[-1] + 1, n - 1))
        part.append((place - low[-1]).astype(values.dtype))
    above, below = (
        values[rows][:, low[1]] * (1 - part[1]) + values[rows][:, high[1]] * part[1]
        for rows in (low[0], high[0])
    )
    return np.asarray(above * (1 - part[0][:, None]) + below * part[0][:, None])


def local_shift(wave: Waves, step: Pair) -> Floats:
    """Reflection of each place less that of the wave, dims (y, x, component) [nm-1].

    By the phase of the wave over two steps of the grid, one at its ends.
    """
    shift = np.empty((*wave.shape, 2))
    for axis in (0, 1):
        size = wave.shape[axis]
        after = np.minimum(np.arange(size) + 1, size - 1)
        before = np.maximum(np.arange(size) - 1, 0)
        turn = np.angle(np.take(wave, after, axis) * np.take(wave, before, axis).conj())
        lag = (after - before) * step[axis] * 2 * np.pi
        shift[..., axis] = turn / (lag[:, None] if axis == 0 else lag[None, :])
    return shift
