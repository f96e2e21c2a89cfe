"""The layer as deposited: cubes in domains of a square superlattice, islands, or a colloid."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from nanostitch.simulate.specimen.crystals import CRYSTAL, Crystals, Floats, Ints, Mask
from nanostitch.simulate.specimen.facets import Squares, facing, separation

EDGE_RANGE_SD = 3.2
"""Edges are drawn within this many standard deviations: the extremes, 4.3 and 11.9 nm for the
crystals of the paper, are still cubes that a synthesis yields; it narrows the normal by 1 %."""

PATCH_LENGTH_NM = 20.0
"""Correlation length of the deposited density: about two sites, so that sparse layers break up into
islands of a few crystals, as drop-casting with a receding contact line leaves them."""

PATCHINESS = 0.45
"""Share of the correlated part in the field whose highest sites are occupied; the rest is white.
Chosen so that a tenth of the sites occupied gives both islands and isolated crystals."""

COLLOID_PITCHES = 3.0
"""Spacing of a dispersion's sites in superlattice pitches: wide enough that shells never touch."""

RELAX_STEPS = 80
RELAX_STRENGTH = 0.6
"""Share of a missing gap that one step of the relaxation opens; below 1 it does not overshoot."""


@dataclass(frozen=True)
class Recipe:
    """How a layer is deposited; the names are those of the settings."""

    arrangement: str
    field_nm: float
    edge_mean_nm: float
    edge_sd_nm: float
    ligand_length_nm: float
    site_occupancy: float
    domain_size_nm: float
    position_jitter_nm: float
    angle_jitter_deg: float
    other_axis_share: float
    tilt_sd_deg: float
    fault_share: float
    cluster_size: int

    @property
    def pitch(self) -> float:
        """Period of the superlattice [nm]: one crystal and two ligand shells."""
        return self.edge_mean_nm + 2 * self.ligand_length_nm


@dataclass(frozen=True)
class Sites:
    """Where crystals settle: centres [nm], rotation [rad] and superlattice domain."""

    y: Floats
    x: Floats
    angle: Floats
    domain: Ints

    def take(self, index: Ints | Mask) -> "Sites":
        """Some of the sites."""
        return Sites(self.y[index], self.x[index], self.angle[index], self.domain[index])

    def points(self) -> Floats:
        """Centres (y, x) [nm]."""
        return np.stack([self.y, self.x], axis=1)


def deposit(recipe: Recipe, rng: np.random.Generator) -> Crystals:
    """Draw a layer of separate crystals and let them settle, at least a ligand length apart.

    Two shells pushed into each other until the ligands of one fill the gaps of the other leave
    one ligand length between facets; nearer neighbours push each other away. What finds no room
    at all, mostly where two domains meet, is left out.
    """
    sites = _occupied(recipe, rng)
    count = sites.y.size
    edge = _edges(recipe, count, rng)
    squares = Squares(sites.y, sites.x, sites.angle, edge)
    settled, fits = _settled(squares, recipe)
    index = np.flatnonzero(fits)
    shape = settled.take(index)
    other = rng.random(count) < recipe.other_axis_share
    zone = np.where(other, rng.integers(1, 3, count), 0)
    tilt_y, tilt_x = rng.normal(0.0, recipe.tilt_sd_deg, (2, count))
    faulted = rng.random(count) < recipe.fault_share
    fault_offset = np.where(faulted, rng.uniform(-0.35, 0.35, count) * edge, np.nan)
    fault_across = rng.integers(0, 2, count)
    return Crystals(
        initial_edge=shape.edge,
        edge=shape.edge.copy(),
        height=shape.edge.copy(),
        y=shape.y,
        x=shape.x,
        angle=shape.angle,
        zone_axis=zone[index],
        tilt_y=tilt_y[index],
        tilt_x=tilt_x[index],
        domain=sites.domain[index],
        fault_offset=fault_offset[index],
        fault_across=fault_across[index],
        irradiated=np.zeros(index.size, dtype=bool),
        state=np.full(index.size, CRYSTAL, dtype=np.int64),
    )


