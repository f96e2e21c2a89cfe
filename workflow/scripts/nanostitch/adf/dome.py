"""Fit of a blurred sphere, alone or on a flat top, to a part of an image."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BLUR_NM = (0.05, 1.5)
"""Bounds of the blur's standard deviation [nm]: from below any probe to that of the smallest dot of
which a shape could be seen."""
_PROBE = 1.1
_PROBE_SPREAD = 0.3
"""Expected blur over the smoothing alone, and the relative doubt of it: a probe adds little. Small
dots do not tell their blur themselves."""
_PRIOR_WEIGHT = 0.05
"""Residual, as a share of the highest signal, at one spread from the expected blur."""
_REACH_NM = 2.0
"""How far the centre may move from the maximum [nm]: a few times the blur."""
_TOLERANCE = 1e-3
_EVALUATIONS = 20
"""Relative step at which a fit has converged, a tenth of what noise leaves; a dot takes ten steps,
and what takes longer is none."""
_FIRST_SIZES = 6
"""Diameters tried in place: their ratio, of 1.5 or less, leaves one near the least-squares fit."""
_FIRST_MISFIT = 4.5
"""What no diameter fits to so many times the final misfit at the place of the maximum is not fitted
any further; a maximum that noise put a quarter of the diameter off the middle stays below."""
_TAIL = 3.0
"""Standard deviations of a blur beyond which nothing is seen of it."""
_STEP = 1e-3
"""Relative step of numerical derivatives: far above rounding, far below any curvature."""


class Surroundings(NamedTuple):
    """Part of an image around a candidate; arrays (y, x) of one shape."""

    signal: Array
    top: Array
    """Blurred outline of what the candidate may lie on, 0 to 1; 0 all over if it is nothing."""
    allowed: Mask
    """Pixels that neither neighbours nor the border spoil."""
    spacing: Array
    """Pixel size along y and x [nm]."""
    smoothing_nm: float
    """Standard deviation of the smoothing that the signal went through [nm]."""


class Dome(NamedTuple):
    """Fitted sphere; places in nm from the window's first pixel."""

    y: float
    x: float
    diameter: float
    per_nm: float
    """Signal per nm of path through the sphere."""
    base: float
    """Height of the flat top below it."""
    diameter_uncertainty: float
    per_nm_uncertainty: float
    significance: float
    """Signal of the sphere in standard deviations, for this place, diameter and blur."""
    misfit: float
    """Root mean square of what the fit leaves within the dot, over the height of the dot."""

    @property
    def height(self) -> float:
        """Signal in the middle, without the flat top."""
        return self.per_nm * self.diameter


def sphere(
    shape: tuple[int, ...], spacing: Array, place: Array, diameter: float, blur: float
) -> Array:
    """Blurred projection of a sphere [nm]: the path through it at each pixel of a window.

    By its Fourier transform: that of a ball on the plane through the origin, times that of the
    Gaussian, on a larger window, since a transform is periodic.

    Parameters
    ----------
    shape
        Pixels of the window along y and x.
    spacing
        Pixel size along y and x [nm].
    place
        Centre along y and x, from the first pixel [nm].
    diameter, blur
        Of the sphere, and standard deviation of the Gaussian [nm].

    Notes
    -----
    Form factor of a ball: Rayleigh, Proc. R. Soc. London A 90 (1914) 219.
    """
    margin = np.ceil((diameter + 2 * _TAIL * blur) / spacing).astype(int)
    wide = [fft.next_fast_len(int(size + more)) for size, more in zip(shape, margin, strict=True)]
    ky, kx, k = _wave_numbers(wide[0], wide[1], float(spacing[0]), float(spacing[1]))
    q = np.maximum(k * (diameter / 2), 1e-3)
    volume = np.pi / 6 * diameter**3
    ball = 3 * volume * (np.sin(q) - q * np.cos(q)) / (q * q * q)
    down, across = (
        np.exp(-((axis * blur) ** 2) / 2 - 1j * axis * at)
        for axis, at in zip((ky, kx), place, strict=True)
    )
    wave = ball * (down * across)
    path: Array = fft.irfft2(wave, s=wide)[: shape[0], : shape[1]] / spacing.prod()
    return path


@lru_cache(maxsize=16)
def _wave_numbers(rows: int, columns: int, step_y: float, step_x: float) -> tuple[Array, ...]:
    """Angular wave numbers of a window along y and x, and their modulus [1/nm]."""
    ky = np.asarray(2 * np.pi * np.fft.fftfreq(rows, step_y)[:, None], np.float64)
    kx = np.asarray(2 * np.pi * np.fft.rfftfreq(columns, step_x)[None, :], np.float64)
    return ky, kx, np.hypot(ky, kx)


