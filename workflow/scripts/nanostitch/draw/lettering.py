"""Text that fits: wrapping by measured width, headers and legends above the axes.

Headers and legends stand above the axes, never on them, so that no label can cover data however
long it is. The panel letter stands in the corner to their left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from nanostitch.draw import style, variants

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

HANDLE_MM = 7.0
"""Width of a legend's line or marker with the space after it."""


def wrapped(text: str, width_mm: float) -> str:
    """Break text into lines no wider than a width; a longer word is broken inside.

    A no-break space (U+00A0) holds a number and its unit together.
    """
    return _wrapped(text, width_mm, variants.name())


@cache
def _wrapped(text: str, width_mm: float, variant: str) -> str:
    del variant  # measured in it; it tells the cache one font from another
    lines = [""]
    for word in re.split("[ \t\n]+", text):
        joined = f"{lines[-1]} {word}".strip()
        if line_mm(joined) <= width_mm:
            lines[-1] = joined
            continue
        rest = word
        while rest:
            fitting = (n for n in range(len(rest), 1, -1) if line_mm(rest[:n]) <= width_mm)
            length = next(fitting, 1)
            lines.append(rest[:length])
            rest = rest[length:]
    return "\n".join(line for line in lines if line)


def count_lines(texts: Sequence[str], width_mm: float) -> int:
    """Lines that texts take below each other, each wrapped to a width."""
    return sum(1 + wrapped(text, width_mm).count("\n") for text in texts)


def height_mm(texts: Sequence[str], width_mm: float) -> float:
    """Height of texts below each other, each wrapped to a width."""
    return style.LINE_MM * count_lines(texts, width_mm)


def in_lines(texts: Sequence[str], width_mm: float) -> str:
    """Texts below each other, each wrapped to a width; a number may leave its noun."""
    return "\n".join(wrapped(text.replace("\xa0", " "), width_mm) for text in texts)


def header(axes: Axes, text: str, width_mm: float) -> None:
    """Write text above the axes, right of the panel letter."""
    above(axes, wrapped(text, width_mm))


def above(axes: Axes, text: str) -> None:
    """Write text above the axes, right of the panel letter, with the lines that it has."""
    axes.annotate(
        text,
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(style.LETTER_MM * style.PT_PER_MM, 3),
        textcoords="offset points",
        ha="left",
        va="bottom",
        annotation_clip=False,
    )


def legend(
    axes: Axes,
    handles: Sequence[Artist],
    labels: Sequence[str],
    width_mm: float,
    indent_mm: float = 0.0,
) -> None:
    """Write a legend above the axes, one entry below the other.

    ``indent_mm`` is where it begins, for axes without labels on their left, above which the panel
    letter stands.
    """
    axes.legend(
        list(handles),
        [wrapped(label, width_mm - HANDLE_MM) for label in labels],
        loc="lower left",
        bbox_to_anchor=(indent_mm / width_mm, 1),
        borderaxespad=0.4,
        borderpad=0,
        labelspacing=0.25,
        handlelength=2.2,
        handletextpad=0.5,
    )


def nothing(axes: Axes, text: str) -> None:
    """Say on empty axes that there is nothing to draw."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=style.QUIET)


def line_mm(text: str) -> float:
    """Width of one line of text at the size of the variant.

    Paths are measured, not screen pixels, so that every output format breaks lines alike.
    """
    variant = variants.current()
    return _line_mm(text, variants.installed(variant.fonts), variant.font_pt)


@cache
def _line_mm(text: str, family: str, size: float) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=family, size=size)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(width) / style.PT_PER_MM
