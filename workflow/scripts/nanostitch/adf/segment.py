"""Find particles on a flattened micrograph: squares by a joint fit, or round ones one by one."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf import blobs
from nanostitch.adf.blocks import enlarged
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.adf.squares import contacts, fit, footprint, fragments, gaps, mend, outlines

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_SAMPLE = 150
"""Crystals from which the blur is learned, and whether they are squares."""
_FEWEST_SQUARES, _FEWEST_SQUARED = 0.5, 0.75
"""Share of parts that are squares, and share of compact parts that a rectangle explains better
than an ellipse, below both of which particles are round. Half is what noise gives the latter for
particles of any shape; films and wires fall below the former but stay above 0.9 in the latter."""
_FEWEST_JUDGED = 10
_ROUGH = 0.05
"""Variation of the support over the signal of particles, from which it takes part in outlines."""
_COMPACT = 1.6
_MAD_TO_SD = 1.4826


class Scene(NamedTuple):
    """What was found on an image."""

    labels: Labels
    """(y, x): number of the square that owns a pixel, 0 outside."""
    body: Labels
    """(square): number of the particle that each square belongs to, from 1."""
    squares: fit.Fit
    blur: fit.Blur
    """Of the edges, with the pixel in it [nm]."""
    gaps: gaps.Gaps
    judged: Array
    """(square, 3): see :func:`squares.footprint.judge`."""
    is_square: Mask
    """Whether each is one; the others are measured by their outlines."""
    flat: xr.Dataset
    """The image to measure outlines on: flattened anew between round particles."""


class _Sample(NamedTuple):
    """Middle of the image, as much of it as holds enough crystals."""

    window: tuple[slice, slice]
    plane: Single
    noise: fit.Noise
    start: Array
    credible: Mask
    """Whether the outline of each may be a square's."""


def scene(
    flat: xr.Dataset,
    *,
    detection_contrast: float,
    denoise_nm: float,
    unit_edge_nm: float,
    smallest_gap_nm: float,
) -> Scene:
    """Find squares, fit them jointly and join those that no gap parts; or find round particles.

    Which of both is learned from the image: round particles are looked for one by one on a rough
    support, where rectangles explain less than half of what stands out, and what is compact no
    better than ellipses do.

    Parameters
    ----------
    flat
        Result of :func:`nanostitch.adf.flatten.flatten`.
    detection_contrast
        Lowest signal of a particle over the noise of the support [1].
    denoise_nm
        Standard deviation of the Gaussian that smooths the noise [nm].
    unit_edge_nm
        Edge of an original crystal: the length over which signals are compared [nm].
    smallest_gap_nm
        Width of the narrowest gap between crystals that are not merged [nm].
    """
    pixel = np.array(pixel_size_nm(flat["signal"]))
    plane, shape = flat["unsmoothed"].to_numpy(), flat["signal"].shape
    image = fragments.binned(
        flat,
        detection_contrast=detection_contrast,
        unit_edge_nm=unit_edge_nm,
        denoise_nm=denoise_nm,
    )
    parts = fragments.fragments(image, unit_edge_nm=unit_edge_nm, gap_curvature_nm=smallest_gap_nm)
    noise = _noise(flat, image)
    guess = fit.Blur(max(denoise_nm, float(pixel.max())), np.inf)
    if parts.any():
        sample = _sample(plane, noise, image, parts, pixel, guess.value)
        if _is_rough(flat, image) and _are_round(flat, sample, pixel):
            return _round(flat, guess, unit_edge_nm=unit_edge_nm, denoise_nm=denoise_nm)
        blur = fit.blur(sample.plane, sample.noise, sample.start, pixel, sample.credible)
    else:
        blur = guess
    found = fit.joint(plane, noise, _start(image, parts, pixel, blur.value), pixel)
    picture = mend.Picture(plane, noise, image, pixel, unit_edge_nm)
    parts, found = mend.mended(picture, parts, found)
    judged = footprint.judge(
        flat["signal"].to_numpy(), found.residual, found.variance, found.parameters, pixel
    )
    square = footprint.is_square(judged, found.parameters)
    touching = contacts.contacts(image, parts)
    gap = gaps.measure(found.parameters, found.normal, found.variance, touching.pairs, pixel)
    merged = gaps.merged_probability(gap, smallest_gap_nm) > 0.5
    merged &= square[touching.pairs].all(axis=1) | contacts.continuous(image, parts, touching)
    body = _bodies(len(found.parameters), touching.pairs, merged)
    grown = np.where(parts > 0, parts, ndimage.maximum_filter(parts, size=3))
    labels = _enlarged(grown, image, shape)
    return Scene(labels, body, found, blur, gap, judged, square, flat)


def _noise(flat: xr.Dataset, image: fragments.Binned) -> fit.Noise:
    """Noise on the support and inside crystals, from differences of pixels two apart."""
    plane, finite = flat["unsmoothed"].to_numpy(), flat["finite"].to_numpy()
    near = ndimage.binary_dilation(image.foreground, iterations=2)
    bare = finite & (_enlarged(near.astype(np.int32), image, plane.shape) == 0)
    steps = (plane[:, 2:] - plane[:, :-2])[bare[:, 2:] & bare[:, :-2]]
    support = float(np.mean(steps.astype(float) ** 2)) / 2 if steps.size else 0.0
    inner = image.inner_noise**2 * float(np.prod(image.bins))
    level = float(np.median(image.level[image.foreground])) if image.foreground.any() else 1.0
    support = max(support, 1e-3 * inner, 1e-12)
    return fit.Noise(support, max(inner - support, 0.0) / max(level, 1e-12), finite, bare)


