"""Statistics of particles against closed forms, exact counts and layers of known scatter."""

import numpy as np
import pytest
import xarray as xr

from nanostitch import quality
from nanostitch.adf import border, population, scatter
from nanostitch.adf.border import Box

Z = 1.959964
FIELD = Box(0.0, 100.0, 0.0, 100.0)
SEVERAL = scatter.Waves(100.0, 100.0, 5, 5)


def sample(y, x, size, units=None, field=FIELD, part=None, height=None):
    """Squares as the segmentation lists them: what the border cuts is cut."""
    y, x, size = (np.asarray(one, float) for one in (y, x, size))
    height = size if height is None else np.asarray(height, float)
    top, bottom = np.maximum(y - height / 2, field.top), np.minimum(y + height / 2, field.bottom)
    left, right = np.maximum(x - size / 2, field.left), np.minimum(x + size / 2, field.right)
    shown = (top < bottom) & (left < right)
    cut = (top == field.top) | (bottom == field.bottom) | (left == field.left)
    cut |= right == field.right
    row = ("particle",)
    table = xr.Dataset(
        {
            "edge_length": (row, np.sqrt(((bottom - top) * (right - left))[shown])),
            "units": (row, (np.ones(size.size, int) if units is None else units)[shown]),
            "touches_border": (row, cut[shown].astype("i1")),
            "middle_y": (row, ((top + bottom) / 2)[shown]),
            "middle_x": (row, ((left + right) / 2)[shown]),
            "height": (row, (bottom - top)[shown]),
            "width": (row, (right - left)[shown]),
        }
    )
    table["quality"] = quality.flags({"too_small": table["edge_length"] < 0})
    return population.sample(table, population.counted(table), field=field, part=part or field)


def strewn(rng, count, sizes=(4.0, 30.0)):
    """Squares at random in and around the field, as many in it as ``expected`` says."""
    y, x = rng.uniform(-20, 120, (2, rng.poisson(count * 1.96)))
    return sample(y, x, rng.uniform(*sizes, y.size))


def test_whole__stands_for_what_the_border_cuts():
    rng = np.random.default_rng(0)
    total = [strewn(rng, 100).whole.weight.sum() for _ in range(150)]
    assert np.mean(total) == pytest.approx(100, abs=4 * np.std(total) / np.sqrt(150))


def test_whole__places_are_uniform_whatever_the_size():
    rng = np.random.default_rng(1)
    found = [strewn(rng, 100, sizes=(2.0, 60.0)).whole for _ in range(100)]
    for places in ("place_y", "place_x"):
        at = np.concatenate([getattr(one, places) for one in found])
        shares = np.histogram(at, 10, (0, 1))[0] / at.size
        np.testing.assert_allclose(shares, 0.1, atol=4 * np.sqrt(0.09 / at.size))


def test_whole__parts_of_a_field_add_up_to_it():
    """In parts, as in the whole field, the weights stand for all particles that are there."""
    rng = np.random.default_rng(2)
    parts = Box(0.0, 100.0, 0.0, 40.0), Box(0.0, 100.0, 40.0, 100.0)
    found = []
    for _ in range(100):
        y, x = rng.uniform(-20, 120, (2, 196))
        size = rng.uniform(4, 30, y.size)
        found.append([sample(y, x, size, part=part).whole.weight.sum() for part in parts])
    expected = 196 / 140**2 * 100 * np.array([40, 60])
    error = 4 * np.std(found, axis=0) / np.sqrt(100)
    assert (np.abs(np.mean(found, axis=0) - expected) < error).all()


def test_number_density__of_nothing_is_bounded_by_the_poisson_law():
    found = population.number_density(sample([], [], []), seen_nm2=10.0)
    assert found[0] == 0.0
    assert found[2] == pytest.approx(-np.log(0.025) / 10.0)


def test_number_density__of_few_has_the_interval_of_garwood():
    few = sample([20, 50, 80], [20, 50, 80], [1e-6] * 3)
    found = population.number_density(few, seen_nm2=1.0)
    np.testing.assert_allclose(found, (3, 0.6187, 8.7673), rtol=1e-4)


