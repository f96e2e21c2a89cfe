"""Fourier-log deconvolution against simulated plural scattering, and against eXSpy."""

from importlib import import_module

import numpy as np
import pytest

from nanostitch.eels import fourier_log

STEP = 0.1
CHANNELS = 1200
ENERGY = STEP * (np.arange(CHANNELS) - 60)
SIZE = 16384
PLACE = np.round(ENERGY / STEP).astype(int) % SIZE


def transform(spectrum: np.ndarray) -> np.ndarray:
    around = np.zeros(SIZE)
    around[PLACE] = spectrum
    return np.fft.rfft(around)


def back(spectrum: np.ndarray) -> np.ndarray:
    return np.fft.irfft(spectrum, SIZE)[PLACE]


def simulated(relative: float, electrons: float = 1e6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spectrum, zero-loss peak and single scattering of a specimen, without noise."""
    peak = np.exp(-4 * np.log(2) * (ENERGY / 0.4) ** 2)
    loss = np.where(ENERGY > 3, ENERGY / ((ENERGY**2 - 225) ** 2 + (4 * ENERGY) ** 2), 0)
    z, s = transform(electrons * peak / peak.sum()), transform(loss / loss.sum())
    zero = z * np.exp(-relative)
    spectrum = np.maximum(back(zero * np.exp(relative * s)), 0)  # rounding dips below
    return spectrum, back(zero), back(zero * relative * s)


@pytest.mark.parametrize("relative", [0.13, 0.5, 1.0, 2.0])
def test_single_scattering__is_found_behind_plural_scattering(relative):
    spectrum, zero, single = simulated(relative)
    found = fourier_log.deconvolve(spectrum[None], zero)[0]
    inner = slice(100, -100)
    # What scatters beyond the end of the axis is lost, 2 % of the losses at t/lambda 2.
    np.testing.assert_allclose(found[inner], single[inner], atol=0.01 * single.max())
    assert found.sum() == pytest.approx(zero.sum() * relative, rel=0.02)


def test_plural_scattering__is_small_where_the_specimen_is_thin():
    """Share of plural scattering near the plasmon at t/lambda 0.13, as for 8 nm at 60 keV."""
    spectrum, zero, single = simulated(0.13)
    loss = spectrum - zero
    below = (ENERGY > 4) & (ENERGY < 6)  # nothing scatters twice below twice the gap
    np.testing.assert_allclose(loss[below], single[below], rtol=0.003)
    share = (loss - single)[ENERGY > 1].sum() / loss[ENERGY > 1].sum()
    assert share == pytest.approx(0.13 / 2, rel=0.1)


def test_noise__is_not_amplified():
    spectrum, zero, single = simulated(0.3)
    rng = np.random.default_rng(1)
    recorded = rng.poisson(spectrum, (40, CHANNELS)).astype(float)
    found = fourier_log.deconvolve(recorded, np.where(ENERGY < 2, recorded, 0))
    inner = (ENERGY > 5) & (ENERGY < 60)
    scatter = (found - single)[:, inner].std(axis=0) / np.sqrt(spectrum[inner])
    assert np.median(scatter) < 1.2
    assert np.abs((found - single)[:, inner].mean()) < 0.01 * single.max()


def test_threads_and_blocks__do_not_change_a_bit():
    spectrum, zero, _ = simulated(0.5)
    counts = np.random.default_rng(2).poisson(spectrum, (300, CHANNELS)).astype("f4")
    one = fourier_log.deconvolve(counts, zero)
    np.testing.assert_array_equal(one, fourier_log.deconvolve(counts, zero, workers=2))
    np.testing.assert_array_equal(one[40:50], fourier_log.deconvolve(counts[40:50], zero))


def test_single_precision__gives_what_double_gives():
    spectrum, zero, _ = simulated(0.5)
    counts = np.random.default_rng(2).poisson(spectrum, (400, CHANNELS)).astype("f4")
    cut = np.where(ENERGY < 2, counts, 0)
    exact = fourier_log.deconvolve(counts.astype(float), cut)
    assert fourier_log.deconvolve(counts, cut).dtype == np.float32
    np.testing.assert_allclose(fourier_log.deconvolve(counts, cut), exact, atol=1e-3 * exact.max())


def test_spectrum_without_a_peak__stays_alone_undefined():
    spectrum, zero, _ = simulated(0.5)
    counts = np.stack([spectrum, np.full(CHANNELS, np.nan), np.zeros(CHANNELS), spectrum])
    found = fourier_log.deconvolve(counts, zero)
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[0], found[3])


def test_exspy__agrees():
    exspy = import_module("exspy")
    spectrum, zero, _ = simulated(0.5)
    counts = np.random.default_rng(2).poisson(spectrum, (6, CHANNELS)).astype(float)
    kept = 93  # together with the axis an even length of the transform, which eXSpy needs
    signal = exspy.signals.EELSSpectrum(counts.copy())
    ours = fourier_log.deconvolve(counts, counts[:, :kept])
    theirs = signal.fourier_log_deconvolution(signal.isig[:kept].deepcopy()).data
    np.testing.assert_allclose(ours, theirs, atol=1e-3 * theirs.max())
