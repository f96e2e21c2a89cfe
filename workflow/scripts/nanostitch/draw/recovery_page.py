"""The page of recovered against true, which no batch declares: a rule of its own draws it."""

import xarray as xr
from matplotlib.figure import Figure

from nanostitch.draw import page, recovery


def figure(tree: xr.DataTree) -> Figure:
    """Draw what :func:`nanostitch.draw.recovery.collect` returned, or that read back."""
    return page.figure(tree, {"recovery": recovery})
