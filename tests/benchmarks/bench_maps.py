"""Spectrum images: align, remove spikes, map the gap with its intervals; time, memory, the peer.

Run ``python tests/benchmarks/bench_maps.py --sides 128 256 512 --repeats 3``. Maps of 2048 channels
(see ``eels_maps``) are written once; ours reads them from their netCDF file (page cache), each time
in a process of its own, which reports wall and CPU time after imports and its peak memory (VmHWM).
The peer, HyperSpy and eXSpy, takes too long for a whole map: it works on a part of the same map, in
turns with ours, and its time is scaled by the number of spectra, which favours it (its memory
grows with the map). Its chain: ``align_zero_loss_peak``, ``spikes_removal_tool``, and ``multifit``
of a power law and ``A sqrt(E - Eg)`` from 1.6 to 3 eV, which gives no intervals. The gap is
bounded, as in the settings whose errors ``bench_band_gap.py`` compares; a fit without bounds, which
is three times as fast and may leave the range, is timed beside it.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import eels_maps
import numpy as np

ELECTRONS = 1e6
PEER_SIDE = 64
PEER_FIT_SPECTRA = 256
FIT_EV = (1.6, 3.0)
BOUNDS_EV = (2.1, 2.9)
MIB = 1024.0


def clock() -> np.ndarray:
    """Wall and CPU time [s]."""
    return np.array([time.perf_counter(), time.process_time()])


def peak_memory_mib() -> float:
    """VmHWM of this process."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return float(line.split()[1]) / MIB


def ours(path: Path, steps: str) -> dict[str, Any]:
    """Run the chain once in this process."""
    # xarray imports them when it reads its first file; the peer has them before its clock runs.
    for name in ("dask.array", "sparse"):
        importlib.import_module(name)

    from nanostitch import schema, store
    from nanostitch.contracts.raw import RAW_EELS
    from nanostitch.eels import background, band_gap, zero_loss

    settings = schema.with_defaults({}, schema.load("eels"))
    begin = clock()
    found: dict[str, Any] = {}
    with store.open_lazily(str(path), RAW_EELS) as raw:
        aligned = zero_loss.align(raw, **settings["zero_loss"])
        found["align"] = (clock() - begin).tolist()
        found["spikes"] = aligned.sizes["spike"]
        if steps == "all":
            loss = background.remove_zero_loss(raw, aligned, None, **settings["background"])
            gaps = band_gap.measure(raw, aligned, loss, **settings["band_gap"])
    found["all"] = (clock() - begin).tolist()
    found["memory"] = peak_memory_mib()
    if steps == "all":  # as lists they take more memory than the chain's results
        one = gaps.sel(estimator="onset_fit")
        found["gap"] = one["band_gap"].to_numpy().tolist()
        found["ends"] = [one[f"band_gap_{e}"].to_numpy().tolist() for e in ("lower", "upper")]
    return found


def in_process(path: Path, steps: str) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--one", str(path), "--steps", steps]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def peer(path: Path) -> np.ndarray:
    """Wall and CPU seconds (columns) a spectrum of align, spikes, fit with bounds and without."""
    import exspy
    import netCDF4

    with netCDF4.Dataset(path) as file:
        counts = file["counts"][:PEER_SIDE, :PEER_SIDE].data.astype("f4")
    signal = exspy.signals.EELSSpectrum(counts)
    axis = signal.axes_manager[-1]
    axis.scale, axis.offset, axis.units = eels_maps.STEP_EV, eels_maps.START_EV, "eV"
    times = [clock()]
    signal.align_zero_loss_peak(subpixel=True, print_stats=False, show_progressbar=False)
    times.append(clock())
    signal.spikes_removal_tool(interactive=False, threshold="auto")
    times.append(clock())
    fits = [peer_fit(signal, bounded) / PEER_FIT_SPECTRA for bounded in (True, False)]
    spectra = PEER_SIDE**2
    return np.array([(times[1] - times[0]) / spectra, (times[2] - times[1]) / spectra, *fits])


