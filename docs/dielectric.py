"""Fits the dielectric function of the virtual laboratory to measured n and k, and draws the fit.

Run it with the folder of optical reference data (``cspbbr3_nk`` of refractiveindex.info, public
domain) as its argument; it prints the constants of ``simulate/instruments/dielectric.py`` and
writes ``dielectric.png`` beside itself. Without an argument it looks where the tests look.
"""

import os
import sys
from dataclasses import astuple
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import yaml
from matplotlib.axes import Axes
from scipy.optimize import least_squares

from nanostitch.simulate.instruments import dielectric, loss
from nanostitch.simulate.instruments.dielectric import Edge, Floats, Oscillator

DOCS = Path(__file__).parent
HC_EV_UM = 1.239841984
FITTED_BANDS = 4
"""The rest have fixed centres and widths, since no data reach them."""
ELECTRONS = 52.0
"""Per formula unit, all shells up to 30 eV and strength that deeper ones lend to them (41 without);
refraction alone would ask for more, at energies without limit."""
N_UP_TO_EV, K_UP_TO_EV = 5.4, 6.1
"""Beyond 5.4 eV the measured n turns down without an absorption that would make it."""
NEAR_EDGE_EV, NEAR_EDGE_WEIGHT = (2.30, 2.46), 8.0
"""The edge is what spectra are simulated for."""
URBACH_EV, URBACH_WEIGHT = (2.28, 2.40), 0.01
"""Where also log k is fitted, so that the flank falls as measured."""


def measured(path: Path) -> tuple[Floats, Floats, Floats]:
    """Energy [eV], n and k of a table of refractiveindex.info."""
    table = yaml.safe_load(path.read_text("utf-8"))["DATA"][0]["data"]
    wavelength, n, k = np.array([line.split() for line in table.splitlines()], dtype=float).T
    order = np.argsort(-wavelength)
    return HC_EV_UM / wavelength[order], n[order], k[order]


def parts(parameters: Floats) -> tuple[Edge, list[Oscillator]]:
    """Edge and bands of a vector of parameters."""
    free = parameters[6 : 6 + 3 * FITTED_BANDS].reshape(-1, 3)
    fixed = dielectric.OSCILLATORS[FITTED_BANDS:]
    heights = parameters[6 + 3 * FITTED_BANDS :]
    bands = [Oscillator(*map(float, row)) for row in free]
    bands += [
        Oscillator(float(height), band.centre_ev, band.width_ev)
        for height, band in zip(heights, fixed, strict=True)
    ]
    return Edge(*map(float, parameters[:6])), bands


def residuals(parameters: Floats, energy: Floats, n: Floats, k: Floats) -> Floats:
    """Differences from the measurement, and from the number of electrons."""
    edge, bands = parts(parameters)
    index = np.sqrt(dielectric.permittivity_of(edge, bands, energy))
    near = (energy > NEAR_EDGE_EV[0]) & (energy < NEAR_EDGE_EV[1])
    flank = (energy > URBACH_EV[0]) & (energy < URBACH_EV[1])
    total = sum(band.height * band.centre_ev * band.width_ev for band in bands)
    counted = total * np.sqrt(np.pi) / (np.pi / 2 * dielectric.ELECTRONS_EV2)
    refraction = (index.real - n)[energy < N_UP_TO_EV]
    absorption = (index.imag - k) * np.where(near, NEAR_EDGE_WEIGHT, 1.0)
    logarithm = np.log(np.maximum(index.imag[flank], 1e-5) / k[flank])
    return np.concatenate(
        [refraction, absorption, URBACH_WEIGHT * logarithm, [0.05 * (counted - ELECTRONS)]]
    )


