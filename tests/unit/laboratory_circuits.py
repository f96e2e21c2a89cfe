"""Sweeps and spectra of simulated films, for tests of them."""

import numpy as np

from nanostitch import schema
from nanostitch.simulate.instruments import impedance, source_meter


def defaults(name):
    settings = schema.load(name)["properties"]
    return {key: value["default"] for key, value in settings.items()}


def sweep(specimen, seed=0, **settings):
    chosen = defaults("instruments/source_meter") | settings
    return source_meter.record(specimen, np.random.default_rng(seed), **chosen)


def spectrum(specimen, seed=0, **settings):
    chosen = defaults("instruments/impedance") | settings
    return impedance.record(specimen, np.random.default_rng(seed), **chosen)
