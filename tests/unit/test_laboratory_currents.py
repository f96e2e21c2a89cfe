"""Simulated currents and impedances against networks of known resistance."""

from itertools import product

import numpy as np
import pytest
from laboratory_circuits import defaults, spectrum, sweep
from specimens import square_layer

from nanostitch.simulate.growth import grow
from nanostitch.simulate.instruments import impedance, network, source_meter
from nanostitch.simulate.instruments.network import DECAY_LENGTH_NM, LEAKAGE_S, Electrodes, Links

EDGE, GAP = 8.0, 2.5


LINK = network.CONDUCTIVITY_S_PER_M * 1e-9 * EDGE**2 / (EDGE + GAP) * np.exp(-GAP / DECAY_LENGTH_NM)
"""Of two facing cubes: section over distance, times the exponential of the gap [S]."""


SILENT = {"noise_share": 0, "offset_current_pa": 0}


def lattice(size, strength):
    """Square lattice of bonds between electrodes half a bond away, whose strengths are drawn."""
    number = np.arange(size * size).reshape(size, size)
    along = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    across = np.stack([number[:-1].ravel(), number[1:].ravel()])
    first, second = np.concatenate([along, across], axis=1)
    left, right = np.zeros((2, size, size))
    left[:, 0], right[:, -1] = 2 * strength(size), 2 * strength(size)
    return Links(first, second, strength(first.size)), left.ravel(), right.ravel()


def test_conductance__of_resistors_in_series_and_in_parallel():
    chain = Links(np.array([0, 1]), np.array([1, 2]), np.array([2.0, 3.0]))
    left, right = np.array([4.0, 0, 0]), np.array([0, 0, 5.0])
    assert network.conductance(chain, left, right) == pytest.approx(
        1 / (1 / 4 + 1 / 2 + 1 / 3 + 1 / 5)
    )
    twice = Links(np.array([0, 1]), np.array([1, 0]), np.array([2.0, 3.0]))
    found = network.conductance(twice, np.array([1e9, 0]), np.array([0, 1e9]))
    assert found == pytest.approx(5, rel=1e-6)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_perfect_lattice__has_the_conductance_of_its_links_per_square(size):
    assert network.conductance(*lattice(size, np.ones)) == pytest.approx(1, rel=1e-12)


def test_current__is_kept_at_every_node_and_between_the_electrodes():
    rng = np.random.default_rng(0)
    links, left, right = lattice(12, lambda n: np.exp(rng.normal(0, 4, n)))
    volt = network.potentials(links, left, right)
    flow = links.conductance * (volt[links.first] - volt[links.second])
    net = left * (1 - volt) - right * volt
    np.add.at(net, links.first, -flow)
    np.add.at(net, links.second, flow)
    enters, leaves = (left * (1 - volt)).sum(), (right * volt).sum()
    np.testing.assert_allclose(net, 0, atol=1e-9 * links.conductance.max())
    assert enters == pytest.approx(leaves, rel=1e-9)
    assert network.conductance(links, left, right) == pytest.approx(enters, rel=1e-9)
    assert volt.min() >= 0
    assert volt.max() <= 1


def test_random_bonds__percolate_at_one_half():
    rng = np.random.default_rng(1)

    def mean(share):
        kept = [lattice(30, lambda n: (rng.random(n) < share) * 1.0) for _ in range(4)]
        return np.mean([network.conductance(*web) for web in kept])

    assert mean(0.35) == 0
    # Effective medium (Kirkpatrick 1973): (p - 1/2) / (1 - 1/2), good well above the threshold.
    assert mean(0.8) == pytest.approx(0.6, rel=0.1)


