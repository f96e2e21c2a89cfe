"""What one absorption spectrum gave, as the product that its contract describes."""

import numpy as np
import xarray as xr

from nanostitch import local_polynomial
from nanostitch.absorption import elliott, inflection, numbers
from nanostitch.absorption.model import DEFINITIONS, Found, Settings, Values
from nanostitch.absorption.spectrum import Spectrum
from nanostitch.intervals import variables


def dataset(
    seen: Spectrum, found: Found, settings: Settings, random: np.random.Generator
) -> xr.Dataset:
    """Product without its verdict and flags."""
    tauc = np.array(numbers.tauc_gaps(seen, found, settings, random)).reshape(-1, 3)
    scalars = variables(numbers.numbers(seen, found, settings, random), numbers.UNITS)
    product = xr.Dataset({**_curves(seen, found, settings), **scalars, **_members(found)})
    exponents = xr.DataArray(np.array(settings.exponents, dtype=float), dims="tauc_exponent")
    product["tauc_exponent"] = exponents.assign_attrs(units="1")
    for end, values in zip(("", "_lower", "_upper"), tauc.T, strict=True):
        product[f"tauc_gap{end}"] = ("tauc_exponent", values, {"units": "eV"})
    names = np.array(DEFINITIONS)
    for dim in ("edge_definition", "other_definition"):
        product[dim] = (dim, names, {"units": "1"})
    dims = ("edge_definition", "other_definition")
    product["edge_covariance"] = (dims, _covariance(found, settings), {"units": "eV2"})
    prior = settings.choices.prior
    product["binding_energy"].attrs |= {
        "prior_median_ev": prior.binding_ev,
        "prior_factor": prior.binding_factor,
    }
    product["optical_density"].attrs["wavelength_nm"] = settings.reference_nm
    return product


def _curves(seen: Spectrum, found: Found, settings: Settings) -> dict[str, xr.DataArray]:
    """What is drawn: the edge above its mean baseline, the best fit where it was made."""
    energy = seen.energy
    nothing = np.full(energy.shape, np.nan)
    curves = {
        "absorbance": seen.absorbance,
        "absorbance_uncertainty": seen.noise,
        "baseline": nothing,
        "exciton_absorbance": nothing.copy(),
        "continuum_absorbance": nothing.copy(),
    }
    if found.under:
        drawn = np.array([one.at(seen.wavelength) for one in found.under])
        variance = np.mean(
            [one.covariance_at(seen.wavelength).diagonal() for one in found.under], axis=0
        )
        curves["baseline"] = drawn.mean(axis=0)
        curves["absorbance"] = seen.absorbance - curves["baseline"]
        spread = variance + drawn.var(axis=0)
        curves["absorbance_uncertainty"] = np.sqrt(seen.noise**2 + spread)
    if found.members:
        member = found.members[-1]  # over the widest window
        choices = settings.choices
        used = seen.between(
            found.inflection - min(choices.below_ev), found.inflection + max(choices.above_ev)
        )
        parts = elliott.parts(energy[used], member.fit.best)
        for name, part in zip(("exciton", "continuum"), parts, strict=True):
            curves[f"{name}_absorbance"][used] = part
    slope, window = _slope(seen, curves["absorbance"], found, settings)
    axis = {"energy": ("energy", energy, {"units": "eV"})}
    found_curves = {
        name: xr.DataArray(values, axis, "energy", attrs={"units": "1"})
        for name, values in curves.items()
    }
    found_curves["wavelength"] = xr.DataArray(
        seen.wavelength, axis, "energy", attrs={"units": "nm"}
    )
    found_curves["derivative"] = xr.DataArray(
        slope, axis, "energy", attrs={"units": "eV-1", "window_ev": window}
    )
    return found_curves


def _slope(
    seen: Spectrum, absorbance: Values, found: Found, settings: Settings
) -> tuple[Values, float]:
    """First derivative within the range that was searched, by the middle window [eV]."""
    windows = sorted(settings.windows)
    window = windows[len(windows) // 2] * found.half_width if found.members else settings.search_ev
    slope = np.full(seen.energy.shape, np.nan)
    inside = np.flatnonzero(seen.between(*settings.range_ev))
    if seen.energy.size >= inflection.ORDER + 2:
        operator = local_polynomial.operator(
            seen.energy, seen.energy[inside], window / 2, inflection.ORDER, 1
        )
        slope[inside] = operator @ absorbance
    return slope, window


def _covariance(found: Found, settings: Settings) -> Values:
    """Covariance of the edges: they share the axis, but the inflection is drawn apart from fits."""
    if not found.draws:
        return np.full((len(DEFINITIONS), len(DEFINITIONS)), np.nan)
    covariance = np.zeros((len(DEFINITIONS), len(DEFINITIONS)))
    covariance[:2, :2] = np.cov([found.draws[name] for name in DEFINITIONS[:2]])
    covariance[2, 2] = np.var(found.draws[DEFINITIONS[2]])
    axis = np.array(
        [numbers.calibration_ev(float(np.median(found.draws[n])), settings) for n in DEFINITIONS]
    )
    return covariance + np.outer(axis, axis)


def _members(found: Found) -> dict[str, xr.DataArray]:
    exciton = [np.median(m.fit.draws[:, 0]) for m in found.members]
    gap = [np.median(m.fit.draws[:, 0] + np.exp(m.fit.draws[:, 1])) for m in found.members]
    names = np.array([m.name for m in found.members] or [""], dtype="U")[: len(found.members)]
    return {
        "member": xr.DataArray(names, dims="member", attrs={"units": "1"}),
        "member_edge": xr.DataArray(
            np.array(gap, dtype=float), dims="member", attrs={"units": "eV"}
        ),
        "member_exciton": xr.DataArray(
            np.array(exciton, dtype=float), dims="member", attrs={"units": "eV"}
        ),
    }
