"""Equivalent circuits: how they are written, what parameters they have, and their impedance.

Circuits are written as is usual: ``R0-p(R1,CPE1)-p(R2-Wo2,C2)``, ``-`` in series, ``p(a,b)`` in
parallel. Elements, with omega the angular frequency:

=======  ==========================================================================
``R``    resistance R [ohm]
``C``    capacitance C [F]
``L``    inductance L [H]
``CPE``  constant phase element, 1 / (Q (j omega)^n), Q [S s^n]
``W``    semi-infinite diffusion (Warburg), A / sqrt(j omega), A [ohm s^-1/2]
``Wo``   diffusion before a wall, Z coth(s) / s, s = sqrt(j omega tau), Z [ohm], tau [s]
``Ws``   diffusion to a sink, Z tanh(s) / s
=======  ==========================================================================
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Complex = NDArray[np.complex128]

EXPONENT = (0.3, 1.0)
"""Least and largest exponent of a constant phase element; below 0.3 it is a resistance that falls
with frequency and no capacitance."""
_WORD = re.compile(r"(R|CPE|C|L|Wo|Ws|W)(\d+)|p\(|[-,)]")
_FEWEST_BRANCHES = 2
PARAMETERS = {
    "R": ("resistance",),
    "C": ("capacitance",),
    "L": ("inductance",),
    "CPE": ("coefficient", "exponent"),
    "W": ("coefficient",),
    "Wo": ("resistance", "time"),
    "Ws": ("resistance", "time"),
}


@dataclass(frozen=True)
class Circuit:
    """One equivalent circuit.

    ``tree`` is an element (kind, number, index of its first parameter) or a tuple of ``series`` or
    ``parallel`` and its members.
    """

    text: str
    tree: tuple[object, ...]
    parameters: tuple[tuple[str, str], ...]

    @cached_property
    def bounded(self) -> NDArray[np.bool_]:
        """Which parameters are exponents; the others are positive."""
        return np.array([name == "exponent" for _, name in self.parameters])

    def index(self, element: str, name: str) -> int:
        """Position of a parameter of an element, such as ``R1``, ``resistance``."""
        return self.parameters.index((element, name))


def parse(text: str) -> Circuit:
    """Read a circuit.

    Raises
    ------
    ValueError
        If the text is no circuit.
    """
    words = [match.group() for match in _WORD.finditer(text)]
    if "".join(words) != text:
        raise ValueError(f"{text!r} is no circuit such as R0-p(R1,CPE1)")
    parameters: list[tuple[str, str]] = []
    tree, rest = _series(words, parameters)
    if rest:
        raise ValueError(f"{text!r}: brackets do not match")
    return Circuit(text, tree, tuple(parameters))


def _series(
    words: list[str], parameters: list[tuple[str, str]]
) -> tuple[tuple[object, ...], list[str]]:
    """Members in series up to a comma or a closing bracket, and the words after them."""
    members: list[object] = []
    while words and words[0] not in (",", ")"):
        word, words = words[0], words[1:]
        if word == "p(":
            branches: list[object] = []
            while words[:1] != [")"]:
                branch, words = _series(words[1:] if words[:1] == [","] else words, parameters)
                branches.append(branch)
                if not words:
                    raise ValueError("a bracket is not closed")
            words = words[1:]
            if len(branches) < _FEWEST_BRANCHES:
                raise ValueError("p() needs two branches or more, p(R1,C1)")
            members.append(("parallel", *branches))
        elif word != "-":
            kind = word.rstrip("0123456789")
            members.append((kind, word, len(parameters)))
            parameters.extend((word, name) for name in PARAMETERS[kind])
    if not members:
        raise ValueError("a branch without an element")
    return ("series", *members), words


def impedance(circuit: Circuit, values: Values, frequency: Values) -> Complex:
    """Impedance [ohm] for many sets of parameters at once.

    Parameters
    ----------
    circuit
        Which circuit.
    values
        Parameters in the order of the circuit, dims (set, parameter), SI units.
    frequency
        [Hz].

    Returns
    -------
    numpy.ndarray
        Dims (set, frequency).
    """
    s = np.asarray(2j * np.pi * frequency, np.complex128)
    return _impedance(circuit.tree, values, s)


def _impedance(tree: tuple[object, ...], values: Values, s: Complex) -> Complex:
    kind = str(tree[0])
    if kind == "series":
        return np.asarray(sum(_impedance(one, values, s) for one in _branches(tree)))
    if kind == "parallel":
        return np.asarray(1 / sum(1 / _impedance(one, values, s) for one in _branches(tree)))
    at = int(str(tree[2]))
    columns = [values[:, at + i, None] for i in range(len(PARAMETERS[kind]))]
    return _ELEMENTS[kind](s, *columns)


def _branches(tree: tuple[object, ...]) -> list[tuple[object, ...]]:
    return [one for one in tree[1:] if isinstance(one, tuple)]


def _open(s: Complex, resistance: Values, time: Values) -> Complex:
    root = np.sqrt(s * time)
    return np.asarray(resistance / (root * np.tanh(root)))


def _short(s: Complex, resistance: Values, time: Values) -> Complex:
    root = np.sqrt(s * time)
    return np.asarray(resistance * np.tanh(root) / root)


_ELEMENTS: dict[str, Callable[..., Complex]] = {
    "R": lambda s, r: r + 0 * s,
    "C": lambda s, c: 1 / (s * c),
    "L": lambda s, inductance: s * inductance,
    "CPE": lambda s, q, n: 1 / (q * s**n),
    "W": lambda s, a: a / np.sqrt(s),
    "Wo": _open,
    "Ws": _short,
}


def direct_current(circuit: Circuit, values: Values) -> float:
    """Resistance to a direct current [ohm]; infinite where an element blocks it."""
    return _direct(circuit.tree, values)


def _direct(tree: tuple[object, ...], values: Values) -> float:
    kind = str(tree[0])
    if kind == "series":
        return sum(_direct(one, values) for one in _branches(tree))
    if kind == "parallel":
        branches = [_direct(one, values) for one in _branches(tree)]
        if min(branches) <= 0:
            return 0.0
        total = sum(1 / one for one in branches)
        return 1 / total if total > 0 else np.inf
    if kind in ("R", "Ws"):
        return float(values[int(str(tree[2]))])
    return 0.0 if kind == "L" else np.inf
