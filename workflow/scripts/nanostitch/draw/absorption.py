"""Panel kind ``absorption``: absorbance against wavelength or photon energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import curves, optical
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = NDArray[np.float64]

CONVERTED = "−log₁₀ T"

height_mm = curves.height_mm


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce absorption spectra to absorbance over the window.

    What an instrument exported as transmittance T is drawn as −log₁₀ T, which the label of the
    axis says; where T is not positive there is no absorbance, and ``notes`` counts such points.
    With ``normalise`` each curve is divided by its maximum within the window. On an energy axis
    only the axis changes: absorbance is no density, so it takes no Jacobian. With ``inflection``
    the measured steepest rise is marked.

    Returns
    -------
    xarray.Dataset
        ``wavelength`` [nm] or ``energy`` [eV], and ``absorbance`` (acquisition, channel),
        ascending along the axis.

    Raises
    ------
    BatchError
        If the wavelength window descends.
    """
    found = by_condition(panel, products)
    drawn = {name: _curve(panel, by_name["raw"]) for name, by_name in found}
    converted = [name for name, by_name in found if "transmittance" in by_name["raw"]]
    word = "Normalised absorbance" if panel.options["normalise"] else "Absorbance"
    if converted:
        some = "" if len(converted) == len(found) else "partly "
        word = f"{word}, {some}{CONVERTED}"
    data = curves.assembled(
        panel, found, drawn, (optical.horizontal(panel), Quantity("absorbance", word, "1"))
    )
    lines = [*data.attrs["notes"].splitlines(), *grouped(_remarks(panel, found))]
    data = data.assign_attrs(notes="\n".join(lines))
    if panel.options["inflection"]:
        data = optical.marked(panel, found, data, "edge", "edge_inflection")
    return data


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the spectra, and the inflection of each edge where it is asked for."""
    optical.draw_marks(data, axes)
    curves.draw(data, axes)


def absorbance(raw: xr.Dataset) -> Values:
    """Absorbance of a raw product; −log₁₀ T of a transmittance, NaN where that is not positive."""
    if "absorbance" in raw:
        return raw["absorbance"].values.astype("f8")
    transmittance = raw["transmittance"].values.astype("f8")
    positive = np.where(transmittance > 0, transmittance, np.nan)
    result: Values = -np.log10(positive)
    return result


def _curve(panel: Panel, raw: xr.Dataset) -> Curve | str:
    return optical.curve(panel, *_within(panel, raw), "absorbance")


def _within(panel: Panel, raw: xr.Dataset) -> tuple[Values, Values]:
    wavelength = raw["wavelength"].values.astype("f8")
    return curves.windowed(wavelength, absorbance(raw), *panel.pair("wavelength_window_nm"))


def _remarks(panel: Panel, found: curves.Found) -> list[tuple[str, str]]:
    """Find the points that have no absorbance because no light came through."""
    remarks = []
    for name, by_name in found:
        if "transmittance" in by_name["raw"]:
            lost = int(np.isnan(_within(panel, by_name["raw"])[1]).sum())
            if lost:
                remarks.append(("points without absorbance, T not above 0", f"{name} ({lost})"))
    return remarks
