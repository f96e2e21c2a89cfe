"""What simulated instruments hand to the writers of their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Metadata = Mapping[str, float | str]


@dataclass(frozen=True)
class Axis:
    """One calibrated axis: position of the first element, step and unit as the file names it."""

    name: str
    start: float
    step: float
    units: str


@dataclass(frozen=True)
class Recording:
    """An array that a detector wrote, its axes in the order of the array's dimensions.

    Spatial dims come first, (y, x), then energy. ``metadata`` names units in its keys, such as
    ``beam_energy_kev``. ``survey`` is the image that a spectrum image was placed on.
    """

    data: NDArray[Any]
    axes: tuple[Axis, ...]
    signal: str
    metadata: Metadata = field(default_factory=dict)
    survey: "Recording | None" = None


@dataclass(frozen=True)
class Columns:
    """Columns of equal length that an instrument exported, units in their names."""

    values: Mapping[str, NDArray[np.float64]]
    metadata: Metadata = field(default_factory=dict)
