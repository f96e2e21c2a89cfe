"""Curves of an integrating sphere whose yield is known, and what is measured on them."""

import numpy as np
import xarray as xr

from nanostitch import contracts, schema
from nanostitch.contracts.plqy import QUANTUM_YIELD
from nanostitch.plqy import quantum_yield

SETTINGS = schema.with_defaults({}, schema.load("plqy"))["quantum_yield"]
WAVELENGTH = np.arange(380.0, 700.25, 0.5)
OFFSET, READ_NOISE, DRIFT = 150.0, 8.0, SETTINGS["lamp_drift"]
LINE = np.exp(-0.5 * ((WAVELENGTH - 405) / 2) ** 2) / (2 * np.sqrt(2 * np.pi))
LIGHT = np.exp(-0.5 * ((WAVELENGTH - 515) / 9) ** 2) / (9 * np.sqrt(2 * np.pi))
FACTOR = 0.4 + ((WAVELENGTH - 560) / 300) ** 2


def spectrum(values, unit="counts", **attrs):
    axis = {"wavelength": ("wavelength", WAVELENGTH, {"units": "nm"})}
    attrs = {"intensity_unit": unit, "excitation_wavelength_nm": 405.0} | attrs
    return xr.Dataset({"intensity": ("wavelength", values, {"units": "1"})}, axis, attrs)


def response(factor=FACTOR, unit="photons per count"):
    return spectrum(factor, unit)


def curves(absorptance, true, seed=None, diffuse=0.1, sent=4e6, light=LIGHT):
    """Blank, indirect and direct curve; without a seed free of noise and of the lamp's drift."""
    random = np.random.default_rng(seed)
    found = {}
    for name, left in (
        ("blank", 1.0),
        ("indirect", 1 - diffuse),
        ("direct", (1 - absorptance) * (1 - diffuse)),
    ):
        expected = sent * 0.5 * (left * LINE + (1 - left) * true * light) / FACTOR
        if seed is None:
            counts = expected + OFFSET
        else:
            counts = random.poisson(expected * (1 + DRIFT * random.normal()))
            counts = np.round(counts + OFFSET + READ_NOISE * random.normal(size=counts.size))
        found[name] = spectrum(counts)
    return found


def measured(found, without=(), **more):
    known = {"blank": [found["blank"]], "indirect": [found["indirect"]], "response": response()}
    known = {name: one for name, one in known.items() if name not in without}
    settings = {name: more.pop(name, value) for name, value in SETTINGS.items()}
    product = quantum_yield.measure(found["direct"], **known | more, **settings)
    return contracts.check(product, QUANTUM_YIELD, "test")


def holds(product, name, truth):
    return float(product[f"{name}_lower"]) <= truth <= float(product[f"{name}_upper"])


def reasons(product):
    return product["verdict"].attrs["reasons"]
