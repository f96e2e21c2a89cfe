"""Simulated images: projection, aim, lattices, scan, detector, and the truth that is told."""

import re

import numpy as np
import pytest
import xarray as xr
from specimens import square_layer

from nanostitch import schema
from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import (
    atomic,
    coherence,
    columns,
    overview,
    scanning,
    scattering,
    stage,
    structure,
    support,
)
from nanostitch.simulate.projection import project

OPTICS = scattering.Optics(60.0, 18.0, 60.0, 150.0, 0.14, 0.0)
STILL = {"drift_nm_per_min": 0.0, "line_jitter_nm": 0.0, "line_noise": 0.0, "readout_noise_e": 0.0}


def settings(instrument, **changed):
    properties = schema.load(f"instruments/{instrument}")["properties"]
    return {name: sub["default"] for name, sub in properties.items()} | changed


def grid(specimen, step):
    return np.arange(-2.0, float(specimen["field"]) + 2.0, step)


def projected(specimen, step=0.1):
    axis = grid(specimen, step)
    return project(specimen, axis, axis)


def alone(specimen, field=300.0):
    """The same crystals in the middle of a larger field, as a cluster lies."""
    move = (field - float(specimen["field"])) / 2
    names = ("centre_y", "centre_x", "seam_y", "seam_x", "metal_y", "metal_x")
    moved = {name: specimen[name] + move for name in names}
    return specimen.assign(moved | {"field": xr.full_like(specimen["field"], field)})


# Projection


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


def with_metal(specimen, diameter):
    middle = float(specimen["field"]) / 2
    values = {"metal_y": middle, "metal_x": middle, "metal_diameter": diameter}
    added = {name: ("metal", [v], {"units": "nm"}) for name, v in values.items()}
    return specimen.drop_dims("metal").assign(added)


# Aim


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


# Scattering


def test_cross_section__rises_with_z_less_than_squared():
    values = {e: scattering.cross_section_nm2(e, OPTICS) for e in ("C", "Br", "Cs", "Pb")}
    numbers = [scattering.ATOMIC_NUMBER[element] for element in values]
    exponents = np.diff(np.log(list(values.values()))) / np.diff(np.log(numbers))
    assert ((exponents > 1.5) & (exponents < 2.0)).all()


def test_wavelength__is_that_of_the_tables():
    # Williams and Carter, table 1.2.
    assert scattering.wavelength_nm(100.0) == pytest.approx(3.70e-3, abs=5e-6)
    assert scattering.wavelength_nm(200.0) == pytest.approx(2.51e-3, abs=5e-6)


def test_columns__lose_electrons_to_their_surroundings_not_to_nowhere():
    rng = np.random.default_rng(0)
    single = rng.gamma(1.0, 0.3, (200, 200))
    seen = scattering.seen_by_columns(single, 0.03)
    assert seen.mean() == pytest.approx(1 - np.exp(-single.mean()), rel=0.01)
    assert seen.std() < single.std()
    thin = 1e-4 * single
    seen = scattering.seen_by_columns(thin, 0.03)
    np.testing.assert_allclose(seen, thin, atol=0.01 * thin.mean())


@pytest.mark.parametrize("height", [2.0, 8.2, 20.0, 50.0])
@pytest.mark.parametrize("kev", [30.0, 60.0])
def test_both_images__detect_the_same_share_of_a_crystal_below_one(height, kev):
    optics = scattering.Optics(kev, 18.0, 60.0, 150.0, 0.14, 0.0)
    specimen = square_layer(1, 1, edge=20.0, height=[height])
    middle = float(specimen["field"]) / 2
    # Whole cells, so that as many atoms are in view as an overview takes for granted.
    half = 5 * scattering.LATTICE_NM
    axis = np.linspace(middle - half, middle + half, round(2 * half / 0.03), endpoint=False)
    step = float(axis[1] - axis[0])
    image = project(specimen, axis, axis)
    rng = np.random.default_rng(0)
    names = ("zone_axis", "tilt_y", "tilt_x")
    weight = scattering.channelling(*(specimen[name].to_numpy() for name in names))
    found = coherence.lattices(specimen, rng)
    atoms, _ = columns.draw(specimen, image, found, weight, rng)
    linear = atomic.blurred(atoms.atoms, optics, step)
    fine = scattering.seen_by_columns(linear, step)
    coarse = -np.expm1(-scattering.perovskite_per_nm(optics) * height * weight[0])
    assert 0 < fine.min() < fine.max() < 1
    assert fine.mean() == pytest.approx(coarse, rel=0.04)


