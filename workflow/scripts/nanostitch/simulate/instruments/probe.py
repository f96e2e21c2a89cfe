"""What electrons meet around each position of the beam, and what they lose there.

A loss occurs anywhere within several nanometres of the beam, so each position sees the layer
through the reach of :func:`nanostitch.simulate.instruments.loss.reach`. The layer is a sum of
sources: films of a few thicknesses and edges between which every pixel is shared, ligands, support
and metal. Spectra are linear in them before plural scattering.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import maximum_filter

from nanostitch.simulate.instruments import dielectric, loss
from nanostitch.simulate.instruments.dielectric import Onset
from nanostitch.simulate.projection import CRYSTAL, DISSOLVED, project
from nanostitch.simulate.recording import Axis, Recording

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Source = tuple[int, int]
"""Of a film: steps of the edge from that of the bulk, and index of the thickness."""

GAP_LOSS_EV = 2.4
"""Loss whose reach stands for all: that of the band gap."""

_MAP_STEP_NM = 0.5
"""Pixel of the maps, a sixteenth of the reach."""
_TILE_NM = 250.0
"""Side of the squares that positions are sorted into: the map of one has 0.3 million pixels."""
_SEAM_REACH_NM = 10.0
"""How far beyond its size a crystal may be drawn: ligands, necks and grooves."""
_EDGE_STEP_EV = 0.005
"""Distance of the edges that films are computed for, a tenth of an edge's width."""
_THICKNESSES_NM = np.array([0, 2, 4, 6, 8, 10, 13, 17, 22, 30, 40, 60, 90, 150, 300.0])
"""Thicknesses that films are computed for; a film's loss is nearly linear between."""
_VACUUM_NM = 0.05
"""Mean thickness below which a position has no gap."""
_ALL_LOSSES_EV = np.arange(0.125, 120, 0.25)
_INFLECTION_STEP_EV = 0.002
_SURVEY_PIXELS = 96
_SURVEY_ELECTRONS = 400.0
"""Electrons in a pixel of a quick survey image from 8 nm of crystal."""
_LIGHT_CONTRAST = 0.03
"""Scattering to large angles by a nanometre of hydrocarbon over that of CsPbBr3."""
_HEAVY_CONTRAST = 2.2
"""The same of lead: density and atomic number of the metal against the perovskite."""
_MEANS = ("thickness", "gap", "ligand", "metal")
"""Maps that are seen as means: path lengths [nm], and the crystal's times its gap [nm eV]."""


class Matter(NamedTuple):
    """Materials and models that a recording assumes, beside the specimen."""

    onset: Onset
    carbon_nm: float


@dataclass(frozen=True)
class Met:
    """Sources around each of ``n`` positions.

    ``weights`` (n, source): shares of the films, then nm of ligand, support and metal.
    ``edges`` [eV above that of the bulk] and ``thicknesses`` [nm]: of the films. ``thickness``
    [nm] and ``band_gap`` [eV, NaN in vacuum]: means over the reach, the latter over the crystal.
    """

    weights: Floats
    edges: Floats
    thicknesses: Floats
    thickness: Floats
    band_gap: Floats
    onset: Onset


def meet(specimen: xr.Dataset, y: Floats, x: Floats, beam: loss.Beam, matter: Matter) -> Met:
    """Sources around positions of the beam.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    y, x
        Positions [nm], one dim.
    beam, matter
        Electrons, and what is assumed of the layer.
    """
    kernel = loss.reach(_MAP_STEP_NM, beam, GAP_LOSS_EV)
    gap, shift = _gaps(specimen, matter.onset)
    means, films = np.zeros((len(_MEANS), y.size)), dict[Source, Floats]()
    for here in _tiles(y, x):
        grid_y, grid_x = (_grid(a[here] - a.min(), len(kernel)) + a.min() for a in (y, x))
        at = (y[here] - grid_y[0], x[here] - grid_x[0])
        layer = _layer(specimen, grid_y, grid_x, gap)
        means[:, here] = [_sample(_blurred(layer[name], kernel), *at) for name in _MEANS]
        for source, share in _films(layer["thickness"], shift[layer["crystal"].astype(int)]):
            seen = films.setdefault(source, np.zeros(y.size))
            seen[here] = _sample(_blurred(share, kernel), *at)
    mean, gaps, ligand, metal = means
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_gap = np.where(mean > _VACUUM_NM, gaps / mean, np.nan)
    others = (ligand, np.full(y.size, matter.carbon_nm), metal)
    level, depth = np.array(sorted(films), int).reshape(-1, 2).T
    weights = np.stack([*(films[source] for source in sorted(films)), *others], axis=1)
    edges, thicknesses = _EDGE_STEP_EV * level, _THICKNESSES_NM[depth]
    return Met(weights, edges, thicknesses, mean, mean_gap, matter.onset)


