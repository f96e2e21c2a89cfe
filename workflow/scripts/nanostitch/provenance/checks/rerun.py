"""Making results again in an empty folder, to see whether the same bytes come out."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from nanostitch import store
from nanostitch.errors import ContractError
from nanostitch.plan_files import PROJECT
from nanostitch.provenance.checks.findings import Finding
from nanostitch.provenance.checks.recorded import Recorded
from nanostitch.provenance.checks.replanned import configuration_arguments
from nanostitch.provenance.identity import sha256
from nanostitch.provenance.record import RUN

_LEFT_OUT = ("results", ".snakemake", ".git")
"""What a new run must not see of the folder in which the first one ran."""
_PROFILE = "workflow/profiles/default"
_LAST_LINES = 5
"""Lines of the log of a failed run that are told."""


@dataclass(frozen=True)
class Rerun:
    """Outcome: results that came out other than they are, and what was compared."""

    problems: list[Finding]
    notes: list[str]


def compare(state: Recorded, paths: Collection[Path]) -> Rerun:
    """Make results again from raw files and compare.

    Parameters
    ----------
    state
        What was recorded of the batch.
    paths
        Results to make again, or folders of them; none for all.

    Raises
    ------
    ContractError
        If the run fails, or the paths hold no recorded results.
    """
    named = (path for path in state.below(paths) if path in state.newest)
    wanted = [path for path in named if (state.root / path).is_file()]
    if not wanted:
        places = ", ".join(map(str, paths)) or state.folder
        raise ContractError(f"{state.batch}: nothing recorded lies in {places}")
    with tempfile.TemporaryDirectory(prefix="nanostitch-rerun-") as temporary:
        again = Path(temporary)
        for file in state.root.absolute().iterdir():
            if file.name not in _LEFT_OUT:
                (again / file.name).symlink_to(file)
        _run(again, state, wanted)
        return _compared(state, again, wanted)


def _run(folder: Path, state: Recorded, wanted: Sequence[str]) -> None:
    snakefile = "Snakefile" if (folder / "Snakefile").is_file() else str(PROJECT / "Snakefile")
    profile = ["--workflow-profile", _PROFILE] if (folder / _PROFILE).is_dir() else []
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "1"]
    command += [*profile, *configuration_arguments(state.arguments), "--", *wanted]
    environment = {key: value for key, value in os.environ.items() if key != RUN}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        said = " ".join(" ".join(done.stdout.splitlines()[-_LAST_LINES:]).split())
        raise ContractError(f"{state.batch}: could not be made again ({said}); mend that first")


def _compared(state: Recorded, again: Path, wanted: Sequence[str]) -> Rerun:
    problems, notes, same, alike = [], [], 0, 0
    for path in wanted:
        before, after = state.root / path, again / path
        if not after.is_file():
            problems.append(Finding("missing", path, "was not made again", "see its rule"))
        elif state.digest(path) == sha256(after):
            same += 1
        elif path.endswith(".nc") and _data(before) == _data(after):
            alike += 1
        else:
            said = f"comes out otherwise: {'; '.join(_differences(before, after))}"
            remedy = "see whether code, libraries or inputs changed: nanostitch verify"
            problems.append(Finding("other result", path, said, remedy))
    notes.append(f"made again: {same} of {len(wanted)} files with the same bytes")
    if alike:
        notes.append(f"made again: {alike} with the same data in other bytes")
    return Rerun(problems, notes)


def _data(file: Path) -> str:
    return store.data_sha256(str(file))


def _differences(before: Path, after: Path) -> Iterator[str]:
    """Variables of a product that differ, and by how much."""
    if before.suffix != ".nc":
        yield "other bytes"
        return
    old, new = store.read_tree(str(before)), store.read_tree(str(after))
    for node in old.subtree:
        other = new[node.path] if node.path in new.groups else xr.DataTree()
        for name, variable in node.variables.items():
            if name not in other.variables:
                yield f"{name} is gone"
            elif (said := _difference(variable, other.variables[name])) is not None:
                yield f"{name} {said}"


def _difference(old: xr.Variable, new: xr.Variable) -> str | None:
    if old.shape != new.shape:
        return f"has shape {new.shape}, was {old.shape}"
    is_number = {old.dtype.kind, new.dtype.kind} <= set("iuf")
    if np.array_equal(old.values, new.values, equal_nan=is_number):
        return None
    if not is_number:
        return "has other values"
    change = np.abs(np.asarray(new, float) - np.asarray(old, float))
    largest, units = np.nanmax(change, initial=0.0), old.attrs.get("units", "")
    return f"differs by up to {largest:.3g} {units}, {np.count_nonzero(change)} values"
