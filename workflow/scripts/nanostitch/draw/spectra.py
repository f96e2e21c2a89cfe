"""Panel kind ``spectra``: normalised energy-loss spectra, their derivative and band gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import averaging, band_gap, lettering, regions, stack, style
from nanostitch.draw.regions import Part
from nanostitch.draw.selection import Panel, Products, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ASPECT = 0.62
"""Height over width of the axes, without the derivative."""
DERIVATIVE_SHARE = 0.55
"""Height of the derivative over that of the spectra above it."""
GAP_ROW_MM = 1.5
"""Height of one band gap in the strip between them."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""


@dataclass(frozen=True)
class _Curves:
    """What one spectrum contributes, or why it does not."""

    energy: Values
    intensity: Values
    uncertainty: Values
    derivative_energy: Values
    derivative: Values
    zlp_fwhm: float
    refused: str = ""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Normalise the spectra of each region of each acquisition.

    Every spectrum is divided by its own mean over the high end of the energy window
    (``normalise_fraction``). The derivative of the loss is divided by the mean of the loss over
    the same energies. The shaded uncertainty is one standard uncertainty of a channel by
    counting, that of the removed peak with it; that of the divisor is not in it, it would scale
    the curve as a whole. Spectra whose loss is of bad quality, or that have no signal where they
    are normalised, are named in ``notes`` and not drawn.

    Returns
    -------
    xarray.Dataset
        ``energy`` [eV], ``intensity``, ``intensity_uncertainty`` (acquisition, channel) and
        ``zlp_fwhm`` [meV] (acquisition); ``derivative_energy``, ``derivative`` [eV-1]
        (acquisition, derivative_channel) and ``band_gap`` with its bounds [eV] (acquisition) as
        the options ask. NaN pads shorter spectra.

    Raises
    ------
    BatchError
        If the energy window descends.
    """
    asked = regions.parts(panel, products)
    curves = [_curves(panel, part) for part in asked]
    shown = [part for part, curve in zip(asked, curves, strict=True) if not curve.refused]
    kept = [curve for curve in curves if not curve.refused]
    data = _assembled(panel, kept).assign(regions.variables(panel, shown))
    notes = _notes(asked, curves)
    if panel.options["band_gap"]:
        gaps, remarks = _gaps(panel, shown)
        data = data.assign(gaps)
        notes += [f"band gap {line}" for line in remarks.splitlines()]
    return data.assign_attrs(notes="\n".join(notes))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = lettering.height_mm(list(_labels(data).values()), _legend_mm(data))
    return sum(_parts_mm(data).values()) + text + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw spectra with shaded uncertainty; below them gap markers, then the derivatives."""
    stacked = stack.stacked(axes, _parts_mm(data))
    for row in range(data.sizes["acquisition"]):
        _draw_spectrum(data.isel(acquisition=row), axes)
        if "derivative" in stacked:
            _draw_derivative(data.isel(acquisition=row), stacked["derivative"])
    axes.set_xlim(*data["energy_window"].values)
    axes.set_ylabel(style.axis_label(data["intensity"]))
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable spectrum")
    if "gaps" in stacked:
        _draw_gaps(data, stacked["gaps"])
    if "derivative" in stacked:
        stacked["derivative"].axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
        stacked["derivative"].set_ylabel(style.axis_label(data["derivative"]))
    stack.lowest(stacked).set_xlabel(style.axis_label(data["energy"]))
    labels = _labels(data)
    lettering.legend(axes, [_handle(r) for r in labels], list(labels.values()), _legend_mm(data))


def _curves(panel: Panel, part: Part) -> _Curves:
    low, high = panel.pair("energy_window_ev")
    start = high - panel.options["normalise_fraction"] * (high - low)
    product = part.products["loss"]
    if quality.level(product) == "bad":
        return _refused(str(product["verdict"].attrs["reasons"]) or "verdict bad")
    loss, aligned = (regions.of_region(part.products[n], part.region) for n in ("loss", "aligned"))
    if loss is None or aligned is None:
        return _refused(regions.no_region(part, product))
    shown = aligned["counts"] if panel.options["signal"] == "counts" else loss["loss"]
    divisor, of_loss = (
        float(averaging.within(s, start, high).mean()) for s in (shown, loss["loss"])
    )
    if not (divisor > 0 and of_loss > 0):
        return _refused(f"no signal between {start:g} and {high:g} eV to normalise by")
    drawn, spread = (averaging.within(s, low, high) for s in (shown, loss["loss_uncertainty"]))
    slope = xr.DataArray(np.empty(0), coords={"energy": np.empty(0)}, dims="energy")
    if panel.options["derivative"]:
        gaps = regions.of_region(part.products["band_gap"], part.region)
        slope = slope if gaps is None else averaging.within(gaps["derivative"], low, high)
    return _Curves(
        energy=drawn["energy"].values,
        intensity=drawn.values / divisor,
        uncertainty=spread.values / divisor,
        derivative_energy=slope["energy"].values,
        derivative=slope.values / of_loss,
        zlp_fwhm=float(aligned["region_zlp_fwhm"]) * 1000,
    )


def _notes(asked: Sequence[Part], curves: Sequence[_Curves]) -> list[str]:
    both = list(zip(asked, curves, strict=True))
    notes = grouped((f"not drawn ({c.refused})", part.name) for part, c in both if c.refused)
    notes += grouped(
        (f"doubtful ({part.products['loss']['verdict'].attrs['reasons']})", part.name)
        for part, c in both
        if not c.refused and quality.level(part.products["loss"]) == "doubtful"
    )
    return notes


