"""Where an emission has its maximum."""

import numpy as np
from scipy import constants

from nanostitch.intervals import NORMAL_95
from nanostitch.plqy.windows import Values, running_mean

TOP_LEVEL = 0.8
"""Height, as a share of the maximum, above which its logarithm is taken for a polynomial."""
ORDER = 3
"""Of the polynomial: two is exact for a Gaussian, and off to the flatter flank of any other."""
FEWEST_CHANNELS = 7
"""Channels that it needs to have a scatter."""
_EV_NM = constants.h * constants.c / constants.e / constants.nano


def wavelength(position: Values, height: Values) -> tuple[float, float, float]:
    """Maximum with the bounds of its 95 % interval [nm], by a polynomial in the log of its top.

    Parameters
    ----------
    position
        Wavelength [nm], rising.
    height
        Photons per nm.

    Returns
    -------
    tuple of float
        Maximum, lower and upper bound; NaN where the top has too few channels or is none. The
        interval comes from the scatter about the polynomial.
    """
    nothing = (np.nan, np.nan, np.nan)
    smooth = running_mean(height)
    top = int(smooth.argmax())
    low = smooth < TOP_LEVEL * smooth[top]
    left = int(np.flatnonzero(low[:top])[-1]) + 1 if low[:top].any() else 0
    right = top + int(np.flatnonzero(low[top:])[0]) if low[top:].any() else height.size
    if right - left < FEWEST_CHANNELS or not smooth[top] > 0:
        return nothing
    centre = float(position[top])
    x, y = position[left:right] - centre, height[left:right] / smooth[top]
    if not (y > 0).all():
        return nothing
    terms, covariance = np.polyfit(x, np.log(y), ORDER, w=y, cov=True)
    slopes = np.polyder(terms)
    tops = [float(root.real) for root in np.roots(slopes) if np.isreal(root)]
    tops = [one for one in tops if x[0] <= one <= x[-1] and np.polyval(np.polyder(slopes), one) < 0]
    if not tops:
        return nothing
    vertex = max(tops, key=lambda one: float(np.polyval(terms, one)))
    powers = np.arange(ORDER, -1, -1)
    moved = powers * vertex ** np.maximum(powers - 1, 0)
    gradient = -moved / float(np.polyval(np.polyder(slopes), vertex))
    half = NORMAL_95 * float(np.sqrt(gradient @ covariance @ gradient))
    return centre + vertex, centre + vertex - half, centre + vertex + half


def energy(found: tuple[float, float, float]) -> tuple[float, float, float]:
    """Photon energies [eV] of a wavelength and its bounds [nm]; wavelengths count as in vacuum."""
    middle, lower, upper = found
    return _EV_NM / middle, _EV_NM / upper, _EV_NM / lower
