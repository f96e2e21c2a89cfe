"""Band gap of each crystal by the extents of the body that it is part of."""

from typing import NamedTuple

import numpy as np

from nanostitch.simulate.specimen.crystals import CRYSTAL, Crystals, Floats, Ints
from nanostitch.simulate.specimen.seams import Seams

BULK_GAP_EV = 2.32
"""Band gap of bulk CsPbBr3 [eV], as the paper has it."""

REDUCED_MASS = 0.126
"""Reduced mass of electron and hole in CsPbBr3, in electron masses (Yang et al., ACS Energy Lett. 2
(2017) 1621)."""

CONFINEMENT_EV_NM2 = 0.376030 / REDUCED_MASS
"""Energy of one confined dimension times its length squared [eV nm2]: h²/(8 m0) over the mass."""


LONGEST_NM = 2000.0
"""Rows are followed no farther [nm]: confinement is then below 1 µeV, and a ring has no end."""


class Extents(NamedTuple):
    """Lengths [nm] of the body through each crystal along and across its angle."""

    along: Floats
    across: Floats


def extents(crystals: Crystals, seams: Seams) -> Extents:
    """Follow seams in a row from each crystal to both ends of its body, along and across.

    A row leaves each crystal by the facet opposite to the one by which it came in, whatever kind
    the seam is: the paper finds that boundaries do not confine. Necks count with their gaps. A row
    that bends is measured along its bend. Where several seams share a facet, the longest counts.

    Returns
    -------
    Extents
        0 where the crystal is gone.
    """
    count = len(crystals)
    neighbour, entry, gap = _rows(crystals, seams)
    beyond = np.stack(
        [_beyond(crystals.edge, neighbour, entry, gap, side) for side in range(4)], axis=0
    ).reshape(4, count)
    whole = crystals.state == CRYSTAL
    along = np.where(whole, crystals.edge + beyond[0] + beyond[2], 0.0)
    across = np.where(whole, crystals.edge + beyond[1] + beyond[3], 0.0)
    return Extents(along, across)


def _rows(crystals: Crystals, seams: Seams) -> tuple[Ints, Ints, Floats]:
    """For each crystal and facet: who is next, by which facet one comes in, and across what gap.

    Facets 0 to 3 face along angle + 0, 90, 180 and 270 degree; -1 where nobody is next.
    """
    count = len(crystals)
    angle = np.degrees(crystals.angle)
    leave = np.rint((seams.normal - angle[seams.first]) / 90.0).astype(int) % 4
    enter = np.rint((seams.normal + 180.0 - angle[seams.second]) / 90.0).astype(int) % 4
    one, side = np.concatenate([seams.first, seams.second]), np.concatenate([leave, enter])
    other, far = np.concatenate([seams.second, seams.first]), np.concatenate([enter, leave])
    # Of equal places assigned to, the last one stays: the longest seam.
    order = np.argsort(np.tile(seams.length, 2), kind="stable")
    place = one[order], side[order]
    neighbour, entry = np.full((count, 4), -1), np.zeros((count, 4), dtype=int)
    gap = np.zeros((count, 4))
    neighbour[place], entry[place] = other[order], far[order]
    gap[place] = np.tile(seams.gap, 2)[order]
    return neighbour, entry, gap


def _beyond(edge: Floats, neighbour: Ints, entry: Ints, gap: Floats, side: int) -> Floats:
    """Length of the body beyond one facet of every crystal, to where its row ends."""
    start = np.arange(edge.size)
    here, out = start.copy(), np.full(edge.size, side)
    length, going = np.zeros(edge.size), start
    # A row that closes to a ring has no end and is left after one turn.
    while going.size:
        ahead = neighbour[here[going], out[going]]
        open_end = (ahead >= 0) & (ahead != start[going]) & (length[going] < LONGEST_NM)
        going, ahead = going[open_end], ahead[open_end]
        leaving = here[going], out[going]
        length[going] += gap[leaving] + edge[ahead]
        out[going] = (entry[leaving] + 2) % 4
        here[going] = ahead
    return length


def band_gap(crystals: Crystals, size: Extents) -> Floats:
    """Band gap [eV] of each crystal; NaN where it is gone.

    Notes
    -----
    Effective masses in a box with hard walls, without Coulomb energy (Brus, J. Chem. Phys. 80
    (1984) 4403): each confined length L adds h²/(8 mu L²).
    """
    whole = crystals.state == CRYSTAL
    lengths = np.stack([size.along, size.across, crystals.height])
    inverse = (1 / np.where(whole, lengths, 1.0) ** 2).sum(axis=0)
    gaps: Floats = np.where(whole, BULK_GAP_EV + CONFINEMENT_EV_NM2 * inverse, np.nan)
    return gaps
