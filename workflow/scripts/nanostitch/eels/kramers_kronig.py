"""Permittivity and thickness from single scattering: Kramers-Kronig analysis."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import constants, fft

from nanostitch.eels.row_chunks import in_chunks

Real = NDArray[np.floating[Any]]
Precision = type[np.float32] | type[np.float64]

REST_KEV = constants.m_e * constants.c**2 / constants.e / 1e3
"""Rest energy of the electron [keV]."""
BOHR_NM = constants.physical_constants["Bohr radius"][0] * 1e9
"""Bohr radius [nm]."""
RECIPROCAL_NM = constants.m_e * constants.c / constants.hbar * 1e-9
"""Reciprocal of the electron's reduced Compton wavelength [rad/nm]."""
SURFACE_SOFTENING_EV = 0.5
"""Added to the energy where the surface term divides by it [eV], which keeps noise near 0 eV from
running away (Egerton 2011, appendix B.4)."""
KEPT = 0.5
"""Share of the last estimate of the bulk losses that each round keeps. Without it, as in eXSpy and
the textbook, rounds swing, and diverge where surface losses are as many as those of the bulk."""
SUM = "ij,j->i"
"""Weighted sum of each row: unlike a matrix product it adds in one order on any machine load."""


@dataclass(frozen=True)
class Beam:
    """What the kinematics need of the microscope: beam energy [keV], collection semi-angle [mrad].

    The convergence angle is not in it: the aperture is taken to be much wider than the probe's
    cone or than the angle of the losses, so that none is cut off.
    """

    energy_kev: float
    collection_mrad: float

    @property
    def kinetic_kev(self) -> float:
        """m0 v²/2 [keV]."""
        total = 1 + self.energy_kev / REST_KEV
        return float(0.5 * REST_KEV * (1 - total**-2))

    @property
    def per_mrad_ev(self) -> float:
        """Energy loss over its characteristic angle theta_E [eV/mrad]: gamma m0 v²/1000."""
        return float(
            self.energy_kev * (2 * REST_KEV + self.energy_kev) / (REST_KEV + self.energy_kev)
        )

    @property
    def wave_number(self) -> float:
        """Wave number of the electron [rad/nm]."""
        total = 1 + self.energy_kev / REST_KEV
        return float(RECIPROCAL_NM * np.sqrt(total**2 - 1))

    def surface_factor(self, energy: Real, softening_ev: float = SURFACE_SOFTENING_EV) -> Real:
        """Surface losses over bulk ones without the angular factor, times thickness [nm].

        For two flat surfaces, whose loss function is 4 Im(-1/(1 + eps)) - Im(-1/eps).
        """
        beta, angle = self.collection_mrad, energy / self.per_mrad_ev
        softened = (energy + softening_ev) / self.per_mrad_ev
        # Angles in mrad: their reciprocals are 1e3 times smaller than those in rad.
        spread = 1e3 * (np.arctan(beta / angle) / softened - beta / (beta**2 + angle**2))
        return np.asarray(2 * spread / self.wave_number)


@dataclass(frozen=True)
class Dielectric:
    """Result of spectra, one a row: permittivity (n, channel) and thickness (n,) [nm]."""

    real: Real
    imag: Real
    thickness_nm: Real


def permittivity(
    single: Real,
    energy: Real,
    zero_loss_counts: Real,
    beam: Beam,
    refractive_index: float,
    iterations: int = 1,
    workers: int = 1,
) -> Dielectric:
    """Complex permittivity of the specimen, and how thick it is.

    Single scattering over the angular factor ln(1 + (beta/theta_E)²) is the loss function
    Im(-1/eps) up to a constant, which the sum rule for 1 - Re(1/eps) at zero energy fixes: there
    it is 1 - 1/n². The constant is proportional to the thickness. Re(1/eps) follows by the
    Kramers-Kronig relation.

    Parameters
    ----------
    single
        Counts of single scattering (n, channel), without a zero-loss peak. Computed in single
        precision if float32, else in double.
    energy
        Energy loss (channel,) [eV], even, all positive; the loss is zero below the first.
    zero_loss_counts
        Electrons in the zero-loss peak of each spectrum (n,).
    beam
        Beam energy and collection semi-angle.
    refractive_index
        Of the specimen at zero energy without phonons: the square root of its optical
        permittivity. Infinite for a metal.
    iterations
        Rounds; each after the first subtracts the losses that two flat, clean, uncoupled
        surfaces of the permittivity found so far would give.
    workers
        Threads; their number does not change a bit of the result.

    Returns
    -------
    Dielectric
        NaN rows stay NaN.

    Notes
    -----
    Egerton 2011, section 4.2 and appendix B.4; transform by Johnson, J. Phys. A 8 (1975) 490.
    Neither retardation nor Čerenkov light is in it; for both see Stöger-Pollach & Schattschneider,
    Ultramicroscopy 107 (2007) 1178. As eXSpy's ``kramers_kronig_analysis``, but with two real
    transforms instead of complex ones, and with each channel at its own energy: eXSpy transforms
    as if the first positive channel lay at 0 eV, which moves the axis by up to one channel, and
    sums over periodic images, which adds (pi²/3) (Ep/L)² to Re(1/eps) for a plasmon at Ep on a
    transform of length L: 0.1 for 30 eV on an axis of 85 eV.
    """
    wanted = np.float32 if single.dtype == np.float32 else np.float64
    work = _Work(energy.astype(float), beam, refractive_index, iterations, wanted)
    rows, channels = single.shape
    real, imag = (np.empty((rows, channels), wanted) for _ in range(2))
    thick = np.empty(rows)
    electrons = np.broadcast_to(np.asarray(zero_loss_counts, float), (rows,))

    def enter(chunk: slice) -> None:
        real[chunk], imag[chunk], thick[chunk] = work.solve(single[chunk], electrons[chunk])

    in_chunks(enter, rows, channels * real.itemsize, workers)
    return Dielectric(real, imag, thick)


