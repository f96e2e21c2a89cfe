"""Calibration of the scan by lattices of a known phase: lengths, both axes and shear."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.crystal.index import Match, symmetric_root
from nanostitch.adf.crystal.phases import PHASES
from nanostitch.intervals import NONE, NORMAL_95, Number

Floats = NDArray[np.float64]

_NAMES = ("scale_error", "scale_error_y", "scale_error_x", "scale_shear")
_FEWEST = 3
"""Domains from whose scatter an uncertainty is told."""
_ONE_DOMAIN = 0.003
"""Standard uncertainty of the scale by one or two domains [1]: jitter and drift bend a scan by a
few pixels in a thousand."""


def scan(
    found: Sequence[Match | None], areas: Floats, *, material: str, scale_tolerance: float
) -> dict[str, Number]:
    """Scale error of the scan and lattice parameter on its stated scale.

    Parameters
    ----------
    found
        What each domain is; None where that is not known.
    areas
        Of the domains [nm2].
    material
        What the specimen is told to be; without it the lattice tells no scale.
    scale_tolerance
        Standard uncertainty of the stated pixel size [1].

    Returns
    -------
    dict
        ``scale_error`` and those of the axes [1], ``scale_shear`` [degree], and
        ``lattice_parameter`` [nm]; NaN where they are not known.

    Notes
    -----
    A domain's reflections are g = T R g0: turned, then distorted by the symmetric T that all
    domains share, so that A A^T = T^2 of the map A; true lengths are T times the stated ones.
    """
    cubic = [
        (m, a)
        for m, a in zip(found, areas, strict=True)
        if m is not None and np.isfinite(PHASES[m.zone.phase].pseudo_cubic)
    ]
    of_material = [(m, a) for m, a in cubic if PHASES[m.zone.phase].material == material]
    numbers = dict.fromkeys((*_NAMES, "lattice_parameter"), NONE)
    if cubic:
        numbers["lattice_parameter"] = _parameter(of_material or cubic, scale_tolerance)
    if of_material:
        numbers |= _errors(of_material)
    return numbers


def _parameter(found: list[tuple[Match, float]], scale_tolerance: float) -> Number:
    """Mean lattice parameter of the phase that covers most, with the doubt of the scale."""
    material = [PHASES[m.zone.phase].material for m, _ in found]
    cover = {
        name: sum(a for (_, a), n in zip(found, material, strict=True) if n == name)
        for name in material
    }
    most = max(cover, key=lambda name: cover[name])
    edge, weight = (
        np.array(values)
        for values in zip(
            *[
                (PHASES[m.zone.phase].pseudo_cubic / m.scale, a)
                for (m, a), name in zip(found, material, strict=True)
                if name == most
            ],
            strict=True,
        )
    )
    mean, error = _mean(edge, weight, _ONE_DOMAIN * float(edge.mean()))
    half = NORMAL_95 * float(np.hypot(error, scale_tolerance * mean))
    return mean, mean - half, mean + half


def _errors(found: list[tuple[Match, float]]) -> dict[str, Number]:
    roots = np.stack([symmetric_root(m.matrix @ m.matrix.T) for m, _ in found])
    weight = np.array([a for _, a in found])
    reference = max(PHASES[m.zone.phase].lattice_range for m, _ in found) / np.sqrt(3)
    along_x, along_y = roots[:, 0, 0] - 1, roots[:, 1, 1] - 1
    values = {
        "scale_error": ((along_x + along_y) / 2, reference),
        "scale_error_y": (along_y, reference),
        "scale_error_x": (along_x, reference),
        # Two axes that T tilts towards each other by T_xy each.
        "scale_shear": (-2 * np.degrees(roots[:, 0, 1]), 0.0),
    }
    numbers: dict[str, Number] = {}
    for name, (each, systematic) in values.items():
        unit = np.degrees(1.0) if name == "scale_shear" else 1.0
        mean, error = _mean(each, weight, _ONE_DOMAIN * unit)
        half = NORMAL_95 * float(np.hypot(error, systematic))
        numbers[name] = (mean, mean - half, mean + half)
    return numbers


def _mean(values: Floats, weight: Floats, single: float) -> tuple[float, float]:
    """Weighted mean and its standard uncertainty, from the scatter where that is known."""
    share = weight / weight.sum()
    mean = float(share @ values)
    if values.size < _FEWEST:
        return mean, single
    spread = float(np.sqrt((share**2) @ (values - mean) ** 2))
    return mean, spread * float(np.sqrt(values.size / (values.size - 1)))
