"""Projection of a specimen along the beam: path lengths on a regular grid.

Crystals are cuboids with rounded edges along the beam, as thick as their height. A tilted one has
flanks as wide as its height times the tangent of the tilt, half of its thickness where its edge
is. Facets in contact are joined by a neck.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.floating[Any]]
Table = Mapping[str, NDArray[Any]]
"""Variables of a specimen as arrays, which are quicker to index."""

CRYSTAL, EMPTY_SHELL, DISSOLVED = 0, 1, 2
"""Values of ``state``."""
SEAMLESS, TILT, BOUNDARY = 0, 1, 2
"""Values of ``seam_class``."""

_ROUNDING = 0.07
"""Radius of a cube's vertical edges over its side: nanocubes are sharp to about a unit cell."""
_LARGEST_RADIUS = 1.0
"""The same for large crystals [nm]; facets grow, edges do not."""
_GROOVE = 0.15
"""Share of the thickness that is missing in the middle of a boundary: atoms of two lattices that
do not fit are fewer, and the surface sinks into a groove (Mullins, J. Appl. Phys. 28 (1957) 333).
An estimate; the groove is no deeper than about two unit cells of a crystal of 8 nm."""
_GROOVE_WIDTH = 0.35
"""Standard deviation of the groove [nm]: about half a unit cell on either side."""


class _Plan(NamedTuple):
    """Outline of a crystal or a neck in the plane: lengths in nm, angle in radian."""

    y: float
    x: float
    half_along: float
    half_across: float
    angle: float
    radius: float


class _Canvas(NamedTuple):
    """The grid and what is drawn on it."""

    y: Floats
    x: Floats
    step: float
    thickness: Floats
    cover: Floats
    outer: Floats
    shell: Floats
    distance: Floats
    crystal: NDArray[np.int32]


class _Patch(NamedTuple):
    """Part of the grid around an outline; distances from its edge, negative inside [nm]."""

    window: tuple[slice, slice]
    along: Floats
    across: Floats

    @property
    def distance(self) -> Floats:
        """Distance from a sharp-cornered outline."""
        return np.maximum(self.along, self.across)


def project(specimen: xr.Dataset, y: Positions, x: Positions) -> xr.Dataset:
    """Path lengths of the beam through crystals, ligands and metal.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    y, x
        Positions of the pixels [nm], each rising in equal steps.

    Returns
    -------
    xarray.Dataset
        Dims ``(y, x)``: ``thickness`` of crystal and ``ligand`` and ``metal`` [nm], edges smooth
        over a pixel; ``cover``, the share of a pixel inside a crystal [1]; ``crystal``, the index
        of the crystal that a pixel is of, -1 where ``cover`` is below one half.
    """
    shape = (y.size, x.size)
    canvas = _Canvas(
        y=np.asarray(y, float),
        x=np.asarray(x, float),
        step=_step(y, x),
        thickness=np.zeros(shape),
        cover=np.zeros(shape),
        outer=np.zeros(shape),
        shell=np.zeros(shape),
        distance=np.full(shape, np.inf),
        crystal=np.full(shape, -1, np.int32),
    )
    table = {str(name): variable.to_numpy() for name, variable in specimen.items()}
    ligand_length = float(table["ligand_length"])
    for index in np.flatnonzero(table["state"] == CRYSTAL):
        _draw_crystal(canvas, table, int(index), ligand_length)
    for index in np.flatnonzero(table["state"] == EMPTY_SHELL):
        _draw_shell(canvas, table, int(index), ligand_length)
    joined = _between_crystals(table)
    for seam in joined:
        _draw_neck(canvas, table, int(seam))
    for seam in joined[table["seam_class"][joined] == BOUNDARY]:
        _carve_groove(canvas, table, int(seam))
    ligand = np.maximum(np.maximum(canvas.outer - canvas.thickness, 0.0), canvas.shell)
    found = {
        "thickness": (canvas.thickness, "nm"),
        "crystal": (np.where(canvas.cover >= 0.5, canvas.crystal, np.int32(-1)), "1"),
        "cover": (canvas.cover, "1"),
        "ligand": (ligand, "nm"),
        "metal": (_spheres(table, canvas), "nm"),
    }
    return xr.Dataset(
        {name: (("y", "x"), array, {"units": unit}) for name, (array, unit) in found.items()},
        coords={"y": ("y", canvas.y, {"units": "nm"}), "x": ("x", canvas.x, {"units": "nm"})},
    )


def _step(y: Positions, x: Positions) -> float:
    """Pixel size over which edges are smooth; of a line, the distance of its points."""
    steps = [float(axis[1] - axis[0]) for axis in (y, x) if axis.size > 1]
    return float(np.exp(np.mean(np.log(steps)))) if steps else 1e-6


def _side(table: Table, index: int) -> float:
    """Edge of a crystal in the plane, or of the void that a destroyed one has left [nm]."""
    edge = float(table["edge"][index])
    return edge if edge > 0 else float(table["initial_edge"][index])


def _plan(table: Table, index: int) -> _Plan:
    edge = _side(table, index)
    values = (table[name][index] for name in ("centre_y", "centre_x", "angle"))
    centre_y, centre_x, angle = (float(value) for value in values)
    radius = min(_ROUNDING * edge, _LARGEST_RADIUS)
    return _Plan(centre_y, centre_x, edge / 2, edge / 2, np.radians(angle), radius)


