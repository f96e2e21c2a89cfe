"""Panel kind ``image_numbers``: a number of each image by condition, and by region where told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import intervals, quality
from nanostitch.draw import lettering, levels, si, style
from nanostitch.draw.selection import Panel, Products, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

ASPECT = 0.66
"""Height over width of the axes."""
ROOM = 0.05
"""Share of the axis that is free beyond the last interval."""
SPREAD = 0.55
"""Width over which the images of a column stand beside each other; columns are 1 apart."""
WHOLE = "all"
ENDS = ("", "_lower", "_upper")
WORDS = {
    "merged_fraction": ("Merged particles", "percent", 100.0),
    "fusing_index": ("Fusing index", "percent", 100.0),
    "coverage": ("Coverage", "percent", 100.0),
    "number_density": ("Particles per area", "um-2", 1e6),
    "size_mean": ("Mean edge length", "nm", 1.0),
    "size_sd": ("Standard deviation of the edge length", "nm", 1.0),
    "psi4": ("Square order", "1", 1.0),
    "ligand_gap": ("Gap between facets", "nm", 1.0),
    "superlattice_spacing": ("Spacing of the superlattice", "nm", 1.0),
    "largest_layer_share": ("Largest connected body", "percent", 100.0),
    "void_fraction": ("Voids", "percent", 100.0),
    "wire_share": ("Wires", "percent", 100.0),
}
"""Long name, unit and factor of each number that can be drawn."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce images to one number each, with its 95 % interval, for each condition and region.

    The mean of a column is that of its images, all alike, by
    :func:`nanostitch.draw.levels.mean_of_numbers`. Images of bad quality, and those without this
    number, are named in ``notes``.

    Returns
    -------
    xarray.Dataset
        ``value`` with bounds, ``column`` and ``doubtful`` (image), by sample; ``mean`` with
        bounds, ``images``, ``samples``, ``column_label`` and ``column_rank`` (column).
    """
    quantity = str(panel.options["quantity"])
    groups, notes = levels.groups(panel, products, lambda _: "")
    regions = list(panel.options["regions"])
    rows: list[dict[str, Any]] = []
    columns: list[dict[str, Any]] = []
    remarks: list[tuple[str, str]] = []
    for group in groups:
        for place, region in enumerate(regions):
            known: list[tuple[xr.Dataset, tuple[float, ...]]] = []
            for image in group.images:
                one = _number(image, quantity, region)
                if isinstance(one, str):
                    remarks.append((one, str(image.attrs["acquisition"])))
                else:
                    known.append((image, one))
            if not known:
                continue
            columns.append(_column(group, region, len(regions), place, known, quantity))
            rows += [_row(image, one, len(columns) - 1) for image, one in known]
    notes += grouped(remarks)
    data = _table(rows, _ROWS, "image", quantity).assign(
        _table(columns, _COLUMNS, "column", quantity)
    )
    return data.assign_attrs(notes="\n".join(notes), quantity=quantity)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return levels.height_mm(data, ASPECT, [text for _, text in _key(data)], _ticks(data))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw each image with its interval, and beside several their mean with its own."""
    number = data.sizes["column_number"]
    for column in range(number):
        _draw_column(data, column, axes)
    axes.set_xticks(range(number), _ticks(data))
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, max(number, 1) - 0.5)
    axes.set_ylabel(si.axis_label(data["value"]))
    if number:
        _set_range(data, axes)
        si.linear(axes.yaxis, ASPECT * float(data.attrs["width_mm"]))
    else:
        lettering.nothing(axes, "no usable image")
    entries = _key(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], levels.inner_mm(data))


_ROWS = {"value": "", "value_lower": "Lower 95 % bound", "value_upper": "Upper 95 % bound"}
_COLUMNS = {"mean": "Mean", "mean_lower": "Lower 95 % bound", "mean_upper": "Upper 95 % bound"}
_DIMS = {"image": "image", "column": "column_number"}


def _number(image: xr.Dataset, quantity: str, region: str) -> tuple[float, ...] | str:
    """Number with its bounds in the unit drawn, or why there is none."""
    text, _, factor = WORDS[quantity]
    name = quantity if region == WHOLE else f"region_{quantity}"
    if name not in image:
        return f"{text.lower()} not measured" + ("" if region == WHOLE else " by region")
    if region == WHOLE:
        values = [float(image[f"{name}{end}"]) for end in ENDS]
    elif region in image["region"].values:
        values = [float(image[f"{name}{end}"].sel(region=region)) for end in ENDS]
    else:
        return f"no region {region}"
    if not math.isfinite(values[0]):
        reasons = str(image["verdict"].attrs["reasons"])
        return f"{text.lower()} not known" + (f" ({reasons})" if reasons else "")
    return tuple(factor * value for value in values)


