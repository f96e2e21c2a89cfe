"""Axes below each other on the same horizontal axis, within the place of one panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def stacked(axes: Axes, parts_mm: Mapping[str, float]) -> dict[str, Axes]:
    """Divide the place of axes among several, of which they stay the uppermost.

    Parameters
    ----------
    parts_mm
        Name and height of each part, from top to bottom.
    """
    cell = axes.get_subplotspec()
    figure = axes.get_figure(root=False)
    assert cell is not None
    assert figure is not None
    grid = cell.subgridspec(len(parts_mm), 1, height_ratios=list(parts_mm.values()))
    axes.set_subplotspec(grid[0])
    first, *others = parts_mm
    below = {name: figure.add_subplot(grid[row], sharex=axes) for row, name in enumerate(others, 1)}
    return {first: axes, **below}
