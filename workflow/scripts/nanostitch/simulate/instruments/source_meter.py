"""Current against voltage of a layer on interdigitated electrodes, by a Keithley 2400.

A home-made LabVIEW program sweeps the voltage up and down. The layer's conductance is that of its
network of crystals; ions that follow the voltage slowly, and the capacitance of the electrodes,
open a loop.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.signal import lfilter

from nanostitch.simulate.instruments.network import Electrodes, cell_conductance
from nanostitch.simulate.recording import Columns

Array = NDArray[np.float64]

_RANGES_A = 10.0 ** np.arange(-6, 1)
_CURRENT_DIGITS = 1e-5
"""A digit of a current range over the range: 10 pA of 1 uA (Keithley, SPEC-2400 Rev. H)."""
_VOLTAGE_DIGIT_V, _VOLTAGE_NOISE_V = 1e-5, 2e-5
"""Of the 2 V range of the same instrument; the noise is about two digits."""
_JITTER_S = 0.004
"""Standard deviation of a time stamp that a program on a desktop computer takes."""


class Sweep(NamedTuple):
    """Set voltage [V], time [s] and direction (1 up, -1 down) of every point."""

    voltage: Array
    time: Array
    direction: Array


class Response(NamedTuple):
    """What makes the current; see the settings."""

    conductance: float
    capacitance: float
    nonohmic_share: float
    nonohmic_threshold_v: float
    ion_share: float
    ion_time_s: float


def sweep(voltage_limit_v: float, scan_rate_v_per_s: float, step_v: float) -> Sweep:
    """From the lower limit to the upper and back, in steps; the turning point once."""
    steps = max(round(2 * voltage_limit_v / step_v), 2)
    up = np.linspace(-voltage_limit_v, voltage_limit_v, steps + 1)
    voltage = np.concatenate([up, up[-2::-1]])
    duration = (up[1] - up[0]) / scan_rate_v_per_s
    direction = np.where(np.arange(voltage.size) <= steps, 1.0, -1.0)
    return Sweep(voltage, duration * np.arange(voltage.size), direction)


def current(points: Sweep, response: Response) -> Array:
    """Current without offset and noise [A].

    Ohmic, with an excess that grows as the square beyond a threshold; the charging current of the
    electrodes; and a transient of ions, by which the current exceeds its lasting value until a
    voltage that lags behind by an exponential memory has caught up. Before the sweep the layer
    rested at the first voltage.
    """
    size = np.abs(points.voltage)
    limit, start = float(size.max()), response.nonohmic_threshold_v
    beyond = np.maximum(size - start, 0.0) / (limit - start) if limit > start else 0.0 * size
    lasting = points.voltage * (1 + response.nonohmic_share * beyond**2)
    step = float(points.time[1])
    rate = float(np.abs(np.diff(points.voltage)).mean()) / step
    forget = np.exp(-step / response.ion_time_s)
    drive = points.direction * rate * response.ion_time_s * (1 - forget)
    drive[0] = 0.0
    behind = lfilter([1.0], [1.0, -forget], drive)
    charging = response.capacitance * rate * points.direction
    return np.asarray(response.conductance * (lasting + response.ion_share * behind) + charging)


def read(true: Array, noise_share: float, rng: np.random.Generator) -> Array:
    """Currents as the meter reads them [A]: noise and digits are shares of the range."""
    number = np.searchsorted(_RANGES_A, np.abs(true), side="left")
    scale = _RANGES_A[np.minimum(number, _RANGES_A.size - 1)]
    digit = _CURRENT_DIGITS * scale
    noisy = true + noise_share * scale * rng.standard_normal(true.size)
    return np.asarray(np.round(noisy / digit) * digit)


def record(
    specimen: xr.Dataset,
    rng: np.random.Generator,
    *,
    gap_um: float,
    finger_length_um: float,
    finger_pairs: int,
    voltage_limit_v: float,
    scan_rate_mv_per_s: float,
    step_mv: float,
    compliance_a: float,
    nonohmic_share: float,
    nonohmic_threshold_v: float,
    ion_share: float,
    ion_time_s: float,
    offset_current_pa: float,
    noise_share: float,
    decimal_separator: str,
) -> tuple[Columns, xr.Dataset]:
    """Record one sweep; see the schema for the settings.

    Returns
    -------
    tuple
        Columns ``voltage_v``, ``current_a`` and ``time_s``; and the truth: ``conductance`` at
        0 V, ``sheet_conductance``, ``cell_constant``, ``offset_current``, ``capacitance``,
        ``hysteresis_current`` and ``hysteresis_index``.
    """
    electrodes = Electrodes(gap_um, finger_length_um, finger_pairs)
    points = sweep(voltage_limit_v, scan_rate_mv_per_s / 1e3, step_mv / 1e3)
    response = Response(
        cell_conductance(specimen, electrodes),
        electrodes.capacitance,
        nonohmic_share,
        nonohmic_threshold_v,
        ion_share,
        ion_time_s,
    )
    offset = offset_current_pa * 1e-12 * rng.standard_normal()
    true = current(points, response)
    measured = np.clip(read(true + offset, noise_share, rng), -compliance_a, compliance_a)
    voltage = points.voltage + _VOLTAGE_NOISE_V * rng.standard_normal(points.voltage.size)
    time = points.time + np.abs(_JITTER_S * rng.standard_normal(points.time.size))
    values = {
        "voltage_v": np.round(voltage / _VOLTAGE_DIGIT_V) * _VOLTAGE_DIGIT_V,
        "current_a": measured,
        "time_s": np.round(time, 3),
    }
    about: dict[str, float | str] = {
        "sample": str(specimen.attrs["sample"]),
        "instrument": "KEITHLEY MODEL 2400",
        "scan_rate_v_per_s": scan_rate_mv_per_s / 1e3,
        "compliance_a": compliance_a,
        "electrode_gap_um": gap_um,
        "decimal_separator": decimal_separator,
    }
    return Columns(values, about), _truth(points, true, response, electrodes, offset)


def _truth(
    points: Sweep, true: Array, response: Response, electrodes: Electrodes, offset: float
) -> xr.Dataset:
    turn = points.voltage.size // 2
    up, down = true[: turn + 1], true[turn:][::-1]
    voltage = points.voltage[: turn + 1]
    index = np.trapezoid(np.abs(up - down), voltage) / np.trapezoid(
        np.abs(up) + np.abs(down), voltage
    )
    values = {
        "conductance": (response.conductance, "S", "Conductance at 0 V, after ions have followed"),
        "sheet_conductance": (
            response.conductance / electrodes.cell_constant,
            "S",
            "Sheet conductance, per square",
        ),
        "cell_constant": (
            electrodes.cell_constant,
            "1",
            "Conductance over sheet conductance: width over length of all gaps in parallel",
        ),
        "offset_current": (offset, "A", "Current that the meter reads without any"),
        "capacitance": (response.capacitance, "F", "Capacitance of the electrodes"),
        "hysteresis_current": (
            float(np.interp(0.0, voltage, up - down)),
            "A",
            "Current at 0 V of the upward less that of the downward sweep",
        ),
        "hysteresis_index": (
            float(index),
            "1",
            "Area between both sweeps over the sum of their areas",
        ),
    }
    return xr.Dataset(
        {
            name: ((), value, {"units": units, "long_name": meaning})
            for name, (value, units, meaning) in values.items()
        }
    )
