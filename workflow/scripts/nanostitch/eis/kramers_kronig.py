"""Linear Kramers-Kronig test: whether a spectrum can be that of a linear, causal, steady film.

A chain of resistances and capacitances, whose time constants are given, obeys the Kramers-Kronig
relations whatever its resistances are. What such a chain cannot follow breaks them (Boukamp, J.
Electrochem. Soc. 142 (1995) 1885, doi:10.1149/1.2044210).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from nanostitch.eis import noise
from nanostitch.eis.noise import Noise

Values = NDArray[np.float64]
Complex = NDArray[np.complex128]


_FEWEST = 3
"""Fewest time constants of a chain."""
_SERIES = 3
"""Resistance, inductance and capacitance in series with the chain."""
_EXTENSION, _CUT_OFF_DEGREES = 10.0, 20.0
"""Extension tried where the phase at the lowest frequency is larger: an arc that it cuts off needs
slower time constants, while one that has ended would let them follow drift."""
_ROUNDS = 3
"""Rounds in which the weights follow the noise found."""


class Chain(NamedTuple):
    """Chain of ``elements`` time constants: ``impedance`` [ohm], ``mu``, number of parameters."""

    elements: int
    impedance: Complex
    mu: float
    parameters: int


def chain(
    frequency: Values, z: Complex, elements: int, relative: Values, extension: float = 1.0
) -> Chain:
    """Fit a chain by weighted linear least squares of both parts.

    Parameters
    ----------
    frequency
        [Hz], rising.
    z
        Measured impedance [ohm].
    elements
        How many time constants, equally spaced in their logarithm over the frequencies measured.
    relative
        Relative standard deviation of each point.
    extension
        Factor by which the slowest time constant exceeds that of the lowest frequency.

    Notes
    -----
    A resistance, an inductance and a capacitance are in series with the chain.
    """
    omega = 2 * np.pi * frequency
    tau = np.geomspace(1 / omega[-1], extension / omega[0], elements)
    columns = [1 / (1 + 1j * omega * t) for t in tau]
    columns += [np.ones(z.size, complex), 1j * omega, 1 / (1j * omega)]
    weight = 1 / (np.abs(z) * relative)
    design = np.stack(columns, axis=1) * weight[:, None]
    stacked = np.concatenate([design.real, design.imag])
    scale = np.linalg.norm(stacked, axis=0)
    aim = np.concatenate([(z * weight).real, (z * weight).imag])
    value = np.linalg.lstsq(stacked / scale, aim, rcond=None)[0] / scale
    resistances = value[:elements]
    positive = resistances[resistances >= 0].sum()
    mu = 1 - np.abs(resistances[resistances < 0]).sum() / positive if positive > 0 else 0.0
    return Chain(elements, np.stack(columns, axis=1) @ value, float(mu), value.size)


class Validity(NamedTuple):
    """Outcome of the test.

    ``chain`` chosen, ``noise`` of its residuals, ``residual`` (complex, over the modulus),
    ``misfit`` (relative, what neighbouring residuals share in the worst decade), and ``p_value``
    that noise alone makes neighbours so alike.
    """

    chain: Chain
    noise: Noise
    residual: Complex
    misfit: float
    p_value: float


def test(frequency: Values, z: Complex, most_per_decade: float) -> Validity:
    """Test a spectrum by the chain that explains it best.

    Parameters
    ----------
    frequency, z
        [Hz], rising, and [ohm].
    most_per_decade
        Most time constants for each decade of frequency; more would follow noise and drift.

    Notes
    -----
    The number of time constants is that of least corrected information criterion; mu, by which
    Schoenleber et al. (Electrochim. Acta 131 (2014) 20, doi:10.1016/j.electacta.2014.01.034) stop,
    is reported, but stops short at a single sharp arc. Valid spectra leave residuals whose
    neighbours are independent; drift and other breaches leave smooth ones, so that products of
    neighbours have a positive mean, whose root over the worst decade is the misfit. The test is
    made once as if noise were a share of the modulus and once with the noise found (which a drift
    at high impedance can mimic); the smaller probability counts twice (Bonferroni).
    """
    decades = float(np.log10(frequency[-1] / frequency[0]))
    most = int(min(np.ceil(most_per_decade * decades), z.size - _SERIES))
    cut_off = abs(np.angle(z[0], deg=True)) > _CUT_OFF_DEGREES
    extensions = (1.0, _EXTENSION) if cut_off else (1.0,)
    relative = np.ones(z.size)
    tested: list[float] = []
    for _ in range(_ROUNDS):
        chains = [
            chain(frequency, z, m, relative, extension)
            for m in range(_FEWEST, max(most, _FEWEST) + 1)
            for extension in extensions
        ]
        best = min(chains, key=lambda one: _aicc(one, z, relative))
        modulus = np.abs(best.impedance)
        residual = (z - best.impedance) / modulus
        tested.append(_likeness(residual / relative, best.parameters))
        free = max(2 * z.size - best.parameters, 1)
        found = noise.estimate(z - best.impedance, modulus, free)
        relative = found.relative(modulus) / found.share
    p_value = min(1.0, 2 * min(tested[0], tested[-1]))
    per_decade = max(round((z.size - 1) / decades), _FEWEST)
    return Validity(best, found, residual, _shared(residual, per_decade), p_value)


def _shared(residual: Complex, per_decade: int) -> float:
    """What neighbouring residuals share in the decade in which they share most."""
    products = (residual[1:] * residual[:-1].conj()).real
    width = min(per_decade, products.size)
    means = np.convolve(products, np.full(width, 1 / width), "valid")
    return float(np.sqrt(max(means.max(), 0.0)))


def _likeness(residual: Complex, parameters: int) -> float:
    """Probability that independent residuals are as alike as neighbours are."""
    power = np.abs(residual) ** 2
    products = (residual[1:] * residual[:-1].conj()).real
    expected = -parameters / (2 * residual.size) * power.mean()
    spread = float(np.sqrt((power[1:] * power[:-1]).sum() / 2))
    score = float((products - expected).sum()) / max(spread, np.finfo(float).tiny)
    return float(norm.sf(score))


def _aicc(one: Chain, z: Complex, relative: Values) -> float:
    n, k = 2 * z.size, one.parameters + 1
    squares = float((np.abs((z - one.impedance) / (np.abs(z) * relative)) ** 2).sum())
    squares = max(squares, np.finfo(float).tiny)
    return float(n * np.log(squares / n)) + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1)