@pytest.mark.parametrize("ordered", [False, True])
def test_number_density__has_the_interval_that_the_arrangement_asks_for(ordered):
    """Crystals that keep their distance scatter less than those at random: so views say."""
    rng = np.random.default_rng(3)
    value, half = [], []
    for _ in range(100):
        turn = rng.uniform(0, np.pi / 2)
        site = (np.stack(np.indices((60, 60)), -1).reshape(-1, 2) - 30) * 5.0
        site = site @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] + 50
        site += rng.uniform(0, 5, 2) + rng.normal(0, 1.0, site.shape)
        y, x = (site if ordered else rng.uniform(-100, 200, site.shape)).T
        found = population.number_density(sample(y, x, np.full(3600, 2.0)), seen_nm2=1)
        value.append(found[0])
        half.append((found[2] - found[1]) / 2)
    # a strict lattice, turned at random, scatters even less than its longest waves
    assert 0.8 < np.median(half) / Z / np.std(value) < (2.0 if ordered else 1.4)
    assert (np.median(half) / Z < 0.5 * np.sqrt(400)) == ordered
    held = np.abs(np.array(value) - 400) < half
    assert held.mean() > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 100)


def test_variance__sees_what_clusters():
    """Particles that come in fours scatter as a quarter as many of weight four do."""
    rng = np.random.default_rng(4)
    ratio = []
    for _ in range(60):
        at = np.repeat(rng.uniform(0, 1, (2, 100)), 4, axis=1)
        ratio.append(scatter.variance(np.ones(400), *at, SEVERAL) / 400)
    assert 4.0 < np.median(ratio) < 4.0 * 1.4


def test_variance__of_independent_contributions_is_their_sum_of_squares():
    rng = np.random.default_rng(5)
    found = [
        scatter.variance(rng.normal(0, 1, 400), *rng.uniform(0, 1, (2, 400)), SEVERAL) / 400
        for _ in range(60)
    ]
    # the interval is Student's, and room is left for waves longer than what was seen
    assert 1.0 < np.median(found) < 1.4


def test_variance__does_not_ask_which_axis_is_which():
    rng = np.random.default_rng(6)
    part, y, x = rng.normal(0, 1, 50), *rng.uniform(0, 1, (2, 50))
    one = scatter.variance(part, y, x, scatter.Waves(80.0, 100.0, 3, 4))
    other = scatter.variance(part, x, 1 - y, scatter.Waves(100.0, 80.0, 4, 3))
    assert one == pytest.approx(other)


def test_share_interval__of_none_has_the_upper_bound_of_wilson():
    found = scatter.share_interval(0.0, 30)
    np.testing.assert_allclose(found, (0.0, 0.0, Z**2 / (30 + Z**2)))


def test_merged_fraction__of_none_holds_zero_and_mirrors_that_of_all():
    rng = np.random.default_rng(7)
    y, x = rng.uniform(0, 100, (2, 60))
    none = population.merged_fraction(sample(y, x, np.full(60, 4.0), units=np.ones(60, int)))
    every = population.merged_fraction(sample(y, x, np.full(60, 4.0), units=np.full(60, 2)))
    assert none[:2] == (0.0, 0.0)
    np.testing.assert_allclose(np.array(every), 1 - np.array(none)[[0, 2, 1]])


def test_merged_fraction__of_nobody_is_unknown():
    found = population.merged_fraction(sample([], [], []))
    assert np.isnan(found[0])
    assert found[1:] == (0.0, 1.0)


def test_fusing_index__counts_what_merging_used_up():
    """Sixty particles that hold ninety crystals: a third of the particles is gone."""
    rng = np.random.default_rng(8)
    y, x = rng.uniform(5, 95, (2, 60))
    units = np.repeat([1, 2], 30)
    found = population.fusing_index(sample(y, x, np.full(60, 1e-6), units=units), crystals=90.0)
    assert found[0] == pytest.approx(1 / 3)
    assert found[1] < 1 / 3 < found[2]


def test_fusing_index__is_zero_in_a_fresh_layer():
    rng = np.random.default_rng(9)
    y, x = rng.uniform(5, 95, (2, 60))
    value, lower, upper = population.fusing_index(sample(y, x, np.full(60, 4.0)), crystals=61.0)
    assert (value, lower) == (0.0, 0.0)
    assert 0 < upper < 0.1


