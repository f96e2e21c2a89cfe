"""Relative thickness against simulated plural scattering, and real files with known ones."""

import numpy as np
import pytest

from nanostitch import raw, schema
from nanostitch.eels import thickness, zero_loss

STEP = 0.1
ENERGY = STEP * np.arange(-40, 1160)
WINDOW = (1.0, 2.1)
SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]


def peak() -> np.ndarray:
    """Zero-loss peak of unit sum, 0.3 eV wide, with a tail."""
    core = np.exp(-4 * np.log(2) * (ENERGY / 0.3) ** 2)
    tail = 1e-3 / (1 + (np.abs(ENERGY) / 0.3) ** 2)
    return (core + tail) / (core + tail).sum()


def expected(relative: float) -> np.ndarray:
    """Share of electrons in each channel: plasmon at 15 eV, Poisson numbers of losses."""
    loss = np.where(ENERGY > 4, ENERGY / ((ENERGY**2 - 225) ** 2 + (5 * ENERGY) ** 2), 0)
    size = 8 * ENERGY.size
    around = np.zeros(size)
    around[np.round(ENERGY / STEP).astype(int) % size] = loss / loss.sum()
    apart = np.zeros(size)
    apart[np.round(ENERGY / STEP).astype(int) % size] = peak()
    seen = np.fft.irfft(np.fft.rfft(apart) * np.exp(relative * (np.fft.rfft(around) - 1)), size)
    return np.maximum(seen[np.round(ENERGY / STEP).astype(int) % size], 0)


@pytest.mark.parametrize("relative", [0.13, 0.5, 1.0, 2.0])
def test_interval__holds_the_number_of_losses(relative):
    counts = np.random.default_rng(3).poisson(2e4 * expected(relative), (60, ENERGY.size))
    found = thickness.relative_thickness(counts, ENERGY, counts.sum(axis=0), WINDOW)
    held = (found.lower <= relative) & (relative <= found.upper)
    assert held.sum() >= 51  # 95 % of 60: P(< 51) = 0.001
    assert not found.short.any()
    assert np.median(found.upper - found.lower) < 0.12 + 0.1 * relative


def test_blocks__do_not_change_a_pixel():
    counts = np.random.default_rng(4).poisson(1e4 * expected(0.4), (10, ENERGY.size))
    parts = thickness.separation(counts.sum(axis=0), ENERGY, WINDOW)
    whole = thickness.relative_thickness(counts, ENERGY, parts=parts)
    part = thickness.relative_thickness(counts[7:9], ENERGY, parts=parts)
    np.testing.assert_array_equal(whole.upper[7:9], part.upper)


def test_more_counts__do_not_change_the_thickness_but_narrow_its_interval():
    few, many = (scale * expected(0.4)[None] for scale in (1e4, 1e8))
    coarse, fine = (thickness.relative_thickness(c, ENERGY, c[0], WINDOW) for c in (few, many))
    assert coarse.value[0] == pytest.approx(fine.value[0], abs=1e-9)
    assert fine.upper[0] - fine.lower[0] < coarse.upper[0] - coarse.lower[0]


def test_gain__widens_the_interval_as_fewer_electrons_do():
    counts = 1e5 * expected(0.4)[None]
    amplified = thickness.relative_thickness(10 * counts, ENERGY, counts[0], WINDOW, gain=10.0)
    plain = thickness.relative_thickness(counts, ENERGY, counts[0], WINDOW)
    np.testing.assert_allclose(amplified.upper, plain.upper, rtol=1e-9)


@pytest.mark.parametrize("end_ev", [9.4, 30.0])
def test_axis_that_ends_in_the_losses__gives_no_thickness(end_ev):
    kept = end_ev >= ENERGY
    counts = 1e6 * expected(0.4)[None, kept]
    found = thickness.relative_thickness(counts, ENERGY[kept], counts[0], WINDOW)
    assert found.short.all()
    assert np.isnan([found.value, found.lower, found.upper]).all()


def test_empty_pixel__has_no_thickness_and_harms_no_other():
    counts = np.stack([np.zeros(ENERGY.size), 1e6 * expected(0.4), np.full(ENERGY.size, np.nan)])
    found = thickness.relative_thickness(counts, ENERGY, counts[1], WINDOW)
    assert np.isnan(found.value[[0, 2]]).all()
    assert found.value[1] == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize(
    ("name", "relative"),
    [("diamond/diamond_Summed Spectra 5 t.dm3", 0.31), ("rr_tio2/LL_cal.msa", 0.93)],
)
def test_real_spectrum__is_as_thick_as_the_manifest_says(realdata, name, relative):
    told = {"beam_energy_kev": 300.0, "collection_mrad": 25.0}
    aligned = zero_loss.align(
        raw.read(realdata / "eels_lowloss" / name, "eels", told, None), **SETTINGS
    )
    counts, energy = aligned["counts"].to_numpy().astype(float), aligned["energy"].to_numpy()
    width = float(aligned["region_zlp_fwhm"][0])
    found = thickness.relative_thickness(counts, energy, counts[0], (1.5 * width, 4 * width))
    # The manifest ends the zero-loss peak at another energy: 10 % between such choices.
    assert found.value[0] == pytest.approx(relative, rel=0.1)
