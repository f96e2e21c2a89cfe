"""States in the gap: limits that hold what is there, without taking the tail for it."""

import numpy as np
import onsets
import pytest

from nanostitch.eels import sub_gap
from nanostitch.eels.channels import within

GAP, FWHM = 2.44, 0.05
ENERGY = 1.1 + onsets.STEP_EV * np.arange(230)
WHERE = sub_gap.Where(GAP - 0.01, FWHM, 0.2, (1.3, 1.5))
MODELS = ("power_law", "exponential")


def expected(share, electrons):
    """Counts with states in the window that hold a share of the loss above the gap."""
    tail, loss = onsets.expected(onsets.root, GAP, FWHM, ENERGY, electrons)
    low, high = WHERE.window_ev
    above = loss[within(ENERGY, (WHERE.gap_ev, WHERE.gap_ev + WHERE.width_ev))].sum()
    state = np.exp(-0.5 * ((ENERGY - (low + high) / 2) / 0.025) ** 2)
    return tail + loss + share * above * state / state.sum()


def limits(share, electrons, seeds=40):
    mean = expected(share, electrons)
    found = []
    for seed in range(seeds):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        found.append(sub_gap.limit(sub_gap.excess(counts, mean, ENERGY, WHERE, MODELS)))
    return np.array(found)


@pytest.mark.parametrize("electrons", [1e7, 1e8, 1e9])
@pytest.mark.parametrize("share", [0.0, 0.03])
def test_limit__is_above_what_is_there(share, electrons):
    found = limits(share, electrons)
    # P(fewer than 33 of 40 at 95 %) is below 0.002.
    assert (found >= share).sum() >= 33


def test_limit__falls_with_the_dose_until_the_model_of_the_tail_decides():
    weak, middle, strong = (np.median(limits(0.0, n, 10)) for n in (1e6, 1e7, 1e10))
    assert weak > 1.5 * middle
    tail, _ = onsets.expected(onsets.root, GAP, FWHM, ENERGY, 1.0)
    assert strong > 1e-4  # no dose can tell more than the models of the tail agree upon


def test_excess__sees_an_added_state():
    for share in (0.05, 0.2):
        found = sub_gap.excess(
            expected(share, 1e9), expected(share, 1e9), ENERGY, WHERE, ("power_law",)
        )
        assert found.value == pytest.approx(share, abs=0.006)


def test_excess__a_vacuum_reference_is_a_model_of_the_tail():
    mean = expected(0.05, 1e9)
    tail, _ = onsets.expected(onsets.root, GAP, FWHM, ENERGY, 1e9)
    found = sub_gap.excess(mean, mean, ENERGY, WHERE, (*MODELS, "vacuum"), 0.7 * tail)
    at = [n for n, name in enumerate(found.names) if name.startswith("vacuum")]
    assert found.value[at] == pytest.approx(0.05, abs=0.002)


def test_difference__of_two_spectra_is_that_of_their_states():
    random = np.random.default_rng(3)
    held = []
    for _ in range(40):
        counts = [random.poisson(expected(share, 3e7)).astype(float) for share in (0.06, 0.01)]
        pair = [sub_gap.excess(c, np.maximum(c, 1.0), ENERGY, WHERE, MODELS) for c in counts]
        _, low, high = sub_gap.difference(*pair)
        held.append(low <= 0.05 <= high)
    assert sum(held) >= 33


def test_excess__without_room_for_a_fit_there_is_no_limit():
    near = sub_gap.Where(1.3, FWHM, 0.2, (1.2,))
    mean = expected(0.0, 1e8)
    assert np.isnan(sub_gap.limit(sub_gap.excess(mean, mean, ENERGY, near, MODELS)))
    nothing = sub_gap.excess(mean, mean, ENERGY, near, MODELS)
    assert np.isnan(sub_gap.difference(nothing, nothing)).all()


def test_excess__without_loss_above_the_gap_there_is_no_share():
    tail, _ = onsets.expected(onsets.root, GAP, FWHM, ENERGY, 1e8)
    counts = np.random.default_rng(0).poisson(tail).astype(float)
    assert np.isnan(sub_gap.limit(sub_gap.excess(counts, tail, ENERGY, WHERE, ("power_law",))))
