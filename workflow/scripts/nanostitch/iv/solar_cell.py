"""Parameters of an illuminated diode, where a sweep is one of a solar cell."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.iv.response import MAD_TO_SD

Values = NDArray[np.float64]

LEAST_FILL_FACTOR = 0.27
"""Fill factor from which a curve is a diode's: a resistor with an offset has 0.25 at most."""
MOST_NOISE = 0.03
"""Noise over the short-circuit current, above which a fill factor is chance."""
LEAST_VOLTAGE_SHARE = 0.05
"""Open-circuit voltage over the largest voltage of the sweep, below which an offset of the meter
looks the same."""


class SolarCell(NamedTuple):
    """Parameters of one curve.

    Short-circuit current [A] with the file's sign, open-circuit voltage [V], fill factor, and
    voltage [V] and current [A] of the point of largest power.
    """

    short_circuit_current: float
    open_circuit_voltage: float
    fill_factor: float
    power_voltage: float
    power_current: float


def parameters(voltage: Values, current: Values) -> SolarCell | None:
    """Parameters of one leg; None where it delivers no power as a diode does.

    Parameters
    ----------
    voltage, current
        Of the points of one leg [V], [A]; either sign of the photocurrent.

    Notes
    -----
    Straight lines between the points that enclose 0 V and 0 A; the largest power is that of a
    point, as instruments print it.
    """
    order = np.argsort(voltage, kind="stable")
    v, i = voltage[order], current[order]
    if v.size < 2 or not v[0] <= 0 <= v[-1]:
        return None
    short = float(np.interp(0.0, v, i))
    crossing = np.flatnonzero((v[1:] > 0) & (np.sign(i[1:]) != np.sign(short)))
    if not crossing.size or _noise(i) > MOST_NOISE * abs(short):
        return None
    at = int(crossing[0])
    rise = i[at + 1] - i[at]
    opened = float(v[at] - i[at] * (v[at + 1] - v[at]) / rise)
    best = int(np.argmax(np.where((v > 0) & (v < opened), v * i * np.sign(short), 0.0)))
    if opened <= LEAST_VOLTAGE_SHARE * float(np.abs(v).max()):
        return None
    fill = float(v[best] * i[best] / (short * opened))
    if fill < LEAST_FILL_FACTOR:
        return None
    return SolarCell(short, opened, fill, float(v[best]), float(i[best]))


def _noise(current: Values) -> float:
    """Standard deviation of the noise by second differences, robustly; bends count little [A]."""
    bends = np.abs(np.diff(current, 2))
    return float(MAD_TO_SD * np.median(bends) / np.sqrt(6)) if bends.size else 0.0
