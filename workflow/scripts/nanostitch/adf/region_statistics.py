"""Particles by the regions of an image that the sheet names, and on both sides of a boundary."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import regions
from nanostitch.adf import population, scatter
from nanostitch.adf.border import Box
from nanostitch.errors import CalibrationError
from nanostitch.intervals import NONE, Number

Mask = NDArray[np.bool_]

NAMES = (
    "number_density",
    "coverage",
    "merged_fraction",
    "fusing_index",
    "size_mean",
    "size_sd",
)
"""What is summed up of an image and of each of its regions."""
LEFT, RIGHT = "left of boundary", "right of boundary"
"""Names of the sides of a told boundary, which runs along y."""


class Part(NamedTuple):
    """A rectangle of the image: its sides [nm] and its pixels."""

    box: Box
    pixels: tuple[slice, slice]


def whole_field(label: xr.DataArray) -> Part:
    """The image as one part.

    Parameters
    ----------
    label
        Any image, dims ``(y, x)`` with coordinates in nm.
    """
    return _part(label, np.ones(label.shape, bool))


def told(label: xr.DataArray, facts: Mapping[str, object]) -> dict[str, Part]:
    """Parts of an image by name.

    Parameters
    ----------
    label
        Any image, dims ``(y, x)`` with coordinates in nm.
    facts
        What the sheet says: ``regions``, as :func:`nanostitch.regions.parse` takes it, and
        ``boundary_nm``, the place along x of a boundary that runs along y.

    Raises
    ------
    CalibrationError
        If the regions cannot be told from the sheet, or the boundary lies outside the image.
    """
    found = {}
    masks = regions.masks(str(facts.get("regions", "")), label)
    for name in masks["region"].values:
        if name != regions.ALL:
            found[str(name)] = _part(label, masks.sel(region=name).to_numpy())
    if "boundary_nm" in facts:
        at = float(str(facts["boundary_nm"]))
        left = np.broadcast_to(label["x"].to_numpy() < at, label.shape)
        if left.all() or not left.any():
            raise CalibrationError(
                f"acquisitions.tsv: column boundary_nm: {at:g} nm lies outside the image, which "
                f"goes along x from {float(label['x'][0]):g} to {float(label['x'][-1]):g} nm"
            )
        found |= {LEFT: _part(label, left), RIGHT: _part(label, ~left)}
    return found


def _part(label: xr.DataArray, mask: Mask) -> Part:
    """Rectangle of a mask; pixels reach half a step beyond their middles."""
    bounds, pixels = [], []
    for axis, name in enumerate(("y", "x")):
        inside = np.flatnonzero(mask.any(1 - axis))
        along = label[name].to_numpy()
        half = float(along[-1] - along[0]) / (along.size - 1) / 2
        bounds += [float(along[inside[0]]) - half, float(along[inside[-1]]) + half]
        pixels.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return Part(Box(*bounds), (pixels[0], pixels[1]))


def statistics(
    table: xr.Dataset,
    count: Mask,
    covered: Mask,
    seen: Mask,
    *,
    field: Box,
    part: Part,
    crystal_area_nm2: float,
    smallest_edge_nm: float,
) -> tuple[dict[str, Number], population.Sample]:
    """Number, sizes and merging in one part of an image.

    A particle belongs to a part by the middle of its bounding box; only the border of the image
    cuts particles, that of a part does not.

    Parameters
    ----------
    table, count
        Particles and which of them are counted, see :func:`nanostitch.adf.population.sample`.
    covered, seen
        Which pixels of the image particles cover, and which were seen, dims ``(y, x)``.
    field, part
        The image and the part of it.
    crystal_area_nm2
        Mean area of one original crystal [nm²].
    smallest_edge_nm
        Edge of the smallest particle that would have been found [nm].

    Returns
    -------
    tuple
        Numbers by the names of :data:`NAMES`, and the particles they are of.
    """
    found = population.sample(table, count, field=field, part=part.box)
    inside = seen[part.pixels]
    seen_nm2 = part.box.area * float(inside.mean())
    if not seen_nm2 > 0:
        return dict.fromkeys(NAMES, NONE), found
    fewest = seen_nm2 / smallest_edge_nm**2
    of = scatter.waves(part.box.height, part.box.width, max(float(found.whole.weight.sum()), 1.0))
    covers = population.coverage(covered[part.pixels], inside, of, particles_nm2=fewest)
    return {
        "number_density": population.number_density(found, seen_nm2=seen_nm2),
        "coverage": covers,
        "merged_fraction": population.merged_fraction(found),
        "fusing_index": population.fusing_index(
            found, crystals=covers[0] * seen_nm2 / crystal_area_nm2
        ),
        "size_mean": population.size_mean(found),
        "size_sd": population.size_sd(found),
    }, found
