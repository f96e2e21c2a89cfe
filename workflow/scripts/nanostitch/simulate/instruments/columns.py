"""Atoms of a projected specimen spread over the pixels of an image."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.simulate.instruments import structure

Floats = NDArray[np.float64]
Layers = Mapping[str, Floats]

_FINEST = 0.5
"""Distance of the points that a leaning column is drawn with [pixels]."""
_METAL_TURN = 180.0


class _Columns(NamedTuple):
    """Columns of one lattice: middle and reach of their lean (y, x) [nm], atoms by element."""

    place: Floats
    lean: Floats
    atoms: Layers


class Drawn(NamedTuple):
    """Atoms in projection [per nm2] by element, dims ``(y, x)``, and where columns are (y, x)."""

    atoms: Layers
    place: Floats


class Fault(NamedTuple):
    """A planar fault: crystal, a point on it (y, x) [nm] and the direction of its normal."""

    crystal: int
    y: float
    x: float
    normal: float


def draw(
    specimen: xr.Dataset,
    projected: xr.Dataset,
    lattices: list[structure.Lattice],
    weight: Floats,
    rng: np.random.Generator,
) -> tuple[Drawn, list[Fault]]:
    """Columns of all crystals and metal particles in view, as points.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    projected
        Result of :func:`nanostitch.simulate.projection.project`; a column is as long as the
        crystal is thick there and ends with the crystal.
    lattices
        Lattice of each crystal before its planar fault, by
        :func:`nanostitch.simulate.instruments.coherence.lattices`.
    weight
        Factor on the atoms of each crystal, 1 for all atoms as they are [1].
    rng
        Draws how particles of metal lie.

    Returns
    -------
    tuple
        What is drawn, and the planar faults of crystals in view.
    """
    shape = (projected.sizes["y"], projected.sizes["x"])
    layers = {element: np.zeros(shape) for element in structure.VIBRATION_NM}
    faults: list[Fault] = []
    places = [np.empty((0, 2))]
    for index in np.setdiff1d(projected["crystal"].to_numpy(), [-1]):
        for columns in _of_crystal(specimen, projected, lattices, int(index), faults):
            atoms = {element: n * weight[index] for element, n in columns.atoms.items()}
            _spread(layers, projected, columns._replace(atoms=atoms))
            places.append(columns.place)
    for columns in _of_metal(specimen, projected, rng):
        _spread(layers, projected, columns)
        places.append(columns.place)
    return Drawn(layers, np.concatenate(places)), faults


def _of_crystal(
    specimen: xr.Dataset,
    projected: xr.Dataset,
    lattices: list[structure.Lattice],
    index: int,
    faults: list[Fault],
) -> Iterator[_Columns]:
    """Columns of a crystal; on the two sides of a planar fault they are of two lattices."""
    names = ("centre_y", "centre_x", "edge", "fault_offset", "tilt_y", "tilt_x")
    y, x, edge, offset, *tilt = (float(specimen[name].values[index]) for name in names)
    across = bool(specimen["fault_across"].values[index])
    lattice = lattices[index]
    lean = np.tan(np.radians(tilt))
    # A neck and the corners of a neighbour's half of it lie beyond the crystal's own square.
    reach = edge / np.sqrt(2) + 1.5
    if not np.isfinite(offset):
        yield _cut(projected, lattice, (y, x), reach, lean, index)
        return
    angle = float(specimen["angle"].values[index])
    beyond, offset = structure.faulted(
        lattice, offset_nm=offset, across=across, centre_y=y, centre_x=x
    )
    normal = angle + 90.0 * across
    unit = np.array([np.sin(np.radians(normal)), np.cos(np.radians(normal))])
    faults.append(Fault(index, y + offset * unit[0], x + offset * unit[1], normal))
    for side, half in ((-1.0, lattice), (1.0, beyond)):
        columns = _cut(projected, half, (y, x), reach, lean, index)
        kept = side * ((columns.place - (y, x)) @ unit - offset) > 0
        atoms = {element: n[kept] for element, n in columns.atoms.items()}
        yield _Columns(columns.place[kept], columns.lean[kept], atoms)


def _cut(
    projected: xr.Dataset,
    lattice: structure.Lattice,
    centre: tuple[float, float],
    reach: float,
    lean: Floats,
    index: int,
) -> _Columns:
    """Columns of a lattice where the projection is of one crystal, as long as it is thick."""
    place, which = structure.sites(lattice, *centre, reach)
    crystal, thickness = projected["crystal"].to_numpy(), projected["thickness"].to_numpy()
    row, column, inside = _nearest(projected, place)
    inside &= crystal[row, column] == index
    place, which, length = place[inside], which[inside], thickness[row, column][inside]
    repeats = length / lattice.motif.repeat_nm
    atoms = {element: n[which] * repeats for element, n in lattice.motif.atoms.items()}
    return _Columns(place, length[:, None] * lean, atoms)


def _of_metal(
    specimen: xr.Dataset, projected: xr.Dataset, rng: np.random.Generator
) -> Iterator[_Columns]:
    """Columns of spheres of lead, each a single crystal that lies as it happens to."""
    names = ("metal_y", "metal_x", "metal_diameter")
    metal = projected["metal"].to_numpy()
    for y, x, diameter in zip(*(specimen[name].to_numpy() for name in names), strict=True):
        angle = rng.uniform(0, _METAL_TURN)
        lattice = structure.Lattice(structure.lead(), float(y), float(x), angle)
        place, which = structure.sites(lattice, float(y), float(x), diameter / 2)
        row, column, inside = _nearest(projected, place)
        place, which, length = place[inside], which[inside], metal[row, column][inside]
        atoms = {"Pb": lattice.motif.atoms["Pb"][which] * length / lattice.motif.repeat_nm}
        yield _Columns(place, np.zeros_like(place), atoms)


def _nearest(
    projected: xr.Dataset, place: Floats
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Row and column of the pixels that places lie in, and whether they lie in the grid."""
    indices, inside = [], np.ones(len(place), bool)
    for along, name in enumerate(("y", "x")):
        axis = projected[name].to_numpy()
        number = np.rint((place[:, along] - axis[0]) / (axis[1] - axis[0])).astype(np.intp)
        inside &= (number >= 0) & (number < axis.size)
        indices.append(np.clip(number, 0, axis.size - 1))
    return indices[0], indices[1], inside


