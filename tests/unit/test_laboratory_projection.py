"""Projections of specimens, and where the microscope looks, against geometry."""

import numpy as np
import pytest
from laboratory_views import projected, with_metal
from specimens import square_layer

from nanostitch import schema
from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import (
    stage,
)
from nanostitch.simulate.projection import project


@pytest.mark.parametrize("changed", [{}, {"angle": 23.0}, {"tilt_x": 4.0, "tilt_y": -3.0}])
def test_projection__keeps_the_volume_of_a_cube_however_it_lies(changed):
    specimen = square_layer(1, 1, **{name: [value] for name, value in changed.items()})
    volume = float(projected(specimen)["thickness"].sum()) * 0.1**2
    rounded = (4 - np.pi) * (0.07 * 8) ** 2
    assert volume == pytest.approx(8 * (8**2 - rounded), rel=2e-3)


def test_projection__turns_with_the_specimen():
    axis = np.arange(0.05, 10.5, 0.1)
    side = float(axis[0] + axis[-1])
    straight = square_layer(1, 1, angle=[17.0], centre_y=[4.0], centre_x=[5.5])
    turned = square_layer(1, 1, angle=[17.0 + 90.0], centre_y=[5.5], centre_x=[side - 4.0])
    images = [project(s, axis, axis) for s in (straight, turned)]
    for name in ("thickness", "ligand"):
        first, second = (image[name].to_numpy() for image in images)
        np.testing.assert_allclose(np.rot90(first, -1), second, atol=1e-6)


def test_necks__bridge_the_gap_of_a_seam_and_only_there():
    specimen = square_layer(1, 3, merged_pairs=[(0, 1)])
    specimen["centre_x"][1] += 0.6
    specimen["seam_x"] += 0.3
    specimen["seam_gap"] += 0.6
    found = projected(specimen).sel(y=specimen["centre_y"].values[0], method="nearest")
    between = found.sel(x=specimen["seam_x"].values[0], method="nearest")
    assert float(between["thickness"]) == pytest.approx(8.0)
    assert int(between["crystal"]) in (0, 1)
    apart = found.sel(x=float(specimen["centre_x"][1:].mean()), method="nearest")
    assert float(apart["thickness"]) == 0.0
    assert int(apart["crystal"]) == -1


def test_boundary__is_thinner_in_its_middle_than_a_seamless_seam():
    specimen = square_layer(1, 2, merged_pairs=[(0, 1)])
    y, x = (float(specimen[name].values[0]) for name in ("seam_y", "seam_x"))
    thickness = []
    for kind in (0, 2):
        specimen["seam_class"][0] = kind
        here = projected(specimen)["thickness"].sel(y=y, x=x, method="nearest")
        thickness.append(float(here))
    assert thickness[0] == pytest.approx(8.0)
    assert 0.8 < thickness[1] / thickness[0] < 0.9


def test_ligands__cover_a_crystal_and_stand_around_it():
    specimen = square_layer(1, 1)
    row = projected(specimen).sel(y=5.25, method="nearest")
    length = float(specimen["ligand_length"])
    assert float(row["ligand"].sel(x=5.25, method="nearest")) == pytest.approx(2 * length)
    beside = 5.25 + 4 + length / 2
    assert float(row["ligand"].sel(x=beside, method="nearest")) == pytest.approx(8 + 2 * length)
    assert float(row["ligand"].sel(x=beside + length, method="nearest")) == 0.0


def test_destroyed_crystals__leave_a_wall_of_ligands_around_a_void():
    specimen = square_layer(1, 1, state=np.array([1], "i1"), edge=8.0)
    row = projected(specimen).sel(y=5.25, method="nearest")
    length = float(specimen["ligand_length"])
    assert float(row["thickness"].max()) == 0.0
    assert float(row["ligand"].sel(x=5.25, method="nearest")) == pytest.approx(2 * length)
    wall = row["ligand"].sel(x=5.25 + 4 + length / 2, method="nearest")
    assert float(wall) == pytest.approx(8 + 2 * length)


