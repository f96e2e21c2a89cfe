"""Atomic columns of an image as variables of a product, and what is wrong with them."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from nanostitch import intervals, quality
from nanostitch.adf.atoms import completeness
from nanostitch.adf.atoms.find import Found
from nanostitch.adf.atoms.refine import BACKGROUND, HEIGHT, LOG_WIDTH, X, Y

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_CLOSE = 2.0
"""Distance of two columns in widths, below which they are one spot to the eye (Sparrow)."""
_UNSAMPLED = 0.8
"""Width of a column in pixels below which its place depends on the shape of the pixel."""
_UNRESOLVED = 0.1
"""Share of columns not resolved, above which the image is doubtful."""
_PEROVSKITE = "CsPbBr3_cubic"
"""Phase of lattice.nc all of whose columns scatter enough to be seen."""
_SATURATED = 10
"""Pixels at the top of the range from which on it is the detector's and not the specimen's."""


class Image(NamedTuple):
    """Signal with gaps filled, where it was seen, and the pixel size along y and x [nm]."""

    values: Array
    seen: Mask
    spacing: tuple[float, float]
    origin: tuple[float, float]


def columns(
    found: Found,
    image: Image,
    lattice: xr.Dataset,
    bases: Array,
    outside_nm2: float,
    doubtful_misfit: float,
) -> tuple[dict[str, xr.DataArray], dict[str, quality.Level]]:
    """Variables ``column_*`` of ``contracts.adf.COLUMNS``, and what is wrong with them.

    Parameters
    ----------
    found
        Columns as fitted.
    image
        What they were found in.
    lattice
        Keeps ``contracts.adf.LATTICE``.
    bases
        Reflections (domain, 2, 2): rows g1, g2; columns y, x [1/nm].
    outside_nm2
        Area as bright as crystal that is in no domain [nm2].
    doubtful_misfit
        Reduced chi-square above which a column is flagged ``poor_fit``.
    """
    values, errors = found.fit.values, found.fit.errors
    pixel = np.array(image.spacing)
    places = values[Y : X + 1].T * pixel
    mean = float(np.sqrt(pixel.prod()))
    width = mean * np.exp(values[LOG_WIDTH])
    sides = (image.values.shape[0] * pixel[0], image.values.shape[1] * pixel[1])
    counted = completeness.count(
        places,
        found.group,
        bases,
        _per_cell(lattice),
        nearest_nm=min(found.nearest_px, max(image.values.shape)) * mean,
        shape_nm=sides,
        outside_nm2=outside_nm2,
    )
    row = {
        "column": np.arange(1, len(places) + 1, dtype="i4"),
        "column_y": places[:, 0] + image.origin[0],
        "column_y_uncertainty": errors[Y] * pixel[0],
        "column_x": places[:, 1] + image.origin[1],
        "column_x_uncertainty": errors[X] * pixel[1],
        "column_amplitude": values[HEIGHT],
        "column_amplitude_uncertainty": errors[HEIGHT],
        "column_width": width,
        "column_width_uncertainty": width * errors[LOG_WIDTH],
        "column_background": values[BACKGROUND],
        "column_domain": lattice["domain"].to_numpy()[found.group].astype("i4"),
    }
    table = {name: xr.DataArray(data, dims=("column",)) for name, data in row.items()}
    table["column_quality"] = _flags(found, image, places, width, counted.stray, doubtful_misfit)
    lean = _lean(found, len(bases)) * mean
    for axis, name in enumerate(("y", "x")):
        table[f"column_elongation_{name}"] = xr.DataArray(lean[:, axis], dims=("domain",))
    table |= intervals.variables({"column_count": counted.number}, {"column_count": "1"})
    return table, _reasons(found, counted, doubtful_misfit)


def _per_cell(lattice: xr.Dataset) -> Ints:
    """Columns in a cell of each domain by its structure; 0 where that is not known."""
    number = np.zeros(lattice.sizes["domain"], np.int64)
    if "phase" not in lattice or "zone_axis" not in lattice:
        return number
    names = str(lattice["phase"].attrs.get("flag_meanings", "")).split()
    values = list(np.atleast_1d(lattice["phase"].attrs.get("flag_values", [])))
    perovskites = [v for v, name in zip(values, names, strict=False) if name == _PEROVSKITE]
    is_perovskite = np.isin(lattice["phase"].to_numpy(), perovskites)
    for zone, count in completeness.PEROVSKITE_COLUMNS.items():
        number[is_perovskite & (lattice["zone_axis"].to_numpy() == zone)] = count
    return number


def _flags(
    found: Found, image: Image, places: Array, width: Array, stray: Mask, doubtful_misfit: float
) -> xr.DataArray:
    shape = np.array(image.values.shape) * np.array(image.spacing)
    border = np.minimum(places, shape - places).min(axis=1)
    apart = (
        cKDTree(places).query(places, k=2)[0][:, 1]
        if len(places) > 1
        else np.full(len(places), np.inf)
    )
    top = image.values.max()
    full = image.values >= top if (image.values >= top).sum() >= _SATURATED else None
    rows, across = (
        np.clip(np.rint(found.fit.values[k]).astype(np.int64), 0, n - 1)
        for k, n in zip((Y, X), image.values.shape, strict=True)
    )
    saturated = full[rows, across] if full is not None else np.zeros(len(places), bool)
    raised = {
        "touches_border": border < _CLOSE * width,
        "poor_fit": found.fit.misfit > doubtful_misfit,
        "close_neighbour": apart < _CLOSE * width,
        "off_lattice": stray,
        "saturated": saturated,
    }
    return quality.flags({name: xr.DataArray(a, dims=("column",)) for name, a in raised.items()})


def _lean(found: Found, domains: int) -> Array:
    """Extra spread (y, x) along the long axis of the columns of each domain [pixels]."""
    lean = np.full((domains, 2), np.nan)
    for number in np.unique(found.group):
        e1, e2 = found.fit.elongation[number]
        width = np.exp(np.median(found.fit.values[LOG_WIDTH, found.group == number]))
        spread = width * np.sqrt(2 * np.hypot(e1, e2))
        angle = 0.5 * np.arctan2(e2, e1)
        vector = spread * np.array([np.cos(angle), np.sin(angle)])
        lean[number] = vector if vector[1] >= 0 else -vector
    return lean


def _reasons(
    found: Found, counted: completeness.Counted, doubtful_misfit: float
) -> dict[str, quality.Level]:
    values = found.fit.values
    why: dict[str, quality.Level] = {}
    width, misfit = float(np.exp(np.median(values[LOG_WIDTH]))), float(np.median(found.fit.misfit))
    share = counted.unresolved / counted.number[0]
    if width < _UNSAMPLED:
        why[f"columns are {width:.2g} pixels wide (standard deviation): take smaller pixels"] = (
            "doubtful"
        )
    if misfit > doubtful_misfit:
        why[
            f"columns scatter {np.sqrt(misfit):.2g} times as much as noise of pixels lets them: "
            "scan lines jump or columns are no Gaussians; uncertainties are widened by that"
        ] = "doubtful"
    if share > _UNRESOLVED:
        why[
            f"{100 * share:.0f} % of the columns are not resolved (tilted crystals, columns too "
            "close) and are counted by the cells of their crystal"
        ] = "doubtful"
    return why
