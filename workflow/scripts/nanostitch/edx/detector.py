"""A silicon X-ray detector: which photons it counts, and where on the axis it puts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from nanostitch.edx import elements

Array = NDArray[np.float64]

FANO_FACTOR = 0.115
"""Of silicon (Lowe, Nucl. Instrum. Methods A 399 (1997) 354)."""
PAIR_KEV = 3.65e-3
"""Mean energy of an electron-hole pair in cooled silicon [keV]."""
MN_KA_KEV = 5.8951
"""Energy at which the resolution of a detector is stated [keV]."""
FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
TAIL_KEV = 0.15
"""Mean loss of a photon whose charge is collected in part [keV]: of the order of the peak width;
only the share of such photons is fitted."""
_SI_KA_KEV, _SI_EDGE_KEV = 1.7397, 1.8389
_SI_YIELD, _SI_JUMP_SHARE = 0.050, 0.92
"""Fluorescence yield of Si K (Krause 1979), and its share in absorption above the edge."""
_WINDOWS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "polymer": (("C", 2.94e-5), ("N", 3.1e-6), ("O", 8.9e-6), ("Al", 1.08e-5)),
    "beryllium": (("Be", 1.48e-3),),
    "none": (),
}
"""Mass thickness of each element [g/cm2]: 300 nm polyimide of 1.42 g/cm3 with 40 nm aluminium;
8 micrometres of beryllium."""
_GRID_G_CM2, _GRID_OPEN = 0.0885, 0.77
"""Silicon grid of 380 micrometres that carries a polymer window, and the share it leaves free."""
_DEAD_LAYER_G_CM2 = 2.33e-5
"""100 nm of silicon whose charge is lost."""
_SILICON_G_CM3 = 2.33


@dataclass(frozen=True)
class Shape:
    """Where a photon is counted: stated = offset + gain x true energy, and the peak's form."""

    offset_kev: float
    gain: float
    variance_kev2: float
    fano: float
    tail: float


@cache
def _efficiency(energies: tuple[float, ...], window: str, crystal_mm: float) -> Array:
    energy = np.array(energies)
    silicon = elements.absorption("Si", energy)
    depth = silicon * _DEAD_LAYER_G_CM2
    for symbol, mass in _WINDOWS[window]:
        depth = depth + elements.absorption(symbol, energy) * mass
    counted = np.exp(-depth) * -np.expm1(-silicon * _SILICON_G_CM3 * crystal_mm / 10)
    if window == "polymer":
        counted = counted * (_GRID_OPEN + (1 - _GRID_OPEN) * np.exp(-silicon * _GRID_G_CM2))
    return np.asarray(counted)


def efficiency(energy: Array, window: str, crystal_mm: float) -> Array:
    """Share of photons towards the detector that it counts, at energies [keV].

    Parameters
    ----------
    window
        ``polymer``, ``beryllium`` or ``none``.
    crystal_mm
        Thickness of the silicon [mm].
    """
    return _efficiency(tuple(np.asarray(energy, float).tolist()), window, crystal_mm)


def escape(energy: Array) -> Array:
    """Share of counted photons that lose a Si K photon from the crystal.

    Notes
    -----
    Reed & Ware, J. Phys. E 5 (1972) 582, for photons along the normal.
    """
    ratio = elements.absorption("Si", np.array([_SI_KA_KEV])) / elements.absorption("Si", energy)
    share = 0.5 * _SI_YIELD * _SI_JUMP_SHARE * (1 - ratio * np.log1p(1 / ratio))
    return np.asarray(np.where(energy > _SI_EDGE_KEV, share, 0.0))


def sigma_kev(energy: float, shape: Shape) -> float:
    """Standard deviation of a peak [keV]: electronic noise and charge statistics."""
    variance = shape.variance_kev2 + shape.fano * PAIR_KEV * (energy - MN_KA_KEV)
    return float(np.sqrt(max(variance, 1e-6)))


def add_peak(counts: Array, area: float, energy: float, edges_kev: Array, shape: Shape) -> None:
    """Add one peak of an area to counts per channel.

    Parameters
    ----------
    counts
        Changed in place, dims (channel,).
    edges_kev
        Stated energies between which channels count, dims (channel + 1,).

    Notes
    -----
    A Gaussian, of whose counts the share ``tail`` is convolved with an exponential towards
    low energies, as where part of the charge is lost.
    """
    sigma = sigma_kev(energy, shape)
    stated = [
        shape.offset_kev + shape.gain * (energy + away)
        for away in (-5 * sigma - 8 * TAIL_KEV, 5 * sigma)
    ]
    first, last = np.searchsorted(edges_kev, stated)
    first, last = max(int(first) - 1, 0), min(int(last) + 1, edges_kev.size)
    if last - first < 2:
        return
    z = ((edges_kev[first:last] - shape.offset_kev) / shape.gain - energy) / sigma
    below = ndtr(z)
    ratio = sigma / TAIL_KEV
    below = below + shape.tail * np.exp(ratio * (0.5 * ratio + z) + log_ndtr(-z - ratio))
    counts[first : last - 1] += area * np.diff(below)


def peaks(areas: Array, energies: Array, edges_kev: Array, shape: Shape) -> Array:
    """Counts per channel of peaks of given areas and of their escape peaks."""
    counts = np.zeros(edges_kev.size - 1)
    lost = escape(energies)
    for area, energy, share in zip(areas, energies, lost, strict=True):
        add_peak(counts, area, energy, edges_kev, shape)
        if share:
            add_peak(counts, area * share / (1 - share), energy - _SI_KA_KEV, edges_kev, shape)
    return counts
