"""Closed validation against the JSON schemas in ``workflow/schemas``.

Every key has its default, unit and reason there; unknown keys are refused with the nearest
known one. All problems of one document are reported at once.
"""

import copy
import difflib
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nanostitch.errors import BatchError

FOLDER = Path(__file__).parents[2] / "schemas"

_SHOWN = 50
"""Problems that one error names."""
_UNPRINTED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of controls, formats, surrogates, and ends of lines and paragraphs."""
_LONGEST = 2000
"""Characters of a value, or of what is said of it, that one problem shows."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what was found, what would be right."""

    file: str
    field: str
    value: object
    remedy: str

    def __str__(self) -> str:
        where = f"{printable(self.file)}: {printable(self.field)}"
        return f"{where}: found {shortened(repr(self.value))}; {shortened(self.remedy)}"


def refuse(problems: list[Problem]) -> None:
    """Raise one :class:`BatchError` that names every problem; return if there is none.

    Of very many, the first are named.
    """
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        shown = [str(problem) for problem in problems[:_SHOWN]]
        rest = len(problems) - len(shown)
        more = [f"and {rest} more"] if rest else []
        raise BatchError("\n  ".join([f"{count}:", *shown, *more]))


def printable(text: str) -> str:
    """The text in one line, whatever characters a person or a program put into a name."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def unprinted(text: str) -> str:
    """Characters of a text that nobody sees, such as NUL, or that turn the others around."""
    return "".join(c for c in text if unicodedata.category(c) in _UNPRINTED)


def shortened(text: str) -> str:
    """The text, or the beginning of a very long one."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


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


def _pattern(
    _: object, pattern: str, instance: object, __: object
) -> Iterator[jsonschema.ValidationError]:
    whole = pattern.replace("$", r"\Z")  # $ alone also fits before a line break at the end
    if isinstance(instance, str) and not re.search(whole, instance):
        yield jsonschema.ValidationError(f"does not match {pattern}")


_Strict = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    validators={"pattern": _pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)
"""Unlike JSON Schema, 1.0 is no integer here, neither NaN nor infinity is a number, and a pattern
that ends with $ knows no line break."""


def _explained(error: jsonschema.ValidationError, file: str) -> Iterator[Problem]:
    field = ".".join(map(str, error.path)) or "(top level)"
    schema: Any = error.schema
    value: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(schema.get("properties", {}))
        unknown = [key for key in error.instance if key not in known]
        for number, key in enumerate(unknown):
            where = str(key) if field == "(top level)" else f"{field}.{key}"
            remedy = _did_you_mean(str(key), known) if number < _SHOWN else "unknown key"
            yield Problem(file, where, error.instance[key], remedy)
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
