"""YAML that people write, read so that no document can run code or take memory without end."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from nanostitch.errors import BatchError
from nanostitch.schema import shortened, unprinted

LARGEST_BYTES = 2**19
"""A batch.yaml of a thousand figures, which takes seconds to read."""
MOST_VALUES = 100_000
"""Values of one document with all aliases written out."""

_MERGE = "tag:yaml.org,2002:merge"
_LAYOUT = {ord("\t"): " ", ord("\n"): " "}


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key that stands twice is an error instead of the last one winning."""

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _count(node, {}) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(
                None, None, f"its aliases (*name) stand for more than {MOST_VALUES} values"
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # refused below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Values in a node with its aliases written out; one that holds itself has no end."""
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1  # while it is being counted
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inner = [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            inner = node.value
        known[id(node)] = 1 + sum(_count(one, known) for one in inner)
    return known[id(node)]


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML document that must be a mapping.

    Raises
    ------
    BatchError
        If the file is missing, very large, not UTF-8, not YAML, not a mapping, repeats a key, has
        aliases or nesting without end, or holds a character that is not printed.
    """
    try:
        document = yaml.load(_text(path), Loader=_Loader)
    except OSError as error:
        raise BatchError(f"{path}: cannot be read ({error.strerror}); create it") from error
    except UnicodeDecodeError as error:
        raise BatchError(
            f"{path}: is not valid YAML in UTF-8: {error}; save it as UTF-8"
        ) from error
    except RecursionError as error:
        raise BatchError(f"{path}: is nested too deeply; write it flatter") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        reason = shortened(str(error))
        raise BatchError(f"{path}: is not valid YAML in UTF-8: {reason}; correct it") from error
    if not isinstance(document, dict):
        found = shortened(repr(document))
        raise BatchError(f"{path}: must be a mapping of keys to values, found {found}")
    for field, text in _texts(document, ""):
        if unprinted(text.translate(_LAYOUT)):
            raise BatchError(
                f"{path}: {field}: found {shortened(repr(text))}, which holds a character that is"
                " not printed; type it anew"
            )
    return document


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST_BYTES:
        raise BatchError(
            f"{path}: has more than {LARGEST_BYTES} bytes; a list of figures, comparisons or"
            " claims can be a file of its own"
        )
    return path.read_text("utf-8")


def _texts(node: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every text of a document, keys too, with where it stands."""
    if isinstance(node, str):
        yield field or "(top level)", node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(key, f"{field}.(key)".strip("."))
            yield from _texts(value, f"{field}.{key!s}".strip("."))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _texts(value, f"{field}.{number}")
