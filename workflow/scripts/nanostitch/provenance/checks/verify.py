"""Whether results are still what was made, and what would be made of what is there now.

The order goes from what vouches to what is vouched for: the ledger, its signature, the records
that it names, the files that these name, what the files carry inside, their inputs, raw files;
last whether configuration, sheets and code are still those that they were made with.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from nanostitch import store
from nanostitch.errors import ContractError
from nanostitch.provenance import ledger, records
from nanostitch.provenance.checks import signature
from nanostitch.provenance.checks.findings import Finding, Verdict
from nanostitch.provenance.checks.recorded import Recorded
from nanostitch.provenance.checks.replanned import Replanned
from nanostitch.provenance.crate import check
from nanostitch.provenance.crate.graph import METADATA
from nanostitch.provenance.identity import identity, sha256
from nanostitch.provenance.records import Record
from nanostitch.provenance.trace import places

_AGAIN = "run the workflow again"
_MAKE_ANEW = "restore it from a copy, or delete it and run the workflow again"
_RESTORE = "restore it from a copy"


def batches(paths: Collection[Path]) -> list[tuple[Recorded, list[Path]]]:
    """Batches whose results paths lie in, each with these paths; all here for no path.

    Raises
    ------
    ContractError
        If a path lies in no results folder, or there are no results here.
    """
    given = paths or [folder for folder in sorted(Path("results").glob("*")) if folder.is_dir()]
    if not given:
        raise ContractError("results: no such folder; call this where the workflow ran")
    found = defaultdict(list)
    for path in given:
        found[places.batch_of(path)].append(path)
    return [(Recorded(root, batch), named) for (root, batch), named in found.items()]


def verify(
    state: Recorded, paths: Collection[Path], allowed_signers: Path | None = None
) -> Verdict:
    """Check results of a batch and all that they stand on.

    Parameters
    ----------
    state
        What was recorded of the batch.
    paths
        Files or folders of it; none for all.
    allowed_signers
        File of keys whose signature is trusted.

    Raises
    ------
    ContractError
        If no job of the batch was recorded.
    """
    if not state.records:
        raise ContractError(
            f"{state.folder}: holds no records of jobs; run the workflow again, which keeps them"
        )
    named = state.below(paths)
    is_whole = set(state.newest) <= set(named)
    scope = list(state.newest) if is_whole else state.ancestors(named)
    plan = Replanned(state)
    notes = [f"not checked against the configuration: {plan.reason}"] if plan.reason else []
    raw = _RawFiles(state, plan, scope)
    problems = [
        *_ledger(state),
        *_signature(state, allowed_signers, notes),
        *_files(state, scope),
        *_unrecorded(state, named),
        *_inputs(state, scope),
        *raw.problems(),
        *_crate(state.root),
        *([] if plan.reason else _stale(state, plan, scope)),
    ]
    return Verdict(tuple(problems), tuple(notes), len(scope), len(state.records), len(raw.files))


def _ledger(state: Recorded) -> Iterator[Finding]:
    try:
        problems = ledger.problems(state.folder)
    except ContractError as error:
        problems = [str(error)]
    for problem in problems:
        file, _, said = problem.partition(": ")
        yield Finding("missing" if "is absent" in said else "forged", file, said, _RESTORE)
    listed = {uuid for line in state.lines for uuid in line.get("records", {})}
    for uuid in state.records.keys() - listed if state.lines else ():
        path = _record_path(state, uuid)
        said = "no run has entered it in the ledger"
        remedy = f"{_AGAIN}, which enters what a killed run left; else someone put it there"
        yield Finding("unlisted record", path, said, remedy)
    for uuid in state.forged:
        said = "its derivation does not have the id that it names"
        yield Finding("forged", _record_path(state, uuid), said, _RESTORE)


def _crate(root: Path) -> Iterator[Finding]:
    """Files of an unpacked crate that its metadata tell otherwise; a report tells when it ran."""
    if (root / METADATA).is_file():
        for problem in check.problems(root):
            file, _, said = problem.partition(": ")
            if not file.endswith("/report.html"):
                kind = "missing" if said.startswith("is absent") else "altered"
                yield Finding(kind, file, said, "unpack the crate again")


def _record_path(state: Recorded, uuid: str) -> str:
    return str(state.folder / records.FOLDER / "records" / f"{uuid}.json")


def _signature(
    state: Recorded, allowed_signers: Path | None, notes: list[str]
) -> Iterator[Finding]:
    file = signature.path_of(state.folder)
    if not file.is_file():
        if allowed_signers is not None:
            said = "the ledger is not signed, but signers were named"
            yield Finding("missing", str(file), said, f"nanostitch sign {state.batch} --key KEY")
        return
    name, number = signature.signer(state.folder, allowed_signers)
    if number == 0:
        said = "does not fit the ledger" + (
            " or is by no allowed signer" if allowed_signers else ""
        )
        yield Finding("forged", str(file), said, "restore ledger and signature from a copy")
    elif number < len(state.lines):
        by = f" by {name}" if name else ""
        notes.append(f"signed{by} up to line {number} of {len(state.lines)} of the ledger")
    if number and allowed_signers is None:
        notes.append("signed by a key that was not checked; name --allowed-signers FILE")


def _files(state: Recorded, scope: Collection[str]) -> Iterator[Finding]:
    for path in scope:
        output, record = state.output(path), state.newest[path]
        found = state.digest(path)
        if found is None:
            yield Finding("missing", path, "a job made it and it is gone", _AGAIN)
        elif found != output["sha256"]:
            yield _altered(state.root / path, path, output, record)
        elif path.endswith(".nc") and not _carries(state.root / path, record["derivation_id"]):
            said = f"does not carry the derivation of its record {record['uuid']}"
            yield Finding("forged", path, said, _MAKE_ANEW)
        kept = records.pointer_path(path)
        if not (state.root / kept).is_file():
            said = f"what {path} was like when it was made"
            yield Finding("missing", str(kept), said, f"{_RESTORE}, or delete {path} and run again")
        elif not _agrees(state.root / kept, output):
            said = f"does not agree with record {record['uuid']}"
            yield Finding("forged", str(kept), said, _RESTORE)


def _agrees(pointer: Path, output: Any) -> bool:
    try:
        return bool(records.load(pointer)["sha256"] == output["sha256"])
    except ContractError:
        return False


def _carries(file: Path, derivation_id: str) -> bool:
    own, derivation = store.carried(str(file))
    return bool(derivation) and own == identity(derivation) == derivation_id


def _altered(file: Path, path: str, output: Any, record: Record) -> Finding:
    made = f"job {record['uuid']} wrote"
    if output["data_sha256"] is None:
        return Finding("altered", path, f"its bytes are not those that {made}", _MAKE_ANEW)
    try:
        now = store.data_sha256(str(file))
    except ContractError:
        return Finding("altered data", path, "can no longer be read", _MAKE_ANEW)
    if now == output["data_sha256"]:
        said = f"values are as {made}, but not what the file says of its history, or its packing"
        return Finding("altered metadata", path, said, _MAKE_ANEW)
    said = f"values, or attributes that say what they mean, are not those that {made}"
    return Finding("altered data", path, said, _MAKE_ANEW)


def _unrecorded(state: Recorded, named: Collection[str]) -> Iterator[Finding]:
    for path in named:
        if path not in state.newest:
            remedy = "move it elsewhere, or delete it and run the workflow again"
            yield Finding("unrecorded", path, "no job recorded that it made it", remedy)


def _inputs(state: Recorded, scope: Collection[str]) -> Iterator[Finding]:
    """Files whose inputs were made anew since, though they were not."""
    for path in scope:
        for one in state.newest[path]["inputs"]:
            if one["path"] not in state.newest:
                continue
            if state.output(one["path"])["sha256"] != one["sha256"]:
                said = f"was made from an earlier {one['path']}"
                yield Finding("stale", path, said, _AGAIN)


class _RawFiles:
    """Raw files behind results: where each lies, its digest when it was read, and now."""

    def __init__(self, state: Recorded, plan: Replanned, scope: Collection[str]) -> None:
        self.files: dict[Path, str] = {}
        self._users: dict[Path, str] = {}
        for path in scope:
            record = state.newest[path]
            folder = plan.raw_folders.get(record["wildcards"].get("acquisition", ""))
            for one in record["inputs"] if record["rule"] == "ingest" else ():
                file = _found(state.root, one["path"], folder)
                self.files[file] = one["sha256"]
                self._users[file] = path

    def problems(self) -> Iterator[Finding]:
        """Raw files that are gone or hold other bytes."""
        name_of = {digest: file for file, digest in self.files.items()}
        for file, digest in self.files.items():
            if not file.is_file():
                said = f"the raw file of {self._users[file]} is not there"
                yield Finding("missing", str(file), said, "put it back, or correct raw_dir")
                continue
            found = sha256(file)
            if found == digest:
                continue
            if found in name_of:
                said = f"holds the bytes that were {name_of[found].name}"
                yield Finding("swapped", str(file), said, "put both raw files back")
            else:
                said = f"raw file is not the one that {self._users[file]} was made from"
                yield Finding("altered", str(file), said, f"put the raw file back, or {_AGAIN}")


def _found(root: Path, path: str, folder: Path | None) -> Path:
    """A raw file by its recorded path, else beside the raw file that the sheet names now."""
    if (root / path).is_file() or folder is None:
        return root / path
    return folder / path if (folder / path).is_file() else folder / Path(path).name


def _stale(state: Recorded, plan: Replanned, scope: Collection[str]) -> Iterator[Finding]:
    """Files that a run would make anew: one line for each change."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(scope):
        record = state.newest[path]
        is_forged = record["uuid"] in state.forged  # and was told already
        for change in plan.changes(record) if not is_forged else ():
            found[change][path] = record["rule"]
    for change, rules in found.items():
        first = next(iter(rules))
        names = ", ".join(sorted(set(rules.values())))
        others = f" and {len(rules) - 1} more (rules: {names})" if len(rules) > 1 else ""
        yield Finding("stale", f"{first}{others}", f"changed since: {change}", _AGAIN)
