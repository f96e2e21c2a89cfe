"""Removal of the zero-loss tail against simulated tails and a real reference."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality, schema
from nanostitch.contracts.eels import LOSS
from nanostitch.eels import background, tail, zero_loss
from nanostitch.errors import ContractError

DEFAULTS = schema.with_defaults({}, schema.load("eels"))
SETTINGS = DEFAULTS["background"]
ENERGY = -0.6 + 0.01 * np.arange(512)
TAIL = slice(200, 512)


def expected(exponent: float, level: float) -> np.ndarray:
    """A Gaussian peak, and a power law of a given level at 1 eV that begins beyond it."""
    core = 1e6 * np.exp(-0.5 * (ENERGY / 0.021) ** 2)
    return core + np.where(ENERGY > 0.5, level * np.maximum(ENERGY, 0.5) ** -exponent, 0.0)


def onset() -> np.ndarray:
    return 300 * np.sqrt(np.maximum(ENERGY - 2.4, 0))


def acquisition(counts: np.ndarray) -> xr.Dataset:
    """Raw spectra as a reader gives them."""
    dims = ("x", "energy")[2 - counts.ndim :]
    axis = ("energy", ENERGY, {"units": "eV"})
    spectra = xr.DataArray(counts, {"energy": axis}, dims, attrs={"units": "1"})
    return spectra.to_dataset(name="counts")


def aligned(counts: np.ndarray) -> xr.Dataset:
    return zero_loss.align(acquisition(counts), **DEFAULTS["zero_loss"])


def removed(counts: np.ndarray, vacuum: np.ndarray | None = None, **changed: Any) -> xr.Dataset:
    """Loss of spectra, checked against its contract."""
    reference = None if vacuum is None else aligned(vacuum)
    settings = {**SETTINGS, **changed}
    loss = background.remove_zero_loss(acquisition(counts), aligned(counts), reference, **settings)
    return contracts.check(loss, LOSS, "test")


def test_tail_fit__is_unbiased_at_a_few_counts_and_knows_its_covariance():
    energy = np.linspace(1.4, 2.1, 71)
    truth = 3.0 * energy**-2.0
    counts = np.random.default_rng(1).poisson(truth, (4000, 71)).astype(float)
    fitted = tail.fit(counts, energy, "power_law")
    exponents = -fitted.coefficients[:, 1]
    assert exponents.mean() == pytest.approx(2.0, abs=0.04)
    assert fitted.covariance[:, 1, 1].mean() == pytest.approx(exponents.var(), rel=0.25)


def test_exponential_tail__is_recovered_exactly_without_noise():
    energy = np.linspace(1.4, 2.1, 71)
    fitted = tail.fit(500 * np.exp(-energy / 0.4)[None], energy, "exponential")
    np.testing.assert_allclose(fitted.at(energy)[0], 500 * np.exp(-energy / 0.4), rtol=1e-6)


@pytest.mark.parametrize(("electrons", "tolerance"), [(0.3, 0.2), (10, 0.1), (1e4, 0.1)])
def test_dispersion__is_the_gain_of_the_detector(electrons, tolerance):
    model = np.full((400, 150), 7 * float(electrons))
    counts = 7.0 * np.random.default_rng(2).poisson(electrons, model.shape)
    assert np.median(tail.dispersion(counts, model, 0)) == pytest.approx(7, rel=tolerance)


def test_dispersion__counts_correlated_noise_as_a_sum_does():
    white = np.random.default_rng(3).poisson(1e4, (400, 2002)).astype(float)
    averaged = (white[:, :-2] + white[:, 1:-1] + white[:, 2:]) / 3
    model = np.full(averaged.shape, 1e4)
    assert np.median(tail.dispersion(averaged, model, 0)) == pytest.approx(1, rel=0.1)


def test_loss__is_what_was_added_to_the_tail():
    counts = expected(2.0, 200.0) + onset()
    loss = removed(counts)
    np.testing.assert_allclose(loss["loss"][0, TAIL], onset()[TAIL], atol=0.05)
    above = slice(271, 341)  # the window of equal width above 2.1 eV
    share = expected(2.0, 200.0)[above].sum() / counts[above].sum()
    assert float(loss["tail_fraction"]) == pytest.approx(share, rel=0.02)
    assert float(loss["region_tail_fraction"][0]) == pytest.approx(share, rel=0.02)


def test_loss_uncertainty__covers_the_scatter_and_not_much_more():
    random = np.random.default_rng(4)
    mean = expected(2.0, 500.0)
    found = [removed(random.poisson(mean)) for _ in range(60)]
    pulls = np.array([one["loss"][0] / one["loss_uncertainty"][0] for one in found])
    # Eight channels of 60 draws know the scatter to 3 %; the fitted tail is common to them.
    assert 0.8 < pulls[:, 290:460:20].std() < 1.1


def test_parts__add_up_to_the_spectrum():
    counts = np.random.default_rng(5).poisson(expected(2.0, 200.0) + onset())
    loss = removed(counts)
    known = np.isfinite(loss["loss"])
    total = (loss["loss"] + loss["zero_loss"]).where(known, drop=True)
    np.testing.assert_allclose(total, aligned(counts)["counts"].where(known, drop=True))


def test_tail_fraction__of_a_pixel_follows_its_own_tail():
    counts = np.array([expected(2.0, level) + onset() for level in (100.0, 200.0, 400.0)])
    fraction = removed(counts)["tail_fraction"].values
    above = slice(271, 341)
    truth = [
        expected(2.0, level)[above].sum() / c[above].sum()
        for level, c in zip((100.0, 200.0, 400.0), counts, strict=True)
    ]
    np.testing.assert_allclose(fraction, truth, rtol=0.02)


@pytest.mark.parametrize("scaled_on", ["tail_window", "peak"])
def test_vacuum__removes_a_tail_of_any_form_whatever_its_dose(scaled_on):
    bent = expected(2.0, 200.0) * (1 + 0.3 * np.sin(3 * ENERGY))
    vacuum = np.array([3.0, 5.0])[:, None] * bent
    loss = removed(bent + onset(), vacuum, vacuum_scaled_on=scaled_on)
    assert loss["zero_loss"].attrs["tail_model"] == "vacuum"
    inside = slice(200, 500)
    np.testing.assert_allclose(loss["loss"][0, inside], onset()[inside], atol=0.5)


def test_vacuum_without_a_peak__makes_the_product_bad():
    loss = removed(expected(2.0, 200.0), np.ones(ENERGY.size))
    assert quality.level(loss) == "bad"
    assert loss["loss"].isnull().all()


def test_vacuum_without_counts_in_the_window__is_not_scaled_up_from_nothing():
    loss = removed(expected(2.0, 200.0), expected(2.0, 0.0))
    assert quality.level(loss) == "bad"
    assert loss["loss"].isnull().all()


def test_peak_that_reaches_into_the_tail_window__is_not_removed():
    wide = 1e6 * np.exp(-0.5 * (ENERGY / 0.1) ** 2) + 1
    loss = removed(wide, tail_window_ev=[0.2, 0.6])
    assert quality.level(loss) == "bad"
    assert "wider" in loss["verdict"].attrs["reasons"]
    assert loss["loss"].isnull().all()


def test_pixel_without_a_peak__stays_refused():
    counts = np.array([expected(2.0, 200.0), np.ones(ENERGY.size)])
    loss = removed(counts)
    assert quality.level(loss) == "doubtful"
    assert loss["tail_fraction"].isnull().values.tolist() == [False, True]


def test_acquisition_without_a_peak__is_bad():
    loss = removed(np.ones(ENERGY.size))
    assert quality.level(loss) == "bad"
    assert loss["loss"].isnull().all()


def test_descending_window__is_an_error_that_names_the_setting():
    with pytest.raises(ContractError, match="tail_window_ev"):
        removed(expected(2.0, 1.0), tail_window_ev=[2.1, 1.4])
