"""Panel kind ``trend``: a measure against a number of the conditions, with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import intervals
from nanostitch.comparison import product, trend_fit
from nanostitch.comparison.product import ENDS
from nanostitch.draw import captions, effects, lettering, si, style
from nanostitch.draw.curves import AXIS_LABEL_MM
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.selection import Panel

ASPECT = 0.75
"""Height over width of the axes."""
LINE_POINTS = 61
ROOM = 0.08
"""Share of each axis that is free beyond the last number."""
SPREAD = 0.05
"""Width over which acquisitions of a level stand beside each other, over that of the axis."""
FAINT = 0.45
COLUMN_UNITS = {
    "percent": "percent",
    "h": "h",
    "c": "degC",
    "nm": "nm",
    "ev": "eV",
    "kev": "keV",
}
"""Unit by the last word of a column's name."""
FACTOR = "factor"
"""Unit of a slope of logarithms."""


def collect(panel: Panel, comparisons: Sequence[xr.Dataset]) -> xr.Dataset:
    """Reduce a comparison to its acquisitions, the means of its groups and the line.

    Returns
    -------
    xarray.Dataset
        ``value`` (acquisition) at ``at``; ``mean`` with bounds, ``samples`` and ``acquisitions``
        (group) at ``level``; ``line`` with bounds (place) at ``along``; ``slope`` with bounds.

    Raises
    ------
    BatchError
        If the comparison is no trend.
    """
    comparison = _trend(panel, comparisons)
    in_ratio = comparison.attrs["scale"] == "ratio"
    unit, factor = effects.unit_of(comparison, "group_mean")
    measure = str(comparison.attrs["measure_variable"])
    levels = comparison["group_at"].values
    column, along_unit = _column(str(comparison.attrs["along"]))
    along = np.linspace(levels.min(), levels.max(), LINE_POINTS)
    fitted = trend_fit.line(comparison, along, in_ratio=in_ratio)
    least, most = intervals.bounds(measure)
    used = product.used(comparison)
    text = _words(measure)
    group = used["seen_group"].values.astype(int)
    data = xr.Dataset()
    data["value"] = ("acquisition", factor * used["seen_value"].values, _attrs(text, unit))
    data["at"] = ("acquisition", levels[group], _attrs(column, along_unit))
    data["sample"] = ("acquisition", used["seen_sample"].values.astype(object), _attrs("Sample"))
    data["level"] = ("group", levels, _attrs(column, along_unit))
    data["along"] = ("place", along, _attrs(column, along_unit))
    for end, part in zip(ENDS, fitted, strict=True):
        mean = comparison[f"group_mean{end}"].values
        data[f"mean{end}"] = ("group", factor * mean, _attrs(f"Mean{end}", unit))
        # A line knows no bounds; what is drawn of it does.
        part = np.clip(part, least, most)
        data[f"line{end}"] = ("place", factor * part, _attrs(f"Line{end}", unit))
        slope = float(comparison[f"effect{end}"].isel(contrast=0))
        shown = slope if in_ratio else factor * slope
        data[f"slope{end}"] = ((), shown, _attrs("Slope", _slope_unit(in_ratio, unit, along_unit)))
    for key in ("samples", "acquisitions"):
        data[key] = ("group", comparison[key].values, _attrs(key.capitalize(), "1"))
    return data.assign_attrs(
        notes="",
        title=str(comparison.attrs["comparison_title"]),
        answer=product.answer(comparison).replace("_", " "),
        is_log=int(bool(panel.options["log_axis"])),
        in_ratio=int(in_ratio),
    )


