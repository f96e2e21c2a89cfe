"""Panels of particles, images and samples: what is pooled, and how well it is known."""

import image_panels as made
import numpy as np
import pytest
from figure_trees import misplaced, panel_axes, texts
from scan_panels import image, one_panel, panel_a
from scipy import special, stats

from nanostitch import draw
from nanostitch.adf import population
from nanostitch.contracts.adf import PARTICLES
from nanostitch.draw import image_numbers, kinds, levels, size_levels


def test_half_width__of_balanced_samples_is_the_t_interval_of_their_means():
    rng = np.random.default_rng(1)
    means = rng.normal(8, 1, (4, 3))
    samples = np.repeat(list("abcd"), 3)
    found = levels.half_width(means.ravel(), np.ones(12), samples.tolist())
    expected = stats.t.ppf(0.975, 3) * means.mean(axis=1).std(ddof=1) / 2
    assert found == pytest.approx(expected)


def test_half_width__of_one_sample_is_between_its_images_and_of_one_image_unknown():
    means = np.array([8.0, 8.4, 7.9])
    found = levels.half_width(means, np.ones(3), ["a"] * 3)
    assert found == pytest.approx(stats.t.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3))
    assert np.isnan(levels.half_width(means[:1], np.ones(1), ["a"]))


@pytest.mark.slow
def test_half_width__covers_the_mean_of_all_samples():
    rng = np.random.default_rng(3)
    samples, hits, draws = np.repeat(list("abcde"), 2).tolist(), 0, 1000
    for _ in range(draws):
        means = np.repeat(rng.normal(8.1, 0.5, 5), 2) + rng.normal(0, 0.2, 10)
        hits += abs(means.mean() - 8.1) <= levels.half_width(means, np.ones(10), samples)
    assert stats.binomtest(hits, draws, 0.95).pvalue > 0.001


def test_mean_of_numbers__is_no_surer_than_its_images_where_samples_agree():
    number = np.array([[0.3, 0.2, 0.4], [0.3, 0.2, 0.4]])
    mean, low, high = levels.mean_of_numbers(number, ["a", "b"])
    assert (mean, low, high) == pytest.approx((0.3, 0.3 - 0.1 / 2**0.5, 0.3 + 0.1 / 2**0.5))


def test_size_histogram__weighs_particles_by_what_the_border_cuts():
    small = made.particles([(1, 1), (4, 4)])
    label = np.zeros((made.SIDE, made.SIDE), "i4")
    label[5:10, 5:10], label[40:140, 20:120] = 1, 2
    small["particle_label"] = small["particle_label"].copy(data=label)
    small["edge_length"] = small["edge_length"].copy(data=[1.0, 5.0])
    data = panel_a(one_panel("size_histogram", bin_width_nm=1.0), [small]).isel(group=0)
    share = dict(zip(data["bin_edge"].values, data["share"].values, strict=False))
    field = (made.SIDE * made.PIXEL_NM) ** 2
    room = [(made.SIDE * made.PIXEL_NM - edge) ** 2 for edge in (0.25, 5.0)]
    assert share[4.0] / share[1.0] == pytest.approx((field / room[1]) / (field / room[0]))


def samples(edges, condition="fresh"):
    """Images of particles, two of each sample."""
    return [
        image(f"{condition}_{n}", condition, edges=one, sample=f"s{n // 2}")[1]
        for n, one in enumerate(edges)
    ]


def test_size_histogram__says_how_many_there_are_at_each_level():
    rng = np.random.default_rng(2)
    products = samples(rng.normal(8, 1, (6, 50)))
    data = panel_a(one_panel("size_histogram"), products).isel(group=0)
    assert [int(data[name]) for name in ("particles", "images", "samples")] == [300, 6, 3]
    figure = draw.figure(draw.collect(one_panel("size_histogram"), products))
    said = " ".join(t.get_text() for t in texts(figure)).replace("\xa0", " ")
    assert "300 particles in 6 images of 3 samples" in " ".join(said.split())


def test_sizes__shows_all_three_levels_with_the_means_of_each():
    rng = np.random.default_rng(4)
    edges = rng.normal(8, 1, (4, 50)) + np.array([0, 0, 1, 1])[:, np.newaxis]
    data = panel_a(one_panel("sizes"), samples(edges))
    np.testing.assert_allclose(np.sort(data["value"]), np.sort(edges.ravel()))
    np.testing.assert_allclose(data["image_mean"], edges.mean(axis=1))
    np.testing.assert_allclose(data["sample_mean"], edges.reshape(2, -1).mean(axis=1))
    assert data["mean"].item() == pytest.approx(edges.mean())
    assert data["mean_lower"] < data["mean"] < data["mean_upper"]


def test_sizes__draws_no_more_dots_than_asked_but_the_same_distribution():
    rng = np.random.default_rng(6)
    edges = 4 + rng.gamma(9, 1, (1, 4000))
    few, all_of_them = (
        panel_a(one_panel("sizes", dots=dots), samples(edges)) for dots in (300, 5000)
    )
    assert few.sizes["dot"] == 300
    assert all_of_them.sizes["dot"] == 4000
    assert (
        stats.ks_1samp(few["value"], lambda v: np.searchsorted(np.sort(edges[0]), v) / 4000)[0]
        < 0.01
    )
    assert few["mean"].item() == all_of_them["mean"].item()


