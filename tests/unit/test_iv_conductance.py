"""Conductance of a swept film: known responses come back, with what the electrodes make of them."""

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import spsolve

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.iv import CONDUCTANCE
from nanostitch.iv import conductance, electrodes, loop, response, solar_cell, sweep
from nanostitch.iv.intervals import ratio, scaled

SETTINGS = schema.with_defaults({}, schema.load("iv"))["conductance"]
G, C, RATE = 5e-9, 1.2e-10, 0.047
TOLD = {"electrode_gap_um": 5.0, "electrode_length_mm": 6.76, "electrode_pairs": 250}


def recorded(current=None, points=201, limit=1.0, noise=5e-12, seed=1, time=True, attrs=None):
    """A sweep up and down; ``current`` is a function of voltage, direction and time."""
    up = np.linspace(-limit, limit, points)
    voltage = np.concatenate([up, up[-2::-1]])
    direction = np.where(np.arange(voltage.size) < points, 1.0, -1.0)
    clock = np.arange(voltage.size) * (up[1] - up[0]) / RATE
    ohmic = G * voltage + C * RATE * direction + 3e-11
    values = ohmic if current is None else current(voltage, direction, clock)
    values = values + noise * np.random.default_rng(seed).standard_normal(voltage.size)
    columns = {"voltage": voltage, "current": values} | ({"time": clock} if time else {})
    columns = {name: ("point", one) for name, one in columns.items()}
    return xr.Dataset(columns, attrs=attrs or {})


def measured(dataset, compared_with=None, **settings):
    found = conductance.measure(dataset, compared_with, **(SETTINGS | settings))
    return contracts.check(found, CONDUCTANCE, "conductance.nc")


def holds(product, name, true):
    return float(product[f"{name}_lower"]) <= true <= float(product[f"{name}_upper"])


def test_ohmic_film__gives_every_term_of_its_response():
    found = measured(recorded())
    assert quality.level(found) == "good"
    for name, true in {"conductance": G, "capacitance": C, "offset_current": 3e-11}.items():
        assert holds(found, name, true), name
    assert holds(found, "charging_current", C * RATE)
    assert holds(found, "hysteresis_current", 2 * C * RATE)
    assert float(found["sweep_rate"]) == pytest.approx(RATE)
    assert float(found["noise_current"]) == pytest.approx(5e-12, rel=0.15)


def test_slow_carriers__do_not_count_as_conductance():
    def ions(voltage, direction, clock):
        u = response.lagging(voltage, clock, np.array([8.0]))[:, 0]
        return G * (voltage + 0.1 * u)

    found = measured(recorded(ions))
    assert holds(found, "conductance", G)
    assert holds(found, "slow_conductance", 0.1 * G)
    assert float(found["relaxation_time"]) == pytest.approx(8.0, rel=0.3)
    naive = np.polyfit(recorded(ions)["voltage"], recorded(ions)["current"], 1)[0]
    assert not holds(found, "conductance", naive)


def test_lagging__is_the_solution_of_its_differential_equation():
    clock = np.array([0.0, 0.7, 1.1, 3.0, 3.5])
    voltage = np.array([0.0, 1.0, -0.5, 0.5, 0.5])
    tau = 0.9
    u = response.lagging(voltage, clock, np.array([tau]))[:, 0]

    def drive(s):
        at = np.searchsorted(clock, s, side="right") - 1
        return np.diff(voltage)[at] / np.diff(clock)[at] * np.exp((s - clock[-1]) / tau)

    exact = sum(quad(drive, a, b - 1e-12)[0] for a, b in zip(clock[:-1], clock[1:], strict=True))
    assert u[-1] == pytest.approx(exact, rel=1e-6)


def test_bent_curve__narrows_its_window_and_keeps_the_conductance_at_0_v():
    found = measured(recorded(lambda v, *_: G * (v + 0.5 * v**3 + 0.2 * v**2), noise=1e-12))
    assert holds(found, "conductance", G)
    assert float(found["ohmic_limit"]) < 0.5
    assert float(found["log_slope"][0]) == pytest.approx(2.5 / 1.5, abs=0.25)


