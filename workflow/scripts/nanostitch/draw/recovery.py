"""Panel kind ``recovery``: recovered against true values of one measure.

It is drawn by its own rule from the score of a whole batch, not selected by a figure. A panel
shows every row of its measure, states in words how many intervals hold the truth, and counts
what was refused.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch.draw import kinds, lettering, si, style
from nanostitch.draw.recovery_numbers import BAD, DOUBTFUL, panel
from nanostitch.draw.recovery_text import statements, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
STRIP_ASPECT = 0.6
"""Height over width of a panel whose rows all have one truth."""
BOLD = 1.15
"""Width of bold text over that of regular text."""
LEGEND_LINE_PT = 9.0
"""Height of one line of a legend."""
SAME_COLOURS = "a colour means the same condition in every panel"
MANY = 100
"""Rows from which symbols shrink, and tenfold from which they are drawn as pixels."""


def collect(
    score: xr.Dataset, conditions: Sequence[str] = (), technique: str | None = None
) -> xr.DataTree:
    """Reduce the score of a batch, or of one technique in it, to one panel a measure.

    Parameters
    ----------
    score
        Rows that hold to :data:`nanostitch.contracts.score.SCORE`.
    conditions
        Ids of all conditions in the order of their sheet, which fixes colours across figures;
        without it they follow the order of appearance.
    technique
        Technique whose rows are drawn; all where None.

    Returns
    -------
    xarray.DataTree
        One child node for each of the first twelve measures, named by its letter; see
        :func:`nanostitch.draw.recovery_numbers.panel`. The last names in its ``notes`` the
        measures that find no place.

    Raises
    ------
    ContractError
        If a measure comes in several units.
    """
    if technique is not None:
        score = score.isel(row=np.flatnonzero(score["technique"].values == technique))
    measures = list(dict.fromkeys(map(str, score["measure"].values)))
    shown, left_out = measures[: kinds.MOST_PANELS], measures[kinds.MOST_PANELS :]
    order = list(dict.fromkeys([*conditions, *map(str, score["condition"].values)]))
    width = "double" if len(shown) > 1 else "single"
    columns = style.columns(len(shown), width)
    width_mm = style.WIDTH_MM[width] / columns
    nodes: dict[str, xr.Dataset] = {}
    explained: set[int] = set()
    for letter, measure in zip(string.ascii_lowercase, shown, strict=False):
        rows = score.isel(row=np.flatnonzero(score["measure"].values == measure))
        node = panel(rows, order, explained)
        explained |= set(node["key_rank"].values.tolist())
        about = {"kind": "recovery", "letter": letter, "options": "{}", "notes": "", "simulated": 1}
        nodes[letter] = node.assign_attrs(width_mm=width_mm, **about)
    if len(shown) > 1:
        nodes["a"].attrs["notes"] = SAME_COLOURS
    if left_out:
        nodes[string.ascii_lowercase[len(shown) - 1]].attrs["notes"] = (
            f"no place for further measures: {', '.join(left_out)}"
        )
    words = f"Recovered against true values of {score.attrs.get('batch', 'a simulated batch')}"
    page = {"title": words, "simulated": 1, "width": width, "columns": columns}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=page), **nodes})


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = style.LINE_MM * (1 + _title(data).count("\n") + _words(data).count("\n") + 1)
    aspect = STRIP_ASPECT if data.attrs["strip"] else 1.0
    below = 4 * style.LINE_MM
    return aspect * _inner_mm(data) + text + _legend_pt(data) / style.PT_PER_MM + below


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw rows with their intervals on the line where recovered equals true."""
    low, high = map(float, data["limits"].values)
    axes.set_ylim(low, high)
    if not data.sizes["row"]:
        lettering.nothing(axes, "nothing recovered")
        axes.set_xticks([])
    elif data.attrs["strip"]:
        number = data.sizes["row"]
        axes.set_xlim(0.3, number + 0.7)
        places = data["position"].values
        axes.hlines(
            data["true"].values,
            places - 0.5,
            places + 0.5,
            color=style.QUIET,
            linewidth=0.6,
            zorder=0,
        )
        axes.set_xticks([])
        axes.set_xlabel("Rows in order; line: true value")
        si.linear(axes.yaxis, STRIP_ASPECT * _inner_mm(data))
    else:
        axes.plot([low, high], [low, high], color=style.QUIET, linewidth=0.6, zorder=0)
        axes.set_xlabel(si.labelled("True", str(data["true"].attrs["units"])))
        _set_scales(axes, data)
    axes.set_ylabel(si.labelled("Recovered", str(data["true"].attrs["units"])))
    _draw_rows(data, axes)
    _write(data, axes)


