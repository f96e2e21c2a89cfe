"""Quantiles of mixtures of Gaussians: what an ensemble of fits leaves possible."""

from collections.abc import Sequence

from scipy.special import ndtr

from nanostitch.eels.channels import Array

_BISECTIONS = 50
_REACH_SD = 8.0
"""Distance beyond which nothing is left of a Gaussian, in standard deviations."""


def quantiles(
    means: Array, deviations: Array, weights: Array, levels: Sequence[float]
) -> list[float]:
    """Quantiles of a mixture of Gaussians, by bisection.

    Parameters
    ----------
    means, deviations, weights
        Of each part; the weights sum to one.
    levels
        Probabilities.
    """
    found = []
    for level in levels:
        low = float((means - _REACH_SD * deviations).min())
        high = float((means + _REACH_SD * deviations).max())
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = float(weights @ ndtr((middle - means) / deviations)) < level
            low, high = (middle, high) if below else (low, middle)
        found.append((low + high) / 2)
    return found
