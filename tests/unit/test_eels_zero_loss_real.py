"""Zero-loss peaks of real spectra against what is known of them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.interpolate import CubicSpline
from zero_loss_peaks import (
    FWHM_PER_SIGMA,
    SETTINGS,
    gaussian_centres,
)

from nanostitch import quality, raw
from nanostitch.eels import blocks, channels, zero_loss

FOLDER = "eels_lowloss"


def real(realdata: Path, name: str, **told: float) -> xr.Dataset:
    """A real file."""
    told = {"beam_energy_kev": 100.0, **told}
    return raw.read(realdata / FOLDER / name, "eels", told, None).squeeze()


def placed(spectra: xr.Dataset, aligned: xr.Dataset) -> tuple[xr.DataArray, np.ndarray]:
    """Pixel spectra near their peaks, on the axis of the blocks, and their shifts on it."""
    (block,) = blocks.pixel_blocks(spectra, aligned, (-2.0, 2.0))
    axis = {"energy": ("energy", block.energy, {"units": "eV"})}
    return xr.DataArray(block.counts, axis, ("x", "energy")), block.shift_ev


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
