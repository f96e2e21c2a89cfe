"""The ledger of claims as a table for a spreadsheet and as a page to read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import xarray as xr

TEMPLATES = Path(__file__).parents[2] / "report"
_DIGITS = 3
_SIGNS = {"1": "", "percent": " %", "degree": "°"}
"""Units that readers know by a sign."""


def table(found: xr.Dataset) -> pd.DataFrame:
    """One row for each claim; ``outcome`` as a word."""
    outcomes = str(found["outcome"].attrs["flag_meanings"]).split()
    names = [str(name) for name in found.variables if found[name].dims == ("claim",)]
    rows = pd.DataFrame({name: found[name].values for name in names})
    rows["outcome"] = [outcomes[number] for number in rows["outcome"]]
    first = ["claim", "source", "says", "outcome", "why"]
    return rows[first + [name for name in names if name not in first]]


def page(rows: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """HTML page of the same, which needs no other file."""
    templates = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=templates, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    counts = rows["outcome"].value_counts()
    counted = ", ".join(f"{n} {str(name).replace('_', ' ')}" for name, n in counts.items())
    return environment.get_template("claims.html.j2").render(
        title=about["batch_title"],
        simulated=bool(about["simulated"]),
        counted=f"{len(rows)} claims: {counted}",
        rows=[shown(row) for row in rows.to_dict("records")],
    )


def shown(row: dict[Any, Any]) -> dict[Any, Any]:
    """A claim with its numbers as a reader wants them."""
    unit = _SIGNS.get(row["unit"], f" {row['unit']}")
    measured = row["answer"].replace("_", " ")
    if np.isfinite(row["value"]):
        interval = _interval(row["value_lower"], row["value_upper"])
        measured = f"{row['value']:.{_DIGITS}g}{interval}{unit}"
    levels = ["samples", "acquisitions"]
    if row["objects"] > row["acquisitions"]:
        levels.append("objects")
    n = ", ".join(
        f"{row[name]} {name.removesuffix('s') if row[name] == 1 else name}"
        for name in levels
        if row[name]
    )
    return {**row, "measured": measured, "claimed": _claimed(row, unit), "n": n}


def _claimed(row: Mapping[Any, Any], unit: str) -> str:
    if row["expected_answer"]:
        return str(row["expected_answer"])
    low, high = row["expected_lower"], row["expected_upper"]
    if np.isfinite(row["expected"]):
        return f"{row['expected']:g} ± {(high - low) / 2:.{_DIGITS}g}{unit}"
    if np.isfinite(low) and np.isfinite(high):
        return f"{low:g} to {high:g}{unit}"
    if np.isfinite(low):
        return f"at least {low:g}{unit}"
    return f"at most {high:g}{unit}" if np.isfinite(high) else "no number"


def _interval(low: float, high: float) -> str:
    known = np.isfinite(low) and np.isfinite(high)
    return f" [{low:.{_DIGITS}g}, {high:.{_DIGITS}g}]" if known else ""
