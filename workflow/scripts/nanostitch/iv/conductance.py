"""Conductance of one film between electrodes from a sweep of the voltage."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.iv import electrodes, loop, ohmic, solar_cell, sweep
from nanostitch.iv.intervals import Interval, ratio, scaled
from nanostitch.iv.ohmic import Window
from nanostitch.iv.solar_cell import SolarCell
from nanostitch.iv.sweep import Sweep

Values = NDArray[np.float64]

_NOTHING: Interval = (np.nan, np.nan, np.nan)
_CM2 = 1e-4
_RESPONSE = {
    "conductance": "S",
    "offset_current": "A",
    "capacitance": "F",
    "slow_conductance": "S",
}
_CELL = {
    "short_circuit_current": "A",
    "open_circuit_voltage": "V",
    "fill_factor": "1",
    "power_voltage": "V",
    "power_current": "A",
}


class _Numbers(NamedTuple):
    """Numbers with bounds and without, each with its unit, and what is wrong."""

    intervals: dict[str, tuple[Interval, str]]
    plain: dict[str, tuple[float, str]]
    reasons: dict[str, quality.Level]


def measure(
    raw: xr.Dataset,
    compared_with: xr.Dataset | None,
    *,
    fewest_points: int,
    window_steps: int,
    narrowest_window: float,
    ohmic_significance: float,
    ohmic_tolerance: float,
    slowest_relaxation: float,
    widest_interval: float,
    largest_drift: float,
) -> xr.Dataset:
    """Measure the conductance, what bends and opens the curve, and the film behind it.

    Parameters
    ----------
    raw
        Keeps ``contracts.raw.RAW_IV``; told geometry and what the file states as attributes.
    compared_with
        ``conductance.nc`` of the acquisition that this one is compared with.
    fewest_points, window_steps, narrowest_window, ohmic_significance, ohmic_tolerance
        See the schema ``iv``.
    slowest_relaxation, widest_interval, largest_drift
        See the schema ``iv``.

    Returns
    -------
    xarray.Dataset
        Keeps ``contracts.iv.CONDUCTANCE``.
    """
    points = sweep.read(raw)
    cell = _cell(points)
    refusal = _refusal(points, cell, fewest_points, narrowest_window)
    if refusal:
        found = _refused(points, *refusal)
        windows = np.zeros((3, 0))
    else:
        window = ohmic.window(
            points,
            narrowest=narrowest_window,
            steps=window_steps,
            level=ohmic_significance,
            slowest=slowest_relaxation,
            tolerance=ohmic_tolerance,
        )
        found = _response(points, window)
        found.reasons.update(_doubts(points, window, found, widest_interval))
        found.reasons.update(_drifting(points, window, largest_drift))
        found.reasons.update(_backwards(found))
        windows = np.stack([window.limits, window.log_slope, window.p_value])
    _add_film(found, raw.attrs)
    _add_ratio(found, compared_with)
    _add_cell(found, cell, raw.attrs)
    return _product(found, windows)


def _cell(points: Sweep) -> SolarCell | None:
    """Parameters of the first leg that is an illuminated diode's."""
    legs = (points.leg == number for number in range(points.legs))
    found = (solar_cell.parameters(points.voltage[one], points.current[one]) for one in legs)
    return next((one for one in found if one is not None), None)


def _refusal(
    points: Sweep, cell: SolarCell | None, fewest: int, narrowest: float
) -> tuple[str, quality.Level] | None:
    """Why the sweep has no conductance, and how much that weighs."""
    if cell is not None:
        return "an illuminated diode, whose current is no film's: no conductance", "doubtful"
    size = np.abs(points.voltage)
    inside = int((size <= narrowest * size.max(initial=0.0)).sum())
    if inside < fewest or np.ptp(points.voltage) <= 0:
        share = f"{100 * narrowest:g} %"
        text = f"{inside} points in the inner {share} of the voltages, {fewest} are needed"
        left = f" ({points.limited} at the limit of the current left out)" if points.limited else ""
        return text + left, "bad"
    if not points.current.any():
        return "every current is 0: was the film connected?", "bad"
    return None


def _refused(points: Sweep, reason: str, level: quality.Level) -> _Numbers:
    intervals = dict.fromkeys(_RESPONSE, _NOTHING)
    found = _Numbers({name: (intervals[name], _RESPONSE[name]) for name in _RESPONSE}, {}, {})
    found.reasons[reason] = level
    for name, unit in (("charging_current", "A"), ("hysteresis_current", "A")):
        found.intervals[name] = _NOTHING, unit
    found.intervals["hysteresis_index"] = _NOTHING, "1"
    for name, unit in (("relaxation_time", "s"), ("ohmic_limit", "V"), ("noise_current", "A")):
        found.plain[name] = np.nan, unit
    found.plain["sweep_rate"] = _rate(points), "V s-1"
    return found


def _response(points: Sweep, window: Window) -> _Numbers:
    """What the response in the ohmic window and the loop give."""
    fit, rate = window.fit, _rate(points)
    found = _Numbers({name: (fit.estimate(name), unit) for name, unit in _RESPONSE.items()}, {}, {})
    if not points.both_ways or points.time is None:
        for name in ("capacitance", "slow_conductance"):
            found.intervals[name] = _NOTHING, _RESPONSE[name]
    found.intervals["charging_current"] = scaled(found.intervals["capacitance"][0], rate), "A"
    offset, drift = fit.estimate("offset_current")[0], fit.estimate("drift")
    both = loop.measure(points, offset, drift, fit.noise, fit.stretch)
    found.intervals["hysteresis_current"] = both.current, "A"
    found.intervals["hysteresis_index"] = both.share, "1"
    found.plain["relaxation_time"] = fit.relaxation_time, "s"
    found.plain["ohmic_limit"] = float(window.limits[window.chosen]), "V"
    found.plain["noise_current"] = fit.noise, "A"
    found.plain["sweep_rate"] = rate, "V s-1"
    return found


