"""Panel kind ``sphere``: what an integrating sphere sends to the spectrometer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import curves, lettering, style
from nanostitch.draw.curves import Curve, Quantity
from nanostitch.draw.selection import Panel, Products, by_condition
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

LOOK: dict[str, str | float] = {
    "scale": "log",
    # Most of a spectrum is noise around zero, which would fill decades at the foot of the axis.
    "floor_percentile": 25.0,
    "labelled_by": "acquisition",
    "linewidth": 0.7,
}
GAP = 3.0
"""Distance of channels, in usual ones, from which nothing was recorded between them."""
WINDOWS = {"excitation_window": "#CCCCCC", "emission_window": "#F5E3B5"}
"""Shades of the windows; the lighter one is that of the emission also in grey."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce spectra of an integrating sphere to counts over the window.

    The curves of one sample (blank, indirect, direct) share a condition, so each acquisition has
    an entry in the legend and a shade of its own. The axis is logarithmic: excitation and
    emission differ by decades. It starts at the lower quartile of the positive counts; what is
    below, such as noise around zero after a dark spectrum was subtracted, is not seen.

    With ``integration`` the one acquisition that is selected stands for its measurement: its
    blank, indirect and direct curve in photons, and the windows over which they were counted.

    Returns
    -------
    xarray.Dataset
        ``wavelength`` [nm] and ``intensity`` (acquisition, channel), ascending along the axis;
        with ``integration`` per nm, and ``excitation_window``, ``emission_window`` (edge) [nm],
        ``absorptance``, ``emitted`` (by the beam, per photon sent in) and ``yield``.

    Raises
    ------
    BatchError
        If the wavelength window descends, or several acquisitions are integrated in one panel.
    """
    found = by_condition(panel, products)
    if panel.options["integration"]:
        return _integrated(panel, found)
    drawn = {
        name: _curve(panel, by_name["raw"]["wavelength"], by_name["raw"]["intensity"])
        for name, by_name in found
    }
    axes = Quantity("wavelength", "Wavelength", "nm"), Quantity("intensity", "Counts", "1")
    return curves.assembled(panel, found, drawn, axes, **LOOK)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    more = [text for _, text in _areas(data)]
    room = curves.inner_mm(data) - lettering.HANDLE_MM
    return curves.height_mm(data) + lettering.height_mm(more, room)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw each curve, shaded windows where there are any, and a legend that states the numbers."""
    curves.draw(data, axes)
    areas = _areas(data)
    if not areas:
        return
    for name, shade in WINDOWS.items():
        low, high = data[name].values
        axes.axvspan(low, high, color=shade, linewidth=0, zorder=0)
    lines = curves.legend(data)
    handles: list[Artist] = [*(handle for handle, _ in lines), *(handle for handle, _ in areas)]
    texts = [*(text for _, text in lines), *(text for _, text in areas)]
    lettering.legend(axes, handles, texts, curves.inner_mm(data))


def _integrated(panel: Panel, found: curves.Found) -> xr.Dataset:
    if len(found) > 1:
        raise BatchError(
            f"figures: {panel.field}: integration: found {[name for name, _ in found]}; select one "
            "acquisition, that of the sample in the beam"
        )
    ((name, by_name),) = found
    product = by_name["quantum_yield"]
    if "photon_spectrum" not in product:
        return curves.assembled(panel, found, {name: _refusal(product)}, _axes("blank"), **LOOK)
    spectrum = product["photon_spectrum"]
    recorded = [str(one) for one in spectrum["curve"].values if _is_recorded(spectrum, str(one))]
    at = product["wavelength"]
    drawn = {one: _parted(_curve(panel, at, spectrum.sel(curve=one))) for one in recorded}
    unit = str(spectrum.attrs["relative_to"])
    each = [(one, by_name) for one in recorded]
    data = curves.assembled(panel, each, drawn, _axes(unit), **LOOK)
    emitted, absorptance = product["emission_photons"], float(product["absorptance"])
    more = emitted.sel(curve="direct") - (1 - absorptance) * emitted.sel(curve="indirect")
    numbers = {
        "absorptance": absorptance,
        "emitted": float(more) if unit == "blank" else np.nan,
        "yield": float(product["quantum_yield_apparent"]),
    }
    windows = {
        key: ("edge", product[key].values, style.described(key.replace("_", " "), "nm"))
        for key in WINDOWS
    }
    scalars = {
        key: ((), value, style.described(key.capitalize(), "1")) for key, value in numbers.items()
    }
    said = data.attrs["notes"]
    if quality.level(product) != "good":
        said = "\n".join(filter(None, [said, f"{name}: {_refusal(product)}"]))
    return data.assign(windows | scalars).assign_attrs(notes=said)


def _axes(unit: str) -> tuple[Quantity, Quantity]:
    of = "sent in" if unit == "blank" else f"of the {unit} curve's excitation"
    return (
        Quantity("wavelength", "Wavelength", "nm"),
        Quantity("intensity", f"Photons per photon {of}", "nm-1"),
    )


def _refusal(product: xr.Dataset) -> str:
    return f"{quality.level(product)} ({product['verdict'].attrs['reasons']})"


def _is_recorded(spectrum: xr.DataArray, curve: str) -> bool:
    return bool(spectrum.sel(curve=curve).notnull().any())


def _areas(data: xr.Dataset) -> list[tuple[Artist, str]]:
    """Handle and text of both windows; none where nothing was integrated."""
    if "emitted" not in data:
        return []
    from matplotlib.patches import Patch

    absorptance, emitted, yielded = (
        _share(float(data[name])) for name in ("absorptance", "emitted", "yield")
    )
    texts = {
        "excitation_window": f"absorptance {absorptance}",
        "emission_window": f"emitted by the beam {emitted}, apparent yield {yielded}",
    }
    return [(Patch(color=WINDOWS[name]), text) for name, text in texts.items()]


def _share(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{100 * value:.3g}\xa0%"


def _parted(curve: Curve | str) -> Curve | str:
    """Curve that is broken where nothing was recorded: between ranges of separate files."""
    if isinstance(curve, str) or curve.x.size < 2:
        return curve
    gaps = np.diff(curve.x)
    at = np.flatnonzero(gaps > GAP * np.median(gaps)) + 1
    return Curve(np.insert(curve.x, at, np.nan), np.insert(curve.y, at, np.nan))


def _curve(panel: Panel, wavelength: xr.DataArray, counts: xr.DataArray) -> Curve | str:
    known = counts.notnull().values
    position, height = curves.windowed(
        wavelength.values[known].astype("f8"),
        counts.values[known].astype("f8"),
        *panel.pair("wavelength_window_nm"),
    )
    if not (height > 0).any():
        return "no counts within the window"
    return Curve(position, height)
