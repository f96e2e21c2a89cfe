"""Band gaps against simulated onsets."""

import numpy as np
import pytest
import xarray as xr
from eels_onset import ENERGY, GAP, QUICK, expected, gaps, peak, steps

from nanostitch import quality


@pytest.fixture(scope="module")
def shape() -> np.ndarray:
    return expected(0.05, GAP, 4e-3)


def test_onset_fit__is_unbiased_and_covers_the_truth(shape):
    found = []
    for seed in range(12):
        counts = np.random.default_rng(seed).poisson(1e7 * shape)
        found.append(gaps(steps(counts, **QUICK), "onset_fit"))
    gap, lower, upper = np.array(found).T
    assert gap.mean() == pytest.approx(GAP, abs=0.003)
    assert gap.std() < 0.006  # photon limit: 2 meV
    assert ((lower <= GAP) & (upper >= GAP)).sum() >= 9  # 95 % of 12: P(< 9) = 0.0002
    assert np.median(upper - lower) < 0.03


def test_onset_fit__needs_no_correction_for_the_resolution():
    for fwhm in (0.03, 0.1, 0.15):
        gap, lower, upper = gaps(steps(2e8 * expected(fwhm, GAP, 4e-3)), "onset_fit")
        assert gap == pytest.approx(GAP, abs=0.003)
        assert lower < GAP < upper


def test_onset_fit__bears_a_band_that_is_not_parabolic(shape):
    bent = shape.copy()
    above = np.maximum(ENERGY - GAP, 0)
    bent += (shape - expected(0.05, GAP, 0.0)) * (np.exp(-above / 4) - 1)
    gap, lower, upper = gaps(steps(np.random.default_rng(0).poisson(1e8 * bent)), "onset_fit")
    assert gap == pytest.approx(GAP, abs=0.003)
    assert lower < GAP < upper


def test_inflection__lies_above_the_gap_as_far_as_the_onset_is_smeared():
    noiseless = {fwhm: steps(1e9 * expected(fwhm, GAP, 4e-3)) for fwhm in (0.05, 0.1)}
    found = {fwhm: float(product["loss_inflection"]) for fwhm, product in noiseless.items()}
    # 15 channels of 10 meV: METHODS states 23 meV at 50 meV, and 33 to 61 meV at 100 meV.
    assert found[0.05] - GAP == pytest.approx(0.023, abs=0.003)
    assert 0.030 < found[0.1] - GAP < 0.061
    for product in noiseless.values():
        gap, lower, upper = gaps(product, "derivative")
        assert gap == pytest.approx(GAP, abs=0.008)  # a third of the least raw error
        assert lower < GAP < upper


def test_map__marks_pixels_whose_peak_is_not_as_wide_as_that_of_the_map():
    counts = np.array([1e8 * expected(width, GAP, 4e-3) for width in (0.05, 0.05, 0.05, 0.1)])
    product = steps(counts)
    marked = quality.raised(product["band_gap_quality"], "peak_width_differs")
    assert marked.sel(estimator="onset_fit").values[3]
    assert quality.level(product) != "good"


def test_shift__between_two_spectra_is_recovered_by_both_estimators(shape):
    moved = expected(0.05, GAP - 0.06, 4e-3)
    counts = [np.random.default_rng(7).poisson(2e8 * one) for one in (shape, moved)]
    products = [steps(one) for one in counts]
    for estimator, error in (("onset_fit", 0.003), ("derivative", 0.01), ("linear", 0.01)):
        fresh, merged = (gaps(product, estimator)[0] for product in products)
        assert merged - fresh == pytest.approx(-0.06, abs=error)


def test_gap__does_not_depend_on_the_gain_of_the_detector(shape):
    electrons = np.random.default_rng(8).poisson(1e7 * shape)
    one, many = gaps(steps(electrons), "onset_fit"), gaps(steps(electrons * 37.5), "onset_fit")
    np.testing.assert_allclose(one, many, atol=1e-3)  # the gain is measured, to some percent


@pytest.mark.parametrize("electrons", [1e7, 1e9])
def test_interval__holds_the_gap_of_a_band_that_bends_as_far_as_is_declared(electrons):
    """Half of the onset is gone 0.7 eV above the gap: two standard deviations of the prior."""
    bent = np.exp(-np.maximum(ENERGY - GAP, 0))
    tail = expected(0.05, GAP, 0.0)
    mean = tail + bent * (expected(0.05, GAP, 4e-3) - tail)
    counts = np.random.default_rng(9).poisson(electrons * mean)
    _, lower, upper = gaps(steps(counts, **QUICK), "onset_fit")
    assert lower < GAP < upper


def test_members__are_named_alike_and_weigh_one_together(shape):
    products = [steps(np.random.default_rng(k).poisson(1e7 * shape)) for k in (1, 2)]
    assert list(products[0]["member"].values) == list(products[1]["member"].values)
    for product in products:
        assert float(product["member_weight"].sum()) == pytest.approx(1)
        weight, gap = product["member_weight"][:, 0], product["member_gap"][:, 0]
        middle = float((weight * gap.fillna(0)).sum())
        assert middle == pytest.approx(gaps(product, "onset_fit")[0], abs=0.002)


