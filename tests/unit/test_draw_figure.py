"""Second step of figures: ink that shows the collected numbers, fits the page and repeats."""

import numpy as np
import pytest
from figure_trees import (
    AWKWARD,
    LONG,
    all_kinds,
    band_gap_node,
    drawn,
    histogram_node,
    image_node,
    misplaced,
    panel_axes,
    spectra_node,
    texts,
    tree_of,
)
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage
from matplotlib.offsetbox import AnchoredOffsetbox
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from nanostitch import draw
from nanostitch.draw import lettering, page, style


@pytest.mark.parametrize("name", AWKWARD)
def test_figure__keeps_every_text_on_the_page_and_apart(name):
    assert not misplaced(drawn(name))


@pytest.mark.parametrize("name", AWKWARD)
def test_figure__has_the_width_of_its_column_and_room_for_data(name):
    tree = AWKWARD[name]
    figure = drawn(name)
    width_mm, height_mm = 25.4 * figure.get_size_inches()
    assert width_mm == pytest.approx({"single": 85, "double": 178}[tree.attrs["width"]])
    for letter, node in tree.children.items():
        box = panel_axes(figure, letter).get_window_extent()
        wide, tall = (
            box.width / figure.bbox.width * width_mm,
            box.height / figure.bbox.height * height_mm,
        )
        if node.attrs["kind"] != "image":
            assert wide > 0.5 * node.attrs["width_mm"]
            assert tall > 8


def test_figure__letters_stand_top_left_outside_the_axes():
    figure = drawn("all kinds")
    boxes = {t.get_text(): (t, box) for t, box in texts(figure).items()}
    for letter in "abcd":
        text, box = boxes[letter]
        axes = panel_axes(figure, letter).get_window_extent()
        assert text.get_weight() == "bold"
        assert box.y0 >= axes.y1
        assert box.x0 <= axes.x0 + 1


def test_figure__labels_carry_units():
    figure = drawn("all kinds")
    labels = {axes.get_xlabel() for axes in figure.axes} | {
        axes.get_ylabel() for axes in figure.axes
    }
    assert labels == {
        "",
        "Energy loss (eV)",
        "Normalised loss",
        "Derivative (eV⁻¹)",
        "Band gap (eV)",
        "Edge length (nm)",
        "Share of particles (%)",
    }


def test_figure__type_is_readable():
    assert {text.get_size() for text in texts(drawn("all kinds"))} == {7.0, 8.0}


@pytest.mark.parametrize("simulated", [0, 1])
def test_figure__says_simulated_if_and_only_if_it_is(simulated):
    figure = draw.figure(all_kinds(simulated=simulated))
    said = [t for t in texts(figure) if t.get_text() == page.SIMULATED]
    assert len(said) == simulated
    for text in said:
        box = text.get_window_extent()
        assert not any(axes.get_tightbbox().overlaps(box) for axes in figure.axes)


def test_figure__prints_every_remark():
    printed = " ".join(t.get_text() for t in texts(drawn("all kinds")))
    assert "c: refused (resolution too coarse): spectrum_9 derivative" in printed
    assert "d: left out (flat image): image_7" in printed


def test_spectra__draws_the_numbers_of_the_tree():
    node = spectra_node()
    figure = draw.figure(tree_of(node))
    main, gaps, slope = figure.axes
    for n in range(2):
        one = node.isel(acquisition=n)
        np.testing.assert_array_equal(main.lines[n].get_xdata(), one["energy"])
        np.testing.assert_array_equal(main.lines[n].get_ydata(), one["intensity"])
        np.testing.assert_array_equal(slope.lines[n].get_ydata(), one["derivative"])
        ends, middle = gaps.lines[2 * n : 2 * n + 2]
        bounds = [one["band_gap_lower"].item(), one["band_gap_upper"].item()]
        np.testing.assert_array_equal(ends.get_xdata(), bounds)
        assert middle.get_xdata()[0] == one["band_gap"].item()
    shade = main.collections[0].get_paths()[0].vertices
    one = node.isel(acquisition=0)
    edges = np.concatenate([one["intensity"] + s * one["intensity_uncertainty"] for s in (-1, 1)])
    assert set(np.round(edges, 9)) <= set(np.round(shade[:, 1], 9))
    assert main.get_xlim() == slope.get_xlim() == gaps.get_xlim() == (1.5, 4.0)


