"""Registration against known shifts, turns and scales; and refused where places differ."""

import adf_pairs as pairs
import numpy as np
import pytest

from nanostitch import schema
from nanostitch.adf import registration

SETTINGS = {
    key: schema.with_defaults({}, schema.load("adf"))["change"][key]
    for key in (
        "smoothing_nm",
        "background_length_nm",
        "largest_rotation_degree",
        "largest_scale_error",
    )
}


def registered(after, before):
    return registration.register(after["intensity"], before["intensity"], **SETTINGS)


@pytest.mark.parametrize(
    ("shift", "degrees", "scale"),
    [((0.0, 0.0), 0.0, 1.0), ((3.21, -5.4), 2.5, 1.0), ((-7.03, 2.2), -4.0, 1.02)],
)
def test_register__finds_shift_turn_and_scale_within_their_uncertainty(shift, degrees, scale):
    squares = pairs.scattered(np.random.default_rng(1))
    before = pairs.image(squares, seed=2)
    after = pairs.image(pairs.moved(squares, shift, degrees, scale), seed=3)
    found = registered(after, before)
    true = np.array([*shift, np.radians(degrees), np.log(scale)])
    # Outlines are drawn to a tenth of a pixel: the rest of a pixel's tenth is the drawing's own.
    allowed = 3 * np.sqrt(np.diag(found.covariance)) + [0.03, 0.03, 1e-3, 1e-3]
    assert found.score > 5
    assert (np.abs(found.p - true) < allowed).all()


def test_register__of_the_images_exchanged_is_the_inverse():
    squares = pairs.scattered(np.random.default_rng(4))
    one = pairs.image(squares, seed=5)
    other = pairs.image(pairs.moved(squares, (4.0, 1.5), 3.0), seed=6)
    there, back = registered(other, one), registered(one, other)
    y, x = np.array([20.0, 50.0]), np.array([31.0, 12.0])
    returned = np.array(back.place(*there.place(y, x)))
    doubt = np.hypot(there.uncertainty(y, x), back.uncertainty(y, x))
    assert (np.abs(returned - [y, x]) < 3 * doubt + 0.03).all()


def test_register__what_merged_does_not_pull_what_stayed():
    rng = np.random.default_rng(7)
    squares = pairs.scattered(rng)
    some = [one._replace(y=one.y + 2.0) if rng.random() < 0.3 else one for one in squares]
    found = registered(pairs.image(some, seed=8), pairs.image(squares, seed=9))
    assert abs(found.p[0]) < 0.15


def test_register__empty_shells_lie_where_their_crystals_were():
    squares = pairs.scattered(np.random.default_rng(10), count=14)
    before = pairs.image(squares, seed=11)
    emptied = pairs.moved(squares, (2.0, -1.0))
    after = pairs.image(emptied, seed=12, shells=0.3, noise=0.02)
    found = registered(after, before)
    assert found.by == registration.OUTLINES
    assert np.abs(found.p[:2] - [2.0, -1.0]).max() < 0.6


def test_register__other_places_score_like_mirror_images():
    scores = [
        registered(
            pairs.image(pairs.scattered(np.random.default_rng(seed)), seed=seed),
            pairs.image(pairs.scattered(np.random.default_rng(seed + 50)), seed=seed + 1),
        ).score
        for seed in (20, 30, 40)
    ]
    assert max(scores) < 3


def test_register__without_contrast_is_nothing():
    flat = pairs.image([], seed=1, noise=0.0)
    assert registered(flat, flat) is None


def test_place__keeps_distances_but_for_the_scale():
    p = np.array([3.0, -2.0, 0.4, np.log(1.1)])
    middle = np.array([10.0, 12.0])
    where = registration.Registration(p, np.zeros((4, 4)), middle, middle, 0, 9.0, 1.0)
    y, x = where.place(np.array([1.0, 4.0]), np.array([2.0, 6.0]))
    assert np.isclose(np.hypot(np.diff(y), np.diff(x)), 1.1 * 5.0)
    assert where.uncertainty(y, x) == pytest.approx([0.0, 0.0])
