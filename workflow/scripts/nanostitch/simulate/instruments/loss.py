"""What a fast electron loses in a thin film: probabilities per energy, and from how far away.

Retardation is left out: no Cerenkov light and no guided modes. At 60 kV CsPbBr3 (n of 2.0 to 2.3)
is at the threshold n > c/v = 2.24, so little is lost by that; at 200 kV it would be wrong. The
film stands for the layer of nanocrystals as if each were as wide as the field that a loss of 2 eV
reaches; side faces, corners and the coupling of cubes across ligands are not modelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

ELECTRON_REST_EV = 510998.95
BOHR_RADIUS_NM = 0.0529177211
HC_EV_NM = 1239.841984
"""Rest energy, Bohr radius, and Planck's constant times the speed of light (CODATA 2018)."""

ANGLES = 12
"""Nodes of the integral over scattering angles: within 1e-5 of the integral."""


@dataclass(frozen=True)
class Band:
    """A damped plasmon: energy, width and the energy from which it can be excited [eV].

    ``share`` scales its loss function.
    """

    plasmon_ev: float
    width_ev: float
    from_ev: float
    share: float = 1.0


LIGANDS = (Band(22.0, 14.0, 4.0),)
"""Alkyl chains: one wide sigma plasmon near 22 eV, as of all hydrocarbons; transparent below about
7 eV, but for double bonds and what the beam makes of them, whence the 4 eV."""
SUPPORT = (Band(24.0, 14.0, 4.0), Band(5.5, 4.0, 1.0, 0.1))
"""Carbon: sigma plasmon, and a weak pi plasmon whose flank lies under the gap of the crystals."""
METAL = (Band(14.0, 4.0, 0.0),)
"""Lead, the product of decomposition: free-electron-like, plasmon at 14 eV."""
_THRESHOLD_WIDTH_EV = 3.0


@dataclass(frozen=True)
class Beam:
    """Electrons of the microscope: energy [keV] and collection semi-angle [mrad].

    Notes
    -----
    Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope (2011),
    doi:10.1007/978-1-4419-9583-4, chapter 3.
    """

    energy_kev: float
    collection_mrad: float

    @property
    def gamma(self) -> float:
        """Lorentz factor."""
        return 1 + self.energy_kev * 1e3 / ELECTRON_REST_EV

    @property
    def rest_times_v2_ev(self) -> float:
        """Rest mass times squared speed [eV]."""
        return ELECTRON_REST_EV * (1 - self.gamma**-2)

    @property
    def wavelength_nm(self) -> float:
        """De Broglie wavelength [nm]."""
        return float(HC_EV_NM / (ELECTRON_REST_EV * np.sqrt(self.gamma**2 - 1)))

    def characteristic_angle(self, energy: Floats) -> Floats:
        """Angle at which the scattering of a loss [eV] has fallen to one half [rad]."""
        return np.asarray(energy / (self.gamma * self.rest_times_v2_ev))

    def film_prefactor(self, thickness_nm: float | Floats) -> Floats:
        """Loss probability per unit of the loss function and of the angular logarithm [1/eV]."""
        scale = np.pi * BOHR_RADIUS_NM * self.rest_times_v2_ev
        return np.asarray(thickness_nm / scale)

    def angular_logarithm(self, energy: Floats) -> Floats:
        """Angular integral of the bulk: ln(1 + (beta / theta_E)^2)."""
        ratio = self.collection_mrad * 1e-3 / self.characteristic_angle(energy)
        return np.asarray(np.log1p(ratio**2))

    def delocalisation_nm(self, energy_ev: float) -> float:
        """Diameter L50 around an electron in which half of its losses occur [nm].

        Notes
        -----
        0.52 lambda / theta_E^(3/4), Egerton, Ultramicroscopy 107 (2007) 575,
        doi:10.1016/j.ultramic.2006.11.005, and Egerton (2011).
        """
        angle = float(self.characteristic_angle(np.array(energy_ev)))
        return float(0.52 * self.wavelength_nm / angle**0.75)


