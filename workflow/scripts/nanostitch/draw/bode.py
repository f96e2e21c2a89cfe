"""Panel kind ``bode``: modulus, phase or Kramers-Kronig residuals against frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import averaging, curves, lettering, si, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

POINT_PT = 2.6
PER_CENT = 100.0
FREQUENCY = Quantity("frequency", "Frequency", "Hz")


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce spectra to points against frequency and, where asked for, the line of the circuit.

    The phase is drawn with its sign turned, so that a capacitor is at 90 degrees.

    Returns
    -------
    xarray.Dataset
        ``frequency`` [Hz] and ``modulus``, ``phase`` or ``residual`` (acquisition, channel); with
        a fit also ``fit``, with residuals also ``residual_imag``, of the same dims.
    """
    what = str(panel.options["quantity"])
    found = by_condition(panel, products)
    measured = {name: _points(by_name, what) for name, by_name in found}
    kept = [rows for rows in measured.values() if rows.shape[1] > 1]
    scale, quantity = _quantity(what, kept)
    drawn: dict[str, Curve | str] = {
        name: Curve(rows[0], rows[1] / scale) if rows.shape[1] > 1 else _why(dict(found)[name])
        for name, rows in measured.items()
    }
    look = {"scale": "log" if what == "modulus" else "linear"}
    data = curves.assembled(panel, found, drawn, (FREQUENCY, quantity), **look)
    second = "residual_imag" if what == "residuals" else "fit"
    if what == "residuals" or panel.options["fit"]:
        rows = averaging.padded([one[2] / scale for one in kept])
        described = style.described(_SECOND[second], quantity.units)
        data[second] = (("acquisition", "channel"), rows, described)
    doubts = [
        (f"doubtful ({by_name['circuit']['verdict'].attrs['reasons']})", name)
        for name, by_name in found
        if quality.level(by_name["circuit"]) == "doubtful"
    ]
    refused = [
        (f"no circuit ({by_name['circuit']['verdict'].attrs['reasons']})", name)
        for name, by_name in found
        if what != "residuals" and quality.level(by_name["circuit"]) == "bad"
    ]
    notes = [*str(data.attrs["notes"]).splitlines(), *grouped(doubts), *grouped(refused)]
    return data.assign_attrs(notes="\n".join(notes))


_SECOND = {"residual_imag": "Residual of the imaginary part", "fit": "Equivalent circuit"}


def _quantity(what: str, kept: list[Values]) -> tuple[float, Quantity]:
    """What to divide by, and what runs upwards."""
    if what == "modulus":
        divisor, units = si.prefixed(si.largest(*(rows[1] for rows in kept)), "ohm")
        return divisor, Quantity("modulus", "|Z|", units)
    if what == "phase":
        return 1.0, Quantity("phase", "−Phase", "degree")
    return 1 / PER_CENT, Quantity("residual", "Residual over |Z|", "percent")


def _points(by_name: Any, what: str) -> Values:
    """Frequency, what was measured, and the line or the second part, as rows."""
    raw, circuit = by_name["raw"], by_name["circuit"]
    z = raw["impedance_real"].values + 1j * raw["impedance_imag"].values
    model = circuit["model_real"].values + 1j * circuit["model_imag"].values
    rows = {
        "modulus": (np.abs(z), np.abs(model)),
        "phase": (-np.degrees(np.angle(z)), -np.degrees(np.angle(model))),
        "residuals": tuple(circuit[f"kk_residual_{part}"].values for part in ("real", "imag")),
    }[what]
    found: Values = np.stack([raw["frequency"].values.astype("f8"), *rows])
    return found[:, np.isfinite(found[:2]).all(axis=0)]


def _why(by_name: Any) -> str:
    return str(by_name["circuit"]["verdict"].attrs["reasons"]) or "fewer than two frequencies"


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    body = curves.height_mm(data) - curves.legend_mm(curves.legend(data), data)
    return body + curves.legend_mm(_legend(data), data)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw points of every spectrum against the logarithm of frequency, and lines of circuits."""
    name = str(data.attrs["vertical"])
    for number, rank in enumerate(data["condition_rank"].values.tolist()):
        one = data.isel(acquisition=number)
        look: dict[str, Any] = {"color": style.colour(rank), "marker": style.marker(rank)}
        points = {"linestyle": "none", "markersize": POINT_PT, **look}
        axes.plot(one["frequency"], one[name], **points)
        if "residual_imag" in data:
            axes.plot(one["frequency"], one["residual_imag"], markerfacecolor="white", **points)
        if "fit" in data:
            axes.plot(one["frequency"], one["fit"], color=style.colour(rank), linewidth=0.8)
    if name == "residual":
        axes.axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    axes.set_xscale("log")
    if data.attrs["scale"] == "log":
        axes.set_yscale("log")
    curves.tick(data, axes)
    _tick_frequency(data, axes)
    axes.set_xlabel(si.axis_label(data["frequency"]))
    axes.set_ylabel(si.axis_label(data[name]))
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable spectrum")
    entries = _legend(data)
    if entries:
        handles, texts = [h for h, _ in entries], [t for _, t in entries]
        lettering.legend(axes, handles, texts, curves.inner_mm(data))


def _tick_frequency(data: xr.Dataset, axes: Axes) -> None:
    """Label every decade, or every second or third where labels would touch."""
    from matplotlib.ticker import NullFormatter

    low, high = np.log10(axes.get_xlim())
    decades = np.arange(np.ceil(low), np.floor(high) + 1)
    for step in range(1, max(decades.size, 2)):
        texts = [si.number(10.0**power) for power in decades[::step]]
        if sum(lettering.line_mm(text) + si.TICK_GAP_MM for text in texts) <= curves.inner_mm(data):
            break
    axes.set_xticks(10.0 ** decades[::step], labels=texts)
    axes.xaxis.set_minor_formatter(NullFormatter())


def _legend(data: xr.Dataset) -> list[tuple[Line2D, str]]:
    from matplotlib.lines import Line2D

    ranks = list(dict.fromkeys(data["condition_rank"].values.tolist()))
    points: dict[str, Any] = {"linestyle": "none", "markersize": style.RC["lines.markersize"]}
    entries = [
        (Line2D([], [], color=style.colour(r), marker=style.marker(r), **points), text)
        for r, (_, text) in zip(ranks, curves.legend(data), strict=True)
    ]
    quiet: dict[str, Any] = {"color": style.QUIET}
    if entries and "fit" in data:
        entries.append((Line2D([], [], linewidth=0.8, **quiet), "Lines: equivalent circuit"))
    if entries and "residual_imag" in data:
        open_mark = Line2D([], [], marker="o", markerfacecolor="white", **points, **quiet)
        entries.append((open_mark, "Filled: real part; open: imaginary part"))
    return entries
