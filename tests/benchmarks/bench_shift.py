"""Shift of 60 meV between two averaged spectra: bias, scatter, coverage, half-width of intervals.

Run ``python tests/benchmarks/bench_shift.py --seeds 10`` (some seconds a seed and row). Two spectra
of 1e9 electrons in the zero-loss peak, as the laboratory's averaged spectra and the paper's have,
of equal resolution and channels at places of their own, through the whole chain with its default
settings. Both edges are a square root, both excitonic, or the first one is a mixture of sizes.
"""

import argparse
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.eels import background, band_gap, shift, zero_loss

ONSETS: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "onsets.py"))
SETTINGS = schema.with_defaults({}, schema.load("eels"))
ELECTRONS, FWHM_EV = 1e9, 0.05
GAPS_EV = (2.45, 2.39)
SIZES_EV = 0.02
"""Standard deviation of gaps over crystals of several sizes."""
ENERGY = -0.8 + ONSETS["STEP_EV"] * np.arange(1024)


def mean(onset: str, gap: float, energy: np.ndarray, spread: float) -> np.ndarray:
    """Expected counts; over gaps with a spread of their own where there is one."""
    node, weight = np.polynomial.hermite_e.hermegauss(9 if spread else 1)
    total = np.zeros(energy.size)
    for at, share in zip(gap + spread * node, weight / weight.sum(), strict=True):
        parts = ONSETS["expected"](ONSETS[onset], at, FWHM_EV, energy, ELECTRONS)
        total += share * np.sum(parts, axis=0)
    return total


def measured(random: np.random.Generator, onset: str, gap: float, spread: float) -> xr.Dataset:
    """Band gap of one spectrum on an axis that is off by some tenths of an eV."""
    place = random.uniform(-0.5, 0.5) * ONSETS["STEP_EV"]
    counts = random.poisson(mean(onset, gap, ENERGY + place, spread))
    axis = ("energy", ENERGY + random.uniform(-0.3, 0.3), {"units": "eV"})
    raw = xr.Dataset({"counts": ("energy", counts, {"units": "1"})}, {"energy": axis})
    aligned = zero_loss.align(raw, **SETTINGS["zero_loss"])
    loss = background.remove_zero_loss(raw, aligned, None, **SETTINGS["background"])
    return band_gap.measure(raw, aligned, loss, **SETTINGS["band_gap"])


def row(found: list[shift.Shift]) -> str:
    """Summary of many shifts [meV, %]."""
    values = np.array([(s.value, s.lower, s.upper) for s in found if np.isfinite(s.value)])
    if not len(values):
        return f"{0.0:7.0f}"
    value, lower, upper = 1e3 * values.T
    true = 1e3 * (GAPS_EV[1] - GAPS_EV[0])
    covered = 100 * ((lower <= true) & (true <= upper)).mean()
    half = np.median(upper - lower) / 2
    share = 100 * len(values) / len(found)
    return f"{share:7.0f}{value.mean() - true:8.2f}{value.std():8.2f}{covered:9.0f}{half:12.2f}"


def main() -> None:
    """Print one line for each kind of edge and of shift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    print(f"{seeds} seeds, shift of -60 meV; bias, sd and half-width in meV; given, covered in %")
    print("edges             of           given    bias      sd  covered  half-width")
    for onset in ("root", "excitonic"):
        for spread in (0.0, SIZES_EV):
            pairs = []
            for seed in range(seeds):
                random = np.random.default_rng([seed, 2018])
                first = measured(random, onset, GAPS_EV[0], spread)
                pairs.append((first, measured(random, onset, GAPS_EV[1], 0.0)))
            for of in ("gap", "inflection"):
                shifts = [shift.between(*pair, of=of) for pair in pairs]
                edges = f"{onset}{', sizes' if spread else ''}"
                print(f"{edges:<18}{of:<11}{row(shifts)}", flush=True)


if __name__ == "__main__":
    main()