def _rate(points: Sweep) -> float:
    return float(np.median(np.abs(points.rate))) if points.rate.size else np.nan


def _doubts(
    points: Sweep, window: Window, found: _Numbers, widest: float
) -> dict[str, quality.Level]:
    """What limits the use of the numbers."""
    reasons: dict[str, quality.Level] = {}
    if points.limited:
        reasons[f"{points.limited} points at the limit of the current left out"] = "doubtful"
    if not window.ohmic:
        slope = window.log_slope[window.chosen]
        text = f"no ohmic window: log I against log V has slope {slope:.2f} even in the narrowest"
        reasons[f"{text}; the conductance is the slope at 0 V"] = "doubtful"
    if not points.both_ways:
        reasons["one direction: charging, drift and slow carriers are in the slope"] = "doubtful"
    elif points.time is None:
        reasons["no time and no sweep rate: slow carriers are in the slope"] = "doubtful"
    value, low, high = found.intervals["conductance"][0]
    if low <= 0 <= high:
        reasons[f"no conductance beyond noise: below {high:.2g} S"] = "doubtful"
    elif (high - low) / 2 > widest * abs(value):
        reasons[f"conductance known to ±{50 * (high - low) / value:.0f} % only"] = "doubtful"
    return reasons


def _drifting(points: Sweep, window: Window, largest: float) -> dict[str, quality.Level]:
    """Whether the offset drifted by too much of the film's current to be the meter's."""
    _, low, high = window.fit.estimate("drift")
    if points.time is None or not low * high > 0:
        return {}
    change = min(abs(low), abs(high)) * float(np.ptp(points.time))
    film = abs(window.fit.estimate("conductance")[0]) * float(np.abs(points.voltage).max())
    if change <= largest * film:
        return {}
    text = f"the current drifted by {change:.2g} A or more in the sweep, of {film:.2g} A at its end"
    return {f"{text}: did a contact fail, or the film change?": "doubtful"}


def _backwards(found: _Numbers) -> dict[str, quality.Level]:
    """Refuse a conductance that is negative beyond noise, which no film has."""
    value, _, high = found.intervals["conductance"][0]
    if not high < 0:
        return {}
    found.intervals["conductance"] = _NOTHING, "S"
    return {f"the current falls with the voltage ({value:.2g} S): is its sign turned?": "bad"}


def _add_film(found: _Numbers, attrs: Mapping[str, object]) -> None:
    """Sheet conductance and resistivity, where the electrodes are told."""
    told, lacking = electrodes.told(attrs)
    conductance = found.intervals["conductance"][0]
    if told is None:
        if len(lacking) < len(electrodes.COLUMNS):
            text = f"no sheet conductance: {', '.join(lacking)} not told in acquisitions.tsv"
            found.reasons[text] = "doubtful"
        return
    thickness = electrodes.thickness(attrs)
    constant = electrodes.cell_constant(told, thickness)
    sheet = scaled(conductance, 1 / constant)
    found.plain["cell_constant"] = constant, "1"
    found.intervals["sheet_conductance"] = sheet, "S"
    if np.isfinite(thickness):
        low = ratio((1.0, 1.0, 1.0), sheet)
        found.intervals["resistivity"] = scaled(low, thickness), "ohm m"


def _add_ratio(found: _Numbers, other: xr.Dataset | None) -> None:
    """Conductance over that of the acquisition compared with."""
    if other is None:
        return
    before = tuple(float(other[f"conductance{end}"]) for end in ("", "_lower", "_upper"))
    found.intervals["conductance_ratio"] = (
        ratio(found.intervals["conductance"][0], (before[0], before[1], before[2])),
        "1",
    )


def _add_cell(found: _Numbers, cell: SolarCell | None, attrs: Mapping[str, object]) -> None:
    """Parameters of a solar cell, per area and as an efficiency where the file states both."""
    if cell is None:
        return
    found.plain.update({name: (getattr(cell, name), unit) for name, unit in _CELL.items()})
    area = float(str(attrs.get("active_area_cm2", np.nan)))
    light = float(str(attrs.get("irradiance_w_per_m2", np.nan)))
    if area > 0:
        density = cell.short_circuit_current / area * 1e3
        found.plain["short_circuit_current_density"] = density, "mA cm-2"
    if area > 0 and light > 0:
        power = abs(cell.power_voltage * cell.power_current)
        found.plain["power_conversion_efficiency"] = power / (light * area * _CM2), "1"


def _product(found: _Numbers, windows: Values) -> xr.Dataset:
    """Dataset of the contract; bounds stand beside their value."""
    product = xr.Dataset({name: _scalar(*pair) for name, pair in found.plain.items()})
    for name, (interval, unit) in found.intervals.items():
        for end, value in zip(("", "_lower", "_upper"), interval, strict=True):
            product[f"{name}{end}"] = _scalar(value, unit)
    product = product.assign_coords(window=("window", windows[0], {"units": "V"}))
    product["log_slope"] = ("window", windows[1], {"units": "1"})
    product["ohmic_p"] = ("window", windows[2], {"units": "1"})
    product["verdict"] = quality.verdict(found.reasons).assign_attrs(units="1")
    return product


def _scalar(value: float, unit: str) -> xr.DataArray:
    return xr.DataArray(float(value), attrs={"units": unit})
