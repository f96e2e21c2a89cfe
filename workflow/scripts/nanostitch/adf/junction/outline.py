"""Outline of crystals in an image that resolves their lattice: bodies, and notches in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from nanostitch.adf.junction.sides import Line, Picture

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_SMOOTH_NM = 0.3
"""Standard deviation of the Gaussian that hides the lattice in the signal [nm]: planes 0.587 nm
apart keep 0.6 % of their contrast."""
_LEVEL = 0.4
"""Signal of an outline between support and crystal: somewhat below half, for thin crystals."""
_OPEN_SHARE = 0.01
"""Share of the image without lattice from which its signal is that of the support."""
_OPEN_LEVEL = 0.7
"""Signal of the support over that of crystals above which no support is in view."""
_CLEAR_NM = 0.6
"""Distance from a lattice beyond which the support is looked for [nm]: twice the blur."""
_RADIUS_NM = 1.0
"""Radius of the disc by which the outline is judged [nm]: a straight edge fills its half."""
_NOTCH = 0.6
"""Share of the disc filled at a notch: 0.75 where two facets meet at 270 degree, 0.6 for a step of
0.3 nm, half a cell, in a flat facet."""
_APART_NM = 1.2
"""Smallest distance of two notches [nm], about the radius of the disc."""
_STEP_NM = 0.1
"""Step along a line that is followed through a body [nm]."""
_RIM_NM = 0.45
"""Width of the rim of a body, where probe and rounding lower the signal [nm]."""
_FLANK_NM = 1.2
"""Distance from a line at which both crystals must be, so that it does not run along a facet."""
_BLIND_NM = 0.8
"""Part of the line at the notch that is not asked [nm]: there the outline is rounded."""


@dataclass(frozen=True)
class Outline:
    """Bodies of an image, their support and the notches in their outline.

    ``inside`` (y, x) are the bodies, ``core`` these without the blurred rim, ``support`` the
    signal beside them, ``notches`` places, rows (y, x) [nm]. ``has_support`` is False where
    crystals fill the image, which then has no outline.
    """

    inside: Mask
    core: Mask
    support: float
    notches: Floats
    has_support: bool


def outline(image: Picture, label: Ints) -> Outline:
    """Find the bodies of an image and the notches in their outline.

    Parameters
    ----------
    image
        The image.
    label
        Number of the domain of each block, 0 where no lattice is seen, dims ``(y, x)``.
    """
    smooth = ndimage.gaussian_filter(
        image.values, _SMOOTH_NM / np.array(image.step), mode="nearest"
    )
    crystal = float(np.median(smooth[label > 0]))
    open_places = ndimage.distance_transform_edt(label == 0, sampling=image.step) > _CLEAR_NM
    # The darkest quarter: ligands, strays and unresolved crystals are brighter than support.
    support = float(np.quantile(smooth[open_places], 0.25)) if open_places.any() else np.inf
    if open_places.mean() < _OPEN_SHARE or support > _OPEN_LEVEL * crystal:
        none = np.empty((0, 2))
        full = np.ones(label.shape, bool)
        return Outline(full, full, 0.0, none, False)
    inside = smooth > support + _LEVEL * (crystal - support)
    core = ndimage.distance_transform_edt(inside, sampling=image.step) > _RIM_NM
    return Outline(inside, core, support, _notches(image, inside), True)


def _notches(image: Picture, inside: Mask) -> Floats:
    """Places where the outline of the bodies is concave (rows y, x) [nm]."""
    reach = [int(np.ceil(_RADIUS_NM / step)) for step in image.step]
    y, x = (s * np.arange(-n, n + 1) for s, n in zip(image.step, reach, strict=True))
    disc = (np.hypot(y[:, None], x[None, :]) <= _RADIUS_NM).astype(float)
    filled = signal.fftconvolve(inside.astype(float), disc, mode="same")
    edge = inside & ~ndimage.binary_erosion(inside, border_value=1)
    share = np.where(edge, filled / disc.sum(), 0.0)
    sides = [max(1, round(2 * _APART_NM / step)) for step in image.step]
    top = share == ndimage.maximum_filter(share, size=sides, mode="nearest")
    whole_disc = np.zeros(inside.shape, bool)
    whole_disc[reach[0] : -reach[0], reach[1] : -reach[1]] = True
    rows, columns = np.nonzero(top & whole_disc & (share > _NOTCH))
    places = np.stack([image.y[rows], image.x[columns]], axis=1)
    kept: list[int] = []
    for i in range(len(places)):
        if all(np.hypot(*(places[i] - places[j])) > _APART_NM / 2 for j in kept):
            kept.append(i)
    return places[kept]


def blocks(image: Picture, places: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
    """Row and column of the blocks of places (rows y, x) [nm], and which lie in the image."""
    found, held = [], np.ones(len(places), bool)
    for axis, (values, step) in enumerate(zip((image.y, image.x), image.step, strict=True)):
        index = np.rint((places[:, axis] - values[0]) / step).astype(np.intp)
        held &= (index >= 0) & (index < values.size)
        found.append(np.clip(index, 0, values.size - 1))
    return found[0], found[1], held


def through(
    image: Picture, inside: Mask, start: Floats, angle: float, longest: float
) -> Line | None:
    """Line from a place through a body to its outline; None if it has no crystal on both sides.

    Parameters
    ----------
    image, inside
        Image and bodies.
    start
        Place (y, x) at the outline [nm].
    angle
        Direction of the line [rad, from x towards y].
    longest
        Length above which a line is none between two crystals [nm].
    """
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([along[1], -along[0]])
    away = np.arange(_BLIND_NM, longest + _STEP_NM, _STEP_NM)
    held = np.ones(away.size, bool)
    for side in (-_FLANK_NM, 0.0, _FLANK_NM):
        row, column, seen = blocks(image, start + away[:, None] * along + side * across)
        held &= seen & inside[row, column]
    if not held[0] or held.all():
        return None
    length = float(away[int(np.argmin(held))])
    middle = start + along * length / 2
    normal = float(np.arctan2(across[0], across[1]))
    return Line(float(middle[0]), float(middle[1]), normal, length)