def test_vacuum_reference__takes_part_in_the_ensemble(shape):
    bent = 1 + 0.2 * np.sin(4 * ENERGY)
    tail = expected(0.05, GAP, 0.0)
    onset = shape - tail
    counts = np.random.default_rng(10).poisson(1e8 * (bent * tail + onset))
    vacuum = np.random.default_rng(11).poisson(1e9 * bent * tail)
    gap, lower, upper = gaps(steps(counts, vacuum=vacuum), "onset_fit")
    assert gap == pytest.approx(GAP, abs=0.006)
    assert lower < GAP < upper


def test_vacuum_reference_that_ends_before_the_fits__takes_no_part(shape):
    counts = np.random.default_rng(10).poisson(1e8 * shape)
    vacuum = np.random.default_rng(11).poisson(1e9 * expected(0.05, GAP, 0.0))
    product = steps(counts, vacuum=vacuum, vacuum_end_ev=2.9)
    weight = product["member_weight"].isel(region=0)
    assert weight[["vacuum" in str(name) for name in weight["member"].values]].sum() == 0
    gap, lower, upper = gaps(product, "onset_fit")
    assert gap == pytest.approx(GAP, abs=0.006)
    assert lower < GAP < upper


def test_line_scan__gives_a_gap_for_each_spectrum():
    truth = np.array([2.38, 2.45, 2.52])
    random = np.random.default_rng(12)
    counts = np.array([random.poisson(2e7 * expected(0.05, gap, 4e-3)) for gap in truth])
    found = steps(counts).sel(estimator="onset_fit")
    np.testing.assert_allclose(found["band_gap"], truth, atol=0.012)
    assert ((found["band_gap_lower"] < truth) & (found["band_gap_upper"] > truth)).all()


def test_poor_fit__is_flagged_and_widens_where_no_declared_onset_fits(shape):
    exciton = 2e-6 * peak(ENERGY - GAP + 0.05, 0.1)
    only = {"onset_shapes": {"square_root": 1.0}}
    counts = np.random.default_rng(14).poisson(1e9 * np.array([shape, shape + exciton]))
    plain, wrong = (steps(one, **only) for one in counts)
    flags = [
        quality.raised(one["band_gap_quality"], "poor_fit").sel(estimator="onset_fit").item()
        for one in (plain, wrong)
    ]
    assert flags == [False, True]
    width = [np.ptp(gaps(one, "onset_fit")[1:]) for one in (plain, wrong)]
    assert width[1] > 3 * width[0]


def elliott(gap: float, binding: float, broadening: float) -> np.ndarray:
    """Elliott's onset seen through a peak of 50 meV, of about the strength of the square root."""
    fine = 0.001
    losses = gap - 0.5 + fine * (np.arange(4500) + 0.5)
    above = losses - gap
    root = 2 * np.pi * np.sqrt(binding / np.maximum(above, 1e-9))
    sharp = np.where(above > 0, np.sqrt(binding) / -np.expm1(-root), 0.0)
    for line in range(1, 20):
        sharp[np.abs(above + binding / line**2).argmin()] += 2 * binding**1.5 / line**3 / fine
    away = fine * np.arange(-300, 301)
    secant = 1 / np.cosh(away / broadening)
    weight = 1e-2 * fine * np.convolve(sharp, secant / secant.sum(), "same")
    seen = np.array([weight @ peak(e - losses, 0.05) for e in ENERGY])
    return 0.01 * (peak(ENERGY, 0.05) + seen)


@pytest.mark.parametrize("declared", [{}, {"onset_shapes": {"excitonic": 1.0}}])
def test_exciton__is_told_from_a_square_root_and_the_gap_is_where_the_continuum_starts(declared):
    counts = np.random.default_rng(15).poisson(1e8 * elliott(GAP, 0.035, 0.015))
    product = steps(counts, **declared)
    gap, lower, upper = gaps(product, "onset_fit")
    assert lower < GAP < upper
    assert abs(gap - GAP) < 0.01  # a square root alone would find the exciton, 35 meV below
    excitonic = product["member"].str.startswith("excitonic")
    assert float(product["member_weight"].where(excitonic).sum()) > 0.99


def test_map__gives_a_gap_to_every_crystal_and_none_to_vacuum(shape):
    truth = np.random.default_rng(16).uniform(2.35, 2.5, (8, 8))
    truth[:, 7] = np.nan
    empty = expected(0.05, GAP, 0.0)
    levels = {gap: expected(0.05, gap, 4e-3) for gap in np.unique(truth[np.isfinite(truth)])}
    mean = np.array([[levels.get(gap, empty) for gap in row] for row in truth])
    counts = np.random.default_rng(17).poisson(1e7 * mean)
    found = steps(counts, max_tail_fraction=np.inf).sel(estimator="onset_fit")
    assert found["band_gap"][:, 7].isnull().all()
    known = np.isfinite(truth)
    error = (found["band_gap"].values - truth)[known]
    assert np.median(np.abs(error)) < 0.002  # photon limit: 1.3 meV
    inside = (found["band_gap_lower"] <= truth) & (found["band_gap_upper"] >= truth)
    assert inside.values[known].sum() >= 48  # 95 % of 56: P(< 48) = 0.002


def test_result__is_the_same_twice(shape):
    counts = np.random.default_rng(13).poisson(1e7 * shape)
    xr.testing.assert_identical(steps(counts), steps(counts))
