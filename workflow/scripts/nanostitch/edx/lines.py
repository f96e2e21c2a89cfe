"""Families of X-ray lines: which of them a spectrum can show, and which one is quantified."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.edx import elements
from nanostitch.errors import BatchError

Array = NDArray[np.float64]

_SUBSHELLS: Mapping[str, tuple[str, ...]] = {
    "K": ("Ka",),
    "Kb": ("Kb",),
    "L3": ("La", "Ll", "Lb2", "Lb6"),
    "L2": ("Lb1", "Lg1", "Ln"),
    "L1": ("Lb3", "Lb4", "Lg3"),
    "M5": ("Ma", "Mz"),
    "M4": ("Mb",),
    "M3": ("Mg", "M3O4", "M3O5", "M2N4"),
}
"""Lines that share a vacancy, so that their ratios depend on nothing; Kb apart, for its weight is
measured. The group of an alpha line comes first in its family."""
_GROUP_OF = {line: group for group, members in _SUBSHELLS.items() for line in members}
WEIGHT_UNCERTAINTY = {"K": 0.03, "L": 0.10, "M": 0.20}
"""Relative standard uncertainty of the weight of a group against that of the alpha line: Kb/Ka
ratios are measured to 1 to 3 %, those between subshells of L and M scatter by 10 to 20 % between
compilations (Scofield, At. Data Nucl. Data Tables 14 (1974) 121; Campbell & Wang, At. Data Nucl.
Data Tables 43 (1989) 281)."""


@dataclass(frozen=True, eq=False)
class Family:
    """Lines of one shell of one element: energies [keV], weights, and the group of each."""

    element: str
    shell: str
    alpha_kev: float
    energies: Array
    weights: Array
    groups: tuple[str, ...]

    @property
    def line(self) -> str:
        """Name of the alpha line, such as Br_Ka, by which the family is called."""
        return f"{self.element}_{self.shell}a"


def families(
    symbols: Iterable[str], window_kev: tuple[float, float], beam_energy_kev: float
) -> list[Family]:
    """Families that the beam excites and whose alpha line lies in the window, by name.

    The order of the symbols changes nothing.
    """
    found = []
    for symbol in sorted(set(symbols)):
        for shell in elements.SHELLS:
            family = _family(symbol, shell)
            if family is None or not window_kev[0] < family.alpha_kev < window_kev[1]:
                continue
            if elements.edge(symbol, shell) < beam_energy_kev:
                found.append(family)
    return found


def _family(symbol: str, shell: str) -> Family | None:
    own = {name: line for name, line in elements.lines(symbol).items() if name[0] == shell}
    if f"{shell}a" not in own:
        return None
    names = sorted(own)
    first = _GROUP_OF[f"{shell}a"]
    return Family(
        symbol,
        shell,
        own[f"{shell}a"][0],
        np.array([own[name][0] for name in names]),
        np.array([own[name][1] for name in names]),
        tuple(_GROUP_OF.get(name, first) for name in names),
    )


def groups(family: Family) -> list[str]:
    """Groups of a family, that of the alpha line first."""
    alpha = _GROUP_OF[f"{family.shell}a"]
    return [alpha, *sorted(set(family.groups) - {alpha})]


def quantified(
    symbol: str,
    fitted: Iterable[Family],
    chosen: Mapping[str, str],
    beam_energy_kev: float,
    lowest_overvoltage: float,
) -> str | None:
    """Line by which an element is quantified; None where no fitted line serves.

    The chosen one, else the hardest that the beam excites well: hard lines are absorbed least
    and overlap least.

    Raises
    ------
    BatchError
        If the chosen line is not among those fitted.
    """
    own = [family for family in fitted if family.element == symbol]
    if symbol in chosen:
        if chosen[symbol] not in [family.line for family in own]:
            raise BatchError(
                f"edx: lines.{symbol} is {chosen[symbol]!r}; of {symbol} the beam excites within "
                f"the window only {[family.line for family in own]}"
            )
        return chosen[symbol]
    strong = [
        family
        for family in own
        if beam_energy_kev >= lowest_overvoltage * elements.edge(symbol, family.shell)
    ]
    return max(strong, key=lambda family: family.alpha_kev).line if strong else None
