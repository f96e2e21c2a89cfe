"""Panel kind ``sizes``: particles, images and samples of each condition, all three visible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import lettering, levels, si, style
from nanostitch.draw.selection import Panel, Products

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

    Values = NDArray[np.float64]

ASPECT = 0.72
"""Height over width of the axes."""
WIDTH = 0.72
"""Width of the widest cloud of dots; conditions are 1 apart."""
CLASSES = 30
"""Classes of values by whose numbers the width of a cloud follows."""
GOLDEN = (math.sqrt(5) - 1) / 2
"""Steps of this, less whole ones, fill a width evenly in any number of steps (Weyl)."""
IMAGE_STEP = 0.09
"""Distance of the images of a sample, which stand on both sides of its mean."""
MEAN_HALF = 0.32
"""Half the width of the bar of a condition's mean."""
DOT = 1.1
"""Size of the dot of a particle [pt]."""
WORDS = {
    "edge_length": ("Edge length", "nm"),
    "edge_fit": ("Edge length, by the fitted square", "nm"),
    "edge_feret": ("Edge length, by the minimal rectangle", "nm"),
    "equivalent_diameter": ("Equivalent diameter", "nm"),
    "area": ("Projected area", "nm2"),
    "aspect_ratio": ("Aspect ratio", "1"),
    "solidity": ("Solidity", "1"),
}


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Every level of a comparison: particles, means of images, of samples and of conditions.

    Means are of whole particles with their border weights; that of a sample weighs its images by
    these too. The mean of a condition and its 95 % interval are those of
    :func:`nanostitch.draw.levels.half_width`. Showing all levels tells scatter between particles
    from scatter between samples, as Lord et al., J. Cell Biol. 219, e202001064 (2020),
    doi:10.1083/jcb.202001064, advise.

    Returns
    -------
    xarray.Dataset
        ``value``, ``place`` and ``value_group`` (dot); ``image_mean``, ``image_place`` and
        ``image_group`` (image); ``sample_mean``, ``sample_place``, ``sample_group`` (sample);
        ``mean`` with bounds, ``particles``, ``images``, ``samples``, ``condition_label`` and
        ``condition_rank`` (group). Places are from the middle of the condition, which are 1 apart.
    """
    quantity = str(panel.options["quantity"])
    groups, notes = levels.groups(panel, products, lambda image: _lacking(image, quantity))
    columns: dict[str, list[Any]] = {name: [] for name in (*_DOTS, *_IMAGES, *_SAMPLES, *_GROUPS)}
    for number, group in enumerate(groups):
        _add(columns, number, group, quantity, int(panel.options["dots"]))
    data = xr.Dataset()
    for dim, words in _TABLES.items():
        for name, (text, unit) in words.items():
            attrs = style.described(text or WORDS[quantity][0], unit or WORDS[quantity][1])
            data[name] = (dim, np.array(columns[name], "f8"), attrs)
    labels = np.array([group.label for group in groups], object)
    data["condition_label"] = ("group", labels, {"long_name": "Condition"})
    return data.assign_attrs(notes="\n".join(notes), quantity=quantity)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return levels.height_mm(data, ASPECT, [text for _, text in _key(data)], _ticks(data))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw dots in clouds as wide as values are frequent, with the means of all levels on them."""
    for number in range(data.sizes["group"]):
        _draw_group(data, number, axes)
    axes.set_xticks(range(data.sizes["group"]), _ticks(data))
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, max(data.sizes["group"], 1) - 0.5)
    axes.set_ylabel(style.axis_label(data["value"]))
    if data.sizes["group"]:
        si.linear(axes.yaxis, ASPECT * float(data.attrs["width_mm"]))
    else:
        lettering.nothing(axes, "no whole particle")
    entries = _key(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], levels.inner_mm(data))


_DOTS = {
    "value": ("", ""),
    "place": ("Place beside the middle of the condition", "1"),
    "value_group": ("Number of the condition", "1"),
}
_IMAGES = {
    "image_mean": ("Mean of an image", ""),
    "image_place": ("Place of an image", "1"),
    "image_group": ("Number of the condition", "1"),
}
_SAMPLES = {
    "sample_mean": ("Mean of a sample", ""),
    "sample_place": ("Place of a sample", "1"),
    "sample_group": ("Number of the condition", "1"),
}
_GROUPS = {
    "mean": ("Mean of a condition", ""),
    "mean_lower": ("Lower 95 % bound of the mean", ""),
    "mean_upper": ("Upper 95 % bound of the mean", ""),
    "particles": ("Whole particles", "1"),
    "images": ("Images", "1"),
    "samples": ("Samples", "1"),
    "condition_rank": ("Position of the condition", "1"),
}
_TABLES = {"dot": _DOTS, "image": _IMAGES, "sample": _SAMPLES, "group": _GROUPS}
"""By dim, each number with its long name and unit; empty where they are of the quantity."""


def _lacking(image: xr.Dataset, quantity: str) -> str:
    if quantity not in image:
        return f"{WORDS[quantity][0].lower()} not measured"
    return "" if np.isfinite(levels.whole(image, quantity)).any() else "no whole particle"


