"""What is known of a yield after its curves: draws from the uncertainty of each amount of light.

A yield is a ratio whose denominator may be small, so that its distribution is skew: van Dam et al.
2017 (arXiv:1711.06200) and Fries and Reineke 2019 (doi 10.1038/s41598-019-51718-4). Draws carry
that, and each spectrum has its own stream of random numbers, so that two yields that share a
spectrum, such as a blank, share its error as well, and their ratio is free of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.plqy.curves import Amount
from nanostitch.plqy.windows import Values

BOUNDS = (2.5, 97.5)
"""Percentiles of a 95 % interval."""
_LAMP, _NOISE, _RESPONSE = range(3)


@dataclass(frozen=True)
class Draws:
    """How errors are drawn: how many, from which seed, and how much the light source changes.

    ``lamp_drift`` is the relative standard deviation of the source from spectrum to spectrum.
    """

    size: int
    seed: int
    lamp_drift: float

    def amounts(self, amount: Amount, window: int) -> Values:
        """Light that may have been there (draw), where ``amount`` was recorded in a window.

        Parameters
        ----------
        amount
            What was recorded.
        window
            0 for the excitation, 1 for the emission.

        Returns
        -------
        numpy.ndarray
            Photons, dims (draw); NaN without a spectrum.
        """
        if not amount.value:
            return np.full(self.size, np.nan)
        total = np.zeros(self.size)
        for value, sd, key in zip(amount.value, amount.sd, amount.keys, strict=True):
            noise = sd * self.normal(key, _NOISE, window)
            total += (value + noise) / (1 + self.lamp_drift * self.normal(key, _LAMP))
        common = 1 + amount.response_sd * self.normal(_RESPONSE, window)
        return np.asarray(total / len(amount.value) * common)

    def choices(self, number: int) -> NDArray[np.int64]:
        """One of so many equal possibilities in each draw."""
        random = np.random.default_rng([self.seed, number])
        return np.asarray(random.integers(number, size=self.size))

    def normal(self, *stream: int) -> Values:
        """Standard normal numbers (draw), the same for the same stream."""
        return np.random.default_rng([self.seed, *stream]).standard_normal(self.size)


@dataclass(frozen=True)
class Light:
    """Excitation and emission of the three curves, in photons; NaN for what was not recorded.

    Numbers, or draws of all of them.
    """

    excitation: Mapping[str, Values]
    emission: Mapping[str, Values]

    def emitted(self, curve: str) -> Values:
        """Emission of a curve without what the empty sphere shows there for the same light."""
        own = self.emission["blank"] / self.excitation["blank"]
        return np.asarray(
            self.emission[curve] - np.where(np.isnan(own), 0.0, own) * self.excitation[curve]
        )

    def absorptance(self) -> Values:
        """Share of the direct beam that the sample absorbs: 1 - Lc/Lb."""
        return 1 - self.excitation["direct"] / self.excitation["indirect"]

    def three_curves(self) -> Values:
        """Photons emitted per photon absorbed: (Pc - (1 - A) Pb) / (La A).

        Notes
        -----
        de Mello, Wittmann and Friend 1997, doi 10.1002/adma.19970090308.
        """
        absorbed = self.absorptance()
        emitted = self.emitted("direct") - (1 - absorbed) * self.emitted("indirect")
        return np.asarray(emitted / (self.excitation["blank"] * absorbed))

    def absorbed_by_two_curves(self) -> Values:
        """Share of the excitation that the sample absorbs, light of the sphere included."""
        return 1 - self.excitation["direct"] / self.excitation["blank"]

    def two_curves(self) -> Values:
        """The same from blank and direct alone, light of the sphere included: Pc / (La - Lc)."""
        absorbed = self.excitation["blank"] * self.absorbed_by_two_curves()
        return np.asarray(self.emitted("direct") / absorbed)


def interval(draws: Values) -> tuple[float, float]:
    """Bounds of the 95 % interval; NaN where any draw is none."""
    if not np.isfinite(draws).all():
        return np.nan, np.nan
    lower, upper = np.percentile(draws, BOUNDS)
    return float(lower), float(upper)
