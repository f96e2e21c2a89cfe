"""What speaks against the particles of one image, in sentences with a weight."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch import quality
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.quality import Level

Test = tuple[bool, str, Level]
"""Whether something is wrong, the sentence that says so, and its weight."""

_PIXELS_ACROSS = 6.0
_CRYSTALS_ACROSS = 5.0
_MOST = 0.5
_RAGGED = 0.8
_FEWEST_LEVELS = 8
_HOT = 8.0
_MAD_TO_SD = 1.4826
# Mean range of eight normal numbers, in standard deviations.
_RANGE_OF_EIGHT = 2.847
_NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)


def piled_share(intensity: xr.DataArray) -> float:
    """Share of the finite pixels that pile up at either end of the range.

    An end counts as a pile-up if it holds more than twice the pixels of the next value: a
    detector or an export that clips does so, noise does not.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``.
    """
    values = intensity.to_numpy().astype(float)
    finite = values[np.isfinite(values)]
    levels, counts = np.unique(finite, return_counts=True)
    if levels.size < 3:
        return 0.0
    piled = sum(
        int(end)
        for end, next_ in ((counts[0], counts[1]), (counts[-1], counts[-2]))
        if end > 2 * next_ + 2
    )
    return float(piled / finite.size)


def hot_share(intensity: xr.DataArray) -> float:
    """Share of the finite pixels that are hot and stand alone.

    A pixel is hot if it exceeds the median of the 3 x 3 pixels around it by more than eight
    standard deviations: of that difference in the whole image (robust) and of the eight
    neighbours (from their range), whichever is larger. So noise that grows with the signal, edges
    and spots of several pixels are not hot.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``.
    """
    values = intensity.to_numpy().astype(float)
    finite = np.isfinite(values)
    steps = np.diff(np.unique(values[finite]))
    if not steps.size:
        return 0.0
    filled = np.where(finite, values, np.median(values[finite]))
    excess = filled - ndimage.median_filter(filled, size=3, mode="mirror")
    # of few counts most differences are 0; no scatter is finer than a grey level
    scatter = max(_MAD_TO_SD * float(np.median(np.abs(excess[finite]))), float(steps.min()))
    around = ndimage.maximum_filter(filled, footprint=_NEIGHBOURS, mode="mirror")
    around -= ndimage.minimum_filter(filled, footprint=_NEIGHBOURS, mode="mirror")
    hot = excess > _HOT * np.maximum(scatter, around / _RANGE_OF_EIGHT)
    return float((finite & hot).sum() / finite.sum())


def reasons(
    intensity: xr.DataArray,
    found: xr.Dataset,
    *,
    counted: NDArray[np.bool_],
    smallest_edge_nm: float,
    unit_edge_nm: float,
    fewest_particles: int,
    largest_flawed_fraction: float,
    largest_outlier_fraction: float,
) -> dict[str, Level]:
    """Every reason not to trust the image's particles, with its weight.

    Parameters
    ----------
    intensity
        Detector signal, dims ``(y, x)``, coordinates in nm.
    found
        Measured particles, with ``quality`` and ``particle_label``.
    counted
        For each particle, whether the statistics count it.
    smallest_edge_nm, unit_edge_nm, fewest_particles
        See :func:`nanostitch.adf.particles.measure`.
    largest_flawed_fraction, largest_outlier_fraction
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
        *_of_pixels(intensity, largest_outlier_fraction),
        *_of_scale(intensity, unit_edge_nm),
        *_of_particles(found, counted, smallest_edge_nm),
        *_of_contrast(intensity, found, counted),
    ]
    return {sentence: weight for raised, sentence, weight in tests if raised}


def _of_signal(intensity: xr.DataArray, largest_flawed_fraction: float) -> list[Test]:
    values = intensity.to_numpy()
    levels = np.unique(values[np.isfinite(values)]).size
    piled = piled_share(intensity)
    return [
        (levels < 2, "the image is constant or empty", "bad"),
        (
            2 <= levels < _FEWEST_LEVELS,
            f"the image has only {levels} grey levels: thresholded, or a mask?",
            "doubtful",
        ),
        (
            piled > largest_flawed_fraction,
            f"{piled:.1%} of the pixels stand at an end of the range: saturated or clipped "
            f"(largest_flawed_fraction {largest_flawed_fraction:g})",
            "doubtful",
        ),
    ]


def _of_pixels(intensity: xr.DataArray, largest_outlier_fraction: float) -> list[Test]:
    lost = int((~np.isfinite(intensity.to_numpy())).sum())
    hot = hot_share(intensity)
    return [
        (
            lost > 0,
            f"{lost} of {intensity.size} pixels are not finite; particles that touch one are not "
            "counted",
            "doubtful",
        ),
        (
            hot > largest_outlier_fraction,
            f"{hot:.2%} of the pixels are hot and stand alone "
            f"(largest_outlier_fraction {largest_outlier_fraction:g})",
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
        (
            found.sizes.get("square", 1) == 0,
            "none of the particles is a square; on a rough support about one in seven of such is "
            "missed or mistaken",
            "doubtful",
        ),
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


def _of_contrast(
    intensity: xr.DataArray, found: xr.Dataset, counted: NDArray[np.bool_]
) -> list[Test]:
    """Whether particles and support are likely to be exchanged.

    A support surrounds its particles. Where instead what is called particle surrounds islands of
    what is called support, and falls into pieces that are no squares, it is likely the support
    itself, parted at its necks.
    """
    if not counted.any():
        return []
    particle = found["particle_label"].to_numpy() > 0
    support = ~particle & np.isfinite(intensity.to_numpy())
    merged = float(quality.raised(found["quality"], "merged_shape").to_numpy()[counted].mean())
    exchanged = (
        merged > _MOST
        and _largest_piece(particle, ndimage.generate_binary_structure(2, 1)) > _MOST
        and _largest_piece(support, ndimage.generate_binary_structure(2, 2)) < _MOST
    )
    return [
        (
            exchanged,
            "what was found surrounds islands of support, instead of the support particles: is "
            "particles_are right?",
            "doubtful",
        )
    ]


def _largest_piece(where: NDArray[np.bool_], connected: NDArray[np.bool_]) -> float:
    """Share that the largest connected piece has of a phase."""
    pieces, _ = ndimage.label(where, connected)
    sizes = np.bincount(pieces.ravel())[1:]
    return float(sizes.max() / sizes.sum()) if sizes.size else 0.0
