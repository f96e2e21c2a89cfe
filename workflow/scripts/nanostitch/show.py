"""A quick look at one file: what a raw file or a product holds, as text and as a picture."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nanostitch import raw, store
from nanostitch.atomic import replacing
from nanostitch.errors import FormatError

_LONGEST_VALUE = 300
_MOST_PANELS = 3


def describe(path: Path) -> str:
    """Shape, axes, units, metadata and, for a product, provenance.

    Raises
    ------
    NanostitchError
        If the file cannot be read.
    """
    return _product(path) if path.suffix == ".nc" else _raw(path)


def draw(path: Path, png: Path, dataset: str | None) -> None:
    """Draw the images and spectra of a file to a PNG.

    Raises
    ------
    NanostitchError
        If the file cannot be read or holds nothing to draw.
    """
    from matplotlib.figure import Figure

    if png.suffix.lower() != ".png" or png.resolve() == path.resolve():
        raise FormatError(f"{png}: cannot take the picture; name another file that ends with .png")
    arrays = _arrays(path, dataset)
    if not arrays:
        raise FormatError(f"{path}: holds nothing that can be drawn")
    figure = Figure(figsize=(6, 4 * len(arrays)), layout="constrained")
    for axes, array in zip(np.atleast_1d(figure.subplots(len(arrays), 1)), arrays, strict=True):
        _draw_one(axes, array)
    with replacing(png) as partial:
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})


def _raw(path: Path) -> str:
    lines = []
    for content in raw.contents(path):
        guess = " or ".join(content.techniques) or "no technique"
        lines += [str(content), f"    format: {content.format}; could be {guess}"]
        lines += [f"    {name}: {_short(value)}" for name, value in content.metadata.items()]
    return f"{path}\n" + "\n".join(lines)


def _product(path: Path) -> str:
    product = store.read_tree(str(path))
    lines = [str(path)]
    for node in product.subtree:
        lines += [f"group {node.path}"] if node.path != "/" else []
        lines += [_variable(str(name), array) for name, array in node.variables.items()]
        lines += [f"    {name}: {_short(value)}" for name, value in node.attrs.items()]
    derivation = store.provenance_of(str(path))
    if derivation:
        lines += ["provenance", json.dumps(derivation, indent=2, ensure_ascii=False)]
    return "\n".join(lines)


def _variable(name: str, array: xr.Variable) -> str:
    dims = ", ".join(f"{dim}={size}" for dim, size in array.sizes.items())
    units = array.attrs.get("units", "")
    value = f" = {array.values.item()}" if array.ndim == 0 else ""
    return f"  {name} ({dims}) {array.dtype} {units}{value}  {array.attrs.get('comment', '')}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _arrays(path: Path, dataset: str | None) -> list[xr.DataArray]:
    if path.suffix == ".nc":
        nodes = store.read_tree(str(path)).subtree
        found = [a.squeeze() for node in nodes for a in node.data_vars.values() if _is_plottable(a)]
        return sorted(found, key=lambda array: -array.size)[:_MOST_PANELS]
    wanted = [c for c in raw.contents(path) if dataset in (None, str(c.index), c.title)]
    return [raw.preview(path, content.index).squeeze() for content in wanted]


def _is_plottable(array: xr.DataArray) -> bool:
    """Whether an array is an image or a curve: numbers along axes that are measured."""
    axes = [array.coords.get(dim) for dim in array.dims if array.sizes[dim] > 1]
    measured = all(axis is not None and axis.dtype.kind == "f" for axis in axes)
    return bool(axes) and measured and array.dtype.kind in "iuf"


def _draw_one(axes: Any, array: xr.DataArray) -> None:
    spectral = [dim for dim in array.dims if "nergy" in str(dim)]
    shown = spectral or list(array.dims[-2:])
    array = array.mean([dim for dim in array.dims if dim not in shown], keep_attrs=True)
    if array.ndim == 2:
        low, high = np.nanpercentile(array, [0.5, 99.5])
        array.plot.imshow(ax=axes, cmap="gray", vmin=low, vmax=high, origin="upper")
        units = {array[dim].attrs.get("units") for dim in array.dims}
        axes.set_aspect("equal" if len(units) == 1 else "auto")
    else:
        array.plot.line(ax=axes, lw=0.8)
    axes.set_title(str(array.name or ""), fontsize=8)
