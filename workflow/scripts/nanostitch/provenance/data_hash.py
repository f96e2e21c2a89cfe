"""The hash of a product's data alone, whatever packs them.

The same values have other file bytes under another compressor, chunking or library version. This
hash is taken over what they are: names, dimensions, types, values and attributes of every group
but ``/provenance``. Left out are attributes that say when and from what a file was made, the
value that stands for a missing one, and which variables are coordinates, because writers add
these. Counts of spectrum images are hashed as the small integers that ``storage`` makes of them,
with the type in which they were recorded: a product as it is stored, its portable copy alike.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import storage

SKIPPED_GROUP = "provenance"
_OF_THE_FILE = frozenset({"history", "source", "date_created", "id"})
_OF_THE_WRITER = frozenset({"_FillValue", "coordinates"})
_KINDS = "biuf"
"""Types of numbers that a product may hold: booleans, integers, floats."""


@dataclass(frozen=True)
class _Variable:
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: Any
    attributes: dict[str, Any]
    read: Callable[[Any], NDArray[Any]]


_Group = tuple[str, Mapping[str, Any], Mapping[str, _Variable]]


def of_dataset(product: xr.Dataset | xr.DataTree) -> str:
    """Hash of a product in memory (hexadecimal).

    Raises
    ------
    TypeError
        If a variable or attribute is of a type that no product may hold.
    """
    tree = product if isinstance(product, xr.DataTree) else xr.DataTree(product)
    return _digest(_in_memory(tree))


@contextmanager
def taken_beside(product: xr.Dataset | xr.DataTree) -> Iterator[Future[str]]:
    """Hash of a product in memory, taken while the block writes it."""
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(of_dataset, product)


def of_open(file: Any) -> str:
    """Hash of an open netCDF4 dataset (hexadecimal); it is read in parts."""
    file.set_auto_maskandscale(False)
    return _digest(_in_file(file, "/"))


def _in_memory(tree: xr.DataTree) -> Iterator[_Group]:
    for node in tree.subtree:
        part = node.to_dataset(inherit=False)
        found = {str(name): _held(variable) for name, variable in part.variables.items()}
        if node.path != f"/{SKIPPED_GROUP}":
            yield node.path, {str(key): value for key, value in part.attrs.items()}, found


def _held(variable: xr.Variable) -> _Variable:
    attributes = {str(key): value for key, value in variable.attrs.items()}
    dims = tuple(map(str, variable.dims))
    return _Variable(
        dims,
        variable.shape,
        variable.dtype,
        attributes,
        lambda part: np.asarray(variable[part].to_numpy()),
    )


def _in_file(group: Any, path: str) -> Iterator[_Group]:
    yield path, group.__dict__, {name: _stored(v) for name, v in group.variables.items()}
    for name, inner in group.groups.items():
        if path != "/" or name != SKIPPED_GROUP:
            yield from _in_file(inner, f"{path.rstrip('/')}/{name}")


def _stored(variable: Any) -> _Variable:
    attributes = dict(variable.__dict__)
    is_truth = attributes.get("dtype") == "bool"  # as xarray stores it
    if is_truth:
        del attributes["dtype"]
    return _Variable(
        variable.dimensions,
        variable.shape,
        np.dtype(bool) if is_truth else variable.dtype,
        attributes,
        lambda part: np.asarray(variable[part]),
    )


def _digest(groups: Iterator[_Group]) -> str:
    whole = hashlib.sha256()
    for path, attributes, variables in sorted(groups, key=lambda group: group[0]):
        skipped = _OF_THE_FILE if path == "/" else frozenset()
        _add(whole, [path, _attributes(attributes, skipped), sorted(variables)])
        for name in sorted(variables):
            _add_variable(whole, name, variables[name])
    return whole.hexdigest()


def _add(whole: Any, document: object) -> None:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    whole.update(text.encode() + b"\0")


def _add_variable(whole: Any, name: str, variable: _Variable) -> None:
    attributes = dict(variable.attributes)
    recorded = _kind(attributes.pop(storage.RECORDED, variable.dtype))
    packed = _kind(_packing(variable))
    kind = recorded if packed == recorded else f"{recorded} as {packed}"
    _add(whole, [name, kind, variable.dims, variable.shape, _attributes(attributes)])
    for values in _parts(variable):
        if packed == "text":
            _add(whole, [str(value) for value in values.reshape(-1)])
        else:
            whole.update(np.ascontiguousarray(values, dtype=packed).data)


def _packing(variable: _Variable) -> Any:
    """Type in which values are hashed: of counts of spectrum images, the one they are packed in."""
    is_packed = storage.RECORDED in variable.attributes
    if is_packed or not storage.is_large_map(variable.dims, variable.shape):
        return variable.dtype
    return storage.packing(variable.dtype, _parts(variable))


def _parts(variable: _Variable) -> Iterator[NDArray[Any]]:
    return (variable.read(part) for part in storage.strips(variable.shape))


def _kind(dtype: Any) -> str:
    """Type of a variable's values by name: ``text``, or NumPy's, little-endian."""
    if dtype is str or np.dtype(dtype).kind in "UOT":
        return "text"
    if np.dtype(dtype).kind not in _KINDS:
        raise TypeError(f"values of type {dtype} cannot be hashed; a product holds none")
    return str(np.dtype(dtype).newbyteorder("<").str)


def _attributes(
    attributes: Mapping[str, Any], skipped: frozenset[str] = frozenset()
) -> dict[str, Any]:
    kept = attributes.keys() - skipped - _OF_THE_WRITER
    return {name: _value(attributes[name]) for name in kept}


def _value(value: Any) -> list[Any]:
    """Type and values of an attribute; one value is the same as a list of one."""
    values = np.asarray(value).reshape(-1)
    if values.dtype.kind in "UO":
        return ["text", *map(str, values)]
    return [_kind(values.dtype), values.astype(_kind(values.dtype)).tobytes().hex()]
