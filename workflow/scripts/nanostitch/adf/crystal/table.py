"""Tables of domains, their reflections and the pairs of them that meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nanostitch.adf.crystal import index, neighbours
from nanostitch.adf.crystal.index import Match
from nanostitch.adf.crystal.phases import PHASES
from nanostitch.adf.crystal.reflections import Lattice
from nanostitch.adf.crystal.waves import Grid
from nanostitch.intervals import NORMAL_95

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

UNKNOWN = -1
"""Zone axis or phase of a domain that fits none."""
_UNKNOWN_PERIOD = 180.0
"""Turned by half a turn a lattice is always the same [degree]."""


@dataclass(frozen=True)
class Found:
    """Domains with a lattice, in the order of their numbers from 1.

    ``number`` and ``visible`` are on the grid (see ``domains.label``); ``candidates`` holds all
    zones of each domain, the most probable first; ``known`` the one that it is taken for.
    """

    number: Ints
    visible: Floats
    lattices: list[Lattice]
    candidates: list[list[Match]]
    known: list[Match | None]


def domain_rows(found: Found) -> xr.Dataset:
    """Orientation, phase and zone axis of each domain, with what fits next best."""
    basis = np.array([[*d.first, *d.second] for d in found.lattices]).reshape(-1, 4)
    errors = np.array([np.sqrt(np.diag(d.covariance)) for d in found.lattices]).reshape(-1, 4)
    direction = [
        m.orientation if m else float(np.degrees(np.arctan2(*d.first))) % _UNKNOWN_PERIOD
        for m, d in zip(found.known, found.lattices, strict=True)
    ]
    half = NORMAL_95 * np.array(
        [index.rotation_uncertainty(d, m) for m, d in zip(found.known, found.lattices, strict=True)]
    )
    names = list(PHASES)
    first = [c[0] if c else None for c in found.candidates]
    second = [c[1] if len(c) > 1 else None for c in found.candidates]
    columns = {
        **dict(zip(("g1_y", "g1_x", "g2_y", "g2_x"), basis.T, strict=True)),
        "g1_uncertainty": errors[:, :2].max(axis=1),
        "g2_uncertainty": errors[:, 2:].max(axis=1),
        "domain_orientation": np.array(direction),
        "domain_orientation_lower": np.array(direction) - half,
        "domain_orientation_upper": np.array(direction) + half,
        "orientation_period": [m.zone.period if m else _UNKNOWN_PERIOD for m in found.known],
        "zone_axis": np.array([m.zone.number if m else UNKNOWN for m in found.known], "i1"),
        "zone_name": np.array([m.zone.name if m else "" for m in found.known], "U"),
        "phase": np.array([names.index(m.zone.phase) if m else UNKNOWN for m in found.known], "i1"),
        "index_score": [m.probability if m else np.nan for m in first],
        "index_residual": [m.distortion if m else np.nan for m in first],
        "runner_up": np.array([m.zone.label if m else "" for m in second], "U"),
        "runner_up_score": [m.probability if m else np.nan for m in second],
    }
    rows = xr.Dataset({name: ("domain", np.asarray(values)) for name, values in columns.items()})
    rows["phase"].attrs |= {
        "flag_values": np.arange(UNKNOWN, len(names), dtype="i1"),
        "flag_meanings": " ".join(["unknown", *names]),
    }
    rows["zone_axis"].attrs |= {
        "flag_values": np.arange(UNKNOWN, 3, dtype="i1"),
        "flag_meanings": "unknown 001 110 111",
    }
    return rows


def areas(label: Ints, y: Floats, x: Floats, count: int) -> xr.Dataset:
    """Area and centre of each domain, by its pixels.

    Parameters
    ----------
    label
        Number of the domain at each pixel (y, x).
    y, x
        Coordinates of the pixels [nm].
    count
        How many domains there are.
    """
    cell = float(y[1] - y[0]) * float(x[1] - x[0])
    flat = label.ravel()
    pixels = np.bincount(flat, minlength=count + 1)[1:]
    some = np.maximum(pixels, 1)
    by_row = [np.bincount(line, minlength=count + 1)[1:] for line in label]
    by_column = [np.bincount(line, minlength=count + 1)[1:] for line in label.T]
    return xr.Dataset(
        {
            "domain": ("domain", np.arange(1, count + 1, dtype="i4")),
            "domain_y": ("domain", y @ np.array(by_row) / some),
            "domain_x": ("domain", x @ np.array(by_column) / some),
            "domain_area": ("domain", pixels * cell),
        }
    )


def reflection_rows(lattices: Sequence[Lattice]) -> xr.Dataset:
    """Reflections of all domains."""
    rows = [(i, r) for i, d in enumerate(lattices, start=1) for r in d.reflections]
    columns = {
        "reflection_domain": np.array([i for i, _ in rows], "i4"),
        "reflection_y": np.array([r.place[0] for _, r in rows], float),
        "reflection_x": np.array([r.place[1] for _, r in rows], float),
        "reflection_uncertainty": np.array([max(r.uncertainty) for _, r in rows], float),
        "reflection_strength": np.array([r.strength for _, r in rows], float),
        "reflection_first": np.array([r.first for _, r in rows], "i1"),
        "reflection_second": np.array([r.second for _, r in rows], "i1"),
    }
    return xr.Dataset({name: ("reflection", values) for name, values in columns.items()})


def pair_rows(found: Found, on: Grid) -> xr.Dataset:
    """Pairs of domains that meet, and how far their lattices are turned against each other."""
    rows = []
    for first, second, length in neighbours.meeting(found.number, on, neighbours.MEET_NM):
        one, other = found.lattices[first - 1], found.lattices[second - 1]
        known = (found.known[first - 1], found.known[second - 1])
        turn = index.misorientation(*known) if all(known) else index.turned(one, other)
        errors = [
            index.rotation_uncertainty(d, m if all(known) else None)
            for d, m in zip((one, other), known, strict=True)
        ]
        half = NORMAL_95 * float(np.linalg.norm(errors))
        rows.append((first, second, length, turn, max(turn - half, 0.0), turn + half))
    values = np.array(rows, float).reshape(-1, 6)
    names = ("pair_first", "pair_second", "pair_length", "misorientation")
    bounds = ("misorientation_lower", "misorientation_upper")
    columns = dict(zip((*names, *bounds), values.T, strict=True))
    pairs = xr.Dataset({name: ("pair", column) for name, column in columns.items()})
    pairs["misorientation_lower"] = pairs["misorientation_lower"].where(
        pairs["misorientation"].notnull()
    )
    return pairs.assign({name: pairs[name].astype("i4") for name in ("pair_first", "pair_second")})
