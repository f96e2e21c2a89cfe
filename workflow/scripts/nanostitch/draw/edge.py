"""Panel kind ``edge``: measured absorption edges, their fits, slopes or Tauc lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import averaging, curves, lettering, si, stack, style
from nanostitch.draw.selection import Panel, Products, by_condition, condition_variables, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ASPECT = 0.5
"""Height over width of the curves."""
RESIDUAL_SHARE = 0.4
"""Height of the residuals over that of the curves."""
ROW_MM = 1.6
"""Height of one number in the strip below the curves."""
MARKS: Mapping[str, Mapping[str, str]] = {
    "elliott": {"exciton_energy": "Exciton", "edge_energy": "Edge"},
    "derivative": {"edge_inflection": "Inflection"},
    "tauc": {"tauc_gap": "Tauc"},
}
"""Numbers in the strip of each form, with their names."""
TAUC_NOTE = (
    "Tauc lines are for comparison with the literature: the edge of nanocrystals is no power of "
    "E − Eg, and its intercept is neither gap nor exciton"
)
_LEVEL = 0.6
"""Share of the edge's height through which a Tauc line is drawn."""
_PER_MILLE = 1e3
_ENDS = ("", "_lower", "_upper")


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce measured edges to their curves within the window.

    Returns
    -------
    xarray.Dataset
        ``energy`` [eV] and ``signal`` (acquisition, channel); with form ``elliott`` also
        ``fit``, ``exciton`` and ``residual`` (in thousandths of absorbance), with ``tauc`` the
        ends ``line_energy``, ``line_signal`` (acquisition, exponent, end) of its lines.
        ``mark`` and its ends [eV] (acquisition, row): the numbers of the strip.

    Raises
    ------
    BatchError
        If the energy window descends.
    """
    found = by_condition(panel, products)
    low, high = panel.pair("energy_window_ev")
    drawn = [(name, one) for name, one in found if quality.level(one["edge"]) != "bad"]
    form = str(panel.options["form"])
    rows = [_curves(one["edge"], form, low, high) for _, one in drawn]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS[form]}
    data = xr.Dataset(
        {
            name: (
                ("acquisition", "channel"),
                averaging.padded(columns[name]),
                style.described(*said),
            )
            for name, said in _COLUMNS[form].items()
        }
    )
    data["window"] = xr.DataArray(
        [low, high], dims="limit", attrs=style.described("Energies drawn", "eV")
    )
    names, numbers = _numbers([one["edge"] for _, one in drawn], form)
    for end, values in zip(_ENDS, np.moveaxis(numbers, -1, 0), strict=True):
        about = style.described(f"Number in the strip{end}", "eV")
        data[f"mark{end}"] = (("acquisition", "row"), values, about)
    if form == "tauc":
        data = data.assign(_lines(data))
    notes = grouped(
        (f"not drawn ({one['edge']['verdict'].attrs['reasons']})", name)
        for name, one in found
        if quality.level(one["edge"]) == "bad"
    )
    notes += grouped(
        (f"doubtful ({one['edge']['verdict'].attrs['reasons']})", name)
        for name, one in drawn
        if quality.level(one["edge"]) == "doubtful"
    )
    notes += [TAUC_NOTE] if form == "tauc" else []
    return data.assign(condition_variables(panel, drawn)).assign_attrs(
        notes="\n".join(notes), form=form, rows="|".join(names)
    )


_ENERGY = ("Photon energy", "eV")
_COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "elliott": {
        "energy": _ENERGY,
        "signal": ("Absorbance", "1"),
        "fit": ("Elliott fit", "1"),
        "exciton": ("Its excitons", "1"),
        "residual": ("Residual × 10³", "1"),
    },
    "derivative": {"energy": _ENERGY, "signal": ("Normalised slope", "1")},
    "tauc": {
        "energy": _ENERGY,
        "signal": ("Normalised (A·E)²", "1"),
        "linear": ("Normalised A·E", "1"),
    },
}


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    text = lettering.height_mm([text for _, text in _legend(data)], _inner_mm(data))
    return sum(_parts_mm(data).values()) + text + 2 * style.LINE_MM


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw curves with their models, the strip of numbers, and residuals."""
    stacked = stack.stacked(axes, _parts_mm(data))
    for number, rank in enumerate(data["condition_rank"].values.tolist()):
        _draw_one(data.isel(acquisition=number), rank, stacked)
    axes.set_xlim(*data["window"].values)
    axes.set_ylabel(_upward(data))
    axes.axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
    if not data.sizes["acquisition"]:
        lettering.nothing(axes, "no usable edge")
    if "strip" in stacked:
        _draw_strip(data, stacked["strip"])
    if "residual" in stacked:
        stacked["residual"].axhline(0, color=style.QUIET, linewidth=0.5, zorder=0)
        stacked["residual"].set_ylabel(style.axis_label(data["residual"]))
    lowest = stack.lowest(stacked)
    lowest.set_xlabel(style.axis_label(data["energy"]))
    si.linear(lowest.xaxis, _inner_mm(data))
    entries = _legend(data)
    if entries:
        handles, texts = [h for h, _ in entries], [t for _, t in entries]
        lettering.legend(axes, handles, texts, _inner_mm(data))


