"""A ternary diagram of compositions with their 95 % regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.stats import chi2

from nanostitch.draw import lettering, style
from nanostitch.draw.label_places import Box, free_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
"""Where a pure element lies: the first left, the second right, the third on top."""
_MARGIN = 0.12
"""Space around what is shown, over its width."""
_TALL = 0.75
"""Height over width of what is shown."""
_VERTICES = 96
_FINEST_PERCENT = 1
_LINES_ACROSS = 5
"""Lines of the grid over the width, about."""
_COMPOUND: dict[str, Any] = {
    "color": "black",
    "marker": "s",
    "linestyle": "none",
    "markersize": 3.5,
    "markerfacecolor": "white",
}
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def region(log_ratio: Values, covariance: Values) -> Values:
    """Outline of the 95 % region of a composition of three parts [percent], dims (vertex, part).

    Parameters
    ----------
    log_ratio, covariance
        Mean and covariance of centred log-ratios.

    Notes
    -----
    An ellipse in isometric log-ratios, in which the composition is normal (Egozcue et al., Math.
    Geol. 35 (2003) 279).
    """
    if not np.isfinite(covariance).all():
        return np.full((_VERTICES, 3), np.nan)
    basis = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    values, vectors = np.linalg.eigh(basis @ covariance @ basis.T)
    angle = np.linspace(0, 2 * np.pi, _VERTICES)
    circle = np.sqrt(chi2.ppf(0.95, 2)) * np.stack([np.cos(angle), np.sin(angle)])
    around = vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)
    parts = np.exp((basis.T @ around).T + log_ratio)
    return np.asarray(100 * parts / parts.sum(axis=1, keepdims=True))


def height_mm(width_mm: float) -> float:
    """Height of the diagram in a panel of a width [mm]."""
    return _TALL * _inner_mm(width_mm) + 2 * style.LINE_MM


def _inner_mm(width_mm: float) -> float:
    return width_mm - 2 * style.GAP_MM


def phase_handle() -> Line2D:
    """Handle of the compounds in a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **_COMPOUND)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the part of the triangle that holds data and compounds, with 95 % regions."""
    corner, wide = _view(data)
    axes.set_xlim(corner[0], corner[0] + wide)
    axes.set_ylim(corner[1], corner[1] + _TALL * wide)
    axes.set_aspect("equal", adjustable="box", anchor="N")
    _frame(data, axes, wide)
    for row in range(data.sizes["acquisition"]):
        one = data.isel(acquisition=row)
        rank = int(one["condition_rank"])
        look: dict[str, Any] = {"color": style.colour(rank), "linewidth": 0.8}
        axes.plot(*_place(one["region"].to_numpy()), linestyle=style.line(rank), **look)
        point = _place(one["atomic_percent"].to_numpy()[None])
        axes.plot(*point, marker=style.marker(rank), markersize=3.0, **look)
        raw = _place(one["raw_area_percent"].to_numpy()[None])
        axes.plot(*raw, marker="x", color="black", markersize=3.0, linestyle="none")
    _compounds(data, axes, corner, wide)


def _place(percent: Values) -> tuple[Values, Values]:
    share = percent / percent.sum(axis=-1, keepdims=True)
    x, y = (share @ _CORNERS).T
    return x, y


def _shown_compounds(data: xr.Dataset) -> tuple[Values, list[str]]:
    """Compounds of more than one of the elements, with their names."""
    table = data["phase_atomic_percent"].isel(acquisition=0).to_numpy()
    names = [str(name).translate(_SUBSCRIPT) for name in data["phase"].values]
    kept = [n for n, row in enumerate(table) if (row > 0).sum() > 1 and np.isclose(row.sum(), 100)]
    return table[kept], [names[n] for n in kept]


def _view(data: xr.Dataset) -> tuple[Values, float]:
    """Lower left corner and width of what holds all regions, raw ratios and compounds."""
    names = ("region", "atomic_percent", "raw_area_percent")
    rows = [data[name].to_numpy().reshape(-1, 3) for name in names]
    x, y = _place(np.vstack([*rows, _shown_compounds(data)[0]]))
    low = np.array([np.nanmin(x), np.nanmin(y)])
    high = np.array([np.nanmax(x), np.nanmax(y)])
    wide = (1 + 2 * _MARGIN) * max(high[0] - low[0], (high[1] - low[1]) / _TALL, 0.05)
    return (low + high) / 2 - 0.5 * wide * np.array([1, _TALL]), float(wide)


def _frame(data: xr.Dataset, axes: Axes, wide: float) -> None:
    """Draw the sides of the triangle and lines of equal share, and say what they are."""
    outline = np.vstack([_CORNERS, _CORNERS[:1]])
    axes.plot(*outline.T, color="black", linewidth=0.6, scalex=False, scaley=False)
    step = max(style.round_number(100 * wide / _LINES_ACROSS), _FINEST_PERCENT)
    for share in np.arange(step, 100, step):
        for part in range(3):
            ends = np.zeros((2, 3))
            ends[:, part] = share
            ends[0, (part + 1) % 3] = ends[1, (part + 2) % 3] = 100 - share
            axes.plot(*_place(ends), color="#cccccc", linewidth=0.4, zorder=0)
    left, right, top = (str(name) for name in data["element"].values)
    said = f"Part of a triangle: {left} left, {right} right, {top} on top; grid {step:g}\xa0at.%"
    axes.set_xlabel(lettering.wrapped(said, _inner_mm(float(data.attrs["width_mm"]))))
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _compounds(data: xr.Dataset, axes: Axes, corner: Values, wide: float) -> None:
    """Mark the compounds, and name those that have room beside them."""
    table, names = _shown_compounds(data)
    if not len(table):
        return
    x, y = _place(table)
    axes.plot(x, y, **_COMPOUND)
    scale = _inner_mm(float(data.attrs["width_mm"])) / wide
    points = scale * (np.stack([x, y], axis=-1) - corner)
    taken = [
        scale * (np.stack(_place(data["region"].isel(acquisition=n).to_numpy()), axis=-1) - corner)
        for n in range(data.sizes["acquisition"])
    ]
    frame = Box(0, 0, scale * wide, scale * _TALL * wide)
    for name, place in zip(names, free_places(points, names, taken, frame), strict=True):
        if place is not None:
            across, up = corner + np.array(place) / scale
            axes.text(across, up, name, ha="center", va="center")
