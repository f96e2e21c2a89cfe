"""From recorded signal to photons: the spectral response, and the noise that it has."""

import re
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.plqy.windows import Values

FOURTH_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
"""Weights that let noise pass and no cubic: the scatter of a smooth curve about itself."""
_NORM = float(np.sqrt((FOURTH_DIFFERENCE**2).sum()))
_MAD_TO_SD = 1.4826
_ENERGY = re.compile(r"\b(?:energy|power|[pnuµμmk]?[WJ])\b")
_PHOTONS = re.compile(r"\b(?:photons?|quanta)\b(?!.*count)", re.IGNORECASE)  # those sent, not seen


def scatter(values: Values) -> Values:
    """Noise of each channel but the outer two on each side: its standard deviation is that of one.

    Fourth difference over the root of the sum of its squared weights.
    """
    if values.size < FOURTH_DIFFERENCE.size:
        return np.array([])
    return np.asarray(np.convolve(values, FOURTH_DIFFERENCE, mode="valid") / _NORM)


def kind(unit: str) -> str:
    """What a unit counts: ``photons``, ``energy``, or neither: ``unknown``.

    A unit per count, as of a correction, counts what is corrected.
    """
    numerator = re.split(r"/|\bper\b", unit, maxsplit=1)[0]
    if _PHOTONS.search(numerator):
        return "photons"
    return "energy" if _ENERGY.search(numerator) else "unknown"


@dataclass(frozen=True)
class Weighting:
    """Photons per unit of signal at any wavelength, up to a common factor.

    ``nodes`` [nm] and ``factor`` are the points of the response between which it is linear, and
    ``noise`` the relative standard deviation of each; none of them without a response.
    ``by_energy`` says that the corrected signal is one of energy, which makes photons when it is
    multiplied with the wavelength.
    """

    by_energy: bool
    nodes: Values | None = None
    factor: Values | None = None
    noise: float = 0.0

    def at(self, wavelength: Values) -> Values:
        """Photons per signal; NaN outside the range of the response."""
        weight = wavelength.copy() if self.by_energy else np.ones(wavelength.size)
        if self.nodes is not None and self.factor is not None:
            weight *= np.interp(wavelength, self.nodes, self.factor, left=np.nan, right=np.nan)
        return weight

    def relative_error(self, wavelength: Values, share: Values) -> float:
        """Relative standard deviation that the noise of the response gives to a sum.

        Parameters
        ----------
        wavelength
            Channels of the sum [nm].
        share
            What each contributes to it.
        """
        if self.nodes is None or not share.sum() > 0:
            return 0.0
        right = np.clip(np.searchsorted(self.nodes, wavelength), 1, self.nodes.size - 1)
        part = (wavelength - self.nodes[right - 1]) / np.diff(self.nodes)[right - 1]
        carried = np.bincount(right - 1, share * (1 - part), self.nodes.size)
        carried += np.bincount(right, share * part, self.nodes.size)
        return float(self.noise * np.sqrt((carried**2).sum()) / share.sum())


def weighting(response: xr.Dataset | None, signal_unit: str, signal: str) -> Weighting | None:
    """How signal becomes photons; None where that is not stated.

    Parameters
    ----------
    response
        Correction of the sphere with its detector, ``intensity`` (wavelength), which the signal is
        multiplied with; its unit says what comes out.
    signal_unit
        Unit of the spectra, which counts where there is no response.
    signal
        ``photons`` or ``energy`` where the person knows, ``as_stated`` for what the units say.
    """
    if response is None:
        found = kind(signal_unit) if signal == "as_stated" else signal
        return None if found == "unknown" else Weighting(found == "energy")
    found = signal
    if signal == "as_stated":
        found = kind(str(response.attrs.get("intensity_unit", "")))
    if found == "unknown":
        return None
    nodes = response["wavelength"].to_numpy().astype(float)
    factor = response["intensity"].to_numpy().astype(float)
    known = np.isfinite(factor)
    return Weighting(found == "energy", nodes[known], factor[known], _roughness(factor[known]))


def _roughness(factor: Values) -> float:
    """Relative noise of the points of a response, from their scatter about a smooth curve."""
    rough = scatter(factor)
    middle: NDArray[np.float64] = factor[2:-2]
    usable = middle > 0
    if rough.size == 0 or not usable.any():
        return 0.0
    return float(_MAD_TO_SD * np.median(np.abs(rough[usable] / middle[usable])))
