"""Geometry between measured conductance and the film: interdigitated electrodes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ellipk, ellipkm1

_STRAIGHT = 100.0
"""Pi g / (4 h) beyond which the elliptic integrals are their asymptotes in double precision."""


COLUMNS = ("electrode_gap_um", "electrode_length_mm", "electrode_pairs")
"""Columns of acquisitions.tsv that tell the electrodes."""


class Electrodes(NamedTuple):
    """Told geometry: gap between fingers and its width [m], gaps in parallel."""

    gap: float
    length: float
    gaps: int

    @property
    def squares(self) -> float:
        """Width over length of all gaps in parallel: what a thin film's conductance scales with.

        Notes
        -----
        Current in a film much thinner than the gap runs straight across it, so that conductance is
        sheet conductance times this. Formulas for a half space above the fingers (Olthuis et al.,
        Sens. Actuators B 24-25 (1995) 252, for electrolytes) do not hold for films.
        """
        return self.gaps * self.length / self.gap


def told(attrs: Mapping[str, Any]) -> tuple[Electrodes | None, list[str]]:
    """Electrodes from the told columns, and the columns that lack; None where any lacks.

    Parameters
    ----------
    attrs
        ``electrode_gap_um``, ``electrode_length_mm`` (over which fingers lie side by side) and
        ``electrode_pairs``: n pairs of fingers make 2 n - 1 gaps.
    """
    lacking = [name for name in COLUMNS if name not in attrs]
    if lacking:
        return None, lacking
    gap, length, pairs = (float(attrs[name]) for name in COLUMNS)
    return Electrodes(gap * 1e-6, length * 1e-3, 2 * round(pairs) - 1), []


def thickness(attrs: Mapping[str, Any]) -> float:
    """Told thickness of the film [m]; NaN where it is not told."""
    return float(attrs.get("film_thickness_nm", np.nan)) * 1e-9


def cell_constant(electrodes: Electrodes, film: float) -> float:
    """Conductance over sheet conductance.

    Parameters
    ----------
    electrodes
        Told geometry.
    film
        Thickness of the film [m]; with NaN it counts as thin.
    """
    factor = 1.0 if np.isnan(film) else thickness_factor(electrodes, film)
    return electrodes.squares * factor


def thickness_factor(electrodes: Electrodes, thickness: float) -> float:
    """Conductance of a film of finite thickness over that of the same film if it were thin.

    Parameters
    ----------
    electrodes
        Coplanar electrodes, wide against the gap's depth of field.
    thickness
        Film on top of them [m].

    Notes
    -----
    Conformal map of a strip: a gap g under a film of thickness h and conductivity sigma has the
    conductance sigma K(k') / (2 K(k)) per length, k = tanh(pi g / (4 h)) (as the layers of
    Gevorgian et al., IEEE Trans. Microw. Theory Tech. 44 (1996) 896). For h much below g it is
    sigma h / (g + 4 ln(2) h / pi): the current spreads over the edges of the electrodes.
    """
    quarter = np.pi * electrodes.gap / (4 * thickness)
    if quarter > _STRAIGHT:
        return float(quarter / (quarter + np.log(2)))
    complement = 1 / np.cosh(quarter) ** 2
    ratio = ellipk(complement) / ellipkm1(complement)
    return float(ratio * electrodes.gap / (2 * thickness))
