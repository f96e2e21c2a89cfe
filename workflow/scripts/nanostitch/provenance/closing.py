"""What a run does before its first and after its last job."""

import os
import sys
import uuid
from importlib import metadata
from pathlib import Path

from snakemake.logging import logger

from nanostitch import __version__, code, laboratory, progress, store
from nanostitch.errors import NanostitchError
from nanostitch.plan import Plan
from nanostitch.plan_files import LOCK, PROJECT, SCRIPTS
from nanostitch.provenance import environment, execution, ledger, records
from nanostitch.provenance.record import RUN


def name_run(is_new: bool) -> None:
    """Name this run in the environment, from which its jobs know it.

    Parameters
    ----------
    is_new
        Whether this process is the run itself, and not one of its jobs.
    """
    if is_new or RUN not in os.environ:
        os.environ[RUN] = str(uuid.uuid4())


def begin(plan: Plan, is_recorded: bool) -> None:
    """Write who runs what, when and on what, for each batch of the run.

    Parameters
    ----------
    is_recorded
        Whether the run does anything; one that only touches files does not.
    """
    if not is_recorded:
        return
    logger.addHandler(progress.Progress())
    found = environment.describe(LOCK, store.libraries())
    identifier = environment.identifier(found)
    run = {
        "run": os.environ[RUN],
        "started": execution.now(),
        "arguments": sys.argv[1:],
        "git": environment.git_state(PROJECT),
        "environment": identifier,
        "operator": plan.operator,
        "nanostitch": __version__,
        "snakemake": metadata.version("snakemake"),
        "modules": {script.stem: _modules(script) for script in sorted(SCRIPTS.glob("*.py"))},
    }
    for batch in plan.batches:
        folder = Path("results", batch, records.FOLDER)
        records.write(folder / "environments" / f"{identifier}.json", found)
        records.write(folder / "runs" / f"{run['run']}.json", {**run, "batch": batch})


def _modules(script: Path) -> list[str]:
    """Modules of the package that a script may load."""
    return code.loadable(script, laboratory.devices() if script.stem == "simulate" else ())


def end(plan: Plan, outcome: str) -> None:
    """Enter the run in the ledger of each batch, then make what is made of a finished run.

    Parameters
    ----------
    outcome
        ``completed`` or ``failed``.
    """
    wanted = plan.targets
    for batch in plan.batches:
        folder = Path("results", batch)
        _enter(folder, outcome)
        run = folder / records.FOLDER / "runs" / f"{os.environ[RUN]}.json"
        if run.is_file():  # absent where files were only touched
            _report(folder)
            # its date is that of the file server's clock, like those of the results
            mine = [path for path in wanted if Path(path).is_relative_to(folder)]
            logger.info(progress.summary(folder, run.stat().st_mtime, mine))


def _enter(folder: Path, outcome: str) -> None:
    """Enter the run in the ledger; where that fails, the next run takes its records."""
    try:
        ledger.close(folder, outcome, os.environ[RUN])
        for problem in ledger.problems(folder):
            logger.warning(f"provenance: {problem}")
    except NanostitchError as error:
        logger.error(f"provenance: this run is not in the ledger: {error}")


def _report(folder: Path) -> None:
    """Make the report, without which the results are as good."""
    try:
        from nanostitch import report  # its libraries take seconds to load

        report.make(folder)
    except Exception as error:
        logger.warning(f"report of {folder}: could not be made ({type(error).__name__}: {error})")
