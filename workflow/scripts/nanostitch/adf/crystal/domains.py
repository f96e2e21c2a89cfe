"""Domains: connected regions of one lattice, grown from the windows that show it best."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.crystal import waves
from nanostitch.adf.crystal.waves import FINE_NM, WIDE_NM, Grid
from nanostitch.adf.crystal.windows import Pair, Windows

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_ROUNDS = 4
"""Times that the mean lattice of a region and its extent are found from each other."""
_START_NM = 1.0
"""Distance from the middle of its window within which a lattice is first averaged [nm]."""
_STRAIN = 0.03
"""Strain at which a region ends: scans distort by 1 to 3 % within an image."""
_TRIED_NM = 1.2
"""Distance from what has been tried within which no other window starts a region [nm]."""
_WAIST_NM = 0.75
"""Half the width below which a region is only the zone along a seam where lattices mix [nm]."""
_HALF = 0.5
"""Share of its amplitude at which a lattice ends: that of a blurred straight edge."""
_FILL_NM = 2.0
"""Distance from a region up to which places between regions are given to it [nm]."""


@dataclass(frozen=True)
class Domain:
    """A region of one lattice on the grid.

    ``first`` and ``second`` are two of its reflections (y, x) [nm-1], ``visible`` its amplitude
    over that at which it ends, ``inside`` where the lattice is the mean one within tolerance.
    """

    first: Pair
    second: Pair
    visible: Floats
    inside: Mask


def grow(
    on: Grid, seen: Windows, promising: Mask, *, tolerance_degree: float, smallest_nm: float
) -> list[Domain]:
    """Regions of one lattice, from the clearest to the faintest.

    Parameters
    ----------
    on
        Result of :func:`nanostitch.adf.crystal.waves.grid`.
    seen
        Result of :func:`nanostitch.adf.crystal.windows.spectra`.
    promising
        Result of :func:`nanostitch.adf.crystal.tensor.promising`.
    tolerance_degree
        Turn of the lattice at which a region ends [degree].
    smallest_nm
        Edge of the square that a region must fill [nm].
    """
    cell = on.step[0] * on.step[1]
    taken = np.zeros(on.shape, bool)
    tried = ~promising
    found: list[Domain] = []
    for place, first, second in _seeds(on, seen):
        if tried[place]:
            continue
        domain = _grown(on, place, first, second, taken, np.radians(tolerance_degree))
        tried |= _around(on, place, _TRIED_NM)
        core = _opened(domain.inside, on.step)
        if core.sum() * cell >= smallest_nm**2:
            found.append(replace(domain, inside=core))
            taken |= core
            tried |= ndimage.distance_transform_edt(~core, sampling=on.step) < _TRIED_NM
    return found


def _around(on: Grid, place: tuple[int, int], radius_nm: float) -> Mask:
    y, x = (
        step * (np.arange(n) - at) for step, n, at in zip(on.step, on.shape, place, strict=True)
    )
    return np.asarray(np.hypot(y[:, None], x[None, :]) < radius_nm)


def _opened(region: Mask, step: Pair) -> Mask:
    """Largest part that is wider than the mixed zone along a seam, opened by a disc."""
    sure = ndimage.distance_transform_edt(np.pad(region, 1, mode="edge"), sampling=step) > _WAIST_NM
    grown = ndimage.distance_transform_edt(~sure, sampling=step)[1:-1, 1:-1] <= _WAIST_NM
    marked, count = ndimage.label(grown & region)
    if not count:
        return np.zeros_like(region)
    return np.asarray(marked == 1 + np.bincount(marked.ravel())[1:].argmax())


def _seeds(on: Grid, seen: Windows) -> Iterator[tuple[tuple[int, int], Pair, Pair]]:
    """Windows in which two reflections exceed the noise, the clearest first."""
    order = np.argsort(-seen.second_strength, axis=None, kind="stable")
    for row, column in zip(*np.unravel_index(order, seen.strength.shape), strict=True):
        if seen.second_strength[row, column] < seen.threshold:
            return
        middle = (seen.y[row], seen.x[column])
        place = [
            min(max(round((at - zero) / step), 0), n - 1)
            for at, zero, step, n in zip(middle, on.origin, on.step, on.shape, strict=True)
        ]
        first, second = seen.first[row, column], seen.second[row, column]
        yield (place[0], place[1]), (first[0], first[1]), (second[0], second[1])


def _grown(
    on: Grid, start: tuple[int, int], first: Pair, second: Pair, taken: Mask, tolerance: float
) -> Domain:
    """Region around a place whose two reflections are the same within a tolerance [rad]."""
    amplitude, shift, base = [], [], []
    for place in (first, second):
        fine = np.abs(on.wave(place, FINE_NM)) / waves.coverage(on, FINE_NM)
        amplitude.append(fine)
        shift.append(waves.local_shift(on.wave(place, WIDE_NM), on.step))
        base.append(on.nearest(place))
    region = _around(on, start, _START_NM)
    for _ in range(_ROUNDS):
        mean = [np.median(s[region], axis=0) for s in shift]
        deviation = _deviation(shift, mean, (first, second), tolerance)
        visible = np.sqrt(np.prod([a / (_HALF * np.median(a[region])) for a in amplitude], axis=0))
        near = (visible > 1) & (deviation < 1) & ~taken
        near[start] = True
        marked, _ = ndimage.label(near)
        region = marked == marked[start]
    places = [(b[0] + m[0], b[1] + m[1]) for b, m in zip(base, mean, strict=True)]
    return Domain(places[0], places[1], visible, region)


def _deviation(
    shift: list[Floats], mean: list[Floats], places: tuple[Pair, Pair], tolerance: float
) -> Floats:
    """Local turn over its tolerance [rad], or local strain over its own, whichever is larger."""
    along, across = [], []
    for each, middle, (y, x) in zip(shift, mean, places, strict=True):
        dy, dx = np.moveaxis(each - middle, 2, 0)
        square = y * y + x * x
        along.append((dy * y + dx * x) / square)
        across.append((dy * x - dx * y) / square)
    turn = (across[0] + across[1]) / 2
    strain = np.sqrt((along[0] ** 2 + along[1] ** 2) / 2 + ((across[0] - across[1]) / 2) ** 2)
    return np.asarray(np.maximum(np.abs(turn) / tolerance, strain / _STRAIN))


def label(domains: list[Domain], on: Grid) -> tuple[Ints, Floats]:
    """Number of the domain at each place of the grid, and how visible its lattice is there.

    Places between regions, where the Gaussian mixes two lattices, go to the nearest region whose
    reflections are seen there.

    Returns
    -------
    tuple
        Number from 1 (0 outside) and amplitude over that at which the lattice ends.
    """
    number = np.zeros(on.shape, np.int32)
    visible = np.zeros(on.shape)
    for index, domain in enumerate(domains, start=1):
        number[domain.inside] = index
    nearest = np.where(number > 0, 0.0, _FILL_NM)
    for index, domain in enumerate(domains, start=1):
        away = ndimage.distance_transform_edt(~domain.inside, sampling=on.step)
        closer = (away < nearest) | domain.inside
        nearest[closer] = away[closer]
        number[closer] = index
        visible[closer] = domain.visible[closer]
    return number, visible
