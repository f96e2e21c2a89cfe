"""Gap and inflection against the smoothing window: whether that choice decides the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nanostitch.eels import derivative
from nanostitch.eels.channels import Array
from nanostitch.eels.estimator import Range, Removal, hull, median
from nanostitch.eels.smoothing import Seen, Smoothing, smoothing

_MOST_WINDOWS = 12
"""Enough for a curve over a decade of widths; each costs as much as one estimate."""


@dataclass(frozen=True)
class Sweep:
    """Inflection as it is and gap that it stands for with its interval, by window [eV]."""

    inflection: Array
    gap: Array
    gap_lower: Array
    gap_upper: Array


def windows_ev(sweep_range_ev: Sequence[float], order: int, step_ev: float) -> Array:
    """Widths of odd numbers of channels in about equal ratios over a range [eV]."""
    low, high = (float(end) for end in sweep_range_ev)
    wanted = np.geomspace(low, max(high, low), _MOST_WINDOWS)
    points = {smoothing(float(width), order, step_ev).points for width in wanted}
    return step_ev * np.array(sorted(points), dtype=float)


def sweep(
    counts: Array,
    removal: Removal,
    variance: Array,
    energy: Array,
    smooths: Sequence[Smoothing],
    gap_range_ev: Range,
    seen: Seen,
    weights: Mapping[str, float],
) -> Sweep:
    """Inflection and gap of one spectrum for each smoothing, intervals by error propagation.

    Parameters
    ----------
    counts, variance, energy
        Measured counts, their expected variance, and the channels' centres [eV].
    removal
        Models of the tail; the interval holds their differences.
    smooths
        Smoothings of the loss.
    gap_range_ev
        Where the inflection is looked for [eV].
    seen, weights
        Onsets and their probabilities, as for the offset of an estimator.
    """
    found = np.full((len(smooths), 4), np.nan)
    loss = counts - removal.tails
    for row, smooth in enumerate(smooths):
        above = derivative.offset(seen, weights, smooth)
        by_tail = derivative.pixels(loss, variance[None], energy, smooth, gap_range_ev, above)
        known = np.isfinite(by_tail.value)
        if known.any():
            share = removal.weights[known]
            value = median(by_tail.value[known], share)
            low = hull(by_tail.gap_lower[known], share)[0]
            high = hull(by_tail.gap_upper[known], share)[1]
            found[row] = value, value - above.mean_ev, low, high
    return Sweep(*found.T)
