"""Small specimens with a known truth, for tests of the simulated instruments."""

import numpy as np
import xarray as xr

ENVIRONMENT = {
    "sample": "grid1",
    "condition": "fresh",
    "substrate": "carbon film",
    "storage_time_h": 0.0,
    "relative_humidity_percent": 50.0,
    "temperature_c": 22.0,
    "anneal_temperature_c": 22.0,
    "anneal_time_h": 0.0,
    "atmosphere": "air",
    "illumination": "dark",
    "electron_irradiated": "no",
}


def square_layer(rows=4, columns=4, edge=8.0, gap=2.5, merged_pairs=(), **crystal):
    """A perfect square superlattice of equal cubes; ``merged_pairs`` share a body and a seam.

    Pairs name neighbours along x by index; the second is moved into contact. Further keywords
    replace a crystal variable by an array.
    """
    pitch, count = edge + gap, rows * columns
    y, x = (a.ravel() for a in np.mgrid[:rows, :columns] * pitch + pitch / 2)
    x = x.astype(float)
    particle = np.arange(count)
    extent = np.full(count, edge)
    for first, second in merged_pairs:
        x[second] = x[first] + edge
        particle[second] = particle[first]
        extent[[first, second]] = 2 * edge
    particle = np.unique(particle, return_inverse=True)[1]
    confinement = 2.9842 * (1 / extent**2 + 2 / edge**2)
    values = {
        "initial_edge": np.full(count, edge),
        "edge": np.full(count, edge),
        "height": np.full(count, edge),
        "centre_y": y.astype(float),
        "centre_x": x,
        "angle": np.zeros(count),
        "zone_axis": np.zeros(count, "i1"),
        "tilt_y": np.zeros(count),
        "tilt_x": np.zeros(count),
        "particle": particle.astype("i4"),
        "domain": np.zeros(count, "i4"),
        "irradiated": np.zeros(count, "i1"),
        "state": np.zeros(count, "i1"),
        "extent_along": extent,
        "extent_across": np.full(count, edge),
        "band_gap": 2.32 + confinement,
        "fault_offset": np.full(count, np.nan),
        "fault_across": np.zeros(count, "i1"),
    } | {name: np.asarray(value) for name, value in crystal.items()}
    first = np.array([a for a, _ in merged_pairs], "i4")
    second = np.array([b for _, b in merged_pairs], "i4")
    zero = np.zeros(first.size)
    seams = {
        "seam_first": first,
        "seam_second": second,
        "seam_y": y[first].astype(float),
        "seam_x": x[first] + edge / 2,
        "seam_normal": zero,
        "seam_length": zero + edge,
        "seam_gap": zero,
        "seam_misorientation": zero,
        "seam_tilt": zero,
        "seam_class": np.zeros(first.size, "i1"),
    }
    metals = {name: np.empty(0) for name in ("metal_y", "metal_x", "metal_diameter")}
    units = {"angle": "degree", "tilt_y": "degree", "tilt_x": "degree", "band_gap": "eV"}
    units |= {name: "degree" for name in ("seam_normal", "seam_misorientation", "seam_tilt")}
    plain = ("zone_axis", "particle", "domain", "irradiated", "state", "fault_across")
    plain += ("seam_first", "seam_second", "seam_class")
    units |= dict.fromkeys(plain, "1")
    tables = (("crystal", values), ("seam", seams), ("metal", metals))
    variables = {
        name: (dim, array, {"units": units.get(name, "nm")})
        for dim, table in tables
        for name, array in table.items()
    }
    variables["field"] = ((), max(rows, columns) * pitch, {"units": "nm"})
    variables["ligand_length"] = ((), gap / 2, {"units": "nm"})
    return xr.Dataset(variables, attrs=ENVIRONMENT)
