"""Two cubes that meet, drawn column by column: an image whose seam is known.

Own drawing for tests and benchmarks of seams, apart from the virtual laboratory: leaning columns
of a square lattice (Pb, Cs + Br) blurred by a Gaussian probe, thickness by crystal, jitter of the
lines of the scan, Poisson noise.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import ndimage

PERIOD_NM = 0.587
COLUMNS = ((0.0, 0.0, 1.0), (0.5, 0.5, 0.62), (0.5, 0.0, 0.34), (0.0, 0.5, 0.34))
"""Column of a cell: place and strength; Pb with Br, Cs, two of Br."""
RECTANGLE = ((0.0, 0.0, 1.0), (0.5, 0.0, 0.9), (0.5, 0.5, 0.4), (0.0, 0.5, 0.4))
"""The same of [110], whose cell is a period by a period over the root of two."""


@dataclass(frozen=True)
class Seam:
    """Truth of one seam: angles in degree, lengths in nm."""

    misorientation: float = 0.0
    translation: float = 0.0
    lean_first: tuple[float, float] = (0.0, 0.0)
    lean_second: tuple[float, float] = (0.0, 0.0)
    angle: float = 17.0
    edges: tuple[float, float] = (8.0, 7.0)
    heights: tuple[float, float] = (8.0, 8.6)
    offset: float = 1.2
    other_zone: bool = False
    dose: float = 1e6
    pixel: float = 0.03
    side: float = 19.0
    jitter: float = 0.004


def corners(seam: Seam) -> list[tuple[float, float, float, float]]:
    """Crystals in the frame of the first: from u, to u, from v, to v [nm]; the seam is at u = 0."""
    a, b = seam.edges
    return [(-a, 0.0, -a / 2, a / 2), (0.0, b, seam.offset - b / 2, seam.offset + b / 2)]


def middle(seam: Seam) -> tuple[float, float, float]:
    """Place (y, x) of the middle of the seam and its length [nm]."""
    one, other = corners(seam)
    low, high = max(one[2], other[2]), min(one[3], other[3])
    turn = np.radians(seam.angle)
    v = (low + high) / 2
    centre = seam.side / 2
    return centre + v * np.cos(turn), centre - v * np.sin(turn), high - low


def image(seam: Seam, seed: int) -> xr.Dataset:
    """Raw image of the pair: ``intensity`` (y, x), axes in nm."""
    rng = np.random.default_rng(seed)
    size = round(seam.side / seam.pixel)
    drawn = np.zeros((size, size))
    start = rng.uniform(0, PERIOD_NM, 2)
    for index in (0, 1):
        place, strength = _columns(seam, index, start, rng)
        lean = np.array((seam.lean_first, seam.lean_second)[index])
        for part in (np.arange(12) + 0.5) / 12 - 0.5:
            _spread(drawn, (place + part * lean) / seam.pixel, strength / 12)
    jitter = rng.normal(0, seam.jitter / seam.pixel, size)
    drawn = ndimage.gaussian_filter(drawn, 0.065 / seam.pixel) / seam.pixel**2
    rows = np.arange(size, dtype=float)[:, None] + 0 * np.arange(size)[None, :]
    drawn = ndimage.map_coordinates(
        drawn, [rows, np.arange(size)[None, :] + jitter[:, None]], order=1, mode="nearest"
    )
    share = 0.006 + 0.0016 * drawn
    counts = rng.poisson(seam.dose * seam.pixel**2 * share)
    axis = seam.pixel * np.arange(size)
    return xr.Dataset(
        {"intensity": (("y", "x"), counts.astype(float), {"units": "1"})},
        coords={
            "y": ("y", axis, {"units": "nm"}),
            "x": ("x", axis, {"units": "nm"}),
        },
    )


def _columns(seam, index, start, rng):
    """Columns of a crystal, cut by its facets: places (y, x) [nm] and strengths."""
    box = corners(seam)[index]
    turn = np.radians(seam.angle)
    axes = np.array([[np.sin(turn), np.cos(turn)], [np.cos(turn), -np.sin(turn)]])
    y, x, _ = middle(seam)
    v0 = np.array([y, x]) - seam.side / 2
    v0 = float(v0 @ axes[1])
    inner = np.radians(seam.misorientation) * index
    other = seam.other_zone and index == 1
    cell = PERIOD_NM * np.array([1.0, 1 / np.sqrt(2) if other else 1.0])
    n = np.arange(-45, 46)
    found = []
    for pu, pv, strength in RECTANGLE if other else COLUMNS:
        u, v = np.meshgrid((n + pu) * cell[0] + start[0], (n + pv) * cell[1] + start[1])
        if index:
            way = seam.angle  # any direction: a number that only fixes it
            u, v = u + seam.translation * np.cos(way), v + seam.translation * np.sin(way)
            v = v - v0
            u, v = u * np.cos(inner) - v * np.sin(inner), u * np.sin(inner) + v * np.cos(inner)
            v = v + v0
        kept = (u >= box[0]) & (u < box[1]) & (v >= box[2]) & (v < box[3])
        height = seam.heights[index] * strength * (1 + 0.02 * rng.standard_normal(kept.sum()))
        found.append(np.column_stack([u[kept], v[kept], height]))
    table = np.concatenate(found)
    return seam.side / 2 + table[:, :2] @ axes, table[:, 2]


def _spread(drawn, place, strength):
    """Add points to an image by bilinear shares."""
    low = np.floor(place).astype(int)
    part = place - low
    for dy in (0, 1):
        for dx in (0, 1):
            share = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1]) * strength
            row, column = low[:, 0] + dy, low[:, 1] + dx
            held = (row >= 0) & (column >= 0) & (row < len(drawn)) & (column < len(drawn))
            np.add.at(drawn, (row[held], column[held]), share[held])


def lattice(seam: Seam, *, apart: bool) -> xr.Dataset:
    """What the step lattice finds of it: one domain, or two."""
    size = round(seam.side / seam.pixel)
    axis = seam.pixel * np.arange(size) - seam.side / 2
    turn = np.radians(seam.angle)
    u = np.sin(turn) * axis[:, None] + np.cos(turn) * axis[None, :]
    v = np.cos(turn) * axis[:, None] - np.sin(turn) * axis[None, :]
    label = np.zeros((size, size), "i4")
    for number, box in enumerate(corners(seam), start=1):
        held = (u >= box[0]) & (u < box[1]) & (v >= box[2]) & (v < box[3])
        label[held] = number if apart else 1
    rows = []
    for index in range(1 + apart):
        inner = turn + np.radians(seam.misorientation) * index
        other = seam.other_zone and index == 1
        long = np.sqrt(2) if other else 1.0
        one = np.array([np.sin(inner), np.cos(inner)]) / PERIOD_NM
        two = np.array([np.cos(inner), -np.sin(inner)]) * long / PERIOD_NM
        rows.append([*one, *two])
    table = np.array(rows)
    names = ("g1_y", "g1_x", "g2_y", "g2_x")
    found = {name: ("domain", table[:, i], {"units": "nm-1"}) for i, name in enumerate(names)}
    return xr.Dataset(
        {"domain_label": (("y", "x"), label, {"units": "1"}), **found},
        coords={"domain": ("domain", np.arange(1, 2 + apart, dtype="i4"), {"units": "1"})},
    )
