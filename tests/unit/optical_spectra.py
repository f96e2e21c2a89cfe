"""Absorption and emission of simulated ensembles of nanocrystals, with their answers.

Crystals have normal sizes; their confinement goes as 1/L^2, so that the lines of an ensemble are
skewed. Nothing here is shared with the virtual laboratory or with the analysis.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtr

HC = 1239.8419843
CRYSTALS = 4000


@dataclass(frozen=True)
class Ensemble:
    """Energies of crystals [eV], weights by volume, width of one crystal's line (1 sd) [eV]."""

    exciton: np.ndarray
    weight: np.ndarray
    width: float

    @property
    def mean(self) -> float:
        return float(np.average(self.exciton, weights=self.weight))


def ensemble(random: np.random.Generator, shift: float = 0.0) -> Ensemble:
    """Crystals of about 8 nm whose sizes spread by 5 to 15 %, in a line of 60 to 85 meV."""
    spread = random.uniform(0.05, 0.15)
    size = 8.1 * np.clip(1 + spread * random.standard_normal(CRYSTALS), 0.5, 1.5)
    exciton = 2.30 + shift + random.uniform(0, 0.01) + 0.115 * (8.1 / size) ** 2
    return Ensemble(exciton, size**3, random.uniform(0.060, 0.085) / 2.3548)


def edge(
    crystals: Ensemble, energy: np.ndarray, binding: float, strength: float, growth: float
) -> np.ndarray:
    """Elliott's edge of height 1, crystal by crystal, broadened as one line is."""
    found = np.zeros(energy.shape)
    share, bins = np.histogram(crystals.exciton, bins=200, weights=crystals.weight)
    centres = np.histogram(crystals.exciton, bins=bins, weights=crystals.weight * crystals.exciton)[
        0
    ] / np.maximum(share, 1e-99)
    for exciton, weight in zip(centres[share > 0], share[share > 0] / share.sum(), strict=True):
        gap = exciton + binding
        for number in range(1, 8):
            z = (energy - gap + binding / number**2) / crystals.width
            line = np.exp(-0.5 * z**2) / (crystals.width * np.sqrt(2 * np.pi))
            found += weight * 2 * binding * strength / number**3 * line
        above = np.maximum(energy - gap, 1e-9)
        sommerfeld = 1 / (1 - np.exp(-2 * np.pi * np.sqrt(binding / above)))
        found += weight * ndtr((energy - gap) / crystals.width) * sommerfeld * (1 + growth * above)
    return found


def absorption(random: np.random.Generator) -> tuple[xr.Dataset, xr.Dataset, dict[str, float]]:
    """Raw spectrum, that of its solvent, and the true numbers.

    Binding and strength of the exciton are drawn from what the settings say is known of them.
    """
    wavelength = np.arange(300.0, 801.0)
    crystals = ensemble(random)
    binding = 0.035 * 2.0 ** random.standard_normal()
    strength, growth = 1.8 ** random.standard_normal(), random.uniform(-0.5, 2.0)
    height = random.uniform(0.05, 0.5)
    at_edge = edge(crystals, HC / wavelength, binding, strength, growth)
    scatter = random.uniform(0, 0.02) * (500 / wavelength) ** random.uniform(2, 4)
    drift = 0.002 * random.standard_normal() + 0.001 * random.standard_normal() * (
        (wavelength - 600) / 100
    )
    cuvette = 0.04 + np.exp((285 - wavelength) / 6)
    noise = 10 ** random.uniform(-4.3, -3.5)
    fine = np.arange(2.2, 2.6, 5e-4)
    rise = np.gradient(edge(crystals, fine, binding, strength, growth), fine)
    truth = {
        "edge_energy": crystals.mean + binding,
        "exciton_energy": crystals.mean,
        "edge_inflection": _top(fine, rise),
        "optical_density": height * float(np.interp(400, wavelength, at_edge)),
    }
    parts = (height * at_edge + scatter + drift + cuvette, cuvette)
    raw, solvent = (_scan(random, wavelength, part, noise) for part in parts)
    return raw, solvent, truth


