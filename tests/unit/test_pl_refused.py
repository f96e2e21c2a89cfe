"""Emission: what is refused, doubted or left out, and what is left of a scan with a fault."""

import numpy as np
import pytest
import xarray as xr
from test_pl_emission import QUICK, WAVELENGTH, edge, gaussian, lit, number, part, without

from nanostitch import contracts, quality
from nanostitch.contracts.pl import EMISSION
from nanostitch.pl import emission, stokes


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (gaussian(top=0.0), "no emission"),
        (gaussian(fwhm=0.9, floor=0.0), "broader"),
        (gaussian(peak=1.80), "scan ends"),
        (part(gaussian(), 420, 532), "scan ends within"),
        (without(gaussian(), 500, 530), "points are missing"),
        (without(gaussian(), 535, 560), "points are missing"),
        (lit(gaussian(), 520.0, 1e6, excitation_nm=260.0), "outshines"),
        (lit(gaussian(), 450.0, 3e6, width=3.0, excitation_nm=450.0), "outshines"),
    ],
)
def test_spectra_without_a_line__have_no_numbers_but_a_reason(raw, reason):
    found = emission.measure(raw, None, **QUICK)
    contracts.check(found, EMISSION, "emission")
    assert quality.level(found) == "bad"
    assert reason in found["verdict"].attrs["reasons"]
    assert all(np.isnan(value) for name in emission.UNITS for value in number(found, name))


def test_detector__at_its_end_is_refused_and_beyond_its_linear_range_doubted():
    raw = gaussian(top=1e5)
    clipped = raw.assign(intensity=np.minimum(raw["intensity"], 65535.0)).assign_attrs(raw.attrs)
    assert quality.level(emission.measure(clipped, None, **QUICK)) == "bad"
    bright = gaussian(top=5e6, intensity_unit="CPS")
    found = emission.measure(bright, None, **QUICK)
    assert quality.level(found) == "doubtful"
    assert "linear" in found["verdict"].attrs["reasons"]


def test_raman_line__in_the_feet_moves_nothing_and_in_the_line_is_flagged():
    raman = 1 / (1 / 400 - 3055e-7)
    raw = gaussian()
    light = 3000 * np.exp(-0.5 * ((WAVELENGTH - raman) / 1.0) ** 2)
    found = emission.measure(
        raw.assign(intensity=raw["intensity"] + light).assign_attrs(raw.attrs), None, **QUICK
    )
    plain = emission.measure(raw, None, **QUICK)
    assert float(found["centroid_energy"]) == pytest.approx(
        float(plain["centroid_energy"]), abs=5e-5
    )
    assert int(found["artefact"].sel(wavelength=456)) == 1
    near = gaussian().assign_attrs(excitation_nm=450.0)  # its Raman line stands at 521.7 nm
    assert "Raman" in emission.measure(near, None, **QUICK)["verdict"].attrs["reasons"]


def test_excitation__that_nobody_states_is_remarked():
    raw = gaussian()
    del raw.attrs["excitation_nm"]
    found = emission.measure(raw, None, **QUICK)
    assert "no excitation" in found["verdict"].attrs["reasons"]
    assert quality.level(found) == "good"


@pytest.mark.parametrize("low", [470.0, 480.0])
def test_excitation__beside_the_line_moves_no_number(low):
    plain = emission.measure(gaussian(), None, **QUICK)
    found = emission.measure(lit(gaussian(), low, 1e6, excitation_nm=low), None, **QUICK)
    for name in ("peak_energy", "centroid_energy", "fwhm"):
        assert float(found[name]) == pytest.approx(float(plain[name]), abs=6e-4), name
    near = abs(found["wavelength"] - 521) < 8
    noise = [one["intensity_uncertainty"].where(near).mean() for one in (found, plain)]
    assert float(noise[0]) == pytest.approx(float(noise[1]), rel=0.2)


def test_excitation__at_the_end_of_the_detector_leaves_the_line():
    raw = gaussian(top=1e4)
    light = lit(raw, 450.0, 1e5, excitation_nm=450.0)["intensity"].clip(max=6e4)
    found = emission.measure(
        raw.assign(intensity=light).assign_attrs(raw.attrs, excitation_nm=450.0), None, **QUICK
    )
    _, low, high = number(found, "peak_energy")
    assert low <= 2.38 <= high
    assert "detector" not in found["verdict"].attrs["reasons"]


@pytest.mark.parametrize(("low", "high"), [(420, 545), (495, 700)])
def test_scan__that_ends_in_a_foot_has_a_peak_but_no_mean(low, high):
    found = emission.measure(part(gaussian(), low, high), edge(), **QUICK)
    assert quality.level(found) == "doubtful"
    _, least, most = number(found, "peak_energy")
    assert least <= 2.38 <= most
    assert np.isnan(number(found, "centroid_energy")).all()
    shift = dict(zip(stokes.DEFINITIONS, found["stokes_shift"].to_numpy(), strict=True))
    assert np.isnan(shift["exciton_to_centroid"])
    assert np.isfinite(shift["exciton_to_peak"])


@pytest.mark.parametrize(("away", "share"), [(0.25, 0.5), (0.2, 0.15), (0.12, 0.8)])
def test_second_line__is_doubted(away, share):
    other = share * gaussian(peak=2.38 - away, seed=4)["intensity"]
    raw = gaussian()
    found = emission.measure(
        raw.assign(intensity=raw["intensity"] + other).assign_attrs(raw.attrs), None, **QUICK
    )
    assert "second line" in found["verdict"].attrs["reasons"]


def test_slit__as_wide_as_the_line_leaves_no_width():
    found = emission.measure(gaussian(emission_slit_nm=25.0), None, **QUICK)
    assert np.isnan(number(found, "fwhm")).all()
    assert "slit" in found["verdict"].attrs["reasons"]


@pytest.mark.parametrize("lamp", [0.0, np.nan])
def test_lamp__that_cannot_be_divided_by_is_said(lamp):
    raw = gaussian()
    monitor = xr.DataArray(np.where(WAVELENGTH > 600, lamp, 1.0), dims="wavelength")
    found = emission.measure(raw.assign(reference=monitor).assign_attrs(raw.attrs), None, **QUICK)
    assert quality.level(found) == "doubtful"
    assert "monitor" in found["verdict"].attrs["reasons"]


def test_absorption__that_tells_no_density_or_is_doubtful_is_said():
    lost = emission.measure(gaussian(), edge().assign(optical_density=np.nan), **QUICK)
    assert "reabsorption" in lost["verdict"].attrs["reasons"]
    doubtful = edge().assign(verdict=quality.verdict({"uncertain": "doubtful"}))
    assert "Stokes" in emission.measure(gaussian(), doubtful, **QUICK)["verdict"].attrs["reasons"]
