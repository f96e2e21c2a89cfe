"""Panel kind ``gap_line``: the band gap along a line across a boundary, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, regions, si, style
from nanostitch.draw.selection import Panel, Products, about, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ASPECT = 0.62
"""Height over width of the axes."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
STRIP = 0.2
"""Height of the strip for the delocalisation length over that of the data above it."""
SIDE_MARGIN = 0.04
"""Free space beside the first and the last point over the length of the line."""
SIGNIFICANT = 0.05
_LINE = ("line_gap", "line_gap_lower", "line_gap_upper")
_NUMBERS = {
    "delocalisation_length": "Delocalisation length L50",
    "gap_difference": "Gap at the boundary less that beyond",
    "gap_difference_lower": "Lower 95 % bound",
    "gap_difference_upper": "Upper 95 % bound",
    "margin": "Largest difference that counts as none",
    "equivalence_p": "p-value of the equivalence test",
    "smallest_effect": "Smallest difference that would have been seen",
    "smallest_local_effect": "Smallest change within the boundary that would have been seen",
}


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Take the gaps along one line and the numbers of its test.

    Returns
    -------
    xarray.Dataset
        ``line_gap`` with its bounds [eV] (point), ``distance`` [nm] (point), ``near`` (point), 1
        where the boundary lies within half of L50, and the scalars of the product. Attributes:
        ``notes``, ``condition_label``, ``boundary_width_nm``.

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition.
    """
    product = regions.only(panel, products, "line scan")["boundary"]
    name, whose = next(iter(products)), about({"boundary": product})
    data = xr.Dataset(
        {v: ("point", product[v].values, style.described("Band gap", "eV")) for v in _LINE}
    )
    distance = product["distance"].values
    text = "Distance from the boundary"
    data["distance"] = ("point", distance, style.described(text, "nm"))
    for number, text in _NUMBERS.items():
        attrs = style.described(text, str(product[number].attrs["units"]))
        data[number] = ((), float(product[number]), attrs)
    near = np.abs(distance) <= float(product["delocalisation_length"]) / 2
    data["near"] = ("point", near.astype("i1"), style.described("At the boundary", "1"))
    return data.assign_attrs(
        notes="\n".join(_notes(name, product)),
        condition_label=str(whose["condition_label"]),
        condition_rank=panel.rank(str(whose["condition"])),
        boundary_width_nm=float(product["smallest_local_effect"].attrs["boundary_width_nm"]),
        state_test=int(panel.options["state_test"]),
    )


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = lettering.height_mm(_said(data), _header_mm(data))
    return _body_mm(data) + text + 3 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw gaps with intervals; the boundary and the delocalisation length stand below them."""
    sentences = [lettering.wrapped(text, _header_mm(data)) for text in _said(data)]
    lettering.above(axes, "\n".join(sentences))
    axes.set_xlabel(style.axis_label(data["distance"]))
    axes.set_ylabel(style.axis_label(data["line_gap"]))
    bounds = [data[name].values for name in _LINE]
    known = np.isfinite([*bounds, data["distance"].values]).all(axis=0)
    if not known.any():
        axes.set_xticks([])
        lettering.nothing(axes, "no gap along the line")
        return
    _draw_points(data.isel(point=np.flatnonzero(known)), axes)
    low, high = float(bounds[1][known].min()), float(bounds[2][known].max())
    floor = low - STRIP * (high - low)
    axes.set_ylim(floor - 0.05 * (high - low), high + 0.05 * (high - low))
    left, right = (float(end(data["distance"])) for end in (np.min, np.max))
    margin = SIDE_MARGIN * (right - left)
    axes.set_xlim(left - margin, right + margin)
    axes.axvline(0, color=style.QUIET, linewidth=0.6, linestyle=":", zorder=0)
    _draw_delocalisation(data, axes, (floor + low) / 2)
    si.linear(axes.xaxis, _inner_mm(data))
    si.linear(axes.yaxis, _body_mm(data))


def _draw_points(data: xr.Dataset, axes: Axes) -> None:
    rank = int(data.attrs["condition_rank"])
    colour = style.colour(rank)
    at, gap, low, high = (data[name].values for name in ("distance", *_LINE))
    axes.vlines(at, low, high, color=colour, linewidth=0.8)
    for near, face in ((1, colour), (0, "white")):
        part = data["near"].values == near
        axes.plot(
            at[part],
            gap[part],
            linestyle="none",
            marker=style.marker(rank),
            markersize=3.0,
            color=colour,
            markerfacecolor=face,
            gid="near" if near else "beyond",
        )


def _draw_delocalisation(data: xr.Dataset, axes: Axes, height: float) -> None:
    length = float(data["delocalisation_length"])
    if not np.isfinite(length):
        return
    axes.axvspan(-length / 2, length / 2, color=style.QUIET, alpha=0.12, linewidth=0, zorder=0)
    ends = [-length / 2, length / 2]
    axes.plot(ends, [height, height], color="black", linewidth=1.5, gid="delocalisation")
    axes.annotate(
        f"L50\xa0=\xa0{length:.1f}\xa0nm",
        (length / 2, height),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        annotation_clip=False,
    )


def _said(data: xr.Dataset) -> list[str]:
    """Sentences above the axes."""
    label = str(data.attrs["condition_label"])
    if not int(data.attrs["state_test"]):
        return [label]
    value, low, high, margin, p, seen, local = (
        float(data[name])
        for name in (
            "gap_difference",
            "gap_difference_lower",
            "gap_difference_upper",
            "margin",
            "equivalence_p",
            "smallest_effect",
            "smallest_local_effect",
        )
    )
    if not np.isfinite(value):
        return [label, "No difference can be stated."]
    said = [
        label,
        f"At the boundary less beyond: {_mev(value)}\xa0meV (95\xa0%: {_mev(low)} to {_mev(high)})",
        _verdict(p, margin),
        f"{_mev(seen)}\xa0meV would have been seen (power 0.8)",
    ]
    width = float(data.attrs["boundary_width_nm"])
    if np.isfinite(local):
        said[-1] += f", or {_mev(local)}\xa0meV within a boundary {width:g}\xa0nm wide"
    return said


def _verdict(p: float, margin: float) -> str:
    shown = f"p\xa0=\xa0{p:.2g}" if p >= 0.001 else "p\xa0<\xa00.001"
    if p < SIGNIFICANT:
        return f"Equivalent within ±{_mev(margin)}\xa0meV ({shown})"
    return f"Not shown to be equivalent within ±{_mev(margin)}\xa0meV ({shown})"


def _mev(value_ev: float) -> str:
    return f"{1e3 * value_ev:.0f}".replace("-0", "0").replace("-", "−")


def _notes(name: str, product: xr.Dataset) -> list[str]:
    notes = []
    level = quality.level(product)
    if reasons := str(product["verdict"].attrs["reasons"]):
        said = reasons if level == "good" else f"{level} ({reasons})"
        notes += grouped([(said, name)])
    missing = int(product["line_gap"].isnull().sum())
    if 0 < missing < product.sizes["distance"]:
        notes += grouped([(f"{missing} of {product.sizes['distance']} points have no gap", name)])
    return notes


def _header_mm(data: xr.Dataset) -> float:
    return _inner_mm(data) - style.LETTER_MM


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM


def _body_mm(data: xr.Dataset) -> float:
    return ASPECT * float(data.attrs["width_mm"])
