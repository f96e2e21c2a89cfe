"""How strongly atoms scatter into an annular dark-field detector."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.errors import BatchError

Floats = NDArray[np.float64]

LATTICE_NM = 0.587
"""Pseudo-cubic lattice parameter of CsPbBr3 [nm]."""
CELL_NM3 = LATTICE_NM**3
CRYSTAL: Mapping[str, float] = {"Cs": 1.0, "Pb": 1.0, "Br": 3.0}
"""Atoms in a unit cell."""

ATOMIC_NUMBER: Mapping[str, int] = {"H": 1, "C": 6, "Br": 35, "Cs": 55, "Pb": 82}
CARBON_PER_NM3 = 100.0
"""Atoms in evaporated carbon of 2.0 g/cm3."""
LIGAND_PER_NM3 = 33.0
"""Methylene groups in a shell of oleylamine and oleate of 0.8 g/cm3 (14 g/mol each)."""
LEAD_PER_NM3 = 33.0
"""Atoms in lead of 11.34 g/cm3."""

_BOHR_RADIUS_NM = 0.0529177
_REST_ENERGY_KEV = 510.999
_HC_KEV_NM = 1.23984
_SCREENING = 0.117
"""Screening angle [rad] of atomic number 1 at 1 keV."""

_RANDOM = 0.67
"""Signal of a crystal far from any zone axis over the sum of its atoms' cross-sections."""
_ON_AXIS = (0.39, 0.49, 0.30)
"""What channelling along [001], [110] and [111] adds to that, by ``zone_axis``."""
_CHANNELLING_MRAD = 18.0
"""Tilt over which it is lost: standard deviation of a Gaussian [mrad]."""
_LOST_PER_DETECTED = 3.7
"""Electrons that leave a column over those of them that reach the detector."""
_DIFFUSE_NM = 0.3
"""Standard deviation of the spread of electrons that have left their column [nm]."""


_FWHM = 2.354820
"""Full width at half maximum of a Gaussian over its standard deviation."""


@dataclass(frozen=True)
class Optics:
    """Beam energy [keV], semi-angle of the probe, angles of the detector [mrad], probe [nm].

    Raises
    ------
    BatchError
        If the detector has no area.
    """

    beam_energy_kev: float
    convergence_mrad: float
    inner_mrad: float
    outer_mrad: float
    probe_fwhm_nm: float
    defocus_nm: float

    def __post_init__(self) -> None:
        """Check the detector."""
        if self.inner_mrad >= self.outer_mrad:
            raise BatchError(
                f"inner_mrad: {self.inner_mrad:g} is not below outer_mrad: {self.outer_mrad:g}, so "
                "that the annular detector has no area; lower inner_mrad or raise outer_mrad"
            )

    @property
    def blur_nm(self) -> float:
        """Standard deviation of a Gaussian like the probe [nm].

        Out of focus the probe is a disc of the radius defocus times convergence (geometrical
        optics); its variance along one direction is a quarter of the square of the radius.
        """
        radius = abs(self.defocus_nm) * self.convergence_mrad * 1e-3
        return float(np.hypot(self.probe_fwhm_nm / _FWHM, radius / 2))


def wavelength_nm(beam_energy_kev: float) -> float:
    """Relativistic wavelength of the beam [nm]."""
    momentum = np.sqrt(beam_energy_kev * (beam_energy_kev + 2 * _REST_ENERGY_KEV))
    return float(_HC_KEV_NM / momentum)


