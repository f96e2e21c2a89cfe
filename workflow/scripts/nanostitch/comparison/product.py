"""The product of a comparison: effects, groups, and every observation behind them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.comparison import cells, effect
from nanostitch.comparison.effect import Effect
from nanostitch.comparison.observations import Group, Observation

Values = NDArray[np.float64]
Question = Literal["difference", "ratio", "trend", "equivalence"]

ANSWERS = (
    "described",
    "lower",
    "higher",
    "no_effect_seen",
    "equivalent",
    "not_shown_equivalent",
    "beyond_margin",
)
ENDS = ("", "_lower", "_upper")
"""How the names of a number and of the ends of its interval end."""
_SIGNIFICANCE = 0.05
_UNLIKE = 2.0
"""Factor between the standard errors of two methods above which they do not agree: with three
samples a standard error is known to within a factor of two."""
_LEAST = 1e-300


class Asked(NamedTuple):
    """The question, whether of logarithms, its margin, and unit and bounds of the measure."""

    question: Question
    in_ratio: bool
    margin: float | None
    unit: str
    bounds: tuple[float, float] = (-np.inf, np.inf)


class Contrast(NamedTuple):
    """One effect by sample means, by a mixed model (effect, error) and by bootstrap (error)."""

    label: str
    found: Effect
    mixed: tuple[float, float]
    bootstrap: float
    hedges_g: float
    cliff_delta: float


def effects(contrasts: Sequence[Contrast], means: cells.Cells, asked: Asked) -> xr.Dataset:
    """Effects in the unit of the question; those of logarithms as ratios."""
    unit = "1" if asked.in_ratio and asked.question != "trend" else asked.unit
    samples = max(round(float(np.isfinite(means.mean).sum(axis=0).mean())), 1)
    rows = [_numbers(one, samples, asked) for one in contrasts]
    in_unit = ("effect", "mixed_effect", "bootstrap_effect", "smallest_effect")
    found = xr.Dataset(
        coords={"contrast": ("contrast", [one.label for one in contrasts], {"units": "1"})}
    )
    for name in rows[0]:
        column = np.array([row[name] for row in rows])
        found[name] = ("contrast", column, {"units": unit if _of(name, in_unit) else "1"})
    answers = np.array([ANSWERS.index(_answer(one.found, asked)) for one in contrasts], dtype="i1")
    meanings, values = " ".join(ANSWERS), np.arange(len(ANSWERS), dtype="i1")
    attrs = {"units": "1", "flag_meanings": meanings, "flag_values": values}
    return found.assign(answer=("contrast", answers, attrs))


def _numbers(one: Contrast, samples: int, asked: Asked) -> dict[str, float]:
    """Every number of one effect; logarithms as ratios."""
    margin = asked.margin or 0.0
    wanted = float(np.log(margin)) if asked.in_ratio and margin else margin
    modelled = Effect(one.mixed[0], one.mixed[1], one.found.freedom)
    drawn = Effect(one.found.value, one.bootstrap, one.found.freedom)
    found = {"smallest_effect": one.found.smallest()}
    for name, this in (("", one.found), ("mixed_", modelled), ("bootstrap_", drawn)):
        ends = (this.value, *this.interval())
        found |= {f"{name}effect{end}": n for end, n in zip(ENDS, ends, strict=True)}
    if asked.in_ratio:
        found = {name: float(np.exp(number)) for name, number in found.items()}
    elif asked.question != "trend":
        # No two shares differ by more than the whole.
        most = asked.bounds[1] - asked.bounds[0]
        bounds = [name for name in found if name.endswith(("_lower", "_upper"))]
        found |= {name: float(np.clip(found[name], -most, most)) for name in bounds}
    return found | {
        "p_value": one.found.p_value(),
        "degrees_of_freedom": one.found.freedom,
        "hedges_g": one.hedges_g,
        "cliff_delta": one.cliff_delta,
        "samples_needed": effect.samples_needed(one.found, samples, wanted or abs(one.found.value)),
    }


def _of(name: str, stems: Sequence[str]) -> bool:
    return any(name == stem or name.startswith(f"{stem}_") for stem in stems)


def _answer(found: Effect, asked: Asked) -> str:
    """One word; that a margin holds is shown by both one-sided tests (Schuirmann 1987)."""
    if not found.error >= 0:
        return "described"
    if asked.question == "equivalence":
        assert asked.margin is not None
        most = float(np.log(asked.margin)) if asked.in_ratio else asked.margin
        low, high = found.interval(1 - 2 * _SIGNIFICANCE)
        if -most < low and high < most:
            return "equivalent"
        low, high = found.interval()
        return "beyond_margin" if low > most or high < -most else "not_shown_equivalent"
    low, high = found.interval()
    return "higher" if low > 0 else "lower" if high < 0 else "no_effect_seen"


def in_groups(
    used: Sequence[Observation], means: cells.Cells, groups: Sequence[Group], asked: Asked
) -> xr.Dataset:
    """Each group by itself: mean of its samples with interval, and how many stand behind it."""
    columns: dict[str, list[float]] = {name: [] for name in _GROUP}
    for number in range(len(groups)):
        own = [one for one in used if one.group == number]
        each = means.mean[np.isfinite(means.mean[:, number]), number]
        bounds = (-np.inf, np.inf) if asked.in_ratio else asked.bounds
        ends = effect.absolute(each, *_own(own, asked.in_ratio), bounds)
        shown = (
            [min(float(np.exp(end)), asked.bounds[1]) for end in ends] if asked.in_ratio else ends
        )
        row = (*shown, each.size, len(own), sum(one.objects for one in own))
        for name, cell in zip(_GROUP, row, strict=True):
            columns[name].append(float(cell))
    found = xr.Dataset(
        coords={"group": ("group", [group.label for group in groups], {"units": "1"})}
    )
    for name, column in columns.items():
        kind, unit = ("f8", asked.unit) if name.startswith("group_mean") else ("i4", "1")
        found[name] = ("group", np.array(column).astype(kind), {"units": unit})
    found["group_at"] = (
        "group",
        np.array([group.at for group in groups], dtype=float),
        {"units": "1"},
    )
    return found


def _own(used: Sequence[Observation], in_ratio: bool) -> tuple[Values, Values]:
    """Reach of the interval of each observation to either side, of logarithms in a ratio."""
    ends = np.array([(one.value, one.lower, one.upper) for one in used]).reshape(-1, 3)
    if in_ratio:
        ends = np.log(np.where(ends > 0, ends, np.nan))
    return ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]


_GROUP = (
    "group_mean",
    "group_mean_lower",
    "group_mean_upper",
    "samples",
    "acquisitions",
    "objects",
)


def listed(seen: Sequence[Observation], unit: str) -> xr.Dataset:
    """Every product that was looked at, used or not."""
    found, numbers = xr.Dataset(), ("value", "lower", "upper")
    kinds = {"group": "i4", "objects": "i4", "verdict": "i1", **dict.fromkeys(numbers, "f8")}
    for name in Observation._fields:
        column = np.array([getattr(one, name) for one in seen]).astype(kinds.get(name, "U"))
        attrs = {"units": unit if name in numbers else "1"}
        found[f"seen_{name}"] = ("seen", column, attrs)
    return found


def used(comparison: xr.Dataset) -> xr.Dataset:
    """A comparison with those of its observations, dims (seen,), that it stands on."""
    return comparison.isel(seen=np.flatnonzero(comparison["seen_why_not"].values == ""))


def answer(comparison: xr.Dataset, contrast: int = 0) -> str:
    """One of :data:`ANSWERS`: that of a contrast, by its number."""
    meanings = str(comparison["answer"].attrs["flag_meanings"]).split()
    return meanings[int(comparison["answer"][contrast])]


def verdict(
    contrasts: Sequence[Contrast],
    seen: Sequence[Observation],
    used: Sequence[Observation],
    groups: Sequence[Group],
) -> xr.DataArray:
    """What is wrong with a comparison, in words."""
    reasons: dict[str, quality.Level] = {}
    present = {one.group for one in used}
    for number, group in enumerate(groups):
        if number not in present:
            reasons[f"nothing to use in the group {group.label}"] = "bad"
    if len(used) < len(seen):
        left = ", ".join(one.acquisition for one in seen if one.why_not)
        reasons[f"left out: {left}"] = "doubtful"
    for one in contrasts:
        reasons |= _doubts(one)
    return quality.verdict(reasons).assign_attrs(units="1")


def _doubts(one: Contrast) -> dict[str, quality.Level]:
    """Whether an effect is tested at all, and whether three ways to its uncertainty agree."""
    if np.isfinite(one.found.value) and not np.isfinite(one.found.error):
        return {f"{one.label}: one sample in a group describes, it does not test": "doubtful"}
    others = {"the mixed model": one.mixed[1], "the bootstrap": one.bootstrap}
    return {
        f"{one.label}: {name} gives another uncertainty": "doubtful"
        for name, error in others.items()
        if np.isfinite(error)
        and not 1 / _UNLIKE < (error + _LEAST) / (one.found.error + _LEAST) < _UNLIKE
    }
