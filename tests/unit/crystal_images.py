"""Made images of atomic columns whose places, faults and shells are known."""

import numpy as np
import xarray as xr

PERIOD = 0.587
"""Lattice parameter of the made crystals [nm], as of CsPbBr3."""
MOTIF = ((0.0, 0.0, 1.0), (0.5, 0.5, 0.6), (0.5, 0.0, 0.35), (0.0, 0.5, 0.35))
"""Columns of a perovskite along [001]: place in the cell and height."""


def spots(shape, y, x, height, width):
    """Sum of Gaussians at places in pixels; heights may differ."""
    image = np.zeros(shape)
    reach = int(np.ceil(6 * width))
    for cy, cx, h in zip(y, x, np.broadcast_to(height, len(y)), strict=True):
        rows = np.arange(max(int(cy) - reach, 0), min(int(cy) + reach + 2, shape[0]))
        columns = np.arange(max(int(cx) - reach, 0), min(int(cx) + reach + 2, shape[1]))
        if rows.size and columns.size:
            gy = np.exp(-0.5 * ((rows - cy) / width) ** 2)
            gx = np.exp(-0.5 * ((columns - cx) / width) ** 2)
            image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += h * np.outer(gy, gx)
    return image


def grid(random, peak, pixels, spacing=20.2, width=3.0, background=0.2):
    """Separate columns on a square grid, counted: image with noise and true places [pixels]."""
    number = int((pixels - 20) // spacing)
    y, x = (15 + spacing * k.ravel() for k in np.mgrid[:number, :number].astype(float))
    y, x = (k + random.uniform(-0.5, 0.5, k.size) for k in (y, x))
    mean = spots((pixels, pixels), y, x, peak, width) + background * peak
    return random.poisson(mean) + random.standard_normal(mean.shape), y, x


def crystal(
    random=None,
    *,
    pixels=400,
    pixel=0.04,
    edge=10.0,
    angle=20.0,
    peak=60.0,
    width=0.075,
    support=4.0,
    shell=0.0,
    shell_nm=1.25,
    fault=None,
    shift=(0.5, 0.5),
    jitter=0.0,
    drift=0.0,
):
    """One square crystal on a support, with a raw dataset and what ``lattice.nc`` would say.

    ``fault`` is its distance from the centre along the crystal's own first axis [nm]; beyond it
    the lattice is displaced by ``shift`` periods along (first, second) axis.
    """
    turn = np.radians(angle)
    first = np.array([np.sin(turn), np.cos(turn)])
    second = np.array([np.cos(turn), -np.sin(turn)])
    centre = 0.5 * pixels * pixel
    cells = int(edge / PERIOD) + 2
    i, j = (k.ravel() for k in np.mgrid[-cells : cells + 1, -cells : cells + 1])
    places, heights = [], []
    for a, b, h in MOTIF:
        along, across = PERIOD * (i + a), PERIOD * (j + b)
        beyond = along > fault if fault is not None else np.zeros(along.size, bool)
        moved = along + PERIOD * shift[0], across + PERIOD * shift[1]
        for mine, (u, v) in ((~beyond, (along, across)), (beyond, moved)):
            kept = mine & (np.abs(u) < edge / 2) & (np.abs(v) < edge / 2)
            places.append(centre + np.outer(u[kept], first) + np.outer(v[kept], second))
            heights.append(np.full(kept.sum(), peak * h))
    places, heights = np.concatenate(places), np.concatenate(heights)
    rows = np.arange(pixels)
    slip = drift * (rows - pixels / 2) / pixels
    if random is not None:
        slip = slip + jitter * random.standard_normal(pixels)
    seen = places.copy()
    seen[:, 1] += np.interp(places[:, 0], rows * pixel, drift * (rows - pixels / 2) / pixels)
    mean = support + spots((pixels, pixels), *(seen.T / pixel), heights, width / pixel)
    y, x = (pixel * k.astype(float) for k in np.mgrid[:pixels, :pixels])
    away = np.stack([y - centre, x - slip[:, None] - centre], axis=-1)
    outside = np.maximum(np.abs(away @ first), np.abs(away @ second)) - edge / 2
    mean = mean + shell * (outside < shell_nm)
    if jitter and random is not None:
        moved = rows + jitter * random.standard_normal(pixels)[:, None] / pixel
        mean = np.array(
            [np.interp(rows, at, row) for at, row in zip(moved + 0 * rows, mean, strict=True)]
        )
    counts = random.poisson(mean) if random is not None else mean
    axis = {"units": "nm"}
    coords = {"y": ("y", pixel * rows, axis), "x": ("x", pixel * rows, axis)}
    raw = xr.Dataset({"intensity": (("y", "x"), counts, {"units": "1"})}, coords)
    reflections = np.array([first, second]) / PERIOD
    names = ("g1_y", "g1_x", "g2_y", "g2_x")
    label = (outside < 0).astype("i4")
    known = {n: (("domain",), [g]) for n, g in zip(names, reflections.ravel(), strict=True)}
    lattice = xr.Dataset(
        {"domain_label": (("y", "x"), label), **known}, {"domain": ("domain", [1]), **coords}
    )
    return raw, lattice, places
