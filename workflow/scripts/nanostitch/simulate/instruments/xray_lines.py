"""X-ray lines of CsPbBr3 on a grid: energies, weights, and how many photons an atom sends out.

The table of lines is that of eXSpy (energies: Chantler et al., NIST, 2005; weights within a
family: EPQ library of NIST). An alpha line gets the ionisation cross-section of its subshell,
raised by what Coster-Kronig transitions pass down from higher subshells, times the fluorescence
yield and the share of the alpha line; the other lines of its family follow by their weights.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

ATOMIC_WEIGHT: Mapping[str, float] = {
    "C": 12.011,
    "O": 15.999,
    "Si": 28.085,
    "Cu": 63.546,
    "Br": 79.904,
    "Cs": 132.905,
    "Pb": 207.2,
}
"""Standard atomic weights [g/mol] (IUPAC)."""

LINES: Mapping[str, tuple[float, float]] = {
    "C_Ka": (0.2774, 1.0),
    "O_Ka": (0.5249, 1.0),
    "Si_Ka": (1.7397, 1.0),
    "Si_Kb": (1.8389, 0.02779),
    "Cu_Ka": (8.0478, 1.0),
    "Cu_Kb": (8.9053, 0.13157),
    "Cu_La": (0.9295, 1.0),
    "Cu_Lb1": (0.9494, 0.03197),
    "Cu_Ll": (0.8113, 0.08401),
    "Br_Ka": (11.9238, 1.0),
    "Br_Kb": (13.2922, 0.15289),
    "Br_La": (1.4809, 1.0),
    "Br_Lb1": (1.5259, 0.39175),
    "Br_Lb3": (1.6005, 0.04629),
    "Br_Ll": (1.2934, 0.0462),
    "Br_Ln": (1.3395, 0.0182),
    "Cs_La": (4.2864, 1.0),
    "Cs_Lb1": (4.6199, 0.42983),
    "Cs_Lb2": (4.9354, 0.19589),
    "Cs_Lb3": (4.7167, 0.1399),
    "Cs_Lb4": (4.6493, 0.08869),
    "Cs_Lg1": (5.2806, 0.07215),
    "Cs_Lg3": (5.5527, 0.0325),
    "Cs_Ll": (3.7948, 0.04269),
    "Cs_Ln": (4.1423, 0.0152),
    "Pb_La": (10.5512, 1.0),
    "Pb_Lb1": (12.6144, 0.3836),
    "Pb_Lb2": (12.6223, 0.2244),
    "Pb_Lb3": (12.7944, 0.06049),
    "Pb_Lb4": (12.3066, 0.055),
    "Pb_Lg1": (14.7648, 0.08256),
    "Pb_Lg3": (15.2163, 0.017),
    "Pb_Ll": (9.1845, 0.0586),
    "Pb_Ln": (11.3493, 0.0132),
    "Pb_Ma": (2.3459, 1.0),
    "Pb_Mb": (2.4427, 0.64124),
    "Pb_Mg": (2.6535, 0.21845),
    "Pb_Mz": (1.8395, 0.0058),
    "Pb_M2N4": (3.119, 0.00863),
    "Pb_M3O4": (3.0446, 0.01),
    "Pb_M3O5": (3.0472, 0.01),
}
"""Energy [keV] and weight relative to the alpha line of its family, by element and line."""


class Subshell(NamedTuple):
    """Edge [keV] and parameters of the ionisation cross-section, named as by Bote et al."""

    edge: float
    b: float
    strength: float
    high: tuple[float, ...]
    low: tuple[float, ...]


class Alpha(NamedTuple):
    """Decay to an alpha line: its subshell, the yield of that and the line's share in it."""

    subshell: str
    fluorescence_yield: float
    share: float


