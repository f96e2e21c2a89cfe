"""Panels of quantum yields: what is drawn is what was measured, refused ones included."""

import numpy as np
import pytest
import xarray as xr
from figure_trees import texts as drawn_texts
from sphere_curves import curves, measured

from nanostitch import contracts, draw
from nanostitch.contracts.plqy import QUANTUM_YIELD
from nanostitch.errors import BatchError


def texts(figure) -> list[str]:
    """Everything written in a figure, each on one line."""
    return [text.get_text().replace("\n", " ") for text in drawn_texts(figure)]


def product(name, condition, found=None, **more) -> xr.Dataset:
    about = {
        "batch": "test",
        "technique": "plqy",
        "acquisition": name,
        "sample": "film_1",
        "condition": condition,
        "condition_label": condition.capitalize(),
        "simulated": 0,
        "use": "yes",
    }
    result = measured(found or curves(0.3, 0.6, seed=1), **more)
    result = contracts.explained(contracts.check(result, QUANTUM_YIELD, name), QUANTUM_YIELD)
    return result.assign_attrs(about | {"product": "quantum_yield"})


@pytest.fixture(scope="module")
def products() -> list[xr.Dataset]:
    first = product("fresh_1", "fresh")
    week = curves(0.3, 0.1, seed=3)
    return [
        first,
        product("fresh_2", "fresh", curves(0.3, 0.62, seed=2)),
        product("week_1_of_a_long_name_that_must_break", "week", week, compared_with=first),
        product("thin", "week", curves(0.05, 0.1, seed=4)),
        product("alone", "week", curves(0.3, 0.1, seed=5), without=["blank"]),
    ]


def collected(kind, products, width="single", **options):
    panel = {"kind": kind, "select": options.pop("select", {}), **options}
    return draw.collect({"title": "Test", "width": width, "panels": [panel]}, products)


def test_yields__are_those_of_the_products_in_per_cent(products):
    data = collected("quantum_yield", products)["a"].to_dataset()
    assert data["acquisition"].values.tolist() == [p.attrs["acquisition"] for p in products]
    np.testing.assert_array_equal(data["status"], [0, 0, 0, 1, 2])
    for end in ("", "_lower", "_upper"):
        expected = [100 * float(p[f"quantum_yield_apparent{end}"]) for p in products]
        np.testing.assert_allclose(data[f"yield{end}"], expected)
    np.testing.assert_allclose(data["ratio"][2], products[2]["yield_ratio"])
    np.testing.assert_array_equal(data["repeats"], [2, 2])
    low, mean, high = (float(data[f"mean{end}"][0]) for end in ("_lower", "", "_upper"))
    assert low < mean < high
    assert "no blank is named" in data.attrs["notes"]
    assert "below 10%" in data.attrs["notes"]


@pytest.mark.parametrize("width", ["single", "double"])
def test_yields__say_what_was_refused_and_break_long_names(products, width):
    figure = draw.figure(collected("quantum_yield", products, width))
    figure.draw_without_rendering()
    written = texts(figure)
    assert "× refused" in written
    assert any(text.startswith("ratio 0.1") for text in written)
    assert "mean of 2" in written
    page = figure.get_window_extent()
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        box = axes.get_tightbbox(renderer)
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1


def test_yields__that_nobody_has_are_refused_not_drawn(products):
    data = collected("quantum_yield", products, **{"yield": "incident"})["a"].to_dataset()
    assert (data["status"] == 2).all()
    draw.figure(collected("quantum_yield", products, **{"yield": "incident"}))


def test_sphere__integrated_shows_the_curves_and_states_the_numbers(products):
    chosen = {"select": {"acquisition": "fresh_1"}, "integration": True}
    raw = products[0].assign_attrs(product="raw")
    tree = collected("sphere", [*products, raw], **chosen)
    data = tree["a"].to_dataset()
    assert data["acquisition"].values.tolist() == ["blank", "indirect", "direct"]
    first = data.isel(acquisition=0)
    inside = (first["wavelength"] > 390) & (first["wavelength"] < 420)
    area = float(
        np.trapezoid(first["intensity"].values[inside], first["wavelength"].values[inside])
    )
    assert area == pytest.approx(1.0, rel=1e-3)  # of the excitation of the blank itself
    share = float(data["emitted"]) / float(data["absorptance"])
    assert share == pytest.approx(float(data["yield"]), rel=1e-6)
    figure = draw.figure(tree)
    figure.draw_without_rendering()
    assert any(f"absorptance {100 * float(data['absorptance']):.3g}" in t for t in texts(figure))
    assert len(figure.axes[0].patches) == 2


def test_sphere__ranges_of_separate_files_are_not_joined(products):
    raw = products[0].assign_attrs(product="raw")
    holed = products[0].isel(wavelength=np.r_[0:100, 150:641])
    chosen = {"select": {"acquisition": "fresh_1"}, "integration": True}
    data = collected("sphere", [holed, raw], **chosen)["a"].to_dataset()
    assert int(data["wavelength"].isnull().sum()) == 3  # one break in each curve


def test_sphere__integrated_takes_one_measurement(products):
    raw = [p.assign_attrs(product="raw") for p in products]
    with pytest.raises(BatchError, match="select one"):
        collected("sphere", [*products, *raw], integration=True)


def test_sphere__integrated_without_a_blank_states_no_yield(products):
    raw = products[4].assign_attrs(product="raw")
    chosen = {"select": {"acquisition": "alone"}, "integration": True}
    tree = collected("sphere", [*products, raw], **chosen)
    figure = draw.figure(tree)
    figure.draw_without_rendering()
    assert any("apparent yield unknown" in text for text in texts(figure))
    assert "no blank is named" in tree["a"].attrs["notes"]
