"""Spectra with a known onset, and the steps from raw counts to a band gap, for several tests."""

from typing import Any

import numpy as np
import xarray as xr

from nanostitch import contracts, schema
from nanostitch.contracts.eels import BAND_GAP
from nanostitch.eels import background, band_gap, zero_loss

DEFAULTS = schema.with_defaults({}, schema.load("eels"))
SETTINGS = {**DEFAULTS["band_gap"], "gap_range_ev": [2.1, 3.0]}
ENERGY = -0.6 + 0.01 * np.arange(480)
GAP = 2.45
QUICK = {"sweep_range_ev": [0.14, 0.16], "bootstrap_draws": 40}
"""For tests of the fit alone, which neither sweeps nor draws."""


def peak(away: np.ndarray, fwhm: float) -> np.ndarray:
    """Pseudo-Voigt of unit area, 3 % Lorentzian [1/eV]."""
    gauss = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return 0.97 * gauss + 0.03 * fwhm / (2 * np.pi) / (away**2 + fwhm**2 / 4)


def expected(fwhm: float, gap: float, strength: float) -> np.ndarray:
    """Share of the electrons in each channel: peak and square-root onset seen through it."""
    fine = 0.001
    losses = gap + fine * (np.arange(4000) + 0.5)
    weight = strength * np.sqrt(losses - gap) * fine
    seen = np.array([weight @ peak(e - losses, fwhm) for e in ENERGY])
    return 0.01 * (peak(ENERGY, fwhm) + seen)


def acquisition(values: np.ndarray, energy: np.ndarray = ENERGY) -> xr.Dataset:
    """Raw spectra as a reader gives them."""
    dims = ("y", "x", "energy")[3 - values.ndim :]
    axis = ("energy", energy, {"units": "eV"})
    counts = xr.DataArray(values, {"energy": axis}, dims, attrs={"units": "1"})
    return counts.to_dataset(name="counts").assign_attrs(beam_energy_kev=60.0)


def steps(
    counts: np.ndarray,
    energy: np.ndarray = ENERGY,
    tail_window_ev: tuple[float, float] = (1.4, 2.1),
    vacuum: np.ndarray | None = None,
    vacuum_end_ev: float = np.inf,
    **changed: Any,
) -> xr.Dataset:
    """Alignment, removal and band gap."""
    raw = acquisition(counts, energy)
    aligned = zero_loss.align(raw, **DEFAULTS["zero_loss"])
    settings = {**DEFAULTS["background"], "tail_window_ev": tail_window_ev}
    reference = None
    if vacuum is not None:
        seen = acquisition(vacuum, energy).sel(energy=slice(None, vacuum_end_ev))
        reference = zero_loss.align(seen, **DEFAULTS["zero_loss"])
    loss = background.remove_zero_loss(raw, aligned, reference, **settings)
    product = band_gap.measure(raw, aligned, loss, **{**SETTINGS, **changed})
    return contracts.check(product, BAND_GAP, "test")


def gaps(product: xr.Dataset, estimator: str) -> tuple[float, float, float]:
    """Gap of one spectrum and the bounds of its interval."""
    one = product.sel(estimator=estimator)
    return tuple(float(one[f"band_gap{end}"]) for end in ("", "_lower", "_upper"))
