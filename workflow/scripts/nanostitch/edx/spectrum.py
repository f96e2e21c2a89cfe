"""One spectrum to fit: counts per channel within a window, and what lies under the peaks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, percentile_filter

from nanostitch.edx import detector, elements
from nanostitch.errors import BatchError

Array = NDArray[np.float64]

FEWEST_CHANNELS = 100
"""Fewer within the window hold no peak on a background."""
FEWEST_COUNTS = 200
"""Fewer within the window leave no line to be told from the background."""
FLAT_TOP, _BRIGHT = 4, 100
"""Neighbouring channels that share the highest count of a spectrum that was cut off; below as many
counts in each they may do so by chance."""
_NOISE_KEV = 0.15
"""Below lie pulses of the electronics, which pile up with nothing."""
_BACKGROUND_SIGMA_KEV = 0.04
"""Width by which steps of the background are smeared: that of a peak near 2 keV."""
_FIRST_GUESS_KEV = 1.0
"""Width over which the lower envelope of a spectrum is a first guess of its background."""


@dataclass(frozen=True)
class Spectrum:
    """Channels of the window: counts, middles and edges [keV], and templates of unit content.

    ``bremsstrahlung`` is the physical shape with mean one, ``polynomials`` (order, channel) are
    what the logarithm of the background may add to it, ``pile_up`` counts per sum event.
    """

    counts: Array
    energy: Array
    edges: Array
    bremsstrahlung: Array
    polynomials: Array
    pile_up: Array
    envelope: Array

    @property
    def step(self) -> float:
        """Width of a channel [keV]."""
        return float(self.edges[1] - self.edges[0])


def summed(raw: xr.Dataset) -> xr.DataArray:
    """Counts of a spectrum, or the sum of all pixels of a map, dims (energy,)."""
    counts = raw["counts"]
    pixels = [dim for dim in counts.dims if dim != "energy"]
    # A map would take eight times its memory as numbers of double precision.
    return counts.sum(pixels, skipna=False, dtype="f8") if pixels else counts.astype("f8")


def flaws(raw: xr.Dataset) -> list[str]:
    """Why the counts of a spectrum cannot be fitted as they are; empty where they can."""
    counts = summed(raw).to_numpy()
    found = []
    if not np.isfinite(counts).all():
        found.append("channels hold no number: they would be taken for empty ones")
    if (counts < 0).any():
        found.append("counts are negative: the background was subtracted; export what was counted")
    counts = counts[raw["energy"].to_numpy() > _NOISE_KEV]
    top = np.nanmax(counts, initial=0.0)
    shared = np.convolve(counts == top, np.ones(FLAT_TOP), "same").max(initial=0.0)
    if top >= _BRIGHT and shared >= FLAT_TOP:
        found.append(f"the top of a peak is cut off at {top:g} counts: the memory was full")
    return found


def prepared(
    raw: xr.Dataset,
    *,
    window_kev: tuple[float, float],
    degree: int,
    detector_window: str,
    crystal_mm: float,
    bulk_of: Mapping[str, float] | None,
) -> Spectrum | None:
    """Spectrum within a window with its templates; None where there is too little in it.

    Parameters
    ----------
    bulk_of
        Mass fractions of a bulk specimen, which absorbs its own bremsstrahlung, with steps at its
        edges; None for a thin one, or where the polynomial must do.

    Raises
    ------
    BatchError
        If window or axis ascend not, or the axis is not of equal steps.

    Notes
    -----
    Bremsstrahlung of a thin specimen falls as (E0 - E)/E (Kramers, Phil. Mag. 46 (1923) 836),
    seen through the detector; a polynomial in the logarithm of energy, in the exponent, takes up
    absorption and slowing down. Sum events of pile-up are spread as the spectrum convolved with
    itself.
    """
    low, high = window_kev
    if not low < high:
        raise BatchError(f"edx: fit_window_kev is {[low, high]}; the second must be the larger")
    counts, energy = summed(raw).to_numpy(), raw["energy"].to_numpy()
    if energy.size < FEWEST_CHANNELS:
        return None
    step = float(energy[-1] - energy[0]) / (energy.size - 1)
    if not (step > 0 and np.allclose(np.diff(energy), step, rtol=0.01)):
        raise BatchError(
            "edx: the energies of the spectrum do not rise in equal steps; export it unbinned"
        )
    beam = float(raw.attrs["beam_energy_kev"])
    inside = np.flatnonzero((energy >= low) & (energy <= min(high, 0.97 * beam)))
    if inside.size < FEWEST_CHANNELS or counts[inside].sum() < FEWEST_COUNTS:
        return None
    part = slice(int(inside[0]), int(inside[-1]) + 1)
    seen = detector.efficiency(energy[part], detector_window, crystal_mm)
    shape = (beam - energy[part]) / energy[part] * seen
    angle = elevation_deg(raw)
    if bulk_of is not None and angle is not None:
        shape = shape * _leaving(bulk_of, energy[part], beam, angle)
    shape = gaussian_filter1d(shape, _BACKGROUND_SIGMA_KEV / step, mode="nearest")
    logs = np.log(energy[part])
    scaled = 2 * (logs - logs[0]) / (logs[-1] - logs[0]) - 1
    return Spectrum(
        counts=counts[part],
        energy=energy[part],
        edges=np.append(energy[part] - step / 2, energy[part][-1] + step / 2),
        bremsstrahlung=shape / shape.mean(),
        polynomials=np.polynomial.chebyshev.chebvander(scaled, degree).T,
        pile_up=_pile_up(counts, energy, step)[part],
        envelope=_envelope(counts, step)[part],
    )


def elevation_deg(raw: xr.Dataset) -> float | None:
    """Angle of the detector over the specimen [degree]; None where it is absent or impossible."""
    angle = float(raw.attrs.get("elevation_angle_degree", np.nan))
    return angle if 0 < angle <= 90 else None


def _leaving(
    mass_fractions: Mapping[str, float], energy: Array, beam_kev: float, elevation_deg: float
) -> Array:
    """Share of the bremsstrahlung that leaves a bulk specimen, at energies [keV].

    Notes
    -----
    Absorption factor of Philibert with the Lenard coefficient of Heinrich, in Electron Probe
    Quantitation (Plenum 1991), 9: 1/((1 + chi/sigma)(1 + h/(1 + h) chi/sigma)) with h = 1.2 A/Z2.
    """
    chi = elements.mixture_absorption(mass_fractions, energy) / np.sin(np.radians(elevation_deg))
    lenard = 4.5e5 / (beam_kev**1.65 - energy**1.65)
    h = sum(
        share * 1.2 * elements.atomic_weight(symbol) / elements.atomic_number(symbol) ** 2
        for symbol, share in mass_fractions.items()
    )
    return np.asarray(1 / ((1 + chi / lenard) * (1 + h / (1 + h) * chi / lenard)))


def _pile_up(counts: Array, energy: Array, step: float) -> Array:
    """Expected place of sums of two events, less half of each event that is lost to them."""
    real = np.where(energy > _NOISE_KEV, counts, 0.0)
    zero = round(-float(energy[0]) / step)
    both = np.convolve(real, real) / real.sum()
    sums = np.zeros(real.size)
    kept = both[max(zero, 0) : max(zero, 0) + real.size]
    start = max(-zero, 0)
    sums[start:] = kept[: real.size - start]
    return sums


def _envelope(counts: Array, step: float) -> Array:
    """Lower envelope of smoothed counts: a first guess of the background."""
    smooth = gaussian_filter1d(counts, 0.03 / step)
    low = percentile_filter(smooth, 15, size=max(int(_FIRST_GUESS_KEV / step), 3))
    return np.asarray(np.maximum(gaussian_filter1d(low, 0.2 / step), 0.1))
