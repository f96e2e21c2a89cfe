"""Single scattering, thickness and permittivity of each region of an acquisition."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.eels import fourier_log, kramers_kronig, sharpen, surface, thickness
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.region_spectra import Regions, prepared
from nanostitch.errors import ContractError
from nanostitch.intervals import NORMAL_95

Real = NDArray[np.floating[Any]]

FORBIDDING = {
    "no_zero_loss_peak": "no zero-loss peak",
    "no_loss": "no loss stands out from the zero-loss peak",
    "range_too_short": thickness.SHORT,
    "plural_scattering": "too thick for plural scattering to be taken out",
    "beam_unknown": "beam energy or collection angle unknown: tell beam_energy_kev and "
    "collection_mrad in acquisitions.tsv",
}
"""Flags under which a region has no permittivity and no thickness in nm, as sentences."""
METHOD_ERROR = 0.1
"""Relative standard uncertainty of a thickness by the sum rule for what is not in it: retardation,
surface losses, losses beyond the dipole limit (Egerton 2011, section 5.1.3: some 10 %)."""
_UNITS = {"specimen_thickness": "nm"}


def measure(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    loss: xr.Dataset,
    *,
    refractive_index: float,
    refractive_index_uncertainty: float,
    gap_refractive_index: Sequence[float],
    surface_rounds: int,
    sharpening_rounds: int,
) -> xr.Dataset:
    """Take plural scattering out of the spectra of regions, then apply Kramers and Kronig.

    Parameters
    ----------
    raw
        The acquisition as recorded: only its attributes ``beam_energy_kev`` and
        ``collection_mrad`` are used.
    aligned, loss
        As ``contracts.eels.ALIGNED`` and ``LOSS`` say.
    refractive_index, refractive_index_uncertainty
        Of the specimen well below its gap, and its standard uncertainty: it normalises the loss
        function.
    gap_refractive_index
        Lowest and highest refractive index just below the gap, for the Čerenkov threshold.
    surface_rounds
        Rounds of the analysis; each after the first takes out losses at two flat surfaces.
    sharpening_rounds
        Rounds of the Richardson-Lucy sharpening.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.DIELECTRIC`` says. For the permittivity, losses below the minimum of
        the spectrum above its zero-loss peak are faded out: they cannot be told from its tail.
        Single scattering needs no long axis, because plural scattering only adds energy: it is
        given wherever there is a zero-loss peak.

    Raises
    ------
    ContractError
        If the two refractive indices at the gap descend.
    """
    if gap_refractive_index[0] > gap_refractive_index[1]:
        raise ContractError(
            f"config.yaml: eels.dielectric.gap_refractive_index: {list(gap_refractive_index)} "
            "descends; correct it there or in the parameters of batch.yaml"
        )
    regions, beam = prepared(aligned, loss), _beam(raw.attrs)
    told = _forbidden(regions, beam)
    kept = ~np.any(list(told.values()), axis=0)
    numbers: dict[str, Real] = {"single_scattering": regions.single[:, : regions.energy.size]}
    numbers |= _optics(regions, beam, kept, refractive_index, surface_rounds)
    numbers["sharpened"] = _sharpened(regions, sharpening_rounds)
    relative = regions.relative
    numbers |= _bounded("region_relative_thickness", relative.value, relative.lower, relative.upper)
    spread = _spread(relative, refractive_index, refractive_index_uncertainty)
    nm = numbers["specimen_thickness"]
    numbers |= _bounded("specimen_thickness", nm, nm * np.exp(-spread), nm * np.exp(spread))
    kev = None if beam is None else beam.energy_kev
    light = surface.flags(kev, gap_refractive_index, relative.value)
    reasons = _reasons(told) | surface.reasons(light, kev)
    return _dataset(aligned, regions, numbers, {**told, **light}, reasons)


def _beam(about: Mapping[str, object]) -> kramers_kronig.Beam | None:
    told = [about.get(name) for name in ("beam_energy_kev", "collection_mrad")]
    energy, angle = (np.nan if value is None else float(str(value)) for value in told)
    return kramers_kronig.Beam(energy, angle) if energy > 0 and angle > 0 else None


def _forbidden(regions: Regions, beam: kramers_kronig.Beam | None) -> dict[str, Mask]:
    """What of :data:`FORBIDDING` holds of each region."""
    lossy, usable = regions.lossy, regions.usable
    thick = lossy & (regions.relative.value > fourier_log.MOST_THICKNESS)
    unknown = np.full(len(usable), beam is None)
    found = (~usable, usable & ~lossy, lossy & regions.relative.short, thick, unknown)
    return dict(zip(FORBIDDING, found, strict=True))


def _optics(
    regions: Regions,
    beam: kramers_kronig.Beam | None,
    kept: Mask,
    refractive_index: float,
    rounds: int,
) -> dict[str, Array]:
    """Permittivity on the measured axis and thickness in nm of the regions that have them."""
    shape, positive = regions.counts.shape, regions.far_ev > 0
    real, imag, nm = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape[0], np.nan)
    if beam is not None and kept.any():
        found = kramers_kronig.permittivity(
            (regions.single * _faded_in(regions))[kept][:, positive],
            regions.far_ev[positive],
            regions.zero_loss[kept].sum(axis=1),
            beam,
            refractive_index,
            rounds,
        )
        measured = regions.energy > 0
        number = int(measured.sum())
        real[np.ix_(kept, measured)] = found.real[:, :number]
        imag[np.ix_(kept, measured)] = found.imag[:, :number]
        nm[kept] = found.thickness_nm
    return {"permittivity_real": real, "permittivity_imag": imag, "specimen_thickness": nm}


def _faded_in(regions: Regions) -> Array:
    """Factors that let losses rise smoothly from the zero-loss tail to the minimum above it.

    What is left of a tail there would weigh heavily, as the analysis divides by the energy.
    """
    begin, least = regions.begin_ev[:, None], regions.minimum_ev[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        way = np.clip((regions.far_ev - begin) / (least - begin), 0, 1)
    return np.asarray(np.where(least > begin, np.sin(0.5 * np.pi * way) ** 2, 1.0))


def _sharpened(regions: Regions, rounds: int) -> Array:
    """Counts sharpened by the core of each region's own zero-loss peak."""
    found = np.full(regions.counts.shape, np.nan)
    centre = int(np.abs(regions.energy).argmin())
    for row in np.flatnonzero(regions.usable):
        core = np.abs(regions.energy) <= regions.begin_ev[row]
        line = np.where(core, np.maximum(regions.zero_loss[row], 0), 0)
        found[row] = sharpen.richardson_lucy(regions.counts[[row]], line, centre, rounds)[0]
    return found


