"""An absorption spectrum ready to be measured: absorbance above its reference, with its noise."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import noise as noises
from nanostitch import photon

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_POINTS = 20
"""Points below which a spectrum has neither noise nor an edge to speak of."""
_LEAST_NOISE = 1e-5
"""Standard uncertainty of absorbance below which none is believed."""
_FARTHEST_SOLVENT_NM = 10.0
"""Distance between points of a solvent beyond which nobody knows what lies between them."""


@dataclass(frozen=True)
class Spectrum:
    """Absorbance of the sample less that of its solvent or substrate, by rising photon energy.

    ``energy`` in eV, ``wavelength`` in nm; ``noise`` is a standard uncertainty; ``saturated``
    where so little light came through that stray light decides.
    """

    energy: Values
    wavelength: Values
    absorbance: Values
    noise: Values
    saturated: Mask

    def between(self, low_ev: float, high_ev: float) -> Mask:
        """Points of a range of energy that are not saturated."""
        inside: Mask = (self.energy >= low_ev) & (self.energy <= high_ev) & ~self.saturated
        return inside

    def is_dark_at(self, wavelength_nm: float) -> bool:
        """Whether the point nearest to a wavelength [nm] is saturated."""
        nearest = int(np.abs(self.wavelength - wavelength_nm).argmin())
        return bool(self.saturated[nearest])


def prepare(raw: xr.Dataset, solvent: xr.Dataset | None, max_absorbance: float) -> Spectrum:
    """Subtract the solvent, or bare substrate, at the wavelengths that both spectra have.

    Parameters
    ----------
    raw, solvent
        As ``contracts.raw.RAW_ABSORPTION`` says; a transmittance counts as -log10 of it. Where
        no light came through the absorbance is more than was recorded: such a point is saturated.
    max_absorbance
        Absorbance as recorded beyond which a point is saturated.

    Notes
    -----
    Noise is that of photons: it grows as the inverse root of transmittance. Its size is read from
    differences, which the spectrum itself hardly has, by their median, which a steep edge does
    not move. That of the solvent adds in quadrature.
    """
    wavelength, recorded = _absorbance(raw, max_absorbance)
    noise = _noise(recorded)
    absorbance = recorded
    if solvent is not None:
        reference = _absorbance(solvent, max_absorbance)
        common = _known(wavelength, reference[0])
        wavelength, recorded, noise = wavelength[common], recorded[common], noise[common]
        absorbance = recorded
        if common.any():
            absorbance = recorded - np.interp(wavelength, *reference)
            noise = np.hypot(noise, np.interp(wavelength, reference[0], _noise(reference[1])))
    return Spectrum(
        energy=photon.energy(wavelength)[::-1],
        wavelength=wavelength[::-1],
        absorbance=absorbance[::-1],
        noise=noise[::-1],
        saturated=(recorded > max_absorbance)[::-1],
    )


def _known(wavelength: Values, reference: Values) -> Mask:
    """Wavelengths between two points of a reference that stand near each other."""
    if reference.size < 2:
        return np.zeros(wavelength.shape, dtype=bool)
    right = np.clip(np.searchsorted(reference, wavelength), 1, reference.size - 1)
    near = reference[right] - reference[right - 1] <= _FARTHEST_SOLVENT_NM
    known: Mask = near & (wavelength >= reference[0]) & (wavelength <= reference[-1])
    return known


def _absorbance(raw: xr.Dataset, max_absorbance: float) -> tuple[Values, Values]:
    """Wavelength and absorbance, rising in wavelength, of the points that have one."""
    wavelength = raw["wavelength"].to_numpy().astype(float)
    if "absorbance" in raw:
        values = raw["absorbance"].to_numpy().astype(float)
    else:
        passed = raw["transmittance"].to_numpy().astype(float)
        values = -np.log10(np.where(passed > 0, passed, np.nan))
        most = max(max_absorbance, *values[np.isfinite(values)])
        values = np.where(passed <= 0, np.nextafter(most, np.inf), values)
    there = np.isfinite(values)
    return wavelength[there], values[there]


def _noise(absorbance: Values) -> Values:
    """Standard uncertainty of each point."""
    if absorbance.size < FEWEST_POINTS:
        return np.full(absorbance.shape, np.nan)
    growth = 10 ** (absorbance / 2)
    size = noises.spread(noises.changes(absorbance) / growth[2:-3])
    least = max(_LEAST_NOISE, noises.rounding(absorbance))
    noise: Values = np.maximum(size * growth, least)
    return noise
