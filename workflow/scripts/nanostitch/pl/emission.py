"""Measure position and shape of an emission line, with intervals that hold the choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr

from nanostitch import photon, quality
from nanostitch.intervals import NONE, Number, Values, summary, variables
from nanostitch.pl import background, doubts, line, spectrum, stokes, systematic
from nanostitch.pl.background import Background
from nanostitch.pl.line import Rough
from nanostitch.pl.spectrum import Spectrum

UNITS = {
    "peak_wavelength": "nm",
    "peak_energy": "eV",
    "peak_energy_without_jacobian": "eV",
    "centroid_energy": "eV",
    "fwhm": "eV",
    "fwhm_wavelength": "nm",
    "asymmetry": "1",
}
"""Unit of each number."""
_BACKGROUND_ORDERS = (0, 1)


@dataclass(frozen=True)
class _Settings:
    divide: bool
    raman: Sequence[float]
    half_width_nm: float
    min_sigma: float
    foot_widths: float
    smoothing: Sequence[float]
    centroid_widths: Sequence[float]
    shares: systematic.Shares
    draws: int
    seed: int


def measure(
    raw: xr.Dataset,
    edge: xr.Dataset | None,
    *,
    divide_by_reference: bool,
    raman_shifts_per_cm: Sequence[float],
    artefact_half_width_nm: float,
    min_peak_sigma: float,
    max_fwhm_ev: float,
    foot_widths: float,
    smoothing_widths: Sequence[float],
    centroid_widths: Sequence[float],
    linear_limit_cps: float,
    band_pass_nm: Sequence[float],
    max_optical_density: float,
    reabsorbing_path_cm: float,
    wavelength_accuracy_nm: float,
    draws: int,
    seed: int,
) -> xr.Dataset:
    """Measure peak, centroid, width, asymmetry and Stokes shift of one emission spectrum.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_PL`` says; attributes may state the excitation and the slits.
    edge
        Absorption of the same sample, as ``contracts.absorption.EDGE`` says.
    divide_by_reference
        Whether to divide by the monitor of the excitation, where there is one.
    raman_shifts_per_cm, artefact_half_width_nm
        Raman shifts of the solvent [1/cm], and how far about each line nothing counts [nm].
    min_peak_sigma, max_fwhm_ev
        Fewest standard deviations of a peak, and largest width of a line [eV].
    foot_widths, smoothing_widths, centroid_widths
        Where a line has ended, windows of smoothing, and reach of the centroid, in its widths.
    linear_limit_cps
        Counts per second beyond which the detector is not linear.
    band_pass_nm
        Least and largest band pass of the emission monochromator where nobody states it [nm].
    max_optical_density, reabsorbing_path_cm
        Largest absorbance (1 cm) that the emitting sample is taken to have, at the wavelength of
        the optical density of ``edge``, and path on which it reabsorbs [cm].
    wavelength_accuracy_nm
        Standard uncertainty of the instrument's wavelengths [nm].
    draws, seed
        Random draws behind each interval.

    Returns
    -------
    xarray.Dataset
        As ``contracts.pl.EMISSION`` says; numbers that a flag forbids are NaN.

    Notes
    -----
    Per eV the intensity is λ²/hc times that per nm, its variance the square of that times it
    (Mooney and Kambhampati, J. Phys. Chem. Lett. 4 (2013) 3316, doi:10.1021/jz401508t).
    """
    shares = systematic.Shares(
        band_pass_nm, max_optical_density, reabsorbing_path_cm, wavelength_accuracy_nm
    )
    settings = _Settings(
        divide_by_reference, raman_shifts_per_cm, artefact_half_width_nm, min_peak_sigma,
        foot_widths, smoothing_widths, centroid_widths, shares, draws, seed,
    )  # fmt: skip
    seen = spectrum.prepare(raw, divide_by_reference, raman_shifts_per_cm, artefact_half_width_nm)
    first = _first(seen, settings)
    limits = doubts.Limits(min_peak_sigma, max_fwhm_ev, linear_limit_cps)
    flags = doubts.flags(raw, seen, edge, first, limits)
    under = _backgrounds(seen, first, settings)
    flags["no_background"] = first is not None and not under
    numbers, covariance = dict.fromkeys(UNITS, NONE), np.full((2, 2), np.nan)
    if first is not None and not any(flags[name] for name in doubts.FORBIDDING):
        numbers, covariance = _measured(raw, edge, seen, first, under, settings)
        flags["slit_limited"] = not np.isfinite(numbers["fwhm"][0])
    if flags["cut_foot"]:
        numbers["centroid_energy"] = NONE
        covariance[:, 1] = covariance[1, :] = np.nan
    reasons = {
        doubts.REASONS[name][1]: doubts.REASONS[name][0]
        for name, is_raised in flags.items()
        if is_raised
    }
    return _dataset(seen, under, numbers, stokes.shifts(edge, numbers, covariance)).assign(
        emission_quality=quality.flags(flags).assign_attrs(units="1"),
        verdict=quality.verdict(reasons).assign_attrs(units="1"),
    )


def _first(seen: Spectrum, settings: _Settings) -> Rough | None:
    """First guess of the line; None where nothing stands out from the noise."""
    if seen.wavelength.size < spectrum.FEWEST_POINTS:
        return None
    step = float(np.median(np.diff(seen.wavelength)))
    first = line.rough(seen.wavelength, seen.intensity, ~seen.artefact, 5 * step)
    if first is None:
        return None
    noise = float(np.interp(first.peak_nm, seen.wavelength, seen.noise))
    return first if first.height >= settings.min_sigma * noise else None


def _backgrounds(seen: Spectrum, first: Rough | None, settings: _Settings) -> list[Background]:
    if first is None:
        return []
    used = background.feet(seen, first, settings.foot_widths)
    if used.sum() < background.FEWEST_POINTS:
        return []
    return [background.fit(seen, used, order) for order in _BACKGROUND_ORDERS]


def _measured(
    raw: xr.Dataset,
    edge: xr.Dataset | None,
    seen: Spectrum,
    first: Rough,
    under: Sequence[Background],
    settings: _Settings,
) -> tuple[dict[str, Number], Values]:
    """Numbers of the line with their intervals, and covariance of peak and centroid [eV2].

    Each member of the ensemble (background, smoothing, reach of the centroid) adds noise anew:
    departures from its value without added noise are what noise does. Artefacts beside the line
    are bridged by straight lines.
    """
    random = np.random.default_rng(settings.seed)
    aside = seen.artefact & (np.abs(seen.wavelength - first.peak_nm) > first.fwhm_nm)
    light, spread = (
        np.interp(seen.wavelength, seen.wavelength[~aside], curve[~aside])
        for curve in (seen.intensity, seen.noise)
    )
    removals = [one.operator for one in under] or [np.zeros((seen.wavelength.size,) * 2)]
    smoothers = [line.smoother(seen.wavelength, first, one) for one in settings.smoothing]
    members = list(product(removals, smoothers, settings.centroid_widths))
    each = -(-settings.draws // len(members))
    values: dict[str, list[float]] = {name: [] for name in line.NAMES}
    drawn: dict[str, list[Values]] = {name: [] for name in line.NAMES}
    for removal, smooth, widths in members:
        noise = spread * random.standard_normal((each, light.size))
        recorded = light + np.concatenate([np.zeros((1, light.size)), noise])
        found = line.measure(
            seen.wavelength, recorded - recorded @ removal.T, first, smooth, widths
        )
        for name in line.NAMES:
            values[name].append(float(found[name][0]))
            drawn[name].append(found[name][1:])
    pooled = {name: np.concatenate(rows) for name, rows in drawn.items()}
    numbers = {n: summary(pooled[n], float(np.mean(values[n]))) for n in line.NAMES}
    clean = light - np.mean([removal @ light for removal in removals], axis=0)
    numbers = systematic.shared(
        numbers, raw, edge, (seen.wavelength, clean), first, settings.shares
    )
    peak = numbers["peak_wavelength"]
    ends = [float(photon.HC_EV_NM / one) for one in (peak[0], peak[2], peak[1])]
    numbers["peak_energy_without_jacobian"] = (ends[0], ends[1], ends[2])
    both = [pooled["peak_energy"], pooled["centroid_energy"]]
    calibration = systematic.calibration_ev(peak[0], settings.shares) ** 2
    known = {n: numbers[n] if np.isfinite(numbers[n][0]) else NONE for n in UNITS}
    return known, np.cov(both) + calibration


def _dataset(
    seen: Spectrum,
    under: Sequence[Background],
    numbers: Mapping[str, Number],
    shifts: tuple[Values, Values],
) -> xr.Dataset:
    nothing = np.zeros(seen.wavelength.shape)
    level = np.mean([one.values for one in under], axis=0) if under else nothing
    light = seen.intensity - level
    curves = {
        "energy": (photon.energy(seen.wavelength), "eV"),
        "intensity": (light, "1"),
        "intensity_uncertainty": (seen.noise, "1"),
        "background": (level, "1"),
        "intensity_per_energy": (photon.per_energy(light, seen.wavelength), "nm eV-1"),
        "intensity_per_energy_uncertainty": (
            photon.per_energy(seen.noise, seen.wavelength),
            "nm eV-1",
        ),
        "artefact": (seen.artefact.astype("i1"), "1"),
    }
    product = xr.Dataset(
        {name: ("wavelength", values, {"units": unit}) for name, (values, unit) in curves.items()},
        {"wavelength": ("wavelength", seen.wavelength, {"units": "nm"})},
    ).assign(variables(numbers, UNITS))
    names = np.array(list(stokes.DEFINITIONS))
    for dim in ("definition", "other_definition"):
        product[dim] = (dim, names, {"units": "1"})
    for end, values in zip(("", "_lower", "_upper"), shifts[0].T, strict=True):
        product[f"stokes_shift{end}"] = ("definition", values, {"units": "eV"})
    dims = ("definition", "other_definition")
    product["stokes_covariance"] = (dims, shifts[1], {"units": "eV2"})
    usable = np.where(seen.artefact, -np.inf, seen.intensity)
    highest = float(seen.wavelength[usable.argmax()]) if usable.size else np.nan
    product["highest_point"] = xr.DataArray(
        highest if np.isfinite(numbers["peak_wavelength"][0]) else np.nan, attrs={"units": "nm"}
    )
    return product
