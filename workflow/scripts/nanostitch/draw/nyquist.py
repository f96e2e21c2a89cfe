"""Panel kind ``nyquist``: impedance in the complex plane, with decades of frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch.draw import averaging, curves, lettering, si, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.label_places import Box, free_places
from nanostitch.draw.selection import Panel, Products, by_condition, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

MARGIN = 0.08
"""Free space around the data over the larger of their two ranges."""
FLATTEST = 0.5
"""Least height over width of the axes; the plane is widened upwards to it."""
APART_MM = 3.0
"""Least distance of two marks whose labels a reader can tell apart."""
POINT_PT, MARK_PT = 1.8, 4.0
"""Size of a measured point and of a decade of frequency."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce impedance spectra to −Im Z against Re Z, in the order of falling frequency.

    Both have the SI prefix that leaves the largest magnitude of all spectra between 1 and 1000.
    Decades of frequency are marked where the drawn line is at that frequency: Z between its two
    neighbours, linear in the logarithm of frequency.

    Returns
    -------
    xarray.Dataset
        ``resistance`` and ``reactance`` (acquisition, channel), the latter minus Im Z; with
        ``mark_decades`` also ``mark_frequency`` [Hz], ``mark_resistance``, ``mark_reactance``
        (acquisition, mark); with ``fit`` also ``fit_resistance`` and ``fit_reactance``
        (acquisition, fit_point).
    """
    found = by_condition(panel, products)
    spectra = {name: _spectrum(by_name["raw"]) for name, by_name in found}
    kept = {name: s for name, s in spectra.items() if s.shape[1] > 1}
    largest = si.largest(*(spectrum[1:] for spectrum in kept.values()))
    divisor, units = si.prefixed(largest, "ohm")
    drawn: dict[str, Curve | str] = {
        name: Curve(kept[name][1] / divisor, kept[name][2] / divisor)
        if name in kept
        else "fewer than two frequencies"
        for name in spectra
    }
    axes = Quantity("resistance", "Re Z", units), Quantity("reactance", "−Im Z", units)
    data = curves.assembled(panel, found, drawn, axes)
    if panel.options["fit"]:
        data = _with_fit(data, dict(found), divisor, units)
    if panel.options["mark_decades"]:
        marks = [_decades(kept[name]) for name in data["acquisition"].values]
        columns = zip(
            ("mark_frequency", "mark_resistance", "mark_reactance"),
            ("Decade of frequency", "Re Z at the decade", "−Im Z at the decade"),
            ("Hz", units, units),
            (1.0, divisor, divisor),
            strict=True,
        )
        for row, (name, text, unit, by) in enumerate(columns):
            rows = averaging.padded([mark[row] / by for mark in marks])
            data[name] = (("acquisition", "mark"), rows, style.described(text, unit))
    return data


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    wide, tall = _plane(data)[1]
    text = curves.legend_mm(_legend(data), data)
    return curves.inner_mm(data) * tall / wide + text + 4 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the spectra at equal scale of both axes, with larger symbols at decades."""
    across, up = data["resistance"].values, data["reactance"].values
    for number, rank in enumerate(data["condition_rank"].values.tolist()):
        look: dict[str, Any] = {"color": style.colour(rank), "marker": style.marker(rank)}
        axes.plot(across[number], up[number], linewidth=0.6, markersize=POINT_PT, **look)
        if "fit_resistance" in data:
            line = [data[f"fit_{name}"].values[number] for name in ("resistance", "reactance")]
            axes.plot(*line, color="black", linewidth=0.8, zorder=3)
        if "mark_frequency" in data:
            places = [data[f"mark_{name}"].values[number] for name in ("resistance", "reactance")]
            axes.plot(*places, linestyle="none", markersize=MARK_PT, **look)
    (left, bottom), (wide, tall) = _plane(data)
    axes.axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    axes.set_xlim(left, left + wide)
    axes.set_ylim(bottom, bottom + tall)
    axes.set_aspect("equal", adjustable="box", anchor="NW")
    room = curves.inner_mm(data)
    for axis, name, length in (
        (axes.xaxis, "resistance", room),
        (axes.yaxis, "reactance", room * tall / wide),
    ):
        si.linear(axis, length)
        axis.set_label_text(si.axis_label(data[name]))
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable spectrum")
    _draw_frequencies(data, axes)
    entries = _legend(data)
    if entries:
        texts = [text for _, text in entries]
        lettering.legend(axes, [h for h, _ in entries], texts, curves.inner_mm(data))