def test_sizes__clouds_stay_in_their_column_and_are_even():
    place = size_levels._cloud(np.sort(np.random.default_rng(7).normal(8, 1, 2000)))
    assert abs(place).max() <= 0.5 * size_levels.WIDTH
    assert abs(place.mean()) < 0.01


def numbered(values, condition="fresh", **more):
    """Images with the merged fractions of given samples."""
    found = []
    for n, (sample, value) in enumerate(values):
        one = image(f"{condition}_{n}", condition, sample=sample)[1]
        number = {"": value, "_lower": value - 0.05, "_upper": value + 0.05}
        one = one.assign({f"merged_fraction{end}": ((), v) for end, v in number.items()})
        found.append(one.assign(more))
    return found


def test_image_numbers__give_every_image_and_the_mean_of_each_condition():
    products = numbered([("a", 0.1), ("b", 0.2), ("c", 0.3)]) + numbered([("d", 0.8)], "merged")
    data = panel_a(one_panel("image_numbers"), products)
    np.testing.assert_allclose(data["value"], [10, 20, 30, 80])
    assert data["value"].attrs["units"] == "percent"
    np.testing.assert_allclose(data["mean"], [20, 80])
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    expected = special.expit(special.logit(0.2) + half / (0.2 * 0.8))  # a share stays below 1
    assert data["mean_upper"].values[0] == pytest.approx(100 * expected)
    assert data["samples"].values.tolist() == [3, 1]


def test_image_numbers__compare_regions_where_the_sheet_tells_them():
    regions = ["all", "irradiated", "pristine"]
    shares = np.array([0.3, 0.1, 0.5])
    more = {
        f"region_merged_fraction{end}": ("region", shares + away)
        for end, away in (("", 0), ("_lower", -0.05), ("_upper", 0.05))
    }
    told = [
        one.assign_coords(region=regions)
        for one in numbered([("a", 0.3), ("b", 0.3)], "half", **more)
    ]
    panel = one_panel("image_numbers", regions=["irradiated", "pristine"])
    data = panel_a(panel, [*told, *numbered([("c", 0.2)])])
    np.testing.assert_allclose(data["mean"], [10, 50])
    assert data["column_label"].values.tolist() == ["Half, irradiated", "Half, pristine"]
    assert len(set(data["column_rank"].values.tolist())) == 2
    assert "not measured by region: fresh_0" in data.attrs["notes"]


def test_image_numbers__not_known_are_named_with_the_reason():
    products = numbered([("a", np.nan), ("b", 0.2)])
    data = panel_a(one_panel("image_numbers"), products)
    assert data["value"].values.tolist() == [20.0]
    assert data.attrs["notes"] == "merged particles not known: fresh_0"
    nothing = draw.collect(one_panel("image_numbers", quantity="psi4"), products)
    said = {t.get_text() for t in texts(draw.figure(nothing))}
    assert "no usable image" in said


def test_image_numbers__draw_the_bounds_of_the_tree():
    products = numbered([("a", 0.1), ("b", 0.2)])
    tree = draw.collect(one_panel("image_numbers"), products)
    axes = panel_axes(draw.figure(tree), "a")
    spans = {tuple(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) == 2}
    for row in range(2):
        assert tuple(tree["a"][f"value{end}"].values[row] for end in ("_lower", "_upper")) in spans


@pytest.mark.parametrize("columns", [1, 3])
def test_levels__keep_texts_apart_however_many_conditions_there_are(columns):
    rng = np.random.default_rng(8)
    products = []
    names = ("fresh", "kept for one week in air", "merged", "old")
    for condition in names[: 4 if columns == 1 else 3]:
        products += [
            one.assign(merged_fraction=0.2, merged_fraction_lower=0.1, merged_fraction_upper=0.3)
            for one in samples(rng.normal(8, 1, (2, 40)), condition)
        ]
    kinds = ("size_histogram", "sizes", "image_numbers")
    panels = [{"kind": kind, "select": {}} for kind in kinds]
    figure = draw.figure(
        draw.collect({"title": "T", "columns": columns, "panels": panels}, products)
    )
    assert not misplaced(figure)


def test_whole__leaves_out_what_the_statistics_leave_out():
    cut = made.particles([(1, 1), (4, 4)], touches_border=[1, 0], edge_length=[1.0, 2.0])
    assert levels.whole(cut, "edge_length").tolist() == [2.0]
    assert population.counted(cut).tolist() == [False, True]


def test_sizes__of_what_no_particle_has_are_said_and_of_some_are_of_those():
    products = samples([[7.0, 8.0, 9.0], [8.0, 8.0, 8.0]])
    nothing = panel_a(one_panel("sizes", quantity="edge_fit"), products)
    assert nothing.sizes["group"] == 0
    assert "by the fitted square not measured" in nothing.attrs["notes"]
    fits = ([7.0, np.nan, 9.0], [np.nan] * 3)
    some = [
        p.assign(edge_fit=("particle", np.array(fit)))
        for p, fit in zip(products, fits, strict=True)
    ]
    data = panel_a(one_panel("sizes", quantity="edge_fit"), some)
    assert data["value"].values.tolist() == [7.0, 9.0]
    assert data.attrs["notes"] == "left out (no whole particle): fresh_1"


def test_every_number_that_can_be_drawn_has_its_words():
    for kind, module in (("sizes", size_levels), ("image_numbers", image_numbers)):
        assert set(kinds.KINDS[kind].options["quantity"]["enum"]) == set(module.WORDS)
    assert set(image_numbers.WORDS) <= set(PARTICLES)
