"""Panel kind ``size_histogram``: edge lengths of particles, grouped by condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch.draw import lettering, levels, style
from nanostitch.draw.selection import Panel, Products

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ASPECT = 0.66
"""Height over width of the axes."""
MOST_BINS = 60
AXIS_LABEL_MM = 11.0
"""Width that the labels of the vertical axis take."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Count whole particles by size for each condition, and pool the moments of its images.

    Whole particles stand for those that the border cuts, large ones more often, by their weights
    (Miles and Lantuéjoul). Mean and SD are pooled from those that each image's product states, by
    the weights of its particles. The 95 % interval of a mean over several images is the wider of
    two: from the scatter between samples (:func:`nanostitch.draw.levels.half_width`), or between
    the images of a single sample, and from the images' own intervals, where all of those are
    known. That of a single image knows nothing of the scatter between images and is too narrow
    where there is any; what is not known is NaN. Particles that the border cuts or that are too
    small are not counted, as in the statistics; images of bad quality are named in ``notes`` and
    left out.

    Bins are as wide as ``bin_width_nm``, or by the rule of Freedman and Diaconis (1981,
    doi:10.1007/BF01025868) for the condition that needs the finest, rounded to 1, 2 or 5 times a
    power of ten, and at most 60 of them.

    Returns
    -------
    xarray.Dataset
        ``share`` (group, bin) [percent], ``bin_edge`` (edge) [nm], ``size_mean`` with
        ``size_mean_lower`` and ``size_mean_upper``, ``size_sd`` [nm], ``particles``, ``images``,
        ``samples``, ``condition_label`` and ``condition_rank`` (group).
    """
    groups, notes = levels.groups(panel, products, _lacking)
    sizes = [np.concatenate([levels.whole(i, "edge_length") for i in g.images]) for g in groups]
    weights = [np.concatenate([levels.weights(image) for image in g.images]) for g in groups]
    edges = _edges(sizes, panel.options["bin_width_nm"])
    counts = [
        np.histogram(values, edges, weights=weight)[0] / weight.sum()
        for values, weight in zip(sizes, weights, strict=True)
    ]
    share = 100 * np.reshape(counts, (len(groups), edges.size - 1))
    bins = {
        "share": (("group", "bin"), share, style.described("Share of particles", "percent")),
        "bin_edge": (("edge",), edges, style.described("Edge length", "nm")),
    }
    return xr.Dataset(bins, attrs={"notes": "\n".join(notes)}).assign(_statistics(groups))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = lettering.height_mm(_labels(data), _legend_mm(data))
    return ASPECT * float(data.attrs["width_mm"]) + text + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw a stepped histogram per condition; above it the mean, its interval and the SD."""
    for group in range(data.sizes["group"]):
        _draw_steps(data.isel(group=group), axes)
    axes.set_ylim(bottom=0)
    _draw_means(data, axes)
    if not data.sizes["group"]:
        lettering.nothing(axes, "no whole particle")
    axes.set_xlabel(style.axis_label(data["bin_edge"]))
    axes.set_ylabel(style.axis_label(data["share"]))
    handles = [_handle(int(rank)) for rank in data["condition_rank"].values]
    lettering.legend(axes, handles, _labels(data), _legend_mm(data))


def _lacking(image: xr.Dataset) -> str:
    if not levels.whole(image, "edge_length").size:
        return "no whole particle"
    return "mean size not known" if np.isnan(float(image["size_mean"])) else ""


def _edges(sizes: Sequence[Values], width: float | None) -> Values:
    if not sizes:
        return np.array([0.0, 1.0])
    pooled = np.concatenate(sizes)
    span = float(np.ptp(pooled))
    if width is None:
        width = min((_rule(values) for values in sizes), default=1.0)
        width = style.nearest_round(width)
    while span / width > MOST_BINS:
        width = style.round_number(2.5 * width)
    first = math.floor(float(pooled.min()) / width)
    last = max(first + 1, math.ceil(float(pooled.max()) / width))
    edges: Values = np.arange(first, last + 1, dtype="f8") * width
    return edges


def _rule(values: Values) -> float:
    """Bin width of Freedman and Diaconis; a tenth of the value where all sizes are alike."""
    low, high = np.percentile(values, (25, 75))
    return float(2 * (high - low) / np.cbrt(values.size)) or 0.1 * float(np.mean(values))


