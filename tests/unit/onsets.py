"""Low-loss spectra with a known gap, for tests and benchmarks: tail, onset, detector.

Onsets are a square root and an exciton below its continuum, both fading far above the gap; the
zero-loss peak is a pseudo-Voigt whose Lorentzian share makes the tail. Nothing here is taken from
the code that is tested.
"""

from collections.abc import Callable

import numpy as np

STEP_EV = 0.01
FINE_EV = 0.001
FADING_EV = 4.0
STRENGTH = 4.5e-3
"""Losses per electron and eV, times the root of eV, as of 8 nm of CsPbBr3."""
LORENTZIAN = 0.03
BINDING_EV, BROADENING_EV = 0.04, 0.025
"""Of the exciton: lead halides have some 40 meV, and room-temperature lines of 25 meV (sd)."""

Onset = Callable[[np.ndarray], np.ndarray]


def peak(away: np.ndarray, fwhm: float) -> np.ndarray:
    """Zero-loss peak of unit area [1/eV]."""
    gauss = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    tail = fwhm / (2 * np.pi) / (away**2 + fwhm**2 / 4)
    return (1 - LORENTZIAN) * gauss + LORENTZIAN * tail


def root(above: np.ndarray) -> np.ndarray:
    """Square root of the energy above the gap, as means over fine cells."""
    ends = [np.maximum(above + side * FINE_EV / 2, 0.0) ** 1.5 for side in (1, -1)]
    return (ends[0] - ends[1]) / 1.5 / FINE_EV * np.exp(-np.maximum(above, 0.0) / FADING_EV)


def excitonic(above: np.ndarray) -> np.ndarray:
    """Exciton lines and the enhanced continuum of a direct gap (Elliott), Gaussian broadened."""
    fine = FINE_EV * np.arange(-1500, 5000)
    positive = np.maximum(fine, FINE_EV / 2)
    enhanced = -np.expm1(-2 * np.pi * np.sqrt(BINDING_EV / positive))
    sharp = np.where(fine > 0, 2 * np.pi * np.sqrt(BINDING_EV) / enhanced, 0.0)
    sharp *= np.exp(-positive / FADING_EV)
    for line in range(1, 6):
        at = np.searchsorted(fine, -BINDING_EV / line**2)
        sharp[at] += 4 * np.pi * BINDING_EV**1.5 / line**3 / FINE_EV
    away = FINE_EV * np.arange(-200, 201)
    weight = np.exp(-0.5 * (away / BROADENING_EV) ** 2)
    return np.interp(above, fine, np.convolve(sharp, weight / weight.sum(), "same"))


def seen(onset: Onset, fwhm: float) -> tuple[np.ndarray, np.ndarray]:
    """An onset through the peak, from 1.2 eV below the gap to 1.6 eV above."""
    pad = 0.6
    above = FINE_EV * np.arange(-1800, 2201)
    away = FINE_EV * np.arange(-600, 601)
    weight = peak(away, fwhm)
    blurred = np.convolve(onset(above), weight / weight.sum(), "same")
    inside = (above >= above[0] + pad) & (above <= above[-1] - pad)
    return above[inside], blurred[inside]


def expected(
    onset: Onset, gap: float, fwhm: float, energy: np.ndarray, electrons: float
) -> tuple[np.ndarray, np.ndarray]:
    """Expected counts of the zero-loss peak and of the onset in each channel."""
    above, blurred = seen(onset, fwhm)
    loss = np.interp(energy - gap, above, blurred, left=0.0)
    return (
        electrons * STEP_EV * peak(energy, fwhm),
        electrons * STEP_EV * STRENGTH * loss,
    )