def test_annulus_without_area__is_refused_with_both_names():
    for outer in (60.0, 50.0):
        with pytest.raises(BatchError, match="inner_mrad: 60.*outer_mrad"):
            scattering.Optics(60.0, 18.0, 60.0, outer, 0.14, 0.0)


@pytest.mark.parametrize(
    ("substrate", "film"),
    [("graphene", 0.68), ("carbon film", 5.0), ("carbon/graphene on Cu grid", 5.0)],
)
def test_film__is_carbon_where_carbon_is_named(substrate, film):
    assert support.thickness_nm(substrate, None) == film
    assert support.thickness_nm(substrate, 2.0) == 2.0


def test_grain__has_the_number_and_the_variance_of_random_atoms():
    rng = np.random.default_rng(0)
    for step in (0.02, 0.3):
        found = support.grain(np.full((400, 400), 500.0), 0.06, step, rng)
        assert found.mean() == pytest.approx(500.0, rel=0.02)
        assert found.var() == pytest.approx(500.0 / (4 * np.pi * 0.06**2), rel=0.05)


# Lattices


@pytest.mark.parametrize("zone_axis", [0, 1, 2])
def test_motif__holds_one_formula_unit_in_a_cell(zone_axis):
    motif = structure.perovskite(zone_axis)
    volume = abs(np.linalg.det(motif.basis)) * motif.repeat_nm / scattering.CELL_NM3
    for element, number in scattering.CRYSTAL.items():
        assert motif.atoms[element].sum() / volume == pytest.approx(number)


def distance_to_sites(lattice, place):
    """Distance of each place to the nearest column of lead [nm]."""
    sites, which = structure.sites(lattice, *place.mean(0), 15.0)
    lead = sites[lattice.motif.atoms["Pb"][which] > 0]
    return np.linalg.norm(place[:, None] - lead[None], axis=2).min(1)


@pytest.mark.parametrize(("kind", "turn"), [(0, 0.0), (1, 0.0), (0, 90.0), (0, 180.0)])
def test_lattice__runs_on_through_a_seam_that_is_no_boundary(kind, turn):
    specimen = square_layer(1, 2, merged_pairs=[(0, 1)], angle=np.array([5.0, 5.0 + turn]))
    specimen["seam_class"][0] = kind
    one, other = coherence.lattices(specimen, np.random.default_rng(0))
    sites, which = structure.sites(other, other.y, other.x, 4.0)
    lead = sites[other.motif.atoms["Pb"][which] > 0]
    assert distance_to_sites(one, lead).max() < 1e-9


def ring(shift, kinds=(0, 0, 0, 0)):
    """Four crystals in contact whose seams close a loop; the last is turned out of it.

    Turned by ``shift`` over an edge [nm], about the middle of one of its seams, its lattice moves
    at the middle of the other one by ``shift`` over the square root of 2.
    """
    edge = 8.0
    specimen = square_layer(2, 2, edge=edge, gap=0.0, merged_pairs=[(0, 1), (2, 3)])
    more = specimen.isel(seam=[0, 1]).assign(
        seam_first=("seam", [0, 1]),
        seam_second=("seam", [2, 3]),
        seam_y=("seam", [edge, edge]),
        seam_x=("seam", [edge / 2, 1.5 * edge]),
        seam_normal=("seam", [90.0, 90.0]),
    )
    seams = [name for name in specimen if str(name).startswith("seam")]
    both = xr.concat([specimen[seams], more[seams]], "seam")
    specimen = specimen.drop_dims("seam").merge(both)
    specimen["seam_class"] = ("seam", np.array(kinds, "i1"))
    specimen["angle"][3] = np.degrees(shift / edge)
    return specimen


def test_loops_of_seams__are_boundaries_where_their_lattices_miss():
    for shift, apart in ((0.0, 0), (0.04, 0), (0.3, 1)):
        specimen = ring(shift)
        found = coherence.lattices(specimen, np.random.default_rng(0))
        seams = coherence.labelled(specimen, found)
        miss = np.sort(seams["seam_translation"].to_numpy())
        np.testing.assert_allclose(miss[:3], 0.0, atol=1e-9)
        assert miss[3] == pytest.approx(shift / np.sqrt(2), rel=0.01, abs=1e-9)
        assert np.bincount(seams["seam_class"], minlength=3)[2] == apart


