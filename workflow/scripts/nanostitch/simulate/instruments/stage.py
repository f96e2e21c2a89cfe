"""Where on a specimen an instrument looks, as an operator would choose it."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import coherence
from nanostitch.simulate.projection import BOUNDARY, CRYSTAL, SEAMLESS, TILT

Mask = NDArray[np.bool_]
Place = tuple[float, float]

LOOK_AT = (
    "anywhere",
    "middle",
    "seamless",
    "tilt",
    "boundary",
    "zone_axis",
    "fault",
    "largest_body",
    "largest_crystal",
    "smallest_crystal",
    "irradiated_edge",
    "metal",
)
"""What an operator may look for."""
_SEAMS: Mapping[str, int] = {
    "seamless": SEAMLESS,
    "tilt": TILT,
    "boundary": BOUNDARY,
    "zone_axis": BOUNDARY,
}
_OF_VIEWS = "at 'anywhere' or at 'middle'"
_OF_LINES = "at 'middle'"
"""What else there is to look at, for views and for lines."""
_UNTILTED_DEGREE = 1.0
"""Tilt up to which columns of a crystal of 8 nm stay narrower than the probe: 8 nm x tan 1 degree
is 0.14 nm."""


def aim(
    specimen: xr.Dataset,
    look_at: str,
    size_nm: float,
    rng: np.random.Generator,
    *,
    place_y_nm: float | None = None,
    place_x_nm: float | None = None,
) -> Place:
    """Centre (y, x) of a square view [nm].

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    look_at
        One of :data:`LOOK_AT`: ``anywhere`` is a random place whose view lies in the field, the
        middle if none does; a class of seam is its longest seam; ``zone_axis`` is a seam between
        crystals of unlike zone axes, or a boundary where there is none.
    size_nm
        Side of the view [nm].
    rng
        Drawn from by ``anywhere`` alone.
    place_y_nm, place_x_nm
        Centre of the view where it is given [nm]; wins over ``look_at``.

    Raises
    ------
    BatchError
        If the specimen has no such feature, or one coordinate is given without the other.
    """
    if place_y_nm is not None and place_x_nm is not None:
        return float(place_y_nm), float(place_x_nm)
    if place_y_nm is not None or place_x_nm is not None:
        raise BatchError("place_y_nm and place_x_nm: give both, or neither and look_at")
    field = float(specimen["field"])
    if look_at == "anywhere":
        low = min(size_nm / 2, field / 2)
        y, x = rng.uniform(low, field - low, size=2)
        return float(y), float(x)
    return _place(specimen, look_at, _OF_VIEWS)


def _place(specimen: xr.Dataset, look_at: str, otherwise: str) -> Place:
    """Place of a feature, or the middle."""
    if look_at == "middle":
        return float(specimen["field"]) / 2, float(specimen["field"]) / 2
    if look_at in _SEAMS:
        seam = _longest_seam(specimen, look_at, otherwise)
        return _values(specimen, ("seam_y", "seam_x"), seam)
    if look_at == "irradiated_edge":
        return _irradiated_edge(specimen, otherwise)
    if look_at == "metal":
        return _largest_metal(specimen, otherwise)
    return _values(specimen, ("centre_y", "centre_x"), _crystal(specimen, look_at, otherwise))


def across(
    specimen: xr.Dataset, look_at: str, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Middle (y, x) [nm] and direction [degree] of a line across a seam.

    Parameters
    ----------
    specimen
        Keeps ``contracts.specimen.SPECIMEN``.
    look_at
        A class of seam or ``zone_axis``: across the longest of them. ``anywhere``: across a
        random seam. Anything else: through that place, along an edge of the crystal there.
    rng
        Drawn from by ``anywhere`` alone.

    Returns
    -------
    tuple
        ``y``, ``x`` and the direction from +x towards +y.

    Raises
    ------
    BatchError
        If the specimen has no such feature.
    """
    # Even the line through the middle lies along a crystal.
    otherwise = _OF_LINES if specimen.sizes["crystal"] else ""
    if look_at in _SEAMS or look_at == "anywhere":
        if look_at in _SEAMS:
            seam = _longest_seam(specimen, look_at, otherwise)
        else:
            seam = int(rng.choice(_some(specimen, look_at, _present(specimen), "seam", otherwise)))
        y, x = _values(specimen, ("seam_y", "seam_x"), seam)
        return y, x, float(specimen["seam_normal"].values[seam])
    y, x = _place(specimen, look_at, otherwise)
    every = np.ones(specimen.sizes["crystal"], bool)
    _some(specimen, look_at, every, "crystal to lie along", otherwise)
    square = (specimen["centre_y"].to_numpy() - y) ** 2 + (specimen["centre_x"].to_numpy() - x) ** 2
    return y, x, float(specimen["angle"].values[square.argmin()])


def _values(specimen: xr.Dataset, names: tuple[str, str], index: int) -> Place:
    y, x = (float(specimen[name].values[index]) for name in names)
    return y, x


