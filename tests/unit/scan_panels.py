"""Products of images and low-loss spectra, and panels of them, for tests."""

import numpy as np
import xarray as xr

from nanostitch import draw, quality

FWHM_EV = 0.05
MADE_HERE = ("image", "spectra", "band_gap", "size_histogram")
"""Kinds whose products this module makes; the others are tested with theirs."""


def about(product, technique, acquisition, condition, simulated):
    return {
        "batch": "test",
        "technique": technique,
        "acquisition": acquisition,
        "sample": "grid_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "product": product,
        "simulated": simulated,
    }


def image(
    acquisition="image_1",
    condition="fresh",
    step=(0.5, 0.5),
    edges=(8.0,),
    simulated=1,
    sample="grid_1",
):
    """One raw image with two bright squares and particles of given edge lengths."""
    rows, columns = 80, 120
    y, x = np.arange(rows) * step[0], np.arange(columns) * step[1]
    label = np.zeros((rows, columns), "i4")
    label[10:26, 20:36] = 1
    label[40:56, 70:86] = 2
    coords = {"y": ("y", y, {"units": "nm"}), "x": ("x", x, {"units": "nm"})}
    intensity = (
        100 + 50 * (label > 0) + np.add.outer(np.arange(rows), np.arange(columns)) % 7
    ).astype("u2")
    sizes = np.array(edges)
    mean, sd = sizes.mean(), sizes.std(ddof=1) if sizes.size > 1 else 0.0
    half = 1.96 * sd / np.sqrt(sizes.size)
    scalars = {
        "size_mean": mean,
        "size_mean_lower": mean - half,
        "size_mean_upper": mean + half,
        "size_sd": sd,
    }
    raw = xr.Dataset(
        {"intensity": (("y", "x"), intensity, {"units": "1"})},
        coords,
        about("raw", "adf", acquisition, condition, simulated) | {"sample": sample},
    )
    particles = xr.Dataset(
        {
            "particle_label": (("y", "x"), label, {"units": "1"}),
            # None of these is on the label image: without a box, each has the border weight 1.
            "particle": ("particle", 3 + np.arange(sizes.size), {"units": "1"}),
            "edge_length": ("particle", sizes, {"units": "nm"}),
            "touches_border": ("particle", np.zeros(sizes.size, "i1"), {"units": "1"}),
            "quality": quality.flags({"too_small": xr.DataArray(sizes < 3, dims="particle")}),
            **{name: ((), value, {"units": "nm"}) for name, value in scalars.items()},
            "verdict": quality.verdict({}),
        },
        coords,
        about("particles", "adf", acquisition, condition, simulated) | {"sample": sample},
    )
    return [raw, particles]


def spectrum(
    acquisition="spectrum_1",
    condition="fresh",
    gap=2.45,
    regions=("all",),
    spectra=1,
    reasons=None,
    gain=1.0,
    simulated=1,
):
    """Products of noise-free square-root onsets; only the fit of the onset has a gap.

    The gap of each further region lies 0.1 eV higher.
    """
    energy = np.arange(-1, 5, 0.01)
    gaps = gap + 0.1 * np.arange(len(regions))
    onset = gain * spectra * np.sqrt(np.clip(energy - gaps[:, None], 0, None))
    coords = {
        "energy": ("energy", energy, {"units": "eV"}),
        "region": ("region", list(regions), {"units": "1"}),
    }
    verdict = quality.verdict(reasons or {})

    def eels(product, **variables):
        attrs = about(product, "eels", acquisition, condition, simulated)
        return xr.Dataset({**variables, "verdict": verdict}, coords, attrs)

    def spectral(values, units="1"):
        return ("region", "energy"), values, {"units": units}

    def per_estimator(values):
        nothing = np.full(len(regions), np.nan)
        return ("estimator", "region"), np.stack([values, nothing, nothing]), {"units": "eV"}

    flags = {"flag_masks": np.array([1, 2], "u2"), "flag_meanings": "no_zero_loss_peak no_onset"}
    raised = np.broadcast_to(np.array([[0], [2], [2]], "u2"), (3, len(regions)))
    product = eels(
        "band_gap",
        region_band_gap=per_estimator(gaps),
        region_band_gap_lower=per_estimator(gaps - 0.02),
        region_band_gap_upper=per_estimator(gaps + 0.03),
        region_quality=(("estimator", "region"), raised, flags),
        derivative=spectral(np.gradient(onset, energy, axis=1), "eV-1"),
    ).assign_coords(estimator=["onset_fit", "derivative", "linear"])
    noise = np.full_like(onset, 0.1 * np.sqrt(spectra))
    width = ("region", np.full(len(regions), FWHM_EV), {"units": "eV"})
    return [
        eels("aligned", counts=spectral(onset + 1.0), region_zlp_fwhm=width),
        eels("loss", loss=spectral(onset), loss_uncertainty=spectral(noise)),
        product,
    ]


def one_panel(kind, select=None, **options):
    return {"title": "Test", "panels": [{"kind": kind, "select": select or {}, **options}]}


def panel_a(declaration, products):
    return draw.collect(declaration, products)["a"].to_dataset()
