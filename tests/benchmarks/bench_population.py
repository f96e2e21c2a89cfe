"""How often the intervals of one image's statistics hold the truth, from fresh layer to film.

Run ``python tests/benchmarks/bench_population.py --seeds 20 --views 12``. Each seed grows layers
of 100 by 100 sites without an edge: a square superlattice with empty sites, islands, crystals
at random, and layers whose neighbours have merged to more and more. Views of 230 nm look at it
from random directions; what they show is measured without any error, so that the table tests the
statistics alone. The truth is that of all layers of a kind, each body counted once.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import ndimage, sparse, spatial
from scipy.sparse.csgraph import connected_components

from nanostitch import schema
from nanostitch.adf import border, order, population, region_statistics

SITES = 100
PITCH = 10.0
SIDE = SITES * PITCH
VIEW = 230.0
PIXEL = 1.0
MEAN, SD = 8.1, 1.0
LEAST_ORDER = schema.with_defaults({}, schema.load("adf"))["particles"]["least_lattice_order"]


class Layer(NamedTuple):
    """Crystals of a periodic layer, and the body that each is of."""

    y: np.ndarray
    x: np.ndarray
    edge: np.ndarray
    body: np.ndarray


def smooth(rng: np.random.Generator, reach: float) -> np.ndarray:
    """Normal field on the sites that is alike over a reach in sites."""
    field = ndimage.gaussian_filter(rng.normal(size=(SITES, SITES)), reach, mode="wrap")
    return field / field.std()


def lattice(
    rng: np.random.Generator,
    *,
    occupied: np.ndarray,
    merging: np.ndarray | float = 0.0,
    sizes: np.ndarray | float = 0.0,
) -> Layer:
    """Superlattice; neighbours merge with a probability that may differ from place to place."""
    row, column = np.nonzero(occupied)
    number = np.full((SITES, SITES), -1)
    number[row, column] = np.arange(row.size)
    merging = np.broadcast_to(merging, (SITES, SITES))
    links = []
    for axis in (0, 1):
        other = np.roll(number, -1, axis)
        bond = (number >= 0) & (other >= 0) & (rng.random(number.shape) < merging)
        links.append(np.stack([number[bond], other[bond]]))
    first, second = np.concatenate(links, axis=1)
    graph = sparse.coo_matrix((np.ones(first.size), (first, second)), shape=(row.size,) * 2)
    edge = rng.normal(MEAN, SD, row.size) + np.broadcast_to(sizes, (SITES, SITES))[row, column]
    jitter = rng.normal(0, 0.3, (2, row.size))
    return Layer(
        (row + 0.5) * PITCH + jitter[0],
        (column + 0.5) * PITCH + jitter[1],
        np.clip(edge, 5.0, 9.9),
        connected_components(graph, directed=False)[1],
    )


def fresh(rng: np.random.Generator) -> Layer:
    return lattice(rng, occupied=rng.random((SITES, SITES)) < 0.9)


def domains(rng: np.random.Generator) -> Layer:
    """Sizes that differ from place to place."""
    return lattice(rng, occupied=rng.random((SITES, SITES)) < 0.9, sizes=0.6 * smooth(rng, 2.0))


def islands(rng: np.random.Generator) -> Layer:
    return lattice(rng, occupied=smooth(rng, 2.0) > 0)


def scattered(rng: np.random.Generator) -> Layer:
    """At random, no nearer than 12 nm (Matern's second process)."""
    y, x = rng.uniform(0, SIDE, (2, rng.poisson(6000)))
    order = rng.random(y.size)
    pairs = spatial.KDTree(np.stack([y, x], 1), boxsize=SIDE).query_pairs(
        12.0, output_type="ndarray"
    )
    lost = np.where(order[pairs[:, 0]] > order[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    kept = np.setdiff1d(np.arange(y.size), lost)
    edge = np.clip(rng.normal(MEAN, SD, kept.size), 5.0, 9.9)
    return Layer(y[kept], x[kept], edge, np.arange(kept.size))


def merged(probability: float, *, uneven: float = 0.0) -> Callable[[np.random.Generator], Layer]:
    """Layer whose neighbours have merged with a probability."""

    def grow(rng: np.random.Generator) -> Layer:
        merging = np.clip(probability * (1 + uneven * smooth(rng, 2.0)), 0, 1)
        return lattice(rng, occupied=rng.random((SITES, SITES)) < 0.9, merging=merging)

    return grow


KINDS: dict[str, Callable[[np.random.Generator], Layer]] = {
    "fresh": fresh,
    "size domains": domains,
    "islands": islands,
    "scattered": scattered,
    "merging 0.01": merged(0.01),
    "merging 0.1": merged(0.1),
    "merging 0.25": merged(0.25),
    "0.25, uneven": merged(0.25, uneven=0.4),
    "merging 0.4": merged(0.4),
    "film 0.65": merged(0.65),
}
NAMES = (*region_statistics.NAMES, "superlattice_spacing", "ligand_gap")


def true(layers: list[Layer]) -> np.ndarray:
    """Statistics of all bodies, in the order of ``NAMES``."""
    units = np.concatenate([np.bincount(one.body) for one in layers])
    area = np.concatenate([np.bincount(one.body, one.edge**2) for one in layers])
    edge = np.sqrt(area)
    whole = len(layers) * SIDE**2
    return np.array(
        [
            units.size / whole,
            area.sum() / whole,
            (units > 1).mean(),
            1 - units.size / units.sum(),
            edge.mean(),
            edge.std(),
            PITCH,
            PITCH - np.concatenate([one.edge for one in layers]).mean(),
        ]
    )


def view(layer: Layer, rng: np.random.Generator) -> tuple[xr.Dataset, np.ndarray, order.Sites]:
    """Bodies that one image shows, as the segmentation would list them, its mask, crystals."""
    angle = rng.uniform(0, np.pi / 2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    away = np.stack([layer.y, layer.x]) - rng.uniform(0, SIDE, (2, 1))
    away = (away + SIDE / 2) % SIDE - SIDE / 2
    near = np.hypot(*away) < VIEW
    y, x = turn @ away[:, near] + VIEW / 2
    edge, body = layer.edge[near], layer.body[near]
    half = edge / 2 * (np.cos(angle) + np.sin(angle))
    held = (y + half > 0) & (y - half < VIEW) & (x + half > 0) & (x - half < VIEW)
    shown, number = np.unique(body[held], return_inverse=True)
    low, high = np.full((2, shown.size), np.inf), np.full((2, shown.size), -np.inf)
    for axis, at in enumerate((y[held], x[held])):
        np.minimum.at(low[axis], number, at - half[held])
        np.maximum.at(high[axis], number, at + half[held])
    cut = (low.min(0) < 0) | (high.max(0) > VIEW)
    low, high = np.clip(low, 0, VIEW), np.clip(high, 0, VIEW)
    share = visible(y[held], half[held]) * visible(x[held], half[held])
    row = ("particle",)
    table = xr.Dataset(
        {
            "edge_length": (row, np.sqrt(np.bincount(number, edge[held] ** 2 * share))),
            "units": (row, np.bincount(number)),
            "touches_border": (row, cut.astype("i1")),
            **{f"middle_{n}": (row, (low[i] + high[i]) / 2) for i, n in enumerate("yx")},
            **{n: (row, high[i] - low[i]) for i, n in enumerate(("height", "width"))},
        }
    )
    seen = (np.minimum(y, x) > 0) & (np.maximum(y, x) < VIEW)
    sites = order.Sites(y[seen], x[seen], edge[seen], body[seen])
    return table, painted(y[held], x[held], edge[held], turn), sites


def visible(at: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Share of each side that lies in the view."""
    return (np.minimum(at + half, VIEW) - np.maximum(at - half, 0)) / (2 * half)


def painted(y: np.ndarray, x: np.ndarray, edge: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Pixels that crystals cover; a pixel is of the crystal whose middle is nearest."""
    pixels = (np.stack(np.indices((int(VIEW / PIXEL),) * 2), -1).reshape(-1, 2) + 0.5) * PIXEL
    tree = spatial.KDTree(np.stack([y, x], 1))
    mask = np.zeros(len(pixels), bool)
    _, nearest = tree.query(pixels, k=2)
    for one in nearest.T:
        away = turn.T @ (pixels.T - np.stack([y, x])[:, one])
        mask |= (np.abs(away) < edge[one] / 2).all(0)
    return mask.reshape(int(VIEW / PIXEL), -1)


def measured(layer: Layer, rng: np.random.Generator) -> np.ndarray:
    """Numbers with bounds of one view, shape ``(name, 3)``."""
    table, mask, sites = view(layer, rng)
    field = border.Box(0, VIEW, 0, VIEW)
    whole = table["touches_border"].to_numpy() == 0
    found = population.sample(table, whole, field=field, part=field)
    crystals = mask.mean() * VIEW**2 / float((layer.edge**2).mean())
    seen = np.ones(mask.shape, bool)
    ordered, _ = order.measure(sites, field, least_lattice_order=LEAST_ORDER)
    return np.array(
        [
            population.number_density(found, seen_nm2=field.area),
            population.coverage(mask, seen, found.waves, particles_nm2=field.area / 9),
            population.merged_fraction(found),
            population.fusing_index(found, crystals=crystals),
            population.size_mean(found),
            population.size_sd(found),
            *(ordered[name] for name in ("superlattice_spacing", "ligand_gap")),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--views", type=int, default=12, help="views of each layer")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    asked = parser.parse_args()
    print(f"{asked.seeds * asked.views} views; bias and half width in percent of the truth")
    print(f"{'layer':14}{'measure':21}{'truth':>9}{'bias':>8}{'scatter':>9}{'half':>8}", end="")
    print(f"{'holds':>8}{'below':>8}{'above':>8}{'given':>8}")
    for kind in asked.kinds:
        grown, rows = [], []
        for seed in range(asked.seeds):
            rng = np.random.default_rng([seed, list(KINDS).index(kind)])
            grown.append(KINDS[kind](rng))
            rows += [measured(grown[-1], rng) for _ in range(asked.views)]
        report(kind, true(grown), np.array(rows))


def report(kind: str, truth: np.ndarray, found: np.ndarray) -> None:
    """One line a measure: bias, scatter, width, and how often the bounds hold the truth."""
    for name, exact, (value, lower, upper) in zip(
        NAMES, truth, found.transpose(1, 2, 0), strict=True
    ):
        known = np.isfinite(lower) | np.isfinite(upper)
        if not known.any():
            print(f"{kind:14}{name:21}{exact:9.4g}  not given")
            continue
        low, high = (lower > exact)[known].mean(), (upper < exact)[known].mean()
        scale = exact if exact else 1.0
        print(
            f"{kind:14}{name:21}{exact:9.4g}{100 * (np.nanmean(value) - exact) / scale:8.2f}"
            f"{100 * np.nanstd(value) / scale:9.2f}{50 * np.nanmean(upper - lower) / scale:8.2f}"
            f"{100 * (1 - low - high):8.1f}{100 * low:8.1f}{100 * high:8.1f}"
            f"{100 * np.isfinite(value).mean():8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
