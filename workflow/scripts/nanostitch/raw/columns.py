"""What columns of a text table mean: the declared map from headings to physical quantities.

A heading is a sign, a name and a unit: ``-Z'' (Ω)``, ``freq/Hz``, ``I [mA]``. Names are compared
as a whole, in lower case, so that a heading is either known or not and never merely similar.
A new vendor that spells a quantity differently needs one more name here, and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from . import units

_SIGNS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2032": "'", "\u2019": "'", "\u2033": "''", '"': "''"}
)
_UNIT_LAST = re.compile(r"(?P<name>.*?)\s*(?:\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\])\s*")
_UNIT_AFTER_SLASH = re.compile(r"(?P<name>[^/]*[^/\s])\s*/\s*(?P<unit>[^/]+)")
_NO_COLUMN = "-"
_LONGEST = 200  # characters of a heading
LOST = frozenset({"?", "\ufffd"})
"""What remains of Ω or ° in an encoding that lacks it: a unit that is not stated."""


@dataclass(frozen=True)
class Quantity:
    """A physical quantity that a column can hold.

    ``names`` maps each heading that means it to the unit that this heading alone implies, empty
    where the unit must be stated. ``kind`` is what :func:`nanostitch.raw.units.factor` calls its
    units; None takes any unit as it is. Of several columns the one named first in ``preferred``
    counts; others than those are ambiguous.
    """

    names: Mapping[str, str]
    kind: str | None
    unit: str
    preferred: tuple[str, ...] = ()


@dataclass(frozen=True)
class Technique:
    """Which quantities make a dataset: one of ``either`` along ``axis``, with ``extra`` ones."""

    axis: str | None
    either: tuple[tuple[str, ...], ...]
    extra: tuple[str, ...]
    example: str


@dataclass(frozen=True)
class Heading:
    """One heading as it stands, and its parts; ``quantity`` is None where it is not known."""

    text: str
    sign: int
    name: str
    unit: str
    quantity: str | None


def _names(*names: str, implied: Mapping[str, str] | None = None) -> Mapping[str, str]:
    return MappingProxyType({**dict.fromkeys(names, ""), **(implied or {})})


_FLUOROLOG = ("s1c", "s1c/r1c", "s1", "s1/r1")
"""Horiba's signal channels; c: corrected for the spectral response; R1: excitation monitor."""

QUANTITIES: Mapping[str, Quantity] = {
    "wavelength": Quantity(
        _names(
            *("wavelength", "emission wavelength", "em wavelength", "wl", "lambda", "λ"),
            *("photon energy", "energy", "wavenumber"),
            implied={unit: unit for unit in ("nm", "µm", "ev")},
        ),
        kind="light",
        unit="nm",
    ),
    "absorbance": Quantity(
        _names(
            *("absorption", "extinction"),
            implied=dict.fromkeys(("absorbance", "abs", "od", "optical density"), "1"),
        ),
        kind="absorbance",
        unit="1",
    ),
    "transmittance": Quantity(
        _names(
            *("transmittance", "transmission"),
            implied=dict.fromkeys(("%t", "t%", "% t", "t %", "%transmittance"), "%"),
        ),
        kind="fraction",
        unit="1",
    ),
    "intensity": Quantity(
        _names(
            *("intensity", "counts", "count", "cps", "photon counts", "ccd counts", "signal"),
            *("pl", "pl intensity", "photoluminescence", "photoluminescence intensity"),
            *("emission intensity", "fluorescence", "fluorescence intensity"),
            *("response", "correction", "correction factor", *_FLUOROLOG),
        ),
        kind=None,
        unit="1",
        preferred=_FLUOROLOG,
    ),
    "reference": Quantity(
        _names("r1c", "r1", "reference", "reference signal"),
        kind=None,
        unit="1",
        preferred=("r1c", "r1"),
    ),
    "voltage": Quantity(
        _names(
            *("voltage", "v", "u", "bias", "bias voltage", "applied voltage", "source voltage"),
            *("measured voltage", "voltage applied", "potential", "potential applied"),
            "we(1).potential",
        ),
        kind="V",
        unit="V",
        preferred=("we(1).potential", "measured voltage", "source voltage", "potential applied"),
    ),
    "current": Quantity(
        _names("current", "i", "measured current", "we(1).current"),
        kind="A",
        unit="A",
        preferred=("we(1).current", "measured current"),
    ),
    "time": Quantity(
        _names("time", "t", "elapsed time", "corrected time"),
        kind="s",
        unit="s",
        preferred=("time", "elapsed time", "corrected time"),
    ),
    "frequency": Quantity(_names("frequency", "freq", "f"), kind="Hz", unit="Hz"),
    "impedance_real": Quantity(
        _names(
            *("z'", "z'(a)", "zre", "zreal", "z real", "z_real", "zr", "real", "re(z)", "re z"),
            "real(z)",
        ),
        kind="ohm",
        unit="ohm",
    ),
    "impedance_imag": Quantity(
        _names(
            *("z''", "z''(b)", "zim", "zimg", "zimag", "z imag", "z_imag", "imag", "imaginary"),
            *("im(z)", "im z", "imag(z)"),
        ),
        kind="ohm",
        unit="ohm",
    ),
    "modulus": Quantity(
        _names("|z|", "z", "zmod", "zmag", "mod(z)", "modulus", "magnitude"),
        kind="ohm",
        unit="ohm",
    ),
    "phase": Quantity(
        _names("phase", "phase(z)", "phase angle", "arg(z)", "theta", "zphz", "zphase"),
        kind="degree",
        unit="degree",
    ),
}
"""By the name of the variable that the quantity becomes."""