def _edges(recipe: Recipe, count: int, rng: np.random.Generator) -> Floats:
    deviations = rng.normal(size=count)
    while (outside := np.abs(deviations) > EDGE_RANGE_SD).any():
        deviations[outside] = rng.normal(size=int(outside.sum()))
    edges: Floats = recipe.edge_mean_nm + recipe.edge_sd_nm * deviations
    return np.maximum(edges, 0.3 * recipe.edge_mean_nm)


def _occupied(recipe: Recipe, rng: np.random.Generator) -> Sites:
    if recipe.arrangement == "dispersion":
        return _dispersed(recipe, rng)
    sites = _superlattice(recipe, rng)
    if recipe.arrangement == "cluster":
        sites = _cluster(sites, recipe, rng)
    else:
        sites = _patches(sites, recipe, rng)
    count = sites.y.size
    shift_y, shift_x = rng.normal(0.0, recipe.position_jitter_nm, (2, count))
    turn = rng.normal(0.0, np.radians(recipe.angle_jitter_deg), count)
    return Sites(sites.y + shift_y, sites.x + shift_x, sites.angle + turn, sites.domain)


def _superlattice(recipe: Recipe, rng: np.random.Generator) -> Sites:
    """Sites of square lattices, one in each Voronoi cell of random seeds, each turned by itself."""
    field, pitch = recipe.field_nm, recipe.pitch
    domains = 1 if recipe.arrangement == "cluster" else (field / recipe.domain_size_nm) ** 2
    count = max(1, round(domains))
    seeds = rng.uniform(0.0, field, (count, 2))
    angles, offsets = rng.uniform(0.0, np.pi / 2, count), rng.uniform(0.0, pitch, (count, 2))
    # No point of a Poisson-Voronoi cell lies farther from its seed, but for one in 1e12.
    radius = min(3.0 * recipe.domain_size_nm, np.sqrt(2) * field) if count > 1 else 1.5 * field
    steps = np.arange(-np.ceil(radius / pitch), np.ceil(radius / pitch) + 1) * pitch
    v, u = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    tree, parts = cKDTree(seeds), []
    for domain, (seed, angle, offset) in enumerate(zip(seeds, angles, offsets, strict=True)):
        along, across = u + offset[0], v + offset[1]
        y = seed[0] + along * np.sin(angle) + across * np.cos(angle)
        x = seed[1] + along * np.cos(angle) - across * np.sin(angle)
        inside = (y >= 0) & (y < field) & (x >= 0) & (x < field)
        y, x = y[inside], x[inside]
        own = tree.query(np.stack([y, x], axis=1))[1] == domain
        parts.append(Sites(y[own], x[own], np.full(own.sum(), angle), np.full(own.sum(), domain)))
    return Sites(
        y=np.concatenate([part.y for part in parts]),
        x=np.concatenate([part.x for part in parts]),
        angle=np.concatenate([part.angle for part in parts]),
        domain=np.concatenate([part.domain for part in parts]),
    )


def _patches(sites: Sites, recipe: Recipe, rng: np.random.Generator) -> Sites:
    """The occupied sites; those with at most one neighbour lie anywhere near, at any angle."""
    step = PATCH_LENGTH_NM / 4
    pixels = int(np.ceil(recipe.field_nm / step)) + 1
    smooth = ndimage.gaussian_filter(rng.normal(size=(pixels, pixels)), 4.0, mode="wrap")
    density = smooth[(sites.y / step).astype(int), (sites.x / step).astype(int)] / smooth.std()
    score = PATCHINESS * density
    score = score + np.sqrt(1 - PATCHINESS**2) * rng.normal(size=sites.y.size)
    kept = round(recipe.site_occupancy * sites.y.size)
    chosen = sites.take(np.sort(np.argsort(-score, kind="stable")[:kept]))
    offset_y, offset_x = rng.uniform(-0.5, 0.5, (2, kept)) * recipe.pitch
    angle = rng.uniform(0.0, np.pi / 2, kept)
    pairs = cKDTree(chosen.points()).query_pairs(1.25 * recipe.pitch, output_type="ndarray")
    loose = np.bincount(pairs.ravel(), minlength=kept) < 2
    return Sites(
        y=np.clip(chosen.y + loose * offset_y, 0.0, recipe.field_nm),
        x=np.clip(chosen.x + loose * offset_x, 0.0, recipe.field_nm),
        angle=np.where(loose, angle, chosen.angle),
        domain=chosen.domain,
    )


def _cluster(sites: Sites, recipe: Recipe, rng: np.random.Generator) -> Sites:
    """A compact, not quite round group of sites in the middle of the field."""
    middle = recipe.field_nm / 2
    distance = np.hypot(sites.y - middle, sites.x - middle)
    rank = distance + rng.normal(0.0, 0.3 * recipe.pitch, distance.size)
    return sites.take(np.sort(np.argsort(rank, kind="stable")[: recipe.cluster_size]))


def _dispersed(recipe: Recipe, rng: np.random.Generator) -> Sites:
    """Isolated crystals at any angle, on a coarse grid from which each strays by half a pitch."""
    spacing = COLLOID_PITCHES * recipe.pitch
    steps = np.arange(spacing / 2, recipe.field_nm, spacing)
    y, x = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    kept = np.flatnonzero(rng.random(y.size) < recipe.site_occupancy)
    stray_y, stray_x = rng.uniform(-0.5, 0.5, (2, kept.size)) * recipe.pitch
    angle = rng.uniform(0.0, np.pi / 2, kept.size)
    return Sites(y[kept] + stray_y, x[kept] + stray_x, angle, np.arange(kept.size))


def _settled(squares: Squares, recipe: Recipe) -> tuple[Squares, Mask]:
    """Squares pushed apart, and which of them have room."""
    keep, field = recipe.ligand_length_nm, recipe.field_nm
    count = squares.edge.size
    fits = np.ones(count, dtype=bool)
    if count < 2:
        return squares, fits
    reach = np.sqrt(2) * squares.edge.max() + 3 * keep
    pairs = cKDTree(np.stack([squares.y, squares.x], axis=1)).query_pairs(
        reach, output_type="ndarray"
    )
    first, second = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
    crowded = separation(squares.take(first), squares.take(second)) < -0.4 * recipe.edge_mean_nm
    _drop(fits, first[crowded], second[crowded])
    alive = fits[first] & fits[second]
    first, second = first[alive], second[alive]
    for _ in range(RELAX_STEPS):
        missing = keep - separation(squares.take(first), squares.take(second))
        if not (near := missing > 1e-3).any():
            break
        squares = _pushed(squares, first[near], second[near], missing[near], field)
    tight = separation(squares.take(first), squares.take(second)) < 0.6 * keep
    _drop(fits, first[tight], second[tight])
    return squares, fits


def _pushed(squares: Squares, first: Ints, second: Ints, missing: Floats, field: float) -> Squares:
    normal = facing(squares.take(first), squares.take(second)).normal
    push = RELAX_STRENGTH * missing / 2
    count = squares.edge.size
    shift = [
        np.bincount(second, push * part, count) - np.bincount(first, push * part, count)
        for part in (np.sin(normal), np.cos(normal))
    ]
    y, x = np.clip(squares.y + shift[0], 0.0, field), np.clip(squares.x + shift[1], 0.0, field)
    return squares._replace(y=y, x=x)


def _drop(fits: Mask, first: Ints, second: Ints) -> None:
    """Take one crystal out of each pair in which both are still there."""
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if fits[one] and fits[other]:
            fits[other] = False
