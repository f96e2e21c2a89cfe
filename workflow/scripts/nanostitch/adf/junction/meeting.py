"""How the lattices of two sides of a line meet: turn, miss, loss of step, planes that end."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.junction.sides import MULTIPLES, Line, Side, turned

Floats = NDArray[np.float64]

_ALIKE = 0.06
"""Strain between two projected lattices above which they are different projections. Assumed: scans
distort by up to 0.02, the square of [001] and the rectangle of [110] of a cube differ by 0.3."""
_SAME_TURNS = [
    np.array(m).reshape(2, 2)
    for m in product((-1, 0, 1), repeat=4)
    if m[0] * m[3] - m[1] * m[2] == 1
]
"""Other bases of one lattice, without its mirror images."""
_CELLS = np.stack(np.meshgrid(*[np.arange(24) / 24] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
"""Trial translations, in cells: six for the period of the shortest wave that is fitted."""
_FIRST_ORDER = np.abs(MULTIPLES).max(axis=1) == 1
"""Waves whose phase is asked: a lean by half a period turns the sign of higher ones."""
_DAMPED = 1.2
"""Logarithm of a ratio of amplitudes, from that of most waves, above which a lean damps a wave so
much that its sign may have turned."""
_NONE = 1e-12
"""Least amplitude of a wave, which keeps logarithms finite."""
_WEAK = 1e-3
"""Weight [rad-2] that keeps a translation finite where waves of one direction alone are seen."""
_PLACES = 21
"""Places along a seam at which the step of both lattices is compared."""
_PHASE_FLOOR = 0.05
"""Standard uncertainty of a phase beside the noise [rad]: assumed, for columns that facets cut."""


@dataclass(frozen=True)
class Meeting:
    """What two lattices do at a line, with standard uncertainties.

    ``alike`` is False for different projections; all else is then NaN. Angles in rad, lengths in
    nm. ``closure`` is the lattice planes (of g1 and g2) that end along the line, signed; ``basis``
    and ``waves`` are those of the second side in the order of the first.
    """

    alike: bool
    turn: float
    turn_error: float
    miss: Floats
    miss_error: float
    coherence: float
    closure: Floats
    basis: Floats
    log_ratio: Floats
    log_error: Floats


def compare(first: Side, second: Side, line: Line) -> Meeting:
    """Compare the lattices of both sides of a line.

    Parameters
    ----------
    first, second
        Results of :func:`nanostitch.adf.junction.sides.fit` of the two sides.
    line
        The line between them.

    Notes
    -----
    Phases of corresponding waves are compared in the middle of the line, to which each side is
    continued with its own lattice: phase = -2 pi h u for a translation u in cells (Hytch, Snoeck &
    Kilaas, Ultramicroscopy 74 (1998) 131, doi:10.1016/S0304-3991(98)00035-7). A turn about that
    middle alone moves nothing there, so that misorientation is not taken for translation.
    """
    change = same(first.basis, second.basis)
    if change is None:
        nan = np.full(len(MULTIPLES), np.nan)
        lost = np.full(2, np.nan)
        return Meeting(False, np.nan, np.nan, lost, np.nan, 0.0, lost, second.basis, nan, nan)
    basis = change @ second.basis
    waves, which = _ordered(second, change)
    turn = _turn(first.basis, basis)
    known = which >= 0
    phase = np.angle(waves * first.waves.conj())
    errors = np.hypot(_phase_errors(first), np.where(known, _phase_errors(second)[which], np.inf))
    size = np.log(np.maximum(np.abs(waves), _NONE) / np.maximum(np.abs(first.waves), _NONE))
    damped = np.abs(size - np.median(size[known])) > _DAMPED
    cells, cell_error = _translation(phase, np.where(_FIRST_ORDER & ~damped, errors, np.inf))
    mean = (first.basis + turned(basis, -turn)) / 2
    to_nm: Floats = np.linalg.inv(turned(mean, turn / 2)).T.astype(float)
    shortest = _shortest(cells, to_nm)
    middle = np.stack([first.basis, basis]).mean(axis=0)
    away = np.linspace(-0.5, 0.5, _PLACES)[:, None] * line.length * line.along()
    lag = 2 * np.pi * away @ (basis - first.basis).T
    coherence = float(np.abs(np.exp(1j * lag).mean(axis=0)).mean())
    closure = (basis - first.basis) @ line.along() * line.length
    log_error = np.hypot(first.log_error, np.where(known, second.log_error[which], np.inf))
    return Meeting(
        True,
        turn,
        _turn_error(first, second, middle),
        shortest,
        cell_error * float(np.sqrt(abs(np.linalg.det(to_nm)))),
        coherence,
        closure,
        basis,
        size,
        log_error,
    )


def same(one: Floats, other: Floats) -> NDArray[np.int_] | None:
    """Change of basis that makes a second lattice like a first by the smallest turn, if any does.

    Parameters
    ----------
    one, other
        Bases: g1 and g2 as rows (y, x) [nm-1].
    """
    best, smallest = None, np.inf
    for change in _SAME_TURNS:
        trial = change @ other
        turn = _turn(one, trial)
        strain = np.linalg.norm(turned(trial, -turn) - one) / np.linalg.norm(one)
        if strain < _ALIKE and abs(turn) < smallest:
            best, smallest = change, abs(turn)
    return best


def _turn(one: Floats, other: Floats) -> float:
    """Rotation that brings one basis closest to another [rad, x towards y] (Procrustes)."""
    cross = (one[:, 1] * other[:, 0] - one[:, 0] * other[:, 1]).sum()
    return float(np.arctan2(cross, (one * other).sum()))


def _ordered(
    side: Side, change: NDArray[np.int_]
) -> tuple[NDArray[np.complex128], NDArray[np.intp]]:
    """Waves of a side for multiples of a changed basis, and which of its waves each is (-1: none).

    A wave and that of the opposite vector are complex conjugates.
    """
    waves = np.zeros(len(MULTIPLES), complex)
    which = np.full(len(MULTIPLES), -1)
    for i, multiple in enumerate(MULTIPLES @ change):
        for j, known in enumerate(MULTIPLES):
            if (multiple == known).all():
                waves[i], which[i] = side.waves[j], j
            elif (multiple == -known).all():
                waves[i], which[i] = side.waves[j].conjugate(), j
    return waves, which


def _phase_errors(side: Side) -> Floats:
    return np.asarray(np.sqrt(np.diag(side.covariance)[4:] + _PHASE_FLOOR**2 / 2))


def _translation(phase: Floats, errors: Floats) -> tuple[Floats, float]:
    """Translation in cells that the phases tell, each modulo 2 pi, and its standard uncertainty."""
    weight = np.where(np.isfinite(errors), 1 / errors**2, 0.0)
    model = 2 * np.pi * _CELLS @ MULTIPLES.T
    cells = _CELLS[int(np.argmax(np.cos(phase + model) @ weight))]
    normal = (MULTIPLES.T * weight) @ MULTIPLES + _WEAK * np.eye(2)
    for _ in range(3):
        left = np.angle(np.exp(1j * (phase + 2 * np.pi * MULTIPLES @ cells)))
        cells = cells - np.linalg.solve(normal, MULTIPLES.T @ (weight * left)) / (2 * np.pi)
    left = np.angle(np.exp(1j * (phase + 2 * np.pi * MULTIPLES @ cells)))
    freedom = max(int((weight > 0).sum()) - 2, 1)
    excess = max(1.0, float((weight * left**2).sum()) / freedom)
    spread = np.linalg.inv(normal) * excess / (2 * np.pi) ** 2
    return cells, float(np.sqrt(np.trace(spread) / 2))


def _shortest(cells: Floats, to_nm: Floats) -> Floats:
    """Shortest of all translations that differ by whole cells [nm]."""
    around = np.mgrid[-1:2, -1:2].reshape(2, -1).T + (cells - np.round(cells))
    trials = around @ to_nm
    return np.asarray(trials[int(np.argmin(np.hypot(*trials.T)))])


def _turn_error(first: Side, second: Side, basis: Floats) -> float:
    """Standard uncertainty of the turn between both sides [rad], from those of the bases."""
    tangent = np.stack([basis[:, 1], -basis[:, 0]], axis=1).ravel() / float((basis**2).sum())
    variance = sum(tangent @ side.covariance[:4, :4] @ tangent for side in (first, second))
    return float(np.sqrt(variance))
