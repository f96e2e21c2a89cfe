"""Dielectric function of CsPbBr3 up to 60 eV, its band edge where confinement puts it.

The edge is Elliott's (1957): exciton lines and the Coulomb-enhanced continuum of a direct gap,
broadened. Above it lie oscillators that do not move. Edge and oscillators below 6 eV are fitted to
the n and k that Brennan et al. (2024, doi:10.1557/s43579-024-00576-x) measured on a polished bulk
crystal; ``docs/dielectric.py`` is the fit. No optical data reach beyond 6.2 eV: there, four wide
bands hold what refraction below and the number of outer electrons leave.

What a gap means here. ``band_gap`` of a specimen counts confinement from 2.32 eV, the bulk gap
that Gomez et al. (2018) quote. With ``elliott`` a body whose gap is 2.32 eV is the measured bulk
crystal, whose continuum starts at 2.43 eV, whose exciton absorbs at 2.39 eV and whose loss
function rises steepest at 2.38 eV. A smaller body has its edge shifted rigidly by what confinement
adds less what it adds to the binding of the exciton (:func:`edge_shift`). No parameter was tuned to
spectra of nanocrystals. A cube of 8.1 nm comes out with the steepest rise at 2.46 eV, cubes of
8.1 +- 1.2 nm together at 2.44 eV, wide plates of 8.1 nm at 2.41 eV; the paper reads 2.45 and
2.39 eV. The rise moves less than ``band_gap`` does, since a merged body binds the exciton less.
That ``band_gap`` is no feature of such a spectrum; the truth behind a file calls it
``confinement_gap``, and the start of the continuum, which a fit can find, ``band_gap``.
With ``square_root``, electron and hole do not attract each other and nothing is smeared: the loss
starts at the gap of the specimen exactly, as the textbook has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator
from scipy.signal import fftconvolve
from scipy.special import dawsn

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Onset = Literal["elliott", "square_root"]


@dataclass(frozen=True)
class Edge:
    """Band edge: energies in eV, ``strength`` in eV^-1/2.

    The spectrum is smeared by a hyperbolic secant, whose flanks fall by e per ``urbach_ev``, and a
    Gaussian of standard deviation ``smearing_ev``. ``fade_ev`` is how far above the edge the
    bands stay parabolic.
    """

    continuum_ev: float
    rydberg_ev: float
    urbach_ev: float
    smearing_ev: float
    strength: float
    fade_ev: float


@dataclass(frozen=True)
class Oscillator:
    """Gaussian band of eps2: height, centre [eV], width to 1/e [eV]."""

    height: float
    centre_ev: float
    width_ev: float


BULK_EDGE = Edge(2.4325, 0.0403, 0.0118, 0.0204, 0.6894, 1.800)
"""Fit to Brennan et al. (2024); the literature has Rydbergs of 33 to 40 meV."""
OSCILLATORS: Sequence[Oscillator] = (
    Oscillator(0.7127, 3.2625, 0.3903),
    Oscillator(0.7416, 3.6000, 0.2537),
    Oscillator(3.1297, 4.2808, 0.6167),
    Oscillator(0.2132, 5.1253, 0.2167),
    Oscillator(0.3458, 6.8, 1.0),
    Oscillator(2.9229, 10.0, 2.5),
    Oscillator(2.0530, 15.0, 4.0),
    Oscillator(0.6000, 25.0, 8.0),
)
"""The first four are fitted to the same data. Of the others, which only their refraction below is
fitted to, centres and widths are set where Br 4p, Cs 5p, Br 4s and Pb 5d electrons are excited.
Deeper shells have no edges here: beyond 60 eV eps rises to 1 as that of free electrons does."""
SQUARE_ROOT_EDGE = Edge(BULK_EDGE.continuum_ev, 0.0, 0.0, 0.0, 1.48, 1.8)
"""The same edge without attraction and smearing, so strong that it absorbs as the other does half
an electronvolt above its start. The lowest band is left out beside it, for its rise at 3 eV would
be steeper."""
BULK_GAP_EV = 2.32
"""Gap from which specimens count confinement (Gomez et al. 2018)."""
EXCITON_RYDBERG_EV = 0.033
REDUCED_MASS = 0.126
"""Binding energy of the bulk exciton and reduced mass over that of the electron, by magneto-optics
(Yang et al. 2017, ACS Energy Lett., arXiv:1706.04489)."""
EXCITON_RADIUS_NM = 0.0529177 * np.sqrt(13.605693 / (REDUCED_MASS * EXCITON_RYDBERG_EV))
"""Bohr radius, 3.0 nm, of the hydrogen-like exciton with these two."""
BINDING_GROWTH, BINDING_BEND = 2.44, 0.83
"""Growth of the binding energy with confinement, see :func:`binding`."""
ELECTRONS_EV2 = 1.378862 / 0.1992
"""Square of the plasma energy of one electron per formula unit, hbar^2 e^2 / (eps0 m V), in the
orthorhombic cell of 4 x 0.1992 nm3 [eV2]."""

_LINES = 12
"""Exciton lines that are summed; the twelfth has 1/1700 of the first."""
_FINE_EV = 1e-3
_NODE_EV, _NODE_STEP = 0.05, 0.01
"""Nodes x = 0.05 sinh(0.01 j) eV: half a millielectronvolt apart at the edge, 1 % of x far off."""
_BELOW_EV, _FAR_EV = 0.6, 2e5
"""The table ends where no electron of 120 keV can lose more."""


def permittivity(
    energy: Floats, shift: float | Floats = 0.0, onset: Onset = "elliott"
) -> Complexes:
    """Relative permittivity of CsPbBr3.

    Parameters
    ----------
    energy
        Energies above 0 [eV].
    shift
        By how much the edge lies above that of the bulk [eV]; broadcast against ``energy``.
    onset
        ``elliott`` or ``square_root``.

    Notes
    -----
    eps1 - 1 is the exact Kramers-Kronig transform of eps2: of the Gaussians by Dawson's integral;
    of the edge, which is linear between nodes, in closed form. Since eps2 is odd, that transform
    is H(E) + H(-E) with the Hilbert transform H of the positive half, and a rigid shift of the
    edge shifts H.
    """
    if onset == "elliott":
        return permittivity_of(BULK_EDGE, OSCILLATORS, energy, shift)
    return permittivity_of(SQUARE_ROOT_EDGE, OSCILLATORS[1:], energy, shift)


def permittivity_of(
    edge: Edge, oscillators: Sequence[Oscillator], energy: Floats, shift: float | Floats = 0.0
) -> Complexes:
    """As :func:`permittivity`, of given parts; what a fit varies."""
    table = _edge_table(edge)
    above, below = energy - edge.continuum_ev - shift, -energy - edge.continuum_ev - shift
    value = 1.0 + table.real(above) + table.real(below)
    value = value + 1j * (table.imaginary(above) - table.imaginary(below))
    for band in oscillators:
        up = (energy + band.centre_ev) / band.width_ev
        down = (energy - band.centre_ev) / band.width_ev
        value = value + 2 * band.height / np.sqrt(np.pi) * (dawsn(up) - dawsn(down))
        value = value + 1j * band.height * (np.exp(-(down**2)) - np.exp(-(up**2)))
    return np.asarray(value)


def loss_function(permittivity: Complexes) -> Floats:
    """Energy-loss function Im(-1/eps) of the bulk."""
    return np.asarray(np.imag(-1 / permittivity))


def electrons(energy: Floats, permittivity: Complexes) -> Floats:
    """Electrons per formula unit that take part up to each energy: the partial f-sum of eps2."""
    below = np.concatenate([[0.0], np.diff(energy) * _middle(energy * permittivity.imag)])
    return np.asarray(np.cumsum(below) / (np.pi / 2 * ELECTRONS_EV2))


def edge_shift(band_gap: Floats, lengths: Floats, onset: Onset = "elliott") -> Floats:
    """By how much the edge of a body lies above that of :data:`BULK_EDGE` [eV].

    Parameters
    ----------
    band_gap
        Gap by confinement [eV].
    lengths
        The three lengths of the body [nm], on the last axis.
    onset
        With ``square_root`` the continuum is put at the gap itself.
    """
    if onset == "square_root":
        return np.asarray(band_gap - BULK_EDGE.continuum_ev)
    return np.asarray(band_gap - BULK_GAP_EV - (binding(lengths) - EXCITON_RYDBERG_EV))


def edge_energy(shift: float, onset: Onset = "elliott") -> float:
    """Where a shifted edge begins: its first exciton, or its continuum without one [eV]."""
    exciton = BULK_EDGE.rydberg_ev if onset == "elliott" else 0.0
    return BULK_EDGE.continuum_ev + shift - exciton


def binding(lengths: Floats) -> Floats:
    """Binding energy of the exciton in a box with hard walls [eV].

    Parameters
    ----------
    lengths
        The three lengths of the box [nm], on the last axis.

    Notes
    -----
    R (1 + 2.44 s^2 / (0.83 + s)), s = a (1/L1 + 1/L2 + 1/L3), with Rydberg R and Bohr radius a of
    the bulk. It follows, within 2 meV for cubes, wires and plates of 6 to 60 nm, the variational
    energy with the wave function cos^6 exp(-r/b): particles in a box, correlated. For a cube of
    8.1 nm that is 85 meV, of which 75 meV are the mean Coulomb energy of uncorrelated particles,
    1.79 e^2/(4 pi eps0 eps R) of Brus (1984, doi:10.1063/1.447218) carried over to a cube. Light
    (``ensemble.py``) and EELS use different models of the exciton, whose shifts differ by about
    a third.
    """
    squeeze = EXCITON_RADIUS_NM * (1 / lengths).sum(axis=-1)
    growth = BINDING_GROWTH * squeeze**2 / (BINDING_BEND + squeeze)
    return np.asarray(EXCITON_RYDBERG_EV * (1 + growth))


def inflection(energy: Floats, signal: Floats) -> Floats:
    """Energy of the steepest rise, between grid points by a parabola [eV].

    Parameters
    ----------
    energy
        Rising in equal steps [eV].
    signal
        Energy on the last axis.

    Returns
    -------
    numpy.ndarray
        One energy for each spectrum; NaN where the signal does not rise.
    """
    slope = np.gradient(signal, energy, axis=-1)
    top = np.clip(slope.argmax(axis=-1), 1, energy.size - 2)
    left, middle, right = (
        np.take_along_axis(slope, (top + k)[..., None], -1)[..., 0] for k in (-1, 0, 1)
    )
    bend = left - 2 * middle + right
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = np.where(bend < 0, (left - right) / (2 * bend), 0.0)
    found = energy[top] + np.clip(offset, -0.5, 0.5) * (energy[1] - energy[0])
    return np.asarray(np.where(slope.max(axis=-1) > 0, found, np.nan))


@dataclass(frozen=True)
class _Table:
    """Spectrum of an edge about its continuum, and its Hilbert transform."""

    imaginary: Akima1DInterpolator
    real: Akima1DInterpolator


@lru_cache(maxsize=8)
def _edge_table(edge: Edge) -> _Table:
    reach = np.arcsinh(_FAR_EV / _NODE_EV)
    steps = int(reach / _NODE_STEP)
    node = _NODE_EV * np.sinh(_NODE_STEP * np.arange(-steps, steps + 1))
    inside = (node > -_BELOW_EV) & (node < 6 * edge.fade_ev)
    spectrum = np.zeros(node.size)
    spectrum[inside] = _spectrum(edge, node[inside])
    spectrum[inside] *= np.concatenate([[0.0], np.ones(int(inside.sum()) - 2), [0.0]])
    transform = _hilbert(node[inside], spectrum[inside], node)
    return _Table(
        Akima1DInterpolator(node, spectrum, method="makima"),
        Akima1DInterpolator(node, transform, method="makima"),
    )


def _spectrum(edge: Edge, above: Floats) -> Floats:
    """Elliott's spectrum, broadened, at energies above the continuum's start."""
    if edge.rydberg_ev == 0:
        positive = np.maximum(above, 0.0)
        return np.asarray(edge.strength * np.sqrt(positive) * _fade(edge, positive))
    fine = _FINE_EV * np.arange(-int(1 / _FINE_EV), int((6 * edge.fade_ev + 1) / _FINE_EV))
    positive = np.maximum(fine, 1e-3 * _FINE_EV)
    enhanced = -np.expm1(-2 * np.pi * np.sqrt(edge.rydberg_ev / positive))
    sharp = np.where(fine > 0, 2 * np.pi * np.sqrt(edge.rydberg_ev) / enhanced, 0.0)
    sharp *= _fade(edge, positive)
    for line in range(1, _LINES + 1):
        # The delta function is shared between two points, so that its mean energy is kept.
        place = (-edge.rydberg_ev / line**2 - fine[0]) / _FINE_EV
        index, part = int(place), place - int(place)
        area = 4 * np.pi * edge.rydberg_ev**1.5 / line**3 / _FINE_EV
        sharp[index : index + 2] += area * np.array([1 - part, part])
    away = fine[np.abs(fine) < 0.5]
    smear = fftconvolve(
        1 / np.cosh(away / edge.urbach_ev), np.exp(-0.5 * (away / edge.smearing_ev) ** 2), "same"
    )
    smooth = np.maximum(fftconvolve(sharp, smear / smear.sum(), "same"), 0.0)
    return np.asarray(edge.strength * np.interp(above, fine, smooth))


def _fade(edge: Edge, above: Floats) -> Floats:
    """The factor 1/E^2 of eps2 over matrix elements, and the end of the parabolic bands."""
    inverse = (edge.continuum_ev / (edge.continuum_ev + above)) ** 2
    return np.asarray(inverse * np.exp(-((above / edge.fade_ev) ** 2)))


def _hilbert(node: Floats, values: Floats, at: Floats) -> Floats:
    """(1/pi) P int f(x)/(x - at) dx of a function that is linear between nodes and 0 at the ends.

    Integrated by parts twice: the sum over nodes of the change of slope times u ln|u|.
    """
    bends = np.diff(np.diff(values) / np.diff(node), prepend=0.0, append=0.0)
    away = node - at[:, None]
    logarithm = np.log(np.abs(away), out=np.zeros_like(away), where=away != 0)
    return np.asarray((away * logarithm) @ bends / np.pi)


def _middle(values: Floats) -> Floats:
    return np.asarray((values[1:] + values[:-1]) / 2)
