"""Jobs in processes of their own, recorded as those of the workflow are."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
PRELUDE = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
from nanostitch import logs
from nanostitch.errors import FormatError
from nanostitch.provenance import record

class Named(dict):
    __getattr__ = dict.__getitem__
    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else dict.__getitem__(self, key)

job = SimpleNamespace(
    rule="align", input=Named(raw="results/b/eels/a/raw.nc2", step="results/b/plan/align.json"),
    output=Named(nc="results/b/eels/a/aligned.nc2"), wildcards={"batch": "b", "acquisition": "a"},
    log=["results/b/logs/align.log"], threads=1, config={},
)
logs.log_to(job.log[0])
record.begin(job, lambda path: "")
made = Path(job.output.nc)
"""
WRITES = "made.write_bytes(b'values')\n"
BATCH = Path("results/b")


def prepare(folder: Path) -> None:
    """A working folder with one plan file and one input that no job recorded."""
    for name in ("results/b/plan", "results/b/logs", "results/b/eels/a"):
        (folder / name).mkdir(parents=True)
    (folder / "results/b/plan/align.json").write_text('{"settings": {"width_ev": 1.0}}')
    (folder / "results/b/eels/a/raw.nc2").write_bytes(b"counts")


def start(folder: Path, body: str, **environment: str) -> subprocess.Popen[str]:
    """Start a job whose script is ``body``."""
    known = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + body],
        cwd=folder,
        env={**known, "PYTHONPATH": str(SCRIPTS), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, body: str, **environment: str) -> tuple[int, str]:
    """Run a job; returns its exit code and what it printed."""
    process = start(folder, body, **environment)
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


def written(folder: Path) -> list[dict[str, Any]]:
    """Every record, in the order in which the jobs ended."""
    kept = (folder / BATCH / "provenance" / "records").glob("*.json")
    return sorted((json.loads(path.read_text()) for path in kept), key=lambda one: one["ended"])


def record_of(folder: Path, body: str, **environment: str) -> dict[str, Any]:
    """Record of a job that is the only one in its folder."""
    prepare(folder)
    run(folder, body, **environment)
    (found,) = written(folder)
    return found
