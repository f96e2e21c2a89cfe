"""How spectrum images are best stored: size, write, full read, window of 64 channels, one spectrum.

Run ``python tests/benchmarks/bench_storage.py --side 128 --repeats 3``. Every codec and chunk
shape is written and read in turn, ``repeats`` times, from the page cache; medians are printed,
ratios are to zlib level 1 in the same chunks, taken in the same turn. Counts are simulated (see
``eels_maps``) and stored as float32, as cameras write them, and as integers: of 32 bits, which
they need at this dose, and of 16, which they need at a third of it (here the peaks are clipped).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import eels_maps
import netCDF4
import numpy as np

CODECS: dict[str, dict[str, Any]] = {
    "zlib1": {"compression": "zlib", "complevel": 1, "shuffle": True},
    "zlib4": {"compression": "zlib", "complevel": 4, "shuffle": True},
    "zstd3": {"compression": "zstd", "complevel": 3, "shuffle": True},
    "blosc_lz4": {"compression": "blosc_lz4", "complevel": 1, "blosc_shuffle": 1},
    "blosc_lz4 bits": {"compression": "blosc_lz4", "complevel": 1, "blosc_shuffle": 2},
    "blosc_zstd": {"compression": "blosc_zstd", "complevel": 1, "blosc_shuffle": 1},
}
CHUNKS = ((8, 8, 2048), (4, 32, 256), (8, 16, 256), (16, 16, 256))
DTYPES = ("f4", "u4", "u2")
WINDOW = 64


def seconds(action: Callable[[], Any]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def write(path: Path, counts: np.ndarray, chunks: tuple[int, ...], codec: dict[str, Any]) -> None:
    """Write one spectrum image with checksums."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip("yxe", counts.shape, strict=True):
            file.createDimension(name, size)
        settings = {"chunksizes": chunks, "fletcher32": True, **codec}
        file.createVariable("counts", counts.dtype, tuple("yxe"), **settings)[:] = counts


def read(path: Path, part: tuple[Any, ...], rows: int) -> None:
    """Read a part, some rows of chunks at a time, as the workflow does."""
    with netCDF4.Dataset(path) as file:
        variable = file["counts"]
        variable.set_auto_maskandscale(False)
        if isinstance(part[0], int):
            variable[part]
            return
        for row in range(0, variable.shape[0], rows):
            variable[row : row + rows, part[1], part[2]]


def measured(path: Path, counts: np.ndarray, chunks: tuple[int, ...], name: str) -> list[float]:
    """Size [MB]; seconds to write, read all, read a window, read one spectrum."""
    everything, middle = slice(None), counts.shape[0] // 2
    took = [seconds(lambda: write(path, counts, chunks, CODECS[name]))]
    parts = (
        (everything,) * 3,
        (everything, everything, slice(300, 300 + WINDOW)),
        (middle, middle, everything),
    )
    took += [min(seconds(lambda p=p: read(path, p, chunks[0])) for _ in range(2)) for p in parts]
    return [path.stat().st_size / 1e6, *took]


def main() -> None:
    """Print one line for each type, chunk shape and codec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(
        f"{options.side} x {options.side} x 2048, medians of {options.repeats} turns; MB as float32"
    )
    print(
        f"{'type':<5}{'chunks':<16}{'codec':<16}{'size_MB':>8}{'write_MB/s':>11}{'read_MB/s':>10}"
        f"{'window_ms':>10}{'one_ms':>8}{'write_x':>8}{'read_x':>8}{'size_x':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.nc"
        eels_maps.write(path, options.side, 1e6, 1)
        with netCDF4.Dataset(path) as file:
            counts = file["counts"][:].data
        megabytes = counts.size * 4 / 1e6
        found: dict[tuple[str, tuple[int, ...], str], list[list[float]]] = {}
        for _ in range(options.repeats):
            for dtype in DTYPES:
                highest = np.inf if dtype == "f4" else np.iinfo(dtype).max
                stored = np.minimum(counts, highest).astype(dtype)
                for chunks in CHUNKS:
                    for name in CODECS:
                        row = measured(path, stored, chunks, name)
                        found.setdefault((dtype, chunks, name), []).append(row)
        for (dtype, chunks, name), rows in found.items():
            size, wrote, full, window, one = (median(column) for column in zip(*rows, strict=True))
            base = found[dtype, chunks, "zlib1"]
            ratio = [median(b[i] / r[i] for b, r in zip(base, rows, strict=True)) for i in range(3)]
            print(
                f"{dtype:<5}{chunks!s:<16}{name:<16}{size:8.1f}{megabytes / wrote:11.0f}"
                f"{megabytes / full:10.0f}{1e3 * window:10.1f}{1e3 * one:8.2f}"
                f"{ratio[1]:8.1f}{ratio[2]:8.1f}{1 / ratio[0]:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
