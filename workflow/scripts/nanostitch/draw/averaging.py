"""Windows of spectra, and tables of curves of any length."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray


def within(spectrum: xr.DataArray, low: float, high: float) -> xr.DataArray:
    """Channels of a spectrum from one energy to another [eV], both included."""
    energy = spectrum["energy"]
    return spectrum.isel(energy=np.flatnonzero((energy >= low) & (energy <= high)))


def padded(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Put rows of any length below each other, filled up with NaN."""
    longest = max((row.size for row in rows), default=0)
    table = np.full((len(rows), longest), np.nan)
    for number, row in enumerate(rows):
        table[number, : row.size] = row
    return table
