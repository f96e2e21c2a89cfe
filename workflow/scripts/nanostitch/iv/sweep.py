"""What a sweep of the voltage is made of: usable points, legs, time and sweep rate."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Values = NDArray[np.float64]

REVERSAL = 0.05
"""Share of the voltage range by which a sweep must turn back for a new leg to begin; less is
noise of the meter."""
AT_LIMIT = 0.995
"""Share of the stated compliance from which a reading is the limit and no current of the film; the
meter regulates its limit to about 0.1 %."""
FLAT_POINTS = 5
"""Successive readings at the largest magnitude that are a limit which nobody stated."""
FLAT_SPREAD = 1e-4
"""Relative spread within which readings count as the same; a film whose voltage changes does not
repeat its current so closely."""


class Sweep(NamedTuple):
    """Usable points in the order recorded.

    ``voltage`` [V], ``current`` [A], ``leg`` (number of the piece between two turning points),
    ``time`` [s], None where neither a clock nor a rate is known, ``rate`` [V/s] of the leg of each
    point (signed; NaN without time), and ``limited``, how many points at the limit were left out.
    """

    voltage: Values
    current: Values
    leg: NDArray[np.int64]
    time: Values | None
    rate: Values
    limited: int

    @property
    def directions(self) -> NDArray[np.int64]:
        """Direction of the leg of each point: 1 where its voltage rises, -1 where it falls."""
        signs = np.array([_sign(self.voltage[self.leg == leg]) for leg in range(self.legs)])
        return np.asarray(signs[self.leg], np.int64)

    @property
    def both_ways(self) -> bool:
        """Whether the voltage both rises and falls."""
        return np.unique(self.directions).size > 1

    @property
    def legs(self) -> int:
        """How many legs there are."""
        return int(self.leg.max(initial=-1)) + 1


def read(raw: xr.Dataset) -> Sweep:
    """Usable points of a raw sweep.

    Parameters
    ----------
    raw
        ``voltage`` [V], ``current`` [A] and, where known, ``time`` [s] (point); attributes
        ``sweep_rate_v_per_s`` and ``compliance_a`` where the file states them.
    """
    voltage, current = (raw[name].values.astype("f8") for name in ("voltage", "current"))
    time = _clock(raw, voltage)
    known = np.isfinite(voltage) & np.isfinite(current)
    known &= True if time is None else np.isfinite(time)
    limit = known & _at_limit(current, raw.attrs)
    used = known & ~limit
    leg = _renumbered(legs(voltage[known])[used[known]]) if used.any() else np.zeros(0, np.int64)
    time = None if time is None else time[used]
    return Sweep(
        voltage[used],
        current[used],
        leg,
        time,
        _rates(voltage[used], time, leg),
        int(limit.sum()),
    )


def legs(voltage: Values) -> NDArray[np.int64]:
    """Number of the leg of each point; a turning point is the last of its leg.

    Parameters
    ----------
    voltage
        Finite voltages [V] in the order recorded.
    """
    enough = REVERSAL * float(np.ptp(voltage))
    turns: list[int] = []
    lowest = highest = 0
    direction = 0
    for at, value in enumerate(voltage):
        lowest = at if value <= voltage[lowest] else lowest
        highest = at if value >= voltage[highest] else highest
        if direction <= 0 and value - voltage[lowest] > enough:
            turns += [lowest] if direction else []
            direction, highest = 1, at
        elif direction >= 0 and voltage[highest] - value > enough:
            turns += [highest] if direction else []
            direction, lowest = -1, at
    return np.asarray(np.searchsorted(turns, np.arange(voltage.size)), np.int64)


def _renumbered(leg: NDArray[np.int64]) -> NDArray[np.int64]:
    """Legs numbered from 0 without gaps, where whole legs lay at the limit."""
    return np.asarray(np.unique(leg, return_inverse=True)[1], np.int64)


def _clock(raw: xr.Dataset, voltage: Values) -> Values | None:
    """Time of each point [s] by its clock, else by the stated sweep rate; None without both."""
    if "time" in raw:
        time: Values = raw["time"].values.astype("f8")
        if np.isfinite(time).any() and (np.diff(time[np.isfinite(time)]) > 0).all():
            return np.asarray(time - time[np.isfinite(time)][0])
    rate = float(raw.attrs.get("sweep_rate_v_per_s", np.nan))
    if not rate > 0:
        return None
    return np.concatenate([[0.0], np.cumsum(np.abs(np.diff(voltage)))]) / rate


def _at_limit(current: Values, attrs: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Points at which the meter limited the current."""
    size = np.abs(current)
    limit = float(attrs.get("compliance_a", np.nan))
    if np.isfinite(limit) and limit > 0:
        return np.asarray(size >= AT_LIMIT * limit, bool)
    largest = float(np.nanmax(size, initial=0.0))
    flat = np.asarray((size >= (1 - FLAT_SPREAD) * largest) & (size > 0), bool)
    return flat if flat.sum() >= FLAT_POINTS else np.zeros(current.size, bool)


def _rates(voltage: Values, time: Values | None, leg: NDArray[np.int64]) -> Values:
    """Sweep rate of the leg of each point [V/s], the median between points; NaN without time."""
    rate = np.full(voltage.size, np.nan)
    for number in np.unique(leg) if time is not None else []:
        inside = leg == number
        assert time is not None
        step = np.diff(time[inside])
        slopes = np.diff(voltage[inside])[step > 0] / step[step > 0]
        rate[inside] = np.median(slopes) if slopes.size else np.nan
    return rate


def _sign(voltage: Values) -> int:
    return 1 if voltage[-1] >= voltage[0] else -1
