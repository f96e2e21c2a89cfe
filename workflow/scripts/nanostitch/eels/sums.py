"""Sums of spectra whose zero-loss peaks lie at different places between channels."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.compiled import compiled
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
        weights = weight * _lagrange(np.where(known, at - nearest, 0.0))
        _add(self._totals, spectra, nearest, weights, members & known)

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


def _lagrange(shift: Array) -> Array:
    """Weights (spectrum, tap) that interpolate by a shift of up to half a channel."""
    nodes = np.arange(-_REACH, _REACH + 1.0)
    weights = np.ones((shift.size, _TAPS))
    for tap, node in enumerate(nodes):
        for other in nodes[nodes != node]:
            weights[:, tap] *= (shift - other) / (node - other)
    return weights


@compiled
def _add(
    totals: Array,
    spectra: Array,
    nearest: NDArray[np.int64],
    weights: Array,
    members: NDArray[np.bool_],
) -> None:
    channels = spectra.shape[1]
    moved = np.zeros(channels)
    for row in range(len(spectra)):
        if not members[:, row].any():
            continue
        c, w = spectra[row], weights[row]
        for i in range(_REACH, channels - _REACH):
            moved[i] = (
                w[0] * c[i - 3]
                + w[1] * c[i - 2]
                + w[2] * c[i - 1]
                + w[3] * c[i]
                + w[4] * c[i + 1]
                + w[5] * c[i + 2]
                + w[6] * c[i + 3]
            )
        first = channels - nearest[row]
        for region in range(len(totals)):
            if members[region, row]:
                total = totals[region]
                for i in range(_REACH, channels - _REACH):
                    total[first + i] += moved[i]
