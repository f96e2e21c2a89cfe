"""Shapes of known outlines."""

import numpy as np
import pytest

from nanostitch.adf import shape


@pytest.mark.parametrize("degree", [0.0, 17.0, 45.0, 89.0, 123.0, 179.0])
def test_minimal_rectangle__is_the_rectangle_itself(degree):
    angle = np.radians(degree)
    along = np.array([-np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), np.sin(angle)])
    rng = np.random.default_rng(0)
    inside = rng.uniform(-1, 1, (50, 1)) * 6 * along + rng.uniform(-1, 1, (50, 1)) * 2 * across
    corners = [s * 6 * along + t * 2 * across for s in (-1, 1) for t in (-1, 1)]
    found = shape.minimal_rectangle(np.concatenate([inside, corners]) + (3.0, -7.0))
    assert found.long == pytest.approx(12.0)
    assert found.short == pytest.approx(4.0)
    assert (found.angle - degree + 90) % 180 == pytest.approx(90)


def test_membership__gives_the_area_of_a_disk_finer_than_a_pixel():
    y, x = np.indices((41, 41)) - 20.0
    for radius in (5.2, 8.37, 11.9):
        signal = radius + 20.5 - np.hypot(y - 0.3, x + 0.2)
        share = shape.membership(signal, 20.5, np.ones(signal.shape, bool))
        assert share.sum() == pytest.approx(np.pi * radius**2, rel=0.005)


def test_outline__encloses_the_area_of_an_ellipse_in_nm():
    spacing = np.array([0.5, 1.0])
    y, x = (np.indices((81, 41)).T * spacing).T
    distance = np.hypot((y - 20) / 8, (x - 20) / 14)
    points = shape.outline(np.clip(10 * (1 - distance) + 0.5, 0, 1), spacing)
    assert shape.enclosed_area(points) == pytest.approx(np.pi * 8 * 14, rel=0.005)