def _enlarged(parts: Labels, image: fragments.Binned, shape: tuple[int, ...]) -> Labels:
    """Labels of bins as labels of pixels."""
    rows, columns = image.bins
    return np.repeat(np.repeat(parts, rows, axis=0), columns, axis=1)[: shape[0], : shape[1]]


def _start(image: fragments.Binned, parts: Labels, pixel: Array, blur_nm: float) -> Array:
    """Rectangles to start the fit from, one for each part."""
    inside = outlines.members(parts, image.spacing)
    boxes = outlines.rectangles(*inside, image.spacing)
    start = np.empty((len(boxes), 7))
    start[:, :5] = boxes[:, :5]
    start[:, :2] += 0.5 * (image.bins - 1) * pixel
    at = np.round(boxes[:, :2] / image.spacing).astype(int)
    start[:, 5] = image.level[at[:, 0], at[:, 1]]
    start[:, 6] = blur_nm
    return start


def _sample(
    plane: Single,
    noise: fit.Noise,
    image: fragments.Binned,
    parts: Labels,
    pixel: Array,
    blur_nm: float,
) -> _Sample:
    share = min(np.sqrt(_SAMPLE / int(parts.max())), 1.0)
    rows, columns = (
        slice(int(size * (1 - share) / 2), int(np.ceil(size * (1 + share) / 2)))
        for size in parts.shape
    )
    here = mend.numbered(parts[rows, columns])
    window = (
        slice(rows.start * image.bins[0], rows.stop * image.bins[0]),
        slice(columns.start * image.bins[1], columns.stop * image.bins[1]),
    )
    part = image._replace(level=image.level[rows, columns])
    inside = outlines.members(here, image.spacing)
    boxes = outlines.rectangles(*inside, image.spacing)
    areas = np.diff(inside.start)[1:] * float(np.prod(image.spacing))
    credible = areas > mend.SQUARE_FILL * np.maximum(boxes[:, 5], 1e-9) ** 2
    return _Sample(
        window,
        np.ascontiguousarray(plane[window]),
        noise.cut(window),
        _start(part, here, pixel, blur_nm),
        credible,
    )


def _is_rough(flat: xr.Dataset, image: fragments.Binned) -> bool:
    return float(flat["noise"]) > _ROUGH * float(np.median(image.level[image.foreground]))


def _are_round(flat: xr.Dataset, sample: _Sample, pixel: Array) -> bool:
    """Whether squares explain neither what was found nor the compact part of it."""
    if len(sample.start) < _FEWEST_JUDGED:
        return False
    tried = fit.joint(sample.plane, sample.noise, sample.start, pixel, sweeps=4)
    signal = np.ascontiguousarray(flat["signal"].to_numpy()[sample.window])
    judged = footprint.judge(signal, tried.residual, tried.variance, tried.parameters, pixel)
    sides = tried.parameters[:, 2:4]
    compact = sides.max(axis=1) < _COMPACT * sides.min(axis=1)
    square = footprint.is_square(judged, tried.parameters)
    squared = judged[compact, 0] < 1
    return bool(square.mean() < _FEWEST_SQUARES and squared.mean() < _FEWEST_SQUARED)


def _round(flat: xr.Dataset, blur: fit.Blur, *, unit_edge_nm: float, denoise_nm: float) -> Scene:
    """Round particles, each to be measured by its outline above the support around it."""
    pixel = np.array(pixel_size_nm(flat["signal"]))
    bins = np.maximum(np.round(unit_edge_nm / blobs.BINS_ACROSS / pixel), 1).astype(int)
    values = fragments.block_mean(flat["unsmoothed"].to_numpy(), bins)
    seen = fragments.block_mean(flat["finite"].to_numpy().astype(np.float32), bins) > 0.5
    usual = unit_edge_nm / float(np.sqrt(np.prod(bins * pixel)))
    found = blobs.find(values, seen, usual)
    bare = seen & (blobs.owners(found, values.shape) == 0)
    beneath = enlarged(blobs.support(values, bare, usual).astype(float), flat["signal"].shape, bins)
    labels = blobs.owners(found, flat["signal"].shape, bins)
    finite = flat["finite"].to_numpy()
    signal = np.where(finite, flat["signal"].to_numpy() - beneath, np.float32(0))
    left = signal[finite & (labels == 0)]
    noise = _MAD_TO_SD * float(np.median(np.abs(left))) if left.size else float(flat["noise"])
    again = flat.assign(signal=(("y", "x"), signal), noise=((), noise))
    return _without_squares(again, found, labels, blur, bins * pixel)


def _without_squares(
    flat: xr.Dataset, found: blobs.Blobs, labels: Labels, blur: fit.Blur, spacing: Array
) -> Scene:
    """Scene of particles of which none is a square."""
    count = len(found.at)
    parameters = np.zeros((count, 7))
    parameters[:, :2] = found.at * spacing
    parameters[:, 2:4] = found.diameter[:, None] * float(np.sqrt(np.prod(spacing)))
    parameters[:, 5:] = 1.0, blur.value
    nothing = np.zeros_like(flat["signal"].to_numpy())
    return Scene(
        labels,
        np.arange(1, count + 1, dtype=np.int32),
        fit.Fit(parameters, np.zeros((count, 7, 7)), nothing, nothing),
        blur,
        gaps.Gaps(np.zeros((0, 2), np.int32), np.zeros(0), np.zeros(0)),
        np.zeros((count, 3)),
        np.zeros(count, bool),
        flat,
    )


def _bodies(count: int, pairs: Labels, merged: Mask) -> Labels:
    """Number of the particle of each square: those that no gap parts share one."""
    body = np.arange(count, dtype=np.int32)
    for one, other in pairs[merged]:
        body[body == body[other]] = body[one]
    return np.asarray(np.unique(body, return_inverse=True)[1] + 1, dtype=np.int32)
