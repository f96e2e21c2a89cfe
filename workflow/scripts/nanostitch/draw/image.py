"""Panel kind ``image``: one micrograph with what was measured in it marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import xarray as xr

from nanostitch.draw import fourier_inset, image_marks, lattice_marks, micrograph, outlines, regions
from nanostitch.draw.selection import Panel, Products, about

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

Marks = tuple[xr.Dataset, list[str]]


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce one micrograph to what is printed, with the marks that the panel asks for.

    Returns
    -------
    xarray.Dataset
        What :func:`nanostitch.draw.micrograph.printed` gives, with the variables of each mark:
        ``outline_*``, ``region_*``, ``domain_*``, ``defect_*``, ``bright_*``, ``fourier_*``.
        ``notes`` says in words which marks there are none of, and why.

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition, or the window or the contrast is none.
    """
    by_name = regions.only(panel, products, "acquisition")
    data = micrograph.printed(panel, by_name["raw"]["intensity"])
    notes: list[str] = []
    for asked, marks in _MARKS.items():
        if panel.options[asked]:
            found, remarks = marks(panel, dict(by_name))
            data = data.assign(found.variables)
            notes += remarks
    label = str(about(by_name)["condition_label"])
    return data.assign_attrs(condition_label=label, notes="\n".join(notes))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    texts = [text for _, text in _key(data)]
    return micrograph.height_mm(data, data.attrs["condition_label"], texts)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the collected image: grey scale, physical aspect, scale bar below, no ticks."""
    micrograph.draw(data, axes, data.attrs["condition_label"], _key(data))
    for name, ink in _INK.items():
        if name in data:
            ink(data, axes)


def _key(data: xr.Dataset) -> list[Entry]:
    keys = (outlines.key, lattice_marks.key_defects, image_marks.key_bright)
    return [entry for key in keys for entry in key(data)]


def _outlines(panel: Panel, by_name: dict[str, xr.Dataset]) -> Marks:
    tolerance = 0.5 * micrograph.resolution(panel, by_name["raw"]["intensity"])
    return outlines.collect(panel.options["outline_colours"], by_name["particles"], tolerance), []


def _domains(panel: Panel, by_name: dict[str, xr.Dataset]) -> Marks:
    tolerance = 0.5 * micrograph.resolution(panel, by_name["raw"]["intensity"])
    return lattice_marks.collect_domains(by_name["lattice"], tolerance)


def _regions(panel: Panel, by_name: dict[str, xr.Dataset]) -> Marks:
    raw = by_name["raw"]
    rank = panel.rank(str(raw.attrs["condition"]))
    told = str(raw.attrs.get("regions", ""))
    return image_marks.collect_regions(panel.options["regions"], rank, raw["intensity"], told)


_MARKS: dict[str, Callable[[Panel, dict[str, xr.Dataset]], Marks]] = {
    "outlines": _outlines,
    "regions": _regions,
    "domains": _domains,
    "defects": lambda _, by_name: lattice_marks.collect_defects(by_name["columns"]),
    "bright": lambda _, by_name: image_marks.collect_bright(by_name["particles"]),
    "fft": lambda panel, by_name: (fourier_inset.collect(panel, by_name["raw"]["intensity"]), []),
}
"""What an option of the panel adds to the image."""
_INK: dict[str, Callable[[xr.Dataset, Axes], None]] = {
    "outline_x": outlines.draw,
    "region_name": image_marks.draw_regions,
    "domain_contour_x": lattice_marks.draw_domains,
    "defect_x": lattice_marks.draw_defects,
    "bright_x": image_marks.draw_bright,
    "fourier_power": fourier_inset.draw,
}
"""What draws a mark, by a variable of it."""
