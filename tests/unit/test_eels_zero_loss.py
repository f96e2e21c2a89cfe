"""Zero-loss peaks: position, width, resampling and noise against simulations of known truth."""

import numpy as np
import pytest
from zero_loss_peaks import (
    ENERGY,
    FWHM_PER_SIGMA,
    IDEAL,
    SETTINGS,
    gaussian_centres,
    labelled,
    peak,
)

from nanostitch import contracts, quality
from nanostitch.contracts.eels import ALIGNED
from nanostitch.eels import channels, zero_loss


def test_offset__reaches_thousandths_of_a_channel_and_knows_its_uncertainty():
    random = np.random.default_rng(5)
    truth = random.uniform(-0.02, 0.02, 300)
    counts = random.poisson([peak(ENERGY, c, 0.05, 1e6) for c in truth])
    aligned = zero_loss.align(labelled(counts, ENERGY), **IDEAL)
    error = aligned["zlp_offset"].values - truth
    uncertainty = aligned["zlp_offset_uncertainty"].values
    assert error.std() < 0.004 * 0.01
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(error.size)
    assert 0.85 < (error / uncertainty).std() < 1.15  # 300 draws: 1 +- 3 standard errors of 0.04


def test_uncertainty__is_1_08_times_the_best_possible():
    aligned = zero_loss.align(labelled(peak(ENERGY, 0.003, 0.05, 1e6), ENERGY), **IDEAL)
    # The best is sigma / sqrt(N); a channel of a fifth of the width adds 1 % to sigma^2.
    best = 0.05 / FWHM_PER_SIGMA / 1e3
    assert float(aligned["zlp_offset_uncertainty"]) == pytest.approx(1.08 * best, rel=0.03)


def test_uncertainty__of_a_bright_peak_is_ruled_by_the_gain_of_the_channels():
    random = np.random.default_rng(9)
    errors, claimed = [], []
    for _ in range(100):
        gain = 1 + 0.005 * random.standard_normal(ENERGY.size)
        counts = random.poisson(peak(ENERGY, 0.0, 0.05, 1e9) + 1e5) * gain
        aligned = zero_loss.align(labelled(counts, ENERGY), **{**SETTINGS, "gain_spread": 0.005})
        errors.append(float(aligned["zlp_offset"]))
        claimed.append(float(aligned["zlp_offset_uncertainty"]))
    assert np.std(errors) == pytest.approx(np.mean(claimed), rel=0.25)  # 3.5 standard errors


def test_widths__are_those_of_the_simulated_peak():
    fine = -0.6 + 0.001 * np.arange(2000)
    aligned = zero_loss.align(labelled(peak(fine, 0.0, 0.05, 1e8), fine), **SETTINGS)
    assert float(aligned["zlp_fwhm"]) == pytest.approx(0.05, abs=1e-4)
    tenth = 0.05 * np.sqrt(np.log(10) / np.log(2))
    assert float(aligned["zlp_fwtm"]) == pytest.approx(tenth, abs=1e-4)
    assert float(aligned["region_zlp_fwhm"][0]) == pytest.approx(0.05, abs=1e-4)


def test_fwhm__of_a_faint_peak_is_not_that_of_its_noise():
    random = np.random.default_rng(8)
    counts = random.poisson([peak(ENERGY, 0.0, 0.15, 1000)] * 400)
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    found = aligned["zlp_fwhm"].values
    assert np.isfinite(found).mean() > 0.98
    assert np.nanmean(found) == pytest.approx(0.15, rel=0.05)


def test_zero_loss_counts__are_the_electrons_of_the_peak():
    aligned = zero_loss.align(labelled(peak(ENERGY, 0.0, 0.05, 1e6), ENERGY), **SETTINGS)
    assert float(aligned["zero_loss_counts"]) == pytest.approx(1e6, rel=1e-6)


def test_offset__moves_with_the_axis():
    counts = np.random.default_rng(1).poisson(peak(ENERGY, 0.004, 0.05, 1e5))
    here = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    there = zero_loss.align(labelled(counts, ENERGY + 1.7), **SETTINGS)
    assert float(there["zlp_offset"]) == pytest.approx(float(here["zlp_offset"]) + 1.7, abs=1e-9)
    np.testing.assert_allclose(there["energy"], here["energy"], atol=1e-9)


def test_offset__is_mirrored_with_the_peak():
    counts = np.random.default_rng(2).poisson(peak(ENERGY, 0.0137, 0.05, 1e5))
    straight = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    mirrored = zero_loss.align(labelled(counts[::-1], -ENERGY[::-1]), **SETTINGS)
    assert float(mirrored["zlp_offset"]) == pytest.approx(-float(straight["zlp_offset"]), abs=1e-8)


def test_single_spectrum__keeps_its_counts():
    counts = np.random.default_rng(3).poisson(peak(ENERGY, 0.0137, 0.05, 1e5))
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    np.testing.assert_array_equal(aligned["counts"].sel(region="all"), counts)
    np.testing.assert_allclose(aligned["energy"], ENERGY - float(aligned["zlp_offset"]))


