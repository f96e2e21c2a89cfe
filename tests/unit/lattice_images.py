"""Made images of projected lattices, with known angles, phases and scan errors."""

import numpy as np
import xarray as xr
from scipy import ndimage

from nanostitch import schema

PEROVSKITE = {
    0: ([[1, 0], [0, 1]], [(0, 0, 1.0), (0.5, 0.5, 0.45), (0.5, 0, 0.3), (0, 0.5, 0.3)]),
    1: ([[1, 0], [0, 1 / np.sqrt(2)]], [(0, 0, 1.0), (0.5, 0, 0.4), (0.5, 0.5, 0.5)]),
    2: ([[np.sqrt(2 / 3), 0], [np.sqrt(1 / 6), np.sqrt(1 / 2)]], [(0, 0, 1.0)]),
}
"""By zone axis [001], [110], [111]: cell vectors (x, y) in lattice parameters, the first along the
direction of the orientation, and columns (fractions, brightness) of an ABX3 perovskite."""
PERIOD = (90.0, 180.0, 60.0)
BLUR_NM = 0.06
"""Standard deviation of a column's image [nm]."""


def settings(**changed):
    defaults = schema.with_defaults({}, schema.load("adf"))["lattice"]
    return defaults | changed


def columns(zone, angle, *, lattice_nm, reach_nm, offset=(0.0, 0.0), cell=None):
    """Positions (y, x) [nm] around the origin and brightness of the columns of one crystal."""
    basis, motif = cell if cell is not None else PEROVSKITE[zone]
    basis = lattice_nm * np.asarray(basis, float)
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    n = int(3 * reach_nm / lattice_nm)
    cells = np.mgrid[-n : n + 1, -n : n + 1].reshape(2, -1).T
    places, bright = [], []
    for u, v, z in motif:
        xy = (cells + (u, v)) @ basis @ rotation
        near = np.hypot(*xy.T) < 1.5 * reach_nm
        places.append(xy[near][:, ::-1] + offset)
        bright.append(np.full(near.sum(), z))
    return np.concatenate(places), np.concatenate(bright)


def image(
    regions,
    *,
    shape,
    pixel_nm,
    counts=100.0,
    seed=0,
    drift=(0.0, 0.0),
    jitter_nm=0.0,
    floor=0.15,
    material="CsPbBr3",
):
    """Image of crystals; each region is (mask function of y and x [nm], columns, brightness).

    ``counts`` are those of the brightest pixel, ``drift`` (y, x) [nm per nm of slow scan] shears
    the image, ``jitter_nm`` moves whole lines.
    """
    rng = np.random.default_rng(seed)
    y, x = (pixel_nm * np.arange(n) for n in shape)
    moved_y = y * (1 + drift[0]) + rng.normal(0, jitter_nm, y.size) / 2
    moved_x = y * drift[1] + rng.normal(0, jitter_nm, y.size)
    fine = pixel_nm / 2
    margin = 1.0
    size = [int((n * pixel_nm + 2 * margin) / fine) + 2 for n in shape]
    points = np.zeros(size)
    for inside, places, bright in regions:
        keep = inside(places[:, 0], places[:, 1])
        at = (places[keep] + margin) / fine
        low = np.floor(at).astype(int)
        part = at - low
        for dy in (0, 1):
            for dx in (0, 1):
                weight = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1])
                row, column = low[:, 0] + dy, low[:, 1] + dx
                on = (row >= 0) & (column >= 0) & (row < size[0]) & (column < size[1])
                np.add.at(points, (row[on], column[on]), (weight * bright[keep])[on])
    seen = ndimage.gaussian_filter(points, BLUR_NM / fine)
    rows = (moved_y[:, None] + margin + 0 * x) / fine
    across = (moved_x[:, None] + margin + x) / fine
    signal = ndimage.map_coordinates(seen, [rows, across], order=1, mode="nearest")
    signal = signal / max(seen.max(), 1e-12) + floor
    values = rng.poisson(counts * signal / signal.max()).astype(np.float32)
    return dataset(values, pixel_nm, material)


def dataset(values, pixel_nm, material=""):
    coords = {
        dim: (dim, pixel_nm * np.arange(n), {"units": "nm"})
        for dim, n in zip(("y", "x"), values.shape, strict=True)
    }
    intensity = xr.DataArray(values, dims=("y", "x"), coords=coords, attrs={"units": "1"})
    return xr.Dataset({"intensity": intensity}, attrs={"material": material})


def everywhere(y, x):
    return np.ones(np.shape(y), bool)


def left_of(x_nm):
    return lambda y, x: x < x_nm


def right_of(x_nm):
    return lambda y, x: x >= x_nm


def square(y_nm, x_nm, edge_nm, angle):
    """Inside of a square crystal, its edges along its own directions."""
    turn = np.radians(angle)

    def inside(y, x):
        along = (x - x_nm) * np.cos(turn) + (y - y_nm) * np.sin(turn)
        across = (y - y_nm) * np.cos(turn) - (x - x_nm) * np.sin(turn)
        return np.maximum(np.abs(along), np.abs(across)) < edge_nm / 2

    return inside


def amorphous(shape, pixel_nm, *, seed, counts=100.0, contrast=0.3, blur_nm=0.06):
    """Speckle of an amorphous film: white noise seen through the probe, with counting noise."""
    rng = np.random.default_rng(seed)
    speckle = ndimage.gaussian_filter(rng.normal(size=shape), blur_nm / pixel_nm, mode="wrap")
    signal = 1 + contrast * speckle / speckle.std()
    return dataset(rng.poisson(counts * np.maximum(signal, 0)).astype(np.float32), pixel_nm)


def wrapped(angle, period):
    """Difference of two orientations, from -period/2 to period/2."""
    return (angle + period / 2) % period - period / 2
