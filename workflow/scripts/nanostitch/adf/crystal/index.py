"""Phase and zone axis of a domain: which plane lattice its two basis vectors are."""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.crystal import phases
from nanostitch.adf.crystal.phases import Zone
from nanostitch.adf.crystal.reflections import Lattice

Floats = NDArray[np.float64]

_RANDOM_DENSITY = 1.4
"""Probability density of a lattice of any kind: its log spacing spreads over 2.2 (0.15 to 1.3 nm),
its shape over a third of a unit disc of distortion; 3 / 2.2."""
_NO_LATTICE = 0.5
"""Prior probability that a domain is of none of the phases."""
_SKEW = 0.25
"""Share of the correction for drift that may be due to axes of the scan that are not at right
angles, or to strain, and then must not be made."""
_ALIKE = 0.08
"""Distortion and difference of scale up to which two lattices are turned copies of each other:
scans of real images distort by up to 5 %, zone axes that are taken for each other by 9 %."""


@dataclass(frozen=True)
class Match:
    """A zone held against a domain.

    ``rotation`` [rad] turns its frame onto the image (x towards y), ``matrix`` maps its
    reciprocal vectors (x, y) on those of the domain, ``scale`` and ``distortion`` [1] are how much
    that does more than turn, ``probability`` is that among all candidates and none.
    """

    zone: Zone
    rotation: float
    matrix: Floats
    scale: float
    distortion: float
    probability: float

    @property
    def orientation(self) -> float:
        """Direction of ``domain_orientation``, from 0 to below the period [degree]."""
        return float(np.degrees(self.rotation + self.zone.direction) % self.zone.period)


@dataclass(frozen=True)
class Turn:
    """Linear map as scale, rotation [rad] and distortion, for each of several maps."""

    scale: Floats
    rotation: Floats
    distortion: Floats


def matches(
    domain: Lattice,
    *,
    names: list[str],
    material: str,
    told_odds: float,
    scale_tolerance: float,
    distortion_tolerance: float,
) -> list[Match]:
    """All zones of the phases, the most probable first.

    Parameters
    ----------
    domain
        Lattice of the domain.
    names
        Keys of :data:`nanostitch.adf.crystal.phases.PHASES`.
    material
        What the specimen is told to be; empty if nothing is told.
    told_odds
        How many times more likely a phase of that material is beforehand than another one.
    scale_tolerance, distortion_tolerance
        Standard uncertainties of the pixel size and of the ratio of lengths, or of the angle as
        an arc [1].

    Notes
    -----
    Bayes' rule over all candidates and a random lattice; lengths, their ratio and the angle are
    what ratio methods compare with a library (Klinger and Jager, J. Appl. Cryst. 48 (2015) 2012,
    doi:10.1107/S1600576715017252).
    """
    weight = {n: told_odds if phases.PHASES[n].material == material else 1.0 for n in names}
    total = sum(weight.values()) / (1 - _NO_LATTICE)
    found: list[tuple[float, Match]] = []
    for name in names:
        zones = phases.zones(name)
        spread = np.hypot(scale_tolerance, phases.PHASES[name].lattice_range)
        for zone in zones:
            match = _fitted(domain, zone)
            density = np.exp(
                -0.5 * (np.log(match.scale) / spread) ** 2
                - 0.5 * (match.distortion / distortion_tolerance) ** 2
            ) / (np.sqrt(2 * np.pi) * spread * 2 * np.pi * distortion_tolerance**2)
            found.append((float(density) * weight[name] / total / len(zones), match))
    found.sort(key=lambda one: -one[0])
    evidence = sum(share for share, _ in found) + _NO_LATTICE * _RANDOM_DENSITY
    return [
        Match(m.zone, m.rotation, m.matrix, m.scale, m.distortion, share / evidence)
        for share, m in found
    ]


def turned(first: Lattice, second: Lattice) -> float:
    """Smallest rotation that brings one lattice onto another one [degree]; NaN if none does."""
    pairs = _equivalent(_columns(first).T.tobytes())
    turn = _decomposed(_columns(second) @ np.linalg.inv(pairs))
    alike = (turn.distortion < _ALIKE) & (np.abs(np.log(np.abs(turn.scale))) < _ALIKE)
    return float(np.degrees(np.abs(turn.rotation[alike]).min())) if alike.any() else np.nan


