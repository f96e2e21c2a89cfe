"""Panel kind ``image``: one micrograph at its physical aspect, with a scale bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import lettering, style
from nanostitch.draw.selection import Panel, Products, about
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SCALE_BAR_SHARE = 0.3
"""Longest scale bar over the image's width: long enough to measure with, short enough to read."""
TALLEST = 1.3
"""Greatest height over width of the panel; a taller image is drawn narrower."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce one micrograph to what is printed.

    The image is averaged over whole blocks of pixels until it has the resolution of print; an
    incomplete block at the far edges is left out. Contrast limits are percentiles of the printed
    pixels.

    Returns
    -------
    xarray.Dataset
        ``intensity`` (y, x) and its ``contrast`` (limit), ``scale_bar`` [nm], ``y``, ``x``,
        ``pixel_height``, ``pixel_width`` [nm]; with outlines also ``outline_y``, ``outline_x``
        (vertex) [nm], closed lines separated by NaN.

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition, or contrast percentiles descend.
    """
    by_name = _only(panel, products)
    percent = panel.pair("contrast_percent")
    image = by_name["raw"]["intensity"].transpose("y", "x")
    step = _steps(image)
    extent = max(image.sizes[dim] * step[dim] for dim in ("y", "x"))
    resolution = extent / style.printed_pixels(panel.width_mm)
    blocks = {dim: max(1, math.floor(resolution / step[dim])) for dim in ("y", "x")}
    printed = _reduced(image, blocks)
    data = xr.Dataset({"intensity": printed, "contrast": _contrast(printed, percent)})
    data["scale_bar"] = _scale_bar(printed.sizes["x"] * step["x"] * blocks["x"])
    for dim, name in (("y", "pixel_height"), ("x", "pixel_width")):
        text = f"Size of a printed pixel along {dim}"
        data[name] = xr.DataArray(step[dim] * blocks[dim], attrs=style.described(text, "nm"))
    if panel.options["outlines"]:
        labels = by_name["particles"]["particle_label"].transpose("y", "x")
        data = data.assign(_outlines(labels, tolerance_px=0.5 * resolution / max(step.values())))
    return data.assign_attrs(condition_label=str(about(by_name)["condition_label"]))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    tall, wide = extent(data)
    header = lettering.height_mm([data.attrs["condition_label"]], _header_mm(data))
    return min(tall / wide, TALLEST) * float(data.attrs["width_mm"]) + header + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the collected image: grey scale, physical aspect, scale bar below, no ticks."""
    black, white = map(float, data["contrast"])
    draw_pixels(data, data["intensity"].values, axes, cmap="gray", vmin=black, vmax=white)
    if "outline_x" in data:
        axes.plot(
            data["outline_x"].values,
            data["outline_y"].values,
            color=style.OUTLINE_COLOUR,
            linewidth=0.6,
            gid="outlines",
            scalex=False,
            scaley=False,
        )
    draw_scale_bar(float(data["scale_bar"]), axes)
    lettering.header(axes, data.attrs["condition_label"], _header_mm(data))


def length_label(length_nm: float) -> str:
    """Write a length in the unit that keeps its number short.

    >>> length_label(2000.0), length_label(50.0)
    ('2 µm', '50 nm')
    """
    return f"{length_nm / 1000:g} µm" if length_nm >= 1000 else f"{length_nm:g} nm"


def _only(panel: Panel, products: Products) -> dict[str, xr.Dataset]:
    if len(products) > 1:
        raise BatchError(
            f"figures: {panel.field}: select: found {list(products)}; an image panel shows one "
            "acquisition, name it by acquisition: …"
        )
    (by_name,) = products.values()
    return by_name


def _header_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - style.LETTER_MM - style.GAP_MM


def draw_pixels(data: xr.Dataset, values: NDArray[Any], axes: Axes, **look: Any) -> None:
    """Show values at the places of a scan's pixels, in physical aspect and without ticks."""
    left, right, bottom, top = edges(data)
    axes.imshow(values, extent=(left, right, bottom, top), aspect="equal", origin="upper", **look)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_anchor("NW")
    axes.spines[:].set_visible(False)


