"""Panels of images and of the sizes of their particles: the numbers that are plotted."""

import numpy as np
import pytest
import xarray as xr
from scan_panels import image, one_panel, panel_a

from nanostitch import draw, quality
from nanostitch.draw import style
from nanostitch.draw.micrograph import length_label


def test_image__is_the_raw_image_when_print_resolves_it():
    raw, particles = image()
    data = panel_a(one_panel("image"), [raw, particles])
    np.testing.assert_array_equal(data["intensity"], raw["intensity"])
    assert data["pixel_height"].item() == data["pixel_width"].item() == 0.5


@pytest.mark.parametrize("step", [(0.5, 0.5), (1.0, 0.25)])
def test_image__keeps_mean_and_extent_when_reduced(step):
    rng = np.random.default_rng(4)
    raw, particles = image(step=step)
    big = xr.DataArray(
        rng.poisson(50, (3200, 3200)).astype("u2"),
        {"y": np.arange(3200) * step[0], "x": np.arange(3200) * step[1]},
        ("y", "x"),
        attrs={"units": "1"},
    )
    raw = xr.Dataset({"intensity": big}, attrs=raw.attrs)
    data = panel_a(one_panel("image") | {"width": "single"}, [raw, particles])
    printed = style.printed_pixels(85.0)
    assert max(data.sizes.values()) <= 2 * printed
    for dim, size in (("y", "pixel_height"), ("x", "pixel_width")):
        pixel = data[size].item()
        np.testing.assert_allclose(np.diff(data[dim]), pixel)
        lost = 3200 * raw[dim].diff(dim)[0].item() - data.sizes[dim] * pixel
        assert -1e-9 <= lost < pixel
    assert data["intensity"].mean().item() == pytest.approx(big.mean().item(), rel=1e-3)


def test_image__outlines_enclose_the_labelled_area():
    raw, particles = image(step=(1.0, 0.25))
    data = panel_a(one_panel("image", outlines=True), [raw, particles])
    y, x = data["outline_y"].values, data["outline_x"].values
    areas = []
    for part in np.split(np.arange(y.size), np.flatnonzero(np.isnan(y))):
        part = part[np.isfinite(y[part])]
        assert y[part[0]] == y[part[-1]]
        assert x[part[0]] == x[part[-1]]
        cross = x[part][:-1] * y[part][1:] - x[part][1:] * y[part][:-1]
        areas.append(abs(cross.sum()) / 2)
    # An outline cuts the four corner pixels of a 16 by 16 square by at most half a pixel each.
    np.testing.assert_allclose(areas, 16 * 16 * 0.25, rtol=4 * 0.5 / 256)


def test_image__constant_or_empty_has_usable_contrast():
    raw, particles = image()
    for value in (7.0, np.nan):
        flat = raw.assign(intensity=xr.full_like(raw["intensity"], value, dtype="f8"))
        low, high = panel_a(one_panel("image"), [flat, particles])["contrast"].values
        assert low < high


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 1.0), (1.99, 1.0), (2.0, 2.0), (4.999, 2.0), (730.0, 500.0), (0.003, 0.002)],
)
def test_round_number__is_the_largest_of_1_2_5_below(value, expected):
    assert style.round_number(value) == expected


@pytest.mark.parametrize("exponent", range(-3, 6))
def test_round_number__bounds_hold_over_decades(exponent):
    values = np.geomspace(1, 9.99, 50) * 10.0**exponent
    for value in values:
        assert value / 2.5 <= style.round_number(value) <= value
        assert (
            np.sqrt(2.5) * value >= style.nearest_round(value) >= value / np.sqrt(2.5) / 1.0000001
        )


def test_length_label__changes_unit_at_a_micrometre():
    assert [length_label(v) for v in (0.5, 500.0, 1000.0, 2000.0)] == [
        "0.5 nm",
        "500 nm",
        "1 µm",
        "2 µm",
    ]


def test_size_histogram__shares_add_up_and_bins_hold_every_particle():
    rng = np.random.default_rng(1)
    products = image("i1", edges=rng.normal(8.1, 1.2, 300)) + image(
        "i2", "merged", edges=rng.normal(14, 2, 80)
    )
    data = panel_a(one_panel("size_histogram"), products)
    np.testing.assert_allclose(data["share"].sum("bin"), 100.0)
    assert data["particles"].values.tolist() == [300, 80]
    np.testing.assert_allclose(np.diff(data["bin_edge"]), 0.5)


def test_size_histogram__states_the_moments_of_one_image_as_its_product_does():
    product = image(edges=np.linspace(6, 10, 40))[1]
    data = panel_a(one_panel("size_histogram"), [product]).isel(group=0)
    for name in ("size_mean", "size_mean_lower", "size_mean_upper", "size_sd"):
        assert data[name].item() == pytest.approx(product[name].item())


