"""Impedance: valid spectra keep their circuit, breaches are refused, real circuits are known."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, quality, raw, schema
from nanostitch.contracts.eis import CIRCUIT
from nanostitch.eis import bounds, circuit, elements, fit, kramers_kronig, noise, ranking

SETTINGS = schema.with_defaults({}, schema.load("eis"))["circuit"]
FEW = {"circuits": ["R0-p(R1,C1)", "R0-p(R1,CPE1)", "R0-p(R1,CPE1)-p(R2,CPE2)"]}
FREQUENCY = np.geomspace(0.1, 1e5, 61)
OMEGA = 2 * np.pi * FREQUENCY
R, CAPACITANCE, N, LEADS = 2e8, 1.2e-10, 0.95, 120.0
Q = CAPACITANCE**N * R ** (N - 1)
TIME = np.cumsum(np.maximum(2 / FREQUENCY, 0.125)[::-1])[::-1]


def film(drift=0.0, r=R):
    """Impedance of a film whose resistance drifts while the spectrum is taken."""
    each = np.maximum(2 / FREQUENCY, 0.125)
    drifted = r * (1 + drift * (TIME - each / 2) / TIME.max())
    return LEADS + 1 / (1 / drifted + Q * (1j * OMEGA) ** N)


def spectrum(z=None, share=0.003, seed=1, time=True, **attrs):
    z = film() if z is None else z
    parts = (
        np.random.default_rng(seed).standard_normal((2, z.size)) * share / np.sqrt(2) * np.abs(z)
    )
    columns = {"impedance_real": z.real + parts[0], "impedance_imag": z.imag + parts[1]}
    columns |= {"time": TIME[: z.size]} if time else {}
    columns = {name: ("frequency", one) for name, one in columns.items()}
    return xr.Dataset(columns, {"frequency": FREQUENCY[: z.size]}, attrs)


def measured(dataset, direct=None, **settings):
    found = circuit.measure(dataset, direct, **(SETTINGS | FEW | settings))
    return contracts.check(found, CIRCUIT, "circuit.nc")


def holds(product, name, true):
    return float(product[f"{name}_lower"]) <= true <= float(product[f"{name}_upper"])


def test_film__gives_its_elements_without_an_initial_guess():
    found = measured(spectrum())
    assert quality.level(found) == "good"
    assert found["model_real"].attrs["circuit"] == "R0-p(R1,CPE1)"
    truth = {"film_resistance": R, "series_resistance": LEADS, "cpe_exponent": N}
    truth |= {"cpe_coefficient": Q, "capacitance": CAPACITANCE, "drift_fraction": 0.0}
    for name, true in truth.items():
        assert holds(found, name, true), name
    assert float(found["noise_share"]) == pytest.approx(0.003, rel=0.2)


def test_exact_spectrum__comes_back_to_many_digits():
    found = measured(spectrum(share=1e-7), circuits=["R0-p(R1,CPE1)"])
    assert float(found["film_resistance"]) == pytest.approx(R, rel=1e-5)
    assert float(found["series_resistance"]) == pytest.approx(LEADS, rel=1e-2)
    assert float(found["peak_frequency"]) == pytest.approx(1 / (2 * np.pi * R * CAPACITANCE), 1e-4)


@pytest.mark.parametrize(
    "broken",
    [
        film().conj(),
        film() * np.exp(1j * OMEGA * 1e-5),  # an answer before the question
        film(drift=0.3),
        film(drift=-0.2),
        film().real * 1.3 + 1j * film().imag,
    ],
    ids=["mirrored", "advanced", "drifting", "drifting back", "parts that do not match"],
)
def test_breach__is_refused_and_has_no_circuit(broken):
    found = measured(spectrum(broken))
    assert quality.level(found) == "bad"
    assert "breaks the Kramers-Kronig relations" in found["verdict"].attrs["reasons"]
    for name in ("film_resistance", "series_resistance", "capacitance", "cpe_exponent"):
        assert np.isnan([float(found[name + end]) for end in ("", "_lower", "_upper")]).all()
    assert found.sizes["candidate"] == found.sizes["parameter"] == 0
    assert np.isfinite(found["kk_residual_real"]).all()


def test_drift__is_measured_where_times_are_known():
    found = measured(spectrum(film(drift=0.3)))
    assert holds(found, "drift_fraction", 0.3)
    assert "drifted by 30 %" in found["verdict"].attrs["reasons"]
    assert np.isnan(measured(spectrum(film(drift=0.3), time=False))["drift_fraction"])


def test_valid_spectra__are_refused_no_more_often_than_said():
    shapes = [film(), film(r=1e10), 50 + 1 / (1 / 1e4 + 1j * OMEGA * 1e-7)]
    found = [
        kramers_kronig.test(FREQUENCY, spectrum(z, seed=seed).pipe(_complex), 4.0).p_value
        for z in shapes
        for seed in range(20)
    ]
    assert np.mean(np.array(found) < 0.02) <= 0.07


def _complex(dataset):
    return dataset["impedance_real"].values + 1j * dataset["impedance_imag"].values


def test_chain__follows_any_causal_circuit_and_its_mu_falls_when_it_overfits():
    z = elements.impedance(
        elements.parse("R0-p(R1,C1)-p(R2,CPE2)"),
        np.array([[10.0, 1e3, 1e-6, 5e3, 1e-5, 0.8]]),
        FREQUENCY,
    )[0]
    ones = np.ones(z.size)
    assert np.abs(kramers_kronig.chain(FREQUENCY, z, 40, ones).impedance / z - 1).max() < 2e-3
    noisy = z * (1 + 0.003 * np.random.default_rng(0).standard_normal(z.size))
    mu = [kramers_kronig.chain(FREQUENCY, noisy, m, ones).mu for m in (12, 50)]
    assert mu[1] < 0.5 < mu[0]


def test_noise__of_share_and_current_is_told_apart():
    modulus = np.geomspace(1e4, 1e10, 400)
    random = np.random.default_rng(3)
    relative = np.hypot(0.003, 5e-12 * modulus)
    residual = modulus * relative / np.sqrt(2) * (random.standard_normal((2, 400)).T @ [1, 1j])
    found = noise.estimate(residual, modulus, 800)
    assert found.share == pytest.approx(0.003, rel=0.1)
    assert found.per_ohm == pytest.approx(5e-12, rel=0.25)


@pytest.mark.parametrize(
    ("text", "values", "exact"),
    [
        ("R0-C1", [5.0, 1e-6], lambda w: 5 + 1 / (1j * w * 1e-6)),
        ("p(R1,C1)", [100.0, 1e-6], lambda w: 1 / (0.01 + 1j * w * 1e-6)),
        (
            "L0-p(R1,CPE1)",
            [1e-6, 10.0, 1e-3, 0.7],
            lambda w: 1e-6j * w + 1 / (0.1 + 1e-3 * (1j * w) ** 0.7),
        ),
        ("R0-W1", [1.0, 3.0], lambda w: 1 + 3 / np.sqrt(1j * w)),
        (
            "p(R1-p(R2,C2),C1)",
            [1.0, 2.0, 1e-4, 1e-6],
            lambda w: 1 / (1j * w * 1e-6 + 1 / (1 + 1 / (0.5 + 1j * w * 1e-4))),
        ),
    ],
)
def test_circuits__have_the_impedance_that_they_are_written_for(text, values, exact):
    found = elements.impedance(elements.parse(text), np.array([values]), FREQUENCY)[0]
    assert np.allclose(found, exact(OMEGA), rtol=1e-12)


def test_diffusion__has_its_limits():
    wall, sink = (elements.parse(f"{kind}1") for kind in ("Wo", "Ws"))
    low, high = np.array([1e-6]), np.array([1e6])
    values = np.array([[7.0, 0.5]])
    assert elements.impedance(sink, values, low)[0, 0] == pytest.approx(7.0, rel=1e-3)
    assert elements.direct_current(sink, values[0]) == 7.0
    assert np.isinf(elements.direct_current(wall, values[0]))
    blocked = elements.parse("p(R1-Wo1,CPE1)")
    assert np.isinf(elements.direct_current(blocked, np.array([1.0, 7.0, 0.5, 1e-6, 0.9])))
    before_wall = elements.impedance(wall, values, low)[0, 0]
    assert before_wall.imag == pytest.approx(-7.0 / (2 * np.pi * 1e-6 * 0.5), rel=1e-3)
    s = np.sqrt(2j * np.pi * 1e6 * 0.5)
    for kind in (wall, sink):
        assert elements.impedance(kind, values, high)[0, 0] == pytest.approx(7 / s, rel=1e-3)


@pytest.mark.parametrize("text", ["p(R1,C1", "R0)C1", "X1", "R0-p()", "p(R1)", ""])
def test_circuits__that_cannot_be_read_are_refused(text):
    with pytest.raises(ValueError, match=r"circuit|brackets|bracket|branch"):
        elements.parse(text)


def test_packed__is_the_inverse_of_unpacked():
    one = elements.parse("R0-p(R1,CPE1)-p(R2-Wo2,C2)")
    values = np.array([12.0, 3e6, 2e-9, 0.71, 4e3, 5e2, 0.03, 1e-7])
    assert np.allclose(fit.unpacked(one, fit.packed(one, values)), values)


def test_ranking__takes_the_simpler_of_equals_and_the_better_of_unlike():
    one_arc = measured(spectrum(), circuits=SETTINGS["circuits"])
    assert one_arc["model_real"].attrs["circuit"] == "R0-p(R1,CPE1)"
    two = LEADS + 1 / (1 / 1e6 + 1j * OMEGA * 1e-9) + 1 / (1 / 5e6 + 1e-8 * (1j * OMEGA) ** 0.9)
    found = measured(spectrum(two), circuits=SETTINGS["circuits"])
    assert found["model_real"].attrs["circuit"] == "R0-p(R1,CPE1)-p(R2,CPE2)"
    assert holds(found, "film_resistance", 5e6)
    assert holds(found, "direct_current_resistance", 6e6 + LEADS)
    assert (np.diff(found["candidate_aicc"]) >= 0).all()


def test_profile__is_the_normal_interval_where_the_model_is_linear():
    """A lone resistance: its profile is Student's interval of a weighted mean."""
    z = np.full(40, 100.0 + 0j) + np.random.default_rng(1).standard_normal((2, 40)).T @ [1, 1j]
    data = fit.Data(np.geomspace(1, 1e4, 40), z, np.full(40, np.sqrt(2)))
    found = fit.fit(elements.parse("R0"), data, 2, np.random.default_rng(0))
    value, low, high = bounds.profile(found, data, 0)
    scatter = np.sqrt(((z.real - value) ** 2 + z.imag**2).sum() / 79 / 40)
    assert value == pytest.approx(z.real.mean(), rel=1e-6)
    assert high - low == pytest.approx(2 * bounds.threshold(found, data) * scatter, rel=0.03)


