"""What storage amounts to: hours at reference conditions that merge as much."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BOLTZMANN_EV_PER_K = 8.617333262e-5
"""Boltzmann constant [eV/K], exact in the SI."""

ZERO_CELSIUS_K = 273.15

REFERENCE_TEMPERATURE_C = 22.0
REFERENCE_HUMIDITY_PERCENT = 50.0
"""Room conditions of the paper, "a typical ambient environment with moderate humidity"; it states
no numbers, these lie between its 20 % and 60 %."""

HUMIDITY_PERCENT: Mapping[str, float] = {
    "air": REFERENCE_HUMIDITY_PERCENT,
    "nitrogen": 0.0,
    "argon": 0.0,
    "vacuum": 0.0,
}
"""Atmospheres, and the relative humidity that each holds unless the sheet says otherwise [%]."""

ILLUMINATIONS = ("dark", "ambient")

_NUMBERS: Mapping[str, float] = {
    "storage_time_h": 0.0,
    "temperature_c": REFERENCE_TEMPERATURE_C,
    "anneal_temperature_c": REFERENCE_TEMPERATURE_C,
    "anneal_time_h": 0.0,
}
_WORDS: Mapping[str, str] = {
    "sample": "",
    "condition": "",
    "substrate": "",
    "atmosphere": "air",
    "illumination": "dark",
    "electron_irradiated": "no",
}


@dataclass(frozen=True)
class Exposure:
    """Hours at reference conditions that merge as much as storage and annealing did."""

    storage: float
    annealing: float

    @property
    def total(self) -> float:
        """Both [h]."""
        return self.storage + self.annealing


def told(environment: Mapping[str, Any]) -> dict[str, Any]:
    """The environment with what it leaves open: room temperature, dark, no annealing, no electrons.

    Where no relative humidity is given, that of the atmosphere holds.
    """
    known = {name: value for name, value in environment.items() if not _missing(value)}
    full: dict[str, Any] = {**_WORDS, **_NUMBERS, **known}
    full.setdefault("relative_humidity_percent", HUMIDITY_PERCENT[full["atmosphere"]])
    numbers = (*_NUMBERS, "relative_humidity_percent")
    return full | {name: float(full[name]) for name in numbers}


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def thermal_factor(temperature_c: float, reference_c: float, energy_ev: float) -> float:
    """Rate at a temperature over that at a reference [°C], by Arrhenius' law."""
    inverse = 1 / (reference_c + ZERO_CELSIUS_K) - 1 / (temperature_c + ZERO_CELSIUS_K)
    return math.exp(energy_ev / BOLTZMANN_EV_PER_K * inverse)


def humidity_factor(relative_humidity_percent: float, efold_percent: float) -> float:
    """Rate at a relative humidity over that at the reference.

    Exponential, because adsorbed water loosens the ligands and its amount rises faster than the
    humidity (water strips ligands from CsPbBr3 nanowires, which then bundle: arXiv:1803.00848).
    The exponential is chosen for having one constant, fixed by the images of the paper at 20 %,
    room and 60 %.
    """
    excess = relative_humidity_percent - REFERENCE_HUMIDITY_PERCENT
    return math.exp(excess / efold_percent)


def exposure(
    environment: Mapping[str, Any], activation_energy_ev: float, humidity_efold_percent: float
) -> Exposure:
    """Exposure in storage and in annealing.

    The humidity counts in storage alone: in annealing, heat itself takes the ligands off.

    Parameters
    ----------
    environment
        As :func:`told` completes it.
    activation_energy_ev
        Of merging [eV].
    humidity_efold_percent
        Rise of the relative humidity that makes merging e times faster [%].
    """

    def heat(temperature_c: float) -> float:
        return thermal_factor(temperature_c, REFERENCE_TEMPERATURE_C, activation_energy_ev)

    water = humidity_factor(environment["relative_humidity_percent"], humidity_efold_percent)
    return Exposure(
        storage=environment["storage_time_h"] * heat(environment["temperature_c"]) * water,
        annealing=environment["anneal_time_h"] * heat(environment["anneal_temperature_c"]),
    )
