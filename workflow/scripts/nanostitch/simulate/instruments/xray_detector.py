"""A silicon drift detector: which photons it stops, and where it counts them.

Window and crystal are those of a usual detector on a transmission microscope: a polymer window
on a silicon grid, coated with aluminium against light, before 0.45 mm of silicon.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.special import log_ndtr, ndtr

Array = NDArray[np.float64]

_ABSORPTION: Mapping[str, tuple[tuple[float, float], ...]] = {
    "C": (
        (0.1181, 16000),
        (0.2835, 2190),
        (0.2852, 48400),
        (0.4195, 20600),
        (0.7154, 5180),
        (1.1413, 1430),
        (2.9047, 92.9),
        (5.2955, 14.7),
        (9.0308, 2.73),
        (30.014, 0.0547),
    ),
    "N": (
        (0.1181, 25700),
        (0.1762, 10700),
        (0.4012, 1500),
        (0.4036, 30000),
        (0.5857, 12800),
        (0.874, 4550),
        (1.5933, 867),
        (2.9047, 151),
        (8.4479, 5.77),
        (30.014, 0.0973),
    ),
    "O": (
        (0.1181, 37500),
        (0.1762, 15400),
        (0.5315, 1090),
        (0.5347, 20200),
        (0.6693, 12200),
        (0.9988, 4430),
        (2.0807, 592),
        (2.9047, 227),
        (9.0308, 7.36),
        (30.014, 0.159),
    ),
    "Al": (
        (0.1648, 78500),
        (0.246, 34500),
        (0.4195, 9880),
        (0.9988, 1100),
        (1.558, 327),
        (1.5674, 4040),
        (1.7033, 3480),
        (1.8208, 2940),
        (3.1052, 709),
        (6.9154, 74),
        (9.0308, 33.8),
        (30.014, 0.855),
    ),
    "Si": (
        (0.1648, 91800),
        (0.2014, 65800),
        (0.246, 44200),
        (0.4195, 13100),
        (0.9988, 1470),
        (1.8371, 279),
        (1.8481, 3310),
        (2.0807, 2540),
        (3.5484, 617),
        (7.9026, 64.7),
        (30.014, 1.14),
    ),
}
"""Photoelectric absorption [cm2/g] at energies [keV] between which it is a power law within 2.5 %,
from the FFAST tables of NIST (Chantler et al., 2005), as in eXSpy."""

_DENSITY = {"polyimide": 1.42, "Al": 2.70, "Si": 2.33}
"""In g/cm3."""
_POLYIMIDE = {"C": 0.691, "N": 0.073, "O": 0.209}
"""Mass shares of C22H10N2O5; its hydrogen absorbs nothing here."""
_WINDOW_CM, _COATING_CM, _DEAD_LAYER_CM = 300e-7, 40e-7, 100e-7
"""Thickness of the polymer, its aluminium, and of the silicon whose charge is lost."""
_GRID_CM, _GRID_OPEN = 380e-4, 0.77
"""Thickness of the grid that carries the window, and the share that it leaves free."""
_CRYSTAL_CM = 450e-4

_FANO = 0.115
_PAIR_EV = 3.65
"""Fano factor of silicon, and energy of an electron-hole pair in cooled silicon [eV]."""
_FWHM = float(np.sqrt(8 * np.log(2)))
MN_KA_KEV = 5.8951
"""Where the resolution of a detector is stated."""
_SI_KA_KEV, _SI_EDGE_KEV = 1.7397, 1.8389
_SI_YIELD, _SI_JUMP_SHARE = 0.050, 0.92
"""Fluorescence yield of the K shell of silicon, and its share in absorption above the edge."""
_TAIL_KEV = 0.15
"""Mean loss of a photon whose charge is not collected whole."""
_THRESHOLD_KEV, _THRESHOLD_WIDTH_KEV = 0.12, 0.03
"""Pulses below are not told from noise; the step is as wide as the noise."""


def absorption(element: str, energy: Array) -> Array:
    """Photoelectric mass absorption coefficient [cm2/g] at energies [keV]."""
    known, value = np.log(np.array(_ABSORPTION[element])).T
    return np.asarray(np.exp(np.interp(np.log(energy), known, value)))


def efficiency(energy: Array) -> Array:
    """Share of the photons towards the detector that it counts, at energies [keV]."""
    polymer = sum(share * absorption(name, energy) for name, share in _POLYIMIDE.items())
    silicon = _DENSITY["Si"] * absorption("Si", energy)
    depth = polymer * _DENSITY["polyimide"] * _WINDOW_CM
    depth = depth + absorption("Al", energy) * _DENSITY["Al"] * _COATING_CM
    depth = depth + silicon * _DEAD_LAYER_CM
    grid = _GRID_OPEN + (1 - _GRID_OPEN) * np.exp(-silicon * _GRID_CM)
    counted = np.exp(-depth) * grid * -np.expm1(-silicon * _CRYSTAL_CM)
    return np.asarray(counted * ndtr((energy - _THRESHOLD_KEV) / _THRESHOLD_WIDTH_KEV))


def escape(energy: Array) -> Array:
    """Share of the counted photons that lose a silicon K photon from the crystal.

    Notes
    -----
    Photons that fall in along the normal: Reed & Ware, J. Phys. E 5 (1972) 582.
    """
    own = absorption("Si", np.array(_SI_KA_KEV))
    ratio = own / absorption("Si", energy)
    share = 0.5 * _SI_YIELD * _SI_JUMP_SHARE * (1 - ratio * np.log1p(1 / ratio))
    return np.asarray(np.where(energy > _SI_EDGE_KEV, share, 0.0))


def sigma_kev(energy: Array, resolution_ev: float) -> Array:
    """Standard deviation of a peak [keV]: charge statistics and electronic noise.

    Parameters
    ----------
    energy
        In keV.
    resolution_ev
        Full width at half maximum of Mn Ka [eV].
    """
    statistics = _FANO * _PAIR_EV * 1e3 * (energy - MN_KA_KEV)
    return np.asarray(np.sqrt(np.maximum((resolution_ev / _FWHM) ** 2 + statistics, 0.0)) / 1e3)


def peaks(
    areas: Array, energy: Array, edges: Array, *, resolution_ev: float, tail_fraction: float
) -> Array:
    """Counts per channel of peaks with the tail of incomplete charge and their escape peaks.

    Parameters
    ----------
    areas
        Counts of each peak and its tail, dims (line,).
    energy
        Of each line [keV], dims (line,).
    edges
        Energies [keV] between which channels count, dims (channel + 1,).
    resolution_ev
        Full width at half maximum of Mn Ka [eV].
    tail_fraction
        Share of a peak's counts that lose an exponentially distributed part of their charge.
    """
    lost = escape(energy)
    kept = areas @ _below(energy, edges, resolution_ev, tail_fraction)
    left = np.maximum(energy - _SI_KA_KEV, 0.0)
    escaped = (areas * lost / (1 - lost)) @ _below(left, edges, resolution_ev, tail_fraction)
    return np.asarray(np.diff(kept + escaped))


def _below(energy: Array, edges: Array, resolution_ev: float, tail_fraction: float) -> Array:
    """Share of each peak below each edge: a Gaussian, and one that lost an exponential part."""
    sigma = sigma_kev(energy, resolution_ev)[:, None]
    distance = edges - energy[:, None]
    whole = ndtr(distance / sigma)
    exponent = 0.5 * (sigma / _TAIL_KEV) ** 2 + distance / _TAIL_KEV
    lossy = np.exp(exponent + log_ndtr(-distance / sigma - sigma / _TAIL_KEV))
    return np.asarray(whole + tail_fraction * lossy)


def bremsstrahlung(
    edges: Array, *, beam_energy_kev: float, resolution_ev: float, at_kev: float
) -> Array:
    """Background per channel, 1 for 10 eV at one energy as it would be without absorption.

    Notes
    -----
    Kramers, Phil. Mag. 46 (1923) 836: photons per energy fall as (E0 - E)/E, seen through the
    window. In a thin film no absorption or slowing down changes the shape.
    """
    middle = np.maximum((edges[1:] + edges[:-1]) / 2, _THRESHOLD_KEV / 4)
    photons = (beam_energy_kev - middle) / middle * efficiency(middle) * np.diff(edges)
    unit = 0.01 * (beam_energy_kev - at_kev) / at_kev * efficiency(np.array([at_kev]))[0]
    step = float(np.diff(edges).mean())
    width = float(sigma_kev(np.array(1.0), resolution_ev)) / step
    return np.asarray(gaussian_filter1d(photons / unit, width, mode="nearest"))


def strobe(counts: float, edges: Array, resolution_ev: float) -> Array:
    """Zero peak per channel: pulses that the electronics make to measure their own noise."""
    noise = float(sigma_kev(np.zeros(1), resolution_ev)[0])
    return np.asarray(counts * np.diff(ndtr(edges / noise)))


def pile_up(counts: Array, fraction: float, zero_channel: int) -> Array:
    """Counts when a share of the events is taken for one with another event.

    Parameters
    ----------
    counts
        Per channel, without pile-up.
    fraction
        Share of the events that are lost to sums; each sum takes two.
    zero_channel
        Channel of energy 0, where the sum of two equal energies starts to count.
    """
    total = counts.sum()
    if not fraction or not total:
        return counts
    sums = np.convolve(counts, counts)[zero_channel : zero_channel + counts.size]
    return np.asarray((1 - fraction) * counts + fraction / 2 * sums / total)