def misorientation(first: Match | None, second: Match | None) -> float:
    """Smallest rotation between two domains of one zone [degree]; NaN for two zones."""
    if first is None or second is None or first.zone is not second.zone:
        return np.nan
    period = first.zone.period
    return abs((first.orientation - second.orientation + period / 2) % period - period / 2)


def symmetric_root(square: Floats) -> Floats:
    """Symmetric root of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(square)
    return np.asarray(vectors @ np.diag(np.sqrt(values)) @ vectors.T)


def rotation_uncertainty(domain: Lattice, match: Match | None) -> float:
    """Standard uncertainty of the orientation of a domain [degree].

    With a match, that of :func:`fast_axis_rotation` by both components along x, and the share
    ``_SKEW`` of what it corrects; else that of the mean rotation of both basis vectors.
    """
    vectors = _columns(domain)
    if match is None:
        square = (vectors**2).sum(axis=0)
        slopes = (np.stack([vectors[0], -vectors[1]]) / square / 2).T.ravel()
        return float(np.degrees(np.sqrt(slopes @ domain.covariance @ slopes)))
    first = match.matrix[0]
    turn = np.array([first[1], -first[0]]) / (first @ first)
    slopes = np.linalg.solve(vectors, match.matrix) @ turn
    spread = float(np.sqrt(slopes @ domain.covariance[1::2, 1::2] @ slopes))
    (a, b), (c, d) = match.matrix
    corrected = match.rotation - np.arctan2(c - b, a + d)
    corrected = (corrected + np.pi) % (2 * np.pi) - np.pi
    return float(np.degrees(np.hypot(spread, _SKEW * corrected)))


def _columns(domain: Lattice) -> Floats:
    """Basis vectors as columns, rows x and y."""
    return np.array([domain.first[::-1], domain.second[::-1]]).T


def _fitted(domain: Lattice, zone: Zone) -> Match:
    """Best of all choices of basis vectors of the zone, without mirroring it."""
    maps = _columns(domain) @ np.linalg.inv(_equivalent(zone.basis.tobytes()))
    turn = _decomposed(maps)
    best = int(np.argmin(np.where(turn.scale > 0, turn.distortion, np.inf)))
    return Match(
        zone,
        fast_axis_rotation(maps[best]),
        maps[best],
        float(turn.scale[best]),
        float(turn.distortion[best]),
        0.0,
    )


def fast_axis_rotation(matrix: Floats) -> float:
    """Rotation in a map of reciprocal vectors (x, y), apart from what drift does [rad].

    Drift moves the specimen from line to line: a place (x, y) is drawn at (a x + c y, b y). A
    reflection then keeps its component along the fast axis x, up to the scale, and the rotation
    is read from that component alone.
    """
    return float(np.arctan2(-matrix[0, 1], matrix[0, 0]))


@cache
def _equivalent(rows: bytes) -> Floats:
    """All bases (as columns) of a lattice from sums and differences of two vectors, dims (n, 2, 2).

    The vectors are given as the bytes of two rows, so that they can be kept.
    """
    basis = np.frombuffer(rows).reshape(2, 2)
    steps = np.array(list(product((-1, 0, 1), repeat=4))).reshape(-1, 2, 2)
    whole = steps[np.abs(np.round(np.linalg.det(steps))) == 1]
    return np.asarray(np.swapaxes(whole @ basis, 1, 2))


def _decomposed(maps: Floats) -> Turn:
    """Similarity in each 2 by 2 map; of mirroring ones the scale is given as negative."""
    a, b, c, d = maps[:, 0, 0], maps[:, 0, 1], maps[:, 1, 0], maps[:, 1, 1]
    scale = np.hypot(a + d, c - b) / 2
    shear = np.hypot(a - d, b + c) / 2
    proper = a * d - b * c > 0
    safe = np.where(proper, scale, 1.0)
    distortion = np.where(proper, shear / safe, np.inf)
    return Turn(np.where(proper, scale, -1.0), np.arctan2(c - b, a + d), distortion)
