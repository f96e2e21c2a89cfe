"""One pass over the spectra of a scan: spikes, zero-loss peaks, sums of regions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.eels import blocks, credible, noise, peak, spikes
from nanostitch.eels.blocks import RawBlock
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

_AT_A_TIME = 256
"""Spectra worked on together: of 2000 channels, they stay in the cache from step to step."""


@dataclass(frozen=True)
class Instrument:
    """Noise of the camera, and the width of the zero-loss peak [channel]."""

    noise: Noise
    fwhm: float


@dataclass(frozen=True)
class Places:
    """What is kept of the peak of each spectrum, as :class:`nanostitch.eels.peak.Peaks` has it.

    NaN in spectra without a zero-loss peak.
    """

    centre: Array
    uncertainty: Array
    fwhm: Array
    fwtm: Array
    counts: Array


@dataclass(frozen=True)
class _Part:
    """Some pixels: their spectra without spikes, the spikes, their peaks."""

    rows: slice
    spectra: Array
    hits: Spikes
    peaks: Peaks


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

    peaks: Places
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
    # The second block is read while the first tells the noise.
    every: Iterator[RawBlock] = blocks.raw_blocks(raw)
    start, few = next(every), _are_few(raw)
    instrument = _instrument(_typical(start.counts, few), settings)
    sums, struck = Sums(len(members), energy.size), []
    peaks, flags = _blank(members.shape[1])
    every = chain([start], every)
    del start  # a block is not kept while others are worked on
    for part in _parts(every, few, instrument, settings):
        rows, judged = part.rows, credible.flags(part.peaks, energy, settings.limits)
        known = ~judged["no_zero_loss_peak"]
        for field in fields(Places):
            here = np.where(known, getattr(part.peaks, field.name), np.nan)
            getattr(peaks, field.name)[rows] = here
        sums.add(part.spectra, peaks.centre[rows], members[:, rows])
        for name in credible.FLAGS:
            flags[name][rows] = judged[name]
        struck.append((rows.start, part.hits))
    found = ~flags["no_zero_loss_peak"]
    hits = _joined(struck, found)
    farthest = settings.max_drift_fraction * energy.size
    flags["far_shifted"] = far = credible.far_shifted(peaks.centre, found, farthest)
    every = blocks.raw_blocks(raw) if far.any() else iter(())
    for part in _parts(every, few, instrument, settings):
        rows = part.rows
        placed = np.where(far[rows], peaks.centre[rows], np.nan)
        sums.add(part.spectra, placed, members[:, rows], weight=-1.0)
    used = found & ~far
    if used.size == 1 or not used.any():
        totals = np.where(used[0], part.spectra[-1], np.nan)[None].repeat(len(members), 0)
        zero = peaks.centre[0] if used[0] else -energy[0] * (energy.size - 1) / np.ptp(energy)
        channels = np.arange(energy.size) - zero
    else:
        totals, channels = sums.read(peaks.centre[used])
        totals[~(members & used).any(axis=1)] = np.nan
    return Scan(peaks, flags, hits, instrument, totals, channels)


def _parts(
    every: Iterable[RawBlock], few: bool, instrument: Instrument, settings: Settings
) -> Iterator[_Part]:
    """The pixels of blocks in their order, some at a time."""
    for block in every:
        for low in range(0, len(block.counts), _AT_A_TIME):
            spectra = _floating(block.counts[low : low + _AT_A_TIME], few)
            hits = spikes.replace(
                spectra, instrument.noise, instrument.fwhm, settings.min_spike_sigma
            )
            peaks, first = peak.measure(spectra, instrument.noise), block.first + low
            yield _Part(slice(first, first + len(spectra)), spectra, hits, peaks)


def _floating(counts: NDArray[Any], few: bool) -> Array:
    """A copy that holds the counts exactly; zeros in place of spectra that are not all numbers."""
    if few:
        single = False
    elif counts.dtype.kind == "f":
        single = counts.dtype.itemsize <= 4
    else:
        least = int(counts.min()) if counts.dtype.kind == "i" else 0
        single = max(int(counts.max()), -least) < _EXACT
    spectra: Array = counts.astype(np.float32 if single else np.float64, order="C")
    if counts.dtype.kind == "f":
        spectra[~np.isfinite(spectra.sum(axis=1))] = 0.0
    return spectra


def _are_few(raw: xr.Dataset) -> bool:
    return bool(raw["counts"].size <= _FEW * raw.sizes["energy"])


def _typical(first: NDArray[Any], few: bool) -> Array:
    """Some of the first spectra."""
    chosen = np.linspace(0, len(first) - 1, min(len(first), _TYPICAL)).astype(int)
    return _floating(first[chosen], few)


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


def _blank(pixels: int) -> tuple[Places, credible.Flags]:
    """Room for what is found in each pixel."""
    found = [np.zeros(pixels) for _ in fields(Places)]
    return Places(*found), {name: np.zeros(pixels, bool) for name in credible.FLAGS}


def _joined(parts: Sequence[tuple[int, Spikes]], found: Mask) -> Spikes:
    """Spikes of the spectra with a zero-loss peak; their rows are pixels."""
    pixel = np.concatenate([hits.row + first for first, hits in parts])
    channel = np.concatenate([hits.channel for _, hits in parts])
    value = np.concatenate([hits.replacement for _, hits in parts])
    kept = found[pixel]
    return Spikes(pixel[kept].astype(np.int32), channel[kept], value[kept])
