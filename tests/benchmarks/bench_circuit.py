"""Circuits: coverage of the 95 % intervals, and how often spectra are refused, over many seeds.

Run ``python tests/benchmarks/bench_circuit.py --seeds 200``. A film in parallel with a constant
phase element behind leads, 61 frequencies from 0.1 Hz to 100 kHz, noise of a share of the modulus
and of a current; and the same while its resistance drifts, and spectra that no causal film has.
"""

import argparse

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.eis import circuit

FREQUENCY = np.geomspace(0.1, 1e5, 61)
CASES: dict[str, dict[str, float]] = {
    "fresh film": {},
    "aged film, arc cut off": {"r": 1.4e10},
    "noise of 1 %": {"share": 0.01},
    "low resistance": {"r": 1e5, "c": 1e-8},
    "capacitor": {"n": 1.0},
    "drift of 3 %": {"drift": 0.03},
    "drift of 5 %": {"drift": 0.05},
    "drift of 10 %": {"drift": 0.1},
    "drift of 30 %": {"drift": 0.3},
    "not causal (mirrored)": {"mirrored": 1.0},
    "not causal (advanced)": {"advanced_s": 1e-5},
}


def spectrum(
    random: np.random.Generator,
    r: float = 2e8,
    c: float = 1.2e-10,
    n: float = 0.95,
    leads: float = 120.0,
    share: float = 0.003,
    per_ohm: float = 5e-12,
    drift: float = 0.0,
    mirrored: float = 0.0,
    advanced_s: float = 0.0,
) -> tuple[xr.Dataset, dict[str, float]]:
    """One spectrum as ``raw.nc``, and what is true of it."""
    q = c**n * r ** (n - 1)
    each = np.maximum(2 / FREQUENCY, 0.125)
    time = np.cumsum(each[::-1])[::-1]
    drifted = r * (1 + drift * (time - each / 2) / time.max())
    z = leads + 1 / (1 / drifted + q * (2j * np.pi * FREQUENCY) ** n)
    z = np.where(mirrored > 0, z.conj(), z) * np.exp(2j * np.pi * FREQUENCY * advanced_s)
    relative = np.hypot(share, per_ohm * np.abs(z)) / np.sqrt(2)
    noise = random.standard_normal((2, z.size)) * relative * np.abs(z)
    truth = {
        "series_resistance": leads,
        "film_resistance": r,
        "cpe_coefficient": q,
        "cpe_exponent": n,
        "capacitance": c,
        "drift_fraction": drift,
    }
    parts = {"impedance_real": z.real + noise[0], "impedance_imag": z.imag + noise[1]}
    columns = {name: ("frequency", one) for name, one in (parts | {"time": time}).items()}
    return xr.Dataset(columns, {"frequency": FREQUENCY}), truth


def main() -> None:
    """Print one line a case with shares of refused spectra, then one a measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    asked = parser.parse_args()
    settings = schema.with_defaults({}, schema.load("eis"))["circuit"]
    for case in asked.cases:
        held: dict[str, list[bool]] = {}
        refused, doubted = 0, 0
        for seed in range(asked.seeds):
            raw, truth = spectrum(np.random.default_rng(seed), **CASES[case])
            found = circuit.measure(raw, None, **settings)
            why = found["verdict"].attrs["reasons"]
            refused += int(found["verdict"]) == 2
            doubted += int(found["verdict"]) == 1 and "Kramers" in why
            for name, true in truth.items():
                low, high = (float(found[f"{name}_{end}"]) for end in ("lower", "upper"))
                if np.isfinite([low, high]).all():
                    held.setdefault(name, []).append(low <= true <= high)
        print(
            f"{case:24s} refused {refused / asked.seeds:6.1%}  doubted {doubted / asked.seeds:6.1%}"
        )
        for name, one in held.items():
            print(f"    {name:20s} coverage {np.mean(one):6.1%} of {len(one)}", flush=True)


if __name__ == "__main__":
    main()
