"""Particles of an image for the linked view: outlines, sizes and what is wrong with each."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from contourpy import contour_generator
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch import quality, store
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.raw import RAW_IMAGE
from nanostitch.report import pictures
from nanostitch.report.collect import Contents, Json
from nanostitch.report.views import finite, of_acquisitions

BINS = 30
_OUTLINE_PIXELS = 512
"""Labels are traced on a grid no finer than this: half a pixel of the view is not seen."""
_SHOWN = (
    "particle_label",
    "edge_length",
    "edge_length_uncertainty",
    "aspect_ratio",
    "units",
    "quality",
    "verdict",
)
_DECIMALS = 2
"""Of lengths in nm: far below a pixel."""


def views(contents: Contents) -> list[Json]:
    """One entry for each image whose particles were measured, those with many first."""
    found = of_acquisitions(contents, "adf", ("raw", "particles"), _view)
    return sorted(found, key=lambda view: (-len(view["number"]), view["id"]))


def _view(folder: Path) -> Json:
    with store.open_lazily(str(folder / "raw.nc"), RAW_IMAGE) as raw:
        picture = pictures.of_image(raw["intensity"].to_numpy())
    with store.open_lazily(str(folder / "particles.nc"), PARTICLES) as file:
        product = file[list(_SHOWN)].load()
    step_y, step_x = (_step(product[dim]) for dim in ("y", "x"))
    size = product.sizes
    shown = _outlines(product, step_y, step_x)
    return {
        "image": picture.uri,
        "said": picture.said,
        "width": round(size["x"] * step_x, _DECIMALS),
        "height": round(size["y"] * step_y, _DECIMALS),
        "verdict": quality.level(product),
        **shown,
        **_histogram(np.array(shown["edge"], dtype=float)),
    }


def _outlines(product: xr.Dataset, step_y: float, step_x: float) -> Json:
    """Columns of the particles, each with its outline in nm from the corner of the image."""
    lines = _traced(product["particle_label"].to_numpy())
    numbers = [int(n) for n in product["particle"].values if int(n) in lines]
    chosen = product.sel(particle=numbers)
    return {
        "number": numbers,
        "ys": [np.round(lines[n][:, 1] * step_y, _DECIMALS).tolist() for n in numbers],
        "xs": [np.round(lines[n][:, 0] * step_x, _DECIMALS).tolist() for n in numbers],
        "edge": _column(chosen["edge_length"]),
        "uncertainty": _column(chosen["edge_length_uncertainty"]),
        "aspect": _column(chosen["aspect_ratio"]),
        "units": chosen["units"].values.tolist(),
        "flags": _flags(chosen["quality"]),
    }


def _traced(labels: NDArray[np.int_]) -> dict[int, NDArray[np.float64]]:
    """Outer outline of each label as (vertex, 2), x then y, in pixels."""
    stride = max(1, -(-max(labels.shape) // _OUTLINE_PIXELS))
    coarse = labels[::stride, ::stride]
    found = {}
    for number, place in enumerate(ndimage.find_objects(coarse), start=1):
        if place is None:
            continue
        inside = np.pad(coarse[place] == number, 1).astype("f8")
        lines: Any = contour_generator(z=inside).lines(0.5)
        corner = np.array([place[1].start - 1, place[0].start - 1])
        longest = _without_straights(max(lines, key=len))
        found[number] = (longest + corner + 0.5) * stride
    return found


def _without_straights(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line without vertices that lie between their neighbours."""
    before, after = np.diff(line, axis=0, prepend=line[-2:-1]), np.diff(line, axis=0)
    turns = before[:-1, 0] * after[:, 1] != before[:-1, 1] * after[:, 0]
    turns[0] = True
    return np.asarray(line[:-1][turns])


def _histogram(edges: NDArray[np.float64]) -> Json:
    finite = edges[np.isfinite(edges)]
    if not finite.size:
        return {"left": [], "right": [], "count": []}
    counts, bounds = np.histogram(finite, bins=BINS)
    bounds = np.round(bounds, _DECIMALS + 2).tolist()
    return {"left": bounds[:-1], "right": bounds[1:], "count": counts.tolist()}


def _flags(field: xr.DataArray) -> list[str]:
    """Flags of each particle in words; the same words are looked up once."""
    kinds, which = np.unique(field.to_numpy(), return_inverse=True)
    words = [quality.words(field.copy(data=np.full(field.shape, k))[0]) for k in kinds]
    return [words[number].replace("_", " ") for number in which]


def _column(values: xr.DataArray) -> list[float | None]:
    return finite(np.round(values.to_numpy().astype(float), _DECIMALS + 1).tolist())


def _step(axis: xr.DataArray) -> float:
    return float(axis[1] - axis[0]) if axis.size > 1 else 1.0
