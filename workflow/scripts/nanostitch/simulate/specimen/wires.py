"""Slow attachment of isolated crystals: wires, where the layer is sparse and storage long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.chains import Chain, chain_of, direction, joined, tip_normal
from nanostitch.simulate.specimen.coalescence import Layer
from nanostitch.simulate.specimen.crystals import Ints, Mask
from nanostitch.simulate.specimen.facets import Squares, separation
from nanostitch.simulate.specimen.room import Room

FIRST_ROUND = 0.01
ROUND_RATIO = 1.1
"""Exposures at which isolated bodies attach: the first when one facet in a hundred has merged, each
other later by this factor; each body attaches at most once in each. They do not depend on how long
storage lasts, so that a longer one continues a shorter one."""

MOBILITY_EXPONENT = 0.25
"""Diffusion falls with this power of the number of crystals: drag alone would make it 1, but a
dipole that grows with length pulls a longer wire harder. Chosen between 0 and 1."""

LONGER_WINS = 1.5
"""Power of its length with which a wire attracts others to its tips: the dipoles of its crystals
add up (as in wires of PbSe: Cho et al., J. Am. Chem. Soc. 127 (2005) 7140), and longer ones also
screen shorter ones. Chosen so that the longest wires of 6 months hold about a hundred crystals."""

SIDE_SHARE = 0.04
"""Share of attachments by the side, which thicken wires and make platelets. Chosen so that wires of
a hundred crystals are still wires, as in the paper's Figure 2d."""

JOINT_SD_DEGREE = 1.8
KINK_SHARE = 0.04
KINK_SD_DEGREE = 12.0
"""Bend at a joint: mostly that of an oriented attachment, within what a facet holds coherently; a
few joints are kinks. Chosen so that wires are straight over some ten crystals."""

OFFSET_SD_NM = 0.3
"""Sideways offset of two facets that attach: half a lattice constant."""

ATTEMPTS = 8
"""Tips that a body tries in one round before it stays where it is."""

FREE_GAP_NM = 0.5
"""Space beyond both shells within which a neighbour holds a body in place [nm]."""


@dataclass(frozen=True)
class Mobility:
    """How far isolated bodies get, and how fast they merge where they meet.

    Diffusion of one crystal [nm2/h], rate of merging of two facets [1/h], ligand shell and side of
    the field [nm].
    """

    diffusion_nm2_per_h: float
    rate_per_h: float
    ligand_length_nm: float
    field_nm: float


def isolated(squares: Squares, bodies: Ints, gap: float) -> Mask:
    """Bodies to which no other body is nearer than a gap [nm]."""
    free = np.ones(int(bodies.max(initial=-1)) + 1, dtype=bool)
    reach = np.sqrt(2) * squares.edge.max(initial=0.0) + gap
    tree = cKDTree(np.stack([squares.y, squares.x], axis=1).reshape(-1, 2))
    first, second = tree.query_pairs(reach, output_type="ndarray").reshape(-1, 2).T
    apart = bodies[first] != bodies[second]
    first, second = first[apart], second[apart]
    near = separation(squares.take(first), squares.take(second)) < gap
    free[bodies[first[near]]] = free[bodies[second[near]]] = False
    return free


def _free_chains(layer: Layer, mobility: Mobility) -> list[Chain]:
    """Rows of crystals, single ones among them, that nothing holds in place."""
    squares, bodies = layer.squares, layer.body
    free = isolated(squares, bodies, 2 * mobility.ligand_length_nm + FREE_GAP_NM)
    free[bodies[layer.held]] = False
    members: dict[int, list[int]] = {}
    for index in np.flatnonzero(free[bodies]).tolist():
        members.setdefault(int(bodies[index]), []).append(index)
    links: dict[int, list[tuple[int, int]]] = {body: [] for body in members}
    for first, second, _ in layer.rows:
        if int(bodies[first]) in links:
            links[int(bodies[first])].append((first, second))
    found = [chain_of(members[body], links[body], squares) for body in members]
    return [chain for chain in found if chain is not None]


class _Docking(NamedTuple):
    """Where a row attaches: its own tip, the crystal it attaches to, and the facet's normal."""

    from_end: bool
    crystal: int
    normal: float


