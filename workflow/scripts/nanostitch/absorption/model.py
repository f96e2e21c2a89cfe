"""What is asked of an absorption spectrum, and what it gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.absorption.baseline import Baseline
from nanostitch.absorption.ensemble import Choices, Member

Values = NDArray[np.float64]

DEFINITIONS = ("edge_energy", "exciton_energy", "edge_inflection")
"""Edges of one spectrum, of which covariances are given."""


@dataclass(frozen=True)
class Settings:
    """The settings of ``edge``, which says what each is."""

    range_ev: tuple[float, float]
    max_absorbance: float
    min_sigma: float
    search_ev: float
    windows: Sequence[float]
    choices: Choices
    max_misfit: float
    exponents: Sequence[float]
    from_levels: Sequence[float]
    to_levels: Sequence[float]
    reference_nm: float
    accuracy_nm: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Found:
    """What one spectrum gave: draws by definition, members of the ensemble, flags."""

    inflection: float
    half_width: float
    draws: Mapping[str, Values]
    members: Sequence[Member]
    under: Sequence[Baseline]
    flags: Mapping[str, bool]
