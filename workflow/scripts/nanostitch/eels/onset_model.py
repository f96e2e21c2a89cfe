"""Model of the counts around an onset, shared in part by a set of spectra.

The counts n(E) of a spectrum are described by

    tail(E) (a - b L(E)) + c [(1 + c1 x + c2 x^2) f(x) convolved with the zero-loss peak],

x = E - Eg, with a gap Eg and amplitudes a, b, c of its own. The form of the tail (its exponent
and bend), the bends c1, c2 of the band and the parameters of f are common to all spectra of a
set and have priors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nanostitch.eels import onset_shape, tail
from nanostitch.eels.channels import Array
from nanostitch.eels.noise import Noise
from nanostitch.eels.onset_sums import DEVIANCES, accumulate, mean_deviances, scan

OWN = 4
"""Columns of each spectrum: tail, its slope, onset, gap."""
TAIL, SLOPE, ONSET, GAP = range(OWN)
LEAST = 1e-30
"""What stands for nothing where a division or a logarithm forbids it."""

# Distance of the gaps first tried, in widths of the zero-loss peak.
_FIRST_STEP_FWHM = 0.25


@dataclass(frozen=True)
class Prior:
    """Gaussian prior of the common parameters: tail (slope, bend), bends of the band, shape.

    ``pull`` is a slope that is added to that of its logarithm.
    """

    mean: Array
    deviation: Array
    pull: Array

    def slope(self, common: Array) -> Array:
        """Derivatives of the logarithm."""
        return np.asarray((self.mean - common) / self.deviation**2 + self.pull)

    def penalty(self, common: Array) -> float:
        """Twice the fall of the logarithm from its value at the mean."""
        away = common - self.mean
        return float(((away / self.deviation) ** 2 - 2 * self.pull * away).sum())


@dataclass(frozen=True)
class Setting:
    """What a fit needs beside the counts.

    ``slope_deviation`` is how far the exponent of one spectrum's tail may differ from the common
    one.
    """

    energy: Array
    grid: onset_shape.Grid
    family: onset_shape.Family
    tail: tail.Shape
    prior: Prior
    fwhm: float
    gap_range_ev: tuple[float, float]
    slope_deviation: float
    noise: Noise

    @property
    def floor(self) -> float:
        """Least counts that a channel is taken to expect: one electron in all of the tail."""
        below = int((self.energy < self.gap_range_ev[0]).sum())
        return float(self.noise.factor / max(1, below))

    @property
    def noise_terms(self) -> Array:
        """Noise as :func:`nanostitch.eels.onset_sums.accumulate` takes it."""
        noise = self.noise
        return np.array([noise.read_variance, noise.factor, noise.gain_spread**2, self.floor])


@dataclass(frozen=True)
class State:
    """Gap and own coefficients (tail, slope, onset) of each spectrum; common parameters."""

    gap: Array
    own: Array
    common: Array


@dataclass(frozen=True)
class Sums:
    """Sums over the channels of a window, linearised at a state.

    ``normal`` (spectrum, column, column) and ``right`` (spectrum, column) of least squares about
    the model; ``deviance`` of each spectrum.
    """

    normal: Array
    right: Array
    deviance: Array

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.normal + other.normal,
            self.right + other.right,
            self.deviance + other.deviance,
        )


class Start:
    """First gaps of spectra: where an onset above the tail explains most of the counts.

    Parameters
    ----------
    setting
        Energies, grid, shape.
    expected
        About what each channel expects, for its weight.
    common
        Common parameters to begin with.
    """

    def __init__(self, setting: Setting, expected: Array, common: Array) -> None:
        low, high = setting.gap_range_ev
        gaps = np.arange(low, high, _FIRST_STEP_FWHM * setting.fwhm)
        curve = onset_shape.curves(setting.family, common[2:], setting.grid, False).values
        index, self._at = setting.grid.first(float(setting.energy[0]), gaps)
        onset = setting.grid.rows(curve, index, setting.energy.size)
        shape = setting.tail.values(common[:2])
        root = 1 / np.sqrt(np.maximum(expected, setting.floor))
        basis = np.linalg.qr((root * np.stack([shape, shape * setting.tail.along])).T)[0]
        beyond = root * onset - (root * onset @ basis) @ basis.T
        self._norm = np.sqrt((beyond**2).sum(axis=1)) + LEAST
        # Single precision finds the best of some places; the fit begins there.
        self._scanned = (root * beyond / self._norm[:, None]).T.astype(np.float32)
        self._weight = root**2 * shape
        self._onset, self._tail = onset @ self._weight, float(shape @ self._weight)
        self._common = common

    def of(self, counts: Array) -> State:
        """Where the fits of some spectra begin (spectrum, channel)."""
        best, explained = scan(counts, np.ascontiguousarray(self._scanned))
        c = np.maximum(explained / self._norm[best], LEAST)
        a = (counts @ self._weight - c * self._onset[best]) / self._tail
        own = np.stack([np.maximum(a, LEAST), 0 * a, c], axis=1)
        return State(self._at[best], own, self._common)


def expected(state: State, setting: Setting) -> Array:
    """Expected counts, one spectrum a row."""
    curves = onset_shape.curves(setting.family, state.common[2:], setting.grid, False)
    index, at = setting.grid.first(float(setting.energy[0]), state.gap)
    values, slope = (
        setting.grid.rows(curve, index, setting.energy.size)
        for curve in (curves.values, curves.slope)
    )
    a, b, c = state.own.T[:, :, None]
    shape = setting.tail.values(state.common[:2])
    onset = values - (state.gap - at)[:, None] * slope
    return np.asarray(shape * (a - b * setting.tail.along) + c * onset)


def mean_deviance(state: State, setting: Setting) -> Array:
    """Deviance (spectrum, channel) that a true model leaves on average."""
    return mean_deviances(expected(state, setting), setting.noise_terms, DEVIANCES)


def sums(
    counts: Array, state: State, setting: Setting, edges: Sequence[int], common: bool = True
) -> list[Sums]:
    """Sums over the channels between neighbouring edges (indices of channels).

    The first columns are those of the spectrum: tail, slope, onset, gap (times the onset's
    amplitude); then, with ``common``, those of the common parameters.
    """
    curves = onset_shape.curves(setting.family, state.common[2:], setting.grid, common)
    index, at = setting.grid.first(float(setting.energy[0]), state.gap)
    found = accumulate(
        np.ascontiguousarray(counts),
        setting.tail.values(state.common[:2]),
        setting.tail.along,
        np.column_stack([state.own, state.gap - at]),
        index,
        np.stack([curves.values, curves.slope, *curves.partial]),
        setting.grid.parts,
        setting.noise_terms,
        np.array(edges),
        OWN + (state.common.size if common else 0),
    )
    return [Sums(*(array[k] for array in found)) for k in range(len(edges) - 1)]


def whole(counts: Array, state: State, setting: Setting, common: bool = True) -> Sums:
    """Sums over all channels of a fit."""
    return sums(counts, state, setting, (0, setting.energy.size), common)[0]
