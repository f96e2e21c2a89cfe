"""Line defects: made faults come back with place, direction and displacement; strain is none."""

import numpy as np
import pytest
from crystal_images import PERIOD, crystal

from nanostitch import schema
from nanostitch.adf import defect_table, line_defects, phase_jump
from nanostitch.adf.phase_jump import Crystal

SETTINGS = schema.with_defaults({}, schema.load("adf"))["columns"]
TOLD = {
    "least_shift": SETTINGS["least_shift"],
    "shortest_nm": SETTINGS["shortest_defect_nm"],
    "largest_rotation_degree": SETTINGS["largest_rotation_degree"],
}
CENTRE = 200 * 0.04


def domain(raw, lattice, error=0.0):
    """The one domain of a made image; its reflections may be off by a share."""
    names = ("g1_y", "g1_x", "g2_y", "g2_x")
    bases = np.array([float(lattice[name][0]) for name in names]).reshape(2, 2) * (1 + error)
    image = raw["intensity"].to_numpy().astype(float)
    return Crystal(image, lattice["domain_label"].to_numpy() == 1, (0.04, 0.04), (0, 0), bases)


def found(seed=0, error=0.003, **made):
    raw, lattice, _ = crystal(np.random.default_rng(seed), **made)
    defects, searched = line_defects.find(domain(raw, lattice, error), **TOLD)
    assert searched
    return defects


def outward(angle):
    return np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])


@pytest.mark.parametrize("angle", [0.0, 20.0, 63.0])
@pytest.mark.parametrize("fault", [-2.0, 0.4])
def test_fault__comes_back_where_it_is_and_as_long(angle, fault):
    (one,) = found(angle=angle, fault=fault)
    away = (np.array([one.y, one.x]) - CENTRE) @ outward(angle) - fault
    assert abs(away) < 0.5 * PERIOD
    assert abs((one.normal - angle + 90) % 180 - 90) < 1.0
    assert one.length == pytest.approx(10.0, abs=4 * one.length_error)
    assert abs(one.rotation) < 0.2


@pytest.mark.parametrize("shift", [(0.5, 0.5), (0.5, 0.0), (0.0, 0.5), (0.0, 1 / 3)])
def test_displacement__is_the_one_made_but_for_whole_periods(shift):
    (one,) = found(fault=0.3, shift=shift, peak=100.0)
    assert one.across[0] == pytest.approx(shift[0], abs=0.03)
    assert one.along[0] == pytest.approx(shift[1], abs=0.03)
    frame = np.array([outward(20.0), [np.cos(np.radians(20.0)), -np.sin(np.radians(20.0))]])
    share = frame @ one.shift / PERIOD - shift
    np.testing.assert_allclose(share - np.round(share), 0.0, atol=0.03)


def test_displacement__has_the_sign_of_the_side_the_normal_points_to():
    (one,) = found(fault=0.3, shift=(0.0, 1 / 3), angle=20.0)
    second = np.array([np.cos(np.radians(20.0)), -np.sin(np.radians(20.0))])
    assert one.shift @ second == pytest.approx(PERIOD / 3, abs=0.02)


@pytest.mark.parametrize("made", [{}, {"drift": 0.3}, {"jitter": 0.01}, {"peak": 15.0}])
def test_crystal_without_fault__has_none_whatever_the_scan_does(made):
    assert found(seed=5, **made) == []


def test_shift_by_a_whole_period__is_no_defect():
    assert found(fault=0.3, shift=(1.0, 1.0)) == []


def test_mirror__moves_the_defect_with_the_image():
    raw, lattice, _ = crystal(np.random.default_rng(1), fault=1.0, angle=30.0)
    straight = domain(raw, lattice)
    flipped = straight._replace(
        image=straight.image[:, ::-1].copy(),
        inside=straight.inside[:, ::-1].copy(),
        reflections=straight.reflections * [1, -1],
    )
    (one,), _ = line_defects.find(straight, **TOLD)
    (two,), _ = line_defects.find(flipped, **TOLD)
    assert two.normal == pytest.approx(180.0 - one.normal, abs=0.2)
    assert two.x == pytest.approx(399 * 0.04 - one.x, abs=0.1)


def test_noise__without_a_lattice_is_not_searched():
    raw, lattice, _ = crystal()
    raw["intensity"] = (("y", "x"), np.random.default_rng(0).poisson(20.0, (400, 400)))
    defects, searched = line_defects.find(domain(raw, lattice), **TOLD)
    assert defects == []
    assert not searched


def test_lock_in__finds_the_reflections_that_it_was_told_wrongly():
    raw, lattice, _ = crystal()
    true, wrong = domain(raw, lattice), domain(raw, lattice, error=0.006)
    refined = phase_jump.lock_in(wrong).reflections
    np.testing.assert_allclose(refined, true.reflections, atol=3e-3)


def test_table__tells_how_sure_and_of_what_area():
    raw, lattice, _ = crystal(np.random.default_rng(2), fault=0.5)
    one = domain(raw, lattice)
    table, why = defect_table.search(
        one.image,
        lattice["domain_label"].to_numpy().astype(np.int64) - 1,
        one.reflections[None],
        spacing=(0.04, 0.04),
        origin=(10.0, 20.0),
        **TOLD,
    )
    assert not why
    assert float(table["defect_searched_area"]) == pytest.approx(100.0, rel=0.02)
    assert table["defect_y"][0] == pytest.approx(10 + CENTRE, abs=1.0)
    assert table["defect_x"][0] == pytest.approx(20 + CENTRE, abs=1.0)
    assert 0.9 < table["defect_probability"][0] <= 1.0
    assert table["defect_density_lower"] < 0.1 < table["defect_density_upper"]