def test_bodies_that_fill_the_view__leave_bounds_and_no_mean():
    y, x = np.repeat([20.0, 50.0, 80.0], 3), np.tile([20.0, 50.0, 80.0], 3)
    alone = sample(y, x, np.full(9, 5.0))
    with_film = sample([*y, 50.0], [*x, 100.0], [5.0] * 9 + [60.0], height=[5.0] * 9 + [140.0])
    assert population.lacks_large_bodies(with_film)
    assert not population.lacks_large_bodies(alone)
    mean = population.size_mean(with_film)
    assert np.isnan(mean[0])
    assert np.isnan(mean[2])
    assert population.merged_fraction(with_film)[2] > population.merged_fraction(alone)[2]
    more = np.subtract(
        population.number_density(with_film, seen_nm2=1.0),
        population.number_density(alone, seen_nm2=1.0),
    )
    np.testing.assert_allclose(more, (0, 0, 1), atol=1e-9)


def test_size_mean_and_sd__have_the_intervals_of_normal_theory():
    rng = np.random.default_rng(3)
    ratio = []
    for _ in range(30):
        size = rng.normal(8.1, 1.2, 1000)
        found = sample(*rng.uniform(0, 100, (2, 1000)), size / 100)
        mean, sd = population.size_mean(found), population.size_sd(found)
        kept = found.size
        assert mean[0] == pytest.approx(np.average(kept, weights=found.whole.weight))
        ratio.append(
            [
                (mean[2] - mean[1]) / 2 / (Z * sd[0] / np.sqrt(kept.size)),
                (sd[2] - sd[1]) / 2 / (Z * sd[0] / np.sqrt(2 * kept.size)),
            ]
        )
    np.testing.assert_array_less(0.95, np.median(ratio, axis=0))
    np.testing.assert_array_less(np.median(ratio, axis=0), 1.3)


@pytest.mark.parametrize(("size", "mean"), [([], np.nan), ([8.0], 8.0), ([8.0, 8.0, 8.0], 8.0)])
def test_size_mean__of_too_few_or_equal_has_no_interval(size, mean):
    at = np.linspace(20, 80, len(size))
    np.testing.assert_allclose(
        population.size_mean(sample(at, at, size)), (mean, np.nan, np.nan), equal_nan=True
    )


def test_coverage__of_independent_pixels_is_binomial():
    rng = np.random.default_rng(10)
    half = []
    for _ in range(30):
        covered = rng.random((60, 80)) < 0.3
        value, lower, upper = population.coverage(
            covered, np.ones_like(covered), SEVERAL, particles_nm2=100.0
        )
        assert value == pytest.approx(covered.mean())
        half.append((upper - lower) / 2)
    assert 1.0 < np.median(half) / (Z * np.sqrt(0.21 / 4800)) < 1.3


def test_coverage__of_pixels_not_seen_is_not_counted():
    covered = np.zeros((40, 40), bool)
    covered[:, :10] = True
    seen = np.ones_like(covered)
    seen[:, 20:] = False
    assert population.coverage(covered, seen, SEVERAL, particles_nm2=9.0)[0] == 0.5
    none = population.coverage(covered, ~np.ones_like(seen), SEVERAL, particles_nm2=9.0)
    assert np.isnan(none).all()


def test_waves__leave_out_those_that_meet_the_order_of_neighbours():
    assert scatter.waves(200.0, 100.0, 5000)[2:] == (5, 5)
    assert scatter.waves(200.0, 100.0, 2)[2:] == (1, 1)
    tall = scatter.waves(200.0, 50.0, 200)
    assert tall.y > tall.x


def test_border_places__of_one_particle_are_its_share_of_the_room():
    found = border.whole(
        *(np.array([one]) for one in (30.0, 60.0, 20.0, 40.0)), field=FIELD, part=FIELD
    )
    assert found.weight[0] == pytest.approx(100 * 100 / (80 * 60))
    assert (found.place_y[0], found.place_x[0]) == pytest.approx((20 / 80, 40 / 60))
