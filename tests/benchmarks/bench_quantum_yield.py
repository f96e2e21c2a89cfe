"""Quantum yield: bias, scatter and coverage of the 95 % intervals, over many seeds.

Run ``python tests/benchmarks/bench_quantum_yield.py --seeds 200``. The virtual laboratory takes the
blank, indirect and direct curve of one fresh specimen, and the response, anew for every seed, at
absorptances from 5 to 90 %. The corrected yield uses as dilute spectrum what the same sphere
records without reabsorption, on an axis that is off by as much as the settings say.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import quality, schema
from nanostitch.plqy import quantum_yield
from nanostitch.simulate.instruments import sphere

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from specimens import square_layer

ABSORPTANCES = (0.05, 0.1, 0.2, 0.5, 0.9)
MEASURES = ("quantum_yield_apparent", "quantum_yield", "absorptance")
ANALYSIS = schema.with_defaults({}, schema.load("plqy"))["quantum_yield"]
LABORATORY = schema.with_defaults({}, schema.load("instruments/sphere"))


def curve(specimen: xr.Dataset, seed: int, settings: Mapping[str, Any]) -> tuple[Any, xr.Dataset]:
    """One spectrum as the raw door hands it over, and its truth."""
    roles = ("blank", "indirect", "direct", "response")
    random = np.random.default_rng([seed, roles.index(settings["role"])])
    columns, truth = sphere.record(specimen, random, **LABORATORY | settings)
    values = next(v for name, v in columns.values.items() if name != "wavelength_nm")
    unit = "photons per count" if settings["role"] == "response" else "counts"
    axis = {"wavelength": ("wavelength", columns.values["wavelength_nm"], {"units": "nm"})}
    attrs = {"intensity_unit": unit, "excitation_wavelength_nm": 400.0}
    return xr.Dataset({"intensity": ("wavelength", values, {"units": "1"})}, axis, attrs), truth


def measured(specimen: xr.Dataset, seed: int, absorptance: float) -> tuple[np.ndarray, str]:
    """Value, bounds and truth (rows) of each measure (columns), and the verdict."""
    film = {"absorptance": absorptance}
    found = {
        role: curve(specimen, seed, film | {"role": role})
        for role in ("blank", "indirect", "direct", "response")
    }
    whole = {"self_absorption": False, "lamp_drift": 0.0, "absorptance": 0.5, "role": "direct"}
    free, _ = curve(specimen, seed + 10**6, whole)
    response = found["response"][0]
    dilute = free.assign(intensity=(free["intensity"] - 200) * response["intensity"])
    shift = ANALYSIS["match_shift_nm"] * np.random.default_rng([seed, 99]).normal()
    dilute = dilute.assign_coords(wavelength=dilute["wavelength"] + shift)
    direct, truth = found["direct"]
    product = quantum_yield.measure(
        direct,
        blank=[found["blank"][0]],
        indirect=[found["indirect"][0]],
        response=response,
        dilute=dilute,
        **ANALYSIS,
    )
    rows = [[float(product[m + end]) for m in MEASURES] for end in ("", "_lower", "_upper")]
    return np.array([*rows, [float(truth[m]) for m in MEASURES]]), quality.level(product)


def row(values: np.ndarray) -> str:
    """Summary of (seed, value/lower/upper/truth) of one measure."""
    value, lower, upper, truth = values[np.isfinite(values[:, 0])].T
    covered = 100 * ((lower <= truth) & (truth <= upper)).mean()
    skew = np.median((upper - value) / (value - lower))
    numbers = (truth.mean(), (value - truth).mean(), (value - truth).std(), covered)
    text = "".join(f"{number:10.4f}" for number in numbers[:3]) + f"{covered:9.1f}"
    return f"{text}{np.median(upper - lower):10.4f}{skew:8.2f}{100 * value.size / len(values):8.1f}"


def main() -> None:
    """Print one line for each absorptance and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    edge = np.random.default_rng(2018).normal(8.0, 0.8, 64)
    specimen = square_layer(8, 8, band_gap=2.32 + 3 * 2.9842 / edge**2)
    print(f"{seeds} seeds; width is the median of the interval's, skew its upper over lower half")
    head = ("truth", "bias", "sd", "covered", "width", "skew", "given", "good")
    print("absorptance  measure                " + "".join(f"{name:>9}" for name in head))
    for absorptance in ABSORPTANCES:
        found = [measured(specimen, seed, absorptance) for seed in range(seeds)]
        good = 100 * np.mean([verdict == "good" for _, verdict in found])
        values = np.array([one for one, _ in found])
        for column, name in enumerate(MEASURES):
            print(
                f"{absorptance:9.2f}    {name:<22}{row(values[:, :, column])}{good:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
