"""Band gap: bias, scatter, coverage and width of the 95 % intervals, over many seeds.

Run ``python tests/benchmarks/bench_band_gap.py --seeds 200``. The spectra are CsPbBr3-like: a
pseudo-Voigt zero-loss peak with a 3 % Lorentzian tail, a square-root onset at 2.45 eV that
bends away from the root over 4 eV, 10 meV channels at a random place, Poisson noise. The
value of ``derivative`` is the inflection: its distance from the gap is printed as its bias.
"""

import argparse

import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.eels import background, band_gap, zero_loss

GAP_EV = 2.45
STEP_EV = 0.01
FADING_EV = 4.0
STRENGTH = 4.5e-3
ENERGY = -0.8 + STEP_EV * np.arange(512)
FWHM_EV = (0.03, 0.05, 0.1, 0.15)
ELECTRONS = (1e6, 1e7, 1e8)


def peak(away: np.ndarray, fwhm: float) -> np.ndarray:
    """Pseudo-Voigt of unit area [1/eV]."""
    gauss = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return 0.97 * gauss + 0.03 * fwhm / (2 * np.pi) / (away**2 + fwhm**2 / 4)


def density(fwhm: float) -> tuple[np.ndarray, np.ndarray]:
    """Electrons per eV, for one in the zero-loss peak, against energy loss on a fine grid."""
    fine = fwhm / 30
    grid = np.arange(-1.0, 4.6, fine)
    above = fine * (np.arange(int(3 / fine)) + 0.5)
    weight = STRENGTH * np.sqrt(above) * np.exp(-above / FADING_EV) * fine
    seen = np.array([weight @ peak(e - GAP_EV - above, fwhm) for e in grid])
    return grid, peak(grid, fwhm) + seen


def recorded(
    shape: tuple[np.ndarray, np.ndarray], electrons: float, random: np.random.Generator
) -> xr.DataArray:
    """One spectrum on an axis that is off by up to half an eV."""
    counts = random.poisson(electrons * STEP_EV * np.interp(ENERGY, *shape))
    axis = ("energy", ENERGY + random.uniform(-0.5, 0.5), {"units": "eV"})
    return xr.DataArray(counts, {"energy": axis}, ("energy",), attrs={"units": "1"})


def measured(counts: xr.DataArray) -> np.ndarray:
    """Gap, lower and upper bound (rows) of each estimator (columns), by the default settings."""
    settings = schema.with_defaults({}, schema.load("eels"))
    aligned = zero_loss.align(counts, **settings["zero_loss"])
    loss = background.remove_zero_loss(aligned, None, **settings["background"])
    found = band_gap.measure(loss, aligned, **settings["band_gap"])
    return np.stack([found[f"band_gap{end}"].to_numpy() for end in ("", "_lower", "_upper")])


def row(values: np.ndarray) -> str:
    """Summary of (seed, bound) of one estimator [meV]."""
    given = values[np.isfinite(values[:, 0])]
    share = f"{100 * len(given) / len(values):7.1f}"
    if not len(given):
        return f"{share}{'':>40}"
    gap, lower, upper = given.T
    bias, scatter = 1e3 * (gap.mean() - GAP_EV), 1e3 * gap.std()
    covered = 100 * ((lower <= GAP_EV) & (upper >= GAP_EV)).mean()
    width = 1e3 * np.median(upper - lower)
    return f"{share}{bias:10.2f}{scatter:10.2f}{covered:10.1f}{width:10.2f}"


def main() -> None:
    """Print one line for each resolution, dose and estimator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    print(f"{seeds} seeds; bias, sd and median width in meV; given and covered in %")
    print("fwhm_meV  electrons  estimator    given      bias        sd   covered     width")
    for fwhm in FWHM_EV:
        shape = density(fwhm)
        for electrons in ELECTRONS:
            randoms = (np.random.default_rng([seed, 2018]) for seed in range(seeds))
            found = np.array([measured(recorded(shape, electrons, one)) for one in randoms])
            for column, name in enumerate(band_gap.ESTIMATORS):
                line = row(found[:, :, column])
                print(f"{1e3 * fwhm:8.0f}{electrons:11.0e}  {name:<10}{line}", flush=True)


if __name__ == "__main__":
    main()