def test_power_law__has_its_exponent_as_slope_and_is_no_ohmic_film():
    found = measured(recorded(lambda v, *_: 1e-8 * v**3, noise=1e-13))
    assert "no ohmic window" in found["verdict"].attrs["reasons"]
    assert float(found["log_slope"][0]) == pytest.approx(3.0, abs=0.05)


def test_scaling__of_the_current_scales_conductances_alone():
    one, ten = measured(recorded()), measured(recorded().assign(current=10 * recorded()["current"]))
    for name in ("conductance", "offset_current", "hysteresis_current"):
        for end in ("", "_lower", "_upper"):
            assert float(ten[name + end]) == pytest.approx(10 * float(one[name + end]), rel=1e-6)
    assert float(ten["hysteresis_index"]) == pytest.approx(float(one["hysteresis_index"]), rel=1e-6)


def test_turned_leads__leave_the_conductance():
    flipped = recorded().assign(voltage=-recorded()["voltage"], current=-recorded()["current"])
    one, two = measured(recorded()), measured(flipped)
    assert float(one["conductance"]) == pytest.approx(float(two["conductance"]), rel=1e-6)
    assert float(one["offset_current"]) == pytest.approx(-float(two["offset_current"]), rel=1e-6)


def test_spikes__do_not_move_the_conductance():
    spiked = recorded()
    spiked["current"][[40, 150, 260]] += 1e-9
    assert holds(measured(spiked), "conductance", G)


def test_readings_in_whole_digits__still_have_honest_intervals():
    """Where the current rises by whole digits a point, most residuals repeat."""
    held = []
    for seed in range(12):
        whole = recorded(noise=3e-12, seed=seed)
        whole["current"] = np.round(whole["current"] / 1e-11) * 1e-11
        held.append(holds(measured(whole), "conductance", G))
    assert sum(held) >= 10  # 95 % of 12 less two standard deviations


def test_compliance__is_left_out_and_said():
    limited = recorded(attrs={"compliance_a": 4e-9})
    limited["current"] = limited["current"].clip(-4e-9, 4e-9)
    found = measured(limited)
    assert "at the limit of the current left out" in found["verdict"].attrs["reasons"]
    assert holds(found, "conductance", G)
    unstated = measured(limited.assign_attrs({"compliance_a": np.nan}))
    assert "at the limit" in unstated["verdict"].attrs["reasons"]


def test_one_direction__is_doubtful_and_has_no_capacitance():
    found = measured(recorded().isel(point=slice(0, 201)))
    assert quality.level(found) == "doubtful"
    assert "one direction" in found["verdict"].attrs["reasons"]
    assert np.isnan(found["capacitance"])
    assert np.isnan(found["hysteresis_index"])
    assert holds(found, "conductance", G)


def test_without_time__a_stated_rate_serves_and_nothing_is_guessed():
    stated = measured(recorded(time=False, attrs={"sweep_rate_v_per_s": RATE}))
    assert holds(stated, "capacitance", C)
    unknown = measured(recorded(time=False))
    assert np.isnan(unknown["capacitance"])
    assert "no time and no sweep rate" in unknown["verdict"].attrs["reasons"]
    assert holds(unknown, "hysteresis_current", 2 * C * RATE)


def test_no_film__gives_an_upper_limit_and_no_plausible_number():
    found = measured(recorded(lambda v, *_: 0 * v, noise=5e-12))
    assert "no conductance beyond noise" in found["verdict"].attrs["reasons"]
    assert float(found["conductance_upper"]) < 5e-11
    dead = measured(recorded(lambda v, *_: 0 * v, noise=0.0))
    assert quality.level(dead) == "bad"
    assert np.isnan(dead["conductance"])


def test_few_points__are_refused():
    found = measured(recorded(points=8))
    assert quality.level(found) == "bad"
    assert "points in the inner 30 % of the voltages" in found["verdict"].attrs["reasons"]


