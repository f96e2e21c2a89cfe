"""How facets come together: the rate of merging by the gap between two of them."""

from dataclasses import dataclass

import numpy as np

from nanostitch.simulate.specimen.crystals import Floats, Mask

FARTHEST_DECAYS = 5.0
"""Gaps wider than two shells by this many decay lengths never merge (rate below 1 %)."""

SQUEEZED_FACTOR = 10.0
"""Facets of one body that are nearer than one ligand length merge this much faster: their contact
next door has already expelled the ligands, which leave the slit sideways. Chosen so that seams
between the rows of one body close before the body meets its next neighbour."""

SLIT_DECAYS = 3.0
"""Slits within one body fill up to two shells and this many decay lengths, about 5 nm: their walls
are concave where they end, and atoms move there. Wider ones stay open as voids. Chosen so that a
film of 90 °C for 1 h is continuous but for voids, as in the paper's Figure 7d."""

SLIDING_NM_PER_H = 20.0
"""Speed at which crystals come together in annealing, which takes ligands off at once but dries the
support on which they slide. Chosen so that in an hour at 90 °C all within reach meet, while at
260 °C, where they live two minutes, none comes nearer by more than 0.7 nm, half a shell: the empty
shells of the paper's Figure 8 lie where the crystals lay."""


@dataclass(frozen=True)
class Approach:
    """How facets come together: rate per pair [1/h], shells and the reach beyond them [nm].

    Bodies farther apart than ``path_nm`` [nm] do not come together in the time there is.
    """

    rate_per_h: float
    ligand_length_nm: float
    gap_decay_nm: float
    path_nm: float = np.inf

    @property
    def bridge(self) -> float:
        """Widest gap that a neck bridges between two bodies [nm]: what two shells had filled."""
        return 2 * self.ligand_length_nm

    @property
    def slit(self) -> float:
        """Widest gap that fills between facets of one body [nm]."""
        return self.bridge + SLIT_DECAYS * self.gap_decay_nm

    @property
    def reach(self) -> float:
        """Widest gap across which facets may come together [nm]."""
        return self.bridge + FARTHEST_DECAYS * self.gap_decay_nm

    def rates(self, gap: Floats, same_body: Mask) -> Floats:
        """Rate of merging [1/h] of facing pairs by their gap [nm].

        Within reach of both shells the rate is constant; beyond, ligands must be lost over a
        longer stretch and it decays exponentially. Facets of one body cannot come closer: the slit
        between them fills, if it is narrow.
        """
        beyond = np.maximum(gap - self.bridge, 0.0) / self.gap_decay_nm
        rate = np.where(beyond < FARTHEST_DECAYS, self.rate_per_h * np.exp(-beyond), 0.0)
        rate = np.where(same_body & (beyond > SLIT_DECAYS), 0.0, rate)
        rate = np.where(~same_body & (gap > self.path_nm), 0.0, rate)
        squeezed = same_body & (gap < self.ligand_length_nm)
        rated: Floats = np.where(squeezed, SQUEEZED_FACTOR * rate, rate)
        return rated
