"""Round particles on a made rough support: found where they are, and only those."""

import numpy as np
import pytest
from scipy import ndimage

from nanostitch.adf import blobs

USUAL = 9.0


@pytest.fixture(scope="module")
def scene():
    """Discs of three sizes on smooth, strong support with white noise; their centres."""
    rng = np.random.default_rng(4)
    y, x = np.indices((240, 240)) + 0.0
    support = ndimage.gaussian_filter(rng.normal(size=y.shape), 30) * 1500
    places = [(30 + 45 * i, 30 + 45 * j) for i in range(5) for j in range(5)]
    image = support + rng.normal(0, 1, y.shape)
    for number, (row, column) in enumerate(places):
        radius = USUAL * (0.35, 0.45, 0.55)[number % 3]
        image += 8 * np.clip(radius - np.hypot(y - row, x - column) + 0.5, 0, 1)
    return image.astype(np.float32), np.array(places, float)


def test_find__each_disc_once_and_nothing_else(scene):
    image, places = scene
    found = blobs.find(image, np.ones(image.shape, bool), USUAL)
    distance = np.linalg.norm(found.at[:, None] - places, axis=-1)
    assert len(found.at) == len(places)
    assert (distance.min(axis=0) < 2).all()


def test_find__does_not_depend_on_gain_offset_and_direction(scene):
    image, _ = scene
    seen = np.ones(image.shape, bool)
    found = blobs.find(image, seen, USUAL)
    other = blobs.find(np.ascontiguousarray(3 * image[::-1] + 100), seen, USUAL)
    turned = other.at * (-1, 1) + (image.shape[0] - 1, 0)
    assert {tuple(one) for one in turned} == {tuple(one) for one in found.at}


def test_find__edges_and_ridges_of_the_support_are_no_particles():
    rng = np.random.default_rng(0)
    image = rng.normal(0, 1, (200, 200)).astype(np.float32)
    image[:, 90:] += 30
    image[:, 130:136] += 30
    found = blobs.find(image, np.ones(image.shape, bool), USUAL)
    assert len(found.at) <= 10  # of noise, where 500 discs would have room


def test_owners__each_pixel_goes_to_the_nearer_blob_by_its_size():
    two = blobs.Blobs(np.array([[10.0, 10.0], [10.0, 30.0]]), np.array([20.0, 10.0]), np.ones(2))
    owner = blobs.owners(two, (21, 41))
    assert owner[10, 10] == owner[10, 22] == 1
    assert owner[10, 30] == owner[10, 26] == 2
    assert owner[0, 40] == 0


def test_support__is_carried_on_beneath_a_particle():
    slope = np.linspace(0, 10, 100, dtype=np.float32) * np.ones((100, 1), np.float32)
    bare = np.ones(slope.shape, bool)
    bare[45:55, 45:55] = False
    filled = blobs.support(np.where(bare, slope, 99).astype(np.float32), bare, USUAL)
    np.testing.assert_allclose(filled[45:55, 45:55], slope[45:55, 45:55], atol=0.3)
