"""Fourier-log, Kramers-Kronig and Richardson-Lucy on whole maps, against eXSpy and HyperSpy.

Run ``python tests/benchmarks/bench_deconvolution.py --seeds 5``. Peer and ours take turns in one
process on the same float32 map of 64 x 64 x 2048; each seed is a turn, the ratio is the median
of those of the turns. Richardson-Lucy runs on 512 of the spectra, because the peer takes 40 s for
the map. Ours then streams maps of 64 x 64 and 256 x 256 from a file into files, each in a
process of its own, whose peak memory (VmHWM) is printed. The peer needs 13 to 22 times the data,
7 to 12 GiB for the larger map, and is not run on it: its time is linear in the spectra.

The accuracy of both is taken on a map without noise, of which the permittivity is known.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nanostitch.eels import fourier_log, kramers_kronig, sharpen
from nanostitch.eels.kramers_kronig import Beam

CHANNELS, STEP_EV, GAIN_CHANNELS = 2048, 0.05, 48
ENERGY = STEP_EV * (np.arange(CHANNELS) - GAIN_CHANNELS)
ABOVE = slice(GAIN_CHANNELS + 1, None)
PEAK_CHANNELS = 153
"""Channels of the zero-loss peak, such that eXSpy's transform has an even length."""
LINE = slice(GAIN_CHANNELS - 20, GAIN_CHANNELS + 21)
BEAM = Beam(60.0, 30.0)
RESONANCE, PLASMA, WIDTH = 8.0, 15.0, 2.0
INDEX = float(np.sqrt(1 + (PLASMA / RESONANCE) ** 2))
ELECTRONS, LOSSES, SHARPENED, WORKERS, BLOCK = 1e6, 0.3, 512, 2, 2048
STREAMED = ("fourier_log", "kramers_kronig", "richardson_lucy")
Timed = tuple[float, float]


def permittivity() -> np.ndarray:
    energy = ENERGY[ABOVE]
    return 1 + PLASMA**2 / (RESONANCE**2 - energy**2 - 1j * energy * WIDTH)


def spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected spectrum, zero-loss peak, and single scattering of one pixel."""
    peak = np.exp(-4 * np.log(2) * (ENERGY / 0.3) ** 2)
    single = np.zeros(CHANNELS)
    angle = BEAM.collection_mrad * BEAM.per_mrad_ev / ENERGY[ABOVE]
    single[ABOVE] = (-1 / permittivity()).imag * np.log1p(angle**2)
    size = 8 * CHANNELS
    place = (np.arange(CHANNELS) - GAIN_CHANNELS) % size
    around = np.zeros((2, size))
    around[:, place] = peak / peak.sum(), LOSSES * single / single.sum()
    zero, once = np.fft.rfft(around)
    mixed = np.fft.irfft([zero * np.exp(once), zero], size)[:, place]
    return ELECTRONS * mixed[0], ELECTRONS * mixed[1], ELECTRONS * LOSSES * single / single.sum()


def noisy(number: int, seed: int) -> np.ndarray:
    expected = np.maximum(spectra()[0], 0.05)  # the peer divides by zero where there is nothing
    return np.random.default_rng(seed).poisson(expected, (number, CHANNELS)).astype("f4") + 0.01


def timed(work: Callable[[], object]) -> tuple[object, Timed]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, (time.perf_counter() - wall, time.process_time() - cpu)


def ours(name: str, counts: np.ndarray) -> tuple[np.ndarray, ...]:
    if name == "fourier_log":
        return (fourier_log.deconvolve(counts, counts[:, :PEAK_CHANNELS], WORKERS),)
    if name == "kramers_kronig":
        electrons = np.full(len(counts), ELECTRONS)
        args = (counts[:, ABOVE], ENERGY[ABOVE], electrons, BEAM, INDEX, 1, WORKERS)
        found = kramers_kronig.permittivity(*args)
        return found.real, found.imag
    line = spectra()[1][LINE]
    return (sharpen.richardson_lucy(counts, line, GAIN_CHANNELS - LINE.start, 15, WORKERS),)


def as_signal(counts: np.ndarray, offset: float = float(ENERGY[0])) -> object:
    import exspy

    signal = exspy.signals.EELSSpectrum(counts.reshape(-1, 64, counts.shape[1]))
    axis = signal.axes_manager[-1]
    axis.offset, axis.scale, axis.units = offset, STEP_EV, "eV"
    signal.set_microscope_parameters(BEAM.energy_kev, 25.0, BEAM.collection_mrad)
    return signal


def peers(name: str, counts: np.ndarray) -> tuple[Callable[[], object], Callable]:
    """Work of the peer with its signal made beforehand, and how to read its result."""
    if name == "fourier_log":
        signal = as_signal(counts)
        peak = signal.isig[:PEAK_CHANNELS].deepcopy()
        return (
            lambda: signal.fourier_log_deconvolution(peak),
            lambda found: (found.data.reshape(counts.shape),),
        )
    if name == "kramers_kronig":
        # Its first positive channel counts as 0 eV: an axis that starts just above puts it right.
        signal = as_signal(counts[:, GAIN_CHANNELS:], 1e-6 * STEP_EV)
        return (
            lambda: signal.kramers_kronig_analysis(zlp=ELECTRONS, n=INDEX),
            lambda found: (found.data.reshape(len(counts), -1)[:, 1:],),
        )
    line = np.zeros(CHANNELS)
    line[LINE] = spectra()[1][LINE]
    signal, psf = as_signal(counts), as_signal(np.tile(line, (64, 1))).inav[0, 0]
    return (
        lambda: signal.richardson_lucy_deconvolution(psf, 15, show_progressbar=False),
        lambda found: (found.data.reshape(counts.shape),),
    )


def prepared(name: str, seed: int, number: int = 4096) -> np.ndarray:
    """Map that a method takes: recorded spectra, or single scattering of each."""
    if name == "kramers_kronig":
        single = np.maximum(spectra()[2], 0)
        return np.random.default_rng(seed).poisson(single, (number, CHANNELS)).astype("f4")
    return noisy(SHARPENED if name == "richardson_lucy" else number, seed)


def compare(name: str, seeds: int) -> None:
    """Print the ratios of one method, turn by turn in this process."""
    walls, cpus, peer_times, own_times, apart = [], [], [], [], []
    for seed in range(seeds + 1):
        counts = prepared(name, seed)
        work, read = peers(name, counts)
        other, peer = timed(work)
        found, own = timed(lambda counts=counts: ours(name, counts))
        if not seed:
            continue  # both load their libraries
        walls.append(peer[0] / own[0])
        cpus.append(peer[1] / own[1])
        peer_times.append(peer)
        own_times.append(own)
        apart.append(difference(name, read(other), found))
    peer, own = (np.median(times, axis=0) for times in (peer_times, own_times))
    print(
        f"{name:16s} {len(counts):6d} spectra  peer {peer[0]:6.2f} / {peer[1]:6.2f} s"
        f"  ours {own[0]:5.2f} / {own[1]:5.2f} s  ratio wall {statistics.median(walls):5.1f}"
        f" CPU {statistics.median(cpus):5.1f}  largest difference {max(apart):.1e} of the maximum"
    )


def difference(name: str, other: tuple[np.ndarray, ...], found: tuple[np.ndarray, ...]) -> float:
    """Largest difference over the maximum.

    Of the inverse permittivity, without what the periodic images of the peer's transform add to
    its real part, which is the error of the peer.
    """
    if name != "kramers_kronig":
        inner = slice(64, -64) if name == "richardson_lucy" else slice(None)
        theirs, own = other[0][:, inner], found[0][:, inner]
        return float(np.abs(theirs - own).max() / theirs.max())
    theirs, own = 1 / other[0], 1 / (found[0] + 1j * found[1].astype(float))
    length, energy = 2 * (CHANNELS - GAIN_CHANNELS) * STEP_EV, ENERGY[ABOVE]
    first = STEP_EV / length**2 * (-own.imag @ energy)[:, None]
    third = STEP_EV / length**4 * (-own.imag @ energy**3)[:, None]
    images = 2 * np.pi / 3 * first
    images = images + 2 * np.pi**3 / 45 * (third + 3 * (energy / length) ** 2 * first)
    return float(np.abs(theirs - images - own).max() / np.abs(own).max())


def accuracy() -> None:
    """Print the largest error of both against what is known, without noise."""
    counts, _, single = (np.tile(s, (64, 1)) for s in spectra())
    for name, truth, given in (
        ("fourier_log", single, counts),
        ("kramers_kronig", 1 / permittivity(), single),
    ):
        work, read = peers(name, given)
        theirs, own = read(work())[0], ours(name, given)
        if name == "kramers_kronig":
            seen = slice(40, 1200)
            theirs, own = 1 / theirs[0, seen], 1 / (own[0][0, seen] + 1j * own[1][0, seen])
            truth = truth[seen]
        else:
            seen = slice(GAIN_CHANNELS + 60, -100)
            blurred = np.convolve(truth[0], spectra()[1] / ELECTRONS)[GAIN_CHANNELS:][:CHANNELS]
            truth, theirs, own = blurred[seen], theirs[0, seen], own[0][0, seen]
        errors = [np.abs(values - truth).max() / np.abs(truth).max() for values in (theirs, own)]
        print(
            f"{name:16s} largest error: peer {errors[0]:.1e}, ours {errors[1]:.1e} of the maximum"
        )


def stream(name: str, source: Path) -> None:
    """Process a map from file to file, block by block; print time and peak memory."""

    def work() -> None:
        with source.open("rb") as file, (source.parent / "result").open("wb") as result:
            while True:
                block = np.fromfile(file, "f4", BLOCK * CHANNELS).reshape(-1, CHANNELS)
                if not len(block):
                    return
                for part in ours(name, block):
                    part.tofile(result)

    _, (wall, cpu) = timed(work)
    status = Path("/proc/self/status").read_text("ascii")
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) / 2**20
    size = source.stat().st_size
    print(
        f"{name:16s} {size // (4 * CHANNELS):6d} spectra, {size / 2**20:5.0f} MiB: {wall:6.2f} s"
        f" wall, {cpu:6.2f} s CPU, peak {peak:.2f} GiB",
        flush=True,
    )


def main() -> None:
    """Print ratios, accuracy, and what streaming takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--stream", nargs=2, metavar=("METHOD", "FILE"))
    given = parser.parse_args()
    if given.stream:
        stream(given.stream[0], Path(given.stream[1]))
        return
    for name in STREAMED:
        compare(name, given.seeds)
    accuracy()
    for side in (64, 256):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "map"
            with source.open("wb") as file:
                for first in range(0, side * side, BLOCK):
                    noisy(BLOCK, first).tofile(file)
            for name in STREAMED:
                command = [sys.executable, __file__, "--stream", name, str(source)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
