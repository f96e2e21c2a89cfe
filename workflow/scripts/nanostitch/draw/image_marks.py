"""Marks on an image: told regions and bright particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import regions
from nanostitch.draw import micrograph, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

BRIGHT_COLOUR = "#56B4E9"
BRIGHT_ROOM_NM = 1.0
"""Space between a bright particle and the ring around it."""
INSET_MM = 0.35
"""How far inside its region an outline runs, so that those of neighbours lie beside each other."""
SIDES = ("left", "right", "top", "bottom")


def collect_regions(
    names: Sequence[str], rank: int, image: xr.DataArray, told: str
) -> tuple[xr.Dataset, list[str]]:
    """Boxes of the named parts of a field, in the colours that spectra of them have.

    Parameters
    ----------
    names
        Regions to be drawn, in the order that gives their colours; ``all`` is the whole field.
    rank
        Position of the condition of the image.
    image
        The whole image, dims ``(y, x)`` with coordinates in nm.
    told
        What the sheet tells of regions.

    Returns
    -------
    tuple
        ``region_left``, ``region_right``, ``region_top``, ``region_bottom`` [nm], ``region_name``
        and ``region_rank`` (region); and a remark for each name that the sheet does not tell.
    """
    step = micrograph.steps(image)
    whole = {
        dim: (float(image[dim].min()) - 0.5 * step[dim], float(image[dim].max()) + 0.5 * step[dim])
        for dim in ("x", "y")
    }
    known = {regions.ALL: (), **regions.parse(told)}
    found = [name for name in names if name in known]
    boxes = np.array([_box(known[name], whole) for name in found], "f8").reshape(-1, 4)
    data = xr.Dataset(
        {
            f"region_{side}": ("region", boxes[:, at], style.described(f"Region, {side}", "nm"))
            for at, side in enumerate(SIDES)
        }
    )
    ranks = [rank * len(names) + list(names).index(name) for name in found]
    data["region_rank"] = ("region", np.array(ranks, int), style.described("Colour", "1"))
    data["region_name"] = ("region", np.array(found, dtype=object), {"long_name": "Region"})
    lacking = [name for name in names if name not in known]
    remarks = [f"no region {name}, only {', '.join(known)}" for name in lacking]
    return data, remarks


def draw_regions(data: xr.Dataset, axes: Axes) -> None:
    """Outline each region and write its name in its upper left corner.

    The whole field is but framed: it needs no name.
    """
    from matplotlib.patches import Rectangle

    x0, x1, y1, y0 = micrograph.edges(data)
    inset = INSET_MM / micrograph.mm_per_nm(data)
    for number, name in enumerate(map(str, data["region_name"].values)):
        rank = int(data["region_rank"][number])
        box = [float(data[f"region_{side}"][number]) for side in SIDES]
        left, top = max(box[0], x0) + inset, max(box[2], y0) + inset
        right, bottom = min(box[1], x1) - inset, min(box[3], y1) - inset
        casing: dict[str, Any] = {"edgecolor": "white", "linewidth": 2.4}
        line: dict[str, Any] = {"edgecolor": style.colour(rank), "linestyle": style.line(number)}
        for look in (casing, {"linewidth": 1.3, **line}):
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, **look))
        if name != regions.ALL:
            place = {"xytext": (2, -2), "ha": "left", "va": "top", "gid": "region"}
            micrograph.write_on(axes, left, top, name, **place)


def collect_bright(particles: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
    """Places and diameters of the bright particles; nothing where none was looked for."""
    if "bright_x" not in particles:
        return xr.Dataset(), ["bright particles were not looked for"]
    words = {
        "bright_y": "Bright particle along y",
        "bright_x": "Bright particle along x",
        "bright_diameter": "Diameter of a bright particle",
    }
    found = {
        name: ("bright", particles[name].to_numpy(), style.described(text, "nm"))
        for name, text in words.items()
    }
    remarks = [] if particles.sizes["bright"] else ["no bright particle"]
    return xr.Dataset(found), remarks


def draw_bright(data: xr.Dataset, axes: Axes) -> None:
    """Ring each bright particle, so that it stays visible itself."""
    from matplotlib.patches import Circle

    columns = (data[f"bright_{name}"].values for name in ("x", "y", "diameter"))
    for x, y, diameter in zip(*columns, strict=True):
        radius = 0.5 * float(diameter) + BRIGHT_ROOM_NM
        ring = Circle((float(x), float(y)), radius, fill=False, linewidth=1.2)
        ring.set(edgecolor=BRIGHT_COLOUR, gid="bright")
        axes.add_patch(ring)


def key_bright(data: xr.Dataset) -> list[Entry]:
    """What the rings mean, with number and diameter."""
    from matplotlib.lines import Line2D

    number = data.sizes.get("bright", 0)
    if not number:
        return []
    look: dict[str, Any] = {"markerfacecolor": "none", "markersize": 6.0, "linestyle": "none"}
    handle = Line2D([], [], marker="o", color=BRIGHT_COLOUR, markeredgewidth=1.2, **look)
    size = data["bright_diameter"].values
    spread = f"{size.min():.1f}" if number == 1 else f"{size.min():.1f}–{size.max():.1f}"
    return [(handle, f"bright particle, {spread}\xa0nm (n\xa0=\xa0{number})")]


def _box(
    ranges: Sequence[regions.Range], whole: dict[str, regions.Range]
) -> tuple[float, float, float, float]:
    """Left, right, top and bottom; along an axis that is not told the region is as the field."""
    told = dict(zip(("x", "y"), ranges, strict=False))
    (left, right), (top, bottom) = (told.get(dim, whole[dim]) for dim in ("x", "y"))
    return left, right, top, bottom