def _with_fit(
    data: xr.Dataset,
    found: Mapping[str, Mapping[str, xr.Dataset]],
    divisor: float,
    units: str,
) -> xr.Dataset:
    """Data with the line of each circuit, and a remark on spectra that have none."""
    names = [str(name) for name in data["acquisition"].values]
    circuits = [found[name]["circuit"] for name in names]
    for name, part, sign in (("resistance", "real", 1.0), ("reactance", "imag", -1.0)):
        rows = averaging.padded([sign * c[f"model_{part}"].values / divisor for c in circuits])
        described = style.described(f"{data[name].attrs['long_name']} of the circuit", units)
        data[f"fit_{name}"] = (("acquisition", "fit_point"), rows, described)
    why = [
        (f"no circuit ({one['verdict'].attrs['reasons']})", name)
        for name, one in zip(names, circuits, strict=True)
        if not np.isfinite(one["model_real"]).any()
    ]
    notes = [*str(data.attrs["notes"]).splitlines(), *grouped(why)]
    return data.assign_attrs(notes="\n".join(notes))


def _spectrum(raw: xr.Dataset) -> Values:
    """Frequency, Re Z and −Im Z as rows, from the highest frequency to the lowest."""
    rows: Values = np.stack(
        [
            raw["frequency"].values.astype("f8"),
            raw["impedance_real"].values.astype("f8"),
            -raw["impedance_imag"].values.astype("f8"),
        ]
    )
    rows = rows[:, np.isfinite(rows).all(0) & (rows[0] > 0)]
    return rows[:, np.argsort(-rows[0], kind="stable")]


def _decades(spectrum: Values) -> Values:
    """Decades of frequency within a spectrum, with Re Z and −Im Z there, as rows."""
    power = np.log10(spectrum[0])[::-1]
    # A sweep that ends at a decade may have stored it with a rounding error.
    whole = np.arange(np.ceil(power[0] - 1e-6), np.floor(power[-1] + 1e-6) + 1)
    return np.stack([10.0**whole, *(np.interp(whole, power, row[::-1]) for row in spectrum[1:])])


def _plane(data: xr.Dataset) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower left corner and extent of what is shown, not flatter and not taller than allowed."""
    ends = []
    for name in ("resistance", "reactance"):
        values = data[name].values[np.isfinite(data[name].values)]
        ends.append((min(0.0, *values), max(0.0, *values)) if values.size else (0.0, 1.0))
    spans = [high - low for low, high in ends]
    margin = MARGIN * max(spans) or 1.0
    wide, tall = (span + 2 * margin for span in spans)
    (left, _), (bottom, _) = ends
    wide, tall = max(wide, tall), max(tall, FLATTEST * wide)
    return (left - margin, bottom - margin), (wide, tall)


def _legend(data: xr.Dataset) -> list[tuple[Line2D, str]]:
    from matplotlib.lines import Line2D

    ranks = list(dict.fromkeys(data["condition_rank"].values.tolist()))
    entries = [
        (
            Line2D([], [], color=style.colour(r), marker=style.marker(r), linewidth=0.6),
            text,
        )
        for r, (_, text) in zip(ranks, curves.legend(data), strict=True)
    ]
    if entries and "fit_resistance" in data:
        line = Line2D([], [], color="black", linewidth=0.8)
        entries.append((line, "Black: equivalent circuit"))
    if entries and "mark_frequency" in data:
        handle = Line2D([], [], color=style.QUIET, marker="o", linestyle="none", markersize=MARK_PT)
        entries.append((handle, "Larger symbols: decades of frequency"))
    return entries


def _draw_frequencies(data: xr.Dataset, axes: Axes) -> None:
    """Name the marked frequencies that have room beside them, those high on an arc first."""
    if "mark_frequency" not in data:
        return
    (left, bottom), (wide, tall) = _plane(data)
    scale = curves.inner_mm(data) / wide
    corner = np.array([left, bottom])
    lines = [
        scale * (np.stack(pair, axis=-1) - corner)
        for pair in zip(data["resistance"].values, data["reactance"].values, strict=True)
    ]
    marks = np.stack([data["mark_resistance"].values, data["mark_reactance"].values], axis=-1)
    lines.append(scale * (np.array([[left, 0.0], [left + wide, 0.0]]) - corner))
    first = np.argsort(-data["mark_reactance"].values.ravel(), kind="stable")
    points = scale * (marks.reshape(-1, 2)[first] - corner)
    alone = _apart(points)
    texts = [_frequency(value) for value in data["mark_frequency"].values.ravel()[first][alone]]
    frame = Box(0, 0, scale * wide, scale * tall)
    places = free_places(points[alone], texts, lines, frame)
    for text, place in zip(texts, places, strict=True):
        if place is not None:
            x, y = corner + np.array(place) / scale
            axes.text(x, y, text, ha="center", va="center", color=style.QUIET)


def _apart(points: Values) -> list[int]:
    """Indices of points that have no earlier one of the list too near, in order."""
    alone: list[int] = []
    for number, point in enumerate(points):
        distances = np.hypot(*(points[alone] - point).T)
        if np.isfinite(point).all() and (distances >= APART_MM).all():
            alone.append(number)
    return alone


def _frequency(value: float) -> str:
    divisor, units = si.prefixed(value, "Hz")
    return f"{value / divisor:g}\xa0{si.spoken(units)}"
