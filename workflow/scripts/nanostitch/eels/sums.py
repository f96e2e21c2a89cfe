"""Sums of spectra whose zero-loss peaks lie at different places between channels."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled, compiled_sums
from nanostitch.eels.channels import Array

_TAPS = 7
"""Channels from which the counts of a moved channel are interpolated: an error below 1e-3 of the
maximum for a peak of three channels, 1e-5 for one of five."""
_REACH = _TAPS // 2


class Sums:
    """Sums of spectra by region, each with its zero-loss peak at channel zero.

    A channel holds an integral over its width, so the running sum of the counts is known exactly
    at the edges of the channels. It is interpolated there by Lagrange's polynomial through seven
    edges and differenced: the weights of the channels sum to one and their first moment is the
    shift, so that counts and the mean energy of a peak are conserved.

    Parameters
    ----------
    regions
        Number of regions.
    channels
        Channels of a spectrum.
    """

    def __init__(self, regions: int, channels: int) -> None:
        self._channels = channels
        self._totals = np.zeros((regions, 2 * channels))

    def add(
        self, spectra: Array, at: Array, members: NDArray[np.bool_], weight: float = 1.0
    ) -> None:
        """Add spectra.

        Parameters
        ----------
        spectra
            Counts, one spectrum a row.
        at
            Where the zero-loss peak of each lies, in channels from the first; NaN leaves it out.
        members
            Which belong to which region; dims (region, spectrum).
        weight
            Minus one takes them away again.
        """
        known = np.isfinite(at)
        nearest = np.where(known, np.rint(at), 0).astype(np.int64)
        shift = np.where(known, at - nearest, 0.0)
        _add(self._totals, spectra, nearest, shift, weight, members & known)

    def read(self, at: Array) -> tuple[Array, NDArray[np.int64]]:
        """Sums (region, channel) and the channels that all of the spectra reach.

        Parameters
        ----------
        at
            Where the zero-loss peaks of all that were added lie, in channels from the first.
        """
        low, high = int(np.rint(at.min())), int(np.rint(at.max()))
        first, last = _REACH - low, self._channels - 1 - _REACH - high
        channels = np.arange(first, last + 1)
        return self._totals[:, channels + self._channels], channels


@compiled
def _lagrange(shift: float, weights: Array) -> None:
    """Weights (tap,) that interpolate by a shift of up to half a channel."""
    for tap in range(_TAPS):
        weights[tap] = 1.0
        for other in range(_TAPS):
            if other != tap:
                weights[tap] *= (shift + _REACH - other) / (tap - other)


@compiled_sums
def _add(
    totals: Array,
    spectra: Array,
    nearest: NDArray[np.int64],
    shift: Array,
    weight: float,
    members: NDArray[np.bool_],
) -> None:
    channels = spectra.shape[1]
    inner = channels - 2 * _REACH
    c, moved, w = np.zeros(channels), np.zeros(inner), np.zeros(_TAPS)
    # Views, so that several channels are worked on at a time.
    c0, c1, c2, c3 = c[:inner], c[1 : inner + 1], c[2 : inner + 2], c[3 : inner + 3]
    c4, c5, c6 = c[4 : inner + 4], c[5 : inner + 5], c[6 : inner + 6]
    for row in range(len(spectra)):
        if not members[:, row].any():
            continue
        for i in range(channels):
            c[i] = spectra[row, i]
        _lagrange(shift[row], w)
        w0, w1, w2, w3, w4, w5, w6 = w[0], w[1], w[2], w[3], w[4], w[5], w[6]
        for i in range(inner):
            moved[i] = (
                w0 * c0[i]
                + w1 * c1[i]
                + w2 * c2[i]
                + w3 * c3[i]
                + w4 * c4[i]
                + w5 * c5[i]
                + w6 * c6[i]
            )
        first = channels - nearest[row] + _REACH
        for region in range(len(totals)):
            if members[region, row]:
                total = totals[region, first : first + inner]
                for i in range(inner):
                    total[i] += weight * moved[i]