def _set_scales(axes: Axes, data: xr.Dataset) -> None:
    """Give both axes the same scale, ends and ticks."""
    low, high = map(float, data["limits"].values)
    if data.attrs["scale"] == "log":
        axes.set_xscale("log", nonpositive="clip")
        axes.set_yscale("log", nonpositive="clip")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    ticks = si.ticks(low, high, _inner_mm(data), beside=True)
    for axis in (axes.xaxis, axes.yaxis):
        if data.attrs["scale"] == "log":
            si.logarithmic(axis)
        else:
            axis.set_ticks(ticks, labels=si.written(ticks))
    axes.set_aspect("equal", adjustable="box", anchor="NW")


def _draw_rows(data: xr.Dataset, axes: Axes) -> None:
    ranks, estimators, verdicts = (
        data[name].values for name in ("condition_rank", "estimator_number", "verdict")
    )
    number = data.sizes["row"]
    size, thin = (3.0, 0.7) if number < MANY else (1.5, 0.3)
    pixels = number >= 10 * MANY
    place, value = data["position"].values, data["recovered"].values
    axes.vlines(
        place,
        data["lower"].values,
        data["upper"].values,
        colors=[style.colour(int(rank)) for rank in ranks],
        linewidth=thin,
        rasterized=pixels,
    )
    kinds_of_rows = np.unique(np.stack([ranks, estimators, verdicts]), axis=1).T
    for rank, estimator, verdict in kinds_of_rows.tolist():
        chosen = (ranks == rank) & (estimators == estimator) & (verdicts == verdict)
        colour = style.colour(rank)
        axes.plot(
            place[chosen],
            value[chosen],
            linestyle="none",
            marker="x" if verdict == BAD else style.marker(estimator),
            color=colour,
            markerfacecolor="white" if verdict == DOUBTFUL else colour,
            markeredgewidth=thin,
            markersize=size,
            rasterized=pixels,
        )


def _write(data: xr.Dataset, axes: Axes) -> None:
    """Write title, statements and the colours not yet explained, from top to bottom."""
    if data.sizes["key"]:
        lettering.legend(axes, _handles(data), _keys(data), _inner_mm(data))
    above = 3 + _legend_pt(data)
    for text, weight in ((_words(data), "normal"), (_title(data), "bold")):
        axes.annotate(
            text,
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(0, above),
            textcoords="offset points",
            ha="left",
            va="bottom",
            weight=weight,
            linespacing=style.LINE_SPACING,
            annotation_clip=False,
        )
        above += style.LINE_MM * style.PT_PER_MM * (1 + text.count("\n"))


def _title(data: xr.Dataset) -> str:
    return lettering.wrapped(title(data), _inner_mm(data) / BOLD)


def _words(data: xr.Dataset) -> str:
    return "\n".join(lettering.wrapped(text, _inner_mm(data)) for text in statements(data))


def _keys(data: xr.Dataset) -> list[str]:
    return [str(label) for label in data["key_label"].values]


def _handles(data: xr.Dataset) -> list[Line2D]:
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=style.colour(int(r)), linewidth=2) for r in data["key_rank"]]


def _legend_pt(data: xr.Dataset) -> float:
    if not data.sizes["key"]:
        return 0.0
    lines = lettering.count_lines(_keys(data), _inner_mm(data) - lettering.HANDLE_MM)
    return LEGEND_LINE_PT * lines + style.FONT_PT * 0.4


def _inner_mm(data: xr.Dataset) -> float:
    """Width of the axes, at least [mm]."""
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM
