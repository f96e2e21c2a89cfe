"""Where lattices meet: place, misorientation and kind of every seam."""

from dataclasses import dataclass

import numpy as np

from nanostitch.simulate.specimen.crystals import Contacts, Crystals, Floats, Ints
from nanostitch.simulate.specimen.facets import facing, folded

SEAMLESS, TILT, BOUNDARY = 0, 1, 2
"""Classes of a seam."""

LATTICE_CONSTANT_NM = 0.587
"""Pseudocubic lattice constant of CsPbBr3 [nm], twice the 0.2935 nm of its 200 planes."""

CRYSTAL_LENGTH_NM = 8.1
"""Edge of the paper's crystals [nm], over which a misorientation adds up."""

COHERENT_DEGREE = float(np.degrees(LATTICE_CONSTANT_NM / CRYSTAL_LENGTH_NM))
"""In-plane misorientation above which a seam is a boundary [degree]: 4.2, at which two lattices
come apart by one cell along a facet, so that the seam must hold a dislocation (the spacing b/theta
of Read & Shockley, Phys. Rev. 78 (1950) 275)."""

TILT_DEGREE = float(np.degrees(LATTICE_CONSTANT_NM / 2 / CRYSTAL_LENGTH_NM))
"""Angle between zone axes above which a seam counts as a tilt [degree]: 2.1, the half width d/t of
the 200 reflection of a crystal as thick as it is wide, beyond which columns of one of the two
blur."""

_PERIOD_DEGREE = np.array([90.0, 180.0, 60.0])
"""In-plane symmetry of the lattice seen along [001], [110] and [111] (with inversion)."""


@dataclass(frozen=True)
class Seams:
    """Arrays over seams: lengths in nm, angles in degree, as the specimen's contract has them."""

    first: Ints
    second: Ints
    y: Floats
    x: Floats
    normal: Floats
    length: Floats
    gap: Floats
    misorientation: Floats
    tilt: Floats
    kind: Ints

    def __len__(self) -> int:
        return int(self.first.size)


def describe(crystals: Crystals, contacts: Contacts, widest: float) -> Seams:
    """Describe the seam of every contact between crystals that still are ones.

    Parameters
    ----------
    crystals
        The layer after its storage.
    contacts
        Which facets have met.
    widest
        Widest gap that fills [nm]; of a wedge, only what is narrower.

    Notes
    -----
    Seamless: one lattice runs through. Tilt: so it does in projection, but the zone axes part.
    Boundary: different zone axes, or a misorientation in the plane above ``COHERENT_DEGREE``.
    """
    squares = crystals.squares()
    found = facing(squares.take(contacts.first), squares.take(contacts.second), widest)
    zone_first, zone_second = (crystals.zone_axis[i] for i in (contacts.first, contacts.second))
    alike = zone_first == zone_second
    turn = np.degrees(crystals.angle[contacts.second] - crystals.angle[contacts.first])
    lattice = np.abs(folded(turn, np.where(alike, _PERIOD_DEGREE[zone_first], 90.0)))
    tilt = np.hypot(
        crystals.tilt_y[contacts.second] - crystals.tilt_y[contacts.first],
        crystals.tilt_x[contacts.second] - crystals.tilt_x[contacts.first],
    )
    tilt = np.where(alike, tilt, 0.0)
    kind = np.where(tilt > TILT_DEGREE, TILT, SEAMLESS)
    kind = np.where(~alike | (lattice > COHERENT_DEGREE), BOUNDARY, kind)
    return Seams(
        first=contacts.first,
        second=contacts.second,
        y=found.y,
        x=found.x,
        normal=np.degrees(found.normal) % 360.0,
        length=found.length,
        gap=np.maximum(found.mean_gap, 0.0),
        misorientation=np.minimum(lattice, 45.0),
        tilt=tilt,
        kind=kind,
    )
