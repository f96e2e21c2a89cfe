"""Zero-loss alignment against simulated peaks, symmetries, and real files of known position."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.interpolate import CubicSpline
from scipy.optimize import curve_fit
from scipy.special import ndtr

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.eels import ALIGNED
from nanostitch.eels import blocks, channels, zero_loss
from nanostitch.errors import CalibrationError

SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]
IDEAL = {**SETTINGS, "gain_spread": 0.0}
"""Settings for a camera whose channels are all alike."""
FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))
FOLDER = "eels_lowloss"


def labelled(counts: np.ndarray, energy: np.ndarray, **told: float | str) -> xr.Dataset:
    """Raw spectra with an axis in eV, and in nm where there are several."""
    dims = ("y", "x")[2 - (counts.ndim - 1) :]
    coords = {
        d: (d, np.arange(float(n)), {"units": "nm"})
        for d, n in zip(dims, counts.shape[:-1], strict=True)
    }
    coords["energy"] = ("energy", energy, {"units": "eV"})
    array = xr.DataArray(counts, coords, (*dims, "energy"), attrs={"units": "1"})
    return array.to_dataset(name="counts").assign_attrs(told)


def peak(energy: np.ndarray, centre: float, fwhm: float, electrons: float) -> np.ndarray:
    """Expected counts of a Gaussian peak, integrated over each channel."""
    width = energy[1] - energy[0]
    edges = np.append(energy - width / 2, energy[-1] + width / 2)
    return electrons * np.diff(ndtr((edges - centre) / (fwhm / FWHM_PER_SIGMA)))


def real(realdata: Path, name: str, **told: float) -> xr.Dataset:
    """A real file."""
    told = {"beam_energy_kev": 100.0, **told}
    return raw.read(realdata / FOLDER / name, "eels", told, None).squeeze()


def placed(spectra: xr.Dataset, aligned: xr.Dataset) -> tuple[xr.DataArray, np.ndarray]:
    """Pixel spectra near their peaks, on the axis of the blocks, and their shifts on it."""
    (block,) = blocks.pixel_blocks(spectra, aligned, (-2.0, 2.0))
    axis = {"energy": ("energy", block.energy, {"units": "eV"})}
    return xr.DataArray(block.counts, axis, ("x", "energy")), block.shift_ev


def gaussian_centres(counts: xr.DataArray) -> np.ndarray:
    """Centre of each spectrum by a Gaussian fit of the core, independent of the alignment."""
    centres = []
    energy = counts["energy"].values
    for spectrum in counts.values.reshape(-1, energy.size):
        core = slice(spectrum.argmax() - 3, spectrum.argmax() + 4)
        start = (spectrum.max(), energy[spectrum.argmax()], 2 * (energy[1] - energy[0]))
        found, _ = curve_fit(
            lambda e, height, centre, sigma: height * np.exp(-0.5 * ((e - centre) / sigma) ** 2),
            energy[core],
            spectrum[core],
            start,
        )
        centres.append(found[1])
    return np.array(centres)


ENERGY = -0.6 + 0.01 * np.arange(512)


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


def splined_fwhm(spectrum: xr.Dataset) -> float:
    """Full width at half maximum of a spline through the counts, independent of the alignment."""
    energy, counts = spectrum["energy"].values, spectrum["counts"].values.astype(float)
    around = slice(counts.argmax() - 12, counts.argmax() + 13)
    fine = np.linspace(*energy[around][[0, -1]], 20001)
    values = CubicSpline(energy[around], counts[around])(fine)
    return float(np.ptp(fine[values > values.max() / 2]))


@pytest.mark.parametrize(
    ("name", "centre"),
    [
        ("diamond/diamond_Summed Spectra 5 t.dm3", 0.029),
        ("rr_tio2/LL_cal.msa", 0.025),
        ("rr_tio2/4-Lowloss100x0.005s.dm3", -0.292),
        ("srtio3/ll.dm3", -4.228),
        ("bn/LL_02_cal.msa", 0.115),
    ],
)
def test_real_peak__lies_where_the_manifest_says(realdata, name, centre):
    spectrum = real(realdata, name)
    aligned = zero_loss.align(spectrum, **SETTINGS)
    # The manifest gives midpoints of the half maximum, so a tenth of a channel is allowed.
    channel = channels.width_ev(spectrum)
    assert quality.level(aligned) == "good"
    assert float(aligned["zlp_offset"]) == pytest.approx(centre, abs=0.1 * channel)
    # Between a spline and ours lies how a maximum between channels is taken: below 1.2 %.
    assert float(aligned["zlp_fwhm"]) == pytest.approx(splined_fwhm(spectrum), rel=0.012)


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [("rr_tio2/SI_LL.dm3", -4.794, 0.140), ("rr_tio2/SI_LL_cal.dm3", 0.025, 0.085)],
)
def test_real_line_scan__meets_at_zero(realdata, name, mean, sd):
    spectra = real(realdata, name)
    aligned = zero_loss.align(spectra, **SETTINGS)
    assert float(aligned["zlp_offset"].mean()) == pytest.approx(mean, abs=0.03)
    assert float(aligned["zlp_offset"].std()) == pytest.approx(sd, rel=0.02)
    counts, shift = placed(spectra, aligned)
    assert np.abs(gaussian_centres(counts) - shift).max() < 0.1 * 0.3


def test_real_line_scan__agrees_with_the_alignment_of_its_authors(realdata):
    ours, theirs = (
        zero_loss.align(real(realdata, f"rr_tio2/{name}.dm3"), **SETTINGS)
        for name in ("SI_LL", "SI_LL_cal")
    )
    # They moved each spectrum by whole channels, and all by a part of one.
    moved = (ours["zlp_offset"] - theirs["zlp_offset"]).values / 0.3
    moved -= moved[0]
    assert np.abs(moved - np.rint(moved)).max() < 1e-3
    widths = [float(found["region_zlp_fwhm"][0]) for found in (ours, theirs)]
    assert widths[0] == pytest.approx(widths[1], rel=1e-3)
    # Their sum is broader by the part of a channel that each spectrum was left out of place.
    summed = zero_loss.align(real(realdata, "rr_tio2/LL_cal.msa"), **SETTINGS)
    left = FWHM_PER_SIGMA * float(theirs["zlp_offset"].std())
    assert np.hypot(widths[0], left) == pytest.approx(float(summed["zlp_fwhm"]), rel=0.01)


@pytest.mark.parametrize(
    "name",
    [
        "diamond/diamond_no_bkg.dm3",
        "diamond/diamond_no_bkg_deconv.dm3",
        "bn_nanotube_eelsdb/data.msa",
        "rr_tio2/SI_HL.dm3",
        "srtio3/hl.dm3",
        "bn/HLmulti_02_cal.dm3",
        "exspy_example/coreloss_spectrum.msa",
    ],
)
def test_real_spectrum_without_a_peak__is_refused(realdata, name):
    aligned = zero_loss.align(real(realdata, name), **SETTINGS)
    assert quality.raised(aligned["zlp_quality"], "no_zero_loss_peak").all()
    assert quality.level(aligned) == "bad"
    assert aligned["counts"].isnull().all()


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
