"""The chain of a file, or of one part of it, back to raw bytes.

A chain is a tree of links in which what several jobs used is one and the same link. It is read
from what the files themselves carry and from the records of their jobs, following only what the
target stands on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nanostitch import store
from nanostitch.errors import ContractError
from nanostitch.provenance import derivation, records
from nanostitch.provenance.identity import sha256
from nanostitch.provenance.records import Record
from nanostitch.provenance.trace import figure_id, parts, places
from nanostitch.provenance.trace.origins import Origin, Origins
from nanostitch.provenance.trace.places import Place

Kind = Literal["raw", "product", "figure", "panel", "table", "claim"]
FIGURES = (".pdf", ".svg", ".png")
_KINDS: Mapping[str, Kind] = {".tsv": "table", ".html": "table"}

_NOT_PARAMETERS = frozenset(
    ("about", "raw", "code_sha256", "lock_sha256", "format", "technique", "figure", "products")
    + ("panels", "conditions", "claims", "member", "acquisitions", "title", "simulated", "number")
    + ("counts", "comparisons", "versions", "references")
)
"""Keys of plan files that say whose a product is, or how it is listed, not how it is made."""
_NOT_TOLD_BY_INSTRUMENT = frozenset(
    (*store.ABOUT, "Conventions", "id", "source", "processing_level", "history", "title")
    + ("source_file", "original_metadata", "told", "reader_warnings", "non_finite_count")
    + ("signal_type",)
)


@dataclass(frozen=True, eq=False)
class Link:
    """One file, or part of a file, and what it was made from.

    ``path`` is relative to the folder in which snakemake ran, with ``#PART`` where only a part
    of the file is meant; a measured raw file is named as its sheet does. ``sha256``
    (hexadecimal) is of the bytes that the next link was made from. ``parameters`` are those that
    its job was given, ``code`` the digest of its code. ``about`` of a raw file holds technique,
    acquisition, ``size`` in bytes and, as ``instrument``, what the instrument told; ``lost``
    stands there where neither a file nor a record tells what made these bytes.
    """

    path: str
    kind: Kind
    sha256: str
    rule: str | None
    derivation_id: str | None
    parameters: dict[str, Any]
    code: str | None
    record: Record | None
    about: dict[str, Any]
    inputs: tuple["Link", ...]

    def walk(self) -> Iterator["Link"]:
        """Every link of the chain once, this one first."""
        seen, waiting = set[int](), [self]
        while waiting:
            link = waiting.pop()
            if id(link) not in seen:
                seen.add(id(link))
                yield link
                waiting.extend(reversed(link.inputs))


def chain(target: str) -> Link:
    """Chain of a target, given as ``PATH`` or ``PATH#PART``.

    Parameters
    ----------
    target
        A product, a table, a figure file or a page of results; with ``#PART`` a panel of a
        figure (``figure_3.pdf#c``), a claim (``claims.nc#shift``, ``tables/claims.tsv#shift``),
        an acquisition of a table (``tables/particles.tsv#grid1_1``) or a comparison
        (``tables/comparisons.tsv#shift``). A copied figure is known by the id inside it.

    Raises
    ------
    ContractError
        If the file or the part does not exist, or nothing tells where it comes from.
    """
    place = places.find(target)
    return Chains(place.root).of(place)


class Chains:
    """Chains in one folder in which snakemake ran; links are found once and shared.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path = Path()) -> None:
        self._root = root
        self._origins = Origins(root)
        self._known: dict[tuple[str, str, str], Link] = {}

    def of(self, place: Place) -> Link:
        """Chain of one file or part of a file of the folder.

        Raises
        ------
        ContractError
            As :func:`chain`.
        """
        if place.file.suffix in FIGURES:
            return self._figure(place)
        origin = self._origins.newest(place.path) if place.is_result else None
        if origin is None:
            raise ContractError(
                f"{place.name}: neither the file nor a record tells where it comes from; give a"
                " file that the workflow made, or run the workflow again"
            )
        return self._made(place.path, place.part, origin, sha256(place.file))

    def _figure(self, place: Place) -> Link:
        """A drawn figure, by the id of its plotted data inside it."""
        inside = figure_id.read(place.file)
        path = self._plotted(place, inside) if inside else None
        data = self._origins.of_id(path, inside) if path and inside else None
        if path is None or data is None:
            raise ContractError(
                f"{place.name}: shows data with the id {inside}, which no results folder here"
                " has; call this in the folder in which the workflow ran"
            )
        plotted = self._made(path, place.part, data, self._digest(path, data))
        job = self._origins.newest(place.path) if place.is_result else None
        return Link(
            path=place.name,
            kind="panel" if place.part else "figure",
            sha256=sha256(place.file),
            rule=job.derivation["rule"] if job else None,
            derivation_id=job.derivation_id if job else None,
            parameters=plotted.parameters if place.part else {},
            code=derivation.code_of(job.derivation) if job else None,
            record=job.record if job else None,
            about=plotted.about,
            inputs=(plotted,),
        )

    def _plotted(self, place: Place, inside: str) -> str | None:
        beside = Path(place.path).with_suffix(".nc").as_posix()
        if place.is_result and self._origins.of_id(beside, inside) is not None:
            return beside
        return self._origins.plotted(inside)

    def _digest(self, path: str, origin: Origin) -> str:
        """Digest of what a derivation made at a path: of the file, or as it was recorded."""
        if self._is_current(path, origin):
            return sha256(self._root / path)
        outputs = records.outputs(origin.record) if origin.record else {}
        return str(outputs[path]["sha256"]) if path in outputs else ""

    def _is_current(self, path: str, origin: Origin) -> bool:
        return self._origins.carries(path, origin.derivation_id)

    def _made(self, path: str, part: str, origin: Origin, digest: str) -> Link:
        """What a job made, or of it only the part that is asked for."""
        kind, about = _KINDS.get(Path(path).suffix, "product"), {}
        parameters, inputs = _parameters(origin), origin.derivation["inputs"]
        if part:
            is_current = self._is_current(path, origin)
            found = parts.of(self._root / path, is_current, part, origin.derivation)
            kind = "product" if found.kind == "panel" else found.kind
            parameters, inputs = found.parameters, found.inputs
            about = {"part": part, **found.about}
        return Link(
            path=f"{path}#{part}" if part else path,
            kind=kind,
            sha256=digest,
            rule=origin.derivation["rule"],
            derivation_id=origin.derivation_id,
            parameters=parameters,
            code=derivation.code_of(origin.derivation),
            record=origin.record,
            about=about,
            inputs=tuple(self._input(one, path, origin) for one in inputs),
        )

    def _input(self, given: Mapping[str, str], maker: str, origin: Origin) -> Link:
        key = given["name"], given["sha256"], given.get("derivation_id", "")
        if key not in self._known:
            has_id = "derivation_id" in given
            self._known[key] = self._product(given) if has_id else self._raw(given, maker, origin)
        return self._known[key]

    def _product(self, given: Mapping[str, str]) -> Link:
        path, derivation_id = given["name"], given["derivation_id"]
        origin = self._origins.of_id(path, derivation_id)
        if origin is not None:
            return self._made(path, "", origin, given["sha256"])
        lost = "the file is another now, and no record of the one that was used is left"
        return Link(
            *(path, "product", given["sha256"], None, derivation_id),
            *({}, None, None, {"lost": lost}, ()),
        )

    def _raw(self, given: Mapping[str, str], maker: str, origin: Origin) -> Link:
        """A raw file: the leaf of a chain, or what the virtual laboratory wrote."""
        kept = _kept(given, origin)
        path = kept.get("path", given["name"])
        made = self._origins.of_bytes(path, given["sha256"]) if _is_result(path) else None
        return Link(
            path=path,
            kind="raw",
            sha256=given["sha256"],
            rule=made.derivation["rule"] if made else None,
            derivation_id=made.derivation_id if made else None,
            parameters=_parameters(made) if made else {},
            code=derivation.code_of(made.derivation) if made else None,
            record=made.record if made else None,
            about={"size": kept.get("size"), **self._told(maker, origin)},
            inputs=tuple(self._input(one, path, made) for one in made.derivation["inputs"])
            if made
            else (),
        )

    def _told(self, maker: str, origin: Origin) -> dict[str, Any]:
        """Whose a raw file is, and what its instrument told, as the product made from it says."""
        plan = origin.derivation["plan"].get("acquisition", {})
        whose = plan.get("about", {})
        about = {key: whose[key] for key in ("acquisition", "sample", "condition") if key in whose}
        told = {"technique": plan.get("technique"), **about}
        file = self._root / maker
        carried = store.attributes_of(str(file)) if file.is_file() else {}
        if carried.get("id") == origin.derivation_id:
            by_sheet = set(plan.get("told", {}))
            told["instrument"] = {
                key: _plain(value)
                for key, value in carried.items()
                if key not in _NOT_TOLD_BY_INSTRUMENT | by_sheet and value != ""
            }
        return told


def _plain(value: Any) -> Any:
    """An attribute as JSON has it: numpy's numbers and lists as Python's."""
    return value.tolist() if hasattr(value, "tolist") else value


def _is_result(path: str) -> bool:
    return Path(path).parts[0] == "results"


def _kept(given: Mapping[str, str], origin: Origin) -> dict[str, Any]:
    """What the record of a job says of an input beyond its derivation: its path and size."""
    for one in origin.record["inputs"] if origin.record else ():
        is_it = one["role"] == given["role"] and one["sha256"] == given["sha256"]
        if is_it and Path(one["path"]).name == given["name"]:
            return dict(one)
    return {}


def _parameters(origin: Origin) -> dict[str, Any]:
    """Parameters of a job: the settings of its step and what its plan asks besides."""
    found: dict[str, Any] = {}
    plan = origin.derivation["plan"]
    for content in (plan[role] for role in sorted(plan, key=lambda role: role != "step")):
        asked = {key: value for key, value in content.items() if key not in _NOT_PARAMETERS}
        found |= asked.pop("settings", {}) | {k: v for k, v in asked.items() if v not in ({}, None)}
    return found
