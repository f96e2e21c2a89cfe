"""Atomic columns of projected lattices, and of those beyond planar faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nanostitch.simulate.instruments.scattering import LATTICE_NM

Floats = NDArray[np.float64]

PEROVSKITE: Mapping[str, Floats] = {
    "Pb": np.array([[0.0, 0.0, 0.0]]),
    "Br": np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]),
    "Cs": np.array([[0.5, 0.5, 0.5]]),
}
"""Atoms of the ideal cubic perovskite, in fractions of the cell."""
LEAD: Mapping[str, Floats] = {
    "Pb": np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
}
"""Atoms of face-centred cubic lead."""
LEAD_LATTICE_NM = 0.495

VIBRATION_NM: Mapping[str, float] = {"Pb": 0.015, "Br": 0.027, "Cs": 0.026}
"""Root mean square displacement along one direction at room temperature [nm], rounded from the
displacement parameters of CsPbBr3 (Stoumpos et al., Cryst. Growth Des. 13 (2013) 2722); Br moves
most, across its bond."""

_ZONE_AXES = (
    np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 0, 1], [1, 0, 0], [1, 1, 0]]),
    np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]]),
)
"""By ``zone_axis``: two lattice vectors whose projections span the projected lattice, the first
along the edge of the crystal, and the direction of the beam."""
ROTATION_DEGREE = (90.0, 180.0, 60.0)
"""Rotation about the beam that leaves the projected lattice as it is, by ``zone_axis``."""
_FAULT_PLANE = 0.75
"""Where a planar fault may lie between two planes of lead, in lattice parameters."""


@dataclass(frozen=True)
class Motif:
    """Projected lattice in the frame of a crystal: (along, across).

    ``basis`` holds its two vectors as rows [nm], ``position`` a row for each column in a cell
    [nm], ``atoms`` their number in each column over ``repeat_nm`` along the beam. ``fault`` is
    the projected displacement across a planar fault [nm].
    """

    basis: Floats
    position: Floats
    atoms: Mapping[str, Floats]
    repeat_nm: float
    fault: Floats


@dataclass(frozen=True)
class Lattice:
    """A lattice on the specimen: a site (y, x) [nm] and the direction of its edge [degree]."""

    motif: Motif
    y: float
    x: float
    angle: float


@cache
def perovskite(zone_axis: int) -> Motif:
    """Projected lattice of CsPbBr3; 0, 1, 2 are [001], [110], [111].

    Notes
    -----
    The fault is that of Ruddlesden and Popper: one more plane of CsBr, and a displacement by
    half of the body diagonal (Yu, Zhang and Yang, Nano Lett. 17 (2017) 5489,
    doi:10.1021/acs.nanolett.7b02146).
    """
    return _project(PEROVSKITE, LATTICE_NM, zone_axis)


@cache
def lead() -> Motif:
    """Projected lattice of metallic lead along [110], where its {111} and {200} planes show."""
    return _project(LEAD, LEAD_LATTICE_NM, 1)


def _project(cell: Mapping[str, Floats], lattice_nm: float, zone_axis: int) -> Motif:
    first, second, beam = _ZONE_AXES[zone_axis].astype(float)
    normal = beam / np.linalg.norm(beam)
    along = first - (first @ normal) * normal
    along /= np.linalg.norm(along)
    frame = np.stack([along, np.cross(normal, along)], axis=1)
    basis = np.stack([first, second]) @ frame
    found: dict[tuple[float, float], dict[str, float]] = {}
    repeat = float(np.linalg.norm(beam))
    cells = repeat * float(abs(np.linalg.det(basis)))
    for element, fractions in cell.items():
        for place in np.linalg.solve(basis.T, (fractions @ frame).T).T:
            u, v = (float(part) for part in np.round(place % 1.0, 6) % 1.0)
            column = found.setdefault((u, v), {})
            column[element] = column.get(element, 0.0) + cells
    atoms = {
        element: np.array([column.get(element, 0.0) for column in found.values()])
        for element in cell
    }
    diagonal = np.array([0.5, 0.5, 0.5]) @ frame
    places = np.array(list(found)) @ basis
    return Motif(
        lattice_nm * basis, lattice_nm * places, atoms, lattice_nm * repeat, lattice_nm * diagonal
    )


def sites(lattice: Lattice, y: float, x: float, reach_nm: float) -> tuple[Floats, NDArray[np.intp]]:
    """Columns of a lattice around a point.

    Parameters
    ----------
    lattice
        Where the lattice lies.
    y, x
        The point [nm].
    reach_nm
        All columns within this distance are among them [nm].

    Returns
    -------
    tuple
        Positions (y, x) of the columns, one a row [nm], and which column of the motif each is.
    """
    motif = lattice.motif
    offset = turned(np.array([[y - lattice.y, x - lattice.x]]), -lattice.angle)[0][::-1]
    middle = np.round(np.linalg.solve(motif.basis.T, offset))
    heights = abs(np.linalg.det(motif.basis)) / np.linalg.norm(motif.basis, axis=1)[::-1]
    first, second = (int(np.ceil(reach_nm / height)) + 2 for height in heights)
    cells = np.mgrid[-first : first + 1, -second : second + 1].reshape(2, -1).T + middle
    local = (cells @ motif.basis)[:, None, :] + motif.position[None, :, :]
    which = np.tile(np.arange(len(motif.position)), len(cells))
    place = turned(local.reshape(-1, 2)[:, ::-1], lattice.angle) + (lattice.y, lattice.x)
    near = np.hypot(place[:, 0] - y, place[:, 1] - x) <= reach_nm
    return place[near], which[near]


def turned(place: Floats, angle: float) -> Floats:
    """Rows (y, x) turned from x towards y."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned: Floats = place @ np.array([[cos, -sin], [sin, cos]])
    return turned


def faulted(
    lattice: Lattice, *, offset_nm: float, across: bool, centre_y: float, centre_x: float
) -> tuple[Lattice, float]:
    """Lattice beyond a planar fault, and where the fault lies.

    Parameters
    ----------
    lattice
        Lattice before the fault.
    offset_nm
        Distance of the fault from the centre of the crystal, along its normal [nm]; moved to the
        nearest place between two planes of CsBr.
    across
        Whether the normal is across the crystal's direction, else along it.
    centre_y, centre_x
        Centre of the crystal [nm].

    Returns
    -------
    tuple
        The lattice beyond it and the distance of the fault from the centre [nm].
    """
    normal = turned(np.array([[1.0, 0.0] if across else [0.0, 1.0]]), lattice.angle)[0]
    site = float(normal @ (lattice.y - centre_y, lattice.x - centre_x))
    plane = site + _FAULT_PLANE * LATTICE_NM
    offset = plane + LATTICE_NM * np.round((offset_nm - plane) / LATTICE_NM)
    shift = turned(lattice.motif.fault[None, ::-1], lattice.angle)[0]
    moved = Lattice(lattice.motif, lattice.y + shift[0], lattice.x + shift[1], lattice.angle)
    return moved, float(offset)
