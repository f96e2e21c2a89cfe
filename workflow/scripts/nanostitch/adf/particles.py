"""Find and measure the particles on an annular dark-field (or bright-field) image.

The step ``particles``: flatten, segment, measure each particle, sum up the image.
"""

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch import quality
from nanostitch.adf import judgement, population, segment, shape
from nanostitch.adf.flatten import flatten, pixel_size_nm
from nanostitch.contracts.adf import PARTICLES

Array = NDArray[np.float64]
Window = tuple[slice, slice]
_ROW = ("particle",)
_STATISTICS = ("number_density", "coverage", "merged_fraction", "size_mean", "size_sd")
_SOLID = 0.9
_FREE = 0.9


def measure(
    intensity: xr.DataArray,
    *,
    particles_are: Literal["bright", "dark"],
    denoise_nm: float,
    background_length_nm: float,
    detection_contrast: float,
    doubtful_contrast: float,
    smallest_edge_nm: float,
    unit_edge_nm: float,
    dip_fraction: float,
    neck_fraction: float,
    fewest_particles: int,
    largest_flawed_fraction: float,
    largest_outlier_fraction: float,
    bootstrap_draws: int,
    seed: int,
) -> xr.Dataset:
    """Label and measure every particle of one image and sum them up.

    Parameters
    ----------
    intensity
        Detector signal, any number type, dims ``(y, x)``; coordinates ``y`` and ``x`` in nm,
        pixels need not be square. Pixels that are not finite count as not seen: they cut the
        particles that touch them, as the border does, but no weight makes up for it; the density
        is then too low and the image doubtful.
    particles_are
        ``bright`` (dark field) or ``dark`` (bright field) on the support.
    denoise_nm, background_length_nm
        See :func:`nanostitch.adf.flatten.flatten`.
    detection_contrast, dip_fraction, neck_fraction
        See :func:`nanostitch.adf.segment.particles`.
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
    bootstrap_draws, seed
        Number of bootstrap draws and seed of their generator.

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
        If the coordinates do not give one pixel size along each axis.
    """
    intensity = intensity.transpose("y", "x")
    flat = flatten(
        intensity,
        particles_are=particles_are,
        denoise_nm=denoise_nm,
        background_length_nm=background_length_nm,
    )
    found = segment.particles(
        flat,
        detection_contrast=detection_contrast,
        smallest_edge_nm=smallest_edge_nm,
        unit_edge_nm=unit_edge_nm,
        dip_fraction=dip_fraction,
        neck_fraction=neck_fraction,
    )
    table = _measured(flat, found, correlation_nm=2 * np.sqrt(np.pi) * denoise_nm)
    table["units"] = _units(table, unit_edge_nm)
    table["quality"] = _flags(table, smallest_edge_nm, doubtful_contrast * float(flat["noise"]))
    counted = population.counted(table)
    estimates = _statistics(
        table, flat, counted, smallest_edge_nm=smallest_edge_nm, draws=bootstrap_draws, seed=seed
    )
    why = judgement.reasons(
        intensity,
        table,
        counted=counted,
        smallest_edge_nm=smallest_edge_nm,
        unit_edge_nm=unit_edge_nm,
        fewest_particles=fewest_particles,
        largest_flawed_fraction=largest_flawed_fraction,
        largest_outlier_fraction=largest_outlier_fraction,
    )
    return _product(table, estimates, quality.verdict(why))


def _measured(flat: xr.Dataset, found: xr.Dataset, *, correlation_nm: float) -> xr.Dataset:
    """One row for each particle: its measures, plateau, box and whether the border cuts it."""
    boxes = ndimage.find_objects(found["particle_label"].to_numpy())
    rows = [
        _row(flat, found, number, box, correlation_nm) for number, box in enumerate(boxes, start=1)
    ]
    names = [*shape.Measures._fields, "height", "width", "touches_border"]
    columns = {name: (_ROW, np.array([row[name] for row in rows], dtype=float)) for name in names}
    table = xr.Dataset(columns, coords={"particle": found["particle"]})
    edge = np.sqrt(table["area"])
    return table.assign(
        edge_length=edge,
        edge_length_uncertainty=table["area_uncertainty"] / (2 * edge),
        equivalent_diameter=2 * np.sqrt(table["area"] / np.pi),
        touches_border=table["touches_border"].astype("i1"),
        plateau=found["plateau"],
        particle_label=found["particle_label"],
    )


