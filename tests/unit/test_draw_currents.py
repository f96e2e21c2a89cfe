"""Panels of current and impedance: units, sweeps and frequencies as they were recorded."""

import numpy as np
import pytest
from curve_panels import (
    axes_of,
    circuit,
    curve,
    panel_a,
    raw,
    sweep,
)

from nanostitch.draw import curves, si

# Current and voltage


@pytest.mark.parametrize("exponent", range(-14, 12))
def test_prefixed__value_times_prefix_is_the_value(exponent):
    value = 3.7 * 10.0**exponent
    divisor, unit = si.prefixed(value, "A")
    assert 1 <= value / divisor < 1000
    meant = {prefix: 10.0**power for power, prefix in si.PREFIXES.items()}
    assert value / divisor * meant[unit.removesuffix("A")] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("largest", [0.0, np.nan, np.inf])
def test_prefixed__leaves_alone_what_has_no_magnitude(largest):
    assert si.prefixed(largest, "ohm") == (1.0, "ohm")
    assert si.prefixed(1e-9, "eV") == (1.0, "eV")


@pytest.mark.parametrize("value", [0, 1, -1500, 0.25, 2e5, -3.5e-7, 1e-9, 1e12, 99999, 1e-3])
def test_number__is_read_back_as_the_value(value):
    text = si.number(value).replace("−", "-")
    if "10" in text and any(sign in text for sign in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"):
        text = text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        mantissa, _, power = text.rpartition("10")
        assert float(f"{mantissa.rstrip('×') or 1}e{power}") == value
    else:
        assert float(text) == value


@pytest.mark.parametrize(("conductance", "unit"), [(2e-9, "nA"), (5e-7, "µA"), (3e-13, "pA")])
def test_current_voltage__current_in_its_unit_is_the_recorded_one(conductance, unit):
    product = sweep(conductance=conductance)
    axes = axes_of("current_voltage", product)
    assert axes.get_ylabel() == f"Current ({unit})"
    meant = {"nA": 1e-9, "µA": 1e-6, "pA": 1e-12}[unit]
    voltage, current = curve(axes)
    np.testing.assert_array_equal(voltage, product["voltage"])
    np.testing.assert_allclose(current * meant, product["current"], rtol=1e-12)


def arrows(axes):
    """Direction of each arrow along the axis of voltage."""
    return [np.sign(text.xy[0] - text.xyann[0]) for text in axes.texts if text.arrow_patch]


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("reverse", [False, True])
def test_current_voltage__an_arrow_on_each_leg_points_the_way_of_the_sweep(reverse, noise):
    axes = axes_of("current_voltage", sweep(reverse=reverse, noise=noise))
    assert arrows(axes) == ([-1, 1] if reverse else [1, -1])


def test_current_voltage__a_loop_from_zero_has_three_legs():
    voltage = np.interp(np.arange(401), [0, 100, 300, 400], [0.0, 10, -10, 0])
    columns = {"voltage": ("point", voltage, "V"), "current": ("point", voltage * 1e-9, "A")}
    data = panel_a("current_voltage", raw("iv", "i1", "fresh", {}, **columns))
    turns = np.flatnonzero(np.diff(data["leg"].values[0]))
    assert turns.tolist() == [100, 300]


def test_current_voltage__states_the_rate_at_which_it_was_swept():
    time = np.arange(401) * 0.1 / 0.047
    timed = sweep("timed", time=("point", time, "s"))
    data = panel_a("current_voltage", timed, sweep("untimed", "merged"))
    np.testing.assert_allclose(data["sweep_rate"], [47.0, np.nan])
    said = [label for _, label in curves.legend(data)]
    assert said == ["Fresh (n\xa0=\xa01, 47\xa0mV\xa0s⁻¹)", "Merged (n\xa0=\xa01)"]


def test_current_voltage__log_scale_shows_magnitudes():
    _, linear = curve(axes_of("current_voltage", sweep()))
    _, logarithmic = curve(axes_of("current_voltage", sweep(), scale="log"))
    np.testing.assert_array_equal(logarithmic, np.abs(linear))


# Impedance


def test_nyquist__a_capacitor_lies_above_the_axis():
    real, minus_imaginary = curve(axes_of("nyquist", circuit()))
    assert (minus_imaginary > 0).all()
    np.testing.assert_allclose((real - 1) ** 2 + minus_imaginary**2, 1, rtol=1e-9)


@pytest.mark.parametrize("resistance", [2e3, 5e6])
def test_nyquist__both_axes_have_one_scale(resistance):
    products = [circuit(resistance=resistance), circuit("z2", "merged", 0.3 * resistance)]
    axes = axes_of("nyquist", *products)
    assert axes.get_xlabel() == f"Re Z ({'kΩ' if resistance < 1e6 else 'MΩ'})"
    (x0, y0), (x1, y1) = axes.transData.transform([(0, 0), (1, 1)])
    assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-6)


def test_nyquist__marks_the_apex_at_its_frequency_and_every_decade_on_the_line():
    data = panel_a("nyquist", circuit(apex_hz=100.0))
    frequency = data["mark_frequency"].values[0]
    np.testing.assert_allclose(frequency, 10.0 ** np.arange(-1, 7))
    apex = int(np.argmin(abs(frequency - 100)))
    assert data["mark_resistance"].values[0, apex] == pytest.approx(1.0)
    assert data["mark_reactance"].values[0, apex] == pytest.approx(1.0)
    shifted = circuit().isel(frequency=slice(3, None, 4))
    marks = panel_a("nyquist", shifted)
    np.testing.assert_allclose(marks["mark_frequency"].values[0], 10.0 ** np.arange(0, 6))


def test_nyquist__names_frequencies_beside_the_data_and_never_on_them():
    products = [circuit(f"z{n}", f"c{n}", 1e6 * (n + 1), 30.0) for n in range(4)]
    axes = axes_of("nyquist", *products)
    named = [text for text in axes.texts if text.get_text().endswith("Hz")]
    assert named
    for line in axes.lines:
        points = axes.transData.transform(np.stack(line.get_data(), axis=-1))
        for text in named:
            box = text.get_window_extent()
            assert not any(box.contains(*point) for point in points)
