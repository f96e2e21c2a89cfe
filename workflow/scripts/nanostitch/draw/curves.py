"""Curves of acquisitions on common axes: what the panel kinds of raw spectra and sweeps share.

A panel kind reduces each acquisition to a :class:`Curve` or to the reason why it has none;
:func:`assembled` puts them together, :func:`height_mm` and :func:`draw` are the second step.
Raw products have no verdict, so none is left out or called doubtful by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch.draw import averaging, lettering, si, style
from nanostitch.draw.selection import Panel, condition_variables, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

Found = Sequence[tuple[str, Mapping[str, xr.Dataset]]]
"""Acquisitions with their products, in the order drawn."""

ASPECT = 0.62
"""Height over width of the axes."""
AXIS_LABEL_MM = 13.0
"""Width that the labels of the vertical axis take."""
LOG_MARGIN = 1.5
"""Factor between the lowest or highest number drawn and the end of a logarithmic axis."""
SHADES = 0.5
"""Share of black and of white in the darkest and the lightest shade of one colour."""

LOOK: Mapping[str, str | float] = {
    "scale": "linear",
    "floor_percentile": 0.0,
    "labelled_by": "condition",
    "drawstyle": "default",
    "linewidth": 1.0,
}
"""How curves are drawn: vertical scale (linear or log), percentile of the positive numbers where
a logarithmic one starts, what has a legend entry (condition or acquisition), and how points are
joined."""


@dataclass(frozen=True)
class Curve:
    """What one acquisition contributes: points in the order in which they are joined."""

    x: Values
    y: Values


@dataclass(frozen=True)
class Quantity:
    """What one axis shows."""

    name: str
    long_name: str
    units: str


def assembled(
    panel: Panel,
    found: Found,
    curves: Mapping[str, Curve | str],
    axes: tuple[Quantity, Quantity],
    **look: str | float,
) -> xr.Dataset:
    """Put curves of any length into one table, and name in ``notes`` those that have none.

    Parameters
    ----------
    found
        Acquisitions with their products, sorted by condition.
    curves
        The curve of each acquisition, or the reason why it has none.
    axes
        What runs to the right and what upwards; their names become variables.
    **look
        What differs from :data:`LOOK`.

    Returns
    -------
    xarray.Dataset
        Both quantities (acquisition, channel), NaN where a curve is shorter, and
        ``condition_label``, ``condition_rank`` (acquisition).
    """
    drawn = [(name, by_name) for name, by_name in found if isinstance(curves[name], Curve)]
    kept = [curve for name, _ in drawn if isinstance(curve := curves[name], Curve)]
    columns = [[curve.x for curve in kept], [curve.y for curve in kept]]
    data = xr.Dataset(
        {
            quantity.name: (
                ("acquisition", "channel"),
                averaging.padded(rows),
                style.described(quantity.long_name, quantity.units),
            )
            for quantity, rows in zip(axes, columns, strict=True)
        }
    )
    notes = grouped((f"not drawn ({why})", n) for n, why in curves.items() if isinstance(why, str))
    names = {"horizontal": axes[0].name, "vertical": axes[1].name}
    return data.assign(condition_variables(panel, drawn)).assign_attrs(
        notes="\n".join(notes), **names, **{**LOOK, **look}
    )


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return _body_mm(data) + legend_mm(legend(data), data) + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw each curve, the labels of the axes, and a legend above them."""
    across, up = (data[data.attrs[name]] for name in ("horizontal", "vertical"))
    for number, look in enumerate(_looks(data)):
        axes.plot(
            across.values[number],
            up.values[number],
            drawstyle=data.attrs["drawstyle"],
            linewidth=float(data.attrs["linewidth"]),
            **look,
        )
    _set_scale(axes, data, up.values)
    tick(data, axes)
    axes.set_xlabel(si.axis_label(across))
    axes.set_ylabel(_upward_label(data))
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable curve")
    entries = legend(data)
    if entries:
        lettering.legend(axes, [h for h, _ in entries], [e for _, e in entries], inner_mm(data))


def tick(data: xr.Dataset, axes: Axes) -> None:
    """Tick both axes between their present ends."""
    for axis, room in ((axes.xaxis, inner_mm(data)), (axes.yaxis, _body_mm(data))):
        if axis.get_scale() == "linear":
            si.linear(axis, room)
        else:
            si.logarithmic(axis)


