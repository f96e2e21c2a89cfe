"""Panel kind ``gap_map``: the band gap, or its uncertainty, over a spectrum image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.draw import lettering, regions, si, stack, style
from nanostitch.draw.micrograph import (
    SCALE_BAR_SHARE,
    TALLEST,
    draw_pixels,
    draw_scale_bar,
    edges,
    extent,
)
from nanostitch.draw.selection import Panel, Products, about, grouped
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "cividis"
"""Made for readers with any colour vision (Nunez et al. 2018, doi:10.1371/journal.pone.0199239);
its lightness rises evenly, so grey-scale print keeps it."""
HATCH = "/////"
BINS = 40
AXIS_LABEL_MM = 10.0
"""Width that the labels of the histogram's vertical axis take."""
HISTOGRAM_MM, BAR_MM = 14.0, 3.0
"""Height of the histogram, or of the colour bar that stands there without one."""
_WORDS = {"gap": ("Band gap", "eV", 1.0), "half_width": ("Half-width of the interval", "meV", 1e3)}


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Take one map of gaps, or of the half-widths of their 95 % intervals.

    The ends of the histogram hold what lies beyond the colour scale.

    Returns
    -------
    xarray.Dataset
        ``shown`` (y, x) [eV or meV], NaN where the gap is refused; ``colour_limit`` (limit),
        ``bin_edge`` (edge) and ``pixels`` (bin); ``y``, ``x``, ``pixel_height``,
        ``pixel_width``, ``scale_bar`` [nm].

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition or one that is no spectrum image, if the
        estimator was not measured, or if the percentiles descend.
    """
    product = regions.only(panel, products, "spectrum image")["band_gap"]
    percent = panel.pair("colour_percent")
    estimator, kind = str(panel.options["estimator"]), str(panel.options["show"])
    gap = product.sel(estimator=estimator) if estimator in product["estimator"] else None
    if gap is None or not {"y", "x"} <= set(gap["band_gap"].dims):
        found = "no gap by this estimator" if gap is None else "no spectrum image"
        raise BatchError(
            f"figures: {panel.field}: acquisition {next(iter(products))!r} has {found}; "
            "select another"
        )
    text, units, factor = _WORDS[kind]
    half = (gap["band_gap_upper"] - gap["band_gap_lower"]) / 2
    values = (gap["band_gap"] if kind == "gap" else half).where(gap["band_gap"].notnull())
    values = values.transpose("y", "x") * factor
    shown = np.asarray(values.values, dtype=float)
    limits = _limits(shown, percent)
    bins = np.linspace(*limits, BINS + 1)
    number, _ = np.histogram(np.clip(shown[np.isfinite(shown)], *limits), bins)
    data = xr.Dataset(
        {
            "shown": (("y", "x"), shown, style.described(text, units)),
            "colour_limit": ("limit", np.array(limits), style.described("Colours", units)),
            "bin_edge": ("edge", bins, style.described(text, units)),
            "pixels": ("bin", number, style.described("Pixels", "1")),
        },
        {dim: (dim, gap[dim].values, style.described(f"Along {dim}", "nm")) for dim in ("y", "x")},
    )
    return data.assign(_sizes(data)).assign_attrs(
        notes="\n".join(_notes(product, next(iter(products)), shown)),
        condition_label=str(about({"band_gap": product})["condition_label"]),
        estimator=estimator.replace("_", " "),
        histogram=int(panel.options["histogram"]),
    )


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    header = lettering.height_mm([_header(data)], _header_mm(data))
    return sum(_parts_mm(data).values()) + header + 6 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the map with refused pixels hatched; below it, the histogram in the map's colours."""
    from matplotlib.patches import Rectangle

    left, right, bottom, top = edges(data)
    scale = stack.stacked(axes, _parts_mm(data), shared=False)["scale"]
    look: dict[str, Any] = {"edgecolor": style.QUIET, "facecolor": "white", "hatch": HATCH}
    refused = Rectangle((left, top), right - left, bottom - top, linewidth=0, zorder=-1, **look)
    axes.add_patch(refused)
    low, high = map(float, data["colour_limit"])
    colours: dict[str, Any] = {"cmap": COLOURS, "vmin": low, "vmax": high}
    draw_pixels(data, data["shown"].values, axes, interpolation="nearest", **colours)
    draw_scale_bar(float(data["scale_bar"]), axes)
    lettering.header(axes, _header(data), _header_mm(data))
    _draw_scale(data, scale)


def _parts_mm(data: xr.Dataset) -> dict[str, float]:
    """Height of the map and of its colour scale."""
    tall, wide = extent(data)
    body = min(tall / wide, TALLEST) * _inner_mm(data)
    return {"map": body, "scale": HISTOGRAM_MM if int(data.attrs["histogram"]) else BAR_MM}


def _draw_scale(data: xr.Dataset, axes: Axes) -> None:
    from matplotlib import colormaps

    bins = data["bin_edge"].values
    shade = colormaps[COLOURS](np.linspace(0, 1, bins.size - 1))
    if int(data.attrs["histogram"]):
        heights = data["pixels"].values
        axes.set_ylabel(style.axis_label(data["pixels"]))
    else:
        heights = np.ones(bins.size - 1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    axes.bar(bins[:-1], heights, np.diff(bins), align="edge", color=shade, linewidth=0)
    axes.set_xlim(bins[0], bins[-1])
    axes.set_ylim(0, max(float(np.max(heights)) * 1.05, 1.0))
    axes.set_xlabel(style.axis_label(data["bin_edge"]))
    si.linear(axes.xaxis, _inner_mm(data))
    if int(data.attrs["histogram"]):
        si.linear(axes.yaxis, HISTOGRAM_MM)


def _limits(values: NDArray[np.float64], percent: tuple[float, float]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = map(float, np.percentile(finite, percent)) if finite.size else (0.0, 1.0)
    if not low < high:
        spread = max(abs(low), 1.0) / 1e3
        return low - spread, high + spread
    return low, high


def _sizes(data: xr.Dataset) -> dict[str, xr.DataArray]:
    step = {
        dim: abs(float(data[dim][-1] - data[dim][0])) / (data.sizes[dim] - 1)
        for dim in ("y", "x")
        if data.sizes[dim] > 1
    }
    other = next(iter(step.values()), 1.0)
    sizes = {
        name: xr.DataArray(
            step.get(dim, other), attrs=style.described(f"Size of a pixel along {dim}", "nm")
        )
        for dim, name in (("y", "pixel_height"), ("x", "pixel_width"))
    }
    wide = data.sizes["x"] * float(sizes["pixel_width"])
    length = style.round_number(SCALE_BAR_SHARE * wide)
    attrs = style.described("Length of the scale bar", "nm")
    return {**sizes, "scale_bar": xr.DataArray(length, attrs=attrs)}


def _notes(product: xr.Dataset, name: str, shown: NDArray[np.float64]) -> list[str]:
    remarks = []
    level = quality.level(product)
    if level != "good":
        remarks.append((f"{level} ({product['verdict'].attrs['reasons']})", name))
    refused = int(np.isnan(shown).sum())
    if refused:
        remarks.append((f"{refused} of {shown.size} pixels refused, hatched", name))
    return grouped(remarks)


def _header(data: xr.Dataset) -> str:
    return f"{data.attrs['condition_label']}, {data.attrs['estimator']}"


def _header_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - style.LETTER_MM - style.GAP_MM


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM
