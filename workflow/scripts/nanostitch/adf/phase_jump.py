"""Phases of a crystal's lattice planes and where they jump across a line.

Geometric phase analysis of one domain: each reflection is cut out of the spectrum of the image by
a Gaussian and shifted to zero, so that the phase of what remains says how far the planes are
displaced (Hytch, Snoeck & Kilaas, Ultramicroscopy 74 (1998) 131,
doi:10.1016/S0304-3991(98)00035-7).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Mask = NDArray[np.bool_]

WINDOW = 0.65
"""Standard deviation of the Gaussian around each pixel in longest plane distances: the next
reflection is damped to e^-8 of itself, and a jump is seen within one cell."""
_STEPS = 2.0
"""Points in that standard deviation."""
_GAP = 1.5
"""Distance of either side's window from the line, in that standard deviation."""
_DEPTH = 3.0
"""Depth of either side's window in longest plane distances."""
_REFINEMENTS = 2
"""Of a reflection, each of which leaves a tenth of its error or less."""
_FILLED = 0.6
"""Share of a window that must be crystal."""


class Crystal(NamedTuple):
    """One domain: part of the image, where it is crystal, pixel size and origin [nm].

    ``reflections`` holds a row (y, x) [1/nm] for each reflection that is locked in to.
    """

    image: Array
    inside: Mask
    spacing: tuple[float, float]
    origin: tuple[float, float]
    reflections: Array


class Phases(NamedTuple):
    """Locked-in signal of each reflection ``(reflection, y, x)`` on a coarse grid.

    ``inside`` is the share of crystal; ``step`` and ``blur`` are in nm; ``reflections`` are as
    refined; ``origin`` (y, x) [nm] is that of the grid.
    """

    signal: Complex
    inside: Array
    step: float
    blur: float
    reflections: Array
    origin: tuple[float, float]


class Jumps(NamedTuple):
    """Change of phase across lines of one normal.

    ``jump`` (reflection, t, s) [rad] is NaN where a side is not crystal; ``weight`` (t, s) is the
    product of amplitudes; ``y`` and ``x`` (t, s) are places [nm]; t is along the normal.
    """

    jump: Array
    y: Array
    x: Array
    step: float


def lock_in(crystal: Crystal) -> Phases:
    """Phases of all reflections, which are refined so that phases are level on average.

    Parameters
    ----------
    crystal
        One domain of the image.
    """
    longest = 1.0 / float(np.hypot(*crystal.reflections.T).min())
    blur = WINDOW * longest
    inside = crystal.inside.astype(float)
    mean = float(crystal.image[crystal.inside].mean())
    flat = np.where(crystal.inside, crystal.image - mean, 0.0)
    grid = _Grid.of(crystal, blur)
    share = np.maximum(grid.low_pass(inside, np.zeros(2)).real, 1e-6)
    found, refined = [], []
    for g in crystal.reflections:
        for _ in range(_REFINEMENTS):
            signal = grid.low_pass(flat, g)
            g = g + _slope(signal, share, grid.step)
        refined.append(g)
        found.append(grid.low_pass(flat, g) / share)
    return Phases(np.array(found), share, grid.step, blur, np.array(refined), crystal.origin)


class _Grid(NamedTuple):
    """Coarse grid on which what passes the Gaussian is sampled."""

    shape: tuple[int, int]
    fine: tuple[float, float]
    step: float
    blur: float

    @classmethod
    def of(cls, crystal: Crystal, blur: float) -> "_Grid":
        step = blur / _STEPS
        sides = (n * d for n, d in zip(crystal.image.shape, crystal.spacing, strict=True))
        rows, columns = (int(np.ceil(side / step)) + 1 for side in sides)
        return cls((rows, columns), crystal.spacing, step, blur)

    def low_pass(self, image: Array, g: Array) -> Complex:
        """Image times exp(-2 pi i g r), averaged by the Gaussian at each point."""
        along = [
            self._kernel(size, points, spacing, wave)
            for size, points, spacing, wave in zip(
                image.shape, self.shape, self.fine, g, strict=True
            )
        ]
        passed: Complex = along[0] @ image @ along[1].T
        return passed

    def _kernel(self, size: int, points: int, spacing: float, wave: float) -> Complex:
        at = spacing * np.arange(size)
        away = self.step * np.arange(points)[:, None] - at
        bell = np.exp(-0.5 * (away / self.blur) ** 2) * spacing / (np.sqrt(2 * np.pi) * self.blur)
        kernel: Complex = bell * np.exp(-2j * np.pi * wave * at)
        return kernel


