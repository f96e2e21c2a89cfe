"""Panel kind ``domains``: which way the lattice lies where, in an atomic image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import lattice_marks, micrograph, orientation_colours, regions, style
from nanostitch.draw.selection import Panel, Products, about

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

    Values = NDArray[np.float64]

LINEAR = "cividis"
"""For a span narrower than a cycle; made for readers with any colour vision (Nunez et al. 2018,
doi:10.1371/journal.pone.0199239)."""
TINT = 0.6
"""Share of a pixel's colour that its domain gives; the rest is the image, whose lattice shows."""
KEY_MM, KEY_WIDE_MM = 2.2, 30.0
"""Height and greatest width of the colour key."""
KEY_INDENT_MM = 3.0
"""Room left of the key for half the number at its end."""
KEY_LINES = 3
"""Lines that the key takes with its numbers and its name."""
KEY_STEPS = 181
ZONE_HATCH = {1: "////", 2: "....", -1: "xxxx"}
"""Hatches of domains that do not lie on [001]; colours of other zones are no angles between
them."""


def collect(panel: Panel, products: Products) -> xr.Dataset:
    """Reduce the domains of an atomic image to what is printed.

    Orientations repeat with the period of the projected lattice: a share of it is what a colour
    stands for. With ``colour_span_degree`` it is an orientation less the mean of all domains,
    weighted by area, on the circle of the period, to the nearest degree.

    Returns
    -------
    xarray.Dataset
        What :func:`nanostitch.draw.micrograph.printed` gives, ``domain_place`` (y, x), the row
        of each pixel's domain, -1 outside; ``colour_share`` (domain) in 0 to 1, NaN where the
        orientation is not known; ``key_angle`` (limit) [degree]; and the table of
        :func:`nanostitch.draw.lattice_marks.table` with ``zone_axis``.

    Raises
    ------
    BatchError
        If the panel selects more than one acquisition, or the window or the contrast is none.
    """
    by_name = regions.only(panel, products, "acquisition")
    lattice = by_name["lattice"]
    data = micrograph.printed(panel, by_name["raw"]["intensity"])
    is_drawn, notes = lattice_marks.remarks(lattice, "domain")
    if is_drawn:
        data = data.assign(lattice_marks.table(lattice).variables)
        zone = lattice["zone_axis"].to_numpy()
        data["zone_axis"] = ("domain", zone, style.described("Zone axis", "1"))
        data["domain_place"] = _places(panel, lattice, data)
        data = data.assign(_colours(lattice, panel.options["colour_span_degree"]))
        share = float(lattice["explained_power"])
        if np.isfinite(share):
            notes.append(f"domains hold {100 * share:.0f}\xa0% of the power of all reflections")
    label = str(about(by_name)["condition_label"])
    span = panel.options["colour_span_degree"]
    return data.assign_attrs(
        condition_label=label, notes="\n".join(notes), cyclic=int(span is None)
    )


def height_mm(data: xr.Dataset) -> float:
    """Height that the panel asks for [mm]."""
    bare = micrograph.height_mm(data, data.attrs["condition_label"], [t for _, t in _zones(data)])
    return bare + style.LINE_MM * KEY_LINES * ("colour_share" in data)


def draw(data: xr.Dataset, axes: Axes) -> None:
    """Draw the image tinted by orientation, each domain lettered, with the key below."""
    micrograph.draw(data, axes, data.attrs["condition_label"], _zones(data))
    if "colour_share" not in data:
        return
    tinted = _tinted(data)
    micrograph.draw_pixels(data, tinted, axes, interpolation="nearest")
    _hatch(data, axes)
    _outline(data, axes)
    lattice_marks.letter_domains(data, axes)
    _draw_key(data, axes)


def _places(panel: Panel, lattice: xr.Dataset, data: xr.Dataset) -> xr.DataArray:
    """Row of the domain at the middle of each printed pixel."""
    label = micrograph.windowed(panel, lattice["domain_label"])
    number = lattice["domain"].to_numpy()
    row = np.full(int(max(number.max(), label.max())) + 1, -1)
    row[number] = np.arange(number.size)
    step = micrograph.steps(label)
    at = {
        dim: np.rint((data[dim].values - float(label[dim][0])) / step[dim]).astype(int)
        for dim in ("y", "x")
    }
    found = row[label.values[np.ix_(at["y"], at["x"])]]
    return xr.DataArray(
        found.astype("i2"), dims=("y", "x"), attrs=style.described("Row of the domain", "1")
    )


