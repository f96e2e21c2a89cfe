"""From a curve of a file to a labelled Dataset: units, signs, order and what was left out."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from nanostitch.errors import CalibrationError, FormatError

from . import columns, impedance, label, units
from .columns import QUANTITIES, TECHNIQUES
from .curves import FEWEST_POINTS, Curve
from .formats import Format
from .model import RawFile
from .tables import Table
from .told import Ledger

Numbers = npt.NDArray[np.float64]

_OVERFLOW = 9.9e37
"""What a source meter writes for overflow, and a hundredth more for no number (SCPI-1999)."""
_CONVERTED = (
    "Converted from photon energy in {} by hc/E; values at each point are as recorded, without "
    "a Jacobian."
)
_POINTS = "point"


def dataset(file: RawFile, curve: Curve, technique: str, ledger: Ledger) -> xr.Dataset:
    """Curve as the technique's variables, its axis ascending.

    The attributes ``columns_read`` and ``columns_left`` say which columns became what.

    Raises
    ------
    FormatError
        If columns contradict each other, or two could be meant.
    CalibrationError
        If a unit is neither in the file nor told.
    """
    table, path = curve.table, file.path
    if table.damage:
        raise FormatError(f"{path}: {table.damage}; is it truncated?")
    wanted = columns.needed(technique, {head.quantity for head in table.headings})
    chosen = {name: _column(path, table, name) for name in wanted}
    notes = [note for note in (*file.warnings, table.note) if note]
    values: dict[str, Numbers] = {}
    for name, index in chosen.items():
        unit = _unit(table, index, curve.form)
        if name in TECHNIQUES[technique].extra and not _is_known(name, unit):
            notes.append(f"column {table.headings[index].text!r} left out: it states no unit")
            continue
        values[name] = _in_unit(path, table, index, unit)[curve.rows]
    if technique == "eis":
        values = _impedance(path, values)
    if technique == "iv":
        values = _finite(path, values, notes)
    else:
        values = _ascending(path, technique, values)
    _refuse_empty(path, technique, values)
    product = _variables(technique, values)
    if "wavelength" in chosen:
        unit = _unit(table, chosen["wavelength"], curve.form)
        if units.is_photon_energy(unit):
            product["wavelength"].attrs["comment"] = _CONVERTED.format(unit)
    used = {index: name for name, index in chosen.items()}
    product.attrs = dict(curve.metadata) | _columns(table, used, curve.form)
    gaps = sum(int((~np.isfinite(one)).sum()) for one in values.values())
    return product.assign_attrs(label.described(file, curve, ledger, gaps, notes))


def _column(path: Path, table: Table, quantity: str) -> int:
    """Index of the column that holds a quantity: the only one, the preferred, or the same twice."""
    found = table.of(quantity)
    order = QUANTITIES[quantity].preferred
    names = [table.headings[index].name for index in found]
    if set(names) <= set(order):
        best = min(names, key=order.index)
        found = [index for index, name in zip(found, names, strict=True) if name == best]
    first, unit = table.values[found[0]], table.headings[found[0]].unit
    if any(
        table.headings[index].unit != unit
        or not np.array_equal(first, table.values[index], equal_nan=True)
        for index in found[1:]
    ):
        texts = " and ".join(repr(table.headings[index].text) for index in found)
        raise FormatError(
            f"{path}: columns {texts} could both be the {quantity}; tell all columns in column "
            "headings of acquisitions.tsv, '-' for those to leave out: "
            + "; ".join(_told(table, index) for index in range(len(table.headings)))
        )
    return found[0]


def _unit(table: Table, index: int, form: Format) -> str:
    """Unit that a column states, or that the format has without stating it; else empty."""
    head = table.headings[index]
    stated = "" if head.unit in columns.LOST else head.unit
    return stated or form.units.get(str(head.quantity), "")


def _is_known(quantity: str, unit: str) -> bool:
    kind = QUANTITIES[quantity].kind
    return kind is None or units.factor(unit, kind) is not None


def _in_unit(path: Path, table: Table, index: int, unit: str) -> Numbers:
    """Column in the unit of its quantity and with the sign of its heading."""
    head, quantity = table.headings[index], str(table.headings[index].quantity)
    kind = QUANTITIES[quantity].kind
    values = head.sign * table.values[index]
    if kind is None:
        return values
    factor = units.factor(unit, kind)
    if factor is None:
        problem = f"unit {unit!r}, which is none" if unit else "no unit"
        raise CalibrationError(
            f"{path}: column {head.text!r} states {problem} of {quantity}; tell it in column "
            "headings of acquisitions.tsv, such as: "
            + "; ".join(_told(table, i) for i in range(len(table.headings)))
        )
    with np.errstate(over="ignore", divide="ignore"):  # what is no number then is refused later
        scaled: Numbers = factor * values
        return units.EV_NM / scaled if kind == "light" and units.is_photon_energy(unit) else scaled


def _told(table: Table, index: int) -> str:
    """Heading as a person would tell it, with the unit that it lacks."""
    head = table.headings[index]
    if head.quantity is None:
        return "-"
    one = QUANTITIES[head.quantity]
    if one.kind is None or units.factor(head.unit, one.kind) is not None:
        return head.text
    return f"{head.text} ({one.unit})" if not head.unit else f"{head.name} ({one.unit})"


def _impedance(path: Path, values: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Frequency, both parts of the impedance, held against modulus and phase, and any time."""
    z = impedance.combine(values)
    if not np.any(z[np.isfinite(z)]):
        raise FormatError(f"{path}: no point has a finite impedance other than 0 ohm")
    problem = impedance.contradiction(values, z)
    if problem:
        raise FormatError(
            f"{path}: {problem}; tell signs and units of all columns in column headings of "
            "acquisitions.tsv, or '-' for a column that is wrong"
        )
    return {
        "frequency": values["frequency"],
        "impedance_real": z.real,
        "impedance_imag": z.imag,
        **{name: one for name, one in values.items() if name == "time"},
    }


