"""Emission: position, shape and Stokes shift of simulated lines."""

import numpy as np
import optical_spectra
import pytest
import xarray as xr
from optical_spectra import HC

from nanostitch import contracts, photon, quality, schema
from nanostitch.contracts.pl import EMISSION
from nanostitch.contracts.raw import RAW_PL
from nanostitch.pl import emission, stokes

DEFAULTS = schema.with_defaults({}, schema.load("pl"))["emission"]
QUICK = DEFAULTS | {"draws": 300}
WAVELENGTH = np.arange(420.0, 701.0)


def number(product: xr.Dataset, name: str) -> tuple[float, float, float]:
    value, low, high = (float(product[f"{name}{end}"]) for end in ("", "_lower", "_upper"))
    return value, low, high


def gaussian(peak=2.38, fwhm=0.09, top=1e5, floor=50.0, seed=1, wavelength=WAVELENGTH, **attrs):
    """A line that is Gaussian per eV, with counting noise on a floor."""
    energy = HC / wavelength
    per_nm = np.exp(-4 * np.log(2) * ((energy - peak) / fwhm) ** 2) * energy**2
    light = top * per_nm / per_nm.max() + floor
    counts = np.random.default_rng(seed).poisson(light).astype(float)
    raw = optical_spectra.spectrum(wavelength, intensity=counts)
    return raw.assign_attrs({"excitation_nm": 400.0, "emission_slit_nm": 0.0} | attrs)


def part(raw, low, high):
    """Part of a scan."""
    return raw.sel(wavelength=slice(low, high))


def without(raw, low, high):
    """A scan with a gap."""
    return raw.where((raw["wavelength"] < low) | (raw["wavelength"] > high)).assign_attrs(raw.attrs)


def lit(raw, at, height, width=1.5, **attrs):
    """A scan with a narrow line of scattered light."""
    light = height * np.exp(-0.5 * ((raw["wavelength"] - at) / width) ** 2)
    return raw.assign(intensity=raw["intensity"] + light).assign_attrs(raw.attrs | attrs)


def edge(density: float = 0.6) -> xr.Dataset:
    """An absorption product as far as emission reads it."""
    energy = np.linspace(1.6, 3.5, 400)
    absorbance = density / (1 + np.exp(-(energy - 2.42) / 0.02))
    names = ["edge_energy", "exciton_energy", "edge_inflection"]
    numbers = {"edge_energy": 2.46, "exciton_energy": 2.43, "edge_inflection": 2.40}
    covariance = np.array([[9.0, 3.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 1.0]]) * 1e-6
    product = xr.Dataset(
        {
            "wavelength": ("energy", HC / energy),
            "absorbance": ("energy", absorbance),
            "optical_density": density,
            "edge_covariance": (("edge_definition", "other_definition"), covariance),
            "verdict": quality.verdict({}),
        },
        {"energy": energy, "edge_definition": names, "other_definition": names},
    )
    for name, value in numbers.items():
        for end, away in (("", 0.0), ("_lower", -0.004), ("_upper", 0.006)):
            product[f"{name}{end}"] = value + away
    return product


def test_product__keeps_its_contract_and_says_that_it_is_good():
    raw, _ = optical_spectra.emission(np.random.default_rng(3))
    contracts.check(raw, RAW_PL, "raw")
    found = emission.measure(raw, None, **QUICK)
    contracts.check(found, EMISSION, "emission")
    assert quality.level(found) == "good"


def test_gaussian__has_the_position_and_width_that_it_was_given():
    found = emission.measure(gaussian(), None, **QUICK)
    for name, true in {"peak_energy": 2.38, "centroid_energy": 2.38, "fwhm": 0.09}.items():
        value, low, high = number(found, name)
        assert low <= true <= high, name
        assert value == pytest.approx(true, abs=0.001), name
    assert abs(float(found["asymmetry"])) < 0.03


def test_peak_per_nm__lies_to_the_red_by_what_the_jacobian_does():
    found = emission.measure(gaussian(top=1e7), None, **QUICK)
    sigma = 0.09 / np.sqrt(8 * np.log(2))
    # d/dE of E^2 exp(-(E - E0)^2 / 2 s^2) vanishes at E (E - E0) = 2 s^2.
    expected = 1.19 + np.sqrt(1.19**2 + 2 * sigma**2)
    assert float(found["peak_energy_without_jacobian"]) == pytest.approx(expected, abs=1e-4)
    assert float(found["peak_energy"]) == pytest.approx(2.38, abs=1e-4)


def test_conversion__keeps_photons_and_scales_noise_by_the_jacobian():
    found = emission.measure(gaussian(), None, **QUICK)
    wavelength, energy = found["wavelength"].to_numpy(), found["energy"].to_numpy()
    per_nm = np.trapezoid(found["intensity"], wavelength)
    per_ev = -np.trapezoid(found["intensity_per_energy"], energy)
    assert per_ev == pytest.approx(per_nm, rel=1e-3)
    ratio = found["intensity_per_energy_uncertainty"] / found["intensity_uncertainty"]
    assert ratio.to_numpy() == pytest.approx(wavelength**2 / photon.HC_EV_NM)


