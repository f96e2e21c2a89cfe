"""Composition of a bulk specimen by k-ratios to bulk standards, corrected for the matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.edx import elements, matrix
from nanostitch.edx.kfactor import Factors, Standard
from nanostitch.edx.lines import Family

Array = NDArray[np.float64]

CURRENT_UNCERTAINTY = 0.01
"""Relative standard uncertainty of the beam current over that of the standards, common to all
lines: readings of a Faraday cup drift by as much between specimens."""
_ROUNDS = 30
_SETTLED = 1e-7
"""Change of mass fractions at which the iteration has settled."""


@dataclass(frozen=True)
class Geometry:
    """Beam energy [keV] and elevation of the detector over the surface [degree]."""

    beam_energy_kev: float
    elevation_deg: float


@dataclass(frozen=True)
class Corrected:
    """Mass per count of each line, and the sum of all mass fractions before normalising."""

    factors: Factors
    total: float


def corrected(
    families: Sequence[Family],
    areas: Mapping[str, float],
    dose: float,
    standards: Sequence[Standard],
    bound: Mapping[str, Mapping[str, float]],
    geometry: Geometry,
) -> Corrected | None:
    """Correct k-ratios for absorption, stopping and backscattering.

    Parameters
    ----------
    families
        Families of the lines to quantify.
    areas, dose
        Counts of each line, and beam current times live time, of the unknown.
    standards
        For each element the one richest in it is taken.
    bound
        For each element, atoms of others that go with each of its atoms, as oxygen in oxides.
    geometry
        Common to unknown and standards.

    Returns
    -------
    Corrected or None
        None where an element has no standard.

    Notes
    -----
    Simple iteration of C = k C_std F_std / F with the emitted intensities F of XPP; see
    :func:`nanostitch.edx.matrix.depth`.
    """
    chosen = [_richest(family, standards) for family in families]
    if any(standard is None for standard in chosen):
        return None
    pairs = [(f, s) for f, s in zip(families, chosen, strict=True) if s is not None]
    per_count = np.array([_per_count(f, s, dose, geometry) for f, s in pairs])
    counts = np.array([max(areas[family.line], 0.0) for family, _ in pairs])
    found = per_count * counts
    emitted = np.ones(len(pairs))
    for _ in range(_ROUNDS):
        mass = with_bound(dict(zip((f.element for f, _ in pairs), found, strict=True)), bound)
        total = sum(mass.values())
        if not total > 0:
            return None
        shares = {symbol: value / total for symbol, value in mass.items()}
        emitted = np.array([_emitted(shares, family, geometry) for family, _ in pairs])
        updated = per_count * counts / emitted
        if np.abs(updated - found).max() < _SETTLED:
            break
        found = updated
    relative = [s.relative[f.line] ** 2 + matrix.UNCERTAINTY**2 for f, s in pairs]
    factors = Factors(
        tuple(family.line for family, _ in pairs),
        per_count / emitted,
        np.diag(relative) + CURRENT_UNCERTAINTY**2,
        tuple(f"standard: {s.name}, matrix correction XPP" for _, s in pairs),
    )
    return Corrected(factors, float(total))


def with_bound(
    mass: Mapping[str, float], bound: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Masses of the measured elements, and of what is bound to them by stoichiometry."""
    whole = dict(mass)
    for symbol, value in mass.items():
        moles = value / elements.atomic_weight(symbol)
        for other, count in bound.get(symbol, {}).items():
            whole[other] = whole.get(other, 0.0) + moles * count * elements.atomic_weight(other)
    return whole


def _richest(family: Family, standards: Sequence[Standard]) -> Standard | None:
    having = [
        standard
        for standard in standards
        if standard.mass_fractions.get(family.element, 0.0) > 0
        and standard.areas.get(family.line, 0.0) > 0
    ]
    return max(having, key=lambda s: (s.mass_fractions[family.element], s.name), default=None)


def _per_count(family: Family, standard: Standard, dose: float, geometry: Geometry) -> float:
    """Mass fraction times emitted intensity per count of the unknown."""
    share = standard.mass_fractions[family.element]
    emitted = _emitted(standard.mass_fractions, family, geometry)
    return share * emitted * standard.dose / (standard.areas[family.line] * dose)


def _emitted(shares: Mapping[str, float], family: Family, geometry: Geometry) -> float:
    return matrix.emitted(
        shares,
        family.element,
        family.shell,
        family.alpha_kev,
        geometry.beam_energy_kev,
        geometry.elevation_deg,
    )
