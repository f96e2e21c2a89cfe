"""Spectrometers and films of the laboratory, for tests of its losses."""

import numpy as np
import xarray as xr

from nanostitch import laboratory, schema
from nanostitch.simulate.instruments import (
    line_scan,
    loss,
    probe,
    spectrometer,
    spectrum,
    spectrum_image,
    vacuum,
)

BEAM = loss.Beam(60.0, 30.0)


DEVICES = {
    "spectrum": spectrum,
    "line_scan": line_scan,
    "spectrum_image": spectrum_image,
    "vacuum": vacuum,
}


EDGE = 8.0


DEFAULTS = schema.with_defaults({}, schema.load("eels"))


def record(name: str, specimen: xr.Dataset, seed: int = 1, **settings):
    every = schema.with_defaults(settings, laboratory.schema_of(name))
    return DEVICES[name].record(specimen, np.random.default_rng(seed), **every)


def device(**changed) -> spectrometer.Spectrometer:
    settings = {
        "beam": BEAM,
        "convergence_mrad": 25.0,
        "fwhm_ev": 0.05,
        "dispersion_ev": 0.01,
        "channels": 1024,
        "gain_spread": 0.0,
        "read_noise": 0.0,
        "spike_rate": 0.0,
    }
    return spectrometer.Spectrometer(**settings | changed)


def film(thickness: float, shift: float = 0.08, onset="elliott") -> probe.Met:
    """A film as wide as the world, without support."""
    one = np.ones(1)
    weights = np.array([[1.0, 0.0, 0.0, 0.0]])
    return probe.Met(weights, shift * one, thickness * one, thickness * one, 2.45 * one, onset)
