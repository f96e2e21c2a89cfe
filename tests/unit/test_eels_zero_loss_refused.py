"""Spectra that have no credible zero-loss peak, or a flawed one, are refused or flagged."""

import numpy as np
import pytest
from zero_loss_peaks import ENERGY, IDEAL, SETTINGS, labelled, peak

from nanostitch import contracts, quality
from nanostitch.contracts.eels import ALIGNED
from nanostitch.eels import zero_loss
from nanostitch.errors import CalibrationError


def background_slope() -> np.ndarray:
    return 1e4 * np.exp(-(ENERGY - ENERGY[0]))


def plateau() -> np.ndarray:
    return 1e4 + peak(ENERGY, 0.0, 0.05, 1e5)


def spike() -> np.ndarray:
    counts = np.ones(ENERGY.size)
    counts[60] = 1e6
    return counts


def plasmon() -> tuple[np.ndarray, np.ndarray]:
    energy = -5 + 0.05 * np.arange(1000)
    return peak(energy, 15.0, 1.5, 1e6), energy


@pytest.mark.parametrize(
    ("counts", "energy"),
    [
        (background_slope(), ENERGY),
        (plateau(), ENERGY),
        (spike(), ENERGY),
        plasmon(),
        (np.zeros(ENERGY.size), ENERGY),
        (np.full(ENERGY.size, np.nan), ENERGY),
        (peak(ENERGY, -0.59, 0.05, 1e6), ENERGY),
        (peak(ENERGY, 0.0, 0.05, 20), ENERGY),
    ],
    ids=["slope", "plateau", "spike", "plasmon", "zero", "nan", "clipped", "few"],
)
def test_spectrum_without_a_credible_peak__is_refused(counts, energy):
    aligned = zero_loss.align(labelled(counts, energy), **SETTINGS)
    contracts.check(aligned, ALIGNED, "test")
    assert bool(quality.raised(aligned["zlp_quality"], "no_zero_loss_peak"))
    assert quality.level(aligned) == "bad"
    for name in ("counts", "zlp_offset", "zlp_offset_uncertainty", "zlp_fwhm", "region_zlp_fwhm"):
        assert aligned[name].isnull().all()


def test_clipped_and_faint_peaks__say_why():
    clipped = zero_loss.align(labelled(peak(ENERGY, -0.57, 0.05, 1e6), ENERGY), **SETTINGS)
    faint = zero_loss.align(labelled(peak(ENERGY, 0.0, 0.05, 20), ENERGY), **SETTINGS)
    assert quality.words(clipped["zlp_quality"]) == "no_zero_loss_peak, clipped_at_axis_edge"
    assert quality.words(faint["zlp_quality"]) == "no_zero_loss_peak, too_few_counts"


def test_saturated_peak__is_flagged_but_located():
    counts = np.minimum(peak(ENERGY, 0.0, 0.05, 1e7), 65535)
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    assert quality.words(aligned["zlp_quality"]) == "saturated"
    assert quality.level(aligned) == "doubtful"
    assert abs(float(aligned["zlp_offset"])) < 1e-4


def test_one_bad_pixel__leaves_the_others_usable():
    counts = np.array([peak(ENERGY, 0.0, 0.05, 1e6), np.ones(ENERGY.size)])
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    assert quality.level(aligned) == "doubtful"
    assert aligned["spectra"].item() == 1
    assert float(aligned["counts"].sum()) == pytest.approx(1e6, rel=1e-6)


@pytest.mark.parametrize(
    "energy", [ENERGY[::-1], np.append(ENERGY[:-1], ENERGY[-1] + 0.01)], ids=["falling", "uneven"]
)
def test_uneven_axis__is_an_error_that_names_the_column(energy):
    with pytest.raises(CalibrationError, match="dispersion_ev"):
        zero_loss.align(labelled(peak(ENERGY, 0.0, 0.05, 1e6), energy), **SETTINGS)


def test_axis_without_its_unit__is_an_error():
    spectrum = labelled(peak(ENERGY, 0.0, 0.05, 1e6), ENERGY)
    spectrum["energy"].attrs["units"] = "keV"
    with pytest.raises(CalibrationError, match="energy_unit"):
        zero_loss.align(spectrum, **SETTINGS)


@pytest.mark.parametrize("cut", [0.1, 0.5])
def test_saturation_below_a_correction_of_the_gain__is_seen_by_the_flat_top(cut):
    whole = peak(ENERGY, 0.0, 0.05, 1e7)
    gain = 1 + 0.003 * np.random.default_rng(3).normal(size=ENERGY.size)
    saturated = gain * np.minimum(whole, cut * whole.max())
    aligned = zero_loss.align(labelled(saturated, ENERGY), **IDEAL)
    assert quality.words(aligned["zlp_quality"]) == "saturated"
    assert quality.level(aligned) == "doubtful"


@pytest.mark.parametrize("fwhm", [0.02, 0.05, 0.15])
def test_noisy_peaks_of_any_width__are_not_taken_for_saturated(fwhm):
    shape = peak(ENERGY, 0.003, fwhm, 1.0)
    bright = 1500 / shape.max()
    counts = np.random.default_rng(4).poisson(bright * shape, (300, ENERGY.size))
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    assert not quality.raised(aligned["zlp_quality"], "saturated").any()


def test_dose__of_a_line_is_not_told_by_current_and_time():
    counts = np.array([[peak(ENERGY, 0.0, 0.05, 1e6)] * 3])
    told = {"beam_current_pa": 10.0, "dwell_time_s": 0.1}
    assert "dose" not in zero_loss.align(labelled(counts, ENERGY, **told), **SETTINGS)
