"""What was planned before a job began: its plan file, and the bytes of its raw files."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nanostitch.errors import ContractError
from nanostitch.provenance import digests


@cache
def read_plan(path: str) -> dict[str, Any]:
    """Read a plan file, once a job: what was asked of a step, an acquisition or a figure."""
    plan: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return plan


def verify(files: list[str], sha256: Mapping[str, str]) -> None:
    """Refuse raw files whose bytes are not those that the run was planned with.

    Files that the run writes itself (simulated ones) have no digests planned and pass.

    Raises
    ------
    ContractError
        If a file changed after the run began.
    """
    folder = Path(files[0]).parent
    for path in map(Path, files) if sha256 else ():
        if path.is_dir():
            continue
        try:
            found, planned = digests.once(path), sha256.get(path.relative_to(folder).as_posix())
        except OSError as error:
            raise ContractError(
                f"{path}: cannot be read ({error.strerror}), but could when the run began; put it"
                " back and run again"
            ) from error
        if found != planned:
            raise ContractError(
                f"{path}: sha256 is {found}, but was {planned} when the run began; run again once"
                " nobody writes to the file"
            )


def settle_clocks(inputs: Iterable[str]) -> None:
    """Date to now those results among the inputs of a job that a wrong clock dated later.

    What is made from them now would look older than they, and would be made again by every run.
    """
    now = time.time()
    for path in inputs:
        is_ours = path.startswith("results/") and os.path.exists(path)
        if is_ours and os.path.getmtime(path) > now:
            os.utime(path, (now, now))
