"""A monochromated low-loss spectrum of a direct-gap semiconductor.

The single-scattering distribution is a square-root onset that fades over a few eV, convolved
with a zero-loss peak of pseudo-Voigt shape, with Poisson noise and a drifting energy axis.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanostitch.simulate.dm4 import Axis, Recording

LORENTZIAN_SHARE = 0.03
"""Of the zero-loss peak: what a monochromator leaves as a tail at the gap."""

ONSET_PER_EV2 = 2e-3 / 0.2**0.5
"""Loss per zero-loss electron and eV at 1 eV above the gap, for a crystal of about 8 nm.

Gives 2e-5 of the zero-loss electrons in a 10 meV channel 0.2 eV above the gap.
"""

FADING_EV = 4.0

Floats = NDArray[np.float64]


def record(
    condition: Mapping[str, Any], instrument: Mapping[str, Any], rng: np.random.Generator
) -> Recording:
    """Record one averaged spectrum; see the schema for the settings."""
    step, channels = instrument["dispersion_ev"], instrument["channels"]
    drift = rng.normal(0, instrument["drift_ev"])
    start = -0.08 * channels * step
    energy = start + step * np.arange(channels) - drift
    fwhm = instrument["zero_loss_fwhm_ev"]
    density = zero_loss_peak(energy, fwhm) + onset(energy, condition["band_gap_ev"], fwhm)
    counts = rng.poisson(instrument["zero_loss_counts"] * step * density).astype(np.int32)
    axis = Axis(start, step, "eV")
    return Recording(counts, (axis,), "EELS", instrument["beam_energy_kev"])


def zero_loss_peak(energy: Floats, fwhm: float) -> Floats:
    """Pseudo-Voigt profile of unit area [1/eV]."""
    sigma, half = fwhm / np.sqrt(8 * np.log(2)), fwhm / 2
    gauss = np.exp(-0.5 * (energy / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    lorentz = half / np.pi / (energy**2 + half**2)
    return np.asarray((1 - LORENTZIAN_SHARE) * gauss + LORENTZIAN_SHARE * lorentz)


def onset(energy: Floats, band_gap: float, fwhm: float) -> Floats:
    """Loss per zero-loss electron [1/eV], seen through the zero-loss peak.

    The convolution is summed on a grid of a twentieth of the peak's width, from the gap to far
    beyond the axis, where the onset has faded.
    """
    fine = fwhm / 20
    above = fine * (np.arange(int(5 * FADING_EV / fine)) + 0.5)
    strength = ONSET_PER_EV2 * np.sqrt(above) * np.exp(-above / FADING_EV) * fine
    return np.array([np.dot(strength, zero_loss_peak(e - band_gap - above, fwhm)) for e in energy])
