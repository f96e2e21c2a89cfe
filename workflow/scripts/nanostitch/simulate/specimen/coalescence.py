"""Coalescence of neighbours: facets meet pair by pair, and bodies move together as rigid wholes.

The kinetics are Smoluchowski's (Z. Phys. Chem. 92 (1917) 129), limited to neighbours: each pair
of facing facets merges at its own rate, and what has merged moves as one.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.approach import Approach
from nanostitch.simulate.specimen.clocks import Clocks, Pair
from nanostitch.simulate.specimen.crystals import (
    Contacts,
    Crystals,
    Floats,
    Ints,
    contacts_of,
)
from nanostitch.simulate.specimen.facets import Squares, facing, free_path, separation

LEAST_FACING = 0.25
"""Share of the smaller facet that must lie opposite the other; less is a corner, not a facet."""

ALIGNING_SIZE = 6
"""Bodies of fewer crystals than this turn when they attach; larger ones stick to the support."""

ALIGNED_SHARE = 0.9
"""Share of its misorientation that a single crystal gives up as it attaches; a body of n gives up
1/n of that. Neighbours in one superlattice domain then mostly meet coherently, as the paper finds
(its Figure 4b), by oriented attachment (Penn & Banfield, Science 281 (1998) 969)."""

LEAST_SEAM = 0.15
"""Share of the smaller facet along which a seam must run; less is a touching corner."""

PATIENCE = 5
"""Failed attempts after which two facets stay apart: what holds them has not moved away by then."""

SLACK_NM = 5.0
"""How far a crystal may move before neighbours are listed anew."""


class Layer:
    """Crystals on the move, the bodies they form and the clocks of their facing facets.

    In each event the smaller of two bodies turns a little, if it is small, and moves along the
    normal of the facets until they meet or until the shell of a third body stops it. Facets that
    stay apart are joined by a neck across the gap left. What happens until some time does not
    depend on how long the layer is stored after it.

    Parameters
    ----------
    crystals
        The layer; irradiated crystals neither merge nor move.
    approach
        Rate and shells.
    rng
        Draws the events.
    """

    def __init__(self, crystals: Crystals, approach: Approach, rng: np.random.Generator) -> None:
        count = len(crystals)
        self.squares = Squares(*(array.copy() for array in crystals.squares()))
        self.rows: list[tuple[int, int, float]] = []
        self.body = np.arange(count)
        self.held = crystals.irradiated.copy()
        self._clocks = Clocks(rng)
        self._approach = approach
        self._members: list[Ints] = [np.array([index]) for index in range(count)]
        self._partners: list[set[int]] = [set() for _ in range(count)]
        self._met: set[Pair] = set()
        self._failures: Counter[Pair] = Counter()
        self._list_neighbours()
        self._rate(*self._around(np.arange(count)), 0.0)

    @property
    def contacts(self) -> Contacts:
        """Which facets have met, and when."""
        return contacts_of(self.rows)

    def merge(self, until: float) -> None:
        """Let facing facets merge up to an exposure [h at reference conditions]."""
        while (event := self._clocks.pop(until)) is not None:
            self._join(event[1], event[0])

    def limit(self, path_nm: float, now: float) -> None:
        """From now on only bodies within a distance come together."""
        self._approach = replace(self._approach, path_nm=path_nm)
        self._rate(*self._around(np.arange(self.body.size)), now)

    def attach(self, squares: Squares, rows: list[tuple[int, int, float]]) -> None:
        """Move isolated bodies to where they attach; they merge with no further neighbour.

        Parameters
        ----------
        squares
            Where all crystals lie now.
        rows
            Crystal attached to, crystal of the smaller body that attaches, exposure [h].
        """
        for staying, coming, _ in rows:
            old = self._members[self.body[coming]]
            self._unite(self.body[staying], old)
            members = self._members[self.body[staying]]
            self.held[members] = True
            for index in members.tolist():
                self._part(index, self._partners[index].copy())
        self.rows += rows
        self.squares = Squares(*(array.copy() for array in squares))
        self._list_neighbours()

    def _list_neighbours(self) -> None:
        """Table (crystal, neighbour) of all that may come near before it is made anew, else -1."""
        self._listed_y, self._listed_x = self.squares.y.copy(), self.squares.x.copy()
        count = self.squares.edge.size
        widest = np.sqrt(2) * self.squares.edge.max(initial=0.0)
        reach = widest + self._approach.reach + 2 * SLACK_NM
        tree = cKDTree(np.stack([self.squares.y, self.squares.x], axis=1).reshape(count, 2))
        pairs = tree.query_pairs(reach, output_type="ndarray").reshape(-1, 2)
        both = np.concatenate([pairs, pairs[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        number = np.bincount(both[:, 0], minlength=count)
        place = np.arange(both.shape[0]) - np.repeat(np.cumsum(number) - number, number)
        self._table = np.full((count, number.max(initial=0)), -1)
        self._table[both[:, 0], place] = both[:, 1]

    def _around(self, members: Ints) -> tuple[Ints, Ints]:
        """Pairs of a member and any crystal near enough to matter."""
        table = self._table[members]
        row, column = np.nonzero(table >= 0)
        one, other = members[row], table[row, column]
        y, x, _, edge = self.squares
        reach = (edge[one] + edge[other]) / np.sqrt(2) + self._approach.reach
        near = (y[one] - y[other]) ** 2 + (x[one] - x[other]) ** 2 < reach**2
        return one[near], other[near]

    def _rate(self, one: Ints, other: Ints, now: float) -> None:
        """Set the clocks of all pairs that face each other, and stop those of pairs that did."""
        found = facing(self.squares.take(one), self.squares.take(other))
        smaller = np.minimum(self.squares.edge[one], self.squares.edge[other])
        rate = self._approach.rates(found.gap, self.body[one] == self.body[other])
        rate[found.length < LEAST_FACING * smaller] = 0.0
        rate[self.held[one] | self.held[other]] = 0.0
        for first, second, value in zip(one.tolist(), other.tolist(), rate.tolist(), strict=True):
            pair = (first, second) if first < second else (second, first)
            done = pair in self._met or self._failures[pair] >= PATIENCE
            if done or (value == 0.0 and second not in self._partners[first]):
                continue
            self._clocks.set(pair, value, now)
            change = set.add if value > 0 else set.discard
            change(self._partners[first], second)
            change(self._partners[second], first)

    def _join(self, pair: Pair, now: float) -> None:
        """Two facets meet, for which the smaller of two bodies comes over.

        If it is held too far away for a neck, or meets but a corner, both stay where they were.
        """
        first, second = pair
        if self.body[first] == self.body[second]:
            self._meet(pair, now)
            return
        sizes = [self._members[self.body[index]].size for index in pair]
        staying, coming = (first, second) if sizes[0] >= sizes[1] else (second, first)
        members = self._members[self.body[coming]]
        old = self.squares.take(members)
        self._bring(staying, coming, members)
        if self._meet(pair, now):
            self._lose_sight(members)
            self._unite(self.body[staying], members)
        else:
            self._place(members, old)
            self._failures[pair] += 1
        moved = np.hypot(
            (self.squares.y - self._listed_y)[members], (self.squares.x - self._listed_x)[members]
        )
        if moved.max() > SLACK_NM:
            self._list_neighbours()
        self._rate(*self._around(members), now)

    def _meet(self, pair: Pair, now: float) -> bool:
        """Note the contact of two facets if a neck can bridge what parts them."""
        first, second = (self.squares.take(np.array([index])) for index in pair)
        found = facing(first, second, self._approach.slit)
        least = LEAST_SEAM * min(float(first.edge[0]), float(second.edge[0]))
        one_body = self.body[pair[0]] == self.body[pair[1]]
        widest = self._approach.slit if one_body else self._approach.bridge
        met = bool(found.length[0] >= least and found.mean_gap[0] <= widest)
        if met:
            self._met.add(pair)
            self.rows.append((*pair, now))
        return met

    def _lose_sight(self, members: Ints) -> None:
        """Stop the clocks of members with partners that are no longer near."""
        one, other = self._around(members)
        near: dict[int, set[int]] = {index: set() for index in members.tolist()}
        for index, neighbour in zip(one.tolist(), other.tolist(), strict=True):
            near[index].add(neighbour)
        for index in members.tolist():
            self._part(index, self._partners[index] - near[index])

    def _part(self, index: int, partners: set[int]) -> None:
        """Stop the clocks of a crystal with some of its partners."""
        for gone in partners:
            self._clocks.set((min(index, gone), max(index, gone)), 0.0, 0.0)
            self._partners[index].discard(gone)
            self._partners[gone].discard(index)

    def _unite(self, body: int, members: Ints) -> None:
        """Let the members of one body be of another."""
        self._members[body] = np.concatenate([self._members[body], members])
        self.body[members] = body

    def _bring(self, staying: int, coming: int, members: Ints) -> None:
        one, other = self._around(members)
        outside = self.body[other] != self.body[coming]
        one, other = one[outside], other[outside]
        met = self.body[other] == self.body[staying]
        keep = np.where(met, 0.0, self._approach.ligand_length_nm)
        if members.size < ALIGNING_SIZE:
            self._turn(staying, coming, members, (one, other, keep))
        pair = np.array([staying]), np.array([coming])
        found = facing(self.squares.take(pair[0]), self.squares.take(pair[1]))
        ahead = (-float(np.sin(found.normal[0])), -float(np.cos(found.normal[0])))
        free = free_path(self.squares.take(one), self.squares.take(other), ahead, keep)
        path = min(max(float(found.gap[0]), 0.0), float(free.min(initial=np.inf)))
        self._place(members, self.squares.take(members).shifted(path * ahead[0], path * ahead[1]))

    def _turn(
        self, staying: int, coming: int, members: Ints, near: tuple[Ints, Ints, Floats]
    ) -> None:
        """Turn a small body towards the lattice it attaches to, unless others are in the way."""
        one, other, keep = near
        pair = self.squares.take(np.array([staying])), self.squares.take(np.array([coming]))
        turn = -ALIGNED_SHARE / members.size * float(facing(*pair).misorientation[0])
        before = separation(self.squares.take(one), self.squares.take(other))
        old = self.squares.take(members)
        self._place(members, old.turned(turn, float(pair[1].y[0]), float(pair[1].x[0])))
        after = separation(self.squares.take(one), self.squares.take(other))
        if (after < np.minimum(keep, before) - 1e-9).any():
            self._place(members, old)

    def _place(self, members: Ints, placed: Squares) -> None:
        for whole, part in zip(self.squares, placed, strict=True):
            whole[members] = part
