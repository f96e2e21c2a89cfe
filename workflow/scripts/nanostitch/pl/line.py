"""Peak, centroid and width of an emission line, of any number of noisy copies at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from nanostitch import local_polynomial, photon

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

ORDER = 4
"""Of the local polynomial: a quartic follows the top of a line to fourth order."""
NAMES = (
    "peak_wavelength",
    "peak_energy",
    "fwhm",
    "fwhm_wavelength",
    "asymmetry",
    "centroid_energy",
)
_POINTS = 401
_REACH = 1.3
"""Distance from the peak to which a line is smoothed, in widths."""


@dataclass(frozen=True)
class Rough:
    """First guess of a line: peak and full width at half maximum [nm], height, level under it.

    ``whole`` says whether both half maxima are in the scan, ``rival`` by which share of the height
    the next maximum stands out.
    """

    peak_nm: float
    fwhm_nm: float
    height: float
    level: float
    whole: bool
    rival: float

    def is_cut(self, wavelength: Values, widths: float) -> bool:
        """Whether a scan ends within so many widths of the peak, on either side."""
        reach = widths * self.fwhm_nm
        return bool(min(self.peak_nm - wavelength[0], wavelength[-1] - self.peak_nm) < reach)

    def widest_step(self, wavelength: Values) -> float:
        """Largest distance of neighbouring points of a scan within the line, in its widths."""
        near = np.abs(wavelength - self.peak_nm) <= _REACH * self.fwhm_nm
        inside = near[1:] | near[:-1]
        return float(np.diff(wavelength)[inside].max(initial=0.0) / self.fwhm_nm)


def rough(wavelength: Values, intensity: Values, usable: Mask, window_nm: float) -> Rough | None:
    """Find the strongest line outside of what is no emission; None where nothing is above."""
    known = np.flatnonzero(usable)
    if known.size < ORDER + 2:
        return None
    operator = local_polynomial.operator(wavelength[known], wavelength[known], window_nm / 2, 2)
    smooth = operator @ intensity[known]
    level = float(np.quantile(smooth, 0.1))
    top = int(smooth.argmax())
    height = float(smooth[top]) - level
    if not height > 0:
        return None
    below = np.flatnonzero(smooth - level < height / 2)
    left, right = below[below < top], below[below > top]
    at = wavelength[known]
    ends = (at[left[-1]] if left.size else at[0], at[right[0]] if right.size else at[-1])
    whole = bool(left.size and right.size)
    tops, about = find_peaks(smooth, prominence=0.0)
    rival = float(about["prominences"][tops != top].max(initial=0.0)) / height
    return Rough(float(at[top]), float(ends[1] - ends[0]), height, level, whole, rival)


@dataclass(frozen=True)
class Smoother:
    """Local polynomial through a line: where it is evaluated [nm], and the matrix that does it."""

    at: Values
    matrix: Values


def smoother(wavelength: Values, first: Rough, widths: float) -> Smoother:
    """Smoother of a line.

    Parameters
    ----------
    wavelength
        Positions of the spectrum [nm].
    first
        Where the line is.
    widths
        Full width of the window, in widths of the line.
    """
    at = first.peak_nm + _REACH * first.fwhm_nm * np.linspace(-1, 1, _POINTS)
    at = at[(at >= wavelength[0]) & (at <= wavelength[-1])]
    matrix = local_polynomial.operator(wavelength, at, widths * first.fwhm_nm / 2, ORDER)
    return Smoother(at, matrix)


def measure(
    wavelength: Values, curves: Values, first: Rough, smooth: Smoother, centroid_widths: float
) -> Mapping[str, Values]:
    """Measure lines without background, one a row.

    Parameters
    ----------
    wavelength
        Positions [nm], rising.
    curves
        Emission per nm: (draw, channel).
    first
        Where the line is.
    smooth
        What smooths it.
    centroid_widths
        Distance from the peak to which the centroid counts, in widths.

    Returns
    -------
    Mapping
        By :data:`NAMES`: peak per nm [nm], peak per eV [eV], full widths at half maximum per eV
        [eV] and per nm [nm], asymmetry (the half on the high-energy side less the other, over
        their sum), mean energy of the photons [eV]. NaN where a half maximum is not reached.

    Notes
    -----
    The mean energy takes no Jacobian: photons are the same per nm and per eV. The peak per eV is
    that of the density times λ²/hc (Mooney and Kambhampati, J. Phys. Chem. Lett. 4 (2013) 3316,
    doi:10.1021/jz401508t).
    """
    at = smooth.at
    per_nm = curves @ smooth.matrix.T
    per_ev = photon.per_energy(curves, wavelength) @ smooth.matrix.T
    top = local_polynomial.summits(per_ev, at)
    high, low = (photon.energy(ends) for ends in _half_maxima(per_ev, at))
    short, long = _half_maxima(per_nm, at)
    peak = photon.energy(top)
    return dict(
        zip(
            NAMES,
            (
                local_polynomial.summits(per_nm, at),
                peak,
                high - low,
                long - short,
                (high + low - 2 * peak) / (high - low),
                _centroid(wavelength, curves, first, centroid_widths),
            ),
            strict=True,
        )
    )


def _centroid(wavelength: Values, curves: Values, first: Rough, widths: float) -> Values:
    """Mean photon energy within a distance of the peak [eV]."""
    inside = np.abs(wavelength - first.peak_nm) <= widths * first.fwhm_nm
    step = np.gradient(wavelength) * inside
    total = curves @ step
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Values = curves @ (step * photon.energy(wavelength)) / total
    return found


def _half_maxima(curves: Values, at: Values) -> tuple[Values, Values]:
    """Positions left and right of the highest point where a curve first falls to its half."""
    top = curves.argmax(axis=1)[:, None]
    excess = curves - curves.max(axis=1, keepdims=True) / 2
    number = np.arange(at.size)
    left = np.where((excess < 0) & (number < top), number, -1).max(axis=1)
    right = np.where((excess < 0) & (number > top), number, at.size).min(axis=1)
    known = (left >= 0) & (right < at.size)
    rows = np.arange(len(curves))

    def crossing(outer: NDArray[np.intp], inner: NDArray[np.intp]) -> Values:
        a, b = excess[rows, outer], excess[rows, inner]
        return np.asarray(at[outer] + (at[inner] - at[outer]) * a / (a - b))

    inside = np.clip(left, 0, at.size - 2), np.clip(right, 1, at.size - 1)
    short = np.where(known, crossing(inside[0], inside[0] + 1), np.nan)
    long = np.where(known, crossing(inside[1], inside[1] - 1), np.nan)
    return short, long
