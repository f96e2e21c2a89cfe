"""Geometry of square footprints: how far apart two are, and how their facets face each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Squares(NamedTuple):
    """Centres [nm], rotation from x towards y [rad] and edges [nm] of squares."""

    y: Floats
    x: Floats
    angle: Floats
    edge: Floats

    def take(self, index: Ints) -> "Squares":
        """Some of the squares."""
        return Squares(self.y[index], self.x[index], self.angle[index], self.edge[index])

    def shifted(self, along_y: float, along_x: float) -> "Squares":
        """All squares moved rigidly."""
        return self._replace(y=self.y + along_y, x=self.x + along_x)

    def turned(self, angle: float, about_y: float, about_x: float) -> "Squares":
        """All squares turned rigidly about one point, from x towards y."""
        cos, sin = np.cos(angle), np.sin(angle)
        dy, dx = self.y - about_y, self.x - about_x
        y, x = about_y + cos * dy + sin * dx, about_x + cos * dx - sin * dy
        return Squares(y, x, self.angle + angle, self.edge)


class Facing(NamedTuple):
    """How the facing facets of pairs of squares lie; lengths in nm, angles in rad.

    ``normal`` points from the first to the second square. ``mean_gap`` is the gap averaged
    over the ``length`` along which the facets lie opposite each other, a wedge if they are
    misoriented; ``gap`` is the distance at its narrowest along the normal.
    """

    gap: Floats
    mean_gap: Floats
    length: Floats
    normal: Floats
    y: Floats
    x: Floats
    misorientation: Floats


def folded(angle: Floats, period: Floats | float = np.pi / 2) -> Floats:
    """Angle [rad] modulo a period, from minus half of it to below half of it."""
    remainder: Floats = (angle + period / 2) % period - period / 2
    return remainder


def _frames(first: Squares, second: Squares) -> tuple[Floats, Floats]:
    """Second minus first centre along four axes, and half extents summed along each.

    Rows 0 and 1 are the edges of the first square, rows 2 and 3 those of the second.
    """
    dy, dx = second.y - first.y, second.x - first.x
    cosines = np.cos([first.angle, second.angle])
    sines = np.sin([first.angle, second.angle])
    along, across = dx * cosines + dy * sines, dy * cosines - dx * sines
    turn = second.angle - first.angle
    spread = np.abs(np.cos(turn)) + np.abs(np.sin(turn))
    reach_first = (first.edge + second.edge * spread) / 2
    reach_second = (second.edge + first.edge * spread) / 2
    centres = np.stack([along[0], across[0], along[1], across[1]])
    return centres, np.stack([reach_first, reach_first, reach_second, reach_second])


def separation(first: Squares, second: Squares) -> Floats:
    """Gap between pairs of squares along their best separating edge [nm]; negative if they overlap.

    Notes
    -----
    Separating-axis theorem: two convex polygons are disjoint if and only if their projections
    onto the normal of one of their edges are (Gottschalk, Lin & Manocha, Proc. SIGGRAPH 1996).
    """
    centres, reach = _frames(first, second)
    gap: Floats = (np.abs(centres) - reach).max(axis=0)
    return gap


def facing(first: Squares, second: Squares, bridge: float = np.inf) -> Facing:
    """Facets of pairs of squares that face each other.

    The normal is that of the best separating edge. In the frame of the square that owns it, the
    facet of the other one is a segment, turned by the misorientation; both facets overlap on an
    interval of the tangent, where the gap changes linearly.

    Parameters
    ----------
    first, second
        Pairs of squares.
    bridge
        Only the part of a wedge whose gap is below this counts [nm].
    """
    centres, reach = _frames(first, second)
    axis = (np.abs(centres) - reach).argmax(axis=0)
    pair = np.arange(axis.size)
    owned = axis < 2
    sign = np.where(owned, 1.0, -1.0)
    ahead = sign * centres[axis, pair]
    aside = sign * centres[axis ^ 1, pair]
    turn = folded(sign * (second.angle - first.angle))
    own = np.where(owned, first.edge, second.edge) / 2
    other = np.where(owned, second.edge, first.edge) / 2
    # The tangent is the normal turned from x towards y, for each of the four senses.
    tangent = np.where(axis % 2 == 0, np.sign(ahead), -np.sign(ahead)) * aside
    middle = tangent - other * np.sin(turn)
    half = other * np.cos(turn)
    low, high = np.maximum(-own, middle - half), np.minimum(own, middle + half)
    slope, gap_middle = np.tan(turn), np.abs(ahead) - own - half
    steep = np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    end = middle + (gap_middle - bridge) / steep
    low = np.where(slope > 1e-9, np.maximum(low, end), low)
    high = np.where(slope < -1e-9, np.minimum(high, end), high)
    centre = (low + high) / 2
    gap_there = gap_middle - (centre - middle) * slope
    base = np.where(owned, first.angle, second.angle)
    outward = base + (axis % 2) * np.pi / 2 + np.where(ahead < 0, np.pi, 0.0)
    cos, sin = np.cos(outward), np.sin(outward)
    owner_y, owner_x = np.where(owned, first.y, second.y), np.where(owned, first.x, second.x)
    forth = own + gap_there / 2
    return Facing(
        gap=(np.abs(centres) - reach)[axis, pair],
        mean_gap=gap_there,
        length=high - low,
        normal=np.where(owned, outward, outward + np.pi),
        y=owner_y + forth * sin + centre * cos,
        x=owner_x + forth * cos - centre * sin,
        misorientation=folded(second.angle - first.angle),
    )


def free_path(
    moving: Squares, still: Squares, direction: tuple[float, float], keep: Floats
) -> Floats:
    """How far each moving square may go before it comes nearer to the still one than ``keep`` [nm].

    Parameters
    ----------
    moving, still
        Pairs of squares.
    direction
        Unit vector (y, x) of the motion.
    keep
        Gap to keep [nm]; pairs that are nearer already keep the gap they have.

    Returns
    -------
    Floats
        Path [nm], infinite where nothing is in the way.
    """
    centres, reach = _frames(moving, still)
    gap = (np.abs(centres) - reach).max(axis=0)
    reach = reach + np.minimum(keep, gap - 1e-9)
    ahead_y, ahead_x = direction
    cosines, sines = np.cos([moving.angle, still.angle]), np.sin([moving.angle, still.angle])
    along, across = ahead_x * cosines + ahead_y * sines, ahead_y * cosines - ahead_x * sines
    speed = np.stack([along[0], across[0], along[1], across[1]])
    speed = np.where(np.abs(speed) < 1e-12, 1e-12, speed)
    ends = np.stack([centres - reach, centres + reach]) / speed
    start, stop = ends.min(axis=0).max(axis=0), ends.max(axis=0).min(axis=0)
    path: Floats = np.where((start < stop) & (stop > 0), np.maximum(start, 0.0), np.inf)
    return path
