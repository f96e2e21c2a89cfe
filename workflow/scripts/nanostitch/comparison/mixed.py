"""Difference of two groups by a linear mixed model, as a check of the one by sample means."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Values = NDArray[np.float64]
Numbers = NDArray[np.int_]

_RANGE = 1e-6, 1e3
"""Least and most of a variance component over the variance of all numbers; the least keeps the
covariance invertible."""


def difference(value: Values, sample: Sequence[str], second: NDArray[np.bool_]) -> Values:
    """Difference of two groups and its standard error by restricted maximum likelihood.

    Parameters
    ----------
    value
        One number an acquisition, dims (acquisition,), finite.
    sample
        Name of the sample of each.
    second
        Whether each belongs to the second group.

    Returns
    -------
    numpy.ndarray
        Difference and standard error; NaN where a group is empty or too few acquisitions are
        there for the model.

    Notes
    -----
    Random effects of the sample and of the sample in its group, so that acquisitions of one
    sample do not count as replicates of the change (Patterson & Thompson, Biometrika 58 (1971)
    545).
    """
    scale = float(np.std(value))
    groups = len(set(second.tolist()))
    if groups < 2 or value.size <= 2 or not scale > 0:
        return np.full(2, np.nan)
    names = {name: number for number, name in enumerate(dict.fromkeys(sample))}
    row = np.array([names[name] for name in sample])
    cell = 2 * row + second
    alike = [(one[:, None] == one).astype(float) for one in (row, cell, np.arange(value.size))]
    design = np.stack([np.ones(value.size), second.astype(float)], axis=1)
    scaled = value / scale

    def solved(logs: Values) -> tuple[float, Values, Values]:
        parts = np.clip(np.exp(logs), *_RANGE)
        covariance = np.einsum("k,kij->ij", parts, np.array(alike))
        inverse = np.linalg.inv(covariance)
        information = design.T @ inverse @ design
        found = np.linalg.solve(information, design.T @ inverse @ scaled)
        left = scaled - design @ found
        size = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
        return float(size + left @ inverse @ left), found, np.linalg.inv(information)

    best = min(
        (
            minimize(lambda logs: solved(logs)[0], begin, method="Nelder-Mead")
            for begin in ([-2.0, -2.0, -2.0], [-1.0, -6.0, -2.0])
        ),
        key=lambda one: float(one.fun),
    )
    _, found, covariance = solved(np.asarray(best.x))
    return scale * np.array([found[1], np.sqrt(covariance[1, 1])])
