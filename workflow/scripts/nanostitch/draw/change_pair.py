"""Panel kind ``change``: a place before and after, and what became of each particle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from nanostitch import quality
from nanostitch.draw import lettering, micrograph, outlines, style
from nanostitch.draw.selection import Panel, Products, about
from nanostitch.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from nanostitch.draw.micrograph import Entry

FATES: tuple[tuple[str, str, str], ...] = (
    ("kept", "#56B4E9", "o"),
    ("grown", "#009E73", "^"),
    ("shrunk", "#F0E442", "v"),
    ("merged", "#E69F00", "s"),
    ("split", "#CC79A7", "D"),
    ("vanished", "#D55E00", "x"),
    ("not in view", "#FFFFFF", "|"),
)
"""Name, colour and marker by the number of a fate; markers repeat what colour says."""
NEW = ("new", "#FFFFFF", "P")
BETWEEN_MM = 4.0
"""Space between both images, which the lines cross."""
MOST_LINES = 60
"""Above so many followed particles lines hide the images; markers alone say the fate."""
TIMES = ("before", "after")


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Both images, the outlines of their particles, and where each particle went.

    Returns
    -------
    xarray.Dataset
        For ``before`` and ``after``, with that word in front of each name: what
        :func:`nanostitch.draw.micrograph.printed` gives, and the outlines. ``from_y``,
        ``from_x``, ``to_y``, ``to_x`` [nm] and ``fate`` (followed), each place in its own image,
        NaN where there is none; ``new_y``, ``new_x`` (new) [nm]; ``number`` (fate_kind).

    Raises
    ------
    BatchError
        If the panel does not select two acquisitions, of which one is measured against the other.
    """
    after, before = _pair(panel, products)
    half = replace(panel, width_mm=(panel.width_mm - BETWEEN_MM) / 2)
    data, change = xr.Dataset(), after["change"]
    for time, by_name in zip(TIMES, (before, after), strict=True):
        image = by_name["raw"]["intensity"]
        part = micrograph.printed(half, image)
        part = part.assign(
            outlines.collect(
                "plain", by_name["particles"], 0.5 * micrograph.resolution(half, image)
            ).variables
        )
        data = data.merge(part.rename({n: f"{time}_{n}" for n in (*part.variables, *part.dims)}))
    data = data.assign(_followed(before["particles"], after["particles"], change))
    labels = {f"{t}_label": _label(b) for t, b in zip(TIMES, (before, after), strict=True)}
    return data.assign_attrs(notes="\n".join([*_notes(change), *_left_out(data)]), **labels)


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    halves = [_half(data, time) for time in TIMES]
    images = max(micrograph.height_mm(half, half.attrs["label"]) for half in halves)
    return images + style.LINE_MM * -(-len(_key(data)) // _key_columns(data))


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw both images beside each other, fates on the first, lines to the second."""
    figure = axes.get_figure(root=False)
    cell = axes.get_subplotspec()
    assert figure is not None
    assert cell is not None
    share = BETWEEN_MM / float(data.attrs["width_mm"])
    grid = cell.subgridspec(1, 2, wspace=2 * share)
    axes.set_subplotspec(grid[0])
    places = dict(zip(TIMES, (axes, figure.add_subplot(grid[1])), strict=True))
    for time, place in places.items():
        half = _half(data, time)
        micrograph.draw(half, place, half.attrs["label"])
        outlines.draw(half, place)
        place.set_autoscale_on(False)
    _draw_fates(data, places)
    _draw_lines(data, places, figure)
    _draw_key(data, axes)


def _pair(panel: Panel, products: Products) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """Products of the acquisition that is measured against another, and of that one."""
    measured = [name for name, by_name in products.items() if "change" in by_name]
    if len(products) != 2 or len(measured) != 1:
        raise BatchError(
            f"figures: {panel.field}: select: found {list(products)}, of which {measured or 'none'}"
            " names another as before; select two, one of which names the other (column "
            "references, before=ID)"
        )
    (other,) = (name for name in products if name not in measured)
    return products[measured[0]], products[other]


def _label(by_name: dict[str, xr.Dataset]) -> str:
    return str(about(by_name)["condition_label"])


def _half(data: xr.Dataset, time: str) -> xr.Dataset:
    """One image as :func:`nanostitch.draw.micrograph.printed` gave it."""
    front = f"{time}_"
    part = data[[name for name in data.variables if str(name).startswith(front)]]
    names = {str(name): str(name).removeprefix(front) for name in (*part.variables, *part.dims)}
    width = (float(data.attrs["width_mm"]) - BETWEEN_MM) / 2
    return part.rename(names).assign_attrs(width_mm=width, label=data.attrs[f"{front}label"])


def _followed(before: xr.Dataset, after: xr.Dataset, change: xr.Dataset) -> xr.Dataset:
    """Where each particle was, where it is now, and which are new."""
    start, end = (one.set_index(particle="particle") for one in (before, after))
    was = change["before"].to_numpy()
    becomes = change["becomes"].to_numpy()
    data = xr.Dataset()
    for dim in ("y", "x"):
        here = end[f"centroid_{dim}"].reindex(particle=becomes).to_numpy()
        columns = {
            f"from_{dim}": start[f"centroid_{dim}"].reindex(particle=was).to_numpy(),
            f"to_{dim}": np.where(becomes > 0, here, np.nan),
        }
        for name, values in columns.items():
            text = f"Particle {'before' if name.startswith('from') else 'after'} along {dim}"
            data[name] = ("followed", values, style.described(text, "nm"))
        new = change["particle"].to_numpy()[change["sources"].to_numpy() == 0]
        where = end[f"centroid_{dim}"].reindex(particle=new).to_numpy()
        data[f"new_{dim}"] = ("new", where, style.described(f"New particle along {dim}", "nm"))
    fate = change["fate"].to_numpy()
    data["fate"] = ("followed", fate, style.described("What became of it", "1"))
    counts = np.bincount(fate, minlength=len(FATES))
    data["number"] = ("fate_kind", counts, style.described("Particles of each fate", "1"))
    return data


def _notes(change: xr.Dataset) -> list[str]:
    """Verdict, area and mechanism, in words."""
    level = quality.level(change)
    notes = [] if level == "good" else [f"{level} ({change['verdict'].attrs['reasons']})"]
    area, low, high = (float(change[f"area_ratio{end}"]) for end in ("", "_lower", "_upper"))
    if np.isfinite([area, low, high]).all():
        notes.append(f"area after over before {area:.2f} (95\xa0% interval {low:.2f}–{high:.2f})")
    likely = change["mechanism_probability"].to_numpy()
    if likely.size and np.isfinite(likely).all():
        names = [str(name) for name in change["mechanism"].values]
        most = int(np.argmax(likely))
        decided = int(change["decided_mechanism"]) > 0
        said = names[most] if decided else f"undecided, most likely {names[most]}"
        notes.append(f"mechanism: {said} (probability {likely[most]:.2f})")
    return notes


def _left_out(data: xr.Dataset) -> list[str]:
    number = int(np.isfinite(data["to_x"].values).sum())
    return [f"lines of {number} particles left out, for they are too many"] * (number > MOST_LINES)


def _draw_fates(data: xr.Dataset, places: dict[str, Axes]) -> None:
    """Mark each particle before with its fate, and what is new after."""
    for number, (_, colour, marker) in enumerate(FATES):
        here = data["fate"].values == number
        x, y = data["from_x"].values[here], data["from_y"].values[here]
        _mark(places["before"], x, y, marker, colour, "fate")
    if data.sizes["new"]:
        _, colour, marker = NEW
        _mark(places["after"], data["new_x"].values, data["new_y"].values, marker, colour, "new")


def _mark(axes: Axes, x: Any, y: Any, marker: str, colour: str, gid: str) -> None:
    """Draw markers with a black rim, which shows on bright crystals."""
    still: dict[str, Any] = {"linestyle": "none", "marker": marker}
    axes.plot(x, y, color="black", markersize=4.4, markeredgewidth=2.0, **still)
    axes.plot(x, y, color=colour, markersize=3.6, markeredgewidth=0.9, gid=gid, **still)


def _draw_lines(data: xr.Dataset, places: dict[str, Axes], figure: Any) -> None:
    """Connect each particle with what it became."""
    from matplotlib.patches import ConnectionPatch

    here = np.isfinite(data["to_x"].values) & np.isfinite(data["from_x"].values)
    if here.sum() > MOST_LINES:
        return
    for row in np.flatnonzero(here):
        _, colour, _ = FATES[int(data["fate"][row])]
        ends = [
            (float(data[f"{end}_x"][row]), float(data[f"{end}_y"][row])) for end in ("from", "to")
        ]
        line = ConnectionPatch(
            ends[0],
            ends[1],
            "data",
            "data",
            axesA=places["before"],
            axesB=places["after"],
            color=colour,
            linewidth=0.7,
            alpha=0.9,
        )
        line.set_in_layout(False)
        line.set_gid("became")
        figure.add_artist(line)


def _draw_key(data: xr.Dataset, axes: Axes) -> None:
    """Write what the marks mean below both images, in as many columns as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=False)
    assert figure is not None
    down = micrograph.BELOW_LINES * style.LINE_MM / style.MM_PER_INCH
    entries = _key(data)
    axes.legend(
        [handle for handle, _ in entries],
        [text for _, text in entries],
        ncols=_key_columns(data),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + ScaledTranslation(0, -down, figure.dpi_scale_trans),
        borderaxespad=0.3,
        borderpad=0,
        labelspacing=0.25,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=1.0,
    ).set_in_layout(False)


def _key_columns(data: xr.Dataset) -> int:
    widest = max((lettering.line_mm(text) for _, text in _key(data)), default=1.0)
    room = float(data.attrs["width_mm"]) - style.GAP_MM
    return max(1, int(room / (widest + lettering.HANDLE_MM)))


def _key(data: xr.Dataset) -> list[Entry]:
    from matplotlib.lines import Line2D

    entries: list[Entry] = []
    looks: Sequence[tuple[str, str, str]] = (*FATES, NEW)
    counts: NDArray[np.int_] = np.append(data["number"].values, data.sizes["new"])
    for (name, colour, marker), count in zip(looks, counts, strict=True):
        if count:
            shown = "#888888" if colour == "#FFFFFF" else colour
            handle = Line2D([], [], marker=marker, color=shown, linestyle="none", markersize=4)
            entries.append((handle, f"{name} ({int(count)})"))
    return entries
