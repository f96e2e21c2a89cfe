"""One energy by several techniques: brought together, and held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.comparison import agreement
from nanostitch.comparison.product import ENDS
from nanostitch.draw import style
from nanostitch.eels import confinement
from nanostitch.eels.confinement import Semiconductor
from nanostitch.errors import BatchError
from nanostitch.intervals import NORMAL_95

if TYPE_CHECKING:
    from nanostitch.draw.selection import Panel

Values = NDArray[np.float64]

_BOTH = ("condition", "way")


def collect(panel: Panel, comparisons: Sequence[xr.Dataset]) -> xr.Dataset:
    """Bring the group means of comparisons to one energy, and hold them against each other.

    A size becomes the gap of a cube of that edge without Coulomb term, whose bulk gap is one shared
    error of all sizes. Offsets are added with their uncertainty, which ways that name the same
    offset share. Standard uncertainties are a normal distribution's of the 95 % intervals, so that
    few samples count for less.

    Returns
    -------
    xarray.Dataset
        ``measured`` and ``gap`` with bounds [eV], ``pull`` (condition, way); ``common``,
        ``common_error`` [eV], ``chi_squared``, ``freedom``, ``p_value`` (condition); ``samples``
        (condition, way); ``offset_text`` (way).

    Raises
    ------
    BatchError
        If the comparisons have not the same groups, one is no energy and no length, or an offset
        has two uncertainties.
    """
    rows = panel.options["rows"]
    by_name = {str(one.attrs["name"]): one for one in comparisons}
    found = [by_name[row["comparison"]] for row in rows]
    labels = _labels(panel, found)
    measured = np.stack([_energies(panel, one) for one in found], axis=2)
    offset = np.array([sum(o["value_ev"] for o in row.get("offsets", [])) for row in rows])
    own = (measured[2] - measured[1]) / (2 * NORMAL_95)
    shared = _shared(panel, found)
    covariances = [agreement.covariance(one, shared) for one in own]
    errors = np.sqrt([np.diag(one) for one in covariances])
    agreed = [
        agreement.common(values, one)
        for values, one in zip(measured[0] + offset, covariances, strict=True)
    ]
    data = xr.Dataset()
    for end, energies, sign in zip(ENDS, measured, (0, -1, 1), strict=True):
        data[f"measured{end}"] = (_BOTH, energies, style.described(f"As measured{end}", "eV"))
        gap = measured[0] + offset + sign * NORMAL_95 * errors
        data[f"gap{end}"] = (_BOTH, gap, style.described(f"Band gap{end}", "eV"))
    data["pull"] = (_BOTH, np.array([a.pull for a in agreed]), style.described("Pull", "1"))
    samples = np.stack([one["samples"].values for one in found], axis=1)
    data["samples"] = (_BOTH, samples, style.described("Samples", "1"))
    texts = np.array([_offset_text(row) for row in rows], object)
    data["offset_text"] = ("way", texts, {"long_name": "Offsets"})
    ways = np.array([row["label"] for row in rows], object)
    data = data.assign(_agreements(agreed)).assign_coords(
        condition=("condition", np.array(labels, object), {"long_name": "Condition"}),
        way=("way", ways, {"long_name": "Way"}),
    )
    return data.assign_attrs(notes="\n".join(_notes(panel, rows, found)))


def _labels(panel: Panel, found: Sequence[xr.Dataset]) -> list[str]:
    """Groups that all comparisons have."""
    labels: list[str] = found[0]["group"].values.tolist()
    for one in found[1:]:
        if one["group"].values.tolist() != labels:
            raise BatchError(
                f"figures: {panel.field}: rows: {one.attrs['name']} has the groups "
                f"{one['group'].values.tolist()}, {found[0].attrs['name']} has {labels}; "
                "compare the same"
            )
    return labels


def _agreements(agreed: Sequence[agreement.Agreement]) -> dict[str, Any]:
    """Common value of each condition, with how well all agree."""
    columns = {
        "common": ([a.value for a in agreed], "Common gap", "eV"),
        "common_error": ([a.error for a in agreed], "Its standard uncertainty", "eV"),
        "common_half": ([NORMAL_95 * a.error for a in agreed], "Half its 95 % interval", "eV"),
        "chi_squared": ([a.chi_squared for a in agreed], "Chi squared", "1"),
        "freedom": ([a.freedom for a in agreed], "Degrees of freedom", "1"),
        "p_value": ([a.p_value for a in agreed], "P value of agreement", "1"),
    }
    return {
        name: ("condition", np.array(values, "f8"), style.described(said, unit))
        for name, (values, said, unit) in columns.items()
    }


def _energies(panel: Panel, comparison: xr.Dataset) -> Values:
    """Group means with their bounds as energies [eV], shape (3, group)."""
    values = np.stack([comparison[f"group_mean{end}"].values for end in ENDS])
    unit = str(comparison["group_mean"].attrs["units"])
    if unit == "eV":
        return values
    if unit != "nm":
        raise BatchError(
            f"figures: {panel.field}: rows: {comparison.attrs['name']} is in {unit}; "
            "a row is an energy in eV or a size in nm"
        )
    gaps = confinement.gap_ev(
        np.maximum(values, confinement.SHORTEST_NM),
        "cube",
        Semiconductor(panel.options["bulk_gap_ev"], panel.options["reduced_mass"]),
        panel.options["size_spread"],
    )
    return gaps[[0, 2, 1]].astype(float)  # the larger size has the smaller gap


def _shared(panel: Panel, found: Sequence[xr.Dataset]) -> list[tuple[float, list[int]]]:
    """Errors that ways share: the bulk gap of all sizes, and offsets of one name."""
    by_size = [n for n, one in enumerate(found) if one["group_mean"].attrs["units"] == "nm"]
    ways: dict[str, tuple[float, list[int]]] = {}
    for place, row in enumerate(panel.options["rows"]):
        for offset in row.get("offsets", []):
            error, places = ways.setdefault(offset["name"], (offset["uncertainty_ev"], []))
            if error != offset["uncertainty_ev"]:
                raise BatchError(
                    f"figures: {panel.field}: rows: the offset {offset['name']!r} has the "
                    f"uncertainties {error:g} and {offset['uncertainty_ev']:g} eV; one error has "
                    "one, so give the same or another name"
                )
            places.append(place)
    shared = list(ways.values())
    return [*shared, (panel.options["bulk_gap_uncertainty_ev"], by_size)] if by_size else shared


def _offset_text(row: Mapping[str, Any]) -> str:
    return " and ".join(
        f"{o['name']} {1e3 * o['value_ev']:+.3g} ± {1e3 * o['uncertainty_ev']:.2g} meV"
        for o in row.get("offsets", [])
    )


def _notes(
    panel: Panel, rows: Sequence[Mapping[str, Any]], found: Sequence[xr.Dataset]
) -> list[str]:
    """What was added to which way, and how sizes became gaps."""
    lines = [
        f"{row['label']}: {_offset_text(row)} added, standard uncertainty"
        for row in rows
        if row.get("offsets")
    ]
    if any(one["group_mean"].attrs["units"] == "nm" for one in found):
        bulk, unsure = (panel.options[f"bulk_gap{end}_ev"] for end in ("", "_uncertainty"))
        lines.append(
            f"sizes: cube in the effective mass approximation, bulk gap {bulk:g} ± {unsure:g} eV"
        )
    return lines
