"""Scattering, lattices and their seams in atomic images, against crystallography."""

import numpy as np
import pytest
import xarray as xr
from laboratory_views import STILL, projected, settings
from specimens import square_layer

from nanostitch.errors import BatchError
from nanostitch.simulate.instruments import (
    atomic,
    coherence,
    columns,
    scattering,
    structure,
    support,
)
from nanostitch.simulate.projection import project

OPTICS = scattering.Optics(60.0, 18.0, 60.0, 150.0, 0.14, 0.0)


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