def test_dissolved_crystals__leave_nothing():
    found = projected(square_layer(1, 1, state=np.array([2], "i1")))
    assert all(float(found[name].max()) == 0.0 for name in ("thickness", "ligand", "metal"))


def test_metal__has_the_volume_of_its_sphere():
    specimen = with_metal(square_layer(1, 1, state=np.array([2], "i1")), 6.0)
    volume = float(projected(specimen, 0.05)["metal"].sum()) * 0.05**2
    assert volume == pytest.approx(np.pi * 6.0**3 / 6, rel=2e-3)


def layer_of_seams():
    specimen = square_layer(4, 4, merged_pairs=[(0, 1), (4, 5), (8, 9), (12, 13)])
    specimen["seam_class"][:] = [0, 0, 1, 2]
    specimen["seam_length"][:] = [5.0, 8.0, 8.0, 8.0]
    return specimen


def test_aim__finds_the_longest_seam_of_a_class():
    specimen, rng = layer_of_seams(), np.random.default_rng(0)
    for look_at, seam in (("seamless", 1), ("tilt", 2), ("boundary", 3), ("zone_axis", 3)):
        place = tuple(float(specimen[name].values[seam]) for name in ("seam_y", "seam_x"))
        assert stage.aim(specimen, look_at, 30.0, rng) == place
        assert stage.across(specimen, look_at, rng) == (*place, 0.0)


def test_aim_at_a_zone_axis__prefers_a_seam_of_unlike_axes():
    specimen = layer_of_seams()
    specimen["zone_axis"][5] = 1
    place = stage.aim(specimen, "zone_axis", 30.0, np.random.default_rng(0))
    assert place == (specimen["seam_y"].values[1], specimen["seam_x"].values[1])


def test_aim__names_what_is_missing_and_what_there_is():
    specimen = square_layer(2, 2, merged_pairs=[(0, 1)])
    rng = np.random.default_rng(0)
    with pytest.raises(BatchError, match="look_at: 'tilt' needs a seam.* 1 seamless, 0 tilt"):
        stage.aim(specimen, "tilt", 10.0, rng)
    for look_at in ("fault", "metal", "irradiated_edge"):
        with pytest.raises(BatchError, match=look_at):
            stage.aim(specimen, look_at, 10.0, rng)
    for look_at in ("anywhere", "metal"):
        with pytest.raises(BatchError) as raised:
            stage.across(square_layer(2, 2), look_at, rng)
        assert str(raised.value).count("'anywhere'") == (look_at == "anywhere")
    with pytest.raises(BatchError, match="give both"):
        stage.aim(specimen, "middle", 10.0, rng, place_y_nm=3.0)


@pytest.mark.parametrize("look_at", ["middle", "anywhere", "metal"])
def test_a_line_on_bare_film__is_refused_without_advice_that_cannot_help(look_at):
    bare = square_layer(2, 2).isel(crystal=[])
    with pytest.raises(BatchError, match="0 crystals .*; change the specimen") as raised:
        stage.across(bare, look_at, np.random.default_rng(0))
    assert "look at one" not in str(raised.value)


def test_aim_anywhere__keeps_the_view_in_the_field_where_it_fits():
    specimen, rng = square_layer(4, 4), np.random.default_rng(0)
    places = np.array([stage.aim(specimen, "anywhere", 30.0, rng) for _ in range(50)])
    assert places.min() >= 15.0
    assert places.max() <= float(specimen["field"]) - 15.0
    assert stage.aim(specimen, "anywhere", 1000.0, rng) == (21.0, 21.0)


def test_aim__takes_the_place_that_is_given():
    place = stage.aim(square_layer(2, 2), "tilt", 9.0, None, place_y_nm=1.0, place_x_nm=2.0)
    assert place == (1.0, 2.0)


@pytest.mark.parametrize("instrument", ["overview", "atomic"])
def test_schemas__offer_every_place(instrument):
    look_at = schema.load(f"instruments/{instrument}")["properties"]["look_at"]
    assert tuple(look_at["enum"]) == stage.LOOK_AT
