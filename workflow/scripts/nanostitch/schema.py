"""Closed validation against the JSON schemas in ``workflow/schemas``.

Every key has its default, unit and reason there; unknown keys are refused with the nearest
known one. All problems of one document are reported at once.
"""

import copy
import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nanostitch.errors import BatchError

FOLDER = Path(__file__).parents[2] / "schemas"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what was found, what would be right."""

    file: str
    field: str
    value: object
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: found {self.value!r}; {self.remedy}"


def refuse(problems: list[Problem]) -> None:
    """Raise one :class:`BatchError` that names every problem; return if there is none."""
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise BatchError("\n  ".join([f"{count}:", *map(str, problems)]))


@cache
def load(name: str) -> dict[str, Any]:
    """Schema ``name``, with each ``$ref: other.schema.yaml`` replaced by that file's content."""
    schema: dict[str, Any] = _resolved(
        yaml.safe_load((FOLDER / f"{name}.schema.yaml").read_text("utf-8"))
    )
    return schema


def _resolved(node: Any) -> Any:
    if isinstance(node, dict):
        if set(node) == {"$ref"} and node["$ref"].endswith(".schema.yaml"):
            return load(node["$ref"].removesuffix(".schema.yaml"))
        return {key: _resolved(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value) for value in node]
    return node


def with_defaults(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Copy of the document in which every absent key with a default has its default."""
    filled = copy.deepcopy(dict(document))
    for key, sub in schema.get("properties", {}).items():
        if key not in filled and "default" in sub:
            filled[key] = copy.deepcopy(sub["default"])
        if isinstance(filled.get(key), dict) and "properties" in sub:
            filled[key] = with_defaults(filled[key], sub)
        elif isinstance(filled.get(key), dict) and isinstance(
            sub.get("additionalProperties"), dict
        ):
            each = sub["additionalProperties"]
            filled[key] = {one: with_defaults(value, each) for one, value in filled[key].items()}
    return filled


def problems(document: object, schema: Mapping[str, Any], file: str) -> list[Problem]:
    """Everything in which a document breaks a schema, in the order of the document."""
    validator = _Strict(schema)
    errors = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path)))
    return [problem for error in errors for problem in _explained(error, file)]


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    is_finite = isinstance(value, float) and math.isfinite(value)
    return is_finite or _is_integer(checker, value)


_Strict = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)
"""Unlike JSON Schema, 1.0 is no integer here, and neither NaN nor infinity is a number."""


def _explained(error: jsonschema.ValidationError, file: str) -> Iterator[Problem]:
    field = ".".join(map(str, error.path)) or "(top level)"
    schema: Any = error.schema
    value: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                where = str(key) if field == "(top level)" else f"{field}.{key}"
                yield Problem(file, where, error.instance[key], _did_you_mean(str(key), known))
    elif error.validator == "required" and isinstance(error.instance, dict):
        for key in value:
            if key not in error.instance:
                what = schema.get("properties", {}).get(key, {}).get("description", "")
                yield Problem(file, f"{field}.{key}", None, f"add it: {what}")
    else:
        what = schema.get("description", "")
        yield Problem(file, field, error.instance, f"{_rule(error)} {what}".strip())


def _did_you_mean(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key; {hint}known: {', '.join(known)}"


def _rule(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    wordings = {
        "type": f"must be of type {value}.",
        "enum": f"must be one of {value}.",
        "pattern": f"must match {value}.",
        "minimum": f"must be at least {value}.",
        "maximum": f"must be at most {value}.",
        "exclusiveMinimum": f"must be greater than {value}.",
        "exclusiveMaximum": f"must be less than {value}.",
    }
    return wordings.get(str(error.validator), f"{error.message}.")


class _NoDuplicates(yaml.SafeLoader):
    """Safe YAML in which a key that stands twice is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML document that must be a mapping.

    Raises
    ------
    BatchError
        If the file is missing, not UTF-8, not YAML, not a mapping, or repeats a key.
    """
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_NoDuplicates)
    except OSError as error:
        raise BatchError(f"{path}: cannot be read ({error.strerror}); create it") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BatchError(f"{path}: is not valid YAML in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise BatchError(f"{path}: must be a mapping of keys to values, found {document!r}")
    return document
