"""Maps of an image's lattices: domains by pixel, local orientation, share of the lattice power."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import fft

from nanostitch.adf.crystal import waves
from nanostitch.adf.crystal.reflections import Lattice
from nanostitch.adf.crystal.spectrum import noise
from nanostitch.adf.crystal.waves import Grid
from nanostitch.adf.crystal.windows import LONGEST_NM, SHORTEST_NM, Picture, Windows

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_SAME_REFLECTION = 0.1
"""Relative distance up to which a maximum of a window is a reflection of its domain."""
_RING_NM = 0.1
"""Width of the rings over which noise of the whole spectrum is compared [nm-1]."""


def pixels(number: Ints, visible: Floats, on: Grid, intensity: xr.DataArray) -> Ints:
    """Number of the domain at each pixel of the image, from those on the grid.

    Parameters
    ----------
    number, visible
        Result of :func:`nanostitch.adf.crystal.domains.label`.
    on
        Their grid.
    intensity
        The image, coordinates ``y`` and ``x`` in nm.
    """
    y, x = (intensity[dim].to_numpy().astype(float) for dim in ("y", "x"))
    inside = waves.at_pixels(visible.astype(np.float32), on, y, x) > 1
    rows, columns = (
        np.clip(np.round((at - zero) / step).astype(int), 0, n - 1)
        for at, zero, step, n in zip((y, x), on.origin, on.step, on.shape, strict=True)
    )
    return np.asarray(np.where(inside, number[np.ix_(rows, columns)], 0), np.int32)


def turns(seen: Windows, lattices: Sequence[Lattice], number: Ints) -> Floats:
    """Rotation of the lattice in each window against that of its domain [degree]; NaN outside.

    Parameters
    ----------
    seen
        Result of :func:`nanostitch.adf.crystal.windows.spectra`.
    lattices
        Lattices of the domains, in the order of their numbers.
    number
        Number of the domain at the middle of each window, 0 outside.
    """
    turn = np.full(number.shape, np.nan)
    for index, lattice in enumerate(lattices, start=1):
        inside = number == index
        basis = np.array([lattice.first, lattice.second])
        angles = []
        for found in (seen.first[inside], seen.second[inside]):
            multiples = np.round(np.linalg.solve(basis.T, found.T).T)
            wanted = multiples @ basis
            size = np.maximum(np.hypot(*wanted.T), np.finfo(float).tiny)
            off = np.hypot(*(found - wanted).T) / size
            cross = wanted[:, 1] * found[:, 0] - wanted[:, 0] * found[:, 1]
            angle = np.degrees(np.arctan2(cross, (wanted * found).sum(axis=1)))
            angles.append(np.where(off < _SAME_REFLECTION, angle, np.nan))
        turn[inside] = np.mean(angles, axis=0)
    return turn


def explained_power(image: Picture, on: Grid, inside: NDArray[np.bool_], threshold: float) -> float:
    """Share of the power of all reflections of an image that a part of it holds.

    The rest of the image, without that part, is transformed: what is left of the power in the
    bins that stand out of the noise of the whole is not explained. By Parseval's theorem the
    sum of the domains' own spectra then reproduces that of the image.

    Parameters
    ----------
    image, on
        Results of :func:`nanostitch.adf.crystal.windows.picture` and ``waves.grid``.
    inside
        Pixels of ``image`` in the part.
    threshold
        Power over its median at the same distance from 0, above which a bin stands out.
    """
    rest = fft.rfft2(np.where(inside, np.float32(0), image.values), s=on.padded)
    step = [s / e for s, e in zip(on.step, on.every, strict=True)]
    ky = fft.fftfreq(on.padded[0], step[0])[:, None]
    kx = fft.rfftfreq(on.padded[1], step[1])[None, :]
    radius = np.hypot(ky, kx)
    total, left = (s.real**2 + s.imag**2 for s in (on.spectrum, rest))
    lattice = (radius > 1 / LONGEST_NM) & (radius < 1 / SHORTEST_NM)
    lattice &= total > threshold * noise(total, radius, _RING_NM)
    whole = float(total[lattice].sum())
    return 1 - float(left[lattice].sum()) / whole if whole > 0 else float("nan")
