"""Join pieces of one square and part two squares in one, where that explains the image better."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.squares import contacts, fit, outlines, revise
from nanostitch.adf.squares.fragments import Binned

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_ROUNDS = 4
_MOST_PIECES = 6
SQUARE_FILL = 0.7
"""Area over that of the square on the long side from which an outline may be a square's: rounded
by the blur, a square of ten bins fills 0.8."""
_HOPEFUL_FILL = 0.6
"""The same, of pieces that are tried as one square; the image then decides."""
_LARGEST = 4.0
"""Longest side of a square that is put together of pieces, over the edge of a crystal."""
_FRAGMENT = 0.5
"""Parts below this share of the median area may be pieces."""


class Picture(NamedTuple):
    """The image that is explained."""

    plane: Single
    """In full resolution, with all its noise."""
    noise: fit.Noise
    binned: Binned
    pixel: Array
    """Sides of a pixel [nm]."""
    unit_edge_nm: float


class Draft(NamedTuple):
    """Rectangles in place of others."""

    old: list[int]
    new: Array


def mended(picture: Picture, parts: Labels, found: fit.Fit) -> tuple[Labels, fit.Fit]:
    """Parts and joint fit with as many rectangles as the image calls for.

    Parameters
    ----------
    picture
        The image.
    parts
        Number of the part of each bin, 0 outside.
    found
        Joint fit of one rectangle to each part.
    """
    whole = found
    for propose in (*[_joined] * _ROUNDS, _parted):
        drafts = propose(picture, parts, found)
        if drafts:
            parts, start, changed = _redrawn(picture, parts, found.parameters, drafts)
            found = fit.joint(
                picture.plane,
                picture.noise,
                start,
                picture.pixel,
                active=changed,
                variance=found.variance,
            )
    if found is whole:
        return parts, found
    return parts, fit.joint(picture.plane, picture.noise, found.parameters, picture.pixel)


class _Pieces(NamedTuple):
    """What is needed to group parts; areas in nm2."""

    inside: outlines.Members
    area: Array
    fill: Array
    around: list[set[int]]


def _pieces(picture: Picture, parts: Labels) -> _Pieces:
    spacing = picture.binned.spacing
    inside = outlines.members(parts, spacing)
    boxes = outlines.rectangles(*inside, spacing)
    area = np.diff(inside.start)[1:] * float(np.prod(spacing))
    around: list[set[int]] = [set() for _ in range(len(area))]
    for one, other in contacts.contacts(picture.binned, parts).pairs.tolist():
        around[one].add(other)
        around[other].add(one)
    return _Pieces(inside, area, area / boxes[:, 5] ** 2, around)


def _joined(picture: Picture, parts: Labels, found: fit.Fit) -> list[Draft]:
    """Sets of pieces that one square explains; the smallest pieces look for theirs first."""
    pieces = _pieces(picture, parts)
    if not pieces.area.size:
        return []
    small = pieces.area < _FRAGMENT * np.median(pieces.area)
    doubtful = np.flatnonzero((pieces.fill < SQUARE_FILL) | small)
    drafts: list[Draft] = []
    taken: set[int] = set()
    for piece in doubtful[np.argsort(pieces.area[doubtful], kind="stable")].tolist():
        draft = None if piece in taken else _grown(picture, found, pieces, piece, taken)
        if draft is not None:
            drafts.append(draft)
            taken |= set(draft.old)
    return drafts


def _grown(
    picture: Picture, found: fit.Fit, pieces: _Pieces, piece: int, taken: set[int]
) -> Draft | None:
    """Add the neighbour that fills the square best until one rectangle explains them all."""
    group, spacing = [piece], picture.binned.spacing
    most = (_LARGEST * picture.unit_edge_nm) ** 2
    while len(group) < _MOST_PIECES:
        room = most - pieces.area[group].sum()
        near = set().union(*(pieces.around[n] for n in group)) - set(group) - taken
        fills = {
            n: outlines.union_fill(*pieces.inside, np.array([*group, n]) + 1, spacing)
            for n in sorted(near)
            if pieces.area[n] < room
        }
        if not fills:
            return None
        best = max(fills, key=lambda n: fills[n])
        group.append(best)
        if fills[best] >= max(float(pieces.fill[group].max()), _HOPEFUL_FILL):
            start = revise.whole(found.parameters[group])
            trial = revise.trial(found, picture.noise, picture.pixel, group, start)
            if trial.gain > 0:
                return Draft(group, trial.parameters)
    return None


def _parted(picture: Picture, parts: Labels, found: fit.Fit) -> list[Draft]:
    """Oblong rectangles that two squares explain better."""
    del parts
    drafts = []
    for one in revise.oblong(found.parameters, _LARGEST * picture.unit_edge_nm).tolist():
        start = revise.halves(found.parameters[one])
        trial = revise.trial(found, picture.noise, picture.pixel, [one], start)
        if trial.gain > 0:
            drafts.append(Draft([one], trial.parameters))
    return drafts


def _redrawn(
    picture: Picture, parts: Labels, parameters: Array, drafts: list[Draft]
) -> tuple[Labels, Array, Mask]:
    """Parts and rectangles with the drafts in place, and which rectangles are new."""
    parameters, owner = parameters.copy(), np.arange(len(parameters) + 1, dtype=np.int32)
    changed = np.zeros(len(parameters), bool)
    for old, new in drafts:
        parameters[old[0]], changed[old[0]] = new[0], True
        owner[np.array(old) + 1] = old[0] + 1
    parts = owner[parts]
    added = [(draft.old[0], draft.new[1]) for draft in drafts if len(draft.new) > 1]
    rows, columns = np.nonzero(parts)
    offset = 0.5 * (picture.binned.bins - 1) * picture.pixel
    for number, (old_one, one) in enumerate(added, start=len(parameters) + 1):
        own = parts[rows, columns] == old_one + 1
        at = np.stack([rows[own], columns[own]], axis=1) * picture.binned.spacing + offset
        to_old = np.linalg.norm(at - parameters[old_one, :2], axis=1)
        nearer = np.linalg.norm(at - one[:2], axis=1) < to_old
        parts[rows[own][nearer], columns[own][nearer]] = number
    rectangles = np.concatenate([parameters, *[one[None] for _, one in added]])
    changed = np.concatenate([changed, np.ones(len(added), bool)])
    present = np.bincount(parts.ravel(), minlength=len(rectangles) + 1)[1:] > 0
    return numbered(parts), rectangles[present], changed[present]


def numbered(parts: Labels) -> Labels:
    """The same parts with the numbers from 1 that are left out closed up."""
    present = np.bincount(parts.ravel()) > 0
    present[0] = False
    number = np.where(present, np.cumsum(present), 0).astype(np.int32)
    return np.asarray(number[parts])
