"""What a batch.yaml declares, held against the sheets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nanostitch import claims, comparisons, laboratory, schema
from nanostitch.draw import kinds
from nanostitch.schema import Problem
from nanostitch.sheets import ID_RULE, is_id

if TYPE_CHECKING:
    from nanostitch.batch import Batch


def problems(batch: "Batch") -> Iterator[Problem]:
    """What no schema can say of the declarations of one batch."""
    file = str(batch.folder / "batch.yaml")
    for problem in schema.problems(batch.parameters, schema.load("config"), file):
        yield Problem(file, f"parameters.{problem.field}", problem.value, problem.remedy)
    for key in {"batches", "figure"} & set(batch.parameters):
        yield Problem(file, f"parameters.{key}", batch.parameters[key], "belongs to config.yaml")
    if batch.simulate is not None:
        rows = {a.id: a.row for a in batch.acquisitions.values()}
        sheet = str(batch.folder / "acquisitions.tsv")
        yield from laboratory.problems(batch.simulate, rows, sheet, file)
        conditions = {
            str(a.condition.get("condition")): a.condition for a in batch.acquisitions.values()
        }
        sheet = str(batch.folder / "conditions.tsv")
        yield from laboratory.condition_problems(conditions, sheet)
    yield from _question_problems(batch, file)
    for name, figure in batch.figures.items():
        if not (isinstance(name, str) and is_id(name)):
            yield Problem(file, "figures", name, ID_RULE)
        yield from _figure_problems(batch, f"figures.{name}", figure, file)


def _question_problems(batch: "Batch", file: str) -> Iterator[Problem]:
    for name, declared in batch.comparisons.items():
        if not is_id(name):
            yield Problem(file, "comparisons", name, ID_RULE)
        for group, one in declared["groups"].items():
            where = f"comparisons.{name}.groups.{group}.select"
            yield from _select_problems(batch, where, one["select"], file)
        yield from comparisons.problems(batch, name, declared, file)
    for name, declared in batch.claims.items():
        if not is_id(name):
            yield Problem(file, "claims", name, ID_RULE)
        select = declared.get("measure", {}).get("select", {})
        yield from _select_problems(batch, f"claims.{name}.measure.select", select, file)
        yield from claims.problems(batch, name, declared, file)


def _figure_problems(batch: "Batch", field: str, figure: Any, file: str) -> Iterator[Problem]:
    found = schema.problems(figure, kinds.schema(), file)
    for problem in found:
        yield Problem(file, f"{field}.{problem.field}", problem.value, problem.remedy)
    for number, panel in enumerate([] if found else figure["panels"]):
        if compared := kinds.compared(panel):
            yield from _compared_problems(batch, f"{field}.panels.{number}", compared, file)
            continue
        technique, _ = kinds.needs(panel)
        where = f"{field}.panels.{number}.select"
        yield from _select_problems(batch, where, panel["select"], file)
        if not batch.select(technique, panel["select"]):
            remedy = f"selects no acquisition of technique {technique}"
            yield Problem(file, where, panel["select"], remedy)


def _compared_problems(
    batch: "Batch", where: str, compared: Sequence[str], file: str
) -> Iterator[Problem]:
    for name in compared:
        if name not in batch.comparisons:
            remedy = f"must be one of {list(batch.comparisons)}"
            yield Problem(file, where, name, remedy)


def _select_problems(
    batch: "Batch", where: str, select: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    for column, value in select.items():
        known = {a.row.get(column) for a in batch.acquisitions.values()}
        listed = value if isinstance(value, list) else [value]
        for unknown in [one for one in listed if one not in known]:
            yield Problem(file, f"{where}.{column}", unknown, "no acquisition has that value")
