"""Fit of onsets to spectra that share their shape, each with its own gap, by Poisson likelihood.

The most likely values are found by iteratively reweighted least squares. The normal matrix has
the form of an arrow: its tip are the common parameters, and any number of spectra costs no more
than their own four columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from nanostitch.eels import onset_each
from nanostitch.eels.channels import Array, Mask
from nanostitch.eels.onset_model import GAP, LEAST, ONSET, OWN, SLOPE, Setting, State, Sums, whole

_ITERATIONS = 40
_CONVERGED_EV = 1e-5
# Fall of the deviance of all spectra, in units of the misfit, below which an iteration is none, and
# how many of those in a row end a fit: gaps are rounded to the fine grid before the model is
# linearised, so that the last steps go to and fro.
_SETTLED = 0.05
_IDLE = 2
# Largest change of a gap in one iteration, in widths of the zero-loss peak.
_STRIDE_FWHM = 1.0
# Largest change of a common parameter in one iteration, in standard deviations of its prior.
_STRIDE_SD = 1.0
# Least share that is left of an onset by one iteration.
_LEFT = 0.1
# Rise of the deviance of a spectrum that is no failure of a step: gaps are rounded to the fine
# grid before the model is linearised.
_LITTLE = 1e-2
# Added to the diagonal of normal matrices whose diagonal is 1.
_RIDGE = 1e-10
# By what a column's weight is multiplied to keep its coefficient.
_PIN = 1e8
# Step of a numerical derivative, in standard deviations of the prior.
_BIT = 0.1
_SIDE_ITERATIONS = 2
_PINNED_ITERATIONS = 2
_BARE_ITERATIONS = 6
# Least fall of the likelihood where it should be 4: no side is more than four times as wide.
_LEAST_FALL = 0.25


@dataclass(frozen=True)
class Solution:
    """Step of the parameters, and the uncertainty that remains.

    ``variance`` of each gap [eV2] holds counting and common parameters, ``alone`` counting only;
    ``onset_variance`` is that of the onset's amplitude; ``gain`` by how much the deviance (with
    the priors) falls; ``information`` the logarithm of the determinant of the common parameters'
    precision in units of the prior. ``lever`` is by how much the common parameters change where
    the gaps are off by one standard deviation of what those parameters do to them.
    """

    own: Array
    common: Array
    variance: Array
    alone: Array
    onset_variance: Array
    gain: float
    information: float
    lever: Array


def solve(sums: Sums, state: State, setting: Setting, pinned: Sequence[int] = ()) -> Solution:
    """Most likely step of all parameters under the priors, but of the ``pinned`` own columns."""
    normal, right = sums.normal.copy(), sums.right.copy()
    for column in pinned:
        normal[:, column, column] *= _PIN
        right[:, column] = 0.0
    precision = 1 / (setting.slope_deviation * np.maximum(state.own[:, 0], LEAST)) ** 2
    normal[:, SLOPE, SLOPE] += precision
    right[:, SLOPE] -= precision * state.own[:, SLOPE]
    scale = np.sqrt(np.maximum(np.einsum("ikk->ik", normal), LEAST))
    normal, right = normal / scale[:, :, None] / scale[:, None, :], right / scale
    inverse = np.linalg.inv(normal[:, :OWN, :OWN] + _RIDGE * np.eye(OWN))
    step = np.einsum("ikl,il->ik", inverse, right[:, :OWN])
    gain = float((step * right[:, :OWN]).sum())
    per_gap = scale[:, GAP] * np.maximum(state.own[:, ONSET], LEAST)
    alone = inverse[:, GAP, GAP] / per_gap**2
    variance, common, information, lever = alone, np.zeros(0), 0.0, np.zeros(0)
    if normal.shape[1] > OWN:
        mixed = normal[:, :OWN, OWN:] * scale[:, None, OWN:]
        through = inverse @ mixed
        of_all = normal[:, OWN:, OWN:] * scale[:, OWN:, None] * scale[:, None, OWN:]
        precision = (of_all - mixed.transpose(0, 2, 1) @ through).sum(axis=0)
        slope = right[:, OWN:] * scale[:, OWN:] - np.einsum("ikp,ik->ip", mixed, step)
        common, covariance, information = _tip(precision, slope.sum(axis=0), state, setting)
        gain += float(common @ np.linalg.solve(covariance, common))
        step = step - through @ common
        to_gap = through[:, GAP] / per_gap[:, None]
        variance = alone + np.einsum("ip,pq,iq->i", to_gap, covariance, to_gap)
        # The median: a spectrum whose onset has vanished would outweigh all others.
        typical = np.median(to_gap, axis=0)
        lever = covariance @ typical
        lever = lever / np.sqrt(max(float(lever @ typical), LEAST))
    of_onset = inverse[:, ONSET, ONSET] / scale[:, ONSET] ** 2
    return Solution(
        step / scale[:, :OWN], common, variance, alone, of_onset, gain, information, lever
    )


def _tip(
    precision: Array, slope: Array, state: State, setting: Setting
) -> tuple[Array, Array, float]:
    """Step of the common parameters, as long as is borne, its covariance and information."""
    deviation = setting.prior.deviation
    slope = slope + setting.prior.slope(state.common)
    in_prior = np.eye(deviation.size) + precision * deviation[:, None] * deviation
    covariance = np.linalg.inv(in_prior) * deviation[:, None] * deviation
    step = covariance @ slope
    # Shortened as a whole: it then still leads downhill.
    step = step / max(1.0, float(np.abs(step / deviation).max()) / _STRIDE_SD)
    return step, covariance, float(np.linalg.slogdet(in_prior)[1])


def stepped(state: State, found: Solution, setting: Setting) -> State:
    """State after a step, kept to what is possible and to a stride that linear steps bear."""
    own = state.own + found.own[:, :GAP]
    stride = _STRIDE_FWHM * setting.fwhm
    change = found.own[:, GAP] / np.maximum(state.own[:, ONSET], LEAST)
    gap = np.clip(state.gap + np.clip(change, -stride, stride), *setting.gap_range_ev)
    least = setting.floor / setting.tail.values(state.common[:2]).mean()
    own[:, 0] = np.maximum(own[:, 0], least)
    own[:, ONSET] = np.maximum(own[:, ONSET], _LEFT * state.own[:, ONSET])
    own[:, SLOPE] = np.clip(own[:, SLOPE], -own[:, 0], own[:, 0])
    common = state.common + found.common if found.common.size else state.common
    return State(gap, own, common)


def converge(
    counts: Array,
    state: State,
    setting: Setting,
    iterations: int = _ITERATIONS,
    common: bool = True,
) -> State:
    """Iterate to the most likely values; a step that makes them less likely is halved.

    Without ``common``, the common parameters stay and each spectrum is on its own.
    """
    best, lowest = state, np.full(len(counts), np.inf)
    likeliest, least, idle = state, np.inf, 0
    for _ in range(iterations):
        sums = whole(counts, state, setting, common)
        cost = sums.deviance + setting.prior.penalty(state.common) / len(counts)
        total = float(cost.sum())
        idle = 0 if total < least - _SETTLED * max(1.0, total / counts.size) else idle + 1
        if total < least:
            likeliest, least = state, total
        if common and idle >= _IDLE:
            break
        worse = cost > lowest + _LITTLE
        if common:
            worse = np.full(len(counts), bool(cost.sum() > lowest.sum() + _LITTLE * len(counts)))
        lowest = np.where(worse, lowest, cost)
        after = stepped(state, solve(sums, state, setting), setting)
        halved = _halfway(best, state)
        best = _chosen(worse, best, state)
        state = _chosen(worse, halved, after)
        if np.abs(state.gap - best.gap).max() < _CONVERGED_EV:
            break
    return likeliest if common else best


def marginal(counts: Array, state: State, setting: Setting) -> Setting:
    """Setting whose common parameters are those of the gaps' marginal likelihood.

    At its maximum over the gaps, the likelihood of a shape counts as if every gap were known;
    a sharp shape, which follows the noise of each spectrum, would be preferred. The uncertainty
    of the gaps, which the shape decides, makes up for it.

    Notes
    -----
    Neyman & Scott, Econometrica 16 (1948) 1; Cox & Reid, J. R. Stat. Soc. B 49 (1987) 1.
    """
    prior = setting.prior
    pull = np.empty_like(prior.mean)
    for k, deviation in enumerate(prior.deviation):
        ends = []
        for side in (1, -1):
            common = state.common.copy()
            common[k] += side * _BIT * deviation
            near = State(state.gap, state.own, common)
            alone = onset_each.variances(counts, near, setting, _PINNED_ITERATIONS)
            ends.append(float(np.log(np.minimum(alone, setting.fwhm**2)).sum()) / 2)
        pull[k] = (ends[0] - ends[1]) / (2 * _BIT * deviation)
    return replace(setting, prior=replace(prior, pull=pull))


def sides(
    counts: Array, state: State, alone: Array, setting: Setting, common: bool = True
) -> tuple[Array, Array]:
    """Standard deviations below and above each gap, by the fall of the likelihood on either side.

    Where electrons are few the likelihood is not symmetric: an onset can be much lower than the
    first electrons that are seen, and hardly be higher.

    Parameters
    ----------
    counts, state, setting
        A set of spectra at its most likely state.
    alone
        Variance of each gap by the curvature of the likelihood [eV2].
    common
        Whether common parameters give way.

    Returns
    -------
    tuple
        Deviations [eV] such that at twice them the likelihood has fallen by a factor exp(2).
    """
    best = whole(counts, state, setting, common).deviance
    found = []
    for side in (-1, 1):
        width = np.sqrt(alone)
        for _ in range(_SIDE_ITERATIONS):
            away = np.minimum(2 * width, np.ptp(setting.gap_range_ev))
            gap = state.gap + side * away
            moved = State(gap, state.own, state.common)
            for _ in range(_PINNED_ITERATIONS):
                step = solve(whole(counts, moved, setting, common), moved, setting, (GAP,))
                after = stepped(moved, step, setting)
                moved = State(gap, after.own, after.common)
            fall = whole(counts, moved, setting, common).deviance - best
            fall += setting.prior.penalty(moved.common) - setting.prior.penalty(state.common)
            width = away / np.sqrt(np.maximum(fall, _LEAST_FALL))
        found.append(width)
    return found[0], found[1]


def split_quantile(below: Array, above: Array, level: float) -> Array:
    """Quantile of two halves of Gaussians that meet at their summit, from there.

    Parameters
    ----------
    below, above
        Standard deviations of either half.
    level
        Probability.
    """
    share = below / (below + above)
    low = below * ndtri(np.minimum(level / (2 * share), 0.5))
    high = -above * ndtri(np.minimum((1 - level) / (2 * (1 - share)), 0.5))
    return np.asarray(np.where(level < share, low, high))


def significance(counts: Array, state: State, setting: Setting) -> Array:
    """By how many standard deviations each onset stands out: root of the deviance it explains."""
    own = state.own.copy()
    own[:, ONSET] = LEAST
    bare = State(state.gap, own, setting.prior.mean)
    for _ in range(_BARE_ITERATIONS):
        step = solve(whole(counts, bare, setting), bare, setting, (ONSET, GAP))
        after = stepped(bare, step, setting)
        own = after.own.copy()
        own[:, ONSET] = LEAST
        bare = State(state.gap, own, after.common)
    explained = whole(counts, bare, setting).deviance - whole(counts, state, setting).deviance
    extra = setting.prior.penalty(bare.common) - setting.prior.penalty(state.common)
    return np.asarray(np.sqrt(np.maximum(explained + extra / len(counts), 0.0)))


def _halfway(one: State, other: State) -> State:
    return State(
        (one.gap + other.gap) / 2, (one.own + other.own) / 2, (one.common + other.common) / 2
    )


def _chosen(where: Mask, one: State, other: State) -> State:
    """One state where asked for, else the other; common parameters go with the first spectrum."""
    return State(
        np.where(where, one.gap, other.gap),
        np.where(where[:, None], one.own, other.own),
        one.common if where[0] else other.common,
    )
