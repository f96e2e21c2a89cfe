"""Spectra sharper than the spectrometer: Richardson-Lucy deconvolution."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from nanostitch.eels.row_chunks import in_chunks

Real = NDArray[np.floating[Any]]

ITERATIONS = 15
"""Rounds in common use for energy-loss spectra: noise grows with each (Gloter et al. 2003)."""
END_CHANNELS = 8
"""Channels at each end whose mean stands for what lies beyond: enough that its noise is small."""


def richardson_lucy(
    counts: Real, line: Real, centre: int, iterations: int = ITERATIONS, workers: int = 1
) -> Real:
    """Spectra that, blurred by the line of the instrument, most probably gave those recorded.

    Parameters
    ----------
    counts
        Spectra (n, channel); electrons, so what is below zero counts as zero. Computed in
        single precision if float32, else in double.
    line
        Shape of the zero-loss peak (channel of the line,), of any height, without a loss.
    centre
        Its channel that means no loss.
    iterations
        Rounds. There is no best number: each sharpens peaks and noise.
    workers
        Threads; their number does not change a bit of the result.

    Returns
    -------
    numpy.ndarray
        Sharpened counts (n, channel) in the precision of ``counts``; away from the
        ends of the axis with the same sum. NaN rows stay NaN.

    Notes
    -----
    Richardson, J. Opt. Soc. Am. 62 (1972) 55; Lucy, Astron. J. 79 (1974) 745; Gloter, Douiri,
    Tencé & Colliex, Ultramicroscopy 96 (2003) 385. The spectrum is continued beyond its ends at
    their level, so that the line carries as much in as out; away from the ends the result is that
    of HyperSpy's
    ``richardson_lucy_deconvolution``.
    """
    wanted = np.float32 if counts.dtype == np.float32 else np.float64
    rows, channels = counts.shape
    carried = np.flatnonzero(line)
    reach = max(1, int(np.abs(carried - centre).max()))
    size = int(fft.next_fast_len(channels + 4 * reach, real=True))
    around = np.zeros(size)
    around[(carried - centre) % size] = line[carried] / np.sum(line)
    blur = np.asarray(fft.rfft(around))
    back = blur.conj()
    found = np.empty((rows, channels), wanted)
    ends = ((0, 0), (reach, reach))

    def work(chunk: slice) -> None:
        inside = np.maximum(counts[chunk], 0).astype(float)
        recorded = np.pad(inside, ends, "mean", stat_length=min(END_CHANNELS, channels))
        estimate = recorded.copy()
        for _ in range(iterations):
            blurred = _through(estimate, blur, size)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = recorded / blurred
            ratio[blurred <= _rounding(blurred)] = 0
            estimate *= _through(ratio, back, size)
            np.maximum(estimate, 0, out=estimate)
        found[chunk] = estimate[:, reach : reach + channels]

    in_chunks(work, rows, channels * np.dtype(float).itemsize, workers)
    return found


def _through(spectra: Real, filtered_by: Real, size: int) -> Real:
    transform = fft.rfft(spectra, size, axis=-1)
    transform *= filtered_by
    return np.asarray(fft.irfft(transform, size)[:, : spectra.shape[1]])


def _rounding(values: Real) -> Real:
    """What the transform leaves where nothing is: a few units of its last place."""
    largest = np.nanmax(values, axis=-1, keepdims=True, initial=0)
    return np.asarray(4 * np.finfo(values.dtype).eps * largest)
