"""The execution record of one job: written whatever becomes of it, never overwritten.

A job begins by holding every input against what was recorded when it was made, and ends by
writing what it made: one record, and for each output a pointer to its newest state.
"""

import atexit
import logging
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

from nanostitch.errors import ContractError, NanostitchError
from nanostitch.planned import settle_clocks
from nanostitch.provenance import derivation, digests, execution, identity, records
from nanostitch.provenance.audit import Audit

FORMAT = 1
RUN = "NANOSTITCH_RUN"
"""Environment variable that names the run to its jobs, wherever they are started."""
PACKAGE = __name__.split(".")[0]


class Job(derivation.Job, Protocol):
    """What a script knows as ``snakemake``, with what only a record needs."""

    log: Any
    threads: int
    config: Any


class Recorder:
    """The record of the job that runs in this process."""

    def __init__(self, job: Job, identity_of: Callable[[str], str]) -> None:
        self._job, self._identity_of = job, identity_of
        self._uuid, self._began = str(uuid.uuid4()), execution.now()
        self._clock = time.perf_counter()
        self._error: str | None = None
        self._derivation: dict[str, Any] | None = None
        self._inputs: list[records.Record] = []
        self._data: dict[str, str] = {}
        self._overhead_s = 0.0
        self.audit = Audit()

    def check_inputs(self) -> None:
        """Hash every input, and refuse one whose bytes are not those that were recorded.

        Raises
        ------
        ContractError
            If an input changed since a job made it.
        """
        folders: dict[str, Path] = {}
        for given in derivation.inputs(self._job):
            folder = folders.setdefault(given.role, Path(given.path).parent)
            found = digests.once(Path(given.path))
            kept = records.pointer(given.path)
            if kept is not None and kept["sha256"] != found:
                raise ContractError(
                    f"{given.path}: its sha256 is {found}, but was {kept['sha256']} when job"
                    f" {kept['record']} made it; restore the file, or delete it to make it anew"
                )
            self._inputs.append(
                {
                    "role": given.role,
                    "path": _shown(Path(given.path), folder),
                    "sha256": found,
                    "size": Path(given.path).stat().st_size,
                    "record": kept["record"] if kept is not None else None,
                }
            )
        self._derivation = derivation.of(self._job, self._identity_of)
        self._overhead_s += time.perf_counter() - self._clock

    def decided(self) -> dict[str, Any]:
        """Derivation of the job, as long as it is still that of its beginning.

        Raises
        ------
        ContractError
            If an input or a plan file changed meanwhile.
        """
        found = derivation.of(self._job, self._identity_of)
        if found != self._derivation:
            raise ContractError(
                f"{self._job.output[0]}: an input changed while the job was running; run again"
            )
        return found

    def note_data(self, path: str, sha256: str) -> None:
        """Keep the hash of the data of an output, known since it was written."""
        self._data[path] = sha256

    def fail(self, why: str) -> None:
        """Note that the job fails, and why."""
        self._error = why

    def finish(self) -> None:
        """Write the record, and the state of each output if the job completed."""
        begun = time.perf_counter()
        outputs = self._outputs()
        folder = records.folder_of(self._job.output[0])
        run = self._run(folder)
        record = self._record(outputs, run)
        record["hygiene"] = self._hygiene(folder, run)
        self._overhead_s += time.perf_counter() - begun
        record["overhead_s"] = round(self._overhead_s, 4)
        records.write(folder / records.FOLDER / "records" / f"{self._uuid}.json", record)
        for output in outputs:
            state = {key: value for key, value in output.items() if key != "role"}
            state |= {"derivation_id": record["derivation_id"], "record": self._uuid}
            records.write(records.pointer_path(output["path"]), state)

    def _outputs(self) -> list[records.Record]:
        """Every output; none of a job that failed, as does one that leaves an output out."""
        given = list(derivation.files(self._job.output))
        absent = [one.path for one in given if not Path(one.path).is_file()]
        if absent and self._error is None:
            self._error = f"{absent[0]}: was not written"
        return [] if self._error is not None else [self._output(one) for one in given]

    def _output(self, given: derivation.Given) -> records.Record:
        path = Path(given.path)
        return {
            "role": given.role,
            "path": path.as_posix(),
            "sha256": digests.once(path),
            "size": path.stat().st_size,
            "data_sha256": self._data.get(given.path),
        }

    def _record(self, outputs: list[records.Record], run: records.Record) -> records.Record:
        decided = self._derivation
        return {
            "format": FORMAT,
            "uuid": self._uuid,
            "run": os.environ.get(RUN),
            "status": "completed" if self._error is None else "failed",
            "error": self._error,
            "rule": self._job.rule,
            "wildcards": dict(sorted(self._job.wildcards.items())),
            "script": f"workflow/scripts/{self._job.rule}.py",
            "derivation_id": identity.identity(decided) if decided is not None else None,
            "derivation": decided,
            "inputs": self._inputs,
            "outputs": outputs,
            "started": self._began,
            "ended": execution.now(),
            "execution": execution.facts(self._job.threads, time.perf_counter() - self._clock),
            "environment": run.get("environment"),
        }

    def _run(self, folder: Path) -> records.Record:
        """What is known of the run; nothing where a job is started by itself."""
        path = folder / records.FOLDER / "runs" / f"{os.environ.get(RUN)}.json"
        return records.load(path) if path.is_file() else {}

    def _hygiene(self, folder: Path, run: records.Record) -> dict[str, list[str]]:
        given = [*derivation.files(self._job.input), *derivation.files(self._job.output)]
        own = [*self._job.log, str(folder / records.FOLDER)]
        beside = {Path(one.path).parent for one in derivation.inputs(self._job)}
        declared = [*(one.path for one in given), *own]
        return {
            "undeclared_reads": self.audit.undeclared(declared, [Path.cwd(), *beside]),
            "network": self.audit.network,
            "modules_outside_closure": _modules_outside(run.get("modules", {}), self._job.rule),
        }


