"""Coordinates in nm and eV from the axes of a file and what was told."""

from typing import Any

import numpy as np
import xarray as xr

from .model import Axis
from .told import Ledger
from .units import ev_per, nm_per

_ENERGY = {"eels": ("eV", 1.0, "Energy loss"), "edx": ("keV", 1e3, "X-ray energy")}
_DISTANCE = {
    "y": "Distance along the slow scan direction",
    "x": "Distance along the fast scan direction",
}


def step_nm(axis: Axis) -> float | None:
    """Pixel size in nm; None where the file has no scale or no unit of length."""
    unit = nm_per(axis.units)
    if unit is None or not np.isfinite(axis.scale) or axis.scale == 0:
        return None
    return abs(axis.scale) * unit


def distance(dim: str, axis: Axis, told_nm: float | None) -> xr.DataArray | None:
    """Distance along a scan direction [nm], rising with the index; None without a scale.

    A negative scale means that the scan ran against the instrument's stage axis. The order of
    the data is kept and the distance counts from the first point. A told pixel size counts
    from zero.
    """
    attrs: dict[str, Any] = {"units": "nm", "long_name": _DISTANCE[dim]}
    step = step_nm(axis)
    if told_nm is not None:
        return xr.DataArray(told_nm * np.arange(axis.size), dims=dim, attrs=attrs)
    if step is None:
        return None
    first = axis.offset * step / abs(axis.scale) if np.isfinite(axis.offset) else 0.0
    if axis.scale < 0:
        attrs["comment"] = (
            f"The scan ran against the stage axis, from {first:g} nm in steps of {-step:g} nm. "
            "Distance is counted from the first point."
        )
        first = 0.0
    return xr.DataArray(first + step * np.arange(axis.size), dims=dim, attrs=attrs)


def energy(axis: Axis, technique: str, ledger: Ledger) -> xr.DataArray:
    """Energy coordinate in the unit of the technique.

    Scale 1 from 0 without a unit is how libraries write "no scale", and is taken as that.

    Raises
    ------
    CalibrationError
        If scale, unit or energy of the first channel is neither stated nor told, or if the
        file contradicts itself about them and not both are told.
    """
    unit = ev_per(ledger.unit(axis.units))
    blank = ev_per(axis.units) is None and (axis.scale, axis.offset) == (1, 0)
    has_scale = not blank and bool(np.isfinite(axis.scale)) and axis.scale != 0
    step = ledger.value("dispersion_ev", _product(axis.scale if has_scale else None, unit))
    if step is None:
        if not has_scale:
            raise ledger.missing("scale of the energy axis", "dispersion_ev")
        raise ledger.missing("unit of the energy axis", "energy_unit")
    first = ledger.value("energy_offset_ev", _product(None if blank else axis.offset, unit))
    if first is None:
        raise ledger.missing("energy of the first channel", "energy_offset_ev")
    if axis.doubt and not ledger.rescaled_fully:
        raise ledger.doubted(axis.doubt)
    positions = first + step * np.arange(axis.size)
    if axis.values is not None and unit is not None and not ledger.rescaled:
        positions = axis.values * unit
    name, per, meaning = _ENERGY[technique]
    return xr.DataArray(positions / per, dims="energy", attrs={"units": name, "long_name": meaning})


def _product(value: float | None, unit: float | None) -> float | None:
    if value is None or unit is None or not np.isfinite(value):
        return None
    return value * unit
