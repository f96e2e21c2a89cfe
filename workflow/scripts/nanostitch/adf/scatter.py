"""How far the sum over one image scatters between images, told from that one image.

Particles attract, repel and order each other, so that a sum over them scatters more or less than
over independent ones. The long waves of the summed quantity across the image show how much: each
projection on a product of cosines, which a uniform field does not have, is one more sum of the
same variance, as long as its wave is long against the reach of the order.

Equal-weighted cosines: U. K. Mueller, J. Econometrics 141 (2007) 1331; E. Lazarus et al., J. Bus.
Econ. Stat. 36 (2018) 541. For points their mean square is the structure factor at long waves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from nanostitch.intervals import NONE, NORMAL_95, Number

Array = NDArray[np.float64]
_TAIL = 0.025
_CRYSTALS_PER_HALF_WAVE = 3.0
"""Shortest half wave, in mean distances of particles; shorter waves meet the order of neighbours,
which does not scatter the sum."""
_MOST_WAVES = 5
"""Half waves along an axis: 35 products settle a standard deviation to 12 %; shorter waves would
see less of what reaches far."""
_FEWEST = 10
"""Particles below which nothing of their arrangement is known and they count as independent."""


_STRENGTHS = np.array([0.0, -0.5, -0.8, -0.95, *np.geomspace(2.0, 128.0, 7)])
"""By how much more the longest waves scatter than the shortest. Islands reach about 30; below 0
are numbers that neighbours make up for, as a long distance does for a short one beside it."""
_REACHES = 6
_LONGEST_REACH = 1 / 6
"""Longest reach of a correlation, as a share of the field: what reaches further looks the same
to its longest wave as what does not, and is left to the scatter between images."""
_PRIOR = np.array([0.55, *np.full(3, 0.05), *np.full(7, 0.3 / 7)])
"""Probability of each strength before anything is seen: that only neighbours matter is likeliest,
and that something reaches far is more likely than the opposite."""
_SLACK = 1e-3
_ROUNDING = 1e-12
"""Sums of contributions of order one below which nothing scatters: drawn layers, all alike."""


class Waves(NamedTuple):
    """Field sides [nm], and numbers of half waves along them up to which cosines are used."""

    height: float
    width: float
    y: int
    x: int

    @property
    def longest(self) -> float:
        """Longest reach of a correlation that can be told from the field [nm]."""
        return _LONGEST_REACH * min(self.height, self.width)


def waves(height_nm: float, width_nm: float, count: float) -> Waves:
    """Half waves that suit a field with a number of particles.

    Parameters
    ----------
    height_nm, width_nm
        Sides of the field [nm].
    count
        Number of particles in it.
    """
    shortest = _CRYSTALS_PER_HALF_WAVE * np.sqrt(height_nm * width_nm / max(count, 1.0))
    y, x = (int(np.clip(side // shortest, 1, _MOST_WAVES)) for side in (height_nm, width_nm))
    return Waves(height_nm, width_nm, y, x)


def variance(part: Array, place_y: Array, place_x: Array, of: Waves) -> Array:
    """Variance of the sum of what each particle contributes.

    Parameters
    ----------
    part
        Contributions, shape ``(particle,)`` or ``(particle, quantity)``.
    place_y, place_x
        Places from 0 to 1, see :func:`nanostitch.adf.border.whole`.
    of
        Waves.

    Returns
    -------
    numpy.ndarray
        One variance for each quantity, as :func:`_of_constant` says; below ten particles the sum
        of squares.
    """
    if part.shape[0] < _FEWEST:
        return np.asarray((part**2).sum(0))
    return variance_of_sums(sums(part, place_y, place_x, of), of)


def sums(part: Array, place_y: Array, place_x: Array, of: Waves) -> Array:
    """Sums of contributions times each product of cosines but the constant one.

    Arguments as for :func:`variance`; shape ``(product,)`` or ``(product, quantity)``.
    """
    across = _cosines(of.y, place_y)[:, None] * _cosines(of.x, place_x)[None]
    return np.asarray(across.reshape(-1, place_y.size)[1:] @ part)


def sums_by_group(
    part: Array, group: NDArray[np.int_], groups: int, place_y: Array, place_x: Array, of: Waves
) -> Array:
    """:func:`sums` over the contributions of each group, shape ``(product, group)``."""
    y, x = _cosines(of.y, place_y), _cosines(of.x, place_x)
    rows = [np.bincount(group, part * one * other, groups) for one in y for other in x]
    return np.array(rows[1:])


def variance_of_sums(found: Array, of: Waves) -> Array:
    """Variance of the constant term for :func:`sums`, one for each quantity."""
    return np.asarray(np.apply_along_axis(_of_constant, 0, found, of))


def variance_of_field(part: Array, of: Waves) -> float:
    """Variance of the sum of a field over all pixels, which sums to zero.

    Parameters
    ----------
    part
        Contribution of each pixel, dims ``(y, x)``.
    of
        Waves.
    """
    y, x = ((np.arange(size) + 0.5) / size for size in part.shape)
    return _of_constant((_cosines(of.y, y) @ part @ _cosines(of.x, x).T).ravel()[1:], of)


def _of_constant(found: Array, of: Waves) -> float:
    """Variance of the constant term, given the sums over all other products of cosines.

    Terms are normal with the variances of a spectrum 1 + r exp(-(k reach)^2) of unknown scale.
    For each strength r and reach the constant one follows Student's distribution; their mixture,
    weighted by how likely the sums are, has a half width of 95 %, and what is returned is the
    variance of the normal distribution of that half width.
    """
    if np.abs(found).max() < _ROUNDING:
        return 0.0
    wave_y, wave_x = np.divmod(np.arange(1, found.size + 1), of.x + 1)
    squared = np.pi**2 * ((wave_y / of.height) ** 2 + (wave_x / of.width) ** 2)
    least = 1 / np.sqrt(squared.max())
    reach = np.geomspace(least, max(of.longest, least), _REACHES)[:, None, None]
    shape = 1 + _STRENGTHS[:, None] * np.exp(-squared * reach**2)
    scale = (found**2 / shape).mean(-1)
    likely = -0.5 * (np.log(shape).sum(-1) + found.size * np.log(scale))
    weight = np.exp(likely - likely.max()) * _PRIOR
    half = _half_width(np.sqrt(scale * (1 + _STRENGTHS)), weight / weight.sum(), found.size)
    return float((half / NORMAL_95) ** 2)


def _half_width(scale: Array, weight: Array, degrees_of_freedom: int) -> float:
    """Half width of 95 % of a mixture of Student's distributions about 0."""

    def excess(half: float) -> float:
        return float((weight * special.stdtr(degrees_of_freedom, -half / scale)).sum()) - _TAIL

    most = float(stats.t.isf(_TAIL, degrees_of_freedom))
    ends = most * scale.min() * (1 - _SLACK), most * scale.max() * (1 + _SLACK)
    return float(optimize.brentq(excess, *ends, rtol=1e-6))


