"""Figures with their captions, each panel of which can be traced."""

import html
import re
from dataclasses import dataclass
from string import ascii_lowercase

from nanostitch.report import pictures
from nanostitch.report.collect import Contents
from nanostitch.report.pictures import Picture
from nanostitch.report.traces import Graph
from nanostitch.targets import FIGURE_SUFFIXES

_CLOSING = "Intervals hold 95"
"""How what a caption says of all panels begins (see ``draw.captions``)."""


@dataclass(frozen=True)
class Panel:
    """A panel's letter and words of the caption, and its node."""

    letter: str
    text: str
    trace: str


@dataclass(frozen=True)
class Figure:
    """A drawn figure; ``files`` lie beside the page, ``closing`` ends its caption."""

    name: str
    title: str
    picture: Picture
    panels: list[Panel]
    closing: str
    trace: str
    files: list[str]


def of_batch(contents: Contents, graph: Graph) -> list[Figure]:
    """Every figure that was drawn, in a reader's order."""
    return [
        _figure(contents, graph, name)
        for name in contents.named("figures")
        if (contents.folder / "figures" / f"{name}.png").is_file()
    ]


def _figure(contents: Contents, graph: Graph, name: str) -> Figure:
    declared = contents.plan[f"figures/{name}"]["figure"]
    letters = ascii_lowercase[: len(declared["panels"])]
    title, texts, closing = _caption(contents, name, letters)
    drawn = f"{contents.prefix}figures/{name}.png"
    return Figure(
        name=name,
        title=title or str(declared["title"]),
        picture=pictures.of_figure(contents.root / drawn),
        panels=[Panel(one, texts.get(one, ""), graph.trace(drawn, one)) for one in letters],
        closing=closing,
        trace=graph.trace(drawn),
        files=[
            f"figures/{name}.{suffix}"
            for suffix in FIGURE_SUFFIXES
            if (contents.folder / "figures" / f"{name}.{suffix}").is_file()
        ],
    )


def _caption(contents: Contents, name: str, letters: str) -> tuple[str, dict[str, str], str]:
    """Title, words of each panel, and what is said of all of them."""
    path = contents.folder / "figures" / f"{name}.md"
    text = html.unescape(path.read_text("utf-8")).strip() if path.is_file() else ""
    title, _, rest = text.removeprefix("**").partition("**")
    said, found, closing = rest.partition(_CLOSING)
    parts = re.split(rf"(?:^|\s)\(([{letters}])\)\s", said) if letters else [said]
    texts = dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
    return title.rstrip(". "), texts, found + closing
