"""A PerkinElmer LAMBDA 950: absorbance of a dispersion, a film, or what lies beneath them."""

import numpy as np
import xarray as xr

from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments.ensemble import Values
from nanostitch.simulate.recording import Columns

CHANGEOVER_NM = 860.8
"""Where the photomultiplier hands over to the PbS detector, as the instrument's files say."""
TOLUENE_CUTOFF_NM = 285.0
"""Where 1 cm of toluene absorbs 1: its ultraviolet cut-off in solvent tables."""
TOLUENE_DECAY_NM = 6.0
"""Length over which the absorbance of toluene falls e-fold above the cut-off: gone at 320 nm."""
SCATTER_REFERENCE_NM = 500.0
SLOPE_REFERENCE_NM = 550.0
LOWEST_TRANSMITTANCE = 1e-8  # the instrument prints no absorbance above 8


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    measures: str,
    ordinate: str,
    start_nm: float,
    stop_nm: float,
    step_nm: float,
    slit_nm: float,
    optical_density: float,
    layers: float,
    scatter: float,
    baseline: float,
    baseline_slope: float,
    baseline_drift: float,
    changeover: float,
    noise: float,
    dark_noise: float,
    stray_light: float,
) -> tuple[Columns, xr.Dataset]:
    """Scan a specimen, or the solvent or substrate that it is to be compared with.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    rng
        Drift, change of detectors and noise.
    measures, ordinate, ...
        As ``instruments/spectrophotometer.schema.yaml`` says.

    Returns
    -------
    Columns
        ``wavelength_nm``, descending, and ``absorbance`` or ``transmittance_percent``.
    xarray.Dataset
        ``edge_energy``, ``exciton_energy``, ``edge_inflection`` [eV] and ``optical_density`` of
        the crystals; NaN and 0 where there are none in the beam.

    Raises
    ------
    BatchError
        If the scan has no three points.
    """
    wavelength = optics.wavelengths(start_nm, stop_nm, step_nm)
    sample = optics.of(specimen)
    of_crystals = crystals(sample, wavelength, measures, optical_density, layers)
    if measures in ("film", "colloid"):
        of_crystals = of_crystals + scatter * (SCATTER_REFERENCE_NM / wavelength) ** 4
    absorbance = of_crystals + beneath(wavelength, measures, baseline, baseline_slope)
    absorbance += baseline_drift * (rng.normal() + rng.normal() * _across(wavelength))
    absorbance += changeover * rng.normal() * (wavelength > CHANGEOVER_NM)
    passed = optics.bandpass(10**-absorbance, step_nm, slit_nm)
    passed = (passed + stray_light) / (1 + stray_light)
    shot = noise * np.log(10) * np.sqrt(passed)
    seen = passed + np.hypot(shot, dark_noise) * rng.normal(size=passed.size)
    columns = _columns(wavelength, seen, ordinate, slit_nm, specimen, measures)
    return columns, _truth(sample, measures, optical_density, layers)


def crystals(
    sample: optics.Ensemble,
    wavelength: Values,
    measures: str,
    optical_density: float,
    layers: float,
) -> Values:
    """Absorbance of the crystals alone; zero for a solvent or substrate."""
    if measures == "film":
        return optics.film_optical_density(sample, wavelength, layers)
    if measures == "colloid":
        return optics.colloid_optical_density(sample, wavelength, optical_density)
    return np.zeros(wavelength.shape)


def beneath(wavelength: Values, measures: str, baseline: float, slope: float) -> Values:
    """Absorbance of cuvette and solvent, or of the substrate: the same with and without crystals.

    ``slope`` is per 100 nm towards long wavelengths.
    """
    level = baseline + slope * (wavelength - SLOPE_REFERENCE_NM) / 100
    if measures in ("colloid", "solvent"):
        # Five decades are as deep as the beam goes; the band itself is not resolved.
        level += np.minimum(np.exp((TOLUENE_CUTOFF_NM - wavelength) / TOLUENE_DECAY_NM), 5.0)
    return level


def _across(wavelength: Values) -> Values:
    """Run from -1 to 1 over 500 nm around the middle of the visible."""
    return (wavelength - SLOPE_REFERENCE_NM) / 250


def _columns(
    wavelength: Values,
    transmittance: Values,
    ordinate: str,
    slit_nm: float,
    specimen: xr.Dataset,
    measures: str,
) -> Columns:
    if ordinate == "absorbance":
        name, values = ordinate, -np.log10(np.maximum(transmittance, LOWEST_TRANSMITTANCE))
    else:
        name, values = "transmittance_percent", 100 * transmittance
    title = f"{specimen.attrs['sample']}_{specimen.attrs['condition']}_{measures}"
    return Columns(
        {"wavelength_nm": wavelength[::-1], name: values[::-1]},
        {"title": title, "slit_nm": slit_nm},
    )


def _truth(
    sample: optics.Ensemble, measures: str, optical_density: float, layers: float
) -> xr.Dataset:
    reference = np.array([optics.REFERENCE_NM])
    density = float(crystals(sample, reference, measures, optical_density, layers)[0])
    edges = optics.edge_truth(sample)
    if not density > 0:
        edges = {name: edge.where(False) for name, edge in edges.items()}
    meaning = f"Absorbance of the crystals at {optics.REFERENCE_NM:.0f} nm"
    return xr.Dataset(edges | {"optical_density": optics.scalar(density, "1", meaning)})