def _row(
    flat: xr.Dataset, found: xr.Dataset, number: int, box: Window, correlation_nm: float
) -> dict[str, float]:
    spacing = np.array(pixel_size_nm(flat["signal"]))
    rows, columns = (slice(max(side.start - 1, 0), side.stop + 1) for side in box)
    patch = shape.Patch(
        flat["signal"].values[rows, columns],
        found["particle_label"].values[rows, columns] == number,
        found["basin"].values[rows, columns] == number,
        float(found["plateau"].values[number - 1]),
    )
    measures = shape.measure(
        patch, spacing, noise=float(flat["noise"]), correlation_nm=correlation_nm
    )
    row = measures._asdict()
    row["centroid_y"] += float(flat["y"].values[rows.start])
    row["centroid_x"] += float(flat["x"].values[columns.start])
    row["height"], row["width"] = (
        (side.stop - side.start) * step for side, step in zip(box, spacing, strict=True)
    )
    finite = flat["finite"].values
    row["touches_border"] = _is_cut(patch.whole, finite[rows, columns], box, finite.shape)
    return row


def _is_cut(
    whole: NDArray[np.bool_],
    finite: NDArray[np.bool_],
    box: Window,
    shape_of_image: tuple[int, ...],
) -> bool:
    """Whether the border of the image, or pixels that were not seen, cut a particle."""
    sides = zip(box, shape_of_image, strict=True)
    outside = any(side.start == 0 or side.stop == size for side, size in sides)
    return outside or bool((ndimage.binary_dilation(whole) & ~finite).any())


def _single(table: xr.Dataset) -> NDArray[np.bool_]:
    """Whether the outline is that of one square: compact, and nearer to 1 : 1 than to 2 : 1."""
    aspect, solidity = table["aspect_ratio"].to_numpy(), table["solidity"].to_numpy()
    return np.asarray((aspect < np.sqrt(2)) & (solidity > _SOLID))


def _units(table: xr.Dataset, unit_edge_nm: float) -> xr.DataArray:
    """How many original crystals each particle holds, by area.

    Two or three squares do not make a square: one that has the outline of a square is a single
    large crystal up to the area of three, so that a wide size distribution feigns no merging.
    """
    count = np.maximum(np.round(table["area"].to_numpy() / unit_edge_nm**2), 1)
    units = np.where(_single(table) & (count < 4), 1, count)
    return xr.DataArray(units.astype("i4"), dims=_ROW)


def _flags(table: xr.Dataset, smallest_edge_nm: float, faint: float) -> xr.DataArray:
    return quality.flags(
        {
            "touches_border": table["touches_border"] == 1,
            "too_small": table["edge_length"] < smallest_edge_nm,
            "merged_shape": (table["units"] > 1) | ~_single(table),
            "low_contrast": table["plateau"] < faint,
            "shares_outline": table["free_outline"] < _FREE,
        }
    )


def _statistics(
    table: xr.Dataset,
    flat: xr.Dataset,
    counted: NDArray[np.bool_],
    *,
    smallest_edge_nm: float,
    draws: int,
    seed: int,
) -> dict[str, population.Estimate]:
    """Statistics of the image; nothing is known of one that shows no contrast at all."""
    if not float(flat["noise"]) > 0:
        return dict.fromkeys(_STATISTICS, population.UNKNOWN)
    spacing = pixel_size_nm(flat["signal"])
    sides = [size * step for size, step in zip(flat["signal"].shape, spacing, strict=True)]
    seen = float(flat["finite"].sum()) * spacing[0] * spacing[1]
    whole = table.isel(particle=counted)
    weight = population.border_weight(
        whole["height"].to_numpy(),
        whole["width"].to_numpy(),
        field_height_nm=sides[0],
        field_width_nm=sides[1],
    )
    edge = whole["edge_length"].to_numpy()
    return {
        "number_density": population.density(weight, field_area_nm2=seen),
        "coverage": population.coverage(
            table["area"].to_numpy(),
            field_area_nm2=seen,
            smallest_edge_nm=smallest_edge_nm,
            draws=draws,
            seed=seed,
        ),
        "merged_fraction": population.fraction(whole["units"].to_numpy() > 1, weight),
        "size_mean": population.mean(edge, weight, draws=draws, seed=seed),
        "size_sd": population.standard_deviation(edge, weight, draws=draws, seed=seed),
    }


def _product(
    table: xr.Dataset,
    estimates: dict[str, population.Estimate],
    verdict: xr.DataArray,
) -> xr.Dataset:
    """Keep what the contract names, with its units."""
    product = table[[name for name in PARTICLES if name in table]]
    for name, estimate in estimates.items():
        product[name] = estimate.value
        product[f"{name}_lower"], product[f"{name}_upper"] = estimate.lower, estimate.upper
    product["verdict"] = verdict
    for name, var in PARTICLES.items():
        product[name].attrs["units"] = var.units
    return product
