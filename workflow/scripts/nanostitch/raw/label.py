"""From one dataset of a file to a labelled Dataset: dims, coordinates, flat attributes."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from nanostitch.errors import FormatError

from . import axes, metadata
from .choose import energy_axis
from .model import Axis, RawFile, Signal
from .told import Ledger

_FIELDS = ("beam_energy_kev", "convergence_mrad", "collection_mrad", "dose_e_per_nm2")


def image(file: RawFile, signal: Signal, ledger: Ledger) -> xr.Dataset:
    """Image as ``intensity``, dims ``(y, x)``.

    Raises
    ------
    CalibrationError
        If the pixel size is neither in the file nor told.
    """
    data, plane = _row_by_row(signal.data, list(signal.axes))
    told = ledger.pixel_size([axes.step_nm(axis) for axis in plane])
    coordinates = {}
    for dim, axis in zip("yx", plane, strict=True):
        distance = axes.distance(dim, axis, told)
        if distance is None:
            raise ledger.missing(f"pixel size along {dim}", "pixel_size_nm")
        coordinates[dim] = distance
    intensity = xr.DataArray(_storable(file, data), dims=("y", "x"), attrs={"units": "1"})
    return _complete(file, signal, ledger, intensity.rename("intensity"), coordinates)


def spectrum(file: RawFile, signal: Signal, technique: str, ledger: Ledger) -> xr.Dataset:
    """Spectrum, line scan or map as ``counts``, dims ``([y,] [x,] energy)``.

    A scan axis of one point is dropped. One whose unit the file does not state has no
    coordinate: its dim alone is kept, and an attribute says so.

    Raises
    ------
    CalibrationError
        If unit, scale or offset of the energy, or the beam energy, is neither in the file nor
        told.
    """
    at = energy_axis(signal)
    assert at is not None, "choose.pick returns spectra only"
    energy = axes.energy(signal.axes[at], technique, ledger)
    if ledger.value("beam_energy_kev", signal.metadata.get("beam_energy_kev")) is None:
        raise ledger.missing("beam energy", "beam_energy_kev")
    scanned = [axis for i, axis in enumerate(signal.axes) if i != at and axis.size > 1]
    data = np.moveaxis(signal.data, at, -1)
    data = data.reshape(*(axis.size for axis in scanned), energy.size)
    data, scan = _row_by_row(data, scanned)
    dims = ("y", "x")[2 - len(scan) :]
    coordinates, notes = _scan(dims, scan, ledger)
    if energy[0] > energy[-1]:
        data, energy = data[..., ::-1], energy[::-1]
    counts = xr.DataArray(_storable(file, data), dims=(*dims, "energy"), attrs={"units": "1"})
    coordinates["energy"] = energy
    dataset = _complete(file, signal, ledger, counts.rename("counts"), coordinates)
    return dataset.assign_attrs(notes)


def _row_by_row(data: npt.NDArray[Any], plane: list[Axis]) -> tuple[npt.NDArray[Any], list[Axis]]:
    """Order ``(y, x, ...)`` of an array whose first two axes are named X, Y."""
    if [axis.name.lower() for axis in plane] == ["x", "y"]:
        return data.swapaxes(0, 1), plane[::-1]
    return data, plane


def _scan(
    dims: tuple[str, ...], scan: list[Axis], ledger: Ledger
) -> tuple[dict[str, xr.DataArray], dict[str, str]]:
    """Coordinates of the scan axes, and a note on each that has none."""
    told = ledger.pixel_size([axes.step_nm(axis) for axis in scan])
    coordinates, notes = {}, {}
    for dim, axis in zip(dims, scan, strict=True):
        distance = axes.distance(dim, axis, told)
        if distance is not None:
            coordinates[dim] = distance
        else:
            notes[f"{dim}_note"] = (
                f"The file states a step of {axis.scale:g} without a unit of length along "
                f"{dim}: no coordinate. Tell pixel_size_nm to have one."
            )
    return coordinates, notes


def _storable(file: RawFile, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values in native byte order and a type that netCDF has; none is changed."""
    if data.dtype.kind == "b":
        data = data.astype("u1")
    elif data.dtype == np.float16:
        data = data.astype(np.float32)
    elif data.dtype.kind == "f" and data.dtype.itemsize > 8:
        raise FormatError(f"{file.path}: {data.dtype} values cannot be kept without loss")
    if data.dtype.kind == "f" and not np.isfinite(data).any():
        raise FormatError(f"{file.path}: holds not one finite value")
    return np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("="))


def _complete(
    file: RawFile,
    signal: Signal,
    ledger: Ledger,
    data: xr.DataArray,
    coordinates: dict[str, xr.DataArray],
) -> xr.Dataset:
    """Dataset with its coordinates, what is known of the measurement, and what was told."""
    fields = dict(signal.metadata)
    for column in _FIELDS:
        value = ledger.value(column, fields.get(column))
        if value is not None:
            fields[column] = value
    finite = np.isfinite(data.values).sum() if data.dtype.kind == "f" else data.size
    attrs = fields | described(file, signal, ledger, int(data.size - finite), file.warnings)
    return data.to_dataset().assign_coords(coordinates).assign_attrs(attrs)


def described(
    file: RawFile, signal: Signal, ledger: Ledger, non_finite: int, warnings: Sequence[str]
) -> dict[str, Any]:
    """Attributes that every raw product has: its source, what was told, what was complained of."""
    return {
        "title": signal.title or file.path.stem,
        "source_file": file.path.name,
        "source_format": file.format,
        "signal_type": signal.signal_type,
        "told": json.dumps(ledger.used, sort_keys=True),
        "reader_warnings": "\n".join(warnings),
        "non_finite_count": non_finite,
        "original_metadata": metadata.as_json(signal.original),
    }
