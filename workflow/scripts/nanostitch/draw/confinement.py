"""Panel kind ``confinement``: measured gaps beside what crystals of a size would have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch.draw import band_gap, lettering, regions, si, style
from nanostitch.draw.selection import Panel, Products, about
from nanostitch.eels import confinement
from nanostitch.eels.confinement import GEOMETRIES, Semiconductor
from nanostitch.intervals import NORMAL_95

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ASPECT = 0.8
"""Height over width of the axes."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
CURVE_POINTS = 201
MARGIN = 0.08
"""Free space above and below the gaps over their range."""
ENDS = ("", "_lower", "_upper")
LOOKS: dict[str, dict[str, Any]] = {
    "cube": {"color": "#000000", "linestyle": "-"},
    "cube, Coulomb": {"color": "#888888", "linestyle": "-"},
    "slab": {"color": "#000000", "linestyle": (0, (4, 2))},
    "slab, Coulomb": {"color": "#888888", "linestyle": (0, (4, 2))},
}
"""How each model is drawn: geometry by line, Coulomb term by shade."""
NAMES = {
    "cube": "Cube, by edge",
    "cube, Coulomb": "Cube with Coulomb term",
    "slab": "Slab, by thickness",
    "slab, Coulomb": "Slab with Coulomb term",
}
MARKS = "bands and vertical bars are 95\xa0% intervals"


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Compute the models, and the length that each gives each measured gap.

    Returns
    -------
    xarray.Dataset
        ``model_gap`` (model, length) [eV]; ``band_gap`` with its bounds [eV], ``placed_length``
        and ``placed_sd`` [nm] (NaN where no length is declared) (acquisition);
        ``confinement_length`` with its bounds [nm] (acquisition, model), infinite where a gap is
        not above that of large crystals. The bounds hold the interval of the gap and the
        uncertainty of the bulk gap, not the choice of the model: that is what the models show.

    Raises
    ------
    BatchError
        If the lengths drawn descend.
    """
    shown = regions.parts(panel, products)
    estimator = [panel.options["estimator"]]
    rows = xr.concat([band_gap.summary(part, estimator) for part in shown], dim="acquisition")
    rows = rows.assign(regions.variables(panel, shown))
    notes = band_gap.notes(rows)
    data = rows.isel(estimator=0, drop=True)[["acquisition", *(f"band_gap{e}" for e in ENDS)]]
    data = data.assign(regions.variables(panel, shown))
    data["status"] = rows["status"].isel(estimator=0, drop=True)
    placed = {one["condition"]: one for one in panel.options["lengths"]}
    told = [placed.get(str(about(part.products)["condition"]), {}) for part in shown]
    for name, key, text in (
        ("placed_length", "length_nm", "Edge or thickness declared"),
        ("placed_sd", "sd_nm", "Its standard deviation"),
    ):
        values = [float(one.get(key, 0.0 if one else np.nan)) for one in told]
        data[name] = ("acquisition", values, style.described(text, "nm"))
    data = data.assign(_models(panel)).assign(_lengths(panel, data))
    for name, text in (("bulk_gap", "Bulk gap"), ("bulk_gap_uncertainty", "Its uncertainty")):
        data[name] = ((), panel.options[f"{name}_ev"], style.described(text, "eV"))
    spread = f"{100 * panel.options['size_spread']:g}\xa0%"
    said = f"{MARKS}; models average over sizes with a standard deviation of {spread}"
    return data.assign_attrs(notes="\n".join(filter(None, [said, notes])))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    texts = [text for _, text in _legend(data)]
    legend = lettering.height_mm(texts, _inner_mm(data) - lettering.HANDLE_MM)
    return ASPECT * _inner_mm(data) + legend + 3 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw models as curves; gaps as points at declared lengths, else as bands."""
    length = data["length"].values
    for name, gaps in zip(data["model"].values.tolist(), data["model_gap"].values, strict=True):
        axes.plot(length, gaps, linewidth=1.0, zorder=3, **LOOKS[name])
    bulk, unsure = float(data["bulk_gap"]), float(data["bulk_gap_uncertainty"])
    axes.axhspan(bulk - unsure, bulk + unsure, color=style.QUIET, alpha=0.12, linewidth=0)
    axes.axhline(bulk, color=style.QUIET, linewidth=0.6, linestyle=":")
    for number in range(data.sizes["acquisition"]):
        _draw_gap(data.isel(acquisition=number), axes)
    axes.set_xlim(float(length[0]), float(length[-1]))
    axes.set_ylim(*_shown_ev(data))
    axes.set_xlabel(si.axis_label(data["length"]))
    axes.set_ylabel("Band gap (eV)")
    si.linear(axes.xaxis, _inner_mm(data))
    si.linear(axes.yaxis, ASPECT * _inner_mm(data))
    entries = _legend(data)
    lettering.legend(axes, [h for h, _ in entries], [t for _, t in entries], _inner_mm(data))