def test_cut_off_arc__is_doubtful_because_it_is_extrapolated():
    found = measured(spectrum(film(r=2e10)))
    assert "its resistance is extrapolated" in found["verdict"].attrs["reasons"]
    assert holds(found, "film_resistance", 2e10)


def test_blocking_film__has_no_resistance():
    z = LEADS + 1 / (1e-9 * (1j * OMEGA) ** 0.9)
    found = measured(spectrum(z), circuits=SETTINGS["circuits"])
    reasons = found["verdict"].attrs["reasons"]
    assert "direct current" in reasons or "extrapolated" in reasons
    assert np.isnan(found["film_resistance"]) or not float(found["film_resistance_upper"]) < 1e10


def test_direct_current__agrees_or_is_said_to_differ():
    def direct(g):
        ends = {"": g, "_lower": 0.99 * g, "_upper": 1.01 * g}
        return xr.Dataset({f"conductance{end}": value for end, value in ends.items()})

    agreed = measured(spectrum(), direct(1 / R))
    assert quality.level(agreed) == "good"
    assert holds(agreed, "conductance_ratio", 1.0)
    differs = measured(spectrum(), direct(0.5 / R))
    assert holds(differs, "conductance_ratio", 2.0)
    assert "what direct current shows" in differs["verdict"].attrs["reasons"]
    nothing = measured(spectrum(), direct(np.nan))
    assert "no conductance by direct current" in nothing["verdict"].attrs["reasons"]


