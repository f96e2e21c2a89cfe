"""The records of a batch as a W3C PROV document: entities, activities, agents.

A file is an entity, a job an activity within its run, scripts are plans; nanostitch acts on
behalf of whoever started the run where they chose to be named, else of whom made the batch.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from prov.constants import PROV, PROV_LABEL, PROV_ROLE, PROV_TYPE
from prov.model import ProvDocument

from nanostitch import __version__
from nanostitch.provenance import derivation
from nanostitch.provenance.crate.state import State, moment
from nanostitch.provenance.identity import canonical
from nanostitch.provenance.records import Record

NAMESPACES = {
    "file": "urn:nanostitch:file:",
    "person": "urn:nanostitch:person:",
    "nanostitch": "urn:nanostitch:term:",
    "orcid": "https://orcid.org/",
    "uuid": "urn:uuid:",
}
SOFTWARE = "nanostitch:nanostitch"
SCALARS = (bool, int, float, str)
"""Types of an attribute; lists and mappings are told as JSON text."""


def document(made: State, creator: Mapping[str, Any]) -> ProvDocument:
    """Everything that made the present files of a batch.

    Parameters
    ----------
    creator
        Who made the batch: ``name`` and, where known, ``orcid``.
    """
    prov = ProvDocument()
    for prefix, uri in NAMESPACES.items():
        prov.add_namespace(prefix, uri)
    prov.agent(SOFTWARE, {PROV_TYPE: PROV["SoftwareAgent"], "nanostitch:version": __version__})
    known, runs = set[str](), dict[str, list[Record]]()
    for job in made.jobs:
        runs.setdefault(str(job["run"]), []).append(job)
    for run, jobs in runs.items():
        _run(prov, run, jobs, made.operator(run) or creator, known)
    for job in made.jobs:
        _job(prov, job, known)
    return prov


def text(prov: ProvDocument, kind: str) -> str:
    """The document as PROV-JSON (``json``) or PROV-N (``provn``)."""
    if kind == "json":
        return str(prov.serialize(format="json", indent=1)) + "\n"
    return str(prov.get_provn()) + "\n"


def _run(
    prov: ProvDocument, run: str, jobs: list[Record], who: Mapping[str, Any], known: set[str]
) -> None:
    begin = min(moment(job["started"]) for job in jobs)
    end = max(moment(job["ended"]) for job in jobs)
    activity = prov.activity(_run_id(run), begin, end, {PROV_LABEL: "run of nanostitch"})
    person = _person(who)
    if person not in known:
        known.add(person)
        prov.agent(person, {PROV_TYPE: PROV["Person"], PROV_LABEL: who["name"]})
    prov.delegation(SOFTWARE, person, activity)


def _job(prov: ProvDocument, job: Record, known: set[str]) -> None:
    activity = f"uuid:{quote(job['uuid'])}"
    said: dict[Any, Any] = {PROV_LABEL: job["rule"]}
    said["nanostitch:derivation_id"] = job["derivation_id"]
    said |= {f"nanostitch:{name}": value for name, value in job["wildcards"].items()}
    said |= {f"nanostitch:{name}": value for name, value in _settings(job)}
    begin, end = moment(job["started"]), moment(job["ended"])
    prov.activity(activity, begin, end, said)
    prov.start(activity, starter=_run_id(str(job["run"])), time=begin)
    script = f"file:{quote(job['script'])}"
    if script not in known:
        known.add(script)
        prov.entity(script, {PROV_TYPE: PROV["Plan"], PROV_LABEL: job["script"]})
    prov.association(activity, SOFTWARE, script)
    used = [_file(prov, told, known) for told in job["inputs"]]
    for entity, told in zip(used, job["inputs"], strict=True):
        prov.usage(activity, entity, other_attributes={PROV_ROLE: told["role"]})
    for told in job["outputs"]:
        _made(prov, told, activity, end, used, known)


def _made(
    prov: ProvDocument,
    told: Mapping[str, Any],
    activity: str,
    when: datetime,
    used: Iterable[str],
    known: set[str],
) -> None:
    entity = _file(prov, told, known)
    prov.generation(entity, activity, when, other_attributes={PROV_ROLE: told["role"]})
    for source in dict.fromkeys(used):
        prov.derivation(entity, source, activity)


def _file(prov: ProvDocument, told: Mapping[str, Any], known: set[str]) -> str:
    """Entity of a file: its path and the first characters of its digest, for it may change."""
    entity = f"file:{quote(told['path'])}_{told['sha256'][:_SHORT]}"
    if entity not in known:
        known.add(entity)
        said: dict[Any, Any] = {PROV_LABEL: PurePosixPath(told["path"]).name}
        said |= {"nanostitch:size": told["size"], "nanostitch:sha256": told["sha256"]}
        prov.entity(entity, said)
    return entity


def _settings(job: Record) -> Iterator[tuple[str, Any]]:
    for plan in job["derivation"]["plan"].values():
        for name, value in derivation.flat(plan.get("settings") or {}):
            yield quote(name), value if isinstance(value, SCALARS) else canonical(value)


_SHORT = 12  # characters of a digest, as git shows them


def _run_id(run: str) -> str:
    return f"uuid:{quote(run)}"


def _person(who: Mapping[str, Any]) -> str:
    orcid = who.get("orcid")
    return f"orcid:{orcid}" if orcid else f"person:{quote(who['name'])}"