def _slope(signal: Complex, inside: Array, step: float) -> Array:
    """Usual gradient of the phase (y, x) [1/nm]: the median, which a line does not move."""
    slopes = np.zeros(2)
    for axis in (0, 1):
        low, high = (np.delete(np.arange(signal.shape[axis]), k) for k in (-1, 0))
        pair = np.take(signal, high, axis) * np.take(signal, low, axis).conj()
        seen = np.minimum(np.take(inside, high, axis), np.take(inside, low, axis)) > _FILLED
        if seen.any():
            pair = pair[seen]
            mean = pair.sum()
            away = np.angle(pair * np.conj(mean))
            slopes[axis] = (np.angle(mean) + np.median(away)) / (2 * np.pi * step)
    return slopes


def jumps(phases: Phases, normal: Array, length_nm: float) -> Jumps:
    """By how much phases change across lines, beyond what a smooth strain would change them.

    Parameters
    ----------
    phases
        Of one domain.
    normal
        Unit vector (y, x) across the lines.
    length_nm
        Length along the line over which each change is averaged [nm].
    """
    step, (rows, columns) = phases.step, phases.inside.shape
    reach = int(np.ceil(np.hypot(rows, columns) / 2)) + 1
    t, s = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    y = (rows - 1) / 2 + t * normal[0] - s * normal[1]
    x = (columns - 1) / 2 + t * normal[1] + s * normal[0]
    inside = ndimage.map_coordinates(phases.inside, [y, x], order=1) > _FILLED
    along = max(int(round(length_nm / step)) | 1, 1)
    gap = int(round(_GAP * phases.blur / step))
    longest = phases.blur / WINDOW
    depth = max(int(round(_DEPTH * longest / step)), 2)
    found = [
        _across(
            ndimage.map_coordinates(signal.real, [y, x], order=3)
            + 1j * ndimage.map_coordinates(signal.imag, [y, x], order=3),
            inside,
            gap,
            depth,
            along,
        )
        for signal in phases.signal
    ]
    return Jumps(np.array(found), phases.origin[0] + step * y, phases.origin[1] + step * x, step)


def _across(signal: Complex, inside: Mask, gap: int, depth: int, along: int) -> Array:
    """Change of phase between both sides of each point, less that of a slope common to both."""
    seen = np.where(inside, signal, 0.0)
    ones = inside.astype(float)
    pairs = np.where(inside[1:] & inside[:-1], signal[1:] * signal[:-1].conj(), 0.0)
    pairs = np.pad(pairs, ((0, 1), (0, 0)))
    before, after = -gap - depth + 1, gap
    sums = [_window(seen, first, depth, along) for first in (before, after)]
    filled = [_window(ones, first, depth, along).real for first in (before, after)]
    middle = [
        _window(ones * np.arange(ones.shape[0])[:, None], first, depth, along).real
        for first in (before, after)
    ]
    slope = np.angle(sum(_window(pairs, first, depth - 1, along) for first in (before, after)))
    full = _FILLED * depth * along
    both = (filled[0] > full) & (filled[1] > full)
    share = [np.maximum(f, 1.0) for f in filled]
    distance = middle[1] / share[1] - middle[0] / share[0]
    change = np.angle(sums[1] * sums[0].conj() * np.exp(-1j * slope * distance))
    return np.where(both, change, np.nan)


def _window(values: NDArray[Any], first: int, depth: int, along: int) -> Complex:
    """Sum over ``depth`` points from ``first`` on along t and ``along`` points about s."""
    summed = np.asarray(values, complex)
    for axis, size, start in ((0, depth, first), (1, along, -(along // 2))):
        total = np.cumsum(summed, axis=axis)
        total = np.insert(total, 0, 0, axis=axis)
        points = summed.shape[axis]
        low = np.clip(np.arange(points) + start, 0, points)
        high = np.clip(low + size + np.minimum(np.arange(points) + start, 0), 0, points)
        summed = np.take(total, np.maximum(high, low), axis) - np.take(total, low, axis)
    return summed
