"""What a layer is made of while it is grown: crystals and the contacts between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nanostitch.simulate.specimen.facets import Squares

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CRYSTAL, EMPTY_SHELL, DISSOLVED = 0, 1, 2
"""States of a crystal."""


@dataclass(frozen=True)
class Crystals:
    """Arrays over crystals: lengths in nm, ``angle`` in rad, tilts in degree.

    ``initial_edge`` is the edge of the cube as synthesised, ``edge`` and ``height`` are its
    present extents in the plane and along the beam.
    """

    initial_edge: Floats
    edge: Floats
    height: Floats
    y: Floats
    x: Floats
    angle: Floats
    zone_axis: Ints
    tilt_y: Floats
    tilt_x: Floats
    domain: Ints
    fault_offset: Floats
    fault_across: Ints
    irradiated: Mask
    state: Ints

    def __len__(self) -> int:
        return int(self.edge.size)

    def squares(self) -> Squares:
        """Footprints of all crystals."""
        return Squares(self.y, self.x, self.angle, self.edge)

    def volumes(self) -> Floats:
        """Volume that each crystal holds [nm3]."""
        return held_volumes(self.initial_edge, self.edge, self.height)


@dataclass(frozen=True)
class Contacts:
    """Arrays over pairs of crystals whose facets have met, in the order in which they met.

    ``exposure`` counts from the start of storage, in hours at reference conditions.
    """

    first: Ints
    second: Ints
    exposure: Floats

    def __len__(self) -> int:
        return int(self.first.size)

    def among(self, kept: Mask) -> "Contacts":
        """The contacts for which a mask over contacts holds."""
        return Contacts(self.first[kept], self.second[kept], self.exposure[kept])

    def followed_by(self, later: "Contacts") -> "Contacts":
        """These contacts and those made later."""
        return Contacts(
            np.concatenate([self.first, later.first]),
            np.concatenate([self.second, later.second]),
            np.concatenate([self.exposure, later.exposure]),
        )

    def bodies(self, count: int) -> Ints:
        """Number of the merged body of each of ``count`` crystals, from 0, by first crystal."""
        links = coo_array((np.ones(len(self)), (self.first, self.second)), shape=(count, count))
        labels: Ints = connected_components(links, directed=False)[1].astype(np.int64)
        return labels


def held_volumes(initial_edge: Floats, edge: Floats, height: Floats) -> Floats:
    """Volume that each crystal of a layer holds [nm3], by its edges and height [nm].

    Merging leaves every crystal the volume of its cube: what the levelled height lacks fills the
    necks to its neighbours. It changes no edge in the plane; where edges have changed, crystals
    ripened, there are no necks, and each is as large as it is wide and high.
    """
    ripened = not np.array_equal(edge, initial_edge)
    volumes: Floats = edge**2 * height if ripened else initial_edge**3
    return volumes


def contacts_of(rows: list[tuple[int, int, float]]) -> Contacts:
    """Contacts from rows of first crystal, second crystal, exposure."""
    table = np.array(rows, dtype=float).reshape(-1, 3)
    first, second = table[:, :2].astype(np.int64).T
    return Contacts(first, second, table[:, 2])
