"""The film that crystals lie on, and the grain of amorphous matter."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import RectBivariateSpline

Floats = NDArray[np.float64]

_FILM_NM = 5.0
"""Thickness of an ordinary ultrathin carbon film [nm]."""
_GRAPHENE_NM = 0.68
"""Two layers of graphene [nm]."""
_WAVES = ((200.0, 0.10), (25.0, 0.05), (4.0, 0.03))
"""Lengths [nm] of the unevenness of a film and its relative depth: an estimate, from evaporation
onto mica and wrinkling down to the roughness of the film itself."""


def thickness_nm(substrate: str, carbon_nm: float | None) -> float:
    """Thickness of the supporting film, unless it is given [nm].

    Graphene is the film only where the substrate names no carbon film, which outweighs it.
    """
    if carbon_nm is not None:
        return carbon_nm
    named = substrate.lower()
    return _GRAPHENE_NM if "graphene" in named and "carbon" not in named else _FILM_NM


def film(y: Floats, x: Floats, mean_nm: float, rng: np.random.Generator) -> Floats:
    """Thickness of an uneven film [nm], dims ``(y, x)``.

    Parameters
    ----------
    y, x
        Positions of the pixels [nm].
    mean_nm
        Mean thickness [nm].
    rng
        Draws the unevenness.
    """
    relative = np.ones((y.size, x.size))
    for length, depth in _WAVES:
        relative += depth * _waves(y, x, length, rng)
    return mean_nm * np.maximum(relative, 0.0)


def _waves(y: Floats, x: Floats, length: float, rng: np.random.Generator) -> Floats:
    """Smooth noise with half a wave between nodes."""
    nodes = [
        np.arange(axis[0] - 2 * length, axis[-1] + 2.5 * length, length / 2) for axis in (y, x)
    ]
    drawn = rng.standard_normal((nodes[0].size, nodes[1].size))
    return np.asarray(RectBivariateSpline(*nodes, drawn)(y, x))


def grain(
    atoms_per_nm2: Floats, blur_nm: float, pixel_size_nm: float, rng: np.random.Generator
) -> Floats:
    """Atoms under the probe [per nm2] of matter whose atoms lie at random.

    Parameters
    ----------
    atoms_per_nm2
        Mean number of atoms in projection, dims ``(y, x)``.
    blur_nm
        Standard deviation of the probe, taken as a Gaussian [nm].
    pixel_size_nm
        Distance of the probe positions [nm].
    rng
        Draws the atoms.

    Notes
    -----
    Atoms at random, weighted by a Gaussian probe, have the variance n / (4 pi blur^2) about their
    number n per area, and are correlated over the probe alone (Campbell's theorem).
    """
    noise = rng.standard_normal(atoms_per_nm2.shape)
    width = blur_nm / pixel_size_nm
    if width > 0.1:
        point = np.zeros(2 * int(4 * width + 0.5) + 1)
        point[point.size // 2] = 1.0
        spread = float((ndimage.gaussian_filter1d(point, width) ** 2).sum())
        noise = ndimage.gaussian_filter(noise, width, mode="wrap") / spread
    fluctuation = np.sqrt(atoms_per_nm2 / (4 * np.pi * blur_nm**2))
    return np.maximum(atoms_per_nm2 + fluctuation * noise, 0.0)
