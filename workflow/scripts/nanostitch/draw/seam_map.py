"""Panel kind ``seams``: the seams of an atomic image, drawn and lettered by class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import label_places, lattice_marks, micrograph, regions, style
from nanostitch.draw.selection import Panel, Products, about

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

    Values = NDArray[np.float64]

CLASSES: tuple[tuple[int, str, str, Any, float], ...] = (
    (0, "seamless", "#56B4E9", "-", 1.3),
    (1, "tilt", "#F0E442", (0, (4, 1.2)), 1.6),
    (2, "boundary", "#D55E00", (0, (1, 0.8)), 2.2),
    (-1, "class not told", "#FFFFFF", (0, (1, 2.5)), 1.0),
)
"""Number, name, colour, dashes and width of each class: any one of the last three tells them."""
APART_MM = 0.8
"""Distance of the two lines of a seam: what lies between them stays visible."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce the seams of an atomic image to what is printed.

    Returns
    -------
    xarray.Dataset
        What :func:`nanostitch.draw.micrograph.printed` gives; ``seam_y``, ``seam_x``,
        ``seam_length`` [nm], ``seam_normal`` [degree], ``seam_class``, ``misorientation`` with
        bounds [degree], ``class_probability`` of that class and ``seam_text`` (seam), those in
        view only. ``notes`` says in words why there is none.

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition, or the window or the contrast is none.
    """
    by_name = regions.only(panel, products, "acquisition")
    seams = by_name["seams"]
    data = micrograph.printed(panel, by_name["raw"]["intensity"])
    is_drawn, notes = lattice_marks.remarks(seams, "seam")
    if is_drawn:
        found = _table(seams)
        left, right, bottom, top = micrograph.edges(data)
        y, x = found["seam_y"].values, found["seam_x"].values
        data = data.assign(
            found.isel(seam=(y > top) & (y < bottom) & (x > left) & (x < right)).variables
        )
    label = str(about(by_name)["condition_label"])
    lettered = int(panel.options["letter"])
    return data.assign_attrs(condition_label=label, notes="\n".join(notes), lettered=lettered)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    return micrograph.height_mm(data, data.attrs["condition_label"], [t for _, t in _key(data)])


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw two lines along each seam, in the look of its class, and letter them."""
    micrograph.draw(data, axes, data.attrs["condition_label"], _key(data))
    if "seam_x" not in data:
        return
    for number, _, colour, dashes, width in CLASSES:
        for line in _lines(data, data["seam_class"].values == number):
            look: dict[str, Any] = {"color": colour, "linestyle": dashes, "linewidth": width}
            axes.plot(*line, scalex=False, scaley=False, gid="seam", **look)
    if int(data.attrs["lettered"]):
        _letter(data, axes)


def _table(seams: xr.Dataset) -> xr.Dataset:
    words = {
        "seam_y": ("Middle of a seam along y", "nm"),
        "seam_x": ("Middle of a seam along x", "nm"),
        "seam_length": ("Length of a seam", "nm"),
        "seam_normal": ("Direction of the normal of a seam", "degree"),
        "seam_class": ("How the lattices meet", "1"),
        "misorientation": ("In-plane misorientation", "degree"),
        "misorientation_lower": ("Lower 95 % bound of the misorientation", "degree"),
        "misorientation_upper": ("Upper 95 % bound of the misorientation", "degree"),
    }
    data = xr.Dataset(
        {
            name: ("seam", seams[name].to_numpy(), style.described(*said))
            for name, said in words.items()
        }
    )
    of = data["seam_class"].values.astype(int)
    likely = seams["probability"].transpose("seam", "class").to_numpy()
    chosen = np.where(of >= 0, likely[np.arange(of.size), np.maximum(of, 0)], np.nan)
    attrs = style.described("Probability of the class", "1")
    data["class_probability"] = ("seam", chosen, attrs)
    texts = [
        _text(float(angle), float(share))
        for angle, share in zip(data["misorientation"].values, chosen, strict=True)
    ]
    data["seam_text"] = ("seam", np.array(texts, object), {"long_name": "Lettered"})
    return data


def _text(angle: float, probability: float) -> str:
    """Misorientation, then the probability of the class."""
    shown = f"{angle:.1f}°" if math.isfinite(angle) else "two zones"
    if not math.isfinite(probability):
        return shown
    sure = probability > lattice_marks.NEARLY_SURE
    return f"{shown}, >{lattice_marks.NEARLY_SURE}" if sure else f"{shown}, {probability:.2f}"


def _ends(data: xr.Dataset) -> tuple[Values, Values, Values, Values]:
    """Middle, unit vectors along and across, each (seam, 2) as x and y, and half the length."""
    normal = np.radians(data["seam_normal"].values)
    across = np.stack([np.cos(normal), np.sin(normal)], axis=-1)
    along = np.stack([-np.sin(normal), np.cos(normal)], axis=-1)
    middle = np.stack([data["seam_x"].values, data["seam_y"].values], axis=-1)
    return middle, along, across, 0.5 * data["seam_length"].values[:, np.newaxis]


def _lines(data: xr.Dataset, where: NDArray[np.bool_]) -> list[tuple[Values, Values]]:
    """Both lines of the seams chosen, as x and y, separated by NaN."""
    middle, along, across, half = (part[where] for part in _ends(data))
    if not len(middle):
        return []
    away = 0.5 * APART_MM / micrograph.mm_per_nm(data)
    found = []
    for sign in (1.0, -1.0):
        start, end = (middle + sign * away * across + s * half * along for s in (-1.0, 1.0))
        gap = np.full_like(start, np.nan)
        vertices = np.stack([start, end, gap], axis=1).reshape(-1, 2)
        found.append((vertices[:, 0], vertices[:, 1]))
    return found


def _letter(data: xr.Dataset, axes: Axes) -> None:
    """Write beside each seam where there is room, long seams first."""
    scale = micrograph.mm_per_nm(data)
    left, right, bottom, top = (edge * scale for edge in micrograph.edges(data))
    middle, along, _, half = _ends(data)
    order = np.argsort(-data["seam_length"].values, kind="stable")
    lines = [
        scale * np.stack([m - h * a, m + h * a]) * [1, -1]
        for m, a, h in zip(middle, along, half, strict=True)
    ]
    texts = [str(text) for text in data["seam_text"].values[order]]
    frame = label_places.Box(left, -bottom, right, -top)
    places = label_places.free_places(scale * middle[order] * [1, -1], texts, lines, frame)
    for text, place in zip(texts, places, strict=True):
        if place is not None:
            x, y = place[0] / scale, -place[1] / scale
            micrograph.write_on(axes, x, y, text, ha="center", va="center", gid="seam_text")


def _key(data: xr.Dataset) -> list[Entry]:
    from matplotlib.lines import Line2D

    if "seam_class" not in data:
        return []
    entries: list[Entry] = []
    for number, name, colour, dashes, width in CLASSES:
        count = int((data["seam_class"] == number).sum())
        if count:
            shown = style.QUIET if colour == "#FFFFFF" else colour
            handle = Line2D([], [], color=shown, linestyle=dashes, linewidth=width)
            entries.append((handle, f"{name} (n\xa0=\xa0{count})"))
    if int(data.attrs["lettered"]) and entries:
        nothing = Line2D([], [], linewidth=0)
        entries.append((nothing, "lettered: misorientation, probability of the class"))
    return entries
