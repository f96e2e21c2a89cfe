"""The ledger of a batch: one line a run, each with the digest of the line before.

Lines are never rewritten. A line names every record that was not yet in one by its digest, so
that an edited, deleted or inserted record or line breaks the chain. ``ledger.head`` keeps the
digest of the last line, which no later line holds; whoever edits both is found by the signature.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nanostitch.atomic import write_text
from nanostitch.errors import ContractError
from nanostitch.provenance import execution, identity, records

NONE = "0" * 64
"""Digest of the line before the first."""
WAIT_S = 60.0
"""Longest wait for another run that closes the same ledger [s]; closing takes about a second."""


def path_of(folder: Path) -> Path:
    """The ledger of a batch, given its results folder."""
    return folder / records.FOLDER / "ledger.jsonl"


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every line of a batch's ledger, oldest first.

    Raises
    ------
    ContractError
        If a line is no JSON object.
    """
    found = []
    for number, line in enumerate(_texts(folder), 1):
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise ContractError(
                f"{path_of(folder)}: line {number} is no JSON object ({error});"
                " restore the file from a copy"
            ) from error
    return found


def close(folder: Path, outcome: str, run: str | None = None) -> bool:
    """Append what is new in a batch as one line; nothing if nothing is.

    Records that killed runs left are taken too. Two runs that close at once wait for each other.

    Parameters
    ----------
    folder
        Results folder of the batch, such as ``results/paper``.
    outcome
        ``completed`` or ``failed``.
    run
        Id of the run.

    Returns
    -------
    bool
        Whether a line was appended.

    Raises
    ------
    ContractError
        If another process holds the ledger for too long, or a file cannot be read.
    """
    (folder / records.FOLDER).mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        before = lines(folder)
        known = {uuid for line in before for uuid in line["records"]}
        new = {
            path.stem: identity.sha256(path)
            for path in records.files(folder)
            if path.stem not in known
        }
        was_closed = any(line["run"] == run for line in before) and run is not None
        if not new and (outcome == "completed" or was_closed):
            return False
        _append(folder, _line(folder, outcome, run) | {"records": new})
        return True


def problems(folder: Path) -> list[str]:
    """Everything in which ledger and records are not as they were written."""
    if not path_of(folder).is_file():
        return [f"{path_of(folder)}: is absent"]
    texts, found = _texts(folder), lines(folder)
    said, digest = [], NONE
    for number, (text, line) in enumerate(zip(texts, found, strict=True), 1):
        if line.get("prev") != digest or line.get("n") != number:
            said.append(f"{path_of(folder)}: line {number} does not follow from the line before")
        digest = _sha256(text)
    head = _head(folder)
    if head is None:
        said.append(f"{_head_path(folder)}: is absent")
    elif head != {"n": len(texts), "sha256": digest}:
        said.append(f"{path_of(folder)}: the last line is not the one that ledger.head names")
    return said + list(_record_problems(folder, found))


def _record_problems(folder: Path, found: list[dict[str, Any]]) -> Iterator[str]:
    now = {path.stem: identity.sha256(path) for path in records.files(folder)}
    for line in found:
        for uuid, digest in line.get("records", {}).items():
            path = folder / records.FOLDER / "records" / f"{uuid}.json"
            if uuid not in now:
                yield f"{path}: is absent, but line {line['n']} of the ledger names it"
            elif now[uuid] != digest:
                yield f"{path}: was altered; line {line['n']} of the ledger has another sha256"


def _texts(folder: Path) -> list[str]:
    path = path_of(folder)
    return path.read_text("utf-8").splitlines() if path.is_file() else []


def _line(folder: Path, outcome: str, run: str | None) -> dict[str, Any]:
    path = folder / records.FOLDER / "runs" / f"{run}.json"
    begun = records.load(path) if path.is_file() else {}
    told = {key: begun.get(key) for key in ("arguments", "git", "environment", "operator")}
    plans = sorted((folder / "plan").rglob("*.json"))
    return {
        "run": run,
        "started": begun.get("started"),
        "ended": execution.now(),
        "outcome": outcome,
        **told,
        "plan": {
            p.relative_to(folder / "plan").as_posix(): identity.sha256(p)
            for p in plans
            if not p.name.startswith(".")
        },
        "raw": _raw(folder),
        "claims": _kept_claims(folder),
    }


def _raw(folder: Path) -> dict[str, dict[str, str]]:
    """Digests of the raw files of each measured acquisition, as they were planned."""
    kept = sorted((folder / "plan" / "acquisitions").glob("[!.]*.json"))
    found = {path.stem: dict(records.load(path).get("raw", {})) for path in kept}
    return {name: raw for name, raw in found.items() if raw}


def _kept_claims(folder: Path) -> str | None:
    """Digest of the table of claims, of which a copy is kept under that name."""
    path = folder / "tables" / "claims.tsv"
    if not path.is_file():
        return None
    digest = identity.sha256(path)
    copy = folder / records.FOLDER / "history" / f"{digest}.tsv"
    if not copy.is_file():
        write_text(copy, path.read_text("utf-8"))
    return digest


def _append(folder: Path, line: Mapping[str, Any]) -> None:
    """Append a line, then name it in the head: a process killed between them is noticed."""
    texts = _texts(folder)
    chained = {"n": len(texts) + 1, "prev": _previous(folder, texts), **line}
    texts.append(identity.canonical(chained))
    write_text(path_of(folder), "".join(f"{text}\n" for text in texts))
    records.write(_head_path(folder), {"n": len(texts), "sha256": _sha256(texts[-1])})


def _previous(folder: Path, texts: list[str]) -> str:
    """Digest of the last line as it was written, so that an edit of it breaks the chain for good.

    A process that was killed before it wrote the head leaves one of the line before.
    """
    if not texts:
        return NONE
    last, head = json.loads(texts[-1]), _head(folder)
    if head is None or (head["n"], head["sha256"]) == (len(texts) - 1, last["prev"]):
        return _sha256(texts[-1])
    return str(head["sha256"])


def _head_path(folder: Path) -> Path:
    return folder / records.FOLDER / "ledger.head"


def _head(folder: Path) -> dict[str, Any] | None:
    path = _head_path(folder)
    return records.load(path) if path.is_file() else None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the ledger's lock, which the system releases when a process dies."""
    path = folder / records.FOLDER / "ledger.lock"
    until = time.monotonic() + WAIT_S
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise ContractError(
                        f"{path}: another run has been closing this batch for {WAIT_S:.0f} s;"
                        " wait for it to end and run again"
                    ) from error
                time.sleep(0.1)
        yield
