"""Panel kind ``window_sweep``: inflection and gap against the smoothing window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import averaging, lettering, si, style
from nanostitch.draw.selection import (
    Panel,
    Products,
    by_condition,
    condition_variables,
    grouped,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

ASPECT = 0.62
"""Height over width of the axes."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
_CURVES = {
    "inflection": "sweep_inflection",
    "gap": "sweep_gap",
    "gap_lower": "sweep_gap_lower",
    "gap_upper": "sweep_gap_upper",
}
_BAND = ("onset_fit_lower", "onset_fit_upper")


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Take the sweep of one region of each acquisition, and its gap by the fit of the onset.

    Returns
    -------
    xarray.Dataset
        ``window`` [meV], ``inflection``, ``gap``, ``gap_lower``, ``gap_upper`` [eV]
        (acquisition, step); ``chosen_window`` [meV], ``onset_fit_lower``, ``onset_fit_upper``
        [eV] (acquisition). Acquisitions without a sweep are named in ``notes``.
    """
    region = str(panel.options["region"])
    found = by_condition(panel, products)
    refused = {name: _refusal(by_name["band_gap"], region) for name, by_name in found}
    drawn = [(name, by_name) for name, by_name in found if not refused[name]]
    kept = [by_name["band_gap"].sel(region=region) for _, by_name in drawn]
    both = ("acquisition", "step")
    windows = [1e3 * one["sweep_window"].values for one in kept]
    data = xr.Dataset(
        {"window": (both, averaging.padded(windows), style.described("Smoothing window", "meV"))}
    )
    for name, variable in _CURVES.items():
        rows = averaging.padded([one[variable].values for one in kept])
        data[name] = (both, rows, style.described("Energy", "eV"))
    chosen = [1e3 * float(one["derivative"].attrs["window_ev"]) for one in kept]
    data["chosen_window"] = ("acquisition", chosen, style.described("Window chosen", "meV"))
    for name in _BAND:
        variable = f"region_band_gap{name.removeprefix('onset_fit')}"
        values = [float(one[variable].sel(estimator="onset_fit")) for one in kept]
        data[name] = ("acquisition", values, style.described("Gap by onset fit", "eV"))
    notes = grouped((f"not drawn ({why})", name) for name, why in refused.items() if why)
    return data.assign(condition_variables(panel, drawn)).assign_attrs(notes="\n".join(notes))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = lettering.height_mm([text for _, text in _legend(data)], _inner_mm(data))
    return _body_mm(data) + text + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw raw inflections dashed and corrected gaps solid, over the band of the onset fit."""
    for row in range(data.sizes["acquisition"]):
        _draw_one(data.isel(acquisition=row), axes)
    axes.set_xlabel(style.axis_label(data["window"]))
    axes.set_ylabel(style.axis_label(data["gap"]))
    if not data.sizes["acquisition"]:
        axes.set_xticks([])
        lettering.nothing(axes, "no sweep")
        return
    axes.set_xlim(left=0)
    si.linear(axes.xaxis, _inner_mm(data))
    si.linear(axes.yaxis, _body_mm(data))
    entries = _legend(data)
    texts = [text for _, text in entries]
    lettering.legend(axes, [handle for handle, _ in entries], texts, _inner_mm(data))


def _draw_one(one: xr.Dataset, axes: Axes) -> None:
    colour = style.colour(int(one["condition_rank"]))
    window, inflection, gap, low, high = (one[name].values for name in ("window", *_CURVES))
    axes.axhspan(
        *(float(one[name]) for name in _BAND), color=colour, alpha=0.15, linewidth=0, zorder=0
    )
    axes.axvline(float(one["chosen_window"]), color=style.QUIET, linewidth=0.6, linestyle=":")
    marker = style.marker(int(one["condition_rank"]))
    look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 3.0}
    axes.plot(window, inflection, linestyle="--", linewidth=0.8, markerfacecolor="white", **look)
    axes.vlines(window, low, high, color=colour, linewidth=0.8)
    axes.plot(window, gap, linestyle="-", linewidth=0.8, **look)


def _legend(data: xr.Dataset) -> list[tuple[Artist, str]]:
    """Handle and text of each entry: what lines mean, then the conditions by colour."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ranks = list(dict.fromkeys(map(int, data["condition_rank"].values)))
    if not ranks:
        return []
    colour = style.colour(ranks[0]) if len(ranks) == 1 else style.QUIET
    look: dict[str, Any] = {"color": colour, "marker": "o", "markersize": 3.0, "linewidth": 0.8}
    hollow = {**look, "linestyle": "--", "markerfacecolor": "white"}
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], **hollow), "Inflection as it is"),
        (Line2D([], [], **look), "Gap, corrected for line and window, 95\xa0% interval"),
        (Patch(color=colour, alpha=0.15, linewidth=0), "Onset fit, 95\xa0% interval"),
        (_dotted(), f"Window chosen, {_chosen(data)}\xa0meV"),
    ]
    labels = data["condition_label"].values
    for rank in ranks:
        text = str(labels[list(data["condition_rank"].values).index(rank)])
        shown: dict[str, Any] = {
            "color": style.colour(rank),
            "marker": style.marker(rank),
            "markersize": 3.0,
        }
        entries.append((Line2D([], [], linewidth=0.8, **shown), text))
    return entries


def _dotted() -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.QUIET, linewidth=0.6, linestyle=":")


def _chosen(data: xr.Dataset) -> str:
    return ", ".join(dict.fromkeys(f"{value:.0f}" for value in data["chosen_window"].values))


def _refusal(product: xr.Dataset, region: str) -> str:
    if quality.level(product) == "bad":
        return str(product["verdict"].attrs["reasons"]) or "verdict bad"
    if region not in product["region"].values:
        return f"no region {region}, only {', '.join(map(str, product['region'].values))}"
    if not np.isfinite(product["sweep_gap"].sel(region=region)).any():
        return "no inflection by any window"
    return ""


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM


def _body_mm(data: xr.Dataset) -> float:
    return ASPECT * float(data.attrs["width_mm"])
