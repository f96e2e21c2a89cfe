"""Absorption and emission: bias, scatter, coverage and width of the intervals, over many seeds.

Run ``python tests/benchmarks/bench_optics.py --seeds 200``. Each seed is another ensemble: sizes,
broadening, binding energy and strength of its exciton, scatter, drift, noise, counts and slits.
"""

import argparse
import runpy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.absorption import edge
from nanostitch.pl import emission

SPECTRA: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[1] / "unit" / "optical_spectra.py")
)
PER_EV = 1e3
"""Energies are printed in meV."""


def of_absorption(random: np.random.Generator) -> tuple[xr.Dataset, Mapping[str, float]]:
    raw, solvent, truth = SPECTRA["absorption"](random)
    settings = schema.with_defaults({}, schema.load("absorption"))["edge"]
    return edge.measure(raw, solvent, **settings), truth


def of_emission(random: np.random.Generator) -> tuple[xr.Dataset, Mapping[str, float]]:
    raw, truth = SPECTRA["emission"](random)
    settings = schema.with_defaults({}, schema.load("pl"))["emission"]
    return emission.measure(raw, None, **settings), truth


def report(name: str, rows: np.ndarray, units: str) -> None:
    """Print one line about (seed, [value, lower, upper, truth])."""
    given = rows[np.isfinite(rows[:, 0])]
    value, low, high, true = (PER_EV if units == "eV" else 1) * given.T
    error, covered = value - true, ((low <= true) & (true <= high)).mean()
    unit = "meV" if units == "eV" else units
    print(
        f"{name:<18}{unit:>5}{100 * len(given) / len(rows):8.1f}{error.mean():10.4f}"
        f"{error.std():10.4f}{100 * covered:10.1f}{np.median(high - low):10.4f}",
        flush=True,
    )


def campaign(
    measured: Callable[[np.random.Generator], tuple[xr.Dataset, Mapping[str, float]]],
    seeds: Iterable[int],
) -> None:
    """Measure one spectrum a seed and print a line for each number."""
    rows: dict[str, list[list[float]]] = {}
    units: dict[str, str] = {}
    for seed in seeds:
        found, truth = measured(np.random.default_rng([seed, 2018]))
        for name in (one for one in truth if one in found):
            ends = [float(found[f"{name}{end}"]) for end in ("", "_lower", "_upper")]
            rows.setdefault(name, []).append([*ends, truth[name]])
            units[name] = found[name].attrs["units"]
    for name, values in rows.items():
        report(name, np.array(values), units[name])


def main() -> None:
    """Print one line for each number of both techniques."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="first seed: never those tuned on")
    parser.add_argument("--only", choices=("absorption", "pl"), default=None)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    print(f"seeds {seeds.start} to {seeds.stop - 1}; given and covered in %")
    print("number             unit   given      bias        sd   covered     width")
    if asked.only != "pl":
        campaign(of_absorption, seeds)
    if asked.only != "absorption":
        campaign(of_emission, seeds)


if __name__ == "__main__":
    main()
