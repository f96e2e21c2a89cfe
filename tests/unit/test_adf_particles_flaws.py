"""Images with flaws, without particles, or told wrongly: what is said and what is left alone."""

import numpy as np
import pytest
import xarray as xr
from particle_scenes import (
    FIELD,
    SETTINGS,
    cube,
    grid,
    lattice,
    matched,
    measured,
    micrograph,
    plane,
    reasons,
    scattered,
)

from nanostitch import quality, tables
from nanostitch.adf import particles
from nanostitch.errors import CalibrationError


@pytest.fixture(scope="module")
def cubes():
    return scattered(np.random.default_rng(1), 75)


@pytest.fixture(scope="module")
def image(cubes):
    return micrograph(cubes, seed=1)


@pytest.fixture(scope="module")
def found(image):
    return measured(image)


NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("particles_are", ["bright", "dark"])
@pytest.mark.parametrize(
    "values",
    [
        np.zeros((200, 200), "u2"),
        np.full((200, 200), 7.5),
        np.full((200, 200), np.nan),
        np.full((200, 200), np.inf),
        NOISE.poisson(50, (300, 300)),
        NOISE.poisson(0.3, (300, 300)),
        NOISE.normal(0, 1, (300, 300)),
        NOISE.poisson(np.linspace(20, 200, 300) * np.ones((300, 1))),
        NOISE.poisson(5, (3, 5)),
    ],
    ids=["zero", "flat", "nan", "inf", "poisson", "faint", "normal", "slope", "tiny"],
)
def test_measure__invents_no_particles(values, particles_are):
    found = measured(plane(values, (0.3, 0.3)), particles_are=particles_are)
    assert found.sizes["particle"] == 0
    assert quality.level(found) == "bad"
    assert np.isnan(found["size_mean"])
    assert np.isnan(found["merged_fraction"])


def test_measure__lost_pixels_are_named_and_leave_the_rest_alone(cubes, image, found):
    holed = image.copy()
    holed[100:160, 100:160] = np.nan
    other = measured(holed)
    assert "3600 of 160000 pixels are not finite" in other["verdict"].attrs["reasons"]
    assert quality.level(other) == "doubtful"
    rows, columns = matched(cubes, other)
    lost = {
        index
        for index, one in enumerate(cubes)
        if (one.corners.max(0) > 29.5).all() and (one.corners.min(0) < 48.5).all()
    }
    assert set(rows) | lost >= set(matched(cubes, found)[0])
    assert int(other["particle_label"][110:150, 110:150].max()) == 0
    np.testing.assert_allclose(other["size_mean"], found["size_mean"], rtol=0.02)


def test_measure__saturated_image_is_doubtful(image):
    found = measured(image.clip(max=float(image.quantile(0.9))))
    assert "saturated" in found["verdict"].attrs["reasons"]
    assert quality.level(found) == "doubtful"


def test_measure__particles_at_the_border_are_flagged_and_not_sized(found):
    cut = quality.raised(found["quality"], "touches_border").to_numpy()
    box = found["particle_label"].to_numpy()
    rim = np.unique(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
    np.testing.assert_array_equal(found["particle"][cut], rim[rim > 0])
    assert found["size_mean"] > found["edge_length"][cut].mean()


def test_measure__counts_every_pixel_that_is_not_finite(image):
    holed = image.copy()
    holed[10, 20], holed[200, 300], holed[300, 100] = np.nan, np.inf, -np.inf
    found = measured(holed)
    assert quality.level(found) == "doubtful"
    assert f"3 of {image.size} pixels are not finite" in reasons(found)


def test_measure__a_mask_is_not_a_micrograph(image):
    mask = (image > float(image.mean())).astype(float)
    assert "only 2 grey levels" in reasons(measured(mask))


def test_measure__names_the_share_of_hot_pixels(image):
    rng = np.random.default_rng(3)
    hot = image.copy()
    number = round(5e-4 * image.size)
    at = rng.choice(image.size, number, replace=False)
    hot.values.ravel()[at] = 20 * float(image.max())
    found = measured(hot)
    assert quality.level(found) == "doubtful"
    assert "0.05% of the pixels are hot" in reasons(found)
    assert "hot" not in reasons(measured(hot, largest_outlier_fraction=1e-3))


@pytest.mark.parametrize("true", ["bright", "dark"])
@pytest.mark.parametrize("scene", ["scattered", "dense", "ordered"])
def test_measure__contrast_told_wrongly_is_never_good(scene, true):
    seed = np.random.default_rng(1)
    scenes = {
        "scattered": lambda: scattered(seed, 75),
        "dense": lambda: scattered(seed, 95, least_gap=0.7),
        "ordered": lambda: grid(14.0),
    }
    seen = micrograph(scenes[scene](), seed=1)
    seen = seen if true == "bright" else float(seen.max()) - seen
    other = {"bright": "dark", "dark": "bright"}[true]
    wrong = measured(seen, particles_are=other)
    assert quality.level(wrong) != "good"
    # a support that is one body across the field is counted no more, which is said instead
    assert scene == "ordered" or "particles_are right?" in reasons(wrong)
    assert "particles_are" not in reasons(measured(seen, particles_are=true))


@pytest.mark.parametrize("pitch", [9.2, 10.5])
def test_measure__dense_layers_of_told_contrast_stay_good(pitch):
    found = measured(micrograph(grid(pitch), seed=1))
    assert found["coverage"] > 0.5
    assert quality.level(found) == "good"


def test_tables__particles_are_those_of_the_density(cubes):
    specks = [cube(y, x, 2.2) for y, x in lattice(12)]
    found = measured(micrograph([*cubes[:30], *specks], seed=6))
    found = found.assign_attrs(
        acquisition="a", sample="s", condition="c", simulated=1, use="yes", note=""
    )
    row = tables.particles([found]).iloc[0]
    small = quality.raised(found["quality"], "too_small").to_numpy()
    whole = xr.DataArray(~small, dims="particle") & (found["touches_border"] == 0)
    assert row["objects"] == found.sizes["particle"]
    assert row["particles"] == int(whole.sum()) < row["objects"] - 5
    area = FIELD**2
    assert 1 <= row["number_density_per_nm2"] * area / row["particles"] < 1.3


@pytest.mark.parametrize("coords", [{}, {"y": np.arange(50) ** 2.0, "x": np.arange(50.0)}])
def test_measure__needs_a_pixel_size(coords):
    bare = xr.DataArray(np.ones((50, 50)), dims=("y", "x"), coords=coords)
    with pytest.raises(CalibrationError, match="pixel_size_nm"):
        particles.measure(bare, **SETTINGS)
