"""Zero-loss peak and spikes: error over the least possible, coverage, time, against the peers.

Run ``python tests/benchmarks/bench_zero_loss.py --seeds 400``. A seed is one spectrum of 2048
channels of 10 meV, its peak anywhere between channels, Poisson noise. The least possible error is
the Cramer-Rao bound of a peak of known shape: one over the root of the sum of (dm/dc)^2 / m over
the channels, m the expected counts. Peaks: pseudo-Voigt with 3 % and 30 % Lorentzian part, and
one that is a fifth broader towards losses. ``rms`` is the scatter about the mean, which is printed
as ``bias`` against the maximum of the peak: an asymmetric peak has no unique centre.

eXSpy's and HyperSpy's functions run on the same spectra in the same process, in turns with ours;
what they cannot do in reasonable time is not scaled here (see bench_maps).
"""

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import eels_maps
import numpy as np
import xarray as xr

from nanostitch import schema
from nanostitch.eels import spikes, zero_loss
from nanostitch.eels.noise import Noise

STEP = 0.01
ENERGY = -1.0 + STEP * np.arange(2048)
FWHM_EV = (0.03, 0.05, 0.08, 0.15)
ELECTRONS = (1e5, 1e6, 1e7)
SETTINGS = schema.with_defaults({}, schema.load("eels"))["zero_loss"] | {"gain_spread": 0.0}
PEER_MASK_EV = 1.0
"""Width around the zero-loss peak that HyperSpy is told to leave alone."""
PEER_THRESHOLDS = (40.0, 60.0, 80.0, 100.0, 120.0, 150.0, 200.0, 300.0)
"""Thresholds of HyperSpy's tool, in counts between neighbouring channels."""
FINE = 10
"""Points in a channel at which a peak is evaluated to integrate it."""


def asymmetric(away: np.ndarray, fwhm: float) -> np.ndarray:
    """Pseudo-Voigt that is a fifth broader on the loss side, of unit area but for 1e-3."""
    narrow, wide = fwhm / 1.1, 1.2 * fwhm / 1.1
    height = [eels_maps.profile(np.zeros(1), w)[0] for w in (narrow, wide)]
    left = eels_maps.profile(away, narrow) / height[0]
    right = eels_maps.profile(away, wide) / height[1]
    return np.where(away < 0, left, right) / (0.5 / height[0] + 0.5 / height[1])


SHAPES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "3 % Lorentzian": lambda away, fwhm: eels_maps.profile(away, fwhm, 0.03),
    "30 % Lorentzian": lambda away, fwhm: eels_maps.profile(away, fwhm, 0.3),
    "asymmetric": asymmetric,
}


def expected(shape: str, fwhm: float, centres: np.ndarray) -> np.ndarray:
    """Counts in each channel for one electron, one row a centre."""
    within = STEP * ((np.arange(FINE) + 0.5) / FINE - 0.5)
    points = ENERGY[:, None] + within
    return np.stack([SHAPES[shape](points - c, fwhm).mean(axis=1) * STEP for c in centres])


def bound(shape: str, fwhm: float, electrons: float) -> float:
    """Least standard deviation of the centre [eV], mean over places between channels."""
    centres = STEP * np.linspace(0, 1, 10, endpoint=False)
    step = 1e-3 * STEP
    mean = expected(shape, fwhm, centres)
    slope = (expected(shape, fwhm, centres + step) - expected(shape, fwhm, centres - step)) / (
        2 * step
    )
    information = (slope**2 / np.maximum(mean, 1e-30)).sum(axis=1) * electrons
    return float((1 / np.sqrt(information)).mean())


def labelled(counts: np.ndarray) -> xr.Dataset:
    """Spectra as the workflow has them."""
    axis = ("energy", ENERGY, {"units": "eV"})
    return xr.Dataset({"counts": (("x", "energy"), counts, {"units": "1"})}, {"energy": axis})


def exspy_aligned(counts: np.ndarray) -> Any:
    """Signal that eXSpy's sub-channel alignment makes of the spectra."""
    import exspy

    signal = exspy.signals.EELSSpectrum(counts.astype(float))
    signal.axes_manager[-1].scale = STEP
    signal.axes_manager[-1].offset = ENERGY[0]
    signal.align_zero_loss_peak(subpixel=True, print_stats=False, show_progressbar=False)
    return signal


