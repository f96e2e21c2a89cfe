"""Tables of the elements: weights, X-ray lines, absorption and absorption edges.

Lines and absorption are those of eXSpy: energies of Chantler et al. (FFAST, NIST 2005), weights
within a family of the EPQ library of NIST. Nothing is tabulated a second time here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanostitch.errors import BatchError

Array = NDArray[np.float64]

SHELLS = ("K", "L", "M")
_REACH = {"K": ("Kb", 1.06), "L": ("La", 1.27), "M": ("Ma", 1.12)}
"""For each shell the line below the edge that its alpha line leaves, and the ratio to the line
within which that edge lies and is the largest step of absorption, for all elements up to uranium
whose line is below 20 keV."""
_EDGE_STEPS = 4000


@cache
def _table() -> Mapping[str, Any]:
    from exspy.material import elements

    table: Mapping[str, Any] = elements.as_dictionary()
    return table


def _entry(symbol: str) -> Mapping[str, Any]:
    if symbol not in _table():
        raise BatchError(
            f"edx: {symbol!r} is no chemical element; write its symbol, such as Cs or Br"
        )
    entry: Mapping[str, Any] = _table()[symbol]
    return entry


def atomic_weight(symbol: str) -> float:
    """Standard atomic weight [g/mol].

    Raises
    ------
    BatchError
        If there is no such element; as in every function here.
    """
    return float(_entry(symbol)["General_properties"]["atomic_weight"])


def atomic_number(symbol: str) -> int:
    """Atomic number."""
    return int(_entry(symbol)["General_properties"]["Z"])


def lines(symbol: str) -> dict[str, tuple[float, float]]:
    """Energy [keV] and weight relative to the alpha line of its family, by Siegbahn name."""
    found = _entry(symbol)["Atomic_properties"].get("Xray_lines", {})
    return {
        name: (float(line["energy (keV)"]), float(line["weight"])) for name, line in found.items()
    }


@cache
def _absorption(symbol: str, energies: tuple[float, ...]) -> Array:
    from exspy.material import mass_absorption_coefficient

    _entry(symbol)
    found = mass_absorption_coefficient(symbol, list(energies))
    return np.asarray(found, dtype=float)


def absorption(symbol: str, energy: Array) -> Array:
    """Mass absorption coefficient [cm2/g] at photon energies [keV]."""
    energy = np.asarray(energy, dtype=float)
    return _absorption(symbol, tuple(energy.ravel().tolist())).reshape(energy.shape)


def mixture_absorption(mass_fractions: Mapping[str, float], energy: Array) -> Array:
    """Mass absorption coefficient of a mixture [cm2/g] at photon energies [keV]."""
    parts = [share * absorption(symbol, energy) for symbol, share in sorted(mass_fractions.items())]
    return np.asarray(sum(parts, np.zeros(np.shape(energy))))


@cache
def edge(symbol: str, shell: str) -> float:
    """Energy [keV] needed to open the subshell (K, L3 or M5) of the alpha line of a shell.

    Notes
    -----
    Middle of where the tabulated absorption steps up most above the line. Energies of the table
    are about half a percent apart there, so that the edge is known to a quarter of a percent.
    """
    own = lines(symbol)
    line, reach = _REACH[shell]
    start = own.get(line, own.get(f"{shell}a"))
    if start is None:
        raise BatchError(f"edx: {symbol} has no {shell} line in the table of X-ray lines")
    energy = start[0] * np.geomspace(0.995, reach, _EDGE_STEPS)
    step = np.diff(np.log(absorption(symbol, energy)))
    rising = np.flatnonzero(step > 0.5 * step.max())
    return float(np.sqrt(energy[rising[0]] * energy[rising[-1] + 1]))
