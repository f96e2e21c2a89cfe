"""Find and measure the particles on an annular dark-field (or bright-field) image.

The step ``particles``: flatten, segment, measure each particle, sum up the image.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf import bright, judgement, population, segment, summary, table
from nanostitch.adf.flatten import flatten, pixel_size_nm
from nanostitch.contracts.adf import PARTICLES
from nanostitch.intervals import NORMAL_95

Array = NDArray[np.float64]
_ROW = ("particle",)
_NOTHING_TOLD: Mapping[str, object] = {}
_SOLID = 0.9
_FREE = 0.9


def measure(
    intensity: xr.DataArray,
    facts: Mapping[str, object] = _NOTHING_TOLD,
    *,
    particles_are: Literal["bright", "dark"],
    denoise_nm: float,
    background_length_nm: float,
    detection_contrast: float,
    doubtful_contrast: float,
    smallest_edge_nm: float,
    unit_edge_nm: float,
    smallest_gap_nm: float,
    fewest_particles: int,
    largest_flawed_fraction: float,
    largest_outlier_fraction: float,
    layer_gap_nm: float,
    least_wire_aspect_ratio: float,
    least_lattice_order: float,
    bright_excess: float,
    smallest_dot_nm: float,
    largest_dot_nm: float,
) -> xr.Dataset:
    """Label and measure every particle of one image and sum them up.

    Parameters
    ----------
    intensity
        Detector signal, any number type, dims ``(y, x)``; coordinates ``y`` and ``x`` in nm,
        pixels need not be square. Pixels that are not finite count as not seen: they cut the
        particles that touch them, as the border does, but no weight makes up for it; the density
        is then too low and the image doubtful.
    facts
        What the sheet tells of the image: ``regions`` and ``boundary_nm``, see
        :func:`nanostitch.adf.region_statistics.told`; other facts do not matter.
    particles_are
        ``bright`` (dark field) or ``dark`` (bright field) on the support.
    denoise_nm, background_length_nm
        See :func:`nanostitch.adf.flatten.flatten`.
    detection_contrast, smallest_gap_nm
        See :func:`nanostitch.adf.segment.scene`.
    doubtful_contrast
        Particles whose signal is below this multiple of the noise are flagged [1].
    smallest_edge_nm
        Smaller objects are flagged and left out of all statistics but the coverage; those of
        less than half this edge are dropped as noise [nm].
    unit_edge_nm
        Edge of one original crystal, by which ``units`` are counted [nm].
    fewest_particles
        With fewer whole particles the image is doubtful.
    largest_flawed_fraction
        Share of pixels piled up at an end of the range above which the image is doubtful [1].
    largest_outlier_fraction
        Share of isolated hot pixels above which the image is doubtful [1].
    layer_gap_nm
        Distance up to which neighbours belong to one layer [nm].
    least_wire_aspect_ratio
        Length over width from which a particle is a wire [1].
    least_lattice_order
        Agreement of neighbours on the direction of their square below which the crystals form no
        lattice, so that none is measured [1].
    bright_excess, smallest_dot_nm, largest_dot_nm
        See :func:`nanostitch.adf.bright.find`.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.adf.PARTICLES``. ``edge_length`` is the root of the area.
        ``orientation`` is that of the long side, from 0 to below 180 degree; of a square only
        its remainder by 90 degree means something. Size statistics, merged fraction and density
        are of whole particles, weighted for what the border cuts; merged ones are among them.

    Raises
    ------
    CalibrationError
        If the coordinates do not give one pixel size along each axis, or what is told of regions
        or a boundary does not fit the image.
    """
    intensity = intensity.transpose("y", "x")
    flat = flatten(
        intensity,
        particles_are=particles_are,
        denoise_nm=denoise_nm,
        background_length_nm=background_length_nm,
    )
    scene = segment.scene(
        flat,
        detection_contrast=detection_contrast,
        denoise_nm=denoise_nm,
        unit_edge_nm=unit_edge_nm,
        smallest_gap_nm=smallest_gap_nm,
    )
    flat = scene.flat
    found = table.measure(
        flat,
        scene,
        smallest_edge_nm=smallest_edge_nm,
        correlation_nm=2 * np.sqrt(np.pi) * denoise_nm,
    )
    found["units"] = _units(found, unit_edge_nm)
    found["quality"] = _flags(found, smallest_edge_nm, doubtful_contrast * float(flat["noise"]))
    found = found.assign(_blur(scene, flat))
    scales = summary.Scales(
        smallest_edge_nm, unit_edge_nm, layer_gap_nm, least_wire_aspect_ratio, least_lattice_order
    )
    summed = summary.sum_up(found, flat["finite"] & (flat["noise"] > 0), facts, scales)
    dots = _dots(flat, found, denoise_nm, bright_excess, (smallest_dot_nm, largest_dot_nm))
    why = judgement.reasons(
        intensity,
        found,
        counted=population.counted(found),
        smallest_edge_nm=smallest_edge_nm,
        unit_edge_nm=unit_edge_nm,
        fewest_particles=fewest_particles,
        largest_flawed_fraction=largest_flawed_fraction,
        largest_outlier_fraction=largest_outlier_fraction,
    )
    return _product(found, summed.numbers.merge(dots), quality.verdict(why | summed.reasons))


def _blur(scene: segment.Scene, flat: xr.Dataset) -> dict[str, float]:
    """Blur of the edges without the width of a pixel, and its 95 % interval [nm]."""
    pixel = float(np.mean(np.square(pixel_size_nm(flat["signal"])))) / 12
    value, error = scene.blur
    if not np.isfinite(error):
        return dict.fromkeys(("blur", "blur_lower", "blur_upper"), np.nan)
    bounds = np.array([value, value - NORMAL_95 * error, value + NORMAL_95 * error])
    blur, lower, upper = np.sqrt(np.maximum(bounds * np.abs(bounds) - pixel, 0.0)).tolist()
    return {"blur": blur, "blur_lower": lower, "blur_upper": upper}


def _dots(
    flat: xr.Dataset,
    found: xr.Dataset,
    denoise_nm: float,
    bright_excess: float,
    sizes_nm: tuple[float, float],
) -> xr.Dataset:
    return bright.find(
        flat,
        found["particle_label"],
        found,
        denoise_nm=denoise_nm,
        bright_excess=bright_excess,
        smallest_dot_nm=sizes_nm[0],
        largest_dot_nm=sizes_nm[1],
    )


def _single(found: xr.Dataset) -> NDArray[np.bool_]:
    """Whether the outline is that of one square: compact, and nearer to 1 : 1 than to 2 : 1."""
    aspect, solidity = found["aspect_ratio"].to_numpy(), found["solidity"].to_numpy()
    return np.asarray((aspect < np.sqrt(2)) & (solidity > _SOLID))


def _units(found: xr.Dataset, unit_edge_nm: float) -> xr.DataArray:
    """How many original crystals each particle holds, by area.

    Two or three squares do not make a square: one that has the outline of a square is a single
    large crystal up to the area of three, so that a wide size distribution feigns no merging.
    """
    count = np.maximum(np.round(found["area"].to_numpy() / unit_edge_nm**2), 1)
    units = np.where(_single(found) & (count < 4), 1, count)
    several = found["squares"].to_numpy()
    units = np.where(several > 1, several, units)
    return xr.DataArray(units.astype("i4"), dims=_ROW)


def _flags(found: xr.Dataset, smallest_edge_nm: float, faint: float) -> xr.DataArray:
    return quality.flags(
        {
            "touches_border": found["touches_border"] == 1,
            "too_small": found["edge_length"] < smallest_edge_nm,
            "merged_shape": (found["units"] > 1) | ~_single(found),
            "low_contrast": found["plateau"] < faint,
            "shares_outline": found["free_outline"] < _FREE,
            "no_square": found["edge_fit"].isnull(),
        }
    )


def _product(table: xr.Dataset, numbers: xr.Dataset, verdict: xr.DataArray) -> xr.Dataset:
    """Keep what the contract names, with its units."""
    product = table[[name for name in PARTICLES if name in table]].merge(numbers)
    product["verdict"] = verdict
    for name, var in PARTICLES.items():
        if name in product.variables:
            product[name].attrs["units"] = var.units
    return product
