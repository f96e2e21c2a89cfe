"""Conductance: bias, coverage and width of the 95 % intervals, over many seeds.

Run ``python tests/benchmarks/bench_conductance.py --seeds 200``. A film answers a sweep of 401
points from -1 to 1 V and back at 47 mV/s: ohmic up to a threshold, a capacitance, ions that follow
within seconds, an offset, and the noise and digits of a source meter. Sheet conductance and others
that are the conductance times a constant are not repeated.
"""

import argparse

import numpy as np
import xarray as xr
from scipy.signal import lfilter

from nanostitch import schema
from nanostitch.iv import conductance

RATE_V_PER_S = 0.047
STEP_V = 0.01
CASES: dict[str, dict[str, float]] = {
    "fresh film": {},
    "no ions, ohmic": {"slow": 0.0, "bend": 0.0},
    "slow ions": {"slow": 0.2, "tau": 15.0},
    "strong bend": {"bend": 0.3, "threshold": 0.3},
    "bend from 0 V": {"bend": 0.05, "threshold": 0.0},
    "resistive film": {"g": 7e-11},
    "correlated noise": {"correlation": 0.6},
    "drifting offset": {"drift": 3e-13},
}


def swept(
    random: np.random.Generator,
    g: float = 5e-9,
    c: float = 1.2e-10,
    slow: float = 0.05,
    tau: float = 8.0,
    bend: float = 0.03,
    threshold: float = 0.5,
    correlation: float = 0.0,
    drift: float = 0.0,
) -> tuple[xr.Dataset, dict[str, float]]:
    """One sweep as ``raw.nc``, and what is true of it."""
    up = np.linspace(-1, 1, round(2 / STEP_V) + 1)
    voltage = np.concatenate([up, up[-2::-1]])
    direction = np.where(np.arange(voltage.size) < up.size, 1.0, -1.0)
    step = STEP_V / RATE_V_PER_S
    time = step * np.arange(voltage.size)
    beyond = np.maximum(np.abs(voltage) - threshold, 0) / (1 - threshold)
    forget = np.exp(-step / tau)
    drive = direction * RATE_V_PER_S * tau * (1 - forget)
    drive[0] = 0.0
    behind = lfilter([1.0], [1.0, -forget], drive)
    true = g * (voltage * (1 + bend * beyond**2) + slow * behind) + c * RATE_V_PER_S * direction
    noise = 5e-12 * np.sqrt(1 - correlation**2) * random.standard_normal(voltage.size)
    offset = 6e-11 * random.standard_normal()
    current = true + offset + drift * time + lfilter([1.0], [1.0, -correlation], noise)
    columns = {
        "voltage": voltage + 2e-5 * random.standard_normal(voltage.size),
        "current": np.round(current / 1e-11) * 1e-11,
        "time": time + np.abs(0.004 * random.standard_normal(voltage.size)),
    }
    turn = up.size
    one, two = true[:turn], true[turn - 1 :][::-1]
    area = np.trapezoid(np.abs(one - two), up)
    truth = {
        "conductance": g,
        "offset_current": offset,
        "capacitance": c,
        "hysteresis_current": float(np.interp(0, up, one - two)),
        "hysteresis_index": float(area / np.trapezoid(np.abs(one) + np.abs(two), up)),
    }
    return xr.Dataset({name: ("point", one) for name, one in columns.items()}), truth


def main() -> None:
    """Print one line a case and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    asked = parser.parse_args()
    settings = schema.with_defaults({}, schema.load("iv"))["conductance"]
    print(f"{'case':18s} {'measure':20s} coverage %  bias/half-width  half-width/value %")
    for case in asked.cases:
        rows: dict[str, list[tuple[bool, float, float]]] = {}
        for seed in range(asked.seeds):
            raw, truth = swept(np.random.default_rng(seed), **CASES[case])
            found = conductance.measure(raw, None, **settings)
            for name, true in truth.items():
                value, low, high = (
                    float(found[f"{name}{end}"]) for end in ("", "_lower", "_upper")
                )
                half = (high - low) / 2
                row = (low <= true <= high, (value - true) / half, half / abs(true))
                rows.setdefault(name, []).append(row)
        for name, found_rows in rows.items():
            held, bias, width = np.array(found_rows, float).T
            numbers = (
                f"{100 * held.mean():9.1f}  {bias.mean():15.2f}  {100 * np.median(width):17.2f}"
            )
            print(f"{case:18s} {name:20s} {numbers}", flush=True)


if __name__ == "__main__":
    main()