def edges(data: xr.Dataset) -> tuple[float, float, float, float]:
    """Left, right, bottom and top edge of a scan [nm]; y runs down."""
    tall, wide = extent(data)
    left = float(data["x"][0]) - 0.5 * float(data["pixel_width"])
    top = float(data["y"][0]) - 0.5 * float(data["pixel_height"])
    return left, left + wide, top + tall, top


def extent(data: xr.Dataset) -> tuple[float, float]:
    """Height and width of a scan [nm]."""
    tall = data.sizes["y"] * float(data["pixel_height"])
    wide = data.sizes["x"] * float(data["pixel_width"])
    return tall, wide


def _steps(image: xr.DataArray) -> dict[str, float]:
    """Pixel size along y and x [nm]; an axis of one pixel takes the size along the other."""
    found = {
        dim: abs(float(image[dim][-1] - image[dim][0])) / (image.sizes[dim] - 1)
        for dim in ("y", "x")
        if image.sizes[dim] > 1
    }
    only = next(iter(found.values()), 1.0)
    return {dim: found.get(dim, only) for dim in ("y", "x")}


def _reduced(image: xr.DataArray, blocks: dict[str, int]) -> xr.DataArray:
    reduced = image.astype("f8").coarsen(blocks, boundary="trim").mean()
    for dim in ("y", "x"):
        text = f"Distance along {dim}"
        reduced[dim].attrs = style.described(text, "nm")
    intensity: xr.DataArray = reduced.astype("f4")
    intensity.attrs = style.described("Detector signal", str(image.attrs.get("units", "1")))
    return intensity


def _contrast(printed: xr.DataArray, percent: tuple[float, float]) -> xr.DataArray:
    finite = printed.values[np.isfinite(printed.values)]
    low, high = np.percentile(finite, percent) if finite.size else (0.0, 1.0)
    if not low < high:
        low, high = low - 0.5, high + 0.5
    text = "Intensity shown as black and as white"
    attrs = style.described(text, printed.attrs["units"])
    return xr.DataArray(np.array([low, high]), dims="limit", attrs=attrs)


def _scale_bar(width_nm: float) -> xr.DataArray:
    length = style.round_number(SCALE_BAR_SHARE * width_nm)
    return xr.DataArray(length, attrs=style.described("Length of the scale bar", "nm"))


def _outlines(labels: xr.DataArray, tolerance_px: float) -> dict[str, xr.DataArray]:
    """Trace the closed outlines of all particles in nm, simplified below what print resolves."""
    from skimage.measure import approximate_polygon, find_contours, regionprops

    lines: list[NDArray[np.float64]] = []
    for region in regionprops(labels.values):
        corner = np.array(region.bbox[:2]) - 1
        for contour in find_contours(np.pad(region.image, 1).astype("f8"), 0.5):
            lines += [approximate_polygon(contour, tolerance_px) + corner, np.full((1, 2), np.nan)]
    vertices = np.concatenate(lines[:-1]) if lines else np.empty((0, 2))
    step = _steps(labels)
    return {
        f"outline_{dim}": xr.DataArray(
            float(labels[dim][0]) + vertices[:, column] * step[dim],
            dims="vertex",
            attrs=style.described(f"Particle outlines along {dim}", "nm"),
        )
        for column, dim in enumerate(("y", "x"))
    }


def draw_scale_bar(length_nm: float, axes: Axes) -> None:
    """Draw the bar and its label below the image, where they cover nothing."""
    from matplotlib.offsetbox import AnchoredOffsetbox, AuxTransformBox, TextArea, VPacker
    from matplotlib.patches import Rectangle

    bar = AuxTransformBox(axes.transData)
    bar.add_artist(Rectangle((0, 0), length_nm, length_nm / 15, color="black", linewidth=0))
    packed = VPacker(children=[bar, TextArea(length_label(length_nm))], align="center", sep=2)
    axes.add_artist(
        AnchoredOffsetbox(
            loc="upper left",
            child=packed,
            pad=0,
            borderpad=0.3,
            frameon=False,
            bbox_to_anchor=(0, 0),
            bbox_transform=axes.transAxes,
        )
    )
