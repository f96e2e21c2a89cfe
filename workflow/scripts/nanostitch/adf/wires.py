"""Wires: length along the middle, width, aspect ratio and tortuosity of elongated particles."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from skimage.morphology import skeletonize

from nanostitch import quality
from nanostitch.errors import CalibrationError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Path = NDArray[np.intp]

_MAIN_SHARE = 0.7
"""Least share of a particle's area that length times width must be: less is a network, no wire."""
_BRANCHED = 0.9
"""Share of the area below which what stands aside of the wire is worth a flag."""
_STEP = 0.25
"""Step along a normal of the wire [pixel]: a quarter follows the edges of single pixels."""
_BEYOND = 1.5
"""How far past the nearest outline a normal is followed [pixel]: the whole edge pixel, no more."""
_FEWEST_PIXELS = 3.0
"""Width in pixels below which a middle cannot be told from an outline."""
_FIELDS = (
    "length",
    "length_uncertainty",
    "width",
    "width_uncertainty",
    "width_sd",
    "aspect_ratio",
    "tortuosity",
)
_UNITS = dict(zip(_FIELDS, ("nm", "nm", "nm", "nm", "nm", "1", "1"), strict=True))


class _Wire(NamedTuple):
    """Middle line in pixels of a padded box, widths along it [nm], length and chord [nm]."""

    line: Array
    widths: Array
    length: float
    chord: float

    @property
    def width(self) -> float:
        return float(self.widths.mean())


def find(
    label: xr.DataArray, table: xr.Dataset, *, least_aspect_ratio: float, unit_edge_nm: float
) -> xr.Dataset:
    """Particles that are wires, with their measures.

    The middle is the longest path through the skeleton (Lee et al. 1994), smoothed over half
    a width, without its last half widths, in which a skeleton forks to the corners, and drawn out
    straight to the outline. The width is what the particle covers of the normals of that line.

    Parameters
    ----------
    label
        Number of the particle of each pixel, dims ``(y, x)``, coordinates in nm.
    table
        Particles with ``area`` [nm²] and ``touches_border``, in the order of their numbers.
    least_aspect_ratio
        Length over width from which a particle is a wire [1].
    unit_edge_nm
        Edge of one original crystal [nm].

    Returns
    -------
    xarray.Dataset
        The variables ``wire_*`` of ``contracts.adf.PARTICLES``, dim ``wire``.

    Raises
    ------
    CalibrationError
        If the pixels have no size.

    Notes
    -----
    T. C. Lee, R. L. Kashyap, C. N. Chu, CVGIP: Graph. Models Image Process. 56 (1994) 462: unlike
    thinning by Zhang and Suen (1984) it keeps diagonal wires of an even number of pixels.
    """
    step = np.array([_step(label, axis) for axis in ("y", "x")])
    labels = label.to_numpy()
    area = table["area"].to_numpy()
    # a wire is at least half a crystal wide; anything of less area is too short
    worth = area > least_aspect_ratio * (unit_edge_nm / 2) ** 2
    rows, numbers = [], []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if (
            box is None
            or not worth[number - 1]
            or not _is_slender(box, step, area[number - 1], least_aspect_ratio)
        ):
            continue
        mask = np.pad(labels[box] == number, 2)
        wire = _followed(mask, step)
        if wire is None or wire.length < least_aspect_ratio * wire.width:
            continue
        share = wire.length * wire.width / area[number - 1]
        if share < _MAIN_SHARE:
            continue
        numbers.append(number)
        cut = bool(table["touches_border"].to_numpy()[number - 1])
        rows.append((*_measures(wire, step), cut, share < _BRANCHED, _has_hole(mask)))
    return _product(np.array(rows, float).reshape(len(rows), len(_FIELDS) + 3), numbers)


def _step(label: xr.DataArray, axis: str) -> float:
    along = label[axis].to_numpy()
    if along.size < 2:
        raise CalibrationError(f"image: one pixel along {axis} has no size; tell pixel_size_nm")
    return float((along[-1] - along[0]) / (along.size - 1))


def _is_slender(
    box: tuple[slice, slice], step: Array, area: float, least_aspect_ratio: float
) -> bool:
    """Whether a particle may be a wire: a compact one fills its box.

    A curled wire is at least as long as the diagonal of its box, so that area over the squared
    diagonal bounds width over length from above, up to the curl.
    """
    sides = np.array([side.stop - side.start for side in box]) * step
    filled = area / float(sides.prod())
    return bool((sides**2).sum() > least_aspect_ratio * area or filled < 1 / least_aspect_ratio)


def _followed(mask: Mask, step: Array) -> _Wire | None:
    """Middle line and widths of one particle; None where it is too small to have any."""
    inside = ndimage.distance_transform_edt(mask, sampling=step)
    path = _longest_path(skeletonize(mask, method="lee") > 0, step)
    half = float(np.median(inside[tuple(path.T)])) if len(path) else 0.0
    if half < _FEWEST_PIXELS / 2 * step.max():
        return None
    travelled = np.concatenate([[0.0], np.cumsum(_lengths(path, step))])
    kept = (travelled > half) & (travelled < travelled[-1] - half)
    if kept.sum() < 3:
        return None
    line = _smoothed(path, half / float(np.diff(travelled).mean()))[kept]
    ends = np.stack([_drawn_out(line[::-1], mask), _drawn_out(line, mask)])
    whole = np.concatenate([ends[:1], line, ends[1:]])
    return _Wire(
        line,
        _widths(line, mask, inside, step),
        float(_lengths(whole, step).sum()),
        float(np.hypot(*((ends[1] - ends[0]) * step))),
    )


