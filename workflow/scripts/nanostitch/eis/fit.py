"""Fit of an equivalent circuit without initial guesses: many starts, then least squares."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from nanostitch.eis.elements import EXPONENT, Circuit, impedance

Values = NDArray[np.float64]
Complex = NDArray[np.complex128]

DRAWN = 400
"""Random sets of parameters of which the best become starts; drawing costs less than one fit."""
_STEP = 1e-5
"""Step of central differences in the logarithm of a parameter."""
_FARTHEST = 60.0
"""Largest logarithm of a parameter in SI units that is tried: e60 is 1e26."""
MOST_STEPS = 150
"""Evaluations of one descent; most need 20."""
_POLISHING_STEPS = 3000
"""The same for the circuit that is chosen."""
_EXACT = 1e-10
"""Relative change of sum, parameters and gradient at which a descent ends."""


class Data(NamedTuple):
    """Measured spectrum.

    Frequency [Hz], impedance [ohm], and its standard deviation [ohm], both parts together.
    """

    frequency: Values
    impedance: Complex
    deviation: Values


class Fitted(NamedTuple):
    """Best parameters of a circuit.

    ``values`` in SI units, ``logs`` what the optimiser moves, ``squares`` the sum of squared
    residuals over their variance, ``aicc`` the corrected information criterion.
    """

    circuit: Circuit
    values: Values
    logs: Values
    squares: float
    aicc: float


def fit(circuit: Circuit, data: Data, starts: int, random: np.random.Generator) -> Fitted:
    """Fit one circuit.

    Parameters
    ----------
    circuit
        Which circuit.
    data
        Spectrum.
    starts
        How many of the best random sets are followed to their minimum.
    random
        Source of the random sets.

    Notes
    -----
    Weighted complex nonlinear least squares (Macdonald, J. Electroanal. Chem. 223 (1987) 25).
    """
    seeds = _seeds(circuit, data, random)
    cost = squares(circuit, seeds, data)
    best: Values | None = None
    lowest = np.inf
    for at in np.argsort(cost, kind="stable")[:starts]:
        logs, total = refine(circuit, data, seeds[at], np.ones(seeds.shape[1], bool))
        if total < lowest:
            best, lowest = logs, total
    assert best is not None
    return Fitted(circuit, unpacked(circuit, best), best, lowest, _aicc(data, best.size, lowest))


def polished(found: Fitted, data: Data) -> Fitted:
    """Fit followed to the end of its valley, for which ranking has no time."""
    whole = np.ones(found.logs.size, bool)
    logs, lowest = refine(found.circuit, data, found.logs, whole, _POLISHING_STEPS)
    values = unpacked(found.circuit, logs)
    return Fitted(found.circuit, values, logs, lowest, _aicc(data, logs.size, lowest))


def refine(
    circuit: Circuit,
    data: Data,
    logs: Values,
    free: NDArray[np.bool_],
    most_steps: int = MOST_STEPS,
) -> tuple[Values, float]:
    """Move the free parameters to the next minimum; others stay. Returns them and the squares."""
    if not free.any():
        return logs, float(squares(circuit, logs[None], data)[0])

    def whole(moved: Values) -> Values:
        full: Values = logs.copy()
        full[free] = np.clip(moved, -_FARTHEST, _FARTHEST)
        return full

    def residual(moved: Values) -> Values:
        return np.asarray(_residuals(circuit, whole(moved)[None], data)[0])

    def jacobian(moved: Values) -> Values:
        return np.asarray(slopes(circuit, data, whole(moved))[:, free])

    found = least_squares(
        residual,
        logs[free],
        jac=jacobian,
        method="lm",
        max_nfev=most_steps,
        ftol=_EXACT,
        xtol=_EXACT,
        gtol=_EXACT,
    )
    return whole(found.x), float(2 * found.cost)


def slopes(circuit: Circuit, data: Data, logs: Values) -> Values:
    """Derivatives of the weighted residuals by the logarithms, dims (residual, parameter)."""
    step = _STEP * np.eye(logs.size)
    ends = _residuals(circuit, np.concatenate([logs + step, logs - step]), data)
    return np.asarray((ends[: logs.size] - ends[logs.size :]).T / (2 * _STEP))


def unpacked(circuit: Circuit, logs: Values) -> Values:
    """Parameters in SI units from what the optimiser moves, dims (..., parameter)."""
    low, high = EXPONENT
    share = 0.5 * (1 + np.tanh(logs / 2))
    with np.errstate(over="ignore"):  # an infinite bound, or an exponent near its end
        return np.where(circuit.bounded, low + (high - low) * share, np.exp(logs))


def packed(circuit: Circuit, values: Values) -> Values:
    """What the optimiser moves, from parameters in SI units."""
    low, high = EXPONENT
    share = np.clip((values - low) / (high - low), _EDGE, 1 - _EDGE)
    positive = np.log(np.maximum(values, np.exp(-_FARTHEST)))
    return np.where(circuit.bounded, np.log(share / (1 - share)), positive)


def _residuals(circuit: Circuit, logs: Values, data: Data) -> Values:
    """Weighted residuals of many sets of parameters, dims (set, residual)."""
    return weighted(impedance(circuit, unpacked(circuit, logs), data.frequency), data)


def weighted(model: Complex, data: Data) -> Values:
    """Residuals of a model [ohm] over their deviation: real parts, then imaginary ones.

    Parameters
    ----------
    model
        Dims (..., frequency); what is no number lies far off, never on the data.
    data
        Spectrum.
    """
    with np.errstate(invalid="ignore"):  # parameters far off make infinite impedances
        off = (data.impedance - model) * (np.sqrt(2) / data.deviation)
    found = np.concatenate([off.real, off.imag], axis=-1)
    return np.asarray(np.nan_to_num(found, nan=_BEYOND, posinf=_BEYOND, neginf=-_BEYOND))


_EDGE = 1e-10
"""Closest that an exponent starts to the end of its range, over the range."""
_BEYOND = 1e12
"""Weighted residual that stands for no number."""


def squares(circuit: Circuit, logs: Values, data: Data) -> Values:
    """Sum of squared residuals over their variance for each set of logarithms."""
    return np.asarray((_residuals(circuit, logs, data) ** 2).sum(axis=1))


def _aicc(data: Data, parameters: int, squares: float) -> float:
    """Corrected information criterion of Akaike for noise of unknown scale."""
    n, k = 2 * data.frequency.size, parameters + 1
    correction = 2 * k * (k + 1) / max(n - k - 1, 1)
    return float(n * np.log(max(squares, np.finfo(float).tiny) / n) + 2 * k + correction)


def _seeds(circuit: Circuit, data: Data, random: np.random.Generator) -> Values:
    """Random parameters whose resistances and frequencies are those that the spectrum shows."""
    modulus, omega = np.abs(data.impedance), 2 * np.pi * data.frequency
    low, high = np.log(modulus.min() / 3), np.log(modulus.max() * 3)
    size = (DRAWN, len(circuit.parameters))
    resistance = np.exp(random.uniform(low, high, size))
    corner = np.exp(random.uniform(np.log(omega[0] / 3), np.log(omega[-1] * 3), size))
    exponent = random.uniform(0.6, 0.99, size)
    values = np.empty(size)
    for at, (element, name) in enumerate(circuit.parameters):
        r, w = resistance[:, at], corner[:, at]
        if name == "exponent":
            values[:, at] = exponent[:, at]
        elif element.startswith("CPE"):
            values[:, at] = w ** -exponent[:, at + 1] / r
        elif name == "capacitance":
            values[:, at] = 1 / (w * r)
        elif name == "inductance":
            values[:, at] = r / w
        elif name == "time":
            values[:, at] = 1 / w
        else:
            values[:, at] = (
                r * np.sqrt(w) if element.startswith("W") and name != "resistance" else r
            )
    return packed(circuit, values)
