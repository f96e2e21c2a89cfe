"""X-ray composition: bias, coverage and width of the 95 % intervals, over many seeds.

Run ``python tests/benchmarks/bench_composition.py --seeds 200``. Each spectrum is CsPbBr3-like on a
copper grid at 200 kV: line families on bremsstrahlung with a slope of its own, 10 eV channels, an
axis that is off by some eV and 0.05 %, weights of subshells off by 10 %, a tail, Poisson noise.
Told k-factors are off by what they state, so that an interval has to hold both. ``mixed`` has 5 %
Cs4PbBr6 in CsPbBr3, and pile-up.
"""

import argparse
import runpy
from pathlib import Path

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.edx import composition

XRAYS = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "xrays.py"))
COUNTS = (1e3, 1e4, 1e5)
K_UNCERTAINTY = (0.0, 0.05)


def measured(raw: xr.Dataset, told: dict[str, dict[str, object]], seed: int) -> xr.Dataset:
    """Product by the default settings but for the told factors."""
    settings = schema.with_defaults({}, schema.load("edx"))["composition"]
    mine = {"k_factors": told, "seed": seed, "draws": 4000, "stoichiometry_uncertainty": 0.005}
    return composition.measure(raw, [], None, **(settings | mine))


def row(truth: np.ndarray, found: list[xr.Dataset], name: str) -> str:
    """Bias [percent or share], coverage [%] and width of an interval, for each component."""
    values, low, high = (
        np.array([product[f"{name}{end}"].values for product in found])
        for end in ("", "_lower", "_upper")
    )
    given = np.isfinite(values).all(axis=1)
    held = (low <= truth) & (truth <= high)
    parts = [f"{100 * given.mean():6.0f}"]
    for column in range(truth.size):
        parts.append(
            f"{np.mean(values[given, column] - truth[column]):8.3f}"
            f"{100 * held[given, column].mean():7.1f}"
            f"{np.median(high[given, column] - low[given, column]):7.3f}"
        )
    return " ".join(parts)


def main() -> None:
    """Print one line for each number of counts and uncertainty of k-factors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    pure = np.array([20.0, 20.0, 60.0])
    mixed = 0.95 * pure + 0.05 * np.array([400 / 11, 100 / 11, 600 / 11])
    print(f"{seeds} seeds; given [%]; for Cs, Pb, Br bias [at.%], covered [%], width [at.%]")
    for counts in COUNTS:
        for uncertainty in K_UNCERTAINTY:
            for label, percent, pile_up in (("pure", pure, 0.0), ("mixed", mixed, 0.005)):
                found = []
                for seed in range(seeds):
                    random = np.random.default_rng([seed, 1975])
                    raw = XRAYS["spectrum"](percent, counts, pile_up, random)
                    found.append(measured(raw, XRAYS["factors"](uncertainty, random), seed))
                head = f"{counts:7.0e} k {uncertainty:4.2f} {label:<6}"
                print(f"{head} atoms  {row(percent, found, 'atomic_percent')}", flush=True)
                shares = np.array([0.95, 0.05, 0, 0] if label == "mixed" else [1.0, 0, 0, 0])
                print(f"{head} phases {row(shares, found, 'phase_fraction')}", flush=True)


if __name__ == "__main__":
    main()
