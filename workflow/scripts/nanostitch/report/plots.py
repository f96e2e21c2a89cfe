"""The linked plots, empty: the page's own script fills them for the acquisition that is chosen.

One source of data behind two plots makes their selections one. No callback travels in the plots,
so that the page needs no right to evaluate text.
"""

import json
import re
from typing import Any

from bokeh.document import Document
from bokeh.models import ColumnDataSource, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure as _figure
from bokeh.resources import Resources
from bokeh.transform import linear_cmap

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"
"""Of Okabe and Ito; told apart by every eye and on paper."""
OUTLINE, CHOSEN = "#56B4E9", "#F0E442"
"""Bright ones of the same, which show on grey micrographs."""
figure: Any = _figure
"""Its methods take every property of a glyph with a prefix, which its types do not know."""
_SIZE = 420
_TOOLS = "tap,box_select,box_zoom,wheel_zoom,reset"


def library() -> str:
    """Text of the drawing library, which the page carries along."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def particles() -> dict[str, Any]:
    """Image with outlines, edge against aspect ratio, and histogram of edges."""
    columns = ("xs", "ys", "edge", "aspect", "number", "units", "flags", "uncertainty")
    source = _source("particles", *columns)
    picture = _source("picture", "url", "w", "h")
    bins = _source("bins", "left", "right", "count")
    chosen = _source("chosen", "left", "right", "count")

    tips = [("particle", "@number"), ("edge", "@edge nm"), ("flags", "@flags")]
    image = _image(source, picture, tips)
    scatter = _plot("Edge length (nm)", "Aspect ratio", tooltips=tips)
    _points(scatter, "edge", "aspect", source, size=6, alpha=0.5, nonselection_alpha=0.25)
    histogram = _plot("Edge length (nm)", "Particles", tools="tap,reset", x_range=scatter.x_range)
    bars = {"left": "left", "right": "right", "top": "count", "bottom": 0}
    histogram.quad(**bars, source=bins, color=BLUE, alpha=0.35, line_color="white")
    histogram.quad(**bars, source=chosen, color=ORANGE, hatch_pattern="/", hatch_alpha=0.4)
    histogram.y_range.start = 0
    return _embedded({"image": image, "scatter": scatter, "histogram": histogram})


def _image(source: ColumnDataSource, picture: ColumnDataSource, tips: list[tuple[str, str]]) -> Any:
    """Micrograph from its upper left corner, with the outline of each particle."""
    image = _plot(
        "x (nm)",
        "y (nm)",
        shape=1,
        x_range=Range1d(start=0, end=1, name="image_x"),
        y_range=_downwards("image_y"),
        tooltips=tips,
    )
    image.image_url(url="url", x=0, y=0, w="w", h="h", anchor="top_left", source=picture)
    image.patches(
        "xs",
        "ys",
        source=source,
        fill_alpha=0,
        line_color=OUTLINE,
        line_width=1,
        selection_line_color=CHOSEN,
        selection_line_width=3,
        selection_fill_color=CHOSEN,
        selection_fill_alpha=0.25,
        nonselection_line_alpha=0.7,
        nonselection_fill_alpha=0,
    )
    image.grid.visible = False
    return image


def gaps() -> dict[str, Any]:
    """Gap along a line or over a map, and the spectrum of the place that is chosen."""
    source = _source("places", "x", "y", "gap", "low", "high", "name", "number")
    spectrum = _source("spectrum", "energy", "values")
    model = _source("model", "energy", "values")
    interval = _source("interval", "left", "right")
    tips = [("place", "@name"), ("gap", "@gap eV")]
    line = _plot("x (nm)", "Band gap (eV)", tooltips=tips, name="line")
    line.segment("x", "low", "x", "high", source=source, color=GREY, nonselection_alpha=0.6)
    _points(line, "x", "gap", source, size=9, nonselection_alpha=0.4)
    cells = _plot(
        "x (nm)",
        "y (nm)",
        shape=1,
        y_range=_downwards("map_y"),
        tooltips=tips,
        name="map",
        visible=False,
    )
    _cells(cells, source)
    curve = _plot("Energy loss (eV)", "Counts", tools="box_zoom,wheel_zoom,reset")
    for end in ("left", "right"):
        curve.vspan(x=end, source=interval, line_color=ORANGE, line_dash="dashed", line_width=1)
    curve.line("energy", "values", source=spectrum, color=BLUE, line_width=1.5)
    curve.line("energy", "values", source=model, color="black", line_dash="dotted", line_width=2)
    curve.add_layout(Span(dimension="height", line_color=ORANGE, line_width=1, name="gap"))
    curve.yaxis[0].name = "counts"
    return _embedded({"line": line, "map": cells, "spectrum": curve})


def _cells(plot: Any, source: ColumnDataSource) -> None:
    colours = linear_cmap("gap", "Cividis256", 2.0, 3.0, nan_color="white")
    colours["transform"].name = "colours"
    drawn = plot.rect(
        "x",
        "y",
        1,
        1,
        source=source,
        color=colours,
        selection_line_color=ORANGE,
        selection_line_width=3,
        nonselection_alpha=1,
        name="cells",
    )
    plot.add_layout(drawn.construct_color_bar(title="eV", width=10), "right")


def _plot(x: str, y: str, shape: float = 0.8, tools: str = _TOOLS, **more: Any) -> Any:
    """An empty plot with the labels of its axes; ``shape`` is its height by its width."""
    return figure(
        width=_SIZE,
        height=round(_SIZE * shape),
        sizing_mode="scale_width",
        x_axis_label=x,
        y_axis_label=y,
        toolbar_location="above",
        active_tap="auto",
        tools=tools,
        **more,
    )


def _points(plot: Any, x: str, y: str, source: ColumnDataSource, **looks: Any) -> None:
    """Points, of which those that are chosen stand out."""
    chosen = {"selection_color": ORANGE, "selection_line_color": "black", "selection_alpha": 1}
    plot.scatter(x, y, source=source, color=BLUE, **chosen, **looks)


def _downwards(name: str) -> Range1d:
    """Range of an axis whose numbers grow downwards, as rows of a picture do."""
    return Range1d(start=1, end=0, name=name)


def _source(name: str, *columns: str) -> ColumnDataSource:
    return ColumnDataSource(data={column: [] for column in columns}, name=name)


def _embedded(plots: dict[str, Any]) -> dict[str, Any]:
    """Document of the plots with their ids, numbered from 1 so that each page has the same."""
    document = Document()
    for plot in plots.values():
        plot.toolbar.logo = None
        document.add_root(plot)
    roots = {plot.ref["id"]: f"plot-{name}" for name, plot in plots.items()}
    text = json.dumps({"doc": document.to_json(deferred=False), "roots": roots})
    ids: dict[str, str] = {}
    renamed = re.sub(r'"p\d+"', lambda m: ids.setdefault(m[0], f'"m{len(ids) + 1}"'), text)
    return dict(json.loads(renamed))
