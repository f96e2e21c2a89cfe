"""Atomic columns: places within the limit of noise, nothing feigned, empty where unresolved."""

import time

import numpy as np
import pytest
from crystal_images import crystal, grid, spots
from rsciio.tia import file_reader
from scipy.spatial import cKDTree

from nanostitch import contracts, quality, schema
from nanostitch.adf import columns
from nanostitch.adf.atoms import find, peaks, refine
from nanostitch.contracts.adf_columns import COLUMNS

SETTINGS = schema.with_defaults({}, schema.load("adf"))["columns"]


def measured(raw, lattice, **changed):
    product = columns.measure(raw, lattice, **{**SETTINGS, **changed})
    return contracts.check(product, COLUMNS, "columns")


def found(image, **changed):
    told = {"widest_px": 8.0, "detection_significance": 4.0, "most_sweeps": 8} | changed
    return find.columns(image, np.zeros(image.shape, np.int64), **told)


def bound(peak, width=3.0, spacing=20.2, background=0.2):
    """Cramer-Rao bound of the distance from the true place [pixels], root of mean square."""
    y, x = np.mgrid[-20:21, -20:21].astype(float)
    near = spacing * np.arange(-2, 3)
    mean = background * peak + sum(
        peak * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 2 / width**2) for a in near for b in near
    )
    slope = peak * np.exp(-(y**2 + x**2) / 2 / width**2) * y / width**2
    return np.sqrt(2 / (slope**2 / (mean + 1.0)).sum())


@pytest.mark.parametrize("peak", [400.0, 40.0, 10.0])
def test_columns__are_found_and_as_near_as_noise_lets_them(peak):
    image, y, x = grid(np.random.default_rng(int(peak)), peak, 640)
    values = found(image).fit.values
    away, _ = cKDTree(np.c_[y, x]).query(values[1:3].T)
    assert values.shape[1] == y.size
    # The rms of 900 distances is itself known to 2.4 % (one standard error).
    assert np.sqrt((away**2).mean()) < 1.10 * bound(peak)


def test_uncertainties__are_those_of_the_errors():
    image, y, x = grid(np.random.default_rng(3), 40.0, 640)
    fit = found(image).fit
    _, which = cKDTree(np.c_[y, x]).query(fit.values[1:3].T)
    pull = (fit.values[1] - y[which]) / fit.errors[1]
    assert pull.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * y.size))
    assert abs(pull.mean()) < 4 / np.sqrt(y.size)


def test_noise__is_that_of_counting_with_a_gain_and_a_pedestal():
    image, _, _ = grid(np.random.default_rng(5), 100.0, 512)
    read = peaks.noise(500.0 + 30.0 * image)
    assert read.gain == pytest.approx(30.0, rel=0.05)
    for counts in (20.0, 60.0):
        true = 30.0**2 * (counts + 1.0)
        assert read.variance(500.0 + 30.0 * counts) == pytest.approx(true, rel=0.1)


def test_refine__gives_back_overlapping_columns_without_noise():
    random = np.random.default_rng(1)
    y, x = (20 + 9.8 * k.ravel() for k in np.mgrid[:10, :10].astype(float))
    y, x = (k + random.uniform(-0.4, 0.4, k.size) for k in (y, x))
    height = random.uniform(20, 100, y.size)
    image = spots((130, 130), y, x, height, 2.6) + 5.0
    fit = found(image, most_sweeps=60).fit
    away, which = cKDTree(np.c_[y, x]).query(fit.values[1:3].T)
    assert fit.values.shape[1] == y.size
    assert away.max() < 0.01
    np.testing.assert_allclose(fit.values[0], height[which], rtol=0.01)
    np.testing.assert_allclose(np.exp(fit.values[3]), 2.6, rtol=0.01)


def test_columns__turn_with_the_image():
    image, _, _ = grid(np.random.default_rng(2), 100.0, 256)
    straight, turned = (found(np.ascontiguousarray(i)).fit.values for i in (image, image.T))
    swapped = turned[[0, 2, 1, 3, 4]]
    _, which = cKDTree(swapped[1:3].T).query(straight[1:3].T)
    np.testing.assert_allclose(swapped[1:3, which], straight[1:3], atol=2e-3)


