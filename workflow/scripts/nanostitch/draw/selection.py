"""Which products a panel uses, and in which order and colour its conditions appear."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from nanostitch.draw import kinds
from nanostitch.errors import BatchError

Products = dict[str, dict[str, xr.Dataset]]
"""Products by acquisition, then by product name."""


@dataclass(frozen=True)
class Panel:
    """One declared panel with every option filled in.

    ``width_mm`` is its share of the printed width; ``conditions`` is the order of all conditions
    of the figure, which fixes their colours.
    """

    kind: str
    letter: str
    options: Mapping[str, Any]
    width_mm: float
    conditions: tuple[str, ...]

    @property
    def field(self) -> str:
        """Where the panel stands in the declaration, for messages."""
        return f"panel {self.letter} ({self.kind})"

    def rank(self, condition: str) -> int:
        """Position of a condition in the order of the figure."""
        return self.conditions.index(condition)

    def pair(self, option: str) -> tuple[float, float]:
        """Two ascending numbers of an option.

        Raises
        ------
        BatchError
            If the second is not above the first.
        """
        low, high = self.options[option]
        if not low < high:
            raise BatchError(
                f"figures: {self.field}: {option}: found {[low, high]}; "
                "the second number must be above the first"
            )
        return float(low), float(high)


def select(panel: Mapping[str, Any], letter: str, products: Sequence[xr.Dataset]) -> Products:
    """Products of the acquisitions that a panel selects, in the order given.

    Those that lack a product, for they only serve as references, are left out unless named.

    Raises
    ------
    BatchError
        If nothing is selected, a selected value matches nothing, or a product is missing.
    """
    technique, needed = kinds.needs(panel)
    field = f"panel {letter} ({panel['kind']})"
    wanted = {"technique": technique, **panel["select"]}
    offered = [p for p in products if p.attrs.get("technique") == technique]
    for key, value in wanted.items():
        _refuse_unknown(field, key, _listed(value), offered)
    named = "acquisition" in wanted
    chosen: Products = {}
    for product in [p for p in offered if named or p.attrs.get("use") != "no"]:
        if all(product.attrs[key] in _listed(value) for key, value in wanted.items()):
            name = product.attrs["product"]
            chosen.setdefault(product.attrs["acquisition"], {})[name] = product
    if not chosen:
        raise BatchError(
            f"figures: {field}: select: found {dict(panel['select'])}; each value is known, but "
            f"no {technique} acquisition has all of them; select fewer at once"
        )
    complete = {a: found for a, found in chosen.items() if set(needed) <= set(found)}
    if complete and not named:
        return complete  # without those that only serve as references
    for acquisition, found in chosen.items():
        lacking = [name for name in needed if name not in found]
        if lacking:
            raise BatchError(
                f"figures: {field}: acquisition {acquisition!r} has products {sorted(found)}, "
                f"but the panel needs {lacking}; select another or switch the option off"
            )
    return chosen


def comparisons(
    panel: Mapping[str, Any], letter: str, products: Sequence[xr.Dataset]
) -> list[xr.Dataset]:
    """Comparisons that a panel names, in its order.

    Raises
    ------
    BatchError
        If one is not among the products.
    """
    offered = {p.attrs["name"]: p for p in products if "comparison_title" in p.attrs}
    lacking = [name for name in kinds.compared(panel) if name not in offered]
    if lacking:
        raise BatchError(
            f"figures: panel {letter} ({panel['kind']}): found {lacking}; known here: "
            f"{list(offered) or 'no comparison'}"
        )
    return [offered[name] for name in kinds.compared(panel)]


def condition_order(chosen: Sequence[Products], known: Sequence[str]) -> tuple[str, ...]:
    """Ids of conditions: first those known, in their order, then others as they appear."""
    appear = [
        product.attrs["condition"]
        for products in chosen
        for by_name in products.values()
        for product in by_name.values()
    ]
    return tuple(dict.fromkeys([*known, *appear]))


def by_condition(panel: Panel, products: Products) -> list[tuple[str, dict[str, xr.Dataset]]]:
    """Acquisitions with their products, sorted by condition, else in the order given."""

    def rank(item: tuple[str, dict[str, xr.Dataset]]) -> int:
        return panel.rank(str(about(item[1])["condition"]))

    return sorted(products.items(), key=rank)


def about(by_name: Mapping[str, xr.Dataset]) -> Mapping[str, Any]:
    """Attributes that all products of one acquisition share."""
    return next(iter(by_name.values())).attrs


def condition_variables(
    panel: Panel, found: Sequence[tuple[str, Mapping[str, xr.Dataset]]]
) -> dict[str, tuple[str, list[Any], dict[str, str]]]:
    """Id of each acquisition and its condition, as variables on the dim ``acquisition``."""
    attrs = [about(by_name) for _, by_name in found]
    ranks = [panel.rank(a["condition"]) for a in attrs]
    dim = "acquisition"
    return {
        dim: (dim, [name for name, _ in found], {"long_name": "Acquisition"}),
        "condition_label": (
            dim,
            [str(a["condition_label"]) for a in attrs],
            {"long_name": "Condition"},
        ),
        "condition_rank": (
            dim,
            ranks,
            {"long_name": "Position of the condition, which fixes its colour", "units": "1"},
        ),
    }


def grouped(remarks: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each remark, followed by everything that it concerns."""
    lines: dict[str, list[str]] = {}
    for remark, concerned in remarks:
        lines.setdefault(remark, []).append(concerned)
    return [f"{remark}: {'; '.join(concerned)}" for remark, concerned in lines.items()]


def _refuse_unknown(
    field: str, key: str, values: Sequence[str], offered: Sequence[xr.Dataset]
) -> None:
    known = list(dict.fromkeys(product.attrs[key] for product in offered))
    unknown = [value for value in values if value not in known]
    if unknown:
        raise BatchError(
            f"figures: {field}: select.{key}: found {unknown}; known here: {known or 'nothing'}"
        )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
