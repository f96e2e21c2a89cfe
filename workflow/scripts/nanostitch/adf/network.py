"""How particles hang together: largest body, what spans the image, and the voids between."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from nanostitch.adf import population, scatter
from nanostitch.adf.border import Box
from nanostitch.intervals import NONE, Number

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_MOST_PIXELS = 1_000_000
"""Pixels above which every second, third … one stands for its neighbours; distances are then as
exact as these are wide, which costs no reader of the result anything and saves seconds."""
_VOID = 0.5
"""Least width of a void in crystal edges: what is left open between the corners of crystals is
narrower, an empty site is wider than one."""


class Plane(NamedTuple):
    """Number of the particle in each pixel, which pixels were seen, their sides [nm]."""

    label: Labels
    seen: Mask
    step: tuple[float, float]

    @property
    def box(self) -> Box:
        """The field, from 0 [nm]."""
        high, wide = (n * one for n, one in zip(self.label.shape, self.step, strict=True))
        return Box(0.0, high, 0.0, wide)


class Network(NamedTuple):
    """Numbers and yes-or-no answers by their names in ``contracts.adf.PARTICLES``."""

    numbers: dict[str, Number]
    answers: dict[str, bool]


def measure(
    plane: Plane,
    *,
    of: scatter.Waves,
    layer_gap_nm: float,
    unit_edge_nm: float,
    wires: NDArray[np.int_],
) -> Network:
    """Shares of the largest body and layer, what they span, voids and the share of wires.

    Parameters
    ----------
    plane
        Labelled pixels.
    of
        Waves of the field.
    layer_gap_nm
        Distance up to which neighbours belong to one layer [nm].
    unit_edge_nm
        Edge of one original crystal [nm]; voids are wider than half of it.
    wires
        Numbers of the particles that are wires.
    """
    plane = _thinned(plane)
    label, seen = plane.label, plane.seen
    covered = (label > 0) & seen
    outside = ndimage.distance_transform_edt(label == 0, sampling=plane.step)
    pixel = float(np.mean(plane.step))
    # distances are from pixel to pixel: a quarter makes up for odd and even numbers of them
    layer = _layers(label, outside <= layer_gap_nm / 2 + pixel / 4)
    numbers = {
        "largest_body_share": _share(label == _largest(label, covered), label, covered, of),
        "largest_layer_share": _share(layer == _largest(layer, covered), label, covered, of),
        "wire_share": _share(np.isin(label, wires) & (label > 0), label, covered, of),
    }
    answers = {
        f"{what}_spans_{axis}": spans
        for what, labels in (("body", label), ("layer", layer))
        for axis, spans in zip("yx", _spans(labels), strict=True)
    }
    return Network(numbers | _voids(plane, outside, _VOID * unit_edge_nm, of), answers)


def _thinned(plane: Plane) -> Plane:
    every = int(np.ceil(np.sqrt(plane.label.size / _MOST_PIXELS)))
    if every <= 1:
        return plane
    step = plane.step[0] * every, plane.step[1] * every
    return Plane(plane.label[::every, ::every], plane.seen[::every, ::every], step)


def _layers(label: Labels, near: Mask) -> Labels:
    """Number of the layer of each covered pixel: bodies whose surroundings meet are one.

    Pieces of one body that meet outside the image only are one, too.
    """
    piece, count = ndimage.label(near | (label > 0), np.ones((3, 3), bool))
    covered = label > 0
    most = int(label.max(initial=0))
    pairs = np.unique(label[covered].astype(np.int64) * (count + 1) + piece[covered])
    one, other = pairs // (count + 1), pairs % (count + 1) + most
    size = most + count + 1
    links = sparse.coo_matrix((np.ones(pairs.size), (one, other)), shape=(size, size))
    layer = connected_components(links, directed=False)[1] + 1
    return np.where(covered, layer[label], 0).astype(np.int32)


def _largest(label: Labels, covered: Mask) -> int:
    """Number that covers most pixels; -1 where none does."""
    return int(np.bincount(label[covered]).argmax()) if covered.any() else -1


def _share(within: Mask, label: Labels, covered: Mask, of: scatter.Waves) -> Number:
    """Share of the covered pixels that lie within something."""
    bodies = label[covered]
    total = int(covered.sum())
    if not total:
        return NONE
    share = float((within & covered).sum() / total)
    variance = scatter.variance_of_field(covered * (within - share) / total, of)
    if variance <= 0:
        # nothing or everything: as many trials as there are bodies
        return scatter.share_interval(share, int(np.count_nonzero(np.bincount(bodies))))
    return scatter.share_interval(share, share * (1 - share) / variance)


def _spans(label: Labels) -> tuple[bool, bool]:
    """Whether one label lies on both opposite sides, along y and along x."""
    sides = ((label[0], label[-1]), (label[:, 0], label[:, -1]))
    both = [np.setdiff1d(np.intersect1d(one, other), [0]).size > 0 for one, other in sides]
    return both[0], both[1]


def _voids(plane: Plane, outside: Array, width_nm: float, of: scatter.Waves) -> dict[str, Number]:
    """Parts of the support into which a disc of a width fits: share, number and mean size."""
    radius = width_nm / 2 + float(np.mean(plane.step)) / 4
    roomy = outside >= radius
    if not plane.seen.any():
        return dict.fromkeys(("void_fraction", "void_density", "void_diameter"), NONE)
    open_ = np.zeros_like(roomy)
    if roomy.any():
        open_ = ndimage.distance_transform_edt(~roomy, sampling=plane.step) < radius
    open_ &= (plane.label == 0) & plane.seen
    field, part = plane.box, float(np.prod(plane.step))
    seen = float(plane.seen.sum()) * part
    table = _pieces(open_, plane.step)
    whole = table["touches_border"].to_numpy() == 0
    found = population.sample(table, whole, field=field, part=field)
    fewest = seen / width_nm**2
    # what reaches across the image is its support, and no void to be counted
    found = found._replace(reaching=np.empty(0))
    return {
        "void_fraction": population.coverage(open_, plane.seen, of, particles_nm2=fewest),
        "void_density": population.number_density(found, seen_nm2=seen),
        "void_diameter": population.size_mean(found),
    }


def _pieces(open_: Mask, step: tuple[float, float]) -> xr.Dataset:
    """Connected pieces as :func:`nanostitch.adf.population.sample` takes particles."""
    label, count = ndimage.label(open_)
    boxes = ndimage.find_objects(label)
    sides = np.array([[(s.start, s.stop) for s in box] for box in boxes]).reshape(count, 2, 2)
    area = np.bincount(label.ravel(), minlength=count + 1)[1:] * float(np.prod(step))
    cut = (sides[..., 0] == 0).any(1) | (sides[..., 1] == open_.shape).any(1)
    sides = sides * np.array(step)[:, None]
    middle, length = sides.mean(-1), sides[..., 1] - sides[..., 0]
    row = ("particle",)
    return xr.Dataset(
        {
            "edge_length": (row, 2 * np.sqrt(area / np.pi)),
            "units": (row, np.ones(count, int)),
            "touches_border": (row, cut.astype("i1")),
            "middle_y": (row, middle[:, 0]),
            "middle_x": (row, middle[:, 1]),
            "height": (row, length[:, 0]),
            "width": (row, length[:, 1]),
        }
    )
