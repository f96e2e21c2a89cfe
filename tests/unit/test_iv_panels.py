"""Panels of conductances and circuits: what is drawn is what the products hold."""

import numpy as np
import pytest
import xarray as xr
from figure_trees import texts

from nanostitch import draw, schema
from nanostitch.eis import circuit
from nanostitch.iv import conductance

IV = schema.with_defaults({}, schema.load("iv"))["conductance"]
EIS = schema.with_defaults({}, schema.load("eis"))["circuit"] | {"circuits": ["R0-p(R1,CPE1)"]}
FREQUENCY = np.geomspace(0.1, 1e5, 61)


def about(technique, acquisition, condition, product):
    return {
        "batch": "test",
        "technique": technique,
        "acquisition": acquisition,
        "sample": "film_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "product": product,
        "simulated": 0,
    }


def swept(acquisition="iv_1", condition="fresh", g=5e-9, noise=5e-12):
    up = np.linspace(-1, 1, 101)
    voltage = np.concatenate([up, up[-2::-1]])
    random = np.random.default_rng(1)
    current = g * voltage + noise * random.standard_normal(voltage.size)
    columns = {
        "voltage": (voltage, "V"),
        "current": (current, "A"),
        "time": (np.arange(voltage.size) * 0.4, "s"),
    }
    raw = xr.Dataset({n: ("point", one, {"units": u}) for n, (one, u) in columns.items()})
    product = conductance.measure(raw, None, **IV)
    names = ((raw, "raw"), (product, "conductance"))
    return [one.assign_attrs(about("iv", acquisition, condition, name)) for one, name in names]


def spectrum(acquisition="eis_1", condition="fresh", mirrored=False):
    z = 120 + 1 / (1 / 2e8 + 1.44e-10 * (2j * np.pi * FREQUENCY) ** 0.95)
    z = z.conj() if mirrored else z
    noise = np.random.default_rng(1).standard_normal((2, z.size)) * 0.002 * np.abs(z)
    parts = {"impedance_real": z.real + noise[0], "impedance_imag": z.imag + noise[1]}
    raw = xr.Dataset(
        {name: ("frequency", one, {"units": "ohm"}) for name, one in parts.items()},
        {"frequency": ("frequency", FREQUENCY, {"units": "Hz"})},
    )
    product = circuit.measure(raw, None, **EIS)
    names = ((raw, "raw"), (product, "circuit"))
    return [one.assign_attrs(about("eis", acquisition, condition, name)) for one, name in names]


def collected(panel, products):
    declared = {"title": "One panel", "panels": [{"select": {}, **panel}]}
    return draw.collect(declared, products)


def words(figure):
    return " | ".join(" ".join(text.get_text().split()) for text in texts(figure))


def test_conductance__is_drawn_with_its_interval_and_unit():
    products = [*swept(), *swept("iv_2", "aged", g=1e-10)]
    tree = collected({"kind": "conductance"}, products)
    data = tree["a"].to_dataset()
    assert data["value"].attrs["units"] == "nS"
    for at, g in enumerate((5.0, 0.1)):
        assert float(data["value_lower"][at]) <= g <= float(data["value_upper"][at])
    figure = draw.figure(tree)
    assert figure.axes[0].get_yscale() == "log"
    assert "Conductance (nS)" in words(figure)


def test_conductance__below_noise_is_an_upper_limit_and_said():
    tree = collected({"kind": "conductance"}, [*swept(), *swept("iv_2", "dead", g=0.0)])
    assert "Upper limit" in words(draw.figure(tree))
    assert "no conductance beyond noise" in tree["a"].attrs["notes"]


def test_conductance__that_is_not_there_is_named():
    tree = collected({"kind": "conductance", "quantity": "sheet_conductance"}, swept())
    assert "not drawn" in tree["a"].attrs["notes"]
    assert "no usable conductance" in words(draw.figure(tree))


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_current_voltage__draws_the_conductance_over_its_window(scale):
    tree = collected({"kind": "current_voltage", "fit": True, "scale": scale}, swept())
    data = tree["a"].to_dataset()
    slope = np.gradient(data["fit_current"].values[0], data["fit_voltage"].values[0])
    assert np.abs(slope[[0, -1]]) == pytest.approx(5.0, rel=0.02)  # nA/V
    assert "Ohmic window" in words(draw.figure(tree))


def test_nyquist__draws_the_circuit_through_the_points():
    tree = collected({"kind": "nyquist", "fit": True}, spectrum())
    data = tree["a"].to_dataset()
    assert np.nanmax(data["fit_resistance"]) == pytest.approx(float(data["resistance"].max()), 0.01)
    assert "Black: equivalent circuit" in words(draw.figure(tree))


@pytest.mark.parametrize(
    ("quantity", "name", "first", "last"),
    [("modulus", "modulus", 200.0, None), ("phase", "phase", 0.6, 85.5)],
)
def test_bode__runs_from_a_resistance_to_a_capacitance(quantity, name, first, last):
    tree = collected({"kind": "bode", "quantity": quantity}, spectrum())
    data = tree["a"].to_dataset()
    assert float(data[name][0, 0]) == pytest.approx(first, abs=1.0)
    if last is not None:
        assert float(data[name][0, -1]) == pytest.approx(last, abs=1.0)
    assert np.allclose(data["fit"], data[name], rtol=0.05, atol=0.5)
    assert draw.figure(tree).axes[0].get_xscale() == "log"


def test_bode__shows_residuals_of_a_refused_spectrum_and_says_why_it_has_no_circuit():
    products = spectrum(mirrored=True)
    residuals = collected({"kind": "bode", "quantity": "residuals"}, products)
    assert float(np.abs(residuals["a"]["residual"]).max()) > 10  # per cent
    modulus = collected({"kind": "bode"}, products)
    assert "no circuit (breaks the Kramers-Kronig relations" in modulus["a"].attrs["notes"]
    draw.figure(modulus)
