"""One pass over the spectra of a scan: spikes, zero-loss peaks, sums of regions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.eels import blocks, credible, noise, peak, spikes
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.noise import Noise
from nanostitch.eels.peak import Peaks
from nanostitch.eels.spikes import Spikes
from nanostitch.eels.sums import Sums

_TYPICAL = 64
"""Spectra that tell noise and resolution: of 1000 channels each, the variance to 1 %."""
_EXACT = 2**24
"""Whole numbers below it are numbers of single precision."""
_FEW = 256
"""Spectra up to which double precision, in which their sums are kept, costs nothing; then machine
code for single precision need not be compiled."""


@dataclass(frozen=True)
class Instrument:
    """Noise of the camera, and the width of the zero-loss peak [channel]."""

    noise: Noise
    fwhm: float


@dataclass(frozen=True)
class Scan:
    """What was found in the spectra of a scan.

    Attributes
    ----------
    peaks
        Peak of each spectrum, in channels from the first.
    flags
        What is wrong with each.
    spikes
        Struck channels of the spectra with a zero-loss peak; their rows are pixels.
    instrument
        Noise and resolution.
    totals
        Sum of the spectra of each region, spikes replaced; dims (region, channel). NaN where no
        spectrum of the region has a zero-loss peak.
    channels
        Distance of the channels of ``totals`` from the zero-loss peak [channel].
    """

    peaks: Peaks
    flags: credible.Flags
    spikes: Spikes
    instrument: Instrument
    totals: Array
    channels: Array

    @property
    def used(self) -> Mask:
        """Spectra whose zero-loss peak is credible and near those of the others."""
        return np.asarray(~self.flags["no_zero_loss_peak"] & ~self.flags["far_shifted"])


@dataclass(frozen=True)
class Settings:
    """How the spectra are looked at, as :func:`nanostitch.eels.zero_loss.align` takes it."""

    limits: credible.Limits
    max_drift_fraction: float
    min_spike_sigma: float
    gain_spread: float


def read(raw: xr.Dataset, members: Mask, settings: Settings) -> Scan:
    """Go through all spectra, some rows of the scan at a time.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_EELS`` says.
    members
        Which pixel belongs to which region; dims (region, pixel).
    settings
        How the spectra are looked at.
    """
    energy = raw["energy"].to_numpy().astype(float)
    instrument = _instrument(_typical(raw), settings)
    sums, parts = Sums(len(members), energy.size), []
    for rows, spectra, hits in _despiked(raw, instrument, settings):
        peaks = peak.measure(spectra, instrument.noise)
        flags = credible.flags(peaks, energy, settings.limits)
        sums.add(spectra, _placed(peaks, ~flags["no_zero_loss_peak"]), members[:, rows])
        parts.append((rows.start, peaks, flags, hits))
    peaks, flags, hits = _joined(parts)
    found = ~flags["no_zero_loss_peak"]
    farthest = settings.max_drift_fraction * energy.size
    flags["far_shifted"] = far = credible.far_shifted(peaks.centre, found, farthest)
    for rows, spectra, _ in _despiked(raw, instrument, settings) if far.any() else ():
        sums.add(spectra, _placed(peaks, far)[rows], members[:, rows], weight=-1.0)
    used = found & ~far
    if used.size == 1 or not used.any():
        totals = np.where(used[0], spectra[-1], np.nan)[None].repeat(len(members), 0)
        zero = peaks.centre[0] if used[0] else -energy[0] * (energy.size - 1) / np.ptp(energy)
        channels = np.arange(energy.size) - zero
    else:
        totals, channels = sums.read(peaks.centre[used])
        totals[~(members & used).any(axis=1)] = np.nan
    return Scan(peaks, flags, hits, instrument, totals, channels)


def _despiked(
    raw: xr.Dataset, instrument: Instrument, settings: Settings
) -> Iterator[tuple[slice, Array, Spikes]]:
    """Pixels of each block, their spectra without spikes, and the spikes."""
    for block in blocks.raw_blocks(raw):
        spectra = _floating(block.counts, _are_few(raw))
        hits = spikes.replace(spectra, instrument.noise, instrument.fwhm, settings.min_spike_sigma)
        yield slice(block.first, block.first + len(spectra)), spectra, hits


def _floating(counts: NDArray[Any], few: bool) -> Array:
    """A copy that holds the counts exactly; zeros in place of spectra that are not all numbers."""
    if few:
        single = False
    elif counts.dtype.kind == "f":
        single = counts.dtype.itemsize <= 4
    else:
        single = max(int(counts.max()), -int(counts.min())) < _EXACT
    spectra: Array = counts.astype(np.float32 if single else np.float64, order="C")
    if counts.dtype.kind == "f":
        spectra[~np.isfinite(spectra.sum(axis=1))] = 0.0
    return spectra


def _are_few(raw: xr.Dataset) -> bool:
    return bool(raw["counts"].size <= _FEW * raw.sizes["energy"])


def _typical(raw: xr.Dataset) -> Array:
    """Some of the first spectra."""
    first = blocks.first_of(raw).counts
    chosen = np.linspace(0, len(first) - 1, min(len(first), _TYPICAL)).astype(int)
    return _floating(first[chosen], _are_few(raw))


def _placed(peaks: Peaks, chosen: Mask) -> Array:
    return np.where(chosen, peaks.centre, np.nan)


def _instrument(spectra: Array, settings: Settings) -> Instrument:
    """Noise and resolution, from the first spectra of a scan.

    Spikes are taken away in between, lest one that outshines the zero-loss peak be measured.
    """
    model, fwhm = Noise(gain_spread=settings.gain_spread), credible.NARROWEST_CHANNELS
    for last in (False, True):
        peaks = peak.measure(spectra, model)
        width = peaks.fwhm[peaks.fwhm >= credible.NARROWEST_CHANNELS]
        fwhm = float(np.median(width)) if width.size else credible.NARROWEST_CHANNELS
        away = np.abs(np.arange(spectra.shape[1]) - np.nan_to_num(peaks.centre)[:, None])
        model = noise.measure(spectra, away <= noise.CURVED_FWHM * fwhm, settings.gain_spread)
        if not last:
            spikes.replace(spectra, model, fwhm, settings.min_spike_sigma)
    return Instrument(model, fwhm)


def _joined(
    parts: Sequence[tuple[int, Peaks, credible.Flags, Spikes]],
) -> tuple[Peaks, credible.Flags, Spikes]:
    """Blocks one after the other; spikes of spectra with a zero-loss peak only, by pixel."""
    firsts, peaks, flags, hits = zip(*parts, strict=True)
    whole = Peaks(*(np.concatenate([getattr(p, f.name) for p in peaks]) for f in fields(Peaks)))
    judged = {name: np.concatenate([f[name] for f in flags]) for name in credible.FLAGS}
    pixel = np.concatenate([h.row + first for h, first in zip(hits, firsts, strict=True)])
    kept = ~judged["no_zero_loss_peak"][pixel]
    channel, value = (
        np.concatenate([getattr(h, n) for h in hits]) for n in ("channel", "replacement")
    )
    return whole, judged, Spikes(pixel[kept].astype(np.int32), channel[kept], value[kept])