_CROSS_SECTIONS = """
C K 0.291001 1.21 2.61e-06 0.0176 8.57 -0.0675 0.0467 0.0999 0.000488 -0.139 0.149 -0.202
O K 0.537276 1.19 1.4e-06 0.0258 8.01 -0.0898 0.0571 0.0541 0.000281 -0.0743 0.0782 -0.102
Si K 1.8285 1.14 3.74e-07 0.0621 7.14 -0.207 0.0953 0.0156 0.000106 -0.0201 0.0202 -0.0225
Cu K 8.95025 0.765 6.49e-08 0.302 6.26 -1.02 0.454 0.003 5e-05 -0.00348 0.00334 -0.00368
Cu L1 1.0937 1.02 4.59e-07 0.0494 8.23 -0.173 0.0823 0.0237 0.000123 -0.0273 0.0163 0.00688
Cu L2 0.966028 0.959 8.76e-07 0.0401 7.26 -0.151 0.0813 0.0307 0.000197 -0.037 0.06 -0.0988
Cu L3 0.944886 0.959 1.8e-06 0.0361 7.25 -0.0956 0.0668 0.0446 0.000283 -0.0537 0.0872 -0.144
Br K 13.4357 0.543 4.14e-08 0.502 6.09 -1.67 0.823 0.00195 4.51e-05 -0.00218 0.00195 -0.0017
Br L1 1.76926 0.979 2.8e-07 0.0635 7.81 -0.21 0.0817 0.0146 8.95e-05 -0.0162 0.0109 -0.00404
Br L2 1.60223 0.946 4.82e-07 0.0638 7.07 -0.242 0.118 0.0183 0.000127 -0.0211 0.037 -0.0669
Br L3 1.55353 0.948 9.98e-07 0.0519 7.07 -0.141 0.0773 0.0268 0.000183 -0.0308 0.0536 -0.0968
Cs L1 5.68531 0.698 7.83e-08 0.0501 7.02 -0.196 -0.149 0.00435 5.13e-05 -0.00427 0.00293 -0.000939
Cs L2 5.36359 0.714 1.11e-07 0.332 6.99 -1.17 0.668 0.00518 6.04e-05 -0.00512 0.00849 -0.0128
Cs L3 5.00597 0.737 2.33e-07 0.166 7.04 -0.515 0.2 0.0079 8.67e-05 -0.00774 0.0127 -0.0189
Pb L1 15.8464 0.0662 2.42e-08 -0.0983 6.57 -0.0439 -0.862 0.0015 3.76e-05 -0.00139 0.00146 -0.00178
Pb L2 15.2509 0.0166 3.42e-08 1.53 6.78 -4.68 3.29 0.00173 4.34e-05 -0.00158 0.00284 -0.00476
Pb L3 13.0385 0.172 7.51e-08 0.63 7.02 -1.99 1.04 0.00293 6.22e-05 -0.0026 0.00452 -0.00713
Pb M1 3.82405 1.06 8.2e-08 0.172 9.12 -0.658 0.199 0.00601 5.81e-05 -0.00524 0.0106 -0.0284
Pb M2 3.54912 0.647 1.3e-07 0.143 7.58 -0.536 0.206 0.00728 5.71e-05 -0.00737 0.00699 -0.00441
Pb M3 3.05353 0.618 3.64e-07 0.0632 7.1 -0.141 0.00693 0.0126 9.21e-05 -0.0128 0.0114 -0.00944
Pb M4 2.59367 0.606 7.04e-07 0.104 6.38 -0.364 0.193 0.0169 0.00014 -0.0178 0.0398 -0.0854
Pb M5 2.48756 0.621 1.1e-06 0.0671 6.36 -0.135 0.0746 0.0216 0.000175 -0.0229 0.0513 -0.111
"""
"""Subshell, edge [keV], B, A_nlj, g1 to g4, a1 to a5 for electrons: tables of Bote et al. (2009),
in the digital form of NIST's BoteSalvatICX."""

ALPHA: Mapping[str, Alpha] = {
    "C_K": Alpha("K", 0.0028, 1.0),
    "O_K": Alpha("K", 0.0083, 1.0),
    "Si_K": Alpha("K", 0.050, 0.973),
    "Cu_K": Alpha("K", 0.440, 0.884),
    "Cu_L": Alpha("L3", 0.011, 0.940),
    "Br_K": Alpha("K", 0.618, 0.867),
    "Br_L": Alpha("L3", 0.020, 0.954),
    "Cs_L": Alpha("L3", 0.091, 0.833),
    "Pb_L": Alpha("L3", 0.360, 0.777),
    "Pb_M": Alpha("M5", 0.0308, 0.925),
}
"""By family. Yields of K and L: Krause (1979); of M: McGuire (1972). A share of K alpha is one over
one plus the weight of K beta; those of L and M are radiative rates as compiled in xraylib."""