def cross_section_nm2(element: str, optics: Optics) -> float:
    """Cross-section of one atom for scattering onto the detector [nm2].

    Parameters
    ----------
    element
        A key of :data:`ATOMIC_NUMBER`.
    optics
        Beam energy and angles of the detector.

    Notes
    -----
    Screened relativistic Rutherford cross-section, integrated over the annulus; screening angle
    0.117 Z^(1/3) / E^(1/2) rad, E in keV (Williams and Carter, Transmission Electron Microscopy,
    2nd ed. 2009, chapter 3). Screening makes it rise with Z less than squared, as is found for
    annular detectors (Treacy, Microsc. Microanal. 17 (2011) 847).
    """
    number = ATOMIC_NUMBER[element]
    screening = (_SCREENING * number ** (1 / 3) / np.sqrt(optics.beam_energy_kev) / 2) ** 2
    angles = (optics.inner_mrad, optics.outer_mrad)
    inner, outer = (np.sin(angle / 2e3) ** 2 for angle in angles)
    annulus = 1 / (inner + screening) - 1 / (outer + screening)
    strength = wavelength_nm(optics.beam_energy_kev) ** 4 * number**2
    return float(strength / (16 * np.pi**3 * _BOHR_RADIUS_NM**2) * annulus)


def per_nm(atoms_per_nm3: Mapping[str, float], optics: Optics) -> float:
    """Share of the beam that a nanometre of material sends to the detector, atom by atom.

    Parameters
    ----------
    atoms_per_nm3
        Number density of each element.
    optics
        Beam energy and angles of the detector.
    """
    return sum(n * cross_section_nm2(element, optics) for element, n in atoms_per_nm3.items())


def perovskite_per_nm(optics: Optics) -> float:
    """The same of CsPbBr3, far from channelling and before multiple scattering."""
    return per_nm({element: n / CELL_NM3 for element, n in CRYSTAL.items()}, optics)


def channelling(
    zone_axis: NDArray[np.int8], tilt_y_degree: Floats, tilt_x_degree: Floats
) -> Floats:
    """Signal of tilted crystals over the sum of their atoms' cross-sections.

    Near a zone axis atoms focus the beam onto the next ones.

    Parameters
    ----------
    zone_axis
        0, 1, 2 are [001], [110], [111].
    tilt_y_degree, tilt_x_degree
        Tilt of the zone axis from the beam [degree].

    Notes
    -----
    The numbers are ours, from multislice images with abTEM of 8 nm of CsPbBr3 at 60 kV,
    convergence 18 mrad, detector from 60 to 150 mrad, tilted by 0 to 130 mrad: the share s of the
    beam detected, as -log(1 - s) before multiple scattering.
    """
    tilt = np.radians(np.hypot(tilt_y_degree, tilt_x_degree)) * 1e3
    kept = np.exp(-(tilt**2) / (2 * _CHANNELLING_MRAD**2))
    return np.asarray(_RANDOM + np.array(_ON_AXIS)[zone_axis] * kept)


def seen_by_columns(single: Floats, pixel_size_nm: float) -> Floats:
    """Share of the beam on the detector, from what each place would send if all stayed there.

    On a column of heavy atoms the beam is used up with depth. What leaves the column spreads and
    is scattered by the average of its surroundings, until it is used up too; the share stays
    below 1, and the mean m of ``single`` over many columns becomes 1 - exp(-m), as in images too
    coarse for columns.

    Parameters
    ----------
    single
        Density of the cross-sections, blurred by the probe [1], dims ``(y, x)``.
    pixel_size_nm
        Pixel size [nm].

    Notes
    -----
    An approximation of ours, with one number fitted to multislice images of CsPbBr3 [001], 1.8 to
    16 nm thick (the test ``test_laboratory_multislice.py`` holds it to one of them).
    """
    kept = -np.expm1(-_LOST_PER_DETECTED * single) / _LOST_PER_DETECTED
    around, spent = (
        ndimage.gaussian_filter(layer, _DIFFUSE_NM / pixel_size_nm, mode="nearest", truncate=3.0)
        for layer in (single, kept)
    )
    return np.asarray(1 - (1 - kept) / (1 - spent) * np.exp(-around))


def amorphous(carbon_nm: Floats, ligand_nm: Floats) -> Floats:
    """Atoms of carbon in projection [per nm2]; hydrogen scatters too little to matter here."""
    return CARBON_PER_NM3 * carbon_nm + LIGAND_PER_NM3 * ligand_nm
