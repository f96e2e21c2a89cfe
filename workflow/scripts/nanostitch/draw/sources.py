"""Which products each panel of a figure shows, so that a panel alone can be traced back."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import xarray as xr

_COMPARISON = "results/*/comparisons/*.nc"


def named(
    tree: xr.DataTree, products: Sequence[str], panels: Mapping[str, Sequence[int]]
) -> xr.DataTree:
    """Tell each panel of a collected figure the paths of the products that it shows.

    Parameters
    ----------
    tree
        What :func:`nanostitch.draw.collect` returned.
    products
        Paths of all products of the figure.
    panels
        By the letter of a panel, the numbers of the products that it may show. Those of
        acquisitions that it leaves out (use: no) are not named.

    Returns
    -------
    xarray.DataTree
        The same tree; each child has the attribute ``sources``, paths with spaces between.
    """
    for letter, node in tree.children.items():
        shown = set(str(node.attrs["acquisitions"]).split())
        paths = [PurePosixPath(products[number]) for number in panels[letter]]
        kept = [p for p in paths if p.parent.name in shown or p.match(_COMPARISON)]
        node.attrs["sources"] = " ".join(map(str, kept))
    return tree
