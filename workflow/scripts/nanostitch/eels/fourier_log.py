"""Single scattering from a spectrum with plural scattering: Fourier-log deconvolution."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from nanostitch.eels.row_chunks import in_chunks

Real = NDArray[np.floating[Any]]
Complex = NDArray[np.complexfloating[Any, Any]]
Mask = NDArray[np.bool_]

TAPER_SHARE = 0.02
"""Share of the channels at each end over which a spectrum is led to zero by a Hann window, so
that the ends of the axis are no steps to the transform; as in HyperSpy's ``hanning_taper``."""
LEAST_TAPER = 20
"""Fewest channels of that."""
MOST_THICKNESS = 3.0
"""Largest t/lambda: the logarithm is many-valued, and beyond pi the phase of a spectrum whose
losses are one sharp plasmon passes its cut (Egerton 2011, section 4.1.1)."""

ROUNDING = 1.0
"""Rounding of a transformed channel over the last place of the largest (the sum of a spectrum)."""
NEAR_CUT = 0.05
"""Distance from a half turn of the phases that are looked at more closely [rad]."""


def deconvolve(
    counts: Real, zero_loss: Real, workers: int = 1, taper_channels: int | None = None
) -> Real:
    """Distribution of single scattering of each spectrum, without its zero-loss peak.

    With Fourier transforms J of the spectrum and Z of its zero-loss peak, single scattering as
    the instrument would have shown it has the transform Z ln(J/Z): plural scattering is removed,
    the resolution is kept, and so no noise is amplified. Its sum is the zero-loss sum times
    t/lambda.

    Parameters
    ----------
    counts
        Spectra (n, channel) with their zero-loss peaks. Computed in single precision if they
        are float32, else in double; a spectrum whose phase single precision cannot tell from
        one a turn away is done again in double.
    zero_loss
        Zero-loss peaks alone, on the same channels or the first of them: (n, channel), or
        (channel,) for one shape of all spectra, which is scaled to none of them: it must have
        the electrons of the peak.
    workers
        Threads; their number does not change a bit of the result.
    taper_channels
        Channels at each end over which the spectrum is led to zero, 2 % and at least 20 where
        None. The zero-loss peak must not reach into them.

    Returns
    -------
    numpy.ndarray
        Counts of single scattering (n, channel). NaN rows stay NaN.

    Notes
    -----
    Johnson & Spence, J. Phys. D 7 (1974) 771; Egerton, Electron Energy-Loss Spectroscopy in the
    Electron Microscope, 3rd ed. (2011), section 4.1.1. The result is that of eXSpy's
    ``fourier_log_deconvolution`` where the length of its transform is even; where it is odd,
    eXSpy 0.3 inverts one of another length and so stretches the energy axis.
    """
    wanted = np.float32 if counts.dtype == np.float32 else np.float64
    peaks = np.atleast_2d(zero_loss)
    rows, channels = counts.shape
    size = int(fft.next_fast_len(channels + peaks.shape[1] - 1, real=True))
    window = taper(channels, taper_channels)
    found = np.empty((rows, channels), wanted)

    def work(chunk: slice) -> None:
        own = peaks[chunk] if len(peaks) > 1 else peaks
        found[chunk], near_cut = _solve(counts[chunk], own, window.astype(wanted), size)
        again = np.flatnonzero(near_cut) if wanted == np.float32 else ()
        if len(again):
            own = own[again] if len(own) > 1 else own
            found[chunk][again] = _solve(counts[chunk][again], own, window, size)[0]

    in_chunks(work, rows, channels * found.itemsize, workers)
    return found


def taper(channels: int, wide: int | None = None) -> Real:
    """Factors that lead both ends of a spectrum to zero (channel)."""
    wide = max(LEAST_TAPER, round(TAPER_SHARE * channels)) if wide is None else wide
    wide = min(wide, channels // 2)
    flank = np.hanning(2 * wide)
    factors = np.ones(channels)
    factors[:wide], factors[channels - wide :] = flank[:wide], flank[wide:]
    return factors


def _solve(counts: Real, peaks: Real, window: Real, size: int) -> tuple[Real, Mask]:
    """Single scattering, and the spectra in which rounding may turn a phase by a whole turn."""
    spectra = fft.rfft(counts * window, size, axis=-1)
    peak = fft.rfft(peaks.astype(window.dtype, copy=False), size, axis=-1)
    power, least = _power(spectra), _power(peak)
    ratio = spectra * peak.conj()
    phase = np.arctan2(ratio.imag, ratio.real)
    rounding = ROUNDING * np.finfo(window.dtype).eps * np.sqrt(power.max(axis=-1))
    unsure = _at_the_cut(phase, power, np.broadcast_to(least, power.shape), rounding)
    with np.errstate(divide="ignore", invalid="ignore"):
        modulus = 0.5 * np.log(power / least)
    modulus[(power == 0) | (least == 0)] = 0
    spectra.real, spectra.imag = modulus, phase
    spectra *= peak
    return fft.irfft(spectra, size)[:, : counts.shape[1]], unsure


def _at_the_cut(phase: Real, power: Real, least: Real, rounding: Real) -> Mask:
    """Spectra with a phase that is a half turn, within what rounding may do to it.

    A real channel has a phase of exactly a half turn, or none: nothing is unsure there.
    """
    near = np.flatnonzero(np.abs(phase) > np.pi - NEAR_CUT)
    away = np.pi - np.abs(phase.ravel()[near])
    row, at = np.divmod(near, phase.shape[1])
    height = np.sqrt(np.minimum(power[row, at], least[row, at]))
    unsure = np.zeros(len(phase), bool)
    unsure[row[(away * height < rounding[row]) & (away > np.finfo(phase.dtype).eps)]] = True
    return unsure


def _power(transform: Complex) -> Real:
    return np.asarray(transform.real**2 + transform.imag**2)
