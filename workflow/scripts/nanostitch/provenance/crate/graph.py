"""The metadata of a crate while it is being put together: entities and their links."""

import json
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.dataset import Dataset
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from nanostitch.provenance.crate.archive import Digest

METADATA = "ro-crate-metadata.json"
PREVIEW = "ro-crate-preview.html"
RUN_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
BUILD_TERMS = {"buildInstructions": "https://codemeta.github.io/terms/buildInstructions"}
"""A term that Provenance Run Crate 0.5 uses and neither context defines."""

FORMATS = {
    ".cff": "text/yaml",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".nc": "application/netcdf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".smk": "text/x-snakemake",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}
UNKNOWN_FORMAT = "application/octet-stream"

Reference = dict[str, str]
"""How an entity names another: ``{"@id": …}``."""


class Graph:
    """Entities of a crate, each added once by its id."""

    def __init__(self) -> None:
        # Provenance Run Crate 0.5 rests on RO-Crate 1.1.
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_contexts = [RUN_TERMS, BUILD_TERMS]
        self._said: dict[str, dict[str, Any]] = {}
        self._mentioned: list[Reference] = []

    def knows(self, identifier: str) -> bool:
        """Whether an entity of that id was added."""
        return identifier in self._said

    def of(self, entity: Reference) -> dict[str, Any]:
        """Properties of an entity that is there, to read or change."""
        return self._said[entity["@id"]]

    def mention(self, action: Reference) -> None:
        """Have the crate as a whole name an action."""
        self._mentioned.append(action)

    def file(self, name: str, digest: Digest, /, *types: str, **properties: Any) -> Reference:
        """Describe a file that the crate holds."""
        suffix = "." + name.rpartition(".")[2].lower()
        said = {
            "@type": ["File", *types] if types else "File",
            "name": name.rpartition("/")[2],
            "contentSize": str(digest.size),
            "sha256": digest.sha256,
            "encodingFormat": FORMATS.get(suffix, UNKNOWN_FORMAT),
        }
        identifier = quote(name)
        if not self.knows(identifier):
            entity = File(self.crate, dest_path=name, properties=_plain(said | properties))
            self._said[identifier] = self.crate.add(entity).properties()
        return {"@id": identifier}

    def folder(self, name: str, title: str, description: str) -> Reference:
        """Describe a folder that the crate holds."""
        properties = {"name": title, "description": description}
        self.crate.add(Dataset(self.crate, dest_path=name, properties=properties))
        return {"@id": quote(name) + "/"}

    def note(self, identifier: str, kind: str | list[str], /, **properties: Any) -> Reference:
        """Describe what is no file of the crate: a person, an action, a value."""
        if not self.knows(identifier):
            said = _plain({"@type": kind} | properties)
            entity = ContextEntity(self.crate, identifier, properties=said)
            self._said[identifier] = self.crate.add(entity).properties()
        return {"@id": identifier}

    def say(self, entity: Reference, /, **properties: Any) -> None:
        """Add properties to an entity that is there; values that are there are kept."""
        known = self.of(entity)
        for name, value in properties.items():
            before = _listed(known.get(name))
            added = [one for one in _listed(value) if one not in before]
            known.update(_plain({name: before + added}))

    def root(self, **properties: Any) -> None:
        """Say something of the crate as a whole."""
        self.crate.root_dataset.properties().update(_plain(properties))

    def text(self) -> str:
        """The metadata file, one entity a line."""
        self.root(mentions=self._mentioned)
        document = self.crate.metadata.generate()
        entities = sorted(document["@graph"], key=lambda entity: entity["@id"] != METADATA)
        lines = ",\n".join(_json(entity) for entity in entities)
        return f'{{"@context": {_json(document["@context"])},\n"@graph": [\n{lines}\n]}}\n'


def part_of_id(text: str) -> str:
    """A text as part of the id of an entity."""
    return quote(text, safe="/._-")


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty; a list of one is its element, as the validator wants it."""
    said = {name: _single(value) for name, value in properties.items()}
    return {name: value for name, value in said.items() if value not in (None, [], "")}


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
