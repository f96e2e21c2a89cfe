"""Metadata of the formats' libraries as flat fields with their unit in the name."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_MAX_LENGTH = 64
_MAX_DEPTH = 32
_MAX_TEXT = 4096
_MOST_DIGITS = 18  # of a count: no file holds more, and 64 bits take them
_INSTRUMENT = "Acquisition_instrument"
# Field: the places, below TEM or SEM, where RosettaSciIO's readers put it.
_NUMBERS = {
    "beam_energy_kev": ("beam_energy",),
    "convergence_mrad": ("convergence_angle",),
    "collection_mrad": ("Detector.EELS.collection_angle", "Detector.collection_angle"),
    "dwell_time_s": ("Detector.EELS.dwell_time", "dwell_time"),
    "exposure_s": ("Detector.EELS.exposure", "Detector.Camera.exposure", "exposure_time"),
    "live_time_s": ("Detector.EDS.live_time",),
    "real_time_s": ("Detector.EDS.real_time",),
    "elevation_angle_degree": ("Detector.EDS.elevation_angle",),
    "azimuth_angle_degree": ("Detector.EDS.azimuth_angle",),
    "energy_resolution_mnka_ev": ("Detector.EDS.energy_resolution_MnKa",),
    "tilt_alpha_degree": ("Stage.tilt_alpha",),
    "beam_current_na": ("beam_current",),
    "camera_length_mm": ("camera_length",),
    "magnification": ("magnification",),
}
_UNIT = {"ms": 1e-3}
# An instrument that does not know its own setting writes 0 for it.
_NEVER_ZERO = {
    "beam_energy_kev",
    "convergence_mrad",
    "collection_mrad",
    "dwell_time_s",
    "exposure_s",
    "live_time_s",
    "real_time_s",
    "beam_current_na",
    "camera_length_mm",
    "magnification",
}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")


def flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a metadata tree in HyperSpy's conventions, only those that it states.

    Parameters
    ----------
    metadata
        Tree as the readers of RosettaSciIO return it (energies in keV, angles in mrad).
    """
    instrument = metadata.get(_INSTRUMENT) or {}
    column = instrument.get("TEM") or instrument.get("SEM") or {}
    fields: dict[str, Any] = {}
    for name, places in _NUMBERS.items():
        value = _first_number(column, places)
        if value is not None:
            fields[name] = value
    general = metadata.get("General") or {}
    texts = {
        "instrument": column.get("microscope"),
        "acquisition_mode": column.get("acquisition_mode"),
        "acquisition_date": "T".join(
            str(general[key]) for key in ("date", "time") if general.get(key)
        ),
    }
    fields |= {name: str(text) for name, text in texts.items() if text}
    elements = (metadata.get("Sample") or {}).get("elements")
    if elements is not None and len(elements):
        fields["elements"] = " ".join(str(element) for element in elements)
    return plausible(fields)


def plausible(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without zeros that stand for "not known", empty texts and dates that are not ISO."""
    return {
        name: value
        for name, value in fields.items()
        if value != ""
        and not (name in _NEVER_ZERO and value <= 0)
        and not (name == "acquisition_date" and not _ISO_DATE.match(value))
    }


def _first_number(column: Mapping[str, Any], places: tuple[str, ...]) -> float | None:
    for place in places:
        value = number(lookup(column, place))
        if value is not None:
            return value * _UNIT.get(str(lookup(column, place + "_units")), 1.0)
    return None


def number(value: Any) -> float | None:
    """Value as a finite number; None where it is none."""
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if np.isfinite(result) else None


def count(text: str) -> int | None:
    """Whole number that a text states in ASCII digits; None where it is none, or of no file."""
    digits = text.strip()
    stated = digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS
    return int(digits) if stated else None


def lookup(tree: Mapping[str, Any], path: str) -> Any:
    """Value at a dotted path, spaces and signs in its keys ignored; None where there is none."""
    node: Any = tree
    for key in path.split("."):
        if not isinstance(node, Mapping):
            return None
        wanted = _slug(key)
        node = next((value for name, value in node.items() if _slug(str(name)) == wanted), None)
    return node


class _Tags(dict[str, Any]):
    """Tags that the readers' converters ask for by dotted path."""

    def get(self, key: str, default: Any = None) -> Any:
        found = lookup(self, key)
        return default if found is None else found


def _slug(key: str) -> str:
    return re.sub(r"[^\w-]", "", key.replace(" ", "_"))


def apply_mapping(
    metadata: dict[str, Any],
    original: Mapping[str, Any],
    mapping: Mapping[str, tuple[str, Callable[[Any], Any] | None]],
) -> list[str]:
    """Fill ``metadata`` from the original tree, as the format's reader prescribes.

    Returns
    -------
    list
        What could not be taken over, as sentences.
    """
    complaints = []
    for source, (target, convert) in mapping.items():
        value = lookup(original, source)
        if value is None:
            continue
        if isinstance(value, Mapping):
            value = _Tags({**{_slug(str(k)): v for k, v in value.items()}, **value})
        try:
            converted = value if convert is None else convert(value)
        except Exception as error:  # the converters belong to the format's library
            complaints.append(f"metadata {source} not understood ({error})")
            continue
        if converted is not None:
            _set(metadata, target.split("."), converted)
    return complaints


def _set(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        if not isinstance(tree.get(key), dict):
            tree[key] = {}
        tree = tree[key]
    tree[keys[-1]] = value


def as_json(tree: Mapping[str, Any]) -> str:
    """Metadata tree as JSON, without binary blobs and arrays longer than 64 numbers."""
    return json.dumps(_plain(tree, 0), sort_keys=True, ensure_ascii=False)


def _plain(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return "(nested too deeply)"
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist() if value.size <= _MAX_LENGTH else f"({value.size} values)"
    if isinstance(value, bytes | bytearray):
        return f"({len(value)} bytes)"
    if isinstance(value, list | tuple):
        if len(value) > _MAX_LENGTH:
            return f"({len(value)} values)"
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:_MAX_TEXT]
