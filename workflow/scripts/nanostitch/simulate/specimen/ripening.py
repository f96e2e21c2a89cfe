"""Ostwald ripening: the alternative, in which crystals dissolve in one another and none moves."""

import numpy as np
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.crystals import Floats
from nanostitch.simulate.specimen.facets import Squares, separation

RIPENING_NM2_PER_H = 0.5
"""Attachment-limited ripening constant at reference conditions [nm2/h].

Chosen so that a week at room dissolves a quarter of crystals of 8.1 ± 1.2 nm, and the mean volume
of the others grows by a third: as plain as the merging that it is an alternative to.
"""

GONE_NM = 1.0
"""Edge below which a crystal has dissolved [nm]: less than two lattice constants."""

STEP_SHARE = 0.02
"""Largest relative change of the mean squared edge in one step."""

EQUAL_SHARE = 1e-9
"""Relative difference from the critical edge below which crystals are equal and exchange nothing;
rounding alone is 1e-16."""

FIT_ROUNDS = 60
"""Rounds in which grown edges give way to their neighbours; they converge in a few tens."""


def ripen(edge: Floats, growth_nm2: float) -> Floats:
    """Edge of the cube of each crystal's present volume after ripening [nm]; 0 once dissolved.

    Parameters
    ----------
    edge
        Edges of the cubes before [nm].
    growth_nm2
        Ripening constant K times time [nm2].

    Notes
    -----
    Mean field, limited by attachment to the facets through the ligand shell (Wagner, Z.
    Elektrochem. 65 (1961) 581; the diffusion-limited case is Lifshitz & Slyozov, J. Phys. Chem.
    Solids 19 (1961) 35): da/dt = K (1/a_c - 1/a), where the critical edge a_c = sum a² / sum a
    keeps the volume. Each step is followed by a common factor that restores the volume exactly.
    Steps grow with the squared critical edge and end when one crystal is left or all are equal:
    a hundred per e-fold of it, some thousand at most.
    """
    cube = edge.astype(float)
    total, left = float((cube**3).sum()), growth_nm2
    while left > 0 and np.count_nonzero(cube) > 1:
        alive = np.flatnonzero(cube)
        size = cube[alive]
        critical = float((size**2).sum() / size.sum())
        if np.abs(size / critical - 1).max() < EQUAL_SHARE:
            break
        step = min(left, STEP_SHARE * critical**2)
        # In the square of the edge the smallest crystals, too, dissolve at a finite speed.
        square = size**2 + 2 * step * (size / critical - 1)
        size = np.where(square > GONE_NM**2, np.sqrt(np.maximum(square, 0.0)), 0.0)
        cube[alive] = size * (total / float((size**3).sum())) ** (1 / 3)
        left -= step
    return cube


def fitted(squares: Squares, cube: Floats, keep: float) -> tuple[Floats, Floats]:
    """Edge and height of ripened crystals that leave their neighbours room.

    A facet that meets a neighbour's shell stops; the crystal then thickens, and keeps its volume.

    Parameters
    ----------
    squares
        The layer before ripening.
    cube
        Edge of the cube of each volume [nm], 0 where dissolved.
    keep
        Gap that growing facets leave to their neighbours [nm].

    Returns
    -------
    edge, height
        Extents in the plane and along the beam [nm].
    """
    edge, least = cube.copy(), np.minimum(cube, squares.edge)
    if edge.size > 1:
        reach = np.sqrt(2) * edge.max() + keep
        points = np.stack([squares.y, squares.x], axis=1)
        pairs = cKDTree(points).query_pairs(reach, output_type="ndarray").reshape(-1, 2)
        first, second = pairs[(edge[pairs] > 0).all(axis=1)].T
        for _ in range(FIT_ROUNDS):
            now = squares._replace(edge=edge)
            missing = keep - separation(now.take(first), now.take(second))
            if not (missing > 1e-6).any():
                break
            give = np.zeros(edge.size)
            np.maximum.at(give, first, missing)
            np.maximum.at(give, second, missing)
            edge = np.maximum(edge - give / 2, least)
    height = np.divide(cube**3, edge**2, out=np.zeros(edge.size), where=edge > 0)
    return edge, height
