"""Panel kind ``conductance``: conductances of films by condition, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, si, style
from nanostitch.draw.curves import AXIS_LABEL_MM, LOG_MARGIN
from nanostitch.draw.selection import Panel, Products, by_condition, condition_variables, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

ASPECT = 0.62
"""Height over width of the axes."""
SPREAD = 0.5
"""Width over which the acquisitions of a condition stand beside each other; conditions are 1
apart."""
WORDS = {
    "conductance": "Conductance",
    "sheet_conductance": "Sheet conductance",
    "conductance_ratio": "Conductance ratio",
}
ENDS = ("", "_lower", "_upper")


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce conductances to one point an acquisition, with its 95 % interval.

    The unit has the SI prefix that leaves the largest between 1 and 1000. Those that have no such
    number, or whose verdict is bad, are named in ``notes``.

    Returns
    -------
    xarray.Dataset
        ``value``, ``value_lower``, ``value_upper`` and ``doubtful`` (acquisition).
    """
    name = str(panel.options["quantity"])
    found = by_condition(panel, products)
    rows = {one: _row(by_name["conductance"], name) for one, by_name in found}
    drawn = [(one, by_name) for one, by_name in found if not isinstance(rows[one], str)]
    table = np.array([rows[one] for one, _ in drawn], "f8").reshape(-1, 3)
    unit = next((str(p["conductance"][name].attrs["units"]) for _, p in drawn), "1")
    divisor, unit = si.prefixed(si.largest(table[:, 0]), unit)
    data = xr.Dataset(
        {
            f"value{end}": (
                "acquisition",
                table[:, at] / divisor,
                style.described(f"{WORDS[name]}{end.replace('_', ', ')}", unit),
            )
            for at, end in enumerate(ENDS)
        }
    )
    levels = [quality.level(by_name["conductance"]) for _, by_name in drawn]
    doubtful = np.array([level == "doubtful" for level in levels], "i1")
    data["doubtful"] = ("acquisition", doubtful, style.described("Whether it is doubtful", "1"))
    refused = ((f"not drawn ({why})", one) for one, why in rows.items() if isinstance(why, str))
    doubts = (
        (f"doubtful ({by_name['conductance']['verdict'].attrs['reasons']})", one)
        for (one, by_name), level in zip(drawn, levels, strict=True)
        if level == "doubtful"
    )
    notes = "\n".join([*grouped(refused), *grouped(doubts)])
    return data.assign(condition_variables(panel, drawn)).assign_attrs(notes=notes)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    texts = [text for _, text in _legend(data)]
    width = _inner_mm(data) - lettering.HANDLE_MM
    return (
        ASPECT * float(data.attrs["width_mm"])
        + lettering.height_mm(texts, width)
        + _labels_mm(data)
    )


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw each acquisition beside the others of its condition, on a logarithmic axis."""
    ranks = data["condition_rank"].values
    order = list(dict.fromkeys(ranks.tolist()))
    for number, rank in enumerate(ranks.tolist()):
        here = np.flatnonzero(ranks == rank)
        place = int(np.flatnonzero(here == number)[0])
        at = order.index(rank) + SPREAD * ((place + 0.5) / here.size - 0.5)
        _draw_point(data.isel(acquisition=number), at, axes)
    labels = {rank: str(data["condition_label"].values[ranks == rank][0]) for rank in order}
    width = _inner_mm(data) / max(len(order), 1)
    axes.set_xticks(range(len(order)), [lettering.wrapped(labels[r], width) for r in order])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, max(len(order), 1) - 0.5)
    positive = np.concatenate([data[f"value{end}"].values for end in ENDS])
    positive = positive[positive > 0]
    if positive.size:
        axes.set_yscale("log")
        axes.set_ylim(positive.min() / LOG_MARGIN, positive.max() * LOG_MARGIN)
        si.logarithmic(axes.yaxis)
    else:
        lettering.nothing(axes, "no usable conductance")
    axes.set_ylabel(si.axis_label(data["value"]))
    entries = _legend(data)
    handles, texts = [h for h, _ in entries], [t for _, t in entries]
    lettering.legend(axes, handles, texts, _inner_mm(data))


def _row(product: xr.Dataset, name: str) -> tuple[float, float, float] | str:
    """Value with its bounds, or why there is none."""
    if quality.level(product) == "bad":
        return str(product["verdict"].attrs["reasons"])
    if name not in product or not np.isfinite(product[name]):
        return str(product["verdict"].attrs["reasons"]) or f"no {WORDS[name].lower()}"
    value, low, high = (float(product[f"{name}{end}"]) for end in ENDS)
    return (value, low, high) if high > 0 else "below zero"


def _draw_point(row: xr.Dataset, at: float, axes: Axes) -> None:
    """One value with its interval; an interval that reaches 0 ends in an arrow."""
    rank = int(row["condition_rank"])
    look: dict[str, Any] = {"color": style.colour(rank)}
    value, low, high = (float(row[f"value{end}"]) for end in ENDS)
    face = "white" if int(row["doubtful"]) else style.colour(rank)
    if low > 0:
        axes.plot([at, at], [low, high], linewidth=1.0, **look)
        axes.plot(at, value, marker=style.marker(rank), markerfacecolor=face, **look)
    else:
        axes.plot(at, high, marker="v", markerfacecolor=face, **look)


def _legend(data: xr.Dataset) -> list[tuple[Line2D, str]]:
    from matplotlib.lines import Line2D

    def mark(marker: str, face: str = style.QUIET) -> Line2D:
        look: dict[str, Any] = {"color": style.QUIET, "markerfacecolor": face, "linewidth": 1.0}
        return Line2D([], [], marker=marker, **look)

    entries = [(mark("o"), "Acquisition with 95\xa0% interval")]
    if data["doubtful"].any():
        entries.append((mark("o", "white"), "Doubtful"))
    if (data["value_lower"] <= 0).any():
        entries.append((mark("v"), "Upper limit"))
    return entries


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM


def _labels_mm(data: xr.Dataset) -> float:
    """Height of the labels of the conditions."""
    labels = list(dict.fromkeys(str(one) for one in data["condition_label"].values))
    width = _inner_mm(data) / max(len(labels), 1)
    lines = max((lettering.count_lines([label], width) for label in labels), default=1)
    return style.LINE_MM * (lines + 1)