def fit(energy: Floats, n: Floats, k: Floats) -> tuple[Edge, list[Oscillator]]:
    """Least squares from the constants in the code on, on a grid that is dense at the edge."""
    grid = np.concatenate(
        [np.arange(0.5, 2.2, 0.1), np.arange(2.2, 2.6, 0.006), np.arange(2.6, K_UP_TO_EV, 0.04)]
    )
    start = np.array(astuple(dielectric.BULK_EDGE))
    bands = np.array([astuple(band) for band in dielectric.OSCILLATORS])
    fixed = bands[FITTED_BANDS:, 0]
    start = np.concatenate([start, bands[:FITTED_BANDS].ravel(), fixed])
    low = [2.3, 0.025, 0.006, 0.004, 0.1, 0.5]
    low += [0, 3.0, 0.1, 0, 3.6, 0.1, 0, 4.2, 0.2, 0, 4.8, 0.2] + [0.2] * (fixed.size - 1) + [0.6]
    high = [2.5, 0.06, 0.03, 0.05, 3, 1.8]
    high += [5, 3.65, 1.2, 5, 4.1, 0.6, 5, 4.8, 1.5, 5, 5.6, 1.2] + [9] * fixed.size
    values = [np.interp(grid, energy, column) for column in (n, k)]
    bounds = (np.array(low, dtype=float), np.array(high, dtype=float))
    start = np.clip(start, bounds[0] + 1e-6, bounds[1] - 1e-6)
    found = least_squares(
        residuals, start, args=(grid, *values), bounds=bounds, x_scale=start, max_nfev=150
    )
    return parts(found.x)


def draw_edge(axes: Axes, table: tuple[Floats, Floats, Floats], other: Floats) -> None:
    """Extinction about the edge, on a logarithmic axis."""
    energy = np.arange(2.2, 2.7, 0.001)
    axes.semilogy(*table[::2], "k", label="Brennan et al. 2024")
    axes.semilogy(*other, "0.6", label="Ermolaev et al. 2023, ordinary")
    axes.semilogy(energy, np.sqrt(dielectric.permittivity(energy)).imag, "C1", label="model")
    shift = dielectric.edge_shift(np.array(2.4565), np.full(3, 8.1))
    cube = np.sqrt(dielectric.permittivity(energy, shift)).imag
    axes.semilogy(energy, cube, "C0--", label="model, cube of 8.1 nm")
    axes.set(xlim=(2.2, 2.7), ylim=(1e-3, 1), xlabel="energy (eV)", ylabel="k")
    axes.legend(loc="lower right", fontsize="small")


def draw(folder: Path) -> None:
    """Fit beside measurement, and what it says where nothing was measured."""
    table = measured(folder / "Brennan.yml")
    other = np.array(measured(folder / "Ermolaev-o.yml"))[::2]
    energy = np.arange(0.5, 45, 0.005)
    permittivity = dielectric.permittivity(energy)
    index = np.sqrt(permittivity)
    figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for row, (name, values) in enumerate((("n", index.real), ("k", index.imag))):
        axes[0, 0].plot(table[0], table[row + 1], "k")
        axes[0, 0].plot(energy, values, f"C{row}", label=f"{name} of the model")
    axes[0, 0].set(xlim=(0.5, 6.2), xlabel="energy (eV)", ylabel="n, k (black: Brennan et al.)")
    axes[0, 0].legend(loc="center left")
    draw_edge(axes[0, 1], table, other)
    axes[1, 0].plot(energy, permittivity.real, "C0", label="real part")
    axes[1, 0].plot(energy, permittivity.imag, "C1", label="imaginary part")
    axes[1, 0].set(xlabel="energy (eV)", ylabel="relative permittivity")
    axes[1, 0].axvspan(6.2, 45, color="0.93")
    axes[1, 0].legend()
    beam = loss.Beam(60.0, 30.0)
    film = loss.of_film(permittivity, energy, 8.1, beam)
    bulk = beam.film_prefactor(8.1) * beam.angular_logarithm(energy)
    axes[1, 1].plot(energy, bulk * dielectric.loss_function(permittivity), "C0", label="bulk only")
    axes[1, 1].plot(energy, film, "C1", label="with surfaces")
    axes[1, 1].set(xlabel="energy loss (eV)", ylabel="probability of 8.1 nm at 60 kV (1/eV)")
    axes[1, 1].axvspan(6.2, 45, color="0.93", label="no optical data")
    axes[1, 1].legend()
    figure.savefig(DOCS / "dielectric.png", dpi=110, metadata={"Software": None})


def main() -> None:
    """Print the fit's constants, then draw those in the code."""
    shared = DOCS.parents[1] / "shared" / "realdata"
    root = Path(os.environ.get("NANOSTITCH_REALDATA", shared))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "optical_reference" / "cspbbr3_nk"
    edge, bands = fit(*measured(folder / "Brennan.yml"))
    numbers = [edge, *bands]
    sys.stdout.write("".join(f"{part}\n" for part in numbers))
    draw(folder)


if __name__ == "__main__":
    main()