def _models(panel: Panel) -> dict[str, Any]:
    low, high = panel.pair("length_window_nm")
    length = np.linspace(low, high, CURVE_POINTS)
    spread = panel.options["size_spread"]
    gaps = [confinement.gap_ev(length, *model, spread) for model in _crystals(panel).values()]
    return {
        "length": ("length", length, style.described("Edge length or thickness", "nm")),
        "model": ("model", list(LOOKS), {"long_name": "Model of confinement"}),
        "model_gap": (("model", "length"), gaps, style.described("Gap by the model", "eV")),
    }


def _crystals(panel: Panel) -> dict[str, tuple[confinement.Geometry, Semiconductor]]:
    """Geometry and crystal of each model, in the order of :data:`LOOKS`."""
    options = panel.options
    bulk, mass = options["bulk_gap_ev"], options["reduced_mass"]
    return {
        f"{geometry}{word}": (geometry, Semiconductor(bulk, mass, permittivity))
        for geometry in GEOMETRIES
        for word, permittivity in (("", None), (", Coulomb", options["permittivity"]))
    }


def _lengths(panel: Panel, data: xr.Dataset) -> dict[str, Any]:
    """Length of each gap by each model; the lower gap gives the upper length."""
    spread, models = panel.options["size_spread"], _crystals(panel).values()
    gap, low, high = (data[f"band_gap{end}"].values for end in ENDS)
    bulk = NORMAL_95 * panel.options["bulk_gap_uncertainty_ev"]
    wanted = {
        "": gap,
        "_lower": gap + np.hypot(high - gap, bulk),
        "_upper": gap - np.hypot(gap - low, bulk),
    }
    words = {"": "Length by the model", "_lower": "Lower 95 % bound", "_upper": "Upper 95 % bound"}
    return {
        f"confinement_length{end}": (
            ("acquisition", "model"),
            [[confinement.length_nm(float(one), *m, spread) for m in models] for one in gaps],
            style.described(words[end], "nm"),
        )
        for end, gaps in wanted.items()
    }


def _draw_gap(one: xr.Dataset, axes: Axes) -> None:
    gap, low, high = (float(one[f"band_gap{end}"]) for end in ENDS)
    if not np.isfinite(gap):
        return
    rank, at = int(one["condition_rank"]), float(one["placed_length"])
    colour = style.colour(rank)
    if np.isfinite(at):
        face = "white" if int(one["status"]) == band_gap.DOUBTFUL else colour
        axes.errorbar(
            at,
            gap,
            [[gap - low], [high - gap]],
            float(one["placed_sd"]) or None,
            marker=style.marker(rank),
            markersize=3.0,
            markerfacecolor=face,
            color=colour,
            elinewidth=0.8,
            zorder=4,
        )
        return
    axes.axhspan(low, high, color=colour, alpha=0.2, linewidth=0, zorder=1)
    dashed = int(one["status"]) == band_gap.DOUBTFUL
    axes.axhline(gap, color=colour, linewidth=0.8, linestyle="--" if dashed else "-", zorder=2)


def _shown_ev(data: xr.Dataset) -> tuple[float, float]:
    """Range of the vertical axis: all gaps measured, and the models where most of them run."""
    values = [data[f"band_gap{end}"].values for end in ENDS]
    measured = np.concatenate([*values, [float(data["bulk_gap"])]])
    gaps = data["model_gap"].values
    low = min(float(np.nanmin(measured)), float(gaps.min()))
    high = max(float(np.nanmax(measured)), float(gaps[:2].max()))
    margin = MARGIN * (high - low)
    return low - margin, high + margin


def _legend(data: xr.Dataset) -> list[tuple[Artist, str]]:
    from matplotlib.lines import Line2D

    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], linewidth=1.0, **LOOKS[name]), NAMES[name])
        for name in data["model"].values.tolist()
    ]
    gap, unsure = float(data["bulk_gap"]), float(data["bulk_gap_uncertainty"])
    bulk = f"Bulk, {gap:.2f}\xa0±\xa0{unsure:.2f}\xa0eV"
    entries.append((Line2D([], [], color=style.QUIET, linewidth=0.6, linestyle=":"), bulk))
    known = np.isfinite(data["band_gap"].values)
    for rank in dict.fromkeys(data["condition_rank"].values[known].tolist()):
        mine = known & (data["condition_rank"].values == rank)
        text = str(data["condition_label"].values[mine][0])
        number = f"(n\xa0=\xa0{int(mine.sum())})"
        placed = bool(np.isfinite(data["placed_length"].values[mine]).all())
        look: dict[str, Any] = {"marker": style.marker(rank), "markersize": 3.0} if placed else {}
        handle = Line2D([], [], color=style.colour(rank), linewidth=0.8, **look)
        entries.append((handle, f"{text} {number}"))
    return entries


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM
