"""A Horiba FluoroLog with its 450 W xenon lamp: emission of a dispersion or a film."""

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments.ensemble import Values
from nanostitch.simulate.recording import Columns

HALF_PATH_CM = 0.5
"""What emission crosses of a cuvette of 1 cm when it is collected at a right angle."""
SOLVENT_LINES = ((0.0, 20.0), (1003.0, 0.6), (3055.0, 1.0))
"""Elastic light and the Raman lines of toluene, ring breathing and aromatic C-H stretching: shift
[1/cm] and strength in units of the last."""
RAMAN_REFERENCE_NM = 400.0
RESPONSE_PEAK_NM, RESPONSE_WIDTH_NM = 450.0, 260.0
"""Grating and multialkali photocathode together: best in the blue, a third of it at 720 nm."""
LAMP_READING = 5e-4
"""Scatter of a reading of the reference photodiode: that of an exported FluoroLog scan."""


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    measures: str,
    excitation_nm: float,
    start_nm: float,
    stop_nm: float,
    step_nm: float,
    slit_nm: float,
    integration_s: float,
    optical_density: float,
    layers: float,
    sensitivity_cps: float,
    raman_cps: float,
    dark_cps: float,
    lamp_ua: float,
    lamp_drift: float,
    lamp_flicker: float,
) -> tuple[Columns, xr.Dataset]:
    """Scan the emission of a specimen, corrected for the response as the software does it.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    rng
        Photons, dark counts and the lamp.
    measures, excitation_nm, ...
        As ``instruments/fluorometer.schema.yaml`` says.

    Returns
    -------
    Columns
        ``wavelength_nm``, ``s1c_cps`` (dark counts subtracted, corrected for the response),
        ``r1c_ua`` (the lamp), ``s1c_per_r1c``.
    xarray.Dataset
        ``peak_wavelength`` [nm], ``peak_energy``, ``centroid_energy``, ``fwhm`` [eV] and
        ``quantum_yield`` of the crystals, before solvent and instrument; NaN and 0 if dark.

    Raises
    ------
    BatchError
        If the scan has no three points.
    """
    wavelength = optics.wavelengths(start_nm, stop_nm, step_nm)
    sample = optics.of(specimen)
    light = emitted(sample, wavelength, measures, excitation_nm, optical_density, layers)
    rate = optics.bandpass(sensitivity_cps * light, step_nm, slit_nm)
    if measures == "colloid":
        rate = rate + raman_cps * solvent(wavelength, excitation_nm, slit_nm)
    lamp = _lamp(wavelength.size, rng, lamp_drift, lamp_flicker)
    sensitivity = response(wavelength)
    counts = rng.poisson((rate * lamp * sensitivity + dark_cps) * integration_s)
    signal = (counts / integration_s - dark_cps) / sensitivity
    reading = lamp_ua * lamp * (1 + LAMP_READING * rng.normal(size=lamp.size))
    columns = {
        "wavelength_nm": wavelength,
        "s1c_cps": signal,
        "r1c_ua": reading,
        "s1c_per_r1c": signal / reading,
    }
    return Columns(columns), xr.Dataset(optics.emission_truth(sample, excitation_nm))


def emitted(
    sample: optics.Ensemble,
    wavelength: Values,
    measures: str,
    excitation_nm: float,
    optical_density: float,
    layers: float,
) -> Values:
    """Photons per nm that leave the sample for each one that falls on it, noise-free.

    A dispersion reabsorbs on the half path to its wall; a film is seen from the front.
    """
    at_excitation = np.array([excitation_nm])
    light = optics.emission(sample, wavelength, excitation_nm)
    if measures == "film":
        density = optics.film_optical_density(sample, at_excitation, layers)[0]
    else:
        density = optics.colloid_optical_density(sample, at_excitation, optical_density)[0]
        own = optics.colloid_optical_density(sample, wavelength, optical_density)
        light = light * 10 ** (-own * HALF_PATH_CM)
    return np.asarray(light * (1 - 10**-density))


def solvent(wavelength: Values, excitation_nm: float, slit_nm: float) -> Values:
    """Elastic and Raman lines of toluene, as wide as the slits pass, in units of its C-H line.

    Scattering grows with the fourth power of frequency.
    """
    sigma = max(slit_nm, 1e-3) / np.sqrt(8 * np.log(2))
    total = np.zeros(wavelength.shape)
    for shift, strength in SOLVENT_LINES:
        line_nm = 1 / (1 / excitation_nm - shift * 1e-7)
        total += strength * np.exp(-0.5 * ((wavelength - line_nm) / sigma) ** 2)
    return np.asarray(total * (RAMAN_REFERENCE_NM / excitation_nm) ** 4)


def response(wavelength: Values) -> Values:
    """Counts per photon in units of the best, known to the software, which divides by it."""
    return np.asarray(np.exp(-(((wavelength - RESPONSE_PEAK_NM) / RESPONSE_WIDTH_NM) ** 2)))


def _lamp(size: int, rng: np.random.Generator, drift: float, flicker: float) -> Values:
    """Intensity of the lamp during the scan around 1: a slow drift and a flicker."""
    course = drift * rng.normal() * np.linspace(-1, 1, size)
    return np.asarray(1 + course + flicker * rng.normal(size=size))
