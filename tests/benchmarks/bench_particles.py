"""How many crystals are found, how well they are sized, and what it costs: tables of many images.

Run: ``python tests/benchmarks/bench_particles.py [--seeds N] [--field NM] [--peer]``. Cubes are
separated, or touch (gap 0.25 to 1 nm, blur 0.8 nm, 0.35 nm a pixel), at several counts a pixel;
``--peer`` holds time and memory against Otsu, watershed and regionprops of scikit-image.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special
from scipy.optimize import linear_sum_assignment
from skimage import feature, filters, measure, segmentation

from nanostitch.adf import segment, table
from nanostitch.adf.flatten import flatten

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from particle_scenes import Cuboid, cube, gap, plane, scattered

Array = NDArray[np.float64]
PIXEL, BLUR, SUPPORT = 0.35, 0.8, 0.15
CELL = 16.0
COVERAGE = 0.5


def touching(rng: np.random.Generator, field: float) -> list[Any]:
    """Cubes laid against one another until half of the field is covered."""
    placed: list[Any] = [cube(field / 2, field / 2, 8.1, rng.uniform(0, 1.5))]
    cells: dict[tuple[int, int], list[Any]] = {}
    wanted = COVERAGE * (field + 8) ** 2 / 8.1**2
    for _ in range(int(60 * wanted)):
        if len(placed) >= wanted:
            break
        new = _against(rng, placed, field)
        if not (-4 < new.y < field + 4 and -4 < new.x < field + 4):
            continue
        row, column = int(new.y // CELL), int(new.x // CELL)
        near = [
            one for i, j in np.ndindex(3, 3) for one in cells.get((row + i - 1, column + j - 1), [])
        ]
        if any(gap(new, one) < 0.25 for one in near):
            continue
        placed.append(new)
        cells.setdefault((row, column), []).append(new)
    return placed[1:]


def _against(rng: np.random.Generator, placed: list[Any], field: float) -> Any:
    """A cube against a facet of another one, or sometimes anywhere."""
    host = placed[rng.integers(len(placed))]
    if rng.random() < 0.03:
        host = cube(*rng.uniform(0, field, 2), 8.1, rng.uniform(0, 1.5))
    edge, apart = float(np.clip(rng.normal(8.1, 0.8), 5, None)), rng.uniform(0.25, 1.0)
    turn = rng.normal(0, 0.05) if rng.random() < 0.6 else rng.uniform(-0.78, 0.78)
    side = int(rng.integers(4))
    away = host.axes[side % 2] * (1 if side < 2 else -1)
    aside = host.axes[1 - side % 2] * rng.normal(0, 0.2) * 8.1
    for distance in np.arange(0.5, 0.8, 0.005) * (host.edge + edge):
        y, x = np.array([host.y, host.x]) + distance * away + aside
        new = cube(y, x, edge, host.angle + turn)
        if gap(host, new) >= apart:
            break
    return new


def picture(cubes: list[Any], rng: np.random.Generator, field: float, counts: float) -> Any:
    """Micrograph of blurred cubes, heights scattered by a tenth, with counting noise."""
    size, blur = round(field / PIXEL), np.hypot(BLUR, PIXEL / np.sqrt(12))
    image = np.full((size, size), SUPPORT)
    for one in cubes:
        reach = 0.75 * one.edge + 4 * blur
        rows, columns = (
            slice(*np.clip([int((at - reach) / PIXEL), int((at + reach) / PIXEL) + 1], 0, size))
            for at in (one.y, one.x)
        )
        dy = ((np.arange(size)[rows] + 0.5) * PIXEL - one.y)[:, None]
        dx = (np.arange(size)[columns] + 0.5) * PIXEL - one.x
        shares = []
        for axis, side in zip(one.axes, (one.width, one.height), strict=True):
            at = dy * axis[0] + dx * axis[1]
            shares.append(
                special.ndtr((at + side / 2) / blur) - special.ndtr((at - side / 2) / blur)
            )
        image[rows, columns] += shares[0] * shares[1] * (1 + 0.1 * rng.standard_normal())
    return plane(rng.poisson(image * counts).astype("u2"), (PIXEL, PIXEL))


def ours(image: Any) -> Any:
    flat = flatten(image, particles_are="bright", denoise_nm=0.4, background_length_nm=40.0)
    scene = segment.scene(
        flat, detection_contrast=4.0, denoise_nm=0.4, unit_edge_nm=8.1, smallest_gap_nm=0.25
    )
    return table.measure(flat, scene, smallest_edge_nm=3.0, correlation_nm=1.4)


def peers(image: Any) -> Any:
    smooth = filters.gaussian(image.to_numpy().astype(np.float32), 0.4 / PIXEL)
    mask = smooth > filters.threshold_otsu(smooth)
    depth = ndimage.distance_transform_edt(mask)
    peaks = feature.peak_local_max(depth, min_distance=7, labels=measure.label(mask))
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-depth, seeds, mask=mask)
    names = ("area", "centroid", "orientation", "solidity")
    return measure.regionprops_table(labels, properties=names)


def agreement(cubes: list[Cuboid], found: Any, field: float) -> list[float]:
    """Share matched, spurious and merged over those wanted, F1; bias and rms [nm]; mean, SD."""
    true = np.array([(one.y, one.x) for one in cubes])
    edge = np.array([one.edge for one in cubes])
    whole = np.array([one.is_whole(field) for one in cubes])
    seen = np.stack([found["centroid_y"], found["centroid_x"]], axis=1)
    distance = np.linalg.norm(true[:, None] - seen[None], axis=-1)
    cost = np.where(distance < 0.35 * edge[:, None], distance, 1e3)
    rows, columns = linear_sum_assignment(cost)
    near = cost[rows, columns] < 1e3
    rows, columns = rows[near], columns[near]
    spurious = np.setdiff1d(np.flatnonzero(found["touches_border"] == 0), columns).size
    kept = whole[rows] & (found["touches_border"].to_numpy()[columns] == 0)
    error = found["edge_length"].to_numpy()[columns[kept]] - edge[rows[kept]]
    hits, wanted = int(whole[rows].sum()), int(whole.sum())
    sizes = edge[rows[kept]]
    return [
        hits / wanted,
        spurious / wanted,
        2 * hits / (hits + spurious + wanted),
        float(error.mean()),
        float(np.sqrt((error**2).mean())),
        float(error.mean() / sizes.mean()),
        float((sizes + error).std() / sizes.std() - 1),
    ]


def timed(what: Callable[[Any], Any], image: Any) -> tuple[float, float, float]:
    """Wall and processor time [s]; NumPy's peak of memory [GiB] in a run of its own."""
    wall, processor = time.perf_counter(), time.process_time()
    what(image)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    tracemalloc.start()
    what(image)
    peak = tracemalloc.get_traced_memory()[1] / 2**30
    tracemalloc.stop()
    return wall, processor, peak


