"""House style: page widths, type sizes, colours, and how labels are worded.

Colours are those of Okabe and Ito, "Color Universal Design" (2008), which people with any common
colour vision tell apart; line styles and markers repeat what colour says, for grey-scale print.

``WIDTH_MM``, ``FONT_PT``, ``LETTER_PT``, ``LINE_MM`` (height of one line of text), ``LETTER_MM``
(width kept free for the panel letter, left of the header) and ``RC`` are those of the variant that
is drawn in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from nanostitch.draw import variants

MM_PER_INCH = 25.4
PT_PER_MM = 72 / MM_PER_INCH
DPI = 300

LINE_SPACING = 1.35
"""Height of a line of text over the size of its type; matplotlib's name of the same."""

if TYPE_CHECKING:
    WIDTH_MM: Mapping[str, float]
    FONT_PT: float
    LETTER_PT: float
    LINE_MM: float
    LETTER_MM: float
    RC: Mapping[str, Any]

GAP_MM = 3.0
"""Space between panels."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v")
OUTLINE_COLOUR = "#E69F00"
QUIET = "#555555"

_RC: Mapping[str, Any] = {
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.0,
    "legend.frameon": False,
    # The layout starts from axes as large as their place and makes room for labels from there.
    "figure.subplot.left": 0.0,
    "figure.subplot.right": 1.0,
    "figure.subplot.bottom": 0.0,
    "figure.subplot.top": 1.0,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "nanostitch",
    # A label is what its author typed: a dollar sign in it is no formula.
    "text.parse_math": False,
}

_SIZES = (
    *("font.size", "axes.labelsize", "axes.titlesize"),
    *("xtick.labelsize", "ytick.labelsize", "legend.fontsize"),
)


def __getattr__(name: str) -> Any:
    """Widths and sizes of the variant that is drawn in, see :mod:`nanostitch.draw.variants`."""
    variant = variants.current()
    if name == "RC":
        # A concrete font stays with the text until the file is written, whatever is set then.
        family: dict[str, Any] = {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"]}
        if variants.name() != "default":
            # Fonts of journals lack signs such as a raised minus: the second has them.
            fonts = [variants.installed(variant.fonts), variants.FALLBACK]
            family = {"font.family": list(dict.fromkeys(fonts))}
        return {**family, **dict.fromkeys(_SIZES, variant.font_pt), **_RC}
    sizes = {
        "WIDTH_MM": variant.width_mm,
        "FONT_PT": variant.font_pt,
        "LETTER_PT": variant.letter_pt,
        "LINE_MM": LINE_SPACING * variant.font_pt / PT_PER_MM,
        "LETTER_MM": variant.letter_mm,
    }
    if name not in sizes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return sizes[name]


PALER = 0.5
"""Share of its distance from white that a colour keeps in each further round of the palette."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def columns(panels: int, width: str) -> int:
    """Panels side by side when the declaration does not say."""
    if width == "single":
        return 1
    return {1: 1, 2: 2, 4: 2}.get(panels, 3)


def colour(rank: int) -> str:
    """Colour of the condition at a position; past the palette, its colours again, paler."""
    rounds, place = divmod(rank, len(COLOURS))
    pure = [int(COLOURS[place][i : i + 2], 16) for i in (1, 3, 5)]
    kept = PALER**rounds
    return "#" + "".join(f"{round(255 - kept * (255 - part)):02x}" for part in pure)


def line(rank: int) -> Any:
    """Line style of the condition at a position."""
    return LINES[rank % len(LINES)]


def marker(rank: int) -> str:
    """Marker at a position."""
    return MARKERS[rank % len(MARKERS)]


def described(long_name: str, units: str) -> dict[str, str]:
    """Attributes that every plotted variable has."""
    return {"long_name": long_name, "units": units}


def axis_label(variable: xr.DataArray) -> str:
    """Long name and unit as the label of an axis, e.g. "Energy loss (eV)"."""
    units = str(variable.attrs["units"])
    if units == "1":
        return str(variable.attrs["long_name"])
    shown = "%" if units == "percent" else re.sub(r"-?\d+", _raised, units)
    return f"{variable.attrs['long_name']} ({shown})"


def _raised(exponent: re.Match[str]) -> str:
    return exponent.group().translate(_SUPERSCRIPT)


def nearest_round(value: float) -> float:
    """Of 1, 2 and 5 times the powers of ten, the one nearest to a positive value by ratio."""
    below = round_number(value)
    above = round_number(2.5 * below)
    return below if value / below <= above / value else above


def round_number(value: float) -> float:
    """Largest of 1, 2 or 5 times a power of ten that does not exceed a positive value."""
    exponent = math.floor(math.log10(value))
    digit = max((d for d in (1, 2, 5, 10) if float(f"{d}e{exponent}") <= value), default=1)
    return float(f"{digit}e{exponent}")


def printed_pixels(width_mm: float) -> int:
    """Pixels that print resolves along a width."""
    return round(width_mm / MM_PER_INCH * DPI)
