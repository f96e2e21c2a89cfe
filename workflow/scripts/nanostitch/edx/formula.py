"""Chemical formulas and told compositions as numbers."""

import re
from collections.abc import Mapping

from nanostitch.edx import elements
from nanostitch.errors import BatchError

_PART = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?)?")
_PERCENT = re.compile(r"\s*([A-Z][a-z]?)\s*=\s*(\d+(?:\.\d+)?)\s*%?\s*")
_TOTAL_BETWEEN = (90.0, 105.0)
"""Mass percents of a certificate add up to this; less has an element left out."""


def atoms(formula: str) -> dict[str, float]:
    """Atoms of each element in a formula unit.

    Raises
    ------
    BatchError
        If it is no plain formula, such as CsPbBr3.

    >>> atoms("CsPbBr3")
    {'Cs': 1.0, 'Pb': 1.0, 'Br': 3.0}
    """
    text = formula.strip()
    parts = _PART.findall(text)
    if not parts or "".join(symbol + count for symbol, count in parts) != text:
        raise BatchError(
            f"edx: {formula!r} is no formula of symbols and numbers, such as CsPbBr3; write "
            "brackets out"
        )
    found: dict[str, float] = {}
    for symbol, count in parts:
        elements.atomic_weight(symbol)
        found[symbol] = found.get(symbol, 0.0) + float(count or 1)
    if not all(found.values()):
        raise BatchError(f"edx: {formula!r} counts an element zero times; leave it out")
    return found


def mass_fractions(composition: str) -> dict[str, float]:
    """Mass fractions, which add up to one, of a formula or of mass percents.

    Raises
    ------
    BatchError
        If it is neither, or if mass percents do not add up to about 100.
    """
    if "=" not in composition:
        mass = {e: n * elements.atomic_weight(e) for e, n in atoms(composition).items()}
        return _shares(mass)
    parts = [_PERCENT.fullmatch(part) for part in composition.split(",")]
    told = {part.group(1): float(part.group(2)) for part in parts if part is not None}
    if len(told) != len(parts):
        raise BatchError(
            f"edx: known_composition is {composition!r}; tell a formula, such as SiO2, or mass "
            "percents of different elements, such as Si=21.2, Fe=7.7, O=42.8"
        )
    total = sum(told.values())
    if not _TOTAL_BETWEEN[0] <= total <= _TOTAL_BETWEEN[1]:
        raise BatchError(
            f"edx: known_composition {composition!r} adds up to {total:g} %; tell all elements"
        )
    for symbol in told:
        elements.atomic_weight(symbol)
    return _shares({symbol: value for symbol, value in told.items() if value > 0})


def _shares(amounts: Mapping[str, float]) -> dict[str, float]:
    total = sum(amounts.values())
    return {symbol: value / total for symbol, value in amounts.items()}
