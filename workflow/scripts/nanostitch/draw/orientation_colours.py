"""Colours of orientations: a cycle that readers with any colour vision follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ANCHORS = ("#3A1F4A", "#3F8FE0", "#F3F0E0", "#D9821E")
"""Dark, blue, light, orange: a way around the plane of light against dark and of blue against
yellow, which readers without red or without green vision keep whole."""

UNKNOWN = 0.8
"""Grey of what has no orientation."""


def of_share(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colour of a place in a cycle: 0 and 1 are alike.

    Parameters
    ----------
    share
        Angle over period, any shape; only its remainder by 1 counts. NaN gives a pale grey.

    Returns
    -------
    numpy.ndarray
        Red, green and blue in 0 to 1, shape ``(*share.shape, 3)``.
    """
    stops = np.array([_rgb(name) for name in (*ANCHORS, ANCHORS[0])])
    at = np.linspace(0, 1, len(stops))
    place = np.mod(np.nan_to_num(share), 1.0)
    colours = np.stack([np.interp(place, at, stops[:, part]) for part in range(3)], axis=-1)
    colours[~np.isfinite(share)] = UNKNOWN
    return colours


def _rgb(name: str) -> list[float]:
    return [int(name[at : at + 2], 16) / 255 for at in (1, 3, 5)]
