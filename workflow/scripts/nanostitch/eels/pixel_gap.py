"""Band gaps of the pixels of a map or a line: shape from many of them together, gap from each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from nanostitch.eels import blocks, derivative, ensemble, linear, onset, onset_each
from nanostitch.eels.channels import Array, Mask, stretch
from nanostitch.eels.choices import Evidence, evidence, setting
from nanostitch.eels.estimator import estimates
from nanostitch.eels.gap_flags import ESTIMATORS
from nanostitch.eels.noise import Noise
from nanostitch.eels.onset_model import ONSET, Start, State
from nanostitch.eels.region_gap import Found, Settings, Spectrum, posterior, reach, shapes
from nanostitch.intervals import NORMAL_95

_LEARNT_FROM = 96
"""Pixels whose common shape is learnt; it is known ten times better than that of one of them."""
_CANDIDATES = 4
_LEARNT_LINES = 12
_ROWS = 1024
"""Spectra fitted at a time: their columns then lie in the cache."""
_THREADS = 2
_SMOOTHED_CHANNELS = 5
_FEW_SIGMA = 20.0
"""Onsets that stand out less have so few electrons that their likelihood is not symmetric."""


@dataclass(frozen=True)
class Pixels:
    """Gaps and their bounds (estimator, pixel) each, inflection (value or bound; pixel), flags."""

    gap: tuple[Array, Array, Array]
    inflection: Array
    raised: dict[str, Mask]


@dataclass(frozen=True)
class _Common:
    """What the pixels share: best fit, and what the choice of a fit does to the gap.

    ``energy`` is that of their channels, ``mean`` about what they expect; ``shift`` the gap of
    all members together less that of the best [eV], ``variance`` what is not known of it [eV2];
    ``noise`` the variance of slow sums over that of counting.
    """

    energy: Array
    mean: Array
    learned: ensemble.Learned
    shift: float
    variance: float
    noise: float


def read(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    whole: Spectrum,
    of_whole: Found,
    noise: Noise,
    settings: Settings,
) -> Pixels:
    """Gap of every pixel by every estimator.

    Parameters
    ----------
    raw, aligned
        As for :func:`nanostitch.eels.band_gap.measure`.
    whole, of_whole
        Sum of all pixels, and what was found in it.
    noise
        Of a channel of one pixel.
    settings
        How they are read.
    """
    number = aligned["zlp_offset"].size
    last = whole.energy[reach(settings, whole.energy, [settings.smooth])][-1]
    window = settings.choices.starts_ev[0], float(last)
    common = _learn(raw, aligned, whole, of_whole, noise, settings, window)
    # Several arrays: they find room where former steps had theirs.
    # Single precision is 0.2 ueV of a gap.
    gap, lower, upper = (np.full((len(ESTIMATORS), number), np.nan, "f4") for _ in range(3))
    inflection = np.full((3, number), np.nan, "f4")
    raised = {name: np.zeros((len(ESTIMATORS), number), bool) for name in ("no_onset", "poor_fit")}
    uncertainty = aligned["zlp_offset_uncertainty"].to_numpy().ravel()
    job = _Job(whole, common, noise, settings, of_whole.tail_sd)
    with ThreadPoolExecutor(_THREADS) as pool:
        for block in blocks.pixel_blocks(raw, aligned, window):
            known = np.flatnonzero(np.isfinite(block.shift_ev))
            parts = [known[k : k + _ROWS] for k in range(0, known.size, _ROWS)]
            done = pool.map(job.run, (block.counts[rows] for rows in parts))
            for rows, found in zip(parts, done, strict=True):
                here, moved = block.first + rows, block.shift_ev[rows]
                gaps = _widened(found[0], uncertainty[here]) - moved
                gap[:, here], lower[:, here], upper[:, here] = gaps.transpose(1, 0, 2)
                inflection[:, here] = _widened(found[1][None], uncertainty[here])[0] - moved
                raised["no_onset"][:, here], raised["poor_fit"][0, here] = found[2], found[3]
    return Pixels((gap, lower, upper), inflection, raised)


def _widened(values: Array, uncertainty: Array) -> Array:
    """Bounds (estimator, value or bound, pixel) with the uncertainty of the axis added."""
    middle = values[:, :1]
    away = np.hypot(values[:, 1:] - middle, NORMAL_95 * uncertainty)
    return np.concatenate([middle, middle - away[:, :1], middle + away[:, 1:]], axis=1)


def _learn(
    raw: xr.Dataset,
    aligned: xr.Dataset,
    whole: Spectrum,
    of_whole: Found,
    noise: Noise,
    settings: Settings,
    window: tuple[float, float],
) -> _Common:
    """Shape that the pixels share: from some whose onsets stand out, else from their sum."""
    chosen = _candidates(aligned)
    picked, energy = [], np.zeros(0)
    wanted = np.zeros(aligned["zlp_offset"].size, bool)
    wanted[chosen] = True
    for block in blocks.pixel_blocks(raw, aligned, window, wanted=wanted):
        rows = chosen[(chosen >= block.first) & (chosen < block.first + len(block.counts))]
        picked.append(block.counts[rows - block.first])
        energy = block.energy
    counts = np.concatenate(picked)
    mean = np.maximum(uniform_filter1d(counts.mean(axis=0), _SMOOTHED_CHANNELS), 0.0)
    seen = _evidence(counts, energy, whole, noise, settings)
    inside = stretch(energy, settings.choices.window_ev)
    first = _Fit(seen, settings, of_whole.learned.best, mean[inside])
    _, significance = first.run(seen.counts)
    clear = np.flatnonzero(significance > settings.min_onset_sigma)[
        :: _step(significance, settings)
    ]
    if not clear.size:
        return _from_sum(energy, mean, of_whole.learned)
    seen = replace(seen, counts=seen.counts[clear])
    learned = ensemble.learn(seen, settings.choices)
    best = learned.best
    shifts = np.array([np.median(m.state.gap - best.state.gap) for m in learned.members])
    shift = float(learned.weights @ shifts)
    spread = float(learned.weights @ (shifts - shift) ** 2)
    of_shape = float(np.median(best.step.variance - best.step.alone))
    together = 1 / float((1 / best.step.alone).sum())
    variance = spread + of_shape + together * (learned.misfit - 1)
    return _Common(energy, mean, learned, shift, variance, learned.noise)


def _candidates(aligned: xr.Dataset) -> NDArray[np.intp]:
    """Pixels from all over a scan that are looked at for a common shape; of a map, of some lines.

    So a large map is read in part only.
    """
    usable, shape = blocks.usable(aligned), aligned["zlp_offset"].shape
    if len(shape) > 1 and usable.any():
        by_line = usable.reshape(-1, shape[-1])
        lines = np.flatnonzero(by_line.any(axis=1))
        some = np.zeros(len(by_line), bool)
        some[lines[:: -(-lines.size // _LEARNT_LINES)]] = True
        by_line[~some] = False
    known = np.flatnonzero(usable)
    return known[:: max(1, known.size // (_CANDIDATES * _LEARNT_FROM))]


def _step(significance: Array, settings: Settings) -> int:
    clear = int((significance > settings.min_onset_sigma).sum())
    return max(1, clear // _LEARNT_FROM)


def _from_sum(energy: Array, mean: Array, learned: ensemble.Learned) -> _Common:
    gap, lower, upper = posterior(learned, 0.0)
    best = learned.best
    variance = ((upper - lower) / 2 / NORMAL_95) ** 2
    return _Common(energy, mean, learned, gap - float(best.state.gap[0]), variance, 1.0)


def _evidence(
    counts: Array, energy: Array, whole: Spectrum, noise: Noise, settings: Settings
) -> Evidence:
    vacuum = None
    if whole.vacuum is not None:
        vacuum = np.interp(energy, whole.energy, whole.vacuum)
    peak = whole.counts, whole.energy, whole.fwhm
    return evidence(counts, energy, vacuum, peak, noise, settings.choices)


class _Fit:
    """Fit of spectra with a shape that is known from others."""

    def __init__(
        self, seen: Evidence, settings: Settings, best: ensemble.Member, mean: Array
    ) -> None:
        choices = settings.choices
        many = replace(seen, counts=np.zeros((2, seen.energy.size)))
        family = best.setting.family
        how = setting(many, choices, family, best.tail)
        ends = best.setting.energy[[0, -1]] + np.array([-1, 1]) * _SLACK_EV
        self.channels = stretch(seen.energy, (float(ends[0]), float(ends[1])))
        self.setting = replace(
            how, energy=seen.energy[self.channels], tail=how.tail.within(self.channels)
        )
        self.start = Start(self.setting, mean[self.channels], best.state.common)

    def run(self, counts: Array) -> tuple[onset_each.Each, Array]:
        """Fits of spectra, and by how much each onset stands out."""
        inside = counts[:, self.channels]
        found = onset_each.fit(inside, self.start.of(inside), self.setting)
        return found, found.state.own[:, ONSET] / np.sqrt(found.onset_variance)


class _Job:
    """Everything that the blocks of a map need."""

    def __init__(
        self,
        whole: Spectrum,
        common: _Common,
        noise: Noise,
        settings: Settings,
        tail_sd: tuple[float, float],
    ) -> None:
        energy = common.energy
        self.energy, self.common, self.settings = energy, common, settings
        self.seen = _evidence(np.zeros((2, energy.size)), energy, whole, noise, settings)
        self.inside = stretch(energy, settings.choices.window_ev)
        self.fit = _Fit(self.seen, settings, common.learned.best, common.mean[self.inside])
        self.wanted = reach(settings, energy, [settings.smooth])
        self.noise, self.tail_sd, self.whole = noise, tail_sd, whole
        seen, weights, itself = shapes(common.learned)
        self.above = (
            derivative.offset(seen, weights, settings.smooth, itself),
            linear.offset(seen, weights, settings.smooth),
        )

    def run(self, counts: Array) -> tuple[Array, Array, Mask, Mask]:
        """Gaps (estimator, value or bound, spectrum), inflection, no onset, poor fit."""
        found, significance = self.fit.run(counts[:, self.inside])
        gap = np.empty((len(ESTIMATORS), 3, len(counts)))
        gap[0] = self._fitted(counts[:, self.inside], found, significance)
        loss = counts[:, self.wanted] - self._tails(found.state)
        mean = np.maximum(self.common.mean[self.wanted], self.fit.setting.floor)
        variance = (self.noise.variance(mean) * self.common.noise)[None]
        smooth, range_ev = self.settings.smooth, self.settings.choices.gap_range_ev
        steepest = derivative.steepest(loss, variance, self.energy[self.wanted], smooth, range_ev)
        readings = derivative.reading(steepest), linear.reading(steepest, smooth)
        first, second = map(estimates, readings, self.above, self.tail_sd)
        gap[1] = first.gap, first.gap_lower, first.gap_upper
        gap[2] = linear.stated(second)
        inflection = np.array([first.value, first.value_lower, first.value_upper])
        absent = significance / np.sqrt(self.common.noise) < self.settings.min_onset_sigma
        return gap, inflection, absent, found.goodness > self.settings.max_misfit

    def _fitted(self, counts: Array, found: onset_each.Each, significance: Array) -> Array:
        """Median and bounds of the fitted gap (value or bound, spectrum) [eV]."""
        state, below = found.state, np.sqrt(found.alone)
        above = below.copy()
        few = np.flatnonzero(significance < _FEW_SIGMA)
        if few.size:
            some = State(state.gap[few], state.own[few], state.common)
            below[few], above[few] = onset.sides(
                counts[few, self.fit.channels], some, below[few] ** 2, self.fit.setting, False
            )
        noise = np.sqrt(self.common.noise)
        middle = state.gap + self.common.shift
        median, low, high = (
            noise * onset.split_quantile(below, above, level) for level in (0.5, 0.025, 0.975)
        )
        further = NORMAL_95 * np.sqrt(self.common.variance)
        return np.stack(
            [
                middle + median,
                middle + median - np.hypot(low - median, further),
                middle + median + np.hypot(high - median, further),
            ]
        )

    def _tails(self, state: State) -> Array:
        """Tail of each spectrum in the channels that estimators read."""
        energy = self.energy[self.wanted]
        best = self.common.learned.best
        vacuum = None
        if self.whole.vacuum is not None:
            vacuum = np.interp(energy, self.whole.energy, self.whole.vacuum)
        return best.tails(energy, vacuum, state)


_SLACK_EV = 1e-6
