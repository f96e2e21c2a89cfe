"""Holds simulated lattice images against multislice ones: writes multislice.txt and .png.

Run as a script it needs abTEM (Madsen and Susi, Open Research Europe 1 (2021) 24), which brings
two dozen packages and is no dependency: install it beside the project to repeat the calculation.
The tests compare with the multislice image as calculated. CsPbBr3 [001], 14 cells (8.2 nm) thick.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nanostitch.simulate.instruments import atomic, coherence, columns, scattering, structure
from nanostitch.simulate.projection import project

Floats = NDArray[np.float64]

LATTICE_NM = scattering.LATTICE_NM
CELLS_ALONG_BEAM = 14
OPTICS = scattering.Optics(60.0, 18.0, 60.0, 150.0, 0.14, 0.0)
"""60 keV, probe of 18 mrad or 0.14 nm, detector from 60 to 150 mrad, in focus."""
COLUMNS = {"Pb-Br": (0.0, 0.0), "Cs": (0.5, 0.5), "Br": (0.0, 0.5), "none": (0.25, 0.25)}
"""Places in the cell, in fractions; Br stands twice in it."""

_POINTS = 9
"""Probe positions along half of a cell, both ends included; mirrors make the rest."""
_CELLS_ACROSS = 3
_GRID = 160
"""Of 0.11 A: scattering is right up to 147 mrad."""
_VIBRATIONS = 6
_ANGSTROM = 10.0
"""In a nanometre."""
_STEP_NM = 0.03
_REFERENCE = Path(__file__).with_suffix(".txt")


class Images(NamedTuple):
    """One unit cell, lead in its corner: share of the beam on the detector."""

    multislice: Floats
    ours: Floats
    linear: Floats


def multislice() -> Floats:
    """Unit cell by multislice with frozen phonons, symmetrised; dims (y, x), no end repeated."""
    import abtem
    import dask
    from ase import Atoms

    names = [name for name, places in structure.PEROVSKITE.items() for _ in places]
    places = np.concatenate(list(structure.PEROVSKITE.values()))
    side = LATTICE_NM * _ANGSTROM
    cell = Atoms(names, scaled_positions=places, cell=[side] * 3, pbc=True)
    sigmas = {name: u * _ANGSTROM for name, u in structure.VIBRATION_NM.items()}
    repeated = cell * (_CELLS_ACROSS, _CELLS_ACROSS, CELLS_ALONG_BEAM)
    with dask.config.set(scheduler="single-threaded"):
        moved = abtem.FrozenPhonons(repeated, num_configs=_VIBRATIONS, sigmas=sigmas, seed=1)
        potential = abtem.Potential(moved, gpts=(_GRID, _GRID), slice_thickness=side / 2)
        probe = abtem.Probe(
            energy=OPTICS.beam_energy_kev * 1e3, semiangle_cutoff=OPTICS.convergence_mrad
        )
        probe.grid.match(potential)
        # The grid ends a little below the outer angle; what is scattered there is negligible.
        highest = float(min(probe.cutoff_angles))
        outer = min(OPTICS.outer_mrad, np.floor(highest))
        detector = abtem.AnnularDetector(inner=OPTICS.inner_mrad, outer=outer)
        scan = abtem.GridScan(
            start=(0, 0), end=(side / 2, side / 2), gpts=(_POINTS, _POINTS), endpoint=True
        )
        measured = probe.scan(potential, scan=scan, detectors=detector, max_batch=_POINTS**2)
        quarter = np.asarray(measured.compute(progress_bar=False).array, dtype=float)
    quarter = (quarter + quarter.T) / 2
    half = np.concatenate([quarter, quarter[-2:0:-1]])
    return np.concatenate([half, half[:, -2:0:-1]], axis=1)


def one_crystal() -> xr.Dataset:
    """A specimen of one cube on its zone axis, as thick as the multislice crystal."""
    edge = CELLS_ALONG_BEAM * LATTICE_NM
    middle = edge / 2 + 1.0
    crystal = {"edge": edge, "height": edge, "centre_y": middle, "centre_x": middle, "angle": 0.0}
    crystal |= {"initial_edge": edge, "tilt_y": 0.0, "tilt_x": 0.0, "fault_offset": np.nan}
    whole = dict.fromkeys(("zone_axis", "state", "particle", "fault_across"), 0)
    seams = ("first", "second", "class", "y", "x", "gap", "length", "normal")
    nothing = {f"seam_{name}": ("seam", np.empty(0, int)) for name in seams}
    nothing |= {f"metal_{name}": ("metal", np.empty(0)) for name in ("y", "x", "diameter")}
    rows = {name: ("crystal", np.array([value])) for name, value in (crystal | whole).items()}
    return xr.Dataset(rows | nothing | {"field": 2 * middle, "ligand_length": 1.0})


def ours() -> tuple[Floats, Floats]:
    """The same cell from the middle of a simulated crystal, and before what columns lose."""
    specimen = one_crystal()
    side = float(specimen["field"])
    axis = np.arange(0.0, side, _STEP_NM)
    projected = project(specimen, axis, axis)
    names = ("zone_axis", "tilt_y", "tilt_x")
    weight = scattering.channelling(*(specimen[name].to_numpy() for name in names))
    lattices = coherence.lattices(specimen, np.random.default_rng(0))
    drawn, _ = columns.draw(specimen, projected, lattices, weight, np.random.default_rng(0))
    linear = atomic.blurred(drawn.atoms, OPTICS, _STEP_NM)
    seen = scattering.seen_by_columns(linear, _STEP_NM)
    return _cell(seen, lattices[0], axis, side / 2), _cell(linear, lattices[0], axis, side / 2)


def _cell(image: Floats, lattice: structure.Lattice, axis: Floats, middle: float) -> Floats:
    """Unit cell nearest to the middle, at the places of :func:`multislice`."""
    points = np.arange(2 * (_POINTS - 1)) / (2 * (_POINTS - 1))
    corner = [
        site + LATTICE_NM * np.round((middle - site) / LATTICE_NM)
        for site in (lattice.y, lattice.x)
    ]
    places = {
        dim: xr.DataArray(start + LATTICE_NM * points, dims=dim)
        for dim, start in zip(("y", "x"), corner, strict=True)
    }
    field = xr.DataArray(image, dims=("y", "x"), coords={"y": axis, "x": axis})
    return field.interp(places, method="cubic").to_numpy()


def at(image: Floats, place: tuple[float, float]) -> float:
    """Value of a unit cell at fractions of its sides."""
    return float(image[tuple(round(f * len(image)) for f in place)])


def images() -> Images:
    """All three unit cells, that by multislice as calculated before."""
    return Images(np.loadtxt(_REFERENCE), *ours())


def draw(cells: Images) -> Figure:
    """Unit cells side by side, and profiles along the edge and the diagonal of the cell."""
    titles = ("multislice (abTEM)", "laboratory", "without losses of columns")
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    axes = figure.subplots(1, 5)
    for ax, cell, title in zip(axes, cells, titles, strict=False):
        tiled = np.tile(np.roll(cell, len(cell) // 4, (0, 1)), (2, 2))
        drawn = ax.imshow(tiled, cmap="gray", vmin=0, extent=(0, 2 * LATTICE_NM) * 2)
        ax.set_title(title, fontsize=9)
        ax.set_xlabel("nm")
        figure.colorbar(drawn, ax=ax, shrink=0.6, format="%.2f")
    count = len(cells.ours)
    along = np.arange(count + 1) % count
    for ax, rows, label in ((axes[3], 0 * along, "Pb-Br to Pb-Br"), (axes[4], along, "over Cs")):
        stretch = LATTICE_NM * (1 if not rows.any() else np.sqrt(2)) / count
        for cell, title, style in zip(cells, titles, ("k-", "C0-", "C3:"), strict=True):
            ax.plot(np.arange(count + 1) * stretch, cell[rows, along], style, label=title)
        ax.set_title(label, fontsize=9)
        ax.set_xlabel("nm")
        ax.set_ylim(0, 1.4 * cells.multislice.max())
    axes[3].set_ylabel("share of the beam detected")
    figure.legend(*axes[4].get_legend_handles_labels(), loc="outside lower right", ncols=3)
    return figure


def calculate() -> None:
    """Write the multislice image anew, with what it was calculated by."""
    import abtem

    header = "Unit cell of CsPbBr3 [001] by multislice, share of the beam detected.\n"
    header += f"abTEM {abtem.__version__}, {CELLS_ALONG_BEAM} cells thick, {OPTICS}"
    np.savetxt(_REFERENCE, multislice(), fmt="%.5f", header=header)


if __name__ == "__main__":
    calculate()
    target = Path(__file__).with_suffix(".png")
    draw(images()).savefig(target, dpi=110, metadata={"Software": None})
