"""Raw files damaged at random, read in a child process that is watched.

The child reports for each file whether it became a product, was refused, or showed a defect:
another exception, memory beyond the limit, or a deed that no reader may do. The parent adds what
a child cannot report of itself: a crash, and not coming to an end.
"""

import contextlib
import json
import os
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nanostitch import contracts, raw
from nanostitch.contracts.raw import RAW
from nanostitch.errors import NanostitchError
from nanostitch.raw import microscope, sniff

SECONDS = 20.0
"""In which the outcome of one file must be known."""
MEMORY_BYTES = 2 * 2**30
"""What reading one small file may take beside the libraries."""
TOLD = {
    "microscope": {"beam_energy_kev": 100.0},
    "scaled": {
        "pixel_size_nm": 1.0,
        "beam_energy_kev": 100.0,
        "energy_unit": "eV",
        "dispersion_ev": 0.1,
        "energy_offset_ev": 0.0,
    },
}
_LARGEST_SEED = 400_000  # bytes: small files are read often
_MOST_SEEDS = 4
_HEADER = 1024  # bytes in which most formats state sizes
_HUGE = [b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x40"]
_WIDE = [b"\xff" * 7 + b"\x7f", b"\x00\x00\x00\x00\x20\x00\x00\x00", b"\x7f" + b"\xff" * 7]
_DIGITS = [b"9" * 12, b"-1", b"1e308", b"nan", b"0", b"9" * 5000]


@dataclass(frozen=True)
class Seed:
    """A good file with the files that its format needs beside it, all relative to a folder."""

    format: str
    folder: Path
    name: str
    techniques: tuple[str, ...]
    beside: tuple[str, ...] = ()


@dataclass
class Outcomes:
    """How many files ended how, and those that ended in a defect."""

    counts: dict[str, int] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)

    def add(self, seed: Seed, number: int, outcome: dict[str, str]) -> None:
        self.counts[outcome["ends"]] = self.counts.get(outcome["ends"], 0) + 1
        if outcome["ends"] not in ("product", "refused"):
            said = f"{outcome['ends']}: {outcome['says']}"
            self.defects.append(f"{seed.format}, {seed.name}, mutation {number}: {said}")


def seeds(folder: Path) -> dict[str, list[Seed]]:
    """Small good files below a folder by format, the smallest first."""
    found: dict[str, list[tuple[int, Seed]]] = {}
    inner = {path for store in folder.rglob("*.zspy") for path in store.rglob("*")}
    for path in sorted(set(folder.rglob("*")) - inner):
        if path.is_dir() and path.suffix != ".zspy":
            continue
        with contextlib.suppress(NanostitchError):
            seed = _seed(path)
            files = [path.parent / name for name in (seed.name, *seed.beside)]
            size = sum(file.stat().st_size for file in files if file.is_file())
            if size <= _LARGEST_SEED:
                found.setdefault(seed.format, []).append((size, seed))
    return {name: _smallest(each) for name, each in found.items()}


def _smallest(sized: list[tuple[int, Seed]]) -> list[Seed]:
    """The smallest of those that become a product, or of all where none does."""
    ordered = [seed for _, seed in sorted(sized, key=lambda one: one[0])]
    read = [seed for seed in ordered if seed.techniques]
    return (read or [replace(seed, techniques=("eels", "iv")) for seed in ordered])[:_MOST_SEEDS]


def _seed(path: Path) -> Seed:
    beside = (file.relative_to(path.parent).as_posix() for file in raw.companions(path))
    techniques = {name for content in raw.contents(path) for name in content.techniques[:2]}
    return Seed(
        sniff.format_of(path), path.parent, path.name, tuple(sorted(techniques)[:2]), tuple(beside)
    )


