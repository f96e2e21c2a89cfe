"""Panel kind ``xray_spectrum``: X-ray counts against photon energy, with named lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch.draw import averaging, curves, lettering, si, stack, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.label_places import side_by_side
from nanostitch.draw.selection import Panel, Products, by_condition
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_WIDTH_PT = 0.7
"""Width of a spectrum's line, thin enough for peaks of a few channels."""
TICK_MM = 1.2
"""Length of the tick at the energy of a named line."""
FIT_NOTE = "black line: fitted model; dotted line: its bremsstrahlung"
RESIDUAL_SHARE = 0.3
"""Height of the residuals over that of the spectra."""
LEADER_MM = 2.0
"""Height over which a leader runs from the tick to its label."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce X-ray spectra to counts over the energy window.

    Pixels of a spectrum image are summed, so that counts stay counts.

    Returns
    -------
    xarray.Dataset
        ``energy`` [keV] and ``counts`` (acquisition, channel), ascending in energy; if lines are
        named, ``line_energy`` [keV] and ``line_label`` (line), ascending; with ``fit`` also
        ``fit_energy`` [keV], ``fit_counts``, ``fit_background`` and ``residual`` (acquisition,
        fit_channel).

    Raises
    ------
    BatchError
        If the energy window descends, or a named line lies outside it or finds no room.
    """
    found = by_condition(panel, products)
    drawn = {name: _curve(panel, by_name["raw"]) for name, by_name in found}
    axes = Quantity("energy", "Photon energy", "keV"), Quantity("counts", "X-ray counts", "1")
    data = curves.assembled(
        panel,
        found,
        drawn,
        axes,
        scale=panel.options["scale"],
        drawstyle="steps-mid",
        linewidth=LINE_WIDTH_PT,
    )
    if panel.options["fit"]:
        data = data.assign(_fits(panel, dict(found), data))
        notes = str(data.attrs["notes"]).splitlines()
        data.attrs["notes"] = "\n".join([*notes, FIT_NOTE] if data["residual"].size else notes)
    return data.assign(_lines(panel))


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return curves.height_mm(data) + _strip_mm(data) + _residual_mm(data)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw stepped spectra; above them the named lines, below them what a fit leaves."""
    body = curves.ASPECT * float(data.attrs["width_mm"]) + _strip_mm(data)
    parts = {"spectra": body} | ({"residual": _residual_mm(data)} if _residual_mm(data) else {})
    below = stack.stacked(axes, parts).get("residual")
    curves.draw(data, axes)
    if not data.sizes["acquisition"]:
        return
    axes.set_xlim(*_window(data))
    if data.attrs["scale"] == "linear":
        axes.set_ylim(bottom=0)
    if "line_energy" in data:
        _draw_lines(data, axes)
    curves.tick(data, axes)
    if below is not None:
        _draw_fits(data, axes, below)


def _curve(panel: Panel, raw: xr.Dataset) -> Curve | str:
    counts = raw["counts"]
    # A map would take eight times its memory as numbers of double precision.
    summed = counts.sum([dim for dim in counts.dims if dim != "energy"], dtype="f8")
    energy, height = curves.windowed(
        raw["energy"].values.astype("f8"), summed.values, *panel.pair("energy_window_kev")
    )
    return Curve(energy, height) if (height > 0).any() else "no counts within the window"


def _fits(
    panel: Panel, found: Mapping[str, Mapping[str, xr.Dataset]], data: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Model, bremsstrahlung and residuals of each spectrum that is drawn."""
    words = {
        "fit_energy": ("energy", "Photon energy", "keV"),
        "fit_counts": ("fitted_counts", "Fitted counts", "1"),
        "fit_background": ("background_counts", "Fitted bremsstrahlung", "1"),
        "residual": ("residual", "Residual over its standard deviation", "1"),
    }
    window = panel.pair("energy_window_kev")
    products = [found[str(name)]["composition"] for name in data["acquisition"].values]
    variables = {}
    for name, (source, text, units) in words.items():
        rows = [
            curves.windowed(p["energy"].to_numpy(), p[source].to_numpy(), *window)[1]
            for p in products
        ]
        variables[name] = xr.DataArray(
            averaging.padded(rows),
            dims=("acquisition", "fit_channel"),
            attrs=style.described(text, units),
        )
    return variables


def _residual_mm(data: xr.Dataset) -> float:
    """Height of the residuals below the spectra [mm]."""
    shown = "residual" in data and data["residual"].size
    return RESIDUAL_SHARE * curves.ASPECT * float(data.attrs["width_mm"]) if shown else 0.0


