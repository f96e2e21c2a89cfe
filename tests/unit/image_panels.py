"""Products of images that keep their contracts, small enough to know every answer, for tests."""

import numpy as np
import xarray as xr
from scan_panels import about

from nanostitch import contracts, quality
from nanostitch.contracts.adf import PARTICLES
from nanostitch.contracts.adf_change import CHANGE
from nanostitch.contracts.adf_columns import COLUMNS
from nanostitch.contracts.adf_lattice import LATTICE
from nanostitch.contracts.adf_seams import SEAMS

PIXEL_NM = 0.05
SIDE = 160
SIZES = {"mechanism": 4, "class": 3}


def blank(contract, sizes):
    """A dataset that a contract takes, all zero; optional variables are left out."""
    found = xr.Dataset()
    for name, var in contract.items():
        if var.optional or name == "verdict":
            continue
        shape = [{**SIZES, **sizes}.get(dim, 0) for dim in var.dims]
        kind = {"U": "U9", "any": "f8"}.get(var.dtype, var.dtype)
        found[name] = (var.dims, np.zeros(shape, kind), {"units": var.units})
    return found


def product(name, contract, sizes, values, acquisition="atoms", condition="fresh", reasons=None):
    """A product with given values; it keeps its contract."""
    found = blank(contract, sizes)
    for key, value in values.items():
        known = found[key]
        found[key] = (known.dims, np.asarray(value, known.dtype), known.attrs)
    found["verdict"] = quality.verdict(reasons or {}).assign_attrs(units="1")
    if name == "particles":
        flags = {"touches_border": found["touches_border"] == 1, "too_small": False}
        found["quality"] = quality.flags(flags).assign_attrs(units="1")
    contracts.check(found, contract, name)
    found["verdict"].attrs.pop("units")
    return found.assign_attrs(about(name, "adf", acquisition, condition, 1))


def axes_of(side=SIDE, pixel=PIXEL_NM):
    return {"y": np.arange(side) * pixel, "x": np.arange(side) * pixel}


def raw(acquisition="atoms", condition="fresh", period_nm=0.4, told="", pixel=PIXEL_NM):
    """A square lattice of columns along both axes; regions as the sheet tells them."""
    along = axes_of(pixel=pixel)
    wave = 1 + np.cos(2 * np.pi * along["x"] / period_nm)
    signal = (1000 * np.multiply.outer(wave, wave)).astype("u2")
    coords = {dim: (dim, values, {"units": "nm"}) for dim, values in along.items()}
    found = xr.Dataset({"intensity": (("y", "x"), signal, {"units": "1"})}, coords)
    attrs = about("raw", "adf", acquisition, condition, 1)
    return found.assign_attrs(attrs | ({"regions": told} if told else {}))


def lattice(angles=(10.0, 80.0), zones=(0, 0), periods=(90.0, 90.0), **options):
    """Domains of equal width, from left to right."""
    number = len(angles)
    label = np.zeros((SIDE, SIDE), "i4")
    ends = np.linspace(0, SIDE, number + 1).astype(int)
    for n in range(number):
        label[:, ends[n] + 2 : ends[n + 1] - 2] = n + 1
    wide = SIDE * PIXEL_NM / max(number, 1)
    values = {
        **axes_of(),
        "domain_label": label,
        "domain": np.arange(number) + 1,
        "domain_y": np.full(number, SIDE * PIXEL_NM / 2),
        "domain_x": wide * (np.arange(number) + 0.5),
        "domain_area": np.full(number, 10.0),
        "domain_orientation": angles,
        "domain_orientation_lower": np.array(angles) - 0.1,
        "domain_orientation_upper": np.array(angles) + 0.1,
        "orientation_period": periods,
        "zone_axis": zones,
        "explained_power": 0.93,
    }
    return product("lattice", LATTICE, {"domain": number, **sides()}, values, **options)


def columns(number=1, **options):
    """Line defects across the middle, whose normals run along x."""
    values = {
        "defect": np.arange(number) + 1,
        "defect_y": 2.0 + 2.0 * np.arange(number),
        "defect_x": np.full(number, 4.0),
        "defect_length": np.full(number, 1.5),
        "defect_probability": np.linspace(0.97, 0.99, number),
        "defect_searched_area": 42.0,
    }
    return product("columns", COLUMNS, {"defect": number}, values, **options)


def seams(classes=(0, 1, 2), angles=(0.2, 1.4, 9.0), **options):
    """Seams below each other, whose normals run along y."""
    number = len(classes)
    likely = np.full((number, 3), 0.05)
    likely[np.arange(number), np.maximum(np.array(classes, int), 0)] = 0.9
    values = {
        "seam_y": 1.0 + 2.5 * np.arange(number),
        "seam_x": np.full(number, 4.0),
        "seam_normal": np.full(number, 90.0),
        "seam_length": np.full(number, 3.0),
        "misorientation": angles,
        "misorientation_lower": np.array(angles) - 0.1,
        "misorientation_upper": np.array(angles) + 0.1,
        "seam_class": classes,
        "probability": likely,
        "class": ["seamless", "tilt", "boundary"],
    }
    return product("seams", SEAMS, {"seam": number}, values, **options)


def particles(places, units=None, acquisition="image_1", condition="fresh", **values):
    """Squares of 0.9 nm with given middles (y, x) in nm, each on the label image."""
    number = len(places)
    label = np.zeros((SIDE, SIDE), "i4")
    for n, (y, x) in enumerate(places, start=1):
        rows, wide = (slice(round(at / PIXEL_NM) - 9, round(at / PIXEL_NM) + 9) for at in (y, x))
        label[rows, wide] = n
    middles = np.array(places, "f8").reshape(-1, 2)
    filled = {
        **axes_of(),
        "particle_label": label,
        "particle": np.arange(number) + 1,
        "centroid_y": middles[:, 0],
        "centroid_x": middles[:, 1],
        "edge_length": np.full(number, 0.9),
        "units": np.ones(number) if units is None else units,
    } | values
    sizes = {"particle": number, **sides()}
    for key in ("region",):
        sizes[key] = len(np.atleast_1d(filled.get(key, [])))
    return product("particles", PARTICLES, sizes, filled, acquisition, condition)


def change(fates, becomes, sources, reasons=None, **options):
    """What became of particles; ``sources`` says of each particle after how many it holds."""
    values = {
        "before": np.arange(len(fates)) + 1,
        "fate": fates,
        "becomes": becomes,
        "particle": np.arange(len(sources)) + 1,
        "sources": sources,
        "area_ratio": 0.98,
        "area_ratio_lower": 0.95,
        "area_ratio_upper": 1.02,
        "mechanism": ["unchanged", "coalesc.", "ripening", "loss"],
        "mechanism_probability": [0.0, 0.9, 0.05, 0.05],
        "decided_mechanism": 2,
    }
    sizes = {"before": len(fates), "particle": len(sources)}
    return product("change", CHANGE, sizes, values, reasons=reasons, **options)


def sides():
    return {"y": SIDE, "x": SIDE}
