"""Panel kind ``band_gap``: every acquisition's gap by every estimator, refused ones included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, regions, style
from nanostitch.draw.regions import Part
from nanostitch.draw.selection import Panel, Products, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOOD, DOUBTFUL, REFUSED = range(3)
_STATUS = {
    "long_name": "What became of the band gap",
    "flag_values": np.arange(3, dtype="i1"),
    "flag_meanings": "good doubtful refused",
}
_WORDINGS = {"": "Band gap", "_lower": "Lower 95 % bound", "_upper": "Upper 95 % bound"}
SLOT_MM = 3.0
"""Height of one estimator in a row."""
ROW_GAP_MM = 1.0
"""Space between rows."""
LABEL_SHARE = 0.35
"""Widest row label over the width of the panel."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Put the gaps of all regions by all estimators into one table.

    Returns
    -------
    xarray.Dataset
        ``band_gap``, ``band_gap_lower``, ``band_gap_upper`` [eV], ``status`` (0 good, 1 doubtful,
        2 refused, then the values are NaN) and ``reason``, all (acquisition, estimator);
        ``condition_label`` and ``condition_rank`` (acquisition). The attribute ``notes`` has one
        line for each remark that a reader must see.
    """
    shown = regions.parts(panel, products)
    estimators = list(panel.options["estimators"])
    rows = [summary(part, estimators) for part in shown]
    data = xr.concat(rows, dim="acquisition").assign(regions.variables(panel, shown))
    return data.assign_attrs(notes=notes(data))


def summary(part: Part, estimators: Sequence[str]) -> xr.Dataset:
    """Gap of one region by each estimator, with its 95 % interval.

    A product whose verdict is bad, an estimator that gave no gap, and a region that the
    acquisition does not have are refused.
    """
    product = part.products["band_gap"]
    one = regions.of_region(product, part.region)
    level = quality.level(product)
    known = None if one is None else one.reindex(estimator=list(estimators))
    gap = {
        f"band_gap{end}": np.full(len(estimators), np.nan)
        if known is None or level == "bad"
        else np.asarray(known[f"region_band_gap{end}"].values, dtype=float)
        for end in _WORDINGS
    }
    missing = np.asarray(np.isnan(list(gap.values())).any(axis=0))
    status = np.where(missing, REFUSED, DOUBTFUL if level == "doubtful" else GOOD).astype("i1")
    reasons = [
        _reason(part, one, estimator, bool(none))
        for estimator, none in zip(estimators, missing, strict=True)
    ]
    dim = "estimator"
    numbers = {
        name: (dim, np.where(missing, np.nan, values), _described(name))
        for name, values in gap.items()
    }
    why = {"reason": (dim, reasons, {"long_name": "Why it is not good"})}
    return xr.Dataset(
        {**numbers, "status": (dim, status, _STATUS), **why},
        {dim: (dim, list(estimators), {"long_name": "Estimator"})},
    )


def notes(data: xr.Dataset) -> str:
    """One line for each reason, with the acquisitions and estimators that it concerns."""
    return "\n".join(grouped(_remarks(data)))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return _Rows(data).height_mm + style.LINE_MM * (data.sizes["estimator"] + 3)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw one row per acquisition below the label of its condition; energy runs to the right."""
    from matplotlib.lines import Line2D

    rows = _Rows(data)
    for number, middle in enumerate(rows.middle_mm):
        _draw_row(data.isel(acquisition=number), middle, axes)
    for label, bottom in rows.headings:
        axes.text(0, bottom, label, transform=axes.get_yaxis_transform(), va="bottom")
    axes.set_yticks(rows.middle_mm, rows.names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(rows.height_mm, 0)
    axes.set_xlabel(style.axis_label(data["band_gap"]))
    axes.margins(x=0.08)
    if not np.isfinite(data["band_gap"]).any():
        axes.set_xticks([])
    handles = [
        Line2D([], [], color=style.QUIET, marker=style.marker(n), linewidth=1.0)
        for n in range(data.sizes["estimator"])
    ]
    names = [f"{_spoken(str(e)).capitalize()}, 95\xa0% interval" for e in data["estimator"].values]
    lettering.legend(axes, handles, names, rows.inner_mm)


class _Rows:
    """Where rows and condition labels stand, in mm from the top."""

    def __init__(self, data: xr.Dataset) -> None:
        width = float(data.attrs["width_mm"])
        self.names = [
            lettering.wrapped(str(name), LABEL_SHARE * width) for name in data["acquisition"].values
        ]
        widest = max(lettering.line_mm(line) for name in self.names for line in name.split("\n"))
        self.inner_mm = width - widest - style.GAP_MM - style.LETTER_MM
        self.middle_mm: list[float] = []
        self.headings: list[tuple[str, float]] = []
        self.height_mm = 0.0
        ranks = data["condition_rank"].values
        for number, name in enumerate(self.names):
            if number == 0 or ranks[number] != ranks[number - 1]:
                self._add_heading(str(data["condition_label"].values[number]))
            text = style.LINE_MM * (1 + name.count("\n"))
            tall = max(SLOT_MM * data.sizes["estimator"], text) + ROW_GAP_MM
            self.middle_mm.append(self.height_mm + 0.5 * tall)
            self.height_mm += tall

    def _add_heading(self, label: str) -> None:
        heading = lettering.wrapped(label, self.inner_mm)
        self.height_mm += lettering.height_mm([heading], self.inner_mm) + 2 * ROW_GAP_MM
        self.headings.append((heading, self.height_mm))


def _draw_row(row: xr.Dataset, middle_mm: float, axes: Axes) -> None:
    number = row.sizes["estimator"]
    rank = int(row["condition_rank"])
    for cell in range(number):
        at = middle_mm + SLOT_MM * (cell - 0.5 * (number - 1))
        one = row.isel(estimator=cell)
        if int(one["status"]) == REFUSED:
            text = f"× {_spoken(str(one['estimator'].values))} refused"
            place = axes.get_yaxis_transform()
            axes.text(0.03, at, text, transform=place, va="center", color=style.QUIET)
            continue
        doubtful = int(one["status"]) == DOUBTFUL
        gap, low, high = (float(one[f"band_gap{end}"]) for end in ("", "_lower", "_upper"))
        axes.plot([low, high], [at, at], color=style.colour(rank), linewidth=1.0)
        axes.plot(
            gap,
            at,
            marker=style.marker(cell),
            color=style.colour(rank),
            markerfacecolor="white" if doubtful else style.colour(rank),
        )


def _remarks(data: xr.Dataset) -> Iterator[tuple[str, str]]:
    verbs = {GOOD: "", DOUBTFUL: "doubtful", REFUSED: "refused"}
    for row, acquisition in enumerate(data["acquisition"].values):
        part = data.isel(acquisition=row)
        by_reason: dict[str, list[str]] = {}
        for cell, estimator in enumerate(data["estimator"].values):
            if reason := str(part["reason"].values[cell]):
                verb = verbs[int(part["status"][cell])]
                said = f"{verb} ({reason})" if verb else reason
                by_reason.setdefault(said, []).append(_spoken(str(estimator)))
        for reason, estimators in by_reason.items():
            every = len(estimators) == data.sizes["estimator"]
            yield reason, str(acquisition) if every else f"{acquisition} {', '.join(estimators)}"


def _reason(part: Part, one: xr.Dataset | None, estimator: str, refused: bool) -> str:
    product = part.products["band_gap"]
    said = str(product["verdict"].attrs["reasons"])
    if quality.level(product) == "bad":
        return said or "verdict bad"
    if one is None:
        return regions.no_region(part, product)
    if estimator not in one["estimator"].values:
        return "not measured"
    if refused:
        flags = quality.words(one["region_quality"].sel(estimator=estimator))
        return _spoken(flags) or "no finite value with an interval"
    return said


def _described(name: str) -> dict[str, str]:
    return style.described(_WORDINGS[name.removeprefix("band_gap")], "eV")


def _spoken(name: str) -> str:
    return name.replace("_", " ")
