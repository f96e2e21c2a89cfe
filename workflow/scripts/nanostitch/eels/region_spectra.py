"""Spectra of regions made ready for Kramers and Kronig: zero-loss peak apart, scattered once."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from nanostitch.eels import fourier_log, thickness
from nanostitch.eels.channels import Array, Mask, resampled, width_ev

SEPARATION_FWHM = (1.5, 4.0)
"""Where the zero-loss peak may end, in its full widths at half maximum: at the minimum of the
spectrum above the first, or at the second where there is none."""
LEAST_SIGMA = 5.0
"""Fewest standard deviations by which all losses together stand out of the zero-loss peak."""
AXIS_TIMES = 4
"""Length of the axis that is transformed over that measured; beyond, losses fall like E^-3."""
TAPER_CHANNELS = 8
"""Channels at each end that are led to zero: the far end is nearly there, and the near one is close
to the zero-loss peak."""
EXACT_CHANNELS = 1e-3
"""Largest distance of a channel from a multiple of the dispersion, in channels, that is none."""


@dataclass(frozen=True)
class Regions:
    """Spectra of regions, one a row, on multiples of the dispersion.

    ``energy``, ``counts`` and ``zero_loss`` as measured; ``single`` scattering on ``far_ev``,
    which goes on beyond them, zero up to ``begin_ev``, from where the tail is told from losses;
    ``minimum_ev`` where the spectrum is lowest between peak and losses; ``usable`` where there
    is a zero-loss peak, ``lossy`` where losses stand out as well.
    """

    energy: Array
    counts: Array
    zero_loss: Array
    far_ev: Array
    single: Array
    begin_ev: Array
    minimum_ev: Array
    relative: thickness.Thickness
    usable: Mask
    lossy: Mask


def prepared(aligned: xr.Dataset, loss: xr.Dataset) -> Regions:
    """Tell the zero-loss peak of each region apart and take plural scattering out.

    The peak's tail is what ``loss`` removed from its tail window on; where it removed none, the
    mean of an exponential and a power law through the tail between the core of the peak and the
    minimum of the spectrum. Below that tail everything is zero-loss peak: a vacuum reference that
    is scaled to the tail does not have the height of the peak.

    Parameters
    ----------
    aligned, loss
        As ``contracts.eels.ALIGNED`` and ``LOSS`` say.
    """
    energy, counts, removed = _on_even_channels(aligned, loss)
    step, fwhm = float(energy[1] - energy[0]), aligned["region_zlp_fwhm"].to_numpy().astype(float)
    usable = np.isfinite(fwhm) & np.isfinite(counts).all(axis=1)
    far_ev = energy[0] + step * np.arange(AXIS_TIMES * energy.size)
    number = len(counts)
    begin, least, value, lower, upper = np.full((5, number), np.nan)
    short, lossy = np.zeros(number, bool), np.zeros(number, bool)
    gain = float(aligned["noise_factor"])
    fitted_ev = float(np.ravel(loss["zero_loss"].attrs.get("tail_window_ev", 0.0))[0])
    removed[:, energy < fitted_ev - EXACT_CHANNELS * step] = np.nan
    zero_loss, single = np.full(counts.shape, np.nan), np.full((number, far_ev.size), np.nan)
    for row in np.flatnonzero(usable):
        window = [times * fwhm[row] for times in SEPARATION_FWHM]
        parts = thickness.separation(counts[row], energy, window)
        found = thickness.relative_thickness(counts[[row]], energy, gain=gain, parts=parts)
        value[row], lower[row], upper[row] = found.value[0], found.lower[0], found.upper[0]
        short[row], least[row] = found.short[0], parts.energy_ev
        zero_loss[row], begin[row] = _peak_of(counts[row], removed[row], energy, parts)
        whole = _continued(counts[row], energy, far_ev)
        once = fourier_log.deconvolve(whole, zero_loss[row], taper_channels=TAPER_CHANNELS)
        single[row] = np.where(far_ev > begin[row], once[0], 0)
        noise = np.sqrt(gain * max(float(counts[row][energy > begin[row]].sum()), 1.0))
        lossy[row] = single[row][: energy.size].sum() > LEAST_SIGMA * noise
    relative = thickness.Thickness(value, lower, upper, short)
    ends = (begin, least)
    return Regions(energy, counts, zero_loss, far_ev, single, *ends, relative, usable, lossy)


def _peak_of(
    counts: Array, removed: Array, energy: Array, parts: thickness.Separation
) -> tuple[Array, float]:
    """Zero-loss peak with its tail, and the energy from where it is told from the losses."""
    known = np.isfinite(removed)
    tail = np.where(known, removed, parts.tails.mean(axis=0))
    # A reference may end before the spectrum does.
    fitted = np.maximum.accumulate(known)
    above = fitted if known.any() else energy > energy[parts.tail_channels].max(initial=0)
    above &= energy > 0
    return np.where(above, tail, counts), float(energy[~above].max())


def _on_even_channels(aligned: xr.Dataset, loss: xr.Dataset) -> tuple[Array, Array, Array]:
    """Energy, counts and removed tail on multiples of the dispersion, as a transform needs it."""
    exact, step = aligned["energy"].to_numpy().astype(float), width_ev(aligned["counts"])
    counts, removed = (p.to_numpy().astype(float) for p in (aligned["counts"], loss["zero_loss"]))
    energy = step * np.round(exact / step)
    if np.abs(exact - energy).max() > EXACT_CHANNELS * step:
        counts = resampled(counts, exact, energy, np.zeros(len(counts)))
        removed = np.stack([np.interp(energy, exact, row) for row in removed])
    covered = np.isfinite(counts).any(axis=0) | ~np.isfinite(counts).any()
    return energy[covered], counts[:, covered], removed[:, covered]


def _continued(counts: Array, energy: Array, far_ev: Array) -> Array:
    """One spectrum (1, channel), beyond its end like a loss far above all plasmons."""
    last = max(1, round(thickness.END_SHARE * energy.size))
    level = max(float(counts[-last:].mean()), 0.0)
    middle = float(energy[-last:].mean())
    beyond = level * (middle / far_ev[energy.size :]) ** thickness.USUAL
    return np.concatenate([counts, beyond])[None]
