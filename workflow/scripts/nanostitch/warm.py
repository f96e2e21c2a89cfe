"""Jobs of a run on this computer start from a process that has the libraries loaded.

Snakemake runs the script of a job by starting Python. :func:`install` lets it hand the script to
:mod:`nanostitch.warm_server` instead, which forks a process for it. Jobs that ask for more, such
as a conda environment, a container or several threads, and every job where that process cannot be
had, start as they always did; so do all where Snakemake is not as it is known here. On a cluster,
the jobs are started there, and plainly.
"""

import atexit
import contextlib
import inspect
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from snakemake import benchmark, script

SCRIPTS = Path(__file__).parents[1]
SWITCH = "NANOSTITCH_WARM"
"""Environment variable that, set to 0, lets every job start plainly: to compare the two."""
_ONE_THREAD = tuple(f"{name}_NUM_THREADS" for name in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR"))
_TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
_COMMAND = (
    "import sys; sys.path.append(sys.argv[1]); from nanostitch.warm_server import main;"
    " main(int(sys.argv[2]))"
)


class Lost(Exception):
    """The process with the libraries is not there, or ended before it took a job."""


class Server:
    """The process with the libraries, started for the first job; it ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the process and wait for it, so that its time counts as this one's."""
        with self._lock:
            if self._control is not None and self._process is not None:
                self._control.close()
                self._process.wait()

    def run(self, path: str, environment: dict[str, str], record: Any) -> int:
        """Run a script in a fork, measured into ``record``; returns its exit code.

        Raises
        ------
        Lost
            If the job was not begun.
        """
        ours, theirs = socket.socketpair()
        with ours, ours.makefile("r", encoding="utf-8") as answers:
            request = json.dumps({"script": path, "environment": environment})
            ours.sendall(request.encode() + b"\n")
            with theirs:
                self._hand_over(theirs)
            begun = _line(answers)
            if not begun:
                raise Lost
            pid = json.loads(begun)["pid"]
            with _measured(pid, record):
                ended = _line(answers)
        if ended:
            return int(json.loads(ended)["exit_code"])
        with contextlib.suppress(OSError):  # its parent is gone: it must not write beside a retry
            os.kill(pid, signal.SIGKILL)
        return 1

    def _hand_over(self, job: socket.socket) -> None:
        with self._lock:
            try:
                if self._control is None:
                    self._control, self._process = _started()
                socket.send_fds(self._control, [b"j"], [job.fileno()])
            except OSError as error:
                raise Lost from error


def _line(answers: TextIO) -> str:
    """The next answer; empty if the process ended without one."""
    try:
        return answers.readline()
    except OSError:
        return ""


def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [_interpreter(), "-P", "-c", _COMMAND, str(SCRIPTS), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
        )
    return ours, process


def _interpreter() -> str:
    """Path of this interpreter, which the workflow may have quoted for Snakemake's commands."""
    return shlex.split(sys.executable)[0]


@contextlib.contextmanager
def _measured(pid: int, record: Any) -> Iterator[None]:
    """Measure a process as Snakemake measures those that it starts, if that is asked for."""
    if record is None:
        yield
        return
    with benchmark.benchmarked(pid, record):
        yield


@cache
def _server() -> Server:
    server = Server()
    atexit.register(server.close)
    return server


_PLAINLY: Any = getattr(script, "PythonScript", object)
_NEEDS = ("conda_env", "container_img", "env_modules")
"""What a job may ask for beyond the Python of the run."""


class WarmScript(_PLAINLY):  # type: ignore[misc]
    """A Python script of a rule, run in a fork of the process with the libraries."""

    def execute_script(self, fname: str, edit: bool = False) -> None:
        """Run the script that Snakemake wrote to ``fname``.

        Raises
        ------
        subprocess.CalledProcessError
            If the script failed.
        """
        if self.threads > 1 or any(getattr(self, need) for need in _NEEDS):
            super().execute_script(fname, edit)
            return
        temporary = self.resources.get("tmpdir")
        environment = dict.fromkeys(_TEMPORARY, str(temporary)) if temporary else {}
        try:
            exit_code = _server().run(fname, environment, self.bench_record)
        except Lost:
            super().execute_script(fname, edit)
            return
        if exit_code:
            raise subprocess.CalledProcessError(exit_code, f"{sys.executable} {fname}")


def install(is_run: bool) -> None:
    """Let Snakemake start scripts so from now on.

    Parameters
    ----------
    is_run
        Whether this process is the run itself, and not one of its jobs.
    """
    is_wanted = is_run and os.environ.get(SWITCH) != "0" and sys.platform == "linux"
    if is_wanted and _is_known():
        script.PythonScript = WarmScript


def _is_known() -> bool:
    """Whether this Snakemake has what is replaced here, and tells a script what is asked of it."""
    told = {"threads", "resources", "bench_record", *_NEEDS}
    is_script = told <= inspect.signature(_PLAINLY).parameters.keys()
    return is_script and hasattr(_PLAINLY, "execute_script") and hasattr(benchmark, "benchmarked")