class Wires:
    """Isolated rows of crystals that diffuse and attach, tip to tip before side by side.

    A row meets the tips within the reach of its diffusion since it last attached, merges with one
    of them at the rate of two facets, and comes to rest where nothing overlaps; the smaller of
    two moves. Rows that others hold in place take no part until they have attached once.

    Parameters
    ----------
    mobility
        How far bodies get.
    rng
        Draws who attaches where.
    """

    def __init__(self, mobility: Mobility, rng: np.random.Generator) -> None:
        self._mobility, self._rng = mobility, rng
        self._chains: dict[int, Chain] = {}
        self._members: dict[int, Ints] = {}
        self._rested: dict[int, float] = {}
        self._rows: list[tuple[int, int, float]] = []
        self._room: Room

    def rounds(self, hours: float) -> Iterator[tuple[float, float]]:
        """Exposures [h] up to ``hours`` at which rows attach, and the share of rows that do."""
        rate, before = self._mobility.rate_per_h, 0.0
        time = FIRST_ROUND / rate if rate > 0 else np.inf
        while time <= hours:
            yield time, -float(np.expm1(-rate * (time - before)))
            time, before = time * ROUND_RATIO, time

    def attach(self, layer: Layer, time: float, chance: float) -> None:
        """Give every isolated row of a layer, the shortest first, its chance to attach."""
        self._find_rows(layer)
        if len(self._chains) < 2:
            return
        mobility = self._mobility
        self._room = Room(layer.squares, mobility.field_nm, 2 * mobility.ligand_length_nm)
        self._rows = []
        self._attach_each(time, chance)
        if self._rows:
            layer.attach(self._room.squares, self._rows)

    def _find_rows(self, layer: Layer) -> None:
        """Rows that have attached, and those that nothing holds in place now."""
        kept = [row for row in self._chains if self._rested[row] > 0]
        self._chains = {row: self._chains[row] for row in kept}
        for chain in _free_chains(layer, self._mobility):
            row = min(chain)
            self._chains[row], self._members[row] = chain, np.array(chain)
            self._rested[row] = 0.0

    def _attach_each(self, time: float, chance: float) -> None:
        rows = np.array(list(self._chains))
        sizes = np.array([self._members[row].size for row in rows.tolist()])
        order = np.lexsort((self._rng.random(rows.size), sizes))
        tips, owners, ends = self._tips()
        tree = cKDTree(tips)
        for row in rows[order].tolist():
            if row not in self._chains or self._rng.random() >= chance:
                continue
            reach = self._reach(row, time)
            nearby: set[int] = set()
            for tip in (self._chains[row][0], self._chains[row][-1]):
                point = (self._room.squares.y[tip], self._room.squares.x[tip])
                nearby.update(tree.query_ball_point(point, reach))
            found = np.array(sorted(nearby), dtype=int)
            self._try(row, reach, time, [(int(owners[i]), bool(ends[i])) for i in found])

    def _tips(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        owners = np.repeat(np.array(list(self._chains)), 2)
        tips = np.array([chain[at] for chain in self._chains.values() for at in (0, -1)])
        points = np.stack([self._room.squares.y[tips], self._room.squares.x[tips]], axis=1)
        return points, owners, np.tile([False, True], owners.size // 2)

    def _reach(self, row: int, time: float) -> float:
        diffusion = self._mobility.diffusion_nm2_per_h
        diffusion /= self._members[row].size ** MOBILITY_EXPONENT
        return float(np.sqrt(4 * diffusion * (time - self._rested[row])))

    def _try(self, row: int, reach: float, time: float, tips: list[tuple[int, bool]]) -> None:
        size = self._members[row].size
        tips = [
            (other, end)
            for other, end in tips
            if other != row and other in self._chains and self._members[other].size >= size
        ]
        if not tips:
            return
        pull = np.array([self._members[other].size ** LONGER_WINS for other, _ in tips], float)
        number = min(ATTEMPTS, len(tips))
        picks = self._rng.choice(len(tips), number, replace=False, p=pull / pull.sum())
        sideways = size <= 2 and self._rng.random() < SIDE_SHARE
        for other, end in (tips[pick] for pick in picks.tolist()):
            dock = self._beside(row, other) if sideways else self._ahead(row, other, end)
            if self._dock(row, dock, reach):
                self._unite(row, dock, (other, end), time, sideways)
                return

    def _ahead(self, row: int, other: int, end: bool) -> _Docking:
        """At the tip of another row, by the own tip that is nearer."""
        squares, chain = self._room.squares, self._chains[row]
        target = self._chains[other]
        tip = target[-1 if end else 0]
        away = [
            np.hypot(squares.y[at] - squares.y[tip], squares.x[at] - squares.x[tip])
            for at in (chain[0], chain[-1])
        ]
        towards = direction(squares, tip, chain[0])
        return _Docking(bool(away[1] < away[0]), tip, tip_normal(squares, target, end, towards))

    def _beside(self, row: int, other: int) -> _Docking:
        """At the side of one crystal of another row."""
        squares, target = self._room.squares, self._chains[other]
        crystal = target[int(self._rng.integers(len(target)))]
        along = tip_normal(squares, target, True, 0.0)
        turn = np.pi / 2 if self._rng.random() < 0.5 else -np.pi / 2
        return _Docking(False, crystal, along + turn)

    def _dock(self, row: int, dock: _Docking, reach: float) -> bool:
        """Place a row with its tip at a facet if it gets there and has room."""
        chain, members, squares = self._chains[row], self._members[row], self._room.squares
        tip = chain[-1 if dock.from_end else 0]
        kink = self._rng.random() < KINK_SHARE
        bend = np.radians(self._rng.normal(0.0, KINK_SD_DEGREE if kink else JOINT_SD_DEGREE))
        offset = self._rng.normal(0.0, OFFSET_SD_NM)
        own = tip_normal(squares, chain, dock.from_end, dock.normal + np.pi)
        old = squares.take(members)
        y, x = float(squares.y[tip]), float(squares.x[tip])
        turned = old.turned(dock.normal + np.pi + bend - own, y, x)
        # Turned by the bend, the corner of the facet touches first.
        apart = squares.edge[dock.crystal] / 2
        apart += squares.edge[tip] / 2 * (np.cos(bend) + abs(np.sin(bend))) + 1e-9
        cos, sin = np.cos(dock.normal), np.sin(dock.normal)
        placed = turned.shifted(
            float(squares.y[dock.crystal] + apart * sin + offset * cos - y),
            float(squares.x[dock.crystal] + apart * cos - offset * sin - x),
        )
        if np.hypot(placed.y - old.y, placed.x - old.x).max() > reach:
            return False
        if not self._room.has_room(members, placed, touching=(tip, dock.crystal)):
            return False
        self._room.place(members, placed)
        return True

    def _unite(
        self, row: int, dock: _Docking, target: tuple[int, bool], time: float, sideways: bool
    ) -> None:
        other, end = target
        chain, members = self._chains.pop(row), self._members.pop(row)
        self._rows.append((dock.crystal, chain[-1 if dock.from_end else 0], time))
        self._members[other] = np.concatenate([self._members[other], members])
        self._rested[other] = time
        if not sideways:
            self._chains[other] = joined(self._chains[other], end, chain, dock.from_end)
