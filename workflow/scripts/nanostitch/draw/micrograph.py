"""A micrograph as print shows it: reduced pixels, contrast, physical aspect and scale bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import lettering, style
from nanostitch.draw.selection import Panel
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SCALE_BAR_SHARE = 0.3
"""Longest scale bar over the image's width: long enough to measure with, short enough to read."""
TALLEST = 1.3
"""Greatest height over width of the panel; a taller image is drawn narrower."""
BELOW_LINES = 2
"""Lines that the scale bar and its label take below the image."""
BAR_MM = 17.0
"""Width kept free for the scale bar and its label, left of the key; more where the bar is long."""

Entry = tuple["Artist", str]


def printed(panel: Panel, intensity: xr.DataArray) -> xr.Dataset:
    """Reduce an image to what print resolves.

    The image is cut to the window that the panel asks for and averaged over whole blocks of
    pixels until it has the resolution of print; an incomplete block at the far edges is left
    out. Contrast limits are percentiles of the printed pixels.

    Returns
    -------
    xarray.Dataset
        ``intensity`` (y, x) and its ``contrast`` (limit), ``scale_bar`` [nm], ``y``, ``x``,
        ``pixel_height``, ``pixel_width`` [nm].

    Raises
    ------
    BatchError
        If the window holds less than two pixels along an axis, or contrast percentiles descend.
    """
    image = windowed(panel, intensity)
    percent = panel.pair("contrast_percent")
    step = steps(image)
    blocks = {dim: max(1, math.floor(resolution(panel, image) / step[dim])) for dim in step}
    reduced = _reduced(image, blocks)
    data = xr.Dataset({"intensity": reduced, "contrast": _contrast(reduced, percent)})
    data["scale_bar"] = _scale_bar(reduced.sizes["x"] * step["x"] * blocks["x"])
    for dim, name in (("y", "pixel_height"), ("x", "pixel_width")):
        text = f"Size of a printed pixel along {dim}"
        data[name] = xr.DataArray(step[dim] * blocks[dim], attrs=style.described(text, "nm"))
    return data


def windowed(panel: Panel, image: xr.DataArray) -> xr.DataArray:
    """Part of an image that the option ``window_nm`` asks for, dims (y, x).

    Raises
    ------
    BatchError
        If it holds less than two pixels along an axis.
    """
    image = image.transpose("y", "x")
    window = panel.options.get("window_nm")
    if window is None:
        return image
    left, right, top, bottom = window
    y, x = image["y"].to_numpy(), image["x"].to_numpy()
    rows, columns = (y >= top) & (y <= bottom), (x >= left) & (x <= right)
    if min(rows.sum(), columns.sum()) < 2:
        raise BatchError(
            f"figures: {panel.field}: window_nm: found {list(window)}; the image reaches from "
            f"x {x.min():g} to {x.max():g} and y {y.min():g} to {y.max():g} nm: give left, right, "
            "top, bottom inside"
        )
    return image.isel(y=rows, x=columns)


def resolution(panel: Panel, image: xr.DataArray) -> float:
    """Size of a dot of print on the specimen [nm]."""
    step = steps(image)
    wide = max(image.sizes[dim] * step[dim] for dim in ("y", "x"))
    return wide / style.printed_pixels(panel.width_mm)


def steps(image: xr.DataArray) -> dict[str, float]:
    """Pixel size along y and x [nm]; an axis of one pixel takes the size along the other."""
    found = {
        dim: abs(float(image[dim][-1] - image[dim][0])) / (image.sizes[dim] - 1)
        for dim in ("y", "x")
        if image.sizes[dim] > 1
    }
    only = next(iter(found.values()), 1.0)
    return {dim: found.get(dim, only) for dim in ("y", "x")}


def height_mm(data: xr.Dataset, header: str, entries: Sequence[str] = ()) -> float:
    """Height of an image with its header, its scale bar and the key beside the bar [mm]."""
    tall, wide = extent(data)
    width = float(data.attrs["width_mm"])
    above = lettering.height_mm([header], header_mm(data))
    below = max(BELOW_LINES, key_lines(data, entries))
    return min(tall / wide, TALLEST) * width + above + style.LINE_MM * below


