"""A chain as a drawing: raw files on the left, the target on the right."""

from pathlib import Path
from typing import Any

from nanostitch.atomic import replacing
from nanostitch.errors import ContractError
from nanostitch.provenance.trace import layers, tree_text
from nanostitch.provenance.trace.chain import Link
from nanostitch.provenance.trace.layers import Node

SUFFIXES = (".svg", ".pdf", ".png")
_COLUMN_IN, _ROW_IN = 2.6, 0.46
"""Width of a layer and height of a box with the space around it [inch]."""
_BOX_SHARE = 0.74, 0.72
"""Shares of these that the box itself takes; the rest is for edges and air."""
_MARGIN_IN = 0.2
_FONT_PT, _SMALL_PT = 7.0, 5.5
_LETTERS = 40
"""Letters that a box of this width holds in one line of the small font."""
_COLOURS = {
    "raw": "#0072B2",
    "product": "#999999",
    "figure": "#D55E00",
    "panel": "#D55E00",
    "table": "#009E73",
    "claim": "#CC79A7",
}
"""Edge of a box by the kind of its link (M. Okabe and K. Ito, 2008: told apart by all)."""


def draw(link: Link, path: Path) -> None:
    """Draw a chain to an SVG, PDF or PNG file, with the same bytes every time.

    Raises
    ------
    ContractError
        If the name of the file ends otherwise.
    """
    from matplotlib.figure import Figure

    if path.suffix.lower() not in SUFFIXES:
        raise ContractError(f"{path}: cannot take the picture; end the name by .svg, .pdf or .png")
    placed = layers.arranged(link)
    nodes = [node for layer in placed for node in layer]
    low = min(node.y - node.height / 2 for node in nodes)
    high = max(node.y + node.height / 2 for node in nodes)
    width = len(placed) * _COLUMN_IN + 2 * _MARGIN_IN
    height = (high - low) * _ROW_IN + 2 * _MARGIN_IN
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-_MARGIN_IN / _COLUMN_IN, len(placed) + _MARGIN_IN / _COLUMN_IN)
    axes.set_ylim(high + _MARGIN_IN / _ROW_IN, low - _MARGIN_IN / _ROW_IN)
    for node in nodes:
        for user in node.users:
            _edge(axes, node, user, len(placed))
        if node.link is not None:
            _box(axes, node, node.link, len(placed))
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    from matplotlib import rc_context

    kind = path.suffix.lower()[1:]
    nothing = {"pdf": "CreationDate", "svg": "Date", "png": "Software"}[kind]
    settings: Any = {"svg.hashsalt": "nanostitch", "svg.fonttype": "none", "pdf.fonttype": 42}
    with rc_context(settings), replacing(path) as partial:
        figure.savefig(partial, format=kind, dpi=150, metadata={nothing: None})


def _middle(node: Node, number: int) -> float:
    return number - 1 - node.layer + 0.5


def _edge(axes: Any, used: Node, user: Node, number: int) -> None:
    """An edge as a curve that leaves and arrives level, behind the boxes."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    half = _BOX_SHARE[0] / 2
    begin = _middle(used, number) + (half if used.link is not None else -half)
    end = _middle(user, number) - half
    if used.link is None:  # a bead is crossed straight, where boxes of its layer stand
        axes.plot([begin, begin + 2 * half], [used.y, used.y], color="#bbbbbb", lw=0.7, zorder=1)
        begin += 2 * half
    bend = (end - begin) / 2
    points = [(begin, used.y), (begin + bend, used.y), (end - bend, user.y), (end, user.y)]
    curve = Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4])
    style = "-|>,head_length=3,head_width=1.5" if user.link is not None else "-"
    arrow = FancyArrowPatch(
        path=curve, arrowstyle=style, color="#bbbbbb", lw=0.7, zorder=1, shrinkA=0, shrinkB=0
    )
    axes.add_patch(arrow)


def _box(axes: Any, node: Node, link: Link, number: int) -> None:
    from matplotlib.patches import Rectangle

    x, (wide, tall) = _middle(node, number), _BOX_SHARE
    colour = _COLOURS[link.kind]
    corner = (x - wide / 2, node.y - tall / 2)
    axes.add_patch(Rectangle(corner, wide, tall, fc="white", ec=colour, lw=1.0, zorder=2))
    name = tree_text.cut(tree_text.shown(link.path), _LETTERS)
    size = min(_FONT_PT, _FONT_PT * 32 / max(len(name), 1))
    axes.text(x, node.y - 0.14, name, ha="center", va="center", size=size, zorder=3)
    said = tree_text.cut(tree_text.headline(link, with_code=False), _LETTERS)
    axes.text(
        x, node.y + 0.18, said, ha="center", va="center", size=_SMALL_PT, color="#555555", zorder=3
    )
