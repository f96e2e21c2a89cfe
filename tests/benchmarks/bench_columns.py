"""Atomic columns: error against the Cramer-Rao bound, time, and line defects found and feigned.

Run ``python tests/benchmarks/bench_columns.py --seeds 5 --part accuracy``; parts are accuracy,
time and defects. Columns are separate Gaussians (standard deviation 3 pixels, 20.2 pixels apart,
background a fifth of the peak, readout noise of one electron), 10,000 in 2048 x 2048 pixels. For
defects a seed is one crystal of 12 nm, as of CsPbBr3 along [001], with or without a fault that
displaces it by half a cell both ways. atomap is run beside where it is installed; where it is
not, its published time is told.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from nanostitch import schema
from nanostitch.adf import line_defects
from nanostitch.adf.atoms import find
from nanostitch.adf.phase_jump import Crystal

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from crystal_images import crystal, grid, spots

SETTINGS = schema.with_defaults({}, schema.load("adf"))["columns"]
PEAKS = (400.0, 40.0, 10.0)
# atomap 0.4.2, 10,282 columns in 2048 x 2048 pixels, and its errors, as measured for the targets.
ATOMAP_SECONDS = 190.0
ATOMAP_COLUMNS = 10282
EDGE = 12.0


def bound(peak: float, width: float = 3.0, spacing: float = 20.2) -> float:
    """Cramer-Rao bound of the distance from the true place [pixels], root of mean square."""
    reach = np.arange(-40, 41)
    near = spacing * np.arange(-3, 4)
    y, x = (n.ravel() for n in np.meshgrid(near, near, indexing="ij"))
    mean = 0.2 * peak + spots((81, 81), y + 40, x + 40, peak, width)
    away = reach[:, None] ** 2 + reach[None, :] ** 2
    slope = peak * np.exp(-away / 2 / width**2) * reach[:, None] / width**2
    return float(np.sqrt(2 / (slope**2 / (mean + 1.0)).sum()))


def found(image: np.ndarray) -> np.ndarray:
    """Fitted values of all columns of an image."""
    fit = find.columns(
        image,
        np.zeros(image.shape, np.int64),
        widest_px=8.0,
        detection_significance=SETTINGS["detection_significance"],
        most_sweeps=SETTINGS["most_sweeps"],
    ).fit
    return np.concatenate([fit.values[:3], fit.errors[1:3]])


def accuracy(seeds: int) -> None:
    """Root of the mean square error over the bound, and how true the stated errors are."""
    print("electrons  columns    found  missed  false   rms_px    crb_px   ratio    pull")
    for peak in PEAKS:
        rows = []
        for seed in range(seeds):
            image, y, x = grid(np.random.default_rng([seed, int(peak)]), peak, 2048)
            values = found(image)
            away, which = cKDTree(np.c_[y, x]).query(values[1:3].T)
            true = away < 5
            missed = y.size - np.unique(which[true]).size
            error = values[1:3] - np.stack([y[which], x[which]])
            pull = float((error / values[3:])[:, true].std())
            rows.append((true.sum(), missed, (~true).sum(), (away[true] ** 2).mean(), pull))
        total = np.array(rows).mean(axis=0)
        rms, limit = np.sqrt(total[3]), bound(peak)
        print(
            f"{peak:9.0f}{y.size:9d}{total[0]:9.1f}{total[1]:8.2f}{total[2]:7.2f}"
            f"{rms:9.4f}{limit:10.4f}{rms / limit:8.3f}{total[4]:8.3f}",
            flush=True,
        )


def timing(seeds: int) -> None:
    """Wall and CPU time to find and refine, against atomap."""
    image, y, _ = grid(np.random.default_rng(0), 40.0, 2048)
    found(image[:256, :256])
    wall, cpu = [], []
    for _ in range(max(seeds, 3)):
        begin, begun = time.perf_counter(), time.process_time()
        found(image)
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - begun)
    ours = 1e4 / y.size * np.array([min(wall), min(cpu)])
    print(f"10,000 columns, 2048 x 2048: {ours[0]:.2f} s wall, {ours[1]:.2f} s CPU (best)")
    peer = atomap(image[:512, :512])
    if peer is None:
        peer = ATOMAP_SECONDS * 1e4 / ATOMAP_COLUMNS
        print(f"atomap is not installed; measured elsewhere, wall and CPU alike: {peer:.0f} s")
    print(f"atomap / nanostitch: {peer / ours[0]:.0f} (wall), {peer / ours[1]:.0f} (CPU)")


def atomap(image: np.ndarray) -> float | None:
    """CPU time of atomap for 10,000 columns [s]; none where it is not installed."""
    try:
        import atomap.api as am
        import hyperspy.api as hs
    except ImportError:
        return None
    begun = time.process_time()
    signal = hs.signals.Signal2D(image)
    places = am.get_atom_positions(signal, separation=12)
    sublattice = am.Sublattice(places, image=signal.data, fix_negative_values=True)
    sublattice.find_nearest_neighbors()
    sublattice.refine_atom_positions_using_center_of_mass()
    sublattice.refine_atom_positions_using_2d_gaussian()
    return (time.process_time() - begun) * 1e4 / len(places)


def jumps(random: np.random.Generator, peak: float, jitter: float, fault: float | None) -> tuple:
    """Defects of one crystal, its angle and its true fault (distance from its centre)."""
    angle = random.uniform(0, 90)
    raw, lattice, _ = crystal(
        random,
        pixels=430,
        edge=EDGE,
        angle=angle,
        peak=peak,
        support=0.07 * peak,
        fault=fault,
        jitter=jitter,
        drift=random.normal(0, 0.1),
    )
    names = ("g1_y", "g1_x", "g2_y", "g2_x")
    bases = np.array([float(lattice[name][0]) for name in names]).reshape(2, 2)
    # What the lattice step does not know: 0.3 % of a reflection.
    bases += random.normal(0, 0.003, (2, 2)) * np.hypot(*bases[0])
    image = raw["intensity"].to_numpy().astype(float)
    inside = lattice["domain_label"].to_numpy() == 1
    names = ("least_shift", "largest_rotation_degree")
    told = {name: SETTINGS[name] for name in names} | {
        "shortest_nm": SETTINGS["shortest_defect_nm"]
    }
    defects, _ = line_defects.find(Crystal(image, inside, (0.04, 0.04), (0.0, 0.0), bases), **told)
    return defects, angle


def defects(seeds: int) -> None:
    """Faults found, their errors, and false ones per area without a fault."""
    print("electrons  jitter_nm  detected  place_nm  shift_share  length  false/1000nm2  area_nm2")
    for peak in (100.0, 30.0, 10.0):
        for jitter in (0.0, 0.01, 0.02):
            random = np.random.default_rng([int(peak), int(1e3 * jitter)])
            hit, away, share, length, false = 0, [], [], [], 0
            for _ in range(seeds):
                at = random.uniform(-EDGE / 4, EDGE / 4)
                for fault in (at, None):
                    found_here, angle = jumps(random, peak, jitter, fault)
                    turn = np.radians(angle)
                    unit = np.array([np.sin(turn), np.cos(turn)])
                    true = [d for d in found_here if fault is not None and _is(d, angle, at)]
                    if fault is None:
                        false += len(found_here)
                    elif true:
                        hit += 1
                        centre = np.array([true[0].y, true[0].x]) - 0.5 * 430 * 0.04
                        away.append(float(centre @ unit) - at)
                        share.append(0.5 * (true[0].along[0] + true[0].across[0]))
                        length.append(true[0].length)
            area = seeds * EDGE**2
            print(
                f"{peak:9.0f}{jitter:11.2f}{hit / seeds:10.3f}"
                f"{np.sqrt(np.mean(np.square(away))) if away else np.nan:10.3f}"
                f"{np.mean(share) if share else np.nan:13.3f}"
                f"{np.mean(length) / EDGE if length else np.nan:8.2f}"
                f"{1e3 * false / area:15.3f}{area:10.0f}",
                flush=True,
            )


def _is(defect: line_defects.Defect, angle: float, at: float) -> bool:
    """Whether a defect is the one that was made: its direction, and within a cell of it."""
    turn = np.radians(angle)
    centre = np.array([defect.y, defect.x]) - 0.5 * 430 * 0.04
    away = float(centre @ np.array([np.sin(turn), np.cos(turn)])) - at
    return abs((defect.normal - angle + 90) % 180 - 90) < 5 and abs(away) < 0.6


PARTS = {"accuracy": accuracy, "time": timing, "defects": defects}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    told = parser.parse_args()
    for name, part in PARTS.items():
        if told.part in (name, "all"):
            part(told.seeds)


if __name__ == "__main__":
    main()
