"""Ensemble of fits of an onset to a set of spectra, and their weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from nanostitch.eels import onset
from nanostitch.eels.channels import Array
from nanostitch.eels.choices import Choices, Evidence, form, setting, tails
from nanostitch.eels.onset_model import (
    ONSET,
    Setting,
    Start,
    State,
    Sums,
    expected,
    mean_deviance,
    sums,
    whole,
)

_SMOOTHED_CHANNELS = 5
# Least length of a fit above the gap, in widths of the zero-loss peak.
_SHORTEST_ABOVE_FWHM = 4.0
# Excess of the deviance, in units of the misfit, beyond which a fit cannot matter, and is not
# followed to its end.
_CONTENDER = 30.0
_MORE_ITERATIONS = 6
_MARGINAL_ITERATIONS = 2
# Deviance that a fit at its end may still promise to gain, per spectrum.
_STILL_TO_GAIN = 1.0
# Correlations are followed to this share (one over it) of the window, while they exceed so many
# standard errors.
_LARGEST_LAG_SHARE = 3
_CORRELATED = 1.0


@dataclass(frozen=True)
class Member:
    """One fit: shape, tail, window (channels), most likely state, and the last step to it.

    ``penalty`` is twice the negative logarithm of the evidence but for the prior weight;
    ``middle_ev`` and ``level`` belong to the tail.
    """

    name: str
    shape: str
    tail: str
    window: tuple[int, int]
    setting: Setting
    state: State
    step: onset.Solution
    penalty: float
    middle_ev: float
    level: float

    def tails(self, energy: Array, vacuum: Array | None, state: State) -> Array:
        """Tail of each spectrum of a state in other channels, above 0 eV."""
        shape = form(self.tail, energy, self.middle_ev, vacuum, self.level)
        a, b = state.own[:, 0, None], state.own[:, 1, None]
        return np.asarray(shape.values(state.common[:2]) * (a - b * shape.along))


@dataclass(frozen=True)
class Learned:
    """Fits of a set that matter, and their weights.

    ``misfit`` is the variance of the residuals, as slow structure makes it, over that of counting:
    1 where the best fit describes the spectra; ``noise`` the same within each spectrum of the set,
    which a detector's point spread raises. ``significance`` is by how many standard deviations
    each onset stands out.
    """

    members: list[Member]
    weights: Array
    misfit: float
    noise: float
    significance: Array

    @property
    def best(self) -> Member:
        """Member of the largest weight."""
        return self.members[int(self.weights.argmax())]

    def best_of(self, shape: str) -> Member:
        """Member of the largest weight among those of a shape."""
        of_shape = [member.shape == shape for member in self.members]
        return self.members[int(np.where(of_shape, self.weights, -1.0).argmax())]

    def shape_weights(self) -> dict[str, float]:
        """Probability of each kind of onset that matters."""
        found: dict[str, float] = {}
        for member, weight in zip(self.members, self.weights, strict=True):
            found[member.shape] = found.get(member.shape, 0.0) + float(weight)
        return found


@dataclass(frozen=True)
class _Rough:
    """A fit in the longest window, from which those in the others start.

    ``cost`` of each window, and ``left_out`` what of it is not the fit's own.
    """

    how: Setting
    state: State
    model: str
    windows: list[tuple[int, int]]
    cost: Array
    left_out: Array


def learn(seen: Evidence, choices: Choices) -> Learned:
    """Make all fits and weigh them.

    A fit is weighed by its likelihood at the best parameters, Laplace's factor for what the prior
    of the common parameters and of the gaps loses, and two units of deviance for each channel
    that its window leaves out: as if a perfect model with a parameter for each described those.

    Notes
    -----
    Data subsets in model averaging: Jay & Neil, Phys. Rev. D 103 (2021) 114502,
    doi:10.1103/PhysRevD.103.114502.
    """
    rough: list[_Rough] = []
    for family in choices.families:
        for model in tails(seen, choices):
            rough.append(_roughly(seen, choices, setting(seen, choices, family, model), model))
            # A shape that is out of the question is so with every tail.
            if rough[-1].cost.min() > _allowed(rough, seen, 2 * _CONTENDER):
                break
    allowed = _allowed(rough, seen, _CONTENDER)
    found = [
        _member(seen, choices, one, k)
        for one in rough
        for k in range(len(one.windows))
        if one.cost[k] <= allowed
    ]
    penalty = np.array([member.penalty for member in found])
    misfit, noise = _misfit(seen, found[int(penalty.argmin())])
    prior = np.log([choices.onset_shapes[member.setting.family.name] for member in found])
    logarithm = prior - 0.5 * (penalty - penalty.min()) / misfit
    weights = np.exp(logarithm - logarithm.max())
    best = found[int(weights.argmax())]
    inside = seen.counts[:, slice(*best.window)]
    by_likelihood = onset.significance(inside, best.state, best.setting) / np.sqrt(misfit)
    by_amplitude = best.state.own[:, ONSET] / np.sqrt(best.step.onset_variance * noise)
    significance = np.minimum(by_likelihood, by_amplitude)
    return Learned(found, weights / weights.sum(), misfit, noise, significance)


def _allowed(rough: Sequence[_Rough], seen: Evidence, excess: float) -> float:
    """Cost beyond which a fit cannot matter: an excess over the lowest, times the misfit."""
    lowest = min(float(one.cost.min()) for one in rough)
    return lowest + excess * max(1.0, lowest / seen.counts.size)


def _roughly(seen: Evidence, choices: Choices, how: Setting, model: str) -> _Rough:
    """Fit in the longest window, and one linear step from it in every other."""
    count = len(seen.counts)
    # Of a single spectrum the smoothed counts are noise themselves.
    smooth = uniform_filter1d(seen.counts.mean(axis=0), _SMOOTHED_CHANNELS)
    smooth = np.maximum(smooth, 0.0) + seen.noise.factor / count
    first = Start(how, smooth, how.prior.mean).of(seen.counts)
    state = onset.converge(seen.counts, first, how)
    windows = _windows(seen, choices, float(np.median(state.gap)))
    edges = sorted({edge for window in windows for edge in window} | {0, seen.energy.size})
    segments = sums(seen.counts, state, how, edges)
    total = _inside(segments, edges, (0, seen.energy.size))
    mean = mean_deviance(state, how).sum(axis=0)
    last = onset.solve(total, state, how)
    # A step that promises much was not taken because it does not keep its promise.
    trusted = last.gain < _STILL_TO_GAIN * count
    # Laplace's factor of the gaps; one for all windows, whose penalty is that of Jay & Neil.
    width = np.minimum(np.sqrt(last.alone), np.ptp(choices.gap_range_ev)) / seen.fwhm
    cost, left_out = np.empty(len(windows)), np.empty(len(windows))
    for k, window in enumerate(windows):
        part = _inside(segments, edges, window)
        step = onset.solve(part, state, how)
        beyond = float(mean.sum() - mean[slice(*window)].sum())
        left_out[k] = 2 * beyond - 2 * float(np.log(width).sum())
        gain = step.gain if trusted else 0.0
        cost[k] = float(part.deviance.sum()) - gain + step.information + left_out[k]
    return _Rough(how, state, model, windows, cost + how.prior.penalty(state.common), left_out)


def _windows(seen: Evidence, choices: Choices, around: float) -> list[tuple[int, int]]:
    """First and last channel of each window, which end beyond the gap."""
    high, energy = choices.gap_range_ev[1], seen.energy
    shortest = _SHORTEST_ABOVE_FWHM * seen.fwhm
    starts = [int(np.searchsorted(energy, e - _ROUNDING_EV)) for e in choices.starts_ev]
    ends = [
        min(high, around + max(share * (high - around), shortest))
        for share in sorted(choices.fit_end_fractions)
    ]
    last = [int(np.searchsorted(energy, e + _ROUNDING_EV)) for e in ends]
    return [(a, b) for a in starts for b in last]


_ROUNDING_EV = 1e-9


def _inside(segments: Sequence[Sums], edges: Sequence[int], window: tuple[int, int]) -> Sums:
    inside = [s for s, e in zip(segments, edges, strict=False) if window[0] <= e < window[1]]
    total = inside[0]
    for one in inside[1:]:
        total = total + one
    return total


def _member(seen: Evidence, choices: Choices, rough: _Rough, window: int) -> Member:
    """Fit in one window, to its end."""
    ends = rough.windows[window]
    used = slice(*ends)
    how = replace(rough.how, energy=seen.energy[used], tail=rough.how.tail.within(used))
    counts = seen.counts[:, used]
    state = onset.converge(counts, rough.state, how, _MORE_ITERATIONS)
    for _ in range(_MARGINAL_ITERATIONS if len(counts) > 1 else 0):
        how = onset.marginal(counts, state, how)
        state = onset.converge(counts, state, how, _MORE_ITERATIONS)
    how = replace(how, prior=rough.how.prior)
    total = whole(counts, state, how)
    step = onset.solve(total, state, how)
    lost = float(total.deviance.sum()) + how.prior.penalty(state.common)
    penalty = lost + step.information + float(rough.left_out[window])
    shape = how.family.name
    name = choices.names(shape, rough.model)[window]
    return Member(
        name, shape, rough.model, ends, how, state, step, penalty, choices.middle_ev, seen.level
    )


def _misfit(seen: Evidence, member: Member) -> tuple[float, float]:
    """Variance of slow residuals over that of counting: of the sum of all spectra, and of each."""
    counts, how = seen.counts[:, slice(*member.window)], member.setting
    fitted = expected(member.state, how)
    variance = seen.noise.variance(np.maximum(fitted, how.floor))
    total = (counts - fitted).sum(axis=0) / np.sqrt(variance.sum(axis=0))
    each = (counts - fitted) / np.sqrt(variance)
    return max(1.0, slow_variance(total[None])), max(1.0, slow_variance(each))


def slow_variance(residuals: Array) -> float:
    """Variance per channel of sums over many channels of residuals, one spectrum a row.

    Their mean square, times what the correlation of near channels adds to the variance of a sum:
    the point spread of a detector and structure that a model lacks. Correlations are added up to
    the first that does not exceed its standard error, because beyond it they are noise.

    Notes
    -----
    Truncated sum: after the initial sequences of Geyer, Stat. Sci. 7 (1992) 473,
    doi:10.1214/ss/1177011137.
    """
    square, serial = float((residuals**2).sum()), 1.0
    for lag in range(1, residuals.shape[1] // _LARGEST_LAG_SHARE + 1):
        share = float((residuals[:, lag:] * residuals[:, :-lag]).sum()) / max(square, 1e-30)
        if share < _CORRELATED / np.sqrt(residuals.size):
            break
        serial += 2 * share
    return square / residuals.size * serial
