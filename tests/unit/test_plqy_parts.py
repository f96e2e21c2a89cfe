"""Parts of a quantum yield: reabsorption, maximum of an emission, mean of repeats, noise."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from sphere_curves import FACTOR, LIGHT, WAVELENGTH, curves, holds, measured, reasons

from nanostitch import quality
from nanostitch.plqy import peak, reabsorption, repeats
from nanostitch.plqy.photons import Weighting, scatter


def dilute(light=LIGHT, scale=3e5, shift=0.0):
    axis = {"wavelength": ("wavelength", WAVELENGTH + shift, {"units": "nm"})}
    return xr.Dataset({"intensity": ("wavelength", scale * light, {"units": "1"})}, axis)


def reabsorbing(depth):
    """Emission of a film that absorbs its blue flank, and the share that it loses."""
    escape = 10 ** (-depth / (1 + np.exp((WAVELENGTH - 508) / 1.5)))
    return LIGHT * escape, 1 - (LIGHT * escape).sum() / LIGHT.sum()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_correction__undoes_repeated_reabsorption(share):
    true = 0.8
    # Each photon that is taken back is emitted again with the same yield: a geometric series.
    series = sum(true * (1 - share) * (true * share) ** n for n in range(400))
    assert float(reabsorption.corrected(np.array(series), np.array(share))) == pytest.approx(true)


def test_dilute_spectrum__gives_the_share_taken_back_and_the_yield_without():
    light, share = reabsorbing(0.3)
    assert share > 0.05
    recycled = 1 / (1 - 0.7 * share)
    product = measured(curves(0.4, 0.7 * recycled, seed=1, light=light), dilute=dilute())
    assert holds(product, "reabsorbed_fraction", share)
    assert holds(product, "quantum_yield", 0.7)
    assert holds(product, "quantum_yield_apparent", 0.7 * (1 - share) * recycled)
    assert quality.level(product) == "good"
    assert not quality.raised(product["yield_quality"], "not_corrected_for_reabsorption")


def test_dilute_spectrum__of_any_scale_gives_the_same_share():
    light, _ = reabsorbing(0.3)
    found = curves(0.4, 0.7, light=light)
    one, other = (measured(found, dilute=dilute(scale=k)) for k in (1.0, 1e9))
    assert float(one["reabsorbed_fraction"]) == pytest.approx(float(other["reabsorbed_fraction"]))


def test_dilute_spectrum__that_is_the_emission_itself_leaves_the_yield_as_it_is():
    product = measured(curves(0.4, 0.7), dilute=dilute())
    assert float(product["reabsorbed_fraction"]) == pytest.approx(0, abs=1e-3)
    assert float(product["quantum_yield"]) == pytest.approx(0.7, rel=1e-3)


def test_wavelength_uncertainty__widens_the_share():
    light, _ = reabsorbing(0.3)
    found = curves(0.4, 0.7, seed=2, light=light)
    widths = []
    for shift in (0.0, 0.2):
        product = measured(found, dilute=dilute(), match_shift_nm=shift)
        ends = [float(product[f"reabsorbed_fraction{end}"]) for end in ("_upper", "_lower")]
        widths.append(ends[0] - ends[1])
    assert widths[1] > 3 * widths[0]


def test_dilute_spectrum__of_other_emitters_or_of_another_range_is_doubtful():
    other = np.exp(-0.5 * ((WAVELENGTH - 515) / 14) ** 2)
    product = measured(curves(0.4, 0.7), dilute=dilute(other))
    assert quality.level(product) == "doubtful"
    assert "red flank" in reasons(product)
    short = dilute().sel(wavelength=slice(380, 515))
    product = measured(curves(0.4, 0.7), dilute=short)
    assert "does not cover the emission" in reasons(product)
    assert np.isnan(product["quantum_yield"])
    assert float(product["quantum_yield_apparent"]) == pytest.approx(0.7, rel=1e-3)


@pytest.mark.parametrize("centre", [515.0, 515.13, 516.77])
def test_peak__of_an_emission_is_its_maximum_and_moves_with_it(centre):
    found, lower, upper = peak.wavelength(
        WAVELENGTH, np.exp(-0.5 * ((WAVELENGTH - centre) / 9) ** 2)
    )
    assert found == pytest.approx(centre, abs=0.01)
    assert lower <= found <= upper
    middle, low, high = peak.energy((found, lower, upper))
    assert middle == pytest.approx(1239.841984 / centre, rel=1e-4)
    assert low <= middle <= high


def test_peak__of_an_asymmetric_emission_is_its_maximum_not_its_middle():
    grid = np.arange(480.0, 580.0, 0.1)
    height = np.exp(-0.5 * (np.log((grid - 475) / 40) / 0.25) ** 2)  # its mode is at 515 nm
    assert peak.wavelength(grid, height)[0] == pytest.approx(515, abs=0.1)
    above = grid[height >= 0.8]
    assert abs(above.mean() - 515) > 0.4


def test_peak__interval_holds_it_as_often_as_it_says():
    held = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        height = np.exp(-0.5 * ((WAVELENGTH - 515.2) / 9) ** 2)
        _, lower, upper = peak.wavelength(WAVELENGTH, height + 0.01 * random.normal(size=641))
        held.append(lower <= 515.2 <= upper)
    assert 0.89 <= np.mean(held) <= 0.99


def test_peak__of_nothing_is_none():
    assert np.isnan(peak.wavelength(WAVELENGTH, np.zeros(WAVELENGTH.size))).all()


def test_mean_of_repeats__that_agree_is_weighted_by_their_intervals():
    value = np.array([0.50, 0.50, 0.50])
    half = np.array([0.02, 0.04, 0.08])
    mean, lower, upper = repeats.weighted_mean(value, value - half, value + half)
    sd = half / 1.959964
    expected = stats.t.ppf(0.975, 2) / np.sqrt((1 / sd**2).sum())
    assert mean == pytest.approx(0.5)
    assert upper - mean == pytest.approx(expected) == mean - lower


def test_mean_of_repeats__that_do_not_agree_is_that_of_student():
    value = np.array([0.935, 0.909, 0.926, 0.930, 0.902, 0.904])
    half = np.full(6, 1e-5)
    mean, lower, upper = repeats.weighted_mean(value, value - half, value + half)
    standard_error = value.std(ddof=1) / np.sqrt(6)
    assert mean == pytest.approx(value.mean(), abs=1e-5)
    assert upper - mean == pytest.approx(stats.t.ppf(0.975, 5) * standard_error, rel=1e-3)
    assert lower < mean


def test_mean_of_repeats__of_one_is_itself_and_of_none_is_none():
    one = repeats.weighted_mean(np.array([0.5, np.nan]), np.array([0.4, 0.1]), np.array([0.7, 0.2]))
    assert one == (0.5, 0.4, 0.7)
    assert np.isnan(repeats.weighted_mean(*np.full((3, 2), np.nan))).all()


def test_scatter__is_the_noise_and_no_cubic():
    grid = np.linspace(-1, 1, 5000)
    smooth = 1e3 * (grid**3 - grid)
    assert np.abs(scatter(smooth)).max() < 1e-9
    noise = np.random.default_rng(1).normal(size=grid.size)
    assert scatter(smooth + noise).std() == pytest.approx(1.0, rel=0.1)


def test_noise_of_the_response__averages_over_its_points():
    weighting = Weighting(False, WAVELENGTH, FACTOR, 0.01)
    several = weighting.relative_error(WAVELENGTH[100:125], np.ones(25))
    assert several == pytest.approx(0.01 / 5, rel=0.1)
    coarse = Weighting(False, WAVELENGTH[::25], FACTOR[::25], 0.01)
    assert coarse.relative_error(WAVELENGTH[100:125], np.ones(25)) > 3 * several
