"""The film's numbers from the circuit that a spectrum supports."""

import numpy as np
from numpy.typing import NDArray

from nanostitch.eis import bounds, drift, elements, ranking
from nanostitch.eis.bounds import Bounded
from nanostitch.eis.ranking import Arc
from nanostitch.iv.intervals import Interval
from nanostitch.quality import Level

Values = NDArray[np.float64]

UNITS = {
    "series_resistance": "ohm",
    "film_resistance": "ohm",
    "cpe_coefficient": "S",
    "cpe_exponent": "1",
    "capacitance": "F",
    "peak_frequency": "Hz",
    "direct_current_resistance": "ohm",
    "drift_fraction": "1",
}
"""Names of the numbers and their units."""
NONE: dict[str, Interval] = dict.fromkeys(UNITS, (np.nan, np.nan, np.nan))
"""The numbers of a spectrum that has none."""


def measure(best: Bounded, time: Values | None) -> tuple[dict[str, Interval], dict[str, Level]]:
    """Numbers of the arc of the largest resistance, and what limits their use.

    Parameters
    ----------
    best
        Chosen circuit with the bounds of its parameters.
    time
        Time at the end of the measurement at each frequency [s], where known.

    Returns
    -------
    tuple
        Value, lower and upper bound (95 %) by name, see :data:`UNITS`; reasons.
    """
    numbers = dict(NONE)
    found, data = best.found, best.data
    arc = ranking.film_arc(found)
    circuit = found.circuit
    if arc is None or not np.isfinite(elements.direct_current(circuit, found.values)):
        text = "no resistance to a direct current within the frequencies measured"
        return numbers, {f"{circuit.text}: {text}; measure at lower ones": "doubtful"}
    at = circuit.index(arc.resistance, "resistance")
    _, least, most = best.intervals[at]
    if not np.isfinite(most):
        text = f"no resistance to a direct current is seen, it is above {least:.2g} ohm"
        return numbers, {f"{circuit.text}: {text}; measure at lower frequencies": "doubtful"}
    numbers["film_resistance"] = best.intervals[at]
    numbers["series_resistance"] = _series(best, at)
    numbers["direct_current_resistance"] = bounds.derived(
        found, data, lambda values: elements.direct_current(circuit, values)
    )
    numbers |= _capacitance(best, arc)
    if time is not None:
        numbers["drift_fraction"] = drift.fraction(found, data, time, arc.resistance)
    return numbers, _limits(numbers, float(data.frequency[0]))


def _limits(numbers: dict[str, Interval], lowest: float) -> dict[str, Level]:
    """Arcs that the spectrum hardly shows."""
    reasons: dict[str, Level] = {}
    if numbers["film_resistance"][1] < _LEAST * numbers["film_resistance"][0]:
        most = numbers["film_resistance"][2]
        reasons[f"no arc beyond noise: a film has less than {most:.2g} ohm here"] = "doubtful"
    peak = numbers["peak_frequency"][0]
    if peak < lowest:
        text = f"the arc peaks at {peak:.2g} Hz, below the lowest frequency of {lowest:.2g} Hz"
        reasons[f"{text}: its resistance is extrapolated"] = "doubtful"
    return reasons


_LEAST = 1e-3
"""Lower bound of a resistance over its value below which the spectrum does without it."""


def _series(best: Bounded, film: int) -> Interval:
    """What is in series with the film: a lone resistance by its profile, several together."""
    circuit = best.found.circuit
    others = [
        at
        for at, (name, kind) in enumerate(circuit.parameters)
        if kind == "resistance" and at != film
    ]
    if len(others) == 1 and circuit.parameters[others[0]][0].startswith("R"):
        return best.intervals[others[0]]
    return bounds.derived(
        best.found,
        best.data,
        lambda values: elements.direct_current(circuit, values) - float(values[film]),
    )


def _capacitance(best: Bounded, arc: Arc) -> dict[str, Interval]:
    """Capacitance by the peak of the arc (Hsu & Mansfeld, Corrosion 57 (2001) 747)."""
    circuit = best.found.circuit
    r = circuit.index(arc.resistance, "resistance")
    if not arc.is_cpe:
        c = circuit.index(arc.capacitance, "capacitance")
        peak = bounds.derived(best.found, best.data, lambda v: 1 / (2 * np.pi * v[r] * v[c]))
        return {"capacitance": best.intervals[c], "peak_frequency": peak}
    q = circuit.index(arc.capacitance, "coefficient")

    def time(values: Values) -> float:
        return float((values[r] * values[q]) ** (1 / values[q + 1]))

    capacitance = bounds.derived(best.found, best.data, lambda v: time(v) / float(v[r]))
    peak = bounds.derived(best.found, best.data, lambda v: 1 / (2 * np.pi * time(v)))
    return {
        "cpe_coefficient": best.intervals[q],
        "cpe_exponent": best.intervals[q + 1],
        "capacitance": capacitance,
        "peak_frequency": peak,
    }
