"""Marks on an atomic image: outlines of domains with their orientation, arrows on line defects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.draw import label_places, lettering, micrograph, outlines, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nanostitch.draw.micrograph import Entry

DOMAIN_COLOUR = "#F0E442"
DEFECT_COLOUR = "#E69F00"
ARROW_MM, ARROW_GAP_MM = 4.5, 0.6
"""Length of an arrow, and its distance from the defect that it points at."""
NEARLY_SURE = 0.99
"""Probabilities above are written as more than this: two digits would make them certainty."""
ZONES = {0: "[001]", 1: "[110]", 2: "[111]"}


def collect_domains(lattice: xr.Dataset, tolerance_nm: float) -> tuple[xr.Dataset, list[str]]:
    """Contours of the domains with orientation and zone axis of each.

    Returns
    -------
    tuple
        ``domain_contour_y``, ``domain_contour_x`` (vertex_of_domain) [nm], separated by NaN;
        ``domain_y``, ``domain_x`` [nm], ``domain_area`` [nm2], ``domain_orientation`` with its
        bounds and ``orientation_period`` [degree], ``domain_text`` (domain); and remarks.
    """
    if refusal := refused(lattice, "domain"):
        return xr.Dataset(), [refusal]
    traced = outlines.collect(
        "plain", lattice.rename(domain_label="particle_label"), tolerance_nm
    ).rename(outline_y="domain_contour_y", outline_x="domain_contour_x", vertex="vertex_of_domain")
    for name in ("domain_contour_y", "domain_contour_x"):
        traced[name].attrs["long_name"] = f"Outlines of domains along {name[-1]}"
    return traced.assign(table(lattice)), doubts(lattice)


def table(lattice: xr.Dataset) -> xr.Dataset:
    """What is lettered of each domain: place, orientation with its interval, zone axis."""
    words = {
        "domain_y": ("Middle of the domain along y", "nm"),
        "domain_x": ("Middle of the domain along x", "nm"),
        "domain_area": ("Area of the domain", "nm2"),
        "domain_orientation": ("In-plane orientation", "degree"),
        "domain_orientation_lower": ("Lower 95 % bound of the orientation", "degree"),
        "domain_orientation_upper": ("Upper 95 % bound of the orientation", "degree"),
        "orientation_period": ("Period of the orientation", "degree"),
    }
    data = xr.Dataset(
        {
            name: ("domain", lattice[name].to_numpy(), style.described(*said))
            for name, said in words.items()
        }
    )
    texts = [
        _domain_text(float(angle), int(zone))
        for angle, zone in zip(
            lattice["domain_orientation"].values, lattice["zone_axis"].values, strict=True
        )
    ]
    data["domain_text"] = ("domain", np.array(texts, object), {"long_name": "Lettered"})
    return data


def draw_domains(data: xr.Dataset, axes: Axes) -> None:
    """Draw the contours, and in each domain a stroke along its orientation with the angle."""
    axes.plot(
        data["domain_contour_x"].values,
        data["domain_contour_y"].values,
        color=DOMAIN_COLOUR,
        linewidth=0.9,
        scalex=False,
        scaley=False,
        gid="domains",
    )
    letter_domains(data, axes)


def letter_domains(data: xr.Dataset, axes: Axes) -> None:
    """Write orientation and zone axis where each domain has room; large domains first."""
    order = np.argsort(-data["domain_area"].values, kind="stable")
    x, y = (data[f"domain_{dim}"].values[order] for dim in ("x", "y"))
    texts = [str(text) for text in data["domain_text"].values[order]]
    for at, place in enumerate(_free_middles(data, x, y, texts)):
        if place is not None:
            micrograph.write_on(axes, *place, texts[at], ha="center", va="center", gid="domain")


def collect_defects(columns: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
    """Line defects with the probability that each is one.

    Returns
    -------
    tuple
        ``defect_y``, ``defect_x``, ``defect_length`` [nm], ``defect_normal`` [degree] and
        ``defect_probability`` (defect); and remarks, which say what was searched where there is
        none.
    """
    if quality.level(columns) == "bad":
        reasons = str(columns["verdict"].attrs["reasons"])
        return xr.Dataset(), [f"no line defect sought ({reasons or 'verdict bad'})"]
    words = {
        "defect_y": ("Middle of a line defect along y", "nm"),
        "defect_x": ("Middle of a line defect along x", "nm"),
        "defect_length": ("Length of a line defect", "nm"),
        "defect_normal": ("Direction of the normal of a line defect", "degree"),
        "defect_probability": ("Probability of a line defect", "1"),
    }
    data = xr.Dataset(
        {
            name: ("defect", columns[name].to_numpy(), style.described(*said))
            for name, said in words.items()
        }
    )
    remarks = doubts(columns)
    if not data.sizes["defect"]:
        area = float(columns["defect_searched_area"])
        where = f" in {area:.0f}\xa0nm² of crystal" if area > 0 else ", no crystal searched"
        remarks.append(f"no line defect found{where}")
    return data, remarks


def draw_defects(data: xr.Dataset, axes: Axes) -> None:
    """Point at the middle of each defect from both sides, along its normal.

    What is pointed at stays free: no ink lies on the defect itself.
    """
    per_mm = 1 / micrograph.mm_per_nm(data)
    left, right, bottom, top = micrograph.edges(data)
    columns = (data[f"defect_{name}"].values for name in ("x", "y", "normal"))
    for x, y, normal in zip(*columns, strict=True):
        if not (left < x < right and top < y < bottom):
            continue
        for sign in (1.0, -1.0):
            along = sign * np.array(
                [math.cos(math.radians(normal)), math.sin(math.radians(normal))]
            )
            tip = np.array([x, y]) + ARROW_GAP_MM * per_mm * along
            tail = tip + ARROW_MM * per_mm * along
            look = {"arrowstyle": "-|>", "color": DEFECT_COLOUR, "linewidth": 1.2}
            arrow: dict[str, Any] = look | {"mutation_scale": 7, "shrinkA": 0, "shrinkB": 0}
            note = axes.annotate("", tuple(tip), tuple(tail), arrowprops=arrow)
            note.set_gid("defect")
            note.arrow_patch.set_clip_path(axes.patch) if note.arrow_patch else None


def key_defects(data: xr.Dataset) -> list[Entry]:
    """What the arrows mean, with number and least probability."""
    from matplotlib.lines import Line2D

    number = data.sizes.get("defect", 0)
    if not number:
        return []
    least = min(math.floor(100 * float(data["defect_probability"].min())) / 100, NEARLY_SURE)
    handle = Line2D([], [], color=DEFECT_COLOUR, marker=">", markersize=4, linewidth=1.2)
    word = f"line defect{'s' * (number > 1)}"
    return [(handle, f"{word} (n\xa0=\xa0{number}, probability ≥\xa0{least:.2f})")]


def refused(product: xr.Dataset, dim: str) -> str:
    """Why an atomic product has nothing to draw along a dim; empty if it has."""
    if quality.level(product) != "bad" and product.sizes[dim]:
        return ""
    reasons = str(product["verdict"].attrs["reasons"])
    return f"no {dim} ({reasons})" if reasons else f"no {dim} found"


def doubts(product: xr.Dataset) -> list[str]:
    """What a reader must know of a doubtful product."""
    if quality.level(product) != "doubtful":
        return []
    return [f"doubtful ({product['verdict'].attrs['reasons']})"]


def remarks(product: xr.Dataset, dim: str) -> tuple[bool, list[str]]:
    """Whether an atomic product has something to draw along a dim, and what must be said."""
    refusal = refused(product, dim)
    return not refusal, [refusal] if refusal else doubts(product)


def _domain_text(angle: float, zone: int) -> str:
    """Orientation, and the zone axis where it is not the one that cubes lie on."""
    shown = f"{angle:.1f}°" if np.isfinite(angle) else "?"
    return shown if zone == 0 else f"{shown} {ZONES.get(zone, 'zone?')}"


def _free_middles(
    data: xr.Dataset, x: NDArray[np.float64], y: NDArray[np.float64], texts: list[str]
) -> list[tuple[float, float] | None]:
    """Where each label stands centred: at its place, unless it leaves the image or meets one."""
    scale = micrograph.mm_per_nm(data)
    left, right, bottom, top = micrograph.edges(data)
    frame = label_places.Box(left * scale, top * scale, right * scale, bottom * scale)
    taken = list(_reserved(data, scale))
    places: list[tuple[float, float] | None] = []
    for at_x, at_y, text in zip(x, y, texts, strict=True):
        half = 0.5 * lettering.line_mm(text) + label_places.CLEARANCE_MM
        tall = 0.5 * style.LINE_MM + label_places.CLEARANCE_MM
        middle = float(at_x) * scale, float(at_y) * scale
        box = label_places.Box(
            middle[0] - half, middle[1] - tall, middle[0] + half, middle[1] + tall
        )
        fits = box.within(frame) and not any(map(box.meets, taken))
        places.append((float(at_x), float(at_y)) if fits else None)
        if fits:
            taken.append(box)
    return places


def _reserved(data: xr.Dataset, scale: float) -> list[label_places.Box]:
    """Corner that an inset covers."""
    from nanostitch.draw import fourier_inset

    if "fourier_power" not in data:
        return []
    left, right, bottom, top = (edge * scale for edge in micrograph.edges(data))
    side = (fourier_inset.SHARE + fourier_inset.MARGIN) * min(right - left, bottom - top)
    return [label_places.Box(right - side, top, right, top + side)]