def _some(
    specimen: xr.Dataset, look_at: str, wanted: Mask, what: str, otherwise: str
) -> NDArray[np.intp]:
    """Indices where a mask is true; ``otherwise`` is what can be looked at without any feature.

    Raises
    ------
    BatchError
        If it is nowhere.
    """
    if wanted.any():
        return np.flatnonzero(wanted)
    kinds = specimen["seam_class"].to_numpy()[_present(specimen)]
    names = {"seamless": SEAMLESS, "tilt": TILT, "boundary": BOUNDARY}
    seams = ", ".join(f"{int((kinds == kind).sum())} {name}" for name, kind in names.items())
    alive = specimen["state"].to_numpy() == CRYSTAL
    faults = int((np.isfinite(specimen["fault_offset"].to_numpy()) & alive).sum())
    any_of_these = "at one of these" if alive.any() or specimen.sizes["metal"] else ""
    places = " or ".join(place for place in (any_of_these, otherwise) if place)
    remedy = f"look {places}, or " if places else ""
    raise BatchError(
        f"look_at: {look_at!r} needs a {what} that the specimen of sample "
        f"{specimen.attrs.get('sample')!r}, condition {specimen.attrs.get('condition')!r} does "
        f"not have. It has {int(alive.sum())} crystals ({faults} with a planar fault, "
        f"{int(specimen['irradiated'].to_numpy()[alive].sum())} irradiated), seams: {seams}, "
        f"metal particles: {specimen.sizes['metal']}; {remedy}change "
        "the specimen or its condition"
    )


def _present(specimen: xr.Dataset) -> Mask:
    """Seams whose two crystals are still there."""
    alive = specimen["state"].to_numpy() == CRYSTAL
    ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
    return np.asarray(alive[ends[0]] & alive[ends[1]])


def _longest_seam(specimen: xr.Dataset, look_at: str, otherwise: str) -> int:
    """Longest seam of a class; lattices run on through it, if they do through any of the class."""
    present = _present(specimen)
    wanted = present & (specimen["seam_class"].to_numpy() == _SEAMS[look_at])
    if look_at == "zone_axis":
        axes = specimen["zone_axis"].to_numpy()
        ends = [specimen[name].to_numpy() for name in ("seam_first", "seam_second")]
        unlike = present & (axes[ends[0]] != axes[ends[1]])
        wanted = unlike if unlike.any() else wanted
    elif look_at != "boundary":
        clear = wanted & coherence.spanning(specimen) & ~coherence.crossed(specimen)
        wanted = clear if clear.any() else wanted
    found = _some(specimen, look_at, wanted, "seam", otherwise)
    return int(found[specimen["seam_length"].to_numpy()[found].argmax()])


def _crystal(specimen: xr.Dataset, look_at: str, otherwise: str) -> int:
    """Index of the crystal to look at."""
    alive = specimen["state"].to_numpy() == CRYSTAL
    edge = specimen["edge"].to_numpy()
    if look_at == "fault":
        faulty = alive & np.isfinite(specimen["fault_offset"].to_numpy())
        tilt = np.hypot(specimen["tilt_y"].to_numpy(), specimen["tilt_x"].to_numpy())
        clear = faulty & (specimen["zone_axis"].to_numpy() == 0) & (tilt <= _UNTILTED_DEGREE)
        wanted = clear if clear.any() else faulty
        found = _some(specimen, look_at, wanted, "crystal with a planar fault", otherwise)
        return int(found[edge[found].argmax()])
    found = _some(specimen, look_at, alive, "crystal", otherwise)
    if look_at == "largest_crystal":
        return int(found[edge[found].argmax()])
    if look_at == "smallest_crystal":
        return int(found[edge[found].argmin()])
    if look_at == "largest_body":
        return _heart(specimen, found)
    raise BatchError(f"look_at: {look_at!r} is none of {', '.join(LOOK_AT)}")


def _heart(specimen: xr.Dataset, alive: NDArray[np.intp]) -> int:
    """Crystal nearest to the centroid of the body of largest area."""
    body, area = specimen["particle"].to_numpy()[alive], specimen["edge"].to_numpy()[alive] ** 2
    members = alive[body == np.bincount(body, area).argmax()]
    weight = specimen["edge"].to_numpy()[members] ** 2
    centres = [specimen[name].to_numpy()[members] for name in ("centre_y", "centre_x")]
    square = sum((place - np.average(place, weights=weight)) ** 2 for place in centres)
    return int(members[np.argmin(square)])


def _irradiated_edge(specimen: xr.Dataset, otherwise: str) -> Place:
    irradiated = specimen["irradiated"].to_numpy() == 1
    alike = irradiated.all() or not irradiated.any()
    halves = np.array([not alike])
    _some(specimen, "irradiated_edge", halves, "half that was irradiated", otherwise)
    middle = float(specimen["field"]) / 2
    return middle, middle


def _largest_metal(specimen: xr.Dataset, otherwise: str) -> Place:
    diameter = specimen["metal_diameter"].to_numpy()
    found = _some(specimen, "metal", diameter > 0, "metal particle", otherwise)
    largest = int(found[diameter[found].argmax()])
    return _values(specimen, ("metal_y", "metal_x"), largest)
