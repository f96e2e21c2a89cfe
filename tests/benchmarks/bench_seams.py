"""Seams: confusion matrix, calibration of the probabilities, misorientation and translation.

Run ``python tests/benchmarks/bench_seams.py --seeds 200``. Every seed is one pair of cubes with a
seam of its own, drawn by ``tests/unit/bicrystals.py``, not by the virtual laboratory: edges and
heights of 8.1 nm with a spread of 1.2 nm, misorientation from 0 to 8 degree, one seam in four
displaced by up to 0.29 nm, one in twelve between zone axes, columns that lean at random, 1e5 to 1e6
electrons per nm2 in pixels of 0.03 or 0.06 nm. Classes are those of the thresholds that the
schema of seams states.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from nanostitch import schema
from nanostitch.adf import seams
from nanostitch.adf.junction.classes import CLASSES

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import bicrystals
from bicrystals import Seam

TURN, TILT, MISS = np.degrees(0.587 / 8.1), np.degrees(0.587 / 2 / 8.1), 0.587 / 6
APART = 0.8
BINS = np.linspace(0.3, 1.0, 8)


def drawn(seed: int) -> Seam:
    """One seam by its seed."""
    rng = np.random.default_rng([seed, 5])
    leans = rng.normal(0, 0.18, (2, 2))
    return Seam(
        misorientation=float(rng.choice([0.0, 1.0])) * float(rng.uniform(0, 8)),
        translation=float(rng.random() < 0.25) * float(rng.uniform(0, 0.29)),
        lean_first=tuple(leans[0]),
        lean_second=tuple(leans[1]),
        angle=float(rng.uniform(0, 90)),
        edges=tuple(np.clip(rng.normal(8.1, 1.2, 2), 6, 10)),
        heights=tuple(np.clip(rng.normal(8.1, 1.2, 2), 5, 11)),
        offset=float(rng.uniform(-2.5, 2.5)),
        other_zone=bool(rng.random() < 1 / 12),
        dose=float(10 ** rng.uniform(5, 6)),
        pixel=float(rng.choice([0.03, 0.06])),
        side=24.0,
    )


def truth(seam: Seam) -> int:
    """Class of a seam as drawn."""
    if seam.other_zone or seam.misorientation > TURN or seam.translation > MISS:
        return 2
    first, second = (
        np.array(lean) / height
        for lean, height in zip((seam.lean_first, seam.lean_second), seam.heights, strict=True)
    )
    return int(np.degrees(np.hypot(*(first - second))) > TILT)


def calibration_error(probability: np.ndarray, kind: np.ndarray) -> float:
    """Expected calibration error of the likeliest class (Naeini et al., AAAI 2015)."""
    sure, right = probability.max(axis=1), probability.argmax(axis=1) == kind
    which = np.clip(np.digitize(sure, BINS) - 1, 0, len(BINS) - 2)
    parts = [(which == b) for b in range(len(BINS) - 1) if (which == b).any()]
    return float(sum(p.mean() * abs(right[p].mean() - sure[p].mean()) for p in parts))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    settings = schema.with_defaults({}, schema.load("adf"))["seams"]
    told = np.zeros((3, 4), int)
    rows, missed, extra = [], 0, 0
    start = time.process_time()
    for seed in range(asked.first, asked.first + asked.seeds):
        seam = drawn(seed)
        apart = seam.other_zone or seam.misorientation > APART
        found = seams.measure(
            bicrystals.image(seam, seed), bicrystals.lattice(seam, apart=apart), **settings
        )
        y, x, _ = bicrystals.middle(seam)
        away = np.hypot(found["seam_y"] - y, found["seam_x"] - x).to_numpy()
        turned = np.abs(np.sin(np.radians(found["seam_normal"].to_numpy() - seam.angle)))
        near = np.flatnonzero((away < 2.0) & (turned < 0.3))
        extra += found.sizes["seam"] - len(near[:1])
        if not near.size:
            missed += 1
            continue
        one, kind = found.isel(seam=int(near[away[near].argmin()])), truth(seam)
        told[kind, int(one["seam_class"])] += 1
        turn = float(one["misorientation"]) - seam.misorientation
        held = float(one["misorientation_lower"]) <= seam.misorientation
        held &= seam.misorientation <= float(one["misorientation_upper"])
        miss = float(one["translation"]) - seam.translation
        tight = float(one["translation_lower"]) - 1e-9 <= seam.translation
        tight &= seam.translation <= float(one["translation_upper"])
        rows.append([*one["probability"].to_numpy(), kind, turn, held, miss, tight])
    table = np.array(rows, float)
    print(f"{asked.seeds} seams: {missed} missed, {extra} extra lines")
    print(f"{'true, told':>12}", *(f"{name:>9}" for name in (*CLASSES, "not told")))
    for name, row in zip(CLASSES, told, strict=True):
        print(f"{name:>12}", *(f"{n:>9}" for n in row))
    kind = table[:, 3].astype(int)
    print(f"likeliest class right: {(table[:, :3].argmax(axis=1) == kind).mean():.3f}")
    print(f"mean probability of it: {table[:, :3].max(axis=1).mean():.3f}")
    print(f"expected calibration error: {calibration_error(table[:, :3], kind):.3f}")
    for name, column, unit in (("misorientation", 4, "degree"), ("translation", 6, "nm")):
        known = np.isfinite(table[:, column])
        values = table[known, column]
        print(
            f"{name}: median error {np.median(np.abs(values)):.3f}, 95 % below "
            f"{np.quantile(np.abs(values), 0.95):.3f} {unit}; 95 % intervals hold "
            f"{table[known, column + 1].mean():.3f} of {known.sum()}"
        )
    print(f"{(time.process_time() - start) / asked.seeds:.2f} s CPU for one, drawing included")


if __name__ == "__main__":
    main()
