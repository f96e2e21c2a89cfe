"""Inflection of the loss and the gap behind it: known onsets, noise, measured n and k."""

import numpy as np
import onsets
import pytest
import yaml

from nanostitch.eels import derivative, sweep
from nanostitch.eels.estimator import Removal, hull
from nanostitch.eels.smoothing import Smoothing, defensible, smoothing

RANGE = (2.1, 3.0)
ENERGY = 1.5 + onsets.STEP_EV * np.arange(200)
ONSETS = {"root": onsets.root, "excitonic": onsets.excitonic}


def offset(name, fwhm, smooth, **weights):
    shapes = {key: onsets.seen(shape, fwhm) for key, shape in ONSETS.items()}
    return derivative.offset(shapes, weights or {name: 1.0}, smooth)


def noisy(name, gap, fwhm, electrons, seed, spectra=200):
    """Counts without their tail, of spectra on an axis at a random place, and their variance."""
    random = np.random.default_rng(seed)
    energy = ENERGY + random.uniform(-0.5, 0.5) * onsets.STEP_EV
    tail, loss = onsets.expected(ONSETS[name], gap, fwhm, energy, electrons)
    counts = random.poisson(tail + loss, (spectra, energy.size))
    return energy, counts - tail, (tail + loss)[None]


@pytest.mark.parametrize("name", ONSETS)
@pytest.mark.parametrize("fwhm", [0.03, 0.05, 0.1, 0.15])
@pytest.mark.parametrize("points", [5, 15, 21, 41])
def test_gap__keeps_at_most_a_third_of_the_raw_error(name, fwhm, points):
    smooth = Smoothing(points, 3, onsets.STEP_EV)
    above = offset(name, fwhm, smooth)
    for place in np.linspace(2.4, 2.41, 4):
        _, loss = onsets.expected(ONSETS[name], place, fwhm, ENERGY, 1e9)
        found = derivative.pixels(loss[None], np.zeros((1, 1)), ENERGY, smooth, RANGE, above)
        raw, corrected = found.value[0] - place, found.gap[0] - place
        assert abs(corrected) < abs(raw) / 3
        assert abs(corrected) < 0.0015


def test_offset__is_what_the_literature_of_the_window_has():
    # METHODS: square root at 50 meV, 5, 15 and 21 channels of 10 meV: 17, 23 and 31 meV.
    found = [
        1e3 * offset("root", 0.05, Smoothing(points, 3, 0.01)).mean_ev for points in (5, 15, 21)
    ]
    np.testing.assert_allclose(found, [17, 23, 31], atol=1.5)


def test_offset__is_that_of_the_onset_and_not_of_what_rises_far_above_it():
    above, height = onsets.seen(onsets.root, 0.05)
    steep = height + 50 * np.maximum(above - 0.9, 0.0) ** 2
    smooth = Smoothing(41, 3, onsets.STEP_EV)
    found = [
        derivative.offset({"it": (above, each)}, {"it": 1.0}, smooth).mean_ev
        for each in (height, steep)
    ]
    assert found[1] == pytest.approx(found[0])


@pytest.mark.parametrize(("name", "fwhm"), [("root", 0.05), ("excitonic", 0.1)])
@pytest.mark.parametrize("electrons", [1e7, 1e8, 1e9])
def test_pixels__intervals_hold_the_gap_of_noisy_spectra(name, fwhm, electrons):
    smooth, gap = smoothing(0.15, 3, onsets.STEP_EV), 2.437
    above = offset(name, fwhm, smooth)
    held, gaps, widths = [], [], []
    for seed in range(8):  # places of the gap in its channel
        energy, loss, variance = noisy(name, gap, fwhm, electrons, seed, spectra=60)
        found = derivative.pixels(loss, variance, energy, smooth, RANGE, above)
        held += list((found.gap_lower <= gap) & (gap <= found.gap_upper))
        gaps += list(found.gap)
        widths += list(found.gap_upper - found.gap_lower)
    assert np.mean(held) > 0.91  # of 480; 95 % less four standard errors
    assert np.abs(np.median(gaps) - gap) < 0.003
    scatter = np.subtract(*np.percentile(gaps, [97.5, 2.5]))
    assert np.median(widths) < 3 * scatter


