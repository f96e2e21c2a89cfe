"""Lattices: misorientation, zone axis, scale and false lattices over many seeds, and speed.

Run ``python tests/benchmarks/bench_lattice.py --seeds 40 --part turn``; parts are turn, zone,
noise, random, scale and speed. Images are made of Gaussian columns of a perovskite of 0.587 nm with
counting noise, jitter of lines (0.01 nm) and drift (up to 0.6 % in both directions).
"""

import argparse
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.adf import lattice

MADE = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "lattice_images.py"))
LATTICE_NM = 0.587
JITTER_NM = 0.01
DRIFT = 0.006
SIDE_NM = 15.0
SAMPLING_NM = (0.03, 0.06)
COUNTS = (400.0, 40.0, 10.0)


def bicrystal(
    rng: np.random.Generator, *, zones: tuple[int, int], turn: float, pixel: float, counts: float
) -> tuple[Any, float]:
    """Two crystals that meet along a vertical seam, and the angle of the first."""
    angle = rng.uniform(0, MADE["PERIOD"][zones[0]])
    middle = SIDE_NM / 2
    regions = []
    for zone, direction, inside in (
        (zones[0], angle, MADE["left_of"](middle)),
        (zones[1], angle + turn, MADE["right_of"](middle)),
    ):
        places, bright = MADE["columns"](
            zone,
            direction,
            lattice_nm=LATTICE_NM,
            reach_nm=SIDE_NM * 0.8,
            offset=(middle + rng.uniform(-0.3, 0.3), middle + rng.uniform(-0.3, 0.3)),
        )
        regions.append((inside, places, bright))
    made = MADE["image"](
        regions,
        shape=(round(SIDE_NM / pixel),) * 2,
        pixel_nm=pixel,
        counts=counts,
        seed=int(rng.integers(1 << 31)),
        drift=tuple(rng.uniform(-DRIFT, DRIFT, 2)),
        jitter_nm=JITTER_NM,
    )
    return made, angle


def at(found: Any, x_nm: float) -> int:
    """Number of the domain at a place in the middle row, less 1; -1 for none."""
    row = found["domain_label"].sel(y=SIDE_NM / 2, method="nearest")
    return int(row.sel(x=x_nm, method="nearest")) - 1


def turn(seeds: int) -> None:
    """Error and coverage of orientation and misorientation, [001] on both sides."""
    print("pixel counts | apart | misorientation rms  worst  covered | orientation rms covered")
    for pixel in SAMPLING_NM:
        for counts in COUNTS:
            errors, held, apart, own, own_held = [], [], 0, [], []
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                true = rng.uniform(2.0, 12.0) * rng.choice([-1, 1])
                made, angle = bicrystal(rng, zones=(0, 0), turn=true, pixel=pixel, counts=counts)
                found = lattice.measure(made, **MADE["settings"]())
                first, second = (
                    (at(found, SIDE_NM * share) for share in (0.25, 0.75))
                    if found.sizes["domain"]
                    else (-1, -1)
                )
                if min(first, second) < 0 or first == second:
                    continue
                apart += 1
                one = found.isel(domain=first)
                own.append(MADE["wrapped"](float(one["domain_orientation"]) - angle, 90.0))
                half = one["domain_orientation_upper"] - one["domain_orientation"]
                own_held.append(abs(own[-1]) <= float(half))
                pair = {first + 1, second + 1}
                rows = [
                    p
                    for p in range(found.sizes["pair"])
                    if {int(found["pair_first"][p]), int(found["pair_second"][p])} == pair
                ]
                if not rows:
                    continue
                row = found.isel(pair=rows[0])
                errors.append(float(row["misorientation"]) - abs(true))
                low, high = (row[f"misorientation_{end}"] for end in ("lower", "upper"))
                held.append(bool(low <= abs(true) <= high))
            rms, worst = np.sqrt(np.mean(np.square(errors))), np.abs(errors).max(initial=0)
            print(
                f"{pixel:5.2f} {counts:6.0f} | {apart / seeds:5.2f} | {rms:18.3f} {worst:6.3f} "
                f"{np.mean(held):8.2f} | {np.sqrt(np.mean(np.square(own))):15.3f} "
                f"{np.mean(own_held):7.2f}"
            )


def zone(seeds: int) -> None:
    """Zone axes of both sides told apart, at both samplings and three doses."""
    print("pixel counts | zone right, of all | phase right | unknown")
    for pixel in SAMPLING_NM:
        for counts in COUNTS:
            right, phase, unknown, total = 0, 0, 0, 0
            for seed in range(seeds):
                rng = np.random.default_rng(1000 + seed)
                zones = tuple(rng.choice(3, 2, replace=False).tolist())
                made, _ = bicrystal(
                    rng, zones=zones, turn=rng.uniform(0, 60), pixel=pixel, counts=counts
                )
                found = lattice.measure(made, **MADE["settings"]())
                for true, share in zip(zones, (0.25, 0.75), strict=True):
                    number = at(found, SIDE_NM * share) if found.sizes["domain"] else -1
                    seen = int(found["zone_axis"][number]) if number >= 0 else -1
                    total += 1
                    right += seen == true
                    unknown += seen < 0
                    phase += number >= 0 and int(found["phase"][number]) == 0
            print(
                f"{pixel:5.2f} {counts:6.0f} | {right / total:17.3f} | {phase / total:11.3f} | "
                f"{unknown / total:.3f}"
            )


