"""What every estimator of a band gap at one place of a smoothed spectrum has in common.

An estimator reads a number from a spectrum without zero-loss tail. How far that number lies from
the gap is found by showing it onsets whose gap is known (:meth:`Estimator.offset`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nanostitch.eels.channels import Array
from nanostitch.eels.smoothing import Offset, Seen, Shape, Smoothing, sampled
from nanostitch.intervals import NORMAL_95

Range = tuple[float, float]
Reading = tuple[Array, Array, Array]
"""A number and the bounds of its 95 % interval by counting, one a spectrum [eV]."""
Read = Callable[[Array, Array, Array, Smoothing, Range], Reading]
"""Reads spectra: loss (spectrum, channel), variance, energy, smoothing, range of the gap."""

LIMITS = (0.025, 0.975)
_PHASES = 8
# A model of an onset is one near its gap; farther off it may rise as it likes.
_ONSET_EV = 0.25
# Far below any weight, far above rounding in the sum of weights.
_ROUNDING = 1e-9
# Keeps the number of simulated electrons within what a random generator can draw.
_LEAST_GAIN = 1e-9


@dataclass(frozen=True)
class Estimates:
    """An estimate of each spectrum as it is and as a gap, with 95 % intervals [eV] (spectrum,)."""

    value: Array
    value_lower: Array
    value_upper: Array
    gap: Array
    gap_lower: Array
    gap_upper: Array


@dataclass(frozen=True)
class Removal:
    """Models of the tail below one spectrum (model, channel), and their probabilities (model,)."""

    tails: Array
    weights: Array


@dataclass(frozen=True)
class Estimator:
    """An estimator, given by how it reads spectra."""

    read: Read

    def offset(
        self,
        seen: Seen,
        weights: Mapping[str, float],
        smooth: Smoothing,
        itself: Mapping[str, float] | None = None,
    ) -> Offset:
        """How far above the gap the estimate comes to lie.

        Parameters
        ----------
        seen
            Onsets as the channels show them: evenly spaced energies above the gap [eV], closer
            than a channel, and height.
        weights
            Probability of each shape; those that are not named have none.
        smooth
            Smoothing of the loss.
        itself
            What the estimate would be above the gap [eV] without spectrometer and smoothing; 0
            where a shape is not named, as for a square root.
        """
        names = [name for name in seen if weights.get(name, 0.0) > 0]
        found = np.array([self._of_model(seen[name], smooth) for name in names])
        share = np.array([weights[name] for name in names])
        bare = np.array([(itself or {}).get(name, 0.0) for name in names])
        shifts, share = found.mean(axis=1), share / share.sum()
        return Offset(shifts, shifts - bare, share, float(share @ np.ptp(found, axis=1)) / 2)

    def pixels(
        self,
        loss: Array,
        variance: Array,
        energy: Array,
        smooth: Smoothing,
        gap_range_ev: Range,
        above: Offset,
        systematic_ev: float | Array = 0.0,
    ) -> Estimates:
        """Estimates of many spectra, with 95 % intervals by error propagation.

        Parameters
        ----------
        loss
            Counts without the tail of the zero-loss peak, one spectrum a row.
        variance
            Expected variance of the counts, one row or one a spectrum.
        energy
            Centres of the channels [eV].
        smooth
            Smoothing of the loss.
        gap_range_ev
            Where the onset is looked for [eV].
        above
            From :meth:`offset`.
        systematic_ev
            Standard uncertainty of the estimate by what the spectra share: the model of the
            tail [eV].
        """
        reading = self.read(loss, variance, energy, smooth, gap_range_ev)
        return estimates(reading, above, systematic_ev)

    def region(
        self,
        counts: Array,
        removal: Removal,
        variance: Array,
        energy: Array,
        smooths: Sequence[Smoothing],
        above: Sequence[Offset],
        gap_range_ev: Range,
        draws: int,
        seed: int,
    ) -> tuple[Estimates, float]:
        """Estimates of one spectrum: parametric bootstrap, spread over defensible choices.

        Counts are drawn about the smoothed ones; the departure of what they give from what the
        smoothed counts give is added to the gaps by each model of the tail, window and shape.
        Windows weigh by their precision in these draws: another window may show that the shape
        is wrong, but its own larger noise is no uncertainty of the declared one. No interval is
        narrower than that by error propagation.

        Parameters
        ----------
        counts, variance, energy
            Measured counts, their expected variance, and the channels' centres [eV].
        removal
            Models of the tail.
        smooths, above
            Smoothings, the declared one first, and the offset of each.
        gap_range_ev
            Where the onset is looked for [eV].
        draws, seed
            Number and seed of the simulated spectra.

        Returns
        -------
        tuple
            The estimates, of one element, and the standard deviation of the estimate between
            models of the tail [eV], which spectra of the same instrument share.
        """
        model, noise = _drawn(counts, variance, smooths[0], draws, seed)
        best = removal.tails[int(removal.weights.argmax())]
        simulated = np.concatenate([model[None], model + noise]) - best

        def values(loss: Array, smooth: Smoothing) -> Array:
            return self.read(loss, variance[None], energy, smooth, gap_range_ev)[0]

        drawn = [values(simulated, smooth) for smooth in smooths]
        moved = [found[1:] - found[0] for found in drawn]
        at = [values(counts - removal.tails, smooth) for smooth in smooths]
        gaps = [found[:, None] - shift.ev for found, shift in zip(at, above, strict=True)]
        shares = [
            share * np.multiply.outer(removal.weights, shift.weight)
            for share, shift in zip(_precision(moved), above, strict=True)
        ]
        value = np.array([median(at[0], removal.weights)])
        low, high = _with_noise(at[:1], [removal.weights], moved[0])
        gap_low, gap_high = _with_noise(gaps, shares, moved[0])
        declared = self.read(
            (counts - best)[None], variance[None], energy, smooths[0], gap_range_ev
        )
        alone = estimates(declared, above[0])
        found = Estimates(
            value,
            np.fmin(alone.value_lower, low),
            np.fmax(alone.value_upper, high),
            value - above[0].mean_ev,
            np.fmin(alone.gap_lower, gap_low),
            np.fmax(alone.gap_upper, gap_high),
        )
        return found, _deviation(at[0], removal.weights)

    def _of_model(self, shape: Shape, smooth: Smoothing) -> Array:
        """Estimates above the gap of one onset, for places of the gap in its channel [eV]."""
        phases, half = np.arange(_PHASES) / _PHASES, smooth.points // 2
        at, heights = sampled(shape, smooth.step_ev, phases)
        if at.size <= smooth.points + 2:
            return np.full(_PHASES, np.nan)
        near = smooth.width_ev + _ONSET_EV
        ends = (max(float(at[half]), -near), min(float(at[at.size - 1 - half]), near))
        found = self.read(heights, np.zeros((1, 1)), at, smooth, ends)[0]
        return np.asarray(found + smooth.step_ev * phases)


def estimates(reading: Reading, above: Offset, systematic_ev: float | Array = 0.0) -> Estimates:
    """Gaps that readings stand for, and intervals that hold what is not known of them.

    The interval of the value holds what it would be without spectrometer and smoothing; the
    interval of the gap holds every shape of the onset that has weight.

    Parameters
    ----------
    reading
        Values and the bounds of their intervals by counting [eV].
    above
        Distance of the value from the gap.
    systematic_ev
        Standard uncertainty by what the spectra share [eV].
    """
    value, lower, upper = reading
    shared = NORMAL_95 * np.hypot(systematic_ev, above.phase_ev)
    lower, upper = value - np.hypot(value - lower, shared), value + np.hypot(upper - value, shared)
    least, most = hull(above.ev, above.weight)
    made_least, made_most = hull(above.instrument_ev, above.weight)
    return Estimates(
        value,
        lower - max(made_most, 0.0),
        upper - min(made_least, 0.0),
        value - above.mean_ev,
        lower - most,
        upper - least,
    )


def hull(values: Array, weights: Array) -> tuple[float, float]:
    """Ends of the values that hold 95 % of the weight, 2.5 % beyond each end at most.

    Values are hypotheses of their own, so the ends are values and lie not between them.
    """
    order = np.argsort(values)
    running = np.cumsum(weights[order]) / weights.sum()
    low = int(np.searchsorted(running, LIMITS[0] + _ROUNDING))
    high = int(np.searchsorted(running, LIMITS[1] - _ROUNDING))
    return float(values[order[low]]), float(values[order[min(high, values.size - 1)]])


def median(values: Array, weights: Array) -> float:
    """Weighted median of the values that are known; NaN where none is."""
    known = np.isfinite(values)
    if not known.any():
        return np.nan
    order = np.argsort(values[known])
    running = np.cumsum(weights[known][order])
    return float(values[known][order][np.searchsorted(running, running[-1] / 2)])


def _drawn(
    counts: Array, variance: Array, smooth: Smoothing, draws: int, seed: int
) -> tuple[Array, Array]:
    """Smoothed counts, and noise of simulated spectra about them (draw, channel)."""
    model = smooth.filtered(counts, 0)
    model = np.maximum(np.where(np.isfinite(model), model, counts), 0.0)
    total = model.sum()
    gain = max(float(variance.sum() / total), _LEAST_GAIN) if total > 0 else 1.0
    random = np.random.default_rng(seed)
    return model, gain * random.poisson(model / gain, (draws, model.size)) - model


def _precision(moved: Sequence[Array]) -> Array:
    """Weights of windows by the variance of their simulated estimates; the first where unknown."""
    spread = np.array([np.nanvar(noise) if np.isfinite(noise).any() else np.inf for noise in moved])
    if not (spread > 0).all() or not np.isfinite(spread[0]):
        return np.asarray(np.eye(len(moved))[0])
    return np.asarray((1 / spread) / (1 / spread).sum())


def _with_noise(
    values: Sequence[Array], weights: Sequence[Array], noise: Array
) -> tuple[float, float]:
    """Ends of 95 % of all values with all noise added; NaN where none is known."""
    every = np.concatenate([part.ravel() for part in values])
    share = np.concatenate([part.ravel() for part in weights])
    known, added = np.isfinite(every) & (share > 0), noise[np.isfinite(noise)]
    if not (known.any() and added.size):
        return np.nan, np.nan
    together = (every[known, None] + added).ravel()
    return hull(together, np.repeat(share[known], added.size))


def _deviation(values: Array, weights: Array) -> float:
    """Weighted standard deviation of the values that are known; 0 where none is."""
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    share = weights[known] / weights[known].sum()
    return float(np.sqrt(share @ (values[known] - share @ values[known]) ** 2))
