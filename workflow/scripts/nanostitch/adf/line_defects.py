"""Line defects: lines inside a crystal across which its lattice is displaced.

A planar fault seen edge-on, such as one more plane of CsBr in CsPbBr3 (Ruddlesden-Popper), is a
line at which the phases of the lattice planes jump, while orientation and spacing stay.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from nanostitch.adf import phase_jump
from nanostitch.adf.phase_jump import Crystal, Jumps

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NORMALS = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Planes, in multiples of the two shortest reflections, that a fault may lie on: faults lie on
planes of low index, where few bonds are broken."""
_AVERAGED = 1.5
"""Length along the line over which one change is averaged, in longest plane distances."""
_QUARTILE = 0.3186
"""Standard deviations of a normal distribution below which a quarter of all magnitudes lie."""
_NOISIEST = 0.5
"""Scatter of a phase [rad] above which a reflection tells nothing about jumps."""
_APART = 2.0
"""Lines nearer than this many plane distances are one: half of the depth over which each side is
averaged, and a cell for the line itself."""


class Defect(NamedTuple):
    """One line defect; lengths in nm, direction in degree; ``shift`` (y, x) and its errors.

    ``along`` and ``across`` are (share, standard error); ``strength`` is the mean of 1 - cos of
    the jumps, from 0 to 2; ``rotation`` between both sides [degree].
    """

    y: float
    x: float
    position_error: float
    normal: float
    length: float
    length_error: float
    shift: Array
    shift_error: Array
    along: tuple[float, float]
    across: tuple[float, float]
    strength: float
    rotation: float
    at_edge: bool


class _Line(NamedTuple):
    """Points (t, s) of a ridge, of one normal."""

    plane: tuple[int, int]
    jumps: Jumps
    t: Ints
    s: Ints
    score: Array


def find(
    crystal: Crystal, *, least_shift: float, shortest_nm: float, largest_rotation_degree: float
) -> tuple[list[Defect], bool]:
    """Line defects of one domain.

    Parameters
    ----------
    crystal
        The domain; its two reflections are the basis of all others.
    least_shift
        Least displacement, as a share of a plane distance [1].
    shortest_nm
        Least length [nm].
    largest_rotation_degree
        Rotation between both sides above which a line is a tilt boundary and no line defect.

    Returns
    -------
    tuple
        Defects, strongest first, and whether phases were good enough to search.
    """
    phases = phase_jump.lock_in(crystal)
    longest = phases.blur / phase_jump.WINDOW
    fields = {
        plane: phase_jump.jumps(phases, _unit(phases.reflections, plane), _AVERAGED * longest)
        for plane in NORMALS
    }
    scatter = _scatter(fields)
    used = scatter < _NOISIEST
    if not used.any():
        return [], False
    least = (1 - np.cos(2 * np.pi * least_shift)) / used.size
    lines = [
        line
        for plane, field in fields.items()
        for line in _ridges(plane, field, used, least, shortest_nm)
    ]
    lines.sort(key=lambda line: -_weight(line))
    kept: list[_Line] = []
    for line in lines:
        if all(_apart(line, other, _APART * longest) for other in kept):
            kept.append(line)
    found = [_defect(line, phases.reflections, scatter, _AVERAGED * longest) for line in kept]
    return [
        defect
        for defect in found
        if abs(defect.rotation) <= largest_rotation_degree
        and _largest_share(defect, phases.reflections) >= least_shift
        and defect.length >= shortest_nm
    ], True


def _unit(reflections: Array, plane: tuple[int, int]) -> Array:
    """Unit vector (y, x) across a plane."""
    g = plane[0] * reflections[0] + plane[1] * reflections[1]
    unit: Array = g / np.hypot(*g)
    return unit


def _scatter(fields: dict[tuple[int, int], Jumps]) -> Array:
    """Standard deviation of the jumps of each reflection where there is none.

    By the lower quartile: a line disturbs up to half of a small crystal.
    """
    values = [field.jump.reshape(len(field.jump), -1) for field in fields.values()]
    together = np.abs(np.concatenate(values, axis=1))
    if not np.isfinite(together).any():
        return np.full(len(together), np.inf)
    return np.maximum(np.nanquantile(together, 0.25, axis=1) / _QUARTILE, 1e-3)


def _ridges(
    plane: tuple[int, int], field: Jumps, used: Mask, least: float, shortest_nm: float
) -> list[_Line]:
    """Runs along s of points where the jumps are largest across t, and large enough."""
    score = (1 - np.cos(field.jump[used])).sum(axis=0) / used.size
    known = np.nan_to_num(score, nan=0.0)
    reach = max(int(round(0.5 / field.step)), 1)
    highest = ndimage.maximum_filter1d(known, 2 * reach + 1, axis=0)
    ridge = (known >= highest) & (known > least)
    # Steps across a flat top, as wide as the gap of the windows, do not break a line.
    broad = ndimage.binary_dilation(ridge, np.ones((2 * reach + 1, 5), bool))
    label, count = ndimage.label(broad, np.ones((3, 3)))
    lines = []
    for number in range(1, count + 1):
        t, s = np.nonzero((label == number) & ridge)
        if t.size and (np.ptp(s) + 1) * field.step >= 0.5 * shortest_nm:
            lines.append(_Line(plane, field, t, s, known[t, s]))
    return lines


