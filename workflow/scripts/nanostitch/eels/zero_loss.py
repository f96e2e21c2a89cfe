"""Find the zero-loss peak of every spectrum and put it at 0 eV, or refuse."""

from typing import Any

import numpy as np
import xarray as xr

from nanostitch import quality, regions
from nanostitch.eels import credible, drift, noise, peak, scan
from nanostitch.eels.channels import Array, Mask, width_ev
from nanostitch.eels.scan import Scan

_ELECTRONS_PER_PA_S = 1e-12 / 1.602176634e-19
"""Electrons in a picoampere for a second: by the charge of one, exact in the SI of 2019."""


def align(
    raw: xr.Dataset,
    *,
    max_offset_ev: float,
    max_fwhm_ev: float,
    max_gain_level: float,
    min_counts: float,
    max_drift_fraction: float,
    min_spike_sigma: float,
    gain_spread: float,
) -> xr.Dataset:
    """Find the zero-loss peak of every spectrum and add up the spectra of each region around it.

    A single spectrum keeps its counts and has its axis shifted. Several spectra of a region are
    moved, each by its own shift, and added; counts are conserved. The pixels' own spectra are
    not moved: see :func:`nanostitch.eels.blocks.pixel_blocks`.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_EELS`` says, in memory or opened lazily: then it is read in blocks.
        The attribute ``regions`` names parts of the scan; ``dose_e_per_nm2``, or
        ``beam_current_pa`` with ``dwell_time_s``, gives the dose.
    max_offset_ev
        Largest distance of a zero-loss peak from 0 eV on the raw axis [eV].
    max_fwhm_ev
        Largest full width at half maximum of a zero-loss peak [eV].
    max_gain_level
        Largest level on the gain side of the peak, as a share of its height.
    min_counts
        Fewest counts in the core of the peak.
    max_drift_fraction
        Largest distance of a zero-loss peak from the median of all, as a share of the axis.
    min_spike_sigma
        Fewest standard deviations by which a spike exceeds its surroundings.
    gain_spread
        Least relative standard deviation of the gain between channels.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.ALIGNED`` says. A spectrum without a credible zero-loss peak raises the
        flag ``no_zero_loss_peak``, one whose peak lies too far from those of the others
        ``far_shifted``; both are left out of the regions.

    Raises
    ------
    CalibrationError
        If the energy axis is not one of evenly spaced channels in eV, or a region cannot be
        found in the scan.
    """
    width = width_ev(raw)
    field = raw["counts"].isel(energy=0, drop=True)
    inside = regions.masks(str(raw.attrs.get("regions", "")), field)
    members = inside.to_numpy().reshape(len(inside), -1)
    limits = credible.Limits(max_offset_ev, max_fwhm_ev, max_gain_level, min_counts)
    settings = scan.Settings(limits, max_drift_fraction, min_spike_sigma, gain_spread)
    found = scan.read(raw, members, settings)
    pixels = _per_pixel(found, float(raw["energy"][0]), width, inside[0].shape)
    product: dict[str, Any] = {
        **{name: (inside.dims[1:], *rest) for name, rest in pixels.items()},
        **_per_region(found, members, width, gain_spread),
        "in_region": inside.astype("i1").assign_attrs(units="1"),
        "zlp_quality": _flags(found, inside),
        "verdict": quality.verdict(credible.reasons(found.flags)).assign_attrs(units="1"),
    }
    dose = _dose(field, raw.attrs)
    if dose is not None:
        product["dose"] = (inside.dims[1:], np.full(field.shape, dose), {"units": "nm-2"})
    coords: dict[Any, Any] = {dim: field[dim] for dim in inside.dims[1:] if dim in field.coords}
    coords["region"] = inside["region"].assign_attrs(units="1")
    coords["energy"] = ("energy", found.channels * width, {"units": "eV"})
    return xr.Dataset(product, coords)


def _per_pixel(
    found: Scan, start_ev: float, width: float, shape: tuple[int, ...]
) -> dict[str, tuple[Any, dict[str, str]]]:
    """Values of the pixels and their units; the places of the peaks become energies."""
    peaks, used = found.peaks, found.used
    # In place: of a large map each copy counts.
    for values in (peaks.centre, peaks.uncertainty, peaks.fwhm, peaks.fwtm):
        values *= width
    peaks.centre[:] += start_ev
    centre, uncertainty = peaks.centre.reshape(shape), peaks.uncertainty.reshape(shape)
    count = np.bincount(found.spikes.row, minlength=used.size).astype("i4").reshape(shape)
    near = np.where(used.reshape(shape), centre, np.nan)
    ev = {"units": "eV"}
    return {
        "zlp_offset": (centre, ev),
        "zlp_offset_uncertainty": (uncertainty, ev),
        "zlp_drift": (drift.surface(near, uncertainty), ev),
        "zlp_fwhm": (peaks.fwhm.reshape(shape), ev),
        "zlp_fwtm": (peaks.fwtm.reshape(shape), ev),
        "zero_loss_counts": (peaks.counts.reshape(shape), {"units": "1"}),
        "spike_count": (count, {"units": "1"}),
    }


def _per_region(
    found: Scan, members: Mask, width: float, least: float
) -> dict[str, tuple[Any, ...]]:
    """Sums of the regions, what is known of them, and what holds for the whole scan."""
    totals = np.nan_to_num(found.totals)
    peaks = peak.measure(totals, found.instrument.noise)
    model, one = found.instrument.noise, {"units": "1"}
    at = zip(totals, peaks.centre, peaks.fwhm, strict=True)
    spread = [_spread(total, centre, fwhm, least) for total, centre, fwhm in at]
    return {
        "counts": (("region", "energy"), found.totals, one),
        "spectra": ("region", (members & found.used).sum(axis=1).astype("i4"), one),
        "region_zlp_fwhm": ("region", width * peaks.fwhm, {"units": "eV"}),
        "region_gain_spread": ("region", np.array(spread), one),
        "noise_factor": ((), model.factor, one),
        "read_noise": ((), float(np.sqrt(model.read_variance)), one),
        "gain_spread": ((), model.gain_spread, one),
        "spike_pixel": ("spike", found.spikes.row, one),
        "spike_channel": ("spike", found.spikes.channel, one),
        "spike_replacement": ("spike", found.spikes.replacement, one),
    }


def _spread(total: Array, centre: float, fwhm: float, least: float) -> float:
    away = np.abs(np.arange(total.size) - np.nan_to_num(centre))
    curved = away <= noise.CURVED_FWHM * np.nan_to_num(fwhm)
    return noise.measure(total[None], curved[None], least).gain_spread


def _flags(found: Scan, inside: xr.DataArray) -> xr.DataArray:
    shape = inside.shape[1:]
    arrays = {
        n: xr.DataArray(w.reshape(shape), dims=inside.dims[1:]) for n, w in found.flags.items()
    }
    return quality.flags(arrays).assign_attrs(units="1")


def _dose(field: xr.DataArray, told: dict[str, Any]) -> float | None:
    """Electrons per nm2 on a pixel; None where nothing tells it."""
    if "dose_e_per_nm2" in told:
        return float(told["dose_e_per_nm2"])
    current, time = told.get("beam_current_pa"), told.get("dwell_time_s", told.get("exposure_s"))
    pitched = all(dim in field.coords and field.sizes[dim] > 1 for dim in ("y", "x"))
    if current is None or time is None or not pitched:
        return None
    area = np.prod([float(np.abs(np.diff(field[dim].to_numpy()).mean())) for dim in ("y", "x")])
    return float(current) * float(time) * _ELECTRONS_PER_PA_S / float(area)
