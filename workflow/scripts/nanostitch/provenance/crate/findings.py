"""What a batch shows: raw files with their instruments, figures with panels, claims."""

import json
import math
from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from nanostitch import store
from nanostitch.provenance import records
from nanostitch.provenance.crate.files import Files
from nanostitch.provenance.crate.graph import Graph, Reference, part_of_id
from nanostitch.provenance.crate.parameters import unit_of
from nanostitch.provenance.records import Record

TOLD_APART = ("simulated", "non_finite_count")
"""Numbers among the attributes of a raw product that say nothing of an instrument."""
IMAGES = ("png", "pdf", "svg")


def raw(graph: Graph, files: Files, jobs: Iterable[Record]) -> list[Reference]:
    """Raw files with what they say of their instrument and how it was set."""
    found = []
    for job in jobs:
        if job["rule"] == "ingest":
            about = job["derivation"]["plan"]["acquisition"]["about"]
            entity = files.input(next(told for told in job["inputs"] if told["role"] == "raw"))
            found.append(entity)
            facts = _facts(Path(job["outputs"][0]["path"]))
            instrument = facts.pop("instrument", None)
            graph.say(
                entity,
                about=[_sample(graph, about)],
                dateCreated=facts.pop("acquisition_date", None),
                instrument=[_instrument(graph, str(instrument))] if instrument else [],
                additionalProperty=[
                    _property(graph, f"#raw/{part_of_id(about['acquisition'])}/{name}", name, value)
                    for name, value in facts.items()
                ],
            )
    return found


def figures(graph: Graph, files: Files, results: Path) -> list[Reference]:
    """Figures in each format, with the data they show and their panels."""
    found = []
    for plan in sorted((results / "plan" / "figures").glob("*.json")):
        content = json.loads(plan.read_text("utf-8"))
        start = f"{results.as_posix()}/figures/{plan.stem}"
        if not files.holds(f"{start}.nc"):
            continue
        data = files.named(f"{start}.nc")
        title = content["figure"]["title"]
        images = [
            files.named(f"{start}.{end}", "ImageObject")
            for end in IMAGES
            if files.holds(f"{start}.{end}")
        ]
        for image in images:
            graph.of(image)["caption"] = title
            graph.say(image, isBasedOn=[data])
        found += images
        for letter, shown in content["panels"].items():
            products = [_product(files, content["products"][number]) for number in shown]
            graph.note(
                f"{images[0]['@id']}#{letter}",
                "ImageObject",
                name=f"{plan.stem}, panel {letter}",
                isPartOf=images,
                isBasedOn=[data, *(one for one in products if one)],
            )
    return found


def claims(graph: Graph, files: Files, results: Path) -> list[Reference]:
    """Numbers that the batch claims, with interval, unit and verdict."""
    table = results / "tables" / "claims.tsv"
    if not files.holds(table.as_posix()):
        return []
    source = files.named(table.as_posix())
    return [_claim(graph, row, source, results) for row in records.claims(table)]


def _claim(graph: Graph, row: Mapping[str, str], source: Reference, results: Path) -> Reference:
    outcome, value = row["outcome"], _number(row["value"])
    verdict = graph.note(
        f"#verdict/{part_of_id(outcome)}", "PropertyValue", name="verdict", value=outcome
    )
    return graph.note(
        f"#claim/{part_of_id(row['claim'])}",
        "PropertyValue",
        name=row["claim"],
        description=row["says"],
        value=row["answer"] or outcome if value is None else value,
        minValue=_number(row["value_lower"]),
        maxValue=_number(row["value_upper"]),
        unitText=row["unit"],
        additionalProperty=verdict,
        subjectOf=_panel(graph, row, results),
        isBasedOn=source,
    )


def _panel(graph: Graph, row: Mapping[str, str], results: Path) -> Reference | None:
    """The panel, or else the figure, that shows a claim."""
    figure, panel = row.get("figure"), row.get("panel")
    shown = f"{results.as_posix()}/figures/{figure}.png"
    for identifier in (f"{shown}#{panel}", shown):
        if graph.knows(identifier):
            return {"@id": identifier}
    return None


def _facts(product: Path) -> dict[str, Any]:
    """What a raw product says of its instrument; nothing where it is not there."""
    attributes = store.attributes_of(str(product)) if product.is_file() else {}
    numbers = {n: v for n, v in attributes.items() if isinstance(v, Real) and n not in TOLD_APART}
    texts = {n: attributes.get(n) for n in ("instrument", "acquisition_date", "acquisition_mode")}
    return {name: float(value) for name, value in numbers.items()} | {
        name: str(value) for name, value in texts.items() if value
    }


def _property(graph: Graph, identifier: str, name: str, value: Any) -> Reference:
    return graph.note(identifier, "PropertyValue", name=name, value=value, unitText=unit_of(name))


def _sample(graph: Graph, about: Mapping[str, Any]) -> Reference:
    return graph.note(
        f"#sample/{part_of_id(about['sample'])}/{part_of_id(about['condition'])}",
        "Thing",
        name=f"{about['sample']}, {about['condition_label']}",
        description=f"{about['material']} on {about['substrate']}",
    )


def _instrument(graph: Graph, name: str) -> Reference:
    return graph.note(f"#instrument/{part_of_id(name)}", "IndividualProduct", name=name)


def _product(files: Files, name: str) -> Reference | None:
    return files.named(name) if files.holds(name) else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
