"""Panels of compositions: numbers as measured, raw area ratios named as such, nothing clipped."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import draw
from nanostitch.draw import composition, page, ternary
from nanostitch.errors import BatchError

ELEMENTS = ["Cs", "Pb", "Br"]
PERCENT = np.array([20.0, 20.0, 60.0])
PHASES = {"CsPbBr3": [20, 20, 60], "Cs4PbBr6": [400 / 11, 100 / 11, 600 / 11], "Pb": [0, 100, 0]}
ENERGY = np.arange(1.1, 15.0, 0.01)


def about(name, condition, product):
    labels = {"condition": condition, "condition_label": condition.capitalize()}
    rest = {"technique": "edx", "sample": "s", "use": "yes", "simulated": 0, "product": product}
    return {"acquisition": name, **labels, **rest}


def measured(name="x1", condition="fresh", percent=PERCENT, level=0, elements=ELEMENTS):
    number = len(elements)
    log = np.log(percent)
    cover = 4e-4 * (np.eye(number) - 1 / number)
    both = ("element", "other_element")
    phases = np.array(list(PHASES.values()), float)[:, :number]
    columns = {
        "atomic_percent": ("element", percent),
        "atomic_percent_lower": ("element", percent - 1),
        "atomic_percent_upper": ("element", percent + 1),
        "raw_area_percent": ("element", np.full(number, 100 / number)),
        "log_ratio": ("element", log - log.mean()),
        "log_ratio_covariance": (both, cover),
        "phase_atomic_percent": (("phase", "element"), phases),
        "fitted_counts": ("energy", 100 + 900 * np.exp(-((ENERGY - 4) ** 2) / 0.01)),
        "background_counts": ("energy", np.full(ENERGY.size, 100.0)),
        "residual": ("energy", np.sin(ENERGY)),
    }
    reasons = {"flag_values": np.arange(3), "flag_meanings": "good doubtful bad"}
    reasons["reasons"] = ["", "no k-factor", "no counts"][level]
    return xr.Dataset(
        columns | {"verdict": ((), np.int8(level), reasons)},
        {"element": elements, "phase": list(PHASES), "energy": ENERGY},
        about(name, condition, "composition"),
    )


def collected(products, **options):
    panel = {"kind": "composition", "select": {}, **options}
    return draw.collect({"title": "Test", "panels": [panel]}, products)


def test_collect__keeps_percentages_and_leaves_bad_ones_out():
    products = [measured("x1"), measured("x2", "merged", PERCENT[::-1]), measured("x3", level=2)]
    data = collected(products)["a"].to_dataset()
    assert data["acquisition"].values.tolist() == ["x1", "x2"]
    np.testing.assert_array_equal(data["atomic_percent"][1], PERCENT[::-1])
    assert "x3" in data.attrs["notes"]
    assert "no counts" in data.attrs["notes"]


@pytest.mark.parametrize("form", ["bars", "ternary"])
def test_draw__names_the_raw_area_ratio_and_marks_every_acquisition(form):
    tree = collected([measured("x1"), measured("x2", "merged")], form=form)
    axes = page.figure(tree).axes[0]
    legend = [text.get_text().replace("\n", " ") for text in axes.get_legend().get_texts()]
    assert composition.RAW_LABEL in legend
    markers = [line for line in axes.lines if line.get_marker() == composition.RAW_MARKER]
    assert len(markers) == 2


def test_bars__reach_their_values():
    axes = page.figure(collected([measured()])).axes[0]
    heights = sorted(bar.get_height() for bar in axes.patches)
    np.testing.assert_allclose(heights, sorted(PERCENT))
    assert axes.get_ylim()[1] > 61


def test_region__holds_95_percent_of_its_draws():
    product = measured()
    random = np.random.default_rng(5)
    covariance = product["log_ratio_covariance"].to_numpy()
    outline = ternary.region(product["log_ratio"].to_numpy(), covariance)
    np.testing.assert_allclose(outline.sum(axis=1), 100)
    basis = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    seen = np.log(outline) @ basis.T - np.log(PERCENT) @ basis.T
    draws = random.multivariate_normal([0, 0], basis @ covariance @ basis.T, 20000)
    inverse = np.linalg.inv(basis @ covariance @ basis.T)
    edge = np.einsum("ij,jk,ik->i", seen, inverse, seen)
    inside = np.einsum("ij,jk,ik->i", draws, inverse, draws) < edge.mean()
    assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_ternary__shows_compounds_inside_and_no_pure_element():
    axes = page.figure(collected([measured()], form="ternary")).axes[0]
    names = {text.get_text() for text in axes.texts}
    assert "Cs₄PbBr₆" in names
    assert "Pb" not in names
    low, high = axes.get_xlim()
    shown = [line.get_xdata() for line in axes.lines if line.get_marker() != "None"]
    assert all(((low <= x) & (x <= high)).all() for x in shown)


def test_ternary__needs_three_elements_and_one_panel_one_set_of_them():
    two = measured(elements=["Sr", "Ti"], percent=np.array([50.0, 50.0]))
    with pytest.raises(BatchError, match="ternary"):
        collected([two], form="ternary")
    with pytest.raises(BatchError, match="same elements"):
        collected([two, measured("x2")])


def test_spectrum__with_its_fit_has_residuals_below_on_the_same_energies():
    model = measured()
    random = np.random.default_rng(1)
    counts = ("energy", random.poisson(model["fitted_counts"]).astype(float), {"units": "1"})
    axis = ("energy", ENERGY, {"units": "keV"})
    raw = xr.Dataset({"counts": counts}, {"energy": axis}, about("x1", "fresh", "raw"))
    panel = {"kind": "xray_spectrum", "select": {}, "fit": True, "energy_window_kev": [2, 10]}
    tree = draw.collect({"title": "Test", "panels": [panel]}, [raw, model])
    assert "fitted model" in tree["a"].attrs["notes"]
    drawn = tree["a"].to_dataset()
    inside = (ENERGY >= 2) & (ENERGY <= 10)
    np.testing.assert_allclose(drawn["fit_counts"][0], model["fitted_counts"][inside])
    spectrum, residual = page.figure(tree).axes
    assert spectrum.get_xlim() == residual.get_xlim()
    assert spectrum.get_xlabel() == ""
    assert residual.get_xlabel() == "Photon energy (keV)"
