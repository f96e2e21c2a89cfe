"""Mass per count of each line: k-factors told, from standards, or from first principles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanostitch.edx import elements, ionisation
from nanostitch.edx.lines import Family

Array = NDArray[np.float64]

Told = Mapping[str, Mapping[str, Any]]
"""By line, such as Br_Ka: value, standard uncertainty, and source."""


@dataclass(frozen=True)
class Factors:
    """Cliff-Lorimer factors by weight, up to a common factor, with covariance of logarithms.

    Mass fractions go as factor times area (Cliff & Lorimer, J. Microsc. 103 (1975) 203). Lines
    are those asked for, in that order; ``sources`` says whence each comes.
    """

    lines: tuple[str, ...]
    values: Array
    log_covariance: Array
    sources: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standard:
    """A fitted standard: told mass fractions, areas by line, their relative uncertainty."""

    name: str
    mass_fractions: Mapping[str, float]
    areas: Mapping[str, float]
    relative: Mapping[str, float]
    dose: float


def told(lines: Sequence[str], factors: Told) -> Factors | None:
    """Told factors; None unless every line has one, for those of two scales do not mix."""
    if not lines or any(line not in factors for line in lines):
        return None
    values = np.array([float(factors[line]["value"]) for line in lines])
    spread = np.array([float(factors[line]["uncertainty"]) for line in lines]) / values
    sources = tuple(f"told: {factors[line]['source']}" for line in lines)
    return Factors(tuple(lines), values, np.diag(spread**2), sources)


def computed(
    families: Sequence[Family], beam_energy_kev: float, window: str, crystal_mm: float
) -> Factors | None:
    """Factors from first principles; None where the beam is too slow for them.

    Parameters
    ----------
    families
        Families of the lines asked for.
    """
    if beam_energy_kev < ionisation.LOWEST_BEAM_KEV or not families:
        return None
    per_atom = np.array(
        [
            ionisation.counts_per_atom(family, beam_energy_kev, window, crystal_mm)
            for family in families
        ]
    )
    weights = np.array([elements.atomic_weight(family.element) for family in families])
    spread = np.array([ionisation.UNCERTAINTY[family.shell] for family in families])
    return Factors(
        tuple(family.line for family in families),
        weights / per_atom,
        np.diag(spread**2),
        ("computed: cross-section, fluorescence yield, detector",) * len(families),
    )


def from_thin_standards(
    lines: Sequence[str], standards: Sequence[Standard], stoichiometry_uncertainty: float
) -> Factors | None:
    """Factors from thin standards of known composition; None where they do not connect all lines.

    Every standard gives ratios of the factors of its own lines; one standard or several that
    share elements connect them. Weighted least squares of ln(mass fraction / area) with a free
    constant a standard, since its thickness is not known. Each mass fraction is uncertain as told;
    where standards contradict each other by more, the covariance grows by the reduced chi-square.
    """
    index = {line: number for number, line in enumerate(lines)}
    rows, values, spread, sources = [], [], [], dict.fromkeys(lines, "")
    for number, standard in enumerate(standards):
        for line in sorted(set(standard.areas) & set(lines)):
            share = standard.mass_fractions.get(line.split("_")[0], 0.0)
            if share <= 0 or standard.areas[line] <= 0:
                continue
            row = np.zeros(len(lines) + len(standards))
            row[index[line]], row[len(lines) + number] = 1.0, 1.0
            rows.append(row)
            values.append(np.log(share / standard.areas[line]))
            spread.append(float(np.hypot(standard.relative[line], stoichiometry_uncertainty)))
            sources[line] = f"{sources[line]} {standard.name}".strip()
    if not rows or not all(sources.values()):
        return None
    design = np.array(rows) / np.array(spread)[:, None]
    # One free constant is common to all factors and standards: it is fixed by their mean.
    used = np.abs(design).sum(axis=0) > 0
    kept = design[:, used]
    if np.linalg.matrix_rank(kept) < kept.shape[1] - 1:
        return None
    inverse = np.linalg.pinv(kept.T @ kept)
    scaled = np.array(values) / np.array(spread)
    found = inverse @ (kept.T @ scaled)
    freedom = len(rows) - (kept.shape[1] - 1)
    if freedom > 0:
        inverse = inverse * max(float(((scaled - kept @ found) ** 2).sum()) / freedom, 1.0)
    number = len(lines)
    return Factors(
        tuple(lines),
        np.exp(found[:number]),
        inverse[:number, :number],
        tuple(f"standard: {sources[line]}" for line in lines),
    )
