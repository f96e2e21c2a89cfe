"""What a format's reader hands over: arrays with their axes, before any technique is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Axis:
    """One axis as the file states it.

    ``units`` is empty and ``scale`` and ``offset`` are NaN where the file has none. ``values``
    holds the positions of an axis that is not uniform; ``scale`` and ``offset`` do not count
    then. ``doubt`` says how the file contradicts itself about ``scale`` and ``offset``, which
    must then be told.
    """

    name: str
    size: int
    scale: float
    offset: float
    units: str
    navigate: bool
    values: npt.NDArray[np.float64] | None = None
    doubt: str = ""

    def positions(self) -> npt.NDArray[np.float64]:
        """Coordinate of each point, in ``units``."""
        if self.values is not None:
            return self.values
        return np.asarray(self.offset + self.scale * np.arange(self.size), dtype=float)


@dataclass(frozen=True)
class Signal:
    """One dataset of a file; ``axes`` are in the order of the array's dimensions.

    ``techniques`` says which ones its columns suffice for; None where its axes decide.
    """

    data: npt.NDArray[Any]
    axes: tuple[Axis, ...]
    title: str
    signal_type: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict)
    techniques: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RawFile:
    """All datasets of one file, its format and what the format's library complained of."""

    path: Path
    format: str
    signals: tuple[Signal, ...]
    warnings: tuple[str, ...]
