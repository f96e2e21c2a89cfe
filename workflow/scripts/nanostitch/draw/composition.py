"""Panel kind ``composition``: atomic percent by X-ray lines, as bars or in a ternary diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import curves, lettering, si, style
from nanostitch.draw import ternary as triangle
from nanostitch.draw.selection import Panel, Products, by_condition, condition_variables, grouped
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

ASPECT = 0.62
"""Height over width of the axes of bars."""
GROUP_SHARE = 0.8
"""Width of all bars of an element over the distance of elements."""
RAW_MARKER = "x"
RAW_LABEL = "Raw area ratio, without k-factors (no composition)"
PHASE_LABEL = "Compounds"


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Put the compositions of all acquisitions into one table.

    Acquisitions whose verdict is bad are named in ``notes`` and not drawn; doubtful ones are drawn
    and named.

    Returns
    -------
    xarray.Dataset
        ``atomic_percent`` with its bounds and ``raw_area_percent`` (acquisition, element),
        ``phase_atomic_percent`` (phase, element); for ``form: ternary`` also ``region``
        (acquisition, vertex, element), the outline of the 95 % region, all in percent.

    Raises
    ------
    BatchError
        If acquisitions have different elements, or a ternary diagram has not three.
    """
    found = by_condition(panel, products)
    bad = {n: str(p["composition"]["verdict"].attrs["reasons"]) for n, p in found if _is_bad(p)}
    drawn = [(name, by_name) for name, by_name in found if name not in bad]
    _refuse_mixed(panel, drawn)
    parts = [_part(by_name["composition"], panel) for _, by_name in drawn]
    data = xr.concat(parts, dim="acquisition") if parts else xr.Dataset()
    notes = grouped((f"not drawn ({why})", name) for name, why in bad.items())
    notes += grouped(
        (f"doubtful ({p['composition']['verdict'].attrs['reasons']})", name)
        for name, p in drawn
        if quality.level(p["composition"]) == "doubtful"
    )
    return data.assign(condition_variables(panel, drawn)).assign_attrs(
        notes="\n".join(notes), form=panel.options["form"]
    )


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    body = ASPECT * float(data.attrs["width_mm"])
    if _is_ternary(data):
        body = triangle.height_mm(float(data.attrs["width_mm"]))
    texts = [text for _, text in _legend(data)]
    return body + lettering.height_mm(texts, _inner_mm(data)) + 3 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw bars with 95 % intervals, or points with 95 % regions in a triangle."""
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable composition")
        axes.set_xticks([])
        return
    if _is_ternary(data):
        triangle.draw(data, axes)
    else:
        _draw_bars(data, axes)
    entries = _legend(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], _inner_mm(data))
    legend = axes.get_legend()
    if _is_ternary(data) and legend is not None:
        # A triangle has no labels left of it: the letter of the panel stands there.
        right = 2 * style.LETTER_MM / float(data.attrs["width_mm"])
        legend.set_bbox_to_anchor((right, 1), transform=axes.transAxes)


def _is_bad(by_name: Mapping[str, xr.Dataset]) -> bool:
    return quality.level(by_name["composition"]) == "bad"


def _is_ternary(data: xr.Dataset) -> bool:
    return data.attrs["form"] == "ternary" and data.sizes["acquisition"] > 0


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - curves.AXIS_LABEL_MM - style.GAP_MM


def _refuse_mixed(panel: Panel, drawn: list[tuple[str, dict[str, xr.Dataset]]]) -> None:
    elements = {tuple(map(str, p["composition"]["element"].values)) for _, p in drawn}
    if len(elements) > 1:
        raise BatchError(
            f"figures: {panel.field}: select: found compositions of {sorted(elements)}; select "
            "those of the same elements"
        )
    if panel.options["form"] == "ternary" and any(len(one) != 3 for one in elements):
        raise BatchError(
            f"figures: {panel.field}: form: found ternary for {sorted(elements)}; a triangle has "
            "three elements: use bars"
        )


def _part(product: xr.Dataset, panel: Panel) -> xr.Dataset:
    """What one acquisition contributes."""
    words = {
        "atomic_percent": "Composition",
        "atomic_percent_lower": "Lower 95 % bound of the composition",
        "atomic_percent_upper": "Upper 95 % bound of the composition",
        "raw_area_percent": "Raw area ratio",
        "phase_atomic_percent": "Composition of a compound",
    }
    part = product[list(words)].reset_coords(drop=True)
    for name, text in words.items():
        part[name].attrs = style.described(text, "percent")
    if panel.options["form"] == "ternary":
        outline = triangle.region(
            product["log_ratio"].to_numpy(), product["log_ratio_covariance"].to_numpy()
        )
        attrs = style.described("Outline of the 95 % region", "percent")
        part["region"] = (("vertex", "element"), outline, attrs)
    return part


def _draw_bars(data: xr.Dataset, axes: Axes) -> None:
    names, number = [str(e) for e in data["element"].values], data.sizes["acquisition"]
    wide = GROUP_SHARE / number
    for row in range(number):
        one = data.isel(acquisition=row)
        colour = style.colour(int(one["condition_rank"]))
        at = np.arange(len(names)) + wide * (row - 0.5 * (number - 1))
        value, low, high = (
            one[f"atomic_percent{end}"].to_numpy() for end in ("", "_lower", "_upper")
        )
        axes.bar(at, value, width=0.85 * wide, color=colour, alpha=0.45, linewidth=0)
        away = np.maximum([value - low, high - value], 0)
        axes.errorbar(at, value, yerr=away, fmt="none", ecolor=colour, elinewidth=0.9, capsize=1.5)
        raw = one["raw_area_percent"].to_numpy()
        axes.plot(at, raw, color="black", markersize=3.0, marker=RAW_MARKER, linestyle="none")
    axes.set_xticks(np.arange(len(names)), names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Composition (at.%)")
    si.linear(axes.yaxis, ASPECT * float(data.attrs["width_mm"]))


def _legend(data: xr.Dataset) -> list[tuple[Artist, str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[tuple[Artist, str]] = []
    ranks = data["condition_rank"].values.tolist()
    labels = [str(label) for label in data["condition_label"].values]
    for rank in dict.fromkeys(ranks):
        text = f"{labels[ranks.index(rank)]} (n\xa0=\xa0{ranks.count(rank)}), 95\xa0%"
        look: dict[str, Any] = {"color": style.colour(rank)}
        if _is_ternary(data):
            handle: Artist = Line2D([], [], marker=style.marker(rank), **look)
            entries.append((handle, f"{text} region"))
        else:
            entries.append((Patch(alpha=0.45, **look), f"{text} interval"))
    if entries:
        raw: dict[str, Any] = {"color": "black", "linestyle": "none", "markersize": 3.0}
        entries.append((Line2D([], [], marker=RAW_MARKER, **raw), RAW_LABEL))
    if entries and _is_ternary(data) and data.sizes["phase"]:
        entries.append((triangle.phase_handle(), PHASE_LABEL))
    return entries
