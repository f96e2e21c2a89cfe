"""Specimens in each condition of the paper over several samples: what merged, and how long it took.

Run ``python tests/benchmarks/bench_specimen.py [SAMPLES]``. Each entry is the mean over samples
and, after ±, their standard deviation. ``gap`` is weighted by volume over all crystals,
``gap merged`` over those in bodies of two and more; ``largest`` is the share of all crystals in
the largest body; ``row`` is the longest extent of a body over the mean edge.
"""

import sys
import time
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.simulate.specimen import grow

DEFAULTS = schema.with_defaults({}, schema.load("specimen"))
WEEK = {"storage_time_h": 168.0}
FILM = {"anneal_temperature_c": 90.0, "anneal_time_h": 1.0}
SPARSE = {"field_nm": 1200.0, "site_occupancy": 0.12}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fresh": ({}, {}),
    "1 week, inert": (WEEK | {"atmosphere": "nitrogen"}, {}),
    "1 week, RH 20 %": (WEEK | {"relative_humidity_percent": 20.0}, {}),
    "1 week, room": (WEEK, {}),
    "1 week, RH 60 %": (WEEK | {"relative_humidity_percent": 60.0}, {}),
    "1 week, half irradiated": (WEEK | {"electron_irradiated": "half"}, {}),
    "90 °C 1 h": (FILM, {}),
    "6 months, dense": ({"storage_time_h": 4380.0}, {}),
    "1 week, sparse": (WEEK, SPARSE),
    "6 months, sparse": ({"storage_time_h": 4380.0}, SPARSE),
    "1 week, ripening": (WEEK, {"mechanism": "ripening"}),
    "260 °C 1 h": ({"anneal_temperature_c": 260.0, "anneal_time_h": 1.0}, {}),
}
COLUMNS = ("merged", "coverage", "bodies/um2", "gap", "gap merged", "largest", "row", "seconds")


def described(found: xr.Dataset) -> list[float]:
    """One number for each column but the last."""
    whole = found["state"].to_numpy() == 0
    body = found["particle"].to_numpy()
    sizes = np.bincount(body[whole], minlength=body.max() + 1)
    merged = (sizes[body] > 1) & whole
    field = float(found["field"])
    area = (found["edge"] ** 2).to_numpy()
    weight, gap = area * found["height"].to_numpy(), found["band_gap"].to_numpy()
    necks = float((found["seam_length"] * found["seam_gap"]).sum())
    row = np.maximum(found["extent_along"], found["extent_across"]).max()
    means = [
        np.average(gap[some], weights=weight[some]) if some.any() else np.nan
        for some in (whole, merged)
    ]
    return [
        merged.sum() / max(whole.sum(), 1),
        (area[whole].sum() + necks) / field**2,
        1e6 * np.count_nonzero(sizes) / field**2,
        *means,
        sizes.max() / max(whole.sum(), 1),
        float(row) / float(found["initial_edge"].mean()),
    ]


def trial(case: str, sample: int) -> list[float]:
    """One specimen of one sample, and the time it took [s]."""
    environment, settings = CASES[case]
    began = time.perf_counter()
    found = grow(
        environment,
        np.random.default_rng([sample, 0]),
        np.random.default_rng([sample, 1]),
        **(DEFAULTS | settings),
    )
    return [*described(found), time.perf_counter() - began]


def main(samples: int) -> None:
    """Print one row per condition."""
    print(f"{samples} samples".ljust(24), *(name.rjust(15) for name in COLUMNS))
    for case in CASES:
        table = np.array([trial(case, sample) for sample in range(samples)])
        cells = (
            f"{mean:.3f} ± {sd:.3f}" if np.isfinite(mean) else "none"
            for mean, sd in zip(table.mean(axis=0), table.std(axis=0, ddof=1), strict=True)
        )
        print(case.ljust(24), *(cell.rjust(15) for cell in cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
