"""Slope of a measure along a column of the conditions, over samples."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.comparison import effect
from nanostitch.comparison.effect import NOTHING, Effect

Values = NDArray[np.float64]

_FEWEST_SLOPES, _FEWEST_POINTS = 2, 3


def slope(mean: Values, at: Values) -> Effect:
    """Slope of sample means against a column.

    Parameters
    ----------
    mean
        Means of samples, dims (sample, level); NaN where a sample has none at that level.
    at
        Value of the column at each level.

    Returns
    -------
    Effect
        Mean of the slopes of the samples that were followed over two levels or more, where there
        are at least two of them; else the line through the means of all samples, each once.
    """
    known = np.isfinite(mean)
    followed = [
        float(np.polyfit(at[here], values[here], 1)[0])
        for values, here in zip(mean, known, strict=True)
        if here.sum() >= 2
    ]
    if len(followed) >= _FEWEST_SLOPES:
        return effect.mean(np.array(followed))
    place, height = centres(mean, at)
    if place.size < 2 or not np.ptp(place) > 0:
        return Effect(followed[0], np.nan, np.nan) if followed else NOTHING
    away = place - place.mean()
    value = float(away @ height / (away @ away))
    if place.size < _FEWEST_POINTS:
        return Effect(value, np.nan, np.nan)
    left = height - height.mean() - value * away
    freedom = place.size - 2.0
    return Effect(value, float(np.sqrt(left @ left / freedom / (away @ away))), freedom)


def centres(mean: Values, at: Values) -> tuple[Values, Values]:
    """Mean place and mean height of each sample over its levels, dims (sample,) each."""
    known = np.isfinite(mean)
    number = known.sum(axis=1)
    return (known * at).sum(axis=1) / number, np.where(known, mean, 0.0).sum(axis=1) / number