def test_atomic_truth__calls_a_boundary_what_is_drawn_as_one():
    chosen = settings("atomic", look_at="middle", pixels=512, **STILL)
    _, truth = atomic.record(ring(0.3), np.random.default_rng(0), **chosen)
    apart = truth["seam_translation"] > coherence.TRANSLATION_NM
    assert int(apart.sum()) == 1
    np.testing.assert_array_equal(truth["seam_class"], np.where(apart, 2, 0))


def test_lattices__are_carried_through_seamless_then_long_seams():
    specimen = ring(0.3, kinds=(0, 0, 1, 0))
    assert coherence.spanning(specimen).tolist() == [True, True, False, True]
    specimen["seam_class"][:] = 0
    specimen["seam_length"][:] = [8.0, 5.0, 8.0, 8.0]
    assert coherence.spanning(specimen).tolist() == [True, False, True, True]


@pytest.mark.parametrize("offset", [-2.0, 2.0])
@pytest.mark.parametrize("faulty", [0, 1])
def test_lattice__runs_on_from_the_side_of_a_fault_that_the_seam_is_on(faulty, offset):
    edge = np.where(np.arange(2) == faulty, 8.0, 8.1)
    fault = np.where(np.arange(2) == faulty, offset, np.nan)
    for sizes in (edge, edge[::-1]):
        specimen = square_layer(1, 2, merged_pairs=[(0, 1)], fault_offset=fault)
        specimen["edge"][:] = sizes
        rng = np.random.default_rng(0)
        image = projected(specimen, 0.03)
        found = coherence.lattices(specimen, rng)
        known = coherence.labelled(specimen, found)
        assert float(known["seam_translation"][0]) == pytest.approx(0.0, abs=1e-9)
        drawn, _ = columns.draw(specimen, image, found, np.ones(2), rng)
        near = np.abs(drawn.place - [5.25, specimen["seam_x"].values[0]]).max(1) < 1.2
        phase = drawn.place[near] / (scattering.LATTICE_NM / 2) * 2 * np.pi
        assert np.abs(np.exp(1j * phase).mean(0)) == pytest.approx(1.0)


def test_fault_that_runs_into_a_seam__makes_it_a_boundary():
    across = np.array([0, 1], "i1")
    fault = np.array([np.nan, 0.0])
    specimen = square_layer(1, 2, merged_pairs=[(0, 1)], fault_offset=fault, fault_across=across)
    assert coherence.crossed(specimen).all()
    found = coherence.lattices(specimen, np.random.default_rng(0))
    seams = coherence.labelled(specimen, found)
    assert float(seams["seam_translation"][0]) == pytest.approx(scattering.LATTICE_NM / np.sqrt(2))
    assert int(seams["seam_class"][0]) == 2


def test_turned_lattices__have_no_translation():
    for changed in ({"angle": [0.0, 20.0]}, {"zone_axis": np.array([0, 1], "i1")}):
        specimen = square_layer(1, 2, merged_pairs=[(0, 1)], **changed)
        found = coherence.lattices(specimen, np.random.default_rng(0))
        seams = coherence.labelled(specimen, found)
        assert np.isnan(seams["seam_translation"]).all()
        assert seams["seam_class"].values == [2]


def test_lattice__begins_anew_at_a_boundary():
    specimen = square_layer(1, 2, merged_pairs=[(0, 1)])
    specimen["seam_class"][0] = 2
    one, other = coherence.lattices(specimen, np.random.default_rng(0))
    assert distance_to_sites(one, np.array([[other.y, other.x]]))[0] > 0.02


def test_fault__puts_lead_where_caesium_would_be_and_is_undone_by_another():
    lattice = structure.Lattice(structure.perovskite(0), 3.0, 4.0, 20.0)
    where = {"offset_nm": 0.0, "across": False, "centre_y": 3.1, "centre_x": 4.2}
    beyond, offset = structure.faulted(lattice, **where)
    twice, _ = structure.faulted(beyond, **where)
    cell = scattering.LATTICE_NM
    assert abs(offset) <= cell / 2
    shifted, back = (np.array([[one.y, one.x]]) for one in (beyond, twice))
    assert distance_to_sites(lattice, shifted)[0] == pytest.approx(cell / np.sqrt(2))
    assert distance_to_sites(lattice, back)[0] == pytest.approx(0.0, abs=1e-9)