def of_film(permittivity: Complexes, energy: Floats, thickness_nm: float, beam: Beam) -> Floats:
    """Single-scattering probability of a film in vacuum, per energy [1/eV].

    Parameters
    ----------
    permittivity
        Of the film; energy on the last axis.
    energy
        Energy losses above 0 [eV].
    thickness_nm
        Thickness [nm].
    beam
        At normal incidence.

    Notes
    -----
    Ritchie, Phys. Rev. 106 (1957) 874, doi:10.1103/PhysRev.106.874, as in Egerton (2011), without
    retardation. With q = k0 theta and k = k0 theta_E = omega / v the losses per solid angle go as

        1/(theta^2 + theta_E^2) Im{ -t/eps + 2q/(q^2 + k^2) (eps - 1)^2/eps
            [ sin^2(kt/2) / (eps + tanh(qt/2)) + cos^2(kt/2) / (eps + coth(qt/2)) ] }:

    the bulk, what its boundaries take from it, and the surface modes that they add. A thick film
    has the bulk's Im(-1/eps); one much thinner than v/omega absorbs like light, as Im eps.
    """
    limit = beam.angular_logarithm(energy)
    node, weight = np.polynomial.legendre.leggauss(ANGLES)
    # The angular logarithm u = limit s^2 makes the bulk a constant and q smooth at small angles.
    part, weight = (node + 1) / 2, weight / 2
    along = 2 * np.pi / beam.wavelength_nm * beam.characteristic_angle(energy)
    boundary = np.zeros(permittivity.shape)
    contrast = (permittivity - 1) ** 2 / permittivity
    phase = along * thickness_nm / 2
    sine, cosine = np.sin(phase) ** 2, np.cos(phase) ** 2
    for s, w in zip(part, weight, strict=True):
        across = along * np.sqrt(np.expm1(limit * s**2))
        strength = 2 * across / (across**2 + along**2) * 2 * limit * s * w
        tangent = np.tanh(across * thickness_nm / 2)
        modes = sine / (permittivity + tangent) + cosine / (permittivity + 1 / tangent)
        boundary += strength * (contrast * modes).imag
    bulk = thickness_nm * limit * np.imag(-1 / permittivity)
    return np.asarray(beam.film_prefactor(1.0) * (bulk + boundary))


def of_bands(bands: tuple[Band, ...], energy: Floats, beam: Beam) -> Floats:
    """Single-scattering probability of 1 nm of a featureless material, per energy [1/eV].

    Notes
    -----
    Loss function of a damped plasmon, E Gamma Ep^2 / ((E^2 - Ep^2)^2 + (E Gamma)^2) (Egerton
    2011), which sets in over 3 eV; surfaces are neglected.
    """
    loss = np.zeros(energy.shape)
    for band in bands:
        square = band.plasmon_ev**2
        shape = energy * band.width_ev * square
        shape /= (energy**2 - square) ** 2 + (energy * band.width_ev) ** 2
        above = np.maximum(energy - band.from_ev, 0.0)
        loss += band.share * shape * -np.expm1(-((above / _THRESHOLD_WIDTH_EV) ** 2))
    return np.asarray(beam.film_prefactor(1.0) * beam.angular_logarithm(energy) * loss)


def reach(step_nm: float, beam: Beam, energy_ev: float) -> Floats:
    """Share of the losses that occur in each pixel around the one that the beam is on.

    Parameters
    ----------
    step_nm
        Pixel size [nm].
    beam, energy_ev
        Whose losses; the reach at one energy near the gap stands for all.

    Returns
    -------
    numpy.ndarray
        Square of odd side, sum 1.

    Notes
    -----
    exp(-r/b) in the plane, with half of it inside L50: a substitute for the true point spread,
    which is steeper in the middle and goes on, weak, to v/omega.
    """
    decay = beam.delocalisation_nm(energy_ev) / 2 / _HALF_REACH
    pixels = max(int(np.ceil(_REACHES * decay / step_nm)), 1)
    away = step_nm * np.arange(-pixels, pixels + 1)
    kernel = np.exp(-np.hypot(away[:, None], away) / decay)
    return np.asarray(kernel / kernel.sum())


_HALF_REACH = 1.67835
"""Radius over decay length that holds half of exp(-r/b) in a plane: (1 + x) exp(-x) = 1/2."""
_REACHES = 6.0
"""Decay lengths to the edge of the square, which then holds more than 98 %."""
