"""X-ray spectra: the truth agrees with itself, with published tables and with what is counted."""

from importlib import import_module

import numpy as np
import pytest
from specimens import square_layer

from nanostitch import schema
from nanostitch.errors import BatchError
from nanostitch.simulate.growth import grow
from nanostitch.simulate.instruments import xray, xray_detector, xray_lines

DEFAULTS = {
    key: value["default"] for key, value in schema.load("instruments/xray")["properties"].items()
}
QUIET = {"offset_error_ev": 0, "gain_error": 0, "composition_spread": 0, "pile_up_fraction": 0}


def record(specimen=None, seed=0, **settings):
    layer = square_layer() if specimen is None else specimen
    return xray.record(layer, np.random.default_rng(seed), **DEFAULTS | settings)


def expected(**settings):
    """Counts without noise: the mean of so many that Poisson noise is far below a percent."""
    recording, truth = record(**{"br_ka_counts": 1e6} | QUIET | settings)
    axis = recording.axes[0]
    energy = axis.start + axis.step * np.arange(recording.data.size)
    return energy, recording.data, truth


def atomic_percent(truth, lines):
    """Cliff-Lorimer: weight is k times area; atoms are weight over atomic weight."""
    atoms = []
    for line in lines:
        weight = float(truth["k_factor"].sel(line=line) * truth["line_area"].sel(line=line))
        atoms.append(weight / xray_lines.ATOMIC_WEIGHT[line.split("_")[0]])
    return 100 * np.array(atoms) / sum(atoms)


@pytest.mark.parametrize(
    "lines",
    [("Cs_La", "Pb_La", "Br_Ka"), ("Cs_Lb1", "Pb_Ma", "Br_La"), ("Cs_Lg1", "Pb_Mg", "Br_Kb")],
)
def test_areas_and_k_factors__give_the_composition_back_whatever_the_line(lines):
    _, truth = record(cs4pbbr6_fraction=0.1, cspb2br5_fraction=0.05, seed=3)
    np.testing.assert_allclose(atomic_percent(truth, lines), truth["atomic_percent"], rtol=1e-12)


def test_composition__is_that_of_the_planted_phases():
    _, pure = record(**QUIET)
    np.testing.assert_allclose(pure["atomic_percent"], [20, 20, 60])
    assert pure["line_area"].sel(line="Br_Ka") == pytest.approx(DEFAULTS["br_ka_counts"])
    _, other = record(cs4pbbr6_fraction=1, **QUIET)
    np.testing.assert_allclose(other["atomic_percent"], [400 / 11, 100 / 11, 600 / 11])
    with pytest.raises(BatchError, match="exceed 1"):
        record(cs4pbbr6_fraction=0.7, cspb2br5_fraction=0.7)


def grown(mechanism="coalescence", **storage):
    settings = schema.with_defaults({}, schema.load("specimen"))
    about = {"sample": "grid", "condition": "any", "substrate": "carbon"}
    chosen = settings | {"field_nm": 150.0, "mechanism": mechanism}
    return grow(about, storage, seed=1, settings=chosen)


@pytest.mark.parametrize("mechanism", ["coalescence", "ripening"])
@pytest.mark.parametrize(
    "storage", [{"storage_time_h": 168.0}, {"anneal_temperature_c": 90.0, "anneal_time_h": 1.0}]
)
def test_growth__changes_neither_composition_nor_counts(mechanism, storage):
    before, after = grown(mechanism), grown(mechanism, **storage)
    assert after.sizes["seam"] > 50 or (after["state"] == 2).sum() > 20
    _, fresh = record(before, seed=1)
    _, changed = record(after, seed=1)
    for name in ("atomic_percent", "line_area", "k_factor"):
        np.testing.assert_allclose(changed[name], fresh[name])


def test_counts__are_those_of_the_crystals_that_heat_left():
    layer = grown(anneal_temperature_c=200.0, anneal_time_h=1.0)
    cubes = layer["initial_edge"] ** 3
    left = float(cubes.where(layer["state"] == 0, 0).sum() / cubes.sum())
    assert 0.3 < left < 0.8
    _, truth = record(layer, **QUIET)
    counts = truth["line_area"].sel(line="Br_Ka") / DEFAULTS["br_ka_counts"]
    assert float(counts) == pytest.approx(left)