def _row(image: xr.Dataset, number: Sequence[float], column: int) -> dict[str, Any]:
    doubtful = float(quality.level(image) == "doubtful")
    numbers = dict(zip(_ROWS, number, strict=True))
    return {**numbers, "column": column, "doubtful": doubtful, "sample": image.attrs["sample"]}


def _column(
    group: levels.Group,
    region: str,
    regions: int,
    place: int,
    known: Sequence[tuple[xr.Dataset, tuple[float, ...]]],
    quantity: str,
) -> dict[str, Any]:
    """Mean of the images of a condition and region; each region has a colour of its own."""
    samples = [str(image.attrs["sample"]) for image, _ in known]
    least, most = (WORDS[quantity][2] * end for end in intervals.bounds(quantity))
    numbers = np.array([one for _, one in known])
    mean, below, above = levels.mean_of_numbers(numbers, samples, (least, most))
    label = group.label if region == WHOLE else f"{group.label}, {region}"
    return {
        "mean": mean,
        "mean_lower": below,
        "mean_upper": above,
        "images": len(known),
        "samples": len(set(samples)),
        "column_rank": group.rank * regions + place,
        "column_label": label,
    }


def _table(
    rows: Sequence[dict[str, Any]], numbers: dict[str, str], kind: str, quantity: str
) -> xr.Dataset:
    """Rows as variables on one dim."""
    extra = {
        "image": {"column": "Number of the column", "doubtful": "Whether it is doubtful"},
        "column": {
            "images": "Images",
            "samples": "Samples",
            "column_rank": "Position, which fixes the colour",
        },
    }[kind]
    text, unit, _ = WORDS[quantity]
    dim = _DIMS[kind]
    data = xr.Dataset()
    for name, said in {**numbers, **extra}.items():
        attrs = style.described(said or text, unit if name in numbers else "1")
        data[name] = (dim, np.array([row[name] for row in rows], "f8"), attrs)
    word = {"image": "sample", "column": "column_label"}[kind]
    texts = np.array([str(row[word]) for row in rows], object)
    data[word] = (dim, texts, {"long_name": word.replace("_", " ").capitalize()})
    return data


def _draw_column(data: xr.Dataset, column: int, axes: Axes) -> None:
    one = data.isel(column_number=column)
    rank = int(one["column_rank"])
    colour = style.colour(rank)
    here = np.flatnonzero(data["column"].values == column)
    for place, row in enumerate(here):
        at = column - 0.12 + SPREAD * ((place + 0.5) / here.size - 0.5)
        value, low, high = (float(data[f"value{end}"][row]) for end in ENDS)
        axes.plot([at, at], [low, high], color=colour, linewidth=0.8)
        face = "white" if data["doubtful"][row] else colour
        axes.plot(at, value, marker=style.marker(rank), color=colour, markerfacecolor=face)
    if int(one["images"]) < 2:
        return
    mean, low, high = (float(one[f"mean{end}"]) for end in ENDS)
    at = column + 0.32
    axes.plot([at - 0.1, at + 0.1], [mean, mean], color="black", linewidth=1.4)
    if math.isfinite(high - low):
        axes.plot([at, at], [low, high], color="black", linewidth=1.0)


def _set_range(data: xr.Dataset, axes: Axes) -> None:
    """From zero, or what lies below it, to beyond the last interval."""
    ends = [data[name].values for name in (*_ROWS, *_COLUMNS)]
    known = np.concatenate(ends)
    known = known[np.isfinite(known)]
    low, high = min(0.0, float(known.min())), float(known.max())
    axes.set_ylim(low, high + ROOM * (high - low) if high > low else low + 1)


def _key(data: xr.Dataset) -> list[Entry]:
    from matplotlib.lines import Line2D

    if not data.sizes["column_number"]:
        return []
    look: dict[str, Any] = {"color": style.QUIET, "linewidth": 0.8, "marker": "o"}
    entries: list[Entry] = [(Line2D([], [], **look), "Image, 95\xa0% interval")]
    if data["doubtful"].any():
        entries.append((Line2D([], [], markerfacecolor="white", **look), "Doubtful image"))
    several = data["images"].values > 1
    if several.any():
        word = "Mean, 95\xa0% interval"
        if (data["samples"].values[several] < 2).any():
            word += levels.OF_ONE_SAMPLE
        entries.append((Line2D([], [], color="black", linewidth=1.4), word))
    return entries


def _ticks(data: xr.Dataset) -> list[str]:
    """Condition and region of each column with the number of images and samples."""
    number = data.sizes["column_number"]
    width = levels.inner_mm(data) / max(number, 1) - 1.0
    texts = []
    for column in range(number):
        one = data.isel(column_number=column)
        images = levels.counted(int(one["images"]), "image")
        samples = levels.counted(int(one["samples"]), "sample")
        said = str(one["column_label"].values), f"{images} of {samples}"
        texts.append(lettering.in_lines(said, width))
    return texts
