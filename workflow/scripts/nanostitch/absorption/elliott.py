"""Elliott's absorption edge: an exciton below a continuum, both broadened, fitted with priors."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.linalg import solve_triangular
from scipy.optimize import OptimizeResult, least_squares

from nanostitch.absorption import sampling

Values = NDArray[np.float64]

NAMES = ("exciton", "log_binding", "log_strength", "log_width", "log_height", "growth", "tail")
"""Parameters of a fit, in order: exciton [eV], logarithms of binding energy [eV], of strength
over that of a hydrogen-like exciton, of broadening [eV] and of the step; growth [1/eV]; by how
much of the broadening is one-sided, as the argument of a logistic function."""
_SERIES = ((1.0, 1.0), (1 / 4, 1 / 8), (1 / 9, 1 / 27), (0.044, 0.0400))
"""Excitons n = 1 to 3, and all beyond as one: binding and area in units of the first, 1/n^2 and
1/n^3; the last is the sum of the rest at its mean."""
_WIDTH_EV, _WIDTH_FACTOR = 0.045, 2.0
_HEIGHT_FACTOR = 5.0
_GROWTH_PER_EV, _TAIL_SPREAD = 2.0, 1.0
"""Centre and spread (1 sd) of what is known of broadening, of the step against the data's
highest point, of the growth of the continuum and of the tail: wide, so that the data decide."""
_LEAST_TAIL, _MOST_TAIL = 0.05, 0.9
"""Share of the broadening (1 sd) in an exponential to the blue. Energies that go as 1/L^2 have a
tail there: 0.4 to 0.65 for sizes that spread by 10 to 15 % in lines of room temperature."""
_STEEPEST = 40.0
"""Argument of the exponential beyond which its inverse is nothing."""
_NO_STEP = 1e-9
"""Share of the continuum's step below which there is none, against division by zero."""
_READINGS = ((False, -1.2), (False, 0.0), (False, 1.2), (True, 1.2), (True, 2.4))
"""Starts: whether the inflection is that of the continuum, with weak excitons one binding energy
below, or that of the exciton; by how many spreads of what is known excitons are weaker than the
middle, and more deeply bound: one broadened edge can be read in each of these ways."""
_DEEPER = 0.5
"""Share of them by which weak excitons below a continuum are more deeply bound."""
_ENOUGH = 1e-6
"""Relative change of the residuals, or of parameters, below which a descent ends: the draws do
not need more."""
_HOPELESS = 15.0
"""Logarithm of how much less probable than the best another mode is that gets no draws."""
_SCALE = (0.01, *[1.0] * 6)
"""Sizes of steps in the parameters that the fit may take at first."""
_NEAR_EV = 0.3
"""How far from the inflection the exciton may lie (1 sd): wide, so that the data decide."""
_NUDGE = 1e-10
"""Share of its diagonal by which a covariance is lifted, against rounding."""


@dataclass(frozen=True)
class Prior:
    """What is known of the exciton before: median and factor (1 sd) of each."""

    binding_ev: float
    binding_factor: float
    strength_factor: float


@dataclass(frozen=True)
class Fit:
    """One fit: its best parameters, draws of them (draw, parameter), and how well it describes.

    ``misfit`` is the variance of the residuals over the one expected.
    """

    best: Values
    draws: Values
    misfit: float


