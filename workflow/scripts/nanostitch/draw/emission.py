"""Panel kind ``emission``: photoluminescence against wavelength or photon energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from nanostitch import photon
from nanostitch.draw import curves, optical
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

height_mm = curves.height_mm


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce emission spectra to intensity over the window.

    On an energy axis the intensity is one per energy: it is multiplied by λ²/hc, see
    :func:`nanostitch.photon.per_energy`, before anything else. With ``normalise`` each curve
    is divided by its maximum within the window. No background is subtracted. With ``peak`` the
    measured maximum is marked, per nm or per eV as the axis is.

    Returns
    -------
    xarray.Dataset
        ``wavelength`` [nm] or ``energy`` [eV], and ``intensity`` (acquisition, channel),
        ascending along the axis; without ``normalise`` in the unit of the product, on an energy
        axis times nm eV-1.

    Raises
    ------
    BatchError
        If the wavelength window descends.
    """
    found = by_condition(panel, products)
    drawn = {name: _curve(panel, by_name["raw"]) for name, by_name in found}
    data = curves.assembled(panel, found, drawn, (optical.horizontal(panel), _vertical(panel)))
    if panel.options["peak"]:
        name = "peak_energy" if panel.options["axis"] == "energy" else "peak_wavelength"
        data = optical.marked(panel, found, data, "emission", name)
    return data


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the spectra, and the peak of each where it is asked for."""
    optical.draw_marks(data, axes)
    curves.draw(data, axes)


def _vertical(panel: Panel) -> Quantity:
    on_energy = panel.options["axis"] == "energy"
    if panel.options["normalise"]:
        word = "Normalised PL per energy" if on_energy else "Normalised PL intensity"
        return Quantity("intensity", word, "1")
    word = "PL counts × λ²/hc" if on_energy else "PL counts"
    return Quantity("intensity", word, "nm eV-1" if on_energy else "1")


def _curve(panel: Panel, raw: xr.Dataset) -> Curve | str:
    wavelength, height = curves.windowed(
        raw["wavelength"].values.astype("f8"),
        raw["intensity"].values.astype("f8"),
        *panel.pair("wavelength_window_nm"),
    )
    if panel.options["axis"] == "energy":
        height = photon.per_energy(height, wavelength)
    return optical.curve(panel, wavelength, height, "intensity")
