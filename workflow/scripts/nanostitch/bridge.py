"""Between a HyperSpy signal and a labelled Dataset, without loss in either direction.

The Dataset holds the values as ``data`` with one dim an axis, and what netCDF has no place for
(axis flags, metadata trees) as JSON in the attribute ``hyperspy``. Kept are data and their
type, axes (order, name, units, scale, offset, navigation, binning, uneven positions), both
metadata trees, the signal type and the variance. Results of a decomposition and fitted models
are not carried: they are not data of the signal.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from nanostitch.errors import FormatError

_KIND = "_kind"
_WIDENED: dict[str, np.dtype[Any]] = {"?": np.dtype("u1"), "e": np.dtype("f4")}
_VARIANCE = ("Signal", "Noise_properties", "_sig_variance")
_METADATA_PLACES = {
    "title": "General.title",
    "source_file": "General.original_filename",
    "signal_type": "Signal.signal_type",
    "beam_energy_kev": "Acquisition_instrument.TEM.beam_energy",
    "convergence_mrad": "Acquisition_instrument.TEM.convergence_angle",
    "collection_mrad": "Acquisition_instrument.TEM.Detector.EELS.collection_angle",
}


def from_hyperspy(signal: Any) -> xr.Dataset:
    """Dataset of a HyperSpy signal.

    Parameters
    ----------
    signal
        Any signal but a ragged one; a lazy one is computed.

    Returns
    -------
    xarray.Dataset
        ``data`` (and ``data_imag``), ``variance`` where there is one, a coordinate an axis.

    Raises
    ------
    FormatError
        If the signal is ragged, or its metadata hold objects that no file could.
    """
    if signal.ragged:
        raise FormatError("a ragged signal has no labelled axes; save its parts one by one")
    if signal._lazy:
        signal = signal.as_lazy()
        signal.compute(close_file=False, show_progressbar=False)
    axes = [axis.get_axis_dictionary() for axis in signal.axes_manager._axes]
    metadata = signal.metadata.as_dictionary()
    dims = _dims([axis["name"] for axis in axes])
    variables = _variables("data", signal.data, dims)
    variance = _taken(metadata, _VARIANCE)
    described: dict[str, Any] = {
        "axes": axes,
        "dtype": signal.data.dtype.str,
        "metadata": metadata,
        "original_metadata": signal.original_metadata.as_dictionary(),
        "class": type(signal).__name__,
    }
    if variance is not None:
        variables |= _variables("variance", variance["data"], dims)
        described["variance"] = {**variance, "data": None, "dtype": variance["data"].dtype.str}
    text = json.dumps(_encode(described, "signal"), sort_keys=True)
    return xr.Dataset(variables, _coordinates(signal, dims), attrs={"hyperspy": text})


def to_hyperspy(dataset: xr.Dataset) -> Any:
    """HyperSpy signal of a Dataset.

    Parameters
    ----------
    dataset
        As :func:`from_hyperspy` makes it, or a Dataset of one data variable: its coordinates
        become axes (dim ``energy`` alone the signal axis, where there is one), its attributes
        metadata.

    Raises
    ------
    FormatError
        If the Dataset is neither.
    """
    import hyperspy.api as hs
    from hyperspy.io import dict2signal

    if "hyperspy" not in dataset.attrs:
        return dict2signal(_described(dataset))
    described = _decode(json.loads(dataset.attrs["hyperspy"]))
    metadata = described["metadata"]
    variance = described.get("variance")
    if variance is not None:
        stored = _values(dataset, "variance", variance.pop("dtype"))
        _put(metadata, _VARIANCE, {**variance, "data": stored})
    content = {
        "data": _values(dataset, "data", described["dtype"]),
        "axes": described["axes"],
        "metadata": metadata,
        "original_metadata": described["original_metadata"],
    }
    # HyperSpy's own signals by name: a plain BaseSignal would come back as Signal1D.
    own = described["class"] in hs.signals.__all__
    return getattr(hs.signals, described["class"])(**content) if own else dict2signal(content)


def _described(dataset: xr.Dataset) -> dict[str, Any]:
    """Signal dictionary of a Dataset that HyperSpy never saw."""
    if len(dataset.data_vars) != 1:
        names = ", ".join(map(str, dataset.data_vars)) or "none"
        raise FormatError(f"one data variable makes a signal; this Dataset has {names}")
    (array,) = dataset.data_vars.values()
    spectral = "energy" in array.dims
    metadata: dict[str, Any] = {"General": {"title": str(array.name)}, "Signal": {}}
    for name, place in _METADATA_PLACES.items():
        if name in dataset.attrs:
            _put(metadata, tuple(place.split(".")), dataset.attrs[name])
    return {
        "data": array.values,
        "axes": [
            _axis(array, str(dim), navigate=spectral and dim != "energy") for dim in array.dims
        ],
        "metadata": metadata,
        "original_metadata": {"nanostitch": dict(dataset.attrs)},
    }


def _axis(array: xr.DataArray, dim: str, *, navigate: bool) -> dict[str, Any]:
    """Axis of a dim: uniform where its positions are, to the rounding of their type."""
    axis: dict[str, Any] = {"name": dim, "navigate": navigate, "units": None}
    if dim not in array.coords:
        return axis | {"size": array.sizes[dim], "scale": 1.0, "offset": 0.0}
    values = np.asarray(array[dim].values, dtype=float)
    axis["units"] = array[dim].attrs.get("units")
    scale = float((values[-1] - values[0]) / max(values.size - 1, 1))
    even = values[0] + scale * np.arange(values.size)
    if np.allclose(values, even, rtol=1e-12, atol=1e-9 * abs(scale)):
        return axis | {"size": values.size, "scale": scale or 1.0, "offset": float(values[0])}
    return axis | {"_type": "DataAxis", "axis": values}


def _dims(names: list[Any]) -> tuple[str, ...]:
    """Name of each dim: the axis's own where it can be one."""
    dims: list[str] = []
    for index, name in enumerate(names):
        own = re.sub(r"\W+", "_", str(name).strip(), flags=re.ASCII) if name else ""
        usable = re.match(r"[A-Za-z]", own) and own not in (*dims, "data", "data_imag", "variance")
        dims.append(own if usable and not own.startswith("axis_") else f"axis_{index}")
    return tuple(dims)


