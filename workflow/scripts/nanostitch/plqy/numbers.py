"""Numbers of a product: each with its unit and the bounds of its 95 % interval."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from nanostitch.intervals import NONE, Number
from nanostitch.intervals import variables as scalars
from nanostitch.plqy import judgement, peak, posterior
from nanostitch.plqy.windows import Values

MEASURES = ("quantum_yield", "quantum_yield_apparent", "absorptance", "reabsorbed_fraction")
"""Numbers that every product has; NaN where the curves for one are absent."""


def number(value: float, units: str = "1") -> xr.DataArray:
    """One number with its unit."""
    return xr.DataArray(float(value), attrs={"units": units})


def with_bounds(name: str, value: float, draws: Values) -> dict[str, xr.DataArray]:
    """A number with the 95 % interval of its draws; NaN with NaN bounds where it has none."""
    lower, upper = posterior.interval(draws)
    usable = np.isfinite(value) and np.isfinite(lower)
    return scalars({name: (value, lower, upper) if usable else NONE}, {name: "1"})


def peak_variables(found: Number) -> dict[str, xr.DataArray]:
    """Maximum of the emission [nm] with its bounds, as wavelength and as photon energy."""
    return scalars(
        {"emission_peak_wavelength": found, "emission_peak_energy": peak.energy(found)},
        {"emission_peak_wavelength": "nm", "emission_peak_energy": "eV"},
    )


def nothing(raised: Mapping[str, str]) -> xr.Dataset:
    """Product of curves from which nothing can be read, with the reasons."""
    measures = scalars(dict.fromkeys(MEASURES, NONE), dict.fromkeys(MEASURES, "1"))
    return xr.Dataset(peak_variables(NONE) | measures | judgement.judged(raised))
