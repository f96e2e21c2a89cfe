"""Foot of the steepest tangent: a line, known onsets, noise."""

import numpy as np
import onsets
import pytest

from nanostitch.eels import linear
from nanostitch.eels.smoothing import Smoothing, smoothing

RANGE = (2.1, 3.0)
ENERGY = 1.5 + onsets.STEP_EV * np.arange(200)


def offset(onset, fwhm, smooth):
    return linear.offset({"it": onsets.seen(onset, fwhm)}, {"it": 1.0}, smooth)


def test_linear__is_the_foot_of_a_line():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    ramp = np.where(ENERGY > 2.4, np.minimum(ENERGY - 2.4, 0.5), 0.0)
    inside = (2.55, 2.8)  # half a window from the corners
    value, lower, upper = linear.read(ramp[None], np.full((1, 1), 1e-12), ENERGY, smooth, inside)
    assert value[0] == pytest.approx(2.4, abs=1e-6)
    assert lower[0] <= value[0] <= upper[0]


@pytest.mark.parametrize("onset", [onsets.root, onsets.excitonic])
@pytest.mark.parametrize("fwhm", [0.03, 0.05, 0.15])
def test_offset__is_the_bias_and_without_it_the_gap_is_found(onset, fwhm):
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    above = offset(onset, fwhm, smooth)
    assert above.mean_ev < -0.01  # the tangent's foot lies below the gap
    _, loss = onsets.expected(onset, 2.433, fwhm, ENERGY, 1e9)
    found = linear.pixels(loss[None], np.zeros((1, 1)), ENERGY, smooth, RANGE, above)
    assert found.gap[0] == pytest.approx(2.433, abs=0.0015)
    value, lower, upper = linear.stated(found)
    assert value[0] == pytest.approx(2.433 + above.mean_ev, abs=0.0015)
    assert lower[0] <= value[0] <= 2.433 <= upper[0] + 0.0015


@pytest.mark.parametrize("electrons", [1e7, 1e8, 1e9])
def test_pixels__intervals_hold_the_gap_of_noisy_spectra(electrons):
    smooth, gap = Smoothing(15, 3, onsets.STEP_EV), 2.437
    above = offset(onsets.root, 0.05, smooth)
    random = np.random.default_rng(6)
    tail, loss = onsets.expected(onsets.root, gap, 0.05, ENERGY, electrons)
    counts = random.poisson(tail + loss, (200, ENERGY.size)) - tail
    found = linear.pixels(counts, (tail + loss)[None], ENERGY, smooth, RANGE, above)
    assert ((found.gap_lower <= gap) & (gap <= found.gap_upper)).mean() > 0.90
    scatter = np.subtract(*np.percentile(found.gap, [97.5, 2.5]))
    assert np.median(found.gap_upper - found.gap_lower) < 3 * scatter


def test_pixels__without_an_onset_the_interval_is_the_range():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    above = offset(onsets.root, 0.05, smooth)
    flat = np.random.default_rng(2).poisson(100.0, (100, ENERGY.size)) - 100.0
    found = linear.pixels(flat, np.full((1, 1), 100.0), ENERGY, smooth, RANGE, above)
    wide = found.gap_upper - found.gap_lower
    assert np.nanpercentile(wide, 5) > 0.5