def in_vacuum() -> Met:
    """One position in a hole of the support."""
    nothing, none = np.zeros(0), np.zeros(1)
    return Met(np.zeros((1, 3)), nothing, nothing, none, np.full(1, np.nan), "elliott")


def averaged(met: Met) -> Met:
    """Mean of all positions as one; its gap is weighted by thickness."""
    crystal = np.where(np.isfinite(met.band_gap), met.thickness, 0.0)
    gap = np.nan
    if crystal.any():
        gap = float(np.average(np.nan_to_num(met.band_gap), weights=crystal))
    mean = met.weights.mean(axis=0, keepdims=True)
    thickness = met.thickness.mean(keepdims=True)
    return Met(mean, met.edges, met.thicknesses, thickness, np.full(1, gap), met.onset)


def probabilities(met: Met, energy: Floats, beam: loss.Beam) -> Floats:
    """Single-scattering probability of each source, per unit of its weight and energy [1/eV].

    Parameters
    ----------
    energy
        Energy losses above 0 [eV].

    Returns
    -------
    numpy.ndarray
        Dims (source, energy).
    """
    found = np.zeros((met.edges.size + 3, energy.size))
    for thickness in np.unique(met.thicknesses):
        used = met.thicknesses == thickness
        film = dielectric.permittivity(energy, met.edges[used, None], met.onset)
        found[: met.edges.size][used] = loss.of_film(film, energy, float(thickness), beam)
    for row, bands in enumerate((loss.LIGANDS, loss.SUPPORT, loss.METAL), met.edges.size):
        found[row] = loss.of_bands(bands, energy, beam)
    return found


def total(met: Met, beam: loss.Beam) -> Floats:
    """Mean number of losses of any energy in one unit of each source."""
    step = _ALL_LOSSES_EV[1] - _ALL_LOSSES_EV[0]
    return np.asarray(probabilities(met, _ALL_LOSSES_EV, beam).sum(axis=1) * step)


def inflection(met: Met, weights: Floats, beam: loss.Beam) -> Floats:
    """Steepest rise at the edge of what is lost in single scattering [eV].

    Square-root edges rise infinitely steep where they start: of several, this is where most start.

    Parameters
    ----------
    weights
        As in :class:`Met`, for any number of spectra.

    Returns
    -------
    numpy.ndarray
        One energy a spectrum; NaN without crystal.
    """
    if not met.edges.size:
        return np.full(len(weights), np.nan)
    low, high = (dielectric.edge_energy(end, met.onset) for end in (min(met.edges), max(met.edges)))
    energy = np.arange(low - 0.15, high + 0.1, _INFLECTION_STEP_EV)
    signal = weights @ probabilities(met, energy, beam)
    crystal = weights[:, : met.edges.size] @ met.thicknesses
    found = dielectric.inflection(energy, signal)
    return np.asarray(np.where(crystal > _VACUUM_NM, found, np.nan))


def survey(
    specimen: xr.Dataset,
    centre: tuple[float, float],
    size_nm: float,
    carbon_nm: float,
    rng: np.random.Generator,
) -> Recording:
    """Quick dark-field image of a square, on which positions of the beam are chosen.

    Parameters
    ----------
    centre, size_nm
        Middle (y, x) and side of the square [nm].
    carbon_nm
        Thickness of the support [nm].
    """
    step = size_nm / _SURVEY_PIXELS
    offsets = step * (np.arange(_SURVEY_PIXELS) - (_SURVEY_PIXELS - 1) / 2)
    layer = project(specimen, centre[0] + offsets, centre[1] + offsets)
    path = layer["thickness"] + _LIGHT_CONTRAST * (layer["ligand"] + carbon_nm)
    path = path + _HEAVY_CONTRAST * layer["metal"]
    counts = rng.poisson(_SURVEY_ELECTRONS * path.to_numpy() / 8.0).astype(np.int32)
    axes = (Axis("y", 0.0, step, "nm"), Axis("x", 0.0, step, "nm"))
    return Recording(counts, axes, "ADF")


def _gaps(specimen: xr.Dataset, onset: Onset) -> tuple[Floats, Floats]:
    """Gap and shift of the edge of every crystal [eV]; 0 where there is none."""
    names = ("extent_along", "extent_across", "height")
    lengths = np.stack([specimen[name].to_numpy().astype(float) for name in names], axis=-1)
    gap = specimen["band_gap"].to_numpy().astype(float)
    intact = (specimen["state"].to_numpy() == CRYSTAL) & np.isfinite(gap)
    shift = np.zeros(gap.size)
    shift[intact] = dielectric.edge_shift(gap[intact], lengths[intact], onset)
    return np.append(np.where(intact, gap, 0.0), 0.0), np.append(shift, 0.0)


