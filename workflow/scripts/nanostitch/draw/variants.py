"""What journals ask of a figure: width, type, panel letters, lines.

Numbers are those of the publishers' guides for authors; where a guide leaves one open it is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from logging import getLogger


@dataclass(frozen=True)
class Variant:
    """How figures of one journal look.

    ``width_mm`` of one and two columns; ``fonts`` by preference; sizes of text and of panel letters
    [pt]; ``letter`` as a pattern of the letter; ``letter_mm`` kept free for it; ``least_line_pt``
    that no drawn line is thinner than.
    """

    width_mm: Mapping[str, float]
    fonts: tuple[str, ...]
    font_pt: float
    letter_pt: float
    letter: str
    letter_mm: float
    least_line_pt: float

    def lettered(self, letter: str) -> str:
        """Write a panel letter as the journal does."""
        return self.letter.replace("a", letter).replace("A", letter.upper())


FALLBACK = "DejaVu Sans"
"""Comes with matplotlib, so that it is there everywhere."""
_ARIAL = ("Arial", "Helvetica", "Liberation Sans", FALLBACK)
"""Liberation Sans has the widths of Arial."""

VARIANTS: Mapping[str, Variant] = {
    # Ours: one font that is the same on every machine, so that files have the same bytes.
    "default": Variant({"single": 85.0, "double": 178.0}, (FALLBACK,), 7.0, 8.0, "a", 4.0, 0.0),
    # pubs.acs.org/paragonplus/submission/general/graphics_prep.html: 3.25 in and 7 in, Helvetica
    # or Arial, no lettering or line that vanishes in print; sizes, letters and least line are ours.
    "acs": Variant({"single": 82.55, "double": 177.8}, _ARIAL, 7.0, 8.0, "(a)", 5.5, 0.5),
    # research-figure-guide.nature.com: 89 mm and 183 mm, Arial or Helvetica of 5 to 7 pt; letters
    # of 8 pt, bold and upright, in lower case; the least line is ours.
    "nature": Variant({"single": 89.0, "double": 183.0}, _ARIAL, 7.0, 8.0, "a", 4.0, 0.5),
    # rsc.org, author guidelines, illustrations: 8.3 cm and 17.1 cm, 7 pt Arial or Helvetica, parts
    # (a), (b); curves of about 1 pt; the least line is ours.
    "rsc": Variant({"single": 83.0, "double": 171.0}, _ARIAL, 7.0, 7.0, "(a)", 5.5, 0.5),
}

_NAME: ContextVar[str] = ContextVar("figure_style", default="default")
_log = getLogger(__name__)


def name() -> str:
    """Name of the variant that is drawn in."""
    return _NAME.get()


def current() -> Variant:
    """The variant that is drawn in."""
    return VARIANTS[_NAME.get()]


@contextmanager
def using(style: str) -> Iterator[Variant]:
    """Draw in a variant for the time of a block."""
    token = _NAME.set(style)
    try:
        yield VARIANTS[style]
    finally:
        _NAME.reset(token)


@cache
def installed(fonts: tuple[str, ...]) -> str:
    """First of several fonts that this machine has; says so where it is not one asked for."""
    if fonts == (FALLBACK,):
        return FALLBACK
    from matplotlib.font_manager import get_font_names

    known = set(get_font_names())
    found = next((font for font in fonts if font in known), FALLBACK)
    if found == FALLBACK:
        _log.warning("none of the fonts %s is installed: %s is used", fonts[:-1], FALLBACK)
    return found
