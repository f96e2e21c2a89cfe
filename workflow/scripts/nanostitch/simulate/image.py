"""An ADF-STEM image of cubic nanocrystals in a square superlattice, some merged in pairs.

Intensity follows projected thickness (cubes are as thick as wide) over a carbon film whose
thickness varies slowly, blurred by the probe, with Poisson noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.simulate.dm4 import Axis, Recording

VACANCIES = 0.12
TILT_RAD = 0.05
CARBON = 0.12
"""Signal of the film over that of an average crystal."""

Floats = NDArray[np.float64]


def record(
    condition: Mapping[str, Any], instrument: Mapping[str, Any], rng: np.random.Generator
) -> Recording:
    """Record one image; see the schema for the settings."""
    step, pixels = instrument["pixel_size_nm"], instrument["pixels"]
    pitch = condition["edge_mean_nm"] + instrument["ligand_gap_nm"]
    thickness = np.zeros((pixels, pixels))
    for y, x, height, width, angle in crystals(condition, step * pixels, pitch, rng):
        edge = condition["edge_mean_nm"] if width > 1.5 * height else np.sqrt(width * height)
        stamp(thickness, y / step, x / step, height / step, width / step, angle, edge)
    signal = thickness / condition["edge_mean_nm"] + film(pixels, rng)
    seen = ndimage.gaussian_filter(signal, instrument["probe_nm"] / step, mode="nearest")
    counts = rng.poisson(seen * instrument["dose_e_per_nm2"] * step**2).astype(np.int32)
    axis = Axis(0.0, step, "nm")
    return Recording(counts, (axis, axis), "HAADF", instrument["beam_energy_kev"])


def crystals(
    condition: Mapping[str, Any], field: float, pitch: float, rng: np.random.Generator
) -> list[tuple[float, float, float, float, float]]:
    """Centre y, x, height, width [nm] and angle [rad] of every crystal on the field.

    Sites form a square lattice with vacancies; a merged crystal has swallowed its right-hand
    neighbour and bridges the ligand gap between them.
    """
    mean, sd = condition["edge_mean_nm"], condition["edge_sd_nm"]
    found = []
    for row in np.arange(pitch / 2, field, pitch):
        sites = list(np.arange(pitch / 2, field, pitch))
        while sites:
            x = sites.pop(0)
            if rng.random() < VACANCIES:
                continue
            edge = np.clip(rng.normal(mean, sd), 0.4 * mean, pitch - 0.3)
            y, angle = row + rng.normal(0, 0.3), rng.normal(0, TILT_RAD)
            if sites and rng.random() < condition["merged_fraction"]:
                found.append((y, (x + sites.pop(0)) / 2, edge, edge + pitch, angle))
            else:
                found.append((y, x + rng.normal(0, 0.3), edge, edge, angle))
    return found


def stamp(
    image: Floats,
    y: float,
    x: float,
    height: float,
    width: float,
    angle: float,
    thickness: float,
) -> None:
    """Add one rotated cuboid, its edges smooth over a pixel; lengths in pixels."""
    reach = int(np.ceil(np.hypot(height, width) / 2)) + 1
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    window = image[top : int(y) + reach + 1, left : int(x) + reach + 1]
    rows, columns = np.indices(window.shape)
    dy, dx = rows + top - y, columns + left - x
    along = np.abs(dx * np.cos(angle) + dy * np.sin(angle))
    across = np.abs(dy * np.cos(angle) - dx * np.sin(angle))
    inside = np.clip(width / 2 - along + 0.5, 0, 1) * np.clip(height / 2 - across + 0.5, 0, 1)
    window += thickness * inside


def film(pixels: int, rng: np.random.Generator) -> Floats:
    """Carbon film: a slow gradient with long waves, in units of an average crystal."""
    waves = ndimage.gaussian_filter(rng.normal(size=(pixels, pixels)), pixels / 6, mode="wrap")
    ramp = np.linspace(-0.3, 0.3, pixels) * rng.normal() + 1
    return np.asarray(CARBON * (ramp[:, None] + 0.2 * waves / np.abs(waves).max()))
