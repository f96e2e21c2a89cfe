"""Pair correlation of the crystals of an image."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import spatial

from nanostitch.adf import scatter
from nanostitch.adf.border import Box
from nanostitch.adf.order import FEWEST, Sites

Array = NDArray[np.float64]

_BINS_PER_EDGE = 16
_EDGES_FAR = 6
"""Bins and extent of the pair correlation in crystal edges: six shells of a lattice."""


def measure(found: Sites, field: Box, *, unit_edge_nm: float) -> xr.Dataset:
    """Pair correlation of the crystals with 95 % intervals.

    Pairs are weighted by the inverse of the area in which a pair of that distance and direction
    lies wholly in the field.

    Parameters
    ----------
    found
        Crystals.
    field
        The field.
    unit_edge_nm
        Edge of one crystal [nm]: distances go to six of it in steps of a sixteenth, as far as half
        the field reaches.

    Returns
    -------
    xarray.Dataset
        ``pair_correlation`` with ``_lower`` and ``_upper``, dim and coordinate ``distance`` [nm];
        NaN with fewer than twelve crystals.

    Notes
    -----
    J. Ohser and D. Stoyan, Biom. J. 23 (1981) 523.
    """
    step = unit_edge_nm / _BINS_PER_EDGE
    farthest = min(_EDGES_FAR * unit_edge_nm, min(field.height, field.width) / 2)
    bins = max(int(farthest / step), 1)
    middle = (np.arange(bins) + 0.5) * step
    numbers: Mapping[str, Array] = dict.fromkeys(("", "_lower", "_upper"), np.full(bins, np.nan))
    if found.y.size >= FEWEST:
        numbers = _correlated(found, field, step, bins)
    return xr.Dataset(
        {f"pair_correlation{end}": ("distance", values) for end, values in numbers.items()},
        coords={"distance": middle},
    )


def _correlated(found: Sites, field: Box, step: float, bins: int) -> dict[str, Array]:
    points = np.stack([found.y, found.x], axis=1)
    first, second = spatial.KDTree(points).query_pairs(bins * step, output_type="ndarray").T
    away = np.abs(points[first] - points[second])
    weight = 2 / ((field.height - away[:, 0]) * (field.width - away[:, 1]))
    ring = np.minimum((np.hypot(*away.T) / step).astype(int), bins - 1)
    total = np.bincount(ring, weight, bins)
    y, x = (points[first] + points[second]).T / 2
    of = scatter.waves(field.height, field.width, points.shape[0])
    place = (y - field.top) / field.height, (x - field.left) / field.width
    in_ring = weight / np.where(total > 0, total, 1.0)[ring]
    of_pairs = scatter.sums_by_group(in_ring, ring, bins, *place, of)
    of_sites = scatter.sums(
        np.full(points.shape[0], 2 / points.shape[0]),
        (found.y - field.top) / field.height,
        (found.x - field.left) / field.width,
        of,
    )
    relative = scatter.variance_of_sums(of_pairs - of_sites[:, None], of)
    count = points.shape[0]
    area = np.pi * step**2 * np.diff(np.arange(bins + 1) ** 2)
    scale = field.area**2 / (count * (count - 1)) / area
    least = 2 / field.area * scale
    bounds = [
        scatter.count_interval(one, 1 / max(one_relative, 1e-9)) if one else (0.0, none)
        for one, one_relative, none in zip(
            total * scale, relative, least * scatter.count_interval(0, 0)[1], strict=True
        )
    ]
    factor = np.where(total > 0, total * scale, 1.0)
    low, high = np.array(bounds).T * factor
    return {"": total * scale, "_lower": low, "_upper": high}