def key_lines(data: xr.Dataset, entries: Sequence[str]) -> int:
    """Lines that the key beside the scale bar takes."""
    return lettering.count_lines(entries, _key_mm(data))


def header_mm(data: xr.Dataset) -> float:
    """Width of the header [mm]."""
    return float(data.attrs["width_mm"]) - style.LETTER_MM - style.GAP_MM


def draw(data: xr.Dataset, axes: Axes, header: str, entries: Sequence[Entry] = ()) -> None:
    """Draw a printed image in grey; scale bar and key stand below it, the header above."""
    black, white = map(float, data["contrast"])
    draw_pixels(data, data["intensity"].values, axes, cmap="gray", vmin=black, vmax=white)
    draw_scale_bar(float(data["scale_bar"]), axes)
    draw_key(data, axes, entries)
    lettering.header(axes, header, header_mm(data))


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


def mm_per_nm(data: xr.Dataset) -> float:
    """Magnification of the printed image."""
    tall, wide = extent(data)
    return float(data.attrs["width_mm"]) * min(1.0, TALLEST * wide / tall) / wide


def draw_key(data: xr.Dataset, axes: Axes, entries: Sequence[Entry]) -> None:
    """Write what marks on the image mean, below it and right of the scale bar."""
    if not entries:
        return
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=False)
    assert figure is not None
    right = ScaledTranslation(_bar_mm(data) / style.MM_PER_INCH, 0, figure.dpi_scale_trans)
    axes.legend(
        [handle for handle, _ in entries],
        [lettering.wrapped(text, _key_mm(data)) for _, text in entries],
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + right,
        borderaxespad=0.3,
        borderpad=0,
        labelspacing=0.25,
        handlelength=2.2,
        handletextpad=0.5,
    )


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


def write_on(axes: Axes, x: float, y: float, text: str, **place: Any) -> None:
    """Write a short label on an image, white on a dark ground that any grey level leaves legible.

    Alignment and offset are those of :meth:`matplotlib.axes.Axes.annotate`.
    """
    ground = {"boxstyle": "square,pad=0.12", "facecolor": "black", "alpha": 0.7, "linewidth": 0}
    look: dict[str, Any] = {"xycoords": "data", "textcoords": "offset points", "xytext": (0, 0)}
    axes.annotate(text, (x, y), color="white", bbox=ground, annotation_clip=False, **look | place)


def length_label(length_nm: float) -> str:
    """Write a length in the unit that keeps its number short.

    >>> length_label(2000.0), length_label(50.0)
    ('2 µm', '50 nm')
    """
    return f"{length_nm / 1000:g} µm" if length_nm >= 1000 else f"{length_nm:g} nm"


def _bar_mm(data: xr.Dataset) -> float:
    bar = float(data["scale_bar"]) * mm_per_nm(data)
    return max(BAR_MM, bar + style.LETTER_MM)


def _key_mm(data: xr.Dataset) -> float:
    taken = _bar_mm(data) + style.GAP_MM + lettering.HANDLE_MM
    return float(data.attrs["width_mm"]) - taken


def _reduced(image: xr.DataArray, blocks: dict[str, int]) -> xr.DataArray:
    reduced = image.astype("f8").coarsen(blocks, boundary="trim").mean()
    for dim in ("y", "x"):
        text = f"Distance along {dim}"
        reduced[dim].attrs = style.described(text, "nm")
    intensity: xr.DataArray = reduced.astype("f4")
    intensity.attrs = style.described("Detector signal", str(image.attrs.get("units", "1")))
    return intensity


def _contrast(reduced: xr.DataArray, percent: tuple[float, float]) -> xr.DataArray:
    finite = reduced.values[np.isfinite(reduced.values)]
    low, high = np.percentile(finite, percent) if finite.size else (0.0, 1.0)
    if not low < high:
        low, high = low - 0.5, high + 0.5
    text = "Intensity shown as black and as white"
    attrs = style.described(text, reduced.attrs["units"])
    return xr.DataArray(np.array([low, high]), dims="limit", attrs=attrs)


def _scale_bar(width_nm: float) -> xr.DataArray:
    length = style.round_number(SCALE_BAR_SHARE * width_nm)
    return xr.DataArray(length, attrs=style.described("Length of the scale bar", "nm"))