def drawn(specimen, step=0.03):
    image = projected(specimen, step)
    weight, rng = np.ones(specimen.sizes["crystal"]), np.random.default_rng(0)
    found = coherence.lattices(specimen, rng)
    return image, *columns.draw(specimen, image, found, weight, rng)


@pytest.mark.parametrize("zone_axis", [0, 1, 2])
def test_drawn_atoms__are_those_of_the_volume(zone_axis):
    specimen = square_layer(1, 1, edge=20.0, zone_axis=np.array([zone_axis], "i1"))
    image, atoms, _ = drawn(specimen)
    volume = float(image["thickness"].sum()) * 0.03**2
    for element, number in scattering.CRYSTAL.items():
        expected = number * volume / scattering.CELL_NM3
        assert atoms.atoms[element].sum() * 0.03**2 == pytest.approx(expected, rel=0.05)


def test_tilt__smears_columns_by_thickness_times_its_tangent():
    tilt, spread = 3.0, []
    for angle in (0.0, tilt):
        _, atoms, _ = drawn(square_layer(1, 1, tilt_x=np.array([angle])))
        lead = atoms.atoms["Pb"]
        middle = np.linalg.norm(atoms.place - 5.25, axis=1).argsort()
        row, column = (np.rint((atoms.place[middle[:9]] + 2.0) / 0.03).astype(int)).T
        best = lead[row, column].argmax()
        cut = slice(row[best] - 9, row[best] + 10), slice(column[best] - 9, column[best] + 10)
        x = 0.03 * np.arange(-9, 10)
        weight = lead[cut].sum(0)
        spread.append(
            (weight * x**2).sum() / weight.sum() - ((weight * x).sum() / weight.sum()) ** 2
        )
    length = 8.0 * np.tan(np.radians(tilt))
    assert spread[0] == pytest.approx(0.0, abs=1e-6)
    assert spread[1] == pytest.approx(length**2 / 12, rel=0.05)


# Scan and detector


def frame(**changed):
    plain = {"pixels": 200, "pixel_size_nm": 0.1, "dwell_us": 100.0, "drift_nm_per_min": 0.0}
    plain |= {"line_jitter_nm": 0.0, "scan_scale_error": 0.0}
    return scanning.frame((30.0, 40.0), np.random.default_rng(4), **(plain | changed))


@pytest.mark.parametrize("changed", [{}, {"drift_nm_per_min": 20.0}, {"scan_scale_error": 0.03}])
def test_place__is_where_the_scan_shows_it(changed):
    seen = frame(**changed)
    y, x = seen.grid()
    spot = np.array([27.3, 44.1])
    image = np.exp(-((y[:, None] - spot[0]) ** 2 + (x - spot[1]) ** 2) / (2 * 0.3**2))
    found = seen.scan(image)
    rows, across = np.indices(found.shape) * seen.stated_nm
    centroid = [(found * axis).sum() / found.sum() for axis in (rows, across)]
    np.testing.assert_allclose(centroid, seen.place(*spot), atol=0.01)


def test_drift__is_as_fast_as_asked():
    runs = [
        scanning.frame(
            (0.0, 0.0),
            np.random.default_rng(seed),
            **{
                "pixels": 256,
                "pixel_size_nm": 0.1,
                "dwell_us": 100.0,
                "drift_nm_per_min": 10.0,
                "line_jitter_nm": 0.0,
                "scan_scale_error": 0.0,
            },
        )
        for seed in range(40)
    ]
    way = [np.hypot(np.ptp(run.drift_y), np.ptp(run.drift_x)) for run in runs]
    assert np.mean(way) == pytest.approx(10.0 * 256**2 * 100e-6 / 60, rel=0.15)


def test_drift_out_of_view__is_refused_with_what_would_fit():
    asked = {"pixels": 768, "pixel_size_nm": 0.3, "dwell_us": 1e4, "drift_nm_per_min": 100.0}
    with pytest.raises(BatchError, match="drift_nm_per_min: 100 with dwell_us: 10000") as raised:
        frame(**asked)
    drift, dwell = re.findall(r"of at most ([\d.e+]+)", str(raised.value))
    for fits in ({"drift_nm_per_min": float(drift)}, {"dwell_us": float(dwell)}):
        y, _ = frame(**(asked | fits)).grid()
        assert y.size < 2.1 * 768
    with pytest.raises(BatchError, match="line_jitter_nm: 5 .* at most"):
        frame(pixels=64, pixel_size_nm=0.003, line_jitter_nm=5.0)


