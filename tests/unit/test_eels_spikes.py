"""Spikes: found, replaced and listed; nothing real is taken for one."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, schema
from nanostitch import raw as door
from nanostitch.contracts.eels import ALIGNED
from nanostitch.eels import blocks, spikes, zero_loss
from nanostitch.eels.noise import Noise

SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"]
CHANNELS = 1024
START_EV, STEP_EV = -0.8, 0.01
ENERGY = START_EV + STEP_EV * np.arange(CHANNELS)


def expected(fwhm_ev: float = 0.05, electrons: float = 1e6, gap_ev: float = 2.4) -> np.ndarray:
    """Zero-loss peak with a Lorentzian part, its tail, and an onset with an exciton."""
    gauss = np.exp(-4 * np.log(2) * (ENERGY / fwhm_ev) ** 2)
    gauss *= np.sqrt(4 * np.log(2) / np.pi) / fwhm_ev
    lorentz = fwhm_ev / (2 * np.pi) / (ENERGY**2 + fwhm_ev**2 / 4)
    above = np.maximum(ENERGY - gap_ev, 0)
    loss = 3e-3 * np.sqrt(above) * np.exp(-above / 3)
    loss += 1e-3 * np.exp(-4 * np.log(2) * ((ENERGY - gap_ev) / (1.5 * fwhm_ev)) ** 2)
    return electrons * STEP_EV * (0.97 * gauss + 0.03 * lorentz + loss)


def raw(counts: np.ndarray) -> xr.Dataset:
    axis = ("energy", ENERGY, {"units": "eV"})
    dims = ("y", "x")[3 - counts.ndim :]
    return xr.Dataset({"counts": ((*dims, "energy"), counts, {"units": "1"})}, {"energy": axis})


def test_spikes__are_found_replaced_and_listed():
    random = np.random.default_rng(1)
    clean = random.poisson(np.tile(expected(), (50, 1))).astype(float)
    truth = {
        (int(p), int(c)) for p, c in zip(range(50), random.integers(200, 900, 50), strict=True)
    }
    struck = clean.copy()
    for pixel, channel in truth:
        struck[pixel, channel] += 1500
    spectra = raw(struck)
    aligned = zero_loss.align(spectra, **SETTINGS)
    contracts.check(aligned, ALIGNED, "test")
    pixel, channel = aligned["spike_pixel"].values, aligned["spike_channel"].values
    assert set(zip(pixel.tolist(), channel.tolist(), strict=True)) == truth
    np.testing.assert_array_equal(aligned["spike_count"], 1)
    error = aligned["spike_replacement"].values - expected()[channel]
    assert np.abs(error / np.sqrt(expected()[channel] + 1)).max() < 3
    # The sum is what it would be without them, to the noise of fifty replaced channels.
    without = zero_loss.align(raw(clean), **SETTINGS)
    difference = float((aligned["counts"] - without["counts"]).sum())
    assert abs(difference) < 5 * np.sqrt(expected()[channel].sum())
    (block,) = blocks.pixel_blocks(spectra, aligned, (0.5, 9.0))
    assert block.counts.max() < 1000


def test_spike__that_spills_into_its_neighbour_is_replaced_whole():
    counts = np.random.default_rng(2).poisson(expected()).astype(float)
    counts[500], counts[501] = counts[500] + 900, counts[501] + 600
    aligned = zero_loss.align(raw(counts), **SETTINGS)
    assert aligned["spike_channel"].values.tolist() == [500, 501]


def test_spike__that_outshines_the_zero_loss_peak_is_not_taken_for_it():
    counts = np.random.default_rng(3).poisson(expected(electrons=1e5)).astype(float)
    counts[700] = 1e6
    aligned = zero_loss.align(raw(counts), **SETTINGS)
    assert float(aligned["zlp_offset"]) == pytest.approx(0, abs=1e-3)
    assert aligned["spike_channel"].values.tolist() == [700]


@pytest.mark.parametrize("fwhm_ev", [0.02, 0.03, 0.05, 0.1, 0.15])
@pytest.mark.parametrize("electrons", [1e5, 1e7, 1e9])
def test_sharp_features__are_no_spikes(fwhm_ev, electrons):
    random = np.random.default_rng(4)
    shape = expected(fwhm_ev, electrons)
    counts = random.poisson(np.tile(shape, (100, 1))).astype(float)
    found = spikes.replace(counts, Noise(), fwhm_ev / STEP_EV, 5.0)
    assert found.row.size <= 1  # 1e5 channels: one by chance in three cases of a hundred


def test_noiseless_spectrum__has_no_spikes():
    for fwhm in (0.03, 0.05, 0.15):
        aligned = zero_loss.align(raw(expected(fwhm)), **SETTINGS)
        assert aligned.sizes["spike"] == 0


def test_sparse_counts__are_no_spikes():
    counts = np.random.default_rng(5).poisson(0.02, (2000, CHANNELS)).astype(np.float32)
    assert spikes.replace(counts, Noise(), 5.0, 5.0).row.size == 0


def test_spikes__are_found_in_counts_of_any_gain():
    counts = 20.0 * np.random.default_rng(6).poisson(expected()).astype(float)
    counts[600] += 20 * 1500
    aligned = zero_loss.align(raw(counts), **SETTINGS)
    assert aligned["spike_channel"].values.tolist() == [600]


def test_recorded_counts__are_left_as_they_were():
    counts = np.random.default_rng(7).poisson(expected()).astype(float)
    counts[600] += 1500
    spectra, before = raw(counts), counts.copy()
    zero_loss.align(spectra, **SETTINGS)
    np.testing.assert_array_equal(spectra["counts"], before)


def test_spikes__of_spectra_without_a_peak_are_not_listed():
    counts = np.random.default_rng(8).poisson(expected(), (2, CHANNELS)).astype(float)
    counts[1] = np.random.default_rng(8).poisson(50.0, CHANNELS)
    counts[:, 600] += 1500
    aligned = zero_loss.align(raw(counts), **SETTINGS)
    assert aligned["spike_count"].values.tolist() == [1, 0]


def test_real_spike__is_found_and_none_in_its_eleven_companions(realdata):
    # Position 7 has 3612 and 2742 counts in two channels among 2000; the others have no such.
    told = {"dispersion_ev": 0.005, "energy_offset_ev": -0.93, "beam_energy_kev": 60.0}
    found = {}
    for path in sorted((realdata / "eels_lowloss/ws2_specimen3").glob("*.txt")):
        spectrum = door.read(path, "eels", told, None).squeeze()
        aligned = zero_loss.align(spectrum, **SETTINGS)
        found[path.name.split("-")[1]] = aligned["spike_channel"].values.tolist()
    assert found.pop("7") == [904, 905]
    assert not any(found.values())
