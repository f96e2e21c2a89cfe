"""Ligand shell: by how much the signal steps down beyond the edge of the lattice, and where."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from nanostitch import intervals

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BIN_NM = 0.1
"""Width of the rings in which the signal is averaged [nm]."""
_FIRST_NM = 0.4
"""Distance from the edge below which the blurred outermost columns are seen as well [nm]."""
_BEYOND_NM = 0.8
"""Bare support that must be seen beyond a shell [nm]."""
_SOFTEST = (0.1, 0.2, 0.4)
"""Standard deviations of the outer edge that are tried [nm]: a probe's, up to ligands' disorder."""
_LEAST_SIGNIFICANCE = 5.0
"""Step of the signal over its standard error, below which there is no shell to be seen."""
_FEWEST_PIXELS = 20
"""In a ring."""
_FEWEST_BLOCKS = 3
"""Along which the shell must be seen to be averaged."""


class Blocks(NamedTuple):
    """Stretches of the perimeter: middle [nm], direction [degree], thickness [nm], step."""

    y: Array
    x: Array
    angle: Array
    thickness: Array
    step: Array


def measure(
    image: Array,
    columns: tuple[Array, Array],
    domain: Ints,
    *,
    spacing: tuple[float, float],
    edge_nm: float,
    reach_nm: float,
    block_degree: float,
    noise: float,
) -> Blocks:
    """Thickness of the shell along each stretch of the perimeter of each domain.

    The distance of a pixel from the edge of the lattice is that from the nearest column, less
    half the distance of columns; the mean signal in rings of it is fitted with an error function
    between shell and support.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``.
    columns
        Places (y, x) of the atomic columns [nm] from the first pixel.
    domain
        Domain of each column, from 1; 0 for those of none.
    spacing
        Pixel size along y and x [nm].
    edge_nm
        Half the distance of nearest columns [nm].
    reach_nm
        Distance from the edge out to which is looked [nm].
    block_degree
        Angle about the centre of a domain that one stretch spans [degree].
    noise
        Standard deviation of a pixel of the support.
    """
    rows, across = (
        np.clip(np.rint(c / d).astype(np.int64), 0, n - 1)
        for c, d, n in zip(columns, spacing, image.shape, strict=True)
    )
    number = np.full(image.shape, -1, np.int64)
    number[rows, across] = np.arange(rows.size)
    away, nearest = ndimage.distance_transform_edt(
        number < 0, sampling=spacing, return_indices=True
    )
    outside = away - edge_nm
    seen = np.flatnonzero((outside > _FIRST_NM) & (outside < reach_nm))
    column = number[tuple(nearest)].ravel()[seen]
    block = _block(columns, domain, block_degree)[column]
    ring = ((outside.ravel()[seen] - _FIRST_NM) / _BIN_NM).astype(np.int64)
    rings = int(np.ceil((reach_nm - _FIRST_NM) / _BIN_NM))
    numbers = np.unique(block[block >= 0])
    found = []
    for one in numbers:
        mine = block == one
        count = np.bincount(ring[mine], minlength=rings)[:rings]
        total = np.bincount(ring[mine], image.ravel()[seen[mine]], rings)[:rings].astype(float)
        thickness, step = _fit(total, count, noise)
        members = np.unique(column[mine])
        angle = (one % int(round(360 / block_degree)) + 0.5) * block_degree
        place = [float(c[members].mean()) for c in columns]
        found.append((*place, angle, thickness, step))
    return Blocks(*np.array(found).reshape(-1, 5).T)


def _block(columns: tuple[Array, Array], domain: Ints, block_degree: float) -> Ints:
    """Number of the stretch that each column would be in; -1 without a domain."""
    block = np.full(domain.size, -1, np.int64)
    per_turn = int(round(360 / block_degree))
    for number in np.unique(domain[domain > 0]):
        mine = domain == number
        y, x = (c[mine] - c[mine].mean() for c in columns)
        sector = np.floor((np.degrees(np.arctan2(y, x)) % 360) / block_degree).astype(np.int64)
        block[mine] = number * per_turn + np.minimum(sector, per_turn - 1)
    return block


def _fit(total: Array, count: NDArray[Any], noise: float) -> tuple[float, float]:
    """Where the signal steps down [nm] and by how much; not a number where it does not."""
    enough = count >= _FEWEST_PIXELS
    rings = int(np.argmin(enough)) if not enough.all() else enough.size
    at = _FIRST_NM + _BIN_NM * (np.arange(rings) + 0.5)
    last = _FIRST_NM + _BIN_NM * rings - _BEYOND_NM
    places = np.arange(_FIRST_NM + 2 * _BIN_NM, last, _BIN_NM / 2)
    if places.size < 2:
        return np.nan, np.nan
    mean = total[:rings] / count[:rings]
    weight = count[:rings] / noise**2
    best = (np.inf, np.nan, np.nan, np.nan)
    for width in _SOFTEST:
        for place in places:
            down = 0.5 * special.erfc((at - place) / (np.sqrt(2) * width))
            centred = down - np.average(down, weights=weight)
            power = float((weight * centred**2).sum())
            step = float((weight * centred * mean).sum()) / power if power > 0 else 0.0
            rest = mean - np.average(mean, weights=weight) - step * centred
            chi = float((weight * rest**2).sum())
            if step > 0 and chi < best[0]:
                best = (chi, float(place), step, 1 / np.sqrt(power))
    chi, place, step, error = best
    error *= max(np.sqrt(chi / max(rings - 3, 1)), 1.0)
    inside = places[0] < place < places[-1]
    if not inside or step < _LEAST_SIGNIFICANCE * error:
        return np.nan, np.nan
    return place, step


def thickness(
    blocks: Blocks, *, edge_nm: float, draws: int, seed: int
) -> tuple[intervals.Number, str]:
    """Usual thickness with its interval [nm], and why there is none.

    It is the median of blocks, since a neighbour may end the shell of one. Blocks are drawn anew
    (bootstrap), since neighbouring pixels share what a stretch of ligands does; that the edge lies
    half a spacing beyond the outermost columns is known to a uniform half of that.
    """
    known = blocks.thickness[np.isfinite(blocks.thickness)]
    if known.size < _FEWEST_BLOCKS:
        return intervals.NONE, (
            f"a step of the signal outside the lattice is seen along {known.size} of "
            f"{blocks.thickness.size} stretches of the perimeter: gaps between crystals are too "
            "narrow, or there is no ligand shell"
        )
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(known, (draws, known.size)), axis=1)
    number = intervals.summary(medians, float(np.median(known)))
    return intervals.widened(number, edge_nm / np.sqrt(12)), ""