def noise(seeds: int) -> None:
    """Lattices, and indexed ones, that images of an amorphous film show."""
    domains, indexed = 0, 0
    for seed in range(seeds):
        pixel = (0.03, 0.05)[seed % 2]
        made = MADE["amorphous"]((384, 384), pixel, seed=seed, blur_nm=(0.05, 0.08)[seed // 2 % 2])
        found = lattice.measure(made, **MADE["settings"]())
        domains += found.sizes["domain"] > 0
        indexed += bool((found["phase"] >= 0).any())
    print(f"images {seeds}: with a lattice {domains / seeds:.4f}, indexed {indexed / seeds:.4f}")


def random(seeds: int) -> None:
    """Index of lattices of no phase: spacings and angles at random."""
    wrong = total = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        first, ratio, angle = rng.uniform(0.25, 0.9), rng.uniform(1.0, 1.6), rng.uniform(60, 90)
        turned = np.radians(angle)
        cell = ([[1, 0], [ratio * np.cos(turned), ratio * np.sin(turned)]], [(0, 0, 1.0)])
        places, bright = MADE["columns"](
            0, rng.uniform(0, 180), lattice_nm=first, reach_nm=8, offset=(4.0, 4.0), cell=cell
        )
        made = MADE["image"](
            [(MADE["everywhere"], places, bright)], shape=(200, 200), pixel_nm=0.04, seed=seed
        )
        found = lattice.measure(made, **MADE["settings"]())
        total += found.sizes["domain"] > 0
        wrong += bool((found["phase"] >= 0).any())
    print(f"random lattices {total}: taken for one of the phases {wrong / max(total, 1):.3f}")


def scale(seeds: int) -> None:
    """Error and coverage of the scale error of a scan, up to 4 %."""
    errors, held, edges = [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        wrong = rng.uniform(-0.04, 0.04)
        places, bright = MADE["columns"](
            0,
            rng.uniform(0, 90),
            lattice_nm=LATTICE_NM / (1 + wrong),
            reach_nm=10,
            offset=(5.0, 5.0),
        )
        made = MADE["image"](
            [(MADE["everywhere"], places, bright)],
            shape=(340, 340),
            pixel_nm=0.03,
            seed=seed,
            drift=(0.0, rng.uniform(-DRIFT, DRIFT)),
            jitter_nm=JITTER_NM,
        )
        found = lattice.measure(made, **MADE["settings"]())
        errors.append(float(found["scale_error"]) - wrong)
        held.append(bool(found["scale_error_lower"] <= wrong <= found["scale_error_upper"]))
        edges.append(float(found["lattice_parameter"]) * (1 + wrong) - LATTICE_NM)
    rms = float(np.sqrt(np.nanmean(np.square(errors))))
    print(
        f"scale error: bias {np.nanmean(errors):.5f}, rms {rms:.5f}"
        f", covered {np.mean(held):.2f}, lattice parameter rms {np.nanstd(edges) * 1e3:.2f} pm, "
        f"refused {np.mean(np.isnan(errors)):.2f}"
    )


def speed(seeds: int) -> None:
    """Wall and CPU time of an image of 2048 by 2048 pixels, full of crystals of 8 nm."""
    pixel, side = 0.03, 2048
    field, edge = pixel * side, 8.5
    rng = np.random.default_rng(0)
    regions = []
    for y in np.arange(edge / 2, field, edge):
        for x in np.arange(edge / 2, field, edge):
            angle = rng.normal(0, 3)
            places, bright = MADE["columns"](
                0, angle, lattice_nm=LATTICE_NM, reach_nm=7, offset=(y, x)
            )
            regions.append((MADE["square"](y, x, 8.0, angle), places, bright))
    made = MADE["image"](regions, shape=(side, side), pixel_nm=pixel, counts=100)
    for _ in range(max(1, min(seeds, 3))):
        wall, cpu = time.perf_counter(), time.process_time()
        found = lattice.measure(made, **MADE["settings"]())
        print(
            f"2048 x 2048, {len(regions)} crystals: {found.sizes['domain']} domains, "
            f"{time.perf_counter() - wall:.2f} s wall, {time.process_time() - cpu:.2f} s CPU"
        )


PARTS: dict[str, Callable[[int], None]] = {
    part.__name__: part for part in (turn, zone, noise, random, scale, speed)
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--part", choices=PARTS, default="turn")
    chosen = parser.parse_args()
    PARTS[chosen.part](chosen.seeds)
