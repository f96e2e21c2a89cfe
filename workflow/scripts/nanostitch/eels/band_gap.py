"""Read the band gap from aligned low-loss spectra, with an interval that holds the choices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.eels import derivative, onset, onset_shape, tail, zero_loss
from nanostitch.eels.channels import Array, Mask, rows, width_ev, within
from nanostitch.errors import ContractError

ESTIMATORS = ("onset_fit", "derivative")
FORBIDDING = (
    "no_zero_loss_peak",
    "range_not_covered",
    "resolution_too_coarse",
    "tail_too_high",
    "no_onset",
    "at_range_edge",
)
"""Flags under which there is no gap."""
LIMITING = ("poor_fit", "peak_width_differs")
"""Flags under which the gap is doubtful."""

_NORMAL_95 = 1.959964
_SAME_WIDTH = 0.1


@dataclass(frozen=True)
class _Settings:
    ensemble: onset.Ensemble
    min_onset_sigma: float
    max_misfit: float
    max_fwhm_fraction: float
    max_tail_fraction: float
    smooth: derivative.Smoothing
    draws: int
    seed: int


@dataclass(frozen=True)
class _Found:
    """Results of all spectra: (estimator, spectrum) and (spectrum, channel)."""

    gap: Array
    lower: Array
    upper: Array
    slope: Array
    model: Array
    flags: dict[str, Mask]


def measure(
    loss: xr.Dataset,
    aligned: xr.Dataset,
    *,
    gap_range_ev: Sequence[float],
    tail_models: Sequence[onset.EnsembleTail],
    fit_start_fractions: Sequence[float],
    fit_end_fractions: Sequence[float],
    onset_curvature_per_ev: float,
    min_onset_sigma: float,
    max_misfit: float,
    max_fwhm_fraction: float,
    max_tail_fraction: float,
    derivative_window_ev: float,
    derivative_order: int,
    bootstrap_draws: int,
    bootstrap_seed: int,
) -> xr.Dataset:
    """Measure the band gap of every spectrum by two estimators.

    ``onset_fit`` fits a square-root onset, seen through the measured zero-loss peak, and the
    tail below it to the aligned counts; ``derivative`` is the maximum of the smoothed first
    derivative of the loss. That inflection lies above the gap by an amount that depends on
    resolution and smoothing. Its value is reported as it is, as in the literature; its interval
    reaches down by what the same smoothing does to a square root seen through the measured
    peak, so that it holds the gap.

    Parameters
    ----------
    loss
        Spectra without their zero-loss peak, as ``contracts.eels.LOSS`` says.
    aligned
        The same spectra with it, as ``contracts.eels.ALIGNED`` says.
    gap_range_ev
        Where the gap is looked for [eV].
    tail_models
        Models of the zero-loss tail in the ensemble; ``vacuum`` takes part where ``loss`` was
        made with a vacuum reference.
    fit_start_fractions
        Where fits begin, as shares of the low edge of the range.
    fit_end_fractions
        Where fits end, as shares of the way from the gap to the high edge of the range.
    onset_curvature_per_ev
        Standard deviation of the prior of c in the onset (1 + c (E - Eg)) (E - Eg)^1/2 [1/eV].
    min_onset_sigma
        Fewest standard deviations by which the onset must stand out.
    max_misfit
        Residuals over counting noise (as variances) beyond which a fit is called poor.
    max_fwhm_fraction
        Largest zero-loss width, as a share of the low edge of the range.
    max_tail_fraction
        Largest ``tail_fraction`` of the loss.
    derivative_window_ev, derivative_order
        Window [eV] and polynomial order of the smoothing.
    bootstrap_draws, bootstrap_seed
        Number and seed of the simulated spectra behind the interval of ``derivative``.

    Returns
    -------
    xarray.Dataset
        As ``contracts.eels.BAND_GAP`` says. Where a flag forbids a gap, it and its interval are
        NaN.

    Raises
    ------
    ContractError
        If the gap range does not ascend from above 0 eV.

    Notes
    -----
    Onset: Rafferty & Brown, Phys. Rev. B 58 (1998) 10326, doi:10.1103/PhysRevB.58.10326.
    Window scan: Granerød, Zhan & Prytz, arXiv:1705.00342.
    """
    low, high = (float(edge) for edge in gap_range_ev)
    if not 0 < low < high:
        raise ContractError(
            f"config.yaml: eels.band_gap.gap_range_ev: {[low, high]} does not ascend from above"
            " 0 eV; correct it there or in the parameters of batch.yaml"
        )
    ensemble = onset.Ensemble(
        (low, high), tail_models, fit_start_fractions, fit_end_fractions, onset_curvature_per_ev
    )
    smooth = derivative.smoothing(
        derivative_window_ev, derivative_order, width_ev(aligned["counts"])
    )
    limits = (min_onset_sigma, max_misfit, max_fwhm_fraction, max_tail_fraction)
    settings = _Settings(ensemble, *limits, smooth, bootstrap_draws, bootstrap_seed)
    return _dataset(aligned, loss, _find(loss, aligned, settings), settings)


def _find(loss: xr.Dataset, aligned: xr.Dataset, settings: _Settings) -> _Found:
    counts, energy = rows(aligned["counts"]), aligned["energy"].to_numpy()
    gap, lower, upper = (np.full((len(ESTIMATORS), len(counts)), np.nan) for _ in range(3))
    slope = settings.smooth.first_derivative(rows(loss["loss"]))
    model, flags = np.full(counts.shape, np.nan), _forbidden(loss, aligned, settings)
    found = _Found(gap, lower, upper, slope, model, flags)
    measurable = np.flatnonzero(~np.any(list(flags.values()), axis=(0, 1)))
    shape = (len(ESTIMATORS), len(counts))
    late = ("no_onset", "at_range_edge", *LIMITING)
    found.flags.update({name: np.zeros(shape, dtype=bool) for name in late})
    if measurable.size:
        pooled = zero_loss.average(aligned)
        fwhm = float(pooled["zlp_fwhm"])
        spectrum, ensemble = pooled["counts"].to_numpy(), settings.ensemble
        start = min(ensemble.starts_ev)
        shapes = onset_shape.templates(spectrum, energy, fwhm, ensemble.gap_range_ev, start)
        known = loss["zero_loss"].attrs.get("tail_model") == "vacuum"
        vacuum = rows(loss["zero_loss"]) if known else np.full((len(counts), 0), np.nan)
        offset = aligned["zlp_offset_uncertainty"].to_numpy().ravel()
        widths = aligned["zlp_fwhm"].to_numpy().ravel()
        found.flags["peak_width_differs"][:] = np.abs(widths - fwhm) > _SAME_WIDTH * fwhm
        for pixel in map(int, measurable):
            _one(found, pixel, counts[pixel], vacuum[pixel], energy, shapes, fwhm, settings)
        low, high = ensemble.gap_range_ev
        inside = (found.lower > low + fwhm) & (found.upper < high - fwhm)
        found.flags["at_range_edge"][:, measurable] = ~inside[:, measurable]
        for bound, side in ((found.lower, -1), (found.upper, 1)):
            bound[:] = found.gap + side * np.hypot(bound - found.gap, _NORMAL_95 * offset)
    forbidden = np.any([found.flags[name] for name in FORBIDDING], axis=0)
    for values in (found.gap, found.lower, found.upper):
        values[forbidden] = np.nan
    return found


def _forbidden(loss: xr.Dataset, aligned: xr.Dataset, settings: _Settings) -> dict[str, Mask]:
    """What can be known to forbid a gap before one is looked for."""
    energy, (low, high) = aligned["energy"].to_numpy(), settings.ensemble.gap_range_ev
    fwhm = aligned["zlp_fwhm"].to_numpy().ravel()
    absent = ~np.isfinite(fwhm)
    uncovered = energy[0] > min(settings.ensemble.starts_ev) or energy[-1] < high
    coarse = ~absent & (fwhm > settings.max_fwhm_fraction * low)
    fraction = loss["tail_fraction"].to_numpy().ravel()
    high_tail = ~absent & ~((fraction > 0) & (fraction <= settings.max_tail_fraction))
    conditions = (absent, ~absent & uncovered, coarse, high_tail & ~coarse)
    return {
        name: np.broadcast_to(where, (len(ESTIMATORS), fwhm.size)).copy()
        for name, where in zip(FORBIDDING, conditions, strict=False)
    }


def _one(
    found: _Found,
    pixel: int,
    counts: Array,
    vacuum: Array,
    energy: Array,
    shapes: onset_shape.Templates,
    fwhm: float,
    settings: _Settings,
) -> None:
    """Enter the gaps of one spectrum."""
    ensemble = settings.ensemble
    used = within(energy, (shapes.energy[0], shapes.energy[-1]))
    reference = vacuum[used] if vacuum.size else None
    fit = onset.fit(counts[used], reference, shapes, fwhm, ensemble)
    if fit is None:
        found.flags["no_onset"][:, pixel] = True
        return
    member = fit.best
    span = within(energy, (member.energy[0], member.energy[-1]))
    found.model[pixel, span] = member.model
    peak = derivative.inflection(found.slope[pixel][None], energy, ensemble.gap_range_ev)[0]
    noise = _noise(counts[span], member.model)
    lower, upper = derivative.interval(
        counts,
        energy,
        noise,
        settings.smooth,
        ensemble.gap_range_ev,
        ensemble.starts_ev,
        settings.draws,
        (settings.seed, pixel),
    )
    nearest = int(np.abs(shapes.gaps - fit.gap).argmin())
    above = derivative.above_gap(
        shapes.root[nearest], shapes.energy, shapes.gaps[nearest], settings.smooth
    )
    found.gap[:, pixel] = fit.gap, peak
    found.lower[:, pixel] = fit.lower, min(lower, peak) - above
    found.upper[:, pixel] = fit.upper, max(upper, peak)
    found.flags["no_onset"][:, pixel] = fit.significance < settings.min_onset_sigma
    found.flags["poor_fit"][0, pixel] = fit.dispersion > settings.max_misfit * noise
    found.flags["poor_fit"][1, pixel] = not lower <= peak <= upper


def _noise(counts: Array, model: Array) -> float:
    """Variance of the counts over that of electrons from one channel to the next.

    Unlike the dispersion about the model it holds no misfit, which changes slowly.
    """
    return float(tail.local_dispersion(counts - model, counts, tail.UNCORRELATED_CHANNELS))


def _dataset(
    aligned: xr.Dataset, loss: xr.Dataset, found: _Found, settings: _Settings
) -> xr.Dataset:
    counts = aligned["counts"].astype(float)
    pixels = counts.isel(energy=0, drop=True)
    names = xr.DataArray(np.array(ESTIMATORS), dims="estimator", attrs={"units": "1"})

    def per_gap(values: Array | Mask, units: str) -> xr.DataArray:
        shaped = np.asarray(values).reshape(len(ESTIMATORS), *pixels.shape)
        coords = {**pixels.coords, "estimator": names}
        return xr.DataArray(shaped, coords, ("estimator", *pixels.dims), attrs={"units": units})

    flags = {name: per_gap(found.flags[name], "1") for name in (*FORBIDDING, *LIMITING)}
    smooth = settings.smooth
    said = {
        "units": "eV-1",
        "window_ev": smooth.points * smooth.step_ev,
        "window_channels": smooth.points,
        "polynomial_order": smooth.order,
    }
    return xr.Dataset(
        {
            "band_gap": per_gap(found.gap, "eV"),
            "band_gap_lower": per_gap(found.lower, "eV"),
            "band_gap_upper": per_gap(found.upper, "eV"),
            "band_gap_quality": quality.flags(flags).assign_attrs(units="1"),
            "derivative": counts.copy(data=found.slope.reshape(counts.shape)).assign_attrs(said),
            "onset_model": counts.copy(data=found.model.reshape(counts.shape)),
            "verdict": quality.verdict(_reasons(loss, found)).assign_attrs(units="1"),
        }
    )


def _reasons(loss: xr.Dataset, found: _Found) -> dict[str, quality.Level]:
    reasons: dict[str, quality.Level] = {}
    if quality.level(loss) != "good":
        reasons[str(loss["verdict"].attrs["reasons"])] = quality.level(loss)
    without = ~np.isfinite(found.gap[0])
    for name in (*FORBIDDING, *LIMITING):
        number = int(found.flags[name][0].sum())
        if number and name != "no_zero_loss_peak":  # which the loss has said
            text = f"{name.replace('_', ' ')} in {number} of {without.size} spectra"
            bad = name in FORBIDDING and without.all()
            reasons.setdefault(text, "bad" if bad else "doubtful")
        alone = int((found.flags[name][1] & ~found.flags[name][0]).sum())
        if alone:  # a remark: the primary estimator stands
            reasons[f"derivative: {name.replace('_', ' ')} in {alone} of {without.size}"] = "good"
    return reasons