def fitted(
    around: Surroundings, start: Array, smallest_nm: float, largest_nm: float, *, misfit: float
) -> Dome | None:
    """Least squares of place, diameter, blur and heights of a sphere on a flat top.

    Heights are not negative; the blur is held near that of the smoothing. The uncertainty is that
    of what the fit leaves, whatever its distribution over the window (White, Econometrica 48
    (1980) 817), and of smoothed noise, which is alike in neighbouring pixels.

    Parameters
    ----------
    around
        The image around the candidate.
    start
        Place (y, x) of the candidate in it [nm].
    smallest_nm, largest_nm
        Diameters that are looked for [nm].
    misfit
        What a fit may leave in the dot, root mean square over its height [1].

    Returns
    -------
    Dome or None
        None where there is no sphere.
    """
    blur = _PROBE * around.smoothing_nm
    sizes = np.geomspace(smallest_nm, largest_nm, _FIRST_SIZES)
    tried = [np.array([*start, size, blur]) for size in sizes]
    # A dot alone fills its own outline, so that a smaller sphere on a top of it fits nearly as
    # well: a second fit starts from the best sphere without a top.
    bare = around._replace(top=np.zeros_like(around.top))
    firsts = {
        float(best[2]): best
        for seen in (around, bare)
        for best in [min(tried, key=lambda p: float(np.sum(_residual(seen, p) ** 2)))]
    }
    likely = [one for one in firsts.values() if _misfit(around, one) <= _FIRST_MISFIT * misfit]
    if not likely:
        return None
    lower = [*(start - _REACH_NM), smallest_nm / 2, min(_BLUR_NM[0], blur / 2)]
    upper = [*(start + _REACH_NM), 1.5 * largest_nm, max(_BLUR_NM[1], 2 * blur)]
    fits = [
        optimize.least_squares(
            lambda p: _residual(around, p),
            first,
            bounds=(lower, upper),
            xtol=_TOLERANCE,
            max_nfev=_EVALUATIONS,
        )
        for first in likely
    ]
    best = min(fits, key=lambda fit: float(fit.cost)).x
    left = _misfit(around, best)
    return _described(around, best, left) if left <= misfit else None


def _described(around: Surroundings, p: Array, misfit: float) -> Dome:
    full = _with_heights(around, p)
    covariance, alone = _covariance(around, full)
    return Dome(
        y=float(p[0]),
        x=float(p[1]),
        diameter=float(p[2]),
        per_nm=float(full[4]),
        base=float(full[5]),
        diameter_uncertainty=float(np.sqrt(covariance[2, 2])),
        per_nm_uncertainty=float(np.sqrt(covariance[4, 4])),
        significance=float(full[4]) / alone,
        misfit=misfit,
    )


def _with_heights(around: Surroundings, p: Array) -> Array:
    parts = _parts(around, p)
    return np.concatenate([p, optimize.nnls(parts, around.signal[around.allowed])[0]])


def _misfit(around: Surroundings, p: Array) -> float:
    """Root mean square of what is left in the dot, over its height; infinite if there is none."""
    full = _with_heights(around, p)
    left = (around.signal - _model(around, full))[_inside(around, p) & around.allowed]
    height = full[4] * p[2]
    return float(np.sqrt(np.mean(left**2)) / height) if left.size and height > 0 else np.inf


def _parts(around: Surroundings, p: Array) -> Array:
    """Sphere, flat top and support for given place, diameter and blur: columns over pixels."""
    path = sphere(around.signal.shape, around.spacing, p[:2], p[2], p[3])
    parts = [path, around.top, np.ones_like(path)]
    return np.stack([part[around.allowed] for part in parts], axis=1)


def _residual(around: Surroundings, p: Array) -> Array:
    parts, wanted = _parts(around, p), around.signal[around.allowed]
    left = wanted - parts @ optimize.nnls(parts, wanted)[0]
    doubt = np.log(p[3] / (_PROBE * around.smoothing_nm)) / _PROBE_SPREAD
    return np.append(left, _PRIOR_WEIGHT * np.abs(wanted).max(initial=0.0) * doubt)


def _model(around: Surroundings, full: Array) -> Array:
    path = sphere(around.signal.shape, around.spacing, full[:2], full[2], full[3])
    return np.asarray(full[4] * path + full[5] * around.top + full[6])


def _covariance(around: Surroundings, full: Array) -> tuple[Array, float]:
    """Of all seven numbers, with what is left over as the noise of each pixel.

    The second is the standard uncertainty of the signal per nm alone, all else held.
    """
    base = _model(around, full)[around.allowed]
    steps = _STEP * np.maximum(np.abs(full), 1e-3 * np.abs(base).max())
    moved = [_model(around, full + row)[around.allowed] for row in np.diag(steps)]
    jacobian = (np.stack(moved, axis=1) - base[:, None]) / steps
    left = around.signal[around.allowed] - base
    prior = np.zeros(full.size)
    prior[3] = _PRIOR_WEIGHT * np.abs(around.signal[around.allowed]).max()
    prior[3] /= _PROBE_SPREAD * full[3]
    inverse = np.linalg.pinv(jacobian.T @ jacobian + np.diag(prior**2))
    alike = max(4 * np.pi * around.smoothing_nm**2 / around.spacing.prod(), 1.0)
    scattered = (jacobian * left[:, None] ** 2).T @ jacobian
    covariance = inverse @ (alike * scattered + np.diag(prior**2)) @ inverse
    alone = np.sqrt(alike * scattered[4, 4]) / max(
        (jacobian[:, 4] ** 2).sum(), np.finfo(float).tiny
    )
    return covariance, max(float(alone), np.finfo(float).tiny)


def _inside(around: Surroundings, p: Array) -> Mask:
    rows, columns = np.indices(around.signal.shape)
    distance = np.hypot(rows * around.spacing[0] - p[0], columns * around.spacing[1] - p[1])
    return np.asarray(distance <= p[2] / 2 + p[3])
