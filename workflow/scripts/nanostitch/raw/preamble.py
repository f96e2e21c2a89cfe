"""Metadata from the lines above a table, by the headings that :mod:`formats` declares."""

import re
from string import whitespace
from typing import Any

from . import columns, metadata, units
from .formats import FIELDS, Format

_MARKS = re.compile(r"\A\W+")  # of a comment or a quotation, before the heading of a line
_DELIMITER = re.compile(r"[:=\t;,]+")
_LONGEST_HEADING, _LONGEST_NUMBER = 100, 60  # characters
_VALUE = re.compile(r"(?P<number>[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*(?P<unit>\S*)")
_DATE = re.compile(
    r"(?P<year>\d{4}|\d{2}(?=/))[-/](?P<month>0[1-9]|1[0-2])[-/](?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:[T ]+(?P<clock>\d{2}:\d{2}:\d{2}))?"
)
_CENTURY = "20"
_MOST_LINES = 5_000
LONGEST = 1_000
"""Characters that a line of metadata may have."""


def fields(text: str, form: Format) -> dict[str, Any]:
    """Flat fields with their unit in the name; a number without a unit that is known is left out.

    Parameters
    ----------
    text
        Lines above the table.
    form
        Declared format of the file, whose own fields and line numbers come first.
    """
    lines = text.split("\n")[:_MOST_LINES]
    found: dict[str, Any] = {}
    for line in lines:
        key, stated = _pair(line) if len(line) <= LONGEST else ("", "")
        name, value = _field(key, stated.strip('" '), form) if key else ("", None)
        if name and value is not None:
            found.setdefault(name, value)
    for number, name in form.lines.items():
        if number <= len(lines) and lines[number - 1].strip():
            found[name] = _iso(lines[number - 1].strip())
    return metadata.plausible(found)


def _pair(line: str) -> tuple[str, str]:
    """Heading and value of a line, parted at its first delimiter; empty where it has not both."""
    key, *rest = _DELIMITER.split(_MARKS.sub("", line), maxsplit=1)
    value = "".join(rest).lstrip().rstrip(f",;{whitespace}")
    if not rest or len(key) > _LONGEST_HEADING or "\t" in value or ";" in value:
        return "", ""
    return key.strip(), value


def _field(key: str, value: str, form: Format) -> tuple[str, float | str | None]:
    """Attribute and its value in the unit that its name says; None where they are not sure."""
    name, unit = key.strip('" ').lower(), ""
    if name in form.fields:
        attribute, unit = form.fields[name]
        return attribute, _number(value, unit, "light" if unit == "nm" else unit)
    if name not in FIELDS:
        name, unit = columns.split_unit(key.strip('" '))
    attribute, kind = FIELDS.get(name, ("", ""))
    if not attribute or not kind:
        return attribute, _iso(value) or None
    return attribute, _number(value, unit, kind)


def _number(value: str, unit: str, kind: str) -> float | None:
    parts = _VALUE.fullmatch(value) if len(value) <= _LONGEST_NUMBER else None
    if parts is None:
        return None
    unit = parts["unit"].strip("()[]") or unit
    factor = units.factor(unit, kind) if unit else None
    number = metadata.number(parts["number"].replace(",", "."))
    if factor is None or number is None:
        return None
    if kind == "light" and units.is_photon_energy(unit):
        return units.EV_NM / (factor * number) if number > 0 else None
    return factor * number


def _iso(text: str) -> str:
    """Date that begins with its year as ISO 8601; any other text as it is."""
    date = _DATE.fullmatch(text)
    if date is None:
        return text
    year = date["year"] if len(date["year"]) == 4 else f"{_CENTURY}{date['year']}"
    clock = f"T{date['clock']}" if date["clock"] else ""
    return f"{year}-{date['month']}-{date['day']}{clock}"
