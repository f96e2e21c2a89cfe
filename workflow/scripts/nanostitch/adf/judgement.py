"""What speaks against the particles of one image, in sentences with a weight."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.quality import Level

_PIXELS_ACROSS = 6.0
_CRYSTALS_ACROSS = 5.0
_IRREGULAR_SHARE = 0.5


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
    spacing = pixel_size_nm(intensity)
    field = min(n * step for n, step in zip(intensity.shape, spacing, strict=True))
    lost, piled = flawed_shares(intensity)
    number = int(counted.sum())
    tests: list[tuple[bool, str, Level]] = [
        (not float(intensity.max() - intensity.min()) > 0, "the image is constant or empty", "bad"),
        (number == 0, "no whole particle was found", "bad"),
        (
            0 < number < fewest_particles,
            f"only {number} whole particles (fewest_particles {fewest_particles})",
            "doubtful",
        ),
        (
            lost > largest_flawed_fraction,
            f"{lost:.1%} of the pixels are not finite (largest_flawed_fraction "
            f"{largest_flawed_fraction:g})",
            "doubtful",
        ),
        (
            piled > largest_flawed_fraction,
            f"{piled:.1%} of the pixels stand at an end of the range: saturated or clipped "
            f"(largest_flawed_fraction {largest_flawed_fraction:g})",
            "doubtful",
        ),
        (
            field < _CRYSTALS_ACROSS * unit_edge_nm,
            f"the field of {field:.3g} nm is narrower than {_CRYSTALS_ACROSS:g} crystals of "
            f"{unit_edge_nm:g} nm",
            "doubtful",
        ),
        (
            max(spacing) * _PIXELS_ACROSS > unit_edge_nm,
            f"a crystal of {unit_edge_nm:g} nm is less than {_PIXELS_ACROSS:g} pixels of "
            f"{max(spacing):.3g} nm wide",
            "doubtful",
        ),
    ]
    tests += _of_particles(found, counted, smallest_edge_nm)
    return {sentence: weight for raised, sentence, weight in tests if raised}


def _of_particles(
    found: xr.Dataset, counted: NDArray[np.bool_], smallest_edge_nm: float
) -> list[tuple[bool, str, Level]]:
    if not counted.any():
        return []
    faint = float(quality.raised(found["quality"], "low_contrast").to_numpy()[counted].mean())
    ragged = float((found["solidity"].to_numpy()[counted] < 0.8).mean())
    small = int(quality.raised(found["quality"], "too_small").sum())
    return [
        (faint > _IRREGULAR_SHARE, f"{faint:.0%} of the particles are of low contrast", "doubtful"),
        (
            ragged > _IRREGULAR_SHARE,
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
