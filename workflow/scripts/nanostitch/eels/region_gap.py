"""Band gap of one region: all estimators, the ensemble behind the fit, and what lies below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from nanostitch.eels import derivative, ensemble, linear, mixture, onset_shape, sub_gap, sweep
from nanostitch.eels.channels import Array, stretch
from nanostitch.eels.choices import Choices, evidence
from nanostitch.eels.estimator import Removal
from nanostitch.eels.gap_flags import ESTIMATORS
from nanostitch.eels.noise import Noise
from nanostitch.eels.onset_model import expected
from nanostitch.eels.smoothing import Smoothing, defensible
from nanostitch.intervals import NORMAL_95

_SMOOTHED_CHANNELS = 5
_LEVELS = (0.5, 0.025, 0.975)
_LITTLE = 1e-30
_MINOR = 0.05
"""Share of the probability below which a kind of onset is represented by its likeliest alone."""
_NODES = {"": (0.0, 2 / 3), ", low": (-(3**0.5), 1 / 6), ", high": (3**0.5, 1 / 6)}
"""Three points and weights with the mean and variance of a Gaussian: parameters of an onset."""
_ROUNDING_EV = 1e-9


@dataclass(frozen=True)
class Settings:
    """What all spectra of an acquisition are read with; see the schema for each field."""

    choices: Choices
    min_onset_sigma: float
    max_misfit: float
    max_fwhm_fraction: float
    max_tail_fraction: float
    smooth: Smoothing
    sweep: tuple[Smoothing, ...]
    sub_gap_width_ev: float
    sub_gap_clearance_fwhm: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Spectrum:
    """One region: counts on its energies, full width of its peak, noise, reference, offset."""

    counts: Array
    energy: Array
    vacuum: Array | None
    fwhm: float
    noise: Noise
    offset_uncertainty: float


@dataclass(frozen=True)
class Found:
    """What one region gave; NaN where there is nothing.

    ``gap`` (estimator, value or bound), ``inflection`` (value or bound), ``sweep`` (inflection,
    gap or bound; window), ``deviations`` of the members of ``learned``, ``raised`` flags by
    estimator, ``tail_sd`` what the choice of a tail does to derivative
    and linear estimate [eV], ``offsets`` how far above the gap both lie on average [eV].
    """

    gap: Array
    inflection: Array
    sweep: Array
    model: Array
    slope: Array
    sub_gap_limit: float
    learned: ensemble.Learned
    deviations: Array
    raised: Mapping[str, Sequence[bool]]
    tail_sd: tuple[float, float]
    offsets: tuple[float, float]


def read(spectrum: Spectrum, settings: Settings) -> Found:
    """Gap of a region by every estimator.

    Parameters
    ----------
    spectrum
        Counts with the zero-loss peak at 0 eV.
    settings
        How they are read.
    """
    choices = settings.choices
    peak = spectrum.counts, spectrum.energy, spectrum.fwhm
    seen = evidence(
        spectrum.counts[None], spectrum.energy, spectrum.vacuum, peak, spectrum.noise, choices
    )
    learned = ensemble.learn(seen, choices)
    others = _others(spectrum, learned, settings)
    gap = np.concatenate([[posterior(learned, spectrum.offset_uncertainty)], others.gap])
    inflection = others.value[0].copy()
    for values in (gap[1:], inflection[None]):
        away = np.hypot(values[:, 1:] - values[:, :1], NORMAL_95 * spectrum.offset_uncertainty)
        values[:, 1], values[:, 2] = values[:, 0] - away[:, 0], values[:, 0] + away[:, 1]
    absent = bool(learned.significance[0] < settings.min_onset_sigma)
    low, high = choices.gap_range_ev
    inside = (gap[:, 1] > low + spectrum.fwhm) & (gap[:, 2] < high - spectrum.fwhm)
    poor = learned.misfit > settings.max_misfit
    limit = np.nan if absent else _sub_gap(spectrum, float(np.nanmin(gap[:, 1])), settings)
    raised = {
        "no_onset": [absent] * len(ESTIMATORS),
        "at_range_edge": list(~inside),
        "poor_fit": [poor, False, False],
    }
    return Found(
        gap=gap,
        inflection=inflection,
        sweep=others.sweep,
        model=_model(spectrum, learned),
        slope=_slope(spectrum, learned, settings),
        sub_gap_limit=limit,
        learned=learned,
        deviations=deviations(learned, spectrum.offset_uncertainty),
        raised=raised,
        tail_sd=others.tail_sd,
        offsets=others.offsets,
    )


def deviations(learned: ensemble.Learned, offset_uncertainty: float) -> Array:
    """Standard uncertainty of each member's gap of the only spectrum of a set [eV].

    It holds counting, shape and tail of this spectrum, misfit, and the position of its axis.
    """
    variance = np.array([member.step.variance[0] for member in learned.members])
    return np.asarray(np.sqrt(variance * learned.misfit + offset_uncertainty**2))


def posterior(learned: ensemble.Learned, offset_uncertainty: float) -> list[float]:
    """Median and bounds of the gap of the only spectrum of a set [eV]."""
    gap = np.array([member.state.gap[0] for member in learned.members])
    deviation = deviations(learned, offset_uncertainty)
    return mixture.quantiles(gap, deviation, learned.weights, _LEVELS)


def shapes(
    learned: ensemble.Learned,
) -> tuple[dict[str, tuple[Array, Array]], dict[str, float], dict[str, float]]:
    """Onsets of each kind that has a steepest rise, for estimators that read one place.

    Returns
    -------
    tuple
        By kind: energy above the gap [eV] and onset, weight, and where the onset rises steepest
        before the spectrometer sees it [eV].
    """
    known = learned.shape_weights()
    steep = {name: share for name, share in known.items() if name != "indirect"} or known
    total = max(sum(steep.values()), _LITTLE)
    seen, weights, itself = {}, {}, {}
    for name, share in steep.items():
        best = learned.best_of(name)
        family, grid = best.setting.family, best.setting.grid
        several = _NODES if share > _MINOR * total else {"": (0.0, 1.0)}
        for label, (away, part) in several.items():
            values = (best.state.common + away * best.step.lever)[2:]
            seen[name + label] = grid.above, onset_shape.curves(family, values, grid, False).values
            itself[name + label] = onset_shape.steepest(family, values, grid)
            weights[name + label] = part * share / total
    return seen, weights, itself


def tails(learned: ensemble.Learned, energy: Array, vacuum: Array | None) -> Removal:
    """Tails of the most likely member with each model, in channels above the first start."""
    found: dict[str, tuple[float, Array]] = {}
    for member, share in zip(learned.members, learned.weights, strict=True):
        weight, values = found.get(member.tail, (0.0, np.zeros(0)))
        if not values.size or share > max(0.0, weight):
            values = member.tails(energy, vacuum, member.state)[0]
        found[member.tail] = weight + float(share), values
    return Removal(
        np.array([values for _, values in found.values()]),
        np.array([weight for weight, _ in found.values()]),
    )


@dataclass(frozen=True)
class _Others:
    """Derivative and linear estimate: gaps and values as they are (estimator, value or bound).

    ``sweep``, ``tail_sd`` and ``offsets`` as in :class:`Found`.
    """

    gap: Array
    value: Array
    sweep: Array
    tail_sd: tuple[float, float]
    offsets: tuple[float, float]


def _others(spectrum: Spectrum, learned: ensemble.Learned, settings: Settings) -> _Others:
    seen, weights, itself = shapes(learned)
    smooth, range_ev = settings.smooth, settings.choices.gap_range_ev
    smooths = defensible(smooth.width_ev, smooth.order, smooth.step_ev)
    wanted = reach(settings, spectrum.energy, (*settings.sweep, *smooths))
    energy, counts = spectrum.energy[wanted], spectrum.counts[wanted]
    vacuum = None if spectrum.vacuum is None else spectrum.vacuum[wanted]
    removal = tails(learned, energy, vacuum)
    variance = spectrum.noise.variance(uniform_filter1d(counts, _SMOOTHED_CHANNELS))
    data = counts, removal, variance * learned.noise, energy
    drawn = range_ev, settings.draws, settings.seed
    above = [derivative.offset(seen, weights, one, itself) for one in smooths]
    steep, steep_sd = derivative.region(*data, smooths, above, *drawn)
    below = [linear.offset(seen, weights, one) for one in smooths]
    tangent, tangent_sd = linear.region(*data, smooths, below, *drawn)
    swept = sweep.sweep(*data, settings.sweep, range_ev, seen, weights)
    gap = (steep.gap, steep.gap_lower, steep.gap_upper), linear.stated(tangent)
    value = [(one.value, one.value_lower, one.value_upper) for one in (steep, tangent)]
    return _Others(
        np.array(gap)[:, :, 0],
        np.array(value)[:, :, 0],
        np.stack([swept.inflection, swept.gap, swept.gap_lower, swept.gap_upper]),
        (steep_sd, tangent_sd),
        (above[0].mean_ev, below[0].mean_ev),
    )


def reach(settings: Settings, energy: Array, smooths: Sequence[Smoothing]) -> slice:
    """Channels that smoothing windows need, above the first start of a fit."""
    away = max(one.width_ev for one in smooths) / 2 + smooths[0].step_ev
    low, high = settings.choices.gap_range_ev
    return stretch(energy, (max(settings.choices.starts_ev[0], low - away), high + away))


def _sub_gap(spectrum: Spectrum, gap_ev: float, settings: Settings) -> float:
    starts = tuple(settings.choices.starts_ev)
    clear = settings.sub_gap_clearance_fwhm * spectrum.fwhm
    where = sub_gap.Where(gap_ev, clear, settings.sub_gap_width_ev, starts)
    mean = uniform_filter1d(spectrum.counts, _SMOOTHED_CHANNELS)
    variance = spectrum.noise.variance(mean)
    models = tuple(m for m in settings.choices.tail_models if m != "vacuum")
    found = sub_gap.excess(
        spectrum.counts, variance, spectrum.energy, where, models, spectrum.vacuum
    )
    return sub_gap.limit(found)


def _model(spectrum: Spectrum, learned: ensemble.Learned) -> Array:
    """Counts by the best member in the channels of its window."""
    member = learned.best
    energy = member.setting.energy
    model = np.full(spectrum.counts.size, np.nan)
    first = int(np.searchsorted(spectrum.energy, energy[0] - _ROUNDING_EV))
    model[first : first + energy.size] = expected(member.state, member.setting)[0]
    return model


def _slope(spectrum: Spectrum, learned: ensemble.Learned, settings: Settings) -> Array:
    """First derivative of the counts above the tail of the best member."""
    slope = np.full(spectrum.counts.size, np.nan)
    known = spectrum.energy >= settings.choices.starts_ev[0]
    vacuum = None if spectrum.vacuum is None else spectrum.vacuum[known]
    best = learned.best
    loss = spectrum.counts[known] - best.tails(spectrum.energy[known], vacuum, best.state)
    slope[known] = settings.smooth.first_derivative(loss)[0]
    return slope
