"""Means of each sample in each group: what replicates are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """One row a sample, one column a group.

    ``mean`` of its acquisitions, dims (sample, group), NaN where a sample is not in a group;
    ``samples`` their names.
    """

    mean: Values
    samples: tuple[str, ...]

    def pair(self, first: int, second: int) -> tuple[Values, Values, Values, Values]:
        """Two groups: the paired samples of each, then those that only one of them has."""
        a, b = self.mean[:, first], self.mean[:, second]
        in_a, in_b = np.isfinite(a), np.isfinite(b)
        both = in_a & in_b
        return a[both], b[both], a[in_a & ~both], b[in_b & ~both]


def means(value: Values, sample: Sequence[str], group: NDArray[np.int_], groups: int) -> Cells:
    """Mean of the acquisitions of each sample in each group.

    Parameters
    ----------
    value
        One number an acquisition, dims (acquisition,), finite.
    sample, group
        Of each acquisition: the name of its sample, the number of its group.
    groups
        How many groups there are.

    Notes
    -----
    Every acquisition weighs alike, so that a well counted image does not speak for its sample.
    """
    names = tuple(dict.fromkeys(sample))
    row = np.array([names.index(name) for name in sample], dtype=int)
    shape = len(names), groups
    total, number = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, group), value)
    np.add.at(number, (row, group), 1.0)
    mean = np.full(shape, np.nan)
    np.divide(total, number, out=mean, where=number > 0)
    return Cells(mean, names)
