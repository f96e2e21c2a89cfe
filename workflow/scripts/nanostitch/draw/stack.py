"""Axes below each other within the place of one panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def stacked(axes: Axes, parts_mm: Mapping[str, float], *, shared: bool = True) -> dict[str, Axes]:
    """Divide the place of axes among several, of which they stay the uppermost.

    Parameters
    ----------
    parts_mm
        Name and height of each part, from top to bottom.
    shared
        Whether all have the same horizontal axis.
    """
    cell = axes.get_subplotspec()
    figure = axes.get_figure(root=False)
    assert cell is not None
    assert figure is not None
    grid = cell.subgridspec(len(parts_mm), 1, height_ratios=list(parts_mm.values()))
    axes.set_subplotspec(grid[0])
    first, *others = parts_mm
    above = axes if shared else None
    below = {n: figure.add_subplot(grid[row], sharex=above) for row, n in enumerate(others, 1)}
    return {first: axes, **below}


def lowest(parts: Mapping[str, Axes]) -> Axes:
    """Lowest of stacked axes, which alone keeps the labels of their horizontal axis."""
    *upper, last = parts.values()
    for one in upper:
        one.tick_params(axis="x", labelbottom=False)
    return last