def test_pixels__a_maximum_that_noise_made_has_no_narrow_interval():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    above = offset("root", 0.05, smooth)
    random = np.random.default_rng(1)
    flat = random.poisson(100.0, (200, ENERGY.size)) - 100.0
    found = derivative.pixels(flat, np.full((1, 1), 100.0), ENERGY, smooth, RANGE, above)
    assert np.percentile(found.gap_upper - found.gap_lower, 2) > 0.3
    energy, loss, variance = noisy("root", 2.437, 0.05, 2e6, seed=2)
    found = derivative.pixels(loss, variance, energy, smooth, RANGE, above)
    wrong = np.abs(found.gap - 2.437) > 0.1
    assert wrong.mean() > 0.05
    assert ((found.gap_lower <= 2.437) & (found.gap_upper >= 2.437))[wrong].mean() > 0.93


def test_pixels__follow_a_shift_and_do_not_depend_on_gain():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    above = offset("root", 0.05, smooth)
    energy, loss, variance = noisy("root", 2.437, 0.05, 1e8, seed=3, spectra=5)
    one = derivative.pixels(loss, variance, energy, smooth, RANGE, above)
    again = derivative.pixels(
        7 * loss, 49 * variance, energy + 0.5, smooth, (RANGE[0] + 0.5, RANGE[1] + 0.5), above
    )
    for name in ("value", "gap", "gap_lower", "gap_upper", "value_lower", "value_upper"):
        np.testing.assert_allclose(getattr(again, name), getattr(one, name) + 0.5, atol=1e-9)


def test_pixels__intervals_hold_every_shape_that_has_weight():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    alone = [offset(name, 0.05, smooth).mean_ev for name in ONSETS]
    both = offset("", 0.05, smooth, root=0.5, excitonic=0.5)
    _, loss = onsets.expected(onsets.root, 2.437, 0.05, ENERGY, 1e9)
    found = derivative.pixels(loss[None], np.full((1, 1), 1e-6), ENERGY, smooth, RANGE, both)
    for shift in alone:
        assert found.gap_lower[0] <= found.value[0] - shift <= found.gap_upper[0]
    assert found.gap_upper[0] - found.gap_lower[0] >= abs(alone[0] - alone[1])
    certain = offset("", 0.05, smooth, root=0.99, excitonic=0.01)
    found = derivative.pixels(loss[None], np.full((1, 1), 1e-6), ENERGY, smooth, RANGE, certain)
    assert found.gap_upper[0] - found.gap_lower[0] < 0.003


def test_pixels__unknown_channels_give_no_gap():
    smooth = smoothing(0.15, 3, onsets.STEP_EV)
    above = offset("root", 0.05, smooth)
    energy, loss, variance = noisy("root", 2.437, 0.05, 1e8, seed=3, spectra=3)
    loss[1, 90] = np.nan
    found = derivative.pixels(loss, variance, energy, smooth, RANGE, above)
    assert np.isnan(found.gap).tolist() == [False, True, False]
    assert np.isnan(found.gap_lower).tolist() == [False, True, False]
    outside = derivative.pixels(loss, variance, energy, smooth, (2.1, 3.46), above)
    assert np.isnan(outside.gap).all()