def parts(energy: Values, parameters: Values) -> tuple[Values, Values]:
    """Absorbance by the excitons and by the continuum.

    Parameters
    ----------
    energy
        Photon energies [eV], (channel,).
    parameters
        As :data:`NAMES`, in the last dim.

    Returns
    -------
    tuple of numpy.ndarray
        Both with the channels in the last dim.

    Notes
    -----
    Elliott, Phys. Rev. 108 (1957) 1384: below the gap Eg excitons of area 2 Eb/n^3 in units of
    the step at Eg - Eb/n^2; above it the step grows by Sommerfeld's factor
    1/(1 - exp(-2 pi (Eb/(E - Eg))^1/2)). All is broadened by phonons and by the spread of sizes,
    whose energies, as 1/L^2, have a tail to the blue: exciton and gap are the means. What rises
    above the gap is taken at the mean energy above it of those crystals whose gap lies below E: a
    factor of E - Eg itself has a bend at the gap, which data of little noise take for a sign of
    where it is. ``strength``
    multiplies the excitons, which in a crystal as small as they are keep no hydrogen-like ratio
    to the continuum; ``growth`` is by how much matrix elements and density of states rise with
    energy.
    """
    exciton, binding, strength, width, height, growth, tail = np.moveaxis(
        np.asarray(parameters, dtype=float), -1, 0
    )[..., None]
    binding, strength, width, height = map(np.exp, (binding, strength, width, height))
    tail = _LEAST_TAIL + (_MOST_TAIL - _LEAST_TAIL) * special.expit(tail)
    gap = exciton + binding
    area = 2 * height * binding * strength / width
    bound = area * sum(
        part * _line((energy - gap + share * binding) / width, tail) for share, part in _SERIES
    )
    step, ramp = _continuum((energy - gap) / width, tail)
    above = np.maximum(width * ramp / np.maximum(step, _NO_STEP), _NO_STEP * binding)
    sommerfeld = 1 / -np.expm1(-np.minimum(2 * np.pi * np.sqrt(binding / above), _STEEPEST))
    free = height * step * sommerfeld * (1 + growth * above)
    return bound, free


def _line(z: Values, tail: Values) -> Values:
    """Density of a normal and an exponential number together, of mean 0 and variance 1.

    ``tail`` is the standard deviation of the exponential one; the third moment is 2 tail^3.
    """
    away, ratio = z + tail, np.sqrt(1 - tail**2) / tail
    # As one exponent, because its parts overflow far from the line.
    below = special.log_ndtr(away / np.sqrt(1 - tail**2) - ratio)
    return np.asarray(np.exp(ratio**2 / 2 - away / tail + below) / tail)


def _continuum(z: Values, tail: Values) -> tuple[Values, Values]:
    """Integral of :func:`_line`, and the integral of that: a step and a ramp, both broadened."""
    root = np.sqrt(1 - tail**2)
    away = (z + tail) / root
    normal = special.ndtr(away)
    step = normal - tail * _line(z, tail)
    bell = np.exp(-0.5 * away**2) / np.sqrt(2 * np.pi)
    return np.asarray(step), np.asarray(root * (away * normal + bell) - tail * step)


def covariance(
    energy: Values, noise: Values, of_baseline: Values, height: float, accuracy: float, reach: float
) -> Values:
    """Covariance of what is fitted about Elliott's form.

    Parameters
    ----------
    energy, noise
        Photon energies [eV] and standard uncertainty of each absorbance.
    of_baseline
        Covariance of the subtracted baseline.
    height
        Absorbance above the edge.
    accuracy, reach
        By which share of it real edges depart from the form (1 sd), smoothly over which distance
        [eV].
    """
    distance = (energy[:, None] - energy[None, :]) / reach
    smooth = (accuracy * height) ** 2 * np.exp(-0.5 * distance**2)
    total: Values = np.diag(noise**2) + of_baseline + smooth
    total[np.diag_indices_from(total)] *= 1 + _NUDGE
    return total


