"""Where an earlier image of the same place lies in a later one: shift, rotation and scale."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from nanostitch.adf import correlation
from nanostitch.adf.flatten import pixel_size_nm

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIGNAL, OUTLINES = 0, 1
"""What is correlated: the signal itself, or the magnitude of its gradient. Crystals that heat has
emptied leave the outlines of their shells where their signal is gone."""
_TRUSTED_SCORE = 5.0
"""Score from which the signal is taken, which tells the scale, too: a shell lies outside the
outline of the crystal that it held."""
_COARSE_PIXELS = 160
"""Pixels along the longer side in the search; the refinement then takes all."""
_SAMPLING = 1.5
"""Pixels per standard deviation of the smoothing: finer ones are alike."""
_OUTLYING = 2.0
"""Standard deviations of what is left from which a pixel counts as changed."""
_BESIDE = 0.1
"""Standard uncertainty of a shift by outlines, over the smoothing: shells lie beside those of the
crystals that they held, and not evenly on all sides."""
_HELD = 1e6
"""Weight of the told scale where outlines do not tell it."""
_STEPS, _EVEN_STEPS = 30, 8
_SETTLED_NM = 1e-3
"""Steps of the refinement, the first of which weigh all pixels alike, lest it stay where it starts;
it ends when nothing moves by more than this, far below any uncertainty."""
_BLOCK_NM = 12.0
"""Side of the blocks between which what is left over is independent: one crystal and its gap."""
_PARAMETERS = 4


class Registration(NamedTuple):
    """How the image before lies in this one.

    ``p`` is shift along y and x [nm], rotation [rad, from x towards y] and the logarithm of the
    scale, with its ``covariance``; ``middle`` and ``middle_before`` are in nm of either image.
    ``score`` is the correlation over that with images that cannot show the same place, in
    standard deviations of these; ``overlap`` is the share of this image that both show.
    """

    p: Array
    covariance: Array
    middle: Array
    middle_before: Array
    by: int
    score: float
    overlap: float

    def place(self, y: Array, x: Array) -> tuple[Array, Array]:
        """Where places in the image before [nm] lie in this one [nm]."""
        moved = self.middle + self.p[:2]
        v, u = y - self.middle_before[0], x - self.middle_before[1]
        along, across = np.exp(self.p[3]) * np.array([np.cos(self.p[2]), np.sin(self.p[2])])
        return moved[0] + along * v + across * u, moved[1] + along * u - across * v

    def uncertainty(self, y: Array, x: Array) -> Array:
        """Standard uncertainty along one axis of a place in this image [nm]."""
        v, u = y - self.middle[0] - self.p[0], x - self.middle[1] - self.p[1]
        one, zero = np.ones_like(v), np.zeros_like(v)
        rows = np.stack([[one, zero, u, v], [zero, one, -v, u]])
        variance = np.einsum("ai...,ij,aj...->a...", rows, self.covariance, rows)
        return np.asarray(np.sqrt(variance.mean(axis=0)))


class _View(NamedTuple):
    """One image on square pixels about its middle; both channels without slow variation."""

    channels: Array
    step: float
    middle: Array


def register(
    image: xr.DataArray,
    before: xr.DataArray,
    *,
    smoothing_nm: float,
    background_length_nm: float,
    largest_rotation_degree: float,
    largest_scale_error: float,
) -> Registration | None:
    """Find where the image before lies, by correlation and then by least squares.

    The normalised cross-correlation is searched over all shifts, and over rotations and scales
    within the bounds; so it is for the seven mirror images and quarter turns of the image before,
    which have its crystals but cannot lie there: mean and scatter of what these reach tell what
    chance would. The signal, or the outlines where these exceed chance more, is fitted by least
    squares in which pixels that changed weigh little; outlines leave the scale as told. The
    covariance is that of blocks (sandwich): what changed is noise, crystal by crystal.

    Parameters
    ----------
    image, before
        Detector signals, dims ``(y, x)``, coordinates in nm.
    smoothing_nm
        Standard deviation of the smoothing of both [nm].
    background_length_nm
        Variations longer than this are taken away [nm].
    largest_rotation_degree
        Rotations searched, to either side [degree].
    largest_scale_error
        Relative difference of the two calibrations that is allowed [1].

    Returns
    -------
    Registration or None
        None where an image has no contrast at all.

    Notes
    -----
    Covariance: White, Econometrica 48 (1980) 817. Search: :mod:`nanostitch.adf.correlation`.
    """
    step = max(*pixel_size_nm(image), *pixel_size_nm(before), smoothing_nm / _SAMPLING)
    here, there = (_view(one, step, smoothing_nm, background_length_nm) for one in (image, before))
    if not all(np.ptp(view.channels[SIGNAL]) > 0 for view in (here, there)):
        return None
    bounds = (np.radians(largest_rotation_degree), largest_scale_error)
    found = [_searched(here, there, by, bounds) for by in (SIGNAL, OUTLINES)]
    better = found[SIGNAL][1] >= min(_TRUSTED_SCORE, found[OUTLINES][1])
    by = SIGNAL if better else OUTLINES
    start, score = found[by]
    p, covariance, overlap = _refined(here, there, by, start, largest_scale_error / 2)
    return Registration(p, covariance, here.middle, there.middle, by, score, overlap)


def _view(image: xr.DataArray, step: float, smoothing: float, background: float) -> _View:
    image = image.transpose("y", "x")
    spacing = np.array(pixel_size_nm(image))
    values = image.to_numpy().astype(float)
    finite = np.isfinite(values)
    values = np.where(finite, values, values[finite].mean() if finite.any() else 0.0)
    smooth = ndimage.gaussian_filter(values, smoothing / spacing)
    sides = (np.array(image.shape) - 1) * spacing
    count = np.floor(sides / step).astype(int) + 1
    at = [
        (np.arange(n) - (n - 1) / 2) * step / s + (size - 1) / 2
        for n, s, size in zip(count, spacing, image.shape, strict=True)
    ]
    sampled = ndimage.map_coordinates(smooth, np.meshgrid(*at, indexing="ij"), order=1)
    outlines = _outlines(sampled, smoothing / step)
    channels = [
        one - ndimage.gaussian_filter(one, background / step) for one in (sampled, outlines)
    ]
    middle = np.array([float(image[d][0]) for d in ("y", "x")]) + sides / 2
    return _View(np.stack(channels), step, middle)


def _outlines(sampled: Array, sigma: float) -> Array:
    """Logarithm of the local energy: how much edge or ridge there is, however faint.

    The middle value, which is that of noise, bounds it from below.
    """
    slope = sigma * np.hypot(*np.gradient(sampled))
    energy = np.hypot(slope, sigma**2 * ndimage.laplace(sampled))
    return np.asarray(np.log(np.maximum(energy, max(float(np.median(energy)), 1e-300))))


def _searched(
    view: _View, before: _View, by: int, bounds: tuple[float, float]
) -> tuple[Array, float]:
    """Best of shifts, rotations and scales, and how far it exceeds mirrored and turned images."""
    sides = [max(one.channels.shape[1:]) for one in (view, before)]
    shrink = max(int(np.ceil(max(sides) / _COARSE_PIXELS)), 1)
    fixed, moving = (_shrunk(one.channels[by], shrink) for one in (view, before))
    tries = list(correlation.tried(bounds, max(moving.shape)))
    best = [correlation.best(fixed, image, tries) for image in correlation.images(moving)]
    heights = np.array([height for height, _ in best])
    chance = heights[1:]
    score = (heights[0] - chance.mean()) / max(chance.std(ddof=1), 1e-3)
    p = best[0][1] * np.array([view.step * shrink, view.step * shrink, 1.0, 1.0])
    return p, float(score)


def _shrunk(channel: Array, shrink: int) -> Array:
    blurred = ndimage.gaussian_filter(channel, shrink / 2) if shrink > 1 else channel
    rows, columns = ((size - 1) % shrink // 2 for size in channel.shape)
    return np.asarray(blurred[rows::shrink, columns::shrink])


def _refined(
    view: _View, before: _View, by: int, start: Array, scale_doubt: float
) -> tuple[Array, Array, float]:
    """Gauss-Newton from the start; parameters, covariance, share that both images show."""
    fixed, moving = view.channels[by], ndimage.spline_filter(before.channels[by], order=3)
    p, reach = start.copy(), view.step * max(fixed.shape) / 2
    prior = np.diag([0.0, 0.0, 0.0, 1.0 if by == SIGNAL else _HELD])
    p[3] *= by == SIGNAL
    steps = np.array([0.05 * view.step] * 2 + [0.05 * view.step / reach] * 2)
    for turn in range(_STEPS):
        base, seen = _moved(moving, p, fixed.shape, view.step)
        gain = float((base * fixed)[seen].sum() / max((base[seen] ** 2).sum(), 1e-300))
        slopes = [
            gain * (_moved(moving, p + row, fixed.shape, view.step)[0] - base) / step
            for row, step in zip(np.diag(steps), steps, strict=True)
        ]
        jacobian = np.where(seen, np.stack(slopes), 0.0)
        left = np.where(seen, fixed - gain * base, 0.0)
        pulled = jacobian * (_trusted(left, seen) if turn >= _EVEN_STEPS else 1.0)
        weight = left[seen].var() * 4 * np.pi * _SAMPLING**2 / scale_doubt**2
        normal = np.einsum("iyx,jyx->ij", pulled, jacobian) + weight * prior
        move = np.linalg.pinv(normal) @ (np.einsum("iyx,yx->i", pulled, left) - weight * prior @ p)
        p = p + np.clip(move, -20 * steps, 20 * steps)
        settled = np.abs(move * [1, 1, reach, reach]).max() < _SETTLED_NM
        if settled and turn > _EVEN_STEPS:
            break
    scores = _block_sums(pulled * left, max(round(_BLOCK_NM / view.step), 1))
    blocks = scores.shape[1]
    more = blocks / max(blocks - _PARAMETERS, 1)
    inverse = np.linalg.pinv(normal)
    covariance = inverse @ (more * scores @ scores.T + weight * prior) @ inverse
    if by == OUTLINES:
        beside = (_BESIDE * _SAMPLING * view.step) ** 2
        covariance += np.diag([beside, beside, beside / (reach / 2) ** 2, 0.0])
        covariance[3, 3] = scale_doubt**2
    return p, covariance, float(seen.mean())


def _trusted(left: Array, seen: Mask) -> Array:
    """Weight of each pixel (Geman & McClure): next to none where a crystal moved or went."""
    scale = _OUTLYING * 1.4826 * float(np.median(np.abs(left[seen])))
    return np.asarray(1 / (1 + (left / max(scale, 1e-300)) ** 2) ** 2)


def _moved(moving: Array, p: Array, shape: tuple[int, ...], step: float) -> tuple[Array, Mask]:
    """The image before as it lies in this one, and where it is seen."""
    rows, columns = np.indices(shape, dtype=float)
    v = rows - (shape[0] - 1) / 2 - p[0] / step
    u = columns - (shape[1] - 1) / 2 - p[1] / step
    (a, b), (c, d) = correlation.matrix(-p[2], -p[3])
    at = np.stack([a * v + b * u, c * v + d * u])
    at += (np.array(moving.shape)[:, None, None] - 1) / 2
    limit = np.array(moving.shape)[:, None, None] - 1
    seen: Mask = np.asarray(((at >= 0) & (at <= limit)).all(axis=0))
    return ndimage.map_coordinates(moving, at, order=3, prefilter=False), seen


def _block_sums(values: Array, side: int) -> Array:
    """Sums over the blocks of an image that hold anything; ``values`` (parameter, y, x)."""
    rows, columns = (np.arange(0, size, side) for size in values.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=1), columns, axis=2)
    flat = sums.reshape(len(values), -1)
    return np.asarray(flat[:, np.abs(flat).sum(axis=0) > 0])
