"""Lines along which two crystals may meet: borders of domains, and lines from notches."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf.junction.outline import Outline, blocks, through
from nanostitch.adf.junction.sides import Line, Picture

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_SNAP_NM = 1.0
"""Distance of a notch from the end of a line within which the line ends in it [nm]."""
_BENT_NM = 0.6
"""Distance of a border from its chord at which it is parted into two lines [nm]: a period."""
_BRIDGE_NM = 2.0
"""Distance between two domains up to which they may meet [nm]: two ligand shells, beyond which
they do not touch even where the lattice near their facets is not seen."""
_SAME_NM, _SAME_ANGLE = 1.2, np.radians(20.0)
"""Distance and angle within which two lines are one seam."""
_END_NM = 0.8
"""Distance from its ends within which crossing a line does not cut it [nm]."""


@dataclass(frozen=True)
class Candidate:
    """A line with its two domains and how it was found: ``notches`` at its ends, ``border``."""

    line: Line
    first: int
    second: int
    notches: int
    border: bool


def candidates(
    image: Picture,
    label: Ints,
    bodies: Outline,
    bases: dict[int, Floats],
    *,
    shortest: float,
    longest: float,
) -> list[Candidate]:
    """All lines along which crystals may meet.

    Parameters
    ----------
    image, label, bodies
        Image, domains and outline.
    bases
        By domain, g1 and g2 as rows (y, x) [nm-1].
    shortest, longest
        Lengths of a seam that is looked for [nm].

    Notes
    -----
    Facets of a crystal run along its lattice planes, so that seams inside one domain are looked
    for along the planes of g1 and g2 and of their sum and difference, from each notch.
    """
    found: list[Candidate] = []
    for place in bodies.notches:
        for item in _from_notch(image, label, bodies, bases, place, longest):
            if item.line.length >= shortest and not any(_twice(item, one) for one in found):
                found.append(item)
    return borders(image, label, bodies, shortest) + found


def _twice(one: Candidate, other: Candidate) -> bool:
    """Whether two notches gave the same line."""
    lag = np.hypot(one.line.y - other.line.y, one.line.x - other.line.x)
    return one.notches == other.notches and lag < _SNAP_NM / 2 and same(one.line, other.line)


def _from_notch(
    image: Picture,
    label: Ints,
    bodies: Outline,
    bases: dict[int, Floats],
    place: Floats,
    longest: float,
) -> list[Candidate]:
    """Lines from one notch along the lattice planes of the domains around it."""
    near = _labels_around(image, label, place)
    found: list[Candidate] = []
    for number in near:
        for vector in bases[number]:
            planes = float(np.arctan2(vector[0], vector[1])) + np.pi / 2
            for angle in (planes, planes + np.pi):
                line = through(image, bodies.inside, place, angle, longest)
                if line is None or any(same(line, other.line) for other in found):
                    continue
                line, ends = _snapped(line, bodies.notches, place)
                found.append(_between(image, label, line, 1 + ends, border=False))
    return [item for item in found if item.first and item.second]


def _labels_around(image: Picture, label: Ints, place: Floats) -> list[int]:
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = place + 1.5 * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    row, column, held = blocks(image, around)
    return [int(n) for n in np.unique(label[row, column][held]) if n]


def _snapped(line: Line, notches: Floats, start: Floats) -> tuple[Line, int]:
    """Line that ends in a notch, if one is near its end, and whether it does."""
    end = 2 * np.array([line.y, line.x]) - start
    away = np.hypot(*(notches - end).T)
    if away.min() > _SNAP_NM or np.hypot(*(notches[away.argmin()] - start)) < _SNAP_NM:
        return line, 0
    target = notches[away.argmin()]
    middle = (start + target) / 2
    along = target - start
    normal = float(np.arctan2(-along[1], along[0]))
    if np.cos(normal - line.normal) < 0:
        normal += np.pi
    return Line(float(middle[0]), float(middle[1]), normal, float(np.hypot(*along))), 1


def _between(image: Picture, label: Ints, line: Line, notches: int, *, border: bool) -> Candidate:
    """Candidate with the domain that prevails on each side of its line."""
    sides = []
    for sign in (-1, 1):
        away, beside = np.meshgrid([0.7, 1.2, 1.7], np.linspace(-0.4, 0.4, 9))
        places = (
            np.array([line.y, line.x])
            + sign * away.reshape(-1, 1) * line.across()
            + beside.reshape(-1, 1) * line.length * line.along()
        )
        row, column, held = blocks(image, places)
        seen = label[row, column][held]
        seen = seen[seen > 0]
        sides.append(int(np.bincount(seen).argmax()) if seen.size else 0)
    return Candidate(line, sides[0], sides[1], notches, border)


def borders(image: Picture, label: Ints, bodies: Outline, shortest: float) -> list[Candidate]:
    """Straight parts of the borders between domains that touch."""
    if not (label > 0).any():
        return []
    away, nearest = ndimage.distance_transform_edt(
        label == 0, sampling=image.step, return_indices=True
    )
    grown = np.where((away <= _BRIDGE_NM / 2) & bodies.inside, label[tuple(nearest)], 0)
    pairs: dict[tuple[int, int], list[Floats]] = {}
    for axis in (0, 1):
        one, other = (
            grown[:-1] if axis == 0 else grown[:, :-1],
            grown[1:] if axis == 0 else grown[:, 1:],
        )
        row, column = np.nonzero((one != other) & (one > 0) & (other > 0))
        ends = np.stack([one[row, column], other[row, column]])
        y = image.y[row] + image.step[0] / 2 * (axis == 0)
        x = image.x[column] + image.step[1] / 2 * (axis == 1)
        for pair in np.unique(np.sort(ends, axis=0), axis=1).T:
            held = (np.sort(ends, axis=0) == pair[:, None]).all(axis=0)
            pairs.setdefault((int(pair[0]), int(pair[1])), []).append(
                np.stack([y[held], x[held]], axis=1)
            )
    lines = [line for _, parts in sorted(pairs.items()) for line in _lines(np.concatenate(parts))]
    items = [
        _between(image, label, line, _ends_in(line, bodies.notches), border=True)
        for line in lines
        if line.length >= shortest
    ]
    return [item for item in items if item.first and item.second and item.first != item.second]


def _ends_in(line: Line, notches: Floats) -> int:
    if not len(notches):
        return 0
    return sum(int(np.hypot(*(notches - end).T).min() < _SNAP_NM) for end in line.ends())


def _lines(places: Floats) -> list[Line]:
    """Straight lines through the points of a border, parted where it bends or breaks."""
    if len(places) < 4:
        return []
    middle = places.mean(axis=0)
    axes = np.linalg.svd(places - middle, full_matrices=False)[2]
    along, across = axes @ (places - middle).T
    order = np.argsort(along, kind="stable")
    gap = np.diff(along[order])
    if gap.max() > _BRIDGE_NM / 2:
        cut = int(gap.argmax()) + 1
        return _lines(places[order[:cut]]) + _lines(places[order[cut:]])
    if np.sqrt((across**2).mean()) > _BENT_NM and np.ptp(along) > 2 * _BRIDGE_NM:
        chord = np.interp(along, along[order[[0, -1]]], across[order[[0, -1]]])
        cut = int(np.clip(np.argmax(np.abs(across - chord)[order]), 2, len(places) - 2))
        return _lines(places[order[:cut]]) + _lines(places[order[cut:]])
    direction = axes[0]
    middle = middle + direction * (along.max() + along.min()) / 2
    normal = float(np.arctan2(direction[1], -direction[0]))
    return [Line(float(middle[0]), float(middle[1]), normal, float(np.ptp(along)))]


def same(one: Line, other: Line) -> bool:
    """Whether two lines lie along one seam: near, parallel, and side by side."""
    if abs(np.sin(one.normal - other.normal)) > np.sin(_SAME_ANGLE):
        return False
    lag = np.array([other.y - one.y, other.x - one.x])
    beside = abs(float(lag @ one.across()))
    overlap = (one.length + other.length) / 2 - abs(float(lag @ one.along()))
    return beside < _SAME_NM and overlap > min(one.length, other.length) / 4


def cut(line: Line, others: list[Line]) -> Line:
    """The longest part of a line that crosses no other."""
    edges = [-line.length / 2, line.length / 2]
    for other in others:
        lag = np.array([other.y - line.y, other.x - line.x])
        system = np.stack([line.along(), -other.along()], axis=1)
        if abs(np.linalg.det(system)) < np.sin(_SAME_ANGLE):
            continue
        at, beyond = np.linalg.solve(system, lag)
        if abs(beyond) < other.length / 2 + _END_NM / 2 and abs(at) < line.length / 2 - _END_NM:
            edges.append(float(at))
    edges.sort()
    longest = int(np.argmax(np.diff(edges)))
    low, high = edges[longest], edges[longest + 1]
    middle = np.array([line.y, line.x]) + line.along() * (low + high) / 2
    return replace(line, y=float(middle[0]), x=float(middle[1]), length=high - low)
