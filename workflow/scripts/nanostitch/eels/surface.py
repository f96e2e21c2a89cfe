"""What makes a loss near the gap no property of the bulk: Čerenkov light and surfaces."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanostitch.eels.kramers_kronig import REST_KEV, Beam
from nanostitch.quality import Level

Mask = NDArray[np.bool_]
Flags = dict[str, bool | Mask]

THIN = 0.5
"""t/lambda below which surface losses are no small part of the loss at the gap. Their number does
not depend on the thickness. At 2.4 eV and 60 keV they are half of those of the bulk in 30 nm of
CsPbBr3 (t/lambda 0.5), twice those in 8 nm, by :func:`surface_share`."""


def cerenkov_threshold(beam_energy_kev: float) -> float:
    """Refractive index above which the electron outruns light: c/v.

    Notes
    -----
    Stöger-Pollach & Schattschneider, Ultramicroscopy 107 (2007) 1178.
    """
    total = 1 + beam_energy_kev / REST_KEV
    return float(1 / np.sqrt(1 - total**-2))


def flags(
    beam_energy_kev: float | None,
    refractive_index: Sequence[float],
    relative_thickness: NDArray[np.floating[Any]] | None = None,
) -> Flags:
    """What may put losses near the gap that bulk and optics do not have.

    Parameters
    ----------
    beam_energy_kev
        Beam energy [keV], None where it is unknown.
    refractive_index
        Lowest and highest refractive index of the specimen just below its gap.
    relative_thickness
        t/lambda of each spectrum, NaN where unknown; None for none known.

    Returns
    -------
    dict
        ``cerenkov``: even the lowest index is above the threshold. ``cerenkov_possible``: only
        the highest is, or the beam energy is unknown. ``surface_losses``: thinner than
        :data:`THIN`.
    """
    low, high = refractive_index
    threshold = np.nan if beam_energy_kev is None else cerenkov_threshold(beam_energy_kev)
    surely = bool(low > threshold)
    thin = False if relative_thickness is None else np.asarray(relative_thickness < THIN)
    return {
        "cerenkov": surely,
        "cerenkov_possible": not surely and not high <= threshold,
        "surface_losses": thin,
    }


def reasons(found: Mapping[str, bool | Mask], beam_energy_kev: float | None) -> dict[str, Level]:
    """Sentences for a verdict, with how much each weighs."""
    said: dict[str, Level] = {}
    light = f"Čerenkov light at {beam_energy_kev:g} keV" if beam_energy_kev else "Čerenkov light"
    if found["cerenkov"]:
        said[f"{light} adds losses near the gap: lower the beam energy"] = "doubtful"
    elif beam_energy_kev is None:
        said[f"beam energy unknown: {light} cannot be excluded"] = "doubtful"
    elif found["cerenkov_possible"]:
        said[f"{light} is possible where the refractive index peaks at the gap"] = "good"
    if np.any(found["surface_losses"]):
        said["thin specimen: surface losses are part of the loss near the gap"] = "good"
    return said


def surface_share(
    energy_ev: float, permittivity: complex, thickness_nm: float, beam: Beam
) -> float:
    """Losses at two flat surfaces over those in the bulk between them.

    Parameters
    ----------
    energy_ev
        Energy loss [eV].
    permittivity
        Of the specimen there, with positive imaginary part.
    thickness_nm
        Distance of the surfaces [nm], which do not couple.
    beam
        Beam energy and collection semi-angle.

    Notes
    -----
    Egerton 2011, appendix B.4. Both losses begin where absorption does: surfaces change the
    shape of an onset, not its place.
    """
    bulk = (-1 / permittivity).imag
    both = (-4 / (1 + permittivity)).imag - bulk
    angle = energy_ev / beam.per_mrad_ev
    angular = float(np.log1p((beam.collection_mrad / angle) ** 2))
    weight = float(beam.surface_factor(np.array(energy_ev), 0.0)) / thickness_nm
    return float(weight * both / (bulk * angular))
