"""One row for each particle: by its fitted square, or by its outline where it is none."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from nanostitch.adf import segment, shape
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.adf.squares import footprint

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Rows = dict[int, dict[str, Any]]
"""Measures of each particle by its number; its square's index, or its patch of pixels."""

_ROW = ("particle",)
_PLANE = ("y", "x")
_SQUARE = ("square",)
_PLACED = ("centroid", "square")
_FEWEST_PIXELS = 6


def measure(
    flat: xr.Dataset, scene: segment.Scene, *, smallest_edge_nm: float, correlation_nm: float
) -> xr.Dataset:
    """Measures of every particle of a scene.

    Parameters
    ----------
    flat
        Result of :func:`nanostitch.adf.flatten.flatten`.
    scene
        Result of :func:`nanostitch.adf.segment.scene`.
    smallest_edge_nm
        Particles of less than half this edge are dropped as noise [nm].
    correlation_nm
        Length along an outline over which noise is the same [nm].

    Returns
    -------
    xarray.Dataset
        Columns of the particles, dim ``particle``, of their squares, dim ``square``, and
        ``particle_label`` (y, x).
    """
    spacing = np.array(pixel_size_nm(flat["signal"]))
    seen, good = scene.judged, scene.is_square
    alone = np.bincount(scene.body, minlength=1)[scene.body] == 1
    body = np.append(np.int32(0), scene.body)[scene.labels]
    fitted = good & alone
    rows = _by_square(scene, seen, fitted)
    other = _by_outline(flat, scene, body, np.unique(scene.body[~fitted]), spacing, correlation_nm)
    rows.update(other)
    least = (smallest_edge_nm / 2) ** 2
    kept = [number for number in sorted(rows) if rows[number]["area"] >= least]
    labels = _painted(scene, rows, kept, spacing)
    return _assembled(flat, scene, rows, kept, labels)


def _by_square(scene: segment.Scene, seen: Array, fitted: Mask) -> Rows:
    """Rows of particles that are one rectangle."""
    rows: Rows = {}
    for index in np.flatnonzero(fitted):
        one = scene.squares.parameters[index]
        long = int(one[3] > one[2])
        own = np.linalg.pinv(scene.squares.normal[index][:6, :6])
        toward = np.array([0, 0, one[3], one[2], 0, 0])
        rows[int(scene.body[index])] = {
            "area": one[2] * one[3],
            "area_uncertainty": float(np.sqrt(max(toward @ own @ toward, 0.0))),
            "aspect_ratio": max(one[2], one[3]) / min(one[2], one[3]),
            "solidity": 1.0,
            "orientation": float(np.degrees(one[4]) - 90.0 * long) % 180.0,
            "centroid_y": one[0],
            "centroid_x": one[1],
            "free_outline": seen[index, 2],
            "plateau": one[5],
            "edge_fit": 0.5 * (one[2] + one[3]),
            "edge_feret": min(one[2], one[3]),
            "edge_correction": 0.0,
            "square": int(index),
        }
    return rows


def _by_outline(
    flat: xr.Dataset,
    scene: segment.Scene,
    body: Labels,
    numbers: Labels,
    spacing: Array,
    correlation_nm: float,
) -> Rows:
    """Rows of particles that are several squares or none, by the contour at half their level."""
    signal, noise = flat["signal"].to_numpy(), float(flat["noise"])
    boxes = ndimage.find_objects(body)
    height = np.append(np.inf, scene.squares.parameters[:, 5])
    many = np.bincount(scene.body, minlength=1) > 1
    rows: Rows = {}
    for number in numbers.tolist():
        if boxes[number - 1] is None:
            continue
        window = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in boxes[number - 1])
        basin = body[window] == number
        plateau = _plateau(signal[window], basin, spacing)
        level = np.where(basin, height[scene.labels[window]], plateau) if many[number] else plateau
        patch = _patch(signal[window].astype(float) / level, basin, noise / plateau)
        if patch is None:
            continue
        row: dict[str, Any] = shape.measure(
            patch, spacing, noise=noise / plateau, correlation_nm=correlation_nm
        )._asdict()
        row["centroid_y"] += window[0].start * spacing[0]
        row["centroid_x"] += window[1].start * spacing[1]
        rows[number] = row | {
            "plateau": plateau,
            "edge_fit": np.nan,
            "square": -1,
            "patch": (window, patch.whole),
        }
    return rows


def _plateau(signal: Single, basin: Mask, spacing: Array) -> float:
    """Signal in the middle of a region."""
    depth = ndimage.distance_transform_edt(basin, sampling=spacing)
    return max(float(np.median(signal[depth >= 0.5 * depth.max()])), 1e-12)


