"""Joint fit of Gaussians to all columns of an image, weighted by the noise of its electrons.

Each column has a height, a place, a width and a background of its own; elongation, which comes
with the tilt of a crystal, is one for all columns of a group. The columns are gone through in
turn, each fitted to what the others leave, until all stand still: block coordinate descent to
the joint optimum, which costs as much memory as one more image.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.atoms.peaks import Noise
from nanostitch.adf.cholesky import solve_and_invert
from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

HEIGHT, Y, X, LOG_WIDTH, BACKGROUND = range(5)
_DRAWN = 3.5
"""Widths out to which a Gaussian is drawn: 0.2 % of its height are left."""
_WINDOW = 2.8
"""Radius of the fit in widths: beyond lie 2 % of a Gaussian and hardly anything about its place."""
_STEPS = 2
"""Gauss-Newton steps on one column before the next one has its turn."""
_LONGEST_STEP = 0.5
"""Of a width, that a place may move in one step."""
_WIDTH_STEP = 0.2
_WIDTH_SPREAD = 0.25
"""Relative spread of widths in a group (prior): species and thickness change them by less."""
_WIDTH_REACH = 0.8
"""Largest logarithm of a width over its group's: beyond the factor 2 that makes it no column."""
_MOST_ELONGATED = 0.6
_STILL = 0.03
"""Share of their uncertainty: columns that move by less stand still."""


class Fit(NamedTuple):
    """Columns as fitted; lengths in pixels.

    ``values`` and ``errors`` have rows height, y, x, logarithm of the width, background;
    ``misfit`` is the reduced chi-square, ``elongation`` (group, 2) as in :func:`refine`.
    """

    values: Array
    errors: Array
    misfit: Array
    elongation: Array


def refine(
    image: Array,
    start: Array,
    group: Ints,
    *,
    noise: Noise,
    widest_window_px: float,
    most_sweeps: int,
    elongation: Array | None = None,
) -> Fit:
    """Fit all columns jointly.

    Parameters
    ----------
    image
        Detector signal, dims ``(y, x)``; what is not a number is left out.
    start
        A column for each atomic one: height, y, x [pixels], logarithm of width, background.
    group
        Of each atomic column, from 0: those of a group share their elongation.
    noise
        Of a pixel, as :func:`nanostitch.adf.atoms.peaks.noise` reads it.
    widest_window_px
        Largest radius around a column within which it is fitted [pixels]; else it is
        2.8 median widths of its group.
    most_sweeps
        Sweeps over all columns after which it ends, if they do not stand still before.
    elongation
        To start with: rows (e1, e2), by which the covariance of a column of width w is
        w^2 ((1 + e1, e2), (e2, 1 - e1)) in (y, x).

    Returns
    -------
    Fit
        Errors are the inverse information, times the reduced chi-square where that is above one.

    Notes
    -----
    Weights are of the fitted signal, not of the noisy one, so that they bring in no bias
    (iteratively reweighted least squares: Wedderburn, Biometrika 61 (1974) 439). Joint Gaussians
    for overlapping columns: De Backer et al., Ultramicroscopy 171 (2016) 104.
    """
    groups = int(group.max()) + 1 if group.size else 0
    shape = np.zeros((groups, 2)) if elongation is None else elongation.copy()
    values, model = start.copy(), np.zeros_like(image)
    darkest, brightest = (float(end) for end in (np.nanmin(image), np.nanmax(image)))
    errors, misfit = np.full_like(values, np.inf), np.ones(group.size)
    for _ in range(most_sweeps):
        before = values.copy()
        widths = _middle_widths(values[LOG_WIDTH], group, groups)
        windows = np.minimum(_WINDOW * np.exp(widths), widest_window_px)
        # Where noise was read too low, misfit says by how much the prior must weigh more.
        prior = max(float(np.median(misfit)) if misfit.size else 1.0, 1.0) / _WIDTH_SPREAD**2
        model[:] = 0.0
        _draw(model, values, group, shape)
        slope, curvature = np.zeros((groups, 2)), np.zeros((groups, 2))
        _sweep(
            image, model, values, errors, misfit, group, shape,
            slope, curvature, widths, windows, noise.offset, noise.gain, noise.least, prior,
            darkest, brightest,
        )  # fmt: skip
        shape = _elongated(shape, slope, curvature)
        moved = (values - before)[Y : X + 1] / errors[Y : X + 1]
        if moved.size == 0 or float(np.median(np.abs(moved))) < _STILL:
            break
    return Fit(values, errors * np.sqrt(np.maximum(misfit, 1.0)), misfit, shape)