def _moments(group: levels.Group) -> tuple[float, float, float, float]:
    """Mean, lower and upper bound of its 95 % interval, and SD over the images of a condition."""
    total = np.array([levels.weights(image).sum() for image in group.images])
    weight = total / total.sum()
    mean, low, high, sd = (
        np.array([float(image[name]) for image in group.images])
        for name in ("size_mean", "size_mean_lower", "size_mean_upper", "size_sd")
    )
    pooled = float(weight @ mean)
    pooled_sd = math.sqrt(_within(sd, weight) + float(weight @ (mean - pooled) ** 2))
    below = math.sqrt(float((weight**2) @ (mean - low) ** 2))
    above = math.sqrt(float((weight**2) @ (high - mean) ** 2))
    if len(mean) > 1:
        between = levels.half_width(mean, weight, group.samples)
        below, above = float(np.fmax(below, between)), float(np.fmax(above, between))
    return pooled, pooled - below, pooled + above, pooled_sd


def _within(sd: Values, weight: Values) -> float:
    """Variance within images, of those whose SD is known (of a single particle it is not)."""
    known = np.isfinite(sd)
    if not known.any():
        return math.nan
    return float(weight[known] @ sd[known] ** 2 / weight[known].sum())


def _statistics(groups: Sequence[levels.Group]) -> dict[str, xr.DataArray]:
    """Condition, moments and numbers of each group."""
    moments = np.array([_moments(group) for group in groups]).reshape(-1, 4)
    particles = [
        sum(levels.whole(image, "edge_length").size for image in group.images) for group in groups
    ]
    columns = {
        "condition_rank": ([g.rank for g in groups], "Position of the condition", "1"),
        "size_mean": (moments[:, 0], "Mean edge length", "nm"),
        "size_mean_lower": (moments[:, 1], "Lower 95 % bound of the mean", "nm"),
        "size_mean_upper": (moments[:, 2], "Upper 95 % bound of the mean", "nm"),
        "size_sd": (moments[:, 3], "Standard deviation of the edge length", "nm"),
        "particles": (particles, "Whole particles", "1"),
        "images": ([len(g.images) for g in groups], "Images", "1"),
        "samples": ([len(set(g.samples)) for g in groups], "Samples", "1"),
    }
    arrays = {
        name: xr.DataArray(values, dims="group", attrs=style.described(text, units))
        for name, (values, text, units) in columns.items()
    }
    labels = xr.DataArray([g.label for g in groups], dims="group", attrs={"long_name": "Condition"})
    return {"condition_label": labels, **arrays}


def _draw_steps(one: xr.Dataset, axes: Axes) -> None:
    """Draw one condition from its first to its last bin that holds particles."""
    rank = int(one["condition_rank"])
    filled = np.flatnonzero(one["share"].values)
    first, last = int(filled[0]), int(filled[-1]) + 1
    share, edges = one["share"].values[first:last], one["bin_edge"].values[first : last + 1]
    colour = style.colour(rank)
    axes.stairs(share, edges, color=colour, alpha=0.15, fill=True)
    axes.stairs(share, edges, color=colour, linestyle=style.line(rank), linewidth=1.0)


def _draw_means(data: xr.Dataset, axes: Axes) -> None:
    top = axes.get_ylim()[1]
    step = 0.07 * top
    for group in range(data.sizes["group"]):
        one = data.isel(group=group)
        rank, at = int(one["condition_rank"]), top + (group + 0.5) * step
        mean, sd = float(one["size_mean"]), float(one["size_sd"])
        ends = [float(one["size_mean_lower"]), float(one["size_mean_upper"])]
        colour = style.colour(rank)
        axes.plot([mean - sd, mean + sd], [at, at], color=colour, linewidth=0.6)
        axes.plot(ends, [at, at], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(mean, at, marker=style.marker(rank), color=colour)
    axes.set_ylim(0, top + (data.sizes["group"] + 0.2) * step)


def _handle(rank: int) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=style.colour(rank), linestyle=style.line(rank), marker=style.marker(rank)
    )


def _labels(data: xr.Dataset) -> list[str]:
    """Legend entries: condition, mean ± SD, interval of the mean, n at each level."""
    labels = []
    for group in range(data.sizes["group"]):
        one = data.isel(group=group)
        mean, low, high, sd = (
            float(one[f"size_{name}"]) for name in ("mean", "mean_lower", "mean_upper", "sd")
        )
        count = [int(one[name]) for name in ("particles", "images", "samples")]
        spread = (
            f"{mean:.1f}\xa0±\xa0{sd:.1f}\xa0nm (mean\xa0±\xa0SD)"
            if math.isfinite(sd)
            else f"{mean:.1f}\xa0nm (mean, SD not known)"
        )
        interval = (
            f"95\xa0%\xa0interval of mean {low:.1f}–{high:.1f}\xa0nm"
            if math.isfinite(high - low)
            else "interval not known"
        )
        labels.append(
            f"{one['condition_label'].values}: {spread}, {interval}, {levels.numbers(*count)}"
        )
    return labels


def _legend_mm(data: xr.Dataset) -> float:
    taken = AXIS_LABEL_MM + style.GAP_MM
    return float(data.attrs["width_mm"]) - taken
