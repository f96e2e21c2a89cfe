"""Specimens as the microscope of the laboratory sees them, for tests of it."""

import numpy as np

from nanostitch import schema
from nanostitch.simulate.projection import project

STILL = {"drift_nm_per_min": 0.0, "line_jitter_nm": 0.0, "line_noise": 0.0, "readout_noise_e": 0.0}


def settings(instrument, **changed):
    properties = schema.load(f"instruments/{instrument}")["properties"]
    return {name: sub["default"] for name, sub in properties.items()} | changed


def grid(specimen, step):
    return np.arange(-2.0, float(specimen["field"]) + 2.0, step)


def projected(specimen, step=0.1):
    axis = grid(specimen, step)
    return project(specimen, axis, axis)


def with_metal(specimen, diameter):
    middle = float(specimen["field"]) / 2
    values = {"metal_y": middle, "metal_x": middle, "metal_diameter": diameter}
    added = {name: ("metal", [v], {"units": "nm"}) for name, v in values.items()}
    return specimen.drop_dims("metal").assign(added)
