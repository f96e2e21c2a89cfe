"""Many questions asked of one set of data."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def holm(p_value: Values) -> Values:
    """P values adjusted for all that were asked together (Holm, Scand. J. Stat. 6 (1979) 65).

    Parameters
    ----------
    p_value
        Dims (question,); NaN where nothing was tested, which costs the others nothing.
    """
    adjusted = np.full(p_value.shape, np.nan)
    asked = np.flatnonzero(np.isfinite(p_value))
    order = asked[np.argsort(p_value[asked], kind="stable")]
    steps = p_value[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
