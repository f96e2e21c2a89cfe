"""Onsets of direct and other gaps as the spectrometer shows them: through the zero-loss peak.

A shape is a family of onsets with few parameters, which prior knowledge bounds. All of them are
seen through the same measured peak, on a grid much finer than the channels, from which the rows
of a fit are cut without interpolation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.interpolate import CubicSpline

from nanostitch.eels.channels import Array

Name = Literal["square_root", "smeared", "urbach", "excitonic", "indirect", "free_exponent"]
NAMES: tuple[Name, ...] = get_args(Name)

_STEPS_PER_FWHM = 32
_FEWEST_STEPS = 4
# The peak is known where the axis shows its gain side; beyond ten widths there is but the tail.
_KERNEL_REACH_FWHM = 10.0
# Room below the gap for bound excitons and broadening [eV], and above the range for the peak.
_BELOW_EV = 0.4
_LINES = 12
_BIT = 1e-2
_OVERFLOW = 300.0
# Share of the least width of an edge that is as good as none.
_ABSENT = 0.1
# Exponents (95 %): of an indirect gap by energy losses (3/2) and by light (2), and free.
_INDIRECT, _FREE = (1.5, 2.0), (1 / 6, 1.5)


@dataclass(frozen=True)
class Parameter:
    """Logarithm of one parameter of a shape: mean and standard deviation of its prior."""

    name: str
    mean: float
    deviation: float


@dataclass(frozen=True)
class Family:
    """Onsets of one kind.

    ``sharp(above, step, values)`` is the onset before any broadening, as means over cells of a
    fine grid of E - Eg [eV]; ``blur(frequency, values)`` the Fourier transform of its own
    broadening at angular frequencies [1/eV]. ``values`` are the parameters, not their logarithms;
    the first ``sharpened`` of them change ``sharp`` alone, the others ``blur`` alone.
    """

    name: Name
    parameters: tuple[Parameter, ...]
    sharp: Callable[[Array, float, Array], Array]
    blur: Callable[[Array, Array], Array]
    sharpened: int = 0


@dataclass(frozen=True)
class Curves:
    """An onset on the fine grid, its slope, and its derivatives by the parameters.

    ``partial`` (parameter, point): by the two bends of the band, then by those of the family.
    """

    grid: "Grid"
    values: Array
    slope: Array
    partial: Array


@dataclass(frozen=True)
class Grid:
    """Fine grid of E - Eg: ``parts`` steps in a channel; the transform of the peak on it."""

    above: Array
    step: float
    parts: int
    padded: int
    frequency: Array
    peak: NDArray[np.complex128]

    def first(self, energy: float, gap: Array) -> tuple[NDArray[np.intp], Array]:
        """Index of the grid for channels that begin at an energy, and the gap it stands for."""
        index = np.rint((energy - gap - self.above[0]) / self.step).astype(np.intp)
        index = np.clip(index, 0, None)
        return index, energy - self.above[0] - index * self.step

    def rows(self, curve: Array, index: NDArray[np.intp], channels: int) -> Array:
        """Values in consecutive channels, one row for each first index."""
        whole = curve[: curve.size // self.parts * self.parts].reshape(-1, self.parts).T
        views = np.lib.stride_tricks.sliding_window_view(whole, channels, axis=1)
        part, start = index % self.parts, np.minimum(index // self.parts, views.shape[1] - 1)
        return np.asarray(views[part, start])


def grid(
    spectrum: Array, energy: Array, fwhm: float, gap_range_ev: tuple[float, float], start_ev: float
) -> Grid:
    """Fine grid for all gaps of a range, with the peak of a spectrum.

    Parameters
    ----------
    spectrum, energy
        Counts with the zero-loss peak at 0 eV, and the channels' centres [eV].
    fwhm
        Full width of the zero-loss peak at half maximum [eV].
    gap_range_ev
        Where the gap is looked for [eV]; fits end at its high end.
    start_ev
        Where the first fit begins [eV].
    """
    low, high = gap_range_ev
    width = float(energy[-1] - energy[0]) / (energy.size - 1)
    parts = max(_FEWEST_STEPS, int(np.ceil(width / fwhm * _STEPS_PER_FWHM)))
    step = width / parts
    reach = min(_KERNEL_REACH_FWHM * fwhm, start_ev / 2, -float(energy[0]))
    bottom = min(start_ev - high, 0.0) - _BELOW_EV - 2 * width
    top = high - low + reach + 2 * width
    above = step * np.arange(np.floor(bottom / step), np.ceil(top / step) + 1)
    half = max(1, int(reach / step))
    padded = int(next_fast_len(above.size + 2 * half, real=True))
    fine = step * np.arange(-half, half + 1)
    seen = np.nan_to_num(CubicSpline(energy, spectrum, extrapolate=False)(fine))
    seen = np.maximum(seen, 0.0)
    around = np.zeros(padded)
    around[: half + 1], around[-half:] = seen[half:], seen[:half]
    frequency = np.asarray(2 * np.pi * np.fft.rfftfreq(padded, step), dtype=float)
    return Grid(above, step, parts, padded, frequency, np.fft.rfft(around / seen.sum()))


def curves(family: Family, values: Array, on: Grid, partial: bool = True) -> Curves:
    """Onset (1 + c1 x + c2 x^2) f(x), x = E - Eg, seen through the peak.

    Parameters
    ----------
    family
        Kind of onset f.
    values
        The bends c1 [1/eV] and c2 [1/eV^2], then the logarithms of the family's parameters.
    on
        From :func:`grid`.
    partial
        Whether derivatives by the parameters are wanted: they are most of the work.
    """
    bends, own = values[:2], values[2:]
    x = on.above
    bent = 1 + bends[0] * x + bends[1] * x**2
    transform = on.peak * family.blur(on.frequency, np.exp(own))
    sharp = family.sharp(x, on.step, np.exp(own))
    factors = (bent, x, x**2) if partial else (bent,)
    bare = np.fft.rfft(np.stack([factor * sharp for factor in factors]), on.padded)
    parts = bare * transform
    spectra = [parts[0], 1j * on.frequency * parts[0], *parts[1:]]
    for k, parameter in enumerate(family.parameters if partial else ()):
        little = np.zeros(own.size)
        little[k] = _BIT * parameter.deviation
        ends = [np.exp(own + little), np.exp(own - little)]
        if k < family.sharpened:
            one, other = (family.sharp(x, on.step, near) for near in ends)
            change = np.fft.rfft(bent * (one - other), on.padded) * transform
        else:
            one, other = (family.blur(on.frequency, near) for near in ends)
            change = (one - other) * bare[0] * on.peak
        spectra.append(change / (2 * little[k]))
    found = np.fft.irfft(np.stack(spectra), on.padded, axis=1)[:, : x.size]
    return Curves(on, found[0], found[1], found[2:])


def steepest(family: Family, values: Array, on: Grid) -> float:
    """Where the onset rises steepest before the spectrometer sees it, above the gap [eV].

    Parameters
    ----------
    family, values, on
        As in :func:`curves`.
    """
    x = on.above
    sharp = (1 + values[0] * x + values[1] * x**2) * family.sharp(x, on.step, np.exp(values[2:]))
    seen = np.fft.rfft(sharp, on.padded) * family.blur(on.frequency, np.exp(values[2:]))
    slope = np.diff(np.fft.irfft(seen, on.padded)[: x.size])
    near = slope[: int(np.searchsorted(x, _BELOW_EV / 2))]
    return float(x[int(near.argmax())] + on.step / 2)


def families(
    binding_ev: tuple[float, float], broadening_ev: tuple[float, float]
) -> dict[Name, Family]:
    """All kinds of onset, by name.

    Parameters
    ----------
    binding_ev, broadening_ev
        Ranges (95 %) of the exciton's binding energy and of the broadening of an edge [eV].

    Notes
    -----
    Direct and indirect gap: (E - Eg)^1/2 and (E - Eg)^3/2 to (E - Eg)^2, Rafferty & Brown, Phys.
    Rev. B 58 (1998) 10326, doi:10.1103/PhysRevB.58.10326. Exciton: Elliott, Phys. Rev. 108
    (1957) 1384, lines at Eg - R/n^2 and the enhanced continuum, broadened by a hyperbolic secant.
    A spread of gaps in the volume that the beam meets is a Gaussian. Urbach's tail, Phys. Rev.
    92 (1953) 1324, exp(E/Eu), goes over into the square root with one slope, Eu/2 above the gap.
    """
    binding = _between("exciton_binding_ev", binding_ev)
    secant = _between("broadening_ev", broadening_ev)
    spread = _between("spread_ev", broadening_ev)
    energy = _between("urbach_ev", broadening_ev)
    # Where a secant broadens the edge already, a spread of gaps may be absent.
    further = _between("spread_ev", (_ABSENT * broadening_ev[0], broadening_ev[1]))
    free, indirect = _between("exponent", _FREE), _between("exponent", _INDIRECT)
    return {
        "square_root": Family("square_root", (), _power(0.5), _none),
        "smeared": Family("smeared", (spread,), _power(0.5), _gaussian),
        "urbach": Family("urbach", (energy,), _urbach, _none, 1),
        "excitonic": Family("excitonic", (binding, secant, further), _elliott, _both, 1),
        "indirect": Family("indirect", (indirect,), _free_power, _none, 1),
        "free_exponent": Family("free_exponent", (free,), _free_power, _none, 1),
    }


def _between(name: str, ends: tuple[float, float]) -> Parameter:
    low, high = ends
    return Parameter(name, float(np.log(low * high)) / 2, float(np.log(high / low)) / 4)


def _power(exponent: float) -> Callable[[Array, float, Array], Array]:
    def sharp(above: Array, step: float, values: Array) -> Array:
        # Means over the cells: the root has no slope at its foot to sample.
        high, low = (np.maximum(above + side * step / 2, 0.0) for side in (1, -1))
        return np.asarray((high ** (exponent + 1) - low ** (exponent + 1)) / (exponent + 1) / step)

    return sharp


def _free_power(above: Array, step: float, values: Array) -> Array:
    return _power(float(values[0]))(above, step, values)


def _urbach(above: Array, step: float, values: Array) -> Array:
    energy = float(values[0])
    tail = np.sqrt(energy / 2) * np.exp(np.minimum(above / energy - 0.5, 0.0))
    return np.asarray(np.where(above < energy / 2, tail, np.sqrt(np.maximum(above, energy / 2))))


def _elliott(above: Array, step: float, values: Array) -> Array:
    binding = float(values[0])
    positive = np.maximum(above, step / 2)
    continuum = 2 * np.pi * np.sqrt(binding)
    continuum = continuum / -np.expm1(-2 * np.pi * np.sqrt(binding / positive))
    sharp = np.where(above > step / 2, continuum, 0.0)
    sharp[np.abs(above) <= step / 2] = np.pi * np.sqrt(binding)
    for line in range(1, _LINES + 1):
        # Lines are shared between two points, so that their mean energy is kept.
        place = (-binding / line**2 - above[0]) / step
        index = int(place)
        area = 4 * np.pi * binding**1.5 / line**3 / step
        sharp[index : index + 2] += area * np.array([1 - place + index, place - index])
    return sharp


def _none(frequency: Array, values: Array) -> Array:
    return np.ones_like(frequency)


def _gaussian(frequency: Array, values: Array) -> Array:
    return np.asarray(np.exp(-0.5 * (values[-1] * frequency) ** 2))


def _both(frequency: Array, values: Array) -> Array:
    """Hyperbolic secant and Gaussian."""
    secant = 1 / np.cosh(np.minimum(np.pi / 2 * values[1] * frequency, _OVERFLOW))
    return np.asarray(secant * _gaussian(frequency, values))
