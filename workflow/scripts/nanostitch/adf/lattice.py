"""Find the lattices of an image that resolves them: domains, reflections, phases, scale.

The step ``lattice``: windows, growth of domains, refinement, indexing, calibration.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import intervals, quality
from nanostitch.adf.crystal import (
    calibration,
    domains,
    index,
    maps,
    neighbours,
    reflections,
    table,
    tensor,
    waves,
    windows,
)
from nanostitch.adf.crystal.table import Found
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.contracts.adf_lattice import LATTICE

_PIXELS_PER_SPACING = 2.0
"""Pixels that a spacing of planes takes at least (Nyquist)."""


def measure(
    raw: xr.Dataset,
    *,
    finest_spacing_nm: float,
    window_nm: float,
    false_alarm: float,
    tolerance_degree: float,
    smallest_nm: float,
    phases: list[str],
    told_odds: float,
    scale_tolerance: float,
    distortion_tolerance: float,
    least_score: float,
) -> xr.Dataset:
    """Lattices of one image, from windows to domains, phases and the calibration of the scan.

    Parameters
    ----------
    raw
        ``intensity`` (y, x) with coordinates in nm; the attribute ``material`` tells what the
        specimen is.
    finest_spacing_nm
        Spacing of planes that the pixels must resolve [nm].
    window_nm, false_alarm
        See :func:`nanostitch.adf.crystal.windows.spectra`.
    tolerance_degree, smallest_nm
        See :func:`nanostitch.adf.crystal.domains.grow`.
    phases, told_odds, scale_tolerance, distortion_tolerance
        See :func:`nanostitch.adf.crystal.index.matches`.
    least_score
        Probability below which a domain has no phase and zone axis.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.adf.LATTICE``; of size 0, and bad, where the pixels do
        not resolve a lattice or none is seen.

    Raises
    ------
    CalibrationError
        If the coordinates do not give one pixel size along each axis.
    """
    intensity = raw["intensity"].transpose("y", "x")
    pixel = max(pixel_size_nm(intensity))
    if pixel * _PIXELS_PER_SPACING > finest_spacing_nm:
        return _nothing(
            f"pixels of {pixel:.3g} nm do not resolve planes {finest_spacing_nm:g} nm apart"
        )
    image = windows.picture(intensity)
    seen = windows.spectra(image, window_nm=window_nm, false_alarm=false_alarm)
    on = waves.grid(image)
    number, visible, lattices = _search(
        image,
        seen,
        on,
        false_alarm=false_alarm,
        tolerance_degree=tolerance_degree,
        smallest_nm=smallest_nm,
    )
    if not lattices:
        return _nothing("no two reflections of one lattice exceed the noise")
    material = str(raw.attrs.get("material", ""))
    candidates = [
        index.matches(
            lattice,
            names=phases,
            material=material,
            told_odds=told_odds,
            scale_tolerance=scale_tolerance,
            distortion_tolerance=distortion_tolerance,
        )
        for lattice in lattices
    ]
    known = [c[0] if c and c[0].probability >= least_score else None for c in candidates]
    found = Found(number, visible, lattices, candidates, known)
    product = _product(intensity, image, seen, on, found)
    scan = calibration.scan(
        known, product["domain_area"].to_numpy(), material=material, scale_tolerance=scale_tolerance
    )
    product.update(intervals.variables(scan, {name: LATTICE[name].units for name in scan}))
    product["verdict"] = quality.verdict(_reasons(known))
    return _with_units(product)


def _search(
    image: windows.Picture,
    seen: windows.Windows,
    on: waves.Grid,
    *,
    false_alarm: float,
    tolerance_degree: float,
    smallest_nm: float,
) -> tuple[NDArray[np.int32], NDArray[np.float64], list[reflections.Lattice]]:
    """Domains that have a lattice: number and visibility on the grid, and the lattices."""
    grown = domains.grow(
        on,
        seen,
        tensor.promising(image, on),
        tolerance_degree=tolerance_degree,
        smallest_nm=smallest_nm,
    )
    number, visible = domains.label(grown, on)
    lattices: dict[int, reflections.Lattice] = {}

    def refine(one: int) -> bool:
        region = (number == one) & (visible > 1)
        found = reflections.lattice(image, on, region, false_alarm=false_alarm)
        if found is not None:
            lattices[one] = found
        return found is not None

    for one in range(1, len(grown) + 1):
        refine(one)
    for first, second in _pieces(number, visible, on, lattices, tolerance_degree):
        before = number.copy()
        number[number == second] = first
        if refine(first):
            del lattices[second]
        else:
            number = before
    order = np.zeros(len(grown) + 1, np.int32)
    order[list(lattices)] = np.arange(1, len(lattices) + 1)
    return order[number], visible, list(lattices.values())


def _pieces(
    number: NDArray[np.int32],
    visible: NDArray[np.float64],
    on: waves.Grid,
    lattices: dict[int, reflections.Lattice],
    tolerance_degree: float,
) -> list[tuple[int, int]]:
    """Pairs of domains without a gap whose lattices, once refined, are one within tolerance."""
    joined: list[tuple[int, int]] = []
    for first, second, _ in neighbours.meeting(np.where(visible > 1, number, 0), on, 0.0):
        if first in lattices and second in lattices and not {first, second} & set(sum(joined, ())):
            turn = index.turned(lattices[first], lattices[second])
            if turn < tolerance_degree:
                joined.append((first, second))
    return joined


def _product(
    intensity: xr.DataArray,
    image: windows.Picture,
    seen: windows.Windows,
    on: waves.Grid,
    found: Found,
) -> xr.Dataset:
    """Maps and tables, without calibration and verdict."""
    label = maps.pixels(found.number, found.visible, on, intensity)
    y, x = (intensity[dim].to_numpy().astype(float) for dim in ("y", "x"))
    rows = table.domain_rows(found)
    cells = tuple(
        np.clip(np.round((at - zero) / step).astype(int), 0, n - 1)
        for at, zero, step, n in zip((seen.y, seen.x), on.origin, on.step, on.shape, strict=True)
    )
    inside = np.where(found.visible > 1, found.number, 0)[np.ix_(*cells)]
    orientation = np.append(np.nan, rows["domain_orientation"].to_numpy())
    period = np.append(np.nan, rows["orientation_period"].to_numpy())
    local = orientation[inside] + maps.turns(seen, found.lattices, inside)
    finer = maps.pixels(found.number, found.visible, on, image.coordinates())
    product = xr.Dataset(
        {
            "domain_label": (("y", "x"), label),
            "visibility": (("window_y", "window_x"), seen.strength),
            "local_orientation": (("window_y", "window_x"), np.mod(local, period[inside])),
            "explained_power": maps.explained_power(image, on, finer > 0, seen.threshold),
        },
        coords={"y": ("y", y), "x": ("x", x), "window_y": seen.y, "window_x": seen.x},
    )
    tables = (
        rows,
        table.areas(label, y, x, len(found.lattices)),
        table.reflection_rows(found.lattices),
        table.pair_rows(found, on),
    )
    return xr.merge([product, *tables], join="exact")


def _reasons(known: list[index.Match | None]) -> dict[str, quality.Level]:
    unknown = sum(m is None for m in known)
    return (
        {f"{unknown} of {len(known)} domains fit no zone axis of the phases": "doubtful"}
        if unknown
        else {}
    )


def _nothing(reason: str) -> xr.Dataset:
    """Product without any lattice: arrays of size 0, numbers NaN, and the reason."""
    empty = {
        name: (
            var.dims,
            np.zeros((0,) * len(var.dims), "U1" if var.dtype == "U" else var.dtype)
            if var.dims
            else np.nan,
        )
        for name, var in LATTICE.items()
        if name != "verdict"
    }
    product = xr.Dataset(empty)
    product["verdict"] = quality.verdict({reason: "bad"})
    return _with_units(product)


def _with_units(product: xr.Dataset) -> xr.Dataset:
    for name, var in LATTICE.items():
        product[name].attrs["units"] = var.units
    return product