def test_few_frequencies__are_refused():
    found = measured(spectrum().isel(frequency=slice(0, 10)))
    assert quality.level(found) == "bad"
    assert "10 frequencies" in found["verdict"].attrs["reasons"]


def test_electrodes__make_a_sheet_conductance():
    told = {"electrode_gap_um": 5.0, "electrode_length_mm": 6.76, "electrode_pairs": 250}
    found = measured(spectrum(**told))
    assert holds(found, "sheet_conductance", 1 / R / (499 * 6.76e-3 / 5e-6))


def test_same_input__gives_the_same_bytes():
    one, two = measured(spectrum()), measured(spectrum())
    xr.testing.assert_identical(one, two)


def test_film_arc__is_the_largest():
    text = "R0-p(R1,CPE1)-p(R2-Wo2,C2)"
    made = elements.parse(text)
    values = np.array([1.0, 10.0, 1e-6, 0.9, 50.0, 5.0, 1.0, 1e-6])
    found = fit.Fitted(made, values, fit.packed(made, values), 1.0, 0.0)
    assert ranking.film_arc(found) == ranking.Arc("R2", "C2")


@pytest.mark.parametrize("replicate", [1, 2])
@pytest.mark.parametrize(
    ("number", "r0", "r1", "c1"),
    [(1, 29.1, 46.7, 10.4e-6), (2, 150.4, 502.4, 31.2e-9), (3, 1507.0, 4630.0, 20.2e-9)],
)
def test_dummy_circuits__are_found_within_a_percent(realdata, number, r0, r1, c1, replicate):
    path = realdata / f"eis/dummy_circuits/Circuit{number}_EIS_{replicate}.z"
    circuits = ["R0-p(R1,C1)", "R0-p(R1,CPE1)", "L0-R0-p(R1,CPE1)-p(R2,CPE2)"]
    found = measured(raw.read(path, "eis", {}, None), circuits=circuits, starts=2)
    assert quality.level(found) != "bad"
    assert float(found["series_resistance"]) == pytest.approx(r0, rel=0.01)
    assert float(found["film_resistance"]) == pytest.approx(r1, rel=0.01)
    assert float(found["capacitance"]) == pytest.approx(c1, rel=0.01)


def test_battery__has_the_circuit_that_its_authors_fitted(realdata):
    """Their values are a minimum for points below the axis, equally weighted; ours is no worse."""
    told = {"headings": "frequency (Hz); Z' (ohm); Z'' (ohm)"}
    path = realdata / "eis/battery_reference_fit/exampleData.csv"
    read = raw.read(path, "eis", told, None)
    z = _complex(read)
    below = z.imag < 0
    data = fit.Data(read["frequency"].values[below], z[below], np.ones(int(below.sum())))
    one = elements.parse("R0-p(R1,C1)-p(R2-Wo1,C2)")
    known = np.array([1.652e-2, 8.677e-3, 3.321, 5.39e-3, 6.309e-2, 232.5, 0.2195])
    whole = np.ones(known.size, bool)
    theirs, squares = fit.refine(one, data, fit.packed(one, known), whole)
    assert fit.unpacked(one, theirs) == pytest.approx(known, rel=0.03)
    assert fit.fit(one, data, 10, np.random.default_rng(0)).squares <= squares
