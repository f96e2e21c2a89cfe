"""Panel kind ``sphere``: what an integrating sphere sends to the spectrometer."""

from __future__ import annotations

import xarray as xr

from nanostitch.draw import curves
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition

height_mm = curves.height_mm
draw = curves.draw

LOOK: dict[str, str | float] = {
    "scale": "log",
    # Most of a spectrum is noise around zero, which would fill decades at the foot of the axis.
    "floor_percentile": 25.0,
    "labelled_by": "acquisition",
    "linewidth": 0.7,
}


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce spectra of an integrating sphere to counts over the window.

    The curves of one sample (blank, indirect, direct) share a condition, so each acquisition has
    an entry in the legend and a shade of its own. The axis is logarithmic: excitation and
    emission differ by decades. It starts at the lower quartile of the positive counts; what is
    below, such as noise around zero after a dark spectrum was subtracted, is not seen.

    Returns
    -------
    xarray.Dataset
        ``wavelength`` [nm] and ``intensity`` (acquisition, channel), ascending along the axis.

    Raises
    ------
    BatchError
        If the wavelength window descends.
    """
    found = by_condition(panel, products)
    drawn = {name: _curve(panel, by_name["raw"]) for name, by_name in found}
    axes = Quantity("wavelength", "Wavelength", "nm"), Quantity("intensity", "Counts", "1")
    return curves.assembled(panel, found, drawn, axes, **LOOK)


def _curve(panel: Panel, raw: xr.Dataset) -> Curve | str:
    wavelength, counts = curves.windowed(
        raw["wavelength"].values.astype("f8"),
        raw["intensity"].values.astype("f8"),
        *panel.pair("wavelength_window_nm"),
    )
    if not (counts > 0).any():
        return "no counts within the window"
    return Curve(wavelength, counts)
