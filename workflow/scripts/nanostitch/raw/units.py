"""Units as instruments write them, and what they are in nm, eV and SI units."""

import re

from scipy import constants

from nanostitch.photon import HC_EV_NM

_LENGTH_NM = {
    "m": 1e9,
    "mm": 1e6,
    "um": 1e3,
    "µm": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "nm": 1.0,
    "n_m": 1.0,
    "nanometer": 1.0,
    "a": 0.1,
    "å": 0.1,
    "angstrom": 0.1,
    "pm": 1e-3,
}
_ENERGY_EV = {"ev": 1.0, "kev": 1e3, "mev": 1e-3}
_BASES = {
    "V": {"v", "volt", "volts"},
    "A": {"a", "amp", "amps", "ampere", "amperes"},
    "ohm": {"ohm", "ohms", "ω", "\u2126"},
    "Hz": {"hz", "hertz"},
    "s": {"s", "sec", "second", "seconds"},
    "V/s": {"v/s", "v s-1", "v s^-1", "v·s⁻¹"},
    "W": {"w", "watt", "watts"},
}
_MICRO = {"u": 1e-6, "µ": 1e-6}
_SMALL = {"p": 1e-12, "n": 1e-9, **_MICRO, "m": 1e-3, "k": 1e3}
_LARGE = {"M": 1e6, "G": 1e9}
_WITH_LARGE = {"ohm", "Hz"}  # mega-amperes are milliamperes in capitals: refused, not guessed
_FIXED = {
    "degree": {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "º": 1.0}
    | {"rad": 1 / constants.degree},
    "cm2": {"cm2": 1.0, "cm^2": 1.0, "cm²": 1.0, "mm2": 0.01, "mm^2": 0.01, "mm²": 0.01},
    "W/m2": {"w/m2": 1.0, "w/m^2": 1.0, "w/m²": 1.0}
    | {"mw/cm2": 10.0, "mw/cm^2": 10.0, "mw/cm²": 10.0},
    "fraction": {"%": 0.01, "1": 1.0, "fraction": 1.0},
    "absorbance": {"1": 1.0, "a": 1.0, "au": 1.0, "a.u.": 1.0, "abs": 1.0, "od": 1.0}
    | {"mau": 1e-3, "mod": 1e-3},
}
EV_NM = HC_EV_NM
"""Photon energy [eV] times vacuum wavelength [nm]."""
_WAVENUMBERS = {"cm-1", "1/cm", "cm^-1", "cm⁻¹"}
_EV_PER_CM = EV_NM * 1e-7
"""Photon energy [eV] of a wavenumber of one per cm."""

_NONE = {"", "px", "pixel", "pixels", "channel", "channels", "none", "<undefined>", "1"}
_RECIPROCAL = re.compile(r"(^|\s)1/|/\s*(nm|pm|um|µm|å|a)\b|\^?-1$|mrad|^rad$|^deg", re.IGNORECASE)


def tidy(units: object) -> str:
    """Write the unit as text; empty where the file has none or counts pixels or channels."""
    text = "" if units is None else str(units).strip()
    text = text.replace("\u03bc", "µ").replace("\u212b", "Å")
    return "" if text.lower() in _NONE else text


def nm_per(units: str) -> float | None:
    """Nanometres in one such unit; None where it is no length."""
    return _LENGTH_NM.get(tidy(units).lower())


def ev_per(units: str) -> float | None:
    """Electronvolts in one such unit; None where it is no energy.

    A unit inside a label, as in ``Energy Loss (eV)`` or ``Energy (EV)``, counts. ``meV`` is
    milli-, ``MeV`` mega-electronvolt, which no spectrum of ours has.
    """
    text = tidy(units)
    inside = re.search(r"[(\[]\s*(\w+)\s*[)\]]\s*$", text)
    word = inside.group(1) if inside else text
    if word.startswith("M") and word.lower() == "mev" and word != "MEV":
        return None
    return _ENERGY_EV.get(word.lower())


def is_reciprocal(units: str) -> bool:
    """Whether the unit is an inverse length or an angle: that of a diffraction pattern."""
    return bool(_RECIPROCAL.search(tidy(units)))


def factor(units: str, kind: str) -> float | None:
    """How many of the kind's own units one such unit is; None where it is no such unit.

    ``kind`` is an SI unit (``V``, ``A``, ``ohm``, ``Hz``, ``s``, ``V/s``, ``W``), ``degree``,
    ``fraction``, ``absorbance``, ``cm2``, ``W/m2`` or ``light``: wavelengths in nm, and photon
    energies in eV, also as wavenumbers, which :func:`is_photon_energy` tells apart. Prefixes count
    by their case: mΩ is not MΩ.
    """
    text = tidy(units) or units.strip()
    if kind == "light":
        return nm_per(text) or ev_per(text) or (_EV_PER_CM if text in _WAVENUMBERS else None)
    if kind in _FIXED:
        return _FIXED[kind].get(text.lower())
    bases = _BASES[kind]
    if text.lower() in bases:
        return 1.0
    prefix, base = text[:1], text[1:]
    if base.lower() not in bases or (len(base) > 1 and base.isupper()):
        return None
    return (_SMALL | (_LARGE if kind in _WITH_LARGE else {})).get(prefix)


def is_photon_energy(units: str) -> bool:
    """Whether a unit of light is one of energy and not of wavelength."""
    return nm_per(units) is None
