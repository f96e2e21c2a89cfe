"""Averages of spectra over pixels, with the uncertainty of the average in each channel."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray


def mean(spectra: xr.DataArray) -> xr.DataArray:
    """Average over pixels; those without a value are left out."""
    return spectra.astype("f8").mean([dim for dim in spectra.dims if dim != "energy"])


def counting_uncertainty(uncertainty: xr.DataArray) -> xr.DataArray:
    """Propagate the standard uncertainty to the mean of mutually independent pixels."""
    pixels = [dim for dim in uncertainty.dims if dim != "energy"]
    variance: xr.DataArray = (uncertainty.astype("f8") ** 2).sum(pixels, min_count=1)
    return variance**0.5 / uncertainty.notnull().sum(pixels)


def scatter(counts: xr.DataArray) -> xr.DataArray:
    """Estimate the standard error of the mean between pixels; NaN for a single pixel."""
    pixels = [dim for dim in counts.dims if dim != "energy"]
    number = counts.notnull().sum(pixels)
    spread = counts.astype("f8").var(pixels) * number / (number - 1).where(number > 1)
    return (spread / number) ** 0.5


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
