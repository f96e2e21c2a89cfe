"""Shares of uncertainty of an emission line that no repetition shows: slits, reabsorption, axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import photon
from nanostitch.intervals import NONE, Number, widened
from nanostitch.pl import line
from nanostitch.pl.line import Rough

Values = NDArray[np.float64]

_SLIT = "emission_slit_nm"
_TRIANGLE = 8 * np.log(2) / 6
"""Variance of a triangle of full width 1 at half maximum, times that of a Gaussian into the square
of its full width: what a monochromator of equal slits adds to the square of a width."""
_SMOOTHING, _REACH = 0.75, 2.5
"""Window and reach, in widths, with which shifts by reabsorption are found."""
_SHIFTED = ("peak_wavelength", "peak_energy", "centroid_energy", "fwhm", "asymmetry")


@dataclass(frozen=True)
class Shares:
    """Settings of ``emission`` that are no choice of method, which says what each is."""

    band_pass_nm: Sequence[float]
    max_optical_density: float
    path_cm: float
    accuracy_nm: float


def shared(
    numbers: Mapping[str, Number],
    raw: xr.Dataset,
    edge: xr.Dataset | None,
    curve: tuple[Values, Values],
    first: Rough,
    shares: Shares,
) -> dict[str, Number]:
    """Numbers whose intervals also hold what slits, reabsorption and calibration may do.

    Parameters
    ----------
    numbers
        As :data:`nanostitch.pl.line.NAMES`.
    raw, edge
        Emission and, where one is named, absorption of the sample.
    curve
        Wavelength [nm] and emission per nm without background.
    first
        Where the line is.
    shares
        How large each may be.

    Notes
    -----
    A slit that the file states is taken out of the width; of one that it does not state only the
    largest effect is known, which the interval holds on that side. Reabsorption likewise moves
    the line to the red by nothing to what a sample of ``max_optical_density`` would do.
    """
    found = dict(numbers)
    wavelength = found["peak_wavelength"][0]
    stated = float(raw.attrs.get(_SLIT, np.nan))
    known = np.isfinite(stated)
    slits = [stated] * 2 if known else [float(w) for w in shares.band_pass_nm]
    found["fwhm"] = _narrowed(found["fwhm"], [w * _ev_per_nm(wavelength) for w in slits])
    if edge is not None:
        shifts = _reabsorption(edge, curve, first, shares)
        for name, shift in shifts.items():
            found[name] = _reaching(found[name], shift)
    for name in ("peak_energy", "centroid_energy"):
        found[name] = widened(found[name], calibration_ev(wavelength, shares))
    found["peak_wavelength"] = widened(found["peak_wavelength"], shares.accuracy_nm)
    return found


def calibration_ev(wavelength_nm: float, shares: Shares) -> float:
    """Standard uncertainty of a photon energy by that of the wavelengths [eV]."""
    return shares.accuracy_nm * _ev_per_nm(wavelength_nm)


def _ev_per_nm(wavelength_nm: float) -> float:
    return float(photon.HC_EV_NM / wavelength_nm**2)


def _narrowed(number: Number, slits_ev: Sequence[float]) -> Number:
    """Width without a slit of mean square, from that without the largest to without the least.

    There is none where the slit alone is as wide.
    """

    def without(width: float, slit: float) -> float:
        return float(np.sqrt(max(width**2 - _TRIANGLE * slit**2, 0.0)))

    least, largest = min(slits_ev), max(slits_ev)
    value, low, high = number
    mean = float(np.sqrt((least**2 + largest**2) / 2))
    if not without(value, mean) > 0:
        return NONE
    return without(value, mean), without(low, largest), without(high, least)


def _reaching(number: Number, shift: float) -> Number:
    """Number whose interval also holds itself moved by a shift."""
    value, low, high = number
    if not np.isfinite(shift):
        return number
    return value, min(low, low + shift), max(high, high + shift)


def _reabsorption(
    edge: xr.Dataset, curve: tuple[Values, Values], first: Rough, shares: Shares
) -> dict[str, float]:
    """By how much each number would move if the densest sample had not reabsorbed."""
    density = float(edge["optical_density"])
    if not density > 0:
        return {}
    order = np.argsort(edge["wavelength"].to_numpy())
    absorbance = np.interp(
        curve[0], edge["wavelength"].to_numpy()[order], edge["absorbance"].to_numpy()[order]
    )
    share = np.maximum(absorbance, 0) / density * shares.max_optical_density * shares.path_cm
    near = np.abs(curve[0] - first.peak_nm) <= 2 * _REACH * first.fwhm_nm
    curves = np.stack([curve[1], curve[1] * np.where(near, 10**share, 1.0)])
    smooth = line.smoother(curve[0], first, _SMOOTHING)
    found = line.measure(curve[0], curves, first, smooth, _REACH)
    return {name: float(found[name][1] - found[name][0]) for name in _SHIFTED}
