"""Comparisons as a batch declares them: whether they are sound, and what they stand on."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nanostitch import products
from nanostitch.contracts.measured import CONTRACTS
from nanostitch.schema import Problem

if TYPE_CHECKING:
    from nanostitch.batch import Acquisition, Batch


def members(batch: "Batch", declared: Mapping[str, Any]) -> list[tuple["Acquisition", int]]:
    """Acquisitions of each group with the group's number, those that are left out included."""
    product = declared["measure"]["product"]
    technique = products.technique(product)
    able = {a.id for a in products.measured(batch, product)}
    return [
        (a, number)
        for number, group in enumerate(declared["groups"].values())
        for a in batch.select(technique, group["select"], with_left_out=True)
        if a.id in able
    ]


def levels(batch: "Batch", declared: Mapping[str, Any]) -> list[float | None]:
    """Of each group, its value of the column that a trend goes along; none where there is none."""
    along = declared.get("along")
    found: list[set[float | None]] = [set() for _ in declared["groups"]]
    for a, number in members(batch, declared):
        found[number].add(_number(a.condition.get(along)) if along else None)
    return [one.pop() if len(one) == 1 else None for one in found]


def problems(
    batch: "Batch", name: str, declared: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    """What no schema can say of one comparison."""
    where = f"comparisons.{name}"
    measure, question = declared["measure"], declared["question"]
    contract = CONTRACTS[measure["product"]]
    if measure["variable"] not in contract:
        remedy = f"{measure['product']} has {', '.join(sorted(contract))}"
        yield Problem(file, f"{where}.measure.variable", measure["variable"], remedy)
    groups = list(declared["groups"])
    filled = {number for _, number in members(batch, declared)}
    for number, group in enumerate(groups):
        if number not in filled:
            remedy = f"selects no acquisition that ends in {measure['product']}"
            selected = declared["groups"][group]["select"]
            yield Problem(file, f"{where}.groups.{group}.select", selected, remedy)
    if len(groups) < 2:
        yield Problem(file, f"{where}.groups", groups, "a question needs two groups or more")
    yield from _question_problems(batch, where, declared, file)
    if question == "equivalence" and "margin" not in declared:
        yield Problem(file, f"{where}.margin", None, "an equivalence needs the margin")
    in_ratio = question == "ratio" or declared["scale"] == "ratio"
    if in_ratio and declared.get("margin", 2) <= 1:
        yield Problem(file, f"{where}.margin", declared["margin"], "a factor must be above 1")


def _question_problems(
    batch: "Batch", where: str, declared: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    """A trend goes along one number a group, and nothing else goes along anything."""
    is_trend = declared["question"] == "trend"
    if is_trend != ("along" in declared):
        remedy = "a trend names its column" if is_trend else "only a trend goes along a column"
        yield Problem(file, f"{where}.along", declared.get("along"), remedy)
    elif is_trend and None in levels(batch, declared):
        remedy = "must be a column of conditions.tsv with one number in each group"
        yield Problem(file, f"{where}.along", declared["along"], remedy)


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