def mutations(seed: Seed, folder: Path, numbers: range) -> Iterator[tuple[int, Path]]:
    """Damaged copies of a file, one at a time under its own name in a folder of their own."""
    names = [name for name in (seed.name, *seed.beside) if (seed.folder / name).is_file()]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(seed.folder / name, folder / name)
    for number in numbers:
        rng = random.Random(f"{seed.format} {seed.name} {number}")
        name = rng.choice(names)
        content = (seed.folder / name).read_bytes()
        (folder / name).write_bytes(mutated(content, rng))
        yield number, folder / seed.name
        (folder / name).write_bytes(content)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """The content with one to three damages of random kinds and places."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if damaged:
            rng.choice(_DAMAGES)(damaged, rng)
    return bytes(damaged)


def _place(content: bytearray, rng: random.Random) -> int:
    """Some place, as often in the header as anywhere."""
    return rng.randrange(min(len(content), rng.choice([_HEADER, len(content)])))


def _flip(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 20)):
        content[_place(content, rng)] ^= 1 << rng.randrange(8)


def _truncate(content: bytearray, rng: random.Random) -> None:
    del content[_place(content, rng) :]


def _enlarge(content: bytearray, rng: random.Random) -> None:
    at, huge = _place(content, rng), rng.choice(_HUGE + _WIDE)
    content[at : at + len(huge)] = huge


def _enlarge_stated(content: bytearray, rng: random.Random) -> None:
    """Enlarge a small little- or big-endian number: a size, a count or an offset."""
    width = rng.choice([2, 4, 8])
    start = _place(content, rng) // 2 * 2
    for at in range(start, min(start + 4 * _HEADER, len(content) - width), 2):
        for order in ("little", "big"):
            if 1 < int.from_bytes(content[at : at + width], order) < 2**15:
                factor = rng.choice([2, 255, 256**width // 2**15])
                number = int.from_bytes(content[at : at + width], order) * factor
                content[at : at + width] = (number % 256**width).to_bytes(width, order)
                return


def _renumber(content: bytearray, rng: random.Random) -> None:
    """Replace digits that stand as text."""
    start = _place(content, rng)
    digits = b"0123456789"
    first = next((i for i in range(start, len(content)) if content[i] in digits), None)
    if first is not None:
        end = first
        while end < len(content) and content[end] in digits:
            end += 1
        content[first:end] = rng.choice(_DIGITS)


def _insert(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    content[at:at] = rng.choice([rng.randbytes(rng.randrange(1, 64)), b"\x00" * 16, b"\n\t\n"])


def _remove(content: bytearray, rng: random.Random) -> None:
    at = _place(content, rng)
    del content[at : at + rng.randrange(1, 64)]


def _swap(content: bytearray, rng: random.Random) -> None:
    size = rng.choice([4, 16, 256])
    one, other = sorted([_place(content, rng), _place(content, rng)])
    if other - one >= size and other + size <= len(content):
        block = content[one : one + size]
        content[one : one + size] = content[other : other + size]
        content[other : other + size] = block


def _repeat(content: bytearray, rng: random.Random) -> None:
    at, size = _place(content, rng), rng.choice([8, 64, 1024])
    content[at:at] = content[at : at + size] * rng.choice([1, 2, 50])


_DAMAGES: list[Callable[[bytearray, random.Random], None]] = [
    _flip,
    _truncate,
    _enlarge,
    _enlarge_stated,
    _renumber,
    _insert,
    _remove,
    _swap,
    _repeat,
]


class Reader:
    """A child process that reads files; another takes its place when one dies or hangs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child: subprocess.Popen[str] | None = None

    def read(self, path: Path, techniques: tuple[str, ...]) -> dict[str, str]:
        """How reading a file ends, and what is said of it."""
        child = self._child = self._child or self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps([str(path), techniques]) + "\n")
        child.stdin.flush()
        ready, _, _ = select.select([child.stdout], [], [], SECONDS)
        line = child.stdout.readline() if ready else ""
        if line:
            outcome: dict[str, str] = json.loads(line)
            if outcome["ends"] == "memory":
                self.close()  # the most that it ever took counts
            return outcome
        self.close()
        if not ready:
            return {"ends": "hangs", "says": f"no end within {SECONDS:g} s"}
        return {"ends": "crashes", "says": f"exit code {child.returncode}"}

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _started(self) -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            env=os.environ
            | {"TMPDIR": str(self.folder), "NUMBA_CACHE_DIR": str(self.folder)}
            | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.chmod"}
_NEVER = {
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.putenv"),
    *("socket.connect", "socket.getaddrinfo", "socket.bind", "pickle.find_class", "code.__new__"),
}

_OWN_GRAPHS = ("dask.", "rsciio.", "numpy", "tlz.", "numba.", "copyreg", "builtins")
"""Modules whose objects dask and numba pack, and unpack again from what they packed."""


class Watch:
    """Notes deeds that no reader of a raw file may do: it reads, and writes below one folder."""

    def __init__(self, folder: Path) -> None:
        self.deeds: list[str] = []
        self._folder = os.path.realpath(folder)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class" and str(arguments[0]).startswith(_OWN_GRAPHS):
            return
        if event in _NEVER:
            self.deeds.append(f"{event} {arguments!r:.200}")
        elif event == "subprocess.Popen":
            if microscope.REHEARSAL not in arguments[1]:
                self.deeds.append(f"starts {arguments[1]!r:.200}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            self._changed(event, arguments[0])
        elif event in _CHANGES and arguments[-1] in (-1, 0o777, None):  # not below an open folder
            self._changed(event, arguments[1 if event in ("os.symlink", "os.link") else 0])

    def _changed(self, event: str, path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            real = os.path.realpath(os.fsdecode(path))
            if real != os.devnull and os.path.commonpath([real, self._folder]) != self._folder:
                self.deeds.append(f"{event} {real}")


def _child() -> None:
    """Read the files whose paths come by standard input; one line of JSON each in return."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    for name in ("rsciio.hspy", "rsciio.digitalmicrograph", "rsciio.tiff", "zarr", "PIL.Image"):
        __import__(name)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = max(used, mapped) + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    watch = Watch(Path(tempfile.gettempdir()))
    sys.addaudithook(watch)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        path, techniques = json.loads(line)
        outcome = _outcome(Path(path), techniques)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - used
        if grown > MEMORY_BYTES // 2:
            outcome = {"ends": "memory", "says": f"took {grown >> 20} MiB"}
        if watch.deeds:
            outcome = {"ends": "misdeed", "says": "; ".join(watch.deeds)}
            watch.deeds.clear()
        print(json.dumps(outcome), file=answers, flush=True)


def _outcome(path: Path, techniques: list[str]) -> dict[str, str]:
    spectrum = TOLD["scaled" if path.suffix in (".msa", ".tif") else "microscope"]
    told = {"adf": {"pixel_size_nm": 1.0}, "eels": spectrum, "edx": spectrum}
    refusals = []
    for technique in techniques:
        try:
            dataset = raw.read(path, technique, told.get(technique, {}), None)
            contracts.check(dataset, RAW[technique], path.name)
            assert all(size > 0 for size in dataset.sizes.values()), "an empty product"
        except NanostitchError as error:
            if path.name not in str(error):
                return {"ends": "unnamed", "says": str(error)[:300]}
            refusals.append(str(error)[:300])
        except BaseException as error:
            return {"ends": type(error).__name__, "says": str(error)[:300]}
    if len(refusals) == len(techniques):
        return {"ends": "refused", "says": refusals[0]}
    return {"ends": "product", "says": ""}


if __name__ == "__main__":
    _child()
