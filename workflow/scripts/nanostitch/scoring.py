"""Results held against the sealed truth of simulated raw files: bias and coverage of intervals."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

Row = dict[str, object]

_ABOUT = ("technique", "acquisition", "sample", "condition", "condition_label")
_TEXTS = ("measure", "estimator", *_ABOUT, "unit")
_NUMBERS = ("true", "recovered", "lower", "upper")


def score(products: Sequence[xr.Dataset], truths: Sequence[xr.Dataset]) -> xr.Dataset:
    """Every measured number that has an interval and a known truth, one row each.

    A measure is a variable of a product with bounds of its 95 % interval; its truth is the
    variable of the same name behind the same acquisition's raw file. Maps give a row a pixel.

    Parameters
    ----------
    products, truths
        Pairs of one acquisition, in the same order.

    Returns
    -------
    xarray.Dataset
        Dim ``row``: ``measure``, ``estimator``, ``technique``, ``acquisition``, ``sample``,
        ``condition``, ``condition_label``, ``unit`` (text), ``true``, ``recovered``, ``lower``,
        ``upper`` (in that unit; NaN where the number was refused), ``verdict`` (0 good, 1
        doubtful, 2 bad) and ``held`` (1 where the interval holds the truth).
    """
    rows = [
        row
        for product, truth in zip(products, truths, strict=True)
        for row in _rows(product, truth)
    ]
    text = {name: ("row", np.array([str(row[name]) for row in rows], "U")) for name in _TEXTS}
    numbers = {name: ("row", np.array([row[name] for row in rows], "f8")) for name in _NUMBERS}
    table = xr.Dataset({**text, **numbers})
    table["verdict"] = ("row", np.array([row["verdict"] for row in rows], "i1"))
    table["held"] = ((table["lower"] <= table["true"]) & (table["true"] <= table["upper"])).astype(
        "i1"
    )
    for name in (*_TEXTS, *_NUMBERS, "held", "verdict"):
        table[name].attrs["units"] = "1"
    table["verdict"].attrs |= {
        "flag_values": np.arange(3, dtype="i1"),
        "flag_meanings": "good doubtful bad",
    }
    return table


def _rows(product: xr.Dataset, truth: xr.Dataset) -> Iterator[Row]:
    for name in map(str, product.data_vars):
        if name in truth and {f"{name}_lower", f"{name}_upper"} <= set(product.variables):
            yield from _measured(product, truth[name], name)


def _measured(product: xr.Dataset, true: xr.DataArray, name: str) -> Iterator[Row]:
    if true.attrs["units"] != product[name].attrs["units"]:
        raise ValueError(f"{name}: truth in {true.attrs['units']}, product in another unit")
    true = _on_elements_of(product[name], _on_pixels_of(product[name], true))
    bounds = [product[f"{name}{end}"] for end in ("", "_lower", "_upper")]
    recovered, lower, upper, true = xr.broadcast(*bounds, true)
    estimators = _estimators(recovered)
    for index in np.ndindex(recovered.shape):
        if np.isnan(float(true.values[index])):
            continue  # such as the gap of a pixel in vacuum
        yield {
            "measure": name,
            "estimator": estimators[index],
            **{key: product.attrs[key] for key in _ABOUT},
            "unit": product[name].attrs["units"],
            "true": true.values[index],
            "recovered": recovered.values[index],
            "lower": lower.values[index],
            "upper": upper.values[index],
            "verdict": int(product["verdict"]),
        }


def _on_pixels_of(measured: xr.DataArray, true: xr.DataArray) -> xr.DataArray:
    """Truth without coordinates, so that pixels pair by their order, not by rounded positions."""
    scanned = [dim for dim in measured.dims if dim in ("y", "x")]
    return true.squeeze(drop=True).drop_vars([d for d in scanned if d in true.coords])


def _on_elements_of(measured: xr.DataArray, true: xr.DataArray) -> xr.DataArray:
    """Truth in the order of the measured labels, such as chemical elements; NaN for others."""
    labels = {dim: measured[dim] for dim in _labelled(measured) if dim in true.dims}
    return true.reindex(labels)


def _labelled(measured: xr.DataArray) -> list[str]:
    """Dims whose coordinate is text."""
    dims = [str(dim) for dim in measured.dims if dim in measured.coords]
    return [dim for dim in dims if measured[dim].dtype.kind in "UOT"]


def _estimators(measured: xr.DataArray) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    """Label of each number by its text coordinate; empty where the measure has only one."""
    names = next((measured[dim] for dim in _labelled(measured)), xr.DataArray(""))
    return np.asarray(names.astype(str).broadcast_like(measured).transpose(*measured.dims).values)