def fit(
    energy: Values,
    absorbance: Values,
    spread: Values,
    start: tuple[float, float],
    prior: Prior,
    draws: int,
    random: np.random.Generator,
) -> Fit:
    """Fit the edge, and draw from what the fit leaves open.

    Parameters
    ----------
    energy, absorbance
        Edge above its baseline.
    spread
        Covariance of the absorbance, see :func:`covariance`.
    start
        Inflection of the edge, and a first guess of its broadening (1 sd) [eV].
    prior
        What is known of the exciton before.
    draws, random
        How many sets of parameters to draw, and with what.

    Notes
    -----
    Exciton, gap and strength trade against each other in one broadened edge, and their posterior
    is no ellipse and may have two modes: see :func:`nanostitch.absorption.sampling.draw`.
    """
    problem = _Problem.of(energy, absorbance, spread, start[0], prior)
    tried = [_descended(problem, start, *reading) for reading in _READINGS]
    best = min(tried, key=lambda one: one.cost)
    misfit = float(np.mean(problem.data(best.x) ** 2))
    scale = max(1.0, misfit)
    modes = [
        _mode(one, absorbance.size, scale)
        for one in tried
        if one.cost - best.cost < _HOPELESS * scale
    ]
    drawn = sampling.draw(modes, lambda tried: problem.log_posterior(tried, scale), draws, random)
    return Fit(best.x, drawn, misfit)


@dataclass(frozen=True)
class _Problem:
    """Whitened data, and what is known before, as residuals of unit variance."""

    energy: Values
    root: Values
    seen: Values
    inflection: float
    centre: Values
    factor: Values

    @classmethod
    def of(
        cls, energy: Values, absorbance: Values, spread: Values, inflection: float, prior: Prior
    ) -> Self:
        root: Values = np.linalg.cholesky(spread).astype(float)
        seen = solve_triangular(root, absorbance, lower=True)
        top = max(float(absorbance.max()), float(np.sqrt(spread.diagonal().max())))
        factors = [prior.binding_factor, prior.strength_factor, _WIDTH_FACTOR, _HEIGHT_FACTOR]
        centre = np.log([prior.binding_ev, 1.0, _WIDTH_EV, top])
        return cls(energy, root, seen, inflection, centre, np.log(factors))

    def data(self, parameters: Values) -> Values:
        """Residuals of the data, one set of parameters a row."""
        modelled = np.atleast_2d(np.add(*parts(self.energy, parameters)))
        white = solve_triangular(self.root, modelled.T, lower=True).T
        return np.asarray(self.seen - white)

    def known(self, parameters: Values) -> Values:
        """Departures from what is known before, likewise."""
        rows = np.atleast_2d(parameters)
        near = (rows[:, :1] - self.inflection) / _NEAR_EV
        free = (rows[:, 1:5] - self.centre) / self.factor
        shape = rows[:, 5:] / (_GROWTH_PER_EV, _TAIL_SPREAD)
        return np.concatenate([near, free, shape], axis=1)

    def residuals(self, parameters: Values) -> Values:
        return np.concatenate([self.data(parameters)[0], self.known(parameters)[0]])

    def log_posterior(self, parameters: Values, scale: float) -> Values:
        data, known = (self.data(parameters) ** 2).sum(1), (self.known(parameters) ** 2).sum(1)
        return np.asarray(-0.5 * (data / scale + known))


def _descended(
    problem: _Problem, start: tuple[float, float], is_continuum: bool, weaker: float
) -> OptimizeResult:
    """Best parameters near a start, which one of :data:`_READINGS` gives."""
    begin = np.array([sum(start), *problem.centre, 0.0, 0.0])
    deeper = _DEEPER if is_continuum else 1.0
    begin[1:3] += weaker * np.array([deeper, -1]) * problem.factor[:2]
    begin[3] = np.log(start[1])
    if is_continuum:
        begin[0] = start[0] - np.exp(begin[1])
    return least_squares(
        problem.residuals, begin, method="lm", x_scale=_SCALE, ftol=_ENOUGH, xtol=_ENOUGH
    )


def _mode(found: OptimizeResult, points: int, scale: float) -> sampling.Mode:
    """Centre of a mode, and root of the covariance about it."""
    weight = np.repeat([scale**-0.5, 1.0], [points, found.fun.size - points])
    jacobian = found.jac * weight[:, None]
    return found.x, np.linalg.cholesky(np.linalg.inv(jacobian.T @ jacobian))
