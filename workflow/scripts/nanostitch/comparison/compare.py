"""Answer one question about groups of acquisitions.

The step ``comparison``: read one number from each product, take the means of samples, and say
how groups differ, with what could have been seen where they do not.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import intervals, quality
from nanostitch.comparison import bootstrap, cells, effect, mixed, observations, product, trend
from nanostitch.comparison.observations import Group, Observation
from nanostitch.comparison.product import Asked, Contrast, Question
from nanostitch.errors import ContractError

Values = NDArray[np.float64]


def compare(
    products: Sequence[xr.Dataset],
    member: Sequence[int],
    groups: Sequence[Group],
    *,
    variable: str,
    question: Question,
    scale: Literal["linear", "ratio"],
    margin: float | None,
    usable: Sequence[quality.Level],
    bootstrap_draws: int,
    seed: int,
) -> xr.Dataset:
    """Compare groups of products in one measure.

    Parameters
    ----------
    products
        With the measure, each with ``acquisition`` and ``sample`` in its attributes.
    member
        Number of the group of each product.
    groups
        The first is what the others are compared with; in a trend each is a level.
    variable
        Name of the measure.
    question
        ``difference``, ``ratio``, ``trend`` along ``Group.at``, or ``equivalence`` within a margin.
    scale
        Of a trend or an equivalence: of the number itself, or of its logarithm.
    margin
        Largest effect that does not matter, in the unit of the measure or as a factor above 1.
    usable
        Verdicts that are used; the others are listed with the reason.
    bootstrap_draws, seed
        Of the bootstrap of samples.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.comparison.COMPARISON``.

    Raises
    ------
    ContractError
        If a product has not the measure, or a ratio is asked of numbers that are not positive.
    """
    seen = [
        observations.read(one, group, variable=variable, where=groups[group].where, usable=usable)
        for one, group in zip(products, member, strict=True)
    ]
    in_ratio = question == "ratio" or scale == "ratio"
    used = [one for one in seen if not one.why_not]
    value = _scaled(used, in_ratio)
    numbers = np.array([one.group for one in used], dtype=int)
    names = [one.sample for one in used]
    means = cells.means(value, names, numbers, len(groups))
    unit = str(products[0][variable].attrs["units"])
    asked = Asked(question, in_ratio, margin, unit, intervals.bounds(variable))
    if question == "trend":
        found = trend.slope(means.mean, np.array([group.at for group in groups], dtype=float))
        contrasts = [Contrast("along the trend", found, (np.nan,) * 2, np.nan, np.nan, np.nan)]
    else:
        contrasts = [
            _contrast(means, value, names, numbers, number, groups, bootstrap_draws, seed)
            for number in range(1, len(groups))
        ]
    parts = [
        product.effects(contrasts, means, asked),
        product.in_groups(used, means, groups, asked),
        product.listed(seen, unit),
    ]
    return xr.merge(parts).assign(verdict=product.verdict(contrasts, seen, used, groups))


def _scaled(used: Sequence[Observation], in_ratio: bool) -> Values:
    value = np.array([one.value for one in used], dtype=float)
    if not in_ratio:
        return value
    for one in used:
        if not one.value > 0:
            remedy = "ask for a difference instead"
            raise ContractError(f"{one.acquisition}: no ratio with {one.value:.3g}; {remedy}")
    return np.asarray(np.log(value))


def _contrast(
    means: cells.Cells,
    value: Values,
    names: Sequence[str],
    numbers: NDArray[np.int_],
    number: int,
    groups: Sequence[Group],
    draws: int,
    seed: int,
) -> Contrast:
    here = (numbers == 0) | (numbers == number)
    sample = [name for name, kept in zip(names, here, strict=True) if kept]
    found = effect.difference(means, 0, number)
    model = np.full(2, np.nan)
    if np.isfinite(found.error):
        model = mixed.difference(value[here], sample, numbers[here] == number)
    return Contrast(
        f"{groups[number].label} against {groups[0].label}",
        found,
        (float(model[0]), float(model[1])),
        bootstrap.error(means, 0, number, draws=draws, seed=seed),
        effect.hedges_g(means, 0, number),
        effect.cliff_delta(means, 0, number),
    )
