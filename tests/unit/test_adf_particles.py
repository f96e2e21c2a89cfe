"""Particles on simulated images of known cubes, and under symmetries."""

import inspect

import numpy as np
import pytest
import xarray as xr
from particle_scenes import (
    FIELD,
    SETTINGS,
    Cuboid,
    cube,
    errors,
    f1_score,
    lattice,
    matched,
    measured,
    micrograph,
    plane,
    scattered,
    touching,
)

from nanostitch import quality, schema
from nanostitch.adf import particles

LENGTHS = ("area", "edge_length", "equivalent_diameter", "aspect_ratio", "solidity")


@pytest.fixture(scope="module")
def cubes():
    return scattered(np.random.default_rng(1), 75)


@pytest.fixture(scope="module")
def image(cubes):
    return micrograph(cubes, seed=1)


@pytest.fixture(scope="module")
def found(image):
    return measured(image)


def test_measure__takes_exactly_the_settings_of_the_schema():
    wanted = set(inspect.signature(particles.measure).parameters) - {"intensity", "facts"}
    assert set(schema.load("adf")["properties"]["particles"]["properties"]) == wanted


def test_measure__counts_separated_cubes_exactly(cubes, found):
    # the blur carries the outline over the border where a corner is nearer than about 1 nm
    clear = sum(one.is_whole(FIELD, margin=1.0) for one in cubes)
    most = sum(one.is_whole(FIELD, margin=-1.0) for one in cubes)
    assert clear <= int((found["touches_border"] == 0).sum()) <= most
    assert f1_score(cubes, found) == 1.0
    assert quality.level(found) == "good"


def test_measure__mean_edge_is_true_within_two_percent(cubes, found):
    error, _ = errors(cubes, found)
    true = np.mean([one.edge for one in cubes])
    assert abs(error.mean()) < 0.02 * true


def test_measure__uncertainty_of_an_edge_is_that_of_repeated_images(cubes):
    ours = cubes[:30]
    pulls = []
    for seed in range(4):
        error, uncertainty = errors(ours, measured(micrograph(ours, seed=seed, dose=300.0)))
        pulls.append(error / uncertainty)
    assert 0.7 < np.concatenate(pulls).std() < 1.4


def test_measure__intervals_hold_the_sample(cubes, found):
    whole = np.array([one.edge for one in cubes if one.is_whole(FIELD)])
    assert found["size_mean_lower"] < whole.mean() < found["size_mean_upper"]
    assert found["size_sd_lower"] < whole.std(ddof=1) < found["size_sd_upper"]
    assert found["merged_fraction_lower"] == pytest.approx(0.0, abs=1e-12)


def test_measure__covered_area_is_kept(cubes):
    inside = [one for one in cubes if one.is_whole(FIELD)]
    total = sum(one.edge**2 for one in inside)
    found = measured(micrograph(inside, seed=3))
    assert float(found["area"].sum()) == pytest.approx(total, rel=0.02)
    assert float(found["coverage"]) == pytest.approx(total / FIELD**2, rel=0.02)


def test_measure__finds_touching_cubes():
    scores = []
    for seed in range(3):
        scene = touching(np.random.default_rng(seed), 5)
        scores.append(f1_score(scene, measured(micrograph(scene, seed=seed))))
    assert np.mean(scores) >= 0.95


def test_measure__tells_merged_pairs_from_large_crystals():
    rng = np.random.default_rng(5)
    places = lattice(5)
    pairs = [Cuboid(y, x, 8.1, 16.2, rng.uniform(0, np.pi)) for y, x in places[::3]]
    large = [cube(y, x, 11.5, rng.uniform(0, np.pi)) for y, x in places[1::3]]
    single = [cube(y, x, 8.1, rng.uniform(0, np.pi)) for y, x in places[2::3]]
    scene = pairs + large + single
    found = measured(micrograph(scene, seed=5))
    rows, columns = matched(scene, found)
    assert rows.size == len(scene) == found.sizes["particle"]
    np.testing.assert_array_equal(found["units"][columns], np.where(rows < len(pairs), 2, 1))
    share = len(pairs) / len(scene)
    assert found["merged_fraction_lower"] < share < found["merged_fraction_upper"]