def _shown(path: Path, folder: Path) -> str:
    """Path of an input: as it is below the working folder, else relative to the raw folder."""
    if not path.is_absolute():
        return path.as_posix()
    if path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    return Path(os.path.relpath(path, folder)).as_posix()


def _modules_outside(modules: dict[str, list[str]], rule: str) -> list[str]:
    """Modules of this package that were loaded though no import statement leads there."""
    if rule not in modules:
        return []
    loaded = {name for name in sys.modules if name.split(".")[0] == PACKAGE}
    return sorted(loaded - set(modules[rule]))


_running: Recorder | None = None


def saw(path: str) -> None:
    """Note a file that a C library reads for the job, if one runs in this process."""
    if _running is not None:
        _running.audit.saw(path)


def decided(job: derivation.Job, identity_of: Callable[[str], str]) -> dict[str, Any]:
    """Derivation of a job: as it was when the job began, where it runs in this process.

    Raises
    ------
    ContractError
        If an input or a plan file changed meanwhile.
    """
    return derivation.of(job, identity_of) if _running is None else _running.decided()


def note_data(path: str, sha256: str) -> None:
    """Keep the hash of the data of an output, known since it was written, for the record."""
    if _running is not None:
        _running.note_data(path, sha256)


def begin(job: Job, identity_of: Callable[[str], str]) -> None:
    """Record the job that runs in this process, however it ends.

    Parameters
    ----------
    identity_of
        Reads the derivation id that a product carries.

    Raises
    ------
    ContractError
        If the bytes of an input are not those that were recorded when it was made.
    """
    global _running
    _running = recorder = Recorder(job, identity_of)
    recorder.audit.install()
    logged = sys.excepthook

    def failed(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        is_mendable = isinstance(error, NanostitchError)
        recorder.fail(str(error) if is_mendable else f"{kind.__name__}: {error}")
        logged(kind, error, traceback)

    def terminated(number: int, _: FrameType | None) -> None:
        recorder.fail(f"ended by {signal.Signals(number).name}")
        sys.exit(128 + number)  # what a shell reports; blocks that clean up are still left

    sys.excepthook = failed
    signal.signal(signal.SIGTERM, terminated)
    atexit.register(_finish, recorder)
    settle_clocks(job.input)
    try:
        recorder.check_inputs()
    except FileNotFoundError as gone:
        raise ContractError(
            f"{gone.filename}: was there when the run began; put it back and run again"
        ) from gone


def _finish(recorder: Recorder) -> None:
    try:
        recorder.finish()
    except Exception:
        logging.exception("the record of this job could not be written; the job counts as failed")
        logging.shutdown()
        os._exit(1)  # an error at exit would else be printed and forgotten