def _add(
    columns: dict[str, list[Any]], number: int, group: levels.Group, quantity: str, most: int
) -> None:
    """Append one condition to the columns of all tables."""
    values, weights = [], []
    for image in group.images:
        found = levels.whole(image, quantity)
        known = np.isfinite(found)
        values.append(found[known])
        weights.append(levels.weights(image)[known])
    weight = np.array([one.sum() for one in weights])
    means = np.array([np.average(v, weights=w) for v, w in zip(values, weights, strict=True)])
    dots = _thinned(np.sort(np.concatenate(values)), most)
    columns["value"] += dots.tolist()
    columns["place"] += _cloud(dots).tolist()
    columns["value_group"] += [number] * dots.size
    names = list(dict.fromkeys(group.samples))
    of = np.array([names.index(name) for name in group.samples])
    places = WIDTH * ((np.arange(len(names)) + 0.5) / len(names) - 0.5)
    columns["image_mean"] += means.tolist()
    columns["image_place"] += (places[of] + _beside(of)).tolist()
    columns["image_group"] += [number] * len(means)
    sums = np.bincount(of, weights=weight * means) / np.bincount(of, weights=weight)
    columns["sample_mean"] += sums.tolist()
    columns["sample_place"] += places.tolist()
    columns["sample_group"] += [number] * len(names)
    mean = float(np.average(means, weights=weight))
    half = levels.half_width(means, weight, group.samples)
    columns["mean"].append(mean)
    columns["mean_lower"].append(mean - half)
    columns["mean_upper"].append(mean + half)
    columns["particles"].append(sum(one.size for one in values))
    columns["images"].append(len(means))
    columns["samples"].append(len(names))
    columns["condition_rank"].append(group.rank)


def _beside(of: NDArray[np.int_]) -> Values:
    """Place of each image beside the middle of its sample."""
    places = np.zeros(of.size)
    for sample in np.unique(of):
        here = of == sample
        places[here] = IMAGE_STEP * (np.arange(here.sum()) - 0.5 * (here.sum() - 1))
    return places


def _thinned(ascending: Values, most: int) -> Values:
    """At most so many values, evenly along their ranks."""
    if ascending.size <= most:
        return ascending
    at = (np.arange(most, dtype="f8") + 0.5) * ascending.size / max(most, 1)
    return np.asarray(ascending[at.astype(int)])


def _cloud(values: Values) -> Values:
    """Place of each dot beside the middle: as wide as values like it are frequent."""
    if not values.size or not np.ptp(values) > 0:
        return np.zeros(values.size)
    count, edges = np.histogram(values, CLASSES)
    middle = 0.5 * (edges[1:] + edges[:-1])
    width = np.interp(values, middle, count / count.max())
    spread = np.mod(GOLDEN * np.arange(1, values.size + 1), 1.0) - 0.5
    return np.asarray(WIDTH * width * spread)


def _draw_group(data: xr.Dataset, number: int, axes: Axes) -> None:
    colour = style.colour(int(data["condition_rank"][number]))
    still: dict[str, Any] = {"linestyle": "none", "color": colour}

    def of(level: str, value: str, place: str) -> tuple[Values, Values]:
        here = data[f"{level}_group"].values == number
        return number + data[place].values[here], data[value].values[here]

    axes.plot(*of("value", "value", "place"), marker=".", markersize=DOT, alpha=0.55, **still)
    mean, low, high = (float(data[f"mean{end}"][number]) for end in ("", "_lower", "_upper"))
    axes.plot(*of("sample", "sample_mean", "sample_place"), **_look(colour, "D", 5.4))
    axes.plot(*of("image", "image_mean", "image_place"), **_look("white", "o", 2.8))
    ends = [number - MEAN_HALF, number + MEAN_HALF]
    axes.plot(ends, [mean, mean], color="black", linewidth=1.2)
    if math.isfinite(high - low):
        axes.errorbar(
            number, mean, [[mean - low], [high - mean]], color="black", capsize=3, elinewidth=1.2
        )


def _look(colour: str, marker: str, size: float) -> dict[str, Any]:
    """A marker that stands out of a cloud of its colour."""
    edge = {"markeredgecolor": "black", "markeredgewidth": 0.6, "markerfacecolor": colour}
    return {"linestyle": "none", "marker": marker, "markersize": size, "zorder": 3, **edge}


def _key(data: xr.Dataset) -> list[Entry]:
    from matplotlib.lines import Line2D

    if not data.sizes["group"]:
        return []
    grey = style.QUIET
    dot = Line2D([], [], linestyle="none", marker=".", markersize=2.5, color=grey)
    shown, total = data.sizes["dot"], int(data["particles"].sum())
    said = "Particle" if shown == total else f"Particle ({shown} of {total} drawn)"
    entries: list[Entry] = [(dot, said)] if shown else []
    entries.append((Line2D([], [], **_look("white", "o", 2.8)), "Mean of an image"))
    entries.append((Line2D([], [], **_look(grey, "D", 5.4)), "Mean of a sample"))
    known = np.isfinite(data["mean_upper"].values)
    word = "Mean of all" + (", 95\xa0% interval" if known.any() else ", interval not known")
    if known.any() and (data["samples"].values[known] < 2).any():
        word += levels.OF_ONE_SAMPLE
    bar = Line2D([], [], color="black", linewidth=1.2)
    return [*entries, (bar, word)]


def _ticks(data: xr.Dataset) -> list[str]:
    """Condition with the number at each level, in lines that its share of the axis holds."""
    width = levels.inner_mm(data) / max(data.sizes["group"], 1) - 1.0
    texts = []
    for number in range(data.sizes["group"]):
        one = data.isel(group=number)
        mean, low, high = (float(one[f"mean{end}"]) for end in ("", "_lower", "_upper"))
        interval = f" ({low:.3g}–{high:.3g})" if math.isfinite(high - low) else ""
        count = [int(one[name]) for name in ("particles", "images", "samples")]
        said = (str(one["condition_label"].values), f"{mean:.3g}{interval}", levels.numbers(*count))
        texts.append(lettering.in_lines(said, width))
    return texts