def test_best_resolution__leaves_some_noise_at_zero():
    best = schema.load("instruments/xray")["properties"]["resolution_ev"]["minimum"]
    assert float(xray_detector.sigma_kev(np.zeros(1), best)[0]) > 0
    recording, _ = record(resolution_ev=best, zero_peak_counts=1e4)
    assert recording.data.sum() > 1e4


def test_destroyed_crystals__leave_only_grid_and_metal():
    gone = square_layer(state=np.ones(16, "i1"))
    _, truth = record(gone)
    assert np.isnan(truth["atomic_percent"]).all()
    assert float(truth["line_area"].sel(line=["Cs_La", "Pb_La", "Br_Ka"]).sum()) == 0
    metal = {name: ("metal", [8.0]) for name in ("metal_y", "metal_x", "metal_diameter")}
    _, lead = record(gone.drop_dims("metal").assign(metal), composition_spread=0)
    np.testing.assert_allclose(lead["atomic_percent"], [0, 100, 0])
    np.testing.assert_allclose(lead["phase_fraction"], [0, 0, 0, 1])


def test_lines__are_those_of_exspy():
    table = import_module("exspy._misc.elements").elements
    for name, (energy, weight) in xray_lines.LINES.items():
        element, line = name.split("_")
        known = table[element]["Atomic_properties"]["Xray_lines"][line]
        assert (known["energy (keV)"], known["weight"]) == (energy, weight), name
    for element, weight in xray_lines.ATOMIC_WEIGHT.items():
        known = table[element]["General_properties"]["atomic_weight"]
        assert known == pytest.approx(weight, rel=1e-4)
    for element in xray.ELEMENTS:
        known = table[element]["Atomic_properties"]["Xray_lines"]
        inside = {f"{element}_{line}" for line, at in known.items() if at["energy (keV)"] < 20}
        assert inside == {name for name in xray_lines.LINES if name.startswith(element)}


@pytest.mark.parametrize("element", ["C", "N", "O", "Al", "Si"])
def test_absorption__keeps_to_the_tables_of_ffast(element):
    table = import_module("exspy._misc.eds.ffast_mac").ffast_mac_db[element]
    energy = np.array(table["energies (keV)"])
    seen = (energy > 0.17) & (energy < 25)
    known = np.array(table["mass_absorption_coefficient (cm2/g)"])[seen]
    np.testing.assert_allclose(xray_detector.absorption(element, energy[seen]), known, rtol=0.04)


def test_ionisation__falls_as_bethe_says_and_needs_the_edge_energy():
    silicon = xray_lines.SUBSHELLS["Si", "K"]
    assert xray_lines.ionisation(silicon, silicon.edge) == 0
    # Bethe: proportional to ln(E)/E far above the edge, while relativity is small.
    at = np.array([60.0, 120.0])
    ratio = np.divide(*[xray_lines.ionisation(silicon, energy) for energy in at])
    bethe = np.divide(*(np.log(at / silicon.edge) / at))
    assert ratio == pytest.approx(bethe, rel=0.1)
    # Both forms of the parametrisation agree where one takes over from the other.
    for subshell in xray_lines.SUBSHELLS.values():
        below, above = (
            xray_lines.ionisation(subshell, 16 * subshell.edge * side)
            for side in (1 - 1e-9, 1 + 1e-9)
        )
        assert below == pytest.approx(above, rel=0.02)


def test_vacancies__only_move_outwards_and_are_kept():
    for element in ("Cs", "Pb"):
        made = xray_lines.vacancies(element, 200)
        for (owner, shell), subshell in xray_lines.SUBSHELLS.items():
            if owner == element:
                assert made[shell] >= xray_lines.ionisation(subshell, 200) * (1 - 1e-12)


def test_peak__has_its_area_and_its_width():
    edges = np.arange(-0.1, 20.5, 0.002)
    for line, energy in (("Cs_La", 4.2864), ("Br_Ka", 11.9238)):
        area = np.array([1000.0])
        counts = xray_detector.peaks(
            area, np.array([energy]), edges, resolution_ev=130, tail_fraction=0
        )
        lost = xray_detector.escape(np.array([energy]))[0]
        assert counts.sum() == pytest.approx(1000 / (1 - lost)), line
        middle = (edges[1:] + edges[:-1]) / 2
        near = abs(middle - energy) < 0.6
        mean = np.average(middle[near], weights=counts[near])
        spread = np.sqrt(np.average((middle[near] - mean) ** 2, weights=counts[near]))
        assert mean == pytest.approx(energy, abs=1e-4)
        assert spread == pytest.approx(
            float(xray_detector.sigma_kev(np.array(energy), 130)), rel=1e-3
        )
    at = np.array(xray_detector.MN_KA_KEV)
    assert xray_detector.sigma_kev(at, 130) * np.sqrt(8 * np.log(2)) == pytest.approx(0.130)


