"""A monochromated spectrometer and its camera: from losses around the beam to integer counts.

Electrons that scatter several times lose the sum: the spectrum is that of the zero-loss peak times
exp(S - S(0)) in Fourier space, where S is the transform of the single-scattering probability
(Poisson statistics of independent losses; Egerton, Electron Energy-Loss Spectroscopy in the
Electron Microscope, 2011, doi:10.1007/978-1-4419-9583-4, chapter 4). There, a shift of the energy
axis is a phase, and a channel's width a factor. Elastic scattering out of the aperture is left out.
The zero-loss peak itself is put into channels exactly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from nanostitch.simulate.instruments import dielectric, probe, zero_loss
from nanostitch.simulate.instruments.loss import Beam
from nanostitch.simulate.recording import Axis, Metadata

Floats = NDArray[np.float64]
Counts = NDArray[np.int32 | np.float32]
Truth = dict[str, tuple[Any, ...]]
"""By name: dims, values, units, meaning."""

PROBE_CURRENT_NA = 0.01
"""Current of a monochromated probe: what the slit leaves; it makes exposures of electrons."""
_ELECTRONS_PER_S = PROBE_CURRENT_NA * 1e-9 / 1.602176634e-19
_CAMERA = 60
"""Seed of the camera's pattern: there is one camera, whatever it looks at."""
_BEFORE_ZERO = 0.08
"""Share of the axis before the zero-loss peak, as operators leave it."""
_POINTS_PER_FWHM = 5
"""Points of the fine axis in the width of the zero-loss peak; a Gaussian then has no alias."""
_ROOM = 3
"""Length of the fine axis over that of the spectrum: what is lost twice does not wrap around into
it."""
_FINEST = 10
"""Most points of the fine axis in a channel: a channel that is far wider than the peak sums up
whatever is finer, and an edge is no sharper than 40 meV."""
_BATCH, _BATCH_POINTS = 128, 2**19
"""Most spectra, and points on their fine axes, computed at a time: some 80 MB, beside one spectrum
for each source that is met."""
_HEADROOM = 0.99
"""Share of the range of integers that electrons may fill; noise and spikes need far less."""
_SPIKE_COUNTS = 1500.0
"""Mean height of a spike: an X-ray or cosmic ray in the scintillator."""
_SPIKE_SHARED = 0.3
"""Largest share of a spike that falls into the next channel."""


