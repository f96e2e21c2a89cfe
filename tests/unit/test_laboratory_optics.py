"""The laboratory's absorption, emission and quantum yield, against what physics demands."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from specimens import square_layer

from nanostitch import schema
from nanostitch.errors import BatchError
from nanostitch.simulate.files import fluorolog, perkin_elmer, sphere_ccd
from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments import fluorometer, recombination, spectrophotometer, sphere
from nanostitch.simulate.specimen import storage

WEEK_H = 168.0
MODULES = {
    "spectrophotometer": (spectrophotometer, perkin_elmer),
    "fluorometer": (fluorometer, fluorolog),
    "sphere": (sphere, sphere_ccd),
}
QUIET = {"baseline_drift": 0, "changeover": 0, "noise": 0, "dark_noise": 0, "stray_light": 0}


def record(name, specimen, seed=0, **own):
    settings = schema.with_defaults(own, schema.load(f"instruments/{name}"))
    return MODULES[name][0].record(specimen, np.random.default_rng(seed), **settings)


def layer(seed=0, rows=30, columns=30, mean=8.1, sd=1.2, along=None, across=None, **environment):
    """A layer of cubes of random edges, their bodies as long as told where they have merged."""
    edge = np.clip(np.random.default_rng(seed).normal(mean, sd, rows * columns), 4, None)
    extents = [np.full(edge.size, long) if long else edge for long in (along, across)]
    gap = 2.32 + 2.9842 * sum(1 / length**2 for length in (*extents, edge))
    crystals = {"initial_edge": edge, "edge": edge, "height": edge, "extent_along": extents[0]}
    crystals |= {"extent_across": extents[1], "band_gap": gap}
    made = square_layer(rows, columns, edge=mean).assign_attrs(environment)
    return made.assign({name: made[name].copy(data=values) for name, values in crystals.items()})


def merged_body(count, seam_class=0, **environment):
    """A row of crystals in one body, with a seam between neighbours."""
    pairs = [(i, i + 1) for i in range(count - 1)]
    row = square_layer(1, count, merged_pairs=pairs).assign_attrs(environment)
    row["particle"] = row["particle"] * 0
    row["seam_class"] = row["seam_class"] + np.int8(seam_class)
    return row


def cube(edge):
    return optics.of(square_layer(1, 1, edge=edge))


def dead(specimen):
    return specimen.assign(state=specimen["state"] + np.int8(1))


# Energies


@pytest.mark.parametrize("seed", range(4))
def test_fresh_ensemble__emits_at_520_nm_in_a_narrow_line(seed):
    truth = optics.emission_truth(optics.of(layer(seed)), 400.0)
    assert float(truth["peak_wavelength"]) == pytest.approx(520, abs=2)
    assert float(truth["peak_energy"]) == pytest.approx(2.38, abs=0.01)
    assert 0.085 < float(truth["fwhm"]) < 0.1


def test_attraction__is_that_of_a_cube_at_8_nm_and_of_the_bulk_exciton_at_last():
    assert pytest.approx(0.074, abs=5e-4) == optics.COULOMB_EV_NM / 8.1
    large = cube(1e4)
    bulk = optics.BULK_GAP_EV - optics.BULK_BINDING_EV
    assert large.emission_energy[0] == pytest.approx(bulk, abs=1e-4)
    assert large.exciton_energy[0] == pytest.approx(bulk, abs=1e-4)


def test_emission__falls_steadily_as_a_cube_grows():
    energies = [cube(edge).emission_energy[0] for edge in np.linspace(4, 60, 57)]
    assert (np.diff(energies) < 0).all()


def test_stokes_shift__is_what_phonons_of_the_line_width_make():
    sigma = optics.HOMOGENEOUS_FWHM_EV / np.sqrt(8 * np.log(2))
    crystal = cube(8.1)
    shift = crystal.exciton_energy[0] - crystal.emission_energy[0]
    assert shift == pytest.approx(sigma**2 / (storage.BOLTZMANN_EV_PER_K * 295), rel=0.1)


def test_merging__shifts_emission_and_edge_to_the_red():
    stages = [layer(), layer(along=500), layer(along=500, across=500)]
    ensembles = [optics.of(stage) for stage in stages]
    found = [optics.emission_truth(e, 400.0) | optics.edge_truth(e) for e in ensembles]
    for name in ("peak_energy", "edge_energy", "exciton_energy", "edge_inflection"):
        assert (np.diff([float(truth[name]) for truth in found]) < -0.01).all(), name


# Spectra


def test_emission__keeps_its_photons_from_per_ev_to_per_nm():
    sample = optics.of(layer())
    wavelength, energy = np.linspace(420, 650, 4001), np.linspace(1.9, 2.95, 4001)
    per_nm = np.trapezoid(optics.emission(sample, wavelength, 400.0), wavelength)
    per_ev = np.trapezoid(optics.emission_per_ev(sample, energy, 400.0), energy)
    assert per_nm == pytest.approx(0.7, rel=1e-5)
    assert per_ev == pytest.approx(0.7, rel=1e-5)
    assert optics.quantum_yield(sample, 400.0) == pytest.approx(0.7)


def test_one_crystal__emits_the_homogeneous_line_at_its_own_energy():
    crystal = cube(8.1)
    truth = optics.emission_truth(crystal, 400.0)
    assert float(truth["centroid_energy"]) == pytest.approx(crystal.emission_energy[0], abs=1e-5)
    assert float(truth["peak_energy"]) == pytest.approx(crystal.emission_energy[0], abs=1e-4)
    assert float(truth["fwhm"]) == pytest.approx(optics.HOMOGENEOUS_FWHM_EV, abs=1e-3)


def test_peak_per_nm__lies_above_that_per_ev_by_the_jacobian():
    truth = optics.emission_truth(cube(8.1), 400.0)
    sigma = optics.HOMOGENEOUS_FWHM_EV / np.sqrt(8 * np.log(2))
    per_nm = optics.EV_NM / float(truth["peak_wavelength"])
    shift = 2 * sigma**2 / per_nm  # E^2 times a Gaussian peaks there
    assert per_nm - float(truth["peak_energy"]) == pytest.approx(shift, rel=0.05)


def test_absorption_of_bulk__is_the_measured_one(realdata):
    table = realdata / "optical_reference" / "cspbbr3_nk" / "Brennan.yml"
    rows = re.findall(r"^\s+([\d.]+) ([\d.e+-]+) ([\d.e+-]+)$", table.read_text(), re.M)
    microns, _, extinction = np.array(rows, float).T
    wavelength = np.arange(300, 491, 5.0)
    measured = 4 * np.pi * np.interp(wavelength, microns * 1e3, extinction) / wavelength
    exciton, one = np.array([2.398]), np.ones(1)
    gap = exciton + optics.BULK_BINDING_EV
    bulk = optics.Ensemble(gap, exciton, exciton, one, one, thickness=1.0)
    np.testing.assert_allclose(optics.absorption(bulk, wavelength), measured, rtol=0.12)


def test_optical_density__counts_volume_whatever_its_shape():
    fresh, merged = (optics.of(made) for made in (layer(), layer(along=500, across=500)))
    blue = np.array([optics.REFERENCE_NM])
    density = optics.film_optical_density(fresh, blue, 10)
    assert optics.film_optical_density(merged, blue, 10) == pytest.approx(density, rel=0.01)
    assert optics.film_optical_density(fresh, blue, 20) == pytest.approx(2 * density)
    assert 0.1 < 1 - 10 ** -density[0] < 0.6  # a film to measure quantum yields with


def test_ripening_and_levelling__keep_the_material_of_a_film():
    fresh = square_layer(6, 6)
    eaten = np.arange(36) % 2
    edge = np.where(eaten, 0.0, 8.0 * 2 ** (1 / 3))
    gap = np.where(eaten, np.nan, 2.4)
    ripened = fresh.assign(
        edge=("crystal", edge),
        height=("crystal", edge),
        band_gap=("crystal", gap),
        state=("crystal", (2 * eaten).astype("i1")),
    )
    levelled = fresh.assign(height=fresh["height"] * 0.9)  # the tenth has filled the gaps
    expected = 36 * 8.0**3 / float(fresh["field"]) ** 2
    for specimen in (fresh, ripened, levelled):
        assert optics.of(specimen).thickness == pytest.approx(expected)
    assert optics.of(ripened).volume.size == 18


def test_edge_inflection__is_where_the_absorption_rises_most():
    sample = optics.of(layer())
    edge = optics.edge_truth(sample)
    energy = np.arange(2.2, float(edge["exciton_energy"]), 1e-4)
    rise = np.gradient(optics.absorption(sample, optics.EV_NM / energy), energy)
    assert float(edge["edge_inflection"]) == pytest.approx(energy[rise.argmax()], abs=3e-4)


def test_band_pass__keeps_the_area_and_adds_its_variance():
    step, width = 0.1, 6.0
    position = np.arange(400, 600, step)
    line = sphere.excitation_line(position, 500.0, 10.0)
    passed = optics.bandpass(line, step, width)
    assert passed.sum() == pytest.approx(line.sum())
    added = [np.average((position - 500) ** 2, weights=values) for values in (line, passed)]
    assert added[1] - added[0] == pytest.approx(width**2 / 6, rel=1e-3)  # of a triangle
    np.testing.assert_array_equal(optics.bandpass(line, step, 0.0), line)


# Quantum yield


def yield_of(specimen):
    return float(np.mean(recombination.quantum_yield(specimen)))


def test_quantum_yield__falls_six_times_in_a_week_of_air_and_light():
    fresh = yield_of(square_layer())
    dark = yield_of(merged_body(40, storage_time_h=WEEK_H))
    lit = yield_of(merged_body(40, storage_time_h=WEEK_H, illumination="ambient"))
    assert fresh == pytest.approx(0.7)
    assert fresh / lit == pytest.approx(6, abs=1)
    assert lit < dark < fresh


def test_quantum_yield__stays_in_a_week_of_dark_and_inert_gas():
    about = {"storage_time_h": WEEK_H, "atmosphere": "nitrogen", "relative_humidity_percent": 0.0}
    assert yield_of(square_layer().assign_attrs(about)) == pytest.approx(0.7, rel=0.05)


def test_light_without_oxygen__does_no_more_than_darkness():
    about = {"storage_time_h": WEEK_H, "atmosphere": "nitrogen", "illumination": "ambient"}
    dark = about | {"illumination": "dark"}
    lit = yield_of(square_layer().assign_attrs(about))
    assert lit == yield_of(square_layer().assign_attrs(dark))


def test_humid_air__speeds_photo_oxidation():
    about = {"storage_time_h": WEEK_H, "illumination": "ambient"}
    dry, humid = (
        yield_of(square_layer().assign_attrs(about, relative_humidity_percent=share))
        for share in (20.0, 60.0)
    )
    assert humid < dry


def test_heating__lowers_the_quantum_yield_the_more_the_hotter():
    hot = [
        yield_of(square_layer().assign_attrs(anneal_temperature_c=celsius, anneal_time_h=1.0))
        for celsius in (22.0, 60.0, 90.0, 150.0)
    ]
    assert (np.diff(hot) < 0).all()
    assert hot[0] == pytest.approx(0.7, rel=0.01)
    assert hot[2] == pytest.approx(0.41, abs=0.02)


def test_seams__cost_the_more_the_less_the_lattices_agree():
    kinds = [yield_of(merged_body(6, seam_class=kind)) for kind in range(3)]
    assert 0.7 > kinds[0] > kinds[1] > kinds[2]
    assert yield_of(merged_body(2)) > yield_of(merged_body(6))


def test_destroyed_crystals__are_dark_and_transparent():
    for name in MODULES:
        _, truth = record(name, dead(layer(rows=4, columns=4)))
        known = {str(n): float(v) for n, v in truth.items() if n != "quantum_yield_apparent"}
        assert {v for v in known.values() if np.isfinite(v)} == {0.0}, name
        assert set(known) & {"quantum_yield", "optical_density"}
    assert yield_of(dead(square_layer())) == 0


# Spectrophotometer


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


# Fluorometer


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


# Integrating sphere


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


# Files


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


def kind(line):
    """What a line of a header is: its marker, or the kind of its content."""
    if line.startswith(("#", "PE UV")):
        return line
    shapes = (("nothing", r"\s*"), ("integer", r"\s*-?\d+"), ("decimal", r"-?\d+\.\d{6}"))
    shapes += (("date", r"\d\d/\d\d/\d\d"), ("time", r"\d\d:\d\d:\d\d\.\d\d"))
    return next((name for name, shape in shapes if re.fullmatch(shape, line)), "text")


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
