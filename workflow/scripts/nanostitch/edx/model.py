"""Expected counts of a spectrum as a function of all that it is made of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nanostitch.edx import detector
from nanostitch.edx.detector import Shape
from nanostitch.edx.lines import WEIGHT_UNCERTAINTY, Family, groups
from nanostitch.edx.spectrum import Spectrum

Array = NDArray[np.float64]

_START = np.array([0.0, 0.0, (0.130 / detector.FWHM_PER_SIGMA) ** 2, detector.FANO_FACTOR, 0.02])
_PRIOR = np.array([0.03, 0.005, 0.002, 0.015, 0.03])
_STEPS = np.array([1e-4, 1e-5, 1e-6, 1e-4, 1e-4])
_LOWEST = np.array([-0.2, -0.03, 2e-4, 0.03, 0.0])
_HIGHEST = np.array([0.2, 0.03, 3e-2, 0.3, 0.5])
"""Shape of the detector: offset [keV], gain - 1, variance at Mn Ka [keV2], Fano factor, tail.
Start, standard deviation of what is expected of a calibrated detector, steps of differences, and
ends beyond which no detector is."""
_SPREAD_KEV, _HELD = 1.0, 1e-7
"""Range of lines [keV] too narrow to find gain and Fano factor from; how far they may then go."""
_LINE_UNCERTAINTY, _LINE_STEP_KEV = 1e-3, 1e-4
"""Relative standard uncertainty of where a line is: tables give alpha 1, below which the centroid
of the doublet lies by 0.03 % (Ca K) to 0.13 % (Br K), and pulse heights are linear to 0.1 %; step
of differences [keV]."""
_FARTHEST = 5.0
"""Of those uncertainties, how far a family may go: what lies farther off is another line."""
_PILE_UP_PRIOR, _BACKGROUND_PRIOR = 0.02, 3.0
"""Expected size of the share of sum events, and of the logarithms of the background."""
_NUDGE = 1e-12
"""Relative step that rounding does not swallow, far below any uncertainty."""
FLOOR = 1e-3
"""Least expected counts of a channel, where negative areas would leave fewer than none."""


class Model:
    """Expected counts and their derivatives as functions of all parameters.

    Parameters are areas (family), logarithms by which groups of lines exceed their weights,
    coefficients of the background, the share of sum events, the shape of the detector, and by how
    much each family lies off its energy (family) [keV].
    """

    def __init__(
        self, spectrum: Spectrum, families: Sequence[Family], window: str, crystal_mm: float
    ) -> None:
        self.spectrum, self.families = spectrum, families
        self.members: list[tuple[int, int | None, Array, Array]] = []
        spread: list[float] = []
        for number, family in enumerate(families):
            strength = _strengths(family, window, crystal_mm)
            for group in groups(family):
                own = np.array([name == group for name in family.groups])
                alpha = group == groups(family)[0]
                free = None if alpha else len(spread)
                spread += [] if alpha else [WEIGHT_UNCERTAINTY[family.shell]]
                self.members.append((number, free, family.energies[own], strength[own]))
        number = len(families)
        sizes = [number, len(spread), len(spectrum.polynomials), 1, _START.size, number]
        ends = np.cumsum([0, *sizes])
        self.parts = [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]
        flat = [np.inf] * sizes[0], spread, [_BACKGROUND_PRIOR] * sizes[2]
        lines = _LINE_UNCERTAINTY * np.array([family.alpha_kev for family in families])
        self.prior = np.concatenate([*flat, [_PILE_UP_PRIOR], _PRIOR, lines])
        self.expected = np.concatenate([np.zeros(int(ends[3]) + 1), _START, np.zeros(number)])
        # The level of the background is not known beforehand.
        self.prior[self.parts[2].start] = np.inf

    def templates(self, parameters: Array) -> Array:
        """Counts per alpha photon of each group of lines, dims (group, channel)."""
        form, off = as_shape(parameters[self.parts[4]]), parameters[self.parts[5]]
        edges = self.spectrum.edges
        return np.stack([detector.peaks(w, e + off[n], edges, form) for n, _, e, w in self.members])

    def factors(self, parameters: Array) -> Array:
        """Alpha counts that each group is scaled by, dims (group,)."""
        areas, logs = parameters[self.parts[0]], parameters[self.parts[1]]
        return np.array(
            [
                areas[n] * (1.0 if free is None else np.exp(logs[free]))
                for n, free, *_ in self.members
            ]
        )

    def background(self, parameters: Array) -> Array:
        """Counts per channel of the bremsstrahlung."""
        exponent = parameters[self.parts[2]] @ self.spectrum.polynomials
        return np.asarray(self.spectrum.bremsstrahlung * np.exp(np.clip(exponent, -30, 30)))

    def counts(self, parameters: Array, templates: Array) -> Array:
        """Counts expected in each channel."""
        pile_up = parameters[self.parts[3]][0] * self.spectrum.pile_up
        found = self.factors(parameters) @ templates + self.background(parameters) + pile_up
        return np.asarray(np.maximum(found, FLOOR))

    def jacobian(self, parameters: Array, templates: Array) -> Array:
        """Derivatives of the counts, dims (channel, parameter)."""
        columns = np.zeros((parameters.size, self.spectrum.counts.size))
        scale = self.factors(parameters)
        for row, (number, free, *_) in enumerate(self.members):
            log = 0.0 if free is None else parameters[self.parts[1]][free]
            columns[number] += np.exp(log) * templates[row]
            if free is not None:
                columns[self.parts[1].start + free] = scale[row] * templates[row]
        columns[self.parts[2]] = self.background(parameters) * self.spectrum.polynomials
        columns[self.parts[3]] = self.spectrum.pile_up
        for number, step in enumerate(_STEPS):
            moved = parameters.copy()
            moved[self.parts[4].start + number] += step
            change = scale @ (self.templates(moved) - templates)
            columns[self.parts[4].start + number] = change / step
        moved = parameters.copy()
        moved[self.parts[5]] += _LINE_STEP_KEV
        change = scale[:, None] * (self.templates(moved) - templates) / _LINE_STEP_KEV
        for row, (number, *_) in enumerate(self.members):
            columns[self.parts[5].start + number] += change[row]
        return columns.T

    def know(self, resolution_ev: float | None, like: Shape | None) -> None:
        """Take over what is known of the detector."""
        expected, prior = self.expected[self.parts[4]], self.prior[self.parts[4]]
        if resolution_ev is not None:
            expected[2] = (resolution_ev / 1e3 / detector.FWHM_PER_SIGMA) ** 2
        if like is not None:
            expected[:] = like.offset_kev, like.gain - 1, like.variance_kev2, like.fano, like.tail
        narrow = np.ptp([family.alpha_kev for family in self.families]) < _SPREAD_KEV
        if like is not None or narrow:
            prior[[1, 3]] = _HELD

    def start(self) -> Array:
        """First guess: background by the lower envelope, areas by what exceeds it."""
        parameters, spectrum = self.expected.copy(), self.spectrum
        log = np.log(spectrum.envelope / spectrum.bremsstrahlung)
        fitted = np.linalg.lstsq(spectrum.polynomials.T, log, rcond=None)[0]
        parameters[self.parts[2]] = fitted
        above = np.maximum(spectrum.counts - self.background(parameters), 0)
        templates = self.templates(parameters)
        whole = np.zeros((len(self.families), spectrum.counts.size))
        for row, (number, *_) in enumerate(self.members):
            whole[number] += templates[row]
        weight = 1 / np.sqrt(np.maximum(spectrum.counts, 1))
        areas = np.linalg.lstsq((whole * weight).T, above * weight, rcond=None)[0]
        parameters[self.parts[0]] = np.maximum(areas, 1.0)
        return parameters

    def bounded(self, parameters: Array) -> Array:
        """Parameters with the shape, the pile-up and the lines within what is possible."""
        kept = parameters.copy()
        kept[self.parts[1]] = np.clip(kept[self.parts[1]], -1.5, 1.5)
        kept[self.parts[3]] = np.maximum(kept[self.parts[3]], 0)
        kept[self.parts[4]] = np.clip(kept[self.parts[4]], _LOWEST, _HIGHEST)
        farthest = _FARTHEST * self.prior[self.parts[5]]
        kept[self.parts[5]] = np.clip(kept[self.parts[5]], -farthest, farthest)
        return kept

    def free(self, parameters: Array, slope: Array) -> NDArray[np.bool_]:
        """Which parameters are not at an end of their range, or are pulled back from it."""
        step = np.sign(slope) * (np.abs(parameters) + 1) * _NUDGE
        return np.asarray(self.bounded(parameters + step) != parameters)

    def deviance(self, parameters: Array, expected: Array) -> float:
        """Twice the negative logarithm of likelihood and prior, up to a constant."""
        counts = self.spectrum.counts
        ratio = np.where(counts > 0, counts, 1.0) / np.where(counts > 0, expected, 1.0)
        misfit = 2 * (expected - counts + counts * np.log(ratio))
        return float(misfit.sum() + (((parameters - self.expected) / self.prior) ** 2).sum())


def as_shape(parameters: Array) -> Shape:
    """Shape of the detector from its five parameters."""
    offset, gain, variance, fano, tail = map(float, parameters)
    return Shape(offset, 1 + gain, variance, fano, tail)


def _strengths(family: Family, window: str, crystal_mm: float) -> Array:
    """Counts of each line over those of the alpha line: weights, seen through the detector."""
    energies = np.append(family.energies, family.alpha_kev)
    seen = detector.efficiency(energies, window, crystal_mm) * (1 - detector.escape(energies))
    return np.asarray(family.weights * seen[:-1] / seen[-1])