_COSTER_KRONIG: Mapping[str, Mapping[str, float]] = {
    "Cu": {"L1 L2": 0.30, "L1 L3": 0.54, "L2 L3": 0.028},
    "Br": {"L1 L2": 0.28, "L1 L3": 0.52, "L2 L3": 0.076},
    "Cs": {"L1 L2": 0.19, "L1 L3": 0.28, "L2 L3": 0.154},
    "Pb": {
        "L1 L2": 0.12,
        "L1 L3": 0.58,
        "L2 L3": 0.116,
        "M1 M2": 0.122,
        "M1 M3": 0.592,
        "M1 M4": 0.089,
        "M1 M5": 0.123,
        "M2 M3": 0.105,
        "M2 M4": 0.682,
        "M2 M5": 0.109,
        "M3 M4": 0.088,
        "M3 M5": 0.735,
        "M4 M5": 0.054,
    },
}
"""Share of vacancies in the first subshell that move to the second. L: Krause (1979); M: McGuire
(1972). Listed from the inner to the outer subshell, so that one pass carries a cascade through."""

_REST_ENERGY_KEV = 510.99895
_BOHR_RADIUS_CM = 5.29177211e-9
_HIGH_OVERVOLTAGE = 16.0


def _subshells() -> dict[tuple[str, str], Subshell]:
    rows = [line.split() for line in _CROSS_SECTIONS.strip().splitlines()]
    numbers = {(row[0], row[1]): tuple(map(float, row[2:])) for row in rows}
    return {key: Subshell(n[0], n[1], n[2], n[3:7], n[7:]) for key, n in numbers.items()}


SUBSHELLS = _subshells()


def family(line: str) -> str:
    """Family of a line: ``Br_Kb`` belongs to ``Br_K``."""
    element, name = line.split("_")
    return f"{element}_{name[0]}"


def ionisation(subshell: Subshell, beam_energy_kev: float) -> float:
    """Cross-section for ionisation of a subshell by an electron [cm2].

    Notes
    -----
    Distorted-wave and plane-wave Born calculations in the analytical form of Bote, Salvat,
    Jablonski & Powell, At. Data Nucl. Data Tables 95 (2009) 871, doi:10.1016/j.adt.2009.08.001:
    within about 1 % of the calculation above the threshold.
    """
    overvoltage = beam_energy_kev / subshell.edge
    if overvoltage <= 1:
        return 0.0
    area = 4 * np.pi * _BOHR_RADIUS_CM**2
    if overvoltage <= _HIGH_OVERVOLTAGE:
        a, inverse = subshell.low, 1 / (1 + overvoltage)
        bracket = a[2] + inverse**2 * (a[3] + inverse**2 * a[4])
        root = a[0] + a[1] * overvoltage + inverse * bracket
        return float(area * (overvoltage - 1) * (root / overvoltage) ** 2)
    total = beam_energy_kev + _REST_ENERGY_KEV
    momentum = np.sqrt(beam_energy_kev * (total + _REST_ENERGY_KEV)) / _REST_ENERGY_KEV
    beta2 = beam_energy_kev * (total + _REST_ENERGY_KEV) / total**2
    g = subshell.high
    bracket = (2 * np.log(momentum) - beta2) * (1 + g[0] / momentum)
    bracket += g[1] + g[2] * np.sqrt(_REST_ENERGY_KEV / total) + g[3] / momentum
    return float(
        area * subshell.strength / beta2 * overvoltage / (overvoltage + subshell.b) * bracket
    )


def vacancies(element: str, beam_energy_kev: float) -> dict[str, float]:
    """Vacancies that decay from each subshell, per atom and electron per area [cm2].

    Vacancies that follow the filling of a deeper shell are left out: of the M vacancies of lead
    they make about 5 %.
    """
    made = {
        shell: ionisation(parameters, beam_energy_kev)
        for (owner, shell), parameters in SUBSHELLS.items()
        if owner == element
    }
    for transition, share in _COSTER_KRONIG.get(element, {}).items():
        inner, outer = transition.split()
        made[outer] += share * made[inner]
    return made


def photons(beam_energy_kev: float) -> dict[str, float]:
    """Photons of each line into all directions, per atom and electron per area [cm2]."""
    alpha = {}
    for name, decay in ALPHA.items():
        source = vacancies(name.split("_")[0], beam_energy_kev)[decay.subshell]
        alpha[name] = source * decay.fluorescence_yield * decay.share
    return {line: alpha[family(line)] * weight for line, (_, weight) in LINES.items()}
