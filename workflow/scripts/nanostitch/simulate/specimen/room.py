"""Whether a body has room somewhere else on the field."""

import numpy as np

from nanostitch.simulate.specimen.crystals import Ints
from nanostitch.simulate.specimen.facets import Squares, separation


class Room:
    """All footprints, in cells of a grid so wide that only adjoining ones hold neighbours."""

    def __init__(self, squares: Squares, field_nm: float, keep_nm: float) -> None:
        self.squares = Squares(*(array.copy() for array in squares))
        self._field, self._keep = field_nm, keep_nm
        self._width = float(np.sqrt(2) * squares.edge.max(initial=1.0)) + keep_nm
        self._cells: dict[tuple[int, int], set[int]] = {}
        self._enter(np.arange(squares.edge.size))

    def _cells_of(self, squares: Squares) -> list[tuple[int, int]]:
        rows = (squares.y // self._width).astype(int).tolist()
        columns = (squares.x // self._width).astype(int).tolist()
        return list(zip(rows, columns, strict=True))

    def _enter(self, members: Ints) -> None:
        cells = self._cells_of(self.squares.take(members))
        for index, cell in zip(members.tolist(), cells, strict=True):
            self._cells.setdefault(cell, set()).add(index)

    def has_room(self, members: Ints, placed: Squares, touching: tuple[int, int]) -> bool:
        """Whether members fit at a place: on the field, and apart from all others by the gap kept.

        Parameters
        ----------
        members
            The crystals that move.
        placed
            Where to.
        touching
            Member and other crystal that may touch.
        """
        inside = (placed.y >= 0) & (placed.y <= self._field)
        inside &= (placed.x >= 0) & (placed.x <= self._field)
        if not inside.all():
            return False
        own, one, other = set(members.tolist()), [], []
        for at, (row, column) in enumerate(self._cells_of(placed)):
            for cell in ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                near = sorted(self._cells.get(cell, set()) - own)
                one += [at] * len(near)
                other += near
        first, second = np.array(one, dtype=int), np.array(other, dtype=int)
        gap = separation(placed.take(first), self.squares.take(second))
        touch = (members[first] == touching[0]) & (second == touching[1])
        return bool((gap >= np.where(touch, -1e-6, self._keep)).all())

    def place(self, members: Ints, placed: Squares) -> None:
        """Move members to where they have room."""
        cells = self._cells_of(self.squares.take(members))
        for index, cell in zip(members.tolist(), cells, strict=True):
            self._cells[cell].discard(index)
        for whole, part in zip(self.squares, placed, strict=True):
            whole[members] = part
        self._enter(members)
