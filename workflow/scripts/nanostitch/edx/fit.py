"""Joint fit of bremsstrahlung, line families, pile-up and detector to one spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanostitch.edx.detector import Shape
from nanostitch.edx.lines import Family
from nanostitch.edx.model import FLOOR, Model, as_shape
from nanostitch.edx.spectrum import Spectrum

Array = NDArray[np.float64]

_ITERATIONS = 60
_SETTLED = 1e-3
"""Fall of the deviance below which the fit has settled: far below one standard deviation, which is
the deviance of a channel where the model does not describe all."""
_TINY = 1e-12
"""Information, over that of a parameter alone, of what the spectrum says nothing about."""
_FALSE_POSITIVE, _ALLOWANCE = 3.29, 2.71
"""Of the detection limit (Currie, Anal. Chem. 40 (1968) 586): 5 % errors of either kind."""


@dataclass(frozen=True)
class Fitted:
    """Areas of alpha lines with covariance, the detector, and curves by channel."""

    families: tuple[Family, ...]
    areas: Array
    covariance: Array
    detection_limits: Array
    shape: Shape
    shape_uncertainty: Array
    model: Array
    background: Array
    reduced_chi_square: float
    settled: bool


def joint(
    spectrum: Spectrum,
    families: Sequence[Family],
    *,
    window: str,
    crystal_mm: float,
    resolution_ev: float | None,
    like: Shape | None,
) -> Fitted:
    """Fit everything that a spectrum is made of, at once.

    Parameters
    ----------
    families
        Families to fit, by name; their areas may come out negative within their uncertainty.
    window, crystal_mm
        The detector, see :func:`nanostitch.edx.detector.efficiency`.
    resolution_ev
        Stated full width at half maximum at Mn Ka [eV], from which the fit starts.
    like
        Detector as found in a spectrum of more lines, whose gain and Fano factor are held.

    Notes
    -----
    Penalised Poisson maximum likelihood by Fisher scoring with Levenberg's damping. Covariances
    are the inverse of the expected information, times the reduced chi-square where that exceeds
    one: what the model does not describe then widens them.
    """
    model = Model(spectrum, families, window, crystal_mm)
    model.know(resolution_ev, like)
    parameters = model.start()
    precision = np.diag(1 / model.prior**2)
    templates = model.templates(parameters)
    expected = model.counts(parameters, templates)
    deviance, damping, settled = model.deviance(parameters, expected), 1e-2, False
    for _ in range(_ITERATIONS):
        jacobian = model.jacobian(parameters, templates)
        information = jacobian.T @ (jacobian / expected[:, None]) + precision
        slope = jacobian.T @ (spectrum.counts / expected - 1)
        slope -= precision @ (parameters - model.expected)
        # What is at an end of its range and pushed outwards stays there.
        free = model.free(parameters, slope)
        moved = False
        while damping < 1e8 and not moved:
            damped = information + damping * np.diag(np.diag(information) + 1e-12)
            trial = model.bounded(parameters + _step(damped, slope, free))
            trial_templates = model.templates(trial)
            trial_expected = model.counts(trial, trial_templates)
            fallen = deviance - model.deviance(trial, trial_expected)
            moved = fallen >= 0
            damping = max(damping / 10, 1e-9) if moved else damping * 10
        if not moved:
            break
        parameters, templates, expected = trial, trial_templates, trial_expected
        deviance -= fallen
        if fallen < _SETTLED * max(1.0, deviance / spectrum.counts.size):
            settled = True
            break
    return _summary(model, parameters, templates, settled or damping >= 1e8)


def _step(information: Array, slope: Array, free: NDArray[np.bool_]) -> Array:
    step = np.zeros(slope.size)
    step[free] = np.linalg.solve(information[np.ix_(free, free)], slope[free])
    return step


def _summary(model: Model, parameters: Array, templates: Array, settled: bool) -> Fitted:
    expected, counts = model.counts(parameters, templates), model.spectrum.counts
    jacobian = model.jacobian(parameters, templates)
    precision = np.diag(1 / model.prior**2)
    inverse = _inverse(jacobian.T @ (jacobian / expected[:, None]) + precision)
    freedom = max(counts.size - parameters.size, 1)
    chi_square = float(((counts - expected) ** 2 / np.maximum(expected, 1)).sum() / freedom)
    covariance = inverse * max(chi_square, 1.0)
    number = len(model.families)
    limits = np.empty(number)
    for family in range(number):
        own = parameters[family] * jacobian[:, family]
        without = np.maximum(expected - np.maximum(own, 0), FLOOR)
        blind = jacobian.T @ (jacobian / without[:, None]) + precision
        spread = np.sqrt(max(_variance(blind, family) * max(chi_square, 1.0), 0.0))
        limits[family] = _ALLOWANCE + _FALSE_POSITIVE * spread
    return Fitted(
        tuple(model.families),
        parameters[:number],
        covariance[:number, :number],
        limits,
        as_shape(parameters[model.parts[4]]),
        np.sqrt(np.diag(covariance))[model.parts[4]],
        expected,
        model.background(parameters),
        chi_square,
        settled,
    )


def _inverse(information: Array) -> Array:
    """Inverse of a positive matrix whose rows differ by many powers of ten."""
    scale = 1 / np.sqrt(np.maximum(np.diag(information), _TINY))
    scaled = information * scale * scale[:, None] + _TINY * np.eye(scale.size)
    return np.asarray(np.linalg.inv(scaled) * scale * scale[:, None])


def _variance(information: Array, parameter: int) -> float:
    """Variance of one parameter."""
    scale = 1 / np.sqrt(np.maximum(np.diag(information), _TINY))
    scaled = information * scale * scale[:, None] + _TINY * np.eye(scale.size)
    alone = np.zeros(scale.size)
    alone[parameter] = 1.0
    return float(np.linalg.solve(scaled, alone)[parameter] * scale[parameter] ** 2)