def _patch(relative: Array, basin: Mask, noise: float) -> shape.Patch | None:
    """Largest piece above half, its holes filled; None where nothing is."""
    pieces = label((relative >= 0.5) & basin, connectivity=1)
    sizes = np.bincount(pieces.ravel())
    if sizes.size < 2:
        return None
    whole = ndimage.binary_fill_holes(pieces == int(np.argmax(sizes[1:])) + 1) & basin
    if whole.sum() < _FEWEST_PIXELS or min(np.ptp(np.nonzero(whole), axis=1)) < 2:
        return None
    return shape.Patch(relative, whole, basin, 1.0)


def _painted(scene: segment.Scene, rows: Rows, kept: list[int], spacing: Array) -> Labels:
    """Number of the particle of each pixel."""
    labels = np.zeros(scene.labels.shape, np.int32)
    numbers = np.zeros(len(scene.body), np.int32)
    for new, number in enumerate(kept, start=1):
        row = rows[number]
        if row["square"] >= 0:
            numbers[row["square"]] = new
            continue
        window, whole = row["patch"]
        labels[window][whole] = new
    footprint.paint(labels, scene.squares.parameters, numbers, spacing)
    return labels


def _assembled(
    flat: xr.Dataset, scene: segment.Scene, rows: Rows, kept: list[int], labels: Labels
) -> xr.Dataset:
    """Columns of particles and squares; positions from the origin of the image."""
    names = [*shape.Measures._fields, "plateau", "edge_fit", "edge_feret", "edge_correction"]
    columns = {
        name: (_ROW, np.array([rows[number][name] for number in kept], dtype=float))
        for name in dict.fromkeys(names)
    }
    renumbered = np.zeros(int(scene.body.max(initial=0)) + 1, np.int32)
    renumbered[kept] = np.arange(1, len(kept) + 1)
    owner = renumbered[scene.body]
    cut = _cut(labels, flat["finite"].to_numpy(), len(kept))
    table = xr.Dataset(
        columns
        | _boxes(labels, len(kept), np.array(pixel_size_nm(flat["signal"])))
        | _squares(scene, owner)
        | {
            "touches_border": (_ROW, cut),
            "squares": (_ROW, np.bincount(owner, minlength=len(kept) + 1)[1:].astype("i4")),
            "particle_label": (_PLANE, labels),
        },
        coords={
            "y": flat["y"],
            "x": flat["x"],
            "particle": np.arange(1, len(kept) + 1, dtype=np.int32),
        },
    )
    edge = np.sqrt(table["area"])
    first = {dim: float(flat[dim].values[0]) for dim in _PLANE}
    return table.assign(
        {f"{what}_{dim}": table[f"{what}_{dim}"] + first[dim] for what in _PLACED for dim in _PLANE}
    ).assign(
        edge_length=edge,
        edge_length_uncertainty=table["area_uncertainty"] / (2 * edge),
        equivalent_diameter=2 * np.sqrt(table["area"] / np.pi),
    )


def _boxes(labels: Labels, count: int, spacing: Array) -> dict[str, Any]:
    """Sides of the bounding box of each particle [nm]."""
    boxes = ndimage.find_objects(labels, max_label=count) if count else []
    sizes = [[side.stop - side.start for side in box] if box else [1, 1] for box in boxes]
    sides = np.array(sizes, float).reshape(-1, 2) * spacing
    return {"height": (_ROW, sides[:, 0]), "width": (_ROW, sides[:, 1])}


def _squares(scene: segment.Scene, owner: Labels) -> dict[str, Any]:
    """Columns of the rectangles that are squares and belong to a particle."""
    shown = scene.is_square & (owner > 0)
    one = scene.squares.parameters[shown]
    return {
        "square_y": (_SQUARE, one[:, 0]),
        "square_x": (_SQUARE, one[:, 1]),
        "square_edge": (_SQUARE, np.sqrt(one[:, 2] * one[:, 3])),
        "square_angle": (_SQUARE, np.degrees(one[:, 4]) % 90.0),
        "square_particle": (_SQUARE, owner[shown].astype("i4")),
    }


def _cut(labels: Labels, finite: Mask, count: int) -> NDArray[np.int8]:
    """Whether the border of the image, or pixels that were not seen, cut each particle."""
    frame = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    if not finite.all():
        frame.append(labels[ndimage.binary_dilation(~finite)])
    cut = np.zeros(count + 1, np.int8)
    cut[np.unique(np.concatenate([one.ravel() for one in frame]))] = 1
    return cut[1:]
