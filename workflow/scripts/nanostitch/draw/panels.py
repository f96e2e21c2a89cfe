"""First step of a figure: from products to exactly the numbers that are plotted."""

import json
import string
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import xarray as xr

from nanostitch import schema
from nanostitch.comparison import product
from nanostitch.draw import (
    absorption,
    band_gap,
    bode,
    captions,
    change_pair,
    composition,
    conductances,
    confinement,
    current_voltage,
    dielectric,
    domain_map,
    edge,
    effects,
    emission,
    gap_line,
    gap_map,
    image,
    image_numbers,
    kinds,
    nyquist,
    seam_map,
    selection,
    size_histogram,
    size_levels,
    spectra,
    sphere,
    style,
    techniques,
    trend,
    variants,
    window_sweep,
    xray_spectrum,
    yields,
)
from nanostitch.draw.selection import Panel, Products

COLLECT = {
    "image": image.collect,
    "spectra": spectra.collect,
    "band_gap": band_gap.collect,
    "size_histogram": size_histogram.collect,
    "sizes": size_levels.collect,
    "image_numbers": image_numbers.collect,
    "domains": domain_map.collect,
    "seams": seam_map.collect,
    "change": change_pair.collect,
    "xray_spectrum": xray_spectrum.collect,
    "composition": composition.collect,
    "absorption": absorption.collect,
    "edge": edge.collect,
    "emission": emission.collect,
    "sphere": sphere.collect,
    "quantum_yield": yields.collect,
    "current_voltage": current_voltage.collect,
    "conductance": conductances.collect,
    "nyquist": nyquist.collect,
    "bode": bode.collect,
    "confinement": confinement.collect,
    "dielectric": dielectric.collect,
    "gap_line": gap_line.collect,
    "window_sweep": window_sweep.collect,
    "gap_map": gap_map.collect,
}

OF_COMPARISONS = {"effects": effects, "trend": trend, "gap_by_technique": techniques}
"""Kinds that draw comparisons instead of acquisitions."""


def collect(
    declaration: Mapping[str, Any],
    products: Sequence[xr.Dataset],
    conditions: Sequence[str] = (),
    references: Collection[str] = (),
) -> xr.DataTree:
    """Reduce products to what a figure plots.

    Parameters
    ----------
    declaration
        The figure as its batch declares it, after :func:`nanostitch.draw.schema`.
    products
        Products of any acquisitions and comparisons, each with the attributes that say whose and
        which it is.
    conditions
        Ids of all conditions in the order of their sheet, which fixes colours across figures;
        without it they follow the order of appearance.
    references
        Ids of acquisitions that only serve others, such as the blank of a sphere: they are drawn
        where a panel names them, but stand for no sample in its caption.

    Returns
    -------
    xarray.DataTree
        One child node per panel, named by its letter. Root attributes: ``title``, ``simulated``
        (1 if any input is), ``width`` and ``columns`` of the page.

    Raises
    ------
    BatchError
        If the declaration breaks its schema, or selects what the products do not hold.
    """
    schema.refuse(schema.problems(declaration, kinds.schema(), "figures"))
    page = schema.with_defaults(declaration, kinds.schema())
    with variants.using(page["style"]):
        return _collected(page, products, conditions, references)


def _collected(
    page: Mapping[str, Any],
    products: Sequence[xr.Dataset],
    conditions: Sequence[str],
    references: Collection[str],
) -> xr.DataTree:
    declared = dict(zip(string.ascii_lowercase, page["panels"], strict=False))
    number = len(declared)
    columns = min(page["columns"] or style.columns(number, page["width"]), number)
    chosen = {
        key: selection.select(panel, key, products)
        for key, panel in declared.items()
        if not kinds.compared(panel)
    }
    compared = {
        key: selection.comparisons(panel, key, products)
        for key, panel in declared.items()
        if kinds.compared(panel)
    }
    order = selection.condition_order(list(chosen.values()), conditions)
    width_mm = style.WIDTH_MM[page["width"]] / columns
    panels = {key: _panel(panel, key, width_mm, order) for key, panel in declared.items()}
    nodes = {
        key: _node(panel, chosen[key], references)
        if key in chosen
        else _compared_node(panel, compared[key])
        for key, panel in panels.items()
    }
    simulated = max(int(node.attrs["simulated"]) for node in nodes.values())
    about = {key: page[key] for key in ("title", "width", "style")}
    root = xr.Dataset(attrs={**about, "simulated": simulated, "columns": columns})
    return xr.DataTree.from_dict({"/": root, **nodes})


def _panel(
    declared: Mapping[str, Any], letter: str, width_mm: float, order: tuple[str, ...]
) -> Panel:
    kind = declared["kind"]
    options = schema.with_defaults(declared, kinds.panel_schema(kind))
    return Panel(kind, letter, options, width_mm, order)


def _node(panel: Panel, products: Products, references: Collection[str]) -> xr.Dataset:
    plotted = COLLECT[panel.kind](panel, products)
    who = captions.shown(plotted, _who(products), references)
    plotted = plotted.assign(captions.stated(plotted, panel.kind, who))
    return plotted.assign_attrs(
        kind=panel.kind,
        letter=panel.letter,
        width_mm=panel.width_mm,
        options=json.dumps(dict(panel.options), sort_keys=True),
        acquisitions=" ".join(products),
        simulated=int(_simulated(products)),
        caption=captions.panel(plotted, panel.kind, who),
    )


def _compared_node(panel: Panel, found: Sequence[xr.Dataset]) -> xr.Dataset:
    module = OF_COMPARISONS[panel.kind]
    plotted: xr.Dataset = module.collect(panel, found)
    plotted = plotted.assign_attrs(kind=panel.kind, letter=panel.letter, width_mm=panel.width_mm)
    used = [product.used(one)["seen_acquisition"].values for one in found]
    return plotted.assign_attrs(
        options=json.dumps(dict(panel.options), sort_keys=True),
        acquisitions=" ".join(dict.fromkeys(str(name) for names in used for name in names)),
        simulated=int(any(one.attrs["simulated"] for one in found)),
        caption=captions.compared(panel.kind, module.said(plotted)),
    )


def _who(products: Products) -> list[captions.Who]:
    """Acquisitions of a panel with their sample and the label of their condition."""
    first = {name: next(iter(by_name.values())).attrs for name, by_name in products.items()}
    return [(name, str(a["sample"]), str(a["condition_label"])) for name, a in first.items()]


def _simulated(products: Products) -> bool:
    return any(p.attrs["simulated"] for by_name in products.values() for p in by_name.values())
