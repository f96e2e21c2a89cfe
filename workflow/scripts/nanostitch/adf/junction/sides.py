"""Lattice on one side of a line: directions, phases and amplitudes of its waves, fitted at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Waves = NDArray[np.complex128]
Mask = NDArray[np.bool_]

MULTIPLES = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [2, 0], [0, 2]])
"""Reflections looked at, in multiples of the two basis vectors: the strongest of a perovskite."""
_TURNS = np.radians(np.arange(-4.0, 4.01, 1.0))
"""Turns from the mean of its domain that a side may have [rad]: one lattice over 8 nm shows as many
as 4 degree wide, so that the fit finds its way from the nearest."""
_ROUNDS = 10
"""Steps of Gauss and Newton at most; most fits settle after four."""
_SETTLED = 1e-5
"""Change of a vector over its length after which a fit has settled: 0.0006 degree."""
_LARGEST_STEP = 0.02
"""Largest change of a vector in one step, over its length: keeps within one fringe of a side."""
_FEWEST_PERIODS = 3.0
"""Area of a side, in squares of the longest spacing, from which a lattice can be told."""
_FEWEST_BLOCKS = 60
"""Blocks from which a side is fitted: three for each of the 19 numbers of the fit."""
_HELD = 1e-6
"""Weight that keeps nearly dependent columns of a fit finite, over that of each column."""
_SMALLEST_SHARE = 1e-3
"""Amplitude over that of the strongest wave below which it carries no logarithm."""


@dataclass(frozen=True)
class Picture:
    """Image in square blocks of pixels: ``values`` (y, x), their middles [nm], spacing [nm]."""

    values: Floats
    y: Floats
    x: Floats

    @property
    def step(self) -> tuple[float, float]:
        """Spacing of the blocks along y and x [nm]."""
        return float(self.y[1] - self.y[0]), float(self.x[1] - self.x[0])


@dataclass(frozen=True)
class Line:
    """Straight line between two crystals: middle [nm], normal [rad, x towards y], length [nm]."""

    y: float
    x: float
    normal: float
    length: float

    def across(self) -> Floats:
        """Unit vector (y, x) along the normal."""
        return np.array([np.sin(self.normal), np.cos(self.normal)])

    def along(self) -> Floats:
        """Unit vector (y, x) along the line."""
        return np.array([np.cos(self.normal), -np.sin(self.normal)])

    def ends(self) -> Floats:
        """Both ends, a row (y, x) each [nm]."""
        half = self.along() * self.length / 2
        return np.array([self.y, self.x]) + np.stack([-half, half])


@dataclass(frozen=True)
class Side:
    """Lattice of one side, relative to the middle of the line.

    ``basis`` holds g1 and g2 as rows (y, x) [nm-1], ``waves`` the complex amplitude of each of
    :data:`MULTIPLES`, ``covariance`` is that of (basis by rows [nm-1], phase of each wave [rad]),
    ``log_error`` the standard uncertainty of the logarithm of each amplitude, ``level`` the mean
    signal over the support, ``explained`` the share of its variance that the waves explain.
    """

    basis: Floats
    waves: Waves
    covariance: Floats
    log_error: Floats
    level: float
    explained: float


@dataclass(frozen=True)
class Points:
    """Blocks of a side: place (y, x) from the middle of the line [nm], signal, row of the scan."""

    place: Floats
    signal: Floats
    row: NDArray[np.intp]


def points(
    image: Picture, inside: Mask, line: Line, sign: int, nearest: float, farthest: float
) -> Points:
    """Blocks beside a line, at distances from nearest to farthest [nm] on one side.

    Parameters
    ----------
    image
        The image.
    inside
        Blocks that belong to crystals, dims ``(y, x)``.
    line
        The line.
    sign
        1 for the side that the normal points to, -1 for the other.
    nearest, farthest
        Distances from the line [nm].
    """
    reach = np.hypot(line.length / 2, farthest)
    rows = _within(image.y, line.y, reach)
    columns = _within(image.x, line.x, reach)
    y = image.y[rows][:, None] - line.y
    x = image.x[columns][None, :] - line.x
    (ny, nx), (ty, tx) = line.across(), line.along()
    far = sign * (ny * y + nx * x)
    chosen = (far >= nearest) & (far <= farthest) & (np.abs(ty * y + tx * x) <= line.length / 2)
    chosen &= inside[rows, columns]
    place = np.stack([np.broadcast_to(v, chosen.shape)[chosen] for v in (y, x)], axis=1)
    return Points(place, image.values[rows, columns][chosen], np.nonzero(chosen)[0])


def _within(axis: Floats, middle: float, reach: float) -> slice:
    first, last = np.searchsorted(axis, [middle - reach, middle + reach])
    return slice(int(first), int(last))


def fit(of: Points, start: Floats, support: float) -> Side | None:
    """Lattice of a side by least squares; None where too little of it is seen.

    Parameters
    ----------
    of
        Blocks of the side.
    start
        Basis of its domain: g1 and g2 as rows (y, x) [nm-1].
    support
        Signal beside the crystals.

    Notes
    -----
    The signal is a plane plus the waves of :data:`MULTIPLES`; vectors and amplitudes are fitted
    together, which uses all that a small side holds and lets nothing of the other side in, as the
    window of a Fourier transform would. Errors take rows of the scan as independent and blocks in
    one as not, since jitter moves a row as a whole (sandwich estimator).
    """
    period = 1 / np.hypot(*start.T).min()
    extent = np.ptp(of.place, axis=0) if of.signal.size else np.zeros(2)
    if of.signal.size < _FEWEST_BLOCKS or np.prod(extent) < (_FEWEST_PERIODS * period) ** 2:
        return None
    basis = _turned_best(of, start)
    for _ in range(_ROUNDS):
        waves, design, linear, residual = _linear(of, basis)
        slopes = _slopes(of, basis, waves)
        step = _solved(np.hstack([design, slopes]), residual)
        change = step[-4:].reshape(2, 2)
        size = np.hypot(*change.T).max() / np.hypot(*basis.T).min()
        basis = basis + change * min(1.0, _LARGEST_STEP / max(size, 1e-12))
        if size < _SETTLED:
            break
    waves, design, linear, residual = _linear(of, basis)
    covariance, log_error = _errors(of, basis, waves, design, residual)
    level = float(linear[0]) - support
    explained = 1 - float(residual.var() / of.signal.var())
    return Side(basis, waves, covariance, log_error, level, explained)


def amplitude(of: Points, basis: Floats) -> float:
    """Amplitude of the waves of a basis in a strip: root of the sum of squares.

    Parameters
    ----------
    of
        Blocks of the strip.
    basis
        g1 and g2 as rows (y, x) [nm-1].
    """
    if of.signal.size < _FEWEST_BLOCKS:
        return float("nan")
    return float(np.linalg.norm(_linear(of, basis)[0]))


def _turned_best(of: Points, start: Floats) -> Floats:
    """Basis turned to where its waves hold most power."""
    weight = of.signal - of.signal.mean()
    power = []
    for turn in _TURNS:
        angles = 2 * np.pi * of.place @ (MULTIPLES[:4] @ turned(start, turn)).T
        power.append(float((np.abs(weight @ np.exp(-1j * angles)) ** 2).sum()))
    return turned(start, float(_TURNS[int(np.argmax(power))]))


def turned(vectors: Floats, angle: float) -> Floats:
    """Vectors (rows y, x) turned by an angle from x towards y [rad]."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(vectors @ np.array([[cos, -sin], [sin, cos]]))


