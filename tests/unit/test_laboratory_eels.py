"""Simulated losses and cameras against physics that is known."""

import inspect

import numpy as np
import pytest
import xarray as xr
from laboratory_losses import BEAM, DEFAULTS, DEVICES, EDGE, device, film, record
from specimens import square_layer

from nanostitch import laboratory, raw
from nanostitch.eels import zero_loss
from nanostitch.simulate.files import dm4, emsa
from nanostitch.simulate.instruments import (
    dielectric,
    loss,
    probe,
)
from nanostitch.simulate.instruments import zero_loss as peak


@pytest.fixture(scope="module")
def layer() -> xr.Dataset:
    return square_layer(6, 6, EDGE)


@pytest.mark.parametrize("name", DEVICES)
def test_settings__are_the_arguments_of_the_instrument(name):
    keys = list(laboratory.schema_of(name)["properties"])
    arguments = inspect.signature(DEVICES[name].record).parameters
    assert keys == [key for key in arguments if key not in ("specimen", "rng")]


@pytest.mark.parametrize("fwhm", [0.02, 0.05, 0.3])
def test_zero_loss_peak__has_its_width_and_one_electron(fwhm):
    ends = np.array([-fwhm / 2, fwhm / 2])
    top = peak.profile(np.linspace(-fwhm, fwhm, 20001), fwhm).max()
    np.testing.assert_allclose(peak.profile(ends, fwhm), top / 2, rtol=1e-6)
    edges = np.array([-1e5, *np.arange(-200, 201) * fwhm / 25, 1e5])
    shares = peak.in_channels(edges, fwhm)
    assert shares.sum() == pytest.approx(1, abs=1e-6)
    inside = (edges[1:-2] + edges[2:-1]) / 2
    by_profile = peak.profile(inside, fwhm) * fwhm / 25
    np.testing.assert_allclose(shares[1:-1], by_profile, rtol=0.01)


def test_zero_loss_peak__leaves_at_the_gap_what_monochromators_leave():
    share = peak.profile(np.array([-2.4, 2.4]), 0.05) * 0.01
    assert 1e-6 < share[1] < 1e-5
    assert share[0] < share[1] / 2


def test_beam__has_the_known_wavelength_and_delocalisation():
    assert BEAM.wavelength_nm == pytest.approx(4.866e-3, rel=1e-3)
    for energy, nm in ((30, 7.1), (60, 8.1), (80, 8.5), (200, 9.6)):
        assert loss.Beam(energy, 30).delocalisation_nm(2.4) == pytest.approx(nm, abs=0.06)