def _colours(lattice: xr.Dataset, span: float | None) -> dict[str, xr.DataArray]:
    """Place of each domain on the colour scale, and the angles at its ends."""
    angle, period, area = (
        lattice[name].to_numpy()
        for name in ("domain_orientation", "orientation_period", "domain_area")
    )
    usual = _usual(period, area)
    if span is None:
        share, ends = np.mod(angle / period, 1.0), (0.0, usual)
    else:
        turn = np.exp(2j * np.pi * angle / period)
        known = np.isfinite(turn) & (period == usual)
        mean = usual / (2 * np.pi) * float(np.angle(np.sum(area[known] * turn[known])))
        mean = round(mean % usual)  # so that the key has plain numbers
        away = np.mod(angle - mean + usual / 2, period) - usual / 2
        share = np.clip(away / span + 0.5, 0.0, 1.0)
        ends = (mean - span / 2, mean + span / 2)
    return {
        "colour_share": xr.DataArray(
            share, dims="domain", attrs=style.described("Place on the colour scale", "1")
        ),
        "key_angle": xr.DataArray(
            np.array(ends), dims="limit", attrs=style.described("In-plane orientation", "degree")
        ),
    }


def _usual(period: Values, area: Values) -> float:
    """Period that most of the area has."""
    known = np.unique(period[np.isfinite(period)])
    if not known.size:
        return 90.0
    return float(max(known, key=lambda one: float(area[period == one].sum())))


def _palette(data: xr.Dataset, share: Values) -> Values:
    if int(data.attrs["cyclic"]):
        return orientation_colours.of_share(share)
    from matplotlib import colormaps

    colours: Values = colormaps[LINEAR](np.nan_to_num(share))[..., :3]
    colours[~np.isfinite(share)] = orientation_colours.UNKNOWN
    return colours


def _tinted(data: xr.Dataset) -> Values:
    """Grey image of which domains take their colour; dark columns and bright ones stay apart."""
    black, white = map(float, data["contrast"])
    grey = np.clip((data["intensity"].values.astype("f8") - black) / (white - black), 0, 1)
    colours = _palette(data, data["colour_share"].values)
    place = data["domain_place"].values
    shown = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    inside = place >= 0
    shown[inside] = (1 - TINT) * shown[inside] + TINT * colours[place[inside]]
    return np.clip(np.nan_to_num(shown), 0, 1)


def _hatch(data: xr.Dataset, axes: Axes) -> None:
    """Hatch domains of other zone axes than [001]."""
    y, x = data["y"].values, data["x"].values
    place, zone = data["domain_place"].values, data["zone_axis"].values
    for kind, hatch in ZONE_HATCH.items():
        where = np.isin(place, np.flatnonzero(zone == kind)).astype("f8")
        if where.any():
            look: dict[str, Any] = {"colors": "none", "hatches": [hatch]}
            axes.contourf(x, y, where, levels=[0.5, 1.5], **look)


def _outline(data: xr.Dataset, axes: Axes) -> None:
    """Outline each domain in white on black, which shows on any colour."""
    y, x, place = data["y"].values, data["x"].values, data["domain_place"].values
    for row in np.unique(place[place >= 0]):
        where = (place == row).astype("f8")
        for colour, width in (("black", 1.4), ("white", 0.5)):
            axes.contour(x, y, where, levels=[0.5], colors=colour, linewidths=width)


def _draw_key(data: xr.Dataset, axes: Axes) -> None:
    """Draw the colours with their angles below the image and its scale bar."""
    width = float(data.attrs["width_mm"])
    tall, wide = micrograph.extent(data)
    scale = micrograph.mm_per_nm(data)
    below = style.LINE_MM * max(
        micrograph.BELOW_LINES, micrograph.key_lines(data, [t for _, t in _zones(data)])
    )
    top = -(below + KEY_MM) / (tall * scale)
    long = min(KEY_WIDE_MM, 0.6 * width) / (wide * scale)
    left = KEY_INDENT_MM / (wide * scale)
    key = axes.inset_axes((left, top, long, KEY_MM / (tall * scale)))
    key.set_gid("orientation_key")
    low, high = map(float, data["key_angle"])
    strip = _palette(data, np.linspace(0, 1, KEY_STEPS))[np.newaxis]
    key.imshow(strip, extent=(low, high, 0, 1), aspect="auto")
    key.set_yticks([])
    key.set_xticks([low, 0.5 * (low + high), high])
    key.set_xticklabels(_key_labels(data, low, high))
    key.tick_params(length=2, pad=1)
    key.set_xlabel("In-plane orientation (°)", labelpad=1)


def _key_labels(data: xr.Dataset, low: float, high: float) -> list[str]:
    """Numbers of the key; its ends hold what lies beyond a span."""
    share = data["colour_share"].values
    ends = [
        sign * int(not int(data.attrs["cyclic"]) and bool((share == end).any()))
        for sign, end in (("≤\xa0", 0.0), ("≥\xa0", 1.0))
    ]
    return [f"{ends[0]}{low:.3g}", f"{0.5 * (low + high):.3g}", f"{ends[1]}{high:.3g}"]


def _zones(data: xr.Dataset) -> list[Entry]:
    """What the hatches mean."""
    from matplotlib.patches import Patch

    if "zone_axis" not in data:
        return []
    present = set(data["zone_axis"].values.tolist())
    names = {**lattice_marks.ZONES, -1: "zone axis unknown"}
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": "black"}
    return [
        (Patch(hatch=2 * hatch, linewidth=0.4, **look), names[zone])
        for zone, hatch in ZONE_HATCH.items()
        if zone in present
    ]