def test_counts__are_poisson_of_the_electrons_that_arrive():
    detector = scanning.Detector(1e4, 10.0, 0.0, 0.0, 1000.0)
    counts = detector.count(np.full((300, 300), 0.1), 0.3, np.random.default_rng(0)) - 1000.0
    electrons = 1e4 * 0.3**2 * 0.1
    assert counts.mean() ** 2 / counts.var() == pytest.approx(electrons, rel=0.05)


# Overview


def test_overview__tells_the_truth_of_a_layer_it_holds_whole():
    specimen = alone(square_layer(6, 6, merged_pairs=[(0, 1), (8, 9)]))
    _, truth = overview.record(
        specimen,
        np.random.default_rng(0),
        **settings("overview", look_at="middle", pixels=300, pixel_size_nm=0.25, **STILL),
    )
    assert truth.sizes["particle"] == 34
    assert not truth["touches_border"].any()
    assert np.bincount(truth["units"]).tolist() == [0, 32, 2]
    rounded = (4 - np.pi) * (0.07 * 8) ** 2
    single = truth["area"][truth["units"] == 1]
    np.testing.assert_allclose(single, 64 - rounded, rtol=5e-3)
    total = float(truth["area"].sum())
    assert float(truth["coverage"]) == pytest.approx(total / 75.0**2)
    label = truth["particle_label"].to_numpy()
    assert label.max() == 34
    assert (label > 0).sum() * 0.25**2 == pytest.approx(total, rel=0.01)
    # Every weight of a whole particle is the field over the room that its box has.
    box = np.where(truth["units"] == 1, 8.0, 16.0)
    weight = 75.0**2 / ((75.0 - 8.0) * (75.0 - box))
    assert float(truth["number_density"]) == pytest.approx(weight.sum() / 75.0**2, rel=0.01)
    share = weight[truth["units"] == 2].sum() / weight.sum()
    assert float(truth["merged_fraction"]) == pytest.approx(share, rel=0.02)


def test_overview__places_particles_where_the_drifting_image_shows_them():
    specimen = alone(square_layer(5, 5))
    drifting = settings(
        "overview",
        look_at="middle",
        pixels=250,
        pixel_size_nm=0.25,
        dwell_us=200.0,
        drift_nm_per_min=20.0,
        dose_e_per_nm2=1e7,
        carbon_nm=0.0,
    )
    recording, truth = overview.record(specimen, np.random.default_rng(1), **drifting)
    assert sum(float(np.ptp(truth[name].values)) for name in ("drift_y", "drift_x")) > 2.0
    label = truth["particle_label"].to_numpy()
    signal = recording.data - np.median(recording.data[label == 0])
    rows, across = np.indices(label.shape) * 0.25
    for number, y, x in zip(
        truth["particle"].values,
        truth["centroid_y"].values,
        truth["centroid_x"].values,
        strict=True,
    ):
        weight = np.where(label == number, signal, 0.0)
        # Half a pixel more or less on one side of the label moves its centre by a quarter.
        assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=0.25 / 4)
        assert (weight * across).sum() / weight.sum() == pytest.approx(x, abs=0.25 / 4)


def test_overview__keeps_bodies_apart_that_the_pixels_do_not():
    specimen = alone(square_layer(1, 2, gap=0.1))
    chosen = settings("overview", look_at="middle", pixels=128, pixel_size_nm=0.5)
    _, truth = overview.record(specimen, np.random.default_rng(0), **chosen)
    assert truth.sizes["particle"] == 2


def test_overview__shows_metal_brighter_than_crystal_and_crystal_than_film():
    specimen = with_metal(alone(square_layer(2, 2)), 5.0)
    image, truth = overview.record(
        specimen, np.random.default_rng(0), **settings("overview", look_at="middle", pixels=128)
    )
    row = np.rint(truth["metal_y"].values / 0.3).astype(int)
    column = np.rint(truth["metal_x"].values / 0.3).astype(int)
    metal = float(image.data[row[0], column[0]])
    label = truth["particle_label"].to_numpy()
    film = np.r_[image.data[:5].ravel(), image.data[-5:].ravel()]
    assert metal > np.median(image.data[label > 0]) > 3 * np.median(film)


