"""How values lie in a netCDF file: types, chunks, compression.

Spectrum images are by far the largest products and are read in parts: as blocks of pixels and as
windows of energy. They are stored in chunks for both and with a fast codec; everything else with
one that every reader has. ``tests/benchmarks/bench_storage.py`` measures the choices.
"""

import math
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Encoding = dict[str, dict[str, Any]]

RECORDED = "recorded_dtype"
"""Attribute that says of which type counts are that are stored as integers."""
PORTABLE: dict[str, Any] = {
    "zlib": True,
    "complevel": 1,
    "shuffle": True,
    "fletcher32": True,
}
"""Settings that every build of netCDF reads."""
FAST: dict[str, Any] = {
    "compression": "blosc_lz4",
    "complevel": 1,
    "blosc_shuffle": 1,
    "fletcher32": True,
}
"""Settings for spectrum images: read five and written eight times faster than ``PORTABLE``, at
1.1 times the size."""
STRIP = 2048
"""Spectra in a strip of chunks across a map: as many as a step works on at a time."""
CACHE_BYTES = 2**22
"""Chunks kept unpacked by a reader of parts: strips are read once, so that keeping more than some
costs memory and time."""
_CHUNK_PIXELS, _CHUNK_CHANNELS, _CHUNK_ROWS = 128, 256, 16
"""Spectra, channels and most rows in a chunk: 64 KiB of 16-bit counts, an eighth of an axis."""
_LARGE = 2**22
"""Values from which on a spectrum image is stored so; smaller ones are read at once."""
_INTEGERS = ("u1", "u2", "u4", "i2", "i4")
_PART = 2**22
"""Values looked at together, to save memory."""


def encoding(dataset: xr.Dataset, fast: bool) -> Encoding:
    """Settings for each variable of a file, as xarray takes them.

    Parameters
    ----------
    dataset
        What is to be written.
    fast
        Whether the fast codec is at hand.
    """
    found: Encoding = {}
    for name, variable in dataset.variables.items():
        settings: dict[str, Any] = {"_FillValue": None}
        if variable.dtype.kind == "f" and name not in dataset.coords:
            settings["_FillValue"] = np.array(np.nan, variable.dtype)
        if variable.dtype.kind in "iuf" and variable.ndim and variable.size:
            settings |= PORTABLE
        if is_large_map(variable.dims, variable.shape):
            chunks = {"chunksizes": chunk_of(variable.shape)}
            settings = {
                "_FillValue": settings["_FillValue"],
                **chunks,
                **(FAST if fast else PORTABLE),
            }
        found[str(name)] = settings
    return found


def is_large_map(dims: tuple[Hashable, ...], shape: tuple[int, ...]) -> bool:
    """Whether a variable is a spectrum image that is stored for reading in parts."""
    return dims == ("y", "x", "energy") and math.prod(shape) >= _LARGE


def chunk_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Chunk of a map (y, x, energy), whose strips across it hold ``STRIP`` spectra."""
    rows = max(min(STRIP // shape[1], _CHUNK_ROWS, shape[0]), 1)
    return rows, min(max(_CHUNK_PIXELS // rows, 1), shape[1]), min(_CHUNK_CHANNELS, shape[2])


def packed(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with the counts of large maps as the smallest integers that hold them.

    Counts that are no whole numbers stay as they are. The attribute ``recorded_dtype`` says what
    they were; :func:`unpacked` returns them to it.
    """
    found: dict[Hashable, xr.Variable] = {}
    for name, variable in dataset.variables.items():
        if is_large_map(variable.dims, variable.shape):
            values = variable.to_numpy()
            kind = packing(values.dtype, _parts(values))
            if kind != values.dtype:
                attrs = {**variable.attrs, RECORDED: values.dtype.name}
                found[name] = xr.Variable(variable.dims, values.astype(kind), attrs)
    return dataset.assign(found)


def unpacked(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with counts of the type in which they were recorded."""
    found: dict[Hashable, xr.Variable] = {}
    for name, variable in dataset.variables.items():
        if RECORDED in variable.attrs:
            attrs = dict(variable.attrs)
            values = variable.to_numpy().astype(attrs.pop(RECORDED))
            found[name] = xr.Variable(variable.dims, values, attrs)
    return dataset.assign(found)


def packing(recorded: np.dtype[Any], parts: Iterable[NDArray[Any]]) -> np.dtype[Any]:
    """Smallest type of integers that holds all counts, or that in which they were recorded.

    Parameters
    ----------
    recorded
        Type of the values, which they keep if it is no larger or they are no whole numbers.
    parts
        All values, one part after the other.
    """
    low, high = 0.0, 0.0
    for part in parts:
        if recorded.kind == "f" and not (np.isfinite(part) & (np.rint(part) == part)).all():
            return recorded
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    holding = (n for n in _INTEGERS if np.iinfo(n).min <= low and high <= np.iinfo(n).max)
    smallest = np.dtype(next(holding, recorded))
    return smallest if smallest.itemsize < recorded.itemsize else recorded


def copy_portably(source: Any, copy: Any) -> None:
    """Copy an open netCDF4 dataset or group, counts in the type in which they were recorded."""
    copy.setncatts(source.__dict__)
    for name, dimension in source.dimensions.items():
        copy.createDimension(name, dimension.size)
    for name, variable in source.variables.items():
        attributes = dict(variable.__dict__)
        kind = np.dtype(attributes.pop(RECORDED, variable.dtype))
        fill = {"fill_value": attributes.pop("_FillValue", None)}
        packing = PORTABLE if kind.kind in "iuf" and variable.ndim else {}
        made = copy.createVariable(name, kind, variable.dimensions, **fill, **packing)
        made.setncatts(attributes)
        for part in strips(variable.shape):
            made[part] = variable[part]
    for name, group in source.groups.items():
        copy_portably(group, copy.createGroup(name))


def strips(shape: tuple[int, ...]) -> Iterator[Any]:
    """Parts of a variable of a shape, one after the other, of some million values each."""
    if not shape:
        yield ...
        return
    step = max(_PART // max(int(np.prod(shape[1:])), 1), 1)
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = values.reshape(-1)
    for start in range(0, flat.size, _PART):
        yield flat[start : start + _PART]