def _spread(relative: thickness.Thickness, index: float, uncertainty: float) -> Array:
    """Half width of the 95 % interval of the logarithm of the thickness in nm."""
    # The sum rule gives a thickness over (1 - 1/n²).
    by_index = 2 * uncertainty / (index * (index**2 - 1))
    with np.errstate(invalid="ignore"):
        by_loss = (relative.upper - relative.lower) / (2 * relative.value)
    return np.asarray(np.hypot(NORMAL_95 * np.hypot(by_index, METHOD_ERROR), by_loss))


def _bounded(name: str, value: Real, lower: Real, upper: Real) -> dict[str, Real]:
    return {name: value, f"{name}_lower": lower, f"{name}_upper": upper}


def _reasons(told: Mapping[str, Mask]) -> dict[str, quality.Level]:
    number = len(next(iter(told.values())))
    level: quality.Level = "bad" if np.any(list(told.values()), axis=0).all() else "doubtful"
    return {
        f"{FORBIDDING[name]} ({int(where.sum())} of {number} regions)": level
        for name, where in told.items()
        if where.any()
    }


def _dataset(
    aligned: xr.Dataset,
    regions: Regions,
    numbers: Mapping[str, Real],
    told: Mapping[str, bool | Mask],
    reasons: Mapping[str, quality.Level],
) -> xr.Dataset:
    energy = ("energy", regions.energy, {"units": "eV"})
    data = xr.Dataset(coords={"energy": energy, "region": aligned["region"]})
    for name, values in numbers.items():
        dims = ("region", "energy")[: values.ndim]
        units = _UNITS.get(name.removesuffix("_lower").removesuffix("_upper"), "1")
        data[name] = xr.DataArray(values, dims=dims, attrs={"units": units})
    held = {
        name: xr.DataArray(np.broadcast_to(where, len(regions.counts)), dims="region")
        for name, where in told.items()
    }
    data["dielectric_quality"] = quality.flags(held).assign_attrs(units="1")
    data["verdict"] = quality.verdict(reasons).assign_attrs(units="1")
    return data