class _Work:
    """Factors that all spectra share."""

    def __init__(
        self, energy: Real, beam: Beam, refractive_index: float, iterations: int, dtype: Precision
    ) -> None:
        self.step = float((energy[-1] - energy[0]) / (energy.size - 1))
        self.first = round(float(energy[0]) / self.step)
        self.size = int(fft.next_fast_len(2 * (self.first + energy.size), real=True))
        self.dtype, self.iterations = dtype, iterations
        self.energy: Real = energy.astype(dtype)
        angular = np.log1p((beam.collection_mrad * beam.per_mrad_ev / energy) ** 2)
        self.per_loss = (1 / angular / self.step).astype(dtype)
        self.sum_weight = (self.per_loss * self.step / energy).astype(dtype)
        self.sum_rule = 0.5 * np.pi * (1 - refractive_index**-2.0)
        self.nm_per_kev = 2e3 * np.pi * BOHR_NM * beam.kinetic_kev
        self.surface: Real = (self.step * beam.surface_factor(energy)).astype(dtype)

    def solve(self, single: Real, electrons: Real) -> tuple[Real, Real, Real]:
        counts: Real = single.astype(self.dtype, copy=False)
        loss = counts
        for left in reversed(range(self.iterations)):
            scale = np.einsum(SUM, loss, self.sum_weight)[:, None] / self.dtype(self.sum_rule)
            thickness = self.nm_per_kev * scale[:, 0].astype(float) / electrons
            imag = loss * self.per_loss / scale
            real = self._kramers_kronig(imag)
            square = real**2 + imag**2
            real /= square
            energy_loss = imag
            imag = imag / square
            if left:
                surface = 4 * imag / ((real + 1) ** 2 + imag**2) - energy_loss
                weight = (scale[:, 0] / thickness).astype(self.dtype)[:, None]
                lost = np.minimum(weight * self.surface * surface, np.maximum(counts, 0))
                loss = KEPT * loss + (1 - KEPT) * (counts - lost)
        return real, imag, thickness

    def _kramers_kronig(self, loss: Real) -> Real:
        """Re(1/eps) of Im(-1/eps), with each channel at its energy and zeros elsewhere."""
        padded: Real = np.zeros((len(loss), self.size), self.dtype)
        reach = slice(self.first, self.first + loss.shape[1])
        padded[:, reach] = loss
        odd = fft.rfft(padded, axis=-1, overwrite_x=True)
        even = np.zeros_like(odd)
        even.real = 2 * odd.imag
        found = fft.irfft(even, self.size)[:, reach]
        found += 1
        return np.asarray(found - self._unwrapped(loss))

    def _unwrapped(self, loss: Real) -> Real:
        """What the periodic images of a loss function add to Re(1/eps), to fourth order.

        A transform of length L sums pi/L cot(pi x/L), which is 1/x - pi² x/3L² - pi⁴ x³/45L⁴,
        over x = E' - E and E' + E.
        """
        length = self.size * self.step
        first: Real = np.einsum(SUM, loss, self.energy)[:, None] * (self.step / length**2)
        third: Real = np.einsum(SUM, loss, self.energy**3)[:, None] * (self.step / length**4)
        square = 3 * (self.energy / length) ** 2
        return np.asarray(2 * np.pi / 3 * first + 2 * np.pi**3 / 45 * (third + square * first))