def test_overview__refuses_a_view_that_the_layer_does_not_fill():
    specimen, rng = square_layer(4, 4), np.random.default_rng(0)
    chosen = settings("overview", look_at="middle", pixels=140, **STILL)
    _, truth = overview.record(specimen, rng, **chosen)
    assert float(truth["coverage"]) == pytest.approx((8 / 10.5) ** 2, rel=0.01)
    with pytest.raises(BatchError, match="view of 42.3 nm, larger than the field of 42 nm"):
        overview.record(specimen, rng, **(chosen | {"pixels": 141}))
    cluster = alone(specimen, 80.0)
    _, truth = overview.record(cluster, rng, **(chosen | {"pixels": 320}))
    assert truth.sizes["particle"] == 16


def test_overview_of_destroyed_crystals__has_no_particle():
    specimen = alone(square_layer(3, 3, state=np.ones(9, "i1")))
    chosen = settings("overview", look_at="middle")
    _, truth = overview.record(specimen, np.random.default_rng(0), **chosen)
    assert truth.sizes["particle"] == 0
    assert (float(truth["number_density"]), float(truth["coverage"])) == (0.0, 0.0)
    assert int(truth["empty_shell_count"]) == 9
    assert np.isnan(truth["size_mean"])


@pytest.mark.parametrize("instrument", [overview, atomic])
def test_images__repeat_with_their_seed(instrument):
    specimen = square_layer(4, 4, merged_pairs=[(0, 1)])
    name = instrument.__name__.rsplit(".", 1)[1]
    chosen = settings(name, look_at="anywhere", pixels=128)
    runs = [instrument.record(specimen, np.random.default_rng(s), **chosen) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0][0].data, runs[1][0].data)
    assert runs[0][1].identical(runs[1][1])
    assert (runs[0][0].data != runs[2][0].data).any()


# Atoms


def test_atomic_image__has_the_lattice_parameter_in_its_spectrum():
    specimen = square_layer(1, 1, edge=20.0, angle=np.array([12.0]))
    error = 0.02
    image, truth = atomic.record(
        specimen,
        np.random.default_rng(0),
        **settings("atomic", look_at="middle", pixels=512, scan_scale_error=error, **STILL),
    )
    assert float(truth["scale_error"]) == pytest.approx(error)
    window = np.hanning(512)[:, None] * np.hanning(512)
    size = 4096
    power = np.abs(np.fft.fft2((image.data - image.data.mean()) * window, (size, size)))
    angle = np.radians(12.0)
    frequency = (1 + error) / float(truth["lattice_parameter"])
    for dy, dx in ((np.sin(angle), np.cos(angle)), (np.cos(angle), -np.sin(angle))):
        bins = 2 * frequency * 0.03 * size * np.array([dy, dx])
        row, column = np.rint(bins).astype(int)
        around = np.roll(power, (40 - row, 40 - column), (0, 1))[:81, :81]
        assert np.abs(np.array(np.unravel_index(around.argmax(), around.shape)) - 40).max() <= 2


def test_atomic_truth__names_the_crystals_seams_and_faults_in_view():
    specimen = square_layer(
        3, 3, merged_pairs=[(3, 4)], fault_offset=np.where(np.arange(9) == 4, 1.0, np.nan)
    )
    _, truth = atomic.record(
        specimen, np.random.default_rng(0), **settings("atomic", look_at="seamless", pixels=700)
    )
    middle = 0.03 * 699 / 2
    assert truth["seam_y"].values == pytest.approx([middle], abs=0.2)
    assert truth["seam_x"].values == pytest.approx([middle], abs=0.2)
    first, second = int(truth["seam_first"][0]), int(truth["seam_second"][0])
    label = truth["crystal_label"].sel(y=middle, method="nearest")
    assert int(label.sel(x=middle - 2, method="nearest")) == first
    assert int(label.sel(x=middle + 2, method="nearest")) == second
    found = truth.swap_dims(crystal="crystal").sel(crystal=second)
    assert truth["seam_translation"].values == pytest.approx([0.0], abs=1e-9)
    assert int(found["fault"]) == 1
    offset = float(found["fault_x"] - found["centre_x"])
    assert offset == pytest.approx(1.0, abs=scattering.LATTICE_NM / 2 + 0.01)
    assert int(truth["fault"].sum()) == 1
