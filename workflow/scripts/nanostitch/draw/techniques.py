"""Panel kind ``gap_by_technique``: one gap by several ways, with what lies between, and pulls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.comparison.product import ENDS
from nanostitch.draw import lettering, si, style, technique_gaps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.selection import Panel

    Values = NDArray[np.float64]

ROW_MM = 5.0
"""Height of a way within a condition."""
HEADING_LINES, HEADING_GAP_MM = 2, 1.5
"""Lines of a condition's heading, and space below them and above the next."""
ROOM = 0.06
"""Share of the axis that is free beyond the last interval."""
LABEL_SHARE = 0.32
"""Widest label of a way over the width of the panel."""
PULL_MM = 13.0
"""Width right of the axes in which pulls stand."""
LEAST_P = 0.001
"""P value below which its size says nothing."""


def collect(panel: Panel, comparisons: Sequence[xr.Dataset]) -> xr.Dataset:
    """One gap by every technique; see :func:`nanostitch.draw.technique_gaps.collect`."""
    return technique_gaps.collect(panel, comparisons)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return _places(data)[2] + style.LINE_MM * (3 + len(_key()))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw a block for each condition: ways below each other, the common gap as a band."""
    places, headings, bottom = _places(data)
    _set_range(data, axes)
    labels = _labels(data)
    for rank in range(data.sizes["condition"]):
        one = data.isel(condition=rank)
        colour, top = style.colour(rank), headings[rank]
        first, last = places[rank][0] - 0.5 * ROW_MM, places[rank][-1] + 0.5 * ROW_MM
        _draw_common(one, (first, last), colour, axes)
        axes.text(0, top, _heading(one), transform=axes.get_yaxis_transform(), va="top")
        for place, at in enumerate(places[rank]):
            _draw_way(one.isel(way=place), at, rank, axes)
    ticks = [at for block in places for at in block]
    axes.set_yticks(ticks, labels * data.sizes["condition"])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(bottom, 0)
    axes.set_xlabel("Band gap (eV)")
    entries = _key()
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], _inner_mm(data))


def said(data: xr.Dataset) -> list[str]:
    """Words on each condition for the caption."""
    return [
        _heading(one).replace("\n", ", ")
        + " ("
        + "; ".join(
            f"{way.item()} n = {int(number)} samples"
            for way, number in zip(data["way"], one["samples"].values, strict=True)
        )
        + ")"
        for one in (data.isel(condition=rank) for rank in range(data.sizes["condition"]))
    ]


def _labels(data: xr.Dataset) -> list[str]:
    width = LABEL_SHARE * float(data.attrs["width_mm"])
    return [lettering.wrapped(str(way), width) for way in data["way"].values]


def _inner_mm(data: xr.Dataset) -> float:
    lines = [line for label in _labels(data) for line in label.split("\n")]
    widest = max(map(lettering.line_mm, lines))
    return float(data.attrs["width_mm"]) - widest - style.GAP_MM - style.LETTER_MM


def _places(data: xr.Dataset) -> tuple[list[list[float]], list[float], float]:
    """Middle of each way and top of each condition's heading in mm from the top, and the end."""
    tall = [max(ROW_MM, style.LINE_MM * (1.3 + label.count("\n"))) for label in _labels(data)]
    places, headings, at = [], [], 0.0
    for _ in range(data.sizes["condition"]):
        headings.append(at)
        at += HEADING_LINES * style.LINE_MM + HEADING_GAP_MM
        block = []
        for one in tall:
            block.append(at + 0.5 * one)
            at += one
        places.append(block)
        at += HEADING_GAP_MM
    return places, headings, at


def _heading(one: xr.Dataset) -> str:
    """Condition with the common gap and how well all agree."""
    label, error = str(one["condition"].item()), float(one["common_half"])
    if not np.isfinite(error):
        return f"{label}: no common gap\n"
    text = f"{label}: common gap {float(one['common']):.3f} ± {error:.3f} eV"
    p_value = float(one["p_value"])
    if not np.isfinite(p_value):
        return f"{text}\none way alone"
    shown = f"p = {p_value:.2g}" if p_value >= LEAST_P else "p < 0.001"
    squared = f"χ² = {float(one['chi_squared']):.2g}"
    return f"{text}\n{squared}, {int(one['freedom'])} degrees of freedom, {shown}"


def _draw_common(one: xr.Dataset, span: tuple[float, float], colour: str, axes: Axes) -> None:
    value, error = float(one["common"]), float(one["common_half"])
    if np.isfinite(error):
        axes.fill_betweenx(
            span, value - error, value + error, color=colour, alpha=0.15, linewidth=0
        )
        axes.plot([value, value], span, color=colour, linewidth=0.8, zorder=1)


def _draw_way(one: xr.Dataset, at: float, rank: int, axes: Axes) -> None:
    """The gap with its interval, the measured energy if it is another, and the pull."""
    colour = style.colour(rank)
    value, low, high = (float(one[f"gap{end}"]) for end in ENDS)
    measured = float(one["measured"])
    if not np.isfinite(value):
        text = "no number"
    elif not np.isfinite(high - low):
        text = "no interval"
    else:
        pull = float(one["pull"])
        text = f"{pull:+.1f}".replace("-", "−") if np.isfinite(pull) else ""
        axes.plot([low, high], [at, at], color=colour, linewidth=1.0)
    if np.isfinite(value):
        axes.plot(value, at, marker=style.marker(rank), color=colour, zorder=3)
    if measured != value and np.isfinite(measured):
        axes.plot([measured, value], [at, at], color=style.QUIET, linewidth=0.6, linestyle=":")
        axes.plot(measured, at, marker="|", markersize=6.0, color=style.QUIET)
    axes.annotate(
        text,
        xy=(1, at),
        xycoords=axes.get_yaxis_transform(),
        xytext=(-2, 0),
        textcoords="offset points",
        ha="right",
        va="center",
    )


def _set_range(data: xr.Dataset, axes: Axes) -> None:
    """All gaps and what was measured, with room for the pulls on the right."""
    names = [*(f"gap{end}" for end in ENDS), "measured"]
    known = np.concatenate([data[name].values.ravel() for name in names])
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = ROOM * ((high - low) or 1.0)
    inner = _inner_mm(data)
    right = (high - low + 2 * room) * PULL_MM / (inner - PULL_MM)
    axes.set_xlim(low - room, high + room + right)
    si.linear(axes.xaxis, inner)


def _key() -> list[tuple[Any, str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look: dict[str, Any] = {"color": style.QUIET}
    return [
        (
            Line2D([], [], marker="o", linewidth=1.0, **look),
            "Band gap by each way, 95\xa0% interval",
        ),
        (
            Line2D([], [], marker="|", markersize=6.0, linestyle=":", linewidth=0.6, **look),
            "As measured, where offsets lie between",
        ),
        (Patch(color=style.QUIET, alpha=0.25), "Common gap, 95\xa0%; numbers right: pulls"),
    ]
