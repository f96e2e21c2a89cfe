"""Light of an ensemble of crystals: energies, shifts and quantum yields of known origin."""

import re

import numpy as np
import pytest
from laboratory_light import MODULES, dead, layer, record
from specimens import square_layer

from nanostitch.simulate.instruments import ensemble as optics
from nanostitch.simulate.instruments import recombination, sphere
from nanostitch.simulate.specimen import storage

WEEK_H = 168.0


def merged_body(count, seam_class=0, **environment):
    """A row of crystals in one body, with a seam between neighbours."""
    pairs = [(i, i + 1) for i in range(count - 1)]
    row = square_layer(1, count, merged_pairs=pairs).assign_attrs(environment)
    row["particle"] = row["particle"] * 0
    row["seam_class"] = row["seam_class"] + np.int8(seam_class)
    return row


def cube(edge):
    return optics.of(square_layer(1, 1, edge=edge))


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
