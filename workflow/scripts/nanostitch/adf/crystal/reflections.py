"""Reflections of one domain: found in its own spectrum, refined by the phase of its waves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.adf.crystal import basis, spectrum, waves
from nanostitch.adf.crystal.waves import FINE_NM, Grid
from nanostitch.adf.crystal.windows import Pair, Picture

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_LOST = 0.8
"""Residual phase [rad], root mean square, above which no single plane wave fits a domain, as
where a fault runs through it; its reflections are then read from the slopes of the phase."""

_FEWEST_STEPS = 3
"""Steps of the grid along each axis over which a slope of the phase is fitted at least."""


@dataclass(frozen=True)
class Reflection:
    """One reflection: place (y, x) and its standard uncertainty in each [nm-1], strength [1].

    ``first`` and ``second`` are its multiples of the basis.
    """

    place: Pair
    uncertainty: Pair
    strength: float
    first: int
    second: int


@dataclass(frozen=True)
class Lattice:
    """Reduced basis of a domain, vectors (y, x) [nm-1], its covariance and its reflections.

    ``covariance`` is that of (g1_y, g1_x, g2_y, g2_x) [nm-2].
    """

    first: Pair
    second: Pair
    covariance: Floats
    reflections: tuple[Reflection, ...]


def lattice(image: Picture, on: Grid, region: Mask, *, false_alarm: float) -> Lattice | None:
    """Lattice of one domain; None if it has not two reflections above the noise.

    Parameters
    ----------
    image, on
        Results of :func:`nanostitch.adf.crystal.windows.picture` and ``waves.grid``.
    region
        Where the domain is, on the grid.
    false_alarm
        Share of domains of noise in which a reflection may be seen.
    """
    if min(np.count_nonzero(region.any(axis=axis)) for axis in (0, 1)) <= _FEWEST_STEPS:
        return None
    places, strengths, weights = spectrum.found(image, on, region, false_alarm=false_alarm)
    chosen = basis.spanning(places, strengths, weights)
    if chosen is None:
        return None
    multiples = np.linalg.solve(chosen.T, places.T).T
    whole = np.round(multiples).astype(int)
    fits = np.abs(multiples - whole).max(axis=1) < basis.NEAR
    refined = [
        _refined(on, region, place, strength, index)
        for place, strength, index in zip(places[fits], strengths[fits], whole[fits], strict=True)
    ]
    return _combined(refined)


def _refined(
    on: Grid, region: Mask, place: Floats, strength: float, index: NDArray[np.int_]
) -> Reflection:
    """Reflection whose plane wave fits the phase of a domain best (weighted least squares)."""
    start = (float(place[0]), float(place[1]))
    wave = on.wave(start, FINE_NM) / waves.coverage(on, FINE_NM).astype(np.float32)
    rows, columns = np.nonzero(region)
    y, x = rows * on.step[0], columns * on.step[1]
    values = wave[rows, columns].astype(complex)
    weight = np.abs(values) ** 2
    shift = np.array([float(np.median(s)) for s in waves.local_shift(wave, on.step)[region].T])
    design = np.stack([np.ones_like(y), y - y.mean(), x - x.mean()], axis=1)
    for _ in range(3):
        model = np.exp(2j * np.pi * (design[:, 1:] @ shift))
        centre = np.angle((values * np.conj(model) * np.abs(values)).sum())
        phase = np.angle(values * np.conj(model) * np.exp(-1j * centre))
        normal = design.T @ (design * weight[:, None])
        change = np.linalg.solve(normal, design.T @ (weight * phase))
        residual = phase - design @ change
        if np.sqrt((weight * residual**2).sum() / weight.sum()) > _LOST:
            break
        shift = shift + change[1:] / (2 * np.pi)
    error = _uncertainty(design, weight, residual, rows, on.step[0], np.linalg.inv(normal))
    base = on.nearest(start)
    return Reflection(
        (base[0] + float(shift[0]), base[1] + float(shift[1])),
        error,
        strength,
        int(index[0]),
        int(index[1]),
    )


def _uncertainty(
    design: Floats,
    weight: Floats,
    residual: Floats,
    rows: NDArray[np.intp],
    step: float,
    inverse: Floats,
) -> Pair:
    """Standard uncertainty of a slope, whole rows of the scan counted as one observation each.

    Jitter moves a row as a whole, and the Gaussian mixes rows within twice its reach: clusters of
    rows, with the sandwich estimator (Liang and Zeger, Biometrika 73 (1986) 13).
    """
    tall = max(1, round(2 * FINE_NM / step))
    cluster = (rows - rows.min()) // tall
    count = int(cluster.max()) + 1
    scores = np.zeros((count, 3))
    np.add.at(scores, cluster, design * (weight * residual)[:, None])
    spread = inverse @ (scores.T @ scores) @ inverse * count / max(count - 3, 1)
    # With few rows the spread is itself a guess: all places that the Gaussian parts then count.
    white = inverse * float((weight * residual**2).sum() / weight.sum()) * float(weight.mean())
    error = np.sqrt(np.maximum(np.diag(spread), np.diag(white)))[1:] / (2 * np.pi)
    return float(error[0]), float(error[1])


def _combined(reflections: list[Reflection]) -> Lattice | None:
    """Basis by weighted least squares through all reflections of a domain."""
    multiples = np.array([[r.first, r.second] for r in reflections], float)
    if len(reflections) < 2 or np.linalg.matrix_rank(multiples) < 2:
        return None
    vectors, covariance = np.empty((2, 2)), np.zeros((4, 4))
    for axis in (0, 1):
        values = np.array([r.place[axis] for r in reflections])
        errors = np.maximum([r.uncertainty[axis] for r in reflections], 1e-6)
        normal = multiples.T @ (multiples / errors[:, None] ** 2)
        vectors[:, axis] = np.linalg.solve(normal, multiples.T @ (values / errors**2))
        misfit = (values - multiples @ vectors[:, axis]) / errors
        excess = max(1.0, float(misfit @ misfit) / max(len(reflections) - 2, 1))
        # Reflections share the jitter of the scan: as if there were but two of them.
        shared = excess * np.linalg.inv(normal) * len(reflections) / 2
        covariance[np.ix_([axis, 2 + axis], [axis, 2 + axis])] = shared
    return Lattice(
        (float(vectors[0, 0]), float(vectors[0, 1])),
        (float(vectors[1, 0]), float(vectors[1, 1])),
        covariance,
        tuple(reflections),
    )
