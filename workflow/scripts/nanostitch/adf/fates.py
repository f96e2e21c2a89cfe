"""What became of each particle: which ones before and after overlap, and what that means."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from nanostitch import quality
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.adf.registration import Registration

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FATES = ("kept", "grown", "shrunk", "merged", "split", "vanished", "unseen")
KEPT, GROWN, SHRUNK, MERGED, SPLIT, VANISHED, UNSEEN = range(len(FATES))
_SIGNIFICANT = 1.96
"""Standard deviations of a change of area that is one at 95 %."""
_DOT_SHARE = 0.5
"""A particle of which a bright dot covers this share is that dot and no crystal."""


class Followed(NamedTuple):
    """Arrays over particles before, particles after and bodies."""

    fate: Ints
    becomes: Ints
    """Index of the particle after that holds most of it, -1 none."""
    before_body: Ints
    after_body: Ints
    """Number of the body, from 1; 0 none."""
    sources: Ints
    bodies: int


def follow(
    where: Registration,
    before: xr.Dataset,
    after: xr.Dataset,
    *,
    least_overlap: float,
    least_change: float,
) -> Followed:
    """Match particles by the area in which they overlap.

    Particles of which a border cuts either outline, and those too small to count, are not
    followed. Two are linked if they share ``least_overlap`` of the smaller; what is linked is one
    body. A particle merged if another went into the same one; alone it is kept, or grew or shrank
    if its area changed by more than ``least_change`` and significantly.

    Parameters
    ----------
    where
        How the image before lies in the one after.
    before, after
        Products of the step ``particles``.
    least_overlap
        Share of the smaller area [1].
    least_change
        Relative change of area [1].
    """
    shared, inside = _shared(where, before, after)
    area0, area1 = (_area(one) for one in (before, after))
    area0 = area0 * np.exp(2 * where.p[3])
    smaller = np.minimum(area0[:, None], area1[None, :])
    whole0, whole1 = _whole(before) & inside, _whole(after) & ~_dots(after)
    cut = _cut(after)
    overlap = shared >= least_overlap * smaller
    seen0 = whole0 & ~overlap[:, cut].any(axis=1)
    linked = overlap & seen0[:, None] & whole1[None, :]
    becomes = (
        np.where(linked.any(axis=1), (shared * linked).argmax(axis=1), -1)
        if linked.size
        else (np.full(area0.size, -1))
    )
    joined = np.bincount(becomes[becomes >= 0], minlength=area1.size)
    body0, body1, count = _bodies(linked)
    fate = np.full(area0.size, UNSEEN)
    change, doubt = _change(before, after, area0, area1, becomes)
    fate[seen0] = KEPT
    clear = (np.abs(change) > np.log1p(least_change)) & (np.abs(change) > _SIGNIFICANT * doubt)
    fate[seen0 & clear & (change > 0)] = GROWN
    fate[seen0 & clear & (change < 0)] = SHRUNK
    fate[seen0 & (linked.sum(axis=1) > 1)] = SPLIT
    fate[seen0 & (becomes >= 0) & (np.append(joined, 0)[becomes] > 1)] = MERGED
    fate[seen0 & (becomes < 0)] = VANISHED
    unseen = ~whole1 | overlap[~seen0].any(axis=0) | ~_inside_before(where, before, after)
    sources = np.where(unseen & ~linked.any(axis=0), -1, linked.sum(axis=0))
    return Followed(fate, becomes, body0, body1, sources, count)


def area_uncertainty(product: xr.Dataset) -> Array:
    """Standard uncertainty of each area [nm2], from that of the edge."""
    edge, doubt = (product[n].to_numpy() for n in ("edge_length", "edge_length_uncertainty"))
    return np.asarray(2 * edge * np.nan_to_num(doubt))


def _area(product: xr.Dataset) -> Array:
    return np.asarray(product["area"].to_numpy(), dtype=float)


def _cut(product: xr.Dataset) -> Mask:
    return np.asarray(product["touches_border"].to_numpy() == 1)


def _whole(product: xr.Dataset) -> Mask:
    small = quality.raised(product["quality"], "too_small").to_numpy()
    return np.asarray(~small & ~_cut(product))


def _dots(product: xr.Dataset) -> Mask:
    """Particles that are bright dots themselves."""
    dots = np.zeros(product.sizes["particle"], bool)
    if "bright_particle" not in product:
        return dots
    covered = np.pi / 4 * product["bright_diameter"].to_numpy() ** 2
    index = product["bright_particle"].to_numpy() - 1
    on = index >= 0
    dots[index[on]] = covered[on] > _DOT_SHARE * _area(product)[index[on]]
    return dots


def _shared(where: Registration, before: xr.Dataset, after: xr.Dataset) -> tuple[Array, Mask]:
    """Overlap [nm2] of each particle before with each after; whether it lies in the image."""
    label0, label1 = (one["particle_label"].to_numpy() for one in (before, after))
    rows, columns = np.nonzero(label0)
    y, x = where.place(before["y"].to_numpy()[rows], before["x"].to_numpy()[columns])
    at = [
        np.round((place - float(after[dim][0])) / step).astype(int)
        for place, dim, step in zip(
            (y, x), "yx", pixel_size_nm(after["particle_label"]), strict=True
        )
    ]
    seen = np.logical_and.reduce(
        [(i >= 0) & (i < n) for i, n in zip(at, label1.shape, strict=True)]
    )
    number0 = label0[rows, columns]
    counts = (before.sizes["particle"], after.sizes["particle"] + 1)
    other = label1[at[0][seen], at[1][seen]]
    table = np.zeros(counts)
    np.add.at(table, (number0[seen] - 1, other), 1.0)
    pixel = np.prod(pixel_size_nm(before["particle_label"])) * np.exp(2 * where.p[3])
    outside = np.bincount(number0[~seen] - 1, minlength=counts[0]) > 0
    return table[:, 1:] * pixel, ~outside


def _inside_before(where: Registration, before: xr.Dataset, after: xr.Dataset) -> Mask:
    """Whether the centre of each particle after lies in the image before."""
    corners = [before[d].to_numpy()[[0, -1]] for d in ("y", "x")]
    offset = np.stack(
        [
            after[f"centroid_{d}"].to_numpy() - m - s
            for d, m, s in zip("yx", where.middle, where.p[:2], strict=True)
        ]
    )
    c, s = np.cos(where.p[2]), np.sin(where.p[2])
    back = np.exp(-where.p[3]) * np.array([[c, -s], [s, c]]) @ offset
    back += where.middle_before[:, None]
    inside = [(b >= low) & (b <= high) for b, (low, high) in zip(back, corners, strict=True)]
    return np.asarray(inside[0] & inside[1])


def _bodies(linked: Mask) -> tuple[Ints, Ints, int]:
    """Connected parts of the graph of links, numbered from 1; 0 for what has no link."""
    first, second = linked.shape
    graph = sparse.bmat([[None, sparse.csr_array(linked)], [sparse.csr_array(linked.T), None]])
    _, part = sparse.csgraph.connected_components(graph, directed=False)
    any_link = np.concatenate([linked.any(axis=1), linked.any(axis=0)])
    kept, number = np.unique(part[any_link], return_inverse=True)
    body = np.zeros(first + second, dtype=np.int64)
    body[any_link] = number + 1
    return body[:first], body[first:], int(kept.size)


def _change(
    before: xr.Dataset, after: xr.Dataset, area0: Array, area1: Array, becomes: Ints
) -> tuple[Array, Array]:
    """Logarithm of the ratio of areas, and its standard uncertainty; 0 where there is none."""
    relative0 = area_uncertainty(before) / _area(before)
    relative1 = np.append(area_uncertainty(after) / area1, 0.0)[becomes]
    here = np.append(area1, np.nan)[becomes]
    change = np.where(becomes >= 0, np.log(here / area0), 0.0)
    return np.nan_to_num(change), np.hypot(relative0, relative1)
