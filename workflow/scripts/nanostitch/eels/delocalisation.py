"""From how far away a fast electron loses energy: what blurs every map of a gap."""

import numpy as np
from scipy import constants

from nanostitch.eels.channels import Array

REST_ENERGY_EV = float(constants.value("electron mass energy equivalent in MeV")) * 1e6
"""Rest energy of the electron (CODATA)."""
_HC_EV_NM = float(constants.h * constants.c / constants.e) * 1e9
_L50_FACTOR = 0.52
"""Of the wavelength over the 3/4 power of the characteristic angle (Egerton 2007)."""


def characteristic_angle(energy_ev: float, beam_energy_kev: float) -> float:
    """Angle at which the scattering of a loss falls to one half, E / (gamma m v^2) [rad]."""
    gamma = _gamma(beam_energy_kev)
    return energy_ev / (gamma * REST_ENERGY_EV * (1 - gamma**-2))


def length_nm(energy_ev: float, beam_energy_kev: float) -> float:
    """Diameter of the circle around the beam that holds half of the scattering, L50 [nm].

    Parameters
    ----------
    energy_ev
        Energy loss [eV].
    beam_energy_kev
        Energy of the beam [keV].

    Notes
    -----
    0.52 lambda / theta_E^(3/4), with the relativistic wavelength and angle: Egerton,
    Ultramicroscopy 107 (2007) 575. Diffraction at the collection aperture adds 0.6 lambda /
    beta in quadrature, a hundredth of it.
    """
    wavelength = _HC_EV_NM / (REST_ENERGY_EV * np.sqrt(_gamma(beam_energy_kev) ** 2 - 1))
    return float(
        _L50_FACTOR * wavelength / characteristic_angle(energy_ev, beam_energy_kev) ** 0.75
    )


def share_of_strip(distance_nm: Array, width_nm: float, l50_nm: float) -> Array:
    """Share of the losses that a long straight strip contributes, by the beam's distance from it.

    Parameters
    ----------
    distance_nm
        Distances of the beam from the middle of the strip [nm].
    width_nm
        Width of the strip [nm].
    l50_nm
        From :func:`length_nm`.

    Notes
    -----
    Losses in the plane as (1 + r^2/a^2)^(-3/2), half of them within r = a sqrt(3) = L50/2: a core
    with a far tail, as delocalised scattering has (Egerton, Rep. Prog. Phys.
    72 (2009) 016502, doi:10.1088/0034-4885/72/1/016502).
    Along a line that leaves a Lorentzian of half-width a.
    """
    half_width = l50_nm / 2 / np.sqrt(3)
    ends = [np.arctan((distance_nm + side * width_nm / 2) / half_width) for side in (1, -1)]
    return np.asarray((ends[0] - ends[1]) / np.pi)


def _gamma(beam_energy_kev: float) -> float:
    return 1 + beam_energy_kev * 1e3 / REST_ENERGY_EV
