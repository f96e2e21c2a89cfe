"""Tauc's extrapolation, as a comparator: what papers quote, with the error that it makes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FEWEST_POINTS = 4
"""Points on the rise without which no line is drawn through it."""


def gaps(
    energy: Values,
    absorbance: Values,
    noise: Values,
    step: float,
    exponent: float,
    from_levels: Sequence[float],
    to_levels: Sequence[float],
    normal: Values,
) -> Values:
    """Energies where straight lines through the rise of (A E)^(1/exponent) meet zero [eV].

    Parameters
    ----------
    energy, absorbance, noise
        Edge above its baseline, by rising energy, and its standard uncertainty.
    step
        Absorbance above the edge.
    exponent
        Of E - Eg in the absorption coefficient times E: 1/2 in a bulk crystal with a direct gap,
        towards 1 in a nanocrystal.
    from_levels, to_levels
        Where lines begin and end, as shares of the step.
    normal
        Standard normal numbers (draw, channel) by which noise is added anew.

    Returns
    -------
    numpy.ndarray
        The line of each pair of levels first without, then with added noise: (pair, 1 + draw);
        NaN where a line has fewer than four points.

    Notes
    -----
    Exponents: Feng et al., J. Appl. Phys. 117 (2015) 125701, doi:10.1063/1.4916090. Without a
    baseline the line meets zero too low: Makuła, Pacia and Macyk, J. Phys. Chem. Lett. 9 (2018)
    6814, doi:10.1021/acs.jpclett.8b02892. The rise of a broadened exciton is no power of E - Eg,
    so that the result depends on the levels: Zanatta, Sci. Rep. 9 (2019) 11225,
    doi:10.1038/s41598-019-47670-y.
    """
    found = np.full((len(from_levels) * len(to_levels), 1 + len(normal)), np.nan)
    drawn = absorbance + np.concatenate([np.zeros((1, energy.size)), normal]) * noise
    shown = np.maximum(drawn * energy, 0.0) ** (1 / exponent)
    first = int(np.argmax(absorbance >= step)) if (absorbance >= step).any() else energy.size
    rising = np.arange(energy.size) < first
    pairs = [(low, high) for low in from_levels for high in to_levels]
    for row, (low, high) in enumerate(pairs):
        used = rising & (absorbance >= low * step) & (absorbance <= high * step)
        if used.sum() >= FEWEST_POINTS:
            slope, intercept = np.polyfit(energy[used], shown[:, used].T, 1)
            found[row] = -intercept / slope
    return found
