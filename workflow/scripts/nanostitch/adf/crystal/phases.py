"""Phases and their zone axes: plane lattices that an image along a zone axis shows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.crystal.basis import reduced

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Index = tuple[int, int, int]
"""Miller indices h, k and l of a reflection."""
Allowed = Callable[[Index], bool]

ZONES = ("[001]", "[110]", "[111]")
"""Directions of a cubic lattice by the number of ``zone_axis``."""
_REACH = 4
"""Largest Miller index of the reflections that span a plane lattice."""
_SAME = 1e-6
"""Relative difference below which two plane lattices are one."""


@dataclass(frozen=True)
class Phase:
    """A crystal structure: cell (a, b, c [nm], gamma [degree]), reflections, pseudo-cubic names.

    ``lattice_range`` is the relative half-range of the lattice parameters in use for the material.
    ``cubic`` maps zones of other cells to the number of the cubic zone that they are like, with
    the reflection that lies along the direction of ``domain_orientation``.
    """

    material: str
    a: float
    b: float
    c: float
    gamma: float
    allowed: Allowed
    lattice_range: float
    cubic: dict[Index, tuple[int, Index]]

    @property
    def pseudo_cubic(self) -> float:
        """Edge of the cube per formula unit of a cubic or pseudo-cubic cell [nm]; else NaN."""
        if not self.cubic:
            return float("nan")
        volume = self.a * self.b * self.c
        return float((volume / (4 if self.a != self.b else 1)) ** (1 / 3))


@dataclass(frozen=True)
class Zone:
    """Plane lattice of a phase along a zone axis.

    ``basis`` holds two vectors as rows [nm-1] in a frame of its own. ``number`` is that of
    ``zone_axis``, ``direction`` the angle from the first axis of the frame to the direction of
    ``domain_orientation`` [rad], ``period`` the rotation that leaves the lattice as it is [degree].
    """

    phase: str
    name: str
    number: int
    basis: Floats
    direction: float
    period: float

    @property
    def label(self) -> str:
        """Phase and zone axis in words."""
        return f"{self.phase} {self.name}"


def _primitive(_: Index) -> bool:
    return True


def _face_centred(index: Index) -> bool:
    return len({number % 2 for number in index}) == 1


def _diamond(index: Index) -> bool:
    return _face_centred(index) and (index[0] % 2 == 1 or sum(index) % 4 == 0)


def _pnma(index: Index) -> bool:
    first, second, third = index
    return (first != 0 or (second + third) % 2 == 0) and (third != 0 or first % 2 == 0)


def _i4mcm(index: Index) -> bool:
    first, second, third = index
    glide = (first != 0 or third % 2 == 0) and (second != 0 or third % 2 == 0)
    return sum(index) % 2 == 0 and glide


def _r3c(index: Index) -> bool:
    first, second, third = index
    glide = first + second != 0 or third % 2 == 0
    return (-first + second + third) % 3 == 0 and glide


_CUBIC = {
    (0, 0, 1): (0, (1, 0, 0)),
    (1, 1, 0): (1, (0, 0, 1)),
    (1, 1, 1): (2, (2, -1, -1)),
}
# In the orthorhombic cell b is twice a cubic edge, a and c are diagonals of cubic faces.
_PSEUDO = {
    (0, 1, 0): (0, (1, 0, 1)),
    (1, 0, 1): (0, (0, 2, 0)),
    (1, 0, 0): (1, (0, 2, 0)),
    (0, 0, 1): (1, (0, 2, 0)),
}

PHASES: dict[str, Phase] = {
    "CsPbBr3_cubic": Phase("CsPbBr3", 0.587, 0.587, 0.587, 90, _primitive, 0.005, _CUBIC),
    "CsPbBr3_orthorhombic": Phase("CsPbBr3", 0.8255, 1.1759, 0.8207, 90, _pnma, 0.005, _PSEUDO),
    "Pb": Phase("Pb", 0.4951, 0.4951, 0.4951, 90, _face_centred, 0.001, _CUBIC),
    "Cs4PbBr6": Phase("Cs4PbBr6", 1.373, 1.373, 1.732, 120, _r3c, 0.002, {}),
    "CsPb2Br5": Phase("CsPb2Br5", 0.848, 0.848, 1.525, 90, _i4mcm, 0.003, {}),
    "CsBr": Phase("CsBr", 0.4286, 0.4286, 0.4286, 90, _primitive, 0.001, _CUBIC),
    "Si": Phase("Si", 0.5431, 0.5431, 0.5431, 90, _diamond, 0.0001, _CUBIC),
    "CdTe": Phase("CdTe", 0.6482, 0.6482, 0.6482, 90, _face_centred, 0.0005, _CUBIC),
    "SrTiO3": Phase("SrTiO3", 0.3905, 0.3905, 0.3905, 90, _primitive, 0.0005, _CUBIC),
}
"""Lattice constants at room temperature. CsPbBr3: Stoumpos et al., Cryst. Growth Des. 13 (2013)
2722 for Pnma (0.584 nm pseudo-cubic) and Moller, Nature 182 (1958) 1436 for the cubic phase
(0.587 nm), by which nanocrystals are mostly described: half of their difference is in
``lattice_range``. Cs4PbBr6: R-3c, Velazquez et al., J. Cryst. Growth 310 (2008) 5458. CsPb2Br5:
I4/mcm, Cola et al., Z. Naturforsch. A 26 (1971) 1328. CsBr, Pb, Si, CdTe, SrTiO3: Wyckoff, Crystal
Structures, 2nd ed. (1963). Reflections by the conditions of their space groups (International
Tables for Crystallography A)."""


@cache
def zones(name: str) -> tuple[Zone, ...]:
    """Plane lattices of a phase along all directions with indices of 0 and 1.

    Directions that show the same plane lattice are named by the first.
    """
    phase = PHASES[name]
    found: list[Zone] = []
    shapes: list[Floats] = []
    order = sorted(product((-1, 0, 1), repeat=3), key=lambda uvw: (sum(map(abs, uvw)), _rank(uvw)))
    for uvw in order:
        if next((i for i in uvw if i), -1) < 0:
            continue
        zone = _zone(name, phase, (uvw[0], uvw[1], uvw[2]))
        shape = _shape(zone.basis)
        if not any(np.allclose(shape, other, rtol=_SAME) for other in shapes):
            found.append(zone)
            shapes.append(shape)
    return tuple(found)


def _rank(uvw: tuple[int, ...]) -> tuple[int, ...]:
    """Names as they are mostly written come first: [001], [110], [111]."""
    return (
        (sum(i < 0 for i in uvw), *uvw)
        if sum(map(abs, uvw)) == 1
        else (sum(i < 0 for i in uvw), *(-i for i in uvw))
    )


def _shape(basis: Floats) -> Floats:
    one, other = reduced(basis)
    return np.array([one @ one, other @ other, abs(one @ other)])


def _zone(name: str, phase: Phase, uvw: tuple[int, int, int]) -> Zone:
    """Lattice that the allowed reflections of a zone span, in a frame normal to the zone axis."""
    gamma = np.radians(phase.gamma)
    direct = np.array(
        [
            [phase.a, 0, 0],
            [phase.b * np.cos(gamma), phase.b * np.sin(gamma), 0],
            [0, 0, phase.c],
        ]
    )
    reciprocal = np.linalg.inv(direct).T
    beam = np.array(uvw) @ direct
    beam /= np.linalg.norm(beam)
    steps = range(-_REACH, _REACH + 1)
    in_zone = [
        hkl
        for hkl in product(steps, steps, steps)
        if np.dot(hkl, uvw) == 0 and any(hkl) and phase.allowed(hkl)
    ]
    vectors = np.array(in_zone) @ reciprocal
    across = vectors[np.argmin(np.linalg.norm(vectors, axis=1))]
    frame = np.stack([across / np.linalg.norm(across), np.zeros(3)])
    frame[1] = np.cross(beam, frame[0])
    basis = _spanning(vectors @ frame.T)
    number, along = phase.cubic.get(uvw, (-1, None))
    direction = 0.0
    if along is not None:
        y, x = (frame @ (np.array(along) @ reciprocal))[::-1]
        direction = float(np.arctan2(y, x))
    return Zone(name, f"[{''.join(map(_index, uvw))}]", number, basis, direction, _period(basis))


def _index(value: int) -> str:
    return str(value) if value >= 0 else f"-{-value}"


def _spanning(vectors: Floats) -> Floats:
    """Reduced basis of the lattice that plane vectors span."""
    order = np.argsort(np.linalg.norm(vectors, axis=1), kind="stable")
    short = vectors[order][:16]
    areas = [
        (abs(np.linalg.det(np.stack(pair))), i) for i, pair in enumerate(combinations(short, 2))
    ]
    unit = min(area for area, _ in areas if area > _SAME)
    index = next(i for area, i in areas if abs(area - unit) < 1e-6 * unit)
    return reduced(np.stack(list(combinations(short, 2))[index]))


def _period(basis: Floats) -> float:
    one, other, cross = _shape(basis)
    if abs(one - other) > _SAME * one:
        return 180.0
    if cross < _SAME * one:
        return 90.0
    return 60.0 if abs(cross - one / 2) < _SAME * one else 180.0
