"""The ensemble of baselines and Elliott fits that no one can choose among."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nanostitch.absorption import baseline, elliott
from nanostitch.absorption.baseline import Baseline
from nanostitch.absorption.elliott import Fit, Prior
from nanostitch.absorption.spectrum import Spectrum

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Choices:
    """What is varied, and what is known before; keys of the settings of ``edge``."""

    below_ev: Sequence[float]
    to_nm: float
    exponents: Sequence[float]
    tilt: float
    above_ev: Sequence[float]
    prior: Prior
    accuracy: float
    reach_ev: float


@dataclass(frozen=True)
class Member:
    """One fit of the ensemble with its baseline."""

    name: str
    baseline: Baseline
    fit: Fit


def baselines(spectrum: Spectrum, edge_ev: float, choices: Choices) -> list[Baseline]:
    """Every baseline that fits; none where too little of the spectrum lies below the edge."""
    tried = [
        baseline.fit(spectrum, edge_ev - below, choices.to_nm, exponent, choices.tilt)
        for below, exponent in product(choices.below_ev, choices.exponents)
    ]
    return [one for one in tried if one is not None]


def fits(
    spectrum: Spectrum,
    under: Sequence[Baseline],
    start: tuple[float, float],
    choices: Choices,
    draws: int,
    random: np.random.Generator,
) -> list[Member]:
    """An Elliott fit for each baseline and each end of the window, with equal shares of draws.

    ``start`` is the inflection and a first guess of the broadening [eV].
    """
    edge_ev = start[0]
    each = -(-draws // (len(under) * len(choices.above_ev)))
    members = []
    for one, above in product(under, choices.above_ev):
        used = spectrum.between(edge_ev - min(choices.below_ev), edge_ev + above)
        energy, wavelength = spectrum.energy[used], spectrum.wavelength[used]
        seen = spectrum.absorbance[used] - one.at(wavelength)
        spread = elliott.covariance(
            energy,
            spectrum.noise[used],
            one.covariance_at(wavelength),
            float(seen.max()),
            choices.accuracy,
            choices.reach_ev,
        )
        found = elliott.fit(energy, seen, spread, start, choices.prior, each, random)
        name = f"baseline to {one.below_ev:.2f} eV, exponent {one.exponent:g}, fit to +{above:g} eV"
        members.append(Member(name, one, found))
    return members


def pooled(members: Sequence[Member]) -> Values:
    """Draws of all members, which count alike: (draw, parameter)."""
    return np.concatenate([member.fit.draws for member in members])
