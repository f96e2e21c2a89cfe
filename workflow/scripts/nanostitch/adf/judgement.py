"""What speaks against the particles of one image, in sentences with a weight."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.quality import Level

Test = tuple[bool, str, Level]
"""Whether something is wrong, the sentence that says so, and its weight."""

_PIXELS_ACROSS = 6.0
_CRYSTALS_ACROSS = 5.0
_MOST = 0.5
_RAGGED = 0.8


def flawed_shares(intensity: xr.DataArray) -> tuple[float, float]:
    """Share of pixels that are not finite, and that pile up at either end of the range.

    An end counts as a pile-up if it holds more than twice the pixels of the next value: a
    detector or an export that clips does so, noise does not.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``.
    """
    values = intensity.to_numpy().astype(float)
    finite = values[np.isfinite(values)]
    lost = 1.0 - finite.size / values.size
    levels, counts = np.unique(finite, return_counts=True)
    if levels.size < 3:
        return lost, 0.0
    piled = sum(
        int(end)
        for end, next_ in ((counts[0], counts[1]), (counts[-1], counts[-2]))
        if end > 2 * next_ + 2
    )
    return lost, piled / finite.size


def reasons(
    intensity: xr.DataArray,
    found: xr.Dataset,
    *,
    counted: NDArray[np.bool_],
    smallest_edge_nm: float,
    unit_edge_nm: float,
    fewest_particles: int,
    largest_flawed_fraction: float,
) -> dict[str, Level]:
    """Every reason not to trust the image's particles, with its weight.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``, coordinates in nm.
    found
        Measured particles, with ``quality``.
    counted
        For each particle, whether the statistics count it.
    smallest_edge_nm, unit_edge_nm, fewest_particles, largest_flawed_fraction
        See :func:`nanostitch.adf.particles.measure`.
    """
    number = int(counted.sum())
    tests: list[Test] = [
        (number == 0, "no whole particle was found", "bad"),
        (
            0 < number < fewest_particles,
            f"only {number} whole particles (fewest_particles {fewest_particles})",
            "doubtful",
        ),
        *_of_signal(intensity, largest_flawed_fraction),
        *_of_scale(intensity, unit_edge_nm),
        *_of_particles(found, counted, smallest_edge_nm),
    ]
    return {sentence: weight for raised, sentence, weight in tests if raised}


def _of_signal(intensity: xr.DataArray, largest_flawed_fraction: float) -> list[Test]:
    lost, piled = flawed_shares(intensity)
    limit = f"(largest_flawed_fraction {largest_flawed_fraction:g})"
    contrast = float(intensity.max() - intensity.min())
    return [
        (not contrast > 0, "the image is constant or empty", "bad"),
        (
            lost > largest_flawed_fraction,
            f"{lost:.1%} of the pixels are not finite {limit}",
            "doubtful",
        ),
        (
            piled > largest_flawed_fraction,
            f"{piled:.1%} of the pixels stand at an end of the range: saturated or clipped {limit}",
            "doubtful",
        ),
    ]


def _of_scale(intensity: xr.DataArray, unit_edge_nm: float) -> list[Test]:
    height, width = pixel_size_nm(intensity)
    field = min(intensity.sizes["y"] * height, intensity.sizes["x"] * width)
    pixel = max(height, width)
    return [
        (
            field < _CRYSTALS_ACROSS * unit_edge_nm,
            f"the field of {field:.3g} nm is narrower than {_CRYSTALS_ACROSS:g} crystals of "
            f"{unit_edge_nm:g} nm",
            "doubtful",
        ),
        (
            pixel * _PIXELS_ACROSS > unit_edge_nm,
            f"a crystal of {unit_edge_nm:g} nm is less than {_PIXELS_ACROSS:g} pixels of "
            f"{pixel:.3g} nm wide",
            "doubtful",
        ),
    ]


def _of_particles(
    found: xr.Dataset, counted: NDArray[np.bool_], smallest_edge_nm: float
) -> list[Test]:
    if not counted.any():
        return []
    faint = float(quality.raised(found["quality"], "low_contrast").to_numpy()[counted].mean())
    ragged = float((found["solidity"].to_numpy()[counted] < _RAGGED).mean())
    small = int(quality.raised(found["quality"], "too_small").sum())
    return [
        (faint > _MOST, f"{faint:.0%} of the particles are of low contrast", "doubtful"),
        (
            ragged > _MOST,
            f"{ragged:.0%} of the particles are ragged: likely texture, not particles",
            "doubtful",
        ),
        (
            small > counted.sum(),
            f"{small} objects are smaller than smallest_edge_nm {smallest_edge_nm:g}, more than "
            "there are particles",
            "doubtful",
        ),
    ]
