"""Spectra that have no band gap, or none that can be trusted, get none."""

import numpy as np
import pytest
import xarray as xr
from eels_onset import ENERGY, GAP, QUICK, expected, gaps, peak, steps

from nanostitch import quality
from nanostitch.errors import ContractError


def assert_refused(product: xr.Dataset, flag: str) -> None:
    assert quality.raised(product["band_gap_quality"], flag).all()
    for end in ("", "_lower", "_upper"):
        assert product[f"band_gap{end}"].isnull().all()
    assert quality.level(product) == "bad"


@pytest.fixture(scope="module")
def shape() -> np.ndarray:
    return expected(0.05, GAP, 4e-3)


def test_tail_alone__has_no_gap():
    for seed in range(3):
        counts = np.random.default_rng(seed).poisson(1e8 * expected(0.05, GAP, 0.0))
        assert_refused(steps(counts, max_tail_fraction=1.1, **QUICK), "no_onset")


def test_onset_lost_in_the_noise__is_no_gap():
    for seed in range(3):
        counts = np.random.default_rng(seed).poisson(1e5 * expected(0.05, GAP, 4e-4))
        assert_refused(steps(counts, max_tail_fraction=np.inf, **QUICK), "no_onset")


def test_empty_channels__are_no_onset():
    counts = np.round(1e4 * expected(0.05, GAP, 0.0))
    counts[ENERGY > 0.3] = 2
    counts[(ENERGY > 1.3) & (ENERGY < 2.2)] = 0
    counts[ENERGY > 2.4] = 3
    product = steps(counts, tail_window_ev=(0.5, 1.4), max_tail_fraction=np.inf)
    assert product["band_gap"].isnull().all()
    assert quality.level(product) == "bad"


def test_tail_over_the_onset__is_refused():
    counts = 1e9 * expected(0.05, GAP, 4e-6)
    assert_refused(steps(counts), "tail_too_high")


def test_onset_below_or_above_the_range__is_at_its_edge():
    for gap in (1.9, 2.97):
        counts = np.random.default_rng(2).poisson(1e8 * expected(0.05, gap, 4e-3))
        product = steps(counts, tail_window_ev=(1.2, 1.7), gap_range_ev=[2.0, 3.0])
        assert np.isnan(gaps(product, "onset_fit")[0])


def test_coarse_resolution__is_refused():
    wide = 1e8 * expected(0.8, GAP, 4e-3)
    start = -3.0 + 0.01 * np.arange(720)
    counts = np.interp(start, ENERGY, wide, left=0.0) + 1e8 * 0.01 * peak(start, 0.8) * (
        start < -0.6
    )
    assert_refused(steps(counts, energy=start), "resolution_too_coarse")


def test_range_beyond_the_axis__is_refused(shape):
    assert_refused(steps(1e7 * shape, gap_range_ev=[2.1, 6.0]), "range_not_covered")


def test_spectrum_without_a_peak__is_refused():
    assert_refused(steps(np.ones(ENERGY.size)), "no_zero_loss_peak")


def test_descending_range__is_an_error_that_names_the_setting(shape):
    with pytest.raises(ContractError, match="gap_range_ev"):
        steps(1e7 * shape, gap_range_ev=[3.0, 2.1])
