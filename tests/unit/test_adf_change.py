"""Fates, areas and mechanism of squares whose history is known."""

import adf_pairs as pairs
import numpy as np
import pytest

from nanostitch import contracts, quality, schema
from nanostitch.adf import change, fates
from nanostitch.contracts.adf_change import CHANGE

SETTINGS = schema.with_defaults({}, schema.load("adf"))["change"] | {"bootstrap_draws": 300}


def measured(before, after, seed=1):
    found = change.measure(
        pairs.image(after, seed=seed),
        pairs.particles(after),
        pairs.image(before, seed=seed + 1),
        pairs.particles(before),
        **SETTINGS,
    )
    return contracts.check(found, CHANGE, "change")


def test_measure__of_nothing_that_happened_keeps_all():
    squares = pairs.scattered(np.random.default_rng(1))
    found = measured(squares, squares)
    assert set(found["fate"].values) <= {fates.KEPT, fates.UNSEEN}
    assert float(found["area_ratio"]) == pytest.approx(1, abs=0.01)
    assert float(found["kept_fraction"]) == 1
    assert float(found["size_change_lower"]) <= 0 <= float(found["size_change_upper"])


def test_measure__says_what_became_of_each():
    squares = pairs.scattered(np.random.default_rng(2))
    tall = squares[0]._replace(height=14.0, width=7.0, angle=0.0)
    after = [tall, *squares[3:]]
    halves = [tall._replace(y=tall.y + d, height=7.0) for d in (-3.5, 3.5)]
    before = [*halves, squares[2], *squares[3:]]
    found = measured(before, after)
    assert list(found["fate"].values[:3]) == [fates.MERGED, fates.MERGED, fates.VANISHED]
    assert int(found["sources"][0]) == 2
    body = int(found["before_body"][0]) - 1
    low, high = (float(found[f"body_area_ratio_{end}"][body]) for end in ("lower", "upper"))
    assert low < 1 < high


def test_measure__other_places_are_refused_in_words():
    one, other = (pairs.scattered(np.random.default_rng(seed)) for seed in (3, 77))
    found = measured(one, other)
    assert quality.level(found) == "bad"
    assert "same place" in found["verdict"].attrs["reasons"]
    assert np.isnan(float(found["shift_y"]))
    assert found.sizes["body"] == 0
