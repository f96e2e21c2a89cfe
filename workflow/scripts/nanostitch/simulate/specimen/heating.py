"""What heat destroys: crystals leave empty ligand shells, and some of their lead."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.crystals import Crystals, Floats, Ints, Mask
from nanostitch.simulate.specimen.seams import LATTICE_CONSTANT_NM
from nanostitch.simulate.specimen.storage import thermal_factor

THRESHOLD_C = 200.0
THRESHOLD_RATE_PER_H = 0.5
DESTRUCTION_ENERGY_EV = 1.5
"""Destruction: rate at the threshold temperature, and activation energy.

Chosen so that 260 °C for 1 h leaves not one crystal in ten thousand, as in the paper's Figure 8,
while 150 °C for 1 h destroys less than one in a hundred and 90 °C none.
"""

LEAD_VOLUME_NM3 = 0.49508**3 / 4
"""Volume of one atom in metallic lead [nm3], four in a cubic cell of 0.49508 nm."""

RETAINED_SHARE = 0.05
"""Share of the lead that stays as metal; the rest leaves as bromide vapour.

Chosen so that the 14 crystals of the paper's Figure 8 leave one dot of about 5 nm, smaller than a
crystal; all their lead would make one of 13 nm, larger than any crystal was.
"""

COLLECTION_NM = 60.0
"""Least distance between metal particles [nm]: lead within about half of it gathers in one. Larger
than the cluster of Figure 8, in which one particle formed."""


class Metal(NamedTuple):
    """Arrays over metal particles: centre and diameter [nm]."""

    y: Floats
    x: Floats
    diameter: Floats


def destruction_rate(temperature_c: float) -> float:
    """Rate at which crystals are destroyed [1/h]."""
    heat = thermal_factor(temperature_c, THRESHOLD_C, DESTRUCTION_ENERGY_EV)
    return THRESHOLD_RATE_PER_H * heat


def lifetime(temperature_c: float, hours: float) -> float:
    """Mean time [h] that a crystal lives in so many hours at a temperature [°C].

    What else happens there has no longer: at 90 °C all of the time, at 260 °C two minutes.
    """
    dose = destruction_rate(temperature_c) * hours
    return hours * float(-np.expm1(-dose)) / dose if dose > 0 else hours


def destroyed(count: int, stages: Sequence[tuple[float, float]], rng: np.random.Generator) -> Mask:
    """Which of ``count`` crystals heat destroys, in stages of temperature [°C] and duration [h]."""
    dose = sum(hours * destruction_rate(temperature_c) for temperature_c, hours in stages)
    gone: Mask = rng.exponential(size=count) < dose
    return gone


def metal(crystals: Crystals, gone: Mask, rng: np.random.Generator) -> Metal:
    """Metal particles that the lead of destroyed crystals leaves.

    One of the destroyed crystals is the place of each particle; the lead of the others goes to the
    nearest, as reduced lead is seen to diffuse and gather (Dang et al., ACS Omega (2017),
    doi:10.1021/acsomega.7b01009). A cell of CsPbBr3 holds one lead atom.
    """
    index = rng.permutation(np.flatnonzero(gone))
    points = np.stack([crystals.y, crystals.x], axis=1)
    places = _apart(points[index], COLLECTION_NM)
    if places.size == 0:
        return Metal(np.empty(0), np.empty(0), np.empty(0))
    centres = points[index[places]]
    nearest = cKDTree(centres).query(points[index])[1]
    volume = np.bincount(nearest, crystals.volumes()[index], places.size)
    lead = RETAINED_SHARE * volume * LEAD_VOLUME_NM3 / LATTICE_CONSTANT_NM**3
    return Metal(centres[:, 0], centres[:, 1], np.cbrt(6 * lead / np.pi))


def _apart(points: Floats, distance: float) -> Ints:
    """Points in their order, but for those too near to an earlier one that stays."""
    tree, free, chosen = cKDTree(points.reshape(-1, 2)), np.ones(len(points), dtype=bool), []
    for index, point in enumerate(points):
        if free[index]:
            chosen.append(index)
            free[tree.query_ball_point(point, distance)] = False
    return np.array(chosen, dtype=np.int64)
