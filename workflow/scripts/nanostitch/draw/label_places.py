"""Places for short labels, so that none covers data or another label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from nanostitch.draw import lettering, style

Values = NDArray[np.float64]

CLEARANCE_MM = 0.5
"""Space kept around a label: widths of the axes are known to a few percent before layout."""
DISTANCE_MM = 1.2
"""Space between a point and its label, which leaves room for the symbol."""
STEP_MM = 0.4
"""Distance of the samples by which a drawn line is known; smaller than a label."""


@dataclass(frozen=True)
class Box:
    """A rectangle, in mm."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes have a point in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def within(self, other: Box) -> bool:
        """Whether it lies in another box as a whole."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )

    def holds_any(self, points: Values) -> bool:
        """Whether any of several points lies inside."""
        inside = (points > (self.left, self.bottom)) & (points < (self.right, self.top))
        return bool(inside.all(axis=1).any())


def free_places(
    points: Values, texts: Sequence[str], lines: Sequence[Values], frame: Box
) -> list[tuple[float, float] | None]:
    """Find a place beside each point for its label, first come first served.

    Parameters
    ----------
    points
        What is labelled, shape (label, 2) [mm].
    texts
        The labels, each of one line.
    lines
        Drawn lines, each of shape (vertex, 2) [mm], NaN ignored; no label may cover them.
    frame
        Inside of the axes.

    Returns
    -------
    list
        Middle of each label [mm], or None where all around is taken.
    """
    taken = np.concatenate([np.empty((0, 2)), points, *map(_sampled, lines)])
    boxes: list[Box] = []
    places: list[tuple[float, float] | None] = []
    for point, text in zip(points, texts, strict=True):
        half = 0.5 * lettering.line_mm(text), 0.5 * style.LINE_MM
        place = None
        for x, y in _around(point, half):
            box = _box(x, y, half)
            if box.within(frame) and not box.holds_any(taken) and not any(map(box.meets, boxes)):
                place = (x, y)
                boxes.append(box)
                break
        places.append(place)
    return places


def side_by_side(wanted_mm: list[float], room_mm: float) -> list[float]:
    """Where labels stand beside each other: apart, inside, and as near as can be to the wanted.

    Parameters
    ----------
    wanted_mm
        Where they would be best, ascending, from the left end of the axes.
    room_mm
        Width of the axes, which must be that of all labels at least.

    Notes
    -----
    The sum of squared displacements is least: an isotonic regression of the places, each less
    the width of the labels before it (Barlow, Bartholomew, Bremner and Brunk, Statistical
    Inference under Order Restrictions, 1972).
    """
    before = style.LINE_MM * np.arange(len(wanted_mm))
    free = isotonic_regression(np.array(wanted_mm) - before).x
    last = room_mm - before[-1] - 0.5 * style.LINE_MM
    places: list[float] = (np.clip(free, 0.5 * style.LINE_MM, last) + before).tolist()
    return places


def _around(point: Values, half: tuple[float, float]) -> Iterator[tuple[float, float]]:
    """Middles of a label of half a width and height around a point, above first."""
    for right, up in ((0, 1), (1, 1), (-1, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (0, -1)):
        yield (
            float(point[0]) + right * (half[0] + DISTANCE_MM),
            float(point[1]) + up * (half[1] + DISTANCE_MM),
        )


def _box(x: float, y: float, half: tuple[float, float]) -> Box:
    wide, tall = half[0] + CLEARANCE_MM, half[1] + CLEARANCE_MM
    return Box(x - wide, y - tall, x + wide, y + tall)


def _sampled(line: Values) -> Values:
    """Points along a line, no further apart than the step."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return line
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, length[-1], 2 + int(length[-1] / STEP_MM))
    return np.stack([np.interp(at, length, line[:, column]) for column in (0, 1)], axis=-1)
