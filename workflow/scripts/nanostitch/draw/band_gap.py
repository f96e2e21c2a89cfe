"""Panel kind ``band_gap``: every acquisition's gap by every estimator, refused ones included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, style
from nanostitch.draw.selection import Panel, Products, by_condition, condition_variables, grouped

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
    """Reduce band gaps to one value per acquisition and estimator.

    Returns
    -------
    xarray.Dataset
        ``band_gap``, ``band_gap_lower``, ``band_gap_upper`` [eV], ``status`` (0 good, 1 doubtful,
        2 refused, then the values are NaN) and ``reason``, all (acquisition, estimator);
        ``condition_label`` and ``condition_rank`` (acquisition). The attribute ``notes`` has one
        line for each remark that a reader must see.
    """
    found = by_condition(panel, products)
    estimators = list(panel.options["estimators"])
    parts = [summary(by_name["band_gap"], estimators) for _, by_name in found]
    data = xr.concat(parts, dim="acquisition").assign(condition_variables(panel, found))
    return data.assign_attrs(notes=notes(data))


def summary(product: xr.Dataset, estimators: Sequence[str]) -> xr.Dataset:
    """One gap per estimator of an acquisition, with its 95 % interval.

    A map is averaged over the pixels that have a gap, and so is each bound of their intervals:
    what pixels share (fit window, tail model) does not average out, so the interval of the mean
    is not made narrower than that of a pixel.

    A product whose verdict is bad, and an estimator without any gap, are refused.
    """
    pixels = [dim for dim in product["band_gap"].dims if dim != "estimator"]
    known = product.reindex(estimator=list(estimators), fill_value={"band_gap_quality": 0})
    bounds = {f"band_gap{end}": known[f"band_gap{end}"] for end in _WORDINGS}
    valid = xr.concat(bounds.values(), dim="bound").notnull().all("bound")
    level = quality.level(product)
    refused = ~valid.any(pixels) | (level == "bad")
    gap = {
        name: bounds[name]
        .where(valid)
        .mean(pixels)
        .where(~refused)
        .reset_coords(drop=True)
        .assign_attrs(style.described(_WORDINGS[name.removeprefix("band_gap")], "eV"))
        for name in bounds
    }
    numbers = valid.sum(pixels).values
    status = np.where(refused, REFUSED, DOUBTFUL if level == "doubtful" else GOOD).astype("i1")
    reasons = [
        _reason(product, estimator, bool(none), int(number))
        for estimator, none, number in zip(estimators, refused.values, numbers, strict=True)
    ]
    why = {"reason": ("estimator", reasons, {"long_name": "Why it is not good"})}
    return xr.Dataset({**gap, "status": ("estimator", status, _STATUS), **why})


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
    verbs = {GOOD: "partial", DOUBTFUL: "doubtful", REFUSED: "refused"}
    for row, acquisition in enumerate(data["acquisition"].values):
        part = data.isel(acquisition=row)
        by_reason: dict[str, list[str]] = {}
        for cell, estimator in enumerate(data["estimator"].values):
            if reason := str(part["reason"].values[cell]):
                verb = verbs[int(part["status"][cell])]
                by_reason.setdefault(f"{verb} ({reason})", []).append(_spoken(str(estimator)))
        for reason, estimators in by_reason.items():
            every = len(estimators) == data.sizes["estimator"]
            yield reason, str(acquisition) if every else f"{acquisition} {', '.join(estimators)}"


def _reason(product: xr.Dataset, estimator: str, refused: bool, valid: int) -> str:
    said = str(product["verdict"].attrs["reasons"])
    if quality.level(product) == "bad":
        return said or "verdict bad"
    if estimator not in product["estimator"].values:
        return "not measured"
    field = product["band_gap_quality"].sel(estimator=estimator)
    if refused:
        flags = str(field.attrs["flag_meanings"]).split()
        set_flags = [flag for flag in flags if bool(quality.raised(field, flag).any())]
        return ", ".join(map(_spoken, set_flags)) or "no finite value with an interval"
    if valid < field.size:
        said = "; ".join([*([said] if said else []), f"{valid} of {field.size} spectra have a gap"])
    return said


def _spoken(name: str) -> str:
    return name.replace("_", " ")
