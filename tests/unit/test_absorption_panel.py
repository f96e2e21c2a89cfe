"""Panels of edges and peaks: what is drawn is what was measured, with its interval."""

import numpy as np
import optical_spectra
import pytest
import xarray as xr
from test_absorption_edge import QUICK as OF_EDGE
from test_pl_emission import QUICK as OF_EMISSION

from nanostitch import draw, schema
from nanostitch.absorption import edge
from nanostitch.draw import kinds, page
from nanostitch.pl import emission

ABOUT = {
    "batch": "test",
    "sample": "film",
    "condition": "fresh",
    "condition_label": "Fresh",
    "simulated": 0,
    "use": "yes",
}


def said(product: xr.Dataset, name: str, technique: str) -> xr.Dataset:
    return product.assign_attrs(ABOUT, product=name, technique=technique, acquisition=technique)


@pytest.fixture(scope="module")
def products() -> list[xr.Dataset]:
    raw, solvent, _ = optical_spectra.absorption(np.random.default_rng(5))
    light, _ = optical_spectra.emission(np.random.default_rng(3))
    return [
        said(raw, "raw", "absorption"),
        said(edge.measure(raw, solvent, **OF_EDGE), "edge", "absorption"),
        said(light, "raw", "pl"),
        said(emission.measure(light, None, **OF_EMISSION), "emission", "pl"),
    ]


def collected(products: list[xr.Dataset], **panel) -> xr.Dataset:
    tree = draw.collect({"title": "Edges", "panels": [{"select": {}, **panel}]}, products)
    page.figure(tree)
    return tree["a"].to_dataset()


def test_elliott__signal_is_fit_and_residual(products):
    data = collected(products, kind="edge")
    known = np.isfinite(data["fit"].values)
    total = data["fit"].values + data["residual"].values / 1e3
    np.testing.assert_allclose(total[known], data["signal"].values[known])
    assert data.attrs["rows"] == "Exciton|Edge"
    np.testing.assert_allclose(
        data["mark"].values[0],
        [float(products[1][name]) for name in ("exciton_energy", "edge_energy")],
    )
    assert (data["mark_lower"] <= data["mark"]).all()
    assert (data["mark"] <= data["mark_upper"]).all()


def test_derivative__has_its_maximum_where_it_is_marked(products):
    data = collected(products, kind="edge", form="derivative")
    top = data["energy"].values[0][np.nanargmax(data["signal"].values[0])]
    assert float(data["mark"][0, 0]) == pytest.approx(top, abs=0.006)  # a channel of 1 nm


def test_tauc__meets_zero_at_its_gap_and_says_what_it_is_worth(products):
    data = collected(products, kind="edge", form="tauc")
    assert float(data["line_energy"][0, 0]) == float(products[1]["tauc_gap"][0])
    assert float(data["line_signal"][0, 0]) == 0
    assert "for comparison" in data.attrs["notes"]


@pytest.mark.parametrize(
    ("panel", "product", "name"),
    [
        ({"kind": "absorption", "inflection": True, "axis": "energy"}, 1, "edge_inflection"),
        ({"kind": "emission", "peak": True}, 3, "peak_wavelength"),
        ({"kind": "emission", "peak": True, "axis": "energy"}, 3, "peak_energy"),
    ],
)
def test_marks__are_the_measured_numbers(products, panel, product, name):
    data = collected(products, **panel)
    for end in ("", "_lower", "_upper"):
        assert float(data[f"mark{end}"][0]) == float(products[product][f"{name}{end}"])


def test_inflection__on_a_wavelength_axis_keeps_its_interval_in_order(products):
    data = collected(products, kind="absorption", inflection=True)
    low, at, high = (float(data[f"mark{end}"][0]) for end in ("_lower", "", "_upper"))
    assert low <= at <= high
    assert at * float(products[1]["edge_inflection"]) == pytest.approx(1239.84198, rel=1e-6)


def test_bad_edge__is_named_and_not_drawn(products):
    flat = optical_spectra.spectrum(
        np.arange(300.0, 801.0),
        absorbance=0.04 + 1e-4 * np.random.default_rng(1).standard_normal(501),
    )
    bad = said(edge.measure(flat, None, **OF_EDGE), "edge", "absorption")
    data = collected([bad], kind="edge")
    assert data.sizes["acquisition"] == 0
    assert "no edge stands out" in data.attrs["notes"]


def test_a_mark__asks_for_the_product_that_holds_it():
    for kind, option, product in (
        ("absorption", "inflection", "edge"),
        ("emission", "peak", "emission"),
    ):
        panel = schema.with_defaults({"kind": kind, "select": {}}, kinds.panel_schema(kind))
        assert product not in kinds.needs(panel)[1]
        assert product in kinds.needs(panel | {option: True})[1]
