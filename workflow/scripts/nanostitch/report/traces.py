"""The way from every number back to raw bytes, as one graph in which each file stands once."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nanostitch.provenance.trace.chain import Chains, Link
from nanostitch.provenance.trace.places import Place
from nanostitch.report.collect import Contents, Json, job_name

WORDS = {
    "condition_label": "Condition",
    "beam_energy_kev": "Beam energy (keV)",
    "beam_current_na": "Beam current (nA)",
    "dwell_time_s": "Dwell time (s)",
    "exposure_s": "Exposure (s)",
    "size": "Size (bytes)",
    "convergence_mrad": "Convergence (mrad)",
    "collection_mrad": "Collection (mrad)",
    "excitation_nm": "Excitation (nm)",
    "acquisition_date": "Recorded",
    "source_format": "Format",
}
"""Facts whose names say too little; the others are written as they are named."""
_ABOUT = ("sample", "material", "substrate", "condition_label", "note")
_NO_FACTS = {"", "{}", "[]", "NaN", "null"}


class Graph:
    """Nodes of files, panels and claims; each is traced when it is first asked for.

    A node is what a reader sees of a :class:`nanostitch.provenance.trace.chain.Link`:
    ``inputs`` are keys of :attr:`nodes`, ``parameters`` the number of a list in
    :attr:`parameters`, which many nodes share.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._chains = Chains(contents.root)
        self._asked: dict[str, str] = {}
        self._keys: dict[int, str] = {}
        self._links: list[Link] = []
        self._numbers: dict[str, int] = {}
        self.nodes: dict[str, Json] = {}
        self.parameters: list[list[list[str]]] = []

    def trace(self, path: str, part: str = "") -> str:
        """Key of the node of a file, or of one part of it; empty if it has no trace.

        What stands in the way is added to the problems of the batch, once a file.
        """
        place = Place(self._contents.root, path, part)
        if place.name not in self._asked:
            self._asked[place.name] = ""
            if place.file.is_file():
                with self._contents.noting():
                    self._asked[place.name] = self._add(self._chains.of(place))
        return self._asked[place.name]

    def document(self) -> Json:
        """What the page embeds."""
        return {"nodes": dict(sorted(self.nodes.items())), "parameters": self.parameters}

    def _add(self, link: Link) -> str:
        if id(link) in self._keys:
            return self._keys[id(link)]
        self._links.append(link)  # keeps it alive, so that its id stays its own
        key = link.path
        if self.nodes.get(key, {"sha256": link.sha256})["sha256"] != link.sha256:
            key = f"{link.path} (bytes {link.sha256[:12]})"
        self._keys[id(link)] = key
        if key not in self.nodes:
            self.nodes[key] = self._node(link)
            self.nodes[key]["inputs"] = [self._add(one) for one in link.inputs]
        return key

    def _node(self, link: Link) -> Json:
        found = [[name, _text(value)] for name, value in _flat(link.parameters)]
        return {
            "path": link.path,
            "kind": link.kind,
            "sha256": link.sha256,
            "rule": link.rule or "",
            "derivation": link.derivation_id or "",
            "code": link.code or "",
            "parameters": self._interned([one for one in found if one[1] not in _NO_FACTS]),
            "facts": self._facts(link),
            "job": _job(link.record) if link.record else [],
            "acquisition": str(link.about.get("acquisition", "")),
        }

    def _facts(self, link: Link) -> list[list[str]]:
        """What is known of a file beyond its bytes: of a raw file, whose it is and how taken."""
        about = dict(link.about)
        instrument = about.pop("instrument", {})
        sheet = self._contents.acquisitions.get(str(about.get("acquisition")), {})
        about = {key: value for key, value in about.items() if key not in ("condition", "sample")}
        told = self._contents.plan.get(f"acquisitions/{about.get('acquisition')}", {}).get("told")
        facts = {**about, **{name: sheet.get(name, "") for name in _ABOUT}, **instrument}
        facts |= {
            "told by the sheet": told or "",
            "simulated": "yes" if sheet.get("simulated") else "",
        }
        named = [[WORDS.get(n, n.replace("_", " ").capitalize()), _text(facts[n])] for n in facts]
        return [[word, value] for word, value in named if value not in _NO_FACTS]

    def _interned(self, found: list[list[str]]) -> int:
        key = json.dumps(found)
        if key not in self._numbers:
            self._numbers[key] = len(self.parameters)
            self.parameters.append(found)
        return self._numbers[key]


def _job(record: Mapping[str, Any]) -> list[list[str]]:
    """What a reader asks of the job that made a file."""
    run = record["execution"]
    scheduler = run.get("scheduler")
    where = f"{scheduler['name']} job {scheduler['job']}" if scheduler else "no scheduler"
    return [
        ["Job", job_name(record)],
        ["Ended", record["ended"]],
        ["Took", f"{run['wall_s']:.3g} s, {run['max_rss_kib'] / 1024:.0f} MiB"],
        ["On", f"{run['host']}, {where}"],
        ["Record", f"provenance/records/{record['uuid']}.json"],
    ]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested settings with their dotted names."""
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _flat(value[key], f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
