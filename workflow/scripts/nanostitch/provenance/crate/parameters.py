"""Settings of a step as formal parameters and values, with the unit that each name ends in."""

from collections.abc import Mapping
from typing import Any

from nanostitch import plan_files, schema
from nanostitch.provenance import derivation
from nanostitch.provenance.crate.graph import Graph, Reference, part_of_id
from nanostitch.provenance.identity import canonical, digest

UNITS = {
    "per_100_nm": "(100 nm)-1",
    "per_nm2": "nm-2",
    "per_nm": "nm-1",
    "per_ev": "eV-1",
    "kev": "keV",
    "ev": "eV",
    "nm": "nm",
    "um": "um",
    "mm": "mm",
    "percent": "%",
    "degree": "degree",
    "mrad": "mrad",
    "pa": "pA",
    "na": "nA",
    "hz": "Hz",
    "v": "V",
    "c": "degC",
    "h": "h",
    "s": "s",
}
"""UDUNITS symbol for the end of a setting's name; longer ends stand first."""

TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
"""Type of a value in the words of schema.org; a list or mapping is told as JSON text."""

_SHORT = 8  # characters of a digest that tell the values of one setting apart


def unit_of(name: str) -> str | None:
    """Unit that a setting's name ends in: ``gap_range_ev`` is in eV."""
    return next((unit for end, unit in UNITS.items() if name.endswith(f"_{end}")), None)


def of_job(graph: Graph, tool: Reference, decided: Mapping[str, Any]) -> list[Reference]:
    """Values of every setting of a job's plan, each tied to its formal parameter.

    Settings are those of a step, so that jobs of one step share their entities.
    """
    found, rule = list[Reference](), decided["rule"]
    for content in decided["plan"].values():
        seed = {"seed": content["seed"]} if "seed" in content else {}
        for name, value in (*derivation.flat(content.get("settings") or {}), *seed.items()):
            formal = _formal(graph, rule, name, value)
            graph.say(tool, input=[formal])
            found.append(_value(graph, rule, name, value, formal))
    return found


def _formal(graph: Graph, rule: str, name: str, value: Any) -> Reference:
    unit = unit_of(name)
    return graph.note(
        f"#parameter/{part_of_id(rule)}/{part_of_id(name)}",
        "FormalParameter",
        name=name,
        additionalType=_type(value),
        conformsTo={"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
        description=_described(rule, name) or (f"in {unit}" if unit else None),
        valueRequired=True,
    )


def _value(graph: Graph, rule: str, name: str, value: Any, formal: Reference) -> Reference:
    told = value if _type(value) != "Text" or isinstance(value, str) else canonical(value)
    short = digest(value)[:_SHORT]
    identifier = f"#value/{part_of_id(rule)}/{part_of_id(name)}/{short}"
    return graph.note(
        identifier,
        "PropertyValue",
        name=name,
        value=told,
        unitText=unit_of(name),
        exampleOfWork=formal,
    )


def _type(value: Any) -> str:
    return TYPES.get(type(value), "Text")


def _described(rule: str, name: str) -> str | None:
    """What the schema says of a setting."""
    place = plan_files.STEPS.get(rule)
    if not place:
        return None
    node: Any = schema.load(place[0])
    for key in (*place[1:], *name.split(".")):
        node = node.get("properties", {}).get(key, {})
    return str(node["description"]) if "description" in node else None
