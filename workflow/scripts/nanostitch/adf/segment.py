"""Find particles on a flattened micrograph, split those that touch, mend those cut in two."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from nanostitch.adf import shape
from nanostitch.adf.flatten import pixel_size_nm

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Window = tuple[slice, slice]

_PLANE = ("y", "x")


def particles(
    flat: xr.Dataset,
    *,
    detection_contrast: float,
    smallest_edge_nm: float,
    unit_edge_nm: float,
    dip_fraction: float,
    neck_fraction: float,
) -> xr.Dataset:
    """Label every particle and say at which signal it ends.

    Cores are where the signal exceeds its own mean over one crystal, or comes within
    ``dip_fraction`` of the level of the crystals around. The distance transform of the cores is
    split at necks, fragments of one square are joined again, and each particle ends where the
    signal falls to half of its own plateau.

    Parameters
    ----------
    flat
        Result of :func:`nanostitch.adf.flatten.flatten`.
    detection_contrast
        Lowest signal of a particle over the noise of the support [1].
    smallest_edge_nm
        Objects of less than half this edge are taken for noise [nm].
    unit_edge_nm
        Edge of an original crystal: the length over which signals are compared [nm].
    dip_fraction
        A dip deeper than this share of the signal parts two particles [1].
    neck_fraction
        A neck narrower than this share of the narrower particle's width parts two particles [1].

    Returns
    -------
    xarray.Dataset
        ``particle_label`` (y, x): 0 outside, otherwise a number of ``particle``; ``basin``
        (y, x): the region in which the outline of that particle may lie; ``plateau``
        (particle): signal in the middle of the particle.

    Notes
    -----
    Watershed: Vincent & Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13 (1991) 583,
    doi:10.1109/34.87344. Maxima are kept by the ratio of saddle to summit instead of their
    difference (h-maxima), so that one setting serves crystals of all sizes.
    """
    spacing = np.array(pixel_size_nm(flat["signal"]))
    signal, noise = flat["signal"].to_numpy(), float(flat["noise"])
    mask = flat["finite"].to_numpy() & (signal > detection_contrast * noise)
    cores = _cores(signal, mask, noise, dip_fraction, 0.5 * unit_edge_nm / spacing)
    depth = _depth(cores, spacing)
    basin = watershed(-depth, _summits(depth, neck_fraction), mask=mask)
    basin = _joined(basin.astype(np.int32), cores, spacing)
    whole, plateau = _half_maximum(signal, basin, depth)
    basin, whole, plateau = _without_specks(basin, whole, plateau, smallest_edge_nm / 2, spacing)
    return xr.Dataset(
        {
            "particle_label": (_PLANE, whole),
            "basin": (_PLANE, basin),
            "plateau": ("particle", plateau),
        },
        coords={
            "y": flat["y"],
            "x": flat["x"],
            "particle": np.arange(1, plateau.size + 1, dtype=np.int32),
        },
    )


def _cores(signal: Array, mask: Mask, noise: float, dip_fraction: float, sigma: Array) -> Mask:
    """Where the signal stands out from what surrounds it within one crystal.

    The contraharmonic mean (of squares over mean) is the level of the crystals around, however
    many there are: support counts for nothing in it.
    """
    largest = float(signal.max()) or 1.0
    height, noise = np.where(mask, signal, 0.0) / largest, noise / largest
    mean = ndimage.gaussian_filter(height, sigma, mode="nearest")
    square = ndimage.gaussian_filter(height**2, sigma, mode="nearest")
    level = np.divide(square, mean, out=np.zeros_like(mean), where=mean > 0)
    dip = level - np.maximum(dip_fraction * level, 3.0 * noise)
    cores: Mask = ndimage.binary_opening(mask & (height > np.minimum(mean, dip)))
    return cores


def _depth(cores: Mask, spacing: Array) -> Array:
    """Distance to the nearest pixel outside [nm]; the border of the image is not an outside."""
    if cores.all():
        return np.ones(cores.shape)
    depth: Array = ndimage.distance_transform_edt(cores, sampling=spacing)
    return depth


def _summits(depth: Array, neck_fraction: float) -> Labels:
    """Number the maxima of depth whose saddle to a deeper one is below a share of their own."""
    lifted = reconstruction(neck_fraction * depth, depth)
    summits: Labels = label(local_maxima(lifted) & (depth > 0), connectivity=2).astype(np.int32)
    return summits


def _joined(basin: Labels, cores: Mask, spacing: Array) -> Labels:
    """Join neighbours whose union fills its enclosing square better than either part.

    Two equal squares side by side fill half of it and stay apart; two halves of one square
    fill it and become one.
    """
    parts = np.where(cores, basin, 0)
    windows = dict(enumerate(ndimage.find_objects(parts), start=1))
    fill = {n: _fill(parts, (n,), w, spacing) for n, w in windows.items() if w is not None}
    owner = np.arange(basin.max() + 1, dtype=np.int32)
    for first, second in _neighbours(parts):
        if {first, second} & set(np.flatnonzero(owner != np.arange(owner.size))):
            continue
        union = _fill(parts, (first, second), _hull(windows[first], windows[second]), spacing)
        if union > max(fill[first], fill[second]):
            owner[second] = first
    joined: Labels = owner[basin]
    return joined


def _neighbours(parts: Labels) -> Iterator[tuple[int, int]]:
    """Pairs of labels that share a side of a pixel, longest shared side first."""
    sides = np.concatenate(
        [
            np.stack([parts[:-1].ravel(), parts[1:].ravel()], axis=1),
            np.stack([parts[:, :-1].ravel(), parts[:, 1:].ravel()], axis=1),
        ]
    )
    sides = np.sort(sides[(sides[:, 0] != sides[:, 1]) & (sides > 0).all(axis=1)], axis=1)
    pairs, shared = np.unique(sides, axis=0, return_counts=True)
    for index in np.argsort(-shared, kind="stable"):
        yield int(pairs[index, 0]), int(pairs[index, 1])


def _hull(first: Window, second: Window) -> Window:
    rows, columns = (
        slice(min(a.start, b.start), max(a.stop, b.stop))
        for a, b in zip(first, second, strict=True)
    )
    return rows, columns


def _fill(parts: Labels, members: tuple[int, ...], window: Window, spacing: Array) -> float:
    """Area over that of the square on the long side of the minimal rectangle."""
    inside = np.isin(parts[window], members)
    long_side = shape.minimal_rectangle(shape.corners(inside, spacing)).long
    return float(inside.sum() * spacing.prod() / long_side**2)


def _half_maximum(signal: Array, basin: Labels, depth: Array) -> tuple[Labels, Array]:
    """Cut each basin at half of its plateau; keep its largest piece, holes filled."""
    numbers = np.arange(1, basin.max() + 1)
    deepest = np.concatenate([[np.inf], ndimage.maximum(depth, basin, numbers)])
    middle = np.where(depth >= 0.5 * deepest[basin], basin, 0)
    plateau = np.asarray(ndimage.median(signal, middle, numbers), dtype=float)
    level = np.concatenate([[np.inf], 0.5 * plateau])
    pieces = label(np.where(signal >= level[basin], basin, 0), connectivity=1)
    whole = np.zeros_like(basin)
    for number, window in enumerate(ndimage.find_objects(basin), start=1):
        if window is None:
            continue
        own = np.where(basin[window] == number, pieces[window], 0)
        largest = int(np.argmax(np.bincount(own.ravel())[1:], axis=0)) + 1 if own.any() else 0
        if largest:
            filled = ndimage.binary_fill_holes(own == largest) & (basin[window] == number)
            whole[window][filled] = number
    return whole, plateau


def _without_specks(
    basin: Labels, whole: Labels, plateau: Array, edge_nm: float, spacing: Array
) -> tuple[Labels, Labels, Array]:
    """Drop what is smaller than a square of this edge and number the rest from 1."""
    area = np.bincount(whole.ravel(), minlength=plateau.size + 1)[1:] * spacing.prod()
    kept = area >= edge_nm**2
    number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    return number[basin], number[whole], plateau[kept]
