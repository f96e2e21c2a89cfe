"""What the border of a field hides: weights and places of the particles that lie wholly in it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Box(NamedTuple):
    """A rectangle: from and to along y and x [nm]."""

    top: float
    bottom: float
    left: float
    right: float

    @property
    def height(self) -> float:
        """Side along y [nm]."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Side along x [nm]."""
        return self.right - self.left

    @property
    def area(self) -> float:
        """Area [nm²]."""
        return self.height * self.width


class Whole(NamedTuple):
    """Whole particles of a part of a field, one element each.

    ``inside`` says of each given particle whether it is one of them; ``weight`` is for how many
    it stands, ``place_y`` and ``place_x`` are its places from 0 to 1 in the room it had.
    """

    inside: NDArray[np.bool_]
    weight: Array
    place_y: Array
    place_x: Array


def whole(
    middle_y: Array, middle_x: Array, height_nm: Array, width_nm: Array, *, field: Box, part: Box
) -> Whole:
    """Particles whose middle lies in a part of the field, with their border weights.

    A particle is whole only while its middle keeps half its sides away from the border of the
    field; that part of the part is its room. It stands for as many as the part is larger than
    the room: for the whole field, Miles and Lantuejoul's correction (as in ISO 13322-1). Places
    are counted across the room, so that those of a population alike everywhere are uniform from
    0 to 1, whatever its sizes.

    Parameters
    ----------
    middle_y, middle_x
        Middles of the bounding boxes of the whole particles [nm].
    height_nm, width_nm
        Sides of the bounding boxes along y and x [nm].
    field, part
        The field, and the part of it.

    Notes
    -----
    R. E. Miles, in Stochastic Geometry (Wiley, 1974) 228; C. Lantuejoul, in Microscopica Acta
    Suppl. 4 (1980) 266.
    """
    top, bottom = _room(height_nm, field.top, field.bottom, part.top, part.bottom)
    left, right = _room(width_nm, field.left, field.right, part.left, part.right)
    high, wide = bottom - top, right - left
    inside = (middle_y >= top) & (middle_y <= bottom) & (middle_x >= left) & (middle_x <= right)
    inside &= (high > 0) & (wide > 0)
    return Whole(
        inside,
        part.area / (high * wide)[inside],
        ((middle_y - top)[inside]) / high[inside],
        ((middle_x - left)[inside]) / wide[inside],
    )


def _room(
    side: Array, field_from: float, field_to: float, part_from: float, part_to: float
) -> tuple[Array, Array]:
    """Where the middle of a whole particle may lie along one axis."""
    return (
        np.maximum(field_from + side / 2, part_from),
        np.minimum(field_to - side / 2, part_to),
    )
