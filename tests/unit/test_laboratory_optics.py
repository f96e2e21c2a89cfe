"""Recorded optical curves against the light they come from, and the files that hold them."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from laboratory_light import MODULES, dead, kind, layer, record

from nanostitch.errors import BatchError
from nanostitch.simulate.files import fluorolog, perkin_elmer, sphere_ccd
from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments import fluorometer, sphere

QUIET = {"baseline_drift": 0, "changeover": 0, "noise": 0, "dark_noise": 0, "stray_light": 0}


def test_solvent__subtracts_out():
    sample = layer()
    settings = QUIET | {"scatter": 0, "slit_nm": 0}
    colloid, truth = record("spectrophotometer", sample, measures="colloid", **settings)
    solvent, _ = record("spectrophotometer", sample, measures="solvent", **settings)
    difference = colloid.values["absorbance"] - solvent.values["absorbance"]
    wavelength = colloid.values["wavelength_nm"]
    expected = optics.colloid_optical_density(optics.of(sample), wavelength, 0.6)
    np.testing.assert_allclose(difference, expected, atol=1e-9)
    assert float(truth["optical_density"]) == pytest.approx(0.6)
    assert solvent.values["absorbance"][wavelength == 300] > 0.1  # toluene ends near 285 nm


def test_scatter__falls_with_the_fourth_power_of_the_wavelength():
    settings = QUIET | {"baseline": 0, "baseline_slope": 0, "slit_nm": 0}
    found, _ = record("spectrophotometer", layer(), **settings)
    wavelength, absorbance = found.values.values()
    red = wavelength > 600
    np.testing.assert_allclose((absorbance * wavelength**4)[red], 0.003 * 500.0**4, rtol=1e-3)


def test_transmittance__is_the_same_measurement_in_percent():
    absorbance, transmittance = (
        record("spectrophotometer", layer(), ordinate=kind)[0].values
        for kind in ("absorbance", "transmittance")
    )
    as_percent = 100 * 10 ** -absorbance["absorbance"]
    np.testing.assert_allclose(transmittance["transmittance_percent"], as_percent, rtol=1e-9)


def test_noise__grows_with_absorbance_until_stray_light_caps_it():
    settings = {"measures": "colloid", "start_nm": 340, "stop_nm": 800, "step_nm": 0.1}
    settings |= {"slit_nm": 0, "noise": 1e-3, "baseline_drift": 0}
    found, _ = record("spectrophotometer", layer(), optical_density=2, **settings)
    wavelength, absorbance = found.values.values()
    scatter = np.diff(absorbance) / np.sqrt(2)
    thick, thin = scatter[wavelength[1:] < 350], scatter[wavelength[1:] > 700]
    depth = absorbance[wavelength < 350].mean() - absorbance[wavelength > 700].mean()
    assert thick.std() / thin.std() == pytest.approx(10 ** (depth / 2), rel=0.2)
    capped, _ = record(
        "spectrophotometer", layer(), optical_density=6, stray_light=1e-3, **settings
    )
    assert capped.values["absorbance"][-50:].mean() == pytest.approx(3, abs=0.05)


def test_change_of_detectors__steps_only_beyond_860_nm():
    quiet = QUIET | {"measures": "substrate", "baseline_slope": 0, "changeover": 0.01, "slit_nm": 0}
    within, _ = record("spectrophotometer", layer(), **quiet)
    beyond, _ = record("spectrophotometer", layer(), stop_nm=1000, **quiet)
    assert np.ptp(within.values["absorbance"]) < 1e-12
    wavelength, absorbance = beyond.values.values()
    assert set(np.round(absorbance[wavelength < 860.8], 9)) == {0.04}
    assert abs(absorbance[0] - 0.04) > 1e-4


def test_fluorometer__counts_what_is_absorbed_and_emitted():
    sample = layer()
    found, truth = record("fluorometer", sample, sensitivity_cps=1e9, lamp_drift=0, lamp_flicker=0)
    density = optics.film_optical_density(optics.of(sample), np.array([400.0]), 10)[0]
    expected = 1e9 * (1 - 10**-density) * float(truth["quantum_yield"])
    assert found.values["s1c_cps"].sum() == pytest.approx(expected, rel=2e-3)
    top = found.values["wavelength_nm"][found.values["s1c_cps"].argmax()]
    assert top == pytest.approx(float(truth["peak_wavelength"]), abs=1.5)


def test_counts__scatter_as_photons_do():
    settings = {"step_nm": 0.02, "lamp_drift": 0, "lamp_flicker": 0, "slit_nm": 0}
    settings |= {"integration_s": 1, "dark_cps": 0, "start_nm": 500, "stop_nm": 540}
    found, _ = record("fluorometer", layer(), **settings)
    wavelength, signal = found.values["wavelength_nm"], found.values["s1c_cps"]
    response = fluorometer.response(wavelength)
    light = fluorometer.emitted(optics.of(layer()), wavelength, "film", 400.0, 0.1, 10)
    expected = 3e7 * light * response
    chi_square = np.mean((signal * response - expected) ** 2 / expected)
    assert chi_square == pytest.approx(1, abs=4 * np.sqrt(2 / wavelength.size))


def test_reference_signal__takes_the_lamp_out():
    loud = {"lamp_drift": 0.2, "lamp_flicker": 0.02, "sensitivity_cps": 1e11}
    found, _ = record("fluorometer", layer(), **loud)
    still, _ = record("fluorometer", layer(), **loud | {"lamp_drift": 0, "lamp_flicker": 0})
    lit = still.values["s1c_cps"] > 1e6
    corrected, raw = (
        found.values[name][lit] / still.values[name][lit] for name in ("s1c_per_r1c", "s1c_cps")
    )
    assert np.abs(corrected - 1).max() < 0.01 < np.abs(raw - 1).max()


@pytest.mark.parametrize("excitation_nm", [380.0, 400.0])
def test_raman_line_of_toluene__follows_the_excitation_at_a_constant_wavenumber(excitation_nm):
    settings = {"excitation_nm": excitation_nm, "start_nm": 430, "raman_cps": 1e6, "step_nm": 0.1}
    colloid, _ = record("fluorometer", dead(layer(rows=4)), measures="colloid", **settings)
    line = colloid.values["wavelength_nm"][colloid.values["s1c_cps"].argmax()]
    assert 1e7 / excitation_nm - 1e7 / line == pytest.approx(3055, abs=15)
    film, _ = record("fluorometer", dead(layer(rows=4)), **settings)
    assert film.values["s1c_cps"].max() < 1e4


def test_a_dense_dispersion__reabsorbs_its_blue_flank():
    sample, wavelength = optics.of(layer()), np.arange(420.0, 700)
    thin, dense = (
        fluorometer.emitted(sample, wavelength, "colloid", 400.0, density, 1)
        for density in (0.05, 2.0)
    )
    mean = [np.average(wavelength, weights=light) for light in (thin, dense)]
    assert mean[1] > mean[0] + 2


def triple(film, wavelength):
    line = sphere.excitation_line(wavelength, 400.0, 5.0)
    spectra = [sphere.photons(film, line, role) for role in ("blank", "indirect", "direct")]
    return de_mello(spectra, wavelength)


def de_mello(spectra, wavelength):
    """Absorptance and quantum yield by the three-curve formula of de Mello et al. 1997."""
    excitation, emission = wavelength < 425, wavelength >= 425
    blank, off, on = (values[excitation].sum() for values in spectra)
    _, off_emitted, on_emitted = (values[emission].sum() for values in spectra)
    absorbed = 1 - on / off
    return absorbed, (on_emitted - (1 - absorbed) * off_emitted) / (blank * absorbed)


def film_of(absorptance, self_absorption, wavelength):
    return sphere.film_of(
        optics.of(layer()),
        wavelength,
        excitation_nm=400.0,
        layers=10,
        absorptance=absorptance,
        self_absorption=self_absorption,
        indirect_share=0.3,
    )


@pytest.mark.parametrize("absorptance", [0.05, 0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("self_absorption", [False, True])
def test_three_spectra__give_absorptance_and_quantum_yield_back(absorptance, self_absorption):
    wavelength = np.arange(370, 720, 0.5)
    film = film_of(absorptance, self_absorption, wavelength)
    found = triple(film, wavelength)
    apparent = film.emission.sum() * 0.5
    assert found[0] == pytest.approx(absorptance, rel=1e-7)
    assert film.quantum_yield_apparent == pytest.approx(apparent, rel=1e-5)
    assert film.absorptance == pytest.approx(absorptance, rel=1e-9)
    expected = film.quantum_yield_apparent if self_absorption else film.quantum_yield
    assert found[1] == pytest.approx(expected, rel=1e-6)


def test_photons__are_absorbed_or_left_and_emitted_by_the_quantum_yield():
    wavelength = np.arange(370, 720, 0.5)
    film = film_of(0.4, False, wavelength)
    line = sphere.excitation_line(wavelength, 400.0, 5.0)
    for role in ("blank", "indirect", "direct"):
        spectrum = sphere.photons(film, line, role) * 0.5
        left, emitted = spectrum[wavelength < 425].sum(), spectrum[wavelength >= 425].sum()
        assert left + emitted / film.quantum_yield == pytest.approx(1, rel=1e-5), role


def test_self_absorption__lowers_and_reddens_and_is_undone_by_its_correction():
    wavelength = np.arange(370, 720, 0.5)
    film, clear = film_of(0.8, True, wavelength), film_of(0.8, False, wavelength)
    assert film.quantum_yield_apparent < film.quantum_yield == clear.quantum_yield
    mean = [np.average(wavelength, weights=made.emission) for made in (clear, film)]
    assert mean[1] > mean[0] + 1
    seen, again = film.quantum_yield_apparent, film.reabsorbed
    assert seen / (1 - again + again * seen) == pytest.approx(film.quantum_yield)


def test_recorded_triple__gives_the_apparent_quantum_yield_within_its_noise():
    found = {}
    for seed, role in enumerate(("blank", "indirect", "direct", "response")):
        columns, truth = record("sphere", layer(), seed, role=role, excitation_counts=1e8)
        assert truth.attrs["role"] == role
        wavelength, found[role] = columns.values.values()
    spectra = [(found[n] - 200) * found["response"] for n in ("blank", "indirect", "direct")]
    absorbed, efficiency = de_mello(spectra, wavelength)
    assert absorbed == pytest.approx(float(truth["absorptance"]), abs=0.01)
    assert efficiency == pytest.approx(float(truth["quantum_yield_apparent"]), rel=0.03)


def test_counts_of_the_sphere__are_photons_over_the_correction():
    wavelength = np.arange(380, 700.1, 0.5)
    quiet = {"lamp_drift": 0, "read_noise": 0, "calibration_noise": 0, "excitation_counts": 1e12}
    counts = record("sphere", layer(), role="blank", **quiet)[0].values["counts"]
    factor = record("sphere", layer(), role="response", **quiet)[0].values["correction"]
    photons = (counts - 200) * factor
    middle = np.average(wavelength, weights=photons)
    assert middle == pytest.approx(400, abs=0.01)  # undistorted although the response slopes
    np.testing.assert_allclose(factor * np.exp(-(((wavelength - 580) / 210) ** 2)), 1)


@pytest.mark.parametrize("name", MODULES)
def test_files__have_the_same_bytes_for_the_same_draws(tmp_path, name):
    made = []
    for seed, place in ((1, "a"), (1, "other"), (2, "b")):
        columns, _ = record(name, layer(rows=6), seed)
        MODULES[name][1].write(tmp_path / place, columns)
        made.append((tmp_path / place).read_bytes())
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("name", MODULES)
def test_truth__names_units_and_meaning(name):
    _, truth = record(name, layer(rows=6))
    for variable in truth.values():
        assert {"units", "long_name"} <= set(variable.attrs)
        assert variable.dtype == np.float64
        assert np.isfinite(variable)


@pytest.mark.parametrize("name", MODULES)
def test_scan_without_points__is_refused(name):
    with pytest.raises(BatchError, match="3 points"):
        record(name, layer(rows=2), start_nm=500, stop_nm=500)


def test_fluorolog_file__has_names_and_units_above_paired_columns(tmp_path):
    columns, _ = record("fluorometer", layer(rows=6))
    fluorolog.write(tmp_path / "pl.dat", columns)
    sheet = pd.read_csv(tmp_path / "pl.dat", sep="\t", header=[0, 1, 2])
    assert list(sheet.columns.get_level_values(1)[::2]) == ["Wavelength"] * 3
    assert list(sheet.columns.get_level_values(1)[1::2]) == ["S1c", "R1c", "S1c / R1c"]
    assert list(sheet.columns.get_level_values(2)[1::2]) == [
        *("CPS", "MicroAmps", "CPS / MicroAmps"),
    ]
    np.testing.assert_array_equal(sheet.iloc[:, 0], columns.values["wavelength_nm"])
    np.testing.assert_allclose(sheet.iloc[:, 1], columns.values["s1c_cps"], rtol=1e-8)


@pytest.mark.parametrize("role", ["direct", "response"])
def test_sphere_file__is_two_columns_under_a_heading(tmp_path, role):
    columns, _ = record("sphere", layer(rows=6), role=role)
    sphere_ccd.write(tmp_path / "sphere.txt", columns)
    text = (tmp_path / "sphere.txt").read_bytes().decode("ascii")
    heading = [line for line in text.split("\r\n") if not line.startswith("#")][0]
    assert heading.startswith("Wavelength (nm)\t")
    table = np.loadtxt(io.StringIO(text), skiprows=4)
    np.testing.assert_allclose(table.T, list(columns.values.values()), rtol=1e-8)


REAL = {
    "absorbance": ("F4-P3HT 1-10 0,5 mgml.Probe.Raw.asc", "A"),
    "transmittance": ("KTF-D.Probe.Raw.asc", "%T"),
}


@pytest.mark.parametrize("ordinate", REAL)
def test_perkin_elmer_file__is_laid_out_as_a_real_one(tmp_path, realdata, ordinate):
    name, flag = REAL[ordinate]
    real = (realdata / "uvvis" / "perkinelmer_asc" / name).read_bytes().decode("latin-1")
    columns, _ = record("spectrophotometer", layer(rows=6), ordinate=ordinate)
    perkin_elmer.write(tmp_path / "made.asc", columns)
    made = (tmp_path / "made.asc").read_bytes().decode("ascii")
    ours, theirs = (text.split("\r\n") for text in (made, real))
    assert ours[80] == theirs[80] == flag
    remarks, detectors_of_the_model = {8, 46, 48}, {35}  # differ among the real files too
    for number in set(range(90)) - remarks - detectors_of_the_model:
        assert kind(ours[number]) == kind(theirs[number]), (number + 1, ours[number])
    row = re.compile(r"\d+\.\d{6}\t-?\d+\.\d{6}")
    for lines in (ours, theirs):
        assert all(row.fullmatch(line) for line in lines[90:-1])
        assert lines[-1] == ""
        assert int(lines[85]) == len(lines) - 91


def test_perkin_elmer_file__tells_its_axis(tmp_path):
    columns, _ = record("spectrophotometer", layer(rows=6), step_nm=2)
    perkin_elmer.write(tmp_path / "made.asc", columns)
    header, _, data = (tmp_path / "made.asc").read_text("ascii").partition("#DATA\n")
    graph = header.partition("#GR\n")[2].splitlines()
    table = np.loadtxt(io.StringIO(data))
    assert graph[:4] == ["nm", "A", "1.0", "0.0"]
    start, step, size = float(graph[4]), float(graph[5]), int(graph[6])
    np.testing.assert_allclose(table[:, 0], start + step * np.arange(size))
    assert [float(graph[8]), float(graph[9])] == [table[:, 1].max(), table[:, 1].min()]
    assert step == -2
    assert start == 800
