"""What the record of a job costs: time a job, and hashing against writing.

Jobs with and without a recorder run in turn, so that other load of the machine falls on both.
Promised: 0.15 s a job, and 10 % of the time that writing takes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import xarray as xr

from nanostitch import store
from nanostitch.contracts import Var
from nanostitch.provenance import data_hash, identity

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
JOB = """
import sys
from types import SimpleNamespace
from nanostitch import logs, store
from nanostitch.provenance import record
class Named(dict):
    def __getitem__(self, key): return list(self.values())[key]
job = SimpleNamespace(
    rule="table", input=Named(raw="raw.bin", step="results/b/plan/table.json"),
    output=Named(tsv="results/b/tables/t.tsv"), wildcards={"batch": "b"}, log=["log.txt"],
    threads=1, config={},
)
begin = store.begin if sys.argv[1] == "recorded" else lambda job: logs.log_to(job.log[0])
begin(job)
store.write_page("values", job.output[0])
"""
CONTRACT = {
    "counts": Var(("...", "energy"), "1", "Counts.", "any"),
    "energy": Var(("energy",), "eV", "Energy loss."),
}
ABOUT = dict.fromkeys(store.ABOUT, "x") | {"simulated": 0}
BYTES = 2**28
"""Size of the written product: 256 MB."""


def prepare(folder: Path) -> None:
    """A job's inputs: one plan file and 1 MB of raw bytes."""
    (folder / "results/b/plan").mkdir(parents=True)
    (folder / "results/b/plan/table.json").write_text('{"settings": {}}')
    (folder / "raw.bin").write_bytes(os.urandom(2**20))


def job_seconds(folder: Path, kind: str) -> tuple[float, float]:
    """Wall and processor time of one job in a process of its own [s]."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    subprocess.run([sys.executable, "-c", JOB, kind], cwd=folder, env=environment, check=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used


def bench_jobs(repeats: int) -> None:
    """Print the time that jobs take with and without a recorder."""
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "recorded": []}
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        for kind in found:
            job_seconds(Path(name), kind)
        for _ in range(repeats):
            for kind, taken in found.items():
                taken.append(job_seconds(Path(name), kind))
    print("job            wall [s]  processor [s]   (median)")
    for kind, taken in found.items():
        wall, used = (statistics.median(part) for part in zip(*taken, strict=True))
        print(f"{kind:12s} {wall:10.3f} {used:14.3f}")
    paired = zip(found["recorded"], found["plain"], strict=True)
    extra = [(a[0] - b[0], a[1] - b[1]) for a, b in paired]
    wall, used = (statistics.median(part) for part in zip(*extra, strict=True))
    print(f"{'extra':12s} {wall:10.3f} {used:14.3f}   promised: 0.150\n")


def seconds(work: Callable[[], object]) -> float:
    """Wall time that something takes [s]."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def write_seconds(product: xr.Dataset, is_hashed: bool) -> tuple[float, float]:
    """Wall time to write a product, and to hash the file [s]."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(data_hash, "of_dataset", data_hash.of_dataset if is_hashed else nothing),
    ):
        path = f"{folder}/results/b/a.nc"
        output, batch = SimpleNamespace(nc=path), {"batch": "b"}
        job = SimpleNamespace(rule="r", input={}, output=output, wildcards=batch)
        writing = seconds(lambda: store.write(product, CONTRACT, job, ABOUT))
        return writing, seconds(lambda: identity.sha256(Path(path)))


def nothing(_: object) -> str:
    """Stands for the hash of the data where none is taken."""
    return "0" * 64


def bench_hashing(repeats: int) -> None:
    """Print the time that writing takes with the hash of the data and without."""
    draw = np.random.default_rng(1)
    counts = draw.poisson(3.0, BYTES // 4).astype("f4").reshape(-1, 256, 1024)
    smooth = np.cumsum(draw.normal(size=BYTES // 8)).reshape(-1, 1024)
    print(
        "256 MB            write [s]  and hash data [s]  hash file [s]   extra   (least wall time)"
    )
    for name, dims, values in (
        ("spectrum image", ("y", "x", "energy"), counts),
        ("floats", ("x", "energy"), smooth),
    ):
        energy = ("energy", np.arange(1024) * 0.01, {"units": "eV"})
        product = xr.Dataset({"counts": (dims, values, {"units": "1"})}, {"energy": energy})
        rows = [
            (*write_seconds(product, False)[:1], *write_seconds(product, True))
            for _ in range(repeats)
        ]
        plain, hashed, file = (min(part) for part in zip(*rows, strict=True))
        extra = (hashed + file) / plain - 1
        print(f"{name:15s} {plain:10.2f} {hashed:18.2f} {file:14.2f} {extra:8.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="jobs of each kind")
    parser.add_argument("--writes", type=int, default=3, help="times that 256 MB are written")
    chosen = parser.parse_args()
    bench_jobs(chosen.repeats)
    bench_hashing(chosen.writes)