def test_two_kinds_of_bonds__have_the_geometric_mean_in_two_dimensions():
    # Dykhne (1971): exact for equal shares of an infinite lattice.
    rng = np.random.default_rng(2)
    found = [
        network.conductance(*lattice(30, lambda n: np.where(rng.random(n) < 0.5, 100.0, 1.0)))
        for _ in range(6)
    ]
    assert np.mean(np.log10(found)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("size", [2, 7])
def test_perfect_layer__has_the_conductance_of_two_facing_cubes(size):
    found = network.sheet_conductance(square_layer(size, size, edge=EDGE, gap=GAP))
    assert found == pytest.approx(LINK, rel=2e-3)


def test_layer__conducts_the_same_when_turned():
    layer = square_layer(4, 4, merged_pairs=((1, 2), (8, 9)))
    field = float(layer["field"])
    turned = layer.assign(
        centre_x=layer["centre_y"], centre_y=field - layer["centre_x"], angle=layer["angle"] - 90
    )
    before, after = network.sheet_conductance(layer), network.sheet_conductance(turned)
    assert after == pytest.approx(before, rel=1e-9)


def test_conductance_of_a_gap__falls_by_e_every_decay_length():
    near, far = (
        network.sheet_conductance(square_layer(4, 4, edge=EDGE, gap=gap)) * (EDGE + gap)
        for gap in (2.0, 2.0 + DECAY_LENGTH_NM)
    )
    assert near / far == pytest.approx(np.e, rel=2e-3)


def test_wedge__conducts_as_the_sum_of_its_slices():
    turn = 5.0
    layer = square_layer(1, 2, edge=EDGE, gap=GAP, angle=np.array([0.0, turn]))
    found = network.links(layer).conductance
    first_right = layer["centre_x"].values[0] + EDGE / 2
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    along = np.linspace(-EDGE / 2, EDGE / 2, 20001)
    x = layer["centre_x"].values[1] - EDGE / 2 * cosine - along * sine
    y = -EDGE / 2 * sine + along * cosine
    seen = abs(y) <= EDGE / 2
    slices = np.exp(-(x - first_right)[seen] / DECAY_LENGTH_NM).mean() * np.ptp(y[seen])
    expected = network.CONDUCTIVITY_S_PER_M * 1e-9 * EDGE * slices / (EDGE + GAP)
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_merging__conducts_better_where_the_gap_fills_and_worse_where_it_opens():
    pairs = [(row + 1, row + 2) for row in (0, 4, 8, 12)]
    fresh = network.sheet_conductance(square_layer(4, 4))
    torn = square_layer(4, 4, merged_pairs=pairs)
    assert network.sheet_conductance(torn) < 0.1 * fresh
    filled = torn.assign(centre_x=square_layer(4, 4)["centre_x"])
    assert network.sheet_conductance(filled) > fresh


def test_destroyed_layer__leaves_the_leakage():
    layer = square_layer(3, 3, state=np.ones(9, "i1"))
    electrodes = Electrodes(5, 6760, 250)
    assert network.cell_conductance(layer, electrodes) == LEAKAGE_S
    _, truth = sweep(layer)
    assert float(truth["conductance"]) == LEAKAGE_S


def test_electrodes__count_all_gaps_between_all_fingers():
    assert Electrodes(5, 100, 1).cell_constant == 20
    assert Electrodes(5, 100, 3).cell_constant == 100
    # Halving gap and fingers keeps the capacitance: it is per length of finger alone.
    assert Electrodes(5, 100, 3).capacitance == Electrodes(2.5, 100, 3).capacitance


def test_storage_in_air__raises_the_resistance_of_the_same_layers():
    settings = defaults("specimen") | {"field_nm": 250}
    resistance = np.empty((4, 3))
    for seed, column in product(range(4), range(3)):
        hours = (1, 24, 216)[column]
        about = {"sample": "film", "condition": f"after-{hours}", "substrate": "glass"}
        layer = grow(about, {"storage_time_h": hours}, seed=seed, settings=settings)
        resistance[seed, column] = 1 / network.sheet_conductance(layer)
    assert (resistance[:, 2] > 2 * resistance[:, 0]).all()
    assert (np.diff(np.log(resistance).mean(axis=0)) > 0).all()


def test_layer__resists_more_while_gaps_part_it_and_conducts_once_it_is_one_film():
    settings = defaults("specimen") | {"field_nm": 250}
    about = {"sample": "film", "condition": "any", "substrate": "glass"}
    heated = {"anneal_temperature_c": 150.0, "anneal_time_h": 1.0}
    conditions = ({}, {"storage_time_h": 216.0}, heated, {"storage_time_h": 4380.0})
    layers = [grow(about, storage, seed=1, settings=settings) for storage in conditions]
    fresh, days, annealed, months = (network.sheet_conductance(layer) for layer in layers)
    spans = [max(np.bincount(layer["particle"])) / layer.sizes["crystal"] for layer in layers]
    assert days < 0.5 * fresh
    assert spans[1] < 0.2
    assert min(annealed, months) > 10 * fresh
    assert min(spans[2:]) > 0.5


def test_slope__is_the_conductance_where_nothing_else_conducts():
    points = source_meter.sweep(1.0, 0.047, 0.01)
    response = source_meter.Response(3e-9, 0.0, 0.0, 0.5, 0.0, 8.0)
    np.testing.assert_allclose(
        source_meter.current(points, response), 3e-9 * points.voltage, atol=1e-24
    )
    # The layer's own, through the file's columns.
    quiet = SILENT | {"ion_share": 0, "nonohmic_share": 0}
    columns, truth = sweep(square_layer(6, 6, gap=1.5), **quiet)
    slope = np.polyfit(columns.values["voltage_v"], columns.values["current_a"], 1)[0]
    assert slope == pytest.approx(float(truth["conductance"]), rel=1e-3)
    per_square = float(truth["sheet_conductance"] * truth["cell_constant"])
    assert per_square == pytest.approx(float(truth["conductance"]))


def test_capacitance__opens_the_loop_by_twice_its_charging_current():
    points = source_meter.sweep(1.0, 0.047, 0.01)
    true = source_meter.current(points, source_meter.Response(0.0, 1e-10, 0.0, 0.5, 0.0, 8.0))
    np.testing.assert_allclose(np.unique(np.abs(true)), 1e-10 * 0.047)
    turn = points.voltage.size // 2
    np.testing.assert_allclose(true[:turn] - true[turn + 1 :][::-1], 2 * 1e-10 * 0.047)


def test_ions__follow_a_slow_sweep_and_lag_by_rate_times_memory_in_a_long_one():
    def excess(rate):
        points = source_meter.sweep(1.0, rate, 0.01)
        whole = source_meter.current(points, source_meter.Response(1.0, 0.0, 0.0, 0.5, 0.2, 8.0))
        return whole - points.voltage

    assert np.abs(excess(1e-6)).max() < 1e-5
    assert excess(0.01)[190] == pytest.approx(0.2 * 0.01 * 8.0, rel=1e-3)


def test_excess__begins_at_the_threshold_and_is_its_share_at_the_limit():
    points = source_meter.sweep(1.0, 0.047, 0.01)
    true = source_meter.current(points, source_meter.Response(1.0, 0.0, 0.1, 0.5, 0.0, 8.0))
    inside = np.abs(points.voltage) <= 0.5
    np.testing.assert_allclose(true[inside], points.voltage[inside], atol=1e-15)
    assert true.max() == pytest.approx(1.1)
    assert true.min() == pytest.approx(-1.1)


def test_hysteresis__is_what_the_quiet_columns_show_at_zero_volt():
    columns, truth = sweep(square_layer(6, 6, gap=1.0), **SILENT)
    voltage, current = columns.values["voltage_v"], columns.values["current_a"]
    turn = voltage.size // 2
    up = np.interp(0, voltage[: turn + 1], current[: turn + 1])
    down = np.interp(0, voltage[turn:][::-1], current[turn:][::-1])
    assert up - down == pytest.approx(float(truth["hysteresis_current"]), rel=0.02)
    assert 0 < float(truth["hysteresis_index"]) < 1


def test_meter__reads_digits_of_its_range_and_stops_at_compliance():
    columns, _ = sweep(square_layer(6, 6), compliance_a=1e-9)
    current = columns.values["current_a"]
    assert np.abs(current).max() == 1e-9
    np.testing.assert_allclose(current / 1e-11, np.round(current / 1e-11), atol=1e-6)
    rng = np.random.default_rng(0)
    noisy = [source_meter.read(np.full(4000, value), 5e-6, rng) for value in (5e-7, 5e-5)]
    assert noisy[1].std() / noisy[0].std() == pytest.approx(100, rel=0.1)


def test_sweep__takes_the_time_of_its_scan_rate():
    columns, _ = sweep(square_layer(2, 2))
    voltage, time = columns.values["voltage_v"], columns.values["time_s"]
    assert voltage[[0, 200, 400]] == pytest.approx([-1, 1, -1], abs=1e-3)
    assert time[200] == pytest.approx(2 / 0.047, abs=0.05)
    assert (np.diff(time) > 0).all()


def test_impedance__ends_at_the_resistance_of_the_direct_current():
    layer = square_layer(6, 6)
    _, of_current = sweep(layer)
    _, truth = spectrum(layer)
    film = float(truth["film_resistance"])
    assert film * float(of_current["conductance"]) == pytest.approx(1, rel=1e-12)
    names = ("series_resistance", "film_resistance", "cpe_coefficient", "cpe_exponent")
    circuit = impedance.Circuit(*(float(truth[name]) for name in names))
    slow, fast = impedance.impedance(np.array([1e-12, 1e18]), circuit)
    assert slow == pytest.approx(circuit.series_resistance + film, rel=1e-6)
    assert fast == pytest.approx(circuit.series_resistance, rel=1e-6)


def test_arc__peaks_where_resistance_and_capacitance_say():
    circuit = impedance.Circuit(0.0, 1e8, impedance.cpe_coefficient(1e-10, 1e8, 0.9), 0.9)
    frequency = np.geomspace(0.1, 1e3, 4001)
    peak = frequency[np.argmin(impedance.impedance(frequency, circuit).imag)]
    assert 2 * np.pi * peak * 1e8 * 1e-10 == pytest.approx(1, rel=0.01)


def imaginary_by_kramers_kronig(frequency, real, at):
    """Imaginary part at index ``at`` from the real part, by the trapezoid in log frequency."""
    omega, there = 2 * np.pi * frequency, 2 * np.pi * frequency[at]
    with np.errstate(invalid="ignore"):
        kernel = (real - real[at]) / (omega**2 - there**2) * omega
    kernel[at] = (kernel[at - 1] + kernel[at + 1]) / 2
    return 2 * there / np.pi * np.trapezoid(kernel, np.log(omega))


def test_impedance__is_causal_unless_it_drifts():
    frequency = np.geomspace(1e-9, 1e13, 22001)
    circuit = impedance.Circuit(120.0, 1e8, 1.2e-10, 0.95)
    whole = impedance.impedance(frequency, circuit)
    drifting = impedance.impedance(
        frequency, circuit._replace(film_resistance=1e8 * (1 + 0.5 * (frequency < 10)))
    )
    at = int(np.searchsorted(frequency, 20))
    found = [imaginary_by_kramers_kronig(frequency, z.real, at) for z in (whole, drifting)]
    assert found[0] == pytest.approx(whole[at].imag, rel=2e-3)
    assert abs(found[1] / drifting[at].imag - 1) > 0.05


def test_drift__changes_the_slow_end_alone():
    layer = square_layer(6, 6)
    still, _ = spectrum(layer)
    drifting, truth = spectrum(layer, drift_fraction=0.4)
    ratio = drifting.values["impedance_real_ohm"] / still.values["impedance_real_ohm"]
    assert ratio[-1] == pytest.approx(1.4, abs=0.15)
    assert ratio[20] == pytest.approx(1, abs=0.02)
    assert float(truth["drift_fraction"]) == 0.4


def test_noise__follows_modulus_and_rises_where_currents_are_small():
    frequency = defaults("instruments/impedance")
    assert (frequency["high_frequency_hz"], frequency["low_frequency_hz"]) == (1e5, 0.1)
    layer, spread = square_layer(6, 6, gap=3.0), []
    quiet, truth = spectrum(layer, noise_share=0, noise_current_fa=0)
    clean = quiet.values["impedance_real_ohm"] + 1j * quiet.values["impedance_imag_ohm"]
    for seed in range(40):
        columns, _ = spectrum(layer, seed)
        noisy = columns.values["impedance_real_ohm"] + 1j * columns.values["impedance_imag_ohm"]
        spread.append(np.abs(noisy - clean) ** 2)
    relative = np.sqrt(np.mean(spread, axis=0)) / np.abs(clean)
    assert relative[:20].mean() == pytest.approx(0.003, rel=0.1)
    floor = np.abs(clean[-1]) * 100e-15 / 0.02
    assert relative[-5:].mean() == pytest.approx(np.hypot(0.003, floor), rel=0.3)
    assert np.abs(clean[-1]) == pytest.approx(float(truth["film_resistance"]), rel=0.3)
