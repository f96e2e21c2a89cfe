"""Parts of a scan or an image that the sheet names, in nm: ``left=0:12; right=20:32,5:20``."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.errors import CalibrationError

ALL = "all"
"""Name of the whole field, which is always the first region."""

Range = tuple[float, float]

_COLUMN = "acquisitions.tsv: column regions"
_EXAMPLE = "left=0:12; right=20:32,5:20"
_DIMS = ("x", "y")
"""Order in which the sheet gives the ranges."""


def parse(told: str) -> dict[str, tuple[Range, ...]]:
    """Ranges of each named region, along x and then, where told, along y [nm].

    Parameters
    ----------
    told
        ``name=from:to`` or ``name=from:to,from:to``, with ``;`` between regions [nm].

    Raises
    ------
    CalibrationError
        If a part is not of that form, a range does not rise, a name comes twice or is ``all``.
    """
    found: dict[str, tuple[Range, ...]] = {}
    for part in filter(None, (part.strip() for part in told.split(";"))):
        name, _, box = (piece.strip() for piece in part.partition("="))
        if name in (*found, ALL, ""):
            raise _error(f"name {name!r} is " + ("taken" if name else "empty"))
        found[name] = tuple(_range(text, part) for text in box.split(","))
        if len(found[name]) > len(_DIMS):
            raise _error(f"{part!r} has {len(found[name])} ranges; give x, or x and y")
    return found


def masks(told: str, field: xr.DataArray) -> xr.DataArray:
    """Where each region lies in a field; the first is the whole of it.

    Parameters
    ----------
    told
        As :func:`parse` takes it; empty where none is named.
    field
        Anything with the dims ``([y,] [x])`` of the scan or image, among others, and their
        coordinates in nm. A pixel belongs to a region if its centre does, ends included.

    Returns
    -------
    xarray.DataArray
        Boolean, dims ``(region, [y,] [x])``, with the names as coordinate ``region``.

    Raises
    ------
    CalibrationError
        If a region cannot be told from the sheet, holds no pixel, or is told for an axis that
        the field lacks or that is not in nm.
    """
    dims = [str(dim) for dim in field.dims if dim in ("y", "x")]
    shape = [field.sizes[dim] for dim in dims]
    found = {ALL: np.ones(shape, bool)}
    for name, ranges in parse(told).items():
        inside = np.ones(shape, bool)
        for dim, limits in zip(_DIMS, ranges, strict=False):
            inside &= _within(field, dim, limits, dims, name)
        if not inside.any():
            raise _error(f"{name!r} holds no pixel; the field is {', '.join(_extent(field, dims))}")
        found[name] = inside
    coords = {dim: field[dim] for dim in dims if dim in field.coords}
    stacked = np.stack(list(found.values()))
    return xr.DataArray(stacked, {"region": list(found), **coords}, ("region", *dims))


def _range(text: str, part: str) -> Range:
    pieces = text.split(":")
    try:
        low, high = map(float, pieces)
    except ValueError:
        raise _error(f"{part!r} is not name=from:to or name=from:to,from:to in nm") from None
    if not (np.isfinite([low, high]).all() and low < high):
        raise _error(f"{part!r}: the range {text.strip()!r} does not rise")
    return low, high


def _within(
    field: xr.DataArray, dim: str, limits: Range, dims: list[str], name: str
) -> NDArray[np.bool_]:
    if dim not in dims:
        raise _error(f"{name!r} has a range along {dim}, but the data have no such axis")
    if field.coords.get(dim, field).attrs.get("units") != "nm" or dim not in field.coords:
        raise _error(f"{name!r}: the step along {dim} is unknown; tell pixel_size_nm")
    along = field[dim].to_numpy()
    inside = (along >= limits[0]) & (along <= limits[1])
    return np.asarray(inside.reshape([-1 if d == dim else 1 for d in dims]))


def _extent(field: xr.DataArray, dims: list[str]) -> Iterator[str]:
    for dim in reversed(dims):
        if dim in field.coords:
            yield f"{dim} {float(field[dim].min()):g}:{float(field[dim].max()):g}"


def _error(what: str) -> CalibrationError:
    return CalibrationError(f"{_COLUMN}: {what}; an example: {_EXAMPLE}")
