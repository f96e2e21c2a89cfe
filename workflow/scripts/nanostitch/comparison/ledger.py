"""Hold every claim against its measurement.

The step ``claims``: what is claimed, the number that speaks to it with its interval, and whether
it is reproduced.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from nanostitch import intervals, quality
from nanostitch.comparison import cells, effect, observations, product
from nanostitch.comparison.observations import Observation

OUTCOMES = (
    "not_testable",
    "not_recovered_simulated",
    "contradicted",
    "compatible",
    "recovered_simulated",
    "reproduced",
)
_SIMULATED = {"reproduced": "recovered_simulated", "contradicted": "not_recovered_simulated"}
"""What was simulated after the claim's own numbers can recover them or not; it neither reproduces
nor contradicts what others measured."""
_USABLE: tuple[quality.Level, ...] = ("good", "doubtful")
_TEXTS = (
    *("claim", "says", "source", "figure", "panel", "unit", "answer", "expected_answer"),
    *("why", "note"),
)


class Found(NamedTuple):
    """The number that speaks to a claim, with its interval and what stands behind it."""

    value: float
    lower: float
    upper: float
    unit: str
    samples: int
    acquisitions: int
    objects: int
    answer: str
    doubts: str


_NOTHING = Found(np.nan, np.nan, np.nan, "1", 0, 0, 0, "", "")


def ledger(claims: Sequence[Mapping[str, Any]], products: Sequence[xr.Dataset]) -> xr.Dataset:
    """Judge every claim of a batch.

    Parameters
    ----------
    claims
        As declared, each with ``inputs``, the numbers of its products in the sequence.
    products
        Comparisons and products that claims name.

    Returns
    -------
    xarray.Dataset
        A product that keeps ``contracts.claims.CLAIMS``, dims (claim,).

    Notes
    -----
    A number reproduces a claim if its 95 % interval lies within what is claimed, is compatible
    with it if they overlap, and contradicts it if they do not.
    """
    rows = [_row(claim, [products[number] for number in claim["inputs"]]) for claim in claims]
    found = xr.Dataset()
    for name, kind in _KINDS.items():
        column = np.array([row[name] for row in rows]).astype(kind)
        found[name] = ("claim", column, {"units": "1"})
    found["outcome"].attrs |= {
        "flag_values": np.arange(len(OUTCOMES), dtype="i1"),
        "flag_meanings": " ".join(OUTCOMES),
    }
    return found.set_coords("claim").assign(verdict=quality.verdict({}).assign_attrs(units="1"))


_KINDS = {
    **dict.fromkeys(_TEXTS, "U"),
    **dict.fromkeys(("value", "value_lower", "value_upper"), "f8"),
    **dict.fromkeys(("expected", "expected_lower", "expected_upper"), "f8"),
    **dict.fromkeys(("samples", "acquisitions", "objects"), "i4"),
    "outcome": "i1",
}


def _row(claim: Mapping[str, Any], products: Sequence[xr.Dataset]) -> dict[str, Any]:
    found = _measured(claim["measure"], products) if "measure" in claim else _NOTHING
    expected = claim.get("expected", {})
    ends = _range(expected)
    simulated = any(bool(product.attrs.get("simulated")) for product in products)
    outcome, why = _judged(claim, found, ends)
    if simulated:
        outcome = _SIMULATED.get(outcome, outcome)
    return {
        "claim": claim["id"],
        **{name: claim.get(name, "") for name in ("says", "source", "figure", "panel", "note")},
        "value": found.value,
        "value_lower": found.lower,
        "value_upper": found.upper,
        "unit": found.unit,
        "samples": found.samples,
        "acquisitions": found.acquisitions,
        "objects": found.objects,
        "answer": found.answer,
        "expected_answer": _expected_answer(claim, products),
        "expected": expected.get("value", np.nan),
        "expected_lower": ends[0],
        "expected_upper": ends[1],
        "outcome": OUTCOMES.index(outcome),
        "why": why,
    }


def _expected_answer(claim: Mapping[str, Any], products: Sequence[xr.Dataset]) -> str:
    """Answer that a comparison must give, with the margin that it is asked within."""
    answer = str(claim.get("expected", {}).get("answer", "")).replace("_", " ")
    if not answer or not products or "margin" not in products[0].attrs:
        return answer
    margin, unit = products[0].attrs["margin"], products[0]["effect"].attrs["units"]
    factor = products[0].attrs["scale"] == "ratio"
    return f"{answer} within {'a factor of ' if factor else '± '}{margin:g}" + (
        "" if unit == "1" else f" {unit}"
    )


def _measured(measure: Mapping[str, Any], products: Sequence[xr.Dataset]) -> Found:
    """The number of a comparison, or of the samples of the products selected."""
    if "comparison" in measure:
        return _compared(measure, products[0])
    seen = [
        observations.read(
            one,
            0,
            variable=measure["variable"],
            where=measure["where"],
            usable=_USABLE,
            objects=measure["objects"],
            sure=measure.get("sure"),
        )
        for one in products
    ]
    used = [one for one in seen if not one.why_not]
    unit = str(products[0][measure["variable"]].attrs["units"])
    doubts = "; ".join(f"{one.acquisition}: {one.why_not}" for one in seen if one.why_not)
    if not used:
        return _NOTHING._replace(unit=unit, doubts=doubts)
    value, lower, upper, samples = _over_samples(used, intervals.bounds(measure["variable"]))
    objects = sum(one.objects for one in used)
    return Found(value, lower, upper, unit, samples, len(used), objects, "", doubts)


def _over_samples(
    used: Sequence[Observation], bounds: tuple[float, float]
) -> tuple[float, float, float, int]:
    """Mean of samples with its interval within bounds, and how many there are."""
    value = np.array([one.value for one in used])
    group = np.zeros(len(used), dtype=int)
    each = cells.means(value, [one.sample for one in used], group, 1).mean[:, 0]
    below = np.array([one.value - one.lower for one in used])
    above = np.array([one.upper - one.value for one in used])
    return (*effect.absolute(each, below, above, bounds), each.size)


def _compared(measure: Mapping[str, Any], comparison: xr.Dataset) -> Found:
    """An effect of a comparison, or the mean of one of its groups."""
    counts = ("samples", "acquisitions", "objects")
    doubts = str(comparison["verdict"].attrs["reasons"])
    if "group" in measure:
        one = comparison.isel(group=comparison["group"].values.tolist().index(measure["group"]))
        stem, answer, numbers = "group_mean", "", [int(one[name]) for name in counts]
    else:
        one = comparison.isel(contrast=measure["contrast"])
        stem, answer = "effect", product.answer(comparison, measure["contrast"])
        samples = set(product.used(comparison)["seen_sample"].values.tolist())
        numbers = [len(samples), *(int(comparison[name].sum()) for name in counts[1:])]
    ends = [float(one[f"{stem}{end}"]) for end in product.ENDS]
    unit = str(one[stem].attrs["units"])
    return Found(
        ends[0], ends[1], ends[2], unit, numbers[0], numbers[1], numbers[2], answer, doubts
    )


def _range(expected: Mapping[str, float]) -> tuple[float, float]:
    """What a number may be; NaN where the claim states none."""
    if "value" in expected:
        return (
            expected["value"] - expected["tolerance"],
            expected["value"] + expected["tolerance"],
        )
    if {"at_least", "at_most"} & set(expected):
        return expected.get("at_least", -np.inf), expected.get("at_most", np.inf)
    return np.nan, np.nan


def _judged(claim: Mapping[str, Any], found: Found, ends: tuple[float, float]) -> tuple[str, str]:
    """Outcome and the reason in words."""
    expected = claim.get("expected", {})
    if "measure" not in claim or not expected:
        return "not_testable", claim.get(
            "not_tested", "the paper states nothing to hold it against"
        )
    if not np.isfinite(found.value):
        return "not_testable", f"no number: {found.doubts}"
    if "answer" in expected:
        return _answered(found, expected["answer"])
    if not (np.isfinite(found.lower) and np.isfinite(found.upper)):
        return "not_testable", f"no interval: {found.doubts or 'one sample describes'}"
    if ends[0] <= found.lower and found.upper <= ends[1]:
        return "reproduced", "the interval lies within what is claimed"
    if found.upper < ends[0] or found.lower > ends[1]:
        return "contradicted", "the interval excludes what is claimed"
    return "compatible", "the interval overlaps what is claimed"


def _answered(found: Found, wanted: str) -> tuple[str, str]:
    """A comparison that answers otherwise contradicts only if it is sure of it."""
    said = found.answer.replace("_", " ")
    if found.answer == wanted:
        return "reproduced", f"the comparison answers {said}"
    if found.answer == "described":
        return "not_testable", f"no test: {found.doubts}"
    unsure = {"no_effect_seen", "not_shown_equivalent"}
    return ("compatible" if found.answer in unsure else "contradicted"), f"it answers {said}"
