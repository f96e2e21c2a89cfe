"""Bright dots: spheres of known size on and beside cubes, and images without any."""

import adf_pairs as pairs
import numpy as np
import pytest
import xarray as xr

from nanostitch import contracts, schema
from nanostitch.adf import bright, dome, particles
from nanostitch.adf.flatten import flatten
from nanostitch.contracts.adf import PARTICLES

DOTS = {"bright_excess": 1.3, "smallest_dot_nm": 1.5, "largest_dot_nm": 10.0}


def found(spheres, *, gain=1.0, seed=1, settings=DOTS):
    squares = pairs.scattered(np.random.default_rng(3))
    squares = [one._replace(signal=one.height) for one in squares]
    image = pairs.image(squares, seed=seed, noise=1.0)["intensity"]
    for on, diameter in spheres:
        place = np.array([squares[on].y, squares[on].x])
        spacing = np.array([pairs.STEP, pairs.STEP])
        image = image + 3 * dome.sphere(image.shape, spacing, place, diameter, 0.5)
    flat = flatten(gain * image, particles_are="bright", denoise_nm=0.4, background_length_nm=40.0)
    table = pairs.particles(squares)
    return squares, bright.find(flat, table["particle_label"], table, denoise_nm=0.4, **settings)


@pytest.mark.parametrize("diameter", [2.5, 4.0])
def test_find__a_dense_sphere_on_a_cube_where_it_is_and_as_large_as_it_is(diameter):
    squares, dots = found([(5, diameter)])
    assert int(dots["bright_count"]) == 1
    assert float(dots["bright_y"][0]) == pytest.approx(squares[5].y, abs=0.3)
    assert float(dots["bright_x"][0]) == pytest.approx(squares[5].x, abs=0.3)
    assert int(dots["bright_particle"][0]) == 6
    doubt = float(dots["bright_diameter_uncertainty"][0])
    assert abs(float(dots["bright_diameter"][0]) - diameter) < 3 * doubt + 0.1


def test_find__nothing_on_cubes_alone():
    counts = [float(found([], seed=seed)[1]["bright_count"]) for seed in range(4)]
    assert sum(counts) == 0


def test_find__does_not_depend_on_the_gain():
    _, one = found([(5, 4.0)])
    _, other = found([(5, 4.0)], gain=250.0)
    assert np.allclose(one["bright_diameter"], other["bright_diameter"], rtol=1e-2)


def test_find__keeps_the_contract():
    names = [name for name in PARTICLES if name.startswith("bright")]
    _, dots = found([(5, 4.0)])
    contracts.check(dots, {name: PARTICLES[name] for name in names}, "bright")


def test_find__in_coarse_pixels_knows_no_count():
    _, dots = found([], settings=DOTS | {"smallest_dot_nm": 0.5})
    assert dots.sizes["bright"] == 0
    assert np.isnan(float(dots["bright_count"]))


def test_sphere__holds_the_volume_of_the_ball():
    path = dome.sphere((60, 60), np.array([0.3, 0.3]), np.array([9.0, 9.0]), 5.0, 0.5)
    assert path.sum() * 0.09 == pytest.approx(np.pi / 6 * 125, rel=1e-3)


@pytest.mark.parametrize("blur", [0.25, 0.7])
def test_dots_alone__are_found_as_large_as_they_are(blur):
    random, step, size = np.random.default_rng(6), 0.3, 500
    spacing = np.array([step, step])
    diameters = np.linspace(5.0, 8.5, 16)
    image = 200.0 + random.normal(0, 15, (size, size))
    places = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2) * 33.0 + 25
    places += random.uniform(-4, 4, places.shape)
    for place, diameter in zip(places, diameters, strict=True):
        image += 120 * dome.sphere(image.shape, spacing, place, diameter, blur)
    axis = np.arange(size) * step
    coords = {name: (name, axis, {"units": "nm"}) for name in ("y", "x")}
    settings = schema.with_defaults({}, schema.load("adf"))["particles"]
    dots = particles.measure(xr.DataArray(image, coords, ("y", "x")), **settings)
    seen = np.stack([dots["bright_y"], dots["bright_x"]], axis=1)
    nearest = np.hypot(*(seen[:, None] - places).transpose(2, 0, 1)).argmin(axis=1)
    assert sorted(nearest.tolist()) == list(range(16))
    np.testing.assert_allclose(dots["bright_diameter"], diameters[nearest], atol=0.3)
