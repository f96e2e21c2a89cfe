"""The specimen as one dataset."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from nanostitch.simulate.specimen.confinement import band_gap, extents
from nanostitch.simulate.specimen.crystals import Crystals, Floats, Ints, Mask
from nanostitch.simulate.specimen.heating import Metal
from nanostitch.simulate.specimen.seams import Seams

_Table = Mapping[str, tuple[Floats | Ints | Mask, str, str]]
"""By variable: values, unit and dtype."""


class Made(NamedTuple):
    """What there is after storage: crystals, their bodies, seams and metal particles."""

    crystals: Crystals
    bodies: Ints
    seams: Seams
    metal: Metal


def dataset(
    made: Made, field_nm: float, ligand_length_nm: float, environment: Mapping[str, Any]
) -> xr.Dataset:
    """Variables over crystals, seams and metal particles, with the environment as attributes."""
    tables = {
        "crystal": _crystal_table(made.crystals, made.bodies, made.seams),
        "seam": _seam_table(made.seams),
        "metal": {f"metal_{name}": (v, "nm", "f8") for name, v in made.metal._asdict().items()},
    }
    variables: dict[str, Any] = {
        name: (dim, np.asarray(values).astype(dtype), {"units": units})
        for dim, table in tables.items()
        for name, (values, units, dtype) in table.items()
    }
    for name, value in (("field", field_nm), ("ligand_length", ligand_length_nm)):
        variables[name] = ((), np.float64(value), {"units": "nm"})
    return xr.Dataset(variables, attrs=dict(environment))


def _crystal_table(crystals: Crystals, bodies: Ints, seams: Seams) -> _Table:
    size = extents(crystals, seams)
    return {
        "initial_edge": (crystals.initial_edge, "nm", "f8"),
        "edge": (crystals.edge, "nm", "f8"),
        "height": (crystals.height, "nm", "f8"),
        "centre_y": (crystals.y, "nm", "f8"),
        "centre_x": (crystals.x, "nm", "f8"),
        "angle": (np.degrees(crystals.angle), "degree", "f8"),
        "zone_axis": (crystals.zone_axis, "1", "i1"),
        "tilt_y": (crystals.tilt_y, "degree", "f8"),
        "tilt_x": (crystals.tilt_x, "degree", "f8"),
        "particle": (bodies, "1", "i4"),
        "domain": (crystals.domain, "1", "i4"),
        "irradiated": (crystals.irradiated, "1", "i1"),
        "state": (crystals.state, "1", "i1"),
        "extent_along": (size.along, "nm", "f8"),
        "extent_across": (size.across, "nm", "f8"),
        "band_gap": (band_gap(crystals, size), "eV", "f8"),
        "fault_offset": (crystals.fault_offset, "nm", "f8"),
        "fault_across": (crystals.fault_across, "1", "i1"),
    }


def _seam_table(seams: Seams) -> _Table:
    return {
        "seam_first": (seams.first, "1", "i4"),
        "seam_second": (seams.second, "1", "i4"),
        "seam_y": (seams.y, "nm", "f8"),
        "seam_x": (seams.x, "nm", "f8"),
        "seam_normal": (seams.normal, "degree", "f8"),
        "seam_length": (seams.length, "nm", "f8"),
        "seam_gap": (seams.gap, "nm", "f8"),
        "seam_misorientation": (seams.misorientation, "degree", "f8"),
        "seam_tilt": (seams.tilt, "degree", "f8"),
        "seam_class": (seams.kind, "1", "i1"),
    }
