"""What differs between two runs: which claims moved, by how much, because of what."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from nanostitch.intervals import NORMAL_95
from nanostitch.provenance import records
from nanostitch.provenance.checks.history import State
from nanostitch.provenance.checks.replanned import differences
from nanostitch.provenance.records import Record


@dataclass(frozen=True)
class Moved:
    """A claim whose number or outcome differs.

    ``sigma`` is the change in units of its standard error, that of both intervals combined; NaN
    where a run had no number or no interval. ``causes`` say what changed and where.
    """

    claim: str
    unit: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    outcomes: tuple[str, str]
    sigma: float
    causes: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What differs: claims, then files behind no claim that moved, by their causes.

    ``added`` and ``removed`` are claims and files that only one run has, ``versions`` libraries
    of other versions, ``same`` counts files that were made again with the same data.
    """

    moved: tuple[Moved, ...]
    others: Mapping[tuple[str, ...], tuple[str, ...]]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    versions: tuple[str, ...]
    same: int


def between(before: State, after: State) -> Difference:
    """What differs between two states of a batch, or of two copies of it."""
    common = before.newest.keys() & after.newest.keys()
    own = {path: _own(before.newest[path], after.newest[path]) for path in sorted(common)}
    changed = [path for path in own if _is_changed(before, after, path, own[path])]
    moved = tuple(
        _moved(claim, before, after, own)
        for claim in after.claims
        if claim in before.claims and _differs(before.claims[claim], after.claims[claim])
    )
    told = set[str]().union(*(after.behind(one.claim) for one in moved))
    others = defaultdict[tuple[str, ...], list[str]](list)
    for path in changed:
        if path not in told:
            others[_causes({path}, after, own)].append(path)
    return Difference(
        moved=moved,
        others={causes: tuple(paths) for causes, paths in others.items()},
        added=_only(after, before),
        removed=_only(before, after),
        versions=tuple(_versions(before.environment, after.environment)),
        same=sum(_is_remade(before, after, path) for path in own.keys() - set(changed)),
    )


def _is_changed(before: State, after: State, path: str, own: list[str]) -> bool:
    """Whether a file says something else, and not only carries another id of the same data."""
    if _data(before, path) == _data(after, path):
        return False
    inputs = [one["path"] for one in after.newest[path]["inputs"]]
    known = before.newest.keys() & after.newest.keys()
    return bool(own) or any(
        one not in known or _data(before, one) != _data(after, one) for one in inputs
    )


def _is_remade(before: State, after: State, path: str) -> bool:
    return bool(before.newest[path]["uuid"] != after.newest[path]["uuid"])


def _own(before: Record, after: Record) -> list[str]:
    """What changed for one job itself: code, parameters, sheets, raw files; not its inputs."""
    if before["derivation_id"] == after["derivation_id"]:
        return []
    rule, found = after["rule"], list[str]()
    then, now = before["derivation"]["plan"], after["derivation"]["plan"]
    for role in sorted(then.keys() | now.keys()):
        found += differences(then.get(role, {}), now.get(role, {}))
    said = [f"{one} of step {rule}" if one == "code" else f"{rule}: {one}" for one in found]
    if rule == "ingest":
        old = {one["path"]: one["sha256"] for one in before["inputs"]}
        new = {one["path"]: one["sha256"] for one in after["inputs"]}
        said += [f"raw file {path} has other bytes" for path in new if old.get(path) != new[path]]
    return said


def _causes(paths: set[str], state: State, own: Mapping[str, list[str]]) -> tuple[str, ...]:
    """What changed for files or anything that they stand on; each with where, if in few places."""
    places = defaultdict[str, list[str]](list)
    for path in sorted(state.ancestors(paths)):
        for cause in own.get(path, ()):
            places[cause].append(path)
    return tuple(
        f"{cause} ({found[0]}{f' and {len(found) - 1} more' if len(found) > 1 else ''})"
        for cause, found in places.items()
    )


def _moved(claim: str, before: State, after: State, own: Mapping[str, list[str]]) -> Moved:
    rows = before.claims[claim], after.claims[claim]
    old, new = (_numbers(row) for row in rows)
    error = math.hypot(old[2] - old[1], new[2] - new[1]) / (2 * NORMAL_95)
    sigma = (new[0] - old[0]) / error if error > 0 else math.nan
    asked = f"{after.recorded.path.as_posix()}/claims.nc"
    causes = _causes(after.behind(claim) & own.keys(), after, own)
    causes += tuple(f"{one} ({asked})" for one in own.get(asked, ()) if not causes)
    return Moved(
        claim, rows[1]["unit"], old, new, (rows[0]["outcome"], rows[1]["outcome"]), sigma, causes
    )


def _numbers(row: Mapping[str, str]) -> tuple[float, float, float]:
    return float(row["value"]), float(row["value_lower"]), float(row["value_upper"])


def _differs(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return any(old[key] != new[key] for key in ("value", "value_lower", "value_upper", "outcome"))


def _data(state: State, path: str) -> str:
    output = records.outputs(state.newest[path])[path]
    return str(output["data_sha256"] or output["sha256"])


def _only(one: State, other: State) -> tuple[str, ...]:
    claims = [f"claim {claim}" for claim in one.claims if claim not in other.claims]
    return (*claims, *(path for path in sorted(one.newest) if path not in other.newest))


def _versions(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = sorted(old.keys() | new.keys()) if old and new else []
    return [
        f"{name}: {old.get(name, 'none')} → {new.get(name, 'none')}"
        for name in names
        if old.get(name) != new.get(name)
    ]
