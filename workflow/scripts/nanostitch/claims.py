"""Claims as a batch declares them: whether they are sound, and which products speak to them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nanostitch import products
from nanostitch.contracts.measured import CONTRACTS
from nanostitch.schema import Problem

if TYPE_CHECKING:
    from nanostitch.batch import Batch


def inputs(batch: "Batch", declared: Mapping[str, Any]) -> list[str]:
    """Paths of the products that speak to one claim, none where nothing is measured."""
    measure = declared.get("measure", {})
    if "comparison" in measure:
        return [f"results/{batch.id}/comparisons/{measure['comparison']}.nc"]
    if "product" not in measure:
        return []
    name = measure["product"]
    able = {a.id for a in products.measured(batch, name)}
    found = batch.select(products.technique(name), measure["select"], with_left_out=True)
    return [products.path(batch, a, name) for a in found if a.id in able]


def problems(
    batch: "Batch", name: str, declared: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    """What no schema can say of one claim."""
    where = f"claims.{name}"
    measure, expected = declared.get("measure"), declared.get("expected", {})
    if (measure is None) == ("not_tested" not in declared):
        remedy = "give either measure or not_tested, which says why there is none"
        yield Problem(file, where, sorted(declared), remedy)
    figure = declared.get("figure")
    if figure is not None and figure not in batch.figures:
        yield Problem(file, f"{where}.figure", figure, f"must be one of {list(batch.figures)}")
    if measure is not None:
        told = "comparison" in measure
        check = _comparison_problems if told else _product_problems
        yield from check(batch, f"{where}.measure", measure, file)
    if ("value" in expected) != ("tolerance" in expected):
        yield Problem(file, f"{where}.expected", expected, "value and tolerance go together")
    if "answer" in expected and "comparison" not in (measure or {}):
        yield Problem(file, f"{where}.expected.answer", expected["answer"], "needs a comparison")


def _comparison_problems(
    batch: "Batch", where: str, measure: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    name = measure["comparison"]
    if name not in batch.comparisons:
        remedy = f"must be one of {list(batch.comparisons)}"
        yield Problem(file, f"{where}.comparison", name, remedy)
        return
    declared = batch.comparisons[name]
    groups = list(declared["groups"])
    if "group" in measure and measure["group"] not in groups:
        yield Problem(file, f"{where}.group", measure["group"], f"must be one of {groups}")
    contrasts = 1 if declared["question"] == "trend" else len(groups) - 1
    if measure["contrast"] >= contrasts:
        remedy = f"{name} has {contrasts}, counted from 0"
        yield Problem(file, f"{where}.contrast", measure["contrast"], remedy)


def _product_problems(
    batch: "Batch", where: str, measure: Mapping[str, Any], file: str
) -> Iterator[Problem]:
    for key in ("product", "variable", "select"):
        if key not in measure:
            yield Problem(file, f"{where}.{key}", None, "add it, or name a comparison")
            return
    name = measure["product"]
    if name not in CONTRACTS:
        yield Problem(file, f"{where}.product", name, f"must be one of {list(CONTRACTS)}")
        return
    for key in ("variable", "sure"):
        if key in measure and measure[key] not in CONTRACTS[name]:
            remedy = f"{name} has {', '.join(sorted(CONTRACTS[name]))}"
            yield Problem(file, f"{where}.{key}", measure[key], remedy)
    if "sure" in measure and measure.get("objects") != "distinct":
        yield Problem(file, f"{where}.sure", measure["sure"], "only distinct objects have it")
    if not inputs(batch, {"measure": measure}):
        remedy = f"selects no acquisition that ends in {name}"
        yield Problem(file, f"{where}.select", measure["select"], remedy)
