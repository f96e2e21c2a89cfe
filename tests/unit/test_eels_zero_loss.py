"""Zero-loss alignment against simulated peaks, symmetries, and real files of known position."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import curve_fit
from scipy.special import ndtr

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.eels import ALIGNED
from nanostitch.eels import channels, zero_loss
from nanostitch.errors import CalibrationError

SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]
FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))
FOLDER = "eels_lowloss"


def labelled(counts: np.ndarray, energy: np.ndarray) -> xr.DataArray:
    """Spectra with an axis in eV, and in nm where there are several."""
    dims = ("y", "x")[2 - (counts.ndim - 1) :]
    coords = {
        d: (d, np.arange(float(n)), {"units": "nm"})
        for d, n in zip(dims, counts.shape[:-1], strict=True)
    }
    coords["energy"] = ("energy", energy, {"units": "eV"})
    return xr.DataArray(counts, coords, (*dims, "energy"), attrs={"units": "1"})


def peak(energy: np.ndarray, centre: float, fwhm: float, electrons: float) -> np.ndarray:
    """Expected counts of a Gaussian peak, integrated over each channel."""
    width = energy[1] - energy[0]
    edges = np.append(energy - width / 2, energy[-1] + width / 2)
    return electrons * np.diff(ndtr((edges - centre) / (fwhm / FWHM_PER_SIGMA)))


def real(realdata: Path, name: str, **told: float) -> xr.DataArray:
    """Counts of a real file."""
    told = {"beam_energy_kev": 100.0, **told}
    return raw.read(realdata / FOLDER / name, "eels", told, None)["counts"].squeeze()


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
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    error = aligned["zlp_offset"].values - truth
    uncertainty = aligned["zlp_offset_uncertainty"].values
    assert error.std() < 0.004 * 0.01
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(error.size)
    assert 0.85 < (error / uncertainty).std() < 1.15  # 300 draws: 1 +- 3 standard errors of 0.04


def test_uncertainty__is_1_24_times_the_best_possible():
    aligned = zero_loss.align(labelled(peak(ENERGY, 0.003, 0.05, 1e6), ENERGY), **SETTINGS)
    best = 0.05 / FWHM_PER_SIGMA / 1e3
    assert float(aligned["zlp_offset_uncertainty"]) == pytest.approx(1.24 * best, rel=0.01)


def test_fwhm__is_that_of_the_simulated_peak():
    fine = -0.6 + 0.001 * np.arange(2000)
    aligned = zero_loss.align(labelled(peak(fine, 0.0, 0.05, 1e8), fine), **SETTINGS)
    assert float(aligned["zlp_fwhm"]) == pytest.approx(0.05, abs=1e-4)


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
    np.testing.assert_array_equal(aligned["counts"], counts)


def test_several_spectra__meet_at_zero_with_their_counts_conserved():
    random = np.random.default_rng(4)
    truth = random.uniform(-0.05, 0.05, (3, 4))
    counts = random.poisson([[peak(ENERGY, c, 0.05, 1e6) for c in row] for row in truth])
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    contracts.check(aligned, ALIGNED, "test")
    assert np.abs(aligned["energy"]).min() < 1e-12
    assert np.abs(gaussian_centres(aligned["counts"])).max() < 0.1 * 0.01
    np.testing.assert_allclose(aligned["counts"].sum("energy"), counts.sum(axis=-1), rtol=1e-9)


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


def test_average__adds_counts_of_pixels_with_a_peak():
    counts = np.array([peak(ENERGY, c, 0.05, 1e6) for c in (0.0, 0.004, 0.008)])
    counts[1] = 1.0
    aligned = zero_loss.align(labelled(counts, ENERGY), **SETTINGS)
    pooled = zero_loss.average(aligned)
    contracts.check(pooled, ALIGNED, "test")
    np.testing.assert_allclose(pooled["counts"], aligned["counts"].sum("x"))
    assert float(pooled["zlp_offset"]) == pytest.approx(0.004, abs=1e-6)


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
    for name in ("counts", "zlp_offset", "zlp_offset_uncertainty", "zlp_fwhm"):
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
    assert aligned["counts"].isel(x=0).notnull().all()
    assert aligned["counts"].isel(x=1).isnull().all()


@pytest.mark.parametrize(
    "energy", [ENERGY[::-1], np.append(ENERGY[:-1], ENERGY[-1] + 0.01)], ids=["falling", "uneven"]
)
def test_uneven_axis__is_an_error_that_names_the_column(energy):
    with pytest.raises(CalibrationError, match="dispersion_ev"):
        zero_loss.align(labelled(peak(ENERGY, 0.0, 0.05, 1e6), energy), **SETTINGS)


def test_axis_without_its_unit__is_an_error():
    counts = labelled(peak(ENERGY, 0.0, 0.05, 1e6), ENERGY)
    counts["energy"].attrs["units"] = "keV"
    with pytest.raises(CalibrationError, match="energy_unit"):
        zero_loss.align(counts, **SETTINGS)


@pytest.mark.parametrize(
    ("name", "centre", "fwhm"),
    [
        ("diamond/diamond_Summed Spectra 5 t.dm3", 0.029, 0.295),
        ("rr_tio2/LL_cal.msa", 0.025, 1.53),
        ("rr_tio2/4-Lowloss100x0.005s.dm3", -0.292, 0.716),
        ("srtio3/ll.dm3", -4.228, 1.26),
        ("bn/LL_02_cal.msa", 0.115, 1.66),
    ],
)
def test_real_peak__lies_where_the_manifest_says(realdata, name, centre, fwhm):
    counts = real(realdata, name)
    aligned = zero_loss.align(counts, **SETTINGS)
    # The manifest gives midpoints of the half maximum, so a tenth of a channel is allowed.
    channel = channels.width_ev(counts)
    assert quality.level(aligned) == "good"
    assert float(aligned["zlp_offset"]) == pytest.approx(centre, abs=0.1 * channel)
    assert float(aligned["zlp_fwhm"]) == pytest.approx(fwhm, rel=0.01)


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [("rr_tio2/SI_LL.dm3", -4.794, 0.140), ("rr_tio2/SI_LL_cal.dm3", 0.025, 0.085)],
)
def test_real_line_scan__meets_at_zero(realdata, name, mean, sd):
    aligned = zero_loss.align(real(realdata, name), **SETTINGS)
    assert float(aligned["zlp_offset"].mean()) == pytest.approx(mean, abs=0.03)
    assert float(aligned["zlp_offset"].std()) == pytest.approx(sd, rel=0.02)
    assert np.abs(gaussian_centres(aligned["counts"])).max() < 0.1 * 0.3


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
