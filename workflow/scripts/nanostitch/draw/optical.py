"""Optical spectra as curves against wavelength or photon energy, with what was measured marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import photon, quality
from nanostitch.draw import curves, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_ENDS = ("", "_lower", "_upper")


def horizontal(panel: Panel) -> Quantity:
    """Describe what runs to the right of a panel of optical spectra."""
    if panel.options["axis"] == "energy":
        return Quantity("energy", "Photon energy", "eV")
    return Quantity("wavelength", "Wavelength", "nm")


def curve(panel: Panel, wavelength: Values, height: Values, word: str) -> Curve | str:
    """Curve on the panel's axis, normalised where that is asked for, or why there is none.

    Parameters
    ----------
    wavelength, height
        The spectrum within the window [nm], rising; ``height`` belongs to the axis drawn.
    word
        What ``height`` is called.
    """
    if not np.isfinite(height).any():
        return f"no {word} within the window"
    if panel.options["normalise"]:
        if not np.nanmax(height) > 0:
            return f"no positive {word} to normalise by"
        height = height / np.nanmax(height)
    if panel.options["axis"] == "energy":
        return Curve(photon.energy(wavelength)[::-1], height[::-1])
    return Curve(wavelength, height)


def marked(
    panel: Panel, found: curves.Found, data: xr.Dataset, product: str, name: str
) -> xr.Dataset:
    """Add the marked number of each drawn acquisition to a panel of curves.

    Parameters
    ----------
    found
        Acquisitions with their products.
    data
        What :func:`nanostitch.draw.curves.assembled` returned.
    product, name
        Product and variable that is marked, in eV or nm; it is converted to the panel's axis.

    Returns
    -------
    xarray.Dataset
        ``data`` with ``mark`` and its ends (acquisition), named in the legend of their condition;
        ``notes`` say what is marked, and which acquisitions lack it.
    """
    by_name = dict(found)
    energies = panel.options["axis"] == "energy"
    rows = [
        _number(by_name[str(one)][product], name, energies) for one in data["acquisition"].values
    ]
    ends = np.array(rows, dtype=float).reshape(-1, 3).T
    units = "eV" if energies else "nm"
    for end, values in zip(_ENDS, ends, strict=True):
        about = style.described(f"{name.replace('_', ' ')}{end}", units)
        data[f"mark{end}"] = xr.DataArray(values, dims="acquisition", attrs=about)
    lost = [
        (f"not marked ({_why(by_name[str(one)][product])})", str(one))
        for one, row in zip(data["acquisition"].values, rows, strict=True)
        if not np.isfinite(row[0])
    ]
    said = f"marked: {name.replace('_', ' ')} with its 95 % interval"
    notes = [*str(data.attrs["notes"]).splitlines(), said, *grouped(lost)]
    return data.assign_attrs(notes="\n".join(notes), stated="mark")


def draw_marks(data: xr.Dataset, axes: Axes) -> None:
    """Draw each mark as a line down from its curve, with its interval as a band behind it."""
    if "mark" not in data:
        return
    across, up = (data[data.attrs[name]].values for name in ("horizontal", "vertical"))
    for number, rank in enumerate(data["condition_rank"].values.tolist()):
        at, low, high = (float(data[f"mark{end}"][number]) for end in _ENDS)
        known = np.isfinite(across[number]) & np.isfinite(up[number])
        if not (np.isfinite(at) and known.any()):
            continue
        top = float(np.interp(at, across[number][known], up[number][known]))
        colour = style.colour(rank)
        axes.fill_betweenx([0, top], low, high, color=colour, alpha=0.3, linewidth=0)
        axes.plot([at, at], [0, top], color=colour, linestyle=style.line(rank), linewidth=0.6)
        axes.plot(at, top, marker=style.marker(rank), color=colour, markersize=2.2)


def _number(product: xr.Dataset, name: str, energies: bool) -> tuple[float, float, float]:
    if energies or name.endswith("wavelength"):
        value, low, high = (float(product[f"{name}{end}"]) for end in _ENDS)
        return value, low, high
    value, high, low = (photon.HC_EV_NM / float(product[f"{name}{end}"]) for end in _ENDS)
    return value, low, high


def _why(product: xr.Dataset) -> str:
    return str(product["verdict"].attrs["reasons"]) or quality.level(product)
