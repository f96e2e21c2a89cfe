"""The derivation of a job: what decides the bytes of its outputs, and nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nanostitch import __version__
from nanostitch.errors import ContractError
from nanostitch.planned import read_plan
from nanostitch.provenance import digests, identity


class Job(Protocol):
    """What a script knows as ``snakemake``."""

    rule: str
    input: Any
    output: Any
    wildcards: Any


@dataclass(frozen=True)
class Given:
    """One file that a job was given: under which name of the rule, and where it lies."""

    role: str
    path: str


def files(named: Any) -> Iterator[Given]:
    """Every input or output of a job, in the order of its rule."""
    for role, value in named.items():
        for path in [value] if isinstance(value, str) else value:
            yield Given(role, str(path))


def plans(job: Job) -> list[Given]:
    """The plan files among the inputs of a job."""
    return [one for one in files(job.input) if "/plan/" in one.path]


def inputs(job: Job) -> list[Given]:
    """The other inputs of a job; folders are not among them, their files are."""
    found = [one for one in files(job.input) if "/plan/" not in one.path]
    return [one for one in found if not Path(one.path).is_dir()]


def of(job: Job, identity_of: Callable[[str], str]) -> dict[str, Any]:
    """Derivation of a job: rule, wildcards, plan, and every input by content.

    Parameters
    ----------
    identity_of
        Reads the derivation id that a product carries.

    Raises
    ------
    ContractError
        If a plan file changed since the job first read it.
    """
    return {
        "format": identity.FORMAT,
        "rule": job.rule,
        "wildcards": dict(sorted(job.wildcards.items())),
        "plan": {one.role: _plan(one.path) for one in plans(job)},
        "inputs": [_input(one, identity_of) for one in inputs(job)],
    }


def _plan(path: str) -> dict[str, Any]:
    plan = read_plan(path)
    if plan != json.loads(Path(path).read_text("utf-8")):
        raise ContractError(f"{path}: changed while the job was running; run again")
    return plan


def _input(given: Given, identity_of: Callable[[str], str]) -> dict[str, str]:
    path = Path(given.path)
    found = {"role": given.role, "name": path.name, "sha256": digests.once(path)}
    if path.suffix == ".nc":
        found |= {"name": path.as_posix(), "derivation_id": identity_of(given.path)}
    return found


def code_of(decided: Mapping[str, Any]) -> str | None:
    """Digest of the code that a derivation names; None for what no code of ours made."""
    codes = (plan.get("code_sha256") for plan in decided["plan"].values())
    return next((str(code) for code in codes if code), None)


def flat(settings: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their names, with a point between a group and what is in it."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{start}{name}.")
        else:
            yield f"{start}{name}", value


def attributes(decided: Mapping[str, Any]) -> dict[str, str]:
    """What a product says of its derivation in its root attributes (ACDD 1.3)."""
    return {
        "Conventions": "CF-1.11, ACDD-1.3",
        "id": identity.identity(decided),
        "source": "; ".join(f"{i['name']} sha256:{i['sha256']}" for i in decided["inputs"]),
        "processing_level": str(decided["rule"]),
        "history": f"{decided['rule']} by nanostitch {__version__}",
    }