def _lengths(path: Array | Path, step: Array) -> Array:
    return np.asarray(np.hypot(*(np.diff(path, axis=0) * step).T))


def _longest_path(skeleton: Mask, step: Array) -> Path:
    """Pixels of the longest of the shortest ways through a skeleton, from end to end."""
    places = np.argwhere(skeleton)
    number = np.full(skeleton.shape, -1)
    number[tuple(places.T)] = np.arange(len(places))
    if len(places) < 2:
        return places
    starts, ends, lengths = [], [], []
    for away in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = number[places[:, 0] + away[0], places[:, 1] + away[1]]
        linked = np.flatnonzero(other >= 0)
        starts.append(linked)
        ends.append(other[linked])
        lengths.append(np.full(linked.size, np.hypot(*(step * away))))
    pairs = np.concatenate(starts), np.concatenate(ends)
    graph = sparse.coo_matrix((np.concatenate(lengths), pairs), shape=(len(places),) * 2).tocsr()
    first = dijkstra(graph, directed=False, indices=0)
    far = int(np.where(np.isfinite(first), first, -1).argmax())
    distance, before = dijkstra(graph, directed=False, indices=far, return_predecessors=True)
    at = int(np.where(np.isfinite(distance), distance, -1).argmax())
    way = [at]
    while at != far:
        at = int(before[at])
        way.append(at)
    return np.asarray(places[way])


def _smoothed(path: Path, sigma: float) -> Array:
    """Path without the stairs of its pixels; its ends stay, by reflection in them."""
    more = min(int(4 * sigma) + 1, len(path) - 1)
    head, tail = 2 * path[0] - path[more:0:-1], 2 * path[-1] - path[-2 : -more - 2 : -1]
    long = np.concatenate([head, path, tail]).astype(float)
    smooth = ndimage.gaussian_filter1d(long, sigma, axis=0, mode="nearest")
    return np.asarray(smooth[more : more + len(path)])


def _drawn_out(line: Array, mask: Mask) -> Array:
    """Where a line meets the outline when it goes straight on at its end."""
    reach = min(len(line) - 1, 8)
    ahead = line[-1] - line[-1 - reach]
    ahead /= max(float(np.hypot(*ahead)), 1e-9)
    along = np.arange(0, max(mask.shape), _STEP)
    ray = line[-1] + along[:, None] * ahead
    covered = ndimage.map_coordinates(mask.astype(float), ray.T, order=1)
    out = np.flatnonzero(covered < 0.5)
    return np.asarray(ray[out[0] if out.size else -1])


def _widths(line: Array, mask: Mask, inside: Array, step: Array) -> Array:
    """What the particle covers of the normal at each point of its middle [nm]."""
    ahead = np.gradient(line, axis=0) * step
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    pixel = float(step.mean())
    half = ndimage.map_coordinates(inside, line.T, order=1)
    along = np.arange(-half.max() - _BEYOND * pixel, half.max() + 2 * pixel, _STEP * pixel)
    at = line[:, None] + along[None, :, None] * (normal / step)[:, None]
    covered = ndimage.map_coordinates(mask.astype(float), np.moveaxis(at, -1, 0), order=1)
    near = np.abs(along) <= half[:, None] + _BEYOND * pixel
    return np.asarray((covered * near).sum(1) * _STEP * pixel)


def _measures(wire: _Wire, step: Array) -> tuple[float, ...]:
    """Measures in the order of ``_FIELDS``.

    A width is independent of another one width further on. Either end is as sure as the width
    varies, and both edges of a pixel row as a pixel is wide.
    """
    pixel, width, sd = float(step.mean()), wire.width, float(wire.widths.std())
    independent = max(wire.length / width, 1.0)
    return (
        wire.length,
        float(np.hypot(sd, pixel / np.sqrt(6))),
        width,
        float(np.hypot(sd / np.sqrt(independent), pixel / np.sqrt(12))),
        sd,
        wire.length / width,
        wire.length / wire.chord if wire.chord > 0 else np.nan,
    )


def _has_hole(mask: Mask) -> bool:
    return bool((ndimage.binary_fill_holes(mask) & ~mask).any())


def _product(rows: Array, numbers: list[int]) -> xr.Dataset:
    dim = "wire"
    found = xr.Dataset(
        {
            f"wire_{name}": (dim, column, {"units": _UNITS[name]})
            for name, column in zip(_FIELDS, rows.T, strict=False)
        },
        coords={dim: (dim, np.array(numbers, "i4"), {"units": "1"})},
    )
    names = ("leaves_image", "branched", "has_hole")
    raised = {
        name: xr.DataArray(column > 0, dims=dim)
        for name, column in zip(names, rows.T[len(_FIELDS) :], strict=True)
    }
    found["wire_quality"] = quality.flags(raised).assign_attrs(units="1")
    return found
