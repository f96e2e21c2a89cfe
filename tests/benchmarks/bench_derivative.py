"""Derivative: raw and corrected bias, scatter, coverage and width of intervals, over many seeds.

Run ``python tests/benchmarks/bench_derivative.py --seeds 400``. Spectra are those of
``tests/unit/onsets.py``: square-root and excitonic onsets at 2.437 eV through peaks of 30 to
150 meV, channels of 10 meV at random places, Poisson noise, tail known. ``given`` are spectra
whose interval stays inside the range of the gap; the other columns are of those. The foot of the
steepest tangent follows in the same columns. Then whole maps are timed.
"""

import argparse
import runpy
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nanostitch.eels import derivative, linear
from nanostitch.eels.channels import within
from nanostitch.eels.smoothing import Smoothing

ONSETS: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "onsets.py"))
GAP_EV = 2.437
RANGE_EV = (2.1, 3.0)
ENERGY = 1.5 + ONSETS["STEP_EV"] * np.arange(200)
FWHM_EV = (0.03, 0.05, 0.1, 0.15)
POINTS = (5, 15, 21, 41)
ELECTRONS = (1e7, 1e8, 1e9)
PLACES = 10
PIXELS = 4096


def found(
    module: ModuleType, onset: str, fwhm: float, points: int, electrons: float, seeds: int
) -> np.ndarray:
    """Raw value, gap and its bounds less the true gap (quantity, spectrum) [meV]."""
    smooth = Smoothing(points, 3, ONSETS["STEP_EV"])
    above = module.offset({onset: ONSETS["seen"](ONSETS[onset], fwhm)}, {onset: 1.0}, smooth)
    parts = []
    for place in range(PLACES):
        random = np.random.default_rng([place, 2018])
        energy = ENERGY + random.uniform(-0.5, 0.5) * ONSETS["STEP_EV"]
        tail, loss = ONSETS["expected"](ONSETS[onset], GAP_EV, fwhm, energy, electrons)
        counts = random.poisson(tail + loss, (max(seeds // PLACES, 1), energy.size)) - tail
        one = module.pixels(counts, (tail + loss)[None], energy, smooth, RANGE_EV, above)
        parts.append(np.stack([one.value, one.gap, one.gap_lower, one.gap_upper]))
    return 1e3 * (np.concatenate(parts, axis=1) - GAP_EV)


def row(values: np.ndarray, fwhm: float) -> str:
    """Summary of :func:`found`."""
    raw, gap, lower, upper = values
    ends = 1e3 * (np.array(RANGE_EV) - GAP_EV) + 1e3 * fwhm * np.array([1, -1])
    given = (lower > ends[0]) & (upper < ends[1])
    share = f"{100 * given.mean():7.1f}"
    if given.mean() < 0.1:
        return share
    raw, gap, lower, upper = values[:, given]
    covered = 100 * ((lower <= 0) & (upper >= 0)).mean()
    return (
        f"{share}{np.median(raw):9.2f}{np.median(gap):9.2f}{gap.std():9.2f}{covered:9.1f}"
        f"{np.median(upper - lower):9.2f}"
    )


def timed(module: ModuleType) -> str:
    """Processor time for one pixel of a map at the default window."""
    smooth = Smoothing(15, 3, ONSETS["STEP_EV"])
    above = module.offset({"it": ONSETS["seen"](ONSETS["root"], 0.05)}, {"it": 1.0}, smooth)
    used = within(ENERGY, (RANGE_EV[0] - 0.08, RANGE_EV[1] + 0.08))
    tail, loss = ONSETS["expected"](ONSETS["root"], GAP_EV, 0.05, ENERGY, 1e7)
    counts = np.random.default_rng(1).poisson(tail + loss, (PIXELS, ENERGY.size)) - tail
    arguments = (counts[:, used].copy(), (tail + loss)[None, used], ENERGY[used], smooth)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        module.pixels(*arguments, RANGE_EV, above)
        seconds.append(time.process_time() - start)
    return f"{1e6 * min(seconds) / PIXELS:.1f} us of processor time a pixel"


def main() -> None:
    """Print one line for each estimator, onset, resolution, window and dose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    seeds = parser.parse_args().seeds
    print(f"{seeds} seeds; biases are medians; bias, sd and median width in meV; given in %")
    print("estimator  onset      fwhm points electrons  given raw bias     bias", end="")
    print("       sd  covered    width")
    for module in (derivative, linear):
        name = module.__name__.rpartition(".")[2]
        for onset in ("root", "excitonic"):
            for fwhm in FWHM_EV:
                for points in POINTS:
                    for electrons in ELECTRONS:
                        values = found(module, onset, fwhm, points, electrons, seeds)
                        head = f"{name:<11}{onset:<10}{1e3 * fwhm:5.0f}{points:7d}{electrons:10.0e}"
                        print(f"{head}{row(values, fwhm)}", flush=True)
        print(f"{name}: {timed(module)}")


if __name__ == "__main__":
    main()