def test_measure__orientation_is_that_of_the_long_side():
    angles = np.radians([0.5, 20, 70, 91, 130, 175])
    scene = [Cuboid(25 + 70 * (k % 2), 15 + 18 * k, 8, 18, a) for k, a in enumerate(angles)]
    found = measured(micrograph(scene, seed=0))
    rows, columns = matched(scene, found)
    turned = found["orientation"].to_numpy()[columns] - np.degrees(angles)[rows]
    assert rows.size == len(scene)
    np.testing.assert_allclose((turned + 90) % 180 - 90, 0, atol=1.5)


def test_measure__lengths_scale_with_the_pixel(image, found):
    lengths = {name: 2 * value for name, value in SETTINGS.items() if name.endswith("_nm")}
    twice = measured(plane(image.to_numpy(), (0.6, 0.6)), **lengths)
    for name, power in {"edge_length": 2, "area": 4, "solidity": 1, "size_mean_upper": 2}.items():
        np.testing.assert_allclose(twice[name], power * found[name])
    np.testing.assert_allclose(4 * twice["number_density"], found["number_density"])


@pytest.mark.parametrize("turn", [np.rot90, np.fliplr, np.flipud])
def test_measure__does_not_depend_on_the_scan_direction(image, found, turn):
    other = measured(plane(turn(image.to_numpy()).copy(), (0.3, 0.3)))
    assert other.sizes == found.sizes
    ours, theirs = (
        np.sort(one["edge_length"][one["touches_border"] == 0]) for one in (found, other)
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-2)
    np.testing.assert_allclose(other["size_mean"], found["size_mean"], rtol=1e-3)


def test_measure__does_not_depend_on_gain_offset_and_sign(image, found):
    bright = measured(3.7 * image - 500.0)
    dark = measured(500.0 - 3.7 * image, particles_are="dark")
    for name in LENGTHS:
        # Profiles of the fit are in single precision: 1e-4 nm of 8 nm.
        np.testing.assert_allclose(bright[name], found[name], rtol=2e-5)
        np.testing.assert_allclose(dark[name], found[name], rtol=2e-5)


def test_measure__does_not_depend_on_the_shape_of_the_pixel(cubes):
    square = measured(micrograph(cubes, seed=None))
    oblong = measured(micrograph(cubes, seed=None, pixel=(0.2, 0.4)))
    assert oblong.sizes["particle"] == square.sizes["particle"]
    np.testing.assert_allclose(oblong["size_mean"], square["size_mean"], rtol=0.005)
    np.testing.assert_allclose(oblong["coverage"], square["coverage"], rtol=0.01)


def test_measure__support_that_slopes_more_changes_nothing(cubes, found):
    steep = measured(micrograph(cubes, seed=1, gradient=1.0))
    assert steep.sizes["particle"] == found.sizes["particle"]
    np.testing.assert_allclose(steep["size_mean"], found["size_mean"], rtol=0.005)


def test_measure__number_of_the_label_is_that_of_the_particle(image, found):
    label = found["particle_label"]
    np.testing.assert_array_equal(np.unique(label), [0, *found["particle"].to_numpy()])
    rows, columns = np.nonzero(label.to_numpy() == 7)
    seventh = found.sel(particle=7)
    assert float(image["y"][rows].mean()) == pytest.approx(float(seventh["centroid_y"]), abs=0.1)
    assert float(image["x"][columns].mean()) == pytest.approx(float(seventh["centroid_x"]), abs=0.1)


def test_measure__same_seed_same_product(image, found):
    xr.testing.assert_identical(measured(image), found)
