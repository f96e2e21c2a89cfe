"""Differences between parts of a line of gaps, with the noise that the line itself shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as fisher
from scipy.stats import t as student

from nanostitch import quality
from nanostitch.eels.channels import Array, Mask

POWER = 0.8
"""Probability with which the smallest effect would have been seen, as the contract says."""
CONFIDENCE = 0.95
FEWEST_POINTS = 3
"""Of a part of the line whose mean is compared."""
_VARIES_P = 0.01
# Effective degrees of freedom of second differences of n points over n - 2.
_FREEDOM = 18 / 35


@dataclass(frozen=True)
class Line:
    """Gaps along a line with their uncertainties [eV] by distance from the boundary [nm].

    ``near`` are points whose circle of half the scattering holds the boundary.
    """

    distance: Array
    gap: Array
    uncertainty: Array
    l50_nm: float

    @property
    def known(self) -> Mask:
        """Points with a gap."""
        return np.asarray(np.isfinite(self.gap) & np.isfinite(self.uncertainty))

    @property
    def relative(self) -> Array:
        """Uncertainties that tell noisy points from others; none counts as far below the median.

        They also hold what all points share, so only their ratios are used.
        """
        known = self.uncertainty[self.known]
        least = float(np.median(known)) / 2 if known.size else 0.0
        return np.asarray(np.maximum(self.uncertainty, least))

    @property
    def near(self) -> Mask:
        """Points with a gap at the boundary."""
        return np.asarray(self.known & (np.abs(self.distance) <= self.l50_nm / 2))

    @property
    def sides(self) -> list[Mask]:
        """Points with a gap beyond it on the left and on the right, where there are enough."""
        parts = [self.known & (side * self.distance > self.l50_nm / 2) for side in (-1, 1)]
        return [np.asarray(part) for part in parts if part.sum() >= FEWEST_POINTS]


@dataclass(frozen=True)
class Contrast:
    """A difference between means of gaps [eV]: value, standard error, degrees of freedom."""

    value: float
    error: float
    freedom: float

    @property
    def side(self) -> float:
        """Half of the 95 % interval."""
        return float(student.ppf((1 + CONFIDENCE) / 2, self.freedom) * self.error)

    @property
    def smallest(self) -> float:
        """Smallest true difference that a test at 5 % finds with power 0.8."""
        return self.side + float(student.ppf(POWER, self.freedom) * self.error)

    def equivalence_p(self, margin: float) -> float:
        """p-value of two one-sided tests that the difference exceeds a margin [eV]."""
        with np.errstate(divide="ignore"):
            low, high = (np.divide(self.value + end, self.error) for end in (margin, -margin))
        return float(max(student.sf(low, self.freedom), student.cdf(high, self.freedom)))


def contrast(line: Line, plus: Sequence[Mask], minus: Sequence[Mask]) -> Contrast:
    """Mean of the means of some parts of a line less that of others.

    Parameters
    ----------
    line
        Gaps along the line.
    plus, minus
        Parts of the line; each part of a kind weighs the same.

    Notes
    -----
    The noise is that of second differences, which hold no smooth change along the line: Gasser,
    Sroka & Jennen-Steinmetz, Biometrika 73 (1986) 625.
    """
    weight = weights(line, plus, minus)
    known = line.known
    scale, freedom = _noise(line)
    error = np.sqrt(scale * (weight[known] ** 2 @ line.relative[known] ** 2))
    return Contrast(float(weight[known] @ line.gap[known]), float(error), freedom)


def weights(line: Line, plus: Sequence[Mask], minus: Sequence[Mask]) -> Array:
    """Weight of each point in a contrast, by its precision within a part; they add up to 0."""
    precision = np.where(line.known, line.relative, np.inf) ** -2
    shares = [
        sign * part * precision / (part * precision).sum() / len(parts)
        for sign, parts in ((1, plus), (-1, minus))
        for part in parts
    ]
    return np.asarray(np.sum(shares, axis=0))


def _noise(line: Line) -> tuple[float, float]:
    """Variance of the gaps over their relative uncertainties squared; degrees of freedom."""
    at, gap, u = (v[line.known] for v in (line.distance, line.gap, line.relative))
    share = (at[2:] - at[1:-1]) / (at[2:] - at[:-2])
    between = share * gap[:-2] + (1 - share) * gap[2:] - gap[1:-1]
    expected = (share * u[:-2]) ** 2 + ((1 - share) * u[2:]) ** 2 + u[1:-1] ** 2
    return float(np.mean(between**2 / expected)), _FREEDOM * between.size


def variation(line: Line, across: Contrast) -> dict[str, quality.Level]:
    """Remark where the gap varies along the sides by more than its noise."""
    scale, freedom = _noise(line)
    residuals = np.concatenate(
        [(line.gap[part] - line.gap[part].mean()) / line.relative[part] for part in line.sides]
    )
    own = residuals.size - len(line.sides)
    ratio = float(residuals @ residuals) / own / scale if scale > 0 else np.inf
    beyond = np.concatenate([line.gap[part] - line.gap[part].mean() for part in line.sides])
    if not ratio > fisher.ppf(1 - _VARIES_P, own, freedom):
        return {}
    spread = 1e3 * np.sqrt(max(1 - 1 / ratio, 0.0)) * float(np.sqrt(beyond @ beyond / own))
    text = f"the gap varies by {spread:.0f} meV (sd) along the sides, beyond its noise"
    differs = abs(across.value) > across.side
    level: quality.Level = "doubtful" if differs else "good"
    return {text + (": the difference need not be the boundary's" if differs else ""): level}