def test_electrodes__make_sheet_conductance_and_resistivity():
    found = measured(recorded(attrs=TOLD))
    squares = 499 * 6.76e-3 / 5e-6
    assert float(found["cell_constant"]) == pytest.approx(squares)
    assert float(found["sheet_conductance"]) == pytest.approx(float(found["conductance"]) / squares)
    thick = measured(recorded(attrs=TOLD | {"film_thickness_nm": 10.0}))
    sheet = float(thick["sheet_conductance"])
    assert float(thick["resistivity"]) == pytest.approx(1e-8 / sheet)
    lacking = measured(recorded(attrs={"electrode_gap_um": 5.0}))
    assert "electrode_pairs" in lacking["verdict"].attrs["reasons"]
    assert "sheet_conductance" not in lacking


def laplace(gap, thickness, n):
    """Conductance of a gap over the conductivity, by finite differences in half of it."""
    h = thickness / n
    columns = round(gap / 2 / h) + 4 * n  # half a gap, and four thicknesses over the electrode
    number = np.arange((n + 1) * (columns + 1)).reshape(n + 1, columns + 1)
    known = np.zeros(number.shape, bool)
    value = np.zeros(number.shape)
    known[:, 0] = True  # the middle of the gap
    over = np.arange(columns + 1) * h >= gap / 2 - 1e-9
    known[0, over] = True
    value[0, over] = 1.0
    along, across = np.ones((n + 1, columns)), np.ones((n, columns + 1))
    along[[0, -1]] = 0.5  # links on an edge carry half
    across[:, -1] = 0.5
    ends = [(number[:, :-1], number[:, 1:], along), (number[:-1], number[1:], across)]
    first, second, link = (np.concatenate([one[i].ravel() for one in ends]) for i in range(3))
    web = coo_array((link, (first, second)), shape=(number.size,) * 2)
    web = (web + web.T).tocsr()
    whole = (diags_array(web.sum(axis=1)) - web).tocsr()
    free = ~known.ravel()
    found = value.ravel().copy()
    found[free] = spsolve(whole[free][:, free].tocsc(), -whole[free] @ value.ravel())
    return float(found @ whole @ found) / 2


def test_thickness_factor__is_laplace_between_coplanar_electrodes():
    """The error of finite differences at the edge of an electrode goes with their step."""
    for thickness in (0.25, 1.0):
        coarse, fine = (laplace(1.0, thickness, n) for n in (20, 40))
        factor = electrodes.thickness_factor(electrodes.Electrodes(1.0, 1.0, 1), thickness)
        assert factor * thickness == pytest.approx(2 * fine - coarse, rel=0.01)


def test_thickness_factor__tends_to_1_for_thin_films_without_a_step():
    made = electrodes.Electrodes(5e-6, 1e-3, 1)
    thin = [electrodes.thickness_factor(made, t) for t in (1e-9, 3.9e-8, 3.95e-8, 1e-7, 1e-6)]
    assert thin[0] == pytest.approx(1.0, abs=2e-4)
    assert np.all(np.diff(thin) < 0)
    assert thin[1] == pytest.approx(thin[2], rel=2e-4)


def test_ratio__of_films_holds_the_truth_and_is_1_against_itself():
    one = measured(recorded(seed=1))
    two = measured(recorded(lambda v, *_: 3 * G * v, seed=2), compared_with=one)
    assert holds(two, "conductance_ratio", 3.0)
    same = measured(recorded(seed=1), compared_with=one)
    assert float(same["conductance_ratio"]) == pytest.approx(1.0)