def test_elongation__is_that_of_leaning_columns():
    lean = np.array([0.03, 0.04])
    raw, lattice, places = crystal(pixels=300, edge=8.0, support=0.0)
    steps = np.linspace(-1, 1, 9) * np.sqrt(2.4)
    image = sum(
        spots((300, 300), *((places + s * lean).T / 0.04), 100.0, 0.06 / 0.04) for s in steps
    )
    random = np.random.default_rng(0)
    raw["intensity"] = (("y", "x"), random.poisson(image + 5.0))
    product = measured(raw, lattice)
    vector = [float(product[f"column_elongation_{a}"][0]) for a in "yx"]
    np.testing.assert_allclose(vector, lean, atol=0.012)


def test_product__keeps_its_contract_and_counts_the_columns():
    raw, lattice, places = crystal(np.random.default_rng(4))
    product = measured(raw, lattice)
    assert quality.level(product) == "good"
    low, high = (float(product[f"column_count_{end}"]) for end in ("lower", "upper"))
    assert low <= len(places) <= high
    away, _ = cKDTree(places).query(np.c_[product["column_y"], product["column_x"]])
    assert np.quantile(away, 0.95) < 0.03
    assert (product["column_domain"] == 1).all()


def test_columns__are_where_the_axes_of_the_image_put_them():
    raw, lattice, _ = crystal(np.random.default_rng(4), pixels=300, edge=6.0)
    moved = raw.assign_coords(y=raw["y"] + 100.0, x=raw["x"] - 7.0)
    first, second = measured(raw, lattice), measured(moved, lattice)
    np.testing.assert_allclose(second["column_y"] - first["column_y"], 100.0)
    np.testing.assert_allclose(second["column_x"] - first["column_x"], -7.0)


def test_columns__are_the_same_bytes_each_time():
    raw, lattice, _ = crystal(np.random.default_rng(6), pixels=300, edge=6.0)
    assert measured(raw, lattice).identical(measured(raw, lattice))


def test_unresolved_lattice__gives_arrays_of_size_0_at_once():
    raw, lattice, _ = crystal(pixels=1024, edge=5.0)
    empty = lattice.isel(domain=slice(0, 0))
    empty["verdict"] = quality.verdict({"pixels of 0.3 nm do not resolve a lattice": "bad"})
    start = time.process_time()
    product = measured(raw, empty)
    assert time.process_time() - start < 0.1
    assert quality.level(product) == "bad"
    assert "0.3 nm" in product["verdict"].attrs["reasons"]
    assert product.sizes["column"] == product.sizes["defect"] == product.sizes["block"] == 0
    assert np.isnan(product["column_count"])


def test_amorphous_noise__in_a_domain_gives_no_columns():
    random = np.random.default_rng(8)
    raw, lattice, _ = crystal(pixels=300, edge=8.0)
    raw["intensity"] = (("y", "x"), random.poisson(50.0, (300, 300)))
    product = measured(raw, lattice, detection_significance=6.0)
    assert product.sizes["column"] == 0
    assert quality.level(product) == "bad"


def test_unseen_pixels__cost_the_columns_on_them_and_no_other():
    raw, lattice, places = crystal(np.random.default_rng(9), pixels=300, edge=8.0)
    image = raw["intensity"].to_numpy().astype(float)
    image[140:160, 140:160] = np.nan
    raw["intensity"] = (("y", "x"), image)
    product = measured(raw, lattice)
    hidden = (np.abs(places - 0.04 * 149.5) < 0.4).all(axis=1).sum()
    assert len(places) - hidden - 3 <= product.sizes["column"] <= len(places)


def test_refine__with_nothing_to_fit_gives_nothing():
    nothing = refine.refine(
        np.ones((9, 9)),
        np.zeros((5, 0)),
        np.zeros(0, np.int64),
        noise=peaks.Noise(1.0, 0.0, 1.0),
        widest_window_px=5.0,
        most_sweeps=3,
    )
    assert nothing.values.shape == (5, 0)


def test_strontium_titanate__has_its_columns_at_their_places(realdata):
    file = realdata / "stem_image" / "perovskite_sto" / "16_STOimage_1.ser"
    image = np.asarray(file_reader(str(file))[0]["data"], float)
    fit = found(image, widest_px=12.0).fit
    # By the manifest 4.02 (x) and 4.06 (y) angstrom at 10.0127 pm a pixel, and two columns a cell.
    cells = (1024 * 0.100127) ** 2 / (4.02 * 4.06)
    assert fit.values.shape[1] == pytest.approx(2 * cells, rel=0.03)
    places = fit.values[1:3, fit.values[0] > np.median(fit.values[0])].T
    step = cKDTree(places).query(places, k=2)[0][:, 1]
    assert np.median(step) * 0.100127 == pytest.approx(4.04, abs=0.06)
