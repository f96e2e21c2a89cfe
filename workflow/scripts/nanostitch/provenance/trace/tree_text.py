"""A chain as a tree of text and as JSON."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from nanostitch.provenance import derivation
from nanostitch.provenance.records import Record
from nanostitch.provenance.trace.chain import Link

WIDTH = 100
"""Columns of a terminal that a tree fits."""
_DIGEST = 12
"""Digits of a digest that are shown: enough that no two of a batch begin alike."""
_LEAST = 24
"""Columns that a line keeps for its text however deep the tree is."""
_LINES = 2
"""Lines that one kind of detail takes at most; the JSON has all of it."""
_KIB = 1024


def lines(link: Link) -> Iterator[str]:
    """A chain as lines of text; a branch that was shown before is named only."""
    seen = set[int]()
    yield from _branch(link, "", "", seen)


def document(link: Link) -> dict[str, Any]:
    """A chain as a JSON document: every link once, its inputs by their numbers.

    Of a record only what a reader asks first is taken along; its file has the rest.
    """
    links = list(link.walk())
    place = {id(one): number for number, one in enumerate(links)}
    return {
        "target": link.path,
        "links": [
            {
                "path": one.path,
                "kind": one.kind,
                "sha256": one.sha256,
                "rule": one.rule,
                "derivation_id": one.derivation_id,
                "parameters": one.parameters,
                "code_sha256": one.code,
                "record": _brief(one.record),
                "about": one.about,
                "inputs": [place[id(other)] for other in one.inputs],
            }
            for one in links
        ],
    }


def headline(link: Link, with_code: bool = True) -> str:
    """What a link is and what made it, in one line."""
    said = [f"raw, {link.about['technique']}"] if link.kind == "raw" else []
    said += [link.rule] if link.rule else []
    size = link.about.get("size")
    said += [_bytes(size)] if size is not None else []
    said += [f"sha256 {link.sha256[:_DIGEST]}"] if link.sha256 else []
    said += [f"code {link.code[:_DIGEST]}"] if link.code and with_code else []
    return ", ".join(said)


def details(link: Link) -> list[str]:
    """Where a link is lost, what a claim or panel says, then its parameters."""
    if link.kind == "product" and "part" in link.about:
        return []  # the panel says it already
    about, said = link.about, []
    if "lost" in about:
        said.append(f"lost: {about['lost']}")
    if link.kind == "claim" and "value" in about:
        said.append(
            f"{about['says']} Measured {_rounded(about['value'])} {about.get('unit', '')}"
            f" [{_rounded(about.get('value_lower', 'nan'))},"
            f" {_rounded(about.get('value_upper', 'nan'))}]: {about['outcome']}"
        )
    if "caption" in about:
        said.append(str(about["caption"]))
    if link.kind == "raw":
        whose = [str(about[key]) for key in ("acquisition", "sample", "condition") if key in about]
        told = _told(about.get("instrument", {}))
        said.append("; ".join([*whose, *told]))
    parameters = ", ".join(_told(link.parameters))
    return [text for text in (*said, parameters) if text]


def shown(path: str) -> str:
    """A path without the folder of its batch."""
    parts = path.split("/", 2)
    return parts[2] if parts[0] == "results" and len(parts) > 2 else path


def cut(text: str, columns: int) -> str:
    """A text, ended by an ellipsis where it is longer than the columns that it has."""
    return text if len(text) <= columns else f"{text[: columns - 1]}…"


def _branch(link: Link, first: str, rest: str, seen: set[int]) -> Iterator[str]:
    name = shown(link.path) if first else link.path
    if id(link) in seen:
        yield cut(f"{first}{name}  (see above)", WIDTH)
        return
    seen.add(id(link))
    yield cut(f"{first}{name}  {headline(link)}", WIDTH)
    below = f"{rest}{'│' if link.inputs else ' '}    "
    for text in details(link):
        for line in textwrap.wrap(
            text, max(WIDTH - len(below), _LEAST), max_lines=_LINES, placeholder=" …"
        ):
            yield below + line
    for number, one in enumerate(link.inputs, 1):
        is_last = number == len(link.inputs)
        mark, space = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _branch(one, rest + mark, rest + space, seen)


def _brief(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    kept = ("uuid", "run", "started", "ended", "environment", "hygiene")
    return {key: record.get(key) for key in kept} | {"host": record["execution"]["host"]}


def _told(values: Mapping[str, Any]) -> list[str]:
    """Nested values as texts such as ``gap.range_ev=[2.1, 3.0]``."""
    found = derivation.flat(values)
    return [f"{name}={_short(value)}" for name, value in found if value != {}]


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _rounded(number: str) -> str:
    return f"{float(number):.6g}"


def _bytes(size: int) -> str:
    if size < _KIB:
        return f"{size} B"
    return f"{size / _KIB:.1f} KiB" if size < _KIB**2 else f"{size / _KIB**2:.1f} MiB"