def test_ratio_interval__is_that_of_fieller_for_normal_numbers():
    a, b, sa, sb, z = 10.0, 4.0, 1.0, 0.4, 1.959964
    found = ratio((a, a - z * sa, a + z * sa), (b, b - z * sb, b + z * sb))
    g = (z * sb / b) ** 2
    root = z / b * np.sqrt((1 - g) * sa**2 + (a / b) ** 2 * sb**2)
    assert found[1:] == pytest.approx(((a / b - root) / (1 - g), (a / b + root) / (1 - g)))
    assert np.isnan(ratio((1.0, 0.5, 1.5), (1.0, -0.5, 2.5))).all()
    assert scaled((1.0, 0.0, 2.0), -2.0) == (-2.0, -4.0, 0.0)


def test_loop__of_an_ellipse_has_its_area():
    """I = sin(t) + b cos(t) against V = sin(t): the loop encloses pi b."""
    t = np.concatenate(
        [np.linspace(-np.pi / 2, np.pi / 2, 400), np.linspace(np.pi / 2, 1.5 * np.pi, 400)[1:]]
    )
    b = 0.3
    points = sweep.read(
        xr.Dataset(
            {"voltage": ("point", np.sin(t)), "current": ("point", np.sin(t) + b * np.cos(t))}
        )
    )
    found = loop.measure(points, 0.0, (0.0, 0.0, 0.0), 1e-6, 1.0)
    assert found.current[0] == pytest.approx(2 * b, rel=0.02)
    legs = [np.abs(np.sin(t) + s * b * np.cos(t)) * np.abs(np.cos(t)) for s in (1, -1)]
    total = sum(np.trapezoid(one[:400], t[:400]) for one in legs)
    assert found.share[0] == pytest.approx(np.pi * b / total, rel=0.01)


def test_legs__are_split_where_the_voltage_turns():
    three = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, -1, 100), np.linspace(-1, 0, 50)])
    noisy = three + 1e-4 * np.random.default_rng(0).standard_normal(three.size)
    legs = sweep.legs(noisy)
    assert legs.max() == 2
    assert np.abs(np.flatnonzero(np.diff(legs)) - np.array([49, 149])).max() <= 2


def test_diode__is_no_film_and_a_resistor_with_an_offset_no_diode():
    v = np.linspace(-0.2, 1.2, 141)
    light = 1e-12 * np.expm1(v / 0.05) - 3e-3
    found = solar_cell.parameters(v, light)
    assert found is not None
    assert found.short_circuit_current == pytest.approx(-3e-3)
    assert found.open_circuit_voltage == pytest.approx(0.05 * np.log1p(3e-3 / 1e-12), rel=1e-3)
    assert solar_cell.parameters(v, 1e-3 * v - 5e-4) is None
    flipped = solar_cell.parameters(v, -light)
    assert flipped is not None
    assert flipped.fill_factor == pytest.approx(found.fill_factor)


@pytest.mark.parametrize(
    ("curve", "jsc", "voc", "fill", "power"),
    [
        ("b_rev", -21.990472, 1.212763, 79.948537, 21.321657),
        ("b_for", -21.944247, 1.199200, 78.653476, 20.698082),
        ("c_rev", -21.919781, 1.202260, 79.799317, 21.029735),
        ("c_for", -21.907378, 1.190295, 78.685959, 20.518333),
        ("f_rev", -22.156144, 1.204357, 80.297248, 21.426440),
        ("f_for", -22.112372, 1.195193, 79.548480, 21.023516),
    ],
)
def test_keithley__gives_the_parameters_of_its_header(realdata, curve, jsc, voc, fill, power):
    """To the digits that the instrument's program printed."""
    (path,) = (realdata / "iv/hzb_keithley").glob("HZB_MiGo*")
    found = measured(raw.read(path, "iv", {}, curve))
    assert float(found["short_circuit_current_density"]) == pytest.approx(jsc, abs=5e-5)
    assert float(found["open_circuit_voltage"]) == pytest.approx(voc, abs=5e-6)
    assert 100 * float(found["fill_factor"]) == pytest.approx(fill, abs=5e-4)
    assert 100 * float(found["power_conversion_efficiency"]) == pytest.approx(power, abs=5e-4)
    assert np.isnan(found["conductance"])
