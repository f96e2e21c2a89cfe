"""How lattices meet at seams: carried from crystal to crystal, and where loops do not close.

Every crystal has one lattice, two beyond a planar fault. Lattices are carried through as many
seams as close no loop; what the others miss by is their translation.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet

from nanostitch.simulate.instruments.scattering import LATTICE_NM
from nanostitch.simulate.instruments.structure import (
    ROTATION_DEGREE,
    Lattice,
    faulted,
    perovskite,
    turned,
)
from nanostitch.simulate.projection import BOUNDARY, CRYSTAL
from nanostitch.simulate.specimen.seams import COHERENT_DEGREE

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Place = tuple[float, float]
Joints = dict[int, list[tuple[int, Place]]]

TRANSLATION_NM = 0.1
"""Translation above which a seam is a boundary [nm]: a sixth of the lattice parameter and less
than the probe of 0.14 nm is wide, so that what misses by less looks like one lattice."""


def lattices(specimen: xr.Dataset, rng: np.random.Generator) -> list[Lattice]:
    """Lattice of every crystal, before its planar fault if it has one.

    Crystals joined by seams that are no boundary, of one zone axis, share a lattice as far as
    their directions allow: the two coincide in the middle of the seam. Where such seams close a
    loop not all can; :func:`spanning` says which do. Others begin anywhere.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    rng
        Draws where lattices begin.
    """
    axes, angles = specimen["zone_axis"].to_numpy(), specimen["angle"].to_numpy()
    centre = np.stack([specimen["centre_y"].to_numpy(), specimen["centre_x"].to_numpy()], axis=1)
    begin = centre + LATTICE_NM * (rng.random(centre.shape) - 0.5)
    joints, faults = _joints(specimen), _Faults(specimen)
    found: dict[int, Lattice] = {}
    for seed in np.argsort(-specimen["edge"].to_numpy(), kind="stable"):
        if int(seed) in found:
            continue
        motif = perovskite(int(axes[seed]))
        y, x = (float(place) for place in begin[seed])
        found[int(seed)] = Lattice(motif, y, x, float(angles[seed]))
        reached = [int(seed)]
        while reached:
            one = reached.pop()
            for other, place in joints.get(one, ()):
                if other not in found:
                    period = ROTATION_DEGREE[int(axes[other])]
                    here = faults.at(one, found[one], place)
                    there = _carried(here, float(angles[other]), period, *place)
                    found[other] = faults.undone(other, there, place)
                    reached.append(other)
    return [found[index] for index in range(axes.size)]


def labelled(specimen: xr.Dataset, found: list[Lattice]) -> xr.Dataset:
    """Specimen whose seams are classed by how their lattices are drawn.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    found
        Result of :func:`lattices`.

    Returns
    -------
    xarray.Dataset
        The specimen with ``seam_translation`` (seam) [nm], by how much the lattices of both sides
        miss each other, modulo the lattice: the worst along the seam if a planar fault runs into
        it; NaN where zone axes differ or directions by more than ``COHERENT_DEGREE``.
        ``seam_class`` is that of a boundary where it is NaN or above ``TRANSLATION_NM``.
    """
    translation = np.full(specimen.sizes["seam"], np.nan)
    ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
    axes, faults, struck = specimen["zone_axis"].to_numpy(), _Faults(specimen), crossed(specimen)
    present = _present(specimen)
    for seam in np.flatnonzero(present & (axes[ends[0]] == axes[ends[1]])):
        pair = [int(end[seam]) for end in ends]
        places = _along(specimen, int(seam), 3 if struck[seam] else 1)
        period = ROTATION_DEGREE[int(axes[pair[0]])]
        # A turn about the middle alone is what misorientation makes; the rest is translation.
        sides = [[faults.at(i, found[i], place) for i in pair] for place in places]
        misses = [_miss(one, other, period, places[0]) for one, other in sides]
        translation[seam] = max(misses)
    kind = specimen["seam_class"].to_numpy()
    apart = present & ~(translation <= TRANSLATION_NM)
    label = np.where(apart, BOUNDARY, kind).astype(kind.dtype)
    return specimen.assign(seam_class=("seam", label), seam_translation=("seam", translation))


def spanning(specimen: xr.Dataset) -> Mask:
    """Seams that lattices are carried through, dim ``seam``: they close no loop.

    Seams that no planar fault runs into come first, then seamless before tilted ones, then long
    before short (Kruskal's minimum spanning tree).
    """
    kind, length = (specimen[name].to_numpy() for name in ("seam_class", "seam_length"))
    ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
    axes = specimen["zone_axis"].to_numpy()
    joins = _present(specimen) & (kind != BOUNDARY) & (axes[ends[0]] == axes[ends[1]])
    sets = DisjointSet(range(axes.size))
    chosen = np.zeros(kind.size, bool)
    for seam in np.lexsort((-length, kind, crossed(specimen))):
        if joins[seam]:
            chosen[seam] = sets.merge(int(ends[0][seam]), int(ends[1][seam]))
    return chosen


def crossed(specimen: xr.Dataset) -> Mask:
    """Seams that a planar fault of one of their crystals may run into, dim ``seam``."""
    names = ("seam_y", "seam_x", "seam_length", "seam_normal")
    y, x, length, direction = (specimen[name].to_numpy() for name in names)
    found = np.zeros(length.shape, bool)
    for name in ("seam_first", "seam_second"):
        its = specimen[["angle", "fault_across", "fault_offset", "centre_y", "centre_x"]].isel(
            crystal=specimen[name].to_numpy()
        )
        normal = np.radians(its["angle"].to_numpy() + 90.0 * its["fault_across"].to_numpy())
        dy, dx = y - its["centre_y"].to_numpy(), x - its["centre_x"].to_numpy()
        past = dy * np.sin(normal) + dx * np.cos(normal) - its["fault_offset"].to_numpy()
        half = length / 2 * np.abs(np.sin(normal - np.radians(direction)))
        # A fault lies between two planes of its lattice, up to half a cell from where it should.
        found |= np.abs(past) <= half + LATTICE_NM / 2
    return found


def _present(specimen: xr.Dataset) -> Mask:
    """Seams whose two crystals are still there."""
    alive = specimen["state"].to_numpy() == CRYSTAL
    ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
    return np.asarray(alive[ends[0]] & alive[ends[1]])


def _joints(specimen: xr.Dataset) -> Joints:
    """For each crystal those whose lattice continues its own, and where the seam is."""
    names = ("seam_first", "seam_second", "seam_y", "seam_x")
    seams = specimen[list(names)].isel(seam=spanning(specimen))
    found: Joints = {}
    for one, other, y, x in zip(*(seams[name].to_numpy() for name in names), strict=True):
        found.setdefault(int(one), []).append((int(other), (float(y), float(x))))
        found.setdefault(int(other), []).append((int(one), (float(y), float(x))))
    return found


def _along(specimen: xr.Dataset, seam: int, count: int) -> list[Place]:
    """Middle of a seam, and of three places its ends."""
    names = ("seam_y", "seam_x", "seam_length", "seam_normal")
    y, x, length, normal = (float(specimen[name].values[seam]) for name in names)
    dy, dx = np.cos(np.radians(normal)) * length / 2, -np.sin(np.radians(normal)) * length / 2
    return [(y + part * dy, x + part * dx) for part in (0.0, -1.0, 1.0)[:count]]


class _Faults:
    """Planar faults of a specimen's crystals, and which lattice is where."""

    def __init__(self, specimen: xr.Dataset) -> None:
        names = ("fault_offset", "fault_across", "centre_y", "centre_x")
        self._of = [specimen[name].to_numpy() for name in names]

    def at(self, crystal: int, lattice: Lattice, place: Place) -> Lattice:
        """Lattice at a place on a crystal; ``lattice`` is the one before its fault."""
        offset, across, y, x = (values[crystal] for values in self._of)
        if not np.isfinite(offset):
            return lattice
        beyond, offset = faulted(
            lattice, offset_nm=offset, across=bool(across), centre_y=y, centre_x=x
        )
        normal = np.radians(lattice.angle + 90.0 * bool(across))
        past = (place[0] - y) * np.sin(normal) + (place[1] - x) * np.cos(normal) - offset
        return beyond if past > 0 else lattice

    def undone(self, crystal: int, lattice: Lattice, place: Place) -> Lattice:
        """Lattice before the fault of the crystal that has ``lattice`` at a place."""
        if self.at(crystal, lattice, place) is lattice:
            return lattice
        dy, dx = turned(lattice.motif.fault[None, ::-1], lattice.angle)[0]
        return Lattice(lattice.motif, lattice.y - dy, lattice.x - dx, lattice.angle)


def _turn(lattice: Lattice, angle: float, period: float) -> float:
    """Smallest turn that brings a lattice to an angle or an equivalent one [degree]."""
    return (angle - lattice.angle + period / 2) % period - period / 2


def _carried(lattice: Lattice, angle: float, period: float, y: float, x: float) -> Lattice:
    """Lattice turned about a point as little as brings it to an angle or an equivalent one.

    Turned about one of its sites by its period a lattice stays the same.
    """
    turn = np.radians(_turn(lattice, angle, period))
    cos, sin = np.cos(turn), np.sin(turn)
    dy, dx = lattice.y - y, lattice.x - x
    return Lattice(lattice.motif, y + dy * cos + dx * sin, x + dx * cos - dy * sin, angle)


def _miss(one: Lattice, other: Lattice, period: float, place: Place) -> float:
    """Shortest translation between two lattices at a place [nm]; NaN if they are turned."""
    if abs(_turn(one, other.angle, period)) > COHERENT_DEGREE:
        return float("nan")
    carried = _carried(one, other.angle, period, *place)
    apart = turned(np.array([[carried.y - other.y, carried.x - other.x]]), -other.angle)[0][::-1]
    basis = other.motif.basis
    cells = np.linalg.solve(basis.T, apart)
    # In a hexagonal lattice the nearest site need not be that of the rounded coordinates.
    around = np.mgrid[-1:2, -1:2].reshape(2, -1).T + (cells - np.round(cells))
    return float(np.linalg.norm(around @ basis, axis=1).min())