def drawn(shape: tuple[int, int], fit: Fit, group: Ints) -> Array:
    """Image of the fitted columns without their background."""
    model = np.zeros(shape)
    _draw(model, fit.values, group, fit.elongation)
    return model


def _middle_widths(log_width: Array, group: Ints, groups: int) -> Array:
    """Median of the logarithm of the width in each group."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    return np.array(
        [
            np.median(log_width[order[a:b]]) if b > a else 0.0
            for a, b in zip(ends, ends[1:], strict=False)
        ]
    )


def _elongated(shape: Array, slope: Array, curvature: Array) -> Array:
    """One Newton step of the elongations, held below what a Gaussian can have."""
    step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
    found = shape + np.clip(step, -0.3, 0.3)
    length = np.hypot(found[:, 0], found[:, 1])
    limited: Array = found * np.minimum(1.0, _MOST_ELONGATED / np.maximum(length, 1e-9))[:, None]
    return limited


@compiled
def _add(model: Array, at: Array, e1: float, e2: float, sign: float) -> None:
    """Draw one column, or take it away."""
    height, y, x, width = at[HEIGHT], at[Y], at[X], np.exp(at[LOG_WIDTH])
    det = width * width * (1 - e1 * e1 - e2 * e2)
    pyy, pyx, pxx = (1 - e1) / det, -e2 / det, (1 + e1) / det
    reach_y, reach_x = _DRAWN * width * np.sqrt(1 + e1), _DRAWN * width * np.sqrt(1 - e1)
    top, bottom = max(0, int(np.ceil(y - reach_y))), min(model.shape[0] - 1, int(y + reach_y))
    left, right = max(0, int(np.ceil(x - reach_x))), min(model.shape[1] - 1, int(x + reach_x))
    grow = np.exp(-pxx)
    for row in range(top, bottom + 1):
        dy, dx = row - y, left - x
        g = sign * height * np.exp(-0.5 * (pyy * dy * dy + 2 * pyx * dy * dx + pxx * dx * dx))
        ratio = np.exp(-pyx * dy - pxx * (dx + 0.5))
        for column in range(left, right + 1):
            model[row, column] += g
            g *= ratio
            ratio *= grow


@compiled
def _draw(model: Array, values: Array, group: Ints, shape: Array) -> None:
    for i in range(values.shape[1]):
        _add(model, values[:, i], shape[group[i], 0], shape[group[i], 1], 1.0)


@compiled
def _normal(
    image: Array,
    model: Array,
    at: Array,
    e1: float,
    e2: float,
    offset: float,
    gain: float,
    least: float,
    window: float,
    matrix: Array,
    right: Array,
    sums: Array,
) -> None:
    """Normal equations of one column; ``sums``: chi-square, pixels, slopes, curvatures."""
    height, y, x, width = at[HEIGHT], at[Y], at[X], np.exp(at[LOG_WIDTH])
    det = width * width * (1 - e1 * e1 - e2 * e2)
    pyy, pyx, pxx = (1 - e1) / det, -e2 / det, (1 + e1) / det
    matrix[:], right[:], sums[:] = 0.0, 0.0, 0.0
    d = np.ones(5)
    grow, bend = np.exp(-pxx), width * width / det
    for row in range(
        max(0, int(np.ceil(y - window))), min(image.shape[0] - 1, int(y + window)) + 1
    ):
        dy = row - y
        half = np.sqrt(max(window * window - dy * dy, 0.0))
        left = max(0, int(np.ceil(x - half)))
        dx = left - x
        g = np.exp(-0.5 * (pyy * dy * dy + 2 * pyx * dy * dx + pxx * dx * dx))
        ratio = np.exp(-pyx * dy - pxx * (dx + 0.5))
        for column in range(left, min(image.shape[1] - 1, int(x + half)) + 1):
            dx = column - x
            py, px = pyy * dy + pyx * dx, pyx * dy + pxx * dx
            q = py * dy + px * dx
            if image[row, column] == image[row, column]:
                seen = model[row, column] + height * g + at[BACKGROUND]
                residual = image[row, column] - seen
                weight = 1.0 / max(offset + gain * seen, least)
                d[0] = g
                d[1], d[2], d[3] = height * g * py, height * g * px, height * g * q
                for i in range(5):
                    w = weight * d[i]
                    right[i] += w * residual
                    for j in range(i + 1):
                        matrix[i, j] += w * d[j]
                s1 = -0.5 * height * g * ((dx * dx - dy * dy) / det + q * 2 * e1 * bend)
                s2 = -0.5 * height * g * (-2 * dy * dx / det + q * 2 * e2 * bend)
                sums[0] += weight * residual * residual
                sums[1] += 1.0
                sums[2] += weight * s1 * residual
                sums[3] += weight * s2 * residual
                sums[4] += weight * s1 * s1
                sums[5] += weight * s2 * s2
            g *= ratio
            ratio *= grow


@compiled
def _whole(at: Array, window: float, shape: tuple[int, int]) -> bool:
    """Whether the window of a column is in the image: only such tell how columns lean."""
    inside = min(min(at[Y], shape[0] - 1 - at[Y]), min(at[X], shape[1] - 1 - at[X])) >= window
    return bool(inside and at[HEIGHT] > 0)


@compiled
def _sweep(
    image: Array,
    model: Array,
    values: Array,
    errors: Array,
    misfit: Array,
    group: Ints,
    shape: Array,
    slope: Array,
    curvature: Array,
    widths: Array,
    windows: Array,
    offset: float,
    gain: float,
    least: float,
    prior: float,
    darkest: float,
    brightest: float,
) -> None:
    """Fit each column in turn to what the others leave of the image."""
    matrix, inverse = np.empty((5, 5)), np.empty((5, 5))
    right, sums = np.empty(5), np.empty(6)
    for i in range(values.shape[1]):
        at, k = values[:, i].copy(), group[i]
        e1, e2 = shape[k, 0], shape[k, 1]
        _add(model, at, e1, e2, -1.0)
        for _ in range(_STEPS):
            _normal(
                image, model, at, e1, e2, offset, gain, least, windows[k], matrix, right, sums
            )  # fmt: skip
            matrix[LOG_WIDTH, LOG_WIDTH] += prior
            right[LOG_WIDTH] += prior * (widths[k] - at[LOG_WIDTH])
            if not solve_and_invert(matrix, right, inverse):
                break
            most = _LONGEST_STEP * np.exp(at[LOG_WIDTH])
            at[HEIGHT] = min(max(at[HEIGHT] + right[HEIGHT], 0.0), brightest - darkest)
            for j, size in ((Y, image.shape[0]), (X, image.shape[1])):
                at[j] = min(max(at[j] + min(max(right[j], -most), most), -0.6), size - 0.4)
            step = min(max(right[LOG_WIDTH], -_WIDTH_STEP), _WIDTH_STEP)
            at[LOG_WIDTH] = widths[k] + min(
                max(at[LOG_WIDTH] + step - widths[k], -_WIDTH_REACH), _WIDTH_REACH
            )
            at[BACKGROUND] = min(max(at[BACKGROUND] + right[BACKGROUND], darkest), brightest)
            for j in range(5):
                errors[j, i] = np.sqrt(inverse[j, j])
        misfit[i] = sums[0] / max(sums[1] - 5.0, 1.0)
        if _whole(at, windows[k], image.shape):
            slope[k, 0] += sums[2]
            slope[k, 1] += sums[3]
            curvature[k, 0] += sums[4]
            curvature[k, 1] += sums[5]
        values[:, i] = at
        _add(model, at, e1, e2, 1.0)
