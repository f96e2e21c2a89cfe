"""First step of a recovery panel: rows of one measure, placed and counted."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.draw import coverage, si, style
from nanostitch.errors import ContractError

Values = NDArray[np.float64]

GOOD, DOUBTFUL, BAD = range(3)
_VERDICT = {
    "long_name": "What a comparison may do with the row",
    "flag_values": np.arange(3, dtype="i1"),
    "flag_meanings": "good doubtful bad",
}
DECADES_FROM = 30.0
"""Ratio of the largest to the smallest truth from which axes are logarithmic."""
STRIP_BELOW = 0.05
"""Range of the truths over that of all values below which rows stand beside each other: on an
axis of true values they would stand on top of each other."""
TIE_SHARE = 0.06
"""Width over which rows of equal truth are spread, over the range of all truths."""
TIE_GAP = 0.8
"""The same over the smallest distance of two truths, so that no row passes another truth."""
MARGIN = 0.06
"""Free space around the data, over their range."""
WIDEST = 2.0
"""How far beyond the values an interval may stretch the axes, in ranges of the values."""


def panel(rows: xr.Dataset, order: Sequence[str], explained: Collection[int]) -> xr.Dataset:
    """Reduce the rows of one measure to what its panel plots.

    Values take an SI prefix where their unit does. If truths span more than a decade and a half,
    axes are logarithmic and the bias is relative. Rows of equal truth are spread a little to the
    sides; if all truths are alike, rows stand beside each other instead (attribute ``strip``).

    Parameters
    ----------
    rows
        Rows of the score, all of one measure.
    order
        Ids of all conditions; the position fixes a colour.
    explained
        Positions of conditions whose colour an earlier panel explains.

    Returns
    -------
    xarray.Dataset
        ``position``, ``true``, ``recovered``, ``lower``, ``upper``, ``verdict``,
        ``estimator_number``, ``condition_rank`` (row) of rows that have a value and a truth;
        ``held``, ``intervals``, ``groups``, ``share`` with bounds [percent], ``bias`` with
        ``bias_error``, ``without_interval``, ``refused``, ``doubtful``, ``bad``, ``cut``
        (estimator), where bad rows count for no other number; ``limits`` (limit) of the axes;
        ``key_rank``, ``key_label`` (key).

    Raises
    ------
    ContractError
        If the rows have several units.
    """
    measure = str(rows["measure"].values[0])
    units = list(dict.fromkeys(map(str, rows["unit"].values)))
    if len(units) > 1:
        raise ContractError(f"score: {measure}: found units {units}; a measure must have one")
    table = _Rows.of(rows, order)
    divisor, unit = si.prefixed(si.largest(table.true, table.recovered), units[0])
    table = table.divided(divisor)
    shown = table.at(table.has_value)
    place = _Place.of(shown)
    columns = {
        "position": (place.position, "True value, ties spread" if not place.strip else "Row"),
        "true": (shown.true, "True value"),
        "recovered": (shown.recovered, "Recovered value"),
        "lower": (shown.lower, "Lower 95 % bound"),
        "upper": (shown.upper, "Upper 95 % bound"),
    }
    data = xr.Dataset(
        {name: ("row", v, style.described(text, unit)) for name, (v, text) in columns.items()}
    )
    data["verdict"] = ("row", shown.verdict.astype("i1"), _VERDICT)
    for name, values in (("estimator_number", shown.estimator), ("condition_rank", shown.rank)):
        data[name] = ("row", values, style.described(name.replace("_", " ").capitalize(), "1"))
    data["limits"] = ("limit", np.array(place.limits), style.described("Ends of the axes", unit))
    data = data.assign(_keys(rows, order, explained, shown.rank))
    data = data.assign(_statistics(rows, table, place, unit))
    return data.assign_attrs(measure=measure, scale=place.scale, strip=int(place.strip))


@dataclass(frozen=True)
class _Rows:
    """Columns of the score of one measure."""

    true: Values
    recovered: Values
    lower: Values
    upper: Values
    verdict: NDArray[np.int_]
    estimator: NDArray[np.int_]
    rank: NDArray[np.int_]
    group: NDArray[np.int_]

    @classmethod
    def of(cls, rows: xr.Dataset, order: Sequence[str]) -> _Rows:
        return cls(
            true=rows["true"].values.astype("f8"),
            recovered=rows["recovered"].values.astype("f8"),
            lower=rows["lower"].values.astype("f8"),
            upper=rows["upper"].values.astype("f8"),
            verdict=rows["verdict"].values.astype("i8"),
            estimator=_numbered(rows["estimator"], _estimators(rows)),
            rank=_numbered(rows["condition"], order),
            group=np.unique(rows["acquisition"].values, return_inverse=True)[1],
        )

    def at(self, where: NDArray[np.bool_]) -> _Rows:
        """Those rows alone."""
        return _Rows(**{name: values[where] for name, values in vars(self).items()})

    def divided(self, divisor: float) -> _Rows:
        """The same in a larger or smaller unit."""
        scaled = ("true", "recovered", "lower", "upper")
        return _Rows(**{n: v / divisor if n in scaled else v for n, v in vars(self).items()})

    @property
    def has_value(self) -> NDArray[np.bool_]:
        return np.isfinite(self.true) & np.isfinite(self.recovered)

    @property
    def has_interval(self) -> NDArray[np.bool_]:
        return np.isfinite(self.lower) & np.isfinite(self.upper)


@dataclass(frozen=True)
class _Place:
    """Where rows stand and what the axes span."""

    scale: str
    strip: bool
    position: Values
    limits: tuple[float, float]

    @classmethod
    def of(cls, shown: _Rows) -> _Place:
        usable = shown.at(shown.verdict != BAD)
        values = np.concatenate([shown.true, usable.recovered])
        if not values.size:
            return cls("linear", False, shown.true, (0.0, 1.0))
        positive = bool((values > 0).all())
        logarithmic = positive and shown.true.max() >= DECADES_FROM * shown.true.min()
        strip = float(np.ptp(shown.true)) <= STRIP_BELOW * float(np.ptp(values))
        scale = "log" if logarithmic and not strip else "linear"
        limits = _limits(usable, values, scale)
        beside = np.arange(1.0, shown.true.size + 1)
        return cls(scale, strip, beside if strip else _spread(shown.true, scale), limits)


def _estimators(rows: xr.Dataset) -> list[str]:
    return list(dict.fromkeys(map(str, rows["estimator"].values)))


def _numbered(names: xr.DataArray, order: Sequence[str]) -> NDArray[np.int_]:
    return np.array([order.index(str(name)) for name in names.values], dtype="i8")


def _limits(usable: _Rows, values: Values, scale: str) -> tuple[float, float]:
    """Ends of an axis that holds all values, and intervals unless they are far wider."""
    bounds = np.concatenate([usable.lower, usable.upper])
    if scale == "log":
        values, bounds = np.log10(values), np.log10(bounds[bounds > 0])
    bounds = bounds[np.isfinite(bounds)]
    width = np.median((usable.upper - usable.lower)[usable.has_interval]) if bounds.size else 0.0
    span = max(float(np.ptp(values)), float(width) if scale == "linear" else 0.0)
    span = span or 0.1 * abs(float(values[0])) or 1.0
    low = max(min([*bounds, values.min()]), values.min() - WIDEST * span)
    high = min(max([*bounds, values.max()]), values.max() + WIDEST * span)
    margin = MARGIN * ((high - low) or span)
    low, high = float(low - margin), float(high + margin)
    return (10.0**low, 10.0**high) if scale == "log" else (low, high)


def _spread(true: Values, scale: str) -> Values:
    """Truths, those that are equal spread to both sides in their order."""
    at = np.log10(true) if scale == "log" else true
    distinct, which, number = np.unique(at, return_inverse=True, return_counts=True)
    width = min(TIE_SHARE * np.ptp(distinct), TIE_GAP * np.diff(distinct).min())
    order = np.argsort(which, kind="stable")
    first = np.cumsum(number) - number
    turn = np.empty(at.size)
    turn[order] = np.arange(at.size) - first[which[order]]
    position: Values = at + width * ((turn + 0.5) / number[which] - 0.5)
    return 10.0**position if scale == "log" else position


def _keys(
    rows: xr.Dataset, order: Sequence[str], explained: Collection[int], shown: NDArray[np.int_]
) -> dict[str, tuple[str, NDArray[np.generic], dict[str, str]]]:
    label_of = dict(zip(rows["condition"].values, rows["condition_label"].values, strict=True))
    new = [rank for rank in np.unique(shown).tolist() if rank not in explained]
    labels = np.array([str(label_of[order[rank]]) for rank in new], "U")
    return {
        "key_rank": ("key", np.array(new, "i8"), style.described("Position of the condition", "1")),
        "key_label": ("key", labels, {"long_name": "Condition"}),
    }


def _statistics(
    rows: xr.Dataset, table: _Rows, place: _Place, unit: str
) -> dict[str, xr.DataArray]:
    names = _estimators(rows)
    found = [_numbers(table.at(table.estimator == n), place) for n in range(len(names))]
    units = {"bias": "percent" if place.scale == "log" else unit}
    units |= {"bias_error": units["bias"]}
    units |= dict.fromkeys(("share", "share_lower", "share_upper"), "percent")
    index = xr.DataArray(names, dims="estimator", attrs={"long_name": "Way of measuring"})
    return {
        "estimator": index,
        **{
            name: xr.DataArray(
                [numbers[name] for numbers in found],
                dims="estimator",
                attrs=style.described(name.replace("_", " ").capitalize(), units.get(name, "1")),
            )
            for name in found[0]
        },
    }


def _numbers(table: _Rows, place: _Place) -> dict[str, float]:
    valued = table.at(table.has_value)
    usable = valued.at(valued.verdict != BAD)
    judged = usable.at(usable.has_interval)
    held = (judged.lower <= judged.true) & (judged.true <= judged.upper)
    share = coverage.share_held(held, judged.group)
    error = usable.recovered - usable.true
    if place.scale == "log":
        error = 100 * error / usable.true
    low, high = place.limits
    inside = (valued.recovered >= low) & (valued.recovered <= high)
    inside &= ~(valued.lower < low) & ~(valued.upper > high)
    return {
        "held": share.held,
        "intervals": share.intervals,
        "groups": share.groups,
        "share": share.share,
        "share_lower": share.lower,
        "share_upper": share.upper,
        "bias": float(error.mean()) if error.size else math.nan,
        "bias_error": math.sqrt(coverage.mean_variance(error, usable.group)),
        "without_interval": int((~usable.has_interval).sum()),
        "refused": int((~np.isfinite(table.recovered)).sum()),
        "doubtful": int((usable.verdict == DOUBTFUL).sum()),
        "bad": int((valued.verdict == BAD).sum()),
        "cut": int((~inside).sum()),
    }