def _coordinates(signal: Any, dims: tuple[str, ...]) -> dict[str, xr.DataArray]:
    return {
        dim: xr.DataArray(
            np.asarray(axis.axis),
            dims=dim,
            attrs={"units": axis.units} if isinstance(axis.units, str) else {},
        )
        for dim, axis in zip(dims, signal.axes_manager._axes, strict=True)
    }


def _variables(
    name: str, values: npt.NDArray[Any], dims: tuple[str, ...]
) -> dict[str, xr.DataArray]:
    """Variables in types that netCDF has: complex values as two, booleans and halves widened."""
    if values.dtype.kind == "c":
        parts = {name: values.real, f"{name}_imag": values.imag}
    elif values.dtype.kind in "biuf":
        native = values.dtype.newbyteorder("=")
        parts = {name: values.astype(_WIDENED.get(values.dtype.char, native))}
    else:
        raise FormatError(f"values of type {values.dtype} cannot be kept in a netCDF file")
    return {key: xr.DataArray(part, dims=dims) for key, part in parts.items()}


def _values(dataset: xr.Dataset, name: str, dtype: str) -> npt.NDArray[Any]:
    values = dataset[name].values
    if np.dtype(dtype).kind == "c":
        # Not real + 1j * imaginary: 1j times infinity has a NaN for its real part.
        both = np.empty(values.shape, dtype=np.dtype(dtype))
        both.real, both.imag = values, dataset[f"{name}_imag"].values
        return both
    return np.asarray(values).astype(np.dtype(dtype))


def _taken(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """Branch at a path, removed from the tree; None where there is none."""
    for key in path[:-1]:
        tree = tree.get(key, {})
    branch = tree.pop(path[-1], None)
    assert branch is None or isinstance(branch, dict)
    return branch


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value


def _encode(value: Any, where: str) -> Any:
    """JSON form of a tree; what JSON lacks is an object with ``_kind``."""
    if value is None or isinstance(value, bool | int | str) and not isinstance(value, np.generic):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if np.isfinite(value) else {_KIND: "float", "value": repr(value)}
    if isinstance(value, Mapping):
        items = {str(key): _encode(item, f"{where}.{key}") for key, item in value.items()}
        return {_KIND: "dict", "value": items} if _KIND in items else items
    if isinstance(value, list):
        return [_encode(item, where) for item in value]
    if isinstance(value, tuple):
        return {_KIND: "tuple", "value": [_encode(item, where) for item in value]}
    if isinstance(value, bytes):
        return {_KIND: "bytes", "value": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return _encode_array(np.asarray(value), scalar=isinstance(value, np.generic))
    raise FormatError(f"{where}: a {type(value).__name__} cannot be kept in a netCDF file")


def _encode_array(value: npt.NDArray[Any], *, scalar: bool) -> dict[str, Any]:
    return {
        _KIND: "scalar" if scalar else "array",
        "dtype": value.dtype.str,
        "shape": list(value.shape),
        "value": base64.b64encode(value.tobytes()).decode(),
    }


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(_KIND)
    if kind is None:
        return {key: _decode(item) for key, item in value.items()}
    content = value["value"]
    if kind == "dict":
        return {key: _decode(item) for key, item in content.items()}
    if kind == "tuple":
        return tuple(_decode(item) for item in content)
    if kind == "float":
        return float(content)
    raw = base64.b64decode(content)
    if kind == "bytes":
        return raw
    array = np.frombuffer(raw, dtype=np.dtype(value["dtype"])).reshape(value["shape"]).copy()
    return array[()] if kind == "scalar" else array