def peer_fit(signal: Any, bounded: bool) -> np.ndarray:
    """Wall and CPU time of HyperSpy's fit of some spectra [s]."""
    import hyperspy.api as hs

    part = hs.signals.Signal1D(signal.data[: PEER_FIT_SPECTRA // PEER_SIDE].astype(float))
    axis = part.axes_manager[-1]
    axis.scale, axis.offset = signal.axes_manager[-1].scale, signal.axes_manager[-1].offset
    part = part.isig[FIT_EV[0] : FIT_EV[1]]
    begin = clock()
    model = part.create_model()
    tail = hs.model.components1D.PowerLaw()
    onset = hs.model.components1D.Expression(
        "A * sqrt(where(x > Eg, x - Eg, 0))", "onset", A=20.0, Eg=2.35, autodoc=False
    )
    model.extend([tail, onset])
    tail.A.value, tail.r.value = float(part.data[..., 0].mean()) * FIT_EV[0] ** 2, 2.0
    onset.Eg.bmin, onset.Eg.bmax = BOUNDS_EV
    model.assign_current_values_to_all()
    model.multifit(bounded=bounded, show_progressbar=False)
    return clock() - begin


def report(side: int, runs: list[dict[str, Any]], peers: list[np.ndarray], truth: Any) -> None:
    """Print times, memory, ratios and errors of one size."""
    wall, cpu = (median(run["all"][i] for run in runs) for i in (0, 1))
    align = [median(run["align"][i] for run in runs) for i in (0, 1)]
    memory = max(run["memory"] for run in runs)
    print(
        f"{side:4d}^2  align+spikes {align[0]:6.2f} s ({align[1]:.2f} CPU)  chain {wall:6.2f} s "
        f"({cpu:.2f} CPU)  VmHWM {memory:5.0f} MiB  {1e6 * cpu / side**2:6.1f} us CPU a spectrum"
    )
    for k, how in enumerate(("", ", its gap not bounded") if peers else ()):
        whole = np.array([p[:2].sum(axis=0) + p[2 + k] for p in peers]) * side**2
        ratio = [
            median(w[i] / run["all"][i] for w, run in zip(whole, runs, strict=True)) for i in (0, 1)
        ]
        print(
            f"        peer{how}, scaled from {PEER_SIDE}^2 and {PEER_FIT_SPECTRA} spectra: "
            f"{np.median(whole[:, 0]):.0f} s ({np.median(whole[:, 1]):.0f} CPU); "
            f"ratio {ratio[0]:.0f} wall, {ratio[1]:.0f} CPU"
        )
    if "gap" in runs[0]:
        gap = np.array(runs[0]["gap"], float)
        low, high = (np.array(end, float) for end in runs[0]["ends"])
        inside = (low <= truth.gap_ev) & (truth.gap_ev <= high)
        given = np.isfinite(gap)
        error = 1e3 * (gap - truth.gap_ev)[given]
        print(
            f"        gap given in {100 * given.mean():.1f} %, median error "
            f"{np.median(np.abs(error)):.2f} meV, bias {np.median(error):+.2f} meV, "
            f"95 % interval covers {100 * inside[given].mean():.1f} %; spikes: found channels "
            f"{runs[0]['spikes']}, struck spectra {truth.spikes}",
            flush=True,
        )


def main() -> None:
    """Write the maps and print one block for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", choices=["align", "all"], default="all")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.one is not None:
        print(json.dumps(ours(options.one, options.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.nc"
        eels_maps.write(warm, 32, ELECTRONS, 1)
        in_process(warm, options.steps)  # compiles
        for side in options.sides:
            path = Path(folder) / "raw.nc"
            truth = eels_maps.write(path, side, ELECTRONS, side)
            runs, peers = [], []
            for _ in range(options.repeats):
                runs.append(in_process(path, options.steps))
                if side >= PEER_SIDE and not options.no_peer:
                    peers.append(peer(path))
            report(side, runs, peers, truth)


if __name__ == "__main__":
    main()
