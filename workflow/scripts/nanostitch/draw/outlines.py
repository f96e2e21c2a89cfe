"""Outlines of particles on an image, in one look or by what was found of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import micrograph, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from nanostitch.draw.micrograph import Entry

BY = ("plain", "units", "flags")
"""What the colours of outlines may show."""
UNITS = ((1, 1, "1"), (2, 3, "2–3"), (4, 9, "4–9"), (10, None, "10 or more"))
"""Classes of the number of original crystals in a particle: first, last and name."""
LOOKS: tuple[tuple[str, float, Any], ...] = (
    ("#56B4E9", 0.6, "-"),
    ("#E69F00", 0.9, "-"),
    ("#CC79A7", 1.2, "-"),
    ("#F0E442", 1.5, "-"),
    ("#009E73", 1.2, (0, (3, 1))),
    ("#D55E00", 1.2, (0, (1, 1))),
)
"""Colour, width and dashes by class; the bright ones of Okabe and Ito, which show on black and on
grey. Width and dashes repeat what colour says."""


def collect(panel_by: str, product: xr.Dataset, tolerance_nm: float) -> xr.Dataset:
    """Trace the closed outlines of all particles, simplified below what print resolves.

    Parameters
    ----------
    panel_by
        What the colours show, one of :data:`BY`.
    product
        Particles with ``particle_label`` (y, x), and ``units`` or ``quality`` where these show.
    tolerance_nm
        How far a simplified outline may be off [nm].

    Returns
    -------
    xarray.Dataset
        ``outline_y``, ``outline_x`` (vertex) [nm], closed lines separated by NaN; where classes
        show also ``outline_class`` (vertex), ``class_label`` and ``class_particles`` (class).
    """
    labels = product["particle_label"].transpose("y", "x")
    step = micrograph.steps(labels)
    vertices, owner = _traced(labels.values, tolerance_nm / max(step.values()))
    data = xr.Dataset(
        {
            f"outline_{dim}": xr.DataArray(
                float(labels[dim][0]) + vertices[:, column] * step[dim],
                dims="vertex",
                attrs=style.described(f"Particle outlines along {dim}", "nm"),
            )
            for column, dim in enumerate(("y", "x"))
        }
    )
    if panel_by == "plain":
        return data
    names, of_particle = _by_units(product) if panel_by == "units" else _by_flags(product)
    number = product["particle"].to_numpy()
    place = np.full(int(max(number.max(initial=0), owner.max(initial=0))) + 1, -1)
    place[number] = of_particle
    counts = np.bincount(of_particle, minlength=len(names))
    said = {"units": "Crystals in a particle", "flags": "Flag of a particle"}[panel_by]
    data["outline_class"] = ("vertex", place[owner], style.described("Class", "1"))
    data["class_label"] = ("class", names, {"long_name": said})
    data["class_particles"] = ("class", counts, style.described("Particles of the class", "1"))
    return data


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw what was collected."""
    x, y = data["outline_x"].values, data["outline_y"].values
    still: dict[str, Any] = {"scalex": False, "scaley": False, "gid": "outlines"}
    if "outline_class" not in data:
        axes.plot(x, y, color=style.OUTLINE_COLOUR, linewidth=0.6, **still)
        return
    of = data["outline_class"].values
    for number in range(data.sizes["class"]):
        colour, width, dashes = LOOKS[number]
        shown = np.where(of == number, x, np.nan)
        axes.plot(shown, y, color=colour, linewidth=width, linestyle=dashes, **still)


def key(data: xr.Dataset) -> list[Entry]:
    """What each look means, with the number of particles."""
    from matplotlib.lines import Line2D

    if "class_label" not in data:
        return []
    said = str(data["class_label"].attrs["long_name"])
    entries: list[Entry] = []
    for number, label in enumerate(map(str, data["class_label"].values)):
        count = int(data["class_particles"][number])
        if count:
            colour, width, dashes = LOOKS[number]
            handle = Line2D([], [], color=colour, linewidth=width + 0.4, linestyle=dashes)
            shown = label if said.startswith("Flag") else f"{label} crystal{'s' * (label != '1')}"
            entries.append((handle, f"{shown} (n\xa0=\xa0{count})"))
    return entries


def _traced(
    labels: NDArray[np.int_], tolerance_px: float
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Vertices of all outlines in pixels, (vertex, 2), and the particle that each belongs to."""
    from skimage.measure import approximate_polygon, find_contours, regionprops

    lines: list[NDArray[np.float64]] = []
    owners: list[NDArray[np.int_]] = []
    for region in regionprops(labels):
        corner = np.array(region.bbox[:2]) - 1
        for contour in find_contours(np.pad(region.image, 1).astype("f8"), 0.5):
            line = approximate_polygon(contour, tolerance_px) + corner
            lines += [line, np.full((1, 2), np.nan)]
            owners.append(np.full(len(line) + 1, region.label))
    if not lines:
        return np.empty((0, 2)), np.empty(0, dtype=int)
    return np.concatenate(lines[:-1]), np.concatenate(owners)[:-1]


def _by_units(product: xr.Dataset) -> tuple[list[str], NDArray[np.int_]]:
    first = [one[0] for one in UNITS]
    return [one[2] for one in UNITS], np.searchsorted(first, product["units"].values, "right") - 1


def _by_flags(product: xr.Dataset) -> tuple[list[str], NDArray[np.int_]]:
    """Class by the first flag that is raised; rare flags share the last look."""
    field = product["quality"]
    meanings = str(field.attrs["flag_meanings"]).split()
    masks = np.atleast_1d(field.attrs["flag_masks"])
    raised = [(field.values & mask) != 0 for mask in masks]
    present = [n for n, where in enumerate(raised) if where.any()]
    named = present if len(present) < len(LOOKS) else present[: len(LOOKS) - 2]
    names = ["no flag", *(meanings[n].replace("_", " ") for n in named)]
    names += ["other flag"] * (len(named) < len(present))
    found = np.zeros(field.size, dtype=int)
    for number in reversed(present):
        at = named.index(number) + 1 if number in named else len(names) - 1
        found[raised[number]] = at
    return names, found