_AMBIGUOUS_AXES = frozenset({"energy", "ev"})
"""Headings that an energy loss or an X-ray energy may have as well as a photon energy."""

TECHNIQUES: Mapping[str, Technique] = {
    "absorption": Technique(
        axis="wavelength",
        either=(("absorbance",), ("transmittance",)),
        extra=(),
        example="wavelength (nm); absorbance",
    ),
    "pl": Technique(
        axis="wavelength",
        either=(("intensity",),),
        extra=("reference",),
        example="wavelength (nm); intensity (counts)",
    ),
    "plqy": Technique(
        axis="wavelength",
        either=(("intensity",),),
        extra=(),
        example="wavelength (nm); intensity (counts)",
    ),
    "iv": Technique(
        axis=None,
        either=(("voltage", "current"),),
        extra=("time",),
        example="voltage (V); current (A); time (s)",
    ),
    "eis": Technique(
        axis="frequency",
        either=(("impedance_real", "impedance_imag"), ("modulus", "phase")),
        extra=("modulus", "phase", "time"),
        example="frequency (Hz); Z' (ohm); -Z'' (ohm)",
    ),
}
"""The techniques whose raw files are tables, in the order in which a file is offered to them."""


def heading(text: str) -> Heading:
    """Take a heading apart into sign, name and unit."""
    if len(text) > _LONGEST:
        return Heading(text[:_LONGEST].strip(), 1, "", "", None)
    plain = " ".join(text.translate(_SIGNS).split()).strip("# ")
    sign, bare = (-1, plain[1:].lstrip()) if plain.startswith("-") else (1, plain)
    name = re.sub(r" ?/ ?", "/", bare.lower()) if "/" in bare else bare.lower()
    stated = ""
    if _quantity(name) is None:
        name, stated = split_unit(bare)
    found = _quantity(name)
    implied = QUANTITIES[found].names.get(name, "") if found else ""
    return Heading(text.strip(), sign, name, units.tidy(stated) or stated or implied, found)


def told_headings(text: str) -> list[Heading]:
    """Headings that a person tells for the columns in order, ``;`` between them, ``-`` for none."""
    return [
        Heading("-", 1, "", "", None) if part.strip() == _NO_COLUMN else heading(part)
        for part in text.split(";")
    ]


def split_unit(bare: str) -> tuple[str, str]:
    """Name, in lower case, and unit of a text like ``Voltage (V)``, ``I [mA]`` or ``f/Hz``."""
    for pattern, mark in ((_UNIT_LAST, ")"), (_UNIT_LAST, "]"), (_UNIT_AFTER_SLASH, "/")):
        found = pattern.fullmatch(bare) if mark in bare else None
        if found:
            unit = next((text for text in found.groups()[1:] if text is not None), "")
            return found["name"].lower().strip(), unit.strip()
    return bare.lower(), ""


_QUANTITY = {name: key for key, one in QUANTITIES.items() for name in one.names}
"""Which quantity each name means; a test holds that none means two."""


def _quantity(name: str) -> str | None:
    return _QUANTITY.get(name)


def techniques(headings: Sequence[Heading], energies: bool = True) -> tuple[str, ...]:
    """Techniques for which columns with these headings are enough, the likeliest first.

    Without ``energies``, an axis that is called energy alone is none of photons: it may be an
    energy loss or that of X-rays.
    """
    known = {
        head.quantity
        for head in headings
        if energies or head.quantity != "wavelength" or head.name not in _AMBIGUOUS_AXES
    }
    return tuple(name for name in TECHNIQUES if needed(name, known))


def needed(technique: str, known: set[str | None]) -> tuple[str, ...]:
    """Quantities that a technique takes from those that are there; none where they do not do."""
    asked = TECHNIQUES[technique]
    axis = () if asked.axis is None else (asked.axis,)
    for either in asked.either:
        if known.issuperset(axis + either):
            extra = tuple(one for one in asked.extra if one in known and one not in either)
            return axis + either + extra
    return ()


def is_unit(kind: str | None, text: str) -> bool:
    """Whether a text is a unit of a kind, or what an encoding left of one; None takes any text."""
    return kind is None or text in LOST or units.factor(text, kind) is not None


def with_unit(head: Heading, unit: str) -> Heading:
    """Heading with a unit that stands on a line of its own; a unit in the heading itself stays."""
    if head.quantity is None or not unit or head.unit:
        return head
    return replace(head, unit=unit, text=f"{head.text} ({unit})")
