"""Atomic columns of an image that resolves a lattice, its line defects and the ligand shell.

The step ``columns``: find and refine the columns of all domains, search each domain for jumps of
its lattice, and follow the signal outward from the outermost columns.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch import intervals, quality
from nanostitch.adf import column_table, defect_table, shell
from nanostitch.adf.atoms import find
from nanostitch.adf.atoms.find import Found
from nanostitch.adf.atoms.refine import X, Y
from nanostitch.adf.column_table import Image
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.contracts.adf_columns import COLUMNS

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_SUPPORT_PERCENTILE = 5.0
"""Of the signal, taken for that of the support where crystals leave any free."""
_SMOOTH = 3.0
"""Standard deviation of the Gaussian [pixels] after which that percentile is no longer noise."""


def measure(
    raw: xr.Dataset,
    lattice: xr.Dataset,
    *,
    widest_column_nm: float,
    detection_significance: float,
    most_sweeps: int,
    doubtful_misfit: float,
    least_shift: float,
    shortest_defect_nm: float,
    largest_rotation_degree: float,
    shell_reach_nm: float,
    shell_block_degree: float,
    bootstrap_draws: int,
    seed: int,
) -> xr.Dataset:
    """Measure columns, line defects and ligand shell of one image.

    Parameters
    ----------
    raw
        Keeps ``contracts.raw.RAW_IMAGE``: ``intensity`` (y, x). Pixels that are not finite are
        left out.
    lattice
        Keeps ``contracts.adf.LATTICE``; columns are looked for where it has domains, and half a
        plane distance around them.
    widest_column_nm
        Largest standard deviation of a column that is tried [nm].
    detection_significance
        Height below which a column is none, in standard errors.
    most_sweeps
        See :func:`nanostitch.adf.atoms.refine.refine`.
    doubtful_misfit
        Reduced chi-square above which a column is flagged ``poor_fit``.
    least_shift, shortest_defect_nm, largest_rotation_degree
        See :func:`nanostitch.adf.line_defects.find`.
    shell_reach_nm, shell_block_degree
        See :func:`nanostitch.adf.shell.measure`.
    bootstrap_draws, seed
        Number of bootstrap draws for the shell and seed of their generator.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.adf.COLUMNS``. Where no lattice is resolved it is empty
        and its verdict is bad.

    Raises
    ------
    CalibrationError
        If the coordinates do not give one pixel size along each axis.
    """
    intensity = raw["intensity"].transpose("y", "x")
    spacing = pixel_size_nm(intensity)
    bases = _bases(lattice)
    if not len(bases):
        said = str(lattice["verdict"].attrs.get("reasons", "")) if "verdict" in lattice else ""
        reason = f"no lattice is resolved (pixels of {max(spacing):.2g} nm), so no columns are"
        return _product(_empty(0), lattice, {reason + (f": {said}" if said else ""): "bad"})
    image = _filled(intensity, spacing)
    label = lattice["domain_label"].transpose("y", "x").to_numpy().astype(np.int64)
    index = np.searchsorted(lattice["domain"].to_numpy(), label) * (label > 0) - (label == 0)
    found = find.columns(
        np.where(image.seen, image.values, np.nan),
        _searched(index, image, bases),
        widest_px=widest_column_nm / max(spacing),
        detection_significance=detection_significance,
        most_sweeps=most_sweeps,
    )
    if not found.group.size:
        return _product(_empty(len(bases)), lattice, {"no column stands out of the noise": "bad"})
    table, wrong = column_table.columns(
        found, image, lattice, bases, _outside(image, index, bases), doubtful_misfit
    )
    jumps, unsearched = defect_table.search(
        image.values,
        index,
        bases,
        spacing=spacing,
        origin=image.origin,
        least_shift=least_shift,
        shortest_nm=shortest_defect_nm,
        largest_rotation_degree=largest_rotation_degree,
    )
    numbers, outline = _shell(
        found, image, shell_reach_nm, shell_block_degree, bootstrap_draws, seed
    )
    return _product(table | jumps | numbers, lattice, wrong | unsearched | outline)


def _bases(lattice: xr.Dataset) -> Array:
    """Reflections (domain, 2, 2) of each domain: rows g1, g2; columns y, x [1/nm]."""
    names = ("g1_y", "g1_x", "g2_y", "g2_x")
    return np.stack([lattice[name].to_numpy() for name in names], axis=-1).reshape(-1, 2, 2)


def _filled(intensity: xr.DataArray, spacing: tuple[float, float]) -> Image:
    values = intensity.to_numpy().astype(float)
    seen = np.isfinite(values)
    usual = float(np.median(values[seen])) if seen.any() else 0.0
    origin = (float(intensity["y"][0]), float(intensity["x"][0]))
    return Image(np.where(seen, values, usual), seen, spacing, origin)


def _searched(index: Ints, image: Image, bases: Array) -> Ints:
    """Domain of each pixel, or of the nearest within half a plane distance; -1 elsewhere."""
    margin = 0.5 / np.hypot(*np.moveaxis(bases, -1, 0)).min(axis=1)
    away, nearest = ndimage.distance_transform_edt(
        index < 0, sampling=image.spacing, return_indices=True
    )
    closest: Ints = index[tuple(nearest)]
    return np.where((away <= margin[closest]) & image.seen, closest, -1)


def _outside(image: Image, index: Ints, bases: Array) -> float:
    """Area as bright as crystal, yet farther than a plane distance from all domains [nm2]."""
    longest = float((1.0 / np.hypot(*np.moveaxis(bases, -1, 0)).min(axis=1)).max())
    smooth = ndimage.gaussian_filter(image.values, [0.5 * longest / d for d in image.spacing])
    dark = float(np.percentile(smooth, _SUPPORT_PERCENTILE))
    bright = smooth > 0.5 * (dark + float(np.median(smooth[index >= 0])))
    away = ndimage.distance_transform_edt(index < 0, sampling=image.spacing)
    return float((bright & (away > longest)).sum()) * image.spacing[0] * image.spacing[1]


def _shell(
    found: Found, image: Image, reach_nm: float, block_degree: float, draws: int, seed: int
) -> tuple[dict[str, xr.DataArray], dict[str, quality.Level]]:
    """Variables of the shell, and why it has no thickness where it has none."""
    smooth = ndimage.gaussian_filter(image.values, _SMOOTH)
    support = found.noise.variance(float(np.percentile(smooth, _SUPPORT_PERCENTILE)))
    mean = float(np.sqrt(np.prod(image.spacing)))
    edge = 0.5 * min(found.nearest_px, max(image.values.shape)) * mean
    y, x = (found.fit.values[k] * d for k, d in zip((Y, X), image.spacing, strict=True))
    blocks = shell.measure(
        image.values,
        (y, x),
        found.group + 1,
        spacing=image.spacing,
        edge_nm=edge,
        reach_nm=reach_nm,
        block_degree=block_degree,
        noise=float(np.sqrt(support)),
    )
    number, why = shell.thickness(blocks, edge_nm=edge, draws=draws, seed=seed)
    known = np.isfinite(blocks.step) & np.isfinite(number[0])
    contrast = float(np.mean(blocks.step[known]) / np.sqrt(support)) if known.any() else np.nan
    rows = {
        "shell_y": blocks.y + image.origin[0],
        "shell_x": blocks.x + image.origin[1],
        "shell_angle": blocks.angle,
        "shell_block_thickness": blocks.thickness,
    }
    table = {name: xr.DataArray(data, dims=("block",)) for name, data in rows.items()}
    table |= intervals.variables({"shell_thickness": number}, {"shell_thickness": "nm"})
    table["shell_contrast_to_noise"] = xr.DataArray(contrast)
    return table, {f"no thickness of a ligand shell: {why}": "good"} if why else {}


def _empty(domains: int) -> dict[str, xr.DataArray]:
    """All variables without data: arrays of size 0, scalars that are not numbers."""
    found = {}
    for name, var in COLUMNS.items():
        if name not in ("verdict", "domain"):
            kind = np.dtype(var.dtype)
            fill = np.nan if kind.kind == "f" else 0
            shape = tuple(domains if dim == "domain" else 0 for dim in var.dims)
            found[name] = xr.DataArray(np.full(shape, fill, kind), dims=var.dims)
    flagged = xr.DataArray(np.zeros(0, bool), dims=("column",))
    found["column_quality"] = quality.flags({"poor_fit": flagged})
    return found | {"defect_quality": defect_table.no_flags()}


def _product(
    table: dict[str, xr.DataArray], lattice: xr.Dataset, why: dict[str, quality.Level]
) -> xr.Dataset:
    """Put together what the contract names, with its units."""
    product = xr.Dataset(table).assign_coords(
        domain=("domain", lattice["domain"].to_numpy().astype("i4"))
    )
    product["verdict"] = quality.verdict(why)
    for name, var in COLUMNS.items():
        product[name].attrs["units"] = var.units
    return product
