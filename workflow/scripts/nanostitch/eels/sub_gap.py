"""States in the gap: how much signal may lie below the onset beyond the zero-loss tail.

The tail below the window in which states are looked for is continued into it. How it goes on is
a matter of its model, so every defensible model and start of the fit takes part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from nanostitch.eels import tail
from nanostitch.eels.channels import Array, within
from nanostitch.eels.estimator import hull
from nanostitch.intervals import NORMAL_95

LEVEL = 0.95
_FEWEST_CHANNELS = 8
_SIGNIFICANT = 3.0
_LEAST = 1e-300
# Standard deviations that hold the limit even where a fit is far below zero.
_FAR = 40.0


@dataclass(frozen=True)
class Where:
    """Where states are looked for [eV].

    ``gap_ev`` is the lower end of what the gap may be; the window of ``width_ev`` ends
    ``clearance_ev`` below it. Fits of the tail begin at ``starts_ev`` and end as far below the
    window, so that a state in the window is not taken for tail.
    """

    gap_ev: float
    clearance_ev: float
    width_ev: float
    starts_ev: tuple[float, ...]

    @property
    def window_ev(self) -> tuple[float, float]:
        """Ends of the window below the gap [eV]."""
        high = self.gap_ev - self.clearance_ev
        return high - self.width_ev, high

    @property
    def tail_end_ev(self) -> float:
        """Where fits of the tail end [eV]."""
        return self.window_ev[0] - self.clearance_ev


@dataclass(frozen=True)
class Excess:
    """Signal below the gap beyond the tail by each fit (member,), as a share of that above it.

    ``weight`` is the probability of each fit; no element where nothing can be said.
    """

    names: tuple[str, ...]
    value: Array
    deviation: Array
    weight: Array


def excess(
    counts: Array,
    variance: Array,
    energy: Array,
    where: Where,
    models: Sequence[str],
    vacuum: Array | None = None,
) -> Excess:
    """Signal in the window below the gap by each model of the tail and each start of its fit.

    Parameters
    ----------
    counts, variance, energy
        Measured counts, their expected variance, and the channels' centres [eV].
    where
        Where states are looked for.
    models
        ``power_law``, ``exponential`` and, where a reference is given, ``vacuum``.
    vacuum
        Scaled vacuum reference in the same channels.

    Notes
    -----
    Weighted least squares of the tail times a + b r(E), r the energy or its logarithm, which is
    continued into the window with its covariance; the variance is scaled by the misfit below the
    window where that exceeds the noise.
    """
    fits = []
    for start, model in product(where.starts_ev, models):
        shape = _tail(counts, energy, (start, where.tail_end_ev), model, vacuum)
        if shape is not None and (fit := _fit(counts, variance, energy, where, start, shape)):
            fits.append((f"{model} {start:.3f}", *fit))
    if not fits:
        return Excess((), np.empty(0), np.empty(0), np.empty(0))
    names, value, deviation, misfit = zip(*fits, strict=True)
    starts = np.array([name.rpartition(" ")[2] for name in names])
    weight = np.zeros(len(names))
    for start in np.unique(starts):
        # Fits of other channels cannot be compared by their misfit: starts weigh alike.
        one = starts == start
        share = np.exp(-0.5 * (np.array(misfit)[one] - np.array(misfit)[one].min()))
        weight[one] = share / share.sum() / np.unique(starts).size
    return Excess(tuple(names), np.array(value), np.array(deviation), weight)


def limit(found: Excess) -> float:
    """Upper limit (95 %) of a signal that cannot be negative; NaN where nothing can be said."""
    if not found.value.size:
        return np.nan
    below = ndtr(found.value / found.deviation)
    share = found.weight

    def beyond(at: float) -> float:
        tails = ndtr((found.value - at) / found.deviation) / np.maximum(below, _LEAST)
        return float(share @ tails) - (1 - LEVEL)

    top = float(np.maximum(found.value, 0.0).max() + _FAR * found.deviation.max())
    return float(brentq(beyond, 0.0, top))


def _tail(
    counts: Array, energy: Array, window: tuple[float, float], model: str, vacuum: Array | None
) -> tuple[Array, Array] | None:
    """Shape of the tail and in what its small changes are linear; None where it is not known."""
    pure = within(energy, window)
    if pure.sum() < _FEWEST_CHANNELS:
        return None
    if model == "vacuum":
        return None if vacuum is None else (vacuum, tail.regressor("power_law", energy))
    kind: tail.TailModel = "exponential" if model == "exponential" else "power_law"
    fitted = tail.fit(counts[None, pure], energy[pure], kind).at(energy)[0]
    return fitted, tail.regressor(kind, energy)


def _fit(
    counts: Array,
    variance: Array,
    energy: Array,
    where: Where,
    start: float,
    shape: tuple[Array, Array],
) -> tuple[float, float, float] | None:
    """Signal in the window over that above the gap, its uncertainty, and the misfit of the tail."""
    used, window = within(energy, (start, where.tail_end_ev)), within(energy, where.window_ev)
    above = within(energy, (where.gap_ev, where.gap_ev + where.width_ev))
    if not (window.any() and above.any()):
        return None
    height, along = shape
    columns = np.stack([height, height * (along - along[used].mean())])
    weighed = columns[:, used] / np.maximum(variance[used], _LEAST)
    normal = weighed @ columns[:, used].T
    if not (np.isfinite(normal).all() and np.linalg.cond(normal) < 1 / np.finfo(float).eps):
        return None
    found = np.linalg.solve(normal, weighed @ counts[used])
    rest = counts - found @ columns
    misfit = float(rest[used] ** 2 @ (1 / np.maximum(variance[used], _LEAST)))
    scale = max(misfit / (used.sum() - len(columns)), 1.0)
    continued = columns[:, window].sum(axis=1)
    noise = continued @ np.linalg.solve(normal, continued) + variance[window].sum()
    onset = float(rest[above].sum())
    if not onset > _SIGNIFICANT * np.sqrt(variance[above].sum()):
        return None
    share = window.sum() / above.sum() * onset
    return float(rest[window].sum() / share), float(np.sqrt(scale * noise) / share), misfit / scale


def difference(here: Excess, there: Excess) -> tuple[float, float, float]:
    """Signal below the gap in one spectrum less that in another, with its 95 % interval.

    The two are compared fit by fit, so that what a model of the tail does to both drops out; NaN
    where no fit holds for both.
    """
    shared = [name for name in here.names if name in there.names]
    if not shared:
        return np.nan, np.nan, np.nan
    a, b = ([found.names.index(name) for name in shared] for found in (here, there))
    value = here.value[a] - there.value[b]
    side = NORMAL_95 * np.hypot(here.deviation[a], there.deviation[b])
    weight = (here.weight[a] + there.weight[b]) / 2
    low, high = hull(value - side, weight)[0], hull(value + side, weight)[1]
    return float(weight @ value / weight.sum()), low, high
