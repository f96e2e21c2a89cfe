"""Which parts of which acquisitions a panel of spectra or gaps shows, and in which colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from nanostitch.draw.selection import Panel, Products, about, by_condition
from nanostitch.errors import BatchError

WHOLE = "all"
"""Name of the region that is the whole field."""


@dataclass(frozen=True)
class Part:
    """One region of one acquisition, with the products of the acquisition."""

    acquisition: str
    region: str
    products: Mapping[str, xr.Dataset]

    @property
    def name(self) -> str:
        """How the part is called: by its acquisition, and its region if that is but a part."""
        return self.acquisition if self.region == WHOLE else f"{self.acquisition} {self.region}"


def only(panel: Panel, products: Products, shown: str) -> Mapping[str, xr.Dataset]:
    """Products of the single acquisition of a panel that can show but one.

    Raises
    ------
    BatchError
        If the panel selects more.
    """
    if len(products) > 1:
        raise BatchError(
            f"figures: {panel.field}: select: found {list(products)}; such a panel shows one "
            f"{shown}, name it by acquisition: …"
        )
    (by_name,) = products.values()
    return by_name


def parts(panel: Panel, products: Products) -> list[Part]:
    """Every region that the panel names of every acquisition, sorted by condition."""
    regions = panel.options["regions"]
    found = by_condition(panel, products)
    return [Part(name, region, by_name) for name, by_name in found for region in regions]


def of_region(product: xr.Dataset, region: str) -> xr.Dataset | None:
    """A product's values of one region; None where it has no such region."""
    if region not in product["region"].values:
        return None
    return product.sel(region=region, drop=True)


def no_region(part: Part, product: xr.Dataset) -> str:
    """Why a part cannot be drawn: what the acquisition has instead."""
    known = ", ".join(map(str, product["region"].values))
    return f"no region {part.region}, only {known}"


def variables(
    panel: Panel, shown: Sequence[Part]
) -> dict[str, tuple[str, list[Any], dict[str, str]]]:
    """Id, condition and colour of each part, as variables on the dim ``acquisition``.

    Where several regions are drawn, each region of each condition has a colour.
    """
    regions = list(panel.options["regions"])
    attrs = [about(part.products) for part in shown]
    ranks = [panel.rank(a["condition"]) for a in attrs]
    texts = [
        str(a["condition_label"]) if len(regions) == 1 else f"{a['condition_label']}, {part.region}"
        for a, part in zip(attrs, shown, strict=True)
    ]
    colours = [
        rank * len(regions) + regions.index(part.region)
        for rank, part in zip(ranks, shown, strict=True)
    ]
    dim = "acquisition"
    return {
        dim: (dim, [part.name for part in shown], {"long_name": "Acquisition, region"}),
        "condition_label": (dim, texts, {"long_name": "Condition"}),
        "condition_rank": (
            dim,
            colours,
            {"long_name": "Position of the condition, which fixes its colour", "units": "1"},
        ),
    }
