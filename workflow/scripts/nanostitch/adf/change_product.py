"""Product of the step ``change``: numbers, fates and bodies as the contract names them."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch import intervals, quality
from nanostitch.adf import balance, fates, mechanism
from nanostitch.adf.flatten import pixel_size_nm
from nanostitch.adf.registration import Registration
from nanostitch.contracts.adf_change import CHANGE
from nanostitch.intervals import NONE, Number

Array = NDArray[np.float64]

_DECIDED = ("undecided", *mechanism.MECHANISMS)
_BY = ("signal", "outlines")
_WORDS = {"fate": fates.FATES, "decided_mechanism": _DECIDED, "registered_by": _BY}
_SHARES = ("kept_fraction", "joined_fraction", "vanished_fraction")
_NUMBERS = ("shift_y", "shift_x", "rotation", "scale", *_SHARES, "area_ratio", "size_change")


def nothing(
    where: Registration | None, after: xr.Dataset, before: xr.Dataset, why: str
) -> xr.Dataset:
    """Product of images that do not show the same place: nothing is known but why."""
    sizes = before.sizes["particle"], after.sizes["particle"]
    none0, none1 = (np.zeros(size, dtype=np.int64) for size in sizes)
    found = fates.Followed(none0 + fates.UNSEEN, none0 - 1, none0, none1, none1 - 1, 0)
    empty = balance.Sums(*(np.zeros(0) for _ in balance.Sums._fields))
    score = np.nan if where is None else where.score
    unknown = Registration(
        np.full(4, np.nan), np.full((4, 4), np.nan), np.zeros(2), np.zeros(2), 0, score, np.nan
    )
    share = np.full(len(mechanism.MECHANISMS), np.nan)
    decision = mechanism.Decision(share, "undecided", "the images do not show the same place")
    numbers = dict.fromkeys(_NUMBERS, NONE)
    return assembled(unknown, found, empty, numbers, decision, (before, after), {why: "bad"})


def assembled(
    where: Registration,
    found: fates.Followed,
    sums: balance.Sums,
    numbers: dict[str, Number],
    decision: mechanism.Decision,
    products: tuple[xr.Dataset, xr.Dataset],
    reasons: dict[str, quality.Level],
) -> xr.Dataset:
    """Keep ``contracts.adf.CHANGE``; ``products`` are those of the particles before and after."""
    columns = _columns(where, found, sums, decision, products)
    ratios = balance.body_ratios(sums, found.bodies, where)
    for end, values in zip(("", "_lower", "_upper"), ratios, strict=True):
        columns[f"body_area_ratio{end}"] = ("body", values)
    product = xr.Dataset(columns)
    product = product.assign(intervals.variables(numbers, {n: CHANGE[n].units for n in numbers}))
    product["verdict"] = quality.verdict(reasons)
    for name, var in CHANGE.items():
        if var.dtype != "U":
            product[name] = product[name].astype(var.dtype, keep_attrs=True)
        product[name].attrs["units"] = var.units
    for name, words in _WORDS.items():
        product[name].attrs |= {
            "flag_values": np.arange(len(words), dtype="i1"),
            "flag_meanings": " ".join(words),
        }
    if decision.why:
        product["decided_mechanism"].attrs["comment"] = f"Undecided: {decision.why}."
    return product


def _columns(
    where: Registration,
    found: fates.Followed,
    sums: balance.Sums,
    decision: mechanism.Decision,
    products: tuple[xr.Dataset, xr.Dataset],
) -> dict[str, object]:
    """What is counted and matched, by the names of the contract."""
    before, after = products
    number1 = after["particle"].to_numpy()
    return {
        "registration_score": where.score,
        "registered_by": where.by,
        "common_area": where.overlap * _field(after),
        "before": ("before", before["particle"].to_numpy()),
        "fate": ("before", found.fate),
        "becomes": ("before", np.append(number1, 0)[found.becomes]),
        "before_body": ("before", found.before_body),
        "particle": ("particle", number1),
        "sources": ("particle", found.sources),
        "particle_body": ("particle", found.after_body),
        "body": ("body", np.arange(1, found.bodies + 1)),
        "body_sources": ("body", sums.number_before[: found.bodies]),
        "body_parts": ("body", sums.number_after[: found.bodies]),
        "number_before": sums.number_before.sum(),
        "number_after": sums.number_after.sum(),
        "mechanism": ("mechanism", np.array(mechanism.MECHANISMS)),
        "mechanism_probability": ("mechanism", decision.probability),
        "decided_mechanism": _DECIDED.index(decision.mechanism),
        **_places(where, found, before, after),
    }


def _field(product: xr.Dataset) -> float:
    """Area of the image [nm2]."""
    steps = pixel_size_nm(product["particle_label"])
    return float(product["particle_label"].size * steps[0] * steps[1])


def _places(
    where: Registration, found: fates.Followed, before: xr.Dataset, after: xr.Dataset
) -> dict[str, object]:
    """Where particles before lie here, and by how much the centre of each body moved."""
    y0, x0 = where.place(before["centroid_y"].to_numpy(), before["centroid_x"].to_numpy())
    here = [_centres(found.before_body, before, (y0, x0), found.bodies)]
    places = (after["centroid_y"].to_numpy(), after["centroid_x"].to_numpy())
    here.append(_centres(found.after_body, after, places, found.bodies))
    (by, bx, doubt0), (ay, ax, doubt1) = here
    registered = where.uncertainty(by, bx)
    doubt = np.sqrt(doubt0**2 + doubt1**2 + registered**2)
    return {
        "before_y": ("before", y0),
        "before_x": ("before", x0),
        "displacement_y": ("body", ay - by),
        "displacement_x": ("body", ax - bx),
        "displacement_uncertainty": ("body", doubt),
    }


def _centres(
    body: NDArray[np.int64], product: xr.Dataset, places: tuple[Array, Array], bodies: int
) -> tuple[Array, Array, Array]:
    """Centre of area of each body, and its uncertainty along an axis by the outlines."""
    area = product["area"].to_numpy()
    doubt = np.nan_to_num(product["edge_length_uncertainty"].to_numpy())
    total, y, x, square = (
        np.bincount(body, values, bodies + 1)[1:]
        for values in (area, area * places[0], area * places[1], (area * doubt) ** 2)
    )
    return y / total, x / total, np.sqrt(square) / total
