"""Square order, pair correlation and superlattice of arrangements that are known."""

import numpy as np
import pytest
import xarray as xr

from nanostitch.adf import order, pair_correlation
from nanostitch.adf.border import Box

SIDE = 200.0
FIELD = Box(0.0, SIDE, 0.0, SIDE)
LATTICE = ("superlattice_spacing", "ligand_gap")


def sites(points, edge=8.0, particle=None):
    inside = ((points > 0) & (points < SIDE)).all(1)
    y, x = points[inside].T
    edges = np.broadcast_to(edge, len(points))[inside]
    numbers = np.arange(len(points)) if particle is None else particle
    return order.Sites(y, x, edges, numbers[inside])


def lattice(rng, *, spacing=10.0, angle=0.3, jitter=0.0, occupied=1.0):
    grid = (np.stack(np.indices((46, 46)), -1).reshape(-1, 2) - 22.7) * spacing
    grid = grid[rng.random(len(grid)) < occupied] + 0.0
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return grid @ turn + SIDE / 2 + rng.normal(0, jitter, grid.shape)


def measured(found, least=0.6):
    return order.measure(found, FIELD, least_lattice_order=least)


def test_order__of_a_square_lattice_is_one():
    numbers, unknown = measured(sites(lattice(np.random.default_rng(0))))
    assert not unknown
    assert [numbers[name][0] for name in ("psi4", "psi4_global", "psi4_correlation")] == (
        pytest.approx([1.0, 1.0, 1.0])
    )
    assert numbers["superlattice_spacing"][0] == pytest.approx(10.0)
    assert numbers["ligand_gap"][0] == pytest.approx(2.0)


def test_psi4__of_a_triangular_lattice_is_zero():
    """Six neighbours in steps of 60 degree: their fourfold sum vanishes."""
    row, column = np.indices((30, 30)).reshape(2, -1)
    points = np.stack([row * 10 * np.sqrt(3) / 2, (column + row % 2 / 2) * 10.0], axis=1) - 20
    numbers, unknown = measured(sites(points))
    assert numbers["psi4"][0] == pytest.approx(0.0, abs=1e-9)
    assert "lattice" in unknown
    assert np.isnan([numbers[name] for name in LATTICE]).all()


def test_order__does_not_change_when_the_image_is_turned_or_mirrored():
    points = lattice(np.random.default_rng(1), jitter=0.6)
    one, _ = measured(sites(points))
    for other in (points[:, ::-1], np.stack([points[:, 1], SIDE - points[:, 0]], axis=1)):
        turned, _ = measured(sites(other))
        for name, number in one.items():
            np.testing.assert_allclose(turned[name], number, rtol=1e-6, err_msg=name)


def test_psi4_global__of_domains_turned_by_45_degree_cancels():
    left, right = (lattice(np.random.default_rng(2), angle=a) for a in (0.1, 0.1 + np.pi / 4))
    points = np.concatenate([left[left[:, 1] < 99], right[right[:, 1] > 101]])
    numbers, _ = measured(sites(points))
    assert numbers["psi4"][0] > 0.9
    assert numbers["psi4_global"][0] < 0.15


def test_crystals_at_random__have_no_lattice_to_measure():
    points = np.random.default_rng(3).uniform(0, SIDE, (400, 2))
    numbers, unknown = measured(sites(points))
    assert "least_lattice_order 0.6" in unknown["lattice"]
    assert numbers["psi4_correlation"][2] < 0.6
    assert np.isnan([numbers[name] for name in LATTICE]).all()


def test_few_crystals__have_no_order():
    numbers, unknown = measured(sites(np.random.default_rng(4).uniform(80, 120, (9, 2))))
    assert "only 9 crystals" in unknown["order"]
    assert np.isnan(list(numbers.values())).all()


def test_spacing_and_gap__hold_the_truth_with_jitter_and_empty_sites():
    rng = np.random.default_rng(5)
    held, views = np.zeros(2), 60
    for _ in range(views):
        points = lattice(
            rng, spacing=9.8, angle=rng.uniform(0, 1.5), jitter=0.5, occupied=0.9
        ) + rng.uniform(-5, 5, 2)
        numbers, _ = measured(sites(points, edge=rng.normal(8.1, 0.5, len(points))))
        for i, (name, true) in enumerate(zip(LATTICE, (9.8, 1.7), strict=True)):
            held[i] += numbers[name][1] <= true <= numbers[name][2]
    assert (held / views > 0.95 - 3 * np.sqrt(0.95 * 0.05 / views)).all()


def test_ligand_gap__is_that_between_bodies_not_within():
    """Pairs that merged along x touch; what is left between them has all the room."""
    row, column = np.indices((20, 20)).reshape(2, -1)
    shift = np.where(column % 2 == 0, 1.0, -1.0)
    points = np.stack([row * 10.0 + 5, column * 10.0 + 5 + shift], axis=1)
    body = row * 10 + column // 2
    numbers, _ = measured(sites(points, particle=body))
    # along y gaps of 2 nm, along x of 4 nm; half as many of the latter
    assert numbers["ligand_gap"][0] == pytest.approx(8 / 3, rel=0.03)


def test_sites__are_squares_where_there_are_any():
    row, square = ("particle",), ("square",)
    table = xr.Dataset(
        {
            "centroid_y": (row, [1.0, 9.0]),
            "centroid_x": (row, [2.0, 9.0]),
            "edge_length": (row, [8.0, 11.0]),
            "units": (row, [1, 2]),
            "particle": (row, [1, 2]),
        }
    )
    assert order.sites(table).y.tolist() == [1.0]
    fitted = table.assign(
        square_y=(square, [1.0, 5.0, 13.0]),
        square_x=(square, [2.0, 9.0, 9.0]),
        square_edge=(square, [8.0, 8.0, 8.0]),
        square_particle=(square, [1, 2, 2]),
    )
    assert order.sites(fitted).particle.tolist() == [1, 2, 2]


def test_pair_correlation__of_crystals_at_random_is_one():
    rng = np.random.default_rng(6)
    held, found = [], []
    for _ in range(20):
        points = rng.uniform(0, SIDE, (300, 2))
        one = pair_correlation.measure(sites(points), FIELD, unit_edge_nm=8.0)
        far = one.sel(distance=slice(5, None))
        held.append((far["pair_correlation_lower"] <= 1) & (far["pair_correlation_upper"] >= 1))
        found.append(far["pair_correlation"])
    assert np.mean(found) == pytest.approx(1.0, abs=0.02)
    assert np.mean(held) > 0.93


def test_pair_correlation__of_a_lattice_counts_its_shells():
    """Area under a peak times density is the number of neighbours: 4 at a, 4 at a sqrt 2."""
    points = lattice(np.random.default_rng(7), jitter=0.2)
    found = pair_correlation.measure(sites(points), FIELD, unit_edge_nm=8.0)["pair_correlation"]
    step = float(found["distance"][1] - found["distance"][0])
    ring = 2 * np.pi * found["distance"] * step * found * 0.01
    assert float(ring.sel(distance=slice(8, 12)).sum()) == pytest.approx(4, rel=0.03)
    assert float(ring.sel(distance=slice(12, 17)).sum()) == pytest.approx(4, rel=0.03)


def test_pair_correlation__of_few_crystals_is_unknown():
    found = pair_correlation.measure(sites(np.full((3, 2), 50.0)), FIELD, unit_edge_nm=8.0)
    assert found["pair_correlation"].isnull().all()