def _patch(canvas: _Canvas, plan: _Plan, margin: float) -> _Patch:
    """Distances from the two pairs of sides around an outline, its corners rounded."""
    reach = np.hypot(plan.half_along, plan.half_across) + margin
    rows = slice(*np.searchsorted(canvas.y, (plan.y - reach, plan.y + reach)))
    columns = slice(*np.searchsorted(canvas.x, (plan.x - reach, plan.x + reach)))
    dy, dx = canvas.y[rows, None] - plan.y, canvas.x[columns] - plan.x
    cos, sin = np.cos(plan.angle), np.sin(plan.angle)
    along = np.abs(dx * cos + dy * sin) - plan.half_along
    across = np.abs(dy * cos - dx * sin) - plan.half_across
    corner = (along > -plan.radius) & (across > -plan.radius)
    if plan.radius and corner.any():
        round_off = np.hypot(along[corner] + plan.radius, across[corner] + plan.radius)
        longer = np.maximum(along[corner], across[corner])
        excess = round_off - plan.radius - longer
        along[corner] += excess
        across[corner] += excess
    return _Patch((rows, columns), along, across)


def _cover(distance: Floats, width: float | Floats) -> Floats:
    """Share of a pixel that lies inside an edge of some width."""
    return np.clip(0.5 - distance / width, 0.0, 1.0)


def _draw_crystal(canvas: _Canvas, table: Table, index: int, ligand_length: float) -> None:
    plan, height = _plan(table, index), float(table["height"][index])
    lean = height * np.tan(np.radians([float(table[name][index]) for name in ("tilt_y", "tilt_x")]))
    cos, sin = np.cos(plan.angle), np.sin(plan.angle)
    flank_along = np.hypot(canvas.step, lean[1] * cos + lean[0] * sin)
    flank_across = np.hypot(canvas.step, lean[0] * cos - lean[1] * sin)
    patch = _patch(canvas, plan, ligand_length + canvas.step + float(np.abs(lean).max()))
    if not patch.along.size:
        return
    distance, window = patch.distance, patch.window
    cover = _cover(distance, np.where(patch.along > patch.across, flank_along, flank_across))
    _raise(canvas.cover[window], cover)
    _raise(canvas.thickness[window], height * cover)
    reached = _cover(distance - ligand_length, canvas.step)
    _raise(canvas.outer[window], (height + 2 * ligand_length) * reached)
    nearest = distance < canvas.distance[window]
    canvas.distance[window][nearest] = distance[nearest]
    canvas.crystal[window][nearest] = index


def _raise(layer: Floats, values: Floats) -> None:
    np.maximum(layer, values, out=layer)


def _draw_shell(canvas: _Canvas, table: Table, index: int, ligand_length: float) -> None:
    """Ligands that stand where a crystal was: a wall around a void, with roof and floor."""
    height = float(table["height"][index]) or _side(table, index)
    patch = _patch(canvas, _plan(table, index), ligand_length + canvas.step)
    outside = _cover(patch.distance - ligand_length, canvas.step)
    void = height * _cover(patch.distance, canvas.step)
    _raise(canvas.shell[patch.window], (height + 2 * ligand_length) * outside - void)


def _between_crystals(table: Table) -> NDArray[np.intp]:
    """Indices of the seams whose two crystals are still there."""
    state = table["state"]
    ends = [table[name] for name in ("seam_first", "seam_second")]
    return np.flatnonzero((state[ends[0]] == CRYSTAL) & (state[ends[1]] == CRYSTAL))


def _seam_plan(table: Table, seam: int, half_depth: float) -> _Plan:
    names = ("seam_y", "seam_x", "seam_length", "seam_normal")
    y, x, length, normal = (float(table[name][seam]) for name in names)
    return _Plan(y, x, half_depth, length / 2, np.radians(normal), 0.0)


def _draw_neck(canvas: _Canvas, table: Table, seam: int) -> None:
    """Material between two facets; it reaches into both, since their edges are rounded."""
    pair = [int(table[name][seam]) for name in ("seam_first", "seam_second")]
    height = min(float(table["height"][index]) for index in pair)
    inwards = _ROUNDING * min(_side(table, index) for index in pair) + canvas.step
    gap = max(float(table["seam_gap"][seam]), 0.0)
    patch = _patch(canvas, _seam_plan(table, seam, gap / 2 + inwards), canvas.step)
    cover = _cover(patch.distance, canvas.step)
    _raise(canvas.cover[patch.window], cover)
    _raise(canvas.thickness[patch.window], height * cover)
    _raise(canvas.outer[patch.window], height * cover)


def _carve_groove(canvas: _Canvas, table: Table, seam: int) -> None:
    patch = _patch(canvas, _seam_plan(table, seam, 0.0), 4 * _GROOVE_WIDTH)
    depth = np.exp(-(patch.along**2) / (2 * _GROOVE_WIDTH**2))
    within = _cover(patch.across, canvas.step)
    canvas.thickness[patch.window] *= 1 - _GROOVE * depth * within


def _spheres(table: Table, canvas: _Canvas) -> Floats:
    metal = np.zeros((canvas.y.size, canvas.x.size))
    names = ("metal_y", "metal_x", "metal_diameter")
    for y, x, diameter in zip(*(table[name] for name in names), strict=True):
        rows = slice(*np.searchsorted(canvas.y, (y - diameter / 2, y + diameter / 2)))
        columns = slice(*np.searchsorted(canvas.x, (x - diameter / 2, x + diameter / 2)))
        square = (canvas.y[rows, None] - y) ** 2 + (canvas.x[columns] - x) ** 2
        _raise(metal[rows, columns], np.sqrt(np.maximum(diameter**2 - 4 * square, 0.0)))
    return metal