def legend(data: xr.Dataset) -> list[tuple[Line2D, str]]:
    """Handle and text of each entry: a condition with its n, or an acquisition."""
    from matplotlib.lines import Line2D

    looks = _looks(data)
    labels = [str(label) for label in data["condition_label"].values]
    if data.attrs["labelled_by"] == "acquisition":
        names = [
            f"{name} ({c})" for name, c in zip(data["acquisition"].values, labels, strict=True)
        ]
        return [(Line2D([], [], **look), name) for look, name in zip(looks, names, strict=True)]
    ranks = data["condition_rank"].values.tolist()
    remarks = remarks_by_condition(data)
    return [
        (
            Line2D([], [], **looks[ranks.index(rank)]),
            f"{labels[ranks.index(rank)]} (n\xa0=\xa0{ranks.count(rank)}{remarks.get(rank, '')})",
        )
        for rank in dict.fromkeys(ranks)
    ]


def remarks_by_condition(data: xr.Dataset) -> dict[int, str]:
    """What the legend adds to each condition: the range of the variable named ``stated``."""
    if "stated" not in data.attrs:
        return {}
    stated = data[data.attrs["stated"]]
    remarks = {}
    for rank in dict.fromkeys(data["condition_rank"].values.tolist()):
        values = stated.values[data["condition_rank"].values == rank]
        values = values[np.isfinite(values)]
        if values.size:
            ends = [f"{end:.3g}" for end in (values.min(), values.max())]
            units = si.spoken(str(stated.attrs["units"])).replace(" ", "\xa0")
            remarks[rank] = f", {'–'.join(dict.fromkeys(ends))}\xa0{units}"
    return remarks


def legend_mm(entries: Sequence[tuple[Line2D, str]], data: xr.Dataset) -> float:
    """Height of a legend [mm]."""
    return lettering.height_mm([text for _, text in entries], inner_mm(data) - lettering.HANDLE_MM)


def inner_mm(data: xr.Dataset) -> float:
    """Width of the axes, at least [mm]."""
    more = style.LINE_MM * _upward_label(data).count("\n")
    return float(data.attrs["width_mm"]) - AXIS_LABEL_MM - style.GAP_MM - more


def windowed(x: Values, y: Values, low: float, high: float) -> tuple[Values, Values]:
    """Points from one value of ``x`` to another, both included, in ascending order."""
    order = np.argsort(x, kind="stable")
    order = order[(x[order] >= low) & (x[order] <= high)]
    return x[order], y[order]


def _body_mm(data: xr.Dataset) -> float:
    return ASPECT * float(data.attrs["width_mm"])


def _upward_label(data: xr.Dataset) -> str:
    """Label of the vertical axis, no longer than the axis."""
    return lettering.wrapped(si.axis_label(data[data.attrs["vertical"]]), _body_mm(data))


def _set_scale(axes: Axes, data: xr.Dataset, values: Values) -> None:
    """Set the vertical scale; on a logarithmic one what is not positive lies below the axis."""
    positive = values[values > 0]
    if data.attrs["scale"] == "linear" or not positive.size:
        return
    low = float(np.percentile(positive, data.attrs["floor_percentile"])) / LOG_MARGIN
    high = float(positive.max()) * LOG_MARGIN
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(low, high)


def _looks(data: xr.Dataset) -> list[dict[str, Any]]:
    """Colour and line of each curve.

    Acquisitions that are told apart are shades of the colour of their condition, from dark to
    light.
    """
    ranks = data["condition_rank"].values.tolist()
    colours = [style.colour(rank) for rank in ranks]
    if data.attrs["labelled_by"] == "acquisition":
        places = [ranks[:number].count(rank) for number, rank in enumerate(ranks)]
        colours = [
            _shade(colour, place, ranks.count(rank))
            for colour, place, rank in zip(colours, places, ranks, strict=True)
        ]
    lines = [style.line(rank) for rank in ranks]
    return [{"color": c, "linestyle": line} for c, line in zip(colours, lines, strict=True)]


def _shade(colour: str, place: int, number: int) -> str:
    from matplotlib.colors import to_hex, to_rgb

    part = SHADES * (2 * place / (number - 1) - 1) if number > 1 else 0.0
    towards = 1.0 if part > 0 else 0.0
    red, green, blue = ((1 - abs(part)) * one + abs(part) * towards for one in to_rgb(colour))
    return str(to_hex((red, green, blue)))
