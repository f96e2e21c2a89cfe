"""Band gap of a small crystal against its size: effective mass, with and without Coulomb term.

Two geometries bound what a nanocrystal can be: a cube, confined along three directions, and a slab
such as a row or layer of merged crystals, confined along one.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import constants
from scipy.optimize import brentq

Real = NDArray[np.floating[Any]]
Geometry = Literal["cube", "slab"]
GEOMETRIES: tuple[Geometry, ...] = ("cube", "slab")

DIRECTIONS = {"cube": 3, "slab": 1}
"""Along how many directions carriers are confined."""
CONFINED_EV_NM2 = (constants.h**2 / (8 * constants.m_e)) / constants.e * 1e18
"""h²/(8 m0): energy of an electron in a box, one direction, times length squared [eV nm²]."""
COULOMB_EV_NM = constants.e / (4 * np.pi * constants.epsilon_0) * 1e9
"""e²/(4 pi eps0) [eV nm]."""
RYDBERG_EV = constants.value("Rydberg constant times hc in eV")
BOHR_NM = constants.value("Bohr radius") * 1e9
CUBE_COULOMB = 3.05
"""Mean of L/r of two particles that are each in the ground state of a cube of edge L."""
SHORTEST_NM, LONGEST_NM = 1.0, 1000.0
"""Sizes between which a confinement length is looked for [nm]: below, no crystal; above,
confinement is under 0.01 meV."""
QUADRATURE_POINTS = 41
"""Sizes of a distribution that are averaged over."""
SMALLEST_FACTOR = 0.2
"""Smallest size of a distribution over its mean: smaller ones are no crystals."""


@dataclass(frozen=True)
class Semiconductor:
    """Gap of the bulk [eV], reduced mass of electron and hole [m0], relative permittivity.

    No permittivity leaves the Coulomb term out.
    """

    bulk_gap_ev: float
    reduced_mass: float
    permittivity: float | None = None


def gap_ev(
    length_nm: Real | float, geometry: Geometry, crystal: Semiconductor, spread: float = 0.0
) -> Real:
    """Gap of crystals of a size, or mean gap of crystals of that mean size [eV].

    Parameters
    ----------
    length_nm
        Edge of the cube or thickness of the slab [nm], any shape.
    geometry
        ``cube`` or ``slab``.
    crystal
        Bulk gap, reduced mass, and the permittivity where the Coulomb term is wanted.
    spread
        Standard deviation of the size over its mean. The mean gap weighs each crystal by its
        volume, as losses and absorption do: a cube by its edge cubed, a slab by its thickness.

    Notes
    -----
    Infinite walls, parabolic bands: Brus, J. Chem. Phys. 80 (1984) 4403, for a cube. Coulomb
    term of the cube: first order, 3.05 e²/(4 pi eps0 eps L), for strong confinement. Of the slab:
    binding energy of the exciton in a space of fractional dimension, Ry/(1 + (a - 3)/2)² with
    a = 3 - exp(-L/2 aB), from 4 Ry (thin) to Ry (thick): Mathieu, Lefebvre & Christol, Phys.
    Rev. B 46 (1992) 4092. At 8 nm, some 2.6 exciton radii of CsPbBr3, confinement is neither
    strong nor weak, so that both are models beside each other, not corrections.
    """
    mean = np.asarray(length_nm, float)
    if not spread:
        return _gap_of_one(mean, geometry, crystal)
    away, weight = np.polynomial.hermite_e.hermegauss(QUADRATURE_POINTS)
    factor = 1 + spread * away
    real = factor > SMALLEST_FACTOR
    weight = weight[real] * factor[real] ** DIRECTIONS[geometry]
    gaps = _gap_of_one(mean[..., None] * factor[real], geometry, crystal)
    return np.asarray(gaps @ (weight / weight.sum()))


def _gap_of_one(length: Real, geometry: Geometry, crystal: Semiconductor) -> Real:
    confined = CONFINED_EV_NM2 * DIRECTIONS[geometry] / (crystal.reduced_mass * length**2)
    gap = crystal.bulk_gap_ev + confined
    if crystal.permittivity is None:
        return np.asarray(gap)
    if geometry == "cube":
        return np.asarray(gap - CUBE_COULOMB * COULOMB_EV_NM / (crystal.permittivity * length))
    return np.asarray(gap - _slab_binding_ev(length, crystal.reduced_mass, crystal.permittivity))


def _slab_binding_ev(length: Real, reduced_mass: float, permittivity: float) -> Real:
    rydberg = RYDBERG_EV * reduced_mass / permittivity**2
    radius = BOHR_NM * permittivity / reduced_mass
    dimension = 3 - np.exp(-length / (2 * radius))
    return np.asarray(rydberg / (1 + (dimension - 3) / 2) ** 2)


def length_nm(gap: float, geometry: Geometry, crystal: Semiconductor, spread: float = 0.0) -> float:
    """Size that a model gives a gap [nm]; infinite where no crystal of it has so small a gap.

    Where the Coulomb term makes the gap of a cube pass a minimum, the smaller of two sizes is
    meant, at which the gap falls with size; the rise beyond is where a first order term fails.
    NaN where the gap is NaN or asks for less than 1 nm.
    """
    sizes = np.geomspace(SHORTEST_NM, LONGEST_NM, 400)
    above = gap_ev(sizes, geometry, crystal, spread) > gap
    if not above[0]:
        return float("nan")
    if above.all():
        return float("inf")
    first = int(np.argmin(above))

    def excess(length: float) -> float:
        return float(gap_ev(length, geometry, crystal, spread)) - gap

    return float(brentq(excess, sizes[first - 1], sizes[first]))
