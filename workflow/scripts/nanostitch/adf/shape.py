"""Area, sides and outline of single particles, finer than a pixel."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.measure import find_contours

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_BLUR_DEFICIT = 3.3
"""Area that a Gaussian blur takes from a convex half-level contour, over its variance.

A smooth contour moves inwards by half its curvature times the variance; the curvature of a closed
contour sums to 2 pi, so any smooth shape loses pi. Four right-angled corners lose 4 x 0.865 = 3.46
(0.865 is the integral over u > 0 of the v > 0 at which cdf(u) cdf(v) = 1/2). Crystals with rounded
corners lie between.
"""
_HALF_WIDTH = 1.177
"""Half the full width at half maximum of a Gaussian, over its standard deviation. A gap below the
full width is not seen between neighbours; either outline may lie anywhere within half of it."""
_MEDIAN_SPREAD = 1.253
"""Standard error of a median over that of a mean (normal noise, many values)."""


class Measures(NamedTuple):
    """One particle: lengths in nm, area in nm2, angle in degree, position from the window."""

    area: float
    area_uncertainty: float
    aspect_ratio: float
    solidity: float
    orientation: float
    centroid_y: float
    centroid_x: float
    edge_feret: float
    """Short side of the minimal rectangle."""
    edge_correction: float
    """What is added to the root of the area for what the blur takes at corners and bends."""
    free_outline: float
    """Share of the outline beyond which the signal falls below half, not to a neighbour."""


class Patch(NamedTuple):
    """What is needed of the image to measure one particle; arrays of one shape."""

    signal: Array
    whole: Mask
    """The particle, to the pixel."""
    basin: Mask
    """Where its outline may lie."""
    plateau: float
    """Signal in its middle; it ends at half of that."""


class Rectangle(NamedTuple):
    """Minimal rectangle: sides in nm, direction of the long one in degree."""

    long: float
    short: float
    angle: float


def corners(inside: Mask, spacing: Array) -> Array:
    """Corners (y, x) [nm] of the outermost pixels of each row of a mask."""
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    ends = [(rows + dy, end + dx) for dy in (0, 1) for end, dx in ((first, 0), (last, 1))]
    return np.concatenate([np.stack(end, axis=1) for end in ends]) * spacing


def minimal_rectangle(points: Array) -> Rectangle:
    """Rectangle of least area around points (y, x) [nm]; one side lies on the convex hull.

    Notes
    -----
    Freeman & Shapira, Commun. ACM 18 (1975) 409, doi:10.1145/360881.360919. The angle is
    counter-clockwise from x in the picture, where y points down, from 0 to below 180 degree.
    """
    hull = points[ConvexHull(points).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    angles = np.unique(np.arctan2(-sides[:, 0], sides[:, 1]) % (np.pi / 2))
    along = np.stack([-np.sin(angles), np.cos(angles)])
    across = np.stack([np.cos(angles), np.sin(angles)])
    length, width = np.ptp(hull @ along, axis=0), np.ptp(hull @ across, axis=0)
    best = int(np.argmin(length * width))
    turned = bool(width[best] > length[best])
    angle = float(np.degrees(angles[best])) + 90.0 * turned
    sides_nm = sorted((float(length[best]), float(width[best])))
    return Rectangle(sides_nm[1], sides_nm[0], angle % 180.0)


def membership(signal: Array, level: float, allowed: Mask) -> Array:
    """Share of each pixel that lies inside the contour at a level, within the allowed pixels.

    The distance of a pixel's centre to the contour, in pixels along the gradient, is the
    signal above the level over the gradient; the contour cuts those within half a pixel.
    """
    slope = np.hypot(*np.gradient(signal))
    above = signal - level
    distance = np.divide(above, slope, out=np.sign(above) * np.inf, where=slope > 0)
    share: Array = np.where(allowed, np.clip(distance + 0.5, 0.0, 1.0), 0.0)
    return share


def outline(share: Array, spacing: Array) -> Array:
    """Longest closed contour (y, x) [nm] at which a membership is one half.

    The frame of the window is outside; coordinates count from the first pixel's centre.
    """
    contours = find_contours(np.pad(share, 1), 0.5)
    longest = max(contours, key=len, default=np.empty((0, 2)))
    points: Array = (longest - 1) * spacing
    return points


def enclosed_area(points: Array) -> float:
    """Area of a closed polygon by the surveyor's formula."""
    y, x = points.T
    return float(abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1))) / 2)


