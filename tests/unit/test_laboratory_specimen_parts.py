"""The parts of a specimen's growth, each against an answer that is known."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from nanostitch import schema
from nanostitch.simulate.specimen import confinement, layer, ripening, seams, storage, thickness
from nanostitch.simulate.specimen.approach import Approach
from nanostitch.simulate.specimen.clocks import Clocks
from nanostitch.simulate.specimen.coalescence import Layer
from nanostitch.simulate.specimen.crystals import contacts_of
from nanostitch.simulate.specimen.facets import Squares, facing, free_path, separation

DEFAULTS = schema.with_defaults({}, schema.load("specimen"))
ONE = Squares(*(np.array([value]) for value in (0.0, 0.0, 0.0, 8.0)))


def recipe(**settings):
    names = layer.Recipe.__dataclass_fields__
    return layer.Recipe(**{name: (DEFAULTS | settings)[name] for name in names})


def deposited(seed=0, **settings):
    return layer.deposit(recipe(**settings), np.random.default_rng(seed))


def lattice(rows, columns, edge=8.0, gap=2.5):
    """Equal cubes on a perfect square lattice."""
    count = rows * columns
    y, x = (axis.ravel() * (edge + gap) for axis in np.mgrid[:rows, :columns].astype(float))
    crystals = deposited(arrangement="cluster", cluster_size=count, field_nm=500.0)
    nothing, same = np.zeros(count), np.full(count, edge)
    return replace(
        crystals,
        initial_edge=same,
        edge=same.copy(),
        height=same.copy(),
        y=y,
        x=x,
        angle=nothing,
        zone_axis=np.zeros(count, dtype=int),
        tilt_y=nothing.copy(),
        tilt_x=nothing.copy(),
        irradiated=np.zeros(count, dtype=bool),
    )


def merge(crystals, hours, approach, rng):
    """Squares and contacts after some hours."""
    moving = Layer(crystals, approach, rng)
    moving.merge(hours)
    return moving.squares, moving.contacts


def polygons(squares):
    u, v = (squares.edge[:, None] / 2 * corner for corner in ([-1, 1, 1, -1], [-1, -1, 1, 1]))
    cos, sin = np.cos(squares.angle)[:, None], np.sin(squares.angle)[:, None]
    x = squares.x[:, None] + u * cos - v * sin
    return shapely.polygons(np.stack([x, squares.y[:, None] + u * sin + v * cos], axis=-1))


def random_pairs(count=2000, seed=3):
    rng = np.random.default_rng(seed)
    first, second = (
        Squares(
            rng.uniform(-12, 12, count),
            rng.uniform(-12, 12, count),
            rng.uniform(-4, 4, count),
            rng.uniform(5, 12, count),
        )
        for _ in range(2)
    )
    return first, second


def test_separation__is_negative_exactly_where_polygons_overlap():
    first, second = random_pairs()
    overlap = shapely.area(shapely.intersection(polygons(first), polygons(second)))
    np.testing.assert_array_equal(separation(first, second) < 0, overlap > 0)


def test_facing__is_the_same_pair_from_either_side():
    first, second = random_pairs()
    apart = np.flatnonzero(separation(first, second) > 0)
    one = facing(first.take(apart), second.take(apart), 5.0)
    other = facing(second.take(apart), first.take(apart), 5.0)
    for name in ("gap", "mean_gap", "length", "y", "x"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)
    np.testing.assert_allclose(np.cos(one.normal - other.normal), -1, atol=1e-9)


@pytest.mark.parametrize("turn", [-0.4, -0.1, 0.0, 0.25, 0.7])
@pytest.mark.parametrize("angle", [0.0, 0.5, 2.0, 3.5, 5.0])
def test_facing__measures_the_area_between_facets(turn, angle):
    cos, sin = np.cos(angle), np.sin(angle)
    ahead, aside = 10.5, 1.3
    second = Squares(
        np.array([ahead * sin + aside * cos]),
        np.array([ahead * cos - aside * sin]),
        np.array([angle + turn]),
        np.array([7.0]),
    )
    found = facing(ONE._replace(angle=np.array([angle])), second)
    # Between both squares, over the part of the tangent that both facets reach.
    middle, reach = -found.x[0] * sin + found.y[0] * cos, found.length[0] / 2 - 1e-9
    strip = shapely.box(4.0, middle - reach, 30.0, middle + reach)
    other = Squares(np.array([aside]), np.array([ahead]), np.array([turn]), second.edge)
    between = min(strip.difference(polygons(other)[0]).geoms, key=lambda part: part.centroid.x)
    assert between.area == pytest.approx(float(found.length[0] * found.mean_gap[0]), rel=1e-6)
    assert float(found.normal[0]) % (2 * np.pi) == pytest.approx(angle, abs=1e-9)


def test_free_path__ends_where_squares_touch():
    rng = np.random.default_rng(5)
    first, second = random_pairs(seed=6)
    apart = np.flatnonzero(separation(first, second) > 0.5)
    first, second = first.take(apart), second.take(apart)
    direction = rng.uniform(0, 2 * np.pi)
    step = float(np.sin(direction)), float(np.cos(direction))
    path = free_path(first, second, step, np.zeros(apart.size))
    hits = np.isfinite(path)
    assert 20 < hits.sum() < hits.size
    for share, expected in ((1.0, 0.0), (0.5, None)):
        moved = first._replace(
            y=first.y + share * np.where(hits, path, 0.0) * step[0],
            x=first.x + share * np.where(hits, path, 0.0) * step[1],
        )
        gap = separation(moved, second)[hits]
        if expected is None:
            assert gap.min() > 0
        else:
            np.testing.assert_allclose(gap, 0.0, atol=1e-8)
    for far in np.linspace(0, 60, 40):
        moved = first.shifted(far * step[0], far * step[1])
        assert separation(moved, second)[~hits].min() > -1e-9


def test_clocks__fire_at_their_rates_also_after_a_change():
    rng, counts = np.random.default_rng(1), np.zeros(3)
    times = []
    for _ in range(4000):
        clocks = Clocks(rng)
        for index, rate in enumerate((1.0, 2.0, 5.0)):
            clocks.set((index, 9), rate, 0.0)
        clocks.set((2, 9), 1.0, 0.0)
        time, (index, _) = clocks.pop(np.inf)
        counts[index] += 1
        times.append(time)
    np.testing.assert_allclose(counts / 4000, [0.25, 0.5, 0.25], atol=4 * 0.5 / np.sqrt(4000))
    assert np.mean(times) == pytest.approx(1 / 4, rel=4 / np.sqrt(4000))
    clocks.set((0, 9), 0.0, 0.0)
    clocks.set((1, 9), 0.0, 0.0)
    clocks.set((2, 9), 0.0, 0.0)
    assert clocks.pop(np.inf) is None


def test_early_merging__loses_bodies_at_the_rate_of_facing_pairs():
    crystals = lattice(20, 20)
    pairs, hours, lost = 2 * 20 * 19, 0.02, []
    for seed in range(30):
        contacts = merge(crystals, hours, Approach(1.0, 1.25, 0.8), np.random.default_rng(seed))[1]
        lost.append(400 - (contacts.bodies(400).max() + 1))
    expected = pairs * hours * 30
    # Each event opens gaps beyond the crystal that moved, a few per cent of all pairs at this time.
    assert abs(sum(lost) - expected) < 3 * np.sqrt(expected) + 0.04 * expected


def test_held_lattice__merges_as_bonds_percolate():
    """Where nothing can move, pairs merge independently: a crystal stays single with p^pairs."""
    crystals = lattice(30, 30, gap=1.2)
    hours, single = 0.3, []
    approach = Approach(1.0, 1.25, 0.8)
    squares, contacts = merge(crystals, hours, approach, np.random.default_rng(0))
    sizes = np.bincount(contacts.bodies(900))
    touched = np.bincount(np.concatenate([contacts.first, contacts.second]), minlength=900)
    inner = (np.arange(900) % 30 % 29 > 0) & (np.arange(900) // 30 % 29 > 0)
    single = np.mean(touched[inner] == 0)
    # Closing a gap of 1.2 nm leaves the far side within reach of both shells: rates stay equal.
    expected = np.exp(-4 * hours)
    assert single == pytest.approx(expected, abs=4 * np.sqrt(expected / inner.sum()))
    assert sizes[0] >= 1
    assert separation(squares.take(contacts.first), squares.take(contacts.second)).min() > -1e-6


def test_trees__have_one_seam_less_than_crystals():
    crystals = lattice(1, 30)
    contacts = merge(crystals, 1.0, Approach(1.0, 1.25, 0.8), np.random.default_rng(0))[1]
    assert len(contacts) == 30 - (contacts.bodies(30).max() + 1)


def test_oriented_attachment__aligns_a_single_crystal():
    crystals = lattice(1, 2)
    turned = replace(crystals, angle=np.array([0.0, np.radians(10.0)]))
    squares, contacts = merge(turned, 50.0, Approach(1.0, 1.25, 0.8), np.random.default_rng(0))
    assert len(contacts) == 1
    assert abs(np.degrees(squares.angle[1] - squares.angle[0])) < 1.5
    found = facing(squares.take(np.array([0])), squares.take(np.array([1])))
    assert float(found.gap[0]) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("turn", "tilt", "zones", "kind"),
    [
        (0.0, 0.0, (0, 0), seams.SEAMLESS),
        (90.0, 0.5, (0, 0), seams.SEAMLESS),
        (2.0, 4.0, (0, 0), seams.TILT),
        (8.0, 0.0, (0, 0), seams.BOUNDARY),
        (0.0, 0.0, (0, 1), seams.BOUNDARY),
        (90.0, 0.0, (1, 1), seams.BOUNDARY),
        (60.0, 0.0, (2, 2), seams.SEAMLESS),
    ],
)
def test_seam_class__follows_lattice_symmetry(turn, tilt, zones, kind):
    crystals = replace(
        lattice(1, 2, gap=0.5),
        angle=np.radians([0.0, turn]),
        tilt_y=np.array([0.0, tilt]),
        zone_axis=np.array(zones),
    )
    found = seams.describe(crystals, contacts_of([(0, 1, 1.0)]), 5.0)
    assert found.kind[0] == kind
    assert 0 <= found.misorientation[0] <= 45


def test_levelled_body__is_flat_and_keeps_its_volume():
    crystals = replace(lattice(1, 2, gap=1.0), edge=np.array([6.0, 10.0]))
    contacts = contacts_of([(0, 1, 0.0)])
    found = seams.describe(crystals, contacts, 5.0)
    bodies = np.zeros(2, dtype=int)
    flat = thickness.level(crystals.edge, found, contacts, bodies, 1e6)
    area = 6.0**2 + 10.0**2 + float(thickness.neck_areas(found)[0])
    np.testing.assert_allclose(flat, (6.0**3 + 10.0**3) / area, rtol=1e-12)
    early = thickness.level(crystals.edge, found, contacts, bodies, 0.0)
    assert early[1] / early[0] == pytest.approx(10 / 6)


def test_extents__of_a_row_are_its_length():
    crystals = lattice(1, 5, gap=0.5)
    contacts = contacts_of([(index, index + 1, 0.0) for index in range(4)])
    found = seams.describe(crystals, contacts, 5.0)
    size = confinement.extents(crystals, found)
    np.testing.assert_allclose(size.along, 5 * 8 + 4 * 0.5)
    np.testing.assert_allclose(size.across, 8.0)
    gap = confinement.band_gap(crystals, size)
    np.testing.assert_allclose(gap, 2.32 + 2.9842 * (2 / 64 + 1 / 42**2), atol=1e-4)


def test_extents__bend_with_the_wire_and_end_in_a_ring():
    corner = replace(
        lattice(1, 3),
        y=np.array([0.0, 0.0, 8.0]),
        x=np.array([0.0, 8.0, 8.0]),
        angle=np.radians([0.0, 90.0, 180.0]),
    )
    found = seams.describe(corner, contacts_of([(0, 1, 0.0), (1, 2, 0.0)]), 5.0)
    size = confinement.extents(corner, found)
    np.testing.assert_allclose(size.along, [16, 16, 8])  # the second's angle points down
    np.testing.assert_allclose(size.across, [8, 16, 16])
    turns = np.arange(24) * np.pi / 12
    ring = replace(
        lattice(4, 6), y=31 * np.sin(turns), x=31 * np.cos(turns), angle=turns + np.pi / 2
    )
    closed = contacts_of([(index, (index + 1) % 24, 0.0) for index in range(24)])
    size = confinement.extents(ring, seams.describe(ring, closed, 5.0))
    assert np.ptp(size.along) < 1e-6
    assert float(size.along[0]) >= 24 * 8


def test_exposure__is_time_at_the_reference_and_adds_up():
    room = storage.told({"storage_time_h": 10.0, "electron_irradiated": None})
    assert storage.exposure(room, 1.0, 13.0).total == pytest.approx(10.0)
    hot = storage.told({"temperature_c": 60.0, "storage_time_h": 10.0})
    cold = storage.told({"temperature_c": -10.0, "storage_time_h": 10.0})
    ratio = storage.exposure(hot, 1.0, 13.0).storage / storage.exposure(cold, 1.0, 13.0).storage
    kelvin = 1 / 263.15 - 1 / 333.15
    assert np.log(ratio) == pytest.approx(kelvin / 8.617333262e-5)
    humid = storage.told({"relative_humidity_percent": 63.0, "storage_time_h": 10.0})
    assert storage.exposure(humid, 1.0, 13.0).storage == pytest.approx(10 * np.e)
    assert storage.told({"atmosphere": "vacuum"})["relative_humidity_percent"] == 0.0


def test_ripened_crystals__thicken_where_neighbours_stop_them():
    crystals = lattice(3, 3, gap=1.5)
    squares = crystals.squares()
    cube = np.where(np.arange(9) == 4, 11.0, 8.0)
    edge, height = ripening.fitted(squares, cube, 1.25)
    np.testing.assert_allclose(edge**2 * height, cube**3)
    grown = squares._replace(edge=edge)
    middle, side = np.full(4, 4), np.array([1, 3, 5, 7])
    assert separation(grown.take(middle), grown.take(side)).min() > 1.25 - 1e-3
    assert height[4] > 11.0
