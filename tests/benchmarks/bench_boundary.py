"""Boundary: coverage of the difference, size and power of the tests, and sub-gap excess.

Run ``python tests/benchmarks/bench_boundary.py --seeds 2000``. Lines of 30 points over 24 nm have
noise of 6 meV in the middle and twice that at the ends, without or with a smooth drift of the gap
by 10 meV along the line. ``covered``: intervals that hold the line's own true difference.
``seen``: lines in which the smallest effect, added at the boundary, was significant (to be 80 %).
``false``: lines called equivalent whose difference is at the margin (to be 5 % at most); ``true``:
lines without a difference that were called equivalent. Then spectra with and without states
below the gap at the boundary.
"""

import argparse
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nanostitch.eels import delocalisation, line_contrast, sub_gap
from nanostitch.eels.channels import within
from nanostitch.eels.line_contrast import Contrast, Line

ONSETS: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "onsets.py"))
DISTANCE = np.linspace(-11.7, 12.3, 30)
L50 = delocalisation.length_nm(2.4, 60)
NOISE_EV = 0.006
MARGIN_EV = 0.03
DRIFTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda x: np.zeros_like(x),
    "step": lambda x: 0.01 * np.tanh(x / 3),
    "bow": lambda x: 0.01 * (x / 12) ** 2,
}
GAP_EV, FWHM_EV = 2.44, 0.05
ENERGY = 1.1 + ONSETS["STEP_EV"] * np.arange(230)
WHERE = sub_gap.Where(GAP_EV - 0.01, FWHM_EV, 0.2, (1.3, 1.5))


def contrasts(
    random: np.random.Generator, drift: str, effect: float, lines: int, noise: float
) -> tuple[list[Contrast], np.ndarray]:
    """Contrast of each line, and the true difference by the same weights [eV]."""
    uncertainty = noise * (1 + np.abs(DISTANCE) / 12)
    near = np.abs(DISTANCE) <= L50 / 2
    true = 2.4 + DRIFTS[drift](DISTANCE) + effect * near
    found, truth = [], []
    for _ in range(lines):
        line = Line(DISTANCE, true + random.normal(0, uncertainty), 3 * uncertainty, L50)
        found.append(line_contrast.contrast(line, [line.near], line.sides))
        truth.append(line_contrast.weights(line, [line.near], line.sides) @ true)
    return found, np.array(truth)


def row(drift: str, noise: float, seeds: int) -> str:
    """Coverage, power and size for one kind of line [%]."""
    random = np.random.default_rng(2018)
    plain, truth = contrasts(random, drift, 0.0, seeds, noise)
    held = [abs(c.value - t) <= c.side for c, t in zip(plain, truth, strict=True)]
    smallest = float(np.mean([c.smallest for c in plain]))
    own = float(truth[0])
    seen, _ = contrasts(random, drift, smallest - own, seeds, noise)
    margin, _ = contrasts(random, drift, MARGIN_EV - own, seeds, noise)
    shares = (
        held,
        [abs(c.value) > c.side for c in seen],
        [c.equivalence_p(MARGIN_EV) < 0.05 for c in margin],
        [c.equivalence_p(MARGIN_EV) < 0.05 for c in plain],
    )
    return f"{1e3 * smallest:10.1f}" + "".join(f"{100 * np.mean(share):9.1f}" for share in shares)


def states(share: float, electrons: float, seeds: int) -> tuple[float, float, float]:
    """Coverage of the excess and of the upper limit [%], and the median limit."""
    tail, loss = ONSETS["expected"](ONSETS["root"], GAP_EV, FWHM_EV, ENERGY, electrons)
    low, high = WHERE.window_ev
    above = loss[within(ENERGY, (WHERE.gap_ev, WHERE.gap_ev + WHERE.width_ev))].sum()
    state = np.exp(-0.5 * ((ENERGY - (low + high) / 2) / 0.025) ** 2)
    state *= share * above / state.sum()
    held, below, limits = [], [], []
    for seed in range(seeds):
        random = np.random.default_rng([seed, 2018])
        here, there = (
            sub_gap.excess(
                counts := random.poisson(tail + loss + more).astype(float),
                np.maximum(counts, 1.0),
                ENERGY,
                WHERE,
                ("power_law", "exponential"),
            )
            for more in (state, 0 * state)
        )
        _, lower, upper = sub_gap.difference(here, there)
        held.append(lower <= share <= upper)
        limits.append(sub_gap.limit(here))
        below.append(limits[-1] >= share)
    return 100 * float(np.mean(held)), 100 * float(np.mean(below)), float(np.median(limits))


def main() -> None:
    """Print one line for each drift and noise, then one for each amount of states and dose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    seeds = parser.parse_args().seeds
    print(f"{seeds} seeds, margin {1e3 * MARGIN_EV:.0f} meV; shares in %, energies in meV")
    print("drift  noise  smallest  covered     seen    false     true")
    for drift in DRIFTS:
        for noise in (NOISE_EV, 5 * NOISE_EV):
            print(f"{drift:<6}{1e3 * noise:6.0f}{row(drift, noise, seeds)}", flush=True)
    print("states  electrons  excess covered  limit holds  median limit")
    for share in (0.0, 0.02, 0.1):
        for electrons in (1e7, 1e8, 1e9):
            excess, holds, limit = states(share, electrons, max(seeds // 10, 20))
            print(f"{share:6.2f}{electrons:11.0e}{excess:16.1f}{holds:13.1f}{limit:14.4f}")


if __name__ == "__main__":
    main()
