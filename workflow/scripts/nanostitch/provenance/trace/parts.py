"""Parts of a file that stand on part of its inputs: panels, claims, rows of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Literal

from nanostitch import store
from nanostitch.errors import ContractError
from nanostitch.provenance import records

_TOLD_OF_CLAIM = (
    *("says", "source", "outcome", "unit", "value", "value_lower", "value_upper"),
    *("expected", "expected_lower", "expected_upper"),
)


@dataclass(frozen=True)
class Part:
    """One part: the inputs that it stands on, how it was asked for, what is known of it."""

    kind: Literal["panel", "claim", "table"]
    inputs: list[dict[str, str]]
    parameters: dict[str, Any]
    about: dict[str, Any]


def of(file: Path, is_current: bool, part: str, derivation: Mapping[str, Any]) -> Part:
    """One part of a file.

    Parameters
    ----------
    file
        The file.
    is_current
        Whether the file is what the derivation made; if not, it is not looked into.
    part
        Letter of a panel, id of a claim, an acquisition or a comparison.
    derivation
        What made the file.

    Raises
    ------
    ContractError
        If the file has no such part.
    """
    rule = derivation["rule"]
    if rule == "figure_data":
        return _panel(file, is_current, part, derivation)
    if rule == "claims":
        return _claim(file, part, derivation)
    rows = {"table": _by_acquisition, "comparisons": _by_name}.get(rule)
    if rows is None:
        raise ContractError(f"{file}: has no parts; name it without #{part}")
    found = rows(derivation["inputs"])
    return Part("table", found[_known(file, part, list(found))], {}, {})


def _panel(file: Path, is_current: bool, part: str, derivation: Mapping[str, Any]) -> Part:
    plan = derivation["plan"]["figure"]
    if "panels" not in plan:
        raise ContractError(f"{file}: does not say which products its panels show; run again")
    letters = ascii_lowercase[: len(plan["figure"]["panels"])]
    place = letters.index(_known(file, part, letters))
    paths = {plan["products"][number] for number in plan["panels"][part]}
    about: dict[str, Any] = {"figure": plan["figure"]["title"]}
    if is_current:
        told = store.attributes_of(str(file), part)
        paths = set(str(told["sources"]).split())
        about["caption"] = str(told["caption"])
    inputs = [one for one in derivation["inputs"] if one["name"] in paths]
    return Part("panel", inputs, dict(plan["figure"]["panels"][place]), about)


def _claim(file: Path, part: str, derivation: Mapping[str, Any]) -> Part:
    claims = {one["id"]: one for one in derivation["plan"]["claims"]["claims"]}
    claim = claims[_known(file, part, list(claims))]
    products = [one for one in derivation["inputs"] if one["role"] == "products"]
    asked = {key: value for key, value in claim.items() if key not in ("id", "inputs")}
    inputs = [products[number] for number in claim["inputs"]]
    folder = next(parent for parent in file.parents if parent.parent.name == "results")
    return Part("claim", inputs, asked, _outcome(folder / "tables" / "claims.tsv", part))


def _outcome(table: Path, claim: str) -> dict[str, Any]:
    row = next((row for row in records.claims(table) if row["claim"] == claim), {})
    return {key: row[key] for key in _TOLD_OF_CLAIM if row.get(key) not in (None, "", "NaN")}


def _by_acquisition(inputs: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    return {Path(one["name"]).parent.name: [one] for one in inputs}


def _by_name(inputs: Sequence[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    return {Path(one["name"]).stem: [one] for one in inputs}


def _known(file: Path, part: str, parts: Sequence[str]) -> str:
    if part not in parts:
        raise ContractError(f"{file}: has no part {part!r}; it has {', '.join(parts) or 'none'}")
    return part
