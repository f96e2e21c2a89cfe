"""Second step of a figure: ink. Draws what a tree holds and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np
import xarray as xr
from matplotlib import style as stylesheets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, ScaledTranslation

from nanostitch.draw import (
    absorption,
    band_gap,
    bode,
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
    lettering,
    nyquist,
    seam_map,
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

PANELS: Mapping[str, ModuleType] = {
    "image": image,
    "spectra": spectra,
    "band_gap": band_gap,
    "size_histogram": size_histogram,
    "sizes": size_levels,
    "image_numbers": image_numbers,
    "domains": domain_map,
    "seams": seam_map,
    "change": change_pair,
    "xray_spectrum": xray_spectrum,
    "composition": composition,
    "absorption": absorption,
    "edge": edge,
    "emission": emission,
    "sphere": sphere,
    "quantum_yield": yields,
    "current_voltage": current_voltage,
    "conductance": conductances,
    "nyquist": nyquist,
    "bode": bode,
    "confinement": confinement,
    "dielectric": dielectric,
    "gap_line": gap_line,
    "window_sweep": window_sweep,
    "gap_map": gap_map,
    "effects": effects,
    "trend": trend,
    "gap_by_technique": techniques,
}
SIMULATED = "Simulated raw data"
MARGIN_MM = 1.0


def figure(tree: xr.DataTree, kinds: Mapping[str, ModuleType] = PANELS) -> Figure:
    """Draw a collected figure.

    Panels fill a grid row by row, each laid out for itself, so that a long label in one narrows no
    other; remarks on refused data and the note that raw data are
    simulated stand in the lower margin. The layout is settled once, so that every format
    shows the same page.

    Parameters
    ----------
    tree
        What :func:`nanostitch.draw.collect` returned, or that read back from its file.
    kinds
        Module of each kind of panel.
    """
    with variants.using(str(tree.attrs.get("style", "default"))) as variant:
        return _figure(tree, kinds, variant)


def _figure(
    tree: xr.DataTree, kinds: Mapping[str, ModuleType], variant: variants.Variant
) -> Figure:
    panels = {name: node.to_dataset() for name, node in sorted(tree.children.items())}
    width = style.WIDTH_MM[tree.attrs["width"]]
    columns = int(tree.attrs["columns"])
    heights = [kinds[data.attrs["kind"]].height_mm(data) for data in panels.values()]
    rows = [max(heights[i : i + columns]) for i in range(0, len(heights), columns)]
    margin = _margin_text(tree, panels, width)
    foot = style.LINE_MM * len(margin) + MARGIN_MM * bool(margin)
    height = sum(rows) + style.GAP_MM * len(rows) + foot
    with stylesheets.context(["default", dict(style.RC)]):
        page = Figure(
            figsize=(width / style.MM_PER_INCH, height / style.MM_PER_INCH),
            layout=_engine(foot / height),
        )
        FigureCanvasAgg(page)
        page.set_label(str(tree.attrs["title"]))
        parts = page.subfigures(len(rows), columns, squeeze=False, height_ratios=rows)
        for part, (letter, data) in zip(parts.flat, panels.items(), strict=False):
            axes = part.add_subplot()
            axes.set_gid(letter)
            kinds[data.attrs["kind"]].draw(data, axes)
            _write_letter(part, variant.lettered(letter))
        _write_margin(page, margin)
        if variant.least_line_pt:
            _thicken(page, variant.least_line_pt)
        _settle(page)
    return page


def _engine(foot: float) -> ConstrainedLayoutEngine:
    pad = 0.5 * style.GAP_MM / style.MM_PER_INCH
    return ConstrainedLayoutEngine(
        w_pad=pad, h_pad=pad, wspace=0, hspace=0, rect=(0, foot, 1, 1 - foot)
    )


def _thicken(page: Figure, least_pt: float) -> None:
    """Draw no line thinner than a journal prints; one of no width stays without."""
    for line in page.findobj(Line2D):
        if 0 < line.get_linewidth() < least_pt:
            line.set_linewidth(least_pt)
    for artist in page.findobj(Collection):
        widths = np.atleast_1d(artist.get_linewidth())
        artist.set_linewidth(np.where(widths > 0, np.maximum(widths, least_pt), 0.0).tolist())


def _settle(page: Figure) -> None:
    """Lay the page out for good.

    The solver's last digits differ from run to run and would show in the files' bytes; a
    millionth of the page does not show in print.
    """
    page.draw_without_rendering()
    page.set_layout_engine("none")
    for part in page.subfigs:
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(6))
    for axes in page.axes:
        axes.set_position(Bbox(axes.get_position(original=True).get_points().round(6)))


def _margin_text(tree: xr.DataTree, panels: Mapping[str, xr.Dataset], width_mm: float) -> list[str]:
    """Lines of the lower margin: remarks by panel, then the note on simulated raw data."""
    remarks = [
        f"{letter}: {remark}"
        for letter, data in panels.items()
        for remark in str(data.attrs.get("notes", "")).splitlines()
    ]
    if tree.attrs["simulated"]:
        remarks.append(SIMULATED)
    inner = width_mm - 2 * style.GAP_MM
    return [line for text in remarks for line in lettering.wrapped(text, inner).splitlines()]


def _write_margin(page: Figure, lines: Sequence[str]) -> None:
    width, height = style.MM_PER_INCH * page.get_size_inches()
    for above, line in enumerate(reversed(lines)):
        y = (MARGIN_MM + above * style.LINE_MM) / height
        page.text(0.5 * style.GAP_MM / width, y, line, ha="left", va="bottom", color=style.QUIET)


def _write_letter(part: SubFigure, letter: str) -> None:
    """Write the letter in the top left corner of a panel's part of the page."""
    inset = 0.5 * style.GAP_MM / style.MM_PER_INCH
    corner = part.transSubfigure + ScaledTranslation(inset, -inset, part.dpi_scale_trans)
    part.text(
        0, 1, letter, transform=corner, ha="left", va="top", weight="bold", size=style.LETTER_PT
    )
