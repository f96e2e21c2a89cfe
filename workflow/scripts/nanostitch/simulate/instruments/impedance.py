"""Impedance of a layer on interdigitated electrodes, by an Autolab PGSTAT302N with FRA32M.

The circuit is a series resistance and the layer in parallel with a constant phase element. The
layer's resistance is that of the direct current through the same electrodes.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.simulate.instruments.network import Electrodes, cell_conductance
from nanostitch.simulate.recording import Columns

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

_SETTLING_CYCLES, _MEASURED_CYCLES, _SHORTEST_S = 1.0, 1.0, 0.125
"""Time at each frequency: the usual settings of the analyser."""


class Circuit(NamedTuple):
    """Series resistance, layer [ohm], and coefficient [S s^n] and exponent n of the CPE."""

    series_resistance: float
    film_resistance: Array | float
    cpe_coefficient: float
    cpe_exponent: float


def impedance(frequency: Array, circuit: Circuit) -> Complex:
    """Impedance of a circuit [ohm] at frequencies [Hz]."""
    admittance = circuit.cpe_coefficient * (2j * np.pi * frequency) ** circuit.cpe_exponent
    return np.asarray(circuit.series_resistance + 1 / (1 / circuit.film_resistance + admittance))


def cpe_coefficient(capacitance: float, resistance: float, exponent: float) -> float:
    """Coefficient of the CPE in parallel with a resistance whose arc peaks where C's would [S s^n].

    Notes
    -----
    Hsu & Mansfeld, Corrosion 57 (2001) 747: C is the coefficient times the angular frequency of
    the peak to the power n - 1.
    """
    return float(capacitance**exponent * resistance ** (exponent - 1))


def frequencies(high_hz: float, low_hz: float, points_per_decade: int) -> Array:
    """Frequencies from high to low [Hz], equally spaced in their logarithm."""
    number = max(round(np.log10(high_hz / low_hz) * points_per_decade), 1) + 1
    return np.geomspace(high_hz, low_hz, number)


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    gap_um: float,
    finger_length_um: float,
    finger_pairs: int,
    series_resistance_ohm: float,
    cpe_exponent: float,
    high_frequency_hz: float,
    low_frequency_hz: float,
    points_per_decade: int,
    amplitude_mv: float,
    noise_share: float,
    noise_current_fa: float,
    drift_fraction: float,
    decimal_separator: str,
) -> tuple[Columns, xr.Dataset]:
    """Record one spectrum from high to low frequency; see the schema for the settings.

    Returns
    -------
    tuple
        Columns ``frequency_hz``, ``impedance_real_ohm``, ``impedance_imag_ohm`` and ``time_s``;
        and the truth: ``series_resistance``, ``film_resistance``, ``cpe_coefficient``,
        ``cpe_exponent``, ``capacitance``, ``cell_constant`` and ``drift_fraction``.
    """
    electrodes = Electrodes(gap_um, finger_length_um, finger_pairs)
    resistance = 1 / cell_conductance(specimen, electrodes)
    coefficient = cpe_coefficient(electrodes.capacitance, resistance, cpe_exponent)
    frequency = frequencies(high_frequency_hz, low_frequency_hz, points_per_decade)
    at_each = np.maximum((_SETTLING_CYCLES + _MEASURED_CYCLES) / frequency, _SHORTEST_S)
    time = np.cumsum(at_each)
    drifted = resistance * (1 + drift_fraction * (time - at_each / 2) / time[-1])
    true = impedance(frequency, Circuit(series_resistance_ohm, drifted, coefficient, cpe_exponent))
    relative = np.hypot(noise_share, np.abs(true) * noise_current_fa * 1e-15 / amplitude_mv * 1e3)
    noise = rng.standard_normal((2, frequency.size)) * np.abs(true) * relative / np.sqrt(2)
    values = {
        "frequency_hz": frequency,
        "impedance_real_ohm": true.real + noise[0],
        "impedance_imag_ohm": true.imag + noise[1],
        "time_s": time,
    }
    about: dict[str, float | str] = {
        "sample": str(specimen.attrs["sample"]),
        "amplitude_v": amplitude_mv / 1e3,
        "bias_v": 0.0,
        "decimal_separator": decimal_separator,
    }
    circuit = Circuit(series_resistance_ohm, resistance, coefficient, cpe_exponent)
    return Columns(values, about), _truth(circuit, electrodes, drift_fraction)


def _truth(circuit: Circuit, electrodes: Electrodes, drift_fraction: float) -> xr.Dataset:
    values = {
        "series_resistance": (circuit.series_resistance, "ohm", "Leads and fingers"),
        "film_resistance": (
            circuit.film_resistance,
            "ohm",
            "Layer: one over its conductance for direct current, at the start",
        ),
        "cpe_coefficient": (
            circuit.cpe_coefficient,
            "S",
            "Admittance of the constant phase element at 1 radian per second",
        ),
        "cpe_exponent": (circuit.cpe_exponent, "1", "Exponent of the constant phase element"),
        "capacitance": (
            electrodes.capacitance,
            "F",
            "Of the electrodes, by the peak of the arc (Hsu & Mansfeld)",
        ),
        "cell_constant": (
            electrodes.cell_constant,
            "1",
            "Conductance over sheet conductance: width over length of all gaps in parallel",
        ),
        "drift_fraction": (drift_fraction, "1", "Change of the layer's resistance in the spectrum"),
    }
    return xr.Dataset(
        {
            name: ((), float(value), {"units": units, "long_name": meaning})
            for name, (value, units, meaning) in values.items()
        }
    )