def _top(position: np.ndarray, values: np.ndarray) -> float:
    """Highest point, between points by a parabola."""
    at = slice(int(values.argmax()) - 1, int(values.argmax()) + 2)
    bend, slope, _ = np.polyfit(position[at] - position[at][1], values[at], 2)
    return float(position[at][1] - slope / (2 * bend))


def _scan(
    random: np.random.Generator, wavelength: np.ndarray, absorbance: np.ndarray, noise: float
) -> xr.Dataset:
    seen = absorbance + noise * 10 ** (absorbance / 2) * random.standard_normal(wavelength.size)
    return spectrum(wavelength, absorbance=seen)


def spectrum(wavelength: np.ndarray, **curves: np.ndarray) -> xr.Dataset:
    """Curves along wavelength as the raw door hands them over."""
    return xr.Dataset(
        {name: ("wavelength", values, {"units": "1"}) for name, values in curves.items()},
        {"wavelength": ("wavelength", wavelength, {"units": "nm"})},
    )


def line(crystals: Ensemble, energy: np.ndarray) -> np.ndarray:
    """Emission of an ensemble per eV, of unit area."""
    share, bins = np.histogram(crystals.exciton, bins=400, weights=crystals.weight)
    centre = (bins[1:] + bins[:-1]) / 2
    z = (energy[:, None] - centre) / crystals.width
    each = np.exp(-0.5 * z**2) / (crystals.width * np.sqrt(2 * np.pi))
    return np.asarray(each @ share / share.sum())


def emission(random: np.random.Generator) -> tuple[xr.Dataset, dict[str, float]]:
    """Raw emission spectrum with a lamp that drifts, a background and Raman light, and the truth.

    The monochromator's band pass is drawn from the range that the settings allow for.
    """
    wavelength = np.arange(420.0, 701.0)
    crystals = ensemble(random, shift=-0.03)
    per_nm = line(crystals, HC / wavelength) * HC / wavelength**2
    slit = random.uniform(0.5, 3.0)
    fine = np.arange(-40, 41) * 0.1
    pass_band = np.maximum(1 - np.abs(fine) / slit, 0)
    axis = np.arange(416.0, 705.0, 0.1)
    dense = line(crystals, HC / axis) * HC / axis**2
    seen = np.interp(wavelength, axis, np.convolve(dense, pass_band / pass_band.sum(), "same"))
    top = 10 ** random.uniform(3.5, 5.5)
    light = top * seen / seen.max()
    light += 0.002 * top * np.exp(-0.5 * ((wavelength - 455.7) / 1.0) ** 2)
    lamp = 1 + 0.01 * random.standard_normal() * np.linspace(-1, 1, wavelength.size)
    dark = random.uniform(10, 300)
    counts = random.poisson(light * lamp + dark)
    raw = spectrum(wavelength, intensity=counts - 0.9 * dark, reference=30 * lamp)
    raw.attrs |= {"excitation_nm": 400.0, "intensity_unit": "counts"}
    return raw, shape(crystals) | {"per_nm_max": float(per_nm.max())}


def shape(crystals: Ensemble) -> dict[str, float]:
    """Peaks, mean and width of the line of an ensemble, on a grid of 0.05 meV."""
    energy = np.arange(1.9, 3.2, 5e-5)
    per_ev = np.interp(energy, coarse := np.arange(1.9, 3.2, 1e-3), line(crystals, coarse))
    above = energy[per_ev >= per_ev.max() / 2]
    smooth = np.polynomial.Polynomial.fit(*_near_top(energy, per_ev), 6)
    per_nm = np.polynomial.Polynomial.fit(*_near_top(energy, per_ev * energy**2), 6)
    return {
        "peak_energy": _summit(smooth),
        "peak_wavelength": HC / _summit(per_nm),
        "centroid_energy": crystals.mean,
        "fwhm": float(above[-1] - above[0]),
    }


def _near_top(energy: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    used = values >= 0.8 * values.max()
    return energy[used], values[used]


def _summit(curve: np.polynomial.Polynomial) -> float:
    low, high = curve.domain
    at = np.linspace(low, high, 20001)
    return float(at[curve(at).argmax()])