def _weight(line: _Line) -> float:
    """Score along a line, less for one that strays across its normal: seen along a wrong one."""
    return float(np.unique(line.s).size * line.score.mean() / (1.0 + line.t.std()))


def _apart(line: _Line, other: _Line, distance: float) -> bool:
    """Whether a line keeps a distance from another: if not, it is that one's shadow."""
    one, two = (
        np.stack([field.y[each.t, each.s], field.x[each.t, each.s]], axis=1)
        for each, field in ((line, line.jumps), (other, other.jumps))
    )
    return bool(cKDTree(two).query(one)[0].min() > distance)


def _defect(line: _Line, reflections: Array, scatter: Array, averaged_nm: float) -> Defect:
    """Place, length, displacement and rotation of a line by the points of its ridge."""
    field, step = line.jumps, line.jumps.step
    unit = _unit(reflections, line.plane)
    points = np.stack([field.y[line.t, line.s], field.x[line.t, line.s]], axis=1)
    across = np.average(points @ unit, weights=line.score)
    ends = np.quantile(line.s, [0.0, 1.0])
    length = float(ends[1] - ends[0] + 1) * step
    independent = max(length / averaged_nm, 1.0)
    along = np.array([-unit[1], unit[0]])
    span = points @ along
    place = across * unit + 0.5 * (span.min() + span.max()) * along
    jump = field.jump[:, line.t, line.s]
    mean = np.angle(np.exp(1j * jump).sum(axis=1))
    spread = np.angle(np.exp(1j * (jump - mean[:, None])))
    error = np.maximum(spread.std(axis=1), scatter) / np.sqrt(independent)
    slope = _slope(span, spread)
    seen = reflections @ unit
    rotation = float((slope * seen).sum() / (2 * np.pi * (seen**2).sum()))
    shift, shift_error = _shortest(-mean / (2 * np.pi), error / (2 * np.pi), reflections)
    shares = _shares(line.plane, shift, error / (2 * np.pi), reflections)
    known = np.isfinite(field.jump[0])
    rows = np.flatnonzero(known[:, int(np.median(line.s))])
    middle = int(np.median(line.t))
    return Defect(
        y=float(place[0]),
        x=float(place[1]),
        position_error=float(
            np.hypot((points @ unit).std() / np.sqrt(independent), step / np.sqrt(12))
        ),
        normal=float(np.degrees(np.arctan2(unit[0], unit[1])) % 180.0),
        length=length,
        length_error=float(np.hypot(averaged_nm / np.sqrt(12), step)),
        shift=shift,
        shift_error=shift_error,
        along=shares[0],
        across=shares[1],
        strength=float(line.score.mean()),
        rotation=float(np.degrees(rotation)),
        at_edge=bool(rows.size and min(middle - rows[0], rows[-1] - middle) * step < step),
    )


def _slope(span: Array, spread: Array) -> Array:
    """Slope of each reflection's jump along the line [rad/nm]."""
    away = span - span.mean()
    total = float((away**2).sum())
    slope: Array = spread @ away / total if total > 0 else np.zeros(len(spread))
    return slope


def _shortest(share: Array, error: Array, reflections: Array) -> tuple[Array, Array]:
    """Shortest displacement (y, x) [nm] of those that differ by a period, and its errors."""
    inverse = np.linalg.inv(reflections)
    cells = np.mgrid[-2:3, -2:3].reshape(2, -1).T
    vectors = (share + cells) @ inverse.T
    best: Array = vectors[int(np.argmin(np.round(np.hypot(*vectors.T), 6)))]
    spread: Array = np.sqrt((inverse**2) @ error**2)
    return best, spread


def _shares(
    plane: tuple[int, int], shift: Array, error: Array, reflections: Array
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Displacement along the line and across it as shares of periods (each with its error).

    The period along is the shortest lattice vector in the line; across, it is the distance of the
    planes that the line lies on.
    """
    inverse = np.linalg.inv(reflections)
    in_line = -plane[1] * inverse[:, 0] + plane[0] * inverse[:, 1]
    period = float(np.hypot(*in_line))
    direction = in_line / period**2
    along, across = float(direction @ shift), float(np.array(plane) @ (reflections @ shift))
    errors = np.hypot(*((direction @ inverse) * error)), np.hypot(*(np.array(plane) * error))
    return (abs(along), float(errors[0])), (abs(across), float(errors[1]))


def _largest_share(defect: Defect, reflections: Array) -> float:
    """Largest displacement of either set of planes as a share of their distance."""
    share = reflections @ defect.shift
    return float(np.max(np.abs(share - np.round(share))))