def test_size_histogram__pools_images_into_the_moments_of_all_particles():
    rng = np.random.default_rng(2)
    edges = [rng.normal(8, 1, 500), rng.normal(9, 1, 200)]
    products = [p for n, e in enumerate(edges) for p in image(f"i{n}", edges=e)]
    data = panel_a(one_panel("size_histogram"), products).isel(group=0)
    pooled = np.concatenate(edges)
    assert data["size_mean"].item() == pytest.approx(pooled.mean())
    assert data["size_sd"].item() == pytest.approx(pooled.std(), rel=3e-3)


@pytest.mark.slow
def test_size_histogram__interval_covers_the_mean_of_all_images():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        products = []
        for number in range(4):
            edges = rng.normal(8.1 + rng.normal(0, 0.3), 1.2, rng.integers(40, 80))
            products.append(image(f"i{number}", edges=edges)[1])
        data = panel_a(one_panel("size_histogram"), products).isel(group=0)
        hits += data["size_mean_lower"].item() <= 8.1 <= data["size_mean_upper"].item()
    # At 95 % coverage 200 draws give at least 180 hits in 99.8 % of all runs.
    assert hits >= 180


def test_size_histogram__leaves_out_cut_particles_and_names_bad_images():
    raw, particles = image("i1", edges=[7.0, 8.0, 9.0, 50.0])
    particles["touches_border"][3] = 1
    bad = image("i2", "merged", edges=[8.0])[1]
    bad["verdict"] = quality.verdict({"flat image": "bad"})
    empty = image("i3", "merged", edges=[8.0])[1].isel(particle=slice(0))
    data = panel_a(one_panel("size_histogram"), [raw, particles, bad, empty])
    assert data["particles"].values.tolist() == [3]
    assert data["bin_edge"].values[-1] < 50
    assert data.attrs["notes"].splitlines() == [
        "left out (flat image): i2",
        "left out (no whole particle): i3",
    ]


def test_size_histogram__without_any_usable_image_is_empty_but_says_why():
    bad = image("i1")[1]
    bad["verdict"] = quality.verdict({"flat image": "bad"})
    tree = draw.collect(one_panel("size_histogram"), [bad])
    assert tree["a"].sizes["group"] == 0
    said = [
        text.get_text()
        for text in draw.figure(tree).findobj(match=lambda a: hasattr(a, "get_text"))
    ]
    assert {"no whole particle", "a: left out (flat image): i1"} <= set(said)


def test_size_histogram__is_of_the_particles_that_the_statistics_are_of():
    kept = image("i1", edges=[7.0, 8.0, 9.0])[1]
    product = image("i1", edges=[7.0, 8.0, 9.0, 1.0, 2.0])[1]
    for name in ("size_mean", "size_mean_lower", "size_mean_upper", "size_sd"):
        product[name] = kept[name]  # the statistics leave out what is too small
    with_specks, without = (panel_a(one_panel("size_histogram"), [one]) for one in (product, kept))
    xr.testing.assert_equal(with_specks, without)


def test_size_histogram__specks_do_not_weigh_in_the_pooled_mean():
    few, many = image("i1", edges=[7.0, 7.0])[1], image("i2", edges=[9.0, 9.0, *[1.0] * 50])[1]
    many["size_mean"] = many["size_mean"] * 0 + 9.0
    data = panel_a(one_panel("size_histogram"), [few, many]).isel(group=0)
    assert data["size_mean"].item() == pytest.approx(8.0)
    assert data["particles"].item() == 4


def unknown(product, *names):
    return product.assign({name: product[name] * np.nan for name in names})


BOUNDS = ("size_mean_lower", "size_mean_upper")


def test_size_histogram__one_image_without_spread_does_not_undo_its_condition():
    rng = np.random.default_rng(4)
    edges = [rng.normal(8, 1, 300), rng.normal(8, 1, 300), np.array([8.0])]
    products = [image(f"i{n}", edges=e)[1] for n, e in enumerate(edges)]
    products[2] = unknown(products[2], "size_sd", *BOUNDS)
    data = panel_a(one_panel("size_histogram"), products).isel(group=0)
    pooled = np.concatenate(edges)
    assert data["size_mean"].item() == pytest.approx(pooled.mean())
    assert data["size_sd"].item() == pytest.approx(pooled.std(), rel=5e-3)
    assert data["size_mean_lower"] < data["size_mean"] < data["size_mean_upper"]


def test_size_histogram__an_image_of_unknown_mean_is_named_and_left_out():
    known = image("i1", edges=[7.0, 8.0, 9.0])[1]
    lost = unknown(image("i2", edges=[20.0, 21.0])[1], "size_mean", "size_sd", *BOUNDS)
    both, alone = (panel_a(one_panel("size_histogram"), p) for p in ([known, lost], [known]))
    xr.testing.assert_equal(both, alone)
    assert both.attrs["notes"] == "left out (mean size not known): i2"


def test_size_histogram__says_in_words_what_is_not_known():
    one = unknown(image(edges=[7.9])[1], "size_sd", *BOUNDS)
    figure = draw.figure(draw.collect(one_panel("size_histogram"), [one]))
    said = " ".join(t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")))
    words = said.split()
    assert "interval not known" in " ".join(words)
    assert "SD not known" in " ".join(words)
    assert "nan" not in said
