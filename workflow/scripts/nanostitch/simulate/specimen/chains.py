"""Rows of crystals joined facet to facet, and the free facets at their ends."""

from collections.abc import Sequence

import numpy as np

from nanostitch.simulate.specimen.facets import Squares, folded

Chain = list[int]
"""Crystals in the order in which they are joined."""


def chain_of(
    members: Sequence[int], links: Sequence[tuple[int, int]], squares: Squares
) -> Chain | None:
    """Order a body's crystals in a row, or None if they form none.

    Parameters
    ----------
    members
        Crystals of the body.
    links
        Pairs of them that have met.
    squares
        Where all crystals lie.
    """
    if len(links) != len(members) - 1:
        return None
    near: dict[int, list[int]] = {index: [] for index in members}
    for first, second in links:
        near[first].append(second)
        near[second].append(first)
    ends = [index for index in members if len(near[index]) < 2]
    if len(members) > 1 and len(ends) != 2:
        return None
    chain = [ends[0]]
    while len(chain) < len(members):
        chain.append(next(index for index in near[chain[-1]] if index not in chain[-2:-1]))
    bends = (_bend(chain[at - 1 : at + 2], squares) for at in range(1, len(chain) - 1))
    return chain if all(bend < np.pi / 4 for bend in bends) else None


def _bend(three: Sequence[int], squares: Squares) -> float:
    steps = [
        direction(squares, one, other) for one, other in zip(three[:-1], three[1:], strict=True)
    ]
    return abs(float(folded(np.array(steps[1] - steps[0]), 2 * np.pi)))


def direction(squares: Squares, start: int, end: int) -> float:
    """Direction from one centre to another [rad]."""
    return float(np.arctan2(squares.y[end] - squares.y[start], squares.x[end] - squares.x[start]))


def nearest_normal(squares: Squares, crystal: int, towards: float) -> float:
    """Normal of that facet of a crystal which faces a direction best [rad]."""
    return towards - float(folded(np.array(towards - squares.angle[crystal])))


def tip_normal(squares: Squares, chain: Chain, at_end: bool, towards: float) -> float:
    """Outward normal [rad] of the free facet at the start or the end of a chain.

    A single crystal offers the facet that faces a direction [rad].
    """
    tip, behind = (chain[-1], chain[-2:-1]) if at_end else (chain[0], chain[1:2])
    if behind:
        towards = direction(squares, behind[0], tip)
    return nearest_normal(squares, tip, towards)


def joined(target: Chain, to_end: bool, added: Chain, from_end: bool) -> Chain:
    """One chain from two whose tips met: the given end of the target and that of the added one."""
    head = target if to_end else target[::-1]
    tail = added[::-1] if from_end else added
    return head + tail
