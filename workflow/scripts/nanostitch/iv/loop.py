"""How far upward and downward sweep differ: current at 0 V, and area between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from nanostitch.intervals import NORMAL_95
from nanostitch.iv.sweep import Sweep

Values = NDArray[np.float64]
Interval = tuple[float, float, float]

NEAR_ZERO = 0.3
"""Share of the common voltage range, to each side, in which the difference at 0 V is fitted by a
parabola: wide enough for noise, narrower than a relaxation bends."""
PARTS = 10
"""Parts of the range in which the difference is summed before its magnitude is taken, so that noise
does not add up to an area."""
SMOOTHED = 5
"""Points of the running mean of currents whose magnitude is summed."""
CLEAR = 2.0
"""Standard deviations from which a part of the area has a sign of its own."""
_NOTHING = (np.nan, np.nan, np.nan)


class Loop(NamedTuple):
    """Both with bounds (95 %): current at 0 V [A] of up less down, and area over summed areas."""

    current: Interval
    share: Interval


def measure(sweep: Sweep, offset: float, drift: Interval, noise: float, stretch: float) -> Loop:
    """Difference of both directions on the voltages that they share.

    Parameters
    ----------
    sweep
        Usable points.
    offset
        Offset of the meter [A], which belongs to neither area.
    drift
        Its drift [A/s] with bounds, which opens no loop of the film.
    noise, stretch
        Standard deviation of a reading [A], and factor of the variance of a mean by
        autocorrelation.

    Returns
    -------
    Loop
        NaN where one direction lacks or both share too little.
    """
    grid = _shared(sweep)
    if grid.size < 2 * PARTS:
        return Loop(_NOTHING, _NOTHING)
    time = np.zeros(sweep.voltage.size) if sweep.time is None else sweep.time
    current = sweep.current - drift[0] * time
    (up, n_up), (down, n_down) = (_mean_leg(sweep, current, grid, way) for way in (1, -1))
    deviation = noise * np.sqrt(stretch * (1 / n_up + 1 / n_down))
    apart = np.abs(_mean_leg(sweep, time, grid, 1)[0] - _mean_leg(sweep, time, grid, -1)[0])
    unsure = np.nan_to_num((drift[2] - drift[1]) / 2) * apart
    return Loop(
        _at_zero(grid, up - down, deviation, float(np.interp(0.0, grid, unsure))),
        _index(grid, up - offset, down - offset, deviation, float(unsure.sum())),
    )


def _shared(sweep: Sweep) -> Values:
    """Voltages that every leg passes, as many as a leg has points; empty without two directions."""
    if not sweep.both_ways:
        return np.zeros(0)
    legs = [sweep.voltage[sweep.leg == number] for number in range(sweep.legs)]
    legs = [leg for leg in legs if leg.size >= 2 * PARTS]
    if len(legs) < 2:
        return np.zeros(0)
    low, high = max(leg.min() for leg in legs), min(leg.max() for leg in legs)
    number = int(np.median([((leg >= low) & (leg <= high)).sum() for leg in legs]))
    return np.linspace(low, high, number) if high > low else np.zeros(0)


def _mean_leg(sweep: Sweep, values: Values, grid: Values, direction: int) -> tuple[Values, int]:
    """Mean of a quantity over the legs of one direction on the grid, and how many there are."""
    legs = []
    for number in range(sweep.legs):
        inside = sweep.leg == number
        if inside.sum() >= 2 * PARTS and sweep.directions[inside][0] == direction:
            order = np.argsort(sweep.voltage[inside], kind="stable")
            pair = sweep.voltage[inside][order], values[inside][order]
            legs.append(np.interp(grid, *pair))
    return np.mean(legs, axis=0), len(legs)


def _at_zero(grid: Values, difference: Values, deviation: float, unsure: float) -> Interval:
    """Difference at 0 V by a parabola; NaN where the range does not hold 0 V."""
    inside = np.abs(grid) <= NEAR_ZERO * float(np.ptp(grid)) / 2
    if not grid[0] < 0 < grid[-1] or inside.sum() <= _PARABOLA:
        return _NOTHING
    columns = np.stack([np.ones(int(inside.sum())), grid[inside], grid[inside] ** 2], axis=1)
    value = float(np.linalg.lstsq(columns, difference[inside], rcond=None)[0][0])
    spread = deviation * float(np.sqrt(np.linalg.inv(columns.T @ columns)[0, 0]))
    half = np.hypot(float(t.ppf(norm.cdf(NORMAL_95), inside.sum() - _PARABOLA)) * spread, unsure)
    return value, value - float(half), value + float(half)


_PARABOLA = 3


def _index(grid: Values, up: Values, down: Values, deviation: float, unsure: float) -> Interval:
    """Area between both directions over the sum of their areas."""
    step = float(grid[1] - grid[0])
    weight = np.ones(grid.size)
    weight[[0, -1]] = 0.5  # trapezoids
    parts = np.array([p.sum() * step for p in np.array_split(weight * (up - down), PARTS)])
    sizes = np.array([part.size for part in np.array_split(up, PARTS)])
    clear = parts[np.abs(parts) > CLEAR * deviation * step * np.sqrt(sizes)]
    one_sign = clear.size == 0 or (np.sign(clear) == np.sign(clear[0])).all()
    area = float(abs(parts.sum()) if one_sign else np.abs(parts).sum())
    total = float(sum(weight @ np.abs(_smooth(leg)) for leg in (up, down)) * step)
    if total <= 0:
        return _NOTHING
    half = float(np.hypot(NORMAL_95 * deviation * np.sqrt(grid.size), unsure)) * step / total
    index = area / total
    return index, max(index - half, 0.0), min(index + half, 1.0)


def _smooth(current: Values) -> Values:
    inner = np.convolve(current, np.full(SMOOTHED, 1 / SMOOTHED), "valid")
    edge = SMOOTHED // 2
    return np.concatenate([current[:edge], inner, current[-edge:]])
