"""By what particles became fewer: coalescence, Ostwald ripening, loss, or none of these.

Coalescence adds particles up and keeps their area (or volume); its sizes are sums, skewed to the
large. Ripening keeps the volume, too, but dissolves the small ones; its sizes are skewed to the
small and end at a largest one (Lifshitz, Slyozov & Wagner). Loss takes particles whatever their
size and keeps nothing. Shape alone misleads (Datye et al., Catal. Today 111 (2006) 59,
doi:10.1016/j.cattod.2005.10.013), so numbers, areas and fates are weighed with it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from nanostitch.adf import coarsening

Array = NDArray[np.float64]

MECHANISMS = ("unchanged", "coalescence", "ripening", "loss")
_GRID = 600
_REACH = 3.0
"""Points of the axis of log edge, and how far it goes beyond the sizes seen, as a factor."""
_JOINED = np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
"""Shares by which the number falls that are tried; below a tenth no mechanism shows."""
_SHRUNK = np.array([1.0, 0.95, 0.9, 0.8, 0.7])
"""Relative edges of what a loss leaves."""
_MOST_UNITS = 60
_ERROR = 0.04
"""Share of particles to which segmentation gives a fate that they had not."""
_AREA_DOUBT = 0.06
"""Relative doubt of a ratio of areas besides its uncertainty: facets heal and heights change."""
_TEMPER = 0.5
"""Power of the likelihood. The models are coarse, so that their misfit grows with the number of
particles as evidence does; half its weight keeps false decisions below 5 % (bench_change.py)."""
_LEAST_FIT = 1e-3
"""Probability of the sizes under the best model (Kolmogorov and Smirnov) below which none fits."""
_FLOOR = 1e-4
"""Share of a flat density of log edge that is part of every model: particles that none explains."""


class Linked(NamedTuple):
    """What is known where the particles of both images could be matched."""

    kept: int
    merged: int
    vanished: int
    area_ratio: float
    """Area of all here over that before."""
    area_ratio_uncertainty: float


class Decision(NamedTuple):
    """Probabilities of ``MECHANISMS`` and which one is decided: its name or ``undecided``."""

    probability: Array
    mechanism: str
    why: str
    """Why it is undecided; empty if it is not."""


class _Model(NamedTuple):
    """Prediction: density of log edge on the axis, shares of number and area, fates."""

    mechanism: str
    density: Array
    number: float
    area: float
    merged: float
    vanished: float


def decide(
    edges_before: Array,
    edges_after: Array,
    *,
    field_ratio: float = 1.0,
    linked: Linked | None = None,
    least_probability: float,
    fewest_particles: int,
) -> Decision:
    """Weigh the mechanisms by sizes and number and, where matched, by fates and areas.

    Each mechanism is a set of predictions over its extent, grown from the sizes before; its
    evidence is the mean of their likelihoods. All four have the same prior.

    Parameters
    ----------
    edges_before, edges_after
        Edge of each particle before and after [nm], of one image or a group of images.
    field_ratio
        Area looked at after over that before [1].
    linked
        Fates and areas of matched particles.
    least_probability
        Probability from which a mechanism is decided [1].
    fewest_particles
        With fewer before, or fewer after where some are left, nothing is decided.

    Notes
    -----
    Granqvist & Buhrman, J. Catal. 42 (1976) 477, doi:10.1016/0021-9517(76)90125-1, tell both by
    the shape alone; here the shape grows from the one before. Coalescence: sums of units whose
    number is that of a constant kernel (Smoluchowski, Z. Phys. Chem. 92 (1917) 129) or of a sum
    kernel (Borel). Ripening: :mod:`nanostitch.adf.coarsening`.
    """
    before, after = (np.asarray(edges, dtype=float) for edges in (edges_before, edges_after))
    flat = np.full(len(MECHANISMS), 1 / len(MECHANISMS))
    if before.size < fewest_particles:
        return Decision(flat, "undecided", f"only {before.size} particles before")
    axis = _axis(before, after)
    models = list(_models(before, axis))
    score = np.array([_log_likelihood(m, axis, before, after, field_ratio, linked) for m in models])
    name = np.array([model.mechanism for model in models])
    evidence = np.array([_log_mean(_TEMPER * score[name == one]) for one in MECHANISMS])
    probability = np.exp(evidence - special.logsumexp(evidence))
    best = int(np.argmax(probability))
    why = _doubt(after, axis, models[int(np.argmax(score))], fewest_particles)
    if not why and probability[best] < least_probability:
        why = f"no mechanism is likelier than {probability[best]:.0%}"
    return Decision(probability, "undecided" if why else MECHANISMS[best], why)


def _axis(before: Array, after: Array) -> Array:
    both = np.concatenate([before, after])
    return np.linspace(np.log(both.min() / _REACH), np.log(both.max() * _REACH), _GRID)


def _log_mean(values: Array) -> float:
    mean: float = special.logsumexp(values) - np.log(values.size)
    return mean


def _doubt(after: Array, axis: Array, model: _Model, fewest: int) -> str:
    if not after.size:
        return ""
    if after.size < fewest:
        return f"only {after.size} particles after"
    below = np.concatenate([[0.0], np.cumsum((model.density[1:] + model.density[:-1]) / 2)])
    test = stats.kstest(np.log(after), lambda x: np.interp(x, axis, below / below[-1]))
    return "" if test.pvalue > _LEAST_FIT else "the sizes after fit no mechanism"


def _smoothed(sizes: Array, axis: Array, width: float, weight: Array | None = None) -> Array:
    """Kernel density of log edge, of unit integral over the axis, on a low floor."""
    weight = np.ones(sizes.size) if weight is None else weight
    apart = (axis[:, None] - np.log(sizes)[None, :]) / width
    density = (np.exp(-(apart**2) / 2) * weight).sum(axis=1)
    step = axis[1] - axis[0]
    density /= max(density.sum() * step, 1e-300)
    return np.asarray((1 - _FLOOR) * density + _FLOOR / (axis[-1] - axis[0]))


def _width(before: Array) -> float:
    """Bandwidth in log edge (Silverman, Density Estimation (1986) 47), at least 2 %."""
    spread = float(np.log(before).std(ddof=1))
    return max(0.9 * spread / float(np.power(before.size, 0.2)), 0.02)


def _models(before: Array, axis: Array) -> Iterator[_Model]:
    width = _width(before)
    single = _smoothed(before, axis, width)
    yield _Model("unchanged", single, 1.0, 1.0, 0.0, 0.0)
    for gone in (*_JOINED, 1.0):
        for scale in _SHRUNK:
            density = _smoothed(before * scale, axis, width)
            yield _Model("loss", density, 1 - gone, (1 - gone) * scale**2, 0.0, gone)
    yield from _joined(before, axis, single)
    yield from _ripened(before, axis, width)


def _joined(before: Array, axis: Array, single: Array) -> Iterator[_Model]:
    """Sums of units: of areas where crystals fuse side by side, of volumes where they round off."""
    units = np.arange(1, _MOST_UNITS + 1)
    for power in (2.0, 3.0):
        amount = before**power
        mean, variance = float(amount.mean()), float(amount.var(ddof=1))
        spread = np.sqrt(np.log1p(variance / (units * mean**2)))
        middle = np.log(units * mean) - spread**2 / 2
        each = stats.norm.pdf(axis[:, None], middle / power, spread / power)
        each[:, 0] = single
        for joined in _JOINED:
            for share in _unit_shares(units, joined):
                density = (1 - _FLOOR) * (each @ share) + _FLOOR / (axis[-1] - axis[0])
                number = 1 / float(units @ share)
                edge2 = np.exp(2 * middle / power + 2 * (spread / power) ** 2) @ share
                area = number * float(edge2) / float((before**2).mean())
                alone = float(share[0]) * number
                yield _Model("coalescence", density, number, area, 1 - alone, 0.0)


def _unit_shares(units: NDArray[np.int64], joined: float) -> Iterator[Array]:
    """Shares of bodies by their units, if so large a share of particles is no longer one."""
    constant = (1 - joined) * joined ** (units - 1)
    log_sum = -joined * units + (units - 1) * np.log(joined * units) - special.gammaln(units + 1)
    for share in (constant, np.exp(log_sum)):
        yield share / share.sum()


def _ripened(before: Array, axis: Array, width: float) -> Iterator[_Model]:
    quantiles = coarsening.representative(before, width)
    for limit in coarsening.LIMITS:
        for stage in coarsening.stages(quantiles, 1 - _JOINED, limit):
            number = stage.size / quantiles.size
            area = float((stage**2).sum() / (quantiles**2).sum())
            for broader in (1.0, 2.0):
                density = _smoothed(stage, axis, broader * width)
                yield _Model("ripening", density, number, area, 0.0, 1 - number)


def _log_likelihood(
    model: _Model,
    axis: Array,
    before: Array,
    after: Array,
    field_ratio: float,
    linked: Linked | None,
) -> float:
    """Of sizes, of the number of particles, and of fates and areas where these are known."""
    density = np.interp(np.log(after), axis, model.density)
    share = min(max(model.number, 1e-3), 1.0) * field_ratio
    total: float = np.log(density).sum().item()
    total += float(stats.binom.logpmf(after.size, after.size + before.size, share / (1 + share)))
    if linked is None:
        return total
    chance = np.array([1 - model.merged - model.vanished, model.merged, model.vanished])
    chance = (1 - 3 * _ERROR) * np.maximum(chance, 0.0) + _ERROR
    total += float(np.array(linked[:3]) @ np.log(chance / chance.sum()))
    doubt = float(np.hypot(linked.area_ratio_uncertainty, _AREA_DOUBT))
    return total + float(stats.norm.logpdf(linked.area_ratio, model.area, doubt))
