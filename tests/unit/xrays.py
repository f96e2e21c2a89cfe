"""X-ray spectra of CsPbBr3-like films with a known truth, for tests and benchmarks.

Line families on bremsstrahlung with a slope of its own, 10 eV channels, an axis that is off by
some eV and 0.05 %, weights of subshells off by what is known of them, a tail, Poisson noise.
"""

import numpy as np
import xarray as xr

from nanostitch.edx import detector, elements, ionisation
from nanostitch.edx.detector import Shape
from nanostitch.edx.lines import WEIGHT_UNCERTAINTY, Family, families, groups

BEAM_KEV = 200.0
ELEMENTS = ("Cs", "Pb", "Br")
LINES = {"Cs": "Cs_La", "Pb": "Pb_La", "Br": "Br_Ka"}
ENERGY = 0.01 * np.arange(2048)
EDGES = 0.01 * (np.arange(2049) - 0.5)
GRID = {"Si": 0.05, "Cu": 0.6}
"""Counts of an artefact's K alpha over those of Br K alpha."""
BACKGROUND = 0.004
"""Counts of bremsstrahlung in 10 eV at 12 keV over those of Br K alpha."""


def strength(family: Family, random: np.random.Generator) -> np.ndarray:
    """Counts of each line over those of the alpha line, with subshells off their weights."""
    seen = detector.efficiency(family.energies, "polymer", 0.45)
    seen = seen * (1 - detector.escape(family.energies))
    first = int(np.argmax(family.energies == family.alpha_kev))
    factor = {
        group: np.exp(number * WEIGHT_UNCERTAINTY[family.shell] * random.standard_normal())
        for number, group in zip((0, 1, 1, 1), groups(family), strict=False)
    }
    off = np.array([factor[group] for group in family.groups])
    return family.weights * seen / seen[first] * off


def spectrum(
    percent: np.ndarray, counts: float, pile_up: float, random: np.random.Generator
) -> xr.Dataset:
    """One spectrum of a composition, with so many counts in Br K alpha."""
    shape = Shape(
        0.005 * random.standard_normal(),
        1 + 5e-4 * random.standard_normal(),
        (0.130 / detector.FWHM_PER_SIGMA) ** 2 * random.uniform(0.9, 1.1),
        detector.FANO_FACTOR,
        random.uniform(0, 0.03),
    )
    found = families([*ELEMENTS, *GRID], (0.5, 20.0), BEAM_KEV)
    per_atom = {f.line: ionisation.counts_per_atom(f, BEAM_KEV, "polymer", 0.45) for f in found}
    amounts = dict(zip(ELEMENTS, percent / percent[2], strict=True))
    amounts |= {e: GRID[e] * per_atom["Br_Ka"] / per_atom[f"{e}_Ka"] for e in GRID}
    expected = np.zeros(ENERGY.size)
    for family in found:
        area = counts * amounts[family.element] * per_atom[family.line] / per_atom["Br_Ka"]
        expected += detector.peaks(area * strength(family, random), family.energies, EDGES, shape)
    energy = np.maximum(ENERGY, 0.1)
    brems = (BEAM_KEV - energy) / energy * detector.efficiency(energy, "polymer", 0.45)
    brems *= energy ** random.uniform(-0.2, 0.2)
    expected += BACKGROUND * counts * brems / brems[1200]
    if pile_up:
        sums = np.convolve(expected, expected)[: expected.size] / expected.sum()
        expected = (1 - pile_up) * expected + pile_up / 2 * sums
    axis = ("energy", ENERGY, {"units": "keV"})
    data = (("energy",), random.poisson(expected).astype(float), {"units": "1"})
    attrs = {"beam_energy_kev": BEAM_KEV, "elevation_angle_degree": 25.0}
    return xr.Dataset({"counts": data}, {"energy": axis}, attrs)


def factors(uncertainty: float, random: np.random.Generator) -> dict[str, dict[str, object]]:
    """Told k-factors that are off by their uncertainty."""
    chosen = [f for f in families(ELEMENTS, (1.1, 20.0), BEAM_KEV) if f.line in LINES.values()]
    told = {}
    for family in chosen:
        atom = ionisation.counts_per_atom(family, BEAM_KEV, "polymer", 0.45)
        true = elements.atomic_weight(family.element) / atom * 1e-24
        value = true * np.exp(uncertainty * random.standard_normal())
        told[family.line] = {"value": value, "uncertainty": uncertainty * value, "source": "x"}
    return told
