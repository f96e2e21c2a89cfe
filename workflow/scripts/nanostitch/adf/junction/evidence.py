"""Which candidate lines are seams: each measured, weighed against no seam, and chosen from."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.junction import meeting, sides
from nanostitch.adf.junction.candidates import Candidate, cut, same
from nanostitch.adf.junction.meeting import Meeting
from nanostitch.adf.junction.outline import Outline
from nanostitch.adf.junction.sides import Line, Picture, Side

Floats = NDArray[np.float64]

_LEVEL_SPREAD = 0.03
"""Relative step of the signal across a line through one crystal, by uneven thickness: assumed."""
_AMPLITUDE_SPREAD = 0.1
"""The same of an amplitude, by the ends of columns and what diffuse scattering adds."""
_TURN_SPREAD = np.radians(0.25)
"""The same of a turn [rad]: what a scan bends a lattice over the depth of two sides."""
_MISS_SPREAD = 0.02
"""The same of a translation [nm]."""
_MOST = 4.0
"""Standard deviations that one quantity may add at most, as no spread above is a normal one."""
_PRIOR = {"border": 3.0, "two": 3.0, "one": -3.0}
"""Logarithm of the odds of a seam before the image is asked: where domains meet or two notches
face each other nearly always; a line from one notch is one of two, or of none where the notch is
a rough facet."""
_FEWEST_EXPLAINED = 0.15
"""Share of the variance of a side that its waves must explain for a lattice to be there."""
_AS_MUCH = 0.06
"""Share of the variance, summed over both sides, that bases of one kind may explain less than
those of two: assumed, a few times the scatter by noise."""
_RIM_NM = 0.6
"""Ends of a line left out of its sides [nm]: outlines are rounded there."""
_STRIP_NM = 0.45
"""Half the width of the strips in which amplitudes are compared [nm]: 1.5 planes in all."""


@dataclass(frozen=True)
class Seam:
    """A line with all that is measured on it."""

    candidate: Candidate
    first: Side
    second: Side
    meeting: Meeting
    dip: float
    evidence: float


def weigh(
    image: Picture,
    bodies: Outline,
    bases: dict[int, Floats],
    candidate: Candidate,
    *,
    margin: float,
    depth: float,
) -> Seam | None:
    """Measure one candidate; None where a side shows no lattice.

    Parameters
    ----------
    image, bodies, bases
        Image, outline and basis of each domain [nm-1].
    candidate
        The line.
    margin, depth
        Distances from the line between which a side is asked [nm].
    """
    line = candidate.line
    asked = replace(line, length=max(line.length - _RIM_NM, line.length / 2))
    beside = [
        sides.points(image, bodies.core, asked, sign, margin, margin + depth) for sign in (-1, 1)
    ]
    first, second = _fitted(
        beside[0], beside[1], bases[candidate.first], bases[candidate.second], bodies.support
    )
    if first is None or second is None:
        return None
    if (
        min(first.explained, second.explained) < _FEWEST_EXPLAINED
        or min(first.level, second.level) <= 0
    ):
        return None
    met = meeting.compare(first, second, line)
    if not met.alike and candidate.first == candidate.second:
        return None
    dip = _dip(image, bodies, asked, first.basis, second.basis)
    return Seam(candidate, first, second, met, dip, _evidence(candidate, first, second, met))


def _fitted(
    one: sides.Points, other: sides.Points, first: Floats, second: Floats, support: float
) -> tuple[Side | None, Side | None]:
    """Lattices of both sides, by bases of one kind if these explain as much.

    Of one lattice two domains may have been given bases of different reflections.
    """
    own = (sides.fit(one, first, support), sides.fit(other, second, support))
    if None in own or meeting.same(first, second) is not None:
        return own
    best, most = own, _explained(own) - _AS_MUCH
    for basis in (first, second):
        for turn in (0.0, *_turns(first, second)):
            starts = (basis, sides.turned(basis, turn))
            if basis is second:
                starts = (sides.turned(basis, -turn), basis)
            trial = (sides.fit(one, starts[0], support), sides.fit(other, starts[1], support))
            if _explained(trial) > most:
                best, most = trial, _explained(trial)
    return best


def _explained(pair: tuple[Side | None, Side | None]) -> float:
    return sum(-1.0 if side is None else side.explained for side in pair)


def _turns(first: Floats, second: Floats) -> list[float]:
    """Turns, less than an eighth, that point a vector of the first as one of the second [rad]."""
    aims = [second[0], second[1], second[0] + second[1], second[0] - second[1]]
    start = float(np.arctan2(first[0, 0], first[0, 1]))
    found = [float(np.arctan2(aim[0], aim[1])) - start for aim in aims]
    folded = [(turn + np.pi / 2) % np.pi - np.pi / 2 for turn in found]
    return sorted((turn for turn in folded if abs(turn) < np.pi / 4), key=abs)[:2]


def _dip(image: Picture, bodies: Outline, line: Line, one: Floats, other: Floats) -> float:
    """Loss of Bragg amplitude on the line, over the mean of strips beside it."""
    middle = sides.points(image, bodies.core, line, 1, -_STRIP_NM, _STRIP_NM)
    on = max(sides.amplitude(middle, basis) for basis in (one, other))
    beside = [
        sides.amplitude(
            sides.points(image, bodies.core, line, sign, 2 * _STRIP_NM, 4 * _STRIP_NM), basis
        )
        for sign, basis in ((-1, one), (1, other))
    ]
    return 1 - on / float(np.mean(beside))


def _evidence(candidate: Candidate, first: Side, second: Side, met: Meeting) -> float:
    """Logarithm of the odds of a seam: prior, and steps over those within one crystal."""
    prior = _PRIOR["two" if candidate.notches > 1 else "border" if candidate.border else "one"]
    if not met.alike:
        return prior + _MOST**2 / 2
    step = float(np.log(second.level / first.level))
    known = np.isfinite(met.log_error)
    ratio, error = met.log_ratio[known] - step, met.log_error[known]
    z = [
        step / _LEVEL_SPREAD,
        float(np.sqrt(np.mean(ratio**2 / (error**2 + _AMPLITUDE_SPREAD**2)))),
        met.turn / float(np.hypot(met.turn_error, _TURN_SPREAD)),
        float(np.hypot(*met.miss)) / float(np.hypot(met.miss_error, _MISS_SPREAD)),
    ]
    return prior + sum(min(abs(v), _MOST) ** 2 - 1 for v in z) / 2


def choose(
    weighed: list[Seam], least: float, again: Callable[[Candidate], Seam | None], shortest: float
) -> list[Seam]:
    """The seams among the candidates, the most evident first.

    Parameters
    ----------
    weighed
        Candidates as measured.
    least
        Logarithm of the odds from which a line is a seam.
    again
        Measures a candidate that another seam has cut.
    shortest
        Length below which what is left of a line is none [nm].
    """
    chosen: list[Seam] = []
    for seam in sorted(weighed, key=lambda s: -s.evidence):
        lines = [other.candidate.line for other in chosen]
        line = seam.candidate.line
        if seam.evidence < least or any(same(line, other) for other in lines):
            continue
        part = cut(line, lines)
        if part.length < line.length:
            left = again(replace(seam.candidate, line=part)) if part.length >= shortest else None
            if left is None or left.evidence < least or any(same(part, other) for other in lines):
                continue
            seam = left
        chosen.append(seam)
    return chosen
