"""Mechanisms of populations whose history is known, and what ripening must keep."""

import numpy as np
import pytest
from scipy import stats

from nanostitch.adf import coarsening, mechanism

CHOICE = {"least_probability": 0.95, "fewest_particles": 10}


def fresh(rng, count, spread=1.0):
    return np.clip(rng.normal(8.1, spread, count), 4, None)


def coalesced(rng, edges, share):
    """Random bodies join two by two, with their areas, until so large a share is gone."""
    areas = list(edges**2)
    while len(areas) > (1 - share) * edges.size:
        one, other = (areas.pop(rng.integers(len(areas))) for _ in range(2))
        areas.append((one + other) * rng.normal(1, 0.03))
    return np.sqrt(areas) * rng.normal(1, 0.02, len(areas))


def ripened(rng, edges, share):
    """Attachment-limited growth whose rate differs from particle to particle."""
    size, rate, volume = edges.copy(), rng.lognormal(0, 0.3, edges.size), (edges**3).sum()
    while (size > 0).sum() > (1 - share) * edges.size:
        left = size > 0
        critical = (size[left] ** 2).sum() / size[left].sum()
        square = size[left] ** 2 + 0.02 * critical**2 * rate[left] * (size[left] / critical - 1)
        size[left] = np.where(square > 1, np.sqrt(np.maximum(square, 0)), 0)
        size *= (volume / (size**3).sum()) ** (1 / 3)
    return size[size > 0] * rng.normal(1, 0.02, (size > 0).sum())


def lost(rng, edges, share):
    return edges[rng.random(edges.size) > share]


@pytest.mark.parametrize(
    ("history", "name"), [(coalesced, "coalescence"), (ripened, "ripening"), (lost, "loss")]
)
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_decide__finds_the_history_of_many_and_never_another(history, name, share):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        after = history(rng, fresh(rng, 250), share)
        decision = mechanism.decide(fresh(rng, 250), after, **CHOICE)
        assert decision.mechanism in (name, "undecided")
        assert decision.probability[mechanism.MECHANISMS.index(name)] > 0.4
        assert decision.probability.sum() == pytest.approx(1)


def test_decide__is_undecided_on_few():
    rng = np.random.default_rng(1)
    decision = mechanism.decide(fresh(rng, 9), fresh(rng, 5) * 1.2, **CHOICE)
    assert decision.mechanism == "undecided"
    assert "9 particles" in decision.why


def test_decide__is_undecided_on_sizes_that_no_mechanism_makes():
    rng = np.random.default_rng(2)
    decision = mechanism.decide(fresh(rng, 200), rng.uniform(40, 41, 200), **CHOICE)
    assert decision.mechanism == "undecided"


def test_decide__fates_tell_what_sizes_of_few_do_not():
    rng = np.random.default_rng(3)
    before = fresh(rng, 30)
    after = np.concatenate([np.sqrt(2) * before[:10], before[20:]])
    merged = mechanism.Linked(10, 20, 0, 1.0, 0.02)
    linked = mechanism.decide(before, after, linked=merged, **CHOICE)
    assert linked.mechanism == "coalescence"


def test_decide__all_gone_is_a_loss():
    before = fresh(np.random.default_rng(4), 14)
    gone = mechanism.Linked(0, 0, 14, 0.0, 0.0)
    assert mechanism.decide(before, np.empty(0), linked=gone, **CHOICE).mechanism == "loss"


def test_decide__does_not_depend_on_the_unit_of_length():
    rng = np.random.default_rng(5)
    before, after = fresh(rng, 100), coalesced(rng, fresh(rng, 100), 0.3)
    nm, tenths = (mechanism.decide(f * before, f * after, **CHOICE) for f in (1.0, 10.0))
    assert np.allclose(nm.probability, tenths.probability, atol=1e-6)


@pytest.mark.parametrize("limit", coarsening.LIMITS)
def test_stages__keep_the_volume_and_lose_the_small(limit):
    edges = np.sort(fresh(np.random.default_rng(6), 300))
    for left, stage in zip((0.8, 0.4), coarsening.stages(edges, [0.8, 0.4], limit), strict=True):
        assert stage.size <= left * 300
        assert (stage**3).sum() == pytest.approx((edges**3).sum())


@pytest.mark.parametrize(("limit", "largest"), [("attachment", 2.0), ("diffusion", 1.5)])
def test_stages__end_skewed_to_the_small_below_the_largest_size_of_the_theory(limit, largest):
    edges = coarsening.representative(fresh(np.random.default_rng(7), 400, 1.5), 0.02)
    *_, last = coarsening.stages(np.repeat(edges, 10), [0.05], limit)
    critical = (last**2).sum() / last.sum() if limit == "attachment" else last.mean()
    assert last.max() / critical < largest
    assert stats.skew(last) < 0
