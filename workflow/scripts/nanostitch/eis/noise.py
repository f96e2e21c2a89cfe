"""Noise of an impedance spectrum: a share of the modulus, and a current."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Complex = NDArray[np.complex128]

STEPS = 41
"""Ratios of both kinds of noise tried."""
RANGE = (-2.0, 6.0)
"""Powers of ten of the ratio, in units of the largest modulus: from a current that nothing feels
to one that rules three decades of modulus."""
NEEDED_GAIN = 3.84
"""Twice the logarithm of the likelihood by which a current noise must improve: 95 % quantile of
chi-square with one degree of freedom."""


class Noise(NamedTuple):
    """Relative standard deviation of both parts together.

    ``share`` where the modulus is low, and ``per_ohm`` times the modulus [1/ohm] in quadrature.
    """

    share: float
    per_ohm: float

    def relative(self, modulus: Values) -> Values:
        """Relative standard deviation at each modulus [ohm]."""
        return np.asarray(np.hypot(self.share, self.per_ohm * modulus))


def estimate(residual: Complex, modulus: Values, freedom: float) -> Noise:
    """Most likely noise behind the residuals of a fit.

    Parameters
    ----------
    residual
        Measured less fitted impedance [ohm].
    modulus
        Modulus of the fitted impedance [ohm].
    freedom
        Degrees of freedom of the fit: real numbers measured less parameters.
    """
    squares = np.abs(residual / modulus) ** 2
    scale = 2 * squares.size / max(freedom, 1.0)
    ratios = np.concatenate([[0.0], np.logspace(*RANGE, STEPS)]) / modulus.max() ** 2
    shape = 1 + ratios[:, None] * modulus**2
    level = (squares / shape).mean(axis=1)
    cost = 2 * squares.size * np.log(np.maximum(level, _TINY)) + 2 * np.log(shape).sum(axis=1)
    best = int(np.argmin(cost))
    best = best if cost[0] - cost[best] > NEEDED_GAIN else 0
    share = float(np.sqrt(max(level[best], _TINY) * scale))
    return Noise(share, share * float(np.sqrt(ratios[best])))


_TINY = 1e-30