def _draw_fits(data: xr.Dataset, axes: Axes, below: Axes) -> None:
    """Draw model and bremsstrahlung on the counts, and residuals below them."""
    for row, rank in enumerate(data["condition_rank"].values.tolist()):
        one = data.isel(acquisition=row)
        energy = one["fit_energy"].to_numpy()
        axes.plot(energy, one["fit_counts"].to_numpy(), color="black", linewidth=0.5)
        background = one["fit_background"].to_numpy()
        axes.plot(energy, background, color="black", linewidth=0.6, linestyle=":")
        residual = one["residual"].to_numpy()
        below.plot(energy, residual, color=style.colour(rank), linewidth=0.4)
    below.axhline(0, color="black", linewidth=0.5)
    largest = float(np.nanmax(np.abs(data["residual"].to_numpy())))
    below.set_ylim(-1.1 * largest, 1.1 * largest)
    below.set_ylabel("Residual (σ)")
    below.set_xlabel(axes.get_xlabel())
    axes.set_xlabel("")
    axes.tick_params(axis="x", labelbottom=False)
    si.linear(below.yaxis, _residual_mm(data))


def _lines(panel: Panel) -> dict[str, xr.DataArray]:
    lines = sorted(panel.options["lines"], key=lambda line: float(line["energy_kev"]))
    if not lines:
        return {}
    low, high = panel.pair("energy_window_kev")
    outside = [line["label"] for line in lines if not low <= line["energy_kev"] <= high]
    room = int((panel.width_mm - curves.AXIS_LABEL_MM - style.GAP_MM) / style.LINE_MM)
    if outside or len(lines) > room:
        found = outside or [line["label"] for line in lines]
        raise BatchError(
            f"figures: {panel.field}: lines: found {found}; give at most {room}, all between "
            f"{low:g} and {high:g} keV"
        )
    return {
        "line_energy": xr.DataArray(
            [float(line["energy_kev"]) for line in lines],
            dims="line",
            attrs=style.described("Energy of the named X-ray line", "keV"),
        ),
        "line_label": xr.DataArray(
            [str(line["label"]) for line in lines],
            dims="line",
            attrs={"long_name": "Name of the X-ray line"},
        ),
    }


def _window(data: xr.Dataset) -> tuple[float, float]:
    """Energies from the first to the last that any spectrum or named line has [keV]."""
    drawn = [data[name].values.ravel() for name in ("energy", "line_energy") if name in data]
    energies = np.concatenate(drawn)
    energies = energies[np.isfinite(energies)]
    return (float(energies.min()), float(energies.max())) if energies.size else (0.0, 1.0)


def _strip_mm(data: xr.Dataset) -> float:
    """Height of the named lines above the spectra [mm]."""
    if "line_label" not in data:
        return 0.0
    longest = max(lettering.line_mm(str(label)) for label in data["line_label"].values)
    return longest + LEADER_MM + 2 * TICK_MM


def _draw_lines(data: xr.Dataset, axes: Axes) -> None:
    """Raise the upper limit by a strip and name the lines in it, each joined to its energy."""
    from matplotlib.transforms import blended_transform_factory

    strip = _strip_mm(data)
    tall = strip + curves.ASPECT * float(data.attrs["width_mm"])
    _raise_top(axes, strip / tall)
    low, high = axes.get_xlim()
    room = curves.inner_mm(data)
    energies = data["line_energy"].values
    wanted = ((energies - low) / (high - low) * room).tolist()
    above = 1 - (strip - np.cumsum([0.0, TICK_MM, LEADER_MM, 0.5 * TICK_MM])) / tall
    place = blended_transform_factory(axes.transData, axes.transAxes)
    for energy, at_mm, label in zip(
        energies, side_by_side(wanted, room), data["line_label"].values, strict=True
    ):
        at = low + at_mm / room * (high - low)
        axes.plot(
            [energy, energy, at],
            above[:3],
            transform=place,
            color=style.QUIET,
            linewidth=0.5,
            scalex=False,
            scaley=False,
        )
        axes.text(at, above[3], str(label), transform=place, rotation=90, ha="center", va="bottom")


def _raise_top(axes: Axes, share: float) -> None:
    """Move the upper limit so that what was drawn leaves a share of the height free above it."""
    bottom, top = axes.get_ylim()
    if axes.get_yscale() == "log":
        axes.set_ylim(bottom, bottom * (top / bottom) ** (1 / (1 - share)))
    else:
        axes.set_ylim(bottom, bottom + (top - bottom) / (1 - share))
