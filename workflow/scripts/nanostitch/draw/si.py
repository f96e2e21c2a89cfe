"""SI prefixes and numbers on axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nanostitch.draw import lettering, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axis import Axis
    from numpy.typing import NDArray

PREFIXES = {
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "u",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
    12: "T",
}
"""Prefix by power of ten, as UDUNITS spells it."""
SIGNS = {"ohm": "Ω", "percent": "%", "degC": "°C", "degree": "°"}
"""Units that are printed as a sign."""
PREFIXED_UNITS = ("A", "V", "ohm", "S", "F", "H", "Hz", "W", "s")
"""Units that take a prefix; others are written with powers of ten."""
PLAIN = (1e-3, 1e5)
"""Numbers from here to below there are written in full on an axis."""
MOST_STEPS = 6
"""Steps between the ticks of an axis that has room for more."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Distances of ticks, times any power of ten."""
TICK_GAP_MM = 2.0
"""Least space between labels of ticks beside each other."""
_POWER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def prefixed(largest: float, units: str) -> tuple[float, str]:
    """Choose the prefix that leaves a magnitude between 1 and 1000.

    Parameters
    ----------
    largest
        Largest magnitude to be written, in ``units``.
    units
        One of :data:`PREFIXED_UNITS`; any other stays as it is.

    Returns
    -------
    tuple
        What to divide by, and the unit of the result.

    >>> prefixed(3.2e-8, "A"), prefixed(4.0e5, "ohm"), prefixed(0.01, "nm-2")
    ((1e-09, 'nA'), (1000.0, 'kohm'), (1.0, 'nm-2'))
    """
    if units not in PREFIXED_UNITS or not 0 < largest < math.inf:
        return 1.0, units
    power = 3 * math.floor(math.log10(largest) / 3)
    power = min(max(power, min(PREFIXES)), max(PREFIXES))
    return float(f"1e{power}"), f"{PREFIXES[power]}{units}"


def largest(*arrays: NDArray[np.float64]) -> float:
    """Largest finite magnitude in any of several arrays; 0 if there is none."""
    return max(
        (float(np.abs(a[np.isfinite(a)]).max()) for a in arrays if np.isfinite(a).any()),
        default=0.0,
    )


def spoken(units: str) -> str:
    """Write an UDUNITS unit as print does: signs for words, µ for u, raised exponents.

    >>> spoken("kohm"), spoken("uA"), spoken("nm eV-1"), spoken("percent"), spoken("degC")
    ('kΩ', 'µA', 'nm eV⁻¹', '%', '°C')
    >>> spoken("percentage points")
    'percentage points'
    """
    shown = re.sub(r"\bu(?=[A-Za-z])", "µ", units)
    for word, sign in SIGNS.items():
        shown = re.sub(rf"{word}(?![a-z])", sign, shown)
    return re.sub(r"-?\d+", lambda found: found.group().translate(_POWER), shown)


def axis_label(variable: xr.DataArray) -> str:
    """Long name and printed unit as the label of an axis, e.g. "−Im Z (kΩ)"."""
    return labelled(str(variable.attrs["long_name"]), str(variable.attrs["units"]))


def labelled(text: str, units: str) -> str:
    """Text followed by its unit, if it has any."""
    return text if units == "1" else f"{text} ({spoken(units)})"


def number(value: float) -> str:
    """Write a number of a tick short: in full, or as a power of ten far from 1.

    >>> number(0.25), number(-1500.0), number(200000.0), number(1e-9)
    ('0.25', '−1500', '2×10⁵', '10⁻⁹')
    """
    magnitude = abs(value)
    if magnitude == 0 or PLAIN[0] <= magnitude < PLAIN[1]:
        return f"{value:g}".replace("-", "−")
    mantissa, power = f"{magnitude:.3e}".split("e")
    digits = "" if float(mantissa) == 1 else f"{float(mantissa):g}×"
    return f"{'−' if value < 0 else ''}{digits}{ten_to(int(power))}"


def ten_to(power: int) -> str:
    """Write a power of ten.

    >>> ten_to(-7)
    '10⁻⁷'
    """
    return f"10{str(power).translate(_POWER)}"


def linear(axis: Axis, room_mm: float) -> None:
    """Tick a linear axis between its present ends, for good, see :func:`ticks`.

    The layout makes room for the labels that it finds; they must not change with the size that
    it gives to the axes afterwards.

    Parameters
    ----------
    axis
        Axis with its final ends.
    room_mm
        Its length, at least.
    """
    from matplotlib.axis import XAxis

    low, high = sorted(map(float, axis.get_view_interval()))
    found = ticks(low, high, room_mm, beside=isinstance(axis, XAxis))
    axis.set_ticks(found, labels=written(found))


def ticks(low: float, high: float, room_mm: float, beside: bool) -> list[float]:
    """Round numbers between two ends, few enough for their labels.

    ``beside`` says whether labels stand beside each other or below.
    """
    from matplotlib.ticker import MaxNLocator

    found: list[float] = []
    for number_of_steps in range(MOST_STEPS, 1, -1):
        values = MaxNLocator(nbins=number_of_steps, steps=STEPS).tick_values(low, high)
        found = [float(f"{value:.10g}") for value in values if low <= value <= high]
        widths = [lettering.line_mm(text) if beside else 0.0 for text in written(found)]
        each = max(widths, default=0.0) + (TICK_GAP_MM if beside else 2 * style.LINE_MM)
        if each * len(found) <= room_mm:
            break
    return found


def written(values: Sequence[float]) -> list[str]:
    """Write the ticks of one axis: with equal decimals, or as powers of ten far from 1.

    There is never a common factor: it would stand above the axis, where the legend is.

    >>> written([0.0, 0.25, 0.5]), written([0.0, 500000.0])
    (['0.00', '0.25', '0.50'], ['0', '5×10⁵'])
    """
    largest_magnitude = max(map(abs, values), default=0.0)
    if largest_magnitude and not PLAIN[0] <= largest_magnitude < PLAIN[1]:
        return [number(value) for value in values]
    decimals = max((len(f"{value:.10f}".rstrip("0").split(".")[1]) for value in values), default=0)
    return [f"{value:.{decimals}f}".replace("-", "−") for value in values]


def logarithmic(axis: Axis) -> None:
    """Tick a logarithmic axis at its decades.

    Where fewer than two decades show, 2 and 5 of each are labelled as well.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(map(float, axis.get_view_interval()))
    few = math.floor(math.log10(high)) - math.ceil(math.log10(low)) < 1
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