def test_noise__is_that_of_counts():
    found = emission.measure(gaussian(top=1e4, floor=100.0), None, **QUICK)
    light = found["intensity"] + found["background"]
    near = np.abs(found["wavelength"] - 521) < 8
    ratio = (found["intensity_uncertainty"] ** 2 / light).where(near).mean()
    assert float(ratio) == pytest.approx(1.0, abs=0.35)
    far = float(found["intensity_uncertainty"].sel(wavelength=650))
    assert far == pytest.approx(10.0, rel=0.2)


def test_background__of_any_level_and_slope_is_taken_away():
    plain = emission.measure(gaussian(seed=2), None, **QUICK)
    raw = gaussian(seed=2)
    tilted = raw.assign(intensity=raw["intensity"] + 5000 + 3 * raw["wavelength"])
    found = emission.measure(tilted.assign_attrs(raw.attrs), None, **QUICK)
    for name in ("peak_energy", "centroid_energy", "fwhm"):
        _, low, high = number(found, name)
        assert low <= float(plain[name]) <= high, name


def test_lamp__that_drifts_is_divided_out():
    raw = gaussian(top=1e6)
    lamp = xr.DataArray(np.linspace(0.7, 1.3, WAVELENGTH.size), dims="wavelength")
    drifted = raw.assign(intensity=raw["intensity"] * lamp, reference=30 * lamp)
    drifted = drifted.assign_attrs(raw.attrs)
    kept = emission.measure(drifted, None, **QUICK | {"divide_by_reference": False})
    found = emission.measure(drifted, None, **QUICK)
    assert float(found["peak_energy"]) == pytest.approx(2.38, abs=3e-4)
    assert abs(float(kept["peak_energy"]) - 2.38) > 3e-4


def test_slit__that_is_stated_is_taken_out_of_the_width():
    wavelength = np.arange(400.0, 720.0, 0.25)
    raw = gaussian(wavelength=wavelength, floor=0.0, top=1e6)
    slit = 8.0
    window = np.maximum(1 - np.abs(np.arange(-40, 41) * 0.25) / slit, 0)
    seen = np.convolve(raw["intensity"], window / window.sum(), "same")
    seen = np.random.default_rng(1).poisson(seen + 20).astype(float)
    wide = optical_spectra.spectrum(wavelength, intensity=seen).assign_attrs(raw.attrs)
    found = emission.measure(wide.assign_attrs(emission_slit_nm=slit), None, **QUICK)
    assert float(found["fwhm"]) == pytest.approx(0.09, abs=0.001)
    assert float(found["fwhm_wavelength"]) * 2.38**2 / HC > 0.093


def test_reabsorption__is_in_the_interval_where_absorption_is_known():
    alone, known = (emission.measure(gaussian(), one, **QUICK) for one in (None, edge()))
    assert "reabsorption" in alone["verdict"].attrs["reasons"]
    assert "reabsorption" not in known["verdict"].attrs["reasons"]
    assert float(known["peak_energy"]) == float(alone["peak_energy"])
    assert float(known["peak_energy_upper"]) > float(alone["peak_energy_upper"])
    assert float(known["peak_energy_lower"]) == float(alone["peak_energy_lower"])


def test_stokes_shift__is_edge_less_peak_with_errors_in_quadrature():
    found = emission.measure(gaussian(), edge(), **QUICK)
    names = [str(name) for name in found["definition"].values]
    assert names == list(stokes.DEFINITIONS)
    shift = dict(zip(names, found["stokes_shift"].to_numpy(), strict=True))
    peak, low, high = number(found, "peak_energy")
    assert shift["exciton_to_peak"] == pytest.approx(2.43 - peak)
    assert shift["edge_to_peak"] == pytest.approx(2.46 - peak)
    upper = float(found["stokes_shift_upper"][names.index("exciton_to_peak")])
    assert upper - shift["exciton_to_peak"] == pytest.approx(np.hypot(0.006, peak - low))
    covariance = found["stokes_covariance"].to_numpy()
    assert covariance == pytest.approx(covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12
    both = covariance[names.index("edge_to_peak"), names.index("exciton_to_peak")]
    peak_variance = covariance[2, 2] - 1e-6  # of inflection to peak, less that of the inflection
    assert both == pytest.approx(3e-6 + peak_variance, rel=1e-6)


def test_intervals__cover_the_truth_in_most_of_many_spectra():
    held = []
    for seed in range(5):
        raw, truth = optical_spectra.emission(np.random.default_rng([seed, 7]))
        found = emission.measure(raw, None, **QUICK)
        for name in ("peak_energy", "peak_wavelength", "centroid_energy", "fwhm"):
            _, low, high = number(found, name)
            held.append(low <= truth[name] <= high)
    # 20 intervals of 95 %: fewer than 16 right ones have a chance of 1 in 400.
    assert sum(held) >= 16


def test_few_digits__are_noise():
    raw = gaussian()
    rounded = (raw["intensity"] / raw["intensity"].max()).round(2)
    found = emission.measure(raw.assign(intensity=rounded).assign_attrs(raw.attrs), None, **QUICK)
    least = float(found["intensity_uncertainty"].min())
    assert least == pytest.approx(0.01 / np.sqrt(12), rel=1e-6)
    for name, true in {"peak_energy": 2.38, "centroid_energy": 2.38, "fwhm": 0.09}.items():
        _, low, high = number(found, name)
        assert low <= true <= high, name
