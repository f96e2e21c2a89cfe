"""Rows of the seams of one image, and the product they make."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import quality
from nanostitch.adf.junction import classes, lean
from nanostitch.adf.junction.classes import CLASSES, Limits
from nanostitch.adf.junction.evidence import Seam
from nanostitch.adf.junction.sides import Picture

Floats = NDArray[np.float64]

_PLACE_NM = 0.3
"""Standard uncertainty of the place of a seam across its normal [nm]: half a period, by which a
turn about another place is taken for translation."""
_RIM_NM = 0.5
"""Distance from the border of the image within which a seam may go on beyond it [nm]."""
_FAINT = 0.4
"""Share of the variance of a side that its waves explain, below which its lattice is faint."""
_UNITS = {
    **dict.fromkeys(
        ("seam_y", "seam_x", "seam_length", "translation", "lean", "translation_limit"), "nm"
    ),
    **dict.fromkeys(("seam_normal", "misorientation", "misorientation_limit"), "degree"),
}
"""Units of the numbers of a seam that have one."""
_WHOLE = {"first": "i4", "second": "i4", "seam_class": "i1"}
_PLAIN = (
    *("seam_y", "seam_x", "seam_normal", "seam_length", "first", "second", "coherence"),
    *("amplitude_dip", "missing_planes", "misorientation_limit", "translation_limit", "evidence"),
)
_TRIPLES = ("misorientation", "translation", "lean")
_ENDS = ("_lower", "", "_upper")


class Errors(NamedTuple):
    """Standard uncertainties beside the noise: turn [rad], translation [nm], log amplitude [1]."""

    turn: float
    miss: float
    amplitude: float


class Row(NamedTuple):
    """One seam: its numbers by name, triples with their bounds, probability of each class."""

    plain: Mapping[str, float]
    triples: Mapping[str, Floats]
    probability: Floats
    faint: bool


def row(seam: Seam, at: Limits, *, lean_spread_nm: float, errors: Errors) -> Row:
    """Numbers of one seam.

    Parameters
    ----------
    seam
        The seam as measured.
    at
        Limits of the classes for its lattice.
    lean_spread_nm
        Prior standard deviation of each component of a lean [nm].
    errors
        Standard uncertainties beside the noise.
    """
    met, line = seam.meeting, seam.candidate.line
    turn_error = float(np.hypot(met.turn_error, errors.turn))
    miss_error = float(np.hypot(met.miss_error, errors.miss))
    miss_error = float(np.hypot(miss_error, _PLACE_NM * met.turn))
    leans = None
    triples = {name: np.full(3, np.nan) for name in _TRIPLES}
    if met.alike:
        leans = lean.difference(
            seam.first,
            met.log_ratio,
            met.log_error,
            spread_nm=lean_spread_nm,
            model_error=errors.amplitude,
        )
        triples["misorientation"] = np.degrees(classes.turn_interval(met.turn, turn_error))
        triples["lean"] = classes.lean_interval(leans)
        if abs(met.turn) <= at.turn:
            triples["translation"] = classes.miss_interval(met.miss, miss_error)
    plain = {
        "seam_y": line.y,
        "seam_x": line.x,
        "seam_normal": float(np.degrees(line.normal)) % 360.0,
        "seam_length": line.length,
        "first": seam.candidate.first,
        "second": seam.candidate.second,
        "coherence": met.coherence,
        "amplitude_dip": seam.dip,
        "missing_planes": float(np.abs(np.round(met.closure)).sum()),
        "misorientation_limit": float(np.degrees(classes.detection_limit(turn_error))),
        "translation_limit": classes.detection_limit(miss_error),
        "evidence": seam.evidence,
    }
    probability = classes.probabilities(met, leans, at, turn_error, miss_error)
    faint = min(seam.first.explained, seam.second.explained) < _FAINT
    return Row(plain, triples, probability, faint)


def product(rows: list[Row], image: Picture, told_probability: float) -> xr.Dataset:
    """Product of an image whose lattice was seen; keeps ``contracts.adf.SEAMS``.

    Parameters
    ----------
    rows
        Its seams.
    image
        The image.
    told_probability
        Probability from which a class is told.
    """
    probability = _table([r.probability for r in rows])
    told = probability.max(axis=1, initial=0.0) >= told_probability
    found = _seams(rows)
    found["probability"] = (("seam", "class"), probability, {"units": "1"})
    kind = np.where(told, probability.argmax(axis=1), -1).astype("i1")
    found["seam_class"] = (
        "seam",
        kind,
        {
            "units": "1",
            "flag_values": np.arange(-1, len(CLASSES), dtype="i1"),
            "flag_meanings": " ".join(("not_told", *CLASSES)),
        },
    )
    found["quality"] = _quality(found, image, told, np.array([r.faint for r in rows], bool))
    counts = classes.counted(probability)
    for name, numbers in zip(CLASSES, counts, strict=True):
        for end, value in zip(("", "_lower", "_upper"), numbers, strict=True):
            found[f"{name}_count{end}"] = xr.DataArray(value, attrs={"units": "1"})
    reasons: dict[str, quality.Level] = {}
    if rows and told.mean() < 0.5:
        reasons["the class of most seams is not told at this dose and length"] = "doubtful"
    found["verdict"] = quality.verdict(reasons).assign_attrs(units="1")
    return found


def nothing(reason: str) -> xr.Dataset:
    """Product of an image in which seams cannot be looked for, with the reason."""
    found = _seams([])
    found["probability"] = (("seam", "class"), _table([]), {"units": "1"})
    found["seam_class"] = ("seam", np.empty(0, "i1"), {"units": "1"})
    found["quality"] = xr.DataArray(np.empty(0, "u2"), dims="seam", attrs={"units": "1"})
    for name in CLASSES:
        for end in ("", "_lower", "_upper"):
            found[f"{name}_count{end}"] = xr.DataArray(np.nan, attrs={"units": "1"})
    found["verdict"] = quality.verdict({reason: "bad"}).assign_attrs(units="1")
    return found


def _table(probabilities: list[Floats]) -> Floats:
    return np.array(probabilities, float).reshape(-1, len(CLASSES))


def _seams(rows: list[Row]) -> xr.Dataset:
    """Variables of the seams that are single numbers or numbers with bounds."""
    found = xr.Dataset(coords={"class": ("class", list(CLASSES), {"units": "1"})})
    for name in _PLAIN:
        values = np.array([r.plain[name] for r in rows], _WHOLE.get(name, "f8"))
        found[name] = ("seam", values, {"units": _UNITS.get(name, "1")})
    for name in _TRIPLES:
        triple = np.array([r.triples[name] for r in rows], float).reshape(-1, 3)
        for column, end in enumerate(_ENDS):
            found[f"{name}{end}"] = ("seam", triple[:, column], {"units": _UNITS[name]})
    return found


def _quality(
    found: xr.Dataset, image: Picture, told: NDArray[np.bool_], faint: NDArray[np.bool_]
) -> xr.DataArray:
    """Flags of the seams."""
    normal = np.radians(found["seam_normal"])
    half = found["seam_length"] / 2
    out = xr.zeros_like(found["seam_y"], bool)
    for place, lean_to, axis in (
        (found["seam_y"], np.abs(np.cos(normal)), image.y),
        (found["seam_x"], np.abs(np.sin(normal)), image.x),
    ):
        reach = half * lean_to + _RIM_NM
        out = out | (place - reach < axis[0]) | (place + reach > axis[-1])
    flags = quality.flags(
        {
            "not_told": xr.DataArray(~told, dims="seam"),
            "cut_by_image_border": out,
            "inside_domain": found["first"] == found["second"],
            "different_projections": found["misorientation"].isnull(),
            "faint_lattice": xr.DataArray(faint, dims="seam"),
        }
    )
    return flags.assign_attrs(units="1")
