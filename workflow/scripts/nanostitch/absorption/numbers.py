"""Numbers of an absorption spectrum with their intervals, from the draws of its ensemble."""

import numpy as np

from nanostitch import photon
from nanostitch.absorption import ensemble, tauc
from nanostitch.absorption.model import DEFINITIONS, Found, Settings
from nanostitch.absorption.spectrum import Spectrum
from nanostitch.intervals import NONE, Number, summary, widened

_FWHM_PER_SD = float(np.sqrt(8 * np.log(2)))
UNITS = {
    **dict.fromkeys((*DEFINITIONS, "binding_energy", "broadening"), "eV"),
    **dict.fromkeys(("exciton_strength", "optical_density", "scatter"), "1"),
}
"""Unit of each number."""


def numbers(
    seen: Spectrum, found: Found, settings: Settings, random: np.random.Generator
) -> dict[str, Number]:
    """Value and ends of the 95 % interval of every number."""
    names = (*DEFINITIONS, "binding_energy", "exciton_strength", "broadening")
    numbers = dict.fromkeys((*names, "optical_density", "scatter"), NONE)
    if not found.members:
        return numbers
    drawn = ensemble.pooled(found.members)
    numbers |= {name: _calibrated(summary(found.draws[name]), settings) for name in DEFINITIONS}
    _, low, high = numbers["edge_inflection"]
    numbers["edge_inflection"] = (found.inflection, low, high)
    numbers["binding_energy"] = summary(np.exp(drawn[:, 1]))
    numbers["exciton_strength"] = summary(np.exp(drawn[:, 2]))
    numbers["broadening"] = summary(_FWHM_PER_SD * np.exp(drawn[:, 3]))
    numbers["scatter"], numbers["optical_density"] = _levels(seen, found, settings, random)
    return numbers


def _levels(
    seen: Spectrum, found: Found, settings: Settings, random: np.random.Generator
) -> tuple[Number, Number]:
    """Scatter at its reference wavelength, and absorbance of the crystals at theirs."""
    each = -(-settings.draws // len(found.under))
    at = np.array([photon.HC_EV_NM / settings.reference_nm])
    scatter, density = [], []
    known = seen.energy[0] <= at[0] <= seen.energy[-1]
    known &= not seen.is_dark_at(settings.reference_nm)
    noise = float(np.interp(at, seen.energy, seen.noise)[0])
    for one in found.under:
        normal = random.standard_normal((each, 4))
        moved = one.draws(np.array([settings.reference_nm]), normal[:, :3])[:, 0]
        density.append(float(np.interp(at, seen.energy, seen.absorbance)[0]) - moved)
        density[-1] += noise * normal[:, 3]
        root = np.linalg.cholesky(one.covariance)
        scatter.append((one.coefficients + normal[:, :3] @ root.T)[:, 2])
    return summary(np.concatenate(scatter)), summary(np.concatenate(density)) if known else NONE


def _calibrated(number: Number, settings: Settings) -> Number:
    """Number [eV] with the uncertainty of the instrument's wavelengths in its interval."""
    return widened(number, calibration_ev(number[0], settings))


def calibration_ev(energy_ev: float, settings: Settings) -> float:
    """Standard uncertainty of a photon energy by that of the wavelengths [eV]."""
    return float(energy_ev**2 / photon.HC_EV_NM * settings.accuracy_nm)


def tauc_gaps(
    seen: Spectrum, found: Found, settings: Settings, random: np.random.Generator
) -> list[Number]:
    """Tauc's extrapolation for each exponent: mean over lines, interval over lines and noise."""
    if not found.members:
        return [NONE] * len(settings.exponents)
    best = found.members[0].fit.best
    used = seen.between(*settings.range_ev)
    energy, noise = seen.energy[used], seen.noise[used]
    under = np.mean([one.at(seen.wavelength[used]) for one in found.under], axis=0)
    pairs = len(settings.from_levels) * len(settings.to_levels)
    normal = random.standard_normal((-(-settings.draws // pairs), energy.size))
    rows = []
    for exponent in settings.exponents:
        gaps = tauc.gaps(
            energy,
            seen.absorbance[used] - under,
            noise,
            float(np.exp(best[4])),
            exponent,
            settings.from_levels,
            settings.to_levels,
            normal,
        )
        value = float(np.nanmean(gaps[:, 0])) if np.isfinite(gaps[:, 0]).any() else np.nan
        rows.append(_calibrated(summary(gaps[:, 1:].ravel(), value), settings))
    return rows