def centroids(signal: np.ndarray, energy: np.ndarray, fwhm: float) -> np.ndarray:
    """Where the peaks lie after a peer moved them: centre by ours, of noiseless input."""
    axis = ("energy", energy, {"units": "eV"})
    moved = xr.Dataset({"counts": (("x", "energy"), signal, {"units": "1"})}, {"energy": axis})
    return zero_loss.align(moved, **SETTINGS)["zlp_offset"].values


def centre_table(seeds: int) -> None:
    """Error over the bound and coverage of 95 % intervals."""
    print(
        "peak              fwhm_meV  electrons  rms_ch   bound_ch  rms/bound  bias_ch  coverage_%"
    )
    for shape in SHAPES:
        for fwhm in FWHM_EV:
            for electrons in ELECTRONS:
                random = np.random.default_rng([int(1e3 * fwhm), int(electrons)])
                truth = random.uniform(-5, 5, seeds) * STEP
                counts = random.poisson(electrons * expected(shape, fwhm, truth))
                found = zero_loss.align(labelled(counts), **SETTINGS)
                error = found["zlp_offset"].values - truth
                inside = (
                    np.abs(error - error.mean()) < 1.96 * found["zlp_offset_uncertainty"].values
                )
                least = bound(shape, fwhm, electrons)
                print(
                    f"{shape:<18}{1e3 * fwhm:8.0f}{electrons:11.0e}{error.std() / STEP:9.5f}"
                    f"{least / STEP:10.5f}{error.std() / least:10.2f}{error.mean() / STEP:10.4f}"
                    f"{100 * inside.mean():10.1f}",
                    flush=True,
                )


def exspy_table(spectra: int, repeats: int) -> None:
    """Error and time against eXSpy, in turns."""
    print("\nelectrons  residual_ch ours  eXSpy   wall_ms ours  eXSpy   ratio wall  CPU")
    for electrons in ELECTRONS:
        random = np.random.default_rng(int(electrons))
        truth = random.uniform(-5, 5, spectra) * STEP
        counts = random.poisson(electrons * expected("3 % Lorentzian", 0.05, truth))
        exspy_aligned(counts[:4])
        times = []
        for _ in range(repeats):
            begin = time.perf_counter(), time.process_time()
            ours = zero_loss.align(labelled(counts), **SETTINGS)
            middle = time.perf_counter(), time.process_time()
            signal = exspy_aligned(counts)
            end = time.perf_counter(), time.process_time()
            times.append(
                [middle[i] - begin[i] for i in (0, 1)] + [end[i] - middle[i] for i in (0, 1)]
            )
        wall, cpu, peer_wall, peer_cpu = np.median(times, axis=0)
        left = centroids(signal.data, signal.axes_manager[-1].axis, 0.05)
        # What the peer did to each spectrum: where the peak was found before, less where it is.
        moved = ours["zlp_offset"].values - left
        residual = (moved - truth) - np.mean(moved - truth)
        error = ours["zlp_offset"].values - truth
        print(
            f"{electrons:9.0e}{error.std() / STEP:18.4f}{residual.std() / STEP:7.4f}"
            f"{1e3 * wall:15.1f}"
            f"{1e3 * peer_wall:8.0f}{peer_wall / wall:12.0f}{peer_cpu / cpu:6.0f}",
            flush=True,
        )