def test_region__interval_holds_tail_window_and_shape():
    smooths = defensible(0.15, 3, onsets.STEP_EV)
    assert [one.points for one in smooths] == [15, 11, 21]
    above = [offset("root", 0.05, one) for one in smooths]
    random = np.random.default_rng(7)
    held, width = [], []
    for _ in range(12):
        gap = random.uniform(2.4, 2.5)
        tail, loss = onsets.expected(onsets.root, gap, 0.05, ENERGY, 3e8)
        counts = random.poisson(tail + loss).astype(float)
        bent = tail * (1 + 0.02 * (ENERGY - 2.0))
        removal = Removal(np.stack([tail, bent]), np.array([0.5, 0.5]))
        found, between = derivative.region(
            counts, removal, tail + loss, ENERGY, smooths, above, RANGE, 100, 1
        )
        held.append(found.gap_lower[0] <= gap <= found.gap_upper[0])
        width.append(found.gap_upper[0] - found.gap_lower[0])
        assert 0 <= between < 0.002
    assert sum(held) >= 10
    assert np.median(width) < 0.03


def test_region__repeats_to_the_bit():
    smooths = defensible(0.15, 3, onsets.STEP_EV)
    above = [offset("root", 0.05, one) for one in smooths]
    tail, loss = onsets.expected(onsets.root, 2.43, 0.05, ENERGY, 1e8)
    counts = np.random.default_rng(5).poisson(tail + loss).astype(float)
    removal = Removal(tail[None], np.ones(1))
    arguments = (counts, removal, tail + loss, ENERGY, smooths, above, RANGE, 50, 3)
    one, two = (derivative.region(*arguments)[0] for _ in range(2))
    assert (one.gap_lower, one.gap_upper) == (two.gap_lower, two.gap_upper)


def test_inflection__is_found_between_channels():
    energy = 2.0 + 0.01 * np.arange(100)
    slope = 1 - ((energy - 2.4537) / 0.1) ** 2
    assert derivative.inflection(slope[None], energy, (2.1, 2.9))[0] == pytest.approx(2.4537)


def test_sweep__gap_does_not_follow_the_window_but_the_inflection_does():
    windows = sweep.windows_ev((0.05, 0.41), 3, onsets.STEP_EV)
    points = np.rint(windows / onsets.STEP_EV).astype(int)
    assert (points % 2 == 1).all()
    assert (points[0], points[-1]) == (5, 41)
    assert points.size <= 12
    smooths = [smoothing(width, 3, onsets.STEP_EV) for width in windows]
    tail, loss = onsets.expected(onsets.root, 2.437, 0.05, ENERGY, 1e10)
    found = sweep.sweep(
        tail + loss,
        Removal(tail[None], np.ones(1)),
        tail + loss,
        ENERGY,
        smooths,
        RANGE,
        {"root": onsets.seen(onsets.root, 0.05)},
        {"root": 1.0},
    )
    assert np.ptp(found.inflection) > 0.03
    np.testing.assert_allclose(found.gap, 2.437, atol=0.0015)
    assert (found.gap_lower <= 2.437).all()
    assert (found.gap_upper >= 2.437).all()


def test_hull__leaves_out_what_has_next_to_no_weight():
    values = np.array([3.0, 1.0, 2.0])
    assert hull(values, np.array([0.01, 0.5, 0.49])) == (1.0, 2.0)
    assert hull(values, np.array([0.2, 0.4, 0.4])) == (1.0, 3.0)


@pytest.mark.parametrize(("name", "expected"), [("Brennan", 2.380), ("Ermolaev-o", 2.384)])
def test_caesium_lead_bromide__loss_of_the_measured_crystal_rises_where_it_should(
    realdata, name, expected
):
    path = realdata / "optical_reference" / "cspbbr3_nk" / f"{name}.yml"
    rows = yaml.safe_load(path.read_text())["DATA"][0]["data"].splitlines()
    wavelength, n, k = np.array([list(map(float, row.split())) for row in rows if row.split()]).T
    photon = 1.239841984 / wavelength
    order = np.argsort(photon)
    loss = (-1 / (n + 1j * k) ** 2).imag
    energy = 2.0 + 0.002 * np.arange(350)
    on_channels = np.interp(energy, photon[order], loss[order])
    slope = Smoothing(9, 3, 0.002).first_derivative(on_channels[None])
    found = derivative.inflection(slope, energy, (2.2, 2.55))[0]
    assert found == pytest.approx(expected, abs=0.004)
