"""X-ray counts per atom from first principles: for want of standards, and not well known."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nanostitch.edx import detector, elements
from nanostitch.edx.lines import Family

_REST_ENERGY_KEV = 510.99895
_BETHE_CM2_KEV2 = 6.51e-20
"""Pi times the fourth power of the electron's charge, in the law of Bethe [cm2 keV2]."""


class _Bethe(NamedTuple):
    electrons: float
    strength: float
    scale: float


_SHELLS: Mapping[str, _Bethe] = {
    "K": _Bethe(2, 0.64, 1.36),
    "L": _Bethe(8, 0.665, 1.02),
    "M": _Bethe(18, 0.53, 2.6),
}
"""Electrons of a shell and effective parameters b and c of the law of Bethe, such that it follows
the distorted-wave and plane-wave Born cross-sections of Bote, Salvat, Jablonski & Powell, At. Data
Nucl. Data Tables 95 (2009) 871, of C to Br (K), Cu to Pb (L) and Pb (M) between 80 and 300 keV
within 8 %."""
LOWEST_BEAM_KEV = 60.0
"""Below, those parameters do not hold."""
UNCERTAINTY: Mapping[str, float] = {"K": 0.10, "L": 0.15, "M": 0.30}
"""Relative standard uncertainty of counts per atom: cross-section, fluorescence yield, share of
the alpha line and detector together. Measured K cross-sections scatter by about 10 % around
calculated ones, those of L and M subshells by 15 to 20 % (Llovet, Powell, Salvat & Jablonski, J.
Phys. Chem. Ref. Data 43 (2014) 013102); M yields are known to some 20 % only."""
_YIELD_K = (0.0370, 0.03112, 5.44e-5, -1.25e-6)
_YIELD_L = (0.17765, 0.00298937, 8.91297e-5, -2.67184e-7)
_HEAVY_L = 37
"""Atomic number from which the second polynomial of Hubbell et al. holds for L."""


def fluorescence_yield(atomic_number: int, shell: str) -> float:
    """Photons per vacancy of a shell, averaged over its subshells.

    Notes
    -----
    Fits of Hubbell et al., J. Phys. Chem. Ref. Data 23 (1994) 339: K by Bambynek, L above and
    below Z = 37, M.
    """
    z = float(atomic_number)
    if shell == "M":
        return float(1.29e-9 * max(z - 13, 0.0) ** 4)
    if shell == "L" and atomic_number < _HEAVY_L:
        return float(1.939e-8 * z**3.8874)
    terms = _YIELD_K if shell == "K" else _YIELD_L
    odds = sum(term * z**power for power, term in enumerate(terms)) ** 4
    return float(odds / (1 + odds))


def cross_section(edge_kev: float, shell: str, beam_energy_kev: float) -> float:
    """Cross-section for ionising a shell by an electron [cm2]; 0 below its edge.

    Notes
    -----
    The law of Bethe with relativistic terms, in the form of Powell, Rev. Mod. Phys. 48 (1976) 33.
    """
    total = beam_energy_kev + _REST_ENERGY_KEV
    beta2 = 1 - (_REST_ENERGY_KEV / total) ** 2
    kinetic = 0.5 * _REST_ENERGY_KEV * beta2
    bethe = _SHELLS[shell]
    bracket = np.log(bethe.scale * kinetic / edge_kev) - np.log(1 - beta2) - beta2
    if beam_energy_kev <= edge_kev or bracket <= 0:
        # Near the edge the law of Bethe fails; there a cross-section rises from zero.
        return 0.0
    strength = _BETHE_CM2_KEV2 * bethe.electrons * bethe.strength
    return float(strength / (kinetic * edge_kev) * bracket)


def counts_per_atom(
    family: Family, beam_energy_kev: float, window: str, crystal_mm: float
) -> float:
    """Counts of an alpha line per atom of a thin specimen, up to a factor common to all lines.

    Parameters
    ----------
    window, crystal_mm
        The detector, see :func:`nanostitch.edx.detector.efficiency`.
    """
    edge = elements.edge(family.element, family.shell)
    photons = cross_section(edge, family.shell, beam_energy_kev)
    photons *= fluorescence_yield(elements.atomic_number(family.element), family.shell)
    energy = np.array([family.alpha_kev])
    seen = detector.efficiency(energy, window, crystal_mm) * (1 - detector.escape(energy))
    return float(photons / family.weights.sum() * seen[0])
