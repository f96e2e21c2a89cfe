"""Quantum yield: what was put into the curves comes out, with an interval that holds it."""

import numpy as np
import pytest
import xarray as xr
from sphere_curves import (
    FACTOR,
    OFFSET,
    READ_NOISE,
    SETTINGS,
    WAVELENGTH,
    curves,
    holds,
    measured,
    response,
)

from nanostitch import quality
from nanostitch.plqy import photons, quantum_yield


@pytest.mark.parametrize("absorptance", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("true", [0.02, 0.7, 1.0])
def test_yield__of_noise_free_curves_is_what_was_put_in(absorptance, true):
    product = measured(curves(absorptance, true))
    assert float(product["absorptance"]) == pytest.approx(absorptance, rel=1e-5)
    for name in ("quantum_yield_apparent", "quantum_yield_two_curve"):
        assert float(product[name]) == pytest.approx(true, rel=1e-3)
        assert holds(product, name, true)


def test_dark_level__and_noise_are_those_of_the_detector():
    product = measured(curves(0.3, 0.7, seed=1))
    assert product["dark_level"].values == pytest.approx(OFFSET, abs=5 * READ_NOISE / 15)
    assert product["dark_noise"].values == pytest.approx(READ_NOISE, rel=0.2)
    assert float(product["counting_gain"]) == pytest.approx(1.0, abs=0.35)


def test_response__of_energy_with_wavelength_is_that_of_photons():
    found = curves(0.3, 0.7)
    energy = response(FACTOR / WAVELENGTH, "µW per count")
    by_energy = measured(found, response=energy)
    assert float(by_energy["quantum_yield_apparent"]) == pytest.approx(
        float(measured(found)["quantum_yield_apparent"]), rel=1e-9
    )
    told = response(FACTOR / WAVELENGTH, "1")
    again = measured(found, response=told, corrected_signal="energy")
    assert float(again["quantum_yield_apparent"]) == pytest.approx(0.7, rel=1e-3)


def test_response__of_any_scale_gives_the_same_yield():
    found = curves(0.3, 0.7, seed=2)
    one, other = (measured(found, response=response(k * FACTOR)) for k in (1.0, 1e-6))
    for name in ("quantum_yield_apparent", "quantum_yield_apparent_lower"):
        assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-9)


def test_interval__covers_as_often_as_it_says():
    held = [
        holds(measured(curves(0.15, 0.6, seed), draws=2000), "quantum_yield_apparent", 0.6)
        for seed in range(100, 220)
    ]
    assert 0.88 <= np.mean(held) <= 1.0  # of 120: 95 % within three standard deviations and a half


def test_same_curves__give_the_same_bytes():
    found = curves(0.3, 0.7, seed=6)
    one, two = measured(found), measured(found)
    xr.testing.assert_identical(one, two)
    assert float(measured(found, seed=7)["quantum_yield_apparent_lower"]) != float(
        one["quantum_yield_apparent_lower"]
    )


def test_ranges_in_separate_files__count_like_one_spectrum():
    found = curves(0.3, 0.7)
    parts = {
        name: [one.sel(wavelength=slice(380, 430)), one.sel(wavelength=slice(440, 700))]
        for name, one in found.items()
    }
    direct, continued = parts["direct"]
    product = quantum_yield.measure(
        direct,
        [continued],
        parts["blank"],
        parts["indirect"],
        response(),
        **SETTINGS,
    )
    assert float(product["quantum_yield_apparent"]) == pytest.approx(0.7, rel=2e-3)
    assert quality.level(product) == "good"


def test_repeats_of_the_blank__halve_its_share_of_the_variance():
    found = curves(0.05, 0.7, seed=8)
    blanks = [curves(0.05, 0.7, seed)["blank"] for seed in range(20, 24)]
    one = measured(found)
    several = measured(found, blank=blanks)
    at_blank = [p["excitation_photons_uncertainty"].sel(curve="blank") for p in (one, several)]
    assert float(at_blank[1]) == pytest.approx(float(at_blank[0]) / 2, rel=0.05)


def test_ratio__to_itself_is_one_and_to_another_is_free_of_the_shared_blank():
    one = measured(curves(0.05, 0.6, seed=9))
    same = measured(curves(0.05, 0.6, seed=9), compared_with=one)
    for end in ("", "_lower", "_upper"):
        assert float(same[f"yield_ratio{end}"]) == pytest.approx(1.0, abs=1e-12)
    faint = curves(0.3, 0.1, seed=10)
    product = measured(faint, compared_with=measured(curves(0.3, 0.6, seed=11)))
    assert holds(product, "yield_ratio", 1 / 6)
    assert product["yield_ratio"].attrs["ratio_of"] == "quantum_yield_apparent"


def test_units__tell_photons_from_energy_and_counts_from_both():
    assert photons.kind("photons per count") == "photons"
    assert photons.kind("photons/(s cm² nm)") == "photons"
    assert photons.kind("µW per count") == photons.kind("energy per count") == "energy"
    assert photons.kind("counts") == photons.kind("photon counts") == photons.kind("") == "unknown"
