"""Figures as files: PDF, SVG and PNG with the same bytes every time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import style as stylesheets
from matplotlib.figure import Figure

from nanostitch.draw import style

CREATOR = "nanostitch"


def save(figure: Figure, path_by_suffix: Mapping[str, Path], identifier: str) -> None:
    """Write a figure to every given format.

    Text stays text: PDF embeds its fonts as TrueType, SVG names them. Files hold no date and no
    random name, so the same figure gives the same bytes.

    Parameters
    ----------
    figure
        What :func:`nanostitch.draw.figure` returned.
    path_by_suffix
        Where to write each of ``pdf``, ``svg``, ``png``. The caller makes the write atomic.
    identifier
        What the file is traced back by. It becomes ``Keywords`` of the PDF, ``Identifier`` of
        the PNG and ``dc:identifier`` of the SVG.

    Raises
    ------
    ValueError
        If a suffix is none of these.
    """
    with stylesheets.context(["default", dict(style.RC)]):
        for suffix, path in path_by_suffix.items():
            metadata = _metadata(suffix, str(figure.get_label()), identifier)
            figure.savefig(path, format=suffix, dpi=style.DPI, metadata=metadata)


def _metadata(suffix: str, title: str, identifier: str) -> dict[str, Any]:
    by_suffix: dict[str, dict[str, Any]] = {
        "pdf": {"Title": title, "Keywords": identifier, "Creator": CREATOR, "CreationDate": None},
        "svg": {"Title": title, "Identifier": identifier, "Creator": CREATOR, "Date": None},
        "png": {"Title": title, "Identifier": identifier, "Software": CREATOR},
    }
    if suffix not in by_suffix:
        raise ValueError(f"no figure format {suffix!r}; known: {', '.join(by_suffix)}")
    return by_suffix[suffix]
