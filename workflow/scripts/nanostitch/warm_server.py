"""A process with the libraries loaded that becomes a job's process by forking.

Loading libraries takes a job longer than most of its science, so it is done once a run. Each job
is still a process of its own, which ends with its script: what one changes, no other sees. The
package itself is not loaded here but by each job, as a script started plainly would.

:mod:`nanostitch.warm` speaks with it: each job comes as one end of a socket pair, on which its
script and environment are asked for and its process id, then its exit code, are told.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("numpy", "pandas", "xarray", "netCDF4", "numba", "yaml", "jsonschema"),
    *(f"scipy.{name}" for name in ("constants", "fft", "interpolate", "linalg", "ndimage")),
    *(f"scipy.{name}" for name in ("optimize", "signal", "spatial", "special", "stats")),
    "scipy.sparse.csgraph",
    *(f"skimage.{name}" for name in ("feature", "measure", "morphology", "segmentation")),
    *(f"matplotlib.backends.backend_{name}" for name in ("agg", "pdf", "svg")),
    *("dask.array", "rsciio", "snakemake.iocontainers", "snakemake.logging"),
)
"""What the scripts import; a library that is not installed is left to the script that needs it."""
_MESSAGE = 4096


def serve(control: socket.socket) -> str | None:
    """Fork a process for each job that comes, until the run closes its end.

    Returns
    -------
    str or None
        In the process of a job, the script to run; in the server, nothing, when the run ended.
    """
    jobs: dict[int, socket.socket] = {}
    with _wakened() as child_ended, selectors.DefaultSelector() as ready:
        ready.register(control, selectors.EVENT_READ)
        ready.register(child_ended, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fd == child_ended.fileno():
                    child_ended.recv(_MESSAGE)
                    _report(jobs)
                    continue
                message, ends, _, _ = socket.recv_fds(control, 1, 1)
                if not message:
                    return None
                job = socket.socket(fileno=ends[0])
                asked = json.loads(job.makefile("r", encoding="utf-8").readline())
                pid = _forked(job)
                if pid == 0:
                    for other in (job, control, *jobs.values()):
                        other.close()
                    return _become(asked)
                if pid is None:
                    job.close()
                    continue
                jobs[pid] = job
                _tell(job, {"pid": pid})


def _forked(job: socket.socket) -> int | None:
    """Id of a process for a job, 0 in that process; None where there is none to be had.

    Nor is there for a job of a run that was killed while this process loaded its libraries.
    """
    try:
        with contextlib.suppress(BlockingIOError):
            if not job.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return None
        return os.fork()
    except OSError:
        return None


def _become(asked: dict[str, Any]) -> str:
    """Make the fresh fork what a started interpreter would be; returns its script."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(asked["environment"])
    del sys.modules[__name__]
    script = str(asked["script"])
    sys.argv[:] = [script]
    return script


@contextlib.contextmanager
def _wakened() -> Iterator[socket.socket]:
    """A socket that can be read when a child has ended."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # jobs are interrupted, and then reported
        signal.signal(signal.SIGCHLD, lambda *_: None)
        previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(previous)


def _report(jobs: dict[int, socket.socket]) -> None:
    """Tell the exit code of every job that has ended."""
    while jobs:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with jobs.pop(pid) as job:
            _tell(job, {"exit_code": os.waitstatus_to_exitcode(status)})


def _tell(job: socket.socket, message: dict[str, int]) -> None:
    with contextlib.suppress(OSError):  # nobody listens to a job of a run that was killed
        job.sendall(json.dumps(message).encode() + b"\n")


def main(control: int) -> None:
    """Load the libraries, serve, and in the process of a job run its script."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return  # a fork would lose the other threads, and what they hold; jobs start plainly
    gc.freeze()
    with socket.socket(fileno=control) as run:
        script = serve(run)
    if script is not None:
        runpy.run_path(script, run_name="__main__")
