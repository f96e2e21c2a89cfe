"""Simulated and real spectra with a zero-loss peak, for tests of the alignment."""

import numpy as np
import xarray as xr
from scipy.optimize import curve_fit
from scipy.special import ndtr

from nanostitch import schema

SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]


IDEAL = {**SETTINGS, "gain_spread": 0.0}
"""Settings for a camera whose channels are all alike."""


FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))


def labelled(counts: np.ndarray, energy: np.ndarray, **told: float | str) -> xr.Dataset:
    """Raw spectra with an axis in eV, and in nm where there are several."""
    dims = ("y", "x")[2 - (counts.ndim - 1) :]
    coords = {
        d: (d, np.arange(float(n)), {"units": "nm"})
        for d, n in zip(dims, counts.shape[:-1], strict=True)
    }
    coords["energy"] = ("energy", energy, {"units": "eV"})
    array = xr.DataArray(counts, coords, (*dims, "energy"), attrs={"units": "1"})
    return array.to_dataset(name="counts").assign_attrs(told)


def peak(energy: np.ndarray, centre: float, fwhm: float, electrons: float) -> np.ndarray:
    """Expected counts of a Gaussian peak, integrated over each channel."""
    width = energy[1] - energy[0]
    edges = np.append(energy - width / 2, energy[-1] + width / 2)
    return electrons * np.diff(ndtr((edges - centre) / (fwhm / FWHM_PER_SIGMA)))


def gaussian_centres(counts: xr.DataArray) -> np.ndarray:
    """Centre of each spectrum by a Gaussian fit of the core, independent of the alignment."""
    centres = []
    energy = counts["energy"].values
    for spectrum in counts.values.reshape(-1, energy.size):
        core = slice(spectrum.argmax() - 3, spectrum.argmax() + 4)
        start = (spectrum.max(), energy[spectrum.argmax()], 2 * (energy[1] - energy[0]))
        found, _ = curve_fit(
            lambda e, height, centre, sigma: height * np.exp(-0.5 * ((e - centre) / sigma) ** 2),
            energy[core],
            spectrum[core],
            start,
        )
        centres.append(found[1])
    return np.array(centres)


ENERGY = -0.6 + 0.01 * np.arange(512)
