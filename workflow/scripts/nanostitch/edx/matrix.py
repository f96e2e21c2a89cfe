"""Absorption, stopping and backscattering in a bulk specimen: the model XPP."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nanostitch.edx import elements

UNCERTAINTY = 0.02
"""Relative standard uncertainty of a corrected concentration: the scatter of 826 measured
k-ratios around XPP is 2 % (Pouchou & Pichoir, in Electron Probe Quantitation, Plenum 1991, 31)."""
_EXPONENT = {"K": (0.86, 0.12), "L": (0.82, 0.0), "M": (0.78, 0.0)}
"""Of overvoltage in the cross-section: constant, and what light elements add to it for K."""
_SLOPE_LIMIT = 0.9
_NEARLY_EQUAL = 1e-6


@dataclass(frozen=True)
class Depth:
    """Depth distribution of ionisations: area, surface value, and parameters of XPP."""

    area: float
    surface: float
    a_term: float
    b_term: float
    slope: float
    epsilon: float

    def emitted(self, chi: float) -> float:
        """Integral of the distribution times exp(-chi x mass depth); chi in cm2/g."""
        b, e = self.slope, self.epsilon
        inner = self.surface + self.b_term / (b + chi)
        return (inner - self.a_term * b * e / (b * (1 + e) + chi)) / (b + chi)


def depth(
    mass_fractions: Mapping[str, float], element: str, shell: str, beam_energy_kev: float
) -> Depth:
    """Depth distribution of ionisations of a shell in a bulk specimen.

    Parameters
    ----------
    mass_fractions
        Of all elements of the specimen; they add up to one.
    element, shell
        What is ionised.

    Notes
    -----
    Pouchou & Pichoir, in Electron Probe Quantitation (Plenum 1991), pages 31-75, the simplified
    model XPP. Fluorescence by lines and continuum is left out: below 1 % where no line lies just
    above the edge of another element.
    """
    edge = elements.edge(element, shell)
    overvoltage = beam_energy_kev / edge
    z_mean = sum(c * np.sqrt(elements.atomic_number(e)) for e, c in mass_fractions.items()) ** 2
    area = _area(mass_fractions, element, shell, beam_energy_kev, z_mean)
    eta = _backscatter(z_mean)
    exponent = 2 - 2.3 * eta
    surface = 1 + 3.3 * (1 - overvoltage**-exponent) * eta**1.2
    x, y = 1 + 1.3 * np.log(z_mean), 0.2 + z_mean / 200
    mean_depth = area / (1 + x * np.log(1 + y * (1 - overvoltage**-0.42)) / np.log(1 + y))
    if area / mean_depth < surface:
        mean_depth = area / surface
    g = 0.22 * np.log(4 * z_mean) * (1 - 2 * np.exp(-z_mean * (overvoltage - 1) / 15))
    h = 1 - 10 * (1 - 1 / (1 + overvoltage / 10)) / z_mean**2
    root = max(1 - mean_depth * surface / area, 0.0)
    b = np.sqrt(2) * (1 + np.sqrt(root)) / mean_depth
    strength = min(g * h**4, _SLOPE_LIMIT * b * mean_depth**2 * (b - 2 * surface / area))
    slope = strength * area / mean_depth**2
    a = (slope + b * (2 * surface - b * area)) / (b * area * (2 - b * mean_depth) - surface)
    epsilon = (a - b) / b
    if abs(epsilon) < _NEARLY_EQUAL:
        epsilon = _NEARLY_EQUAL
    b_term = (b**2 * area * (1 + epsilon) - slope - surface * b * (2 + epsilon)) / epsilon
    a_term = (b_term / b + surface - b * area) * (1 + epsilon) / epsilon
    return Depth(*map(float, (area, surface, a_term, b_term, b, epsilon)))


def emitted(
    mass_fractions: Mapping[str, float],
    element: str,
    shell: str,
    line_kev: float,
    beam_energy_kev: float,
    elevation_deg: float,
) -> float:
    """Counts of a line per mass fraction of its element, up to a factor that all specimens share.

    Parameters
    ----------
    elevation_deg
        Angle between the surface of the specimen and the way to the detector [degree].
    """
    mu = float(elements.mixture_absorption(mass_fractions, np.array([line_kev]))[0])
    chi = mu / np.sin(np.radians(elevation_deg))
    return depth(mass_fractions, element, shell, beam_energy_kev).emitted(chi)


def _backscatter(z_mean: float) -> float:
    return float(1.75e-3 * z_mean + 0.37 * (1 - np.exp(-0.015 * z_mean**1.3)))


def _area(
    mass_fractions: Mapping[str, float],
    element: str,
    shell: str,
    beam_energy_kev: float,
    z_mean: float,
) -> float:
    """Ionisations over those at unit mass depth: stopping, less what is scattered back."""
    edge = elements.edge(element, shell)
    u = beam_energy_kev / edge
    constant, light = _EXPONENT[shell]
    m = constant + light * np.exp(-((elements.atomic_number(element) / 5) ** 2))
    loss, mean_ionisation = _stopping(mass_fractions)
    v = beam_energy_kev / mean_ionisation
    weights = (6.6e-6, 1.12e-5 * (1.35 - 0.45 * mean_ionisation**2), 2.2e-6 / mean_ionisation)
    powers = (0.78, 0.1, -(0.5 - 0.25 * mean_ionisation))
    total = 0.0
    for weight, power in zip(weights, powers, strict=True):
        t = 1 + power - m
        total += weight * (v / u) ** power * (t * u**t * np.log(u) - u**t + 1) / t**2
    inverse_stopping = u / (v * loss) * total
    q_edge = np.log(u) / (edge**2 * u**m)
    eta = _backscatter(z_mean)
    mean_w = 0.595 + eta / 3.7 + eta**4.55
    q = (2 * mean_w - 1) / (1 - mean_w)
    j = 1 + u * (np.log(u) - 1)
    g = (u - 1 - (1 - u ** -(1 + q)) / (1 + q)) / ((2 + q) * j)
    return float((1 - eta * mean_w * (1 - g)) * inverse_stopping / q_edge)


def _stopping(mass_fractions: Mapping[str, float]) -> tuple[float, float]:
    """Electrons per mass (Z/A), and the mean ionisation energy [keV]."""
    loss, logarithm = 0.0, 0.0
    for symbol, share in mass_fractions.items():
        z = elements.atomic_number(symbol)
        per_mass = share * z / elements.atomic_weight(symbol)
        loss += per_mass
        logarithm += per_mass * np.log(1e-3 * z * (10.04 + 8.25 * np.exp(-z / 11.22)))
    return loss, float(np.exp(logarithm / loss))