@dataclass(frozen=True)
class Spectrometer:
    """Settings, as the schemas describe them."""

    beam: Beam
    convergence_mrad: float
    fwhm_ev: float
    dispersion_ev: float
    channels: int
    gain_spread: float
    read_noise: float
    spike_rate: float

    @property
    def axis(self) -> Axis:
        """Energy axis as the file states it; the beam's drift is not known to it."""
        before = round(_BEFORE_ZERO * self.channels)
        return Axis("energy", -before * self.dispersion_ev, self.dispersion_ev, "eV")

    def metadata(self, electrons: float, specimen: str) -> Metadata:
        """What the microscope notes; one spectrum holds so many electrons."""
        return {
            "beam_energy_kev": self.beam.energy_kev,
            "convergence_mrad": self.convergence_mrad,
            "collection_mrad": self.beam.collection_mrad,
            "probe_current_na": PROBE_CURRENT_NA,
            "exposure_s": electrons / _ELECTRONS_PER_S,
            "microscope": "nanostitch simulation",
            "specimen": specimen,
        }

    def expected(self, met: probe.Met, offset: Floats, electrons: float) -> Iterator[Floats]:
        """Electrons expected in each channel, some positions at a time.

        Parameters
        ----------
        met
            What the beam meets at each position.
        offset
            Where the zero-loss peak lies on the axis at each position [eV].
        electrons
            In a spectrum, whatever they lose.

        Yields
        ------
        numpy.ndarray
            Dims (position, channel).
        """
        fine = int(np.ceil(_POINTS_PER_FWHM * self.dispersion_ev / self.fwhm_ev - 1e-9))
        fine = min(fine, _FINEST)
        step = self.dispersion_ev / fine
        size = 2 * next_fast_len(_ROOM * fine * self.channels // 2, real=True)
        single = np.zeros((met.weights.shape[1], fine * self.channels))
        energy = np.asarray(step * np.arange(1, fine * self.channels), dtype=float)
        single[:, 1:] = step * probe.probabilities(met, energy, self.beam)
        frequency = np.fft.rfftfreq(size, step)
        peak = zero_loss.in_channels(step * (np.arange(size + 1) - size // 2 - 0.5), self.fwhm_ev)
        seen = np.fft.rfft(np.fft.ifftshift(peak / peak.sum())) * fine
        # The peak has been summed over a point's width already.
        seen *= np.sinc(frequency * self.dispersion_ev) / np.sinc(frequency * step)
        before = round(-self.axis.start / self.dispersion_ev)
        channel = fine * (np.arange(self.channels) - before) % size
        edges = self.axis.start + self.dispersion_ev * (np.arange(self.channels + 1) - 0.5)
        unscattered = electrons * np.exp(-met.weights @ probe.total(met, self.beam))
        together = max(min(_BATCH, _BATCH_POINTS // size), 1)
        for start in range(0, len(met.weights), together):
            batch = slice(start, start + together)
            lost = np.expm1(np.fft.rfft(met.weights[batch] @ single, size, axis=1))
            lost *= seen * np.exp(-2j * np.pi * frequency * offset[batch, None])
            scattered = np.fft.irfft(lost, size, axis=1)[:, channel]
            # Exact in real space, since a shifted peak rings in Fourier space, far into its tail.
            shares = zero_loss.in_channels(edges - offset[batch, None], self.fwhm_ev)
            yield unscattered[batch, None] * np.maximum(shares + scattered, 0.0)

    def counts_in(self, electrons: float) -> type[np.int32 | np.float32]:
        """Type that holds the counts of spectra of so many electrons.

        Integers, unless the brightest channel may exceed their range: then sums of frames are
        kept as floating-point numbers, whose rounding is far below the noise of as many electrons.
        """
        away = np.linspace(-0.1, 0.1, 201) * self.fwhm_ev
        summit = float(zero_loss.profile(away, self.fwhm_ev).max())
        share = min(summit * self.dispersion_ev, 1.0)
        brightest = electrons * share * (1 + float(self._pattern.max()))
        fits = brightest < _HEADROOM * np.iinfo(np.int32).max
        return np.int32 if fits else np.float32

    @property
    def _pattern(self) -> Floats:
        """Relative deviation of each channel's gain."""
        return np.random.default_rng(_CAMERA).normal(0, self.gain_spread, self.channels)

    def detect(
        self, expected: Floats, electrons: float, rng: np.random.Generator
    ) -> tuple[Counts, int]:
        """Counts of the camera, and the number of spikes among them.

        Electrons are counted, times a gain that differs between channels and is the same for
        every spectrum of this camera, plus read noise; one count is one electron.

        Parameters
        ----------
        expected
            Electrons expected, channels on the last axis.
        electrons
            In a spectrum, whatever they lose; all spectra of as many are of one type.
        """
        counts = rng.poisson(expected) * (1 + self._pattern)
        counts += self.read_noise * rng.standard_normal(expected.shape, dtype=np.float32)
        spectra = counts.reshape(-1, self.channels)
        struck = np.repeat(np.arange(len(spectra)), rng.poisson(self.spike_rate, len(spectra)))
        where = rng.integers(0, self.channels - 1, struck.size)
        height = rng.exponential(_SPIKE_COUNTS, struck.size)
        shared = height * rng.uniform(0, _SPIKE_SHARED, struck.size)
        np.add.at(spectra, (struck, where), height - shared)
        np.add.at(spectra, (struck, where + 1), shared)
        return np.rint(counts).astype(self.counts_in(electrons)), int(struck.size)

    def detect_all(
        self, batches: Iterable[Floats], spectra: int, electrons: float, rng: np.random.Generator
    ) -> tuple[Counts, int]:
        """As :meth:`detect`, of spectra that come some at a time; dims (spectrum, channel)."""
        counts: Counts = np.empty((spectra, self.channels), self.counts_in(electrons))
        done, struck = 0, 0
        for expected in batches:
            found, spikes = self.detect(expected, electrons, rng)
            counts[done : done + len(found)] = found
            done, struck = done + len(found), struck + spikes
        return counts, struck


def drift(count: int, offset_ev: float, per_point_ev: float, rng: np.random.Generator) -> Floats:
    """Where the zero-loss peak lies in each of several spectra [eV]: an offset, and a random walk.

    Parameters
    ----------
    count
        Number of spectra, one after the other.
    offset_ev, per_point_ev
        Standard deviation of the offset and of each step of the walk [eV].
    """
    steps = rng.normal(0, per_point_ev, count)
    return np.asarray(rng.normal(0, offset_ev) + np.cumsum(steps) - steps[0])


def truth(met: probe.Met, beam: Beam, electrons: float) -> Truth:
    """What is true of the spectra taken where ``met`` was, without the camera's part.

    Parameters
    ----------
    electrons
        In a spectrum, whatever they lose.

    Returns
    -------
    dict
        A single position has no dims, several have ``x``.
    """
    dims, at = (("x",), slice(None)) if len(met.weights) > 1 else ((), 0)
    lost = met.weights @ probe.total(met, beam)
    start, edge = _continuum(met), probe.inflection(met, met.weights, beam)
    remaining = float(electrons * np.exp(-lost).mean())
    return {
        "band_gap": (dims, start[at], "eV", "Start of the continuum, mean over the crystal met"),
        "confinement_gap": (dims, met.band_gap[at], "eV", "Gap by confinement, likewise"),
        "loss_inflection": (dims, edge[at], "eV", "Steepest rise of single scattering at the edge"),
        "thickness": (dims, met.thickness[at], "nm", "Mean thickness of crystal met"),
        "relative_thickness": (dims, lost[at], "1", "Mean number of losses of an electron"),
        "zero_loss_counts": ((), remaining, "1", "Electrons in the zero-loss peak, mean"),
    }


def _continuum(met: probe.Met) -> Floats:
    """Start of the continuum at each position, mean over the crystal met; NaN in vacuum [eV]."""
    crystal = met.weights[:, : met.edges.size] * met.thicknesses
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = crystal @ met.edges / crystal.sum(axis=1)
    start = dielectric.BULK_EDGE.continuum_ev + shift
    return np.asarray(np.where(np.isfinite(met.band_gap), start, np.nan))


def camera_truth(
    dims: tuple[str, ...], offset: float | Floats, fwhm_ev: float, spikes: int
) -> Truth:
    """What is true of the zero-loss peak and the camera."""
    return {
        "zlp_offset": (dims, offset, "eV", "Position of the zero-loss peak on the raw axis"),
        "zlp_fwhm": ((), fwhm_ev, "eV", "Full width of the zero-loss peak at half maximum"),
        "spikes": ((), spikes, "1", "Spikes by X-rays and cosmic rays"),
    }


def place_truth(dims: tuple[str, ...], y: float | Floats, x: float | Floats) -> Truth:
    """Where the beam was."""
    return {
        "scan_y": (dims, y, "nm", "Position of the beam on the specimen along y"),
        "scan_x": (dims, x, "nm", "Position of the beam on the specimen along x"),
    }


def on_pixels(values: Truth, pixels: int) -> Truth:
    """Truth along ``x`` as that of a square image, its rows one after the other."""
    return {
        name: (("y", "x"), np.reshape(array, (pixels, pixels)), *rest)
        if dims == ("x",)
        else (dims, array, *rest)
        for name, (dims, array, *rest) in values.items()
    }
