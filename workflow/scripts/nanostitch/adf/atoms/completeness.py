"""How many columns there are, when some were not seen and some are none."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from nanostitch import intervals

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

PEROVSKITE_COLUMNS = {0: 4, 1: 3, 2: 4}
"""Columns in the projected cell of a cubic perovskite ABX3, by zone axis 0 [001], 1 [110],
2 [111]: A, B and X project onto so many places."""
_NEAR = 0.35
"""Of the distance of nearest columns, within which a site of the lattice holds a column."""
_RESOLVED = 0.85
"""Columns per cell over those of the structure, below which some are not resolved."""
_COVERING = 0.75
"""Distance of the farthest point of a cell from its corners, in longest plane distances: half the
diagonal of a square is 0.71."""
_FAINT_ROW = 0.25
"""Columns of half an outermost row over the empty sites a cell beyond the outline: two rows of a
cell of a perovskite look at each. Whether partly filled, faint columns lie there cannot be told, so
that the upper bound holds half a row all around."""
_CELLS_UNCERTAINTY = 0.08
"""Relative uncertainty of the number of cells of a domain: half the distance of columns along the
outline of a crystal of 8 nm."""


class Counted(NamedTuple):
    """Number of columns with its interval, how many were not found, which are off a lattice."""

    number: intervals.Number
    unresolved: float
    stray: Mask


def count(
    places: Array,
    domain: Ints,
    bases: Array,
    per_cell: Ints,
    *,
    nearest_nm: float,
    shape_nm: tuple[float, float],
    outside_nm2: float,
) -> Counted:
    """Count columns, with those that the lattice has and the fit has not.

    Parameters
    ----------
    places
        Rows (y, x) [nm] of the columns found.
    domain
        Index of each column's domain.
    bases
        Reflections (domain, 2, 2): rows g1 and g2, (y, x) [1/nm].
    per_cell
        Columns in the projected cell of each domain, 0 where that is not known; then the domain
        of most columns per cell tells it.
    nearest_nm
        Usual distance of nearest columns [nm].
    shape_nm
        Size of the image (y, x) [nm].
    outside_nm2
        Area that is as bright as crystal and in no domain [nm2]; it is taken to hold as many
        columns per area as the domains, but for half of them.
    """
    stray = np.zeros(len(places), bool)
    holes, faint, cells, found = 0, 0.0, np.zeros(len(bases)), np.zeros(len(bases))
    for number, basis in enumerate(bases):
        mine = np.flatnonzero(domain == number)
        found[number] = mine.size
        if mine.size < 2:
            continue
        vectors = np.linalg.inv(basis).T
        stray[mine], missing, bare = _neighbours(
            places[mine], vectors, _NEAR * nearest_nm, shape_nm
        )
        holes += missing
        faint += _FAINT_ROW * bare
        cells[number] = _cells(places[mine], basis)
    density = np.divide(found, cells, out=np.zeros_like(found), where=cells > 0)
    best = int(np.round(density.max())) if density.size else 0
    wanted = np.where(per_cell > 0, per_cell, best)
    lacking = np.where(density < _RESOLVED * wanted, wanted * cells - found, 0.0)
    unresolved = float(np.maximum(lacking, 0.0).sum())
    area = float((cells / np.maximum(np.abs(np.linalg.det(bases)), 1e-12)).sum())
    outside = outside_nm2 * (found.sum() + unresolved) / area if area > 0 else 0.0
    error = np.hypot(
        _CELLS_UNCERTAINTY * float(np.where(lacking > 0, wanted * cells, 0.0).sum()),
        np.sqrt(found.sum() * _border_share(shape_nm, nearest_nm)),
    )
    error = intervals.NORMAL_95 * float(np.hypot(error, 0.5 * outside))
    value = float(found.sum()) + unresolved + outside
    low = max(value - stray.sum() - error, float(found.sum() - stray.sum()))
    return Counted((value, low, value + holes + faint + error), unresolved + outside, stray)


def _border_share(shape_nm: tuple[float, float], nearest_nm: float) -> float:
    """Share of the columns that the border of the image may or may not cut."""
    return float(min(1.0, sum(2 * nearest_nm / side for side in shape_nm)))


def _neighbours(
    places: Array, vectors: Array, near: float, shape_nm: tuple[float, float]
) -> tuple[Mask, int, int]:
    """Columns with no column a lattice vector away, gaps in the rows, sites beyond outlines."""
    tree = cKDTree(places)

    def inside(vector: Array) -> Mask:
        return np.asarray(((places + vector >= 0) & (places + vector <= shape_nm)).all(axis=1))

    def empty(vector: Array) -> Mask:
        return np.asarray(np.isinf(tree.query(places + vector, distance_upper_bound=near)[0]))

    first, second = vectors
    alone = empty(first) & empty(-first) & empty(second) & empty(-second)
    beside = ~empty(first + second) | ~empty(first - second)
    sides = (first, -first, second, -second)
    bare = sum(int((empty(side) & inside(side)).sum()) for side in sides)
    return alone, int((empty(first) & ~empty(2 * first) & beside).sum()), bare


def _cells(places: Array, basis: Array) -> float:
    """Area that columns take up, in cells.

    All that is nearer to a column than the farthest point of a cell from its corners, less the
    rim by which that exceeds half the distance of nearest columns.
    """
    longest = 1.0 / float(np.hypot(*basis.T).min())
    half = 0.5 * float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))
    reach, step = _COVERING * longest, longest / 8
    low = places.min(axis=0) - 2 * longest
    index = np.rint((places - low) / step).astype(np.int64)
    grid = np.zeros(index.max(axis=0) + 17, bool)
    grid[index[:, 0], index[:, 1]] = True
    covered = ndimage.distance_transform_edt(~grid) * step <= reach
    inner = ndimage.distance_transform_edt(covered) * step > reach - half
    return float(inner.sum() * step**2 * abs(np.linalg.det(basis)))
