"""Raw products of every technique that draws curves, and panels of them, for tests."""

import numpy as np
import xarray as xr

from nanostitch import draw, photon

BR_K = {"label": "Br Kα", "energy_kev": 11.92}


def raw(technique, acquisition, condition, coords, **variables):
    attrs = {
        "batch": "test",
        "technique": technique,
        "acquisition": acquisition,
        "sample": "grid_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "product": "raw",
        "simulated": 1,
    }
    return xr.Dataset(
        {
            name: (dims, values, {"units": units})
            for name, (dims, values, units) in variables.items()
        },
        {dim: (dim, values, {"units": units}) for dim, (values, units) in coords.items()},
        attrs,
    )


def xray(acquisition="x1", condition="fresh", pixels=(), seed=1):
    energy = np.arange(0, 20.48, 0.01)
    mean = 200 * np.exp(-energy / 4)
    for line, height in [(1.48, 900), (2.35, 900), (4.29, 600), (10.55, 400), (11.92, 900)]:
        mean += height * np.exp(-0.5 * ((energy - line) / 0.06) ** 2)
    counts = np.random.default_rng(seed).poisson(mean, (*pixels, energy.size)).astype("u4")
    dims = (*("y", "x")[2 - len(pixels) :], "energy")
    coords = {"energy": (energy, "keV")}
    return raw("edx", acquisition, condition, coords, counts=(dims, counts, "1"))


def film(acquisition="a1", condition="fresh", edge=2.45, as_transmittance=False):
    wavelength = np.arange(800.0, 299.0, -1.0)  # falling, as the instrument scans
    energy = photon.energy(wavelength)
    height = 0.4 * energy / edge / (1 + np.exp(-(energy - edge) / 0.03)) + 0.01
    name = "transmittance" if as_transmittance else "absorbance"
    values = 10**-height if as_transmittance else height
    coords = {"wavelength": (wavelength, "nm")}
    return raw("absorption", acquisition, condition, coords, **{name: ("wavelength", values, "1")})


def emitted(acquisition="p1", condition="fresh", peak=2.4, height=1000.0, technique="pl"):
    wavelength = np.arange(440.0, 660.0, 0.25)
    values = height * np.exp(-0.5 * ((photon.energy(wavelength) - peak) / 0.05) ** 2)
    coords = {"wavelength": (wavelength, "nm")}
    return raw(technique, acquisition, condition, coords, intensity=("wavelength", values, "1"))


def sweep(acquisition="i1", condition="fresh", conductance=2e-9, reverse=False, noise=0.0, **more):
    up = np.linspace(-10, 10, 201)
    voltage = np.concatenate([up, up[-2::-1]]) * (-1 if reverse else 1)
    voltage = voltage + noise * np.random.default_rng(2).normal(size=voltage.size)
    columns = {"voltage": ("point", voltage, "V"), "current": ("point", conductance * voltage, "A")}
    return raw("iv", acquisition, condition, {}, **columns, **more)


def circuit(acquisition="z1", condition="fresh", resistance=2e6, apex_hz=100.0):
    """A resistor beside a capacitor: −Im Z is resistance / 2 at the apex frequency."""
    frequency = np.logspace(-1, 6, 71)
    z = resistance / (1 + 1j * frequency / apex_hz)
    columns = {"impedance_real": z.real, "impedance_imag": z.imag}
    variables = {name: ("frequency", values, "ohm") for name, values in columns.items()}
    return raw("eis", acquisition, condition, {"frequency": (frequency, "Hz")}, **variables)


MAKE = {
    "xray_spectrum": xray,
    "absorption": film,
    "emission": emitted,
    "sphere": lambda *who: emitted(*who, technique="plqy"),
    "current_voltage": sweep,
    "nyquist": circuit,
}


def one_panel(kind, width="single", **options):
    panels = [{"kind": kind, "select": {}, **options}]
    return {"title": "Test", "width": width, "panels": panels}


def panel_a(kind, *products, **options):
    return draw.collect(one_panel(kind, **options), products)["a"].to_dataset()


def axes_of(kind, *products, **options):
    figure = draw.figure(draw.collect(one_panel(kind, **options), products))
    figure.draw_without_rendering()
    return figure.axes[0]


def curve(axes, number=0):
    """Points of a drawn curve, reference lines of two points left out."""
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 3]
    return drawn[number].get_xdata(), drawn[number].get_ydata()
