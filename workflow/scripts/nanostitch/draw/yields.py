"""Panel kind ``quantum_yield``: yield and absorptance of every acquisition, also refused ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, style
from nanostitch.draw.selection import Panel, Products, by_condition, condition_variables, grouped
from nanostitch.plqy import repeats

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

GOOD, DOUBTFUL, REFUSED = range(3)
WHICH = {
    "apparent": "quantum_yield_apparent",
    "corrected": "quantum_yield",
    "incident": "quantum_yield_incident",
}
"""Variable of each yield that can be drawn."""
WORDS = {
    "apparent": "Apparent quantum yield",
    "corrected": "Quantum yield, corrected for reabsorption",
    "incident": "Yield per photon sent in",
}
ENDS = ("", "_lower", "_upper")
ROW_MM = 4.5
"""Height of an acquisition."""
ROOM = 0.08
"""Share of the axis that is free beyond the last interval."""
LABEL_SHARE = 0.35
"""Widest row label over the width of the panel."""
NEED_MM = 30.0
"""Width below which the axis has no room beside its labels."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce quantum yields to one row per acquisition, and one for the repeats of a condition.

    Returns
    -------
    xarray.Dataset
        ``yield`` and ``absorptance`` with ``_lower`` and ``_upper`` [percent], ``ratio`` to the
        acquisition that each is compared with, with bounds, and ``status`` (0 good, 1 doubtful, 2
        refused), all (acquisition); ``mean`` with bounds [percent] and ``repeats`` (condition).
        The attribute ``notes`` has one line for each remark that a reader must see.
    """
    found = by_condition(panel, products)
    which = str(panel.options["yield"])
    parts = [_summary(by_name["quantum_yield"], which) for _, by_name in found]
    data = xr.concat(parts, dim="acquisition").assign(condition_variables(panel, found))
    data = data.assign(_means(data))
    words = ("good", "doubtful", "refused")
    remarks = [
        (f"{words[int(status)]} ({reason})", str(name))
        for name, status, reason in zip(
            data["acquisition"].values, data["status"].values, data["reason"].values, strict=True
        )
        if reason and int(status) != GOOD
    ]
    return data.assign_attrs(notes="\n".join(grouped(remarks)), which=which)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return _Rows(data).height_mm + style.LINE_MM * (len(_legend(data)) + 3)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw a row per acquisition below the label of its condition; per cent run to the right."""
    rows = _Rows(data)
    for number, middle in enumerate(rows.middle_mm):
        _draw_row(data.isel(acquisition=number), middle, axes)
    place_of_text = axes.get_yaxis_transform()
    for text, at in rows.remarks:
        axes.text(0, at, text, transform=place_of_text, va="center", color=style.QUIET)
    for place, middle in rows.means.items():
        _draw_mean(data.isel(condition=place), middle, axes)
    for label, bottom in rows.headings:
        axes.text(0, bottom, label, transform=axes.get_yaxis_transform(), va="bottom")
    ticks = [*rows.middle_mm, *rows.means.values()]
    counts = [f"mean of {int(data['repeats'][place])}" for place in rows.means]
    axes.set_yticks(ticks, [*rows.names, *counts])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(rows.height_mm, 0)
    axes.set_xlabel("Share of photons (%)")
    _set_range(data, axes)
    entries = _legend(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], rows.inner_mm)


def _set_range(data: xr.Dataset, axes: Axes) -> None:
    """From zero, or what lies below it, to beyond the last interval."""
    ends = [data[f"{name}{end}"].values for name in ("yield", "absorptance") for end in ENDS[1:]]
    ends += [data[f"mean{end}"].values[data["repeats"].values > 1] for end in ENDS[1:]]
    known = np.concatenate(ends)
    known = known[np.isfinite(known)]
    if not known.size:
        axes.set_xticks([])
        return
    low, high = min(0.0, float(known.min())), float(known.max())
    axes.set_xlim(low, high + ROOM * (high - low))


class _Rows:
    """Where rows, means and condition labels stand, in mm from the top."""

    def __init__(self, data: xr.Dataset) -> None:
        width = float(data.attrs["width_mm"])
        self.names = [
            _broken(str(name), LABEL_SHARE * width) for name in data["acquisition"].values
        ]
        widest = max(lettering.line_mm(line) for name in self.names for line in name.split("\n"))
        self.inner_mm = max(width - widest - style.GAP_MM - style.LETTER_MM, NEED_MM)
        self.middle_mm: list[float] = []
        self.means: dict[int, float] = {}
        self.remarks: list[tuple[str, float]] = []
        self.headings: list[tuple[str, float]] = []
        self.height_mm = 0.0
        ranks = data["condition_rank"].values.tolist()
        order = data["condition"].values.tolist()
        for number, name in enumerate(self.names):
            if number == 0 or ranks[number] != ranks[number - 1]:
                self._add_heading(str(data["condition_label"].values[number]))
            self.middle_mm.append(self._add(style.LINE_MM * (1 + name.count("\n"))))
            if remark := _remark(data.isel(acquisition=number)):
                self.remarks.append((remark, self._add(style.LINE_MM)))
            is_last = number + 1 == len(ranks) or ranks[number + 1] != ranks[number]
            place = order.index(ranks[number])
            if is_last and int(data["repeats"][place]) > 1:
                self.means[place] = self._add(style.LINE_MM)

    def _add(self, text_mm: float) -> float:
        tall = max(ROW_MM, text_mm)
        self.height_mm += tall
        return self.height_mm - 0.5 * tall

    def _add_heading(self, label: str) -> None:
        heading = lettering.wrapped(label, self.inner_mm)
        self.height_mm += lettering.height_mm([heading], self.inner_mm) + 1.0
        self.headings.append((heading, self.height_mm))


