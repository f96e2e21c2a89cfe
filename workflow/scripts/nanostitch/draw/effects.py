"""Panel kind ``effects``: what comparisons found, each effect with its interval and its n."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import intervals
from nanostitch.comparison import product
from nanostitch.comparison.product import ENDS
from nanostitch.draw import captions, lettering, si, style
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.selection import Panel

ROW_MM = 4.0
"""Height of an effect below its heading."""
HEADING_GAP_MM = 1.2
ROOM = 0.06
"""Share of the axis that is free beyond the last interval."""
UNITS = {"eV": ("meV", 1e3)}
"""Units that effects are drawn in, where that of the measure is coarse, and the factor to them."""
POINTS = ("percentage points", 100.0)
"""Unit of differences of shares."""
DESCRIBED = "described"
MARGIN_COLOUR = "#009E73"
BAND = 0.22
"""Opacity of the margin within which nothing matters."""
WIDE = 1.5
"""Ratio of both ends of an interval above which each is written with digits of its own."""
NARROWEST = 1.5
"""Least ratio of both ends of an axis of ratios."""


def collect(panel: Panel, comparisons: Sequence[xr.Dataset]) -> xr.Dataset:
    """Reduce comparisons to one row for each contrast.

    Returns
    -------
    xarray.Dataset
        ``effect`` with bounds and ``margin`` (NaN where none is declared) in the unit drawn,
        ``heading``, ``number`` (how many stand behind it) and ``answer`` in words, all (row).

    Raises
    ------
    BatchError
        If a comparison is a trend, or their units do not fit one axis.
    """
    rows = [row for one in comparisons for row in _rows(panel, one)]
    units = list(dict.fromkeys(row["unit"] for row in rows))
    if len(units) > 1:
        raise BatchError(
            f"figures: {panel.field}: comparisons: found the units {units}; one axis has one unit, "
            "so draw them in panels of their own"
        )
    unit = units[0]
    name = "Ratio" if unit == "1" else "Difference"
    data = xr.Dataset()
    for key, said in {"effect": name, "effect_lower": "", "effect_upper": "", "margin": ""}.items():
        attrs = style.described(said or key.replace("_", " ").capitalize(), unit)
        data[key] = ("row", np.array([row[key] for row in rows], "f8"), attrs)
    for key in ("heading", "number", "answer"):
        texts = np.array([row[key] for row in rows], object)
        data[key] = ("row", texts, {"long_name": key.capitalize()})
    return data.assign_attrs(is_ratio=int(unit == "1"), notes="")


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return _places(data)[1] + style.LINE_MM * (3 + len(_key(data)))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw one row for each effect below its heading; no effect is a line."""
    places, bottom = _places(data)
    none = 1.0 if data.attrs["is_ratio"] else 0.0
    _set_range(data, axes, none)
    for number, (top, middle) in enumerate(places):
        row = data.isel(row=number)
        span = middle - 0.5 * ROW_MM, middle + 0.5 * ROW_MM
        axes.plot([none, none], span, color=style.QUIET, linewidth=0.6, linestyle=":", zorder=1)
        _draw_row(row, middle, axes, bool(data.attrs["is_ratio"]))
        axes.text(
            0,
            top,
            _heading(row, _inner_mm(data)),
            transform=axes.get_yaxis_transform(),
            va="top",
        )
    axes.set_ylim(bottom, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(si.axis_label(data["effect"]))
    entries = _key(data)
    lettering.legend(
        axes,
        [h for h, _ in entries],
        [t for _, t in entries],
        _inner_mm(data),
        indent_mm=style.LETTER_MM,
    )


def said(data: xr.Dataset) -> list[str]:
    """Words on each row for the caption."""
    return [
        f"{row['heading'].item()}: {_value(row)} ({row['answer'].item()}; {row['number'].item()})"
        for row in (data.isel(row=number) for number in range(data.sizes["row"]))
    ]


def counted(comparison: xr.Dataset, group: int) -> str:
    """How many samples, acquisitions and objects a group has."""
    one = comparison.isel(group=group)
    counts = [(int(one[name]), name) for name in ("samples", "acquisitions", "objects")]
    shown = counts if counts[2][0] > counts[1][0] else counts[:2]
    return ", ".join(f"{n}\xa0{name[:-1] if n == 1 else name}" for n, name in shown)


def unit_of(comparison: xr.Dataset, variable: str) -> tuple[str, float]:
    """Unit that a number of a comparison is drawn in, and the factor to it."""
    unit = str(comparison[variable].attrs["units"])
    measure = str(comparison.attrs["measure_variable"])
    if intervals.bounds(measure) == (0.0, 1.0):
        return ("percent", 100.0) if variable.startswith("group") else POINTS
    return UNITS.get(unit, (unit, 1.0)) if variable == "effect" else (unit, 1.0)


def _rows(panel: Panel, comparison: xr.Dataset) -> list[dict[str, Any]]:
    name = str(comparison.attrs["name"])
    if comparison.attrs["question"] == "trend":
        remedy = "draw it by a panel of kind trend"
        raise BatchError(f"figures: {panel.field}: comparisons: {name} is a trend; {remedy}")
    is_ratio = "ratio" in (comparison.attrs["question"], comparison.attrs["scale"])
    unit, factor = ("1", 1.0) if is_ratio else unit_of(comparison, "effect")
    margin = float(comparison.attrs.get("margin", np.nan))
    rows = []
    for number in range(comparison.sizes["contrast"]):
        one = comparison.isel(contrast=number)
        groups = [str(comparison["group"].values[at]) for at in (number + 1, 0)]
        behind = [
            f"{label} {counted(comparison, at)}"
            for label, at in zip(groups, (number + 1, 0), strict=True)
        ]
        rows.append(
            {
                **{f"effect{end}": factor * float(one[f"effect{end}"]) for end in ENDS},
                "margin": factor * margin,
                "heading": f"{comparison.attrs['comparison_title']}: {groups[0]} against "
                f"{groups[1]}",
                "number": "; ".join(behind),
                "answer": _answer(product.answer(comparison, number)),
                "unit": unit,
            }
        )
    return rows


def _answer(answer: str) -> str:
    words = answer.replace("_", " ")
    return f"{words}, not tested" if answer == DESCRIBED else words


def _value(row: xr.Dataset) -> str:
    unit = str(row["effect"].attrs["units"])
    value, low, high = (float(row[f"effect{end}"]) for end in ENDS)
    if unit != "1":
        return f"{captions.rounded(value, low, high)} {si.spoken(unit)}"
    if low > 0 and high / low > WIDE:
        return f"{value:.2g} [{low:.2g}, {high:.2g}]"
    return captions.rounded(value, low, high)


def _heading(row: xr.Dataset, width_mm: float) -> str:
    texts = str(row["heading"].item()), f"{_value(row)}, {row['answer'].item()}"
    return lettering.in_lines([*texts, str(row["number"].item())], width_mm)


def _places(data: xr.Dataset) -> tuple[list[tuple[float, float]], float]:
    """Top of the heading and middle of each row, in mm from the top, and where all ends."""
    places, at = [], 0.0
    for number in range(data.sizes["row"]):
        lines = _heading(data.isel(row=number), _inner_mm(data)).count("\n") + 1
        text = style.LINE_MM * lines
        places.append((at, at + text + 0.5 * ROW_MM))
        at += text + ROW_MM + HEADING_GAP_MM
    return places, at


def _draw_row(row: xr.Dataset, at: float, axes: Axes, is_ratio: bool) -> None:
    value, low, high = (float(row[f"effect{end}"]) for end in ENDS)
    margin = float(row["margin"])
    if np.isfinite(margin):
        least, most = (1 / margin, margin) if is_ratio else (-margin, margin)
        axes.fill_between(
            [least, most],
            at - 0.5 * ROW_MM,
            at + 0.5 * ROW_MM,
            color=MARGIN_COLOUR,
            alpha=BAND,
            linewidth=0,
        )
    tested = np.isfinite(high - low)
    colour = style.colour(0)
    if tested:
        axes.plot([low, high], [at, at], color=colour, linewidth=1.0)
    face = colour if tested else "white"
    axes.plot(value, at, marker="o", color=colour, markerfacecolor=face)


def _set_range(data: xr.Dataset, axes: Axes, none: float) -> None:
    """Both ends of every interval, no effect, and the margins."""
    margin = data["margin"].values
    sides = (1 / margin, margin) if data.attrs["is_ratio"] else (-margin, margin)
    ends = np.concatenate([*(data[f"effect{end}"].values for end in ENDS), *sides, [none]])
    known = ends[np.isfinite(ends)]
    low, high = float(known.min()), float(known.max())
    if data.attrs["is_ratio"]:
        high = max(high, low * NARROWEST)
        room = (high / low) ** ROOM
        axes.set_xscale("log")
        axes.set_xlim(low / room, high * room)
        si.logarithmic(axes.xaxis)
        return
    room = ROOM * (high - low) if high > low else 1.0
    axes.set_xlim(low - room, high + room)
    si.linear(axes.xaxis, _inner_mm(data))


def _key(data: xr.Dataset) -> list[tuple[Any, str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look: dict[str, Any] = {"color": style.colour(0), "marker": "o"}
    entries: list[tuple[Any, str]] = []
    tested = np.isfinite((data["effect_upper"] - data["effect_lower"]).values)
    if tested.any():
        entries.append((Line2D([], [], linewidth=1.0, **look), "Effect, 95\xa0% interval"))
    if not tested.all():
        alone = Line2D([], [], linewidth=0, markerfacecolor="white", **look)
        entries.append((alone, "Described, not tested (one sample in a group)"))
    if np.isfinite(data["margin"].values).any():
        entries.append((Patch(color=MARGIN_COLOUR, alpha=BAND), "Margin that does not matter"))
    return entries


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - style.GAP_MM - style.LETTER_MM
