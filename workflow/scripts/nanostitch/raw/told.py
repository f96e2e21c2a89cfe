"""Calibrations that a person tells: they fill what a file lacks and overrule what it states."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanostitch.errors import CalibrationError

from . import columns, lines
from .columns import Heading
from .metadata import number
from .units import ev_per

_POSITIVE = {
    "pixel_size_nm",
    "beam_energy_kev",
    "convergence_mrad",
    "collection_mrad",
    "dispersion_ev",
}
_ANY_SIGN = {"energy_offset_ev", "dose_e_per_nm2"}
_ENERGY_AXIS = {"dispersion_ev", "energy_offset_ev"}
_LIMITS = {"beam_energy_kev": (1.0, 3000.0)}  # from low-voltage SEM to megavolt TEM
_HEADINGS = "headings"
_FACTS = {
    "beam_current_pa": ("adf", "eels", "edx"),
    "dwell_time_s": ("adf", "eels", "edx"),
    "regions": ("adf", "eels"),
    "boundary_nm": ("adf", "eels"),
    "known_composition": ("edx",),
    "excitation_nm": ("pl", "plqy"),
    "electrode_gap_um": ("iv", "eis"),
    "electrode_length_mm": ("iv", "eis"),
    "electrode_pairs": ("iv", "eis"),
    "film_thickness_nm": ("iv", "eis"),
}
"""Columns that say what no file can, with the techniques that they may be told for."""
_SQUARE = 1e-3  # of a pixel: rounding of stated sizes stays below it


class Ledger:
    """What was told for a file, and, for each value that was used, what the file itself said.

    Parameters
    ----------
    path
        Raw file, for the messages.
    told
        Cells of the columns of acquisitions.tsv; empty ones count as not told.

    Raises
    ------
    CalibrationError
        If a cell is not what its column asks for, or no such column exists.
    """

    def __init__(self, path: Path, told: Mapping[str, float | str]) -> None:
        self.path = path
        self.used: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, float] = {}
        self._energy_unit: str | None = None
        self._headings = ""
        self._facts: dict[str, float | str] = {}
        for column, value in told.items():
            if str(value).strip() == "":
                continue
            if column == "energy_unit":
                self._energy_unit = self._checked_unit(str(value))
            elif column == _HEADINGS:
                self._headings = str(value).strip()
            elif column in _FACTS:
                self._facts[column] = value
            else:
                self._numbers[column] = self._checked_number(column, value)

    def headings(self, technique: str) -> list[Heading] | None:
        """Told headings of a table's columns, in order; None where the file's own hold.

        Raises
        ------
        CalibrationError
            If they name no curve of the technique, or if what is told cannot matter to it: image
            and energy calibrations for a table, headings for anything else.
        """
        table = columns.TECHNIQUES.get(technique)
        idle = [*self._numbers, *(["energy_unit"] if self._energy_unit else [])] if table else []
        if self._headings and table is None:
            idle.append(_HEADINGS)
        if idle:
            raise CalibrationError(
                f"{self.path}: {idle[0]} of acquisitions.tsv cannot calibrate a file of technique "
                f"{technique}; clear the cell"
            )
        if not self._headings or table is None:
            return None
        told = self._headings.count(";") + 1
        if told > lines.MOST_COLUMNS:
            raise CalibrationError(
                f"{self.path}: headings of acquisitions.tsv tells {told} columns; at most "
                f"{lines.MOST_COLUMNS} are read"
            )
        heads = columns.told_headings(self._headings)
        if not columns.needed(technique, {head.quantity for head in heads}):
            raise CalibrationError(
                f"{self.path}: headings of acquisitions.tsv is {lines.quoted(self._headings)}, "
                f"which names no {technique}; tell all columns in order with their units, '-' for "
                f"those to leave out, such as: {table.example}"
            )
        return heads

    def facts(self, technique: str) -> dict[str, float | str]:
        """What was told about the measurement itself, by column.

        Raises
        ------
        CalibrationError
            If a fact means nothing to the technique.
        """
        for column in self._facts:
            if technique not in _FACTS[column]:
                raise CalibrationError(
                    f"{self.path}: {column} of acquisitions.tsv says nothing about technique "
                    f"{technique}; clear the cell"
                )
        return self._facts

    def use_headings(self, stated: str) -> None:
        """Record that told headings replaced what the file states, empty where it states none."""
        if self._headings:
            self.used[_HEADINGS] = {"told": self._headings, "file": stated or None}

    def _checked_unit(self, unit: str) -> str:
        if ev_per(unit) is None:
            raise CalibrationError(
                f"{self.path}: energy_unit of acquisitions.tsv is {unit!r}; tell eV, keV or meV"
            )
        return unit

    def _checked_number(self, column: str, value: float | str) -> float:
        if column not in _POSITIVE | _ANY_SIGN:
            raise CalibrationError(f"{self.path}: {column} of acquisitions.tsv is no calibration")
        result = number(value)
        if result is None or (column in _POSITIVE and result <= 0):
            kind = "positive number" if column in _POSITIVE else "number"
            raise CalibrationError(
                f"{self.path}: {column} of acquisitions.tsv is {value!r}; tell a {kind}"
            )
        return result

    @property
    def rescaled(self) -> bool:
        """Whether told values replaced scale or offset of the energy axis."""
        return bool(_ENERGY_AXIS & set(self.used))

    @property
    def rescaled_fully(self) -> bool:
        """Whether told values replaced both scale and offset of the energy axis."""
        return set(self.used) >= _ENERGY_AXIS

    def value(self, column: str, stated: float | None) -> float | None:
        """Told value of a column, else what the file states; the use is recorded.

        Raises
        ------
        CalibrationError
            If the value that counts is physically impossible.
        """
        if column not in self._numbers:
            self._check_limits(column, stated, "the file")
            return stated
        told = self._numbers[column]
        self._check_limits(column, told, "acquisitions.tsv")
        self.used[column] = {"told": told, "file": stated}
        return told

    def _check_limits(self, column: str, value: float | None, source: str) -> None:
        lowest, highest = _LIMITS.get(column, (-math.inf, math.inf))
        if value is not None and not lowest <= value <= highest:
            raise CalibrationError(
                f"{self.path}: {column} of {source} is {value:g}, outside {lowest:g} to "
                f"{highest:g}; is it in another unit? Tell it in column {column} of "
                "acquisitions.tsv"
            )

    def pixel_size(self, stated: list[float | None]) -> float | None:
        """Told pixel size [nm]; None where the file's own, per direction, holds.

        Raises
        ------
        CalibrationError
            If one is told for data without pixels, or for pixels that are not square.
        """
        if "pixel_size_nm" not in self._numbers:
            return None
        told = self._numbers["pixel_size_nm"]
        if not stated:
            raise CalibrationError(
                f"{self.path}: pixel_size_nm of acquisitions.tsv is {told:g}, but the data are a "
                "single spectrum without pixels; clear the cell"
            )
        sizes = [size for size in stated if size is not None]
        if sizes and not math.isclose(min(sizes), max(sizes), rel_tol=_SQUARE):
            raise CalibrationError(
                f"{self.path}: pixel_size_nm of acquisitions.tsv is {told:g}, but the file states "
                f"pixels of {' by '.join(f'{size:g}' for size in sizes)} nm (y by x), which one "
                "size cannot replace; clear the cell to keep the file's"
            )
        same = len(set(stated)) == 1
        self.used["pixel_size_nm"] = {"told": told, "file": stated[0] if same else stated}
        return told

    def unit(self, stated: str) -> str:
        """Told unit of the energy axis, else what the file states; the use is recorded."""
        if self._energy_unit is None:
            return stated
        self.used["energy_unit"] = {"told": self._energy_unit, "file": stated or None}
        return self._energy_unit

    def doubted(self, doubt: str) -> CalibrationError:
        """Error for an energy axis about which the file contradicts itself."""
        return CalibrationError(
            f"{self.path}: {doubt}; tell dispersion_ev and energy_offset_ev in acquisitions.tsv, "
            "which then win"
        )

    def missing(self, field: str, column: str) -> CalibrationError:
        """Error for what neither file nor sheet gives."""
        return CalibrationError(
            f"{self.path}: the file states no {field}; tell it in column {column} of "
            "acquisitions.tsv"
        )
