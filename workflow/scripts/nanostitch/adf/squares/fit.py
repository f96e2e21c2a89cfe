"""Joint fit of blurred rectangles to an image of crystals, and the blur itself."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.squares import kernels
from nanostitch.compiled import compiled

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SWEEPS = 8
_REWEIGHTED = 3
_FEWEST_BARE = 1000
_SETTLED = 0.02
"""A rectangle that moved by less than this share of a pixel is settled."""
_LONGEST_STEP = 1.0
"""Of one iteration, in standard deviations of the blur: farther, the model is not linear."""
_MOST = 128
_MAD_TO_SD = 1.4826
_MEDIAN_SPREAD = 1.253
"""Standard error of a median over that of a mean (normal noise, many values)."""


class Blur(NamedTuple):
    """Standard deviation of the blur with half a pixel's width in it, and its uncertainty [nm]."""

    value: float
    uncertainty: float


class Noise(NamedTuple):
    """Noise of a flattened image: even, and what grows with the signal (counting)."""

    support: float
    """Variance of a pixel of the support."""
    slope: float
    """Variance that each unit of signal adds."""
    finite: Mask
    """Pixels that were seen."""
    bare: Mask
    """Pixels of bare support, away from all that is seen on it."""

    def cut(self, window: tuple[slice, slice]) -> "Noise":
        """Noise of a part of the image."""
        return self._replace(finite=self.finite[window], bare=self.bare[window])

    def variance(self, signal: Single) -> Single:
        """Variance of each pixel by its signal; 0 where it was not seen."""
        variance = np.maximum(signal, np.float32(0)) * np.float32(self.slope)
        variance += np.float32(self.support)
        variance[~self.finite] = 0.0
        return variance


class Fit(NamedTuple):
    """Fitted rectangles; positions from the centre of the first pixel."""

    parameters: Array
    """(rectangle, 7): centre y, x, sides, angle, height, blur; see ``kernels``."""
    normal: Array
    """(rectangle, 7, 7): normal matrix over the mean weighted square of the residual."""
    residual: Single
    """Image less all rectangles."""
    variance: Single
    """Variance of each pixel by the rectangles' signal; 0 where it was not seen."""


def joint(
    plane: Single,
    noise: Noise,
    start: Array,
    spacing: Array,
    *,
    sweeps: int = _SWEEPS,
    free: int = 6,
    variance: Single | None = None,
    active: Mask | None = None,
) -> Fit:
    """Fit all rectangles to the image, each in turn with the others held, until all are settled.

    Parameters
    ----------
    plane
        Flattened image with all its noise.
    noise
        Its noise; that of the rectangles' signal, not of the noisy image's, weighs the pixels.
    start
        Rectangles to start from, as in :class:`Fit`.
    spacing
        Sides of a pixel [nm].
    sweeps
        At most so many rounds.
    free
        6, or 7 if each rectangle finds its own blur.
    variance
        Of each pixel, where it is to be held; by default it follows the rectangles.
    active
        Which rectangles move; by default all.

    Notes
    -----
    Gauss-Newton in blocks (Gauss-Seidel): two crystals share only the blurred edges between them,
    so that few rounds do.
    """
    parameters, plane = start.copy(), plane.copy()
    residual = plane.copy()
    _subtract(residual, parameters, spacing)
    active = np.ones(len(parameters), bool) if active is None else active
    first = active
    held = variance is not None
    variance = noise.variance(plane - residual) if variance is None else variance
    for done in range(sweeps):
        if done == _REWEIGHTED and not held:
            _levelled(residual, plane, noise)
            variance = noise.variance(plane - residual)
            active = first
        moved = kernels.sweep(
            residual,
            variance,
            parameters,
            active,
            spacing,
            free,
            _LONGEST_STEP * float(np.median(parameters[:, 6])) if len(parameters) else 0.0,
        )
        active = moved > _SETTLED * float(spacing.min())
        if not active.any() and done > _REWEIGHTED:
            break
    return Fit(parameters, _normal(residual, variance, parameters, spacing), residual, variance)


def _levelled(residual: Single, plane: Single, noise: Noise) -> None:
    """Take what the bare support still shows off the residual and the image, in place.

    The tails of blurred crystals lift the support that was found before they were known.
    """
    bare = noise.bare & (np.abs(plane - residual) < 1e-3 * np.sqrt(noise.support))
    if bare.sum() >= _FEWEST_BARE:
        left = np.float32(residual[bare].mean(dtype=np.float64))
        residual -= left
        plane -= left


@compiled
def _subtract(residual: Single, parameters: Array, spacing: Array) -> None:
    for one in parameters:
        kernels.add(residual, one, spacing, -1.0)


@compiled
def _normal(residual: Single, variance: Single, parameters: Array, spacing: Array) -> Array:
    """Normal matrix of each rectangle over its mean weighted square, which is at least 1."""
    size = kernels.PARAMETERS
    found = np.zeros((parameters.shape[0], size, size))
    matrix, vector = np.empty((size, size)), np.empty(size)
    within = kernels.room(parameters, spacing, residual.shape, 0.0)
    for index in range(parameters.shape[0]):
        squares, count = kernels.normal_equations(
            residual, variance, parameters[index], spacing, size, matrix, vector, within
        )
        found[index] = matrix / max(squares / max(count - size, 1), 1.0)
    return found


def blur(plane: Single, noise: Noise, start: Array, spacing: Array, credible: Mask) -> Blur:
    """Blur of the edges: the median of those that each rectangle fits best with.

    Parameters
    ----------
    plane, noise, start, spacing
        See :func:`joint`; of a part of the image with about a hundred crystals.
    credible
        Which of the rectangles look like one.
    """
    placed = joint(plane, noise, start, spacing, sweeps=4)
    own = joint(plane, noise, placed.parameters, spacing, sweeps=6, free=7)
    sides = own.parameters[:, 2:4].min(axis=1)
    found = own.parameters[:, 6]
    good = credible & (found > 0.1 * spacing.min()) & (found < 0.3 * sides)
    if not good.any():
        return Blur(float(np.median(start[:, 6])) if len(start) else float(spacing.max()), np.inf)
    middle = float(np.median(found[good]))
    scatter = _MAD_TO_SD * float(np.median(np.abs(found[good] - middle)))
    return Blur(middle, _MEDIAN_SPREAD * scatter / float(np.sqrt(good.sum())))
