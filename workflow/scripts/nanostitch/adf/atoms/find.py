"""Find and refine all columns of an image, and judge which of them are there."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from nanostitch.adf.atoms import peaks
from nanostitch.adf.atoms.peaks import Noise
from nanostitch.adf.atoms.refine import BACKGROUND, HEIGHT, LOG_WIDTH, Fit, X, Y, drawn, refine

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FIRST_SWEEPS = 3
"""Sweeps over all candidates before those that are none are left out."""
_FILTERED = 9.0
"""Misfit above which the noise between neighbouring pixels is not that of the image: it has been
filtered or resampled, and what the first fit leaves is taken for its noise."""
_WINDOW = 0.95
"""Largest radius of the fit over the distance of nearest columns."""
_CLOSEST = 0.5
"""Of the usual distance of nearest columns, below which the fainter of two is none."""
_WIDTH_RATIO = 2.0
"""Over the median width of the group, or under it, beyond which a column is none."""
_APART = 6.0
"""Distance of nearest columns in widths from which on none hides another."""
_HIDDEN = 0.7
"""Of the distance of nearest columns, within which what a fit leaves is no column of its own."""
_FAINTEST = 0.15
"""Of the usual height, below which a spot is no column but grain of what lies about: bromine
scatters a quarter of what lead does, onto a mean of both of 0.4."""
_FARTHEST = 0.5
"""Of the distance of nearest columns, that a column may have moved from where it was found."""


class Found(NamedTuple):
    """Columns of an image: fit, group of each, noise of a pixel, usual distance [pixels]."""

    fit: Fit
    group: Ints
    noise: Noise
    nearest_px: float


def columns(
    image: Array,
    groups: Ints,
    *,
    widest_px: float,
    detection_significance: float,
    most_sweeps: int,
) -> Found:
    """Find the columns where a group is, and refine them jointly.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``; what is not a number is left out.
    groups
        Number of the group of each pixel, from 0; -1 where no column is looked for.
    widest_px
        Largest standard deviation of a column that is tried [pixels].
    detection_significance
        Height below which a column is none, in standard errors.
    most_sweeps
        See :func:`nanostitch.adf.atoms.refine.refine`.
    """
    seen = np.isfinite(image)
    filled = image if seen.all() else np.where(seen, image, np.median(image[seen]))
    noise = peaks.noise(filled)
    width = peaks.spot_width(filled, noise.variance(float(filled.mean())), widest_px)
    start, group, first = _first(image, filled, groups, noise, width, detection_significance)
    scatter = float(np.median(first.misfit)) if group.size else 1.0
    if scatter > _FILTERED:
        noise = Noise(*(scatter * part for part in noise))
        start, group, first = _first(image, filled, groups, noise, width, detection_significance)
    nearest = _nearest(start)
    kept = _there(first, start, group, image.shape, nearest, detection_significance)
    values, group = first.values[:, kept], group[kept]
    if scatter <= _FILTERED and _crowded(values, nearest):
        fit = Fit(values, first.errors[:, kept], first.misfit[kept], first.elongation)
        hidden = _hidden(filled, groups, fit, group, noise, nearest, detection_significance)
        values = np.concatenate([values, hidden], axis=1)
        group = np.concatenate([group, _of_pixels(groups, hidden)])
        order = np.lexsort((np.rint(values[X]), np.rint(values[Y])))
        values, group = values[:, order], group[order]
    last = refine(
        image,
        values,
        group,
        noise=noise,
        widest_window_px=_WINDOW * nearest,
        most_sweeps=most_sweeps,
        elongation=first.elongation,
    )
    kept = _there(last, values, group, image.shape, nearest, detection_significance)
    misfit = last.misfit[kept] * (scatter if scatter > _FILTERED else 1.0)
    fit = Fit(last.values[:, kept], last.errors[:, kept], misfit, last.elongation)
    return Found(fit, group[kept], noise, nearest)


def _first(
    image: Array, filled: Array, groups: Ints, noise: Noise, width: float, significance: float
) -> tuple[Array, Ints, Fit]:
    """Candidates, their groups and what a few sweeps make of them."""
    start = peaks.maxima(
        filled, groups >= 0, noise=noise, width_px=width, significance=significance
    )
    group = _of_pixels(groups, start)
    fit = refine(
        image,
        start,
        group,
        noise=noise,
        widest_window_px=_WINDOW * _nearest(start),
        most_sweeps=_FIRST_SWEEPS,
    )
    return start, group, fit


def _crowded(values: Array, nearest: float) -> bool:
    """Whether columns are so close that bright ones may hide a faint one."""
    return bool(values.size) and nearest < _APART * float(np.exp(np.median(values[LOG_WIDTH])))


def _hidden(
    filled: Array,
    groups: Ints,
    fit: Fit,
    group: Ints,
    noise: Noise,
    nearest: float,
    significance: float,
) -> Array:
    """Candidates in what the columns leave of the image, away from all of them."""
    background = float(np.median(fit.values[BACKGROUND]))
    rest = filled - drawn(filled.shape, fit, group)
    width = float(np.exp(np.median(fit.values[LOG_WIDTH])))
    level = noise.offset + noise.gain * (np.median(filled) - background)
    search = Noise(float(level), noise.gain, noise.least)
    start = peaks.maxima(rest, groups >= 0, noise=search, width_px=width, significance=significance)
    away, _ = cKDTree(fit.values[Y : X + 1].T).query(start[Y : X + 1].T)
    return start[:, away > _HIDDEN * nearest]


def _nearest(values: Array) -> float:
    """Usual distance of a column from the next one [pixels]; infinite if there is none."""
    if values.shape[1] < 2:
        return np.inf
    places = values[Y : X + 1].T
    return float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))


def _of_pixels(groups: Ints, values: Array) -> Ints:
    """Group of the pixel that each place is in."""
    rows, columns = (
        np.clip(np.rint(values[k]).astype(np.int64), 0, size - 1)
        for k, size in zip((Y, X), groups.shape, strict=True)
    )
    found: Ints = groups[rows, columns]
    return found


def _usual(values: Array, group: Ints) -> Array:
    """Median of each group; 0 without members."""
    return np.array(
        [
            np.median(values[group == k]) if (group == k).any() else 0.0
            for k in range(group.max() + 1)
        ]
    )


def _there(
    fit: Fit,
    start: Array,
    group: Ints,
    shape: tuple[int, ...],
    nearest: float,
    significance: float,
) -> Mask:
    """Which columns are significant, as wide as others, near where they were, apart, in view."""
    values, errors = fit.values, fit.errors
    if not values.size:
        return np.zeros(values.shape[1], bool)
    usual, bright = (_usual(row, group) for row in (values[LOG_WIDTH], values[HEIGHT]))
    moved = np.hypot(*(values - start)[Y : X + 1])
    there: Mask = (
        np.isfinite(errors).all(axis=0)
        & (values[HEIGHT] > significance * errors[HEIGHT])
        & (values[HEIGHT] > _FAINTEST * bright[group])
        & (np.abs(values[LOG_WIDTH] - usual[group]) < np.log(_WIDTH_RATIO))
        & (moved < _FARTHEST * nearest)
        & (values[Y] > -0.5)
        & (values[Y] < shape[0] - 0.5)
        & (values[X] > -0.5)
        & (values[X] < shape[1] - 0.5)
    )
    index = np.flatnonzero(there)
    pairs = cKDTree(values[Y : X + 1, index].T).query_pairs(
        _CLOSEST * min(nearest, max(shape)), output_type="ndarray"
    )
    first, second = index[pairs[:, 0]], index[pairs[:, 1]]
    fainter = np.where(values[HEIGHT, first] < values[HEIGHT, second], first, second)
    there[fainter] = False
    return there