def _refused(reason: str) -> _Curves:
    none = np.empty(0)
    return _Curves(none, none, none, none, none, np.nan, reason)


def _assembled(panel: Panel, kept: Sequence[_Curves]) -> xr.Dataset:
    main, slope = ("acquisition", "channel"), ("acquisition", "derivative_channel")
    low, high = panel.pair("energy_window_ev")
    word = "Normalised loss" if panel.options["signal"] == "loss" else "Normalised counts"
    columns = {
        "energy": (main, [c.energy for c in kept], "Energy loss", "eV"),
        "intensity": (main, [c.intensity for c in kept], word, "1"),
        "intensity_uncertainty": (main, [c.uncertainty for c in kept], f"Of {word}", "1"),
    }
    if panel.options["derivative"]:
        columns |= {
            "derivative_energy": (slope, [c.derivative_energy for c in kept], "Energy loss", "eV"),
            "derivative": (slope, [c.derivative for c in kept], "Derivative", "eV-1"),
        }
    data = xr.Dataset(
        {
            name: (dims, averaging.padded(rows), style.described(text, units))
            for name, (dims, rows, text, units) in columns.items()
        }
    )
    data["energy_window"] = xr.DataArray(
        [low, high], dims="limit", attrs=style.described("Energies drawn", "eV")
    )
    fwhm = style.described("Full width of the zero-loss peak at half maximum", "meV")
    data["zlp_fwhm"] = xr.DataArray([c.zlp_fwhm for c in kept], dims="acquisition", attrs=fwhm)
    return data


def _gaps(panel: Panel, shown: Sequence[Part]) -> tuple[dict[str, xr.DataArray], str]:
    """Find the marked gap of each drawn spectrum, and remarks on those that have none."""
    if not shown:
        return {}, ""
    rows = [band_gap.summary(part, [panel.options["estimator"]]) for part in shown]
    all_gaps = xr.concat(rows, dim="acquisition").assign(regions.variables(panel, shown))
    marked = all_gaps.isel(estimator=0, drop=True)
    return {
        f"band_gap{end}": marked[f"band_gap{end}"] for end in ("", "_lower", "_upper")
    }, band_gap.notes(all_gaps)


def _parts_mm(data: xr.Dataset) -> dict[str, float]:
    """Axes below each other with the height that each asks for."""
    body = ASPECT * float(data.attrs["width_mm"])
    parts = {"spectra": body}
    if "band_gap" in data and (number := int(np.isfinite(data["band_gap"]).sum())):
        parts["gaps"] = GAP_ROW_MM * (number + 1)
    if "derivative" in data and data.sizes["acquisition"]:
        parts["derivative"] = DERIVATIVE_SHARE * body
    return parts


def _draw_spectrum(one: xr.Dataset, axes: Axes) -> None:
    rank = int(one["condition_rank"])
    energy, height, spread = (
        one[name].values for name in ("energy", "intensity", "intensity_uncertainty")
    )
    axes.fill_between(
        energy, height - spread, height + spread, color=style.colour(rank), alpha=0.3, linewidth=0
    )
    axes.plot(energy, height, color=style.colour(rank), linestyle=style.line(rank))


def _draw_derivative(one: xr.Dataset, axes: Axes) -> None:
    rank = int(one["condition_rank"])
    axes.plot(
        one["derivative_energy"].values,
        one["derivative"].values,
        color=style.colour(rank),
        linestyle=style.line(rank),
    )


def _draw_gaps(data: xr.Dataset, axes: Axes) -> None:
    """Mark each gap with its interval in a row of its own, beside the data and not on them."""
    shown = data.isel(acquisition=np.flatnonzero(np.isfinite(data["band_gap"])))
    for row in range(shown.sizes["acquisition"]):
        one = shown.isel(acquisition=row)
        rank = int(one["condition_rank"])
        ends = [float(one["band_gap_lower"]), float(one["band_gap_upper"])]
        colour = style.colour(rank)
        axes.plot(ends, [row, row], color=colour, linewidth=0.8)
        axes.plot(
            float(one["band_gap"]), row, marker=style.marker(rank), color=colour, markersize=2.2
        )
    axes.set_ylim(shown.sizes["acquisition"], -1)
    axes.set_yticks([0.5 * (shown.sizes["acquisition"] - 1)], ["Band gap"])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _handle(rank: int) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour(rank), linestyle=style.line(rank))


def _labels(data: xr.Dataset) -> dict[int, str]:
    """Legend entry of each condition by its rank: label, n, width of the zero-loss peak."""
    labels = {}
    for rank in dict.fromkeys(map(int, data["condition_rank"].values)):
        part = data.isel(acquisition=np.flatnonzero(data["condition_rank"] == rank))
        labels[rank] = (
            f"{part['condition_label'].values[0]} (n\xa0=\xa0{part.sizes['acquisition']}, "
            f"zero-loss FWHM\xa0{_range(part['zlp_fwhm'].values)}\xa0meV)"
        )
    return labels


def _range(values: Values) -> str:
    finite = values[np.isfinite(values)]
    ends = [f"{end:.0f}" for end in (finite.min(), finite.max())] if finite.size else ["unknown"]
    return "–".join(dict.fromkeys(ends))


def _legend_mm(data: xr.Dataset) -> float:
    taken = AXIS_LABEL_MM + style.GAP_MM
    return float(data.attrs["width_mm"]) - taken
