"""Units as instruments write them, and what they are in nm and eV."""

import re

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
