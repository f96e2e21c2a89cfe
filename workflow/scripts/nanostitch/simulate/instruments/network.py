"""Current through a layer of nanocrystals: a network of crystals, seams and gaps.

A crystal is a node. Two that share a seam conduct as the crystal itself does over the section of
the seam; two whose facets only face each other conduct less by exp(-gap/decay length). Nothing
else decides. When bodies merge they conduct better inside and draw away from their neighbours.
While every path still crosses gaps, those that open cost more than the seams gain, and the
resistance rises, as the paper found within 9 days. Once one body reaches from end to end of the
field, as mostly after months or an hour at 90 to 150 °C in a dense layer, no gap is left to cross:
a fused film conducts a hundred to thousands of times better than the fresh layer, while one that a
crack still parts resists more. The field is far smaller than the gap between electrodes, so that
single layers lie on either side of this threshold. The paper measured no fused film; defects
that annealing may add inside bodies are not in this model.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.constants import epsilon_0
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.facets import Squares, facing

Array = NDArray[np.float64]
Index = NDArray[np.int64]

CONDUCTIVITY_S_PER_M = 0.16
"""Of CsPbBr3 along a body: 1e15 carriers per cm3, as in nominally undoped lead halides, with a
mobility of 10 cm2/(V s). It sets the scale, some 10 nA at 1 V through a fresh layer on the
electrodes of the paper, and no ratio."""
DECAY_LENGTH_NM = 0.2
"""Gap over which the conductance between facets falls by e. Mobilities in films of nanocrystals
fall by exp(-1.08 to -1.10 per angstrom of ligand) (Liu et al., Nano Lett. 10 (2010) 1960,
doi:10.1021/nl101284k), and two shells fill a gap: 2 angstrom / 1.09."""
BOUNDARY_SHARE = 0.3
"""Conductance of a boundary seam over that of a seam whose lattices fit: a mild barrier, as grain
boundaries of lead halides do not trap strongly. Gaps decide the rest, whatever this is."""
_REACH_DECAYS = 30.0
"""Gaps beyond this many decay lengths carry nothing: exp(-30) is 1e-13."""
_BOUNDARY = 2
LEAKAGE_S = 1e-13
"""Conductance over the glass and the holder that remains when no film conducts."""
_GLASS_PERMITTIVITY = 7.0
"""Relative permittivity of the soda-lime glass below the electrodes."""


class Links(NamedTuple):
    """Pairs of nodes and the conductance between them [S]."""

    first: Index
    second: Index
    conductance: Array


class Electrodes(NamedTuple):
    """Interdigitated electrodes whose fingers are as wide as the gaps between them."""

    gap_um: float
    finger_length_um: float
    finger_pairs: int

    @property
    def cell_constant(self) -> float:
        """Conductance over sheet conductance: width over length of all gaps in parallel."""
        return (2 * self.finger_pairs - 1) * self.finger_length_um / self.gap_um

    @property
    def capacitance(self) -> float:
        """Between the combs [F], half in air and half in glass; a film of 10 nm adds nothing.

        Notes
        -----
        Igreja & Dias, Sens. Actuators A 112 (2004) 291: per gap e0 (1 + e_glass)/2 times the
        length, the ratio of elliptic integrals being 1 for fingers as wide as gaps.
        """
        per_length = epsilon_0 * (1 + _GLASS_PERMITTIVITY) / 2
        return float((2 * self.finger_pairs - 1) * per_length * self.finger_length_um * 1e-6)


def cell_conductance(specimen: xr.Dataset, electrodes: Electrodes) -> float:
    """Conductance between interdigitated electrodes under a layer [S]."""
    return electrodes.cell_constant * sheet_conductance(specimen) + LEAKAGE_S


def potentials(links: Links, left: Array, right: Array) -> Array:
    """Potential of every node between electrodes at 1 and 0 V, by Kirchhoff's current law.

    Parameters
    ----------
    links
        Conductances between nodes [S].
    left, right
        Conductance of each node to the electrode at 1 V and to that at 0 V [S].

    Returns
    -------
    numpy.ndarray
        NaN where a node has no way to both electrodes, which carries no current.
    """
    size = left.size
    strength = np.concatenate([links.conductance, links.conductance])
    rows = np.concatenate([links.first, links.second])
    columns = np.concatenate([links.second, links.first])
    web = csr_array(coo_array((strength, (rows, columns)), shape=(size, size)))
    web.eliminate_zeros()
    _, part = connected_components(web, directed=False)
    carrying = np.intersect1d(part[left > 0], part[right > 0])
    used = np.flatnonzero(np.isin(part, carrying))
    found = np.full(size, np.nan)
    if used.size:
        inside = web[used][:, used].tocoo()
        total = np.asarray(inside.sum(axis=1)).ravel() + left[used] + right[used]
        diagonal = coo_array((total, (np.arange(used.size),) * 2), shape=inside.shape)
        found[used] = spsolve((diagonal - inside).tocsc(), left[used])
    return found


def conductance(links: Links, left: Array, right: Array) -> float:
    """Conductance between two electrodes [S]; 0 where nothing connects them.

    It is the power at 1 V, in which errors of the potentials count only squared.
    """
    volt = potentials(links, left, right)
    drop = volt[links.first] - volt[links.second]
    power = links.conductance @ np.nan_to_num(drop) ** 2
    power += left @ np.nan_to_num(1 - volt) ** 2 + right @ np.nan_to_num(volt) ** 2
    return float(power)


def sheet_conductance(specimen: xr.Dataset) -> float:
    """Sheet conductance of a layer [S per square], the geometric mean along x and y.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.

    Notes
    -----
    In two dimensions the geometric mean of the conductances along the axes of an anisotropic
    layer is that of the layer with its domains in every direction (Dykhne, Sov. Phys. JETP 32
    (1971) 63). The field is square, so that its conductance is per square.
    """
    crystals = specimen.isel(crystal=np.flatnonzero(specimen["state"].values == 0))
    joined = links(specimen)
    both = [conductance(joined, *terminals(crystals, axis)) for axis in ("x", "y")]
    return float(np.sqrt(both[0] * both[1]))


def links(specimen: xr.Dataset) -> Links:
    """Seams, and gaps between facets that no seam joins, as links between living crystals."""
    alive = specimen["state"].values == 0
    number = np.cumsum(alive) - 1
    ends = np.stack([specimen["seam_first"].values, specimen["seam_second"].values])
    whole = alive[ends].all(axis=0)
    seams = number[ends[:, whole]]
    squares, height = _squares(specimen, alive)
    seam = seams_conductance(specimen, whole, squares, height, seams)
    reach = _REACH_DECAYS * DECAY_LENGTH_NM
    widest = np.sqrt(2) * float(squares.edge.max(initial=0.0))
    centres = np.stack([squares.y, squares.x], axis=1)
    near = (
        cKDTree(centres).query_pairs(reach + widest, output_type="ndarray") if alive.any() else []
    )
    near = np.asarray(near, np.int64).reshape(-1, 2).T
    keys = near.min(axis=0) * alive.sum() + near.max(axis=0)
    open_pairs = near[:, ~np.isin(keys, seams.min(axis=0) * alive.sum() + seams.max(axis=0))]
    gap = gaps_conductance(squares, height, open_pairs)
    kept = gap > 0
    first, second = np.concatenate([seams, open_pairs[:, kept]], axis=1)
    return Links(first, second, np.concatenate([seam, gap[kept]]))


def seams_conductance(
    specimen: xr.Dataset, whole: NDArray[np.bool_], squares: Squares, height: Array, seams: Index
) -> Array:
    """Conductance along pairs of crystals that share a seam [S]."""
    length = specimen["seam_length"].values[whole]
    boundary = specimen["seam_class"].values[whole] == _BOUNDARY
    share = np.where(boundary, BOUNDARY_SHARE, 1.0)
    return share * _contact(squares, height, seams, length)


def gaps_conductance(squares: Squares, height: Array, pairs: Index) -> Array:
    """Conductance between pairs of crystals that face each other [S].

    Along a wedge the exponential is averaged; crystals that pass at a corner face each other over
    one decay length, at the distance of the corners.
    """
    first, second = squares.take(pairs[0]), squares.take(pairs[1])
    found = facing(first, second)
    aside = np.maximum(-found.length, 0.0)
    nearest = np.hypot(np.maximum(found.gap, 0.0), aside)
    length = np.maximum(found.length, DECAY_LENGTH_NM)
    opening = np.where(aside > 0, 0.0, 2 * np.maximum(found.mean_gap - found.gap, 0.0))
    wedge = np.maximum(opening / DECAY_LENGTH_NM, 1e-9)
    share = np.exp(-nearest / DECAY_LENGTH_NM) * -np.expm1(-wedge) / wedge
    share = np.where(nearest > _REACH_DECAYS * DECAY_LENGTH_NM, 0.0, share)
    return share * _contact(squares, height, pairs, length)


def terminals(crystals: xr.Dataset, axis: str) -> tuple[Array, Array]:
    """Conductance of every living crystal to the electrodes at both ends of the field [S].

    An electrode is where the potential of the layer and of its mirror image, of opposite sign,
    vanishes: half way to the image, hence twice the conductance between the two. A perfect layer
    so has the sheet conductance of its links, whatever its size.
    """
    squares, height = _squares(crystals, np.ones(crystals.sizes["crystal"], bool))
    ends = []
    for wall in (0.0, float(crystals["field"])):
        distance = np.abs(crystals[f"centre_{axis}"].values - wall)
        turned = np.abs(np.cos(squares.angle)) + np.abs(np.sin(squares.angle))
        gap = 2 * np.maximum(distance - squares.edge / 2 * turned, 0.0)
        share = np.where(gap < _REACH_DECAYS * DECAY_LENGTH_NM, np.exp(-gap / DECAY_LENGTH_NM), 0.0)
        apart = np.maximum(2 * distance, squares.edge)
        section = height * squares.edge / apart * 1e-9
        ends.append(2 * CONDUCTIVITY_S_PER_M * section * share)
    return ends[0], ends[1]


def _contact(squares: Squares, height: Array, pairs: Index, length: Array) -> Array:
    """Conductance between the centres of crystals in contact along a length [S]."""
    first, second = pairs
    apart = np.hypot(squares.y[first] - squares.y[second], squares.x[first] - squares.x[second])
    section = np.minimum(height[first], height[second]) * length
    return np.asarray(CONDUCTIVITY_S_PER_M * 1e-9 * section / np.maximum(apart, 1e-3))


def _squares(specimen: xr.Dataset, alive: NDArray[np.bool_]) -> tuple[Squares, Array]:
    """Footprints and heights of living crystals."""
    names = ("centre_y", "centre_x", "angle", "edge", "height")
    y, x, angle, edge, height = (specimen[name].values[alive] for name in names)
    return Squares(y, x, np.radians(angle), edge), height