@pytest.mark.parametrize("step", [0.25, 0.5])
def test_reach__holds_half_of_the_losses_inside_l50(step):
    kernel = loss.reach(step, BEAM, 2.4)
    away = step * (np.arange(len(kernel)) - len(kernel) // 2)
    inside = np.hypot(away[:, None], away) <= BEAM.delocalisation_nm(2.4) / 2
    assert kernel.sum() == pytest.approx(1)
    assert kernel[inside].sum() == pytest.approx(0.5, abs=0.03)


def test_thick_film__loses_like_the_bulk():
    energy = np.arange(3.0, 40, 0.5)
    permittivity = dielectric.permittivity(energy)
    found = loss.of_film(permittivity, energy, 3000.0, BEAM)
    bulk = BEAM.film_prefactor(3000.0) * BEAM.angular_logarithm(energy)
    bulk = bulk * dielectric.loss_function(permittivity)
    np.testing.assert_allclose(found, bulk, rtol=0.03)


def test_thin_film__absorbs_like_light():
    """Far thinner than v/omega the field inside is that outside: losses follow Im eps."""
    energy = np.array([2.4, 2.5])
    permittivity = dielectric.permittivity(energy)
    found = loss.of_film(permittivity, energy, 1e-3, BEAM)
    assert found[0] / found[1] == pytest.approx(
        permittivity[0].imag / permittivity[1].imag, rel=0.05
    )
    bulk = dielectric.loss_function(permittivity)
    assert found[0] / found[1] != pytest.approx(bulk[0] / bulk[1], rel=0.05)


@pytest.mark.parametrize("thickness", [0.5, 8.0, 60.0])
def test_film__loses_nothing_where_it_is_transparent_and_never_gains(thickness):
    energy = np.arange(0.5, 60, 0.05)
    found = loss.of_film(dielectric.permittivity(energy), energy, thickness, BEAM)
    assert found.min() >= 0
    assert found[energy < 1.5].max() < 1e-3 * found[np.abs(energy - 2.6).argmin()]
    vacuum_film = loss.of_film(np.full(energy.size, 1 + 0j), energy, thickness, BEAM)
    assert np.abs(vacuum_film).max() == 0


def test_mean_free_path__is_that_of_the_literature():
    """61 nm for CsPbBr3 at 60 kV by Iakoubovskii's formula, which is good to 20 %."""
    per_film = float(probe.total(film(100.0, 0.0), BEAM)[0])
    assert 100.0 / per_film == pytest.approx(61, rel=0.25)


@pytest.mark.parametrize("thickness", [8.0, 100.0])
def test_plural_scattering__keeps_every_electron(thickness):
    """On an axis of 220 eV all losses are seen; those unscattered follow Poisson's law."""
    wide = device(fwhm_ev=0.3, dispersion_ev=0.06, channels=4000)
    met = film(thickness)
    found = next(wide.expected(met, np.zeros(1), 1e6))[0]
    assert found.sum() == pytest.approx(1e6, rel=1e-3)
    energy = wide.axis.start + wide.dispersion_ev * np.arange(wide.channels)
    unscattered = found[np.abs(energy) < 1.5].sum() / 1e6
    lost = float(probe.total(met, BEAM)[0])
    assert unscattered == pytest.approx(np.exp(-lost), rel=0.02)


def test_plural_scattering__of_two_films_is_that_of_one_after_the_other():
    spectra = {}
    for layers in (0, 1, 2, 3):
        met = film(20.0)
        met = probe.Met(met.weights * layers, *list(vars(met).values())[1:])
        spectra[layers] = np.fft.rfft(next(device(channels=400).expected(met, np.zeros(1), 1.0))[0])
    low = slice(0, 60)  # where a cut axis does not ring
    one, two, three = (spectra[n][low] / spectra[0][low] for n in (1, 2, 3))
    np.testing.assert_allclose(np.abs(three), np.abs(one * two), rtol=0.01)


def test_shift_of_the_axis__moves_the_spectrum_and_nothing_else():
    still, moved = (
        next(device().expected(film(8.0), np.array([offset]), 1e9))[0] for offset in (0.0, 0.07)
    )
    np.testing.assert_allclose(moved[7:], still[:-7], rtol=1e-4)


def test_camera__has_one_pattern_for_all_spectra():
    camera = device(gain_spread=0.01)
    bright = np.full((2, 1024), 1e8)
    first, spikes = camera.detect(bright, 1e8, np.random.default_rng(1))
    second, _ = camera.detect(bright, 1e8, np.random.default_rng(2))
    patterns = np.array([*first, *second]) / 1e8 - 1
    assert spikes == 0
    assert patterns.std() == pytest.approx(0.01, rel=0.1)
    assert np.corrcoef(patterns).min() > 0.99
    assert first.dtype == np.int32


def test_camera__counts_electrons_like_poisson_with_its_read_noise():
    counts, _ = device(read_noise=4.0).detect(
        np.full((400, 1024), 25.0), 1e6, np.random.default_rng(3)
    )
    assert counts.mean() == pytest.approx(25, rel=0.01)
    assert counts.var() == pytest.approx(25 + 16 + 1 / 12, rel=0.01)


@pytest.mark.parametrize(("electrons", "dispersion"), [(4e9, 0.05), (1e10, 0.02)])
def test_camera__loses_no_electron_of_the_brightest_peak(tmp_path, layer, electrons, dispersion):
    """A sum of frames may exceed integers of 32 bits."""
    settings = {"zero_loss_counts": electrons, "dispersion_ev": dispersion, "gain_spread": 0.0}
    recording, truth = record("vacuum", layer, **settings)
    assert recording.data.max() > np.iinfo(np.int32).max
    assert recording.data.dtype == np.float32
    kept = recording.data.astype(float).sum() / float(truth["zero_loss_counts"])
    assert kept == pytest.approx(1, abs=2e-3)  # the tail goes on beyond the axis
    dm4.write(tmp_path / "a.dm4", recording)
    emsa.write(tmp_path / "a.msa", recording)
    for name in ("a.dm4", "a.msa"):
        read = raw.read(tmp_path / name, "eels", {}, None)
        np.testing.assert_array_equal(read["counts"], recording.data)
    if dispersion < 0.05:
        aligned = zero_loss.align(read, **DEFAULTS["zero_loss"])
        np.testing.assert_allclose(aligned["zlp_offset"], truth["zlp_offset"], atol=2e-3)


@pytest.mark.parametrize("dispersion", [0.001, 0.01, 0.03, 0.2])
@pytest.mark.parametrize("gain_spread", [0.0, 0.1])
def test_integers__are_kept_only_where_no_channel_can_exceed_them(dispersion, gain_spread):
    camera = device(dispersion_ev=dispersion, gain_spread=gain_spread, fwhm_ev=0.04)
    limit = np.iinfo(np.int32).max
    for electrons in np.geomspace(1e9, 1e11, 21):
        offsets = np.linspace(-dispersion, dispersion, 41)
        met = probe.Met(np.zeros((41, 3)), *list(vars(probe.in_vacuum()).values())[1:])
        brightest = 0.0
        if camera.counts_in(electrons) is np.int32:
            for expected in camera.expected(met, offsets, electrons):
                brightest = max(brightest, (expected * (1 + camera._pattern)).max())
        assert brightest < 0.995 * limit
    assert camera.counts_in(0.9 * limit / (1 + 5 * gain_spread)) is np.int32


def test_spikes__are_as_many_as_told_in_one_or_two_channels_each():
    counts, spikes = device(spike_rate=0.5).detect(
        np.zeros((200, 1024)), 1e6, np.random.default_rng(4)
    )
    assert abs(spikes - 100) < 4 * 10
    assert 0.8 * spikes < np.count_nonzero(counts) <= 2 * spikes
    # Exponential heights of mean 1500, so that their sum has this standard deviation.
    assert abs(counts.sum() - 1500 * spikes) < 4 * 1500 * np.sqrt(spikes)
