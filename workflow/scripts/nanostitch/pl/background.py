"""Background of an emission spectrum: a level or a slope through the feet of its line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.pl.line import Rough
from nanostitch.pl.spectrum import Spectrum

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_POINTS = 6
"""Points in the feet without which there is no background to subtract."""
_OUTLIER = 4.0
"""Standard deviations beyond which a point of the feet is no background."""


@dataclass(frozen=True)
class Background:
    """A background that is linear in the spectrum: ``values`` and the matrix that gave them.

    The product of ``operator`` with any spectrum on the same axis is that spectrum's background.
    """

    order: int
    values: Values
    operator: Values


def feet(seen: Spectrum, first: Rough, widths: float) -> Mask:
    """Points that hold background alone: far from the line, no artefacts, no outliers.

    Parameters
    ----------
    seen, first
        Spectrum and first guess of its line.
    widths
        Distance from the peak at which a line has ended, in its widths.
    """
    far = np.abs(seen.wavelength - first.peak_nm) > widths * first.fwhm_nm
    far &= ~seen.artefact
    if not far.any():
        return far
    away = np.abs(seen.intensity - np.median(seen.intensity[far]))
    limit = _OUTLIER * max(1.4826 * float(np.median(away[far])), float(seen.noise[far].min()))
    return far & (away <= limit)


def fit(seen: Spectrum, used: Mask, order: int) -> Background:
    """Least-squares polynomial of an order through the points used, weighted by their noise."""
    middle = (seen.wavelength - seen.wavelength.mean()) / np.ptp(seen.wavelength)
    basis = np.vander(middle, order + 1, increasing=True)
    weight = used / seen.noise
    operator = basis @ np.linalg.pinv(weight[:, None] * basis) * weight
    return Background(order, operator @ seen.intensity, operator)