def _tiles(y: Floats, x: Floats) -> Iterator[Places]:
    """Indices of the positions in each square of a grid that has any."""
    row, column = (((place - place.min()) // _TILE_NM).astype(int) for place in (y, x))
    tile = row * (int(column.max()) + 1) + column
    order = np.argsort(tile, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(tile[order])) + 1)


def _grid(place: Floats, reach: int) -> Floats:
    """Pixels around positions, with room for a kernel; every tile has those of one lattice."""
    first, last = (int(end // _MAP_STEP_NM) for end in (place.min(), place.max()))
    return np.asarray(_MAP_STEP_NM * np.arange(first - reach // 2 - 1, last + reach // 2 + 3))


def _layer(specimen: xr.Dataset, grid_y: Floats, grid_x: Floats, gap: Floats) -> dict[str, Floats]:
    """Maps of :data:`_MEANS`, and of which crystal a pixel is, -1 of none."""
    sizes = [specimen[name].to_numpy() for name in ("edge", "initial_edge", "height")]
    reach = 2 * float(np.nanmax(np.stack(sizes), initial=0.0)) + _SEAM_REACH_NM
    near = np.ones(specimen.sizes["crystal"], bool)
    for name, grid in (("centre_y", grid_y), ("centre_x", grid_x)):
        place = specimen[name].to_numpy()
        near &= (place > grid[0] - reach) & (place < grid[-1] + reach)
    state = specimen["state"]
    layer = project(specimen.assign(state=state.where(near, DISSOLVED)), grid_y, grid_x)
    found = {str(name): array.to_numpy() for name, array in layer.items()}
    crystal = found["crystal"]
    # A blurred rim belongs to the crystal that it is the rim of.
    crystal = np.where(crystal < 0, maximum_filter(crystal, 3), crystal)
    thickness = np.where(crystal < 0, 0.0, found["thickness"])
    local_gap = np.where(thickness > 0, gap[crystal], 0.0)
    return found | {"crystal": crystal, "thickness": thickness, "gap": thickness * local_gap}


def _films(thickness: Floats, shift: Floats) -> Iterator[tuple[Source, Floats]]:
    """Films that are there, and each pixel's share of them."""
    there = np.flatnonzero(thickness > 0)
    depth = np.clip(thickness.ravel()[there], *_THICKNESSES_NM[[0, -1]])
    deeper = np.maximum(np.searchsorted(_THICKNESSES_NM, depth), 1)
    below = _THICKNESSES_NM[deeper - 1]
    part_deep = (depth - below) / (_THICKNESSES_NM[deeper] - below)
    edge = shift.ravel()[there] / _EDGE_STEP_EV
    part_high, step = edge % 1, np.floor(edge).astype(int)
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    level = np.concatenate([step + high for high, _ in corners])
    layer = np.concatenate([deeper - 1 + deep for _, deep in corners])
    parts = (np.abs([1 - high - part_high, 1 - deep - part_deep]) for high, deep in corners)
    share = np.concatenate([part.prod(axis=0) for part in parts])
    pixel = np.tile(there, len(corners))
    used = np.flatnonzero((share > 0) & (_THICKNESSES_NM[layer] > 0))
    used = used[np.lexsort((layer[used], level[used]))]
    changes = np.diff(level[used]).astype(bool) | np.diff(layer[used]).astype(bool)
    for one in np.split(used, np.flatnonzero(changes) + 1) if used.size else ():
        shares = np.bincount(pixel[one], share[one], thickness.size)
        shape = np.asarray(shares.reshape(thickness.shape), float)
        yield (int(level[one[0]]), int(layer[one[0]])), shape


def _blurred(values: Floats, kernel: Floats) -> Floats:
    """A map seen through the reach, without its margins' ends, which wrap around."""
    shape = [next_fast_len(size, real=True) for size in values.shape]
    spread = np.zeros(shape)
    spread[: kernel.shape[0], : kernel.shape[1]] = kernel
    spread = np.roll(spread, [-(side // 2) for side in kernel.shape], axis=(0, 1))
    seen = irfft2(rfft2(values, shape) * rfft2(spread), shape)
    return np.asarray(np.maximum(seen[: values.shape[0], : values.shape[1]], 0.0))


def _sample(values: Floats, y: Floats, x: Floats) -> Floats:
    """Values at distances from the first pixel, linear between pixels."""
    row, column = y / _MAP_STEP_NM, x / _MAP_STEP_NM
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    down, right = row - top, column - left
    found = np.zeros(row.size)
    for j, share_y in ((0, 1 - down), (1, down)):
        for i, share_x in ((0, 1 - right), (1, right)):
            found += share_y * share_x * values[top + j, left + i]
    return found
