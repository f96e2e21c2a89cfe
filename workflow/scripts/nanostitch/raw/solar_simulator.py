"""Current against voltage of solar cells, several curves in a file, as densities per area.

Two programs of one institute: a Keithley 2400 under LabVIEW (one voltage for all curves) and a
scanner of six pixels (a voltage for each). Densities become currents by the area that the file
states for the curve's pixel.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanostitch.errors import FormatError

from . import columns, lines
from .columns import Heading
from .lines import TAB
from .metadata import number
from .tables import Table, read_text

_DENSITY = re.compile(r"mA/cm\^?2")
_AREA = re.compile(r"^(?:active area \[cm2\]:|Cell area\(cm\^2\))\t(?P<areas>.*)$", re.MULTILINE)
_PIXEL = re.compile(r"[^_]*")  # of a curve's name, such as b of b_rev
_VOLTAGE, _CURRENT = columns.heading("voltage (V)"), columns.heading("current (mA)")
_PAIRED = re.compile(r"Voltage \(V\)_(?P<name>\w+)")


def parse(path: Path, told: Sequence[Heading] | None = None) -> list[Table]:
    """Tables of a file, one a curve, named as in the file.

    Parameters
    ----------
    path
        Text file of either program.
    told
        Headings that a person tells; there are none to tell.

    Raises
    ------
    FormatError
        If the rows, the areas or the names of the curves are not as the programs write them.
    """
    if told is not None:
        raise FormatError(f"{path}: its headings are known; clear column headings")
    text = read_text(path)
    rows = [line.rstrip("\t").split(TAB) for line in text.split("\n")]
    begin, names, places = _curves(path, rows)
    end = begin
    while end < len(rows) and len(rows[end]) > 1 and all(map(lines.is_number, rows[end])):
        end += 1
    if end == begin or any(map(str.strip, text.split("\n")[end:])):
        raise FormatError(f"{path}: line {end + 1} is no row of numbers; mend or remove it")
    areas = _areas(path, text, names)
    head = "\n".join(text.split("\n")[:begin])
    return [
        _table(path, rows[begin:end], name, place, area, head)
        for name, place, area in zip(names, places, areas, strict=True)
    ]


def _curves(path: Path, rows: list[list[str]]) -> tuple[int, list[str], list[tuple[int, int]]]:
    """First row of numbers, names of the curves, and columns of their voltage and density."""
    for at, row in enumerate(rows[:-1]):
        found = _PAIRED.fullmatch(row[0])
        if found:
            names = [one["name"] for cell in row[::2] if (one := _PAIRED.fullmatch(cell))]
            wanted = [f"Current Density(mA/cm^2)_{name}" for name in names]
            if row[1::2] != wanted:
                break
            return at + 1, names, [(2 * i, 2 * i + 1) for i in range(len(names))]
        if row[0] == "Voltage" and rows[at + 1][0] == "[V]":
            units = [cell.strip("[]") for cell in rows[at + 1][1:]]
            if len(row) < 2 or len(units) != len(row) - 1 or not all(map(_DENSITY.match, units)):
                break
            return at + 2, row[1:], [(0, i) for i in range(1, len(row))]
    raise FormatError(f"{path}: no line names voltages and current densities of curves")


def _areas(path: Path, text: str, names: list[str]) -> list[float]:
    """Area of each curve's pixel [cm2]: one for all, or one for each pixel in order."""
    found = _AREA.search(text)
    stated = re.findall(r"[^\s,\[\]]+", found["areas"]) if found else []
    areas = [number(one) for one in stated]
    pixels = list(dict.fromkeys(_pixel(name) for name in names))
    if areas and len(set(areas)) == 1:
        areas = areas[:1] * len(pixels)
    known = [area for area in areas if area is not None and area > 0]
    if len(known) != len(pixels):
        raise FormatError(
            f"{path}: states areas {stated} for the pixels {', '.join(pixels)}; one positive area "
            "in cm2 for each is needed to turn densities into currents"
        )
    return [known[pixels.index(_pixel(name))] for name in names]


def _pixel(name: str) -> str:
    found = _PIXEL.match(name)
    return found.group() if found else name


def _table(
    path: Path, rows: list[list[str]], name: str, place: tuple[int, int], area: float, head: str
) -> Table:
    if any(len(row) <= max(place) for row in rows):
        raise FormatError(f"{path}: curve {name} ends before the others; is the file truncated?")
    voltage, density = (np.array([float(row[at]) for row in rows]) for at in place)
    text = f"{name} [mA/cm2] times {area:g} cm2"
    return Table(
        title=name,
        headings=(_VOLTAGE, replace(_CURRENT, text=text)),
        values={0: voltage, 1: area * density},
        # The area of this curve as a line of its own: the file's holds those of all pixels.
        preamble=f"{head}\nactive area [cm2]: {area:g}",
        rows=len(rows),
    )