def test_spectra__conditions_differ_in_colour_and_in_line():
    main = draw.figure(tree_of(spectra_node())).axes[0]
    first, second = main.lines[:2]
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_band_gap__draws_every_row_or_says_that_it_is_refused():
    node = band_gap_node()
    axes = draw.figure(tree_of(node)).axes[0]
    drawn = {line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1}
    assert drawn == set(node["band_gap"].values[np.isfinite(node["band_gap"].values)])
    refused = [t for t in axes.texts if t.get_text() == "× derivative refused"]
    assert len(refused) == 1
    hollow = [line for line in axes.lines if to_hex(line.get_markerfacecolor()) == "#ffffff"]
    assert [line.get_xdata()[0] for line in hollow] == [2.3]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(node["acquisition"].values)


def test_size_histogram__draws_the_bins_and_means_of_the_tree():
    node = histogram_node()
    axes = draw.figure(tree_of(node)).axes[0]
    np.testing.assert_array_equal(axes.patches[1].get_data().values, [40, 60])
    np.testing.assert_array_equal(axes.patches[1].get_data().edges, [6, 7, 8])
    means = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert means == node["size_mean"].values.tolist()


@pytest.mark.parametrize("name", ["all kinds", "images"])
def test_image__is_drawn_to_scale_with_a_bar_of_its_length(name):
    tree = AWKWARD[name]
    figure = drawn(name)
    figure.draw_without_rendering()
    for letter, node in tree.children.items():
        if node.attrs["kind"] != "image":
            continue
        axes = panel_axes(figure, letter)
        box = axes.get_window_extent()
        wide = node.sizes["x"] * node["pixel_width"].item()
        tall = node.sizes["y"] * node["pixel_height"].item()
        assert box.height / box.width == pytest.approx(tall / wide, rel=1e-6)
        (anchored,) = axes.findobj(AnchoredOffsetbox)
        (bar,) = anchored.findobj(Rectangle)
        length = bar.get_window_extent().width / box.width * wide
        assert length == pytest.approx(node["scale_bar"].item(), rel=1e-6)
        (label,) = (t.get_text() for t in anchored.findobj(Text))
        number, unit = label.split()
        assert float(number) * {"nm": 1, "µm": 1000}[unit] == node["scale_bar"].item()


def test_image__shows_the_pixels_of_the_tree_in_place():
    node = image_node(pixel=(2.0, 0.5))
    axes = draw.figure(tree_of(node)).axes[0]
    (shown,) = axes.findobj(AxesImage)
    np.testing.assert_array_equal(shown.get_array(), node["intensity"])
    assert shown.get_clim() == (1.0, 100.0)
    assert shown.get_extent() == [-0.25, 44.75, 119.0, -1.0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), node["outline_x"])


@pytest.mark.parametrize("width_mm", [5.0, 20.0, 60.0])
def test_wrapped__loses_no_letter_and_fits(width_mm):
    lines = lettering.wrapped(LONG, width_mm).split("\n")
    assert "".join(lines).replace(" ", "") == LONG.replace(" ", "")
    assert all(lettering.line_mm(line) <= width_mm for line in lines)


def test_colours__of_more_conditions_than_the_palette_has_stay_apart():
    found = [style.colour(rank) for rank in range(2 * len(style.COLOURS))]
    assert len(set(found)) == len(found)
    assert [name.lower() for name in found[: len(style.COLOURS)]] == [
        name.lower() for name in style.COLOURS
    ]
