"""Standard error of a difference by drawing whole samples anew."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.comparison.cells import Cells

Values = NDArray[np.float64]


def error(cells: Cells, first: int, second: int, *, draws: int, seed: int) -> float:
    """Standard deviation of the difference of two groups over draws of samples.

    Parameters
    ----------
    cells
        Means of samples.
    first, second
        Numbers of the groups.
    draws, seed
        Number of draws and seed of their generator.

    Returns
    -------
    float
        NaN with fewer than two samples of a kind: in both groups, or in one of them.

    Notes
    -----
    Samples are drawn, never acquisitions or objects within them, which would count twice. One
    less than there are is drawn of each kind, which makes the variance that of few samples
    unbiased (Rao & Wu, J. Am. Stat. Assoc. 83 (1988) 231).
    """
    both = cells.mean[:, [first, second]]
    present = np.isfinite(both)
    kinds = [np.flatnonzero((present == kind).all(axis=1)) for kind in ([1, 1], [1, 0], [0, 1])]
    kinds = [kind for kind in kinds if kind.size]
    if not kinds or not present.any(axis=0).all() or any(kind.size == 1 for kind in kinds):
        return np.nan
    random = np.random.default_rng(seed)
    weight = np.zeros((draws, len(both)))
    for kind in kinds:
        drawn = random.integers(kind.size, size=(draws, kind.size - 1))
        rows = np.broadcast_to(np.arange(draws)[:, None], drawn.shape)
        np.add.at(weight, (rows, kind[drawn]), kind.size / (kind.size - 1))
    values = np.where(present, both, 0.0)
    mean = (weight @ values) / (weight @ present)
    return float(np.std(mean[:, 1] - mean[:, 0]))