def test_several_spectra__meet_at_zero_with_their_counts_conserved():
    random = np.random.default_rng(4)
    truth = random.uniform(-0.05, 0.05, (3, 4))
    counts = random.poisson([[peak(ENERGY, c, 0.05, 1e6) for c in row] for row in truth])
    aligned = zero_loss.align(labelled(counts, ENERGY, regions="left=0:1; dot=2:3,1:2"), **SETTINGS)
    contracts.check(aligned, ALIGNED, "test")
    assert aligned["region"].values.tolist() == ["all", "left", "dot"]
    assert aligned["spectra"].values.tolist() == [12, 6, 4]
    assert np.abs(aligned["energy"]).min() < 1e-12
    assert np.abs(gaussian_centres(aligned["counts"])).max() < 0.005 * 0.01
    parts = [counts, counts[:, :2], counts[1:, 2:]]
    expected = [part.sum() for part in parts]
    np.testing.assert_allclose(aligned["counts"].sum("energy"), expected, rtol=1e-9)
    np.testing.assert_allclose(aligned["region_zlp_fwhm"], 0.05, rtol=0.01)


def test_sum_of_regions__is_the_sum_of_their_pixels():
    random = np.random.default_rng(14)
    counts = random.poisson([peak(ENERGY, c, 0.05, 1e5) for c in random.uniform(-0.05, 0.05, 9)])
    aligned = zero_loss.align(labelled(counts, ENERGY, regions="a=0:3; b=4:8"), **SETTINGS)
    total, first, second = aligned["counts"]
    np.testing.assert_allclose(total, first + second, rtol=1e-12)


def test_resampling__keeps_noise_unbiased_and_its_sum():
    random = np.random.default_rng(6)
    flat = random.poisson(100.0, (2000, 60)).astype(float)
    energy = np.arange(60.0)
    shifted = channels.resampled(flat, energy, energy[10:50], np.full(2000, 0.5))
    assert shifted.mean() == pytest.approx(100, abs=0.15)
    assert shifted.var(axis=0).mean() == pytest.approx(84, rel=0.03)
    assert shifted.sum(axis=1).var() == pytest.approx(40 * 100, rel=0.1)


def test_resampling__back_and_forth_is_the_identity():
    energy = 0.01 * np.arange(200)
    smooth = peak(energy, 1.0, 0.08, 1e6)[None]
    there = channels.resampled(smooth, energy, energy[10:-10], np.array([0.0037]))
    back = channels.resampled(there, energy[10:-10], energy[20:-20], np.array([-0.0037]))
    np.testing.assert_allclose(back[0], smooth[0, 20:-20], atol=1e-5 * smooth.max())


def test_far_shifted_pixel__is_left_out_instead_of_shrinking_the_axis():
    centres = np.array([0.0, 0.004, 3.0, 0.008, -0.003])
    counts = np.array([peak(ENERGY, c, 0.05, 1e6) for c in centres])
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    near = zero_loss.align(labelled(counts[centres < 1], ENERGY), **SETTINGS)
    far = quality.raised(aligned["zlp_quality"], "far_shifted")
    assert far.values.tolist() == [False, False, True, False, False]
    assert float(aligned["zlp_offset"][2]) == pytest.approx(3.0, abs=1e-4)
    np.testing.assert_allclose(aligned["energy"], near["energy"], atol=1e-12)
    np.testing.assert_allclose(aligned["counts"], near["counts"], atol=1e-6)
    assert quality.level(aligned) == "doubtful"
    assert "1 of 5 spectra" in aligned["verdict"].attrs["reasons"]


def test_drift__is_the_slow_part_of_the_offset():
    random = np.random.default_rng(11)
    slow = 0.2 * np.linspace(-1, 1, 400) ** 2
    jitter = random.normal(0, 0.01, 400)
    counts = random.poisson([peak(ENERGY, c, 0.05, 1e5) for c in slow + jitter])
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    found = aligned["zlp_drift"].values
    assert np.abs(found - slow)[40:-40].max() < 0.005
    assert np.std(aligned["zlp_offset"].values - found) == pytest.approx(0.01, rel=0.15)


def test_dose__is_current_times_time_over_area_or_what_is_told():
    counts = np.array([[peak(ENERGY, 0.0, 0.05, 1e5)] * 3] * 2)
    told = labelled(counts, ENERGY, dose_e_per_nm2=123.0)
    beam = labelled(counts, ENERGY, beam_current_pa=16.02176634, dwell_time_s=0.01)
    assert float(zero_loss.align(told, **SETTINGS)["dose"].mean()) == 123.0
    dose = zero_loss.align(beam, **SETTINGS)["dose"]
    np.testing.assert_allclose(dose, 1e6)  # 16.02176634 pA are 1e8 electrons a second
    assert dose.dims == ("y", "x")
    contracts.check(zero_loss.align(beam, **SETTINGS), ALIGNED, "test")
    assert "dose" not in zero_loss.align(labelled(counts, ENERGY), **SETTINGS)


@pytest.mark.parametrize("gain", [1.0, 12.0])
def test_noise_factor__is_the_gain_of_the_camera(gain):
    random = np.random.default_rng(12)
    falling = peak(ENERGY, 0.0, 0.05, 1e6) + 2000 * np.exp(-np.arange(ENERGY.size) / 100)
    counts = gain * random.poisson([falling] * 20)
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    assert float(aligned["noise_factor"]) == pytest.approx(gain, rel=0.1)
    scatter = aligned["zlp_offset"].std() / aligned["zlp_offset_uncertainty"].mean()
    assert 0.5 < float(scatter) < 1.5  # 20 draws: 1 +- 3 standard errors of 0.16


def test_read_noise__is_told_from_dark_channels():
    random = np.random.default_rng(13)
    expected = np.array([peak(ENERGY, 0.0, 0.05, 1e5)] * 100)
    counts = random.poisson(expected) + random.normal(0, 3.0, expected.shape)
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    assert float(aligned["read_noise"]) == pytest.approx(3.0, rel=0.05)
