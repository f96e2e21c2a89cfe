"""What a recovery panel says in words."""

from __future__ import annotations

import math

import xarray as xr

from nanostitch.draw import si

GLYPHS = "●■▲◆▼"
"""The markers of :data:`nanostitch.draw.style.MARKERS`, as letters."""
IN_FULL = (1e-3, 1e2)
"""Standard errors from here to below there are written without a power of ten."""
ROUNDING = 1e-9
"""Standard error over value below which it is nothing but rounding of numbers."""
ACRONYMS = {"zlp": "ZLP", "fwhm": "FWHM", "pl": "PL", "sd": "SD"}
"""Parts of names that are spelt in capitals."""


def title(node: xr.Dataset) -> str:
    """Name of the measure with its unit."""
    name = spoken(str(node.attrs["measure"]))
    return si.labelled(name[:1].upper() + name[1:], str(node["true"].attrs["units"]))


def statements(node: xr.Dataset) -> list[str]:
    """One line of text for each way of measuring: coverage, bias and what is left out."""
    return [
        _statement(node.isel(estimator=number), number, str(name))
        for number, name in enumerate(node["estimator"].values)
    ]


def with_error(value: float, error: float, units: str = "1") -> str:
    """Write a value and its standard error to two digits of the error, with their unit.

    Numbers, signs and units are held together by no-break spaces.
    """
    unit = "" if units == "1" else f"\xa0{si.spoken(units)}".replace(" ", "\xa0")
    if not math.isfinite(error):
        return f"{si.number(float(f'{value:.3g}'))}{unit} (standard error not known)"
    if error <= ROUNDING * abs(value):
        return f"{si.number(float(f'{value:.3g}'))}\xa0±\xa00{unit}"
    power = 0
    if not IN_FULL[0] <= error < IN_FULL[1]:
        power = math.floor(math.log10(max(abs(value), error)))
    value, error = value / 10.0**power, error / 10.0**power
    decimals = max(0, 1 - math.floor(math.log10(error)))
    text = f"{value:.{decimals}f}\xa0±\xa0{error:.{decimals}f}".replace("-", "−")
    return f"({text})×{si.ten_to(power)}{unit}" if power else f"{text}{unit}"


def spoken(name: str) -> str:
    """Name of a variable as a person would say it."""
    return " ".join(ACRONYMS.get(part, part) for part in name.split("_"))


def _statement(one: xr.Dataset, number: int, estimator: str) -> str:
    parts = [_coverage(one), *([_bias(one)] if math.isfinite(float(one["bias"])) else [])]
    for name, text in (
        ("without_interval", "without interval"),
        ("refused", "refused"),
        ("doubtful", "doubtful (hollow)"),
        ("bad", "bad (×), not counted"),
        ("cut", "beyond the axes"),
    ):
        if count := int(one[name]):
            parts.append(f"{count}\xa0{text}")
    prefix = f"{GLYPHS[number % len(GLYPHS)]}\xa0{spoken(estimator)}: " if estimator else ""
    return prefix + "; ".join(parts)


def _coverage(one: xr.Dataset) -> str:
    held, intervals, groups = (int(one[name]) for name in ("held", "intervals", "groups"))
    if not intervals:
        return "no interval to judge"
    share, low, high = (f"{float(one[f'share{end}']):.0f}" for end in ("", "_lower", "_upper"))
    where = "" if groups == intervals else f" in {groups}\xa0acquisition{'s' * (groups != 1)}"
    return (
        f"{held} of {intervals} intervals{where} hold the truth ({share}\xa0%, "
        f"95\xa0%\xa0interval of that share {low}–{high}\xa0%)"
    )


def _bias(one: xr.Dataset) -> str:
    units = str(one["bias"].attrs["units"])
    word = "relative bias" if units == "percent" and one.attrs["scale"] == "log" else "bias"
    return f"{word} {with_error(float(one['bias']), float(one['bias_error']), units)}"
