"""How crystals are arranged: square order, superlattice spacing, ligand gap."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import spatial

from nanostitch.adf import scatter
from nanostitch.adf.border import Box
from nanostitch.intervals import NONE, NORMAL_95, Number

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Pairs = NDArray[np.intp]

FEWEST = 12
"""Crystals with all their neighbours in view below which no order is told: a lattice of 3 by 4."""
_ALONG_AXIS = np.pi / 8
"""Largest angle of a bond to an axis of the square [rad]: half way to a diagonal."""
_FROM_MEDIAN = 0.3
"""Largest deviation of a bond from the median of the bonds, relative, to either side lest it shift
the mean: a diagonal past an empty site is 0.41 longer."""


class Sites(NamedTuple):
    """Crystals, one element each: middle and edge [nm], number of the particle it is of."""

    y: Array
    x: Array
    edge: Array
    particle: NDArray[np.int64]


class _Bonds(NamedTuple):
    """Voronoi neighbours: numbers of both sites, direction [rad], length and shared side [nm]."""

    first: Pairs
    second: Pairs
    direction: Array
    length: Array
    side: Array


def sites(table: xr.Dataset) -> Sites:
    """Crystals of an image: fitted squares where there are any, else single particles.

    Parameters
    ----------
    table
        Particles with ``centroid_y``, ``centroid_x``, ``edge_length`` and ``units``; squares, if
        any, with ``square_y``, ``square_x``, ``square_edge`` [nm] and ``square_particle``.
    """
    if "square_y" in table:
        names = ("square_y", "square_x", "square_edge")
        y, x, edge = (table[name].to_numpy() for name in names)
        return Sites(y, x, edge, table["square_particle"].to_numpy().astype(np.int64))
    single = table.isel(particle=table["units"].to_numpy() == 1)
    y, x, edge = (single[name].to_numpy() for name in ("centroid_y", "centroid_x", "edge_length"))
    return Sites(y, x, edge, single["particle"].to_numpy().astype(np.int64))


def measure(
    found: Sites, field: Box, *, least_lattice_order: float
) -> tuple[dict[str, Number], dict[str, str]]:
    """Square order and, where there is a lattice, its spacing and the gap of the ligands.

    Around a crystal the order is the mean of exp(4 i angle) over its Voronoi neighbours, weighted
    by the sides that their cells share, so that a neighbour that comes or goes does not jump.
    The spacing is that of neighbours along the axes of the local square.

    Parameters
    ----------
    found
        Crystals.
    field
        The field; crystals whose neighbours it may hide are neighbours only.
    least_lattice_order
        Agreement of neighbours on the direction of the square below which there is no lattice [1].

    Returns
    -------
    tuple
        Numbers by their name in ``contracts.adf.PARTICLES`` (NaN where unknown), and for each
        group that is unknown the reason.

    Notes
    -----
    D. R. Nelson and B. I. Halperin, Phys. Rev. B 19 (1979) 2457; weights: W. Mickel et al.,
    J. Chem. Phys. 138 (2013) 044501.
    """
    unknown = dict.fromkeys(
        ("psi4", "psi4_global", "psi4_correlation", "superlattice_spacing", "ligand_gap"), NONE
    )
    if found.y.size < FEWEST:
        return unknown, {"order": f"only {found.y.size} crystals: no order is told"}
    bonds, inner = _neighbours(found, field)
    if inner.sum() < FEWEST:
        reason = f"only {inner.sum()} crystals have all their neighbours in view: no order is told"
        return unknown, {"order": reason}
    psi = np.where(inner, _psi(bonds, found.y.size), 0.0)
    of = scatter.waves(field.height, field.width, found.y.size)
    both = inner[bonds.first] & inner[bonds.second]
    numbers = unknown | _of_sites(psi[inner], found.y[inner], found.x[inner], of)
    numbers["psi4_correlation"] = _agreement(psi, bonds, both, found, of)
    if not numbers["psi4_correlation"][0] >= least_lattice_order:
        return numbers, {
            "lattice": "crystals form no square lattice: neighbours agree on its direction by "
            f"{numbers['psi4_correlation'][0]:.2f} (least_lattice_order {least_lattice_order:g})"
        }
    return numbers | _of_lattice(psi, bonds, both, found, of), {}


def _neighbours(found: Sites, field: Box) -> tuple[_Bonds, NDArray[np.bool_]]:
    """Voronoi neighbours, and which sites have a cell that nothing out of view could change."""
    points = np.stack([found.y, found.x], axis=1)
    cells = spatial.Voronoi(points)
    vertices, ends = cells.vertices, np.array(cells.ridge_vertices)
    first, second = cells.ridge_points.T
    reach = np.zeros(len(vertices))
    for end in ends.T:
        real = end >= 0
        reach[end[real]] = np.hypot(*(vertices[end[real]] - points[first[real]]).T)
    # a crystal out of view could change a cell only where the circle about a corner leaves it
    low = np.minimum(vertices[:, 0] - field.top, vertices[:, 1] - field.left)
    high = np.minimum(field.bottom - vertices[:, 0], field.right - vertices[:, 1])
    unsure = np.minimum(low, high) < reach
    open_ridge = (ends < 0).any(1) | unsure[ends].any(1)
    inner = np.ones(points.shape[0], bool)
    inner[first[open_ridge]] = False
    inner[second[open_ridge]] = False
    away = points[second] - points[first]
    side = np.where(
        ends.min(1) < 0, 0.0, np.hypot(*(vertices[ends[:, 1]] - vertices[ends[:, 0]]).T)
    )
    return (
        _Bonds(
            first.astype(np.intp),
            second.astype(np.intp),
            np.arctan2(away[:, 0], away[:, 1]),
            np.hypot(*away.T),
            side,
        ),
        inner,
    )


def _psi(bonds: _Bonds, count: int) -> Complex:
    """Weighted mean of exp(4 i angle) around each site; a bond and its reverse count alike."""
    turn = bonds.side * np.exp(4j * bonds.direction)
    ends = np.concatenate([bonds.first, bonds.second])
    total = np.bincount(ends, np.tile(bonds.side, 2), count)
    real, imaginary = (
        np.bincount(ends, np.tile(part, 2), count) for part in (turn.real, turn.imag)
    )
    return np.asarray((real + 1j * imaginary) / np.where(total > 0, total, 1.0))


def _of_sites(psi: Complex, y: Array, x: Array, of: scatter.Waves) -> dict[str, Number]:
    """Mean modulus and modulus of the mean."""
    place = _places(y, x)
    size = np.abs(psi)
    local = float(size.mean())
    variance = float(scatter.variance((size - local) / psi.size, *place, of))
    mean = complex(psi.mean())
    turned = (psi * np.exp(-1j * np.angle(mean))).real
    error = np.sqrt(float(scatter.variance((turned - abs(mean)) / psi.size, *place, of)))
    lower, upper = abs(mean) - NORMAL_95 * error, abs(mean) + NORMAL_95 * error
    return {
        "psi4": scatter.share_interval(
            local, local * (1 - local) / variance if variance > 0 else psi.size
        ),
        "psi4_global": (abs(mean), max(lower, 0.0), min(upper, 1.0)),
    }


def _agreement(
    psi: Complex, bonds: _Bonds, both: NDArray[np.bool_], found: Sites, of: scatter.Waves
) -> Number:
    """Mean cosine of four times the angle between the squares of neighbours."""
    first, second = bonds.first[both], bonds.second[both]
    size = np.abs(psi[first]) * np.abs(psi[second])
    weight = bonds.side[both] * (size > 0)
    cosine = (psi[first] * psi[second].conj()).real / np.where(size > 0, size, 1.0)
    if not weight.sum() > 0:
        return NONE
    mean = float((weight * cosine).sum() / weight.sum())
    place = _places(*_middles(found, first, second))
    variance = scatter.variance(weight * (cosine - mean) / weight.sum(), *place, of)
    half = NORMAL_95 * float(np.sqrt(variance))
    return mean, max(mean - half, -1.0), min(mean + half, 1.0)


def _of_lattice(
    psi: Complex, bonds: _Bonds, both: NDArray[np.bool_], found: Sites, of: scatter.Waves
) -> dict[str, Number]:
    """Spacing along the axes, and what of it the crystals leave."""
    first, second = bonds.first[both], bonds.second[both]
    around = _averaged(psi, bonds)
    axis = np.angle(around[first] + around[second]) / 4
    away = np.angle(np.exp(4j * (bonds.direction[both] - axis))) / 4
    length = bonds.length[both]
    along = np.abs(away) < _ALONG_AXIS
    middle = np.median(length[along]) if along.any() else np.inf
    along &= np.abs(length - middle) < _FROM_MEDIAN * middle
    first, second, distance = first[along], second[along], (length * np.cos(away))[along]
    apart = found.particle[first] != found.particle[second]
    gap = distance - (found.edge[first] + found.edge[second]) / 2
    y, x = _middles(found, first, second)
    return {
        "superlattice_spacing": _mean(distance, y, x, of),
        "ligand_gap": _mean(gap[apart], y[apart], x[apart], of),
    }


def _averaged(psi: Complex, bonds: _Bonds) -> Complex:
    """Sum over each site and its neighbours: next to an empty site the own order points astray."""
    total = psi.copy()
    np.add.at(total, bonds.first, psi[bonds.second])
    np.add.at(total, bonds.second, psi[bonds.first])
    return total


def _mean(values: Array, y: Array, x: Array, of: scatter.Waves) -> Number:
    if values.size < FEWEST:
        return NONE
    mean = float(values.mean())
    variance = scatter.variance((values - mean) / values.size, *_places(y, x), of)
    half = NORMAL_95 * float(np.sqrt(variance))
    return mean, mean - half, mean + half


def _middles(found: Sites, first: Pairs, second: Pairs) -> tuple[Array, Array]:
    return (found.y[first] + found.y[second]) / 2, (found.x[first] + found.x[second]) / 2


def _places(y: Array, x: Array) -> tuple[Array, Array]:
    """Places from 0 to 1 across what they span."""
    place_y, place_x = ((at - at.min()) / max(float(np.ptp(at)), 1e-9) for at in (y, x))
    return place_y, place_x