def spike_truth(
    spectra: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Low-loss spectra with one spike of 5 to 40 sigma each: counts, mean, channel, sigmas."""
    fine, axis = eels_maps.expected(2.4, 0.3)
    running = np.concatenate([[0.0], np.cumsum(fine)])
    edges = np.append(axis, axis[-1] + STEP / 4) - STEP / 8
    at = STEP * random.uniform(-5, 5, spectra)
    wanted = ENERGY[0] + STEP * (np.arange(ENERGY.size + 1) - 0.5)
    mean = 1e6 * np.stack([np.diff(np.interp(wanted - a, edges, running)) for a in at])
    channel = random.integers(5, ENERGY.size - 5, spectra)
    sigmas = random.uniform(5, 40, spectra)
    counts = random.poisson(mean).astype(float)
    level = mean[np.arange(spectra), channel]
    counts[np.arange(spectra), channel] += np.rint(sigmas * np.sqrt(level + 1))
    return counts, mean, channel, sigmas


def spike_table(spectra: int, repeats: int) -> None:
    """False and found spikes, of both, by height; time of both, in turns."""
    random = np.random.default_rng(7)
    classes = ((5, 8), (8, 10), (10, 20), (20, 40))
    counts, mean, channel, sigmas = spike_truth(spectra, random)
    clean = random.poisson(mean).astype(float)
    peak = zero_loss.align(labelled(clean[:256]), **SETTINGS)
    fwhm = float(peak["zlp_fwhm"].median()) / STEP
    few = slice(0, 1024)
    threshold = best_threshold(counts[few], clean[few], channel[few])
    times = []
    for _ in range(repeats):
        begin = time.perf_counter(), time.process_time()
        ours = counts.copy()
        hits = spikes.replace(ours, Noise(), fwhm, SETTINGS["min_spike_sigma"])
        middle = time.perf_counter(), time.process_time()
        theirs = hyperspy_despiked(counts, threshold)
        end = time.perf_counter(), time.process_time()
        times.append([middle[i] - begin[i] for i in (0, 1)] + [end[i] - middle[i] for i in (0, 1)])
    wall, cpu, peer_wall, peer_cpu = np.median(times, axis=0)
    rows = np.arange(spectra)
    struck = set(zip(hits.row.tolist(), hits.channel.tolist(), strict=True))
    found = np.array([(r, c) in struck for r, c in zip(rows, channel, strict=True)])
    peer = theirs[rows, channel] != counts[rows, channel]
    print(f"\n{spectra} spectra, a spike each; sigma^2 is the expected counts plus one")
    print(f"HyperSpy's threshold, chosen with the truth: {threshold:.0f} counts")
    print("sigma     spikes  found_% ours  HyperSpy")
    for low, high in classes:
        here = (sigmas >= low) & (sigmas < high)
        print(
            f"{low:2d}-{high:<6d}{here.sum():7d}{100 * found[here].mean():12.1f}"
            f"{100 * peer[here].mean():10.1f}"
        )
    over = sigmas >= 8
    print(f"over 8  {over.sum():8d}{100 * found[over].mean():12.1f}{100 * peer[over].mean():10.1f}")
    false = spikes.replace(clean.copy(), Noise(), fwhm, SETTINGS["min_spike_sigma"])
    wrong = (hyperspy_despiked(clean, threshold) != clean).sum()
    million = clean.size / 1e6
    print(
        f"false channels per million: ours {false.row.size / million:.2f}, "
        f"HyperSpy {wrong / million:.2f}"
    )
    print(
        f"wall {1e3 * wall:.0f} and {1e3 * peer_wall:.0f} ms: {peer_wall / wall:.0f} times,",
        end=" ",
    )
    print(f"CPU {peer_cpu / cpu:.0f} times")


def hyperspy_despiked(counts: np.ndarray, threshold: float) -> np.ndarray:
    """HyperSpy's removal, the zero-loss peak masked: its flanks are steeper than any spike."""
    import hyperspy.api as hs

    signal = hs.signals.Signal1D(counts.copy())
    mask = np.abs(ENERGY) < PEER_MASK_EV / 2
    signal.spikes_removal_tool(interactive=False, threshold=threshold, signal_mask=mask)
    return signal.data


def best_threshold(counts: np.ndarray, clean: np.ndarray, at: np.ndarray) -> float:
    """Of some thresholds, the one that finds most at less than one false channel per million.

    It is chosen with the truth, which no user has: HyperSpy at its best.
    """
    rows, best, most = np.arange(len(counts)), max(PEER_THRESHOLDS), 0
    for threshold in PEER_THRESHOLDS:
        false = (hyperspy_despiked(clean, threshold) != clean).sum()
        found = (hyperspy_despiked(counts, threshold)[rows, at] != counts[rows, at]).sum()
        if false <= clean.size / 1e6 and found > most:
            best, most = threshold, int(found)
    return best


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400, help="spectra a row of the first table")
    parser.add_argument("--spectra", type=int, default=1024, help="spectra for the peers")
    parser.add_argument("--spikes", type=int, default=4096, help="spectra with spikes")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    centre_table(options.seeds)
    exspy_table(options.spectra, options.repeats)
    spike_table(options.spikes, options.repeats)


if __name__ == "__main__":
    main()
