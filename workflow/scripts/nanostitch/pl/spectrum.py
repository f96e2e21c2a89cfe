"""An emission spectrum ready to be measured: lamp divided out, noise known, artefacts marked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import noise as noises

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_POINTS = 20
"""Points below which a spectrum has neither noise nor a line to speak of."""
_EXCITATION = ("excitation_nm", "excitation_wavelength_nm")
"""Attributes that state the excitation, the told one first."""
_FEET, _BODY = 0.02, 0.1
"""Shares of the way from the lowest points to the highest: below the first noise is that of the
background, above the second that of the line."""
_PLATEAU = 3
"""Equal points at the top that no noise makes: a detector at its end."""
_PER_CM_NM = 1e7


@dataclass(frozen=True)
class Spectrum:
    """Emission per nm by rising wavelength [nm]; ``noise`` is a standard uncertainty.

    ``artefact`` marks scattered excitation, Raman lines of the solvent and second orders,
    ``excitation_nm`` is NaN where nobody states it; ``lamp_lost`` says that the monitor of the
    excitation has gaps or zeros, so that nothing could be divided by it.
    """

    wavelength: Values
    intensity: Values
    noise: Values
    artefact: Mask
    excitation_nm: float
    saturated: bool
    lamp_lost: bool


def prepare(
    raw: xr.Dataset,
    divide_by_reference: bool,
    raman_shifts_per_cm: Sequence[float],
    half_width_nm: float,
) -> Spectrum:
    """Divide by the lamp's course, estimate the noise, mark what is no emission.

    Parameters
    ----------
    raw
        As ``contracts.raw.RAW_PL`` says.
    divide_by_reference
        Whether to divide by the monitor of the excitation, where there is one.
    raman_shifts_per_cm
        Raman shifts of the solvent [1/cm].
    half_width_nm
        Half width of what is marked about each line [nm].
    """
    there = np.isfinite(raw["intensity"].to_numpy())
    wavelength = raw["wavelength"].to_numpy().astype(float)[there]
    recorded = raw["intensity"].to_numpy().astype(float)[there]
    intensity, lamp_lost = recorded, False
    if divide_by_reference and "reference" in raw:
        lamp = raw["reference"].to_numpy().astype(float)[there]
        lamp_lost = not (np.isfinite(lamp) & (lamp > 0)).all()
        intensity = recorded if lamp_lost else recorded * lamp.mean() / lamp
    excitation = next((float(raw.attrs[a]) for a in _EXCITATION if a in raw.attrs), np.nan)
    lines = _artefacts(excitation, raman_shifts_per_cm)
    marked = (np.abs(wavelength[:, None] - lines) <= half_width_nm).any(axis=1)
    noise = np.maximum(_noise(intensity, marked), noises.rounding(recorded))
    clipped = _is_clipped(np.where(marked, -np.inf, recorded))
    return Spectrum(wavelength, intensity, noise, marked, excitation, clipped, lamp_lost)


def _artefacts(excitation_nm: float, shifts: Sequence[float]) -> Values:
    """Wavelengths of the excitation, of Raman lines, and of their second orders [nm]."""
    per_nm = 1 / excitation_nm - np.array([0.0, *shifts]) / _PER_CM_NM
    first = 1 / per_nm[per_nm > 0]
    return np.concatenate([first, 2 * first])


def _noise(intensity: Values, artefact: Mask) -> Values:
    """Standard uncertainty of each point: a constant part, and one that grows as its root."""
    window = np.ones(noises.FEWEST_POINTS)
    if intensity.size < FEWEST_POINTS:
        return np.full(intensity.shape, np.nan)
    clear = np.convolve(artefact, window, mode="valid") == 0
    if not clear.any():
        return np.full(intensity.shape, np.nan)
    change = noises.changes(intensity)[clear]
    level = np.convolve(intensity, window / window.size, mode="valid")[clear]
    top, low = float(level.max()), float(np.quantile(level, 0.1))
    feet, body = level < low + _FEET * (top - low), level > low + _BODY * (top - low)
    enough = noises.FEWEST_POINTS
    base = float(np.median(level[feet])) if feet.any() else 0.0
    constant = noises.spread(change[feet]) if feet.sum() >= enough else 0.0
    growing = 0.0
    if body.sum() >= enough and top > 0:
        above = level[body] - base
        excess = noises.spread(change[body] / np.sqrt(above)) ** 2
        growing = max(excess - constant**2 / float(np.mean(above)), 0.0)
    noise: Values = np.sqrt(constant**2 + growing * np.maximum(intensity - base, 0.0))
    floor = noises.spread(change) or np.finfo(float).tiny
    return np.maximum(noise, 1e-3 * floor)


def _is_clipped(intensity: Values) -> bool:
    """Whether the highest value stands at several points in a row."""
    if not np.isfinite(intensity).any():
        return False
    top = (intensity == intensity.max()).astype(int)
    return bool(np.convolve(top, np.ones(_PLATEAU), mode="valid").max(initial=0) >= _PLATEAU)