def _trend(panel: Panel, comparisons: Sequence[xr.Dataset]) -> xr.Dataset:
    (comparison,) = comparisons
    name, question = comparison.attrs["name"], comparison.attrs["question"]
    if question != "trend":
        remedy = "draw it by a panel of kind effects"
        raise BatchError(f"figures: {panel.field}: comparisons: {name} asks {question}; {remedy}")
    return comparison


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    key = lettering.height_mm([t for _, t in _key(data)], _inner_mm(data) - lettering.HANDLE_MM)
    return ASPECT * _inner_mm(data) + key + 3 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw acquisitions faintly, means of groups with intervals, and the line with its band."""
    colour = style.colour(0)
    _set_ranges(data, axes)
    along = data["along"].values
    axes.plot(along, data["line"].values, color=colour, linewidth=1.0, zorder=2)
    axes.fill_between(
        along,
        data["line_lower"].values,
        data["line_upper"].values,
        color=colour,
        alpha=0.15,
        linewidth=0,
    )
    axes.scatter(
        _beside(data, axes), data["value"].values, s=6, color=colour, alpha=FAINT, linewidths=0
    )
    for number in range(data.sizes["group"]):
        one = data.isel(group=number)
        at, low, high = (float(one[name]) for name in ("level", "mean_lower", "mean_upper"))
        if np.isfinite(high - low):
            axes.plot([at, at], [low, high], color="black", linewidth=1.0, zorder=3)
        axes.plot(at, float(one["mean"]), marker="s", color="black", zorder=4)
    axes.set_xlabel(si.axis_label(data["level"]))
    axes.set_ylabel(si.axis_label(data["value"]))
    entries = _key(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], _inner_mm(data))


def said(data: xr.Dataset) -> list[str]:
    """Words on the trend for the caption."""
    column = str(data["level"].attrs["long_name"])
    unit = si.spoken(str(data["level"].attrs["units"]))
    levels = ", ".join(
        f"{float(one['level']):g}\xa0{unit} (n = {int(one['samples'])} samples, "
        f"{int(one['acquisitions'])} acquisitions)"
        for one in (data.isel(group=number) for number in range(data.sizes["group"]))
    )
    return [f"{data.attrs['title']}; {column.lower()} {levels}; {_slope(data)}"]


def _attrs(text: str, unit: str | None = None) -> dict[str, str]:
    long_name = text.replace("_", " ")
    return {"long_name": long_name} if unit is None else style.described(long_name, unit)


def _column(name: str) -> tuple[str, str]:
    """Words and unit of a column of the conditions, whose name ends in its unit."""
    words = name.split("_")
    unit = COLUMN_UNITS.get(words[-1])
    text = " ".join(words[:-1] if unit else words).capitalize()
    return text, unit or "1"


def _words(measure: str) -> str:
    return re.sub("^region ", "", measure.replace("_", " ")).capitalize()


def _slope_unit(in_ratio: bool, unit: str, along: str) -> str:
    of = FACTOR if in_ratio else unit
    if along == "1":
        return of
    return f"per {along}" if of == "1" else f"{of} per {along}"


def _slope(data: xr.Dataset) -> str:
    """Slope with its interval and the answer."""
    unit = str(data["slope"].attrs["units"])
    value = captions.rounded(*(float(data[f"slope{end}"]) for end in ENDS))
    word = f"{FACTOR} " if data.attrs["in_ratio"] else ""
    shown = "" if unit in ("1", FACTOR) else f" {si.spoken(unit.removeprefix(word))}"
    text = f"{word}{value}{shown}"
    if unit.endswith("per percent"):
        text += f" of {str(data['level'].attrs['long_name']).lower()}"
    return f"slope {text}, {data.attrs['answer']}"


def _beside(data: xr.Dataset, axes: Axes) -> np.ndarray[Any, Any]:
    """Places of acquisitions, those of one level a little beside each other."""
    at = data["at"].values
    low, high = axes.get_xlim()
    places = at.astype(float).copy()
    for level in np.unique(at):
        here = np.flatnonzero(at == level)
        share = SPREAD * ((np.arange(here.size) + 0.5) / here.size - 0.5)
        if data.attrs["is_log"]:
            places[here] = level * (high / low) ** share
        else:
            places[here] = level + share * (high - low)
    return places


def _set_ranges(data: xr.Dataset, axes: Axes) -> None:
    level = data["level"].values
    low, high = float(level.min()), float(level.max())
    if data.attrs["is_log"] and low > 0:
        room = (high / low) ** ROOM
        axes.set_xscale("log")
        axes.set_xlim(low / room, high * room)
        si.logarithmic(axes.xaxis)
    else:
        axes.set_xlim(low - ROOM * (high - low), high + ROOM * (high - low))
        si.linear(axes.xaxis, _inner_mm(data))
    ends = [data[f"{name}{end}"].values for name in ("mean", "line") for end in ENDS]
    known = np.concatenate([*ends, data["value"].values])
    known = known[np.isfinite(known)]
    low, high = float(known.min()), float(known.max())
    if data.attrs["in_ratio"] and low > 0:
        # By hand a ratio may reach over many decades; the axis holds means and observations.
        inner = np.concatenate([data["value"].values, data["mean"].values])
        room = (inner.max() / inner.min()) ** 0.5
        axes.set_yscale("log")
        axes.set_ylim(max(low, inner.min() / room), min(high, inner.max() * room))
        si.logarithmic(axes.yaxis)
        return
    room = ROOM * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    si.linear(axes.yaxis, ASPECT * _inner_mm(data))


def _key(data: xr.Dataset) -> list[tuple[Any, str]]:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"color": style.colour(0)}
    samples = len(set(data["sample"].values.tolist()))
    behind = f"({data.sizes['acquisition']} of {samples} samples)"
    return [
        (
            Line2D([], [], marker="o", markersize=2.5, linewidth=0, alpha=FAINT, **look),
            f"Acquisition {behind}",
        ),
        (
            Line2D([], [], marker="s", linewidth=1.0, color="black"),
            "Mean of samples, 95\xa0% interval",
        ),
        (Line2D([], [], linewidth=1.0, **look), f"Line, 95\xa0% band; {_slope(data)}"),
    ]


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM
