"""How often the intervals hold the truth, and how large the bias is: a table over many images.

Run: ``python tests/benchmarks/bench_particles.py [SEEDS]``. An interval counts
as right if it holds the mean and the standard deviation of the population, not of the sample.
"""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch import schema
from nanostitch.adf import particles

SCENES: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[1] / "unit" / "test_adf_particles.py")
)
MEAN = 8.1
SD = {"separated": 1.2, "touching": 1.2, "dense": 0.5}
"""Of the population [nm]; only narrow ones crystallise into a dense superlattice."""
FIELD = 180.0
DEFAULTS = schema.with_defaults({}, schema.load("adf"))["particles"]


def separated(rng: np.random.Generator) -> list[Any]:
    return list(SCENES["scattered"](rng, 150, field=FIELD))


def touching(rng: np.random.Generator) -> list[Any]:
    return list(SCENES["touching"](rng, 8, field=FIELD))


def dense(rng: np.random.Generator) -> list[Any]:
    """Square superlattice turned by 0.3 rad, gaps of 1.5 nm on average, every tenth site empty."""
    angle, pitch = 0.3, 9.6
    cubes = []
    for row, column in np.ndindex(48, 48):
        offset = pitch * (np.array([row, column]) - 24)
        axes = SCENES["cube"](0, 0, 1, angle).axes
        y, x = FIELD / 2 + offset @ axes + rng.normal(0, 0.2, 2)
        edge = np.clip(rng.normal(MEAN, SD["dense"]), 4.5, 9.4)
        if rng.random() > 0.1 and -6 < y < FIELD + 6 and -6 < x < FIELD + 6:
            cubes.append(SCENES["cube"](y, x, edge, angle + rng.normal(0, 0.04)))
    return cubes


def trial(scene: Callable[[np.random.Generator], list[Any]], dose: float, seed: int) -> list[float]:
    """F1, error of the mean and SD against this sample, coverage of mean and SD, edge error."""
    cubes = scene(np.random.default_rng(seed))
    image = SCENES["micrograph"](cubes, seed=seed, dose=dose, field=FIELD)
    found = particles.measure(image, **DEFAULTS)
    sd = SD[scene.__name__]
    true = np.array([one.edge for one in cubes if one.is_whole(FIELD)])
    error, uncertainty = SCENES["errors"](cubes, found)
    return [
        SCENES["f1_score"](cubes, found, FIELD),
        float(found["size_mean"]) - true.mean(),
        float(found["size_sd"]) - true.std(ddof=1),
        float(found["size_mean_lower"] < MEAN) * float(found["size_mean_upper"] > MEAN),
        float(found["size_sd_lower"] < sd) * float(found["size_sd_upper"] > sd),
        float(np.median(error)),
        float((np.abs(error) < 1.96 * uncertainty).mean()),
    ]


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"{seeds} images each; errors in nm")
    print(
        "scene      dose[e/nm2]    F1   mean err   sd err  holds mean  holds sd"
        "  edge err  holds edge"
    )
    for scene in (separated, touching, dense):
        for dose in (1000.0, 100.0):
            rows = np.array([trial(scene, dose, seed) for seed in range(seeds)])
            f1, mean, sd, in_mean, in_sd, edge, in_edge = rows.mean(axis=0)
            print(
                f"{scene.__name__:10} {dose:11.0f} {f1:5.3f} {mean:+10.3f} {sd:+8.3f} "
                f"{in_mean:11.2f} {in_sd:9.2f} {edge:+9.3f} {in_edge:11.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