def measure(patch: Patch, spacing: Array, *, noise: float, correlation_nm: float) -> Measures:
    """Measure one particle.

    Parameters
    ----------
    patch
        The particle's part of the image with a margin of one pixel.
    spacing
        Pixel size along y and x [nm].
    noise
        Standard deviation of the signal on the support.
    correlation_nm
        Length along the outline over which noise is the same [nm].
    """
    level = patch.plateau / 2
    ring = ndimage.binary_dilation(patch.whole) & ~patch.whole
    allowed = (patch.whole | ring) & patch.basin
    inner = ndimage.binary_erosion(patch.whole)
    share = np.maximum(membership(patch.signal, level, allowed), inner)
    points = outline(share, spacing)
    hull, rectangle = ConvexHull(points), minimal_rectangle(points)
    free = float(np.mean(patch.signal[ring] < level)) if ring.any() else 0.0
    slope = _edge_slope(patch, ring, spacing)
    blur = patch.plateau / (np.sqrt(2 * np.pi) * slope)
    correlation = max(correlation_nm, float(spacing.max()))
    chance = _chance(patch, spacing, noise, correlation, hull.area) / slope
    hidden = (1.0 - free) * hull.area * _HALF_WIDTH * blur / np.sqrt(3)
    rows, columns = np.indices(share.shape)
    bare = float(share.sum() * spacing.prod())
    area = bare + free * _BLUR_DEFICIT * blur**2
    return Measures(
        area=area,
        area_uncertainty=float(np.hypot(chance, hidden)),
        aspect_ratio=rectangle.long / rectangle.short,
        solidity=min(enclosed_area(points) / float(hull.volume), 1.0),
        orientation=rectangle.angle,
        centroid_y=float((share * rows).sum() / share.sum() * spacing[0]),
        centroid_x=float((share * columns).sum() / share.sum() * spacing[1]),
        edge_feret=rectangle.short,
        edge_correction=float(np.sqrt(area) - np.sqrt(bare)),
        free_outline=free,
    )


def _chance(
    patch: Patch, spacing: Array, noise: float, correlation_nm: float, perimeter_nm: float
) -> float:
    """Uncertainty by noise of the signal summed along the outline [signal times nm].

    Noise moves each stretch of the outline by itself (half of it lies on the support, half on
    the particle), and the level at which the particle ends moves all of it together.
    """
    depth = ndimage.distance_transform_edt(patch.whole, sampling=spacing)
    scatter = float(patch.signal[depth >= depth.max() / 2].std())
    own = np.hypot(noise, scatter) / np.sqrt(2) * np.sqrt(perimeter_nm * correlation_nm)
    cells = max(patch.whole.sum() * spacing.prod() / correlation_nm**2, 1.0)
    together = 0.5 * _MEDIAN_SPREAD * scatter / np.sqrt(cells) * perimeter_nm
    return float(np.hypot(own, together))


def _edge_slope(patch: Patch, ring: Mask, spacing: Array) -> float:
    """Median fall of the signal per nm where the particle ends, at least that of a blur its size.

    Without the bound a particle that fades into the next one would have an endless blur.
    """
    rim = (patch.whole & ~ndimage.binary_erosion(patch.whole)) | ring
    slope = float(np.median(np.hypot(*np.gradient(patch.signal, *spacing))[rim]))
    size = float(np.sqrt(patch.whole.sum() * spacing.prod()))
    return max(slope, patch.plateau / size)
