"""Read the band gap from low-loss spectra, with an interval that holds the choices."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from nanostitch.eels import (
    background,
    gap_flags,
    gap_product,
    onset_shape,
    pixel_gap,
    region_gap,
    surface,
)
from nanostitch.eels.channels import Mask, stretch, width_ev
from nanostitch.eels.choices import Choices, EnsembleTail
from nanostitch.eels.gap_flags import ESTIMATORS
from nanostitch.eels.gap_product import Results
from nanostitch.eels.region_gap import Settings, Spectrum
from nanostitch.eels.smoothing import smoothing
from nanostitch.eels.sweep import windows_ev
from nanostitch.errors import ContractError

_SAME_WIDTH = 0.1


def measure(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    loss: xr.Dataset,
    *,
    gap_range_ev: Sequence[float],
    tail_models: Sequence[EnsembleTail],
    fit_start_fractions: Sequence[float],
    fit_end_fractions: Sequence[float],
    onset_shapes: Mapping[onset_shape.Name, float],
    onset_curvature_per_ev: float,
    exciton_binding_ev: Sequence[float],
    broadening_ev: Sequence[float],
    min_onset_sigma: float,
    max_misfit: float,
    max_fwhm_fraction: float,
    max_tail_fraction: float,
    derivative_window_ev: float,
    derivative_order: int,
    sweep_range_ev: Sequence[float],
    sub_gap_width_ev: float,
    sub_gap_clearance_fwhm: float,
    gap_refractive_index: Sequence[float],
    bootstrap_draws: int,
    bootstrap_seed: int,
) -> xr.Dataset:
    """Measure the band gap of every pixel and region by three estimators.

    ``onset_fit`` fits onsets, seen through the measured zero-loss peak, and the tail below them
    to the recorded counts; ``derivative`` is the maximum of the smoothed first derivative of the
    loss less what resolution, window and shape of the onset put it above the gap; ``linear`` is
    the foot of the steepest tangent (Park et al. 2009).

    Parameters
    ----------
    raw
        Recorded spectra, as ``contracts.raw.RAW_EELS`` says; may be opened lazily.
    aligned
        Where their zero-loss peaks lie, as ``contracts.eels.ALIGNED`` says.
    loss
        Sums of regions without their zero-loss peak, as ``contracts.eels.LOSS`` says.
    gap_range_ev
        Where the gap is looked for [eV].
    tail_models
        Models of the zero-loss tail in the ensemble; ``vacuum`` takes part where ``loss`` was
        made with a vacuum reference.
    fit_start_fractions
        Where fits begin, as shares of the low edge of the range.
    fit_end_fractions
        Where fits end, as shares of the way from the gap to the high edge of the range.
    onset_shapes
        Kinds of onset and the prior weight of each.
    onset_curvature_per_ev
        Standard deviation of the prior of c in the onset (1 + c (E - Eg) + ...) f(E - Eg) [1/eV].
    exciton_binding_ev, broadening_ev
        Ranges (95 %) of the binding energy of an exciton and of the width of an edge [eV].
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
    sweep_range_ev
        Narrowest and widest smoothing window of the sweep [eV].
    sub_gap_width_ev, sub_gap_clearance_fwhm
        Width of the window in which states below the gap are looked for [eV], and its distance
        from the gap in widths of the zero-loss peak.
    gap_refractive_index
        Lowest and highest refractive index just below the gap.
    bootstrap_draws, bootstrap_seed
        Number and seed of the simulated spectra behind the other estimators' intervals.

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
    Window scan: Granerød, Zhan & Prytz, arXiv:1705.00342. Weights: :func:`ensemble.learn`.
    """
    low, high = (float(edge) for edge in gap_range_ev)
    if not 0 < low < high:
        raise ContractError(
            f"config.yaml: eels.band_gap.gap_range_ev: {[low, high]} does not ascend from above"
            " 0 eV; correct it there or in the parameters of batch.yaml"
        )
    step, order = width_ev(aligned), derivative_order
    settings = Settings(
        choices=Choices(
            (low, high),
            tuple(tail_models),
            tuple(fit_start_fractions),
            tuple(fit_end_fractions),
            dict(onset_shapes),
            onset_curvature_per_ev,
            _pair(exciton_binding_ev),
            _pair(broadening_ev),
        ),
        min_onset_sigma=min_onset_sigma,
        max_misfit=max_misfit,
        max_fwhm_fraction=max_fwhm_fraction,
        max_tail_fraction=max_tail_fraction,
        smooth=smoothing(derivative_window_ev, order, step),
        sweep=tuple(smoothing(w, order, step) for w in windows_ev(sweep_range_ev, order, step)),
        sub_gap_width_ev=sub_gap_width_ev,
        sub_gap_clearance_fwhm=sub_gap_clearance_fwhm,
        draws=bootstrap_draws,
        seed=bootstrap_seed,
    )
    beam = raw.attrs.get("beam_energy_kev")
    thick = loss["relative_thickness"].to_numpy().ravel()
    known = surface.flags(None if beam is None else float(beam), gap_refractive_index, thick)
    found = _find(raw, aligned, loss, settings, known)
    said = gap_product.reasons(loss, found) | surface.reasons(known, beam)
    return gap_product.dataset(aligned, found, settings, said)


def _pair(values: Sequence[float]) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)


def _find(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    loss: xr.Dataset,
    settings: Settings,
    beam: surface.Flags,
) -> Results:
    flags = _known(aligned, loss["region_tail_fraction"], aligned["region_zlp_fwhm"], settings)
    spectra = _spectra(aligned, loss, settings)
    measurable = np.flatnonzero(~gap_flags.forbidden(flags)[0])
    regions = {int(k): region_gap.read(spectra[k], settings) for k in measurable}
    for k, found in regions.items():
        for name, raised in found.raised.items():
            flags[name][:, k] = raised
    pixel_flags = _known(aligned, loss["tail_fraction"], aligned["zlp_fwhm"], settings)
    for name, where in beam.items():
        flags[name][:] = np.any(where)
        pixel_flags[name][:] = where
    number = aligned["zlp_offset"].size
    if 0 in regions:
        if number > 1:
            noise = background.pixel_noise(aligned)
            pixels = pixel_gap.read(raw, aligned, spectra[0], regions[0], noise, settings)
        else:
            only = regions[0]
            flagged = {name: np.array(where)[:, None] for name, where in only.raised.items()}
            value, lower, upper = only.gap.T[..., None].copy()
            inflection = only.inflection[:, None].copy()
            pixels = pixel_gap.Pixels((value, lower, upper), inflection, flagged)
        _flag_pixels(pixel_flags, pixels, aligned, settings)
    else:
        pixels = _no_pixels(number)
        pixel_flags["no_onset"][:] = ~gap_flags.forbidden(pixel_flags)
    return Results(regions, flags, pixels, pixel_flags)


def _no_pixels(number: int) -> pixel_gap.Pixels:
    value, lower, upper = np.full((3, len(ESTIMATORS), number), np.nan)
    return pixel_gap.Pixels((value, lower, upper), np.full((3, number), np.nan), {})


def _flag_pixels(
    flags: dict[str, Mask], pixels: pixel_gap.Pixels, aligned: xr.Dataset, settings: Settings
) -> None:
    """Enter what was found out about the pixels by measuring them."""
    flags.update(pixels.raised)
    width, low, high = float(aligned["region_zlp_fwhm"][0]), *settings.choices.gap_range_ev
    value, lower, upper = pixels.gap
    inside = (lower > low + width) & (upper < high - width)
    tried = np.isfinite(value) | np.isfinite(lower) | np.isfinite(upper) | flags["no_onset"]
    flags["at_range_edge"] |= tried & ~inside
    flags["no_zero_loss_peak"] |= ~tried.any(axis=0)
    fwhm = aligned["zlp_fwhm"].to_numpy().ravel()
    flags["peak_width_differs"] |= np.abs(fwhm - width) > _SAME_WIDTH * width


def _known(
    aligned: xr.Dataset, fraction: xr.DataArray, fwhm: xr.DataArray, settings: Settings
) -> dict[str, Mask]:
    """Flags of what can be known to forbid a gap before one is looked for."""
    energy, (low, high) = aligned["energy"].to_numpy(), settings.choices.gap_range_ev
    width, share = fwhm.to_numpy().ravel(), fraction.to_numpy().ravel()
    found = gap_flags.blank(width.size)
    absent = ~np.isfinite(width)
    coarse = ~absent & (width > settings.max_fwhm_fraction * low)
    found["no_zero_loss_peak"][:] = absent
    uncovered = energy[0] > -width[~absent].max(initial=0.0)
    uncovered |= energy[0] > settings.choices.starts_ev[0] or energy[-1] < high
    found["range_not_covered"][:] = ~absent & uncovered
    found["resolution_too_coarse"][:] = coarse
    found["tail_too_high"][:] = ~absent & ~coarse & ~(np.abs(share) <= settings.max_tail_fraction)
    return found


def _spectra(aligned: xr.Dataset, loss: xr.Dataset, settings: Settings) -> list[Spectrum]:
    """What each region is read from; a vacuum reference only where it reaches as far as fits."""
    counts, energy = background.by_region(aligned["counts"]), aligned["energy"].to_numpy()
    window = stretch(energy, settings.choices.window_ev)
    known = loss["zero_loss"].attrs.get("tail_model") == "vacuum"
    removed = background.by_region(loss["zero_loss"])
    uncertainty = aligned["zlp_offset_uncertainty"].to_numpy()
    inside = aligned["in_region"].to_numpy().astype(bool)
    found = []
    for k, (spectrum, fwhm) in enumerate(
        zip(counts, aligned["region_zlp_fwhm"].to_numpy(), strict=True)
    ):
        each = uncertainty[inside[k]]
        each = each[np.isfinite(each)]
        offset = float(np.sqrt((each**2).sum()) / each.size) if each.size else np.nan
        noise = background.region_noise(aligned, k)
        vacuum = removed[k] if known and np.isfinite(removed[k, window]).all() else None
        found.append(Spectrum(spectrum, energy, vacuum, float(fwhm), noise, offset))
    return found