def _spread(layers: Layers, projected: xr.Dataset, columns: _Columns) -> None:
    """Add the atoms of columns to the pixels around each of their points.

    Weights are those of cubic convolution, which keeps number, centre and variance of what is
    spread (Keys, IEEE Trans. Acoust. Speech Signal Process. 29 (1981) 1153).
    """
    if not len(columns.place):
        return
    axes = [projected[name].to_numpy() for name in ("y", "x")]
    step = float(axes[0][1] - axes[0][0])
    length = float(np.abs(columns.lean).max())
    points = int(np.ceil(length / (_FINEST * step))) + 1
    along = (np.arange(points) + 0.5) / points - 0.5
    place = columns.place[None] + along[:, None, None] * columns.lean[None]
    indices, weights = zip(
        *(_taps((place[..., k] - axes[k][0]) / step, axes[k].size) for k in (0, 1)), strict=True
    )
    corner = [int(index.min()) for index in indices]
    shape = [int(index.max()) + 1 - first for index, first in zip(indices, corner, strict=True)]
    window = tuple(slice(first, first + size) for first, size in zip(corner, shape, strict=True))
    rows, across = indices[0] - corner[0], indices[1] - corner[1]
    flat = rows[..., :, None] * shape[1] + across[..., None, :]
    share = weights[0][..., :, None] * weights[1][..., None, :] / (points * step**2)
    for element, number in columns.atoms.items():
        present = np.flatnonzero(number)
        amount = share[:, present] * number[present][None, :, None, None]
        added = np.bincount(flat[:, present].ravel(), amount.ravel(), shape[0] * shape[1])
        layers[element][window] += added.reshape(shape)


def _taps(position: Floats, size: int) -> tuple[NDArray[np.intp], Floats]:
    """The four pixels around positions, and their weights; nothing is left outside the grid."""
    first = np.floor(position).astype(np.intp) - 1
    index = first[..., None] + np.arange(4)
    t = position - np.floor(position)
    distance = np.abs(t[..., None] - np.arange(-1, 3))
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weight = np.where(distance <= 1, near, far)
    inside = (index >= 0) & (index < size)
    return np.clip(index, 0, size - 1), weight * inside
