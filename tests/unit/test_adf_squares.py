"""The joint square fit: exact on its own model, honest about its errors, and gaps as they are."""

import numpy as np
import pytest

from nanostitch.adf.squares import fit, gaps, kernels

PIXEL = np.array([0.35, 0.35])
BLUR = 0.8


def rectangle(y, x, long, short, angle, height=100.0, blur=BLUR):
    return np.array([y, x, long, short, angle, height, blur])


def scene(rectangles, *, seed=None, size=100, support=15.0):
    plane = np.full((size, size), support, np.float32)
    for one in rectangles:
        kernels.add(plane, one, PIXEL, 1.0)
    if seed is not None:
        plane = np.random.default_rng(seed).poisson(plane).astype(np.float32)
    everywhere = np.ones(plane.shape, bool)
    return plane - np.float32(support), fit.Noise(support, 1.0, everywhere, ~everywhere)


def test_add__keeps_the_signal_of_the_sharp_rectangle():
    plane, _ = scene([rectangle(17, 17, 8.3, 7.9, 0.4)])
    assert plane.sum() * PIXEL.prod() == pytest.approx(100 * 8.3 * 7.9, rel=1e-3)


def test_joint__finds_touching_rectangles_again():
    true = np.stack([rectangle(14, 17, 8, 8.4, 0.2), rectangle(22.6, 18.5, 7.5, 8, 0.15, 80)])
    plane, noise = scene(true)
    start = true + np.array([0.3, -0.3, 0.5, 0.5, 0.05, 10, 0])
    found = fit.joint(plane, noise, start, PIXEL, sweeps=30)
    # rounds end when none moves by a fiftieth of a pixel; a shared edge then still creeps
    np.testing.assert_allclose(found.parameters[:, :5], true[:, :5], atol=0.05)
    np.testing.assert_allclose(found.parameters[:, 5], true[:, 5], rtol=0.005)


def test_joint__uncertainty_is_that_of_repeated_images():
    true = rectangle(17, 17, 8.2, 8.2, 0.3)[None]
    pulls = []
    for seed in range(60):
        plane, noise = scene(true, seed=seed)
        found = fit.joint(plane, noise, true, PIXEL)
        error = np.sqrt(np.linalg.inv(found.normal[0, :6, :6])[2, 2])
        pulls.append((found.parameters[0, 2] - 8.2) / error)
    assert 0.75 < np.std(pulls) < 1.25
    assert abs(np.mean(pulls)) < 0.5


def test_blur__is_that_of_the_edges():
    true = np.stack([rectangle(10, 10, 8, 8, 0.1), rectangle(24, 24, 9, 8, 0.7)])
    plane, noise = scene(true, seed=1)
    start = true.copy()
    start[:, 6] = 0.4
    found = fit.blur(plane, noise, start, PIXEL, np.ones(2, bool))
    assert found.value == pytest.approx(BLUR, abs=0.03)


@pytest.mark.parametrize("gap", [-0.4, 0.0, 0.25, 1.0])
def test_separation__is_the_gap_between_facets(gap):
    one = rectangle(10, 10, 8, 8, 0.0)
    other = rectangle(10, 10 + 8.5 + gap, 9, 7, 0.0)
    assert gaps.separation(one, other) == pytest.approx(gap)
    assert gaps.separation(other, one) == pytest.approx(gap)


@pytest.mark.parametrize(("gap", "merged"), [(0.0, True), (0.25, False), (0.6, False)])
def test_merged_probability__tells_a_ligand_gap_from_none(gap, merged):
    right = 0
    for seed in range(20):
        true = np.stack([rectangle(17, 12, 8, 8, 0.0), rectangle(17.5, 20 + gap, 8, 8, 0.0, 85)])
        plane, noise = scene(true, seed=seed)
        found = fit.joint(plane, noise, true, PIXEL)
        pairs = np.array([[0, 1]], np.int32)
        between = gaps.measure(found.parameters, found.normal, found.variance, pairs, PIXEL)
        right += (gaps.merged_probability(between, 0.25)[0] > 0.5) == merged
    assert right >= 18
