"""Spectrum images for the benchmarks: CsPbBr3-like low-loss maps of any size, written in blocks.

As in the description of the peers' trial: 2048 channels of 10 meV, a pseudo-Voigt zero-loss peak
of 50 meV with 3 % Lorentzian part, jitter of up to five channels, plural scattering at relative
thicknesses of 0.15 to 0.40, gaps of 2.30 to 2.45 eV, Poisson noise, spikes.
"""

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from nanostitch import storage

STEP_EV = 0.01
CHANNELS = 2048
START_EV = -1.0
FWHM_EV = 0.05
LORENTZIAN = 0.03
THICKNESS = (0.15, 0.40)
GAP_EV = (2.30, 2.45)
ONSET_SHARE = 0.12
"""Share of the losses that is the onset: 20 electrons in a channel 0.2 eV above it, of 1e6."""
JITTER_CHANNELS = 5.0
SPIKE_RATE = 0.003
SPIKE_COUNTS = 1500.0
_TEMPLATES = 16
"""Gaps and thicknesses along each side of the grid of template spectra."""
_ROWS = 16


@dataclass(frozen=True)
class Truth:
    """What is true of each pixel of a map."""

    offset_ev: np.ndarray
    gap_ev: np.ndarray
    spikes: int


def profile(away: np.ndarray, fwhm: float, lorentzian: float = LORENTZIAN) -> np.ndarray:
    """Pseudo-Voigt of unit area [1/eV]."""
    gauss = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return (1 - lorentzian) * gauss + lorentzian * fwhm / (2 * np.pi) / (away**2 + fwhm**2 / 4)


def expected(gap_ev: float, thickness: float) -> np.ndarray:
    """Electrons in each quarter of a channel, for one in the zero-loss peak at 0 eV."""
    fine = STEP_EV / 4
    size = 4 * 4 * CHANNELS
    energy = fine * np.fft.fftfreq(size, 1 / size)
    onset, plasmon = np.zeros(size), np.zeros(size)
    above, positive = energy > gap_ev, energy > 0
    onset[above] = np.sqrt(energy[above] - gap_ev) * np.exp(-(energy[above] - gap_ev) / 4.0)
    plasmon[positive] = np.exp(-(((energy[positive] - 14) / 3) ** 2))
    single = ONSET_SHARE * onset / onset.sum() + (1 - ONSET_SHARE) * plasmon / plasmon.sum()
    single *= thickness
    seen = np.fft.rfft(profile(energy, FWHM_EV) * fine) * np.exp(np.fft.rfft(single))
    return np.fft.fftshift(np.fft.irfft(seen, size)), np.fft.fftshift(energy)


def write(path: Path, side: int, electrons: float, seed: int, dtype: str = "u4") -> Truth:
    """Write a square map as ``raw.nc`` holds it; ``dtype`` is that of the file."""
    random = np.random.default_rng(seed)
    gaps, thicknesses = np.linspace(*GAP_EV, _TEMPLATES), np.linspace(*THICKNESS, _TEMPLATES)
    running = []
    for gap in gaps:
        for thickness in thicknesses:
            counts, energy = expected(gap, thickness)
            running.append(np.concatenate([[0.0], np.cumsum(counts)]))
    edges = np.append(energy, energy[-1] + STEP_EV / 4) - STEP_EV / 8
    running = np.array(running)
    offset = np.empty((side, side))
    gap_of = np.empty((side, side))
    spikes = 0
    axis = START_EV + STEP_EV * np.arange(CHANNELS)
    wanted = START_EV + STEP_EV * (np.arange(CHANNELS + 1) - 0.5)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("y", side), ("x", side), ("energy", CHANNELS)):
            file.createDimension(name, size)
        for name, values in (("y", np.arange(side)), ("x", np.arange(side)), ("energy", axis)):
            file.createVariable(name, "f8", (name,))[:] = values
            file[name].units = "eV" if name == "energy" else "nm"
        shape = (side, side, CHANNELS)
        settings = {"chunksizes": storage.chunk_of(shape), **storage.FAST}
        counts = file.createVariable("counts", dtype, ("y", "x", "energy"), **settings)
        counts.units = "1"
        for row in range(0, side, _ROWS):
            here = slice(row, min(row + _ROWS, side))
            shape = (here.stop - row, side)
            shift = random.uniform(-JITTER_CHANNELS, JITTER_CHANNELS, shape) * STEP_EV
            template = random.integers(0, len(running), shape)
            block = np.empty((*shape, CHANNELS))
            for index in np.ndindex(shape):
                block[index] = np.diff(
                    np.interp(wanted - shift[index], edges, running[template[index]])
                )
            block = random.poisson(electrons * block).astype(float)
            struck = random.poisson(SPIKE_RATE, shape)
            for index in np.argwhere(struck):
                channel = random.integers(5, CHANNELS - 5)
                block[*index, channel] += random.exponential(SPIKE_COUNTS)
            spikes += int((struck > 0).sum())
            counts[here] = block.astype(dtype)
            offset[here], gap_of[here] = shift, gaps[template // _TEMPLATES]
    return Truth(offset, gap_of, spikes)
