"""Figures as declarations, in two steps: numbers before ink.

:func:`collect` reduces products to exactly what is plotted, :func:`figure` draws that and nothing
else. matplotlib is loaded by the second step alone, so that declarations can be validated and
numbers collected without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanostitch.draw.kinds import needs, schema

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["collect", "figure", "needs", "save", "schema"]


def collect(
    declaration: Mapping[str, Any],
    products: Sequence[xr.Dataset],
    conditions: Sequence[str] = (),
    references: Collection[str] = (),
) -> xr.DataTree:
    """Everything that a figure plots; see :func:`nanostitch.draw.panels.collect`."""
    from nanostitch.draw import panels

    return panels.collect(declaration, products, conditions, references)


def figure(tree: xr.DataTree) -> Figure:
    """Draw what was collected; see :func:`nanostitch.draw.page.figure`."""
    from nanostitch.draw import page

    return page.figure(tree)


def save(figure: Figure, path_by_suffix: Mapping[str, Path], identifier: str) -> None:
    """Write a drawn figure; see :func:`nanostitch.draw.files.save`."""
    from nanostitch.draw import files

    files.save(figure, path_by_suffix, identifier)
