"""Files of a crate as entities: those that it holds, and those of which it knows the digest."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from nanostitch.provenance.crate.archive import Digest
from nanostitch.provenance.crate.graph import Graph, Reference, part_of_id

ABSENT = "Not in this crate; a rerun makes it again."
ABSENT_RAW = "Not in this crate; its SHA-256 says whether a file at hand is the one."


class Files:
    """Finds or makes the entity of each file that a record names.

    Parameters
    ----------
    digests
        Digest of each file of the crate, by its name there.
    raw_names
        Name in the crate of each raw file that it holds, by its file name and SHA-256.
    """

    def __init__(
        self,
        graph: Graph,
        digests: Mapping[str, Digest],
        raw_names: Mapping[tuple[str, str], str],
    ) -> None:
        self._graph = graph
        self._digests = digests
        self._raw_names = raw_names

    def named(self, name: str, /, *types: str, **properties: Any) -> Reference:
        """A file that the crate holds, by its name in it."""
        return self._graph.file(name, self._digests[name], *types, **properties)

    def names(self) -> list[str]:
        """Every file that the crate holds so far."""
        return list(self._digests)

    def holds(self, name: str) -> bool:
        """Whether the crate holds a file of that name."""
        return name in self._digests

    def input(self, told: Mapping[str, Any]) -> Reference:
        """A file that a job read."""
        return self._file(told, ABSENT if told.get("record") else ABSENT_RAW)

    def output(self, told: Mapping[str, Any]) -> Reference:
        """A file that a job wrote."""
        found = self._file(told, ABSENT)
        if told.get("data_sha256"):
            # The same data under another compressor or library version have this digest too.
            self._graph.say(found, identifier=[f"urn:sha256-ncdata:{told['data_sha256']}"])
        return found

    def _file(self, told: Mapping[str, Any], where: str) -> Reference:
        path, sha256 = told["path"], told["sha256"]
        raw = self._raw_names.get((PurePosixPath(path).name, sha256), "")
        for name in (path, raw):
            if name in self._digests and self._digests[name].sha256 == sha256:
                return self.named(name)
        # A file of the crate must lie in it; one that does not is a work with a digest.
        short = PurePosixPath(path).name
        return self._graph.note(
            f"#absent/{part_of_id(sha256)}/{part_of_id(short)}",
            "CreativeWork",
            name=short,
            description=where,
            sha256=sha256,
            contentSize=str(told["size"]),
        )
