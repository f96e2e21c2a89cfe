"""Richardson-Lucy sharpening: what it must keep, what it must do, and HyperSpy's result."""

from importlib import import_module

import numpy as np
import pytest

from nanostitch.eels import sharpen

CHANNELS = 400
CHANNEL = np.arange(CHANNELS)
CENTRE = 30


def line(asymmetry: float = 1.0) -> np.ndarray:
    away = np.arange(61) - CENTRE
    wide = np.where(away > 0, 5.0 * asymmetry, 5.0)
    return np.exp(-0.5 * (away / wide) ** 2)


def blurred(spectrum: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return np.convolve(spectrum, kernel / kernel.sum())[CENTRE : CENTRE + CHANNELS]


def spikes(*places: int) -> np.ndarray:
    spectrum = np.zeros(CHANNELS)
    spectrum[list(places)] = 1e5
    return spectrum


def width(values: np.ndarray) -> float:
    middle = (values * CHANNEL).sum() / values.sum()
    return float(np.sqrt((values * (CHANNEL - middle) ** 2).sum() / values.sum()))


@pytest.mark.parametrize(("asymmetry", "left_over"), [(1.0, 1e-6), (1.6, 0.1)])
def test_counts_stay__and_a_peak_goes_where_it_was_before_the_line_leaned(asymmetry, left_over):
    kernel = line(asymmetry)
    counts = blurred(spikes(200) + 3.0, kernel)
    found = sharpen.richardson_lucy(counts[None], kernel, CENTRE)[0]
    assert blurred(found, kernel).sum() == pytest.approx(counts.sum(), rel=1e-3)
    assert found[100:300].sum() == pytest.approx(1e5 + 600, rel=1e-3)
    moved = (found[100:300] * (CHANNEL[100:300] - 200)).sum() / 1e5
    leaned = (kernel * (np.arange(61) - CENTRE)).sum() / kernel.sum()
    even = 3.0 * (CHANNEL[100:300] - 200).sum() / 1e5  # of the level under the peak
    assert abs(moved - even) < left_over * leaned + 1e-3


def test_peaks__become_sharper_with_each_round():
    counts = blurred(spikes(200), line())
    widths = [
        width(sharpen.richardson_lucy(counts[None], line(), CENTRE, n)[0]) for n in (1, 5, 15)
    ]
    assert width(counts) > widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.5 * width(counts)


def test_two_peaks__are_told_apart():
    counts = blurred(spikes(195, 206), line())
    found = sharpen.richardson_lucy(counts[None], line(), CENTRE, 60)[0]
    assert found[195] > 2 * found[200] < 2 * found[206]
    assert counts[195] < 1.2 * counts[200]


def test_ends_of_the_axis__do_not_fade():
    found = sharpen.richardson_lucy(np.full((1, CHANNELS), 10.0), line(), CENTRE)[0]
    # 1 % is an echo of the far end of what continues the spectrum; without it: a factor of two.
    np.testing.assert_allclose(found, 10.0, rtol=0.02)


def test_empty_and_negative_channels__harm_nothing():
    counts = blurred(spikes(100), line())
    counts[300:320] = -2.0
    found = sharpen.richardson_lucy(np.stack([counts, np.full(CHANNELS, np.nan)]), line(), CENTRE)
    assert np.isfinite(found[0]).all()
    assert found[0].min() >= 0
    assert np.isnan(found[1]).all()


def test_threads_and_blocks__do_not_change_a_bit():
    counts = np.random.default_rng(1).poisson(blurred(spikes(90, 200), line()) + 1, (300, CHANNELS))
    one = sharpen.richardson_lucy(counts, line(), CENTRE)
    np.testing.assert_array_equal(one, sharpen.richardson_lucy(counts, line(), CENTRE, workers=2))
    np.testing.assert_array_equal(one[7:9], sharpen.richardson_lucy(counts[7:9], line(), CENTRE))


def test_hyperspy__agrees():
    exspy = import_module("exspy")
    counts = np.random.default_rng(1).poisson(blurred(spikes(120, 200), line()) + 20, (4, CHANNELS))
    kernel = np.zeros(CHANNELS)  # theirs is as long as the spectrum
    kernel[:61] = line()
    theirs = exspy.signals.EELSSpectrum(counts.astype(float)).richardson_lucy_deconvolution(
        exspy.signals.EELSSpectrum(kernel), iterations=15, show_progressbar=False
    )
    ours = sharpen.richardson_lucy(counts.astype(float), line(), CENTRE)
    inner = slice(100, 300)
    scale = 1e-3 * theirs.data.max()
    np.testing.assert_allclose(ours[:, inner], theirs.data[:, inner], atol=scale)
