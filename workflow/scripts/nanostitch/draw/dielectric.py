"""Panel kind ``dielectric``: permittivity by Kramers and Kronig against energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import averaging, lettering, regions, si, style
from nanostitch.draw.regions import Part
from nanostitch.draw.selection import Panel, Products, grouped

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ASPECT = 0.62
"""Height over width of the axes."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
PARTS: dict[str, tuple[str, Any]] = {
    "permittivity_real": ("Real part", "-"),
    "permittivity_imag": ("Imaginary part", "--"),
}
CUT_PERCENT = 1.0
"""Percentiles at both ends of the values between which most of a permittivity lies."""
MOST_BEYOND = 0.5
"""What is shown beyond them, over their distance: a permittivity has poles where the loss is small
and noisy, and they may run out of the axes."""
MARGIN = 0.08


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Take the permittivity of each region within the energy window.

    Returns
    -------
    xarray.Dataset
        ``energy`` [eV], ``permittivity_real``, ``permittivity_imag`` (acquisition, channel);
        regions that have none are named in ``notes`` with the reason.

    Raises
    ------
    BatchError
        If the energy window descends.
    """
    window = panel.pair("energy_window_ev")
    shown = regions.parts(panel, products)
    why = {part.name: _refused(part) for part in shown}
    drawn = [part for part in shown if not why[part.name]]
    columns = [_columns(part, window) for part in drawn]
    names = {
        "energy": ("Energy loss", "eV"),
        "permittivity_real": ("Relative permittivity", "1"),
        "permittivity_imag": ("Relative permittivity, imaginary part", "1"),
    }
    data = xr.Dataset(
        {
            name: (
                ("acquisition", "channel"),
                averaging.padded([column[name] for column in columns]),
                style.described(*text),
            )
            for name, text in names.items()
        }
    )
    notes = grouped((f"not drawn ({reason})", name) for name, reason in why.items() if reason)
    doubts = [(part.name, part.products["dielectric"]) for part in drawn]
    notes += grouped(
        (f"doubtful ({product['verdict'].attrs['reasons']})", name)
        for name, product in doubts
        if quality.level(product) == "doubtful"
    )
    return data.assign(regions.variables(panel, drawn)).assign_attrs(notes="\n".join(notes))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    texts = [text for _, text in _legend(data)]
    legend = lettering.height_mm(texts, _inner_mm(data) - lettering.HANDLE_MM)
    return ASPECT * float(data.attrs["width_mm"]) + legend + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the real part solid, the imaginary part dashed, in the colour of the condition."""
    axes.axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    for number, rank in enumerate(data["condition_rank"].values.tolist()):
        energy = data["energy"].values[number]
        for name, (_, line) in PARTS.items():
            values = data[name].values[number]
            axes.plot(energy, values, color=style.colour(rank), linestyle=line, linewidth=1.0)
    axes.set_xlabel(si.axis_label(data["energy"]))
    axes.set_ylabel(si.axis_label(data["permittivity_real"]))
    if data.sizes["acquisition"]:
        axes.set_ylim(*_shown(data))
        axes.margins(x=0)
        si.linear(axes.xaxis, _inner_mm(data))
        si.linear(axes.yaxis, ASPECT * float(data.attrs["width_mm"]))
    else:
        axes.set_xticks([])
        lettering.nothing(axes, "no usable permittivity")
    entries = _legend(data)
    if entries:
        lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], _inner_mm(data))


def _refused(part: Part) -> str:
    product = part.products["dielectric"]
    if quality.level(product) == "bad":
        return str(product["verdict"].attrs["reasons"]) or "verdict bad"
    one = regions.of_region(product, part.region)
    if one is None:
        return regions.no_region(part, product)
    if not np.isfinite(one["permittivity_real"].values).any():
        return quality.words(one["dielectric_quality"]).replace("_", " ")
    return ""


def _columns(part: Part, window_ev: tuple[float, float]) -> dict[str, Values]:
    one = regions.of_region(part.products["dielectric"], part.region)
    assert one is not None
    energy = one["energy"].values.astype("f8")
    inside = (energy >= window_ev[0]) & (energy <= window_ev[1])
    return {name: one[name].values.astype("f8")[inside] for name in ("energy", *PARTS)}


def _shown(data: xr.Dataset) -> tuple[float, float]:
    values = np.concatenate([data[name].values.ravel() for name in PARTS])
    low, high = np.nanpercentile(values, [CUT_PERCENT, 100 - CUT_PERCENT])
    beyond = MOST_BEYOND * (high - low)
    low, high = max(low - beyond, np.nanmin(values)), min(high + beyond, np.nanmax(values))
    margin = MARGIN * (high - low) or 1.0
    return min(float(low), 0.0) - margin, float(high) + margin


def _legend(data: xr.Dataset) -> list[tuple[Artist, str]]:
    from matplotlib.lines import Line2D

    ranks = data["condition_rank"].values
    entries: list[tuple[Artist, str]] = []
    if data.sizes["acquisition"]:
        entries += [
            (Line2D([], [], color=style.QUIET, linestyle=line, linewidth=1.0), text)
            for text, line in PARTS.values()
        ]
    for rank in dict.fromkeys(ranks.tolist()):
        mine = ranks == rank
        text = f"{data['condition_label'].values[mine][0]} (n\xa0=\xa0{int(mine.sum())})"
        entries.append((Line2D([], [], color=style.colour(rank), linewidth=1.0), text))
    return entries


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM
