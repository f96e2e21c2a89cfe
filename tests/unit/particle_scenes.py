"""Scenes of known cubes, their micrographs, and how far what is found agrees with them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from nanostitch import contracts, schema
from nanostitch.adf import particles
from nanostitch.contracts.adf import PARTICLES

SETTINGS = schema.with_defaults({}, schema.load("adf"))["particles"]
FIELD = 120.0


class Cuboid(NamedTuple):
    """Centre, sides [nm] and direction of ``width`` [rad, counter-clockwise, y down]."""

    y: float
    x: float
    height: float
    width: float
    angle: float

    @property
    def edge(self):
        return np.sqrt(self.height * self.width)

    @property
    def axes(self):
        return np.array(
            [
                [-np.sin(self.angle), np.cos(self.angle)],
                [np.cos(self.angle), np.sin(self.angle)],
            ]
        )

    @property
    def corners(self):
        signs = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) / 2
        return (self.y, self.x) + signs * (self.width, self.height) @ self.axes

    def is_whole(self, field, margin=0.0):
        return self.corners.min() > margin and self.corners.max() < field - margin


def cube(y, x, edge, angle=0.0):
    return Cuboid(y, x, edge, edge, angle)


def gap(one, other):
    """Largest separation along a side of either (negative where they overlap)."""
    axes = np.concatenate([one.axes, other.axes])
    a, b = one.corners @ axes.T, other.corners @ axes.T
    return np.maximum(a.min(0) - b.max(0), b.min(0) - a.max(0)).max()


def scattered(rng, count, *, mean=8.1, sd=1.2, least_gap=1.0, field=FIELD):
    """Cubes at random places and angles, at least a gap apart, some cut by the border."""
    placed = []
    for edge in np.clip(rng.normal(mean, sd, count), 4.5, None):
        new = None  # sizes are drawn first, lest large cubes be rejected more often
        while new is None or any(gap(new, old) < least_gap for old in placed):
            new = cube(*rng.uniform(-4, field + 4, 2), edge, rng.uniform(0, np.pi / 2))
        placed.append(new)
    return placed


def lattice(along, field=FIELD):
    """Centres of a square lattice of sites that fills the field."""
    at = (np.arange(along) + 0.5) * field / along
    return [(y, x) for y in at for x in at]


def touching(rng, along, *, field=FIELD):
    """Cubes of which about half meet a partner: gap of 0.25 to 1 nm, offset and turned."""
    placed = []
    for y, x in lattice(along, field):
        site = cube(*(rng.normal((y, x), 1.5)), 1.0, rng.uniform(0, np.pi / 2))
        edge, other = np.clip(rng.normal(8.1, 1.2, 2), 4.5, None)
        first = cube(site.y, site.x, edge, site.angle)
        placed.append(first)
        if rng.random() < 0.5:
            wanted, offset = rng.uniform(0.25, 1.0), rng.uniform(-0.3, 0.3) * edge
            turned = site.angle + rng.uniform(-0.35, 0.35)
            for distance in np.arange(0.9 * edge, 2 * edge, 0.02):
                y, x = (first.y, first.x) + np.array([distance, offset]) @ first.axes
                partner = cube(y, x, other, turned)
                if gap(first, partner) >= wanted:
                    break
            placed.append(partner)
    return placed


def micrograph(
    cuboids: Sequence[Cuboid],
    *,
    seed: int | None,
    pixel=(0.3, 0.3),
    field=FIELD,
    blur=0.5,
    dose=1000.0,
    gradient=0.3,
    finer=4,
):
    """Image of cuboids of one thickness on a support that slopes; Poisson noise where seeded."""
    shape = tuple(round(field / step) for step in pixel)
    image = np.zeros(shape)
    for one in cuboids:
        low, high = one.corners.min(0) - 1, one.corners.max(0) + 1
        start = [max(int(a / p), 0) for a, p in zip(low, pixel, strict=True)]
        stop = [min(int(b / p) + 1, n) for b, p, n in zip(high, pixel, shape, strict=True)]
        if any(b <= a for a, b in zip(start, stop, strict=True)):
            continue
        y, x = (
            (np.arange(a * finer, b * finer) + 0.5) / finer * p
            for a, b, p in zip(start, stop, pixel, strict=True)
        )
        at = np.stack(np.meshgrid(y - one.y, x - one.x, indexing="ij"), -1) @ one.axes.T
        inside = (np.abs(at) < np.array([one.width, one.height]) / 2).all(-1)
        share = inside.reshape(stop[0] - start[0], finer, stop[1] - start[1], finer).mean((1, 3))
        window = image[start[0] : stop[0], start[1] : stop[1]]
        np.maximum(window, share, out=window)
    image = ndimage.gaussian_filter(image, [blur / step for step in pixel])
    slope = np.linspace(0, 1, shape[1]) + 0.5 * np.linspace(1, 0, shape[0])[:, None] ** 2
    image = (image + 0.15 + gradient * slope) * dose * pixel[0] * pixel[1]
    if seed is not None:
        image = np.random.default_rng(seed).poisson(image).astype(float)
    return plane(image, pixel)


def plane(values, pixel):
    axes = zip(("y", "x"), values.shape, pixel, strict=True)
    coords = {
        dim: (dim, (np.arange(size) + 0.5) * step, {"units": "nm"}) for dim, size, step in axes
    }
    return xr.DataArray(values, dims=("y", "x"), coords=coords)


def measured(image, **changes):
    found = particles.measure(image, **(SETTINGS | changes))
    return contracts.check(found, PARTICLES, "test")


def matched(cuboids, found):
    """Index pairs of cuboids and particles whose centres agree, each used once."""
    true = np.array([(one.y, one.x) for one in cuboids])
    seen = np.stack([found["centroid_y"], found["centroid_x"]], axis=1)
    distance = np.linalg.norm(true[:, None] - seen[None], axis=-1)
    reach = 0.35 * np.array([min(one.height, one.width) for one in cuboids])[:, None]
    cost = np.where(distance < reach, distance, 1e3)
    rows, columns = linear_sum_assignment(cost)
    near = cost[rows, columns] < 1e3
    return rows[near], columns[near]


def f1_score(cuboids, found, field=FIELD):
    """Of cubes that lie wholly in the field; a cut one is neither asked for nor held against."""
    rows, columns = matched(cuboids, found)
    whole = np.array([one.is_whole(field) for one in cuboids])
    hits = int(whole[rows].sum())
    spurious = np.setdiff1d(np.flatnonzero(found["touches_border"] == 0), columns).size
    return 2 * hits / (hits + spurious + int(whole.sum()))


def errors(cuboids, found):
    """Error of edge_length and its stated uncertainty, for whole particles [nm]."""
    rows, columns = matched(cuboids, found)
    kept = found["touches_border"].to_numpy()[columns] == 0
    true = np.array([one.edge for one in cuboids])[rows[kept]]
    one = found.isel(particle=columns[kept])
    return one["edge_length"].to_numpy() - true, one["edge_length_uncertainty"].to_numpy()


def reasons(found):
    return found["verdict"].attrs["reasons"]


def grid(pitch, edge=8.1):
    rng = np.random.default_rng(2)
    return [
        cube(*rng.normal(at, 0.2), rng.normal(edge, 0.3), rng.normal(0, 0.03))
        for at in lattice(int(FIELD / pitch))
    ]
