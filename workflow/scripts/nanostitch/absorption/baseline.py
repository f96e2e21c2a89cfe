"""What lies under an absorption spectrum: offset, tilt and scatter, fitted below the edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.absorption.spectrum import Spectrum

Values = NDArray[np.float64]

REFERENCE_NM = 500.0
"""Wavelength at which scatter is quoted."""
FEWEST_POINTS = 8
"""Points below the edge without which offset, tilt and scatter are not told apart."""
_TILT_MIDDLE_NM, _TILT_PER_NM = 600.0, 100.0
_FREE = 1.0
"""Standard deviation of what is not known before: an absorbance of one."""


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline: mean and covariance of its three coefficients, for one exponent.

    ``below_ev`` is the highest photon energy that it was fitted to.
    """

    below_ev: float
    exponent: float
    coefficients: Values
    covariance: Values

    def at(self, wavelength: Values) -> Values:
        """Absorbance of the baseline at wavelengths [nm]."""
        values: Values = design(wavelength, self.exponent) @ self.coefficients
        return values

    def covariance_at(self, wavelength: Values) -> Values:
        """Covariance of the baseline between wavelengths [nm]."""
        basis = design(wavelength, self.exponent)
        values: Values = basis @ self.covariance @ basis.T
        return values

    def draws(self, wavelength: Values, normal: Values) -> Values:
        """Baselines that could as well be, one for each row of three standard normal numbers."""
        root = np.linalg.cholesky(self.covariance)
        drawn: Values = (self.coefficients + normal @ root.T) @ design(wavelength, self.exponent).T
        return drawn


def design(wavelength: Values, exponent: float) -> Values:
    """Columns of offset, tilt per 100 nm and scatter, at wavelengths [nm]."""
    tilt = (wavelength - _TILT_MIDDLE_NM) / _TILT_PER_NM
    return np.stack(
        [np.ones(wavelength.shape), tilt, (REFERENCE_NM / wavelength) ** exponent], axis=-1
    )


def fit(
    spectrum: Spectrum, below_ev: float, to_nm: float, exponent: float, tilt: float
) -> Baseline | None:
    """Fit offset, tilt and a power law of the wavelength where nothing absorbs.

    Parameters
    ----------
    below_ev
        Highest photon energy used [eV].
    to_nm
        Longest wavelength used [nm].
    exponent
        Of the wavelength in the power law of scatter, without its sign.
    tilt
        Standard deviation of what the instrument's own baseline is known to tilt by, in
        absorbance per 100 nm.

    Returns
    -------
    Baseline or None
        None where fewer than eight points lie below the edge.

    Notes
    -----
    Bayesian linear regression: the three shapes are alike over a short range, so that only what
    is known of the tilt keeps the extrapolation finite, and its covariance says how far it may
    be trusted. Particles far smaller than the wavelength scatter with exponent 4 (Rayleigh),
    larger ones with less.
    """
    used = (spectrum.energy <= below_ev) & (spectrum.wavelength <= to_nm) & ~spectrum.saturated
    if used.sum() < FEWEST_POINTS:
        return None
    basis = design(spectrum.wavelength[used], exponent) / spectrum.noise[used, None]
    seen = spectrum.absorbance[used] / spectrum.noise[used]
    precision = basis.T @ basis + np.diag(1 / np.array([_FREE, tilt, _FREE]) ** 2)
    covariance: Values = np.linalg.inv(precision).astype(float)
    coefficients: Values = covariance @ (basis.T @ seen)
    misfit = float(np.mean((seen - basis @ coefficients) ** 2))
    return Baseline(below_ev, exponent, coefficients, max(1.0, misfit) * covariance)
