"""Bodies, layers and voids of planes that are drawn."""

import numpy as np
import pytest

from nanostitch.adf import network, scatter
from nanostitch.adf.network import Plane

STEP = (0.5, 0.5)
WAVES = scatter.Waves(100.0, 100.0, 5, 5)


def plane(label, seen=None, step=STEP):
    label = np.asarray(label, np.int32)
    return Plane(label, np.ones(label.shape, bool) if seen is None else seen, step)


def measured(label, wires=(), **more):
    return network.measure(
        plane(label, **more), of=WAVES, layer_gap_nm=1.5, unit_edge_nm=8.0, wires=np.array(wires)
    )


def squares(gap, edge=16, along=8):
    """Squares of 8 nm in rows; gap in pixels of 0.5 nm."""
    label = np.zeros(((edge + gap) * along,) * 2, np.int32)
    for number, (i, j) in enumerate(np.ndindex(along, along), start=1):
        top, left = i * (edge + gap) + gap // 2, j * (edge + gap) + gap // 2
        label[top : top + edge, left : left + edge] = number
    return label


@pytest.mark.parametrize(("gap", "joined"), [(1, True), (2, True), (4, False), (6, False)])
def test_a_layer__holds_what_lies_within_its_gap(gap, joined):
    """Gaps of 0.5, 1, 2 and 3 nm, of which a layer may have 1.5."""
    found = measured(squares(gap))
    share = found.numbers["largest_layer_share"][0]
    assert share == pytest.approx(1.0 if joined else 1 / 64)
    assert found.numbers["largest_body_share"][0] == pytest.approx(1 / 64)
    assert not found.answers["body_spans_y"]


def test_spans__are_told_apart_by_axis():
    label = np.zeros((80, 80), int)
    label[30:40] = 3
    label[60:70, :30] = 4
    answers = measured(label).answers
    assert answers == {
        "body_spans_y": False,
        "body_spans_x": True,
        "layer_spans_y": False,
        "layer_spans_x": True,
    }
    turned = measured(label.T).answers
    assert turned["body_spans_y"]
    assert not turned["body_spans_x"]


def test_pieces_of_one_body__are_one_layer():
    """They meet outside the image."""
    label = np.zeros((80, 80), int)
    label[:, :20], label[:, 60:] = 1, 1
    assert measured(label).numbers["largest_layer_share"][0] == pytest.approx(1.0)


def test_shares__of_body_and_wire_are_those_of_the_area():
    label = np.zeros((100, 100), int)
    label[10:20, 10:90] = 1
    label[40:80, 20:80] = 2
    numbers = measured(label, wires=[1]).numbers
    assert numbers["largest_body_share"][0] == pytest.approx(2400 / 3200)
    assert numbers["wire_share"][0] == pytest.approx(800 / 3200)
    for value, lower, upper in (numbers["largest_body_share"], numbers["wire_share"]):
        assert 0 <= lower < value < upper <= 1


def test_voids__are_where_a_crystal_is_missing():
    label = squares(4)
    full = measured(label).numbers
    assert full["void_density"][0] == 0.0
    assert full["void_fraction"][0] == 0.0
    missing = (10, 13, 36, 55)
    label[np.isin(label, missing)] = 0
    found = measured(label).numbers
    side = label.shape[0] * 0.5
    # a void may be whole only where its box, of 12 nm at most, keeps clear of the border
    assert 4 / side**2 < found["void_density"][0] < 4 / (side - 12) ** 2
    assert 8 * np.sqrt(4 / np.pi) < found["void_diameter"][0] < 12 * np.sqrt(4 / np.pi)
    assert found["void_fraction"][0] == pytest.approx(
        found["void_diameter"][0] ** 2 * np.pi / 4 * 4 / side**2, rel=0.02
    )


def test_nothing_found__is_all_void_and_no_share():
    found = measured(np.zeros((60, 60)))
    assert np.isnan(found.numbers["largest_body_share"]).all()
    assert found.numbers["void_fraction"][0] == 1.0
    assert not any(found.answers.values())


def test_nothing_seen__says_nothing():
    found = measured(np.zeros((60, 60)), seen=np.zeros((60, 60), bool))
    assert np.isnan(list(found.numbers.values())).all()


def test_large_planes__are_thinned_without_harm():
    small = squares(4)
    large = np.kron(small, np.ones((8, 8), np.int32))
    one = measured(small).numbers
    other = measured(large, step=(0.0625, 0.0625)).numbers
    assert large.size > 1_000_000
    for name in ("largest_body_share", "largest_layer_share", "void_fraction"):
        assert other[name][0] == pytest.approx(one[name][0], abs=0.02)