def _finite(path: Path, values: Mapping[str, Numbers], notes: list[str]) -> dict[str, Numbers]:
    """Points of a sweep without its meter's overflows and without empty rows at its end."""
    kept = {name: np.where(np.abs(one) >= _OVERFLOW, np.nan, one) for name, one in values.items()}
    overflows = sum(int((np.abs(one) >= _OVERFLOW).sum()) for one in values.values())
    if overflows:
        notes.append(f"{overflows} overflows of the meter ({_OVERFLOW:g} or more) became NaN")
    there = np.isfinite(kept["voltage"]) | np.isfinite(kept["current"])
    last = int(np.flatnonzero(there)[-1]) + 1 if there.any() else 0
    if last < FEWEST_POINTS:
        raise FormatError(f"{path}: {last} points with numbers; a curve needs {FEWEST_POINTS}")
    if last < there.size:
        notes.append(f"{there.size - last} rows without numbers at the end left out")
    return {name: one[:last] for name, one in kept.items()}


def _ascending(path: Path, technique: str, values: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Values along their rising axis; units can make its positions infinite, zero or the same."""
    name = str(TECHNIQUES[technique].axis)
    step = 1 if values[name][0] < values[name][-1] else -1
    axis = values[name][::step]
    if not (np.isfinite(axis).all() and axis[0] > 0 and (np.diff(axis) > 0).all()):
        raise FormatError(
            f"{path}: {name} in {QUANTITIES[name].unit}, from {axis[0]:g} to {axis[-1]:g}, is not "
            "positive, finite and rising throughout; are its unit and sign right?"
        )
    return {name: np.ascontiguousarray(one[::step]) for name, one in values.items()}


def _refuse_empty(path: Path, technique: str, values: Mapping[str, Numbers]) -> None:
    """Refuse a curve with fewer points than one needs at which all it measures is a number."""
    names = next(one for one in TECHNIQUES[technique].either if values.keys() >= set(one))
    points = int(np.logical_and.reduce([np.isfinite(values[name]) for name in names]).sum())
    if points < FEWEST_POINTS:
        raise FormatError(
            f"{path}: {points} points with numbers for {' and '.join(names)}; a curve needs "
            f"{FEWEST_POINTS}"
        )


def _variables(technique: str, values: Mapping[str, Numbers]) -> xr.Dataset:
    axis = TECHNIQUES[technique].axis
    dim = axis or _POINTS
    variables = {
        name: xr.DataArray(one, dims=dim, attrs={"units": QUANTITIES[name].unit})
        for name, one in values.items()
    }
    coordinates = {axis: variables.pop(axis)} if axis else {}
    return xr.Dataset(variables, coordinates)


def _columns(table: Table, used: Mapping[int, str], form: Format) -> dict[str, str]:
    """Which column became what, which were left, and units that the contract does not fix."""
    texts = [head.text for head in table.headings]
    attrs = {
        "columns_read": "; ".join(f"{texts[i]} is {name}" for i, name in sorted(used.items())),
        "columns_left": "; ".join(text for i, text in enumerate(texts) if i not in used),
    }
    for index, name in used.items():
        if QUANTITIES[name].kind is None:
            attrs[f"{name}_unit"] = _unit(table, index, form) or "not stated"
    return attrs
