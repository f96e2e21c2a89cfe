"""Panel kind ``current_voltage``: sweeps of current against voltage, with their direction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch.draw import averaging, curves, lettering, si, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition, grouped
from nanostitch.iv.sweep import legs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ARROW_AT = 0.72
"""Where on a leg its arrow stands: past the middle, so that the arrows of a forward and of a
backward leg do not stand on each other."""
ARROW_SPAN = 0.08
"""Length of the piece that gives an arrow its direction, over the leg's voltage range."""
HEAD = "-|>,head_length=0.7,head_width=0.32"
HEAD_PT = 7.0

FIT_POINTS = 101
"""Points of the line that shows a conductance, which a logarithmic axis bends."""
FIT_TEXT = "Ohmic window and conductance at 0\xa0V"


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce sweeps to points in the order in which they were recorded.

    The current has the SI prefix that leaves the largest magnitude of all sweeps between 1 and
    1000. On a logarithmic axis its magnitude is drawn. The legend states the sweep rate, on which
    a hysteresis depends, where the time of the points is known.
    With ``fit``, ``fit_voltage`` and ``fit_current`` (acquisition, fit_point) are the conductance
    over the ohmic window.

    Returns
    -------
    xarray.Dataset
        ``voltage`` [V], ``current`` and ``leg`` (acquisition, channel): the number of the piece
        between two turning points that a point belongs to; ``sweep_rate`` [mV s-1] (acquisition),
        the median between points, NaN without time.
    """
    found = by_condition(panel, products)
    drawn = {name: _curve(by_name["raw"]) for name, by_name in found}
    kept = [curve for curve in drawn.values() if isinstance(curve, Curve)]
    divisor, units = si.prefixed(si.largest(*(curve.y for curve in kept)), "A")
    logarithmic = panel.options["scale"] == "log"
    scaled = {
        name: Curve(curve.x, (np.abs(curve.y) if logarithmic else curve.y) / divisor)
        if isinstance(curve, Curve)
        else curve
        for name, curve in drawn.items()
    }
    word = "|Current|" if logarithmic else "Current"
    axes = Quantity("voltage", "Voltage", "V"), Quantity("current", word, units)
    data = curves.assembled(panel, found, scaled, axes, scale=panel.options["scale"])
    names = data["acquisition"].values
    rates = [_sweep_rate(dict(found)[name]["raw"]) for name in names]
    numbers = averaging.padded([legs(curve.x).astype("f8") for curve in kept])
    described = style.described("Piece of the sweep between turning points", "1")
    data["leg"] = (("acquisition", "channel"), numbers, described)
    data["sweep_rate"] = ("acquisition", rates, style.described("Sweep rate", "mV s-1"))
    data = data.assign_attrs(stated="sweep_rate")
    return _with_fit(data, dict(found), divisor) if panel.options["fit"] else data


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return curves.height_mm(data) + ("fit_current" in data) * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the sweeps, an arrow on each leg, and lines where voltage or current are zero."""
    axes.axvline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    if data.attrs["scale"] == "linear":
        axes.axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    curves.draw(data, axes)
    if "fit_current" in data:
        _draw_fit(data, axes)
    for number in range(data.sizes["acquisition"]):
        one = data.isel(acquisition=number)
        for leg in np.unique(one["leg"].values[np.isfinite(one["leg"].values)]):
            _draw_arrow(one.isel(channel=np.flatnonzero(one["leg"].values == leg)), axes)


def _with_fit(
    data: xr.Dataset, found: Mapping[str, Mapping[str, xr.Dataset]], divisor: float
) -> xr.Dataset:
    """Data with the line of each conductance, and a remark on those that have none."""
    names = [str(name) for name in data["acquisition"].values]
    products = [found[name]["conductance"] for name in names]
    limits = np.array([float(one["ohmic_limit"]) for one in products])
    voltage = limits[:, None] * np.linspace(-1.0, 1.0, FIT_POINTS)
    slope, offset = (
        np.array([float(one[name]) for one in products])
        for name in ("conductance", "offset_current")
    )
    current = (offset[:, None] + slope[:, None] * voltage) / divisor
    if data.attrs["scale"] == "log":
        current = np.abs(current)
    dims = ("acquisition", "fit_point")
    units = str(data["current"].attrs["units"])
    data["fit_voltage"] = (dims, voltage, style.described("Voltage in the ohmic window", "V"))
    data["fit_current"] = (dims, current, style.described("Current by the conductance", units))
    why = [
        (f"no conductance ({one['verdict'].attrs['reasons']})", name)
        for name, one, value in zip(names, products, slope, strict=True)
        if not np.isfinite(value)
    ]
    notes = [*str(data.attrs["notes"]).splitlines(), *grouped(why)]
    return data.assign_attrs(notes="\n".join(notes))


def _draw_fit(data: xr.Dataset, axes: Axes) -> None:
    """Draw conductances as dashed lines, and add them to the legend."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"color": "black", "linewidth": 0.8, "linestyle": (0, (3, 2))}
    for number in range(data.sizes["acquisition"]):
        one = data.isel(acquisition=number)
        axes.plot(one["fit_voltage"], one["fit_current"], **look)
    entries = [*curves.legend(data), (Line2D([], [], **look), FIT_TEXT)]
    handles, texts = [h for h, _ in entries], [t for _, t in entries]
    lettering.legend(axes, handles, texts, curves.inner_mm(data))


def _curve(raw: xr.Dataset) -> Curve | str:
    voltage, current = (raw[name].values.astype("f8") for name in ("voltage", "current"))
    known = np.isfinite(voltage) & np.isfinite(current)
    return Curve(voltage[known], current[known]) if known.sum() > 1 else "fewer than two points"


def _sweep_rate(raw: xr.Dataset) -> float:
    if "time" not in raw:
        return np.nan
    step = np.diff(raw["time"].values.astype("f8"))
    rise = np.abs(np.diff(raw["voltage"].values.astype("f8")))
    usable = (step > 0) & np.isfinite(rise)
    return float(1000 * np.median(rise[usable] / step[usable])) if usable.any() else np.nan


def _draw_arrow(leg: xr.Dataset, axes: Axes) -> None:
    voltage, current = leg["voltage"].values, leg["current"].values
    travelled = np.abs(voltage - voltage[0])
    if not travelled[-1] > 0:
        return
    ends = [
        int(np.argmin(np.abs(travelled - share * travelled[-1])))
        for share in (ARROW_AT - ARROW_SPAN, ARROW_AT)
    ]
    if ends[0] == ends[1]:
        ends[0] = max(0, ends[1] - 1)
    colour = style.colour(int(leg["condition_rank"]))
    axes.annotate(
        "",
        xy=(voltage[ends[1]], current[ends[1]]),
        xytext=(voltage[ends[0]], current[ends[0]]),
        arrowprops={
            "arrowstyle": HEAD,
            "color": colour,
            "linewidth": 0,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": HEAD_PT,
        },
    )