def _linear(of: Points, basis: Floats) -> tuple[Waves, Floats, Floats, Floats]:
    """Amplitudes for given vectors: waves, design, plane and residual."""
    angles = 2 * np.pi * of.place @ (MULTIPLES @ basis).T
    plane = np.column_stack([np.ones(len(of.place)), of.place])
    design = np.hstack([plane, np.cos(angles), np.sin(angles)])
    solved = _solved(design, of.signal)
    count = len(MULTIPLES)
    waves = solved[3 : 3 + count] - 1j * solved[3 + count :]
    return waves, design, solved[:3], of.signal - design @ solved


def _solved(design: Floats, values: Floats) -> Floats:
    """Least squares by the normal equations; columns are waves and planes, of size about one."""
    normal = design.T @ design
    size = 1 / np.sqrt(np.maximum(np.diag(normal), np.finfo(float).tiny))
    # Planes that a short side hardly parts from a wave are held by a millionth of their weight.
    scaled = normal * np.outer(size, size) + _HELD * np.eye(size.size)
    return np.asarray(size * np.linalg.solve(scaled, size * (design.T @ values)))


def _slopes(of: Points, basis: Floats, waves: Waves) -> Floats:
    """Derivatives of the signal by the four components of the basis (g1_y, g1_x, g2_y, g2_x)."""
    angles = 2 * np.pi * of.place @ (MULTIPLES @ basis).T
    turning = -np.imag(waves * np.exp(1j * angles))
    by_vector = 2 * np.pi * turning @ MULTIPLES
    return np.column_stack(
        [by_vector[:, vector] * of.place[:, axis] for vector in (0, 1) for axis in (0, 1)]
    )


def _errors(
    of: Points, basis: Floats, waves: Waves, design: Floats, residual: Floats
) -> tuple[Floats, Floats]:
    """Covariance of (basis, phases) and errors of the logarithms of the amplitudes."""
    full = np.hstack([design, _slopes(of, basis, waves)])
    inverse = np.linalg.pinv(full.T @ full)
    scores = np.zeros((int(of.row.max()) + 1, full.shape[1]))
    np.add.at(scores, of.row, full * residual[:, None])
    count = max(int((np.abs(scores).sum(axis=1) > 0).sum()), 2)
    spread = inverse @ (scores.T @ scores) @ inverse * count / (count - 1)
    size = np.maximum(np.abs(waves), _SMALLEST_SHARE * np.abs(waves).max())
    number = len(MULTIPLES)
    unit = waves / size
    to_phase = np.zeros((4 + number, full.shape[1]))
    to_phase[:4, -4:] = np.eye(4)
    to_size = np.zeros((number, full.shape[1]))
    for i in range(number):
        # A wave is a - ib with a, b the coefficients of cosine and sine.
        to_size[i, [3 + i, 3 + number + i]] = unit[i].real / size[i], -unit[i].imag / size[i]
        to_phase[4 + i, [3 + i, 3 + number + i]] = -unit[i].imag / size[i], -unit[i].real / size[i]
    covariance = to_phase @ spread @ to_phase.T
    log_error = np.sqrt(np.diag(to_size @ spread @ to_size.T))
    return covariance, log_error