def _cosines(most: int, place: Array) -> Array:
    """Cosines of 0 to ``most`` half waves, of mean square 1; shape ``(wave, place)``."""
    wave = np.arange(most + 1)[:, None]
    return np.asarray(np.where(wave > 0, np.sqrt(2.0), 1.0) * np.cos(np.pi * wave * place))


def log_interval(value: float, relative_error: float) -> Number:
    """Interval of a number above zero that scatters by a relative error; unknown where that is."""
    if not (value > 0 and relative_error > 0):
        return value, np.nan, np.nan
    factor = float(np.exp(NORMAL_95 * relative_error))
    return value, value / factor, value * factor


def reciprocal_interval(value: float, relative_error: float) -> Number:
    """Interval of a number above zero whose relative error grows with it.

    So does that of a standard deviation where few large bodies make it: views that lack them find
    both too small. The inverse number is nearer to normal; the upper end is its inverse to second
    order in the error, which stays finite.
    """
    half = NORMAL_95 * relative_error
    if not (value > 0 and half > 0):
        return value, np.nan, np.nan
    return value, value / (1 + half), value * float(np.exp(half + half**2 / 2))


def share_interval(share: float, independent: float) -> Number:
    """Wilson's interval of a share of so many independent trials.

    Notes
    -----
    Wilson, J. Am. Stat. Assoc. 22 (1927) 209, doi:10.1080/01621459.1927.10502953, with the
    effective number of trials (Korn and Graubard, Survey Methodology 24 (1998) 193).
    """
    if not (np.isfinite(share) and independent > 0):
        return NONE
    more = NORMAL_95**2 / independent
    centre = (share + more / 2) / (1 + more)
    half = np.sqrt(more * share * (1 - share) + more**2 / 4) / (1 + more)
    # rounding must not part a share of 0 or 1 from its own bound
    lower = 0.0 if share <= 0 else float(centre - half)
    upper = 1.0 if share >= 1 else float(centre + half)
    return share, max(lower, 0.0), min(upper, 1.0)


def count_interval(count: float, independent: float) -> tuple[float, float]:
    """Bounds of a mean count, over the count, by Garwood's interval of a Poisson count.

    Parameters
    ----------
    count
        What was counted; with 0 the upper bound is that of the count itself.
    independent
        Effective number of independent counts.

    Notes
    -----
    Garwood, Biometrika 28 (1936) 437, doi:10.1093/biomet/28.3-4.437.
    """
    upper = float(stats.chi2.ppf(1 - _TAIL, 2 * independent + 2)) / 2
    if count <= 0:
        return 0.0, upper
    lower = float(stats.chi2.ppf(_TAIL, 2 * independent)) / 2
    return lower / independent, upper / independent
