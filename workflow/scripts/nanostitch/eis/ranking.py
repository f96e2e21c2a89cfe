"""Which equivalent circuit a spectrum supports, and which of its elements are the film's."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nanostitch.eis import elements, fit
from nanostitch.eis.elements import Circuit
from nanostitch.eis.fit import Data, Fitted


class Arc(NamedTuple):
    """A resistance in parallel with a capacitance or constant phase element, by their names."""

    resistance: str
    capacitance: str

    @property
    def is_cpe(self) -> bool:
        """Whether it is a constant phase element."""
        return self.capacitance.startswith("CPE")


def ranked(texts: Sequence[str], data: Data, starts: int, seed: int) -> list[Fitted]:
    """Every circuit fitted, the one of least corrected information criterion first.

    Parameters
    ----------
    texts
        Circuits as :func:`nanostitch.eis.elements.parse` reads them; those with more parameters
        than half of the numbers measured are left out.
    data
        Spectrum.
    starts, seed
        See :func:`nanostitch.eis.fit.fit`; each circuit has its own draws.
    """
    circuits = [elements.parse(text) for text in texts]
    allowed = [one for one in circuits if len(one.parameters) <= data.frequency.size]
    fits = [
        fit.fit(one, data, starts, np.random.default_rng([seed, at]))
        for at, one in enumerate(allowed)
    ]
    return sorted(fits, key=lambda one: one.aicc)


def chosen(fits: Sequence[Fitted], margin: float) -> Fitted:
    """Circuit of fewest parameters among those whose criterion is within a margin of the least."""
    near = [one for one in fits if one.aicc <= fits[0].aicc + margin]
    return min(near, key=lambda one: (one.values.size, one.aicc))


def film_arc(found: Fitted) -> Arc | None:
    """Arc of the largest resistance; None where the circuit has none."""
    arcs = _arcs(found.circuit)
    names = found.circuit.parameters
    return max(
        arcs,
        key=lambda arc: found.values[names.index((arc.resistance, "resistance"))],
        default=None,
    )


def _arcs(circuit: Circuit) -> list[Arc]:
    """Parallel pairs in series: one branch begins with a resistance, one is a capacitance."""
    arcs = []
    for member in circuit.tree[1:]:
        if not isinstance(member, tuple) or member[0] != "parallel":
            continue
        firsts = [branch[1] for branch in member[1:] if isinstance(branch, tuple)]
        names = [str(first[1]) for first in firsts if isinstance(first, tuple) and len(first) == 3]
        resistances = [name for name in names if name[0] == "R"]
        capacitances = [name for name in names if name[0] == "C"]
        if resistances and capacitances:
            arcs.append(Arc(resistances[0], capacitances[0]))
    return arcs