def _curves(edge: xr.Dataset, form: str, low: float, high: float) -> dict[str, Values]:
    inside = edge.isel(energy=(edge["energy"] >= low) & (edge["energy"] <= high))
    energy, absorbance = inside["energy"].to_numpy(), inside["absorbance"].to_numpy()
    if form == "derivative":
        slope = inside["derivative"].to_numpy()
        return {"energy": energy, "signal": slope / np.nanmax(slope)}
    exciton = inside["exciton_absorbance"].to_numpy()
    continuum = inside["continuum_absorbance"].to_numpy()
    fit = exciton + continuum
    if form == "elliott":
        residual = _PER_MILLE * (absorbance - fit)
        return {
            "energy": energy,
            "signal": absorbance,
            "fit": fit,
            "exciton": exciton,
            "residual": residual,
        }
    step = np.nanmax(fit)
    shown = np.maximum(absorbance * energy, 0) / (step * energy[np.nanargmax(fit)])
    shown = np.where(absorbance <= step, shown, np.nan)
    return {"energy": energy, "signal": shown**2, "linear": shown}


def _numbers(edges: Sequence[xr.Dataset], form: str) -> tuple[list[str], Values]:
    """Names of the rows of the strip, and value with ends: (acquisition, row, 3)."""
    if form == "tauc":
        exponents = edges[0]["tauc_exponent"].to_numpy() if edges else np.empty(0)
        names = [f"Power {exponent:g}" for exponent in exponents]
        found = [np.stack([e[f"tauc_gap{end}"].to_numpy() for end in _ENDS], -1) for e in edges]
    else:
        names = list(MARKS[form].values())
        found = [
            np.array([[float(edge[f"{name}{end}"]) for end in _ENDS] for name in MARKS[form]])
            for edge in edges
        ]
    return names, np.array(found, dtype=float).reshape(len(edges), len(names), 3)


def _lines(data: xr.Dataset) -> dict[str, tuple[tuple[str, ...], Values, dict[str, str]]]:
    """Ends of the Tauc lines: on zero, and where the signal has a share of the edge's height."""
    ends = np.full((data.sizes["acquisition"], 2, 2), np.nan)
    for number in range(data.sizes["acquisition"]):
        linear = data["linear"].values[number]
        above = np.flatnonzero(linear >= _LEVEL)
        if above.size and data.sizes["row"]:
            ends[number, 0] = (
                data["mark"].values[number, 0],
                data["energy"].values[number, above[0]],
            )
            ends[number, 1] = 0.0, linear[above[0]] ** 2
    about = (style.described("Photon energy", "eV"), style.described("Tauc line", "1"))
    return {
        name: (("acquisition", "end"), ends[:, row], said)
        for row, (name, said) in enumerate(zip(("line_energy", "line_signal"), about, strict=True))
    }


def _parts_mm(data: xr.Dataset) -> dict[str, float]:
    """Axes below each other with the height that each asks for."""
    body = ASPECT * float(data.attrs["width_mm"])
    parts = {"curves": body}
    rows = data.sizes["acquisition"] * data.sizes["row"]
    if rows:
        parts["strip"] = max(ROW_MM * (rows + 1), style.LINE_MM * data.sizes["row"])
    if "residual" in data and rows:
        parts["residual"] = RESIDUAL_SHARE * body
    return parts


def _draw_one(one: xr.Dataset, rank: int, stacked: Mapping[str, Axes]) -> None:
    energy, signal = one["energy"].values, one["signal"].values
    colour, axes = style.colour(rank), stacked["curves"]
    if "fit" not in one:
        axes.plot(energy, signal, color=colour, linestyle=style.line(rank))
        if "line_energy" in one:
            axes.plot(one["line_energy"].values, one["line_signal"].values, color="black", lw=0.6)
        return
    axes.plot(energy, signal, ".", color=colour, markersize=2.0)
    axes.plot(energy, one["fit"].values, color="black", linewidth=0.6)
    axes.plot(energy, one["exciton"].values, color=colour, linestyle=":", linewidth=0.8)
    stacked["residual"].plot(energy, one["residual"].values, color=colour, linewidth=0.6)


def _draw_strip(data: xr.Dataset, axes: Axes) -> None:
    """Draw each number with its interval in a row of its own, sorted by what it is."""
    names, size = data.attrs["rows"].split("|"), data.sizes["acquisition"]
    for row in range(len(names)):
        for number, rank in enumerate(data["condition_rank"].values.tolist()):
            at, low, high = (float(data[f"mark{end}"][number, row]) for end in _ENDS)
            y, colour = row * size + number, style.colour(rank)
            axes.plot([low, high], [y, y], color=colour, linewidth=0.8)
            axes.plot(at, y, marker=style.marker(rank), color=colour, markersize=2.2)
    axes.set_ylim(len(names) * size - 0.4, -0.6)
    axes.set_yticks([row * size + 0.5 * (size - 1) for row in range(len(names))], names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _legend(data: xr.Dataset) -> list[tuple[Line2D, str]]:
    """Handle and text of each condition with its n, then what lines mean."""
    from matplotlib.lines import Line2D

    dotted = data.attrs["form"] == "elliott"
    look: dict[str, Any] = {"marker": ".", "linestyle": "none"} if dotted else {}
    ranks = data["condition_rank"].values.tolist()
    labels = [str(label) for label in data["condition_label"].values]
    entries = [
        (
            Line2D([], [], color=style.colour(r), **(look or {"linestyle": style.line(r)})),
            f"{labels[ranks.index(r)]} (n\xa0=\xa0{ranks.count(r)})",
        )
        for r in dict.fromkeys(ranks)
    ]
    if dotted and entries:
        line = Line2D([], [], color="black", linewidth=0.6)
        entries.append((line, "Elliott fit; dotted: its excitons"))
    return entries


def _upward(data: xr.Dataset) -> str:
    height = ASPECT * float(data.attrs["width_mm"])
    return lettering.wrapped(style.axis_label(data["signal"]), height)


def _inner_mm(data: xr.Dataset) -> float:
    return float(data.attrs["width_mm"]) - curves.AXIS_LABEL_MM - style.GAP_MM
