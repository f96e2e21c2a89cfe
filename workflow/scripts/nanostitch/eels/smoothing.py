"""Savitzky-Golay smoothing of spectra, and what it makes of an onset."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import correlate1d
from scipy.signal import savgol_coeffs

from nanostitch.eels.channels import Array

Shape = tuple[Array, Array]
"""An onset as the spectrometer shows it: energy above the gap [eV] and height."""
Seen = Mapping[str, Shape]
"""Onsets by name."""


@dataclass(frozen=True)
class Smoothing:
    """Points of the window, order of the polynomial, width of a channel [eV].

    Notes
    -----
    Savitzky & Golay, Anal. Chem. 36 (1964) 1627, doi:10.1021/ac60214a047.
    """

    points: int
    order: int
    step_ev: float

    @property
    def width_ev(self) -> float:
        """Width of the window [eV]."""
        return self.points * self.step_ev

    def weights(self, derivative: int) -> Array:
        """Weights of the counts in a window, from its first channel to its last."""
        return _weights(self, derivative)

    def filtered(self, loss: Array, derivative: int) -> Array:
        """Smoothed spectra (0) or their first derivative (1) [1/eV], one a row.

        NaN where the window meets a channel that is not known, or the end of the axis.
        """
        found = np.full(loss.shape, np.nan)
        if loss.shape[-1] >= self.points:
            whole = slice(self.points // 2, loss.shape[-1] - self.points // 2)
            smooth = correlate1d(loss, self.weights(derivative), output=np.float64)
            found[..., whole] = smooth[..., whole]
        return found

    def first_derivative(self, loss: Array) -> Array:
        """First derivative [1/eV] of spectra, one a row; NaN where it is not known."""
        return self.filtered(loss, 1)


def smoothing(window_ev: float, order: int, step_ev: float) -> Smoothing:
    """Nearest odd number of channels to a window that is wide enough for its polynomial."""
    points = 2 * round((window_ev / step_ev - 1) / 2) + 1
    fewest = order + 1 + order % 2
    return Smoothing(max(points, fewest), order, step_ev)


def defensible(window_ev: float, order: int, step_ev: float) -> list[Smoothing]:
    """The declared window, and those narrower and wider by the square root of two."""
    widths = window_ev * np.array([1.0, 0.5**0.5, 2**0.5])
    return list(dict.fromkeys(smoothing(float(width), order, step_ev) for width in widths))


@dataclass(frozen=True)
class Offset:
    """Distance of an estimate from the gap for each shape of the onset (shape,) [eV].

    ``instrument_ev`` is the part that spectrometer and smoothing make; ``weight`` sums to one.
    ``phase_ev`` is the standard uncertainty that comes from where the gap lies in its channel.
    """

    ev: Array
    instrument_ev: Array
    weight: Array
    phase_ev: float

    @property
    def mean_ev(self) -> float:
        """Mean over the shapes."""
        return float(self.weight @ self.ev)


@cache
def _weights(smooth: Smoothing, derivative: int) -> Array:
    found = np.asarray(
        savgol_coeffs(
            smooth.points, smooth.order, deriv=derivative, delta=smooth.step_ev, use="dot"
        ),
        dtype=float,
    )
    found.flags.writeable = False
    return found


def sampled(shape: Shape, step_ev: float, phases: Array) -> Shape:
    """An onset in channels, for several places of the gap between two of them.

    Parameters
    ----------
    shape
        Energies above the gap, evenly spaced and closer than the channels, and height.
    step_ev
        Width of a channel [eV].
    phases
        How far the gap lies below a channel's centre, in channels from 0 to 1.

    Returns
    -------
    tuple
        Centres of the channels above the gap [eV] for phase 0, and what they show (phase,
        channel).
    """
    above, height = shape
    first, last = np.ceil(above[0] / step_ev), np.floor(above[-1] / step_ev) - 1
    centres = step_ev * np.arange(first, last + 1)
    wanted = centres + step_ev * phases[:, None]
    return centres, np.asarray(np.interp(wanted, above, height))