def accuracy(seeds: int, field: float) -> None:
    print(f"{seeds} images of {field:g} nm each; blur {BLUR} nm, {PIXEL} nm a pixel")
    print("scene      counts  matched spurious    F1  bias[nm]  rms[nm]  mean[%]   SD[%]")
    for name in ("separated", "touching"):
        for counts in (400.0, 100.0, 40.0, 10.0):
            rows = []
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                few = round(150 * (field / 180) ** 2)
                cubes = (
                    scattered(rng, few, field=field)
                    if name == "separated"
                    else touching(rng, field)
                )
                found = ours(picture(cubes, rng, field, counts))
                rows.append(agreement(cubes, found, field))
            hit, extra, score, bias, rms, mean, sd = np.mean(rows, axis=0)
            print(
                f"{name:10} {counts:6.0f} {hit:8.4f} {extra:8.4f} {score:6.4f} {bias:+8.3f} "
                f"{rms:8.3f} {100 * mean:+8.2f} {100 * sd:+7.2f}",
                flush=True,
            )


def cost(field: float) -> None:
    rng = np.random.default_rng(0)
    sparse = [
        cube(*(rng.normal((y, x), 1.5)), np.clip(rng.normal(8.1, 1.0), 5, 12), rng.uniform(0, 1.5))
        for y in np.arange(10, field, 20.0)
        for x in np.arange(10, field, 20.0)
    ]
    for name, cubes in {"sparse": sparse, "touching": touching(rng, field)}.items():
        image = picture(cubes, rng, field, 100.0)
        ours(image)
        mine, other = timed(ours, image), timed(peers, image)
        ratio = [a / b for a, b in zip(mine, other, strict=True)]
        print(f"{name}: {image.sizes['y']}^2 pixels, {len(cubes)} cubes; wall, CPU [s], peak [GiB]")
        for who, numbers in {"ours": mine, "scikit-image": other, "ratio": ratio}.items():
            print(f"  {who:12} " + " ".join(f"{number:8.2f}" for number in numbers), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--field", type=float, default=180.0)
    parser.add_argument("--peer", action="store_true", help="time and memory instead of accuracy")
    told = parser.parse_args()
    if told.peer:
        cost(told.field)
    else:
        accuracy(told.seeds, told.field)


if __name__ == "__main__":
    main()