def _summary(product: xr.Dataset, which: str) -> xr.Dataset:
    """One acquisition: its numbers in per cent, what became of them and why."""
    level = quality.level(product)
    bounded = {"yield": (WHICH[which], 100.0), "absorptance": ("absorptance", 100.0)}
    bounded["ratio"] = ("yield_ratio", 1.0)
    values = {
        f"{short}{end}": xr.DataArray(
            scale * float(product.get(f"{name}{end}", np.nan)),
            attrs=style.described(
                f"{short}{end}".replace("_", " "), "1" if short == "ratio" else "percent"
            ),
        )
        for short, (name, scale) in bounded.items()
        for end in ENDS
    }
    is_refused = level == "bad" or not np.isfinite(values["yield"])
    status = REFUSED if is_refused else DOUBTFUL if level == "doubtful" else GOOD
    reason = str(product["verdict"].attrs["reasons"])
    if is_refused and not reason:
        reason = f"no {WORDS[which].lower()}"
    return xr.Dataset(
        {
            **values,
            "status": ((), np.int8(status), style.described("What became of the yield", "1")),
            "reason": ((), reason, {"long_name": "Why it is not good"}),
        }
    )


def _means(data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Weighted mean over the acquisitions of each condition that have a yield."""
    ranks = data["condition_rank"].values
    order = list(dict.fromkeys(ranks.tolist()))
    found, counts = [], []
    for rank in order:
        here = (ranks == rank) & (data["status"].values != REFUSED)
        found.append(repeats.weighted_mean(*(data[f"yield{end}"].values[here] for end in ENDS)))
        counts.append(int(here.sum()))
    columns = np.array(found).T
    means = {
        f"mean{end}": xr.DataArray(
            columns[i], dims="condition", attrs=style.described(f"mean{end}", "percent")
        )
        for i, end in enumerate(ENDS)
    }
    how_many = style.described("Acquisitions with a yield", "1")
    rank = style.described("Rank of the condition", "1")
    return means | {
        "repeats": xr.DataArray(counts, dims="condition", attrs=how_many),
        "condition": xr.DataArray(order, dims="condition", attrs=rank),
    }


def _remark(row: xr.Dataset) -> str:
    """What stands below a row: that it is refused, or its ratio to another."""
    if int(row["status"]) == REFUSED:
        return "× refused"
    ratio, least, most = (float(row[f"ratio{end}"]) for end in ENDS)
    return f"ratio {ratio:.3g} ({least:.3g}–{most:.3g})" if np.isfinite(ratio) else ""


def _broken(name: str, width_mm: float) -> str:
    """Id of an acquisition in lines of a width, broken after underscores where there are any."""
    lines = [""]
    for part in re.split("(?<=_)", name):
        if lines[-1] and lettering.line_mm(lines[-1] + part) > width_mm:
            lines.append("")
        lines[-1] += part
    return "\n".join(lettering.wrapped(line, width_mm) for line in lines)


def _draw_row(row: xr.Dataset, at: float, axes: Axes) -> None:
    colour = style.colour(int(row["condition_rank"]))
    absorptance = [float(row[f"absorptance{end}"]) for end in ENDS]
    if np.isfinite(absorptance).all():
        axes.plot(absorptance[1:], [at, at], color=style.QUIET, linewidth=0.8)
        axes.plot(absorptance[0], at, marker="|", markersize=7.0, color=style.QUIET)
    if int(row["status"]) != REFUSED:
        value, low, high = (float(row[f"yield{end}"]) for end in ENDS)
        filled = "white" if int(row["status"]) == DOUBTFUL else colour
        axes.plot([low, high], [at, at], color=colour, linewidth=1.0)
        axes.plot(value, at, marker="o", color=colour, markerfacecolor=filled)


def _draw_mean(one: xr.Dataset, at: float, axes: Axes) -> None:
    colour = style.colour(int(one["condition"]))
    axes.plot([float(one["mean_lower"]), float(one["mean_upper"])], [at, at], color=colour)
    axes.plot(float(one["mean"]), at, marker="D", color=colour)


def _legend(data: xr.Dataset) -> list[tuple[Artist, str]]:
    from matplotlib.lines import Line2D

    def mark(marker: str, size: float = 4.0) -> Artist:
        return Line2D([], [], marker=marker, markersize=size, color=style.QUIET, linewidth=1.0)

    word = WORDS[str(data.attrs["which"])]
    entries = [(mark("o"), f"{word}, 95\xa0% interval (open: doubtful)")]
    if (data["repeats"] > 1).any():
        entries.append((mark("D"), "Weighted mean of a condition"))
    if np.isfinite(data["absorptance"]).any():
        entries.append((mark("|", 7.0), "Absorptance"))
    if np.isfinite(data["ratio"]).any():
        nothing: Artist = Line2D([], [], linewidth=0)
        entries.append((nothing, "Ratio: yield over that which it is compared with"))
    return entries