def test_tail__keeps_the_area_and_lies_below_the_peak():
    edges, energy = np.arange(-0.1, 20.5, 0.01), np.array([4.2864])
    whole, lossy = (
        xray_detector.peaks(np.array([1.0]), energy, edges, resolution_ev=130, tail_fraction=share)
        for share in (0, 0.1)
    )
    assert lossy.sum() == pytest.approx(whole.sum())
    middle = (edges[1:] + edges[:-1]) / 2
    assert middle @ lossy < middle @ whole


def test_pile_up__keeps_the_energy_and_loses_the_counts():
    counts = np.zeros(2000)
    counts[[300, 800]] = 500.0, 200.0
    piled = xray_detector.pile_up(counts, 0.1, zero_channel=0)
    assert np.arange(2000) @ piled == pytest.approx(np.arange(2000) @ counts)
    assert piled.sum() == pytest.approx(0.95 * counts.sum())
    assert piled[1100] > 0
    assert piled[300] == pytest.approx(450)
    shifted = xray_detector.pile_up(np.roll(counts, 20), 0.1, zero_channel=20)
    np.testing.assert_allclose(shifted[20:], piled[:-20])


def test_counts_above_the_background__are_the_areas():
    energy, counts, truth = expected(peak_to_background=1e5, tail_fraction=0)
    for line, half in (("Br_Ka", 0.3), ("Cu_Ka", 0.3), ("Pb_La", 0.3)):
        at = float(truth["line_energy"].sel(line=line))
        seen = counts[abs(energy - at) < half].sum()
        assert seen == pytest.approx(float(truth["line_area"].sel(line=line)), rel=0.02), line


def test_background__is_as_far_below_the_peak_as_asked_and_absorbed_at_low_energy():
    energy, counts, truth = expected(peak_to_background=500, carbon_ratio=0)
    beside = counts[abs(energy - 11.0) < 0.05].mean() * 11.0 / 11.92
    assert float(truth["line_area"].sel(line="Br_Ka")) / beside == pytest.approx(500, rel=0.1)
    assert counts[energy < 0.08].max() < 0.05 * counts[abs(energy - 0.7) < 0.05].mean()


def test_axis__states_energies_off_by_offset_and_gain():
    settings = QUIET | {"offset_error_ev": 50, "gain_error": 0.01, "br_ka_counts": 1e6}
    recording, truth = record(seed=5, **settings)
    axis = recording.axes[0]
    energy = axis.start + axis.step * np.arange(recording.data.size)
    gain, offset = float(truth["energy_gain"]), float(truth["energy_offset"]) / 1e3
    for line in ("Cu_Ka", "Br_Ka"):
        stated = gain * xray_lines.LINES[line][0] + offset
        near = abs(energy - stated) < 0.2
        found = np.average(energy[near], weights=recording.data[near])
        assert found == pytest.approx(stated, abs=0.002), line


def test_zero_peak__has_the_width_of_the_noise_and_its_counts():
    energy, with_peak, _ = expected(zero_peak_counts=1e6, energy_start_kev=-0.2)
    _, without, _ = expected(energy_start_kev=-0.2)
    near = abs(energy) < 0.2
    strobe = with_peak[near].astype(float) - without[near]
    assert strobe.sum() == pytest.approx(1e6, rel=0.01)
    width = np.sqrt(np.average(energy[near] ** 2, weights=np.maximum(strobe, 0)))
    assert width == pytest.approx(float(xray_detector.sigma_kev(np.zeros(1), 130)[0]), rel=0.05)


def test_record__repeats_and_says_how_it_was_taken():
    first, truth = record(seed=7)
    again, _ = record(seed=7)
    np.testing.assert_array_equal(first.data, again.data)
    assert first.signal == "EDS"
    assert first.axes[0].units == "keV"
    assert first.metadata["beam_energy_kev"] == DEFAULTS["beam_energy_kev"]
    assert {"live_time_s", "real_time_s", "elevation_deg"} <= set(first.metadata)
    assert all({"units", "long_name"} <= set(value.attrs) for value in truth.values())
    assert not np.array_equal(record(seed=8)[0].data, first.data)
